//! One AWS object at two addresses of one plan has one outcome.

#![expect(clippy::unwrap_used, reason = "a test that cannot run should say so")]

use orgward_org::{Declared, Hidden, Organization};
use orgward_plan::{Document, Plan};

/// A policy, a unit, and rows about the one attachment of them: address, action, deposed key.
fn plan(rows: &[(&str, &str, Option<&str>)]) -> String {
    let row = |(name, action, deposed): &(&str, &str, Option<&str>)| {
        let object =
            r#"{"id":"ou-acme-prod0000:p-audit000","policy_id":"p-audit000","target_id":"ou-acme-prod0000"}"#;
        let after = if *action == "delete" { "null" } else { object };
        let deposed = deposed.map(|key| format!(r#","deposed":"{key}""#)).unwrap_or_default();
        format!(
            r#"{{"address":"aws_organizations_policy_attachment.{name}","mode":"managed","type":"aws_organizations_policy_attachment","name":"{name}"{deposed},"change":{{"actions":["{action}"],"before":{object},"after":{after}}}}}"#
        )
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!(r#"{{"format_version":"1.2","resource_changes":[{}]}}"#, rows.join(","))
}

/// How many attachments stand after the plan, and what is said of them.
fn outcome(text: &str) -> (usize, Vec<(String, Hidden)>) {
    let document = Document::decode("plan.json", text.as_bytes().to_vec()).unwrap();
    let plan = Plan::parse(&document).unwrap();
    let change = Organization::of(&[plan], &[], &Declared::default());
    let own = change.after.org_policies().filter(|policy| !policy.data.aws_managed);
    let attached: usize = own.map(|policy| change.after.targets_of(policy.id).len()).sum();
    let said = change.after.unjudged().iter().map(|each| (each.message.clone(), each.weight)).collect();
    (attached, said)
}

#[test]
fn what_is_destroyed_at_one_address_is_gone_at_the_other() {
    let (attached, said) = outcome(&plan(&[("kept", "no-op", None), ("old", "delete", None)]));
    assert_eq!(attached, 0, "AWS has one attachment, and it is detached");
    assert_eq!(
        said,
        [(
            "it is the same object in AWS as `aws_organizations_policy_attachment.old`, and the plan destroys it there"
                .to_owned(),
            Hidden::Contradiction
        )]
    );
}

#[test]
fn a_deposed_object_that_is_the_current_one_takes_it_along() {
    let (attached, said) = outcome(&plan(&[("kept", "no-op", None), ("kept", "delete", Some("1a2b3c4d"))]));
    assert_eq!(attached, 0);
    assert!(said[0].0.contains("deposed object `1a2b3c4d`"), "{said:?}");
}

#[test]
fn one_that_lets_go_is_no_twin_that_destroys() {
    let (attached, said) = outcome(&plan(&[("kept", "no-op", None), ("old", "forget", None)]));
    assert!(attached > 0);
    assert_eq!(said, []);
}

/// Policy types are turned off in one row and left alone in another one.
#[test]
fn what_is_changed_at_one_address_is_changed_at_the_other() {
    let row = |name: &str, action: &str, after: &str| {
        let object = |types: &str| format!(r#"{{"id":"o-acmeexample","enabled_policy_types":[{types}]}}"#);
        format!(
            r#"{{"address":"aws_organizations_organization.{name}","mode":"managed","type":"aws_organizations_organization","name":"{name}","change":{{"actions":["{action}"],"before":{},"after":{}}}}}"#,
            object(r#""SERVICE_CONTROL_POLICY""#),
            object(after)
        )
    };
    for (first, second) in [("a", "b"), ("b", "a")] {
        let rows = [row(first, "update", ""), row(second, "no-op", r#""SERVICE_CONTROL_POLICY""#)];
        let text = format!(r#"{{"format_version":"1.2","resource_changes":[{}]}}"#, rows.join(","));
        let document = Document::decode("plan.json", text.into_bytes()).unwrap();
        let plan = Plan::parse(&document).unwrap();
        let change = Organization::of(&[plan], &[], &Declared::default());
        let kind = orgward_org::PolicyType::ServiceControl;
        assert_eq!(change.before.is_enabled(&kind), Some(true));
        assert_eq!(change.after.is_enabled(&kind), Some(false), "{first} and {second}");
    }
}

/// A delegation has the ARN of its account, and so have all delegations of the account.
#[test]
fn objects_with_the_arn_of_another_object_are_told_apart_by_their_ids() {
    let row = |service: &str, action: &str| {
        let object = format!(
            r#"{{"id":"222222222222/{service}","arn":"arn:aws:organizations::111111111111:account/o-acmeexample/222222222222","account_id":"222222222222","service_principal":"{service}"}}"#
        );
        let after = if action == "delete" { "null" } else { &object };
        format!(
            r#"{{"address":"aws_organizations_delegated_administrator.security[\"{service}\"]","mode":"managed","type":"aws_organizations_delegated_administrator","name":"security","index":"{service}","change":{{"actions":["{action}"],"before":{object},"after":{after}}}}}"#
        )
    };
    let rows = [row("guardduty.amazonaws.com", "no-op"), row("access-analyzer.amazonaws.com", "delete")];
    let text = format!(r#"{{"format_version":"1.2","resource_changes":[{}]}}"#, rows.join(","));
    let document = Document::decode("plan.json", text.into_bytes()).unwrap();
    let change = Organization::of(&[Plan::parse(&document).unwrap()], &[], &Declared::default());
    assert_eq!(change.after.unjudged(), []);
    assert_eq!(change.after.controls_of("aws_organizations_delegated_administrator").count(), 1);
    assert_eq!(change.before.controls_of("aws_organizations_delegated_administrator").count(), 2);
}
