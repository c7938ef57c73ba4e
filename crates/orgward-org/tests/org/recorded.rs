//! Calls that the table calls certain against what went over the wire: real plans of real runs, which
//! `data/record-calls` recorded.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use orgward_org::{Declared, Organization, calls};
use orgward_plan::{Document, Plan};

/// The types of which changes of a run have certain calls; each of these is on the wire.
fn predicted(operation: &str) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/recorded-calls");
    let wire = std::fs::read_to_string(folder.join(format!("{operation}.calls.json"))).unwrap();
    let wire: BTreeMap<String, Vec<String>> = serde_json::from_str(&wire).unwrap();
    let name = format!("{operation}.json");
    let document = Document::decode(&name, std::fs::read(folder.join(&name)).unwrap()).unwrap();
    let plans = [Plan::parse(&document).unwrap()];
    let change = Organization::of(&plans, &[], &Declared::default());
    let mut predicted = BTreeSet::new();
    for planned in change.after.planned() {
        let made = wire.get(planned.address.as_str()).unwrap();
        let certain = calls::certain(planned);
        if !certain.is_empty() {
            predicted.insert(planned.kind.clone());
        }
        for call in certain {
            assert!(
                made.iter().any(|made| made == call.action),
                "{} of {}: {} is said to be certain, and {made:?} was called",
                operation,
                planned.address,
                call.action
            );
        }
    }
    predicted.len()
}

#[test]
fn what_is_certain_was_called() {
    for operation in ["create", "update", "delete"] {
        let predicted = predicted(operation);
        assert!(predicted >= 30, "{operation}: {predicted}");
    }
}

/// The types that people use most are among those that were recorded.
#[test]
fn the_table_has_the_types_that_people_use() {
    let recorded: Vec<&str> = calls::recorded_types().collect();
    assert!(recorded.len() >= 150, "{}", recorded.len());
    for kind in [
        "aws_iam_role",
        "aws_organizations_policy",
        "aws_s3_bucket",
        "aws_instance",
        "aws_kms_key",
        "aws_lambda_function",
        "aws_dynamodb_table",
        "aws_db_instance",
        "aws_sqs_queue",
        "aws_sns_topic",
        "aws_cloudwatch_log_group",
        "aws_route53_zone",
        "aws_ecs_cluster",
        "aws_ecr_repository",
        "aws_secretsmanager_secret",
        "aws_ssm_parameter",
        "aws_cloudwatch_event_rule",
        "aws_sfn_activity",
        "aws_cloudfront_distribution",
    ] {
        assert!(recorded.contains(&kind), "{kind}");
    }
}
