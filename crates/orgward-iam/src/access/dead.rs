//! Statements that do nothing, and why.

use std::collections::BTreeSet;

use super::questions::{Relation, bound, compare};
use super::set::RequestSet;
use crate::validate::is_template;
use crate::{ActionList, Effect, Policy, PrincipalPattern, Spanned, Statement};

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
    /// Other statements with the same effect match all that it matches and that is not denied; this one, by its index, is
    /// nearest to that.
    Covered(usize),
    /// It cannot be told whether it does nothing, for this reason.
    Undecided(String),
}

/// The statements of a policy that do nothing: they match no request, or allow only what is denied.
///
/// Of a statement with a placeholder of a template, or with the canonical id of a user, nothing is said, and it makes no other one dead: what it will say is
/// unknown.
pub fn dead(policy: &Policy) -> Vec<(usize, Dead)> {
    let is_unknown = |statement: &Statement| is_template(statement) || names_user(statement);
    let known: Vec<usize> = (0..policy.statements.len())
        .filter(|at| !policy.statements.get(*at).is_some_and(is_unknown))
        .collect();
    if known.len() == policy.statements.len() {
        return dead_of_known(policy);
    }
    let mut rest = policy.clone();
    rest.statements = known.iter().filter_map(|at| policy.statements.get(*at).cloned()).collect();
    let place = |at: usize| known.get(at).copied().unwrap_or_default();
    let found = dead_of_known(&rest).into_iter().map(|(at, dead)| match dead {
        Dead::Covered(by) => (place(at), Dead::Covered(place(by))),
        dead => (place(at), dead),
    });
    found.collect()
}

/// Whether a statement is about a user by its canonical id: which account that is, no policy says.
fn names_user(statement: &Statement) -> bool {
    let mut patterns = statement.principals.iter().flat_map(|principals| &principals.patterns);
    patterns.any(|pattern| matches!(pattern.value, PrincipalPattern::CanonicalUser(_)))
}

fn dead_of_known(policy: &Policy) -> Vec<(usize, Dead)> {
    let mut found: Vec<(usize, Dead)> = Vec::new();
    // What is dead covers nothing, so that of two equal statements one is left.
    let mut gone: BTreeSet<usize> = BTreeSet::new();
    for (at, statement) in policy.statements.iter().enumerate() {
        if let Some(dead) = why(policy, statement) {
            gone.insert(at);
            found.push((at, dead));
        }
    }
    // Each is compared with each other one.
    let lists: Vec<_> = policy.statements.iter().map(|it| ActionList::covered_by(&it.actions)).collect();
    for (at, statement) in policy.statements.iter().enumerate() {
        if !gone.contains(&at)
            && let Some(by) = covered(policy, at, statement, &gone, &lists)
        {
            gone.insert(at);
            found.push((at, Dead::Covered(by)));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found
}

/// The statement that covers another one: alone, or as the one of several that shares most with it.
fn covered(
    policy: &Policy,
    at: usize,
    statement: &Statement,
    gone: &BTreeSet<usize>,
    lists: &[(ActionList, bool)],
) -> Option<usize> {
    let others: Vec<(usize, &Statement)> = policy
        .statements
        .iter()
        .enumerate()
        .filter(|(other, it)| {
            *other != at && !gone.contains(other) && it.effect.value == statement.effect.value
        })
        .collect();
    let own = || {
        let matched = bound(policy).and(RequestSet::matched(policy, statement));
        match statement.effect.value {
            Effect::Deny => matched,
            // What is denied it does not allow.
            Effect::Allow => matched.minus(RequestSet::effect(policy, Effect::Deny)),
        }
    };
    let others = near(policy, at, statement, others, lists)?;
    let all = others.iter().fold(own(), |left, (_, other)| left.minus(RequestSet::matched(policy, other)));
    if !all.is_empty() {
        return None;
    }
    // Whom a statement names decides what else has to allow it, so that a grant to everybody takes the place of none.
    if policy.has_standing() && compare_without(policy, at) {
        return None;
    }
    let alone =
        |(_, other): &&(usize, &Statement)| own().minus(RequestSet::matched(policy, other)).is_empty();
    others.iter().find(alone).or(others.first()).map(|(other, _)| *other)
}

/// The statements that have an action in common with another one, where they have all of its actions together, but for
/// those that are denied: most statements are about actions of their own, and then no set has to be computed.
fn near<'p>(
    policy: &Policy,
    at: usize,
    statement: &Statement,
    others: Vec<(usize, &'p Statement)>,
    lists: &[(ActionList, bool)],
) -> Option<Vec<(usize, &'p Statement)>> {
    let denials = || {
        let is_allow = statement.effect.value == Effect::Allow;
        let all = policy.statements.iter().enumerate();
        all.filter(move |(_, it)| is_allow && it.effect.value == Effect::Deny)
    };
    if statement.actions.not || statement.actions.patterns.iter().any(|pattern| pattern.value == "*") {
        let is_wide = |other: &Statement| {
            other.actions.not || other.actions.patterns.iter().any(|pattern| pattern.value == "*")
        };
        let is_met = others.iter().any(|(_, other)| is_wide(other)) || denials().any(|(_, it)| is_wide(it));
        return is_met.then_some(others);
    }
    let list = |at: usize| lists.get(at).map(|(list, _)| list);
    // Of an action that is not listed nothing is known.
    let (own, _) = lists.get(at).filter(|(own, all_known)| *all_known && !own.is_empty())?;
    let mut found = ActionList::default();
    let asked = others.iter().map(|(other, _)| *other).chain(denials().map(|(other, _)| other));
    asked.filter_map(list).for_each(|list| found.extend(list));
    if !own.without(&found).is_empty() {
        return None;
    }
    Some(others.into_iter().filter(|(other, _)| list(*other).is_some_and(|list| list.meets(own))).collect())
}

/// Whether a policy without one of its statements allows something else, or less firmly.
fn compare_without(policy: &Policy, at: usize) -> bool {
    let mut rest = policy.clone();
    if at < rest.statements.len() {
        rest.statements.remove(at);
    }
    compare(policy, &rest).relation != Relation::Equivalent
}

fn why(policy: &Policy, statement: &Statement) -> Option<Dead> {
    let matched = bound(policy).and(RequestSet::matched(policy, statement));
    match matched.emptiness() {
        Err(reason) => return Some(Dead::Undecided(reason)),
        Ok(true) => return Some(cause(policy, statement)),
        Ok(false) => {}
    }
    if statement.effect.value == Effect::Deny {
        return None;
    }
    let left = bound(policy)
        .and(RequestSet::matched(policy, statement))
        .minus(RequestSet::effect(policy, Effect::Deny));
    match left.emptiness() {
        Err(reason) => Some(Dead::Undecided(reason)),
        Ok(true) => Some(Dead::Denied),
        Ok(false) => None,
    }
}

/// The part of a statement that no request meets; all of it where each part has some.
pub fn cause(policy: &Policy, statement: &Statement) -> Dead {
    let lives = |part: &Statement| {
        let set = bound(policy).and(RequestSet::matched(policy, part));
        !set.is_empty()
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
