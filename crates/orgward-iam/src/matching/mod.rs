//! Whether a statement applies to one concrete request.

mod action;
mod condition;
mod principal;
mod resource;
mod subject;
mod value;
mod variables;

#[cfg(test)]
mod tests;

pub use self::action::action_matches;
pub use self::resource::resource_matches;
pub(crate) use self::resource::resource_may_match;
pub(crate) use self::subject::{Subject, Value, is_service_linked};
pub(crate) use self::value::{date, number};
pub(crate) use self::variables::{Part, all_parts, fill, keys as variable_keys, resolved};
use crate::{Caller, Condition, Context, Effect, Policy, Principals, Request, Resources, Statement, Version};

impl Statement {
    /// Whether the statement applies to a request: principal, action, resource and all conditions.
    pub fn matches(&self, policy: &Policy, request: &Request) -> bool {
        // Cheapest first.
        if !self.covers_action(&request.action) {
            return false;
        }
        let subject = Subject::of(request);
        let deny = self.effect.value == Effect::Deny;
        self.principals.as_ref().is_none_or(|principals| principal::matches(principals, deny, &subject))
            && self.applies(policy, &subject)
    }

    /// Whether the statement applies to a request whoever makes it: action, resource and all conditions.
    pub(crate) fn matches_anybody(&self, policy: &Policy, request: &Request) -> bool {
        self.covers_action(&request.action) && self.applies(policy, &Subject::of(request))
    }

    fn applies(&self, policy: &Policy, subject: &Subject<'_>) -> bool {
        self.resources.as_ref().is_none_or(|resources| resource::matches(resources, policy.version, subject))
            && self.conditions.iter().all(|line| condition::holds(line, policy.version, subject))
    }

    /// Whether the statement is about an action, by its `Action` or `NotAction` alone.
    pub fn covers_action(&self, action: &str) -> bool {
        let listed = self.actions.patterns.iter().any(|pattern| action_matches(&pattern.value, action));
        listed != self.actions.not
    }

    /// Whether the statement has no condition.
    pub fn is_unconditional(&self) -> bool {
        self.conditions.is_empty()
    }
}

impl Statement {
    /// Whether the conditions on `aws:PrincipalArn` leave in a caller that has this ARN there. A variable may stand for
    /// anything. For a fraction of the work that the question takes whether some request is let in.
    pub fn may_be_met_by(&self, policy: &Policy, arn: &str) -> bool {
        let about = |line: &&Condition| line.key.value.eq_ignore_ascii_case("aws:PrincipalArn");
        let mut lines = self.conditions.iter().filter(about).peekable();
        if lines.peek().is_none() {
            return true;
        }
        let request = Request {
            caller: Caller::Arn(arn.to_owned()),
            action: String::new(),
            resource: "*".to_owned(),
            resource_account: None,
            context: Context::default(),
        };
        lines.all(|line| {
            line.values.iter().any(|value| variable_keys(&value.value).next().is_some())
                || line.holds(policy, &request)
        })
    }
}

impl Condition {
    /// Whether the condition holds for a request of a policy.
    pub fn holds(&self, policy: &Policy, request: &Request) -> bool {
        condition::holds(self, policy.version, &Subject::of(request))
    }

    pub(crate) fn holds_in(&self, version: Version, subject: &Subject<'_>) -> bool {
        condition::holds(self, version, subject)
    }

    /// Whether it depends on policy variables whether a value matches one of those listed: it does for some values of
    /// the variables, and does not match a value that has none.
    pub(crate) fn is_open_for(&self, version: Version, given: &str, subject: &Subject<'_>) -> bool {
        let operator = self.operator.value.base;
        // A name without a colon is no key and has no value.
        let varies = |wanted: &str| variable_keys(wanted).any(|key| key.contains(':'));
        let (varying, fixed): (Vec<&str>, Vec<&str>) =
            self.values.iter().map(|value| value.value.as_str()).partition(|wanted| varies(wanted));
        version == Version::V2012
            && varying.iter().any(|wanted| value::may_match(operator, wanted, given, version))
            && !fixed.iter().any(|wanted| value::matches(operator, wanted, given, version, subject))
    }
}

impl Principals {
    /// Whether the element is about the caller, in a denial or in an allowance.
    pub(crate) fn is_about(&self, deny: bool, subject: &Subject<'_>) -> bool {
        principal::matches(self, deny, subject)
    }
}

impl Resources {
    /// Whether the element is about the resource.
    pub(crate) fn is_about(&self, version: Version, subject: &Subject<'_>) -> bool {
        resource::matches(self, version, subject)
    }
}
