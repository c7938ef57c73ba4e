use std::collections::BTreeMap;

use super::required;
use crate::arn::{Arn, is_account_id};
use crate::parse::json::{Node, Shape};
use crate::parse::{elements, expect, string};
use crate::{Caller, Context, ContextValue, PolicyError, Request};

pub(super) fn read(node: &Node<'_>) -> Result<Request, PolicyError> {
    let [principal, role, action, resource, account, context] = elements(
        node,
        "a request",
        ["principal", "principalRole", "action", "resource", "resourceAccount", "context"],
    )?;
    let principal = required(node, principal, "principal", "the request")?;
    let caller = read_caller(&principal.value)?;
    let action = read_action(&required(node, action, "action", "the request")?.value)?;
    let resource = read_resource(&required(node, resource, "resource", "the request")?.value)?;
    let resource_account = match account {
        Some(member) => Some(read_account(&member.value)?),
        None => owner(&caller, &resource),
    };
    let mut context = match context {
        Some(member) => read_context(&member.value)?,
        None => Context::default(),
    };
    if let Some(role) = role {
        let arn = read_role(&role.value, &caller)?;
        if context.get("aws:PrincipalArn").is_none() {
            context.set("aws:PrincipalArn", ContextValue::One(arn));
        }
    }
    Ok(Request { caller, action, resource, resource_account, context })
}

/// Whose a resource is that does not say so: the caller's.
fn owner(caller: &Caller, resource: &str) -> Option<String> {
    let says = Arn::parse(resource).is_some_and(|arn| !arn.account.is_empty());
    match caller {
        Caller::Arn(arn) if !says => Some(Arn::parse(arn)?.account.to_owned()),
        _ => None,
    }
}

fn read_caller(node: &Node<'_>) -> Result<Caller, PolicyError> {
    if node.shape() == Shape::Object {
        let [federated] = elements(node, "a principal", ["federated"])?;
        let federated = required(node, federated, "federated", "the principal")?;
        return Ok(Caller::Federated(string(&federated.value, "`federated`")?));
    }
    let text = string(node, "`principal`")?;
    let is_service = text.contains('.') && !text.contains([':', '/', '*', ' ']);
    let is_principal = || {
        Arn::parse(&text).is_some_and(|arn| match arn.service {
            "iam" => {
                arn.resource == "root"
                    || arn.resource.starts_with("user/")
                    || arn.resource.starts_with("role/")
            }
            "sts" => arn.resource.starts_with("assumed-role/") || arn.resource.starts_with("federated-user/"),
            _ => false,
        })
    };
    match text.as_str() {
        "anonymous" => Ok(Caller::Anonymous),
        _ if is_service => Ok(Caller::Service(text)),
        _ if is_principal() => Ok(Caller::Arn(text)),
        _ => Err(PolicyError::new(
            node.span(),
            format!("cannot tell who `{text}` is"),
            "a principal is the ARN of a user, role, role session, federated user or account root, the name of a \
             service such as `lambda.amazonaws.com`, `anonymous`, or `{ \"federated\": … }`",
        )),
    }
}

/// The role of a session, whose ARN tells the role's name but not its path.
fn read_role(node: &Node<'_>, caller: &Caller) -> Result<String, PolicyError> {
    let text = string(node, "`principalRole`")?;
    let refuse = |message: String, help: &str| Err(PolicyError::new(node.span(), message, help));
    let role = Arn::parse(&text).filter(|arn| arn.service == "iam" && arn.resource.starts_with("role/"));
    let Some(role) = role else {
        return refuse(
            format!("`{text}` is not the ARN of a role"),
            "write it with its path, such as `arn:aws:iam::111111111111:role/team/ci`",
        );
    };
    let session = match caller {
        Caller::Arn(arn) => Arn::parse(arn).filter(|arn| arn.service == "sts"),
        _ => None,
    };
    let name = session.and_then(|session| {
        session.resource.strip_prefix("assumed-role/")?.split('/').next().map(|name| (session, name))
    });
    let Some((session, name)) = name else {
        return refuse(
            "the principal is not a session of a role".to_owned(),
            "`principalRole` tells the role of `arn:aws:sts::…:assumed-role/…`; remove it",
        );
    };
    if session.account != role.account || role.resource.rsplit('/').next() != Some(name) {
        return refuse(
            format!("the principal is not a session of `{text}`"),
            "the session's ARN names the account and the name of its role",
        );
    }
    Ok(text)
}

fn read_action(node: &Node<'_>) -> Result<String, PolicyError> {
    let text = string(node, "`action`")?;
    let is_action =
        text.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
    if is_action && !text.contains(['*', '?']) && !text.contains(char::is_whitespace) {
        return Ok(text);
    }
    Err(PolicyError::new(
        node.span(),
        format!("`{text}` is not an action"),
        "a request has one action, such as `s3:GetObject`",
    ))
}

fn read_resource(node: &Node<'_>) -> Result<String, PolicyError> {
    let text = string(node, "`resource`")?;
    if text == "*" || Arn::parse(&text).is_some() {
        return Ok(text);
    }
    Err(PolicyError::new(
        node.span(),
        format!("`{text}` is not a resource"),
        "a request has one resource: its ARN, or `*` where the action has none",
    ))
}

fn read_account(node: &Node<'_>) -> Result<String, PolicyError> {
    let text = string(node, "`resourceAccount`")?;
    if is_account_id(&text) {
        return Ok(text);
    }
    Err(PolicyError::new(node.span(), format!("`{text}` is not an account"), "an account has twelve digits"))
}

fn read_context(node: &Node<'_>) -> Result<Context, PolicyError> {
    expect(node, Shape::Object, "`context`")?;
    let mut context = Context::default();
    let mut seen = BTreeMap::new();
    for member in node.members()? {
        if let Some(before) = seen.insert(member.name.to_ascii_lowercase(), member.name.clone()) {
            return Err(PolicyError::new(
                member.key,
                format!("`{}` is the same key as `{before}`", member.name),
                "keys do not differ in case: remove one",
            ));
        }
        let value = match member.value.shape() {
            Shape::Array => {
                let items = member.value.items()?;
                ContextValue::Many(items.iter().map(read_value).collect::<Result<_, _>>()?)
            }
            _ => ContextValue::One(read_value(&member.value)?),
        };
        context.set(&member.name, value);
    }
    Ok(context)
}

fn read_value(node: &Node<'_>) -> Result<String, PolicyError> {
    match node.shape() {
        Shape::String => node.string(),
        Shape::Number | Shape::Bool => Ok(node.raw().to_owned()),
        shape => Err(PolicyError::new(
            node.span(),
            format!("{} is no value of a context key", shape.name()),
            "a value is a string, a number, a boolean or a list of these; leave a missing key out",
        )),
    }
}
