//! Situations in which tools go wrong, each with what AWS does.

use crate::testing::{policy, request, single};
use crate::{Kind, Policy, Request};

const USER: &str = "arn:aws:iam::111111111111:user/ann";
const ROLE: &str = "arn:aws:iam::111111111111:role/x/Admin";

fn matched(policy: &Policy, request: &Request) -> bool {
    policy.matching(request).next().is_some()
}

fn scp(condition: &str) -> Policy {
    single(
        Kind::ServiceControl,
        &format!(
            r#""Effect":"Deny","NotAction":["iam:*","sts:*","kms:*"],"Resource":"*","Condition":{condition}"#
        ),
    )
}

fn region(region: &str) -> Request {
    request(ROLE, "ec2:RunInstances", "*", &[("aws:RequestedRegion", region)])
}

#[test]
fn inverted_region_lock() {
    let lock = scp(r#"{"StringEquals":{"aws:RequestedRegion":["eu-west-1"]}}"#);
    assert!(!matched(&lock, &region("us-east-1")));
    assert!(matched(&lock, &region("eu-west-1")));
}

#[test]
fn region_lock_in_two_statements_denies_everything() {
    let one = |region: &str| {
        format!(
            r#"{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"StringNotEquals":{{"aws:RequestedRegion":"{region}"}}}}}}"#
        )
    };
    let lock = policy(
        Kind::ServiceControl,
        &format!(r#"{{"Version":"2012-10-17","Statement":[{},{}]}}"#, one("eu-west-1"), one("eu-central-1")),
    );
    for place in ["eu-west-1", "eu-central-1", "us-east-1"] {
        assert!(matched(&lock, &region(place)), "{place}");
    }
}

#[test]
fn second_key_weakens_a_lock() {
    let lock =
        scp(r#"{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"],"aws:PrincipalTag/team":"sec"}}"#);
    let mut request = region("us-east-1");
    assert!(matched(&lock, &request));
    request.context.set("aws:PrincipalTag/team", crate::ContextValue::One("sec".to_owned()));
    assert!(!matched(&lock, &request));
}

#[test]
fn set_operators_without_tags() {
    let deny = |set: &str| scp(&format!(r#"{{"{set}:StringNotEquals":{{"aws:TagKeys":["a"]}}}}"#));
    assert!(!matched(&deny("ForAnyValue"), &region("eu-west-1")));
    assert!(matched(&deny("ForAllValues"), &region("eu-west-1")));
}

#[test]
fn vacuous_organization_paths() {
    let trust = single(
        Kind::Trust,
        r#""Effect":"Allow","Principal":"*","Action":"sts:AssumeRole",
           "Condition":{"ForAllValues:StringEquals":{"aws:PrincipalOrgPaths":["o-x/r-y/"]}}"#,
    );
    assert!(matched(&trust, &request("arn:aws:iam::999999999999:user/x", "sts:AssumeRole", ROLE, &[])));
}

#[test]
fn access_keys_carry_no_mfa_key() {
    let deny = |operator: &str| scp(&format!(r#"{{"{operator}":{{"aws:MultiFactorAuthPresent":"false"}}}}"#));
    let request = request(USER, "ec2:RunInstances", "*", &[]);
    assert!(!matched(&deny("Bool"), &request));
    assert!(matched(&deny("BoolIfExists"), &request));
}

#[test]
fn five_colons() {
    let deny =
        |operator: &str, value: &str| scp(&format!(r#"{{"{operator}":{{"aws:PrincipalArn":"{value}"}}}}"#));
    assert!(!matched(&deny("ArnLike", "arn:aws:iam::*Admin"), &region("x")));
    assert!(matched(&deny("StringLike", "arn:aws:iam::*Admin"), &region("x")));
    assert!(matched(&deny("ArnEquals", "arn:aws:iam::*:role/*/Admin"), &region("x")));
}

#[test]
fn star_under_string_equals_is_dead() {
    let key = "token.actions.githubusercontent.com:sub";
    let trust = single(
        Kind::Trust,
        &format!(
            r#""Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"}},
               "Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringEquals":{{"{key}":"repo:org/repo:*"}}}}"#
        ),
    );
    let request = |sub| {
        request(
            "federated:token.actions.githubusercontent.com",
            "sts:AssumeRoleWithWebIdentity",
            ROLE,
            &[(key, sub)],
        )
    };
    assert!(!matched(&trust, &request("repo:org/repo:ref:refs/heads/main")));
    assert!(matched(&trust, &request("repo:org/repo:*")));
}

#[test]
fn resource_control_policy_meets_a_service() {
    let rcp = |extra: &str| {
        single(
            Kind::ResourceControl,
            &format!(
                r#""Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*",
                   "Condition":{{"StringNotEquals":{{"aws:PrincipalOrgID":"o-mine"}}{extra}}}"#
            ),
        )
    };
    let trail = request("cloudtrail.amazonaws.com", "s3:PutObject", "arn:aws:s3:::logs/x", &[]);
    assert!(matched(&rcp(""), &trail));
    let spared = rcp(r#","BoolIfExists":{"aws:PrincipalIsAWSService":"false"}"#);
    assert!(!matched(&spared, &trail));
    assert!(matched(&spared, &request(USER, "s3:PutObject", "arn:aws:s3:::logs/x", &[])));
}

#[test]
fn denied_arn_does_not_reach_actions_without_resource() {
    let deny = single(
        Kind::ServiceControl,
        r#""Effect":"Deny","Action":"ec2:*","Resource":"arn:aws:ec2:*:*:instance/*""#,
    );
    assert!(!matched(&deny, &request(ROLE, "ec2:DescribeInstances", "*", &[])));
    let instance = "arn:aws:ec2:eu-west-1:111111111111:instance/i-1";
    assert!(matched(&deny, &request(ROLE, "ec2:StopInstances", instance, &[])));
}

#[test]
fn not_action_that_allows() {
    let allow = single(Kind::Identity, r#""Effect":"Allow","NotAction":["s3:*"],"Resource":"*""#);
    assert!(matched(&allow, &request(USER, "iam:CreateUser", "*", &[])));
    assert!(!matched(&allow, &request(USER, "s3:ListBucket", "*", &[])));
}

#[test]
fn no_version_no_variables() {
    let allow = policy(
        Kind::Identity,
        r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::home/${aws:username}/*"}}"#,
    );
    assert!(!matched(&allow, &request(USER, "s3:GetObject", "arn:aws:s3:::home/ann/x", &[])));
    assert!(matched(&allow, &request(USER, "s3:GetObject", "arn:aws:s3:::home/${aws:username}/x", &[])));
}

#[test]
fn negated_comparison_with_a_missing_variable() {
    let deny = scp(r#"{"StringNotEquals":{"aws:ResourceAccount":"${aws:PrincipalTag/acct}"}}"#);
    let mut request = request(ROLE, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111111111111:q", &[]);
    assert!(matched(&deny, &request));
    request.context.set("aws:PrincipalTag/acct", crate::ContextValue::One("111111111111".to_owned()));
    assert!(!matched(&deny, &request));
}

#[test]
fn session_arn_has_no_path() {
    let trust = single(
        Kind::Trust,
        r#""Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/team/Dev"},"Action":"sts:AssumeRole""#,
    );
    let session = "arn:aws:sts::111111111111:assumed-role/Dev/s";
    let mut request = request(session, "sts:AssumeRole", ROLE, &[]);
    assert!(!matched(&trust, &request));
    let role = "arn:aws:iam::111111111111:role/team/Dev".to_owned();
    request.context.set("aws:PrincipalArn", crate::ContextValue::One(role));
    assert!(matched(&trust, &request));
}

#[test]
fn organization_paths_without_slash() {
    let allow = |operator: &str, path: &str| {
        single(
            Kind::Trust,
            &format!(
                r#""Effect":"Allow","Principal":"*","Action":"sts:AssumeRole",
                   "Condition":{{"{operator}":{{"aws:PrincipalOrgPaths":"{path}"}}}}"#
            ),
        )
    };
    let sibling = request(USER, "sts:AssumeRole", ROLE, &[("aws:PrincipalOrgPaths", "[o-x/r-y/ou-1abc/]")]);
    assert!(matched(&allow("ForAnyValue:StringLike", "o-x/r-y/ou-1*"), &sibling));
    assert!(!matched(&allow("ForAnyValue:StringLike", "o-x/r-y/ou-1/*"), &sibling));
    assert!(!matched(&allow("StringLike", "o-x/r-y/ou-1*"), &sibling));
}

#[test]
fn exempt_services_escape_a_region_lock() {
    let lock = scp(r#"{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}"#);
    let key = request(ROLE, "kms:CreateKey", "*", &[("aws:RequestedRegion", "us-west-2")]);
    assert!(!matched(&lock, &key));
}

#[test]
fn inference_without_a_region() {
    let lock = scp(r#"{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}"#);
    let model = "arn:aws:bedrock:::foundation-model/m";
    let request = request(ROLE, "bedrock:InvokeModel", model, &[("aws:RequestedRegion", "unspecified")]);
    assert!(matched(&lock, &request));
}
