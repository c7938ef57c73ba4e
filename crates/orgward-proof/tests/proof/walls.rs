//! One plan of real Terraform under one policy after another: which of its resources are denied, and no other one.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use orgward_org::{Declared, Organization};
use orgward_plan::{Document, Plan};
use orgward_proof::access::Access;
use orgward_proof::apply::{Policies, walls};
use serde::Deserialize;
use serde_json::{Value, json};

/// A policy, and what it means for the plan.
#[derive(Deserialize)]
struct Case {
    why: String,
    #[serde(rename = "type", default = "scp")]
    kind: String,
    #[serde(default = "production")]
    unit: String,
    statement: Value,
    /// The resources that are denied, without `aws_` and the number of the instance.
    denied: BTreeSet<String>,
    /// Those of which it is unknown.
    #[serde(default)]
    undecided: BTreeSet<String>,
}

fn scp() -> String {
    "SCP".to_owned()
}

fn production() -> String {
    "Prod".to_owned()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn text(file: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(file)).unwrap()
}

/// The organization of another fixture, with another policy: `Prod` with the account 222222222222 and `Dev` with
/// 333333333333, and the policy attached to one of them.
fn organization(case: &Case) -> Vec<u8> {
    let (file, name) = match case.kind.as_str() {
        "RCP" => ("good-rcp", "frozen"),
        _ => ("good-region", "regions"),
    };
    let mut plan: Value = serde_json::from_slice(&text(&format!("denied-apply/{file}.json"))).unwrap();
    plan.as_object_mut().unwrap().remove("planned_values");
    let content = json!({ "Version": "2012-10-17", "Statement": [case.statement] }).to_string();
    let unit = if case.unit == "Prod" { "ou-acme-prod0001" } else { "ou-acme-dev00001" };
    let rows = plan["resource_changes"].as_array_mut().unwrap();
    rows.retain(|row| row["type"].as_str().unwrap().starts_with("aws_organizations_"));
    for row in rows {
        let is_named = row["name"] == name;
        for side in ["before", "after"] {
            let values = &mut row["change"][side];
            match values.as_object().map(|it| (it.contains_key("content"), it.contains_key("target_id"))) {
                Some((true, _)) if is_named => values["content"] = json!(content),
                Some((_, true)) if is_named => values["target_id"] = json!(unit),
                _ => {}
            }
        }
    }
    plan.to_string().into_bytes()
}

fn short(address: &str) -> String {
    address.replace("aws_", "").replace("[0]", "")
}

#[test]
fn a_policy_denies_what_it_says_and_nothing_else() {
    let cases: Vec<Case> = serde_json::from_slice(&text("walls/cases.json")).unwrap();
    assert!(cases.len() >= 80, "{}", cases.len());
    let document = Document::decode("plan.json", text("walls/plan.json")).unwrap();
    let plans = [Plan::parse(&document).unwrap()];
    let mut wrong = Vec::new();
    for case in &cases {
        let context = Document::decode("organization.json", organization(case)).unwrap();
        let context = [Plan::parse(&context).unwrap()];
        let change = Organization::of(&plans, &context, &Declared::default());
        let change = change.as_ref();
        let (before, after) = (Access::of(change.before), Access::of(change.after));
        let (before, after) = (Policies::of(&before), Policies::of(&after));
        let walls = walls(change, &before, &after, None);
        let members = |all: &[&orgward_org::PlannedChange]| -> Vec<String> {
            all.iter().map(|it| short(it.address.as_str())).collect()
        };
        let denied: BTreeSet<String> = walls.denied.iter().flat_map(|wall| members(&wall.members)).collect();
        let undecided: BTreeSet<String> = walls.undecided.values().flat_map(|all| members(all)).collect();
        if (&denied, &undecided) != (&case.denied, &case.undecided) {
            wrong.push(format!(
                "{}: {}\n  denied: {denied:?}\n  right:  {:?}\n  undecided: {undecided:?}\n  right:     {:?}",
                case.why, case.statement, case.denied, case.undecided
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
