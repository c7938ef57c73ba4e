//! What cannot act, in the words that a reader sees.

use super::INERT_GUARDRAIL;
use orgward_finding::Severity;

use crate::testing::{findings_with_document, report};

#[test]
fn attached_to_management() {
    insta::assert_snapshot!(report(&INERT_GUARDRAIL, "bad-attached-to-management"), @"
    ── medium: 1 found ─────────────────────────────────────────────────────────────

    inert-guardrail

      × aws_organizations_policy_attachment.stay: `stay` is attached to the management account, which it
      │ never binds
      account: 111111111111
      help: attach it to the units and accounts that it is meant for

    blocked: 1 medium finding is new
    reviewed bad-attached-to-management.json: 3 accounts, 0 principals, 1 policy
    `orgward rules inert-guardrail` explains the first one
    ");
}

#[test]
fn no_target() {
    insta::assert_snapshot!(report(&INERT_GUARDRAIL, "bad-no-target"), @"
    ── medium: 1 found ─────────────────────────────────────────────────────────────

    inert-guardrail

      × aws_organizations_policy.stay: SCP is attached to nothing
      help: attach it to the root, a unit or an account, or remove it

    blocked: 1 medium finding is new
    reviewed bad-no-target.json: 1 account, 0 principals, 1 policy
    `orgward rules inert-guardrail` explains the first one
    ");
}

#[test]
fn type_disabled() {
    insta::assert_snapshot!(report(&INERT_GUARDRAIL, "bad-type-disabled"), @"
    ── medium: 1 found ─────────────────────────────────────────────────────────────

    inert-guardrail

      × aws_organizations_policy.transport: RCPs are not enabled in the organization, so this one does
      │ nothing
      note: `aws_organizations_organization.this` says which types are enabled
      help: add `RESOURCE_CONTROL_POLICY` to `enabled_policy_types` of the organization

    blocked: 1 medium finding is new
    reviewed bad-type-disabled.json: 1 account, 0 principals, 1 policy
    `orgward rules inert-guardrail` explains the first one
    ");
}

#[test]
fn empty_ou() {
    insta::assert_snapshot!(report(&INERT_GUARDRAIL, "bad-empty-ou"), @"
    ── low: 1 found (does not block) ───────────────────────────────────────────────

    inert-guardrail

      × aws_organizations_policy_attachment.stay: `stay` is attached to a unit that holds no account
      target: Root/staging
      help: move accounts into the unit, or attach the guardrail where they are

    not blocked: 1 finding (1 low new)
    reviewed bad-empty-ou.json: 1 account, 0 principals, 1 policy
    `orgward rules inert-guardrail` explains the first one
    ");
}

#[test]
fn misspelt_action() {
    insta::assert_snapshot!(report(&INERT_GUARDRAIL, "bad-misspelt-action"), @r#"
    ── medium: 1 found ─────────────────────────────────────────────────────────────

    inert-guardrail

      × aws_organizations_policy.keep: denies an action that AWS does not list, as of 2026-09-26
       ╭─[aws_organizations_policy.keep.content:5:9]
     3 │     {
     4 │       "Action": [
     5 │         "s3:DeleteBuckets",
       ·         ─────────┬────────
       ·                  ╰── did you mean `s3:DeleteBucket`?
     6 │         "s3:PutBucketPolicy",
     7 │         "brandnew:DeleteEverything"
       ╰────
      note: the service of `brandnew:DeleteEverything` is not known; it may be new
      help: correct the name: a misspelt action is denied to nobody; if it is right, the action is new
            or never listed

    blocked: 1 medium finding is new
    reviewed bad-misspelt-action.json: 1 account, 0 principals, 1 policy
    `orgward rules inert-guardrail` explains the first one
    "#);
}

#[test]
fn a_placeholder_is_left() {
    insta::assert_snapshot!(report(&INERT_GUARDRAIL, "bad-placeholder"), @r#"
    ── medium: 1 found ─────────────────────────────────────────────────────────────

    inert-guardrail

      × aws_organizations_policy.roles: waits for somebody to fill in `<PRIVILEGED_ROLE>` and
      │ `[PROTECTED_ROLE]`
        ╭─[aws_organizations_policy.roles.content:14:19]
      8 │       "Condition": {
      9 │         "ArnNotLike": {
     10 │           "aws:PrincipalArn": "arn:aws:iam::*:role/<PRIVILEGED_ROLE>"
        ·                               ───────────────────┬───────────────────
        ·                                                  ╰── matches only what is written here
     11 │         }
     12 │       },
     13 │       "Effect": "Deny",
     14 │       "Resource": "arn:aws:iam::*:role/[PROTECTED_ROLE]",
        ·                   ───────────────────┬──────────────────
        ·                                      ╰── matches only what is written here
     15 │       "Sid": "ProtectRoles"
     16 │     }
        ╰────
      help: put the value in its place

    blocked: 1 medium finding is new
    reviewed bad-placeholder.json: 1 account, 0 principals, 1 policy
    `orgward rules inert-guardrail` explains the first one
    "#);
}

#[test]
fn a_condition_never_holds() {
    insta::assert_snapshot!(report(&INERT_GUARDRAIL, "bad-never-matches"), @r#"
    ── medium: 1 found ─────────────────────────────────────────────────────────────

    inert-guardrail

      × aws_organizations_policy.trail: statement `OnlyAdministratorsStopTheTrail` denies nothing: no
      │ request meets its conditions
       ╭─[aws_organizations_policy.trail.content:7:11]
     5 │       "Condition": {
     6 │         "StringEquals": {
     7 │           "aws:PrincipalArn": "arn:aws:iam::*:role/developer"
       ·           ─────────────────────────┬─────────────────────────
       ·                                    ╰── never holds
     8 │         }
     9 │       },
       ╰────
      help: use `StringLike` or `ArnLike`: `StringEquals` takes `*` and `?` for themselves

    blocked: 1 medium finding is new
    reviewed bad-never-matches.json: 1 account, 0 principals, 1 policy
    `orgward rules inert-guardrail` explains the first one
    "#);
}

#[test]
fn an_action_is_never_about_one_resource() {
    insta::assert_snapshot!(report(&INERT_GUARDRAIL, "bad-wildcard-only-action"), @r#"
    ── medium: 1 found ─────────────────────────────────────────────────────────────

    inert-guardrail

      × aws_organizations_policy.hide: does not deny `ec2:DescribeInstances` and `ec2:DescribeVolumes`,
      │ which AWS authorizes for `*` and no single resource
        ╭─[aws_organizations_policy.hide.content:5:9]
      3 │     {
      4 │       "Action": [
      5 │         "ec2:DescribeInstances",
        ·         ───────────┬───────────
        ·                    ╰── never for one resource
      6 │         "ec2:DescribeVolumes"
        ·         ──────────┬──────────
        ·                   ╰── never for one resource
      7 │       ],
      8 │       "Effect": "Deny",
      9 │       "Resource": "arn:aws:ec2:*:*:instance/*",
        ·                   ──────────────┬─────────────
        ·                                 ╰── is not `*`
     10 │       "Sid": "HideInstances"
     11 │     }
        ╰────
      help: deny it in a statement of its own, with `"Resource": "*"`

    blocked: 1 medium finding is new
    reviewed bad-wildcard-only-action.json: 1 account, 0 principals, 1 policy
    `orgward rules inert-guardrail` explains the first one
    "#);
}

#[test]
fn an_allow_list_beside_full_access() {
    insta::assert_snapshot!(report(&INERT_GUARDRAIL, "bad-pointless-allow-list"), @r#"
    ── medium: 1 found ─────────────────────────────────────────────────────────────

    inert-guardrail · likely

      × aws_organizations_policy.allow_list: this allow-list limits nothing: `FullAWSAccess` at
      │ Root/prod allows everything beside it
        ╭─[aws_organizations_policy.allow_list.content:8:17]
      6 │         "s3:*"
      7 │       ],
      8 │       "Effect": "Allow",
        ·                 ───┬───
        ·                    ╰── the rest is allowed, too
      9 │       "Resource": "*",
     10 │       "Sid": "OnlyStorage"
        ╰────
      rests on: AWS attaches `FullAWSAccess` to everything, and no input says that it has been detached
      help: detach `FullAWSAccess` there; if it is detached already, say so in `full_access_detached` of
            `orgward.toml`

    blocked: 1 medium finding is new
    reviewed bad-pointless-allow-list.json: 1 account, 0 principals, 1 policy
    `orgward rules inert-guardrail` explains the first one
    "#);
}

/// What a denial does that cannot mean what it says: nothing, or more. Each has a sibling that is right.
#[test]
fn denials_that_do_something_else_than_they_say() {
    let deny = |action: &str, resource: &str, condition: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"{action}","Resource":"{resource}","Condition":{{{condition}}}}}]}}"#
        )
    };
    let found = |document: &str| -> Vec<(Severity, String)> {
        let fixture = ("inert-guardrail", "good-attached");
        let findings = findings_with_document(&INERT_GUARDRAIL, fixture, ("content", document));
        findings.into_iter().map(|finding| (finding.severity, finding.message)).collect()
    };
    for (wrong, severity, says, right) in [
        (
            deny("iam:CreateUser", "*", r#""StringNotLike":{"aws:PrincipleArn":"arn:aws:iam::*:role/x"}"#),
            Severity::Medium,
            "so that the statement denies it to everyone",
            deny("iam:CreateUser", "*", r#""ArnNotLike":{"AWS:principalARN":"arn:aws:iam::*:role/x"}"#),
        ),
        (
            deny("iam:CreateUser", "*", r#""Bool":{"aws:IsRootUser":"true"}"#),
            Severity::Low,
            "so that the statement denies nothing",
            deny("iam:CreateUser", "*", r#""Bool":{"aws:ViaAWSService":"false"}"#),
        ),
        (
            deny("kms:CreateKey", "*", r#""Bool":{"rds:StorageEncrypted":"false"}"#),
            Severity::Low,
            "no action of the statement has `rds:StorageEncrypted`",
            deny("rds:CreateDBCluster", "*", r#""Bool":{"rds:StorageEncrypted":"false"}"#),
        ),
        (
            deny("ec2:*", "*", r#""StringNotEquals":{"ec2:InstanceType":"t3.nano"}"#),
            Severity::Low,
            "have no `ec2:InstanceType`",
            deny(
                "ec2:RunInstances",
                "arn:aws:ec2:*:*:instance/*",
                r#""StringNotEquals":{"ec2:InstanceType":"t3.nano"}"#,
            ),
        ),
        (
            deny("iam:DeleteUser", "*", r#""StringNotEquals":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}"#),
            Severity::Low,
            "takes the wildcard",
            deny("iam:DeleteUser", "*", r#""ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}"#),
        ),
        (
            deny("sns:DeleteTopic", "arn:aws:sns:*:*:topic/x", r#""Bool":{"aws:SecureTransport":"false"}"#),
            Severity::Low,
            "",
            deny("sns:DeleteTopic", "arn:aws:sns:*:*:x", r#""Bool":{"aws:SecureTransport":"false"}"#),
        ),
    ] {
        let problems = found(&wrong);
        if says.is_empty() {
            // The name of a topic may have anything in it.
            assert_eq!(problems, [], "{wrong}");
        } else {
            assert!(
                problems.iter().any(|(at, message)| *at == severity && message.contains(says)),
                "{wrong}: {problems:?}"
            );
        }
        assert_eq!(found(&right), [], "{right}");
    }
}

/// A denial that no request meets is told whatever makes it so, and with the cause where there is one.
#[test]
fn denials_of_nothing_are_never_clean() {
    let found = |statement: &str| -> Vec<(Severity, String)> {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let fixture = ("inert-guardrail", "good-attached");
        let findings = findings_with_document(&INERT_GUARDRAIL, fixture, ("content", &document));
        findings.into_iter().map(|finding| (finding.severity, finding.message)).collect()
    };
    let of = |resource: &str| {
        found(&format!(r#"{{"Sid":"S","Effect":"Deny","Action":"iam:DeleteRole","Resource":"{resource}"}}"#))
    };
    for (resource, says) in [
        ("arn:aws-us:iam::*:role/audit", "there is no partition `aws-us`"),
        ("arn:aws:iam::12345:role/audit", "`12345` is not an account"),
        ("arn:aws:iam::$ACCOUNT:role/audit", "denies nothing: `Resource` names nothing that there is"),
    ] {
        let told = of(resource);
        assert_eq!(told.len(), 1, "one finding for one mistake: {told:?}");
        assert!(told[0].0 == Severity::Medium && told[0].1.contains(says), "{resource}: {told:?}");
    }
    assert_eq!(of("arn:aws:iam::*:role/audit"), []);
    let nothing = found(r#"{"Sid":"S","Effect":"Deny","Action":[],"Resource":"*"}"#);
    let says = "statement `S` denies nothing: `Action` names nothing that there is".to_owned();
    assert_eq!(nothing, [(Severity::Medium, says)]);
    let range = r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceIp":"10.0.0.0/8"}}}"#;
    let told = found(range);
    assert!(told.iter().any(|(_, message)| message.contains("compares something else")), "{told:?}");
}

/// Where the plan turns the type off, what is lost comes first, and that the policies do nothing follows from it.
#[test]
fn a_type_that_the_plan_turns_off_is_the_cause() {
    let path =
        format!("{}/../../fixtures/guardrail-removed/bad-type-disabled.json", env!("CARGO_MANIFEST_DIR"));
    let review = crate::testing::review_text("plan.json", std::fs::read(path).unwrap(), "");
    let of = |rule: &str| review.findings.iter().find(|finding| finding.rule == rule).unwrap();
    let (inert, removed) = (of("inert-guardrail"), of("guardrail-removed"));
    assert_eq!(inert.cause, Some(removed.fingerprint()));
    assert_eq!(inert.accounts, ["222222222222"], "the management account loses nothing");
}

/// Only members of the organization are bound, and none of them has the id of another.
#[test]
fn a_condition_that_no_member_meets() {
    let says = |condition: &str| -> Vec<String> {
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"s3:PutBucketPolicy",
                "Resource":"*","Condition":{{{condition}}}}}]}}"#
        );
        let fixture = ("denied-apply", "good-exempt-role");
        let found = findings_with_document(&INERT_GUARDRAIL, fixture, ("content", &document));
        found.into_iter().map(|finding| finding.message).collect()
    };
    let own = "o-acmeexample1";
    let inert = "statement number 1 denies nothing: no request meets its conditions";
    for (condition, expected) in [
        (r#""StringEquals":{"aws:PrincipalOrgID":"o-anotherone"}"#.to_owned(), Some(inert)),
        (format!(r#""StringNotEquals":{{"aws:PrincipalOrgID":"{own}"}}"#), Some(inert)),
        (format!(r#""StringEquals":{{"aws:PrincipalOrgID":"{own}"}}"#), None),
        (r#""StringNotEqualsIfExists":{"aws:ResourceOrgID":"o-anotherone"}"#.to_owned(), None),
    ] {
        assert_eq!(says(&condition), expected.into_iter().collect::<Vec<_>>(), "{condition}");
    }
}
