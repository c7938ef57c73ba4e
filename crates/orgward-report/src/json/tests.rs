use std::path::Path;

use orgward_finding::{Gate, Site};
use serde_json::{Value, json};

use super::*;
use crate::testing;

fn parsed(review: &Review) -> Value {
    serde_json::from_str(&super::json(review, &[&testing::PUBLIC_TRUST, &testing::REGION_LOCK_GAP])).unwrap()
}

#[test]
fn one_of_everything() {
    let review = parsed(&testing::full());
    assert_eq!(review["schema"], 1);
    assert_eq!(review["verdict"], "blocked");
    assert_eq!(review.get("incomplete"), None);
    assert_eq!(review["gate"], json!({ "failOn": "medium", "existing": false, "allowIncomplete": false }));
    assert_eq!(review["summary"]["blocking"], 16);
    assert_eq!(review["summary"]["new"], json!({ "critical": 1, "high": 1, "medium": 14, "low": 1 }));
    assert_eq!(review["summary"]["existing"], json!({ "low": 2 }));
    let rules: Vec<_> = review["rules"].as_array().unwrap().iter().map(|rule| &rule["id"]).collect();
    assert_eq!(rules, ["public-trust", "region-lock-gap"]);
}

#[test]
fn snippets_count_lines_and_columns_from_one() {
    let review = parsed(&testing::full());
    let snippet = &review["findings"][0]["snippets"][0];
    assert_eq!((&snippet["line"], &snippet["column"]), (&json!(6), &json!(20)));
    let text = snippet["text"].as_str().unwrap();
    let (start, end) = (snippet["start"].as_u64().unwrap(), snippet["end"].as_u64().unwrap());
    assert_eq!(&text[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()], r#"{ "AWS": "*" }"#);
}

#[test]
fn an_absent_fact_is_an_absent_key() {
    let review = parsed(&testing::review(vec![testing::parked("sandbox", Status::New)]));
    let finding = review["findings"][0].as_object().unwrap();
    let keys: Vec<_> = finding.keys().map(String::as_str).collect();
    let expected = [
        "address",
        "blocks",
        "confidence",
        "fingerprint",
        "message",
        "rule",
        "severity",
        "status",
        "verdict",
    ];
    assert_eq!(keys, expected);
}

#[test]
fn an_incomplete_plan_blocks_and_says_so() {
    let mut review = testing::review(Vec::new());
    review.inputs[0].doubts.push("planning stopped at an error".into());
    let incomplete = parsed(&review);
    assert_eq!((&incomplete["verdict"], &incomplete["incomplete"]), (&json!("blocked"), &json!(true)));
    assert_eq!(incomplete["inputs"][0]["doubts"], json!(["planning stopped at an error"]));
    review.allow_incomplete = true;
    let accepted = parsed(&review);
    assert_eq!((&accepted["verdict"], accepted.get("incomplete")), (&json!("clean"), None));
}

#[test]
fn of_a_sensitive_text_nothing_is_told() {
    let mut finding = testing::public_trust();
    finding.snippets[0].text = None;
    let review = parsed(&testing::review(vec![finding]));
    assert_eq!(
        review["findings"][0]["snippets"][0],
        json!({ "name": "aws_iam_role.deploy.assume_role_policy", "label": "admits every principal of every account" })
    );
}

#[test]
fn what_was_accepted_says_by_whom() {
    let mut finding = testing::public_trust();
    finding.status = Status::Waived;
    finding.waived = Some(testing::waived());
    let review = parsed(&testing::review(vec![finding, testing::parked("legacy", Status::Baseline)]));
    assert_eq!((&review["verdict"], &review["findings"][0]["status"]), (&json!("clean"), &json!("waived")));
    assert_eq!(review["findings"][0]["waiver"]["owner"], "platform team");
    assert_eq!(
        (&review["summary"]["waived"], &review["summary"]["baseline"]),
        (&json!({ "critical": 1 }), &json!({ "low": 1 }))
    );
}

#[test]
fn nothing_blocks_when_told_so() {
    let mut review = testing::full();
    review.gate = Gate { fail_on: None, existing: true };
    let review = parsed(&review);
    assert_eq!((&review["verdict"], &review["gate"]["failOn"]), (&json!("clean"), &json!("never")));
}

/// `UPDATE_DOCS=1 cargo test` writes the page anew.
#[test]
fn the_example_of_the_documentation_is_real() {
    let mut finding = testing::public_trust();
    finding.site = Some(Site { file: "roles.tf".into(), line: 12 });
    finding.subject("statement 0");
    let mut second = testing::parked("legacy", Status::Existing);
    second.rests_on("`aws_organizations_organization.this` is the organization of every account here");
    let review = testing::review(vec![finding, second, testing::unverifiable(0)]);
    let rules = [&testing::PUBLIC_TRUST, &testing::REGION_LOCK_GAP, &testing::ROOT_PARKED_ACCOUNT];
    let example = super::json(&review, &rules);

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/json.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once("```json\n").unwrap();
    let (written, after) = rest.split_once("```\n").unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}```json\n{example}```\n{after}")).unwrap();
    } else {
        assert_eq!(written, example, "docs/json.md is stale: run `UPDATE_DOCS=1 cargo test`");
    }
}
