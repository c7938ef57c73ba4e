//! Statements that do nothing, and why.

use super::questions::bound;
use super::set::{Answer, RequestSet};
use crate::{Effect, Policy, Spanned, Statement};

/// Why a statement does nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Dead {
    /// Its list of actions, resources or principals has nothing in it that there is: the name of the element.
    Nothing(&'static str),
    /// No request meets this condition, by its index.
    Condition(usize),
    /// No request meets all of it, though some meet each part.
    Contradiction,
    /// It allows nothing that other statements do not deny.
    Denied,
    /// It cannot be told whether it does nothing, for this reason.
    Undecided(String),
}

/// The statements of a policy that do nothing: they match no request, or allow only what is denied.
pub fn dead(policy: &Policy) -> Vec<(usize, Dead)> {
    let all = policy.statements.iter().enumerate();
    all.filter_map(|(at, statement)| Some((at, why(policy, statement)?))).collect()
}

fn why(policy: &Policy, statement: &Statement) -> Option<Dead> {
    let matched = bound(policy).and(RequestSet::matched(policy, statement));
    match matched.example() {
        Answer::Undecided(reason) => return Some(Dead::Undecided(reason)),
        Answer::None => return Some(cause(policy, statement)),
        Answer::Witness(_) => {}
    }
    if statement.effect.value == Effect::Deny {
        return None;
    }
    let left = bound(policy)
        .and(RequestSet::matched(policy, statement))
        .minus(RequestSet::effect(policy, Effect::Deny));
    match left.example() {
        Answer::Undecided(reason) => Some(Dead::Undecided(reason)),
        Answer::None => Some(Dead::Denied),
        Answer::Witness(_) => None,
    }
}

/// The part of a statement that no request meets; all of it where each part has some.
fn cause(policy: &Policy, statement: &Statement) -> Dead {
    let lives = |part: &Statement| {
        let set = bound(policy).and(RequestSet::matched(policy, part));
        set.example() != Answer::None
    };
    let mut rest = statement.clone();
    rest.conditions.clear();
    if let Some(resources) = &mut rest.resources {
        (resources.not, resources.patterns) = (false, everything(&resources.span));
    }
    let mut part = rest.clone();
    part.principals = None;
    if !lives(&part) {
        return Dead::Nothing(if statement.actions.not { "NotAction" } else { "Action" });
    }
    rest.actions.not = false;
    rest.actions.patterns = everything(&rest.actions.span);
    if !lives(&rest) {
        let not = statement.principals.as_ref().is_some_and(|principals| principals.not);
        return Dead::Nothing(if not { "NotPrincipal" } else { "Principal" });
    }
    rest.principals = None;
    part = rest.clone();
    part.resources.clone_from(&statement.resources);
    if !lives(&part) {
        let not = statement.resources.as_ref().is_some_and(|resources| resources.not);
        return Dead::Nothing(if not { "NotResource" } else { "Resource" });
    }
    for (at, line) in statement.conditions.iter().enumerate() {
        let mut part = rest.clone();
        part.conditions = vec![line.clone()];
        if !lives(&part) {
            return Dead::Condition(at);
        }
    }
    Dead::Contradiction
}

fn everything(span: &std::ops::Range<usize>) -> Vec<Spanned<String>> {
    vec![Spanned { value: "*".to_owned(), span: span.clone() }]
}
