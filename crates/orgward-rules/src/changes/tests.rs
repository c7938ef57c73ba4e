//! What a plan changes, whether or not a rule minds.

use orgward_finding::ChainChange;

use crate::testing::review_of;

fn changes(name: &str) -> Vec<ChainChange> {
    review_of("guardrail-removed", name).changes
}

fn causes(change: &ChainChange) -> Vec<&str> {
    change.sides().flat_map(|side| &side.causes).map(|cause| cause.what.as_str()).collect()
}

fn away(change: &ChainChange) -> Vec<String> {
    let side = change.no_longer_denied.as_ref().map(|side| &side.services);
    let names = side.into_iter().flatten().flat_map(|service| {
        service.actions.iter().map(move |action| format!("{}:{action}", service.service))
    });
    names.collect()
}

#[test]
fn what_is_detached_is_no_longer_denied() {
    let found = changes("bad-detached");
    let [change] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(away(change), ["cloudtrail:DeleteTrail", "cloudtrail:StopLogging"]);
    assert_eq!(change.newly_denied, None);
    assert_eq!(causes(change), ["`audit-trail` is detached from Root/prod"]);
    assert_eq!(change.policy_type, "SCP");
    assert!(change.units.iter().all(|unit| unit.starts_with("Root/prod")), "{:?}", change.units);
}

/// A statement that is split, or said in other words, changes nothing for anybody: nothing is told.
#[test]
fn other_words_for_the_same_change_nothing() {
    for name in ["good-equal-rewrite", "good-forget", "good-moved-under-equal-chain"] {
        assert_eq!(changes(name), Vec::new(), "{name}");
    }
    // A statement that is split with `Stop*` in it takes nothing away, and denies two actions more.
    let found = changes("good-split-statement");
    let [change] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(change.no_longer_denied, None);
    let more = change.newly_denied.as_ref().map(|side| side.summary.as_str());
    assert_eq!(more, Some("`cloudtrail:StopEventDataStoreIngestion` and `cloudtrail:StopImport`"));
}

/// A narrower statement denies less, and no rule minds what it denies more.
#[test]
fn both_sides_of_a_rewrite_are_told() {
    let before = changes("bad-weaker-text");
    let change = before.iter().find(|it| it.no_longer_denied.is_some()).expect("less is denied");
    assert!(causes(change).iter().all(|what| what.ends_with("is rewritten")), "{:?}", causes(change));
}

#[test]
fn a_move_is_told_with_its_places() {
    let found = changes("bad-moved-account");
    let told: Vec<&str> = found.iter().flat_map(causes).collect();
    assert!(told.iter().any(|what| what.contains(" moves from Root/") && what.contains(" to ")), "{told:?}");
}

#[test]
fn a_type_that_is_turned_off_is_named() {
    let found = changes("bad-type-disabled");
    let told: Vec<&str> = found.iter().flat_map(causes).collect();
    assert!(told.contains(&"SCPs are turned off"), "{told:?}");
}

/// What is unknown until apply is neither denied nor allowed.
#[test]
fn an_unknown_text_is_undecided() {
    let found = changes("bad-unknown-text");
    assert!(found.iter().any(|change| !change.undecided.is_empty()), "{found:?}");
    assert!(found.iter().all(|change| change.newly_denied.is_none()), "{found:?}");
}

/// What the plan attaches is newly denied: the same plan, the other way around.
#[test]
fn what_is_attached_is_newly_denied() {
    let found = review_of("operator-lockout", "bad-denied-altogether").changes;
    let denied: Vec<&ChainChange> = found.iter().filter(|change| change.newly_denied.is_some()).collect();
    assert!(!denied.is_empty(), "{found:?}");
    assert!(denied.iter().all(|change| change.no_longer_denied.is_none()), "{found:?}");
    let told: Vec<&str> = denied.iter().flat_map(|change| causes(change)).collect();
    assert!(told.iter().any(|what| what.contains(" is attached to Root")), "{told:?}");
}
