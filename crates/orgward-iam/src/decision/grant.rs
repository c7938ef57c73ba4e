use super::exception::Asked;
use crate::arn::Arn;
use crate::matching::Subject;
use crate::{Caller, Decider, Effect, PrincipalPattern, Request};

/// Whom the policy of a resource allows a request, which decides what else has to allow it within one account (IAM
/// user guide, "Evaluating policies within a single account"). The least is last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Grant {
    /// Its account: whoever in it is allowed by policies of their own.
    Account,
    /// The role that the caller is a session of: boundary and session policies limit it.
    Role,
    /// The caller itself, or everybody: nothing else is needed.
    Caller,
}

/// The greatest grant that the policies of a resource make; `None` when they make none.
pub(super) fn of(policies: &[Decider<'_>], asked: &Asked<'_>) -> Option<Grant> {
    let request = &*asked.authorized;
    policies
        .iter()
        .flat_map(|decider| decider.policy.statements.iter().map(|statement| (decider.policy, statement)))
        .filter(|(policy, statement)| {
            statement.effect.value == Effect::Allow && asked.meets(policy, statement)
        })
        .filter_map(|(_, statement)| {
            let Some(principals) = &statement.principals else { return Some(Grant::Caller) };
            if principals.not {
                return Some(Grant::Caller);
            }
            principals.patterns.iter().filter_map(|pattern| by(&pattern.value, request)).max()
        })
        .max()
}

/// The grant that one entry of a `Principal` element makes.
fn by(pattern: &PrincipalPattern, request: &Request) -> Option<Grant> {
    let subject = Subject::of(request);
    if !subject.is_named_by(pattern) {
        return None;
    }
    let root = subject.resource_part() == Some("root");
    Some(match (pattern, &request.caller) {
        (PrincipalPattern::Account(_), _) if !root => Grant::Account,
        (PrincipalPattern::Arn(arn), Caller::Arn(_)) if is_role(arn) => Grant::Role,
        (PrincipalPattern::UniqueId(id), _) if id.starts_with("AROA") => Grant::Role,
        _ => Grant::Caller,
    })
}

fn is_role(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("role/"))
}
