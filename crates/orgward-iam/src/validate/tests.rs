use crate::validate::{Effectiveness, Problem};
use crate::{Kind, Policy};

fn problems(kind: Kind, statement: &str) -> Vec<Problem> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{{{statement}}}]}}"#);
    Policy::parse(text, kind).expect("it is a policy").problems()
}

/// The codes of a statement of a service control policy, each with what it does.
fn scp(statement: &str) -> Vec<(&'static str, Effectiveness)> {
    problems(Kind::ServiceControl, statement).into_iter().map(|it| (it.code, it.effectiveness)).collect()
}

fn denies(action: &str, condition: &str) -> Vec<(&'static str, Effectiveness)> {
    scp(&format!(r#""Effect":"Deny","Action":"{action}","Resource":"*","Condition":{{{condition}}}"#))
}

use Effectiveness::{Inert, Overreaching, Refused};

#[test]
fn a_key_that_does_not_exist_denies_nothing_or_everything() {
    let key = "invalid-global-condition-key";
    assert_eq!(denies("s3:*", r#""Bool":{"aws:IsRoot":"true"}"#), [(key, Inert)]);
    let negated = r#""ArnNotLike":{"aws:PrincipleArn":"arn:aws:iam::*:role/x"}"#;
    assert_eq!(denies("s3:*", negated), [(key, Overreaching)]);
    let help = problems(
        Kind::ServiceControl,
        &format!(r#""Effect":"Deny","Action":"*","Resource":"*","Condition":{{{negated}}}"#),
    );
    assert_eq!(help[0].help, "did you mean `aws:PrincipalArn`?");
    assert_eq!(
        denies("s3:*", r#""StringNotEquals":{"aws:PrincipalTag:team":"x"}"#),
        [("missing-tag-key-in-condition", Overreaching)]
    );
    assert_eq!(
        denies("s3:*", r#""StringNotEquals":{"AWS:principaltag/team":"x"}"#),
        [],
        "case does not matter"
    );
}

#[test]
fn a_key_that_the_action_never_has_denies_nothing_or_more_than_is_meant() {
    let encrypted = r#""Bool":{"rds:StorageEncrypted":"false"}"#;
    assert_eq!(
        denies("elasticfilesystem:CreateFileSystem", encrypted),
        [("unsupported-action-for-condition-key", Inert)]
    );
    assert_eq!(denies("rds:CreateDBInstance", encrypted), []);
    let instance = r#""StringNotEquals":{"ec2:InstanceType":"t3.micro"}"#;
    assert_eq!(denies("ec2:*", instance), [("unsupported-action-for-condition-key", Overreaching)]);
    assert_eq!(denies("ec2:RunInstances", instance), []);
    assert_eq!(
        denies("ec2:*", r#""StringNotEqualsIfExists":{"ec2:InstanceType":"t3.micro"}"#),
        [],
        "meant that way"
    );
}

#[test]
fn an_operator_that_does_not_fit_its_key_never_holds() {
    assert_eq!(denies("s3:*", r#""NumericLessThan":{"aws:PrincipalOrgID":"5"}"#), [("type-mismatch", Inert)]);
    assert_eq!(denies("s3:*", r#""IpAddress":{"aws:SourceVpce":"10.0.0.0/8"}"#), [("type-mismatch", Inert)]);
    let range = |operator: &str, value: &str| {
        denies("s3:*", &format!(r#""{operator}":{{"aws:SourceIp":"{value}"}}"#))
    };
    assert_eq!(range("StringEquals", "10.0.0.0/8"), [("type-mismatch", Inert)], "no address is equal to it");
    assert_eq!(range("StringNotEquals", "10.0.0.0/8"), [("type-mismatch", Overreaching)]);
    assert_eq!(range("StringEquals", "203.0.113.7"), [], "an address is");
    let number = r#""NumericLessThan":{"ec2:InstanceType":"4"}"#;
    assert_eq!(denies("ec2:RunInstances", number), [("type-mismatch", Inert)]);
    // AWS publishes it as text.
    let age = r#""NumericLessThan":{"glacier:ArchiveAgeInDays":"4"}"#;
    assert_eq!(denies("glacier:DeleteArchive", age), []);
    assert_eq!(denies("s3:*", r#""DateGreaterThan":{"aws:PrincipalTag/until":"2026-01-01T00:00:00Z"}"#), []);
    assert_eq!(denies("s3:*", r#""Bool":{"aws:SecureTransport":"false"}"#), []);
    let arn = |operator: &str, key: &str| {
        denies("s3:*", &format!(r#""{operator}":{{"{key}":"arn:aws:iam::*:role/x"}}"#))
    };
    assert_eq!(arn("ArnNotLike", "aws:PrincipalOrgID"), [("type-mismatch", Overreaching)]);
    assert_eq!(arn("ArnLike", "aws:SourceIdentity"), [], "it may be anything");
}

/// `NotAction` leaves other services, which do not have the key of one.
#[test]
fn a_key_of_one_service_denies_all_others_under_not_action() {
    let deny = |operator: &str| {
        scp(&format!(
            r#""Effect":"Deny","NotAction":"iam:*","Resource":"*","Condition":{{"{operator}":{{"ec2:InstanceType":"t3.*"}}}}"#
        ))
    };
    assert_eq!(deny("StringNotLike"), [("unsupported-action-for-condition-key", Overreaching)]);
    assert_eq!(deny("StringNotLikeIfExists"), []);
}

#[test]
fn an_exemption_that_matches_no_principal_exempts_nobody() {
    for (condition, code) in [
        (
            r#""StringNotEquals":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}"#,
            "wildcard-without-like-operator",
        ),
        (r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:sts::*:assumed-role/x/*"}"#, "invalid-principal-arn"),
        (r#""ArnNotLike":{"aws:PrincipalArn":"x"}"#, "invalid-principal-arn"),
        (r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:roles/x"}"#, "invalid-principal-arn"),
        (r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:group/x"}"#, "invalid-principal-arn"),
        (r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::12345:role/x"}"#, "invalid-principal-arn"),
    ] {
        assert_eq!(denies("iam:*", condition), [(code, Overreaching)], "{condition}");
    }
    assert_eq!(denies("iam:*", r#""ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}"#), []);
}

#[test]
fn an_arn_of_a_type_that_no_action_has_is_found() {
    let deny = |action: &str, resource: &str| {
        scp(&format!(r#""Effect":"Deny","Action":"{action}","Resource":"{resource}""#))
    };
    assert_eq!(deny("ec2:RunInstances", "arn:aws:ec2:*:*:instances/*"), [("invalid-arn-resource", Inert)]);
    assert_eq!(deny("ec2:RunInstances", "arn:aws:ec2:*:*:instance/*"), []);
    assert_eq!(deny("s3:*", "s3:::b"), [("unsatisfiable-statement", Inert), ("invalid-arn-prefix", Refused)]);
    assert_eq!(deny("s3:*", "arn:aws:s3:::b/${aws:PrincipalTag/team}/*"), []);
    assert_eq!(deny("guarduty:*", "*"), [("invalid-service-in-action", Inert)]);
}

#[test]
fn what_organizations_refuses_is_said() {
    let scp = |text: &str| -> Vec<&str> {
        let policy = Policy::parse(text.to_owned(), Kind::ServiceControl).expect("it is a policy");
        let refused = policy.problems().into_iter().filter(|it| it.effectiveness == Refused);
        refused.map(|it| it.code).collect()
    };
    assert_eq!(
        scp(r#"{"Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#),
        ["missing-version"]
    );
    let old = r#"{"Version":"2008-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    assert_eq!(scp(old), ["invalid-version"]);
    assert_eq!(scp(r#"{"Version":"2012-10-17","Statement":[]}"#), ["missing-statement"]);
    let twice = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"A","Effect":"Deny","Action":"s3:*","Resource":"*"},{"Sid":"A","Effect":"Deny","Action":"ec2:*","Resource":"*"}]}"#;
    assert_eq!(scp(twice), ["unique-sids-required"]);
    let rcp =
        problems(Kind::ResourceControl, r#""Effect":"Deny","Principal":"*","Action":"ec2:*","Resource":"*""#);
    assert_eq!(rcp[0].code, "unsupported-action-in-policy");
}

#[test]
fn what_iam_refuses_in_a_trust_policy_is_said() {
    let trust = |principal: &str| -> Vec<(&str, Effectiveness)> {
        let statement = format!(r#""Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}"#);
        let refused = problems(Kind::Trust, &statement).into_iter().filter(|it| it.effectiveness == Refused);
        refused.map(|it| (it.code, it.effectiveness)).collect()
    };
    for (principal, code) in [
        (r#"{"AWS":"arn:aws:iam::*:root"}"#, "unsupported-wildcard-in-principal"),
        (r#"{"AWS":"arn:aws:iam::999999999998:role/ci-*"}"#, "unsupported-wildcard-in-principal"),
        (r#"{"AWS":"arn:aws:iam::Placeholder:root"}"#, "invalid-principal-format"),
        (r#""arn:aws:iam::111111111111:root""#, "invalid-principal-format"),
        (
            r#"{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}"#,
            "unsupported-principal",
        ),
        (r#"{"Federated":"*"}"#, "invalid-federated-principal-syntax-in-role-trust-policy"),
    ] {
        assert_eq!(trust(principal), [(code, Refused)], "{principal}");
    }
    assert_eq!(trust(r#"{"AWS":["*","111111111111"],"Service":"ec2.amazonaws.com"}"#), []);
}

/// Only what is part of something else can be left out.
#[test]
fn redundant_parts_are_those_that_lose_nothing() {
    let allow = |actions: &str, resources: &str| -> Vec<(&str, String)> {
        let statement = format!(r#""Effect":"Allow","Action":{actions},"Resource":{resources}"#);
        problems(Kind::Identity, &statement).into_iter().map(|it| (it.code, it.path)).collect()
    };
    assert_eq!(
        allow(r#"["sns:ListTopics","SNS:List*"]"#, r#""*""#),
        [("redundant-action", "Statement/0/Action/0".to_owned())]
    );
    assert_eq!(
        allow(r#""s3:GetObject""#, r#"["arn:aws:s3:::logs*","arn:aws:s3:::logs*/*"]"#),
        [("redundant-resource", "Statement/0/Resource/1".to_owned())]
    );
    assert_eq!(allow(r#"["s3:Get?bject","s3:Get*ject"]"#, r#""*""#).len(), 1);
    assert_eq!(
        allow(r#"["iam:PassRole"]"#, r#""*""#),
        [("pass-role-with-star-in-resource", "Statement/0/Action/0".to_owned())]
    );
}

#[test]
fn a_key_that_may_have_several_values_is_met_by_a_request_with_one() {
    let rules = r#""Effect":"Allow","Action":"events:PutRule","Resource":"*","Condition":{"StringEquals":{"events:detail-type":"x"}}"#;
    let codes: Vec<&str> = problems(Kind::Identity, rules).into_iter().map(|it| it.code).collect();
    assert_eq!(codes, ["missing-qualifier"], "it is no dead statement");
}

/// Most of EC2 has no instance type, which is always missing there.
#[test]
fn null_denies_what_never_has_the_key() {
    let found = problems(
        Kind::ServiceControl,
        r#""Effect":"Deny","Action":"ec2:*","Resource":"*","Condition":{"Null":{"ec2:InstanceType":"true"}}"#,
    );
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((one.code, one.effectiveness), ("unsupported-action-for-condition-key", Overreaching));
    let run = r#""Effect":"Deny","Action":"ec2:RunInstances","Resource":"arn:aws:ec2:*:*:instance/*","Condition":{"Null":{"ec2:InstanceType":"true"}}"#;
    assert!(problems(Kind::ServiceControl, run).is_empty());
}

/// Each of the forms in which templates write a placeholder, wherever it stands.
#[test]
fn placeholders_of_templates_are_told_wherever_they_stand() {
    for condition in [
        r#""StringEquals":{"aws:PrincipalAccount":"$(ACCOUNT)"}"#,
        r##""StringEquals":{"aws:PrincipalAccount":"#{ACCOUNT}"}"##,
        r#""StringEquals":{"aws:PrincipalOrgID":"__ORG__"}"#,
        r#""StringEquals":{"aws:PrincipalTag/${TAG}":"x"}"#,
    ] {
        let statement =
            format!(r#""Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{{{condition}}}"#);
        let found = problems(Kind::ServiceControl, &statement);
        assert!(found.iter().any(|it| it.code == "unfilled-placeholder"), "{condition}: {found:?}");
    }
    let name = r#""Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::logs__internal__x""#;
    assert!(problems(Kind::ServiceControl, name).is_empty());
}

/// A rule that wants tags is for what makes things: reads carry none, and would all be denied.
#[test]
fn tags_are_asked_of_actions_that_carry_them() {
    let says = |action: &str, condition: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"{action}","Resource":"*","Condition":{{{condition}}}}}]}}"#
        );
        let policy = Policy::parse(text.as_str(), Kind::ServiceControl).unwrap();
        let mut problems = policy.problems().into_iter();
        problems.any(|it| {
            it.effectiveness == Effectiveness::Overreaching && it.message.contains("aws:RequestTag/team")
        })
    };
    let missing = r#""Null":{"aws:RequestTag/team":"true"}"#;
    let other = r#""StringNotLike":{"aws:RequestTag/team":"?*"}"#;
    assert!(says("ec2:*", missing));
    assert!(says("s3:*", other));
    assert!(says("rds:*", missing));
    // It never carries tags: it is always denied.
    assert!(says("organizations:LeaveOrganization", missing));
    assert!(!says("ec2:RunInstances", missing) && !says("ec2:RunInstances", other));
    assert!(!says("ec2:*", r#""StringNotLikeIfExists":{"aws:RequestTag/team":"?*"}"#));
    assert!(!says("ec2:*", r#""StringEquals":{"aws:RequestTag/team":"x"}"#));
}
