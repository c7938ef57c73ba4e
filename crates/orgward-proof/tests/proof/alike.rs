//! Principals that differ in nothing but their account are asked about once, unless a policy names that account.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::path::Path;

use orgward_iam::{Claim, ClaimSpec};
use orgward_org::{Declared, Organization};
use orgward_plan::{Document, Plan};
use orgward_proof::access::{Access, Who};
use serde_json::{Value, json};

/// The accounts 222222222222 and 444444444444 of one unit, each with a role `deploy` that may create users, and with a role
/// that EC2 may assume; and an SCP with these conditions.
fn plan(conditions: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/replay/plan.json");
    let mut plan: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    plan.as_object_mut().unwrap().remove("planned_values");
    plan.as_object_mut().unwrap().remove("configuration");
    let rows = plan["resource_changes"].as_array_mut().unwrap();
    rows.retain(|row| !row["type"].as_str().unwrap().starts_with("aws_organizations_policy"));
    let mut add = |kind: &str, name: &str, account: &str, values: Value| {
        rows.push(json!({
            "address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": { "actions": ["no-op"], "before": values, "after": values, "after_unknown": {},
                "before_identity": { "account_id": account, "region": "" } },
        }));
    };
    let other = json!({ "id": "444444444444", "name": "shop-other", "arn": "arn:aws:organizations::111111111111:account/o-acmeexample1/444444444444",
        "email": "other@example.com", "parent_id": "ou-acme-prod0001", "status": "ACTIVE" });
    add("aws_organizations_account", "other", "111111111111", other);
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":["iam:CreateUser","iam:PassRole"],"Resource":"*","Condition":{{{conditions}}}}}]}}"#
    );
    let values =
        json!({ "id": "p-users", "name": "users", "type": "SERVICE_CONTROL_POLICY", "content": text });
    add("aws_organizations_policy", "users", "111111111111", values);
    let values = json!({ "policy_id": "p-users", "target_id": "ou-acme-prod0001" });
    add("aws_organizations_policy_attachment", "users", "111111111111", values);
    let trust = |service: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        )
    };
    let own = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:CreateUser","iam:PassRole","ec2:RunInstances"],"Resource":"*"}]}"#;
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    for account in ["222222222222", "444444444444"] {
        let arn = |role: &str| format!("arn:aws:iam::{account}:role/{role}");
        for (role, service) in [("deploy", "codebuild.amazonaws.com"), ("server", "ec2.amazonaws.com")] {
            let values = json!({ "id": role, "name": role, "arn": arn(role), "path": "/", "assume_role_policy": trust(service) });
            add("aws_iam_role", &format!("{role}_{account}"), account, values);
        }
        let values = json!({ "id": "deploy:own", "role": arn("deploy"), "name": "own", "policy": own });
        add("aws_iam_role_policy", &format!("deploy_{account}"), account, values);
        let values = json!({ "role": arn("server"), "policy_arn": admin });
        add("aws_iam_role_policy_attachment", &format!("server_{account}"), account, values);
    }
    plan.to_string()
}

fn with_access<R>(conditions: &str, of: impl FnOnce(&Access<'_>) -> R) -> R {
    let document = Document::decode("plan.json", plan(conditions).into_bytes()).unwrap();
    let plans = [Plan::parse(&document).unwrap()];
    let change = Organization::of(&plans, &[], &Declared::default());
    of(&Access::of(&change.after))
}

/// The roles `deploy` that can create users, and those that gain what `server` can, with the role that they pass.
fn found(conditions: &str) -> (Vec<String>, Vec<(String, String)>) {
    with_access(conditions, |access| {
        let arn = |id| access.subject(id).unwrap().arn.clone();
        let spec = ClaimSpec { actions: Some(vec!["iam:CreateUser".to_owned()]), ..ClaimSpec::default() };
        let who = access.who(&Claim::new(spec).unwrap(), false).into_iter();
        let who = who.filter_map(|it| if let Who::Subject(id) = it.who { Some(arn(id)) } else { None });
        let gains = access.gains().map(|(id, gain)| {
            let passed = gain.path.iter().flat_map(|step| &step.edge.requests);
            (
                arn(id),
                passed.map(|it| it.resource.clone()).find(|it| it.contains(":role/")).unwrap_or_default(),
            )
        });
        (who.filter(|arn| arn.ends_with("/deploy")).collect(), gains.collect())
    })
}

fn both() -> Vec<String> {
    ["222222222222", "444444444444"].map(|it| format!("arn:aws:iam::{it}:role/deploy")).to_vec()
}

#[test]
fn principals_that_are_alike_get_the_same_answer_in_their_own_account() {
    let (who, gains) = found(r#""Bool":{"aws:ViaAWSService":"true"}"#);
    assert_eq!(who, both());
    let server = |account: &str| format!("arn:aws:iam::{account}:role/server");
    let expected = both().into_iter().zip(["222222222222", "444444444444"].map(server)).collect::<Vec<_>>();
    assert_eq!(gains, expected);
}

/// The condition exempts the role of one account, and not the one that is like it in the other.
#[test]
fn a_policy_that_names_one_account_treats_it_unlike_the_other() {
    for (account, only) in both().iter().zip(["222222222222", "444444444444"]) {
        let (who, gains) = found(&format!(r#""ArnNotLike":{{"aws:PrincipalArn":"{account}"}}"#));
        assert_eq!(who, std::slice::from_ref(account));
        let gains: Vec<String> = gains.into_iter().map(|(arn, _)| arn).collect();
        assert_eq!(gains, std::slice::from_ref(account));
        let (who, _) = found(&format!(r#""StringNotEquals":{{"aws:PrincipalAccount":"{only}"}}"#));
        assert_eq!(who, std::slice::from_ref(account));
    }
}
