use std::cmp::Ordering;
use std::fmt;

/// Who makes a request.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Caller {
    /// An IAM user, role, role session, federated user or account root, by ARN. A role ARN means a session of
    /// that role. The role of a session ARN is `aws:PrincipalArn` of the context if it is there (a session ARN
    /// does not tell the role's path), else the role of that name without a path.
    Arn(String),
    /// Nobody: the request is not signed.
    Anonymous,
    /// An AWS service: `lambda.amazonaws.com`.
    Service(String),
    /// Somebody with a token of an identity provider (ARN or host), before there is a session.
    Federated(String),
}

impl Caller {
    /// The ARN or name, `anonymous` where there is none.
    pub fn name(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Arn(name) | Self::Service(name) | Self::Federated(name) => name,
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The value of one context key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ContextValue {
    /// A key with one value.
    One(String),
    /// A multivalued key.
    Many(Vec<String>),
}

/// The context of a request. Keys are case-insensitive; a key that is not there is missing.
// Sorted by key without regard to case: looking one up needs no lower-case copy.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Context(Vec<(String, ContextValue)>);

impl Context {
    /// Sets a key.
    pub fn set(&mut self, key: &str, value: ContextValue) {
        let entry = (key.to_owned(), value);
        match self.find(key) {
            Ok(at) => {
                if let Some(slot) = self.0.get_mut(at) {
                    *slot = entry;
                }
            }
            Err(at) => self.0.insert(at, entry),
        }
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &str) {
        if let Ok(at) = self.find(key) {
            self.0.remove(at);
        }
    }

    /// The value of a key, if it is there.
    pub fn get(&self, key: &str) -> Option<&ContextValue> {
        self.find(key).ok().and_then(|at| self.0.get(at)).map(|(_, value)| value)
    }

    /// Keys as they were set, with their values, sorted without regard to case.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ContextValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| compare(other, key))
    }
}

fn compare(left: &str, right: &str) -> Ordering {
    left.bytes()
        .map(|byte| byte.to_ascii_lowercase())
        .cmp(right.bytes().map(|byte| byte.to_ascii_lowercase()))
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
    /// `aws:PrincipalAccount`, `aws:PrincipalType`, …) is derived unless given, and so is `aws:ResourceAccount`.
    pub context: Context,
}

impl Request {
    /// The request of one account as another one would make it.
    #[must_use]
    pub fn as_account(&self, of: &str, account: &str) -> Self {
        let text = |text: &str| text.replace(of, account);
        let mut context = Context::default();
        for (key, value) in self.context.iter() {
            let value = match value {
                ContextValue::One(one) => ContextValue::One(text(one)),
                ContextValue::Many(many) => ContextValue::Many(many.iter().map(|each| text(each)).collect()),
            };
            context.set(key, value);
        }
        Self {
            caller: match &self.caller {
                Caller::Arn(arn) => Caller::Arn(text(arn)),
                other => other.clone(),
            },
            action: self.action.clone(),
            resource: text(&self.resource),
            resource_account: self.resource_account.as_deref().map(text),
            context,
        }
    }
}
