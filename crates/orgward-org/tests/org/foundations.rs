//! What AWS recommends, and which settings follow it: a landing zone of real Terraform with one more setting at a time.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::path::Path;

use orgward_org::{Declared, Organization};
use orgward_plan::{Document, Plan};
use serde_json::{Value, json};

/// What is missing once these resources are created, in the order of the list.
fn missing(more: &[(&str, Value)]) -> Vec<&'static str> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/landing-zone/plan.json");
    let mut plan: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    plan.as_object_mut().unwrap().remove("planned_values");
    let rows = plan["resource_changes"].as_array_mut().unwrap();
    for (address, values) in more {
        let (kind, name) = address.split_once('.').unwrap();
        rows.push(json!({
            "address": address, "mode": "managed", "type": kind, "name": name,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": { "actions": ["create"], "before": null, "after": values, "after_unknown": {} },
        }));
    }
    let document = Document::decode("plan.json", plan.to_string().into_bytes()).unwrap();
    let plans = [Plan::parse(&document).unwrap()];
    let after = Organization::of(&plans, &[], &Declared::default()).after;
    after.missing_foundations().into_iter().map(|foundation| foundation.what).collect()
}

const ROOT_CREDENTIALS: &str = "central root access: root credentials";
const ROOT_SESSIONS: &str = "central root access: root sessions";
const OPERATIONS: &str = "operations contact";
const BILLING: &str = "billing contact";
const METADATA: &str = "IMDSv2 by default";
const SNAPSHOTS: &str = "no public snapshots";
const IMAGES: &str = "no public images";
const BUCKETS: &str = "no public buckets";

/// A management policy, attached to the root or not.
fn policy(kind: &str, content: &Value, target: Option<&str>) -> Vec<(&'static str, Value)> {
    let policy =
        json!({ "id": "p-more000001", "name": "more", "type": kind, "content": content.to_string() });
    let mut rows = vec![("aws_organizations_policy.more", policy)];
    if let Some(target) = target {
        let attachment = json!({ "id": format!("{target}:p-more000001"), "policy_id": "p-more000001", "target_id": target });
        rows.push(("aws_organizations_policy_attachment.more", attachment));
    }
    rows
}

#[test]
fn each_recommendation_is_missing_until_a_setting_follows_it() {
    let all = [ROOT_CREDENTIALS, ROOT_SESSIONS, OPERATIONS, BILLING, METADATA, SNAPSHOTS, IMAGES, BUCKETS];
    assert_eq!(missing(&[]), all, "the landing zone has a security contact and nothing else of the list");
    let contact = |kind: &str| {
        let values = json!({ "id": "contact", "alternate_contact_type": kind, "email_address": "ops@harbor.example", "name": "Team" });
        vec![("aws_account_alternate_contact.more", values)]
    };
    let features = |names: &[&str]| {
        vec![(
            "aws_iam_organizations_features.this",
            json!({ "id": "o-harbor00001", "enabled_features": names }),
        )]
    };
    let metadata = |tokens: &str| {
        vec![(
            "aws_ec2_instance_metadata_defaults.this",
            json!({ "id": "eu-central-1", "http_tokens": tokens }),
        )]
    };
    let state =
        |kind: &'static str, state: &str| vec![(kind, json!({ "id": "eu-central-1", "state": state }))];
    let buckets = |restrict: bool| {
        let values = json!({ "id": "101010101010", "account_id": "101010101010", "block_public_acls": true,
            "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": restrict });
        vec![("aws_s3_account_public_access_block.this", values)]
    };
    let ec2 = |attributes: Value| json!({ "ec2_attributes": attributes });
    let assign = |value: &str| json!({ "@@assign": value });
    let root = root();
    let declarative = |content: &Value, target| policy("DECLARATIVE_POLICY_EC2", content, target);
    let tokens = ec2(json!({ "instance_metadata_defaults": { "http_tokens": assign("required") } }));
    for (why, more, followed) in [
        ("root credentials", features(&["RootCredentialsManagement"]), &[ROOT_CREDENTIALS][..]),
        (
            "both features",
            features(&["RootCredentialsManagement", "RootSessions"]),
            &[ROOT_CREDENTIALS, ROOT_SESSIONS],
        ),
        ("no feature", features(&[]), &[]),
        ("operations", contact("OPERATIONS"), &[OPERATIONS]),
        ("billing", contact("BILLING"), &[BILLING]),
        ("tokens are required", metadata("required"), &[METADATA]),
        ("tokens are optional", metadata("optional"), &[]),
        ("tokens by policy", declarative(&tokens, Some(&root)), &[METADATA]),
        ("a policy that is attached to nothing", declarative(&tokens, None), &[]),
        ("a policy of another type", policy("TAG_POLICY", &tokens, Some(&root)), &[]),
        ("snapshots", state("aws_ebs_snapshot_block_public_access.this", "block-all-sharing"), &[SNAPSHOTS]),
        ("snapshots stay open", state("aws_ebs_snapshot_block_public_access.this", "unblocked"), &[]),
        (
            "snapshots by policy",
            declarative(
                &ec2(json!({ "snapshot_block_public_access": { "state": assign("block_new_sharing") } })),
                Some(&root),
            ),
            &[SNAPSHOTS],
        ),
        ("images", state("aws_ec2_image_block_public_access.this", "block-new-sharing"), &[IMAGES]),
        (
            "images stay open by policy",
            declarative(
                &ec2(json!({ "image_block_public_access": { "state": assign("unblocked") } })),
                Some(&root),
            ),
            &[],
        ),
        ("buckets", buckets(true), &[BUCKETS]),
        ("buckets but for one switch", buckets(false), &[]),
        (
            "buckets by policy",
            policy(
                "S3_POLICY",
                &json!({ "s3_attributes": { "public_access_block_configuration": assign("all") } }),
                Some(&root),
            ),
            &[BUCKETS],
        ),
    ] {
        let expected: Vec<&str> = all.into_iter().filter(|it| !followed.contains(it)).collect();
        assert_eq!(missing(&more), expected, "{why}");
    }
}

/// The id of the root in the landing zone.
fn root() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/landing-zone/plan.json");
    let plan: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut rows = plan["resource_changes"].as_array().unwrap().iter();
    let organization = rows.find(|row| row["type"] == "aws_organizations_organization").unwrap();
    organization["change"]["after"]["roots"][0]["id"].as_str().unwrap().to_owned()
}

/// What other stacks set is not known where the inputs do not manage the organization.
#[test]
fn nothing_is_advised_about_an_organization_that_is_not_managed_here() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/walls/plan.json");
    let document = Document::decode("plan.json", std::fs::read(file).unwrap()).unwrap();
    let plans = [Plan::parse(&document).unwrap()];
    let after = Organization::of(&plans, &[], &Declared::default()).after;
    assert_eq!(after.missing_foundations(), []);
}
