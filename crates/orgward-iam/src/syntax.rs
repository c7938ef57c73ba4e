use std::ops::Range;
use std::sync::Arc;

use crate::{Operator, PolicyError, Request, parse};

/// What a policy is attached to, which decides what may stand in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A managed or inline policy of a user, group, role or permission set; a boundary; a session policy.
    Identity,
    /// The trust policy of a role.
    Trust,
    /// The policy of another resource.
    Resource,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
}

/// The policy language version. Without `Version` a policy is 2008-10-17 and has no variables.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Version {
    /// `2008-10-17`.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// Something and the bytes of the policy text that say it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spanned<T> {
    /// What it says.
    pub value: T,
    /// Which bytes of [`Policy::text`] say so, quotes included.
    pub span: Range<usize>,
}

/// A policy document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// What it is attached to.
    pub kind: Kind,
    /// The language version.
    pub version: Version,
    /// Its statements, in order.
    pub statements: Vec<Statement>,
    text: Arc<str>,
}

/// Allow or Deny.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effect {
    /// `"Allow"`.
    Allow,
    /// `"Deny"`.
    Deny,
}

/// One statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// Its name, if it has one.
    pub sid: Option<Spanned<String>>,
    /// Allow or Deny.
    pub effect: Spanned<Effect>,
    /// Whom it is about; `None` where policies name nobody (identity policies, SCPs).
    pub principals: Option<Principals>,
    /// Which actions.
    pub actions: Actions,
    /// Which resources; `None` in trust policies, and in resource policies that are about their own resource only.
    pub resources: Option<Resources>,
    /// Under which conditions; all must hold.
    pub conditions: Vec<Condition>,
    /// The whole statement.
    pub span: Range<usize>,
}

/// `Principal` or `NotPrincipal`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Principals {
    /// Whether it is `NotPrincipal`.
    pub not: bool,
    /// The principals listed.
    pub patterns: Vec<Spanned<PrincipalPattern>>,
    /// The whole element's value.
    pub span: Range<usize>,
}

/// One entry of a `Principal` element.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PrincipalPattern {
    /// `"*"` or `{ "AWS": "*" }`.
    Everyone,
    /// An account, by its twelve digits, whether it was written so or as its root ARN. Means every principal of it.
    Account(String),
    /// The ARN of a user, role, role session or federated user.
    Arn(String),
    /// A unique id (`AROA…`, `AIDA…`): what IAM shows for a principal that was deleted.
    UniqueId(String),
    /// `Service`.
    Service(String),
    /// `Federated`: an identity provider's ARN or host.
    Federated(String),
    /// `CanonicalUser`.
    CanonicalUser(String),
    /// Anything else; never matches, and AWS refuses to save it.
    Invalid(String),
}

/// `Action` or `NotAction`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actions {
    /// Whether it is `NotAction`.
    pub not: bool,
    /// The patterns, as written.
    pub patterns: Vec<Spanned<String>>,
    /// The whole element's value.
    pub span: Range<usize>,
}

/// `Resource` or `NotResource`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resources {
    /// Whether it is `NotResource`.
    pub not: bool,
    /// The patterns, as written.
    pub patterns: Vec<Spanned<String>>,
    /// The whole element's value.
    pub span: Range<usize>,
}

/// One line of a `Condition` block: an operator, a key, and the values that it is compared with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    /// The operator with its set prefix and suffix.
    pub operator: Spanned<Operator>,
    /// The key, as written.
    pub key: Spanned<String>,
    /// The values; one is enough (for negated operators: none may match).
    pub values: Vec<Spanned<String>>,
    /// From the key to the end of its values.
    pub span: Range<usize>,
}

/// The service control policy `FullAWSAccess`, which AWS attaches wherever service control policies are enabled.
pub const FULL_AWS_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

impl Policy {
    /// Reads a policy document. Duplicate keys are refused, as is what AWS does not accept in this kind of
    /// policy and what therefore never takes effect.
    ///
    /// Two things pass that AWS refuses or leaves undefined, so that they can be judged: `NotPrincipal` with `Allow`
    /// in trust and resource policies, and an empty list of statements.
    pub fn parse(text: impl Into<Arc<str>>, kind: Kind) -> Result<Self, PolicyError> {
        let text = text.into();
        let (version, statements) = parse::policy(&text, kind)?;
        Ok(Self { kind, version, statements, text })
    }

    /// The same JSON with line breaks and indentation, order and duplicate keys untouched, so that reports
    /// can show and underline it; `None` when it is not JSON or already has more than one line.
    pub fn layout(text: &str) -> Option<String> {
        parse::layout(text)
    }

    /// The text that spans point into.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The statements that match a request, in order, whatever their effect.
    pub fn matching<'p>(&'p self, request: &Request) -> impl Iterator<Item = (usize, &'p Statement)> {
        self.statements.iter().enumerate().filter(|(_, statement)| statement.matches(self, request))
    }
}
