//! Who is named.

use super::{At, Effectiveness as E, Gravity as G};
use crate::{Effect, Kind, PrincipalPattern};

pub(super) fn check(at: &mut At<'_, '_>) {
    let Some(principals) = &at.statement.principals else { return };
    let element = if principals.not { "NotPrincipal" } else { "Principal" };
    if principals.not && at.statement.effect.value == Effect::Allow {
        at.report(
            ("allow-with-not-principal", G::SecurityWarning, E::Overreaching),
            element,
            &principals.span,
            "`NotPrincipal` with `Allow` admits everybody else, callers without a signature among them",
            "name the principals that are allowed",
        );
    }
    if principals.patterns.is_empty() {
        at.report(
            ("empty-array-principal", G::Suggestion, E::Inert),
            element,
            &principals.span,
            format!("`{element}` names no principal"),
            "name one, or remove the statement",
        );
    }
    let is_trust = at.kind() == Kind::Trust;
    for entry in &principals.patterns {
        let invalid = |message: String| Some(("invalid-principal-format", message));
        let found = match &entry.value {
            PrincipalPattern::Invalid(text) if text.contains(['*', '?']) => Some((
                "unsupported-wildcard-in-principal",
                format!("AWS takes no wildcard in a part of a principal such as `{text}`"),
            )),
            PrincipalPattern::Invalid(text) => invalid(format!("`{text}` is not a principal")),
            PrincipalPattern::CanonicalUser(_) if is_trust => {
                Some(("unsupported-principal", "a role cannot trust a canonical user of S3".to_owned()))
            }
            PrincipalPattern::Federated(provider) if provider.contains(['*', '?']) || provider.is_empty() => {
                invalid(format!("`{provider}` is not an identity provider"))
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
    }
}
