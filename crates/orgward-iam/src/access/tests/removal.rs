//! Dead statements: what is called dead can go, and what is not called dead makes a difference.

use proptest::prelude::*;

use super::agreement::document;
use crate::access::dead::{Dead, dead};
use crate::access::{Answer, RequestSet};
use crate::{Effect, Kind, Policy, Statement};

/// What a statement contributes to a chain: an allowance to the level that it is on, and a denial beside `FullAWSAccess`
/// to all.
fn effect(policy: &Policy, effect: Effect) -> RequestSet<'_> {
    let set = match effect {
        Effect::Allow => RequestSet::allowed(policy),
        Effect::Deny => RequestSet::effect(policy, Effect::Deny),
    };
    RequestSet::bound().and(set)
}

fn without(policy: &Policy, at: usize) -> (Policy, Statement) {
    let mut rest = policy.clone();
    let statement = rest.statements.remove(at);
    (rest, statement)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn a_dead_statement_changes_nothing_and_any_other_one_something(policy in document(Kind::ServiceControl)) {
        let found = dead(&policy);
        let mut gone = Vec::new();
        for (at, why) in &found {
            if matches!(why, Dead::Undecided(_)) {
                continue;
            }
            gone.push(*at);
        }
        // All of them together, since a duplicate covers the other one.
        let mut rest = policy.clone();
        for at in gone.iter().rev() {
            rest.statements.remove(*at);
        }
        for each in [Effect::Allow, Effect::Deny] {
            let (before, after) = (effect(&policy, each), effect(&rest, each));
            for changed in [before.clone().minus(after.clone()), after.minus(before)] {
                let answer = changed.example();
                prop_assert!(!matches!(answer, Answer::Witness(_)), "{answer:?}\n{}\n{found:?}", policy.text());
            }
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
            let lost = effect(&living, each).minus(effect(&rest, each)).example();
            match lost {
                Answer::Witness(request) => prop_assert!(statement.matches(&living, &request)),
                Answer::Undecided(_) => {}
                Answer::None => prop_assert!(false, "statement {at} changes nothing\n{}", policy.text()),
            }
        }
    }
}
