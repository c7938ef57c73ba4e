use std::collections::BTreeMap;

use crate::{Files, Given, Ids, Repository, RepositoryError, plan};

const DENY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*" }
  ]
}"#;

fn files(files: &[(&str, &str)]) -> Files {
    Files(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
}

fn read(all: &[(&str, &str)]) -> Result<Repository, RepositoryError> {
    Repository::read(&files(all), &Given::default())
}

/// Address, parent or policy, and target of what was read.
fn shown(repository: &Repository) -> Vec<(String, String)> {
    let text = |item: &crate::Item, key: &str| {
        item.values.get(key).and_then(|value| value.as_str()).unwrap_or("-").to_owned()
    };
    let one = |item: &crate::Item| {
        let of = if item.kind.ends_with("attachment") { "target_id" } else { "parent_id" };
        (item.address.clone(), text(item, of))
    };
    repository.items.values().map(one).collect()
}

const ACCELERATOR: &str = "organizationalUnits:
  - name: Security
  - name: Workloads/Prod
serviceControlPolicies:
  - name: Leave
    policy: scp/leave.json
    strategy: deny-list
    deploymentTargets:
      organizationalUnits: [Workloads/Prod, Root]
      accounts: [Audit]
";

const ACCOUNTS: &str = "mandatoryAccounts:
  - name: Management
    email: m@example.com
    organizationalUnit: Root
  - name: Audit
    email: Audit@example.com
    organizationalUnit: Security
accountIds:
  - email: audit@example.com
    accountId: '222222222222'
";

#[test]
fn the_accelerator_says_where_accounts_lie_and_what_is_attached() {
    let all = [
        ("c/organization-config.yaml", ACCELERATOR),
        ("c/accounts-config.yaml", ACCOUNTS),
        ("c/scp/leave.json", DENY),
    ];
    let expected = [
        ("c/accounts-config.yaml#account/Audit", "c/organization-config.yaml#unit/Security"),
        ("c/accounts-config.yaml#account/Management", "c/organization-config.yaml"),
        ("c/organization-config.yaml", "-"),
        ("c/organization-config.yaml#attachment/Leave/Root", "c/organization-config.yaml"),
        (
            "c/organization-config.yaml#attachment/Leave/Workloads/Prod",
            "c/organization-config.yaml#unit/Workloads/Prod",
        ),
        ("c/organization-config.yaml#attachment/Leave/account:Audit", "222222222222"),
        ("c/organization-config.yaml#policy/Leave", "-"),
        ("c/organization-config.yaml#unit/Security", "c/organization-config.yaml"),
        ("c/organization-config.yaml#unit/Workloads", "c/organization-config.yaml"),
        ("c/organization-config.yaml#unit/Workloads/Prod", "c/organization-config.yaml#unit/Workloads"),
    ];
    let repository = read(&all).unwrap();
    assert_eq!(shown(&repository), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    let policy = repository.item("c/organization-config.yaml#policy/Leave").unwrap();
    assert_eq!(
        (policy.file.as_str(), policy.line_of(Some(0)), policy.is_plain),
        ("c/scp/leave.json", 4, false)
    );
}

#[test]
fn what_a_manifest_names_and_is_not_there_is_an_error_with_its_line() {
    let missing = read(&[("organization-config.yaml", ACCELERATOR)]).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "`organization-config.yaml:5` names `scp/leave.json`, which is not in the folder"
    );
    let outside = ACCELERATOR.replace("scp/leave.json", "../../../etc/passwd");
    assert!(matches!(read(&[("organization-config.yaml", &outside)]), Err(RepositoryError::Missing { .. })));
    let nowhere = ACCELERATOR.replace("[Workloads/Prod, Root]", "[Sandbox]");
    let all = [("organization-config.yaml", nowhere.as_str()), ("scp/leave.json", DENY)];
    assert_eq!(
        read(&all).unwrap_err().to_string(),
        "`organization-config.yaml:9` names `Sandbox`, which no manifest declares"
    );
    let deep = format!("organizationalUnits:\n  - name: {}\n", "a/".repeat(100_000));
    assert!(matches!(read(&[("organization-config.yaml", &deep)]), Err(RepositoryError::Shape { .. })));
}

#[test]
fn the_accelerator_fills_in_what_its_configuration_says() {
    let role = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"arn:${PARTITION}:iam::*:role/${MANAGEMENT_ACCOUNT_ACCESS_ROLE}"}]}"#;
    let all = [
        ("organization-config.yaml", ACCELERATOR),
        ("accounts-config.yaml", ACCOUNTS),
        ("global-config.yaml", "managementAccountAccessRole: Access\n"),
        ("scp/leave.json", role),
    ];
    let repository = read(&all).unwrap();
    let content = |repository: &Repository| {
        let policy = repository.item("organization-config.yaml#policy/Leave").unwrap();
        policy.values.get("content").map(|content| content.as_str().unwrap().to_owned())
    };
    assert!(content(&repository).unwrap().contains("arn:aws:iam::*:role/Access"));
    // Without the role, the text is a template, and what it says is unknown.
    let all = [all[0], all[1], all[3]];
    let open = read(&all).unwrap();
    assert_eq!(content(&open), None);
    let filled =
        Given { values: vec![("MANAGEMENT_ACCOUNT_ACCESS_ROLE".into(), "X".into())], ..Given::default() };
    assert!(content(&Repository::read(&files(&all), &filled).unwrap()).unwrap().contains("role/X"));
}

#[test]
fn control_tower_names_units_by_colons_and_leaves_texts_elsewhere_unknown() {
    let manifest = "version: 2021-03-15
resources:
  - name: leave
    resource_file: policies/leave.json
    deploy_method: scp
    deployment_targets: { organizational_units: [Prod, 'Prod:Blue'] }
  - name: far
    resource_file: s3://bucket/far.json
    deploy_method: rcp
    deployment_targets: { organizational_units: [Root] }
  - name: stack
    resource_file: templates/x.yml
    deploy_method: stack_set
";
    let all = [("manifest.yaml", manifest), ("policies/leave.json", DENY)];
    let repository = read(&all).unwrap();
    let addresses: Vec<&str> = repository.items.keys().map(String::as_str).collect();
    assert_eq!(
        addresses,
        [
            "manifest.yaml",
            "manifest.yaml#attachment/far/Root",
            "manifest.yaml#attachment/leave/Prod",
            "manifest.yaml#attachment/leave/Prod/Blue",
            "manifest.yaml#policy/far",
            "manifest.yaml#policy/leave",
            "manifest.yaml#unit/Prod",
            "manifest.yaml#unit/Prod/Blue",
        ]
    );
    assert_eq!(repository.item("manifest.yaml#policy/far").unwrap().unknown, Some("content"));
    // Where other inputs show the organization, their ids are taken.
    let ids = Ids { units: BTreeMap::from([("Prod/Blue".to_owned(), "ou-1".to_owned())]), ..Ids::default() };
    let known = Repository::read(&files(&all), &Given { ids, ..Given::default() }).unwrap();
    let attachment = known.item("manifest.yaml#attachment/leave/Prod/Blue").unwrap();
    assert_eq!(attachment.values["target_id"], "ou-1");
}

#[test]
fn org_formation_writes_policies_into_its_file() {
    let organization = "AWSTemplateFormatVersion: '2010-09-09-OC'
Organization:
  Master:
    Type: OC::ORG::MasterAccount
    Properties: { AccountName: m, AccountId: '111111111111' }
  Root:
    Type: OC::ORG::OrganizationRoot
    Properties: { ServiceControlPolicies: !Ref Leave }
  Prod:
    Type: OC::ORG::OrganizationalUnit
    Properties:
      OrganizationalUnitName: prod
      Accounts: [!Ref Shop]
  Shop:
    Type: OC::ORG::Account
    Properties: { AccountName: shop, Tags: { phase: production } }
  Leave:
    Type: OC::ORG::ServiceControlPolicy
    Properties:
      PolicyName: leave
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Deny
            Action: organizations:LeaveOrganization
            Resource: '*'
";
    let repository = read(&[("organization.yml", organization)]).unwrap();
    let policy = repository.item("organization.yml#policy/leave").unwrap();
    assert_eq!(policy.line_of(Some(0)), 24);
    let content: serde_json::Value =
        serde_json::from_str(policy.values["content"].as_str().unwrap()).unwrap();
    assert_eq!(content["Version"], "2012-10-17");
    assert_eq!(
        repository.item("organization.yml#account/Shop").unwrap().values["parent_id"],
        "organization.yml#unit/Prod"
    );
    assert!(repository.item("organization.yml#attachment/leave/Root").is_some());
    let cycle = organization.replace("Accounts: [!Ref Shop]", "OrganizationalUnits: !Ref Prod");
    assert!(matches!(read(&[("organization.yml", &cycle)]), Err(RepositoryError::Shape { .. })));
    let broken = organization.replace("!Ref Leave", "!Ref Gone");
    assert!(matches!(read(&[("organization.yml", &broken)]), Err(RepositoryError::Unknown { .. })));
}

#[test]
fn plain_files_are_what_their_names_and_elements_say() {
    let bucket =
        r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}]}"#;
    let trust = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}"#;
    let allow = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
    let rcp = r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}"#;
    let all = [
        ("a.json", bucket),
        ("b.json", trust),
        ("c.json", allow),
        ("d.json", DENY),
        ("e.json", rcp),
        ("scps/f.json", allow),
        ("vpc-endpoint-policies/g.json", rcp),
        ("package.json", "{}"),
        ("broken.json", "{\"Statement\": [{\"Effect\""),
        ("other.json", "{\"x\": "),
    ];
    let repository = read(&all).unwrap();
    let kinds: Vec<(&str, &str)> =
        repository.items.values().map(|item| (item.address.as_str(), item.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("a.json", "aws_s3_bucket_policy"),
            ("b.json", "aws_iam_role"),
            ("broken.json", "aws_iam_policy"),
            ("c.json", "aws_iam_policy"),
            ("d.json", "aws_organizations_policy"),
            ("e.json", "aws_organizations_policy"),
            ("scps/f.json", "aws_organizations_policy"),
            ("vpc-endpoint-policies/g.json", "orgward_policy_file"),
        ]
    );
}

#[test]
fn a_plan_shows_what_differs_and_leaves_the_rest_out() {
    let mut before = read(&[("scp/a.json", DENY), ("scp/b.json", DENY)]).unwrap();
    let changed = DENY.replace("LeaveOrganization", "*");
    let mut after = read(&[("scp/a.json", &changed), ("scp/b.json", DENY), ("scp/c.json", DENY)]).unwrap();
    after.forget_unchanged(&mut before);
    let plan: serde_json::Value = serde_json::from_slice(&plan(&before, &after)).unwrap();
    let rows: Vec<(&str, &str)> = plan["resource_changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["address"].as_str().unwrap(), row["change"]["actions"][0].as_str().unwrap()))
        .collect();
    assert_eq!(rows, [("scp/a.json", "update"), ("scp/c.json", "create")]);
}
