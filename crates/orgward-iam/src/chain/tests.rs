use crate::testing::{policy, request};
use crate::{ChainDecision, Decider, FULL_AWS_ACCESS, Kind, Level, Outcome, Policy, PolicyChain};

const ADMIN: &str = "arn:aws:iam::222222222222:role/admin";

fn scp(text: &str) -> Policy {
    policy(Kind::ServiceControl, text)
}

/// Decides with the policies of each level, named `p0`, `p1`, ….
fn decide(levels: &[&[&Policy]], who: &str, action: &str, context: &[(&str, &str)]) -> ChainDecision {
    let levels = levels
        .iter()
        .map(|policies| Level {
            target: "somewhere",
            policies: policies.iter().map(|policy| Decider { name: "p", policy }).collect(),
        })
        .collect();
    PolicyChain(levels).decide(&request(who, action, "*", context))
}

fn outcome(outcome: Outcome, level: Option<usize>, statement: Option<(usize, usize)>) -> ChainDecision {
    ChainDecision { outcome, level, statement }
}

fn region_lock() -> Policy {
    scp(r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"},
        {"Effect":"Deny","NotAction":"iam:*","Resource":"*",
         "Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}]}"#)
}

#[test]
fn every_level_must_allow() {
    let full = scp(FULL_AWS_ACCESS);
    let s3 = scp(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#);
    let implicit = outcome(Outcome::ImplicitDeny, Some(1), None);
    let allow = outcome(Outcome::Allow, None, None);
    assert_eq!(decide(&[&[&full], &[&s3], &[&full]], ADMIN, "ec2:RunInstances", &[]), implicit);
    assert_eq!(decide(&[&[&full], &[&s3], &[&full]], ADMIN, "s3:ListAllMyBuckets", &[]), allow);
    // Within a level one is enough, so an allowance beside `FullAWSAccess` does nothing.
    assert_eq!(decide(&[&[&full], &[&full, &s3], &[&full]], ADMIN, "ec2:RunInstances", &[]), allow);
    // A level without policies allows nothing.
    assert_eq!(decide(&[&[&full], &[], &[]], ADMIN, "s3:ListAllMyBuckets", &[]), implicit);
}

#[test]
fn denial_anywhere_wins() {
    let full = scp(FULL_AWS_ACCESS);
    let lock = region_lock();
    let abroad = &[("aws:RequestedRegion", "us-east-1")][..];
    let explicit = |level, policy| outcome(Outcome::ExplicitDeny, Some(level), Some((policy, 1)));
    assert_eq!(decide(&[&[&full, &lock], &[&full]], ADMIN, "ec2:RunInstances", abroad), explicit(0, 1));
    // Even below a level that allows nothing.
    assert_eq!(decide(&[&[], &[&lock]], ADMIN, "ec2:RunInstances", abroad), explicit(1, 0));
    let home = &[("aws:RequestedRegion", "eu-west-1")][..];
    assert_eq!(
        decide(&[&[&full, &lock]], ADMIN, "ec2:RunInstances", home),
        outcome(Outcome::Allow, None, None)
    );
}

#[test]
fn whom_it_binds() {
    let full = scp(FULL_AWS_ACCESS);
    let lock = region_lock();
    let abroad = &[("aws:RequestedRegion", "us-east-1")][..];
    let decide = |who: &str, context: &[(&str, &str)]| {
        decide(&[&[&full, &lock]], who, "ec2:RunInstances", context).outcome
    };
    for bound in [
        ADMIN,
        "arn:aws:iam::222222222222:root",
        "arn:aws:iam::222222222222:user/aws-service-role/x",
        "arn:aws:sts::222222222222:assumed-role/AWSServiceRoleForX/s",
    ] {
        assert_eq!(decide(bound, abroad), Outcome::ExplicitDeny, "{bound}");
    }
    let linked = "arn:aws:iam::222222222222:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX";
    for free in [linked, "anonymous", "x.amazonaws.com", "federated:idp.example"] {
        assert_eq!(decide(free, abroad), Outcome::NotApplicable, "{free}");
    }
    let session = "arn:aws:sts::222222222222:assumed-role/AWSServiceRoleForX/s";
    let context = [abroad[0], ("aws:PrincipalArn", linked)];
    assert_eq!(decide(session, &context), Outcome::NotApplicable);
}

#[test]
fn allowance_with_a_condition() {
    let full = scp(FULL_AWS_ACCESS);
    let conditional =
        scp(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",
            "Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}}"#);
    let decide = |region| {
        decide(&[&[&full], &[&conditional]], ADMIN, "ec2:RunInstances", &[("aws:RequestedRegion", region)])
    };
    assert_eq!(decide("us-east-1"), outcome(Outcome::ImplicitDeny, Some(1), None));
    assert_eq!(decide("eu-west-1").outcome, Outcome::Allow);
}
