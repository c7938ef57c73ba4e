//! Whom guardrails lock out, in the words that a reader sees.

use orgward_finding::{Severity, Status};

use super::OPERATOR_LOCKOUT;
use crate::testing::{findings, messages_with, report};

#[test]
fn no_request_is_left() {
    insta::assert_snapshot!(report(&OPERATOR_LOCKOUT, "bad-denied-altogether"), @r#"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    operator-lockout

      × aws_organizations_policy.no_iam: denies the operator `delivery` what it must be able to do:
      │ `iam:PassRole`
       ╭─[aws_organizations_policy.no_iam.content:5:17]
     3 │     {
     4 │       "Action": "iam:*",
     5 │       "Effect": "Deny",
       ·                 ───┬──
       ·                    ╰── denies it
     6 │       "Resource": "*",
     7 │       "Sid": "NoIdentities"
       ╰────
      account: 222222222222
      request: iam:PassRole on arn:aws:iam::222222222222:role/example
               by arn:aws:iam::222222222222:role/delivery
               with aws:RequestedRegion = "us-east-1"
      help: exempt the operator, or take what it does not need out of its `[[operator]]`

    blocked: 1 high finding is new
    reviewed bad-denied-altogether.json: 2 accounts, 0 principals, 1 policy
    `orgward rules operator-lockout` explains the first one
    "#);
}

#[test]
fn some_requests_are_left() {
    insta::assert_snapshot!(report(&OPERATOR_LOCKOUT, "bad-denied-in-part"), @r#"
    ── medium: 1 found ─────────────────────────────────────────────────────────────

    operator-lockout

      × aws_organizations_policy.tagged: denies the operator `delivery` some requests that it must be
      │ able to make: `ec2:RunInstances`
        ╭─[aws_organizations_policy.tagged.content:10:17]
      8 │         }
      9 │       },
     10 │       "Effect": "Deny",
        ·                 ───┬──
        ·                    ╰── denies it
     11 │       "Resource": "arn:aws:ec2:*:*:instance/*",
     12 │       "Sid": "OnlyWithOwner"
        ╰────
      account: 222222222222
      request: ec2:RunInstances on arn:aws:ec2:eu-central-1:222222222222:instance/example
               by arn:aws:iam::222222222222:role/delivery
               with aws:RequestedRegion = "eu-central-1"
      help: exempt the operator, or say in its `[[operator]]` which resources and conditions it needs

    blocked: 1 medium finding is new
    reviewed bad-denied-in-part.json: 2 accounts, 0 principals, 1 policy
    `orgward rules operator-lockout` explains the first one
    "#);
}

#[test]
fn it_depends_on_what_is_unknown() {
    insta::assert_snapshot!(report(&OPERATOR_LOCKOUT, "bad-unknown-text"), @"
    ── medium: 1 undecided ─────────────────────────────────────────────────────────

    operator-lockout · undecided

      ? Root/prod: cannot tell whether guardrails deny the operator `delivery` what it must be able to
      │ do
      accounts: 222222222222, aws_organizations_account.tools
      note: `aws_organizations_policy.no_iam.content` is unknown until apply: it refers to
            `aws_organizations_account.tools.id`

    blocked: 1 medium thing is undecided
    reviewed bad-unknown-text.json: 3 accounts, 0 principals, 1 policy
    `orgward rules operator-lockout` explains the first one
    ");
}

#[test]
fn an_account_that_moves_under_a_guardrail_is_newly_locked_out() {
    let found = findings(&OPERATOR_LOCKOUT, "bad-newly-bound-account");
    let mut told: Vec<_> = found.iter().map(|it| (it.accounts.join(" "), it.status)).collect();
    told.sort();
    // The account that was bound before has had it before.
    assert_eq!(
        told,
        [("222222222222".to_owned(), Status::Existing), ("333333333333".to_owned(), Status::New)]
    );
}

const OPERATOR: &str = r#"
[[operator]]
name = "tagger"
principals = ["arn:aws:iam::*:role/tagger"]
actions = ["ec2:RunInstances"]
"#;

#[test]
fn what_always_holds_for_an_operator_is_no_reason() {
    let always = format!("{OPERATOR}conditions = {{ StringLike = {{ 'aws:RequestTag/owner' = '*' }} }}");
    assert_eq!(messages_with(&OPERATOR_LOCKOUT, "bad-denied-in-part", &always), [""; 0]);
    let key = format!("{OPERATOR}resources = ['arn:aws:ec2:eu-central-1:222222222222:key-pair/ci']");
    assert_eq!(messages_with(&OPERATOR_LOCKOUT, "bad-denied-in-part", &key), [""; 0]);
    assert_eq!(messages_with(&OPERATOR_LOCKOUT, "bad-denied-in-part", OPERATOR).len(), 1);
}

#[test]
fn an_operator_is_asked_about_only_where_it_works() {
    let there = format!("{OPERATOR}targets = ['Root/prod*']");
    assert_eq!(messages_with(&OPERATOR_LOCKOUT, "bad-denied-in-part", &there).len(), 1);
    let elsewhere = format!("{OPERATOR}targets = ['Root/dev/*']");
    assert_eq!(messages_with(&OPERATOR_LOCKOUT, "bad-denied-in-part", &elsewhere), [""; 0]);
}

#[test]
fn a_region_lock_is_a_reason_only_for_who_works_elsewhere() {
    let abroad = format!("{OPERATOR}regions = ['us-east-1']");
    let found = messages_with(&OPERATOR_LOCKOUT, "good-region-lock", &abroad);
    insta::assert_snapshot!(found.join("\n"), @"denies the operator `tagger` what it must be able to do: `ec2:RunInstances`");
    // Nothing says which regions are used but the lock itself.
    assert_eq!(messages_with(&OPERATOR_LOCKOUT, "good-region-lock", OPERATOR), [""; 0]);
}

#[test]
fn severity_tells_whether_anything_is_left() {
    let severity = |plan| findings(&OPERATOR_LOCKOUT, plan).first().map(|it| it.severity);
    assert_eq!(severity("bad-denied-altogether"), Some(Severity::High));
    assert_eq!(severity("bad-denied-in-part"), Some(Severity::Medium));
}
