//! An organization of 10,000 accounts with 50 chains of guardrails: how long it takes to prove what has to be denied.
//!
//! `cargo bench -p orgward-rules`.

#![expect(clippy::expect_used, reason = "a benchmark that cannot run should say so")]

#[path = "support/configuration.rs"]
mod configuration;
mod support;

use divan::Bencher;
use orgward_config::Config;
use orgward_finding::{Gate, Severity};
use orgward_org::Organization;
use orgward_plan::{Document, Plan};
use orgward_rules::Question;

const UNITS: usize = 50;
const ACCOUNTS: usize = 10_000;
/// Every pack, in every account.
const PACKS: &str = r#"
[regions]
allowed = ["eu-central-1", "eu-west-1"]

[[pack]]
name = "baseline"
targets = ["Root/**"]

[[pack]]
name = "amazon-infosec"
targets = ["Root/**"]

[[pack]]
name = "production-data"
targets = ["Root/**"]

[[pack]]
name = "approved-services"
targets = ["Root/**"]
parameters = { services = ["dynamodb", "ecs", "iam", "kms", "logs", "s3", "sts"] }

[[pack]]
name = "boundary-required"
targets = ["Root/**"]
parameters = { boundary = ["arn:aws:iam::*:policy/boundary/application"] }
"#;

fn main() {
    divan::main();
}

/// From the text to the organization.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn build(bencher: Bencher) {
    let state = support::organization(UNITS, ACCOUNTS).into_bytes();
    let config = Config::parse("orgward.toml", configuration::CONFIGURATION).expect("it is a configuration");
    bencher.with_inputs(|| state.clone()).bench_values(|bytes| {
        let document = Document::decode("state.json", bytes).expect("it is text");
        let plan = Plan::parse(&document).expect("it is a state");
        let organization = Organization::of(&[], std::slice::from_ref(&plan), &config.declared());
        assert!(organization.after.accounts().count() > ACCOUNTS);
        organization
    });
}

/// From the organization to the findings, by how many guardrails there are; without any, the region lock alone.
#[divan::bench(sample_count = 5, sample_size = 1, args = [0, 1, 6])]
fn prove(bencher: Bencher, org_policies: usize) {
    let mut config =
        Config::parse("orgward.toml", configuration::CONFIGURATION).expect("it is a configuration");
    config.guardrails.truncate(org_policies);
    audit(bencher, &config);
}

/// The same with every pack that comes with the program, in every account.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn prove_all_packs(bencher: Bencher) {
    audit(bencher, &Config::parse("orgward.toml", PACKS).expect("it is a configuration"));
}

fn audit(bencher: Bencher, config: &Config) {
    let state = support::organization(UNITS, ACCOUNTS).into_bytes();
    let document = Document::decode("state.json", state).expect("it is text");
    let plan = Plan::parse(&document).expect("it is a state");
    let inputs = std::slice::from_ref(&plan);
    let organization = Organization::of(&[], inputs, &config.declared());
    bencher.bench_local(|| {
        let gate = Gate { fail_on: Some(Severity::Medium), existing: true };
        let today = jiff::civil::date(2026, 11, 21);
        let question = Question { gate, today, baseline: &[], allow_incomplete: false, events: None };
        orgward_rules::check_guardrails(&organization, inputs, config, question)
    });
}
