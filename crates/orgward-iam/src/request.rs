use std::collections::BTreeMap;

/// Who makes a request.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Caller {
    /// An IAM user, role, role session, federated user or account root, by ARN. A role ARN means a session of
    /// that role.
    Arn(String),
    /// Nobody: the request is not signed.
    Anonymous,
    /// An AWS service: `lambda.amazonaws.com`.
    Service(String),
    /// Somebody with a token of an identity provider (ARN or host), before there is a session.
    Federated(String),
}

/// The value of one context key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ContextValue {
    /// A key with one value.
    One(String),
    /// A multivalued key.
    Many(Vec<String>),
}

/// The context of a request. Keys are case-insensitive; a key that is not there is missing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Context(BTreeMap<String, (String, ContextValue)>);

impl Context {
    /// Sets a key.
    pub fn set(&mut self, key: &str, value: ContextValue) {
        self.0.insert(key.to_ascii_lowercase(), (key.to_owned(), value));
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &str) {
        self.0.remove(&key.to_ascii_lowercase());
    }

    /// The value of a key, if it is there.
    pub fn get(&self, key: &str) -> Option<&ContextValue> {
        self.0.get(&key.to_ascii_lowercase()).map(|(_, value)| value)
    }

    /// Keys as they were set, with their values, sorted without regard to case.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ContextValue)> {
        self.0.values().map(|(key, value)| (key.as_str(), value))
    }
}

/// One concrete request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Who makes it.
    pub caller: Caller,
    /// `service:Action`.
    pub action: String,
    /// The resource's ARN, or `*`.
    pub resource: String,
    /// The account that owns the resource, when the ARN does not say so.
    pub resource_account: Option<String>,
    /// Everything else that is known about it. What follows from the caller (`aws:PrincipalArn`,
    /// `aws:PrincipalAccount`, `aws:PrincipalType`, …) is derived unless given.
    pub context: Context,
}
