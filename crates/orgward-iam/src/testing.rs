//! Short forms for tests.

use crate::{Caller, Context, ContextValue, Kind, Policy, Request};

/// A policy of one kind; panics when it is none.
pub(crate) fn policy(kind: Kind, text: &str) -> Policy {
    match Policy::parse(text, kind) {
        Ok(policy) => policy,
        Err(error) => panic!("{error} at {:?} in {text}", text.get(error.span.clone())),
    }
}

/// A policy with one statement, version 2012-10-17.
pub(crate) fn single(kind: Kind, statement: &str) -> Policy {
    policy(kind, &format!(r#"{{"Version":"2012-10-17","Statement":[{{{statement}}}]}}"#))
}

/// A caller by ARN, `anonymous`, the name of a service, or `federated:` and a provider.
pub(crate) fn caller(text: &str) -> Caller {
    match text {
        "anonymous" => Caller::Anonymous,
        arn if arn.starts_with("arn:") => Caller::Arn(arn.to_owned()),
        text => match text.strip_prefix("federated:") {
            Some(provider) => Caller::Federated(provider.to_owned()),
            None => Caller::Service(text.to_owned()),
        },
    }
}

/// A request; values of the context in `[a,b]` are lists.
pub(crate) fn request(who: &str, action: &str, resource: &str, context: &[(&str, &str)]) -> Request {
    Request {
        caller: caller(who),
        action: action.to_owned(),
        resource: resource.to_owned(),
        resource_account: None,
        context: self::context(context),
    }
}

/// A context; values in `[a,b]` are lists.
pub(crate) fn context(entries: &[(&str, &str)]) -> Context {
    let mut context = Context::default();
    for (key, value) in entries {
        let value = match value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some("") => ContextValue::Many(Vec::new()),
            Some(list) => ContextValue::Many(list.split(',').map(str::to_owned).collect()),
            None => ContextValue::One((*value).to_owned()),
        };
        context.set(key, value);
    }
    context
}
