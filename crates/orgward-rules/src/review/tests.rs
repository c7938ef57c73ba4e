use orgward_finding::{Accepted, RuleInfo, Severity};
use orgward_plan::Address;

use super::*;
use crate::catalog::RULES;
use crate::testing::{fixtures, names, review_text, review_with};

const RULE: RuleInfo = RuleInfo {
    id: "external-trust",
    summary: "role trusts an outsider",
    severity: Severity::High,
    unverifiable: Severity::Medium,
    docs: "",
};

fn found(addresses: &[(&str, Status)]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = addresses
        .iter()
        .map(|(address, status)| {
            let mut finding = Finding::about(&RULE, Some(&Address::new(*address)));
            finding.status = *status;
            finding
        })
        .collect();
    count(&mut findings);
    findings
}

fn entries(findings: &[Finding]) -> Vec<BaselineEntry> {
    let entry = |finding: &Finding| BaselineEntry {
        rule: finding.rule.to_owned(),
        place: finding.address.as_ref().map(ToString::to_string),
        fingerprint: finding.fingerprint(),
        accepted: Accepted::of(finding),
    };
    findings.iter().map(entry).collect()
}

fn statuses(findings: &[Finding]) -> Vec<Status> {
    findings.iter().map(|finding| finding.status).collect()
}

#[test]
fn positions_that_shift_stay_in_the_baseline() {
    let entries = entries(&found(&[("r.a[0]", Status::Existing), ("r.a[3]", Status::Existing)]));
    let mut shifted = found(&[("r.a[0]", Status::Existing), ("r.a[2]", Status::New)]);
    assert_eq!(baseline(&entries, &mut shifted), []);
    assert_eq!(statuses(&shifted), [Status::Baseline, Status::Baseline]);
}

#[test]
fn one_more_of_the_same_is_not_in_the_baseline() {
    let entries = entries(&found(&[("r.a[1]", Status::Existing)]));
    let mut more = found(&[("r.a[0]", Status::New), ("r.a[1]", Status::Existing)]);
    assert_eq!(baseline(&entries, &mut more), []);
    assert_eq!(statuses(&more), [Status::New, Status::Baseline], "the new one, though it comes first");
}

#[test]
fn what_is_gone_is_told() {
    let entries = entries(&found(&[("r.a[\"x\"]", Status::New), ("r.b", Status::New)]));
    let mut less = found(&[("r.b", Status::New)]);
    let gone = baseline(&entries, &mut less);
    assert_eq!(gone, entries[..1]);
}

#[test]
fn production_is_stricter_than_a_sandbox() {
    let severities = |config: &str| -> Vec<(Option<String>, Severity)> {
        let config = format!("{}\n{config}", include_str!("../../../../fixtures/demo/orgward.toml"));
        let review = review_with("demo", "second", &config);
        let gaps = review.findings.into_iter().filter(|finding| finding.rule == "region-lock-gap");
        gaps.map(|finding| (finding.target, finding.severity)).collect()
    };
    let of = |list: &[(Option<String>, Severity)], path: &str| {
        list.iter().find(|(target, _)| target.as_deref() == Some(path)).unwrap().1
    };
    let list = severities(
        "[[severity_for]]\ntargets = ['Root/Runtime/sandbox']\nrules = ['region-lock-gap']\nat_most = 'low'\n\
         [[severity_for]]\ntargets = ['Root/Runtime/prod*']\nseverity = 'critical'\n",
    );
    assert_eq!(of(&list, "Root/Runtime/sandbox"), Severity::Low);
    assert_eq!(of(&list, "Root/Runtime/prod"), Severity::Critical);
    assert_eq!(of(&list, "Root/Runtime/stage"), Severity::High);

    // Three accounts are in `dev`: to be milder about one of them is no reason to be milder about all of them.
    let list = severities("[[severity_for]]\ntargets = ['555555555555']\nat_most = 'low'\n");
    assert_eq!(of(&list, "Root/Runtime/dev"), Severity::High);
    let list = severities("[[severity_for]]\ntargets = ['555555555555']\nat_least = 'critical'\n");
    assert_eq!(of(&list, "Root/Runtime/dev"), Severity::Critical);
}

/// Lays out every policy document of a plan anew, with its statements in another order if asked.
fn laid_out(value: &mut serde_json::Value, reversed: bool) {
    match value {
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| laid_out(item, reversed)),
        serde_json::Value::Object(map) => map.values_mut().for_each(|item| laid_out(item, reversed)),
        serde_json::Value::String(text) => {
            if let Ok(mut document) = serde_json::from_str::<serde_json::Value>(text)
                && let Some(statements) = document.get_mut("Statement").and_then(|list| list.as_array_mut())
            {
                if reversed {
                    statements.reverse();
                }
                *text = document.to_string();
            }
        }
        _ => {}
    }
}

#[test]
fn statements_in_another_order_are_the_same_findings() {
    let mut compared = 0;
    for rule in RULES {
        let folder = rule.info.id;
        let config = std::fs::read_to_string(fixtures(folder).join("orgward.toml")).unwrap_or_default();
        for name in names(folder) {
            let fingerprints = |reversed| {
                let text = std::fs::read(fixtures(folder).join(format!("{name}.json"))).unwrap();
                let mut plan: serde_json::Value = serde_json::from_slice(&text).unwrap();
                laid_out(&mut plan, reversed);
                let review = review_text("plan.json", plan.to_string().into_bytes(), &config);
                let findings = review.findings.iter().filter(|finding| finding.verdict == Verdict::Found);
                findings.map(Finding::fingerprint).collect::<BTreeSet<_>>()
            };
            let (straight, reversed) = (fingerprints(false), fingerprints(true));
            assert_eq!(straight, reversed, "{folder}/{name}");
            compared += straight.len();
        }
    }
    assert!(compared > 30, "only {compared} findings were compared");
}

/// A rule that finds something where its questions are not bounded together with all others.
const UNBOUNDED: Rule = Rule {
    info: RULE,
    file: file!(),
    check: |_, findings| {
        if orgward_iam::Allowance::current().is_none() {
            findings.list.push(Finding::about(&RULE, Some(&Address::new("r.unbounded"))));
        }
    },
};

/// A pull request may bring policies about which every question takes long; all of them together may not. Both runs of the
/// rules count, on whichever thread they are.
#[test]
fn all_questions_of_a_review_are_bounded_together() {
    let organization = Change { before: Organization::default(), after: Organization::default() };
    let config = Config::default();
    let checked = Checked::by(&[&UNBOUNDED], &organization, &[], &config, Run::default());
    assert_eq!(checked.findings(), []);
    let alone = check(&[&UNBOUNDED], &organization, &config, &[]);
    assert_eq!(statuses(&alone), [Status::Existing], "without a bound, both runs find it");
}
