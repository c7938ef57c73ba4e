//! Each mistake by its message and a request that shows it; and slips that harm nothing.

use orgward_finding::{Finding, Severity, WitnessValue};
use serde_json::{Value, json};

use super::REGION_LOCK_MISTAKE;
use crate::testing::{fixtures, report, review_of, review_text};

const CONFIG: &str = "[regions]\nallowed = ['eu-central-1', 'eu-west-1']\n";
const REGIONS: [&str; 2] = ["eu-central-1", "eu-west-1"];

/// A plan with one account in one unit, to which this policy is attached; every rule's findings.
fn all(document: &Value, config: &str) -> Vec<Finding> {
    all_of("region-lock-gap/good-locked.json", document, config)
}

/// The same of another plan with one policy.
fn all_of(plan: &str, document: &Value, config: &str) -> Vec<Finding> {
    let text = std::fs::read_to_string(fixtures(plan)).unwrap();
    let mut plan: Value = serde_json::from_str(&text).unwrap();
    replace(&mut plan, &document.to_string());
    review_text("plan.json", plan.to_string().into_bytes(), config).findings
}

/// Puts a document in the place of the lock.
fn replace(value: &mut Value, document: &str) {
    match value {
        Value::Object(object) => {
            if let Some(content) = object.get_mut("content").filter(|content| content.is_string()) {
                *content = json!(document);
            }
            object.values_mut().for_each(|value| replace(value, document));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| replace(value, document)),
        _ => {}
    }
}

fn with(document: &Value, config: &str) -> Vec<Finding> {
    let all = all(document, config).into_iter();
    all.filter(|finding| finding.rule == REGION_LOCK_MISTAKE.info.id).collect()
}

/// The actions that may be used everywhere in these tests.
fn exempt() -> Value {
    let text = include_str!("../../../../orgward-proof/data/region-lock-profiles.toml");
    let profiles: toml::Table = toml::from_str(text).unwrap();
    let mut list: Vec<Value> =
        profiles["aws-sample"].as_array().unwrap().iter().map(|value| json!(value.as_str())).collect();
    list.push(json!("account:*"));
    Value::Array(list)
}

fn policy(statements: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// A lock by the book with other conditions.
fn conditions(conditions: &Value) -> Value {
    policy(&json!([{
        "Effect": "Deny", "NotAction": exempt(), "Resource": "*", "Condition": conditions,
    }]))
}

fn only(document: &Value) -> Finding {
    let findings = with(document, CONFIG);
    let [finding] = <[Finding; 1]>::try_from(findings).unwrap();
    assert!(!finding.snippets.is_empty(), "{finding:?}");
    finding
}

fn region(finding: &Finding) -> &str {
    let context = &finding.witness.as_ref().unwrap().context;
    match context.iter().find(|(key, _)| key == "aws:RequestedRegion") {
        Some((_, WitnessValue::One(region))) => region,
        _ => "none",
    }
}

fn action(finding: &Finding) -> &str {
    &finding.witness.as_ref().unwrap().action
}

fn assert_says(finding: &Finding, message: &str) {
    assert_eq!(finding.message, message);
}

// 1.
#[test]
fn a_positive_operator_in_a_denial() {
    let finding = only(&conditions(&json!({ "StringEquals": { "aws:RequestedRegion": REGIONS } })));
    assert_says(&finding, "`StringEquals` denies the regions that should be open, and no others");
    assert_eq!((action(&finding), region(&finding)), ("ec2:RunInstances", "eu-central-1"));
    assert_eq!(finding.severity, Severity::High);
}

#[test]
fn a_list_of_unwanted_regions_is_a_style() {
    let unwanted = json!({ "StringEquals": { "aws:RequestedRegion": ["us-east-1", "ap-south-1"] } });
    assert_eq!(with(&conditions(&unwanted), CONFIG), []);
}

// 2.
#[test]
fn one_statement_for_each_region() {
    let statement = |region: &str| {
        json!({
            "Effect": "Deny", "NotAction": exempt(), "Resource": "*",
            "Condition": { "StringNotEquals": { "aws:RequestedRegion": region } },
        })
    };
    let finding = only(&policy(&json!([statement("eu-central-1"), statement("eu-west-1")])));
    assert_says(
        &finding,
        "each statement denies the regions that the other leaves open: together they deny all",
    );
    assert_eq!(region(&finding), "eu-central-1");
    assert_eq!(finding.snippets.len(), 2);
}

#[test]
fn statements_for_different_services_share_the_work() {
    let statement = |action: &str, not: &str, region: &str| {
        json!({
            "Effect": "Deny", not: action, "Resource": "*",
            "Condition": { "StringNotEquals": { "aws:RequestedRegion": region } },
        })
    };
    let document = policy(&json!([
        statement("ec2:*", "Action", "eu-central-1"),
        statement("lambda:*", "Action", "eu-west-1"),
    ]));
    assert!(with(&document, CONFIG).iter().all(|finding| !finding.message.starts_with("each statement")));
}

// 3.
#[test]
fn a_second_key_weakens() {
    let finding = only(&conditions(&json!({
        "StringNotEquals": { "aws:RequestedRegion": REGIONS, "aws:PrincipalTag/team": "platform" },
    })));
    assert_says(
        &finding,
        "the condition on `aws:PrincipalTag/team` weakens the lock: it denies only where both hold",
    );
    let tag = ("aws:PrincipalTag/team".to_owned(), WitnessValue::One("platform".to_owned()));
    assert!(finding.witness.as_ref().unwrap().context.contains(&tag), "{finding:?}");
    assert_eq!(region(&finding), "us-east-1");
}

#[test]
fn a_second_key_that_another_statement_makes_good() {
    let lock = |conditions: Value| json!({ "Effect": "Deny", "NotAction": exempt(), "Resource": "*", "Condition": conditions });
    let document = policy(&json!([
        lock(
            json!({ "StringNotEquals": { "aws:RequestedRegion": REGIONS, "aws:PrincipalTag/team": "platform" } })
        ),
        lock(json!({ "StringNotEquals": { "aws:RequestedRegion": REGIONS } })),
    ]));
    assert_eq!(with(&document, CONFIG), []);
}

fn sparing(principals: &Value) -> Value {
    conditions(&json!({
        "StringNotEquals": { "aws:RequestedRegion": REGIONS },
        "ArnNotLike": { "aws:PrincipalArn": principals },
    }))
}

// 4.
#[test]
fn an_exemption_that_anybody_can_forge() {
    let finding = only(&sparing(&json!(["arn:aws:iam::*:role/Admin*", "arn:aws:iam::*:role/*deploy*"])));
    assert_says(
        &finding,
        "the lock exempts `arn:aws:iam::*:role/Admin*`, `arn:aws:iam::*:role/*deploy*`, and nothing keeps others \
         from becoming one",
    );
    assert_eq!(action(&finding), "iam:CreateRole");
    assert!(finding.witness.as_ref().unwrap().resource.ends_with(":role/Adminx"), "{finding:?}");
}

// 5.
#[test]
fn a_name_that_is_free_in_most_accounts() {
    let finding = only(&sparing(&json!("arn:aws:iam::*:role/break-glass")));
    assert_says(
        &finding,
        "the lock exempts `arn:aws:iam::*:role/break-glass` in every account, and nothing protects that name there",
    );
    assert_eq!(action(&finding), "iam:CreateRole");
}

#[test]
fn a_name_that_is_protected_is_no_mistake() {
    let mut document = sparing(&json!("arn:aws:iam::*:role/break-glass"));
    document["Statement"].as_array_mut().unwrap().push(json!({
        "Effect": "Deny", "Action": ["iam:*Role*"], "Resource": "arn:aws:iam::*:role/break-glass",
        "Condition": { "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/break-glass" } },
    }));
    assert_eq!(with(&document, CONFIG), []);
}

#[test]
fn the_role_of_control_tower_is_accepted_with_the_published_locks() {
    assert_eq!(with(&sparing(&json!("arn:aws:iam::*:role/AWSControlTowerExecution")), CONFIG), []);
}

// 6.
#[test]
fn a_placeholder_exempts_nobody() {
    let finding = only(&sparing(&json!("arn:aws:iam::${Account}:role/[PRIVILEGED_ROLE]")));
    assert_says(&finding, "placeholder `${Account}` was left in: it exempts nobody");
    assert!(finding.witness.as_ref().unwrap().principal.ends_with(":role/PRIVILEGED_ROLE"), "{finding:?}");
    assert_eq!(region(&finding), "us-east-1");
    let rules: Vec<&str> = all(&sparing(&json!("arn:aws:iam::${Account}:role/[PRIVILEGED_ROLE]")), CONFIG)
        .iter()
        .map(|finding| finding.rule)
        .collect();
    assert_eq!(rules, ["region-lock-mistake"], "it exempts nobody, so that everybody is locked");
}

#[test]
fn a_placeholder_for_the_region() {
    let document = conditions(&json!({ "StringNotEquals": { "aws:RequestedRegion": "[REGION]" } }));
    let finding = only(&document);
    assert_says(&finding, "placeholder `[REGION]` was left in: it leaves no region open");
    assert_eq!(region(&finding), "eu-central-1");
    let rules: Vec<&str> = all(&document, CONFIG).iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["region-lock-mistake"], "the closed regions are told once");
}

// 7.
#[test]
fn the_path_of_identity_center() {
    let pattern = "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*";
    let finding = only(&sparing(&json!(pattern)));
    assert_says(&finding, "the exemption misses roles of Identity Center whose home region is us-east-1");
    let principal = &finding.witness.as_ref().unwrap().principal;
    assert!(principal.contains("/sso.amazonaws.com/AWSReservedSSO_Admin_"), "{principal}");
    let safe = "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com*/AWSReservedSSO_Admin_*";
    assert_eq!(with(&sparing(&json!(safe)), CONFIG), [], "only AWS makes such roles");
}

// 8.
#[test]
fn a_list_of_actions() {
    let finding = only(&policy(&json!([{
        "Effect": "Deny", "Action": ["ec2:*", "s3:*"], "Resource": "*",
        "Condition": { "StringNotEquals": { "aws:RequestedRegion": REGIONS } },
    }])));
    assert_says(
        &finding,
        "the lock denies only the actions that it lists, and `access-analyzer:CreateAnalyzer` is none of them",
    );
    assert_eq!(region(&finding), "us-east-1");
}

// 9.
#[test]
fn regional_services_in_the_exemptions() {
    let mut document = conditions(&json!({ "StringNotEquals": { "aws:RequestedRegion": REGIONS } }));
    document["Statement"][0]["NotAction"].as_array_mut().unwrap().extend([json!("s3:*"), json!("lambda:*")]);
    let finding = only(&document);
    assert_says(&finding, "`NotAction` exempts regional actions: `s3:*`, `lambda:*`");
    assert!(action(&finding).starts_with("s3:"), "{finding:?}");
    assert_eq!(finding.snippets.len(), 2);
}

#[test]
fn a_wildcard_in_the_service_is_reported_by_unreadable_policy() {
    let mut document = conditions(&json!({ "StringNotEquals": { "aws:RequestedRegion": REGIONS } }));
    document["Statement"][0]["NotAction"].as_array_mut().unwrap().push(json!("*:Describe*"));
    let found = all(&document, CONFIG);
    let [unreadable] = found.iter().filter(|f| f.rule == "unreadable-policy").collect::<Vec<_>>()[..] else {
        panic!("{found:?}")
    };
    assert_eq!(unreadable.message, "the service prefix of the action `*:Describe*` has a wildcard");
}

// 12.
#[test]
fn an_allow_beside_full_access_locks_nothing() {
    let finding = only(&policy(&json!([{
        "Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": { "StringEquals": { "aws:RequestedRegion": REGIONS } },
    }])));
    assert_says(&finding, "an `Allow` locks nothing while `FullAWSAccess` allows the same at its level");
    assert_eq!((action(&finding), region(&finding)), ("ec2:RunInstances", "us-east-1"));
}

/// A policy in the place of `FullAWSAccess`: what it does not allow is denied.
fn alone(statements: &Value) -> Vec<Finding> {
    let found = all_of("region-lock-mistake/bad-allow-if-exists.json", &policy(statements), CONFIG);
    found.into_iter().filter(|finding| finding.rule == REGION_LOCK_MISTAKE.info.id).collect()
}

fn regional(conditions: &Value) -> Value {
    json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": conditions })
}

fn global() -> Value {
    let mut actions = exempt();
    actions.as_array_mut().unwrap().extend([json!("cur:*"), json!("support:*")]);
    json!({ "Effect": "Allow", "Action": actions, "Resource": "*" })
}

#[test]
fn an_allow_alone_shuts_out_global_services() {
    let lock = regional(&json!({ "StringEquals": { "aws:RequestedRegion": REGIONS } }));
    let [finding] = <[Finding; 1]>::try_from(alone(&json!([lock]))).unwrap();
    assert_says(
        &finding,
        "an `Allow` that locks regions shuts out global services: `iam`, `sts`, `organizations`, `route53` and 15 \
         more",
    );
    assert_eq!((action(&finding), region(&finding)), ("iam:CreateRole", "us-east-1"));
    assert_eq!(alone(&json!([lock, global()])), [], "they have an `Allow` of their own");
}

// 14.
#[test]
fn an_allow_that_holds_without_the_key() {
    let lock = regional(&json!({ "StringEqualsIfExists": { "aws:RequestedRegion": REGIONS } }));
    let [finding] = <[Finding; 1]>::try_from(alone(&json!([lock, global()]))).unwrap();
    assert_says(&finding, "`StringEqualsIfExists` in an `Allow` also admits requests that have no region");
    assert_eq!(region(&finding), "none");
}

// 15.
#[test]
fn an_allow_that_holds_for_no_value() {
    let lock = regional(&json!({ "ForAllValues:StringEquals": { "aws:RequestedRegion": REGIONS } }));
    let [finding] = <[Finding; 1]>::try_from(alone(&json!([lock, global()]))).unwrap();
    assert_says(
        &finding,
        "`ForAllValues:StringEquals` in an `Allow` also admits requests that have no region",
    );
    assert_eq!(region(&finding), "none");
}

// 13.
#[test]
fn a_pattern_of_regions() {
    let finding = only(&conditions(&json!({ "StringNotLike": { "aws:RequestedRegion": "eu-*" } })));
    assert_says(&finding, "`eu-*` also lets in regions: `eu-central-2` is open");
    assert_eq!(region(&finding), "eu-central-2");
}

/// Without configuration, the regions that the pattern matches today are those in use.
#[test]
fn a_pattern_matches_regions_of_tomorrow() {
    let document = conditions(&json!({ "StringNotLike": { "aws:RequestedRegion": "eu-*" } }));
    let [finding] = <[Finding; 1]>::try_from(with(&document, "")).unwrap();
    assert_says(&finding, "`eu-*` also lets in regions that AWS opens later");
    assert_eq!((finding.severity, region(&finding)), (Severity::Low, "eu-later-9"));
}

#[test]
fn a_misspelt_region() {
    let finding = only(&conditions(&json!({
        "StringNotEquals": { "aws:RequestedRegion": ["eu-central-1", "eu-west1"] },
    })));
    assert_says(&finding, "`eu-west1` is no region that AWS lists; did you mean `eu-west-1`?");
    assert_eq!(region(&finding), "eu-west-1");
}

#[test]
fn a_region_in_capitals() {
    let finding = only(&conditions(&json!({
        "StringNotEquals": { "aws:RequestedRegion": ["eu-central-1", "EU-WEST-1"] },
    })));
    assert_says(&finding, "`EU-WEST-1` matches no region: their names are in lower case");
    assert_eq!(region(&finding), "eu-west-1");
    let ignores = json!({
        "StringNotEqualsIgnoreCase": { "aws:RequestedRegion": ["eu-central-1", "EU-WEST-1"] },
    });
    assert_eq!(with(&conditions(&ignores), CONFIG), []);
}

// 14 and 15: the key is always there, so that neither changes anything in a denial.
#[test]
fn slips_that_harm_nothing() {
    for operator in ["StringNotEqualsIfExists", "ForAllValues:StringNotEquals", "ForAnyValue:StringNotEquals"]
    {
        let document = conditions(&json!({ operator: { "aws:RequestedRegion": REGIONS } }));
        let found: Vec<_> = with(&document, CONFIG).into_iter().map(|finding| finding.message).collect();
        assert_eq!(found, [""; 0], "{operator}");
    }
}

// 18.
#[test]
fn a_list_of_resources() {
    let mut document = conditions(&json!({ "StringNotEquals": { "aws:RequestedRegion": REGIONS } }));
    document["Statement"][0]["Resource"] = json!("arn:aws:*:*:*:*");
    let finding = only(&document);
    assert_says(
        &finding,
        "the lock covers only the resources that it names, and `ecs:CreateCluster` escapes it",
    );
    assert_eq!(finding.witness.as_ref().unwrap().resource, "*");
}

#[test]
fn spared_resources() {
    let mut document = conditions(&json!({ "StringNotEquals": { "aws:RequestedRegion": REGIONS } }));
    let statement = document["Statement"][0].as_object_mut().unwrap();
    statement.remove("Resource");
    statement.insert("NotResource".to_owned(), json!("arn:aws:s3:::backup/*"));
    let finding = only(&document);
    assert!(finding.message.starts_with("the lock spares resources: `s3:"), "{}", finding.message);
    assert!(finding.witness.as_ref().unwrap().resource.starts_with("arn:aws:s3:::backup/"));
}

/// Both published locks are right, whatever the profile: what they exempt is a choice.
#[test]
fn the_published_locks_have_no_mistake() {
    let text = include_str!("../../../../orgward-proof/data/region-lock-profiles.toml");
    let profiles: toml::Table = toml::from_str(text).unwrap();
    let sample = profiles["aws-sample"].as_array().unwrap().iter();
    let sample: Vec<String> = sample.map(|value| value.as_str().unwrap().to_owned()).collect();
    for (list, actions) in [("aws-sample", sample), ("control-tower", orgward_org::region_deny_exemptions())]
    {
        let document = policy(&json!([{
            "Effect": "Deny", "NotAction": actions, "Resource": "*",
            "Condition": {
                "StringNotEquals": { "aws:RequestedRegion": REGIONS },
                "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/AWSControlTowerExecution" },
            },
        }]));
        for profile in ["aws-sample", "control-tower"] {
            let found = with(&document, &format!("{CONFIG}profile = '{profile}'"));
            assert_eq!(found, [], "{list} by the profile {profile}");
        }
    }
}

/// What the gap is, and what explains it, each once.
#[test]
fn the_gap_names_the_mistake() {
    let document = conditions(&json!({ "StringEquals": { "aws:RequestedRegion": REGIONS } }));
    let found = all(&document, CONFIG);
    let rules: Vec<&str> = found.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["region-lock-gap", "region-lock-mistake"]);
    let note = "`aws_organizations_policy.region_lock` has a mistake: `StringEquals` denies the regions that should \
                be open, and no others";
    assert!(found[0].notes.contains(&note.to_owned()), "{:?}", found[0].notes);
}

// 10, 11, 16 and 17 are found by other rules.
#[test]
fn what_other_rules_find() {
    let of = |rule: &str, plan: &str| {
        let findings = review_of(rule, plan).findings;
        findings.into_iter().filter(|finding| finding.rule == rule).collect::<Vec<_>>()
    };
    let unlocked = of("region-lock-gap", "bad-unlocked-ou");
    assert!(unlocked[0].witness.is_some() && unlocked[0].target.as_deref() == Some("Root/laboratory"));
    for (rule, plan) in [
        ("inert-guardrail", "bad-attached-to-management"),
        ("inert-guardrail", "bad-type-disabled"),
        ("unreadable-policy", "bad-duplicate-keys"),
        ("over-quota", "bad-scp-size"),
    ] {
        assert!(of(rule, plan)[0].address.is_some(), "{rule}/{plan}");
    }
    assert!(!of("region-lock-gap", "bad-unknown-content")[0].notes.is_empty());
}

// 19.
#[test]
fn a_resource_control_policy() {
    insta::assert_snapshot!(report(&REGION_LOCK_MISTAKE, "bad-resource-control"), @r#"
    ── low: 1 found (does not block) ───────────────────────────────────────────────

    region-lock-mistake

      × aws_organizations_policy.region_lock: a resource control policy is no region lock: it binds
      │ requests to resources of some services, and `ec2:RunInstances` is none of them
        ╭─[aws_organizations_policy.region_lock.content:12:11]
     10 │           "Condition": {
     11 │             "StringNotEquals": {
     12 │ ╭─▶           "aws:RequestedRegion": [
     13 │ │               "eu-central-1",
     14 │ │               "eu-west-1"
     15 │ ├─▶           ]
        · ╰──── binds few services
     16 │             }
     17 │           },
        ╰────
      account: aws_organizations_account.shop
      request: ec2:RunInstances on arn:aws:ec2:us-east-1:${aws_organizations_account.shop.id}:instance/*
               by arn:aws:iam::${aws_organizations_account.shop.id}:role/application
               with aws:RequestedRegion = "us-east-1"
      help: lock regions with a service control policy, and keep this one for callers from outside

    not blocked: 1 finding (1 low new)
    reviewed bad-resource-control.json: 1 account, 0 principals, 1 policy
    `orgward rules region-lock-mistake` explains the first one
    "#);
}

#[test]
fn second_condition() {
    insta::assert_snapshot!(report(&REGION_LOCK_MISTAKE, "bad-second-condition"), @r#"
    ── medium: 1 found ─────────────────────────────────────────────────────────────

    region-lock-mistake

      × aws_organizations_policy.region_lock: the condition on `aws:PrincipalTag/team` weakens the lock:
      │ it denies only where both hold
       ╭─[aws_organizations_policy.region_lock.content:6:11]
     4 │       "Condition": {
     5 │         "StringNotEquals": {
     6 │           "aws:PrincipalTag/team": "platform",
       ·           ─────────────────┬─────────────────
       ·                            ╰── only who meets this, too, is bound
     7 │           "aws:RequestedRegion": [
     8 │             "eu-central-1",
       ╰────
      account: aws_organizations_account.shop
      request: ec2:RunInstances on arn:aws:ec2:us-east-1:${aws_organizations_account.shop.id}:instance/*
               by arn:aws:iam::${aws_organizations_account.shop.id}:role/application
               with aws:PrincipalTag/team = "platform"
               with aws:RequestedRegion = "us-east-1"
      help: move the condition to a statement of its own: all conditions of a statement have to hold

    blocked: 1 medium finding is new
    reviewed bad-second-condition.json: 1 account, 0 principals, 1 policy
    `orgward rules region-lock-mistake` explains the first one
    "#);
}

#[test]
fn two_statements() {
    insta::assert_snapshot!(report(&REGION_LOCK_MISTAKE, "bad-two-statements"), @r#"
    ── high: 1 found ───────────────────────────────────────────────────────────────

    region-lock-mistake

      × aws_organizations_policy.region_lock: each statement denies the regions that the other leaves
      │ open: together they deny all
       ╭─[aws_organizations_policy.region_lock.content:6:11]
     4 │       "Condition": {
     5 │         "StringNotEquals": {
     6 │           "aws:RequestedRegion": "eu-central-1"
       ·           ──────────────────┬──────────────────
       ·                             ╰── denies the regions of the other statement
     7 │         }
     8 │       },
       ╰────
        ╭─[aws_organizations_policy.region_lock.content:59:11]
     57 │       "Condition": {
     58 │         "StringNotEquals": {
     59 │           "aws:RequestedRegion": "eu-west-1"
        ·           ─────────────────┬────────────────
        ·                            ╰── denies the regions of the other statement
     60 │         }
     61 │       },
        ╰────
      account: aws_organizations_account.shop
      request: ec2:RunInstances on arn:aws:ec2:eu-central-1:${aws_organizations_account.shop.id}:instance/*
               by arn:aws:iam::${aws_organizations_account.shop.id}:role/application
               with aws:RequestedRegion = "eu-central-1"
      help: use one statement with all allowed regions

    blocked: 1 high finding is new
    reviewed bad-two-statements.json: 1 account, 0 principals, 1 policy
    `orgward rules region-lock-mistake` explains the first one
    "#);
}
