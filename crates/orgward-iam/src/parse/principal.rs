use super::json::{Member, Node, Shape};
use super::{elements, string, strings};
use crate::arn::{Arn, is_account_id};
use crate::{PolicyError, PrincipalPattern, Principals, Spanned};

/// Reads the value of `Principal` or `NotPrincipal`.
pub(super) fn read(node: &Node<'_>, not: bool) -> Result<Principals, PolicyError> {
    let name = if not { "`NotPrincipal`" } else { "`Principal`" };
    let mut patterns = Vec::new();
    if node.shape() == Shape::String {
        let value = match string(node, name)?.as_str() {
            "*" => PrincipalPattern::Everyone,
            other => PrincipalPattern::Invalid(other.to_owned()),
        };
        patterns.push(Spanned { value, span: node.span() });
    } else {
        let [aws, service, federated, canonical] =
            elements(node, name, ["AWS", "Service", "Federated", "CanonicalUser"])?;
        let mut add = |member: Option<Member<'_>>, pattern: fn(String) -> PrincipalPattern| {
            let Some(member) = member else { return Ok(()) };
            let entries = strings(&member.value, &format!("`{}`", member.name))?;
            let read = |entry: Spanned<String>| Spanned { value: pattern(entry.value), span: entry.span };
            patterns.extend(entries.into_iter().map(read));
            Ok(())
        };
        add(aws, aws_principal)?;
        add(service, PrincipalPattern::Service)?;
        add(federated, PrincipalPattern::Federated)?;
        add(canonical, PrincipalPattern::CanonicalUser)?;
        patterns.sort_by_key(|pattern| pattern.span.start);
    }
    if not && patterns.is_empty() {
        return Err(PolicyError::new(
            node.span(),
            "`NotPrincipal` is empty",
            "name who is excluded, or say `\"Principal\": \"*\"`",
        ));
    }
    Ok(Principals { not, patterns, span: node.span() })
}

/// An entry under `AWS`.
fn aws_principal(text: String) -> PrincipalPattern {
    if text == "*" {
        return PrincipalPattern::Everyone;
    }
    if is_account_id(&text) {
        return PrincipalPattern::Account(text);
    }
    let unique = |prefix| text.strip_prefix(prefix).is_some_and(|rest: &str| rest.len() >= 12);
    if (unique("AROA") || unique("AIDA"))
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    {
        return PrincipalPattern::UniqueId(text);
    }
    match Arn::parse(&text) {
        Some(arn)
            if arn.service == "iam"
                && arn.region.is_empty()
                && is_account_id(arn.account)
                && arn.resource == "root" =>
        {
            PrincipalPattern::Account(arn.account.to_owned())
        }
        Some(arn) if !text.contains(['*', '?']) && names_principal(&arn) => PrincipalPattern::Arn(text),
        _ => PrincipalPattern::Invalid(text),
    }
}

/// Whether an ARN is one of a user, role, role session or federated user.
fn names_principal(arn: &Arn<'_>) -> bool {
    let Some((kind, name)) = arn.resource.split_once('/') else { return false };
    // CloudFront origin access identities are users of an account called `cloudfront`.
    let account = is_account_id(arn.account) || arn.account == "cloudfront";
    let shaped = match (arn.service, kind) {
        ("iam", "user" | "role") | ("sts", "federated-user") => !name.is_empty(),
        ("sts", "assumed-role") => {
            name.split_once('/').is_some_and(|(role, session)| !role.is_empty() && !session.is_empty())
        }
        _ => false,
    };
    account && shaped && arn.region.is_empty()
}
