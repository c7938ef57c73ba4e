use orgward_finding::{Severity, Verdict};

use super::WIDENED_POLICY;
use crate::testing::{findings, report};

#[test]
fn an_action_less_is_denied() {
    insta::assert_snapshot!(report(&WIDENED_POLICY, "bad-action-dropped"), @r#"
        ── medium: 1 found ─────────────────────────────────────────────────────────────

        widened-policy

          × scp/trail.json: policy allows `cloudtrail:DeleteTrail`, which it did not allow before
            ╭─[scp/trail.json.content:7:17]
          5 │           "Sid": "Trail",
          6 │           "Effect": "Deny",
          7 │ ╭─▶       "Action": [
          8 │ │           "cloudtrail:StopLogging",
          9 │ │           "cloudtrail:DeleteTrail"
         10 │ ├─▶       ],
            · ╰──── denied it before
         11 │           "Resource": "*",
         12 │           "Condition": {
            ╰────
          request: cloudtrail:DeleteTrail on arn:aws:cloudtrail:eu-west-1:111111111111:trail/example
                   by arn:aws:iam::111111111111:role/application
          help: keep what the policy denied or left out, or accept the change with a waiver

        blocked: 1 medium finding is new
        reviewed bad-action-dropped.json: 0 accounts, 0 principals, 1 policy
        `orgward rules widened-policy` explains the first one
        "#);
}

#[test]
fn a_policy_that_goes_opens_what_it_denied() {
    let found = findings(&WIDENED_POLICY, "bad-file-removed");
    assert_eq!(found.len(), 1);
    assert!(
        found[0].message.starts_with("the policy is removed, and no longer denies `cloudtrail:"),
        "{found:?}"
    );
    assert_eq!(found[0].severity, Severity::Medium);
}

#[test]
fn a_condition_more_spares_a_principal() {
    let found = findings(&WIDENED_POLICY, "bad-condition-added");
    let witness = found[0].witness.as_ref().unwrap();
    assert!(witness.principal.ends_with(":role/audit"), "{witness:?}");
}

#[test]
fn a_template_says_what_fills_it_in() {
    let found = findings(&WIDENED_POLICY, "bad-unknown-placeholder");
    assert_eq!(found[0].verdict, Verdict::Unverifiable);
    assert!(found[0].notes[0].contains("pass `--set ROLE=VALUE`"), "{found:?}");
}
