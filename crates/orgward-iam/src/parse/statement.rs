use super::json::{Member, Node};
use super::{condition, elements, missing, principal, string, strings};
use crate::{Actions, Effect, Kind, PolicyError, Resources, Spanned, Statement};

/// Reads one statement.
pub(super) fn read(node: &Node<'_>, kind: Kind) -> Result<Statement, PolicyError> {
    let [sid, effect, principal, not_principal, action, not_action, resource, not_resource, condition] =
        elements(
            node,
            "a statement",
            [
                "Sid",
                "Effect",
                "Principal",
                "NotPrincipal",
                "Action",
                "NotAction",
                "Resource",
                "NotResource",
                "Condition",
            ],
        )?;
    let span = node.span();
    let sid = sid.map(|member| one(&member.value, "`Sid`")).transpose()?;
    let Some(effect) = effect else {
        return Err(missing(span, "Effect", "say `\"Effect\": \"Allow\"` or `\"Effect\": \"Deny\"`"));
    };
    let effect = read_effect(&effect.value)?;

    let principals = match either("Principal", principal, not_principal)? {
        Some((not, member)) => Some(principal::read(&member.value, not)?),
        None => None,
    };
    let Some((not, member)) = either("Action", action, not_action)? else {
        return Err(missing(span, "Action", "say which actions it is about"));
    };
    let mut patterns = patterns(&member, not)?;
    for pattern in &mut patterns {
        // Every action of every service. No other wildcard stands for a service.
        if pattern.value == "*:*" {
            "*".clone_into(&mut pattern.value);
        }
        check_action(pattern)?;
    }
    let actions = Actions { not, patterns, span: member.value.span() };

    let resources = match either("Resource", resource, not_resource)? {
        Some((_, member)) if kind == Kind::Trust => {
            return Err(PolicyError::new(
                member.key,
                format!("a trust policy takes no `{}`", member.name),
                "remove it: a trust policy is always about its own role",
            ));
        }
        Some((not, member)) => {
            let mut patterns = self::patterns(&member, not)?;
            if kind == Kind::Resource {
                patterns.iter_mut().for_each(written_out);
            }
            Some(Resources { not, patterns, span: member.value.span() })
        }
        // The policies of some resources, such as ECR repositories, are always about the resource itself.
        None if matches!(kind, Kind::Trust | Kind::Resource) => None,
        None => return Err(missing(span, "Resource", "say which resources, `\"*\"` for all")),
    };
    let conditions = match condition {
        Some(member) => condition::read(&member.value)?,
        None => Vec::new(),
    };
    Ok(Statement { sid, effect, principals, actions, resources, conditions, span })
}

/// API Gateway takes `execute-api:/stage/GET/path` for the ARN of the API that has the policy, and writes it out (API
/// Gateway developer guide, "API Gateway resource policy examples").
fn written_out(pattern: &mut Spanned<String>) {
    if let Some(path) = pattern.value.strip_prefix("execute-api:/") {
        pattern.value = format!("arn:*:execute-api:*:*:*/{path}");
    }
}

/// The one of two opposite elements that is there, and whether it is the `Not…` one.
fn either<'t>(
    name: &str,
    plain: Option<Member<'t>>,
    not: Option<Member<'t>>,
) -> Result<Option<(bool, Member<'t>)>, PolicyError> {
    match (plain, not) {
        (Some(_), Some(not)) => Err(PolicyError::new(
            not.key,
            format!("the statement has both `{name}` and `Not{name}`"),
            "split it in two statements, or remove one of the two",
        )),
        (Some(plain), None) => Ok(Some((false, plain))),
        (None, Some(not)) => Ok(Some((true, not))),
        (None, None) => Ok(None),
    }
}

/// The patterns of an action or resource element. An empty list is about nothing, which AWS accepts; an empty
/// `Not…` list could be read as everything, so it is refused.
fn patterns(member: &Member<'_>, not: bool) -> Result<Vec<Spanned<String>>, PolicyError> {
    let patterns = strings(&member.value, &format!("`{}`", member.name))?;
    if not && patterns.is_empty() {
        return Err(PolicyError::new(
            member.value.span(),
            format!("`{}` is empty", member.name),
            "name what is excluded, or say `\"*\"` without `Not`",
        ));
    }
    Ok(patterns)
}

fn one(node: &Node<'_>, what: &str) -> Result<Spanned<String>, PolicyError> {
    Ok(Spanned { value: string(node, what)?, span: node.span() })
}

fn read_effect(node: &Node<'_>) -> Result<Spanned<Effect>, PolicyError> {
    let text = string(node, "`Effect`")?;
    let value = match text.as_str() {
        "Allow" => Effect::Allow,
        "Deny" => Effect::Deny,
        other => {
            return Err(PolicyError::new(
                node.span(),
                format!("unknown effect `{other}`"),
                super::did_you_mean(other, &["Allow", "Deny"])
                    .unwrap_or_else(|| "an effect is `Allow` or `Deny`".to_owned()),
            ));
        }
    };
    Ok(Spanned { value, span: node.span() })
}

/// An action is `*`, or a literal service prefix and a name that may have wildcards.
fn check_action(action: &Spanned<String>) -> Result<(), PolicyError> {
    let text = action.value.as_str();
    if text == "*" {
        return Ok(());
    }
    match text.split_once(':') {
        None | Some(("", _)) => Err(PolicyError::new(
            action.span.clone(),
            format!("the action `{text}` has no service prefix"),
            "write `service:Action`, such as `s3:GetObject`, or `*` for every action",
        )),
        Some((service, _)) if service.contains(['*', '?']) => Err(PolicyError::new(
            action.span.clone(),
            format!("the service prefix of the action `{text}` has a wildcard"),
            "spell the service out: wildcards stand behind the colon only",
        )),
        Some(_) => Ok(()),
    }
}
