//! The access of 10,000 accounts with 20 roles each: everything that the rules about identities, grants, resources and
//! paths ask, of the organization as it is, and of a plan that touches three of its roles. Three sizes show the growth.
//!
//! `cargo bench -p orgward-rules --bench access`.

#![expect(clippy::expect_used, reason = "a benchmark that cannot run should say so")]

#[path = "support/roles.rs"]
mod roles;
mod support;

use divan::Bencher;
use orgward_config::Config;
use orgward_finding::{Gate, Severity};
use orgward_org::Organization;
use orgward_plan::{Document, Plan};
use orgward_rules::Question;

/// Numbers of accounts.
const SIZES: [usize; 3] = [2_500, 5_000, 10_000];

fn main() {
    divan::main();
}

fn question() -> Question<'static> {
    let gate = Gate { fail_on: Some(Severity::Medium), existing: false };
    let today = jiff::civil::date(2026, 11, 28);
    Question { gate, today, baseline: &[], allow_incomplete: false, events: None }
}

/// From the organization to the findings, of everything that is there.
#[divan::bench(sample_count = 3, sample_size = 1, args = SIZES)]
fn whole(bencher: Bencher, accounts: usize) {
    let state = roles::roles(50, accounts).into_bytes();
    let document = Document::decode("state.json", state).expect("it is text");
    let plan = Plan::parse(&document).expect("it is a state");
    let inputs = std::slice::from_ref(&plan);
    let config = Config::default();
    let organization = Organization::of(&[], inputs, &config.declared());
    bencher.bench_local(|| orgward_rules::review(&organization, inputs, &config, question()));
}

/// A plan that touches three of the roles, from the texts to the findings.
#[divan::bench(sample_count = 3, sample_size = 1, args = SIZES)]
fn three_roles(bencher: Bencher, accounts: usize) {
    let state = roles::roles(50, accounts).into_bytes();
    let context = Document::decode("state.json", state).expect("it is text");
    let context = Plan::parse(&context).expect("it is a state");
    let change = Document::decode("plan.json", roles::three_roles().into_bytes()).expect("it is text");
    let change = Plan::parse(&change).expect("it is a plan");
    let config = Config::default();
    bencher.bench_local(|| {
        let organization = Organization::of(
            std::slice::from_ref(&change),
            std::slice::from_ref(&context),
            &config.declared(),
        );
        orgward_rules::review(&organization, std::slice::from_ref(&change), &config, question())
    });
}
