use std::borrow::Cow;

use crate::arn::Arn;
use crate::{Caller, ContextValue, Request};

/// A request, with what follows from who makes it.
pub(crate) struct Subject<'r> {
    pub(crate) request: &'r Request,
    /// The caller's ARN taken apart, if it has one.
    arn: Option<Arn<'r>>,
}

/// The value of a context key in a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Value<'r> {
    One(Cow<'r, str>),
    Many(&'r [String]),
}

impl<'r> Subject<'r> {
    pub(crate) fn of(request: &'r Request) -> Self {
        let arn = match &request.caller {
            Caller::Arn(arn) => Arn::parse(arn),
            Caller::Anonymous | Caller::Service(_) | Caller::Federated(_) => None,
        };
        Self { request, arn }
    }

    /// The account of the caller.
    pub(crate) fn account(&self) -> Option<&'r str> {
        self.arn.map(|arn| arn.account)
    }

    /// The last part of the caller's ARN.
    pub(crate) fn resource_part(&self) -> Option<&'r str> {
        self.arn.map(|arn| arn.resource)
    }

    /// The name of the role and of the session, when the caller's ARN is one of a role session.
    pub(crate) fn session(&self) -> Option<(&'r str, &'r str)> {
        self.arn.filter(|arn| arn.service == "sts")?.session()
    }

    /// The ARN that stands for the caller in `aws:PrincipalArn`: of a role session, the role.
    pub(crate) fn principal_arn(&self) -> Option<Cow<'r, str>> {
        let Caller::Arn(caller) = &self.request.caller else { return None };
        if let (Some((role, _)), Some(arn)) = (self.session(), self.arn) {
            if let Some(ContextValue::One(given)) = self.request.context.get("aws:PrincipalArn") {
                return Some(Cow::Borrowed(given));
            }
            return Some(Cow::Owned(format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account)));
        }
        Some(Cow::Borrowed(caller))
    }

    /// The value of a context key, `None` when it is missing. A key without any value counts as missing.
    pub(crate) fn value(&self, key: &str) -> Option<Value<'r>> {
        match self.request.context.get(key) {
            Some(ContextValue::One(value)) => Some(Value::One(Cow::Borrowed(value))),
            Some(ContextValue::Many(values)) if values.is_empty() => None,
            Some(ContextValue::Many(values)) => Some(Value::Many(values)),
            None => self.derived(key).map(Value::One),
        }
    }

    fn derived(&self, key: &str) -> Option<Cow<'r, str>> {
        // Who is not an IAM principal has none of the keys about principals (IAM user guide, "AWS global condition
        // context keys").
        let (prefix, name) = key.split_once(':')?;
        // Services have names of their own for two of them.
        let name = match prefix.to_ascii_lowercase().as_str() {
            "aws" => name,
            "kms" if name.eq_ignore_ascii_case("CallerAccount") => "PrincipalAccount",
            "s3" if name.eq_ignore_ascii_case("ResourceAccount") => "ResourceAccount",
            _ => return None,
        };
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("PrincipalArn") {
            self.principal_arn()
        } else if is("PrincipalAccount") {
            self.account().map(Cow::Borrowed)
        } else if is("PrincipalType") {
            self.principal_type().map(Cow::Borrowed)
        } else if is("PrincipalIsAWSService") {
            match self.request.caller {
                Caller::Arn(_) => Some(Cow::Borrowed("false")),
                Caller::Service(_) => Some(Cow::Borrowed("true")),
                Caller::Anonymous | Caller::Federated(_) => None,
            }
        } else if is("PrincipalServiceName") {
            match &self.request.caller {
                Caller::Service(name) => Some(Cow::Borrowed(name)),
                Caller::Arn(_) | Caller::Anonymous | Caller::Federated(_) => None,
            }
        } else if is("username") {
            let user = self.arn.filter(|arn| arn.service == "iam")?.resource.strip_prefix("user/")?;
            user.rsplit('/').next().map(Cow::Borrowed)
        } else if is("ResourceAccount") {
            let request = self.request;
            request
                .resource_account
                .as_deref()
                .or_else(|| Arn::parse(&request.resource).map(|arn| arn.account))
                .filter(|account| !account.is_empty())
                .map(Cow::Borrowed)
        } else {
            None
        }
    }

    fn principal_type(&self) -> Option<&'static str> {
        if self.request.caller == Caller::Anonymous {
            return Some("Anonymous");
        }
        let arn = self.arn?;
        let kind = arn.resource.split('/').next().unwrap_or_default();
        match (arn.service, kind) {
            ("iam", "root") => Some("Account"),
            ("iam", "user") => Some("User"),
            ("iam", "role") | ("sts", "assumed-role") => Some("AssumedRole"),
            ("sts", "federated-user") => Some("FederatedUser"),
            _ => None,
        }
    }
}

/// Whether a request is made through a service-linked role, which service control policies do not bind.
pub(crate) fn is_service_linked(request: &Request) -> bool {
    Subject::of(request).principal_arn().is_some_and(|role| {
        Arn::parse(&role)
            .is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("role/aws-service-role/"))
    })
}
