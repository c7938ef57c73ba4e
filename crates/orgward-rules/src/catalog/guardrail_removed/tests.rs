//! What is lost, in the words that a reader sees.

use super::GUARDRAIL_REMOVED;
use crate::testing::report;

#[test]
fn detached() {
    insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-detached"), @r#"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    guardrail-removed

      × aws_organizations_policy_attachment.audit_trail: `audit-trail` no longer binds the accounts of
      │ Root/prod: the plan detaches it
        ╭─[aws_organizations_policy.audit_trail.content:8:17]
      6 │         "cloudtrail:StopLogging"
      7 │       ],
      8 │       "Effect": "Deny",
        ·                 ───┬──
        ·                    ╰── denied today
      9 │       "Resource": "*",
     10 │       "Sid": "KeepTheAuditTrail"
        ╰────
      target: Root/prod
      account: 222222222222
      note: no longer denied: `cloudtrail:DeleteTrail` and `cloudtrail:StopLogging`
      request: cloudtrail:StopLogging on arn:aws:cloudtrail:eu-west-1:222222222222:trail/example
               by arn:aws:iam::222222222222:role/application
      help: keep the attachment, or attach what takes its place in the same plan

    blocked: 1 high finding is new
    reviewed bad-detached.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-removed` explains the first one
    "#);
}

#[test]
fn moved_account() {
    insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-moved-account"), @r#"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    guardrail-removed

      × aws_organizations_account.shop: moving it from Root/prod to Root/dev takes it out from under
      │ `audit-trail`
        ╭─[aws_organizations_policy.audit_trail.content:8:17]
      6 │         "cloudtrail:StopLogging"
      7 │       ],
      8 │       "Effect": "Deny",
        ·                 ───┬──
        ·                    ╰── denied today
      9 │       "Resource": "*",
     10 │       "Sid": "KeepTheAuditTrail"
        ╰────
      account: 222222222222
      note: no longer denied: `cloudtrail:DeleteTrail` and `cloudtrail:StopLogging`
      request: cloudtrail:StopLogging on arn:aws:cloudtrail:eu-west-1:222222222222:trail/example
               by arn:aws:iam::222222222222:role/application
      help: attach the same guardrails where it moves to, or do not move it

    blocked: 1 high finding is new
    reviewed bad-moved-account.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-removed` explains the first one
    "#);
}

#[test]
fn weaker_text() {
    insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-weaker-text"), @r#"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    guardrail-removed

      × aws_organizations_policy.audit_trail: `audit-trail` no longer denies `cloudtrail:DeleteTrail`
      │ and `cloudtrail:StopLogging`
        ╭─[aws_organizations_policy.audit_trail.content:14:17]
     12 │         "cloudtrail:StopLogging"
     13 │       ],
     14 │       "Effect": "Deny",
        ·                 ───┬──
        ·                    ╰── denied today
     15 │       "Resource": "*",
     16 │       "Sid": "KeepTheAuditTrail"
        ╰────
      account: 222222222222
      request: cloudtrail:StopLogging on arn:aws:cloudtrail:eu-west-1:222222222222:trail/example
               by arn:aws:iam::222222222222:role/application
      help: keep what it denies, or say in the review what takes its place

    blocked: 1 high finding is new
    reviewed bad-weaker-text.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-removed` explains the first one
    "#);
}

#[test]
fn type_disabled() {
    insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-type-disabled"), @r#"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    guardrail-removed

      × aws_organizations_organization.this: the plan turns SCPs off, so `audit-trail` no longer binds
      │ any account
        ╭─[aws_organizations_policy.audit_trail.content:8:17]
      6 │         "cloudtrail:StopLogging"
      7 │       ],
      8 │       "Effect": "Deny",
        ·                 ───┬──
        ·                    ╰── denied today
      9 │       "Resource": "*",
     10 │       "Sid": "KeepTheAuditTrail"
        ╰────
      account: 222222222222
      note: no longer denied: `cloudtrail:DeleteTrail` and `cloudtrail:StopLogging`
      request: cloudtrail:StopLogging on arn:aws:cloudtrail:eu-west-1:222222222222:trail/example
               by arn:aws:iam::222222222222:role/application
      help: keep the type in `enabled_policy_types`: turning it off detaches every policy

    blocked: 1 high finding is new
    reviewed bad-type-disabled.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-removed` explains the first one
    "#);
}

#[test]
fn replaced_ou() {
    insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-replaced-ou"), @"
    ── medium: 1 found ─────────────────────────────────────────────────────────────

    guardrail-removed

      × aws_organizations_policy_attachment.audit_trail: for a time, `audit-trail` does not bind these
      │ accounts: the attachment is deleted and then created anew
      target: Root/runtime/prod
      account: 222222222222
      help: set `create_before_destroy`, or attach the guardrail at another level for the time being

    blocked: 1 medium finding is new
    reviewed bad-replaced-ou.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-removed` explains the first one
    ");
}

#[test]
fn an_exemption_is_told_with_a_request_that_uses_it() {
    insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-exemption-added"), @r#"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    guardrail-removed

      × aws_organizations_policy.lock: `region-lock` denies less than it does today
        ╭─[aws_organizations_policy.lock.content:12:17]
     10 │         }
     11 │       },
     12 │       "Effect": "Deny",
        ·                 ───┬──
        ·                    ╰── denied today
     13 │       "NotAction": [
     14 │         "iam:*",
        ╰────
      account: 222222222222
      note: no longer denied, in part: every action of every service but `iam`, `organizations`,
            `route53`, `sts` and `support`
      request: ec2:RunInstances on arn:aws:ec2:us-east-1:222222222222:instance/example
               by arn:aws:iam::222222222222:role/migration/x
               with aws:RequestedRegion = "us-east-1"
      help: keep what it denies, or say in the review what takes its place

    blocked: 1 high finding is new
    reviewed bad-exemption-added.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-removed` explains the first one
    "#);
}

#[test]
fn fewer_actions_are_told_by_what_slips_through() {
    insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-narrowed-actions"), @r#"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    guardrail-removed

      × aws_organizations_policy.keep: `keep-data` denies less than it does today
        ╭─[aws_organizations_policy.keep.content:8:17]
      6 │         "s3:Delete*"
      7 │       ],
      8 │       "Effect": "Deny",
        ·                 ───┬──
        ·                    ╰── denied today
      9 │       "Resource": "*",
     10 │       "Sid": "KeepData"
        ╰────
      account: 222222222222
      note: no longer denied: `rds` (20 write) and `s3` (7 permissions management, 10 write, 4 tagging)
      request: s3:DeleteAccessGrant on arn:aws:s3:eu-west-1:222222222222:access-grants/default/grant/example
               by arn:aws:iam::222222222222:role/application
      help: keep what it denies, or say in the review what takes its place

    blocked: 1 high finding is new
    reviewed bad-narrowed-actions.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-removed` explains the first one
    "#);
}

#[test]
fn full_access_beside_an_allow_list() {
    insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-allow-list-beside-full-access"), @r#"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    guardrail-removed

      × aws_organizations_policy_attachment.full_access: `FullAWSAccess` at Root/vault allows what
      │ `only-storage` there leaves out
        ╭─[aws_organizations_policy.allow_list.content:9:17]
      7 │         "s3:*"
      8 │       ],
      9 │       "Effect": "Allow",
        ·                 ───┬───
        ·                    ╰── nothing else is allowed today
     10 │       "Resource": "*",
     11 │       "Sid": "OnlyStorage"
        ╰────
      target: Root/vault
      account: 222222222222
      note: no longer denied: every action of every service but `backup`, `kms` and `s3`
      request: ec2:RunInstances on arn:aws:ec2:eu-west-1:222222222222:instance/example
               by arn:aws:iam::222222222222:role/application
      help: attach one of them: a level allows what any of its policies allows

    blocked: 1 high finding is new
    reviewed bad-allow-list-beside-full-access.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-removed` explains the first one
    "#);
}

#[test]
fn allow_list_widened() {
    insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-allow-list-widened"), @r#"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    guardrail-removed

      × aws_organizations_policy.allow_list: `only-storage` allows more than it does today
        ╭─[aws_organizations_policy.allow_list.content:9:17]
      7 │         "s3:*"
      8 │       ],
      9 │       "Effect": "Allow",
        ·                 ───┬───
        ·                    ╰── nothing else is allowed today
     10 │       "Resource": "*",
     11 │       "Sid": "OnlyStorage"
        ╰────
      account: 222222222222
      note: no longer denied: all of `sts` and `iam` (1 write)
      request: iam:CreateUser on arn:aws:iam::222222222222:user/example
               by arn:aws:iam::222222222222:role/application
      help: keep what it denies, or say in the review what takes its place

    blocked: 1 high finding is new
    reviewed bad-allow-list-widened.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-removed` explains the first one
    "#);
}

#[test]
fn resource_control_policies_are_missed_for_outsiders() {
    insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-resource-control-detached"), @r#"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    guardrail-removed

      × aws_organizations_policy_attachment.perimeter: `organization-only` no longer binds the accounts
      │ of Root/prod: the plan detaches it
        ╭─[aws_organizations_policy.perimeter.content:16:17]
     14 │         }
     15 │       },
     16 │       "Effect": "Deny",
        ·                 ───┬──
        ·                    ╰── denied today
     17 │       "Principal": "*",
     18 │       "Resource": "*",
        ╰────
      target: Root/prod
      account: 222222222222
      note: no longer denied: all of `s3` and all of `sqs`
      request: s3:GetObject on arn:aws:s3:::example-bucket/key
               by arn:aws:iam::999999999999:role/application
               with aws:ResourceAccount = "222222222222"
      help: keep the attachment, or attach what takes its place in the same plan

    blocked: 1 high finding is new
    reviewed bad-resource-control-detached.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-removed` explains the first one
    "#);
}

#[test]
fn moved_ou() {
    insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-moved-ou"), @r#"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    guardrail-removed

      × aws_organizations_organizational_unit.prod: moving it from Root/runtime to Root takes it out
      │ from under `keep-data`
        ╭─[aws_organizations_policy.keep.content:8:17]
      6 │         "s3:DeleteBucket"
      7 │       ],
      8 │       "Effect": "Deny",
        ·                 ───┬──
        ·                    ╰── denied today
      9 │       "Resource": "*",
     10 │       "Sid": "KeepData"
        ╰────
      account: 222222222222
      note: no longer denied: `rds:DeleteDBInstance` and `s3:DeleteBucket`
      request: s3:DeleteBucket on arn:aws:s3:::example
               by arn:aws:iam::222222222222:role/application
      help: attach the same guardrails where it moves to, or do not move it

    blocked: 1 high finding is new
    reviewed bad-moved-ou.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-removed` explains the first one
    "#);
}

#[test]
fn everything_is_lost() {
    insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-quarantine-lifted"), @r#"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    guardrail-removed

      × aws_organizations_policy_attachment.quarantine: `quarantine` no longer binds the accounts of
      │ Root/suspended: the plan detaches it
        ╭─[aws_organizations_policy.quarantine.content:10:17]
      8 │         }
      9 │       },
     10 │       "Effect": "Deny",
        ·                 ───┬──
        ·                    ╰── denied today
     11 │       "Resource": "*",
     12 │       "Sid": "Quarantine"
        ╰────
      target: Root/suspended
      account: 222222222222
      note: no longer denied: every action of every service
      request: ec2:RunInstances on arn:aws:ec2:eu-west-1:222222222222:instance/example
               by arn:aws:iam::222222222222:role/application
      help: keep the attachment, or attach what takes its place in the same plan

    blocked: 1 high finding is new
    reviewed bad-quarantine-lifted.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-removed` explains the first one
    "#);
}

#[test]
fn unknown_text() {
    insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-unknown-text"), @r#"
    ── high: 1 undecided ───────────────────────────────────────────────────────────

    guardrail-removed · undecided

      ? aws_organizations_policy.keep: cannot tell whether what `keep-data` denies today stays denied
       ╭─[aws_organizations_policy.keep.content:5:17]
     3 │     {
     4 │       "Action": "s3:DeleteBucket",
     5 │       "Effect": "Deny",
       ·                 ───┬──
       ·                    ╰── denied today
     6 │       "Resource": "*",
     7 │       "Sid": "KeepData"
       ╰────
      account: 222222222222
      note: `aws_organizations_policy.keep.content` is unknown until apply: it refers to
            `aws_organizations_account.tools.id`
      note: this may get through: `s3:DeleteBucket`
      request: s3:DeleteBucket on arn:aws:s3:::example
               by arn:aws:iam::222222222222:role/application
      help: keep what it denies, or say in the review what takes its place

    blocked: 1 high thing is undecided
    reviewed bad-unknown-text.json: 3 accounts, 0 principals, 1 policy
    `orgward rules guardrail-removed` explains the first one
    "#);
}
