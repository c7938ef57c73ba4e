use super::exception::Asked;
use crate::matching::Subject;
use crate::{Caller, Decider, Effect, PrincipalPattern, Request, Standing};

/// The greatest grant that the policies of a resource make; `None` when they make none.
pub(super) fn of(policies: &[Decider<'_>], asked: &Asked<'_>) -> Option<Standing> {
    let request = &*asked.authorized;
    policies
        .iter()
        .flat_map(|decider| decider.policy.statements.iter().map(|statement| (decider.policy, statement)))
        .filter(|(policy, statement)| {
            statement.effect.value == Effect::Allow && asked.meets(policy, statement)
        })
        .filter_map(|(_, statement)| {
            let Some(principals) = &statement.principals else { return Some(Standing::Caller) };
            if principals.not {
                return Some(Standing::Caller);
            }
            principals.patterns.iter().filter_map(|pattern| by(&pattern.value, request)).max()
        })
        .max()
}

/// The grant that one entry of a `Principal` element makes.
fn by(pattern: &PrincipalPattern, request: &Request) -> Option<Standing> {
    let subject = Subject::of(request);
    if !subject.is_named_by(pattern) {
        return None;
    }
    let root = subject.resource_part() == Some("root");
    Some(match (pattern, &request.caller) {
        // The root user has no policies of its own.
        (PrincipalPattern::Account(_), _) if root => Standing::Caller,
        (PrincipalPattern::Arn(_), Caller::Arn(_)) => Standing::of(pattern),
        (PrincipalPattern::Arn(_), _) => Standing::Caller,
        (pattern, _) => Standing::of(pattern),
    })
}
