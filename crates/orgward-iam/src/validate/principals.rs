//! Who is named.

use super::{At, Effectiveness as E, Gravity as G};
use crate::{Effect, Kind, PrincipalPattern, Spanned, placeholder};

pub(super) fn check(at: &mut At<'_, '_>) {
    let Some(principals) = &at.statement.principals else { return };
    let element = if principals.not { "NotPrincipal" } else { "Principal" };
    if principals.not && at.statement.effect.value == Effect::Allow {
        at.report(
            ("allow-with-notprincipal", G::SecurityWarning, E::Overreaching),
            element,
            &principals.span,
            "`NotPrincipal` with `Allow` admits everybody else, callers without a signature among them",
            "name the principals that are allowed",
        );
    }
    if principals.not && at.kind() == Kind::Trust {
        at.report(
            ("role-trust-policy-syntax-error-notprincipal", G::Error, E::Meant),
            element,
            &principals.span,
            "IAM takes no new trust policy with `NotPrincipal`, and keeps old ones",
            "name the principals in `Principal`",
        );
    }
    if principals.patterns.is_empty() {
        let text = at.policy().text().get(principals.span.clone()).unwrap_or_default();
        let is_object = text.chars().filter(|char| !char.is_whitespace()).eq("{}".chars());
        let code = if is_object { "empty-object-principal" } else { "empty-array-principal" };
        let (gravity, effectiveness) = At::empty(at.kind() == Kind::Trust);
        at.report(
            (code, gravity, effectiveness),
            element,
            &principals.span,
            format!("`{element}` names no principal"),
            "name one, or remove the statement",
        );
    }
    let is_trust = at.kind() == Kind::Trust;
    for entry in &principals.patterns {
        let invalid = |message: String| Some(("invalid-principal-format", message));
        let thorough = at.found.thorough;
        let found = match &entry.value {
            // Which is said for itself.
            PrincipalPattern::Invalid(text) if thorough && placeholder(text).is_some() => None,
            PrincipalPattern::Invalid(text) if text.contains(['*', '?']) => Some((
                "unsupported-wildcard-in-principal",
                format!("AWS takes no wildcard in a part of a principal such as `{text}`"),
            )),
            PrincipalPattern::Invalid(text) => invalid(format!("`{text}` is not a principal")),
            PrincipalPattern::CanonicalUser(_) if is_trust => {
                Some(("unsupported-principal", "a role cannot trust a canonical user of S3".to_owned()))
            }
            PrincipalPattern::Federated(provider) if provider.contains(['*', '?']) || provider.is_empty() => {
                let message = format!("`{provider}` is not an identity provider");
                if is_trust {
                    Some(("invalid-federated-principal-syntax-in-role-trust-policy", message))
                } else {
                    invalid(message)
                }
            }
            PrincipalPattern::Service(name) if !name.contains('.') => {
                Some(("invalid-service-principal-format", format!("`{name}` is not an AWS service")))
            }
            _ => None,
        };
        if let Some((code, message)) = found {
            let help = "write an account, the ARN of a user or role, a service such as `ec2.amazonaws.com`, or a provider";
            at.report((code, G::Error, E::Refused), element, &entry.span, message, help);
        }
        advice(at, element, entry);
    }
}

/// What AWS takes and advises against.
fn advice(at: &mut At<'_, '_>, element: &str, entry: &Spanned<PrincipalPattern>) {
    let allows = at.statement.effect.value == Effect::Allow;
    let (kind, message, help) = match (&entry.value, at.kind()) {
        (PrincipalPattern::UniqueId(id), _) => {
            let role = id.starts_with("AROA");
            let code = if role { "invalid-role-reference" } else { "invalid-user-reference" };
            let what = if role { "role" } else { "user" };
            (
                (code, G::Warning, E::Meant),
                format!("`{id}` is the id of one {what}: AWS shows it for a {what} that was deleted"),
                "write the ARN",
            )
        }
        (PrincipalPattern::Everyone, Kind::Trust) if allows => (
            ("role-trust-policy-unsupported-wildcard-in-principal", G::Error, E::Meant),
            "`*` lets conditions alone decide who becomes the role".to_owned(),
            "name accounts, users or roles",
        ),
        (PrincipalPattern::Federated(provider), Kind::Resource)
            if provider != "cognito-identity.amazonaws.com" =>
        {
            (
                ("federated-principal-not-supported", G::Error, E::Inert),
                format!("`{provider}` calls nothing but `sts`: only roles trust identity providers"),
                "name the role that the provider's users assume",
            )
        }
        _ => return,
    };
    at.report(kind, element, &entry.span, message, help);
}
