//! Context keys that follow from the caller.

use crate::Kind;
use crate::testing::{request, single};

#[track_caller]
fn check(who: &str, context: &[(&str, &str)], key: &str, expected: Option<&str>) {
    let condition = match expected {
        Some(value) => format!(r#"{{"StringEquals":{{"{key}":"{value}"}}}}"#),
        None => format!(r#"{{"Null":{{"{key}":true}}}}"#),
    };
    let policy = single(
        Kind::Identity,
        &format!(r#""Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}"#),
    );
    let request = request(who, "s3:X", "arn:aws:sqs:eu-west-1:333333333333:q", context);
    assert_eq!(policy.matching(&request).count(), 1, "{who} {key} {expected:?}");
}

#[test]
fn users() {
    let user = "arn:aws:iam::111111111111:user/team/ann";
    check(user, &[], "aws:PrincipalArn", Some(user));
    check(user, &[], "aws:principalaccount", Some("111111111111"));
    check(user, &[], "aws:PrincipalType", Some("User"));
    check(user, &[], "aws:PrincipalIsAWSService", Some("false"));
    check(user, &[], "aws:username", Some("ann"));
    check(user, &[("aws:username", "bob")], "aws:username", Some("bob"));
    check(user, &[], "aws:userid", None);
    check(user, &[], "aws:PrincipalServiceName", None);
    check(user, &[], "aws:PrincipalOrgID", None);
    check(user, &[], "aws:ResourceAccount", Some("333333333333"));
}

#[test]
fn sessions() {
    let session = "arn:aws:sts::111111111111:assumed-role/Dev/s";
    check(session, &[], "aws:PrincipalArn", Some("arn:aws:iam::111111111111:role/Dev"));
    check(
        session,
        &[("aws:PrincipalArn", "arn:aws:iam::1:role/p/Dev")],
        "aws:PrincipalArn",
        Some("arn:aws:iam::1:role/p/Dev"),
    );
    check(session, &[], "aws:PrincipalType", Some("AssumedRole"));
    check(session, &[], "aws:username", None);
    check("arn:aws:iam::1:role/p/Dev", &[], "aws:PrincipalArn", Some("arn:aws:iam::1:role/p/Dev"));
    check("arn:aws-cn:sts::1:assumed-role/D/s", &[], "aws:PrincipalArn", Some("arn:aws-cn:iam::1:role/D"));
}

#[test]
fn others() {
    check("arn:aws:iam::1:root", &[], "aws:PrincipalType", Some("Account"));
    check("arn:aws:iam::1:root", &[], "aws:PrincipalArn", Some("arn:aws:iam::1:root"));
    check("arn:aws:sts::1:federated-user/f", &[], "aws:PrincipalType", Some("FederatedUser"));
    for key in ["aws:PrincipalArn", "aws:PrincipalAccount", "aws:username"] {
        for who in ["anonymous", "ec2.amazonaws.com", "federated:idp.example"] {
            check(who, &[], key, None);
        }
    }
    check("anonymous", &[], "aws:PrincipalIsAWSService", None);
    check("anonymous", &[], "aws:PrincipalType", Some("Anonymous"));
    check("federated:idp.example", &[], "aws:PrincipalIsAWSService", None);
    check("ec2.amazonaws.com", &[], "aws:PrincipalIsAWSService", Some("true"));
    check("ec2.amazonaws.com", &[], "aws:PrincipalServiceName", Some("ec2.amazonaws.com"));
}
