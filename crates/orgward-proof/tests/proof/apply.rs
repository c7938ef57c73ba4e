//! How often policies are asked about the calls of an apply.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::path::Path;

use orgward_org::{Declared, Organization};
use orgward_plan::{Document, Plan};
use orgward_proof::access::Access;
use orgward_proof::apply::{Policies, walls};
use serde_json::{Value, json};

/// The questions that the policies after the plan answer, and the resources that are denied, for so many buckets beside
/// each other.
fn asked(buckets: usize) -> (usize, usize) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/denied-apply/bad-region.json");
    let mut text: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    text.as_object_mut().unwrap().remove("planned_values");
    let rows = text["resource_changes"].as_array_mut().unwrap();
    let at = rows.iter().position(|row| row["type"] == "aws_s3_bucket").unwrap();
    let bucket = rows.remove(at);
    for number in 0..buckets {
        let mut row = bucket.clone();
        row["address"] = json!(format!("aws_s3_bucket.exports[{number}]"));
        row["index"] = json!(number);
        row["change"]["after"]["bucket"] = json!(format!("shop-exports-{number}"));
        rows.push(row);
    }
    let document = Document::decode("plan.json", text.to_string().into_bytes()).unwrap();
    let plans = [Plan::parse(&document).unwrap()];
    let change = Organization::of(&plans, &[], &Declared::default());
    let change = change.as_ref();
    let (before, after) = (Access::of(change.before), Access::of(change.after));
    let (before, after) = (Policies::of(&before), Policies::of(&after));
    let walls = walls(change, &before, &after, None);
    (after.questions(), walls.denied.iter().map(|wall| wall.members.len()).sum())
}

/// Names of buckets are nothing that a region lock looks at.
#[test]
fn equal_questions_are_asked_once() {
    let (questions, denied) = asked(1);
    assert_eq!(denied, 1);
    assert_eq!(asked(300), (questions, 300));
}
