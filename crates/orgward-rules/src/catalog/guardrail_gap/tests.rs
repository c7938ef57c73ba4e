use super::GUARDRAIL_GAP;
use crate::testing::{fixtures, messages_with, report, review_text};
use orgward_finding::Status;

/// The plan detaches the policy; nothing else has changed.
#[test]
fn detached() {
    insta::assert_snapshot!(report(&GUARDRAIL_GAP, "bad-detached"), @r#"
    ── critical: 1 found ───────────────────────────────────────────────────────────

    guardrail-gap

      × Root/runtime/prod: `keep-the-audit-trail` does not hold: nothing denies `cloudtrail:StopLogging`
        ╭─[aws_organizations_policy.audit_trail.content:13:17]
     11 │         }
     12 │       },
     13 │       "Effect": "Deny",
        ·                 ───┬──
        ·                    ╰── would deny it, but is attached to nothing
     14 │       "Resource": "*",
     15 │       "Sid": "KeepTheAuditTrail"
        ╰────
      accounts: 222222222222, 333333333333
      note: statement `KeepTheAuditTrail` of `audit-trail` comes nearest to denying it
      note: the levels: Root (`FullAWSAccess`), runtime (`FullAWSAccess`), prod (`FullAWSAccess`), the
            accounts (`FullAWSAccess`)
      note: not denied: all 2 actions of the guardrail (`cloudtrail:DeleteTrail` and
            `cloudtrail:StopLogging`), by every principal that it is about
      note: declared in orgward.toml:1: nobody but break-glass stops or deletes a trail
      request: cloudtrail:StopLogging on arn:aws:cloudtrail:eu-west-1:222222222222:trail/example
               by arn:aws:iam::222222222222:role/application
      help: attach `audit-trail` to these accounts, or to a unit above them

    blocked: 1 critical finding is new
    reviewed bad-detached.json: 3 accounts, 0 principals, 1 policy
    `orgward rules guardrail-gap` explains the first one
    "#);
}

#[test]
fn exempt_too_wide() {
    insta::assert_snapshot!(report(&GUARDRAIL_GAP, "bad-exempt-too-wide"), @r#"
    ── critical: 1 found ───────────────────────────────────────────────────────────

    guardrail-gap

      × Root/runtime/prod: `keep-the-audit-trail` does not hold: nothing denies `cloudtrail:StopLogging`
        ╭─[aws_organizations_policy.audit_trail.content:12:13]
     10 │           "aws:PrincipalArn": [
     11 │             "arn:aws:iam::*:role/break-glass",
     12 │             "arn:aws:iam::*:role/ops-*"
        ·             ─────────────┬─────────────
        ·                          ╰── spares `arn:aws:iam::${aws_organizations_account.shop.id}:role/ops-`
     13 │           ]
     14 │         }
        ╰────
      accounts: aws_organizations_account.shop, aws_organizations_account.warehouse
      note: statement `KeepTheAuditTrail` of `audit-trail` comes nearest to denying it
      note: the levels: Root (`FullAWSAccess`), runtime (`audit-trail`, `FullAWSAccess`), prod
            (`FullAWSAccess`), the accounts (`FullAWSAccess`)
      note: not denied: all 2 actions of the guardrail (`cloudtrail:DeleteTrail` and
            `cloudtrail:StopLogging`), by principals like `arn:aws:iam::*:role/ops-*`
      note: declared in orgward.toml:1: nobody but break-glass stops or deletes a trail
      request: cloudtrail:StopLogging on arn:aws:cloudtrail:eu-west-1:${aws_organizations_account.shop.id}:trail/example
               by arn:aws:iam::${aws_organizations_account.shop.id}:role/ops-
      help: exempt fewer principals, or accept it: `exempt_principals` of the guardrail

    blocked: 1 critical finding is new
    reviewed bad-exempt-too-wide.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-gap` explains the first one
    "#);
}

/// `DeleteTrails` is no action at all.
#[test]
fn wrong_action() {
    insta::assert_snapshot!(report(&GUARDRAIL_GAP, "bad-wrong-action"), @r#"
    ── critical: 1 found ───────────────────────────────────────────────────────────

    guardrail-gap

      × Root/runtime/prod: `keep-the-audit-trail` does not hold: nothing denies `cloudtrail:DeleteTrail`
       ╭─[aws_organizations_policy.audit_trail.content:4:17]
     2 │       "Statement": [
     3 │         {
     4 │ ╭─▶       "Action": [
     5 │ │           "cloudtrail:DeleteTrails",
     6 │ │           "cloudtrail:StopLogging"
     7 │ ├─▶       ],
       · ╰──── does not name `cloudtrail:DeleteTrail`
     8 │           "Condition": {
     9 │             "ArnNotLike": {
       ╰────
      accounts: aws_organizations_account.shop, aws_organizations_account.warehouse
      note: statement `KeepTheAuditTrail` of `audit-trail` comes nearest to denying it
      note: the levels: Root (`FullAWSAccess`), runtime (`audit-trail`, `FullAWSAccess`), prod
            (`FullAWSAccess`), the accounts (`FullAWSAccess`)
      note: not denied: `cloudtrail:DeleteTrail`, by every principal that it is about
      note: declared in orgward.toml:1: nobody but break-glass stops or deletes a trail
      request: cloudtrail:DeleteTrail on arn:aws:cloudtrail:eu-west-1:${aws_organizations_account.shop.id}:trail/example
               by arn:aws:iam::${aws_organizations_account.shop.id}:role/application
      help: add the action to the statement

    blocked: 1 critical finding is new
    reviewed bad-wrong-action.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-gap` explains the first one
    "#);
}

/// Scenario 8: two keys under one operator must both differ.
#[test]
fn weakened_condition() {
    insta::assert_snapshot!(report(&GUARDRAIL_GAP, "bad-weakened-condition"), @r#"
    ── critical: 1 found ───────────────────────────────────────────────────────────

    guardrail-gap

      × Root/runtime/prod: `keep-the-audit-trail` does not hold: nothing denies `cloudtrail:StopLogging`
        ╭─[aws_organizations_policy.audit_trail.content:13:11]
     11 │         },
     12 │         "StringNotEquals": {
     13 │           "aws:PrincipalTag/team": "security"
        ·           ─────────────────┬─────────────────
        ·                            ╰── is not so when `aws:PrincipalTag/team` is `security`
     14 │         }
     15 │       },
        ╰────
      accounts: aws_organizations_account.shop, aws_organizations_account.warehouse
      note: statement `KeepTheAuditTrail` of `audit-trail` comes nearest to denying it
      note: the levels: Root (`FullAWSAccess`), runtime (`audit-trail`, `FullAWSAccess`), prod
            (`FullAWSAccess`), the accounts (`FullAWSAccess`)
      note: not denied: all 2 actions of the guardrail (`cloudtrail:DeleteTrail` and
            `cloudtrail:StopLogging`), by every principal that it is about, where
            `aws:PrincipalTag/team` is like `security`
      note: declared in orgward.toml:1: nobody but break-glass stops or deletes a trail
      request: cloudtrail:StopLogging on arn:aws:cloudtrail:eu-west-1:${aws_organizations_account.shop.id}:trail/example
               by arn:aws:iam::${aws_organizations_account.shop.id}:role/application
               with aws:PrincipalTag/team = "security"
      help: take the condition out, or deny in a statement of its own

    blocked: 1 critical finding is new
    reviewed bad-weakened-condition.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-gap` explains the first one
    "#);
}

#[test]
fn account_outside_the_unit() {
    insta::assert_snapshot!(report(&GUARDRAIL_GAP, "bad-account-outside"), @r#"
    ── critical: 1 found ───────────────────────────────────────────────────────────

    guardrail-gap

      × Root/runtime: `keep-the-audit-trail` does not hold: nothing denies `cloudtrail:StopLogging`
        ╭─[aws_organizations_policy.audit_trail.content:13:17]
     11 │         }
     12 │       },
     13 │       "Effect": "Deny",
        ·                 ───┬──
        ·                    ╰── would deny it, but is attached to Root/runtime/prod only
     14 │       "Resource": "*",
     15 │       "Sid": "KeepTheAuditTrail"
        ╰────
      account: aws_organizations_account.warehouse
      note: statement `KeepTheAuditTrail` of `audit-trail` comes nearest to denying it
      note: the levels: Root (`FullAWSAccess`), runtime (`FullAWSAccess`), warehouse (`FullAWSAccess`)
      note: not denied: all 2 actions of the guardrail (`cloudtrail:DeleteTrail` and
            `cloudtrail:StopLogging`), by every principal that it is about
      note: declared in orgward.toml:1: nobody but break-glass stops or deletes a trail
      request: cloudtrail:StopLogging on arn:aws:cloudtrail:eu-west-1:${aws_organizations_account.warehouse.id}:trail/example
               by arn:aws:iam::${aws_organizations_account.warehouse.id}:role/application
      help: attach `audit-trail` to these accounts, or to a unit above them

    blocked: 1 critical finding is new
    reviewed bad-account-outside.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-gap` explains the first one
    "#);
}

/// Scenario 32: the policies stay attached and do nothing.
#[test]
fn policy_type_disabled() {
    insta::assert_snapshot!(report(&GUARDRAIL_GAP, "bad-policy-type-disabled"), @r#"
    ── critical: 1 found ───────────────────────────────────────────────────────────

    guardrail-gap

      × Root/runtime/prod: `keep-the-audit-trail` does not hold: nothing denies `cloudtrail:StopLogging`
        ╭─[aws_organizations_policy.audit_trail.content:13:17]
     11 │         }
     12 │       },
     13 │       "Effect": "Deny",
        ·                 ───┬──
        ·                    ╰── would deny it, but service control policies are not enabled
     14 │       "Resource": "*",
     15 │       "Sid": "KeepTheAuditTrail"
        ╰────
      accounts: aws_organizations_account.shop, aws_organizations_account.warehouse
      note: statement `KeepTheAuditTrail` of `audit-trail` comes nearest to denying it
      note: the levels: Root (nothing), runtime (`audit-trail`), prod (nothing), the accounts (nothing)
      note: service control policies are not enabled
      note: not denied: all 2 actions of the guardrail (`cloudtrail:DeleteTrail` and
            `cloudtrail:StopLogging`), by every principal that it is about
      note: declared in orgward.toml:1: nobody but break-glass stops or deletes a trail
      request: cloudtrail:StopLogging on arn:aws:cloudtrail:eu-west-1:${aws_organizations_account.shop.id}:trail/example
               by arn:aws:iam::${aws_organizations_account.shop.id}:role/application
      help: add `SERVICE_CONTROL_POLICY` to `enabled_policy_types`

    blocked: 1 critical finding is new
    reviewed bad-policy-type-disabled.json: 2 accounts, 0 principals, 1 policy
    `orgward rules guardrail-gap` explains the first one
    "#);
}

/// Scenario 35: the text is computed.
#[test]
fn unknown_content() {
    insta::assert_snapshot!(report(&GUARDRAIL_GAP, "bad-unknown-content"), @"
    ── medium: 1 undecided ─────────────────────────────────────────────────────────

    guardrail-gap · undecided

      ? Root/runtime/prod: cannot tell whether `keep-the-audit-trail` holds: `cloudtrail:StopLogging`
      │ may slip through
      accounts: aws_organizations_account.shop, aws_organizations_account.warehouse
      note: `aws_organizations_policy.audit_trail.content` is unknown until apply: it refers to
            `terraform_data.audit_trail.output`
      note: declared in orgward.toml:1: nobody but break-glass stops or deletes a trail
      request: cloudtrail:StopLogging on arn:aws:cloudtrail:eu-west-1:${aws_organizations_account.shop.id}:trail/example
               by arn:aws:iam::${aws_organizations_account.shop.id}:role/application
      help: give the state of the organization with `--org`

    blocked: 1 medium thing is undecided
    reviewed bad-unknown-content.json: 2 accounts, 0 principals, 1 policy
    not judged: 1 changed resource is of types that no rule reads: `terraform_data` (1)
    `orgward rules guardrail-gap` explains the first one
    ");
}

/// The role that is exempt is one of a single account: the guardrail holds in the other one.
#[test]
fn unknown_exemption() {
    insta::assert_snapshot!(report(&GUARDRAIL_GAP, "bad-unknown-exemption"), @r#"
    ── critical: 1 found ───────────────────────────────────────────────────────────

    guardrail-gap

      × Root/runtime/prod: `keep-the-audit-trail` does not hold: nothing denies `cloudtrail:StopLogging`
        ╭─[aws_organizations_policy.audit_trail.content:16:13]
     14 │           "aws:PrincipalArn": [
     15 │             "arn:aws:iam::*:role/break-glass",
     16 │             "${aws_iam_role.responder.arn}"
        ·             ───────────────┬───────────────
        ·                            ╰── spares `arn:aws:iam::${aws_organizations_account.shop.id}:role/responder`
     17 │           ]
     18 │         }
        ╰────
      account: aws_organizations_account.shop
      note: statement `KeepTheAuditTrail` of `audit-trail` comes nearest to denying it
      note: the levels: Root (`FullAWSAccess`), runtime (`audit-trail`, `FullAWSAccess`), prod
            (`FullAWSAccess`), shop (`FullAWSAccess`)
      note: not denied: all 2 actions of the guardrail (`cloudtrail:DeleteTrail` and
            `cloudtrail:StopLogging`), by principals like
            `arn:aws:iam::${aws_organizations_account.shop.id}:role/responder`
      note: declared in orgward.toml:1: nobody but break-glass stops or deletes a trail
      request: cloudtrail:StopLogging on arn:aws:cloudtrail:eu-west-1:${aws_organizations_account.shop.id}:trail/example
               by arn:aws:iam::${aws_organizations_account.shop.id}:role/responder
      help: exempt fewer principals, or accept it: `exempt_principals` of the guardrail

    blocked: 1 critical finding is new
    reviewed bad-unknown-exemption.json: 2 accounts, 1 principal, 2 policies
    `orgward rules guardrail-gap` explains the first one
    "#);
}

#[test]
fn target_that_fits_nothing() {
    let config =
        "[[guardrail]]\nid = 'x'\ntargets = ['Root/run-time/**']\nactions = 'cloudtrail:DeleteTrail'";
    assert_eq!(
        messages_with(&GUARDRAIL_GAP, "good-denied", config),
        ["`x` is not proved for `Root/run-time/**`: nothing in the inputs fits"]
    );
}

/// Break-glass is exempt from the policy, and not from a guardrail that does not say so.
#[test]
fn guardrail_without_exemption() {
    let config = "[[guardrail]]\nid = 'x'\nactions = 'cloudtrail:DeleteTrail'";
    assert_eq!(
        messages_with(&GUARDRAIL_GAP, "good-denied", config),
        ["`x` does not hold: nothing denies `cloudtrail:DeleteTrail`"]
    );
}

const PLAINTEXT: &str = "[[guardrail]]\nid = 'encrypted'\nactions = 's3:*'\n\
                         resources = 'arn:aws:s3:::*'\n\
                         conditions = { Bool = { 'aws:SecureTransport' = false } }\n";

/// What a resource control policy denies counts only where the guardrail says so.
#[test]
fn upheld_by_a_resource_control_policy() {
    let both = format!("{PLAINTEXT}upheld_by = 'scp-or-rcp'");
    assert_eq!(messages_with(&GUARDRAIL_GAP, "good-resource-policy", &both), [""; 0]);
    assert_eq!(
        messages_with(&GUARDRAIL_GAP, "good-resource-policy", PLAINTEXT),
        ["`encrypted` does not hold: nothing denies `s3:GetObject`"]
    );
}

/// Resource control policies reach some services, whatever they say of others.
#[test]
fn upheld_by_a_policy_that_does_not_reach_the_service() {
    let config = "[[guardrail]]\nid = 'x'\nactions = 'ec2:RunInstances'\nupheld_by = 'scp-or-rcp'";
    assert_eq!(messages_with(&GUARDRAIL_GAP, "good-resource-policy", config).len(), 1);
}

/// What the plan no longer denies at all is new, also where another action of the guardrail was open before.
#[test]
fn another_action_that_is_open_is_new() {
    let text = std::fs::read_to_string(fixtures("forgeable-exemption").join("bad-prefix.json")).unwrap();
    let status = |old: &str, new: &str| -> Vec<Status> {
        let mut plan: serde_json::Value = serde_json::from_str(&text).unwrap();
        let document = |action: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"{action}","Resource":"*"}}]}}"#
            )
        };
        for row in plan["resource_changes"].as_array_mut().unwrap() {
            let change = &mut row["change"];
            if change["after"]["content"].is_string() {
                change["before"]["content"] = document(old).into();
                change["after"]["content"] = document(new).into();
                change["actions"] = serde_json::json!(["update"]);
            }
        }
        let config = "[[guardrail]]\nid = 'trail'\nactions = ['cloudtrail:StopLogging', 'cloudtrail:DeleteTrail']\n\
                      targets = ['Root/Prod']";
        let findings = review_text("plan.json", plan.to_string().into_bytes(), config).findings;
        findings.into_iter().filter(|it| it.rule == GUARDRAIL_GAP.info.id).map(|it| it.status).collect()
    };
    let (stop, delete) = ("cloudtrail:StopLogging", "cloudtrail:DeleteTrail");
    assert_eq!(status(stop, delete), [Status::New]);
    assert_eq!(status(stop, stop), [Status::Existing]);
    assert_eq!(status("cloudtrail:LookupEvents", stop), [Status::Existing]);
    assert_eq!(status(stop, "cloudtrail:LookupEvents"), [Status::New]);
}
