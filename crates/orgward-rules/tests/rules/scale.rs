//! What proofs cost in a large organization: as many questions as there are chains of guardrails, however many accounts.

#![expect(clippy::unwrap_used, reason = "a test that cannot run should say so")]

#[path = "../../benches/support/configuration.rs"]
mod configuration;

use crate::support;
use orgward_config::Config;
use orgward_org::Organization;
use orgward_plan::{Document, Plan};
use orgward_proof::Proofs;
use orgward_rules::catalog::RULES;
use orgward_rules::{Accesses, Context, Documents, Findings};

const UNITS: usize = 50;

/// How many questions a rule asks, and how many findings come of it.
fn questions(rule: &str, accounts: usize, configuration: &str, twice: bool) -> (usize, usize) {
    let state = support::organization(UNITS, accounts).into_bytes();
    let config = Config::parse("orgward.toml", configuration).unwrap();
    let document = Document::decode("state.json", state).unwrap();
    let plan = Plan::parse(&document).unwrap();
    let change = Organization::of(&[], std::slice::from_ref(&plan), &config.declared());
    let proofs = Proofs::default();
    let rule = RULES.iter().find(|each| each.info.id == rule).unwrap();
    let mut findings = Findings::default();
    for after in [&change.after, &change.before].into_iter().take(if twice { 2 } else { 1 }) {
        let before = &change.before;
        let accesses = Accesses::default();
        let context = Context {
            before,
            after,
            config: &config,
            doubts: &[],
            proofs: &proofs,
            kind: orgward_finding::ReviewKind::Plan,
            guardrails_only: false,
            accesses: &accesses,
            events: None,
            documents: &Documents::default(),
        };
        findings = Findings::default();
        (rule.check)(&context, &mut findings);
    }
    (proofs.questions(), findings.len())
}

fn org_policies(count: usize) -> String {
    let tables = configuration::CONFIGURATION.split("[[guardrail]]").skip(1).take(count);
    tables.flat_map(|table| ["[[guardrail]]", table]).collect()
}

/// Every unit has a policy of its own about the data: that is as many chains as units, however many accounts.
#[test]
fn accounts_with_the_same_chain_share_a_proof() {
    for accounts in [UNITS, 300] {
        assert_eq!(questions("guardrail-gap", accounts, DATA, false), (UNITS, UNITS), "{accounts} accounts");
    }
}

/// Policies about other services make no difference.
#[test]
fn chains_that_differ_elsewhere_share_a_proof() {
    assert_eq!(questions("guardrail-gap", 300, &org_policies(1), false), (1, 0));
    assert_eq!(questions("guardrail-gap", 300, &org_policies(2), false), (2, 0));
}

/// The run that finds out what is there already asks nothing that has been asked.
#[test]
fn both_runs_share_their_proofs() {
    assert_eq!(questions("guardrail-gap", 100, DATA, true).0, UNITS);
}

#[test]
fn the_region_lock_shares_proofs_too() {
    assert_eq!(questions("region-lock-gap", 100, configuration::CONFIGURATION, true), (UNITS, 0));
}

/// Hundreds of accounts with one gap are one finding.
#[test]
fn a_gap_is_one_finding_for_all_that_are_alike() {
    let gap = "[[guardrail]]\nid = 'x'\nactions = 'glue:DeleteJob'\n";
    assert_eq!(questions("guardrail-gap", 300, gap, false), (1, 1));
}

/// What no role but one of another name in each unit may delete.
const DATA: &str = "[[guardrail]]\nid = 'x'\nactions = ['rds:DeleteDBCluster']\n";
