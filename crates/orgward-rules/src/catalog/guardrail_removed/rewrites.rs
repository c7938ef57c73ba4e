//! One policy, written in other words: what is lost, and that nothing is.

use orgward_finding::{Finding, Severity, Verdict};
use serde_json::{Value, json};

use super::GUARDRAIL_REMOVED;
use crate::testing::{fixtures, review_text};

/// The plan of a story of this rule, changed.
fn findings_of(story: &str, change: impl FnOnce(&mut Vec<Value>)) -> Vec<Finding> {
    let text = std::fs::read(fixtures("guardrail-removed").join(format!("{story}.json"))).unwrap();
    let mut plan: Value = serde_json::from_slice(&text).unwrap();
    change(plan["resource_changes"].as_array_mut().unwrap());
    let review = review_text(&format!("{story}.json"), plan.to_string().into_bytes(), "");
    review.findings.into_iter().filter(|it| it.rule == GUARDRAIL_REMOVED.info.id).collect()
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

/// What is found when the statements of a policy become others.
fn rewritten(before: &str, after: &str) -> Vec<Finding> {
    findings_of("bad-weaker-text", |rows| {
        let row = rows.iter_mut().find(|row| row["type"] == "aws_organizations_policy").unwrap();
        row["change"]["before"]["content"] = document(before).into();
        row["change"]["after"]["content"] = document(after).into();
    })
}

fn deny(rest: &str) -> String {
    format!(r#"{{"Effect":"Deny",{rest}}}"#)
}

#[test]
fn equal_meaning_in_other_words_is_no_loss() {
    let lock = |list: &str, condition: &str| {
        deny(&format!(r#""NotAction":{list},"Resource":"*","Condition":{{{condition}}}"#))
    };
    let regions = r#""StringNotEquals":{"aws:RequestedRegion":["eu-west-1","eu-central-1"]}"#;
    let all = deny(r#""Action":"s3:*","Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"]"#);
    let buckets = deny(r#""Action":"s3:*","Resource":"arn:aws:s3:::logs""#);
    let objects = deny(r#""Action":"S3:*","Resource":"arn:aws:s3:::logs/*""#);
    let equal = [
        (lock(r#"["iam:*","sts:*"]"#, regions), lock(r#"["STS:*","iam:Get*","iam:*"]"#, regions)),
        (
            lock(r#""iam:*""#, regions),
            lock(
                r#""iam:*""#,
                r#""StringNotEqualsIfExists":{"aws:RequestedRegion":["eu-central-1","eu-west-1"]}"#,
            ),
        ),
        (all.clone(), format!("{buckets},{objects}")),
        // A part for each side of a condition that is always there.
        (
            deny(r#""Action":"sqs:*","Resource":"*""#),
            ["true", "false"]
                .map(|it| {
                    deny(&format!(
                        r#""Action":"sqs:*","Resource":"*","Condition":{{"Bool":{{"aws:SecureTransport":"{it}"}}}}"#
                    ))
                })
                .join(","),
        ),
        // Of members of the organization only, which all are whom it binds.
        (
            deny(r#""Action":"sqs:*","Resource":"*""#),
            deny(
                r#""Action":"sqs:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-acmeexample"}}"#,
            ),
        ),
        (
            deny(
                r#""Action":"sqs:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"999999999999"}}"#,
            ),
            deny(r#""Action":"sqs:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"222222222222"}}"#),
        ),
    ];
    for (before, after) in equal {
        assert_eq!(rewritten(&before, &after), [], "{before}\n{after}");
    }
}

#[test]
fn what_slips_through_is_told() {
    let old = deny(r#""Action":["sqs:DeleteQueue","sns:DeleteTopic"],"Resource":"*""#);
    let cases = [
        (
            deny(r#""Action":"sqs:DeleteQueue","Resource":"*""#),
            "`audit-trail` no longer denies `sns:DeleteTopic`",
        ),
        (
            deny(r#""Action":["sqs:DeleteQueue","sns:DeleteTopic"],"Resource":"arn:aws:*:*:*:prod-*""#),
            "`audit-trail` denies less than it does today",
        ),
        (
            deny(
                r#""Action":["sqs:DeleteQueue","sns:DeleteTopic"],"Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#,
            ),
            "`audit-trail` denies less than it does today",
        ),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#.to_owned(),
            "`audit-trail` no longer denies `sns:DeleteTopic` and `sqs:DeleteQueue`",
        ),
    ];
    for (new, message) in cases {
        let found = rewritten(&old, &new);
        let told: Vec<_> = found.iter().map(|it| (it.verdict, it.severity, it.message.as_str())).collect();
        assert_eq!(told, [(Verdict::Found, Severity::High, message)], "{new}");
        let witness = found[0].witness.as_ref().expect("there is a request");
        assert!(["sns:DeleteTopic", "sqs:DeleteQueue"].contains(&witness.action.as_str()), "{witness:?}");
        assert!(witness.principal.contains(":222222222222:"), "{witness:?}");
    }
}

#[test]
fn a_request_that_aws_never_gets_is_missed_mildly() {
    // Instances are described all at once: the resource is `*`.
    let found = rewritten(
        &deny(r#""Action":"ec2:DescribeInstances","Resource":"arn:aws:ec2:*:*:instance/*""#),
        &deny(r#""Action":"sqs:*","Resource":"*""#),
    );
    assert_eq!(found.iter().map(|it| it.severity).collect::<Vec<_>>(), [Severity::Low], "{found:?}");
}

#[test]
fn what_cannot_be_decided_is_said_and_not_dropped() {
    let patterns = |from: usize| {
        let list = (from..from + 150).map(|at| format!("s3:*{}*{}*{}*", at % 10, at % 7, at % 13));
        deny(&format!(r#""Action":{},"Resource":"*""#, json!(list.collect::<Vec<_>>())))
    };
    let found = rewritten(&patterns(0), &patterns(7));
    let told: Vec<_> = found.iter().map(|it| it.verdict).collect();
    assert_eq!(told, [Verdict::Unverifiable], "{found:?}");
    assert!(found[0].notes.iter().any(|note| note.contains("budget")), "{:?}", found[0].notes);
}

#[test]
fn nothing_of_a_sensitive_text_is_told() {
    let found = findings_of("bad-weaker-text", |rows| {
        let row = rows.iter_mut().find(|row| row["type"] == "aws_organizations_policy").unwrap();
        row["change"]["before_sensitive"]["content"] = true.into();
        row["change"]["after_sensitive"]["content"] = true.into();
    });
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].witness, None);
    let told = format!("{} {:?} {:?}", found[0].message, found[0].notes, found[0].snippets);
    assert!(!told.contains("cloudtrail:"), "{told}");
}

#[test]
fn a_denial_for_one_place_is_no_denial_elsewhere() {
    // The policy stays where it is, above both units; the account leaves the one that it is about.
    let found = findings_of("bad-moved-account", |rows| {
        for row in rows {
            for side in ["before", "after"] {
                let kind = row["type"].as_str().unwrap().to_owned();
                if kind == "aws_organizations_policy_attachment" {
                    row["change"][side]["target_id"] = "r-acme".into();
                }
                if kind == "aws_organizations_policy" {
                    row["change"][side]["content"] = document(&deny(
                        r#""Action":"sqs:*","Resource":"*","Condition":{"ForAnyValue:StringLike":
                           {"aws:PrincipalOrgPaths":"o-acmeexample/r-acme/ou-acme-prod0000/*"}}"#,
                    ))
                    .into();
                }
            }
        }
    });
    let told: Vec<_> = found.iter().map(|it| (it.verdict, it.accounts.clone())).collect();
    assert_eq!(told, [(Verdict::Unverifiable, vec!["222222222222".to_owned()])]);
}
