//! An organization of any size, as the state that Terraform writes of it.

use serde_json::{Value, json};

/// A state with units that differ in one policy of their own, and accounts spread over them.
pub(crate) fn organization(units: usize, accounts: usize) -> String {
    let mut resources = vec![resource(
        "aws_organizations_organization",
        "this",
        &json!({
            "id": "o-largeexample", "master_account_id": "111111111111",
            "arn": "arn:aws:organizations::111111111111:organization/o-largeexample",
            "enabled_policy_types": ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"],
            "roots": [{ "id": "r-acme", "name": "Root", "policy_types": [] }],
        }),
    )];
    resources.push(unit("runtime", "Runtime", "r-acme"));
    let lock = json!({
        "Effect": "Deny", "Resource": "*",
        "NotAction": [
            "iam:*", "sts:*", "organizations:*", "route53:*", "cloudfront:*", "support:*", "budgets:*", "ce:*",
            "waf:*", "shield:*", "globalaccelerator:*", "health:*", "kms:*", "config:*", "acm:*",
        ],
        "Condition": { "StringNotEquals": { "aws:RequestedRegion": ["eu-central-1", "eu-west-1"] } },
    });
    policy(&mut resources, "lock", "r-acme", &[lock]);
    let baseline = [
        deny(&["organizations:LeaveOrganization"], &Value::Null),
        deny(
            &["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail"],
            // One account is told from all others.
            &json!({ "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::222222222222:role/audit" } }),
        ),
        deny(&["*"], &json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:root" } })),
        deny(
            &[
                "guardduty:DeleteDetector",
                "securityhub:DisableSecurityHub",
                "config:StopConfigurationRecorder",
            ],
            &Value::Null,
        ),
    ];
    policy(&mut resources, "baseline", "r-acme", &baseline);
    for number in 0..units {
        let (name, id) = (format!("unit{number}"), format!("ou-acme-unit{number:04}"));
        resources.push(unit(&format!("unit{number:04}"), &name, "ou-acme-runtime"));
        let data =
            ["rds:DeleteDBCluster", "dynamodb:DeleteTable", "s3:DeleteBucket", "kms:ScheduleKeyDeletion"];
        let owner = format!("arn:aws:iam::*:role/team-{number}/owner");
        let statement = deny(&data, &json!({ "ArnNotLike": { "aws:PrincipalArn": owner } }));
        policy(&mut resources, &name, &id, &[statement]);
    }
    for number in 0..accounts {
        let unit = format!("ou-acme-unit{:04}", number % units.max(1));
        let id = format!("{:012}", 300_000_000_000 + number);
        resources.push(resource(
            "aws_organizations_account",
            &format!("account{number}"),
            &json!({
                "id": id, "name": format!("account{number}"), "email": format!("aws+{number}@example.com"),
                "arn": format!("arn:aws:organizations::111111111111:account/o-largeexample/{id}"),
                "parent_id": unit, "status": "ACTIVE", "tags": {}, "tags_all": {},
            }),
        ));
    }
    json!({
        "format_version": "1.0", "terraform_version": "1.11.4",
        "values": { "root_module": { "resources": resources } },
    })
    .to_string()
}

fn deny(actions: &[&str], condition: &Value) -> Value {
    let mut statement = json!({ "Effect": "Deny", "Action": actions, "Resource": "*" });
    if let (Some(object), false) = (statement.as_object_mut(), condition.is_null()) {
        object.insert("Condition".to_owned(), condition.clone());
    }
    statement
}

fn unit(slug: &str, name: &str, parent: &str) -> Value {
    let id = format!("ou-acme-{slug}");
    let arn = format!("arn:aws:organizations::111111111111:ou/o-largeexample/{id}");
    let values = json!({ "id": id, "arn": arn, "name": name, "parent_id": parent, "accounts": [] });
    resource("aws_organizations_organizational_unit", slug, &values)
}

fn policy(resources: &mut Vec<Value>, name: &str, target: &str, statements: &[Value]) {
    let content = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    let id = format!("p-{name}");
    resources.push(resource(
        "aws_organizations_policy",
        name,
        &json!({
            "id": id, "name": name, "type": "SERVICE_CONTROL_POLICY", "content": content,
            "arn": format!("arn:aws:organizations::111111111111:policy/o-largeexample/service_control_policy/{id}"),
        }),
    ));
    let values = json!({ "id": format!("{target}:{id}"), "policy_id": id, "target_id": target });
    resources.push(resource("aws_organizations_policy_attachment", name, &values));
}

pub(crate) fn resource(kind: &str, name: &str, values: &Value) -> Value {
    json!({
        "address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 0,
        "values": values, "sensitive_values": {},
    })
}
