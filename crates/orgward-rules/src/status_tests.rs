//! What a plan makes worse is new, what it leaves as it is or makes better is not, and what could not be read before is
//! not existing.

use orgward_finding::{Finding, Status, Verdict};
use serde_json::{Value, json};

use crate::testing::review_text;

/// A plan that changes one attribute of one resource; `None` is unknown after it, and not shown before it.
fn changed(
    kind: &str,
    attribute: &str,
    before: Option<&str>,
    after: Option<&str>,
    rest: &Value,
) -> Vec<Finding> {
    let with = |document: Option<&str>| {
        let mut values = rest.clone();
        if let Some(document) = document {
            values[attribute] = document.into();
        }
        values
    };
    let unknown = if after.is_none() { json!({ attribute: true }) } else { json!({}) };
    let address = format!("{kind}.it");
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "complete": true, "applyable": true,
        "planned_values": { "root_module": { "resources": [{
            "address": address, "mode": "managed", "type": kind, "name": "it", "values": with(after),
            "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 0, "sensitive_values": {},
        }] } },
        "resource_changes": [{
            "address": address, "mode": "managed", "type": kind, "name": "it",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {
                "actions": ["update"], "before": with(before), "after": with(after), "after_unknown": unknown,
                "before_sensitive": {}, "after_sensitive": {},
            },
        }],
        "configuration": { "root_module": { "resources": [{
            "address": address, "mode": "managed", "type": kind, "name": "it", "provider_config_key": "aws",
            "expressions": { attribute: { "references": ["var.document"] } }, "schema_version": 0,
        }] } },
    });
    review_text("plan.json", plan.to_string().into_bytes(), "").findings
}

fn trust(before: Option<&str>, after: Option<&str>) -> Vec<(String, Status, Verdict)> {
    let role = json!({ "name": "it", "path": "/", "arn": "arn:aws:iam::222222222222:role/it" });
    let findings = changed("aws_iam_role", "assume_role_policy", before, after, &role);
    let of = findings.into_iter().filter(|finding| finding.rule.ends_with("-trust"));
    of.map(|finding| (finding.rule.to_owned(), finding.status, finding.verdict)).collect()
}

fn admits(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

fn everybody_of(organization: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{{"StringEquals":{{"aws:PrincipalOrgID":"{organization}"}}}}}}"#
    )
}

const LAMBDA: &str =
    r#"{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}"#;

/// Nothing says which organization is the own one, so that neither is decided; the requests are others, though.
#[test]
fn another_organization_is_new() {
    let (ours, theirs) = (admits(&everybody_of("o-aaaaaaaaaa")), admits(&everybody_of("o-bbbbbbbbbb")));
    let public = |status| [("public-trust".to_owned(), status, Verdict::Unverifiable)];
    assert_eq!(trust(Some(&ours), Some(&theirs)), public(Status::New));
    let moved = admits(&format!("{LAMBDA},{}", everybody_of("o-aaaaaaaaaa")));
    assert_eq!(trust(Some(&ours), Some(&moved)), public(Status::Existing), "a service joins");
    let twice = admits(&format!("{},{}", everybody_of("o-aaaaaaaaaa"), everybody_of("o-bbbbbbbbbb")));
    assert_eq!(trust(Some(&twice), Some(&ours)), public(Status::Existing), "one organization less");
    assert_eq!(trust(Some(&ours), Some(&twice)), public(Status::New), "one organization more");
}

#[test]
fn what_could_not_be_read_before_is_not_existing() {
    let public = |status| [("public-trust".to_owned(), status, Verdict::Unverifiable)];
    assert_eq!(trust(None, None), public(Status::New));
    let known = admits(LAMBDA);
    assert_eq!(trust(Some(&known), None), public(Status::New));
}

#[test]
fn fewer_accounts_are_no_news_and_more_are() {
    let named = |accounts: &[&str]| {
        let roots: Vec<String> = accounts.iter().map(|id| format!(r#""arn:aws:iam::{id}:root""#)).collect();
        admits(&format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":[{}]}},"Action":"s3:GetObject","Resource":"arn:aws:s3:::reports/*"}}"#,
            roots.join(",")
        ))
    };
    let statuses = |before: &str, after: &str| -> Vec<(String, Status)> {
        let bucket = json!({ "bucket": "reports", "id": "reports" });
        let findings = changed("aws_s3_bucket_policy", "policy", Some(before), Some(after), &bucket);
        let of = findings.into_iter().filter(|finding| finding.rule == "external-resource");
        of.map(|finding| {
            let account =
                ["888888888888", "999999999999"].into_iter().find(|id| finding.message.contains(id));
            (account.unwrap_or_default().to_owned(), finding.status)
        })
        .collect()
    };
    let (one, two) = (named(&["999999999999"]), named(&["888888888888", "999999999999"]));
    assert_eq!(statuses(&two, &one), [("999999999999".to_owned(), Status::Existing)]);
    let mut more = statuses(&one, &two);
    more.sort();
    assert_eq!(
        more,
        [("888888888888".to_owned(), Status::New), ("999999999999".to_owned(), Status::Existing)]
    );
}
