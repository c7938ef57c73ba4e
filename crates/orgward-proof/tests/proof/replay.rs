//! Calls that are remembered get the answers that they would get by themselves, whatever policies read of them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::path::Path;

use orgward_org::{Change, Declared, Organization};
use orgward_plan::{Document, Plan};
use orgward_proof::access::Access;
use orgward_proof::replay::{Event, EventContext, Replay, Replayed};
use serde_json::{Value, json};

/// The policies that the plan creates. Between them they read everything that an event says.
const POLICIES: [(&str, &str, &str); 9] = [
    (
        "region",
        "*",
        r#""StringNotEquals":{"aws:RequestedRegion":"eu-west-1"},"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/platform/*"}"#,
    ),
    ("tag", "s3:ListBucket", r#""StringNotEquals":{"aws:PrincipalTag/team":"platform"}"#),
    ("resource-tag", "sqs:*", r#""StringNotEquals":{"aws:ResourceTag/team":"shop"}"#),
    (
        "network",
        "s3:GetObject",
        r#""NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"},"Bool":{"aws:ViaAWSService":"false"}"#,
    ),
    ("endpoint", "s3:PutObject", r#""StringNotEquals":{"aws:SourceVpc":"vpc-1"}"#),
    ("factor", "iam:*", r#""Bool":{"aws:MultiFactorAuthPresent":"false"}"#),
    ("via", "kms:*", r#""Null":{"aws:CalledVia":"true"}"#),
    ("other", "dynamodb:*", r#""StringNotEquals":{"aws:ResourceAccount":"222222222222"}"#),
    ("sent", "ec2:*", r#""Null":{"aws:RequestTag/team":"true"}"#),
];

/// The plan of the fixture with other policies, and a role and a bucket with policies of their own.
fn plan() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/replay/plan.json");
    let mut plan: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    plan.as_object_mut().unwrap().remove("planned_values");
    plan.as_object_mut().unwrap().remove("configuration");
    let rows = plan["resource_changes"].as_array_mut().unwrap();
    rows.retain(|row| !row["type"].as_str().unwrap().starts_with("aws_organizations_policy"));
    let mut add = |kind: &str, name: &str, actions: &str, values: Value| {
        let before = if actions == "create" { Value::Null } else { values.clone() };
        rows.push(json!({
            "address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": { "actions": [actions], "before": before, "after": values, "after_unknown": {} },
        }));
    };
    let mut scp = |name: &str, text: String, actions: &str| {
        let id = format!("p-{name}");
        let values = json!({ "id": id, "name": name, "type": "SERVICE_CONTROL_POLICY", "content": text });
        add("aws_organizations_policy", name, actions, values);
        let values = json!({ "policy_id": id, "target_id": "ou-acme-prod0001" });
        add("aws_organizations_policy_attachment", name, actions, values);
    };
    for (name, action, conditions) in POLICIES {
        let actions = if name == "region" {
            r#""NotAction":["iam:*","sts:*"]"#.to_owned()
        } else {
            format!(r#""Action":"{action}""#)
        };
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny",{actions},"Resource":"*","Condition":{{{conditions}}}}}]}}"#
        );
        scp(name, text, "create");
    }
    let objects = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::secret-*/*"}]}"#;
    scp("objects", objects.to_owned(), "no-op");
    let own = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:*:*:own-*"}]}"#;
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let role = "arn:aws:iam::222222222222:role/known";
    add(
        "aws_iam_role",
        "known",
        "no-op",
        json!({ "id": "known", "name": "known", "arn": role, "path": "/", "assume_role_policy": trust }),
    );
    add(
        "aws_iam_role_policy",
        "known",
        "create",
        json!({ "id": "known:own", "role": "known", "name": "own", "policy": own }),
    );
    add(
        "aws_s3_bucket",
        "data",
        "no-op",
        json!({ "id": "data", "bucket": "data", "arn": "arn:aws:s3:::data" }),
    );
    let refused = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::data/private/*"}]}"#;
    add(
        "aws_s3_bucket_policy",
        "data",
        "create",
        json!({ "id": "data", "bucket": "data", "policy": refused }),
    );
    plan.to_string()
}

const CALLS: [(&str, &str, &[&str]); 9] = [
    ("s3", "ListObjects", &["arn:aws:s3:::data", "arn:aws:s3:::other"]),
    ("s3", "GetObject", &["arn:aws:s3:::data/private/a", "arn:aws:s3:::data/b", "arn:aws:s3:::secret-1/a"]),
    ("s3", "PutObject", &["arn:aws:s3:::other/a", "arn:aws:s3:::secret-1/a"]),
    ("iam", "DeleteRole", &["arn:aws:iam::222222222222:role/a"]),
    (
        "kms",
        "Decrypt",
        &["arn:aws:kms:eu-west-1:222222222222:key/1", "arn:aws:kms:eu-west-1:333333333333:key/1"],
    ),
    (
        "sqs",
        "SendMessage",
        &[
            "arn:aws:sqs:eu-west-1:222222222222:own-1",
            "arn:aws:sqs:eu-west-1:222222222222:shop",
            "arn:aws:sqs:eu-west-1:222222222222:other",
        ],
    ),
    (
        "dynamodb",
        "PutItem",
        &[
            "arn:aws:dynamodb:eu-west-1:222222222222:table/a",
            "arn:aws:dynamodb:eu-west-1:999999999999:table/a",
        ],
    ),
    ("ec2", "RunInstances", &[""]),
    ("sts", "AssumeRole", &[""]),
];
const ROLES: [&str; 4] = [
    "222222222222:role/known",
    "222222222222:role/platform/ci",
    "222222222222:role/exports",
    "333333333333:role/dev",
];
const NETWORKS: [&str; 4] = [
    r#""sourceIPAddress":"203.0.113.5""#,
    r#""sourceIPAddress":"198.51.100.7""#,
    r#""sourceIPAddress":"10.0.0.1","vpcEndpointId":"vpce-1""#,
    r#""sourceIPAddress":"athena.amazonaws.com""#,
];

/// Every call by every role, over every network, and so on: each combination once, so that what is read of one is not read
/// of the next.
fn events() -> Vec<String> {
    let mut events = Vec::new();
    for (service, name, resources) in CALLS {
        for role in ROLES {
            for resource in resources {
                for network in NETWORKS {
                    for region in ["eu-west-1", "us-east-1"] {
                        for factor in ["true", "false"] {
                            for by in ["", r#","invokedBy":"cloudformation.amazonaws.com""#] {
                                let resources = if resource.is_empty() {
                                    String::new()
                                } else {
                                    format!(r#","resources":[{{"ARN":"{resource}"}}]"#)
                                };
                                events.push(format!(
                                    r#"{{"eventTime":"2026-11-20T09:00:00Z","eventSource":"{service}.amazonaws.com","eventName":"{name}",
                                    "awsRegion":"{region}",{network}{resources},"userIdentity":{{"type":"AssumedRole","arn":"arn:aws:sts::1:x",
                                    "sessionContext":{{"sessionIssuer":{{"arn":"arn:aws:iam::{role}"}},"attributes":{{"mfaAuthenticated":"{factor}"}}}}{by}}}}}"#
                                ));
                            }
                        }
                    }
                }
            }
        }
    }
    events
}

fn with_replay<R>(of: impl FnOnce(&dyn Fn(&[&str]) -> Replayed) -> R) -> R {
    let document = Document::decode("plan.json", plan().into_bytes()).unwrap();
    let plans = [Plan::parse(&document).unwrap()];
    let change = Organization::of(&plans, &[], &Declared::default());
    let change: Change<&Organization> = change.as_ref();
    let (before, after) = (Access::of(change.before), Access::of(change.after));
    let context: EventContext = serde_json::from_value(json!({
        "principals": { "arn:aws:iam::222222222222:role/platform/*": { "tags": { "team": "platform" } }, "arn:aws:iam::*:role/exports": { "tags": { "team": "shop" } } },
        "resources": { "arn:aws:sqs:*:*:shop": { "tags": { "team": "shop" } }, "arn:aws:sqs:*:*:other": { "tags": { "team": "other" } } },
        "endpoints": { "vpce-1": { "vpc": "vpc-1", "account": "222222222222" } },
    }))
    .unwrap();
    of(&|texts| {
        let mut replay = Replay::of(change, (&before, &after), &context);
        for text in texts {
            replay.event(&serde_json::from_str::<Event<'_>>(text).unwrap());
        }
        replay.finish()
    })
}

#[test]
fn what_is_remembered_is_what_would_be_said_anew() {
    with_replay(|replayed| {
        let events = events();
        let texts: Vec<&str> = events.iter().map(String::as_str).collect();
        let together = replayed(&texts);
        let mut alone = Replayed::default();
        for text in &texts {
            alone.extend(replayed(&[text]));
        }
        assert_eq!(together, alone);
        // All that can be said is said of some of them.
        assert!(together.passing > 0 && together.denied_already > 0 && together.elsewhere == 0);
        assert!(together.denied.len() > 20 && together.undecided.len() > 1, "{together:?}");
        let by = |part: &str| together.denied.keys().any(|broken| broken.by.contains(part));
        for (name, ..) in POLICIES.iter().filter(|(name, ..)| *name != "sent") {
            assert!(by(&format!("SCP `{name}`")), "{name}");
        }
        assert!(
            by("the policy of the resource") && by("policy `aws_iam_role_policy.known.policy` of the role"),
            "{together:?}"
        );
    });
}

/// Which thread takes which events is nobody's choice.
#[test]
fn parts_of_the_events_add_up_to_the_whole() {
    with_replay(|replayed| {
        let events = events();
        let texts: Vec<&str> = events.iter().map(String::as_str).collect();
        let (odd, even): (Vec<_>, Vec<_>) = texts.iter().enumerate().partition(|(at, _)| at % 2 == 1);
        let texts_of = |part: Vec<(usize, &&'_ str)>| {
            part.into_iter().map(|(_, text)| text.to_string()).collect::<Vec<_>>()
        };
        let (odd, even) = (texts_of(odd), texts_of(even));
        let mut parts = replayed(&even.iter().map(String::as_str).collect::<Vec<_>>());
        parts.extend(replayed(&odd.iter().map(String::as_str).collect::<Vec<_>>()));
        assert_eq!(parts, replayed(&texts));
    });
}
