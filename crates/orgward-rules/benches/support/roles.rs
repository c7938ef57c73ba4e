//! Roles in every account of the organization, and a plan that adds three.

use serde_json::{Value, json};

use super::support::resource;

/// Roles in each account: what they are called, the service that they run in or the account that assumes them, and what
/// they may do. Most accounts have the same ones; every tenth has some of its own.
const ROLES: usize = 20;

/// The organization with 20 roles in each account.
pub(crate) fn roles(units: usize, accounts: usize) -> String {
    use std::fmt::Write as _;
    let base = super::support::organization(units, accounts);
    let (before, after) = base.split_once("\"resources\":[").expect("it has resources");
    let mut out = format!("{before}\"resources\":[");
    for number in 0..accounts {
        let account = 300_000_000_000 + number;
        for role in 0..ROLES {
            // Writing to a string cannot fail.
            let _ = write!(
                out,
                "{},",
                role_of(
                    &account.to_string(),
                    &format!("a{number}r{role}"),
                    &format!("app-{role}"),
                    role,
                    number % 10 == 0
                )
            );
        }
    }
    out + after
}

/// A role with its policy, as a state writes it.
fn role_of(account: &str, label: &str, name: &str, role: usize, is_own: bool) -> Value {
    let text = |value: &Value| value.to_string();
    let principal = match role {
        0 => json!({ "AWS": "arn:aws:iam::222222222222:role/delivery" }),
        1..=3 => json!({ "AWS": format!("arn:aws:iam::{account}:root") }),
        4..=11 => json!({ "Service": "lambda.amazonaws.com" }),
        _ => json!({ "Service": "ec2.amazonaws.com" }),
    };
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal }],
    });
    let suffix = if is_own { account } else { "data" };
    let statement = match role {
        0 => json!({ "Effect": "Allow", "Action": "*", "Resource": "*" }),
        1 => json!({ "Effect": "Allow", "Action": ["iam:Get*", "iam:List*", "s3:List*"], "Resource": "*" }),
        2 => json!({ "Effect": "Allow", "Action": ["iam:PassRole", "lambda:*"], "Resource": "*" }),
        3 => {
            json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": format!("arn:aws:iam::{account}:role/app-*") })
        }
        _ => json!({
            "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": format!("arn:aws:s3:::app-{role}-{suffix}/*"),
        }),
    };
    let arn = format!("arn:aws:iam::{account}:role/{name}");
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    resource(
        "aws_iam_role",
        label,
        &json!({
            "name": name, "path": "/", "arn": arn, "id": name, "assume_role_policy": text(&trust),
            "max_session_duration": 3600, "permissions_boundary": "", "tags": {}, "tags_all": {},
            "inline_policy": [{ "name": "access", "policy": text(&policy) }],
        }),
    )
}

/// A plan that creates three of such roles in one account.
pub(crate) fn three_roles() -> String {
    let rows = [2, 3, 5].into_iter().map(|role| {
        let mut row = role_of("300000000007", &format!("new{role}"), &format!("new-{role}"), role, true);
        let members = row.as_object_mut().expect("it is an object");
        let after = members.remove("values").expect("it has values");
        let change = json!({ "actions": ["create"], "before": null, "after": after, "after_unknown": {} });
        members.insert("change".to_owned(), change);
        row
    });
    let rows: Vec<Value> = rows.collect();
    let configured: Vec<Value> = rows
        .iter()
        .map(|row| {
            let of = |name: &str| row.get(name).cloned().unwrap_or_default();
            json!({ "address": of("address"), "mode": "managed", "type": of("type"), "name": of("name"),
                "provider_config_key": "aws", "expressions": {} })
        })
        .collect();
    let provider = json!({ "name": "aws", "full_name": "registry.terraform.io/hashicorp/aws",
        "expressions": { "allowed_account_ids": { "constant_value": ["300000000007"] } } });
    json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": rows,
        "configuration": { "provider_config": { "aws": provider }, "root_module": { "resources": configured } },
        "applyable": true, "complete": true, "errored": false,
    })
    .to_string()
}
