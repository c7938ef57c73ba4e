//! Edits of service control policies whose effect is known: `compare` has to say what each does.
//!
//! The policies are written like those that landing zones ship. Each edit knows the answer by how it is made, so that
//! every policy that is added here is compared in some ten new ways.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "an edit that does not fit is a failed test"
)]

use orgward_iam::{Kind, Policy, Relation, compare};
use serde_json::{Value, json};

/// Service control policies as landing zones write them.
fn policies() -> Vec<Value> {
    let exempt = json!(["arn:aws:iam::*:role/Accelerator*", "arn:aws:iam::*:role/ControlTowerExecution"]);
    let spare = json!({ "ArnNotLike": { "aws:PrincipalArn": exempt } });
    let deny = |sid: &str, actions: Value, resources: Value, condition: Value| json!({ "Sid": sid, "Effect": "Deny", "Action": actions, "Resource": resources, "Condition": condition });
    let document = |statements: Vec<Value>| json!({ "Version": "2012-10-17", "Statement": statements });
    vec![
        document(vec![
            deny(
                "Config",
                json!(["config:DeleteConfigRule", "config:PutConfigRule", "config:DeleteEvaluationResults"]),
                json!("*"),
                spare.clone(),
            ),
            deny(
                "Lambda",
                json!(["lambda:AddPermission", "lambda:CreateFunction", "lambda:DeleteFunction"]),
                json!(["arn:aws:lambda:*:*:function:Accelerator*"]),
                spare.clone(),
            ),
        ]),
        document(vec![
            deny(
                "Topics",
                json!(["sns:AddPermission", "sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes"]),
                json!(["arn:aws:sns:*:*:accelerator-*"]),
                spare.clone(),
            ),
            deny(
                "Logs",
                json!(["logs:DeleteLogGroup", "logs:PutRetentionPolicy"]),
                json!(["arn:aws:logs:*:*:log-group:accelerator-*"]),
                spare.clone(),
            ),
        ]),
        document(vec![
            deny(
                "Detectors",
                json!([
                    "guardduty:DeleteDetector",
                    "guardduty:DisassociateMembers",
                    "guardduty:UpdateDetector"
                ]),
                json!("*"),
                spare.clone(),
            ),
            deny(
                "Hub",
                json!(["securityhub:DeleteInsight", "securityhub:DisableSecurityHub"]),
                json!("*"),
                spare.clone(),
            ),
        ]),
        document(vec![
            deny(
                "Networks",
                json!([
                    "ec2:AttachInternetGateway",
                    "ec2:CreateInternetGateway",
                    "ec2:CreateVpcPeeringConnection"
                ]),
                json!("*"),
                spare.clone(),
            ),
            deny(
                "Unencrypted",
                json!(["s3:PutObject", "s3:PutObjectAcl"]),
                json!(["arn:aws:s3:::accelerator-*"]),
                spare.clone(),
            ),
        ]),
        document(vec![
            deny(
                "Roles",
                json!([
                    "iam:AttachRolePolicy",
                    "iam:DeleteRole",
                    "iam:PutRolePolicy",
                    "iam:UpdateAssumeRolePolicy"
                ]),
                json!(["arn:aws:iam::*:role/Accelerator*"]),
                spare.clone(),
            ),
            deny("Keys", json!(["kms:ScheduleKeyDeletion", "kms:DisableKey"]), json!("*"), spare),
        ]),
    ]
}

type Edit = (&'static str, Relation, fn(&mut Value));

/// What each does to a policy of [`policies`], and how the outcome compares.
const EDITS: [Edit; 17] = [
    ("an action is dropped", Relation::Wider, |policy| {
        list(policy, "/Statement/0/Action").remove(0);
    }),
    ("a statement is dropped", Relation::Wider, |policy| {
        list(policy, "/Statement").remove(0);
    }),
    ("an exemption is added", Relation::Wider, |policy| {
        list(policy, "/Statement/0/Condition/ArnNotLike/aws:PrincipalArn")
            .push(json!("arn:aws:iam::*:role/Other"));
    }),
    ("an exemption is widened", Relation::Wider, |policy| {
        let exempt = list(policy, "/Statement/0/Condition/ArnNotLike/aws:PrincipalArn");
        exempt[0] = json!("arn:aws:iam::*:role/Acc*");
    }),
    ("a second condition is added", Relation::Wider, |policy| {
        let condition = policy.pointer_mut("/Statement/0/Condition").unwrap();
        condition["StringNotEquals"] = json!({ "aws:PrincipalTag/team": "platform" });
    }),
    ("the operator is turned round", Relation::Incomparable, |policy| {
        let exempt = list(policy, "/Statement/0/Condition/ArnNotLike/aws:PrincipalArn").clone();
        *policy.pointer_mut("/Statement/0/Condition").unwrap() =
            json!({ "ArnLike": { "aws:PrincipalArn": exempt } });
    }),
    ("an action is added", Relation::Narrower, |policy| {
        list(policy, "/Statement/0/Action").push(json!("organizations:LeaveOrganization"));
    }),
    ("an exemption is dropped", Relation::Narrower, |policy| {
        list(policy, "/Statement/0/Condition/ArnNotLike/aws:PrincipalArn").pop();
    }),
    ("a wildcard takes in more", Relation::Narrower, |policy| {
        let actions = list(policy, "/Statement/0/Action");
        let service = actions[0].as_str().unwrap().split(':').next().unwrap().to_owned();
        actions.push(json!(format!("{service}:*")));
    }),
    ("the order is another one", Relation::Equivalent, |policy| {
        list(policy, "/Statement").reverse();
        list(policy, "/Statement/0/Action").reverse();
    }),
    ("a statement is split in two", Relation::Equivalent, |policy| {
        let mut half = policy.pointer("/Statement/0").unwrap().clone();
        half["Sid"] = json!("Half");
        let moved = list(policy, "/Statement/0/Action").pop().unwrap();
        half["Action"] = json!([moved]);
        list(policy, "/Statement").push(half);
    }),
    ("an action is written in other letters", Relation::Equivalent, |policy| {
        let actions = list(policy, "/Statement/0/Action");
        actions[0] = json!(actions[0].as_str().unwrap().to_ascii_uppercase());
    }),
    ("a wildcard is written twice", Relation::Equivalent, |policy| {
        let exempt = list(policy, "/Statement/0/Condition/ArnNotLike/aws:PrincipalArn");
        exempt[0] = json!(exempt[0].as_str().unwrap().replace('*', "**"));
        let resources = policy.pointer_mut("/Statement/0/Resource").unwrap();
        *resources = json!(resources.as_str().map_or(resources.clone(), |_| json!("**")));
    }),
    ("wildcards take the place of names", Relation::Narrower, |policy| {
        let actions = list(policy, "/Statement/0/Action");
        let service = actions[0].as_str().unwrap().split(':').next().unwrap().to_owned();
        *actions = vec![json!(format!("{service}:*")), json!(format!("{service}:Get*"))];
    }),
    ("a resource is added that another one takes in", Relation::Equivalent, |policy| {
        let resources = policy.pointer_mut("/Statement/0/Resource").unwrap();
        let all = resources.as_array().cloned().unwrap_or_else(|| vec![resources.clone()]);
        let within =
            all[0].as_str().filter(|it| *it != "*").unwrap_or("arn:aws:sqs:*:*:*").replace('*', "x*");
        *resources = json!([all[0], within]);
    }),
    ("the first character of a name is left open", Relation::Narrower, |policy| {
        let actions = list(policy, "/Statement/0/Action");
        let (service, name) = actions[0].as_str().unwrap().split_once(':').unwrap();
        actions[0] = json!(format!("{service}:?{}", &name[1..]));
    }),
    ("an exemption is there twice", Relation::Equivalent, |policy| {
        let exempt = list(policy, "/Statement/0/Condition/ArnNotLike/aws:PrincipalArn");
        let first = exempt[0].clone();
        exempt.push(first);
    }),
];

fn list<'v>(policy: &'v mut Value, pointer: &str) -> &'v mut Vec<Value> {
    policy.pointer_mut(pointer).and_then(Value::as_array_mut).unwrap()
}

#[test]
fn every_edit_is_said_to_be_what_it_is() {
    let read = |value: &Value| Policy::parse(value.to_string(), Kind::ServiceControl).unwrap();
    let mut compared = 0;
    for original in policies() {
        let old = read(&original);
        for (name, expected, edit) in EDITS {
            let mut edited = original.clone();
            edit(&mut edited);
            let new = read(&edited);
            let there = compare(&old, &new);
            assert_eq!(there.relation, expected, "{name}:\n{original}\n{edited}");
            // A witness shows it, and the other way round the answer is the opposite.
            assert_eq!(
                there.gained.witness().is_some(),
                matches!(expected, Relation::Wider | Relation::Incomparable)
            );
            let opposite = match expected {
                Relation::Wider => Relation::Narrower,
                Relation::Narrower => Relation::Wider,
                same => same,
            };
            assert_eq!(compare(&new, &old).relation, opposite, "{name}, the other way round");
            compared += 1;
        }
    }
    assert!(compared >= 50, "{compared}");
}
