use orgward_finding::Severity;

use super::OVER_QUOTA;
use crate::testing::{findings_with_document, report, review_text};

#[test]
fn scp_size() {
    insta::assert_snapshot!(report(&OVER_QUOTA, "bad-scp-size"), @"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    over-quota

      × aws_organizations_policy.archives: SCP has 11545 characters, of which 10240 are allowed
      note: quotas as of 2026-11-01
      help: send it without white space: it has 4657 characters then; `jsonencode` does that

    blocked: 1 high finding is new
    reviewed bad-scp-size.json: 1 account, 0 principals, 1 policy
    `orgward rules over-quota` explains the first one
    ");
}

#[test]
fn size_with_a_hole() {
    insta::assert_snapshot!(report(&OVER_QUOTA, "bad-size-with-a-hole"), @"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    over-quota

      × aws_organizations_policy.archives: SCP has at least 12231 characters, of which 10240 are allowed
      note: quotas as of 2026-11-01
      help: split it: without white space it still has 12231 characters

    blocked: 1 high finding is new
    reviewed bad-size-with-a-hole.json: 1 account, 0 principals, 1 policy
    `orgward rules over-quota` explains the first one
    ");
}

#[test]
fn unknown_size() {
    insta::assert_snapshot!(report(&OVER_QUOTA, "bad-unknown-size"), @"
    ── low: 1 undecided (does not block) ───────────────────────────────────────────

    over-quota · undecided

      ? aws_organizations_policy.archives: cannot tell whether this SCP has more than the 10240
      │ characters that are allowed
      note: it has at least 9035 without white space, and about 10988 as the provider lays it out
      note: quotas as of 2026-11-01
      help: send it without white space: it has at least 9035 characters then; `jsonencode` does that

    not blocked: nothing found, but 1 low thing is undecided
    reviewed bad-unknown-size.json: 1 account, 0 principals, 1 policy
    `orgward rules over-quota` explains the first one
    ");
}

#[test]
fn eleven_scps() {
    insta::assert_snapshot!(report(&OVER_QUOTA, "bad-eleven-scps"), @"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    over-quota

      × aws_organizations_organizational_unit.runtime: 11 SCPs are attached here, of which 10 are
      │ allowed
      target: Root/runtime
      note: quotas as of 2026-11-01
      help: merge some of them, or attach them at another level (the one that AWS attaches counts); AWS
            does not raise this quota

    blocked: 1 high finding is new
    reviewed bad-eleven-scps.json: 1 account, 0 principals, 10 policies
    `orgward rules over-quota` explains the first one
    ");
}

#[test]
fn five_rcps() {
    insta::assert_snapshot!(report(&OVER_QUOTA, "bad-five-rcps"), @"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    over-quota

      × aws_organizations_organizational_unit.runtime: 6 RCPs are attached here, of which 5 are allowed
      target: Root/runtime
      note: quotas as of 2026-11-01
      help: merge some of them, or attach them at another level (the one that AWS attaches counts); AWS
            does not raise this quota

    blocked: 1 high finding is new
    reviewed bad-five-rcps.json: 1 account, 0 principals, 5 policies
    `orgward rules over-quota` explains the first one
    ");
}

/// Of a trust policy AWS raises the quota, to twice as much; an apply with more than that always fails.
#[test]
fn a_trust_policy_that_no_raised_quota_takes() {
    let of = |roles: usize| {
        let roles: Vec<String> =
            (0..roles).map(|at| format!(r#""arn:aws:iam::222222222222:role/application-{at:04}""#)).collect();
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":[{}]}},"Action":"sts:AssumeRole"}}]}}"#,
            roles.join(",")
        );
        let found = findings_with_document(
            &OVER_QUOTA,
            ("public-trust", "bad-star-string"),
            ("assume_role_policy", &document),
        );
        let told = found.into_iter().map(|it| (it.severity, it.help.unwrap_or_default().contains("ask AWS")));
        told.collect::<Vec<_>>()
    };
    assert_eq!(of(20), []);
    assert_eq!(of(60), [(Severity::Medium, true)]);
    assert_eq!(of(120), [(Severity::High, false)]);
}

/// The inline policies of a user have the same number of characters, and AWS does not raise it.
#[test]
fn inline_policies_of_a_user() {
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::{}"}}]}}"#,
        "a".repeat(2100)
    );
    let plan = serde_json::json!({
        "format_version": "1.0", "terraform_version": "1.11.4",
        "values": { "root_module": { "resources": [
            { "address": "aws_iam_user.it", "mode": "managed", "type": "aws_iam_user", "name": "it",
              "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 0,
              "values": { "name": "it", "id": "it", "arn": "arn:aws:iam::222222222222:user/it" } },
            { "address": "aws_iam_user_policy.it", "mode": "managed", "type": "aws_iam_user_policy", "name": "it",
              "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 0,
              "values": { "name": "it", "user": "it", "id": "it:it", "policy": document } },
        ] } },
    });
    let review = review_text("state.json", plan.to_string().into_bytes(), "");
    let found = review.findings.iter().find(|finding| finding.rule == "over-quota").expect("it is too long");
    assert_eq!(found.severity, Severity::High);
    assert!(!found.help.as_deref().unwrap_or_default().contains("ask AWS"), "{found:?}");
}

#[test]
fn deep_ou() {
    insta::assert_snapshot!(report(&OVER_QUOTA, "bad-deep-ou"), @"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    over-quota

      × aws_organizations_organizational_unit.orders: unit is 6 levels below the root, of which 5 are
      │ allowed
      target: Root/runtime/europe/germany/shop/backend/orders
      note: quotas as of 2026-11-01
      help: flatten the tree; AWS does not raise this quota

    blocked: 1 high finding is new
    reviewed bad-deep-ou.json: 0 accounts, 0 principals, 0 policies
    `orgward rules over-quota` explains the first one
    ");
}

/// What AWS has granted stands in the configuration, and what people set below AWS's number counts, too.
#[test]
fn quotas_of_the_configuration() {
    let read = |name: &str| {
        let path = format!("{}/../../fixtures/over-quota/{name}.json", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(path).unwrap()
    };
    let of = |name: &str, quotas: &str| {
        let review = review_text("plan.json", read(name), &format!("[quotas]\n{quotas}\n"));
        let found = review.findings.into_iter().filter(|finding| finding.rule == OVER_QUOTA.info.id);
        found.map(|it| (it.severity, it.message, it.notes)).collect::<Vec<_>>()
    };
    let [(severity, ..)] = of("bad-eleven-own-policies", "units = 5").try_into().unwrap();
    assert_eq!(severity, Severity::Medium);
    assert_eq!(of("bad-eleven-own-policies", "managed_policies_per_role = 20"), []);
    let [(severity, message, notes)] = of("bad-eleven-scps", "scps_per_target = 8").try_into().unwrap();
    assert_eq!(severity, Severity::High, "AWS does not raise it");
    assert!(message.contains("11 SCPs are attached here, of which 8 are allowed"), "{message}");
    let note = "`[quotas]` of the configuration sets `scps_per_target` to 8; AWS has 10, as of 2026-11-01";
    assert!(notes.iter().any(|it| it == note), "{notes:?}");
}

/// What a principal of another stack is given counts as far as the inputs show it.
#[test]
fn principals_of_another_stack() {
    let change = |address: &str, kind: &str, after: serde_json::Value| {
        serde_json::json!({
            "address": address, "mode": "managed", "type": kind, "name": address.rsplit('.').next(),
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {"id": true}},
        })
    };
    let found = |changes: Vec<serde_json::Value>| -> Vec<String> {
        let resources: Vec<_> = changes
            .iter()
            .map(|row| {
                serde_json::json!({"address": row["address"], "mode": "managed", "type": row["type"],
                    "name": row["name"], "provider_config_key": "aws", "expressions": {}})
            })
            .collect();
        let plan = serde_json::json!({
            "format_version": "1.2", "terraform_version": "1.11.4", "complete": true, "resource_changes": changes,
            "configuration": {"provider_config": {"aws": {"name": "aws"}}, "root_module": {"resources": resources}},
        });
        let review = review_text("plan.json", plan.to_string().into_bytes(), "");
        let own = review.findings.into_iter().filter(|it| it.rule == OVER_QUOTA.info.id);
        own.map(|it| it.message).collect()
    };
    let attached = |count: usize| {
        (0..count).map(|at| {
            let arn = format!("arn:aws:iam::222222222222:policy/p{at}");
            let after = serde_json::json!({"role": "theirs", "policy_arn": arn});
            change(&format!("aws_iam_role_policy_attachment.a{at}"), "aws_iam_role_policy_attachment", after)
        })
    };
    assert_eq!(found(attached(10).collect()), [""; 0]);
    assert_eq!(
        found(attached(11).collect()),
        ["the role of another stack gets 11 managed policies, of which 10 are allowed"]
    );
    let inline = |name: &str, count: usize| {
        let actions: Vec<String> = (0..count).map(|at| format!("s3:GetObject{at:04}")).collect();
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": actions, "Resource": "*"}]});
        let after = serde_json::json!({"name": name, "user": "theirs", "policy": policy.to_string()});
        change(&format!("aws_iam_user_policy.{name}"), "aws_iam_user_policy", after)
    };
    assert_eq!(found(vec![inline("one", 60)]), [""; 0]);
    let both = found(vec![inline("one", 60), inline("two", 60)]);
    assert!(
        matches!(both.as_slice(), [one] if one.contains("characters of inline policies, of which 2048 are allowed")),
        "{both:?}"
    );
    let key = |name: &str| {
        change(
            &format!("aws_iam_access_key.{name}"),
            "aws_iam_access_key",
            serde_json::json!({"user": "theirs", "status": "Active"}),
        )
    };
    assert_eq!(found(vec![key("a"), key("b")]), [""; 0]);
    assert_eq!(
        found(vec![key("a"), key("b"), key("c")]),
        ["the user gets 3 access keys, of which 2 are allowed"]
    );
}
