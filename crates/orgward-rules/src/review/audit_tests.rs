//! An organization as it is, judged without a plan.

use std::collections::BTreeSet;

use orgward_config::Config;
use orgward_finding::{Finding, Gate, ReviewKind, Severity, Status};
use orgward_org::{Change, Organization};
use orgward_plan::{Document, Plan};

use crate::catalog::RULES;
use crate::testing::{fixtures, names};
use crate::{Checked, Question, Rule};

use super::{OF_A_CHANGE, Run};

/// What a rule finds in an audit where the plan of a fixture is applied.
fn audited(rule: &Rule, name: &str) -> Vec<Finding> {
    let run = Run { kind: ReviewKind::Audit, ..Run::default() };
    let folder = rule.info.id;
    let config = std::fs::read_to_string(fixtures(folder).join("orgward.toml")).unwrap_or_default();
    let text = std::fs::read(fixtures(folder).join(format!("{name}.json"))).unwrap();
    let document = Document::decode(format!("{name}.json"), text).unwrap();
    let inputs = [Plan::parse(&document).unwrap()];
    let config = Config::parse("orgward.toml", &config).unwrap();
    let after = Organization::of(&inputs, &[], &config.declared()).after;
    let organization = Change { before: Organization::default(), after };
    let gate = Gate { fail_on: Some(Severity::Medium), existing: true };
    let today = jiff::civil::date(2026, 11, 21);
    let question = Question { gate, today, baseline: &[], allow_incomplete: true, events: None };
    let review = Checked::by(&[rule], &organization, &inputs, &config, run).judged(question);
    assert!(review.changes.is_empty(), "an audit changes nothing");
    review.findings
}

/// Rules that judge what a plan does: an organization as it is has nothing for them.
const ABOUT_A_CHANGE: [&str; 11] = [
    "dangling-trust",
    "guardrail-removed",
    "lost-contact",
    "lost-root-control",
    "lost-trusted-access",
    "open-block",
    "weakened-boundary",
    "weakened-default",
    "weakened-detection",
    "weakened-management-policy",
    "weakened-trail",
];

/// Fixtures where an audit has another answer.
const OTHERWISE: [&str; 2] = [
    // A unit without accounts is a mistake of the plan that makes it.
    "inert-guardrail/bad-empty-ou",
    // What hides findings did so before the plan, too.
    "weakened-detection/good-archived-as-before",
];

/// What a rule finds in a plan, an audit finds once it is applied, and nothing where the rule finds nothing.
#[test]
fn what_a_review_finds_an_audit_finds_once_it_is_applied() {
    let mut quiet = BTreeSet::new();
    let mut loud = Vec::new();
    for rule in RULES.iter().filter(|rule| !OF_A_CHANGE.contains(&rule.info.id)) {
        let id = rule.info.id;
        for name in names(id).into_iter().filter(|name| !OTHERWISE.contains(&&*format!("{id}/{name}"))) {
            let found: Vec<_> = audited(rule, &name).into_iter().filter(|it| it.rule == id).collect();
            assert!(
                found.iter().all(|it| it.status != Status::New),
                "{id}/{name}: nothing is new in an audit"
            );
            match (name.starts_with("bad-"), found.is_empty()) {
                (true, true) if !ABOUT_A_CHANGE.contains(&id) => {
                    quiet.insert(format!("{id}/{name}"));
                }
                (false, false) => loud.push(format!("{id}/{name}: {}", found[0].message)),
                _ => {}
            }
        }
    }
    assert_eq!((quiet, loud), (BTreeSet::new(), Vec::new()));
}
