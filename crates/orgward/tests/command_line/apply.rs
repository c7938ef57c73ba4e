//! `orgward plan permissions` and `orgward replay`, from the outside.

use crate::support::{Folder, fixture};

#[test]
fn the_least_policy_keeps_certain_and_possible_apart() {
    let plan = fixture("denied-apply/good-region.json").display().to_string();
    let run = Folder::new().run(["plan", "permissions", &plan]);
    assert_eq!(run.code, 0, "{run:?}");
    let entry = &run.json()["permissions"][0];
    assert_eq!(entry["principal"], "arn:aws:iam::222222222222:role/terraform");
    assert_eq!(entry["account"], "222222222222");
    let certain = serde_json::json!([{ "Effect": "Allow", "Action": ["s3:CreateBucket"], "Resource": ["arn:aws:s3:::shop-exports"] }]);
    assert_eq!(entry["certain"]["Statement"], certain);
    assert!(entry["possible"].to_string().contains("s3:GetBucketAcl"), "{entry}");
    let run = Folder::new().run(["plan", "permissions", &plan, "--format", "hcl"]);
    assert!(run.stdout.contains("data \"aws_iam_policy_document\" \"apply\" {"), "{run:?}");
}

#[test]
fn events_are_replayed_through_the_policies_of_a_plan() {
    let (plan, events) = (fixture("replay/plan.json"), fixture("replay/events.json"));
    let (plan, events) = (plan.display().to_string(), events.display().to_string());
    let run = Folder::new().run(["replay", &events, "--plan", &plan, "--format", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let json = run.json();
    assert_eq!((&json["events"], &json["exact"]), (&6.into(), &true.into()), "{json}");
    let denied = serde_json::json!([{
        "account": "222222222222",
        "action": "s3:CreateBucket",
        "count": 2,
        "deniedBy": "SCP `regions` at `Root/Prod`",
        "principal": "arn:aws:iam::222222222222:role/exports",
        "statement": "Regions",
    }]);
    assert_eq!(json["denied"], denied);
    assert_eq!(json["counts"]["pass before and after"], 2, "{json}");
    assert_eq!(json["counts"]["were refused or failed when they were made"], 1, "{json}");
    assert_eq!(json["harmless"], serde_json::json!([]));
}

#[test]
fn a_file_without_events_is_refused() {
    let plan = fixture("replay/plan.json").display().to_string();
    let run = Folder::new().run(["replay", &plan, "--plan", &plan]);
    assert_eq!(run.code, 2, "{run:?}");
}
