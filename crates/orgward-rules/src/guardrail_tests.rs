//! Situations in which tools go wrong, decided for guardrails.

use std::collections::BTreeSet;

use orgward_finding::{Status, Verdict as Told};
use orgward_iam::{Claim, ClaimSpec};
use orgward_org::{Declared, Organization, PolicyType};
use orgward_plan::{Document, Plan};
use serde_json::{Value, json};

use crate::testing::{review_text, review_with};
use orgward_proof::guardrail::{Chains, Proofs, Verdict};

/// An organization with a unit `workloads`, an account `222222222222` in it, and a policy at the root or the unit.
fn state(policies: &[(&str, &str, Value)]) -> String {
    let resource = |kind: &str, name: &str, values: Value| {
        json!({
            "address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
            "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 0,
            "values": values, "sensitive_values": {},
        })
    };
    let mut resources = vec![
        resource(
            "aws_organizations_organization",
            "this",
            json!({
                "id": "o-acmeexample", "master_account_id": "111111111111",
                "enabled_policy_types": ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"],
                "roots": [{ "id": "r-acme", "name": "Root", "policy_types": [] }],
            }),
        ),
        resource(
            "aws_organizations_organizational_unit",
            "workloads",
            json!({ "id": "ou-acme-workloads", "name": "workloads", "parent_id": "r-acme" }),
        ),
        resource(
            "aws_organizations_account",
            "shop",
            json!({
                "id": "222222222222", "name": "shop", "parent_id": "ou-acme-workloads",
                "tags": { "phase": "production" }, "tags_all": { "phase": "production" },
            }),
        ),
    ];
    for (number, (kind, target, statements)) in policies.iter().enumerate() {
        let (name, id) = (format!("policy{number}"), format!("p-policy{number}"));
        let content = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let values = json!({ "id": id, "name": name, "type": kind, "content": content });
        resources.push(resource("aws_organizations_policy", &name, values));
        let values = json!({ "id": format!("{target}:{id}"), "policy_id": id, "target_id": target });
        resources.push(resource("aws_organizations_policy_attachment", &name, values));
    }
    json!({
        "format_version": "1.0", "terraform_version": "1.11.4",
        "values": { "root_module": { "resources": resources } },
    })
    .to_string()
}

const SCP: &str = "SERVICE_CONTROL_POLICY";
const RCP: &str = "RESOURCE_CONTROL_POLICY";
const UNIT: &str = "ou-acme-workloads";

/// What is said of one guardrail: nothing if it holds.
fn said(policies: &[(&str, &str, Value)], org_policy: &str, rest: &str) -> Vec<String> {
    let config = format!("[[guardrail]]\nid = 'x'\n{org_policy}\n{rest}");
    let review = review_text("state.json", state(policies).into_bytes(), &config);
    let findings = review.findings.into_iter().filter(|finding| finding.rule == "guardrail-gap");
    findings.map(|finding| finding.message).collect()
}

fn holds(policies: &[(&str, &str, Value)], org_policy: &str) {
    assert_eq!(said(policies, org_policy, ""), [""; 0], "{org_policy}");
}

fn fails(policies: &[(&str, &str, Value)], org_policy: &str) {
    let said = said(policies, org_policy, "");
    assert!(
        matches!(said.as_slice(), [one] if one.starts_with("`x` does not hold: nothing denies")),
        "{org_policy}: {said:?}"
    );
}

/// What is said of one guardrail after a plan of the fixtures.
fn after(folder: &str, plan: &str, org_policy: &str) -> Vec<(Told, String)> {
    let config = format!("[[guardrail]]\nid = 'x'\n{org_policy}\n");
    let findings = review_with(folder, plan, &config).findings.into_iter();
    findings
        .filter(|finding| finding.rule == "guardrail-gap")
        .map(|finding| (finding.verdict, finding.message))
        .collect()
}

const DETACHED: &str = "[organization]\nfull_access_detached = ['ou-acme-workloads']\n";
const ELSEWHERE: &str =
    "actions = 'ec2:*'\nconditions = { StringNotEquals = { 'aws:RequestedRegion' = 'eu-west-1' } }";

fn lock(condition: &Value) -> Value {
    json!([{ "Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*", "Condition": condition }])
}

/// Scenarios 1 and 2: a level that allows little denies the rest, unless `FullAWSAccess` stands beside it.
#[test]
fn a_list_of_what_is_allowed() {
    let list = [(SCP, UNIT, json!([{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }]))];
    assert_eq!(said(&list, "not_actions = 's3:*'", DETACHED), [""; 0]);
    fails(&list, "not_actions = 's3:*'");
}

/// Scenario 3: nothing binds the management account.
#[test]
fn the_management_account() {
    let locked =
        [(SCP, "r-acme", lock(&json!({ "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" } })))];
    holds(&locked, ELSEWHERE);
    assert_eq!(
        said(
            &locked,
            &format!("targets = '111111111111'\n{ELSEWHERE}").replace("'111111111111'", "['111111111111']"),
            ""
        ),
        ["`x` is not proved for `111111111111`: guardrails never bind the management account"]
    );
}

/// Scenarios 4 and 5: member root users are bound, service-linked roles are not and are no part of the claim.
#[test]
fn root_users_and_service_linked_roles() {
    let region = json!({ "aws:RequestedRegion": "eu-west-1" });
    let all = [(SCP, "r-acme", lock(&json!({ "StringNotEquals": region })))];
    holds(&all, ELSEWHERE);
    let but_root =
        json!({ "StringNotEquals": region, "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:root" } });
    fails(&[(SCP, "r-acme", lock(&but_root))], ELSEWHERE);
    let exempt = format!("{ELSEWHERE}\nexempt_principals = ['arn:aws:iam::*:root']");
    holds(&[(SCP, "r-acme", lock(&but_root))], &exempt);
}

/// Scenarios 6 and 7: the inverted lock, and two statements that deny each other's region.
#[test]
fn locks_by_the_wrong_operator() {
    fails(
        &[(SCP, "r-acme", lock(&json!({ "StringEquals": { "aws:RequestedRegion": "eu-west-1" } })))],
        ELSEWHERE,
    );
    let one = |region: &str| {
        json!({ "Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": { "StringNotEquals": { "aws:RequestedRegion": region } } })
    };
    let both = [(SCP, "r-acme", json!([one("eu-west-1"), one("eu-central-1")]))];
    holds(&both, ELSEWHERE);
    holds(&both, "actions = '*'");
}

/// Scenario 8: a missing tag is denied, the right one is not.
#[test]
fn a_second_key_that_weakens() {
    let both = json!({ "aws:RequestedRegion": "eu-west-1", "aws:PrincipalTag/team": "sec" });
    let weak = [(SCP, "r-acme", lock(&json!({ "StringNotEquals": both })))];
    fails(&weak, ELSEWHERE);
    let untagged = ELSEWHERE.replace("} }", "}, Null = { 'aws:PrincipalTag/team' = true } }");
    holds(&weak, &untagged);
}

/// Scenario 23: an allowance with a condition denies by silence where the condition is false.
#[test]
fn an_allowance_with_a_condition() {
    let allow = json!([{ "Effect": "Allow", "Action": "*", "Resource": "*",
                         "Condition": { "StringEquals": { "aws:RequestedRegion": "eu-west-1" } } }]);
    let policies = [(SCP, UNIT, allow)];
    assert_eq!(said(&policies, ELSEWHERE, DETACHED), [""; 0]);
    assert_eq!(said(&policies, "actions = 'ec2:*'", DETACHED).len(), 1);
}

/// Scenarios 24 and 25: a resource control policy holds up what is about resources of the account, and no more.
#[test]
fn resource_control_policies() {
    let statement = json!([{ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                             "Condition": { "StringNotEquals": { "aws:PrincipalOrgID": "o-acmeexample" } } }]);
    let outsiders = "actions = 's3:*'\nresources = 'arn:aws:s3:::*'\n\
                     conditions = { StringNotEquals = { 'aws:PrincipalOrgID' = 'o-acmeexample' } }\n";
    let rcp = [(RCP, "r-acme", statement)];
    holds(&rcp, &format!("{outsiders}upheld_by = 'scp-or-rcp'"));
    fails(&rcp, outsiders);
}

/// Scenario 26: an action without resources of its own needs `*`.
#[test]
fn a_denial_for_resources_that_the_action_does_not_have() {
    let on = |resource: &str| json!([{ "Effect": "Deny", "Action": "ec2:DescribeInstances", "Resource": resource }]);
    fails(&[(SCP, "r-acme", on("arn:aws:ec2:*:*:instance/*"))], "actions = 'ec2:DescribeInstances'");
    holds(&[(SCP, "r-acme", on("*"))], "actions = 'ec2:DescribeInstances'");
}

/// Scenarios 31 and 33: what Terraform forgets stays attached; what it deletes, and who moves away, is lost.
/// A claim without `resources` is about all resources that AWS can get for its actions.
#[test]
fn a_denial_for_every_resource_that_the_action_has() {
    let deny = |resource: &str| {
        let statement = json!({ "Effect": "Deny", "Action": ["iam:*Role", "kms:*"], "Resource": resource });
        [(SCP, UNIT, json!([statement]))]
    };
    holds(&deny("arn:aws:iam::*:role/*"), "actions = ['iam:DeleteRole', 'iam:UpdateRole']");
    fails(&deny("arn:aws:iam::*:role/app/*"), "actions = ['iam:DeleteRole', 'iam:UpdateRole']");
    // An alias is deleted by its own ARN and by the one of its key.
    fails(&deny("arn:aws:kms:*:*:key/*"), "actions = ['kms:DeleteAlias']");
    fails(&deny("arn:aws:iam::*:role/*"), "actions = ['iam:CreateRole', 'iam:CreateUser']");
}

#[test]
fn what_a_plan_takes_away() {
    let trail = "actions = ['cloudtrail:StopLogging']";
    for plan in ["good-forget", "good-skip-destroy"] {
        assert_eq!(after("guardrail-removed", plan, trail), [], "{plan}");
    }
    for plan in ["bad-detached", "bad-moved-account", "bad-type-disabled"] {
        let said = after("guardrail-removed", plan, trail);
        assert!(matches!(said.as_slice(), [(Told::Found, _)]), "{plan}: {said:?}");
    }
}

/// Scenario 34: targets are resolved by type and key before any id is known.
#[test]
fn an_organization_of_which_nothing_is_known_yet() {
    let leave = "actions = 'organizations:LeaveOrganization'";
    assert_eq!(after("demo", "create", leave), []);
    assert_eq!(after("demo", "first", leave), []);
}

/// The demonstration: everything holds first, and then the account that has moved out from under its policy is told
/// from the one that has not.
#[test]
fn a_production_account_that_moves() {
    let data = "actions = ['rds:DeleteDBCluster', 'dynamodb:DeleteTable']\n";
    let both = format!("targets = ['666666666666', '101010101010']\n{data}");
    assert_eq!(after("demo", "first", &both), []);
    let config = format!("[[guardrail]]\nid = 'x'\n{both}");
    let findings = review_with("demo", "second", &config).findings.into_iter();
    let findings: Vec<_> = findings.filter(|finding| finding.rule == "guardrail-gap").collect();
    let [moved] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((moved.status, moved.verdict), (Status::New, Told::Found));
    assert_eq!(moved.accounts, ["666666666666"]);
    let witness = moved.witness.as_ref().unwrap();
    assert_eq!(witness.principal, "arn:aws:iam::666666666666:role/application");
    assert!(["rds:DeleteDBCluster", "dynamodb:DeleteTable"].contains(&witness.action.as_str()));
}

/// Scenario 42: the pattern does not reach administrators where Identity Center is at home in us-east-1.
#[test]
fn administrators_without_a_region_in_their_path() {
    let exempt = "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*";
    let lock = [(SCP, "r-acme", lock(&json!({ "ArnNotLike": { "aws:PrincipalArn": exempt } })))];
    let only = |arn: &str| {
        format!("actions = 'ec2:*'\nconditions = {{ ArnLike = {{ 'aws:PrincipalArn' = '{arn}' }} }}")
    };
    holds(
        &lock,
        &only("arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"),
    );
    fails(
        &lock,
        &only(
            "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef",
        ),
    );
}

/// Scenarios 43 and 44: what the published locks exempt, and what has no region.
#[test]
fn keys_anywhere_and_models_nowhere() {
    let published = json!([{ "Effect": "Deny", "NotAction": ["iam:*", "kms:*"], "Resource": "*",
        "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" } } }]);
    let policies = [(SCP, "r-acme", published)];
    fails(&policies, &ELSEWHERE.replace("ec2:*", "kms:CreateKey"));
    let unspecified = "actions = 'bedrock:InvokeModel'\n\
                       conditions = { StringEquals = { 'aws:RequestedRegion' = 'unspecified' } }";
    holds(&policies, unspecified);
}

/// Scenario 45: what an incomplete plan leaves out is not missing.
#[test]
fn a_plan_that_stopped_early() {
    let said = after("unverifiable-plan", "bad-errored", "actions = 'organizations:LeaveOrganization'");
    assert!(matches!(said.as_slice(), [(Told::Unverifiable, _)]), "{said:?}");
}

#[test]
fn targets_by_name_tag_and_unit() {
    let nothing: [(&str, &str, Value); 0] = [];
    for target in
        ["shop", "sh*", "222222222222", "tag:phase=production", "ou-acme-workloads", "r-acme", "**/shop"]
    {
        fails(&nothing, &format!("targets = ['{target}']\nactions = 's3:*'"));
    }
    for target in ["tag:phase=test", "ou-acme-elsewhere", "Root/sandbox/**", "role:production"] {
        let said = said(&nothing, &format!("targets = ['{target}']\nactions = 's3:*'"), "");
        assert!(matches!(said.as_slice(), [one] if one.contains("nothing in the inputs fits")), "{said:?}");
    }
}

/// What is proved of the account that stands for others is true of each of them.
#[test]
fn stand_ins_stand_for_what_they_stand_for() {
    let values = [
        "arn:aws:iam::222222222222:role/x",
        "arn:aws:iam::2222*:role/x",
        "arn:aws:iam::*:role/x",
        "arn:aws:iam::*2:role/*",
        "arn:aws:iam::${aws:ResourceAccount}:role/x",
    ];
    let mut statements = Vec::new();
    for value in values {
        for operator in ["ArnLike", "ArnNotLike", "StringLike"] {
            statements.push(json!({ "Effect": "Deny", "Action": "s3:*", "Resource": "*",
                                    "Condition": { operator: { "aws:PrincipalArn": value } } }));
        }
    }
    for account in ["222222222222", "2222*", "2*2"] {
        statements.push(json!({ "Effect": "Deny", "Action": "s3:Get*", "Resource": "*",
                                "Condition": { "StringNotLike": { "aws:PrincipalAccount": account } } }));
        statements.push(json!({ "Effect": "Deny", "Action": "s3:*",
                                "Resource": format!("arn:aws:s3:*:{account}:accesspoint/*") }));
    }
    let mut differ = 0;
    for (at, statement) in statements.iter().enumerate() {
        let other = statements.get(at + 1).unwrap_or(statement);
        let text = state(&[(SCP, "r-acme", json!([statement, other]))]);
        let document = Document::decode("state.json", text.into_bytes()).unwrap();
        let plans = [Plan::parse(&document).unwrap()];
        let organization = Organization::of(&plans, &[], &Declared::default()).after;
        let shop = organization.accounts().find(|account| account.node.title() == "shop").unwrap().id;
        let chain = organization.policy_chain(shop, &PolicyType::ServiceControl);
        let chains = Chains::of(&chain, None);
        for exempt in [None, Some("arn:aws:iam::333333333333:role/*"), Some("arn:aws:iam::*:role/x")] {
            let claim = Claim::new(ClaimSpec {
                actions: Some(vec!["s3:GetObject".to_owned()]),
                exempt_principals: exempt.map(str::to_owned).into_iter().collect(),
                ..ClaimSpec::default()
            })
            .unwrap();
            let stand_ins = chains.stand_ins(&claim);
            let mut verdicts = BTreeSet::new();
            for account in ["222222222222", "222233334444", "333333333333", "777777777777"] {
                let proofs = Proofs::default();
                let own = proofs.prove(&claim, &chains, account);
                let shared = proofs.prove(&claim, &chains, &stand_ins.of(Some(account)));
                assert_eq!(
                    std::mem::discriminant(&own),
                    std::mem::discriminant(&shared),
                    "{statement} {other} {exempt:?} {account}: {own:?} {shared:?}"
                );
                verdicts.insert(own == Verdict::Holds);
            }
            differ += usize::from(verdicts.len() > 1);
        }
    }
    // Without accounts that fare differently, nothing would have been shown.
    assert!(differ > 10, "{differ}");
}

/// A denial with ARNs of one partition denies nothing in another: the principals and resources of the organization are
/// all of its own.
#[test]
fn an_organization_of_another_partition() {
    let roles = |partition: &str| {
        let deny = json!({
            "Effect": "Deny", "Action": "iam:DeleteRole", "Resource": format!("arn:{partition}:iam::*:role/*"),
        });
        state(&[(SCP, UNIT, json!([deny]))])
    };
    let said = |state: String| -> Vec<String> {
        let config =
            "[[guardrail]]\nid = 'x'\nactions = 'iam:DeleteRole'\nresources = 'arn:*:iam::*:role/*'\n";
        let findings = review_text("state.json", state.into_bytes(), config).findings.into_iter();
        findings.filter(|it| it.rule == "guardrail-gap").map(|it| it.message).collect()
    };
    // What an account of GovCloud has in its ARN.
    let gov = |state: String| {
        let id = r#""id":"222222222222""#;
        assert!(state.contains(id), "{state}");
        let arn = "arn:aws-us-gov:organizations::111111111111:account/o-acmeexample/222222222222";
        state.replace(id, &format!(r#"{id},"arn":"{arn}""#))
    };
    assert_eq!(said(roles("aws")), [""; 0]);
    assert_eq!(said(gov(roles("aws-us-gov"))), [""; 0]);
    let gaps = said(gov(roles("aws")));
    assert!(matches!(gaps.as_slice(), [one] if one.contains("nothing denies")), "{gaps:?}");
}

/// The apply fails at such a text, so that it never protects.
#[test]
fn what_aws_refuses_protects_nothing() {
    let file = crate::testing::fixtures("guardrail-gap").join("good-denied.json");
    let text = std::fs::read_to_string(file).unwrap();
    let config = "[[guardrail]]\nid = 'x'\ntargets = ['Root/runtime/**']\nactions = 'cloudtrail:StopLogging'\n\
                  exempt_principals = ['arn:aws:iam::*:role/break-glass']\n";
    let said = |text: String| -> Vec<Told> {
        let findings = review_text("plan.json", text.into_bytes(), config).findings.into_iter();
        findings.filter(|it| it.rule == "guardrail-gap").map(|it| it.verdict).collect()
    };
    assert_eq!(said(text.clone()), []);
    // An SCP without a version is refused.
    let version = r#",\"Version\":\"2012-10-17\"}"#;
    assert!(text.contains(version));
    assert_eq!(said(text.replace(version, "}")), [Told::Unverifiable]);
}
