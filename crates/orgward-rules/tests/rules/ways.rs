//! Every known way to gain more: open where nothing closes it, and closed by a boundary that denies a part of it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot run should say so")]

use orgward_config::Config;
use orgward_finding::{Status, Verdict};
use orgward_org::Organization;
use orgward_plan::{Document, Plan};
use orgward_proof::access::{Way, WayKind, ways};
use orgward_rules::catalog::RULES;
use serde_json::{Value, json};

const ACCOUNT: &str = "333333333333";
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const RULES_ABOUT_WAYS: [&str; 3] = ["open-pass-role", "privilege-escalation", "unbounded-delegation"];

fn policy(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn allow(actions: &[&str]) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": "*" })
}

/// A resource that the plan creates, with all of its values known.
#[expect(clippy::needless_pass_by_value, reason = "callers make the values for it")]
fn created(kind: &str, name: &str, values: Value) -> Value {
    json!({
        "address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": { "actions": ["create"], "before": null, "after": values, "after_unknown": {} },
    })
}

fn role(name: &str, principal: &Value, boundary: Option<&str>) -> Value {
    let trust = policy(&[json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" })]);
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    let values = json!({ "name": name, "path": "/", "arn": arn, "assume_role_policy": trust, "permissions_boundary": boundary });
    created("aws_iam_role", name, values)
}

fn user(name: &str, boundary: Option<&str>) -> Value {
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/{name}");
    created(
        "aws_iam_user",
        name,
        json!({ "name": name, "path": "/", "arn": arn, "permissions_boundary": boundary }),
    )
}

fn attached(word: &str, name: &str) -> Value {
    let kind = format!("aws_iam_{word}_policy_attachment");
    created(&kind, name, json!({ word: name, "policy_arn": ADMINISTRATOR }))
}

/// What runs as the role `boss`.
fn runtime(kind: &str) -> Vec<Value> {
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/boss");
    let profile = created("aws_iam_instance_profile", "boss", json!({ "name": "boss", "role": "boss" }));
    let values = match kind {
        "aws_apprunner_service" => json!({ "instance_configuration": [{ "instance_role_arn": arn }] }),
        "aws_bedrockagentcore_code_interpreter" => json!({ "execution_role_arn": arn }),
        "aws_cloudformation_stack" => json!({ "iam_role_arn": arn }),
        "aws_codebuild_project" => json!({ "service_role": arn }),
        "aws_instance" => json!({ "iam_instance_profile": "boss" }),
        "aws_launch_template" => json!({ "iam_instance_profile": [{ "name": "boss" }] }),
        "aws_lambda_function" => json!({ "role": arn }),
        _ => json!({ "role_arn": arn }),
    };
    vec![profile, created(kind, "job", values)]
}

/// The resources of a way: a worker with the permissions, and what it takes for them to lead to an administrator.
fn story(way: &Way, boundary: Option<&str>) -> Vec<Value> {
    let mut permissions = way.permissions.clone();
    let nobody = json!({ "Service": "ec2.amazonaws.com" });
    let mut rows = Vec::new();
    match way.kind {
        WayKind::Pass => {
            permissions.push("iam:PassRole");
            rows.push(role("boss", &json!({ "Service": way.services[0] }), None));
            rows.push(attached("role", "boss"));
        }
        WayKind::Run => {
            rows.push(role("boss", &nobody, None));
            rows.push(attached("role", "boss"));
            rows.extend(runtime(way.runs[0]));
        }
        WayKind::Assume => {
            let worker = format!("arn:aws:iam::{ACCOUNT}:role/worker");
            rows.push(role("boss", &json!({ "AWS": worker }), None));
            rows.push(attached("role", "boss"));
        }
        WayKind::Change => {}
    }
    let as_user = [
        "iam:PutUserPolicy",
        "iam:AttachUserPolicy",
        "iam:PutGroupPolicy",
        "iam:AttachGroupPolicy",
        "iam:AddUserToGroup",
    ];
    let about_users = ["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"];
    let takes = |list: &[&str]| permissions.iter().any(|it| list.contains(it));
    if takes(&about_users) {
        rows.push(user("boss", None));
        rows.push(attached("user", "boss"));
    }
    if takes(&["iam:UpdateAssumeRolePolicy"]) && permissions.len() == 1 {
        rows.push(role("boss", &nobody, None));
        rows.push(attached("role", "boss"));
    }
    let word = if takes(&as_user) && !takes(&about_users) { "user" } else { "role" };
    rows.push(if word == "user" { user("worker", boundary) } else { role("worker", &nobody, boundary) });
    let text = policy(&[allow(&permissions)]);
    if takes(&["iam:CreatePolicyVersion"]) {
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/work");
        rows.push(created(
            "aws_iam_policy",
            "work",
            json!({ "name": "work", "path": "/", "arn": arn, "policy": text }),
        ));
        let kind = format!("aws_iam_{word}_policy_attachment");
        rows.push(created(&kind, "work", json!({ word: "worker", "policy_arn": arn })));
    } else {
        let kind = format!("aws_iam_{word}_policy");
        rows.push(created(&kind, "worker", json!({ word: "worker", "name": "access", "policy": text })));
    }
    if word == "user" {
        let joins = takes(&["iam:AddUserToGroup"]);
        let arn = format!("arn:aws:iam::{ACCOUNT}:group/team");
        rows.push(created("aws_iam_group", "team", json!({ "name": "team", "path": "/", "arn": arn })));
        if joins {
            rows.push(created(
                "aws_iam_group_policy_attachment",
                "team",
                json!({ "group": "team", "policy_arn": ADMINISTRATOR }),
            ));
        } else {
            rows.push(created(
                "aws_iam_user_group_membership",
                "worker",
                json!({ "user": "worker", "groups": ["team"] }),
            ));
        }
    }
    rows
}

/// The rules that report the worker of a plan.
fn found(rows: &[Value]) -> Vec<&'static str> {
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": rows,
        "applyable": true, "complete": true, "errored": false,
    });
    let document = Document::decode("plan.json", plan.to_string().into_bytes()).unwrap();
    let plans = [Plan::parse(&document).unwrap()];
    let config = Config::default();
    let change = Organization::of(&plans, &[], &config.declared());
    let findings = orgward_rules::check(RULES, &change, &config, &[]);
    let about = findings.iter().filter(|finding| {
        finding.status == Status::New
            && finding.verdict == Verdict::Found
            && finding.subject.contains("worker")
    });
    about.map(|finding| finding.rule).filter(|rule| RULES_ABOUT_WAYS.contains(rule)).collect()
}

#[test]
fn every_known_way_is_found_where_nothing_closes_it() {
    for way in ways() {
        let rules = found(&story(&way, None));
        assert!(!rules.is_empty(), "{} is not found", way.id);
    }
}

#[test]
fn a_boundary_that_denies_a_part_closes_every_way() {
    for way in ways() {
        let denied = if way.kind == WayKind::Pass { "iam:PassRole" } else { way.permissions[0] };
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/cap");
        let text = policy(&[
            allow(&["*"]),
            json!({ "Effect": "Deny", "Action": [denied, "iam:*"], "Resource": "*" }),
        ]);
        let mut rows = story(&way, Some(&arn));
        rows.push(created(
            "aws_iam_policy",
            "cap",
            json!({ "name": "cap", "path": "/", "arn": arn, "policy": text }),
        ));
        let rules = found(&rows);
        // A role that trusts the worker by name needs no permission of it, and a boundary that denies closes it.
        assert!(rules.is_empty(), "{} is found: {rules:?}", way.id);
    }
}
