//! Names of principals are those of one account: another account of the same plan may use them, too.

#![expect(clippy::unwrap_used, reason = "a test that cannot run should say so")]

use orgward_org::{Declared, Organization};
use orgward_plan::{Document, Plan};
use serde_json::{Value, json};

/// A plan with a provider for each of two accounts. Rows: address, provider, values.
fn organization(rows: &[(&str, &str, Value)]) -> Organization {
    let provider = |key: &str, account: &str| {
        json!({"name": "aws", "alias": key.split_once('.').map(|it| it.1), "expressions": {"assume_role": [
            {"role_arn": {"constant_value": format!("arn:aws:iam::{account}:role/terraform")}}]}})
    };
    let changes = rows.iter().map(|(address, _, values)| {
        let (kind, name) = address.split_once('.').unwrap();
        json!({"address": address, "mode": "managed", "type": kind, "name": name,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["create"], "before": null, "after": values, "after_unknown": {"id": true}}})
    });
    let resources = rows.iter().map(|(address, provider, _)| {
        let (kind, name) = address.split_once('.').unwrap();
        json!({"address": address, "mode": "managed", "type": kind, "name": name,
            "provider_config_key": provider, "expressions": {}})
    });
    let plan = json!({"format_version": "1.2", "terraform_version": "1.11.4",
    "resource_changes": changes.collect::<Vec<_>>(),
    "configuration": {
        "provider_config": {"aws": provider("aws", "222222222222"), "aws.dev": provider("aws.dev", "333333333333")},
        "root_module": {"resources": resources.collect::<Vec<_>>()},
    }});
    let document = Document::decode("plan.json", plan.to_string().into_bytes()).unwrap();
    Organization::of(&[Plan::parse(&document).unwrap()], &[], &Declared::default()).after
}

/// The roles, each with its account and how many policies it has.
fn roles(organization: &Organization) -> Vec<(String, usize)> {
    let all = organization.roles().map(|role| {
        let account = organization.symbolic_account(role.id).unwrap_or_default().to_owned();
        (account, role.data.inline.iter().filter(|it| it.must).count() + role.data.managed_arns.len())
    });
    let mut all: Vec<_> = all.collect();
    all.sort();
    all
}

fn role(name: &str, provider: &'static str) -> (String, &'static str, Value) {
    let trust = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    (
        format!("aws_iam_role.{name}"),
        provider,
        json!({"name": "app", "path": "/", "assume_role_policy": trust}),
    )
}

fn attached(name: &str, provider: &'static str) -> (String, &'static str, Value) {
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
    (format!("aws_iam_role_policy_attachment.{name}"), provider, json!({"role": "app", "policy_arn": arn}))
}

fn embedded(name: &str, provider: &'static str) -> (String, &'static str, Value) {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]});
    (
        format!("aws_iam_role_policy.{name}"),
        provider,
        json!({"role": "app", "name": "own", "policy": policy.to_string()}),
    )
}

fn of(rows: &[(String, &'static str, Value)]) -> Vec<(String, usize)> {
    let rows: Vec<_> =
        rows.iter().map(|(address, provider, it)| (address.as_str(), *provider, it.clone())).collect();
    roles(&organization(&rows))
}

fn told(prod: usize, dev: usize) -> Vec<(String, usize)> {
    vec![("222222222222".to_owned(), prod), ("333333333333".to_owned(), dev)]
}

#[test]
fn a_policy_goes_to_the_role_of_its_own_account() {
    let both = || vec![role("prod", "aws"), role("dev", "aws.dev")];
    let with = |more: Vec<_>| of(&both().into_iter().chain(more).collect::<Vec<_>>());
    assert_eq!(with(vec![attached("a", "aws.dev")]), told(0, 1));
    assert_eq!(with(vec![attached("a", "aws")]), told(1, 0));
    assert_eq!(with(vec![embedded("a", "aws.dev")]), told(0, 1));
    assert_eq!(with(vec![embedded("a", "aws"), attached("b", "aws.dev")]), told(1, 1));
}

/// The role that is meant is one of another stack.
#[test]
fn what_another_account_gives_is_not_given_here() {
    let only = vec![role("prod", "aws"), embedded("a", "aws.dev"), attached("b", "aws.dev")];
    assert_eq!(of(&only), [("222222222222".to_owned(), 0)]);
}
