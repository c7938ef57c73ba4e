//! A landing zone of real Terraform: it is clean, and each of its protections that a plan takes away is found.

use orgward_finding::{Severity, Status, Verdict};
use serde_json::{Value, json};

use crate::testing::{fixtures, review_text};

/// The rows of the plan that change nothing.
fn plan() -> Value {
    let text = std::fs::read(fixtures("landing-zone").join("plan.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn change<'p>(plan: &'p mut Value, address: &str) -> &'p mut Value {
    // What the edit takes away is planned no more.
    plan.as_object_mut().unwrap().remove("planned_values");
    let rows = plan["resource_changes"].as_array_mut().unwrap();
    let row = rows.iter_mut().find(|row| row["address"] == address);
    &mut row.unwrap_or_else(|| panic!("the landing zone has no `{address}`"))["change"]
}

/// Sets an attribute, by its JSON pointer.
fn set(plan: &mut Value, address: &str, pointer: &str, value: Value) {
    let change = change(plan, address);
    change["actions"] = json!(["update"]);
    *change["after"].pointer_mut(pointer).unwrap_or_else(|| panic!("`{address}` has no `{pointer}`")) = value;
}

fn destroy(plan: &mut Value, address: &str) {
    let change = change(plan, address);
    change["actions"] = json!(["delete"]);
    change["after"] = Value::Null;
}

/// Replaces a text in an attribute that holds a document.
fn rewrite(plan: &mut Value, address: &str, attribute: &str, from: &str, to: &str) {
    let change = change(plan, address);
    change["actions"] = json!(["update"]);
    let text = change["after"][attribute].as_str().unwrap();
    assert!(text.contains(from), "{text}");
    change["after"][attribute] = json!(text.replace(from, to));
}

/// The rules that find something new, with the worst severity of each.
fn new_findings(plan: &Value) -> Vec<(&'static str, Severity)> {
    let review = review_text("plan.json", plan.to_string().into_bytes(), "");
    let new = review.findings.iter().filter(|it| it.status == Status::New && it.verdict == Verdict::Found);
    let mut found: Vec<_> = new.map(|finding| (finding.rule, finding.severity)).collect();
    found.sort();
    found.dedup_by_key(|(rule, _)| *rule);
    found
}

#[test]
fn the_landing_zone_is_clean() {
    let review = review_text("plan.json", plan().to_string().into_bytes(), "");
    let told: Vec<_> = review.findings.iter().map(|it| (it.rule, it.status)).collect();
    // Config's role and the bucket of the trail name no source account, as the configuration is written.
    assert_eq!(told, [("confused-deputy", Status::Existing); 2], "{:#?}", review.findings);
}

macro_rules! taken_away {
    ($($name:ident: $rule:literal, |$plan:ident| $edit:expr;)+) => {
        $(
            #[test]
            fn $name() {
                let mut $plan = plan();
                let $plan = &mut $plan;
                $edit;
                let found = new_findings($plan);
                assert!(
                    found.iter().any(|(rule, severity)| *rule == $rule && *severity >= Severity::Low),
                    "{found:?}"
                );
            }
        )+
    };
}

const ORGANIZATION: &str = "aws_organizations_organization.this";
const ASSIGNMENT: &str = "aws_ssoadmin_account_assignment.developers[\"shop-prod\"]";
const TRAIL: &str = "aws_cloudtrail.organization";

taken_away! {
    the_organization: "departing-account", |plan| destroy(plan, ORGANIZATION);
    an_account: "departing-account", |plan| destroy(plan, "aws_organizations_account.this[\"shop-prod\"]");
    trust_in_cloudtrail: "lost-trusted-access", |plan| set(plan, ORGANIZATION, "/aws_service_access_principals", json!(["sso.amazonaws.com"]));
    service_control_policies: "guardrail-removed", |plan| set(plan, ORGANIZATION, "/enabled_policy_types", json!(["TAG_POLICY", "AISERVICES_OPT_OUT_POLICY"]));
    tag_policies: "weakened-management-policy", |plan| set(plan, ORGANIZATION, "/enabled_policy_types", json!(["SERVICE_CONTROL_POLICY", "AISERVICES_OPT_OUT_POLICY"]));
    the_baseline: "guardrail-removed", |plan| destroy(plan, "aws_organizations_policy_attachment.baseline");
    an_action_of_the_baseline: "guardrail-removed", |plan| rewrite(plan, "aws_organizations_policy.baseline", "content", "guardduty:DeleteDetector", "guardduty:DeleteFilter");
    the_break_glass_role: "forgeable-exemption", |plan| rewrite(
        plan,
        "aws_organizations_policy.baseline",
        "content",
        "\"aws:PrincipalArn\":\"arn:aws:iam::*:role/platform/break-glass\"",
        "\"aws:PrincipalArn\":\"arn:aws:iam::*:role/platform/*\"",
    );
    the_quarantine: "guardrail-removed", |plan| destroy(plan, "aws_organizations_policy_attachment.suspended");
    the_opt_out: "weakened-management-policy", |plan| rewrite(plan, "aws_organizations_policy.ai", "content", "optOut", "optIn");
    the_opt_out_detached: "weakened-management-policy", |plan| destroy(plan, "aws_organizations_policy_attachment.management[\"ai\"]");
    what_tags_are_enforced_for: "weakened-management-policy", |plan| rewrite(plan, "aws_organizations_policy.tags", "content", ",\"s3:bucket\"", "");
    the_administrator: "delegated-policy-control", |plan| set(plan, "aws_guardduty_organization_admin_account.this", "/admin_account_id", json!("999999999999"));
    the_contact: "lost-contact", |plan| set(plan, "aws_account_alternate_contact.security", "/email_address", json!("ops@elsewhere.example"));
    the_trail: "weakened-trail", |plan| destroy(plan, TRAIL);
    the_other_regions: "weakened-trail", |plan| set(plan, TRAIL, "/is_multi_region_trail", json!(false));
    the_other_accounts: "weakened-trail", |plan| set(plan, TRAIL, "/is_organization_trail", json!(false));
    the_logging: "weakened-trail", |plan| set(plan, TRAIL, "/enable_logging", json!(false));
    the_validation: "weakened-trail", |plan| set(plan, TRAIL, "/enable_log_file_validation", json!(false));
    the_key: "weakened-trail", |plan| set(plan, TRAIL, "/kms_key_id", json!(""));
    the_bucket: "weakened-trail", |plan| destroy(plan, "aws_s3_bucket.trail");
    the_lock: "weakened-trail", |plan| destroy(plan, "aws_s3_bucket_object_lock_configuration.trail");
    the_versioning: "weakened-trail", |plan| set(plan, "aws_s3_bucket_versioning.trail", "/versioning_configuration/0/status", json!("Suspended"));
    the_public_access_block: "weakened-trail", |plan| set(plan, "aws_s3_bucket_public_access_block.trail", "/block_public_policy", json!(false));
    the_bucket_policy: "weakened-trail", |plan| rewrite(plan, "aws_s3_bucket_policy.trail", "policy", "s3:DeleteObjectVersion", "s3:GetObjectVersion");
    guardduty: "weakened-detection", |plan| set(plan, "aws_guardduty_detector.this", "/enable", json!(false));
    the_watch_over_buckets: "weakened-detection", |plan| set(plan, "aws_guardduty_detector.this", "/datasources/0/s3_logs/0/enable", json!(false));
    the_administrator_of_guardduty: "weakened-detection", |plan| destroy(plan, "aws_guardduty_organization_admin_account.this");
    the_recorder: "weakened-detection", |plan| destroy(plan, "aws_config_configuration_recorder.this");
    the_types_of_the_recorder: "weakened-detection", |plan| set(plan, "aws_config_configuration_recorder.this", "/recording_group/0/all_supported", json!(false));
    the_recording: "weakened-detection", |plan| set(plan, "aws_config_configuration_recorder_status.this", "/is_enabled", json!(false));
    the_delivery_channel: "weakened-detection", |plan| destroy(plan, "aws_config_delivery_channel.this");
    the_key_itself: "weakened-trail", |plan| destroy(plan, "aws_kms_key.trail");
    the_key_turned_off: "weakened-trail", |plan| set(plan, "aws_kms_key.trail", "/is_enabled", json!(false));
    security_hub: "weakened-detection", |plan| destroy(plan, "aws_securityhub_account.this");
    macie: "weakened-detection", |plan| set(plan, "aws_macie2_account.this", "/status", json!("PAUSED"));
    the_delegated_administrator: "delegated-policy-control", |plan| set(plan, "aws_organizations_delegated_administrator.this[\"guardduty.amazonaws.com\"]", "/account_id", json!("999999999999"));
    the_groups_of_people: "direct-assignment", |plan| set(plan, ASSIGNMENT, "/principal_type", json!("USER"));
    the_management_account: "management-account-identity", |plan| set(plan, ASSIGNMENT, "/target_id", json!("101010101010"));
    what_readers_may_do: "unbounded-permission-set", |plan| set(plan, "aws_ssoadmin_managed_policy_attachment.reader", "/managed_policy_arn", json!("arn:aws:iam::aws:policy/AdministratorAccess"));
    the_aggregator: "weakened-detection", |plan| destroy(plan, "aws_config_configuration_aggregator.this");
}
