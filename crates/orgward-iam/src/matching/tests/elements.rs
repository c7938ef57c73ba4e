//! Actions, resources and principals.

use crate::testing::{request, single};
use crate::{Kind, Policy, action_matches, resource_matches};

const BUCKET: &str = "arn:aws:s3:::b";

#[test]
fn actions() {
    for (pattern, action, expected) in [
        ("*", "s3:GetObject", true),
        ("s3:GetObject", "S3:getobject", true),
        ("S3:GET*", "s3:GetObject", true),
        ("s3:*Object", "s3:GetObject", true),
        ("s3:G?tObject", "s3:GetObject", true),
        ("s3:*", "s3:", true),
        ("s3:Get", "s3:GetObject", false),
        ("ec2:*", "s3:GetObject", false),
        ("s3*:Get*", "s3:GetObject", false),
        ("*:GetObject", "s3:GetObject", false),
        ("s3:", "s3:", false),
        ("s3: GetObject", "s3: GetObject", false),
        ("s3:GetObject ", "s3:GetObject", false),
        ("**", "s3:GetObject", false),
    ] {
        assert_eq!(action_matches(pattern, action), expected, "{pattern} {action}");
    }
}

#[test]
fn not_action_is_everything_else() {
    let policy = single(Kind::Identity, r#""Effect":"Allow","NotAction":["s3:*","iam:Get*"],"Resource":"*""#);
    let count = |action| policy.matching(&request("arn:aws:iam::1:user/a", action, "*", &[])).count();
    assert_eq!(count("s3:GetObject"), 0);
    assert_eq!(count("iam:GetRole"), 0);
    assert_eq!(count("iam:CreateRole"), 1);
    assert_eq!(count("newservice:Anything"), 1);
}

#[test]
fn resources() {
    let function = "arn:aws:lambda:eu-west-1:111111111111:function:f:1";
    for (pattern, resource, expected) in [
        ("*", function, true),
        ("**", function, true),
        (function, function, true),
        ("arn:aws:lambda:eu-west-1:111111111111:function:*", function, true),
        ("arn:aws:lambda:eu-west-1:111111111111:function:F:1", function, false),
        ("arn:aws:lambda:*:*:function:f*", function, true),
        // A star at the end of a part reaches beyond its colon, one within a part does not.
        ("arn:aws:lambda*", function, true),
        ("arn:aws:lambda:eu-*:function:f:1", function, true),
        ("arn:aws:lambda:eu-*1:function:f:1", function, false),
        ("arn:aws:lambda:eu-*-1:111111111111:function:f:1", function, true),
        ("arn:aws:lambda:eu-*-1:*:f:1", function, true),
        ("arn:aws:lambda:eu*1:f:1", function, false),
        ("arn:aws:lambda:eu-west-?:111111111111:function:?:?", function, true),
        ("arn:aws:lambda:eu-west-1?11111111111:function:f:1", function, false),
        ("arn:aws:lambda:eu-west-1:111111111111:function?f?1", function, true),
        ("arn:aws:s3:::b/*/x", "arn:aws:s3:::b/a/b/c:d/x", true),
        ("arn:aws:s3:::b/?", "arn:aws:s3:::b/é", true),
        ("arn:?ws:s3:::b/?", "arn:aws:s3:::b/é", true),
        ("arn:?ws:s3:::b/??", "arn:aws:s3:::b/é", false),
        ("arn:?ws:s3:::b/?c", "arn:aws:s3:::b/éc", true),
        ("arn:aws:s3:::B", BUCKET, false),
        ("", BUCKET, false),
        // What has no resource is reached by `*` only.
        ("*", "*", true),
        ("arn:aws:s3:::*", "*", false),
        ("?", "*", false),
        // A star in a request is a letter like any other.
        ("arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:eu-west-3:2:instance/*", true),
        ("arn:aws:ec2:*:*:instance/i-1", "arn:aws:ec2:eu-west-3:2:instance/*", false),
    ] {
        assert_eq!(resource_matches(pattern, resource), expected, "{pattern} {resource}");
    }
}

#[test]
fn not_resource_is_everything_else() {
    let policy = single(Kind::Identity, r#""Effect":"Deny","Action":"*","NotResource":["arn:aws:s3:::b"]"#);
    let count = |resource| policy.matching(&request("arn:aws:iam::1:user/a", "s3:X", resource, &[])).count();
    assert_eq!(count(BUCKET), 0);
    assert_eq!(count("arn:aws:s3:::c"), 1);
    assert_eq!(count("*"), 1);
}

#[test]
fn variables_in_resources() {
    let ann = "arn:aws:iam::111111111111:user/team/ann";
    let role = "arn:aws:iam::111111111111:role/r";
    for (pattern, who, resource, expected) in [
        ("arn:aws:s3:::home/${aws:username}/*", ann, "arn:aws:s3:::home/ann/x", true),
        ("arn:aws:s3:::home/${aws:username}/*", ann, "arn:aws:s3:::home/bob/x", false),
        ("arn:aws:s3:::home/${aws:username}/*", role, "arn:aws:s3:::home//x", false),
        ("arn:aws:s3:::home/${aws:PrincipalTag/t, '*'}", role, "arn:aws:s3:::home/x", false),
        ("arn:a*s:s3:::home/${aws:username}/*", ann, "arn:aws:s3:::home/ann/x", true),
        // Only the resource part takes variables.
        ("arn:aws:sqs:*:${aws:PrincipalAccount}:q", ann, "arn:aws:sqs:eu-west-1:111111111111:q", false),
    ] {
        let policy =
            single(Kind::Identity, &format!(r#""Effect":"Allow","Action":"*","Resource":"{pattern}""#));
        assert_eq!(
            policy.matching(&request(who, "s3:X", resource, &[])).count() == 1,
            expected,
            "{pattern} {who} {resource}"
        );
    }
}

fn names(principal: &str, effect: &str, element: &str, who: &str, context: &[(&str, &str)]) -> bool {
    let policy = single(
        Kind::Resource,
        &format!(r#""Effect":"{effect}","{element}":{principal},"Action":"*","Resource":"*""#),
    );
    policy.matching(&request(who, "s3:GetObject", BUCKET, context)).count() == 1
}

#[test]
fn principals() {
    let ann = "arn:aws:iam::111111111111:user/ann";
    let role = "arn:aws:iam::111111111111:role/team/Dev";
    let session = "arn:aws:sts::111111111111:assumed-role/Dev/s";
    let with_path = &[("aws:PrincipalArn", role)][..];
    let provider = r#"{"Federated":"arn:aws:iam::1:oidc-provider/idp.example/x"}"#;
    for (principal, who, context, expected) in [
        (r#""*""#, ann, &[][..], true),
        (r#"{"AWS":"*"}"#, "anonymous", &[], true),
        (r#"{"AWS":"*"}"#, "cloudtrail.amazonaws.com", &[], true),
        (r#""111111111111""#, ann, &[], false),
        (r#"{"AWS":"111111111111"}"#, ann, &[], true),
        (r#"{"AWS":["2","arn:aws:iam::111111111111:root"]}"#, session, &[], true),
        (r#"{"AWS":"arn:aws:iam::222222222222:root"}"#, ann, &[], false),
        (r#"{"AWS":"111111111111"}"#, "anonymous", &[], false),
        (r#"{"AWS":"arn:aws:iam::111111111111:user/ann"}"#, ann, &[], true),
        (r#"{"AWS":"arn:aws:iam::111111111111:user/*"}"#, ann, &[], false),
        // A role is all of its sessions; a session is itself.
        (r#"{"AWS":"arn:aws:iam::111111111111:role/team/Dev"}"#, role, &[], true),
        (r#"{"AWS":"arn:aws:iam::111111111111:role/team/Dev"}"#, session, with_path, true),
        (r#"{"AWS":"arn:aws:iam::111111111111:role/team/Dev"}"#, session, &[], false),
        (r#"{"AWS":"arn:aws:iam::111111111111:role/Dev"}"#, session, &[], true),
        (r#"{"AWS":"arn:aws:sts::111111111111:assumed-role/Dev/s"}"#, session, with_path, true),
        (r#"{"AWS":"arn:aws:sts::111111111111:assumed-role/Dev/s"}"#, role, &[], false),
        // The context cannot make a user somebody else.
        (r#"{"AWS":"arn:aws:iam::111111111111:role/team/Dev"}"#, ann, with_path, false),
        (r#"{"AWS":"AROAEXAMPLEEXAMPLE"}"#, session, &[("aws:userid", "AROAEXAMPLEEXAMPLE:s")], true),
        (r#"{"AWS":"AIDAEXAMPLEEXAMPLE"}"#, ann, &[("aws:userid", "AIDAEXAMPLEEXAMPLE")], true),
        (r#"{"AWS":"AIDAEXAMPLEEXAMPLE"}"#, ann, &[], false),
        (r#"{"Service":"ec2.amazonaws.com"}"#, "ec2.amazonaws.com", &[], true),
        (r#"{"Service":"*.amazonaws.com"}"#, "ec2.amazonaws.com", &[], false),
        (provider, "federated:arn:aws:iam::1:oidc-provider/idp.example/x", &[], true),
        (provider, "federated:idp.example/x", &[], true),
        (provider, "federated:idp.example", &[], false),
        (r#"{"CanonicalUser":"79a5"}"#, ann, &[], false),
        (r#"{"AWS":[]}"#, ann, &[], false),
    ] {
        assert_eq!(
            names(principal, "Allow", "Principal", who, context),
            expected,
            "{principal} {who} {context:?}"
        );
    }
}

#[test]
fn not_principal_denies_all_who_are_not_listed_with_every_face() {
    let account = "arn:aws:iam::111111111111:root";
    let role = "arn:aws:iam::111111111111:role/Dev";
    let session = "arn:aws:sts::111111111111:assumed-role/Dev/s";
    let denied = |listed: &[&str], who: &str| {
        let listed: Vec<String> = listed.iter().map(|arn| format!("\"{arn}\"")).collect();
        names(&format!(r#"{{"AWS":[{}]}}"#, listed.join(",")), "Deny", "NotPrincipal", who, &[])
    };
    assert!(denied(&[role], role));
    assert!(denied(&[account], role));
    assert!(!denied(&[account, role], role));
    assert!(denied(&[account, role], session));
    assert!(!denied(&[account, role, session], session));
    assert!(!denied(&[account], account));
    assert!(denied(&[account, role], "arn:aws:iam::222222222222:role/Dev"));
    assert!(denied(&[account, role], "anonymous"));
}

#[test]
fn not_principal_that_allows_admits_everybody_else() {
    let allowed =
        |who| names(r#"{"AWS":"arn:aws:iam::111111111111:role/Dev"}"#, "Allow", "NotPrincipal", who, &[]);
    assert!(allowed("arn:aws:iam::999999999999:user/x"));
    assert!(!allowed("arn:aws:sts::111111111111:assumed-role/Dev/s"));
    assert!(!names(r#""*""#, "Allow", "NotPrincipal", "arn:aws:iam::999999999999:user/x", &[]));
}

/// What the ARN of a caller decides is decided without a search; a variable and every other key leave it open.
#[test]
fn conditions_on_the_arn_of_the_caller() {
    for (condition, deploy, other) in [
        (r#""StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/deploy-*"}"#, true, false),
        (r#""ArnNotLike":{"AWS:principalarn":"arn:aws:iam::*:role/deploy-*"}"#, false, true),
        (
            r#""StringEqualsIfExists":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/other"}"#,
            false,
            true,
        ),
        (r#""Null":{"aws:PrincipalArn":"true"}"#, false, false),
        (r#""StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/${aws:PrincipalTag/team}"}"#, true, true),
        (r#""StringEquals":{"sts:ExternalId":"x"}"#, true, true),
    ] {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole",
                "Condition":{{{condition}}}}}]}}"#
        );
        let policy = Policy::parse(text.as_str(), Kind::Trust).unwrap();
        let may = |name: &str| {
            policy.statements[0].may_be_met_by(&policy, &format!("arn:aws:iam::111111111111:role/{name}"))
        };
        assert_eq!((may("deploy-1"), may("other")), (deploy, other), "{condition}");
    }
}
