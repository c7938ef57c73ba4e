//! Dead statements: what is called dead can go, and what is not called dead makes a difference.

use proptest::prelude::*;

use super::agreement::document;
use crate::access::dead::{Dead, dead};
use crate::access::questions::{bound, compare};
use crate::access::{Answer, RequestSet};
use crate::{Decider, Effect, Kind, Level, Policy, PolicyChain, Statement};

/// What the statements with an effect contribute, wherever the policy stands: an allowance to the level that it is on,
/// and a denial to all.
fn effect(policy: &Policy, effect: Effect) -> RequestSet<'_> {
    let set = match effect {
        Effect::Allow => RequestSet::allowed(policy),
        Effect::Deny => RequestSet::effect(policy, Effect::Deny),
    };
    bound(policy).and(set)
}

/// What is left open where the policy is the only one: the only level of a chain, the boundary of a role that may do
/// everything, or the policy of a resource.
fn chain(policy: &Policy) -> RequestSet<'_> {
    let decider = Decider { name: "policy", policy };
    let chain = PolicyChain(vec![Level { target: "root", policies: vec![decider] }]);
    match policy.kind {
        Kind::ServiceControl => RequestSet::passed(&chain),
        Kind::ResourceControl => RequestSet::passed_by_resource(&chain),
        Kind::Identity | Kind::Resource | Kind::Trust => bound(policy).and(RequestSet::allowed(policy)),
    }
}

fn without(policy: &Policy, at: usize) -> (Policy, Statement) {
    let mut rest = policy.clone();
    let statement = rest.statements.remove(at);
    (rest, statement)
}

/// What is in one set and not in the other.
fn differ<'p>(one: RequestSet<'p>, other: RequestSet<'p>) -> [Answer; 2] {
    [one.clone().minus(other.clone()).example(), other.minus(one).example()]
}

fn check(policy: &Policy) -> Result<(), TestCaseError> {
    let found = dead(policy);
    let decided = found.iter().filter(|(_, why)| !matches!(why, Dead::Undecided(_)));
    let gone: Vec<usize> = decided.map(|(at, _)| *at).collect();
    // All of them together, since a duplicate covers the other one.
    let mut rest = policy.clone();
    for at in gone.iter().rev() {
        rest.statements.remove(*at);
    }
    let mut changes: Vec<Answer> = [Effect::Allow, Effect::Deny]
        .into_iter()
        .flat_map(|each| differ(effect(policy, each), effect(&rest, each)))
        .collect();
    changes.extend(differ(chain(policy), chain(&rest)));
    for change in changes {
        prop_assert!(!matches!(change, Answer::Witness(_)), "{change:?}\n{}\n{found:?}", policy.text());
    }
    for at in 0..policy.statements.len() {
        if found.iter().any(|(dead, _)| *dead == at) {
            continue;
        }
        // Of what is dead nothing is left to cover it.
        let mut living = policy.clone();
        let mut index = at;
        for other in gone.iter().rev() {
            living.statements.remove(*other);
            index -= usize::from(*other < at);
        }
        let (rest, statement) = without(&living, index);
        let each = statement.effect.value;
        match effect(&living, each).minus(effect(&rest, each)).example() {
            // This request shows it.
            Answer::Witness(request) => prop_assert!(statement.matches(&living, &request)),
            Answer::Undecided(_) => {}
            // It grants more firmly what another one grants, too.
            Answer::None if policy.has_standing() => {
                let compared = compare(&living, &rest);
                let is_shown = [compared.gained, compared.lost].iter().any(|it| *it != Answer::None);
                prop_assert!(is_shown, "statement {at} changes nothing\n{}", policy.text());
            }
            Answer::None => prop_assert!(false, "statement {at} changes nothing\n{}", policy.text()),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn a_dead_statement_of_a_chain_changes_nothing_and_any_other_one_something(
        policy in document(Kind::ServiceControl)
    ) {
        check(&policy)?;
    }

    /// Of a role, and of its boundary.
    #[test]
    fn a_dead_statement_of_an_identity_changes_nothing_and_any_other_one_something(
        policy in document(Kind::Identity)
    ) {
        check(&policy)?;
    }

    #[test]
    fn a_dead_statement_of_a_resource_changes_nothing_and_any_other_one_something(
        policy in document(Kind::Resource)
    ) {
        check(&policy)?;
    }

    #[test]
    fn a_dead_statement_of_a_trust_policy_changes_nothing_and_any_other_one_something(
        policy in document(Kind::Trust)
    ) {
        check(&policy)?;
    }

    #[test]
    fn a_dead_statement_of_a_resource_control_policy_changes_nothing_and_any_other_one_something(
        policy in document(Kind::ResourceControl)
    ) {
        check(&policy)?;
    }
}
