//! Manifests of Landing Zone Accelerator and org-formation as context.

use std::fs;

use crate::support::Folder;

const GUARDRAIL: &str =
    "[[guardrail]]\nid = 'stay'\nactions = ['organizations:LeaveOrganization']\nseverity = 'high'\n";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Stay","Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}"#;

const FORMATION: &str = "AWSTemplateFormatVersion: '2010-09-09-OC'
Organization:
  Root:
    Type: OC::ORG::MasterAccount
    Properties:
      AccountName: harbor
      AccountId: '101010101010'
  OrganizationRoot:
    Type: OC::ORG::OrganizationRoot
    Properties:
      ServiceControlPolicies: !Ref Stay
  Shop:
    Type: OC::ORG::Account
    Properties:
      AccountName: shop
      AccountId: '202020202020'
      RootEmail: aws+shop@harbor.example
  Stay:
    Type: OC::ORG::ServiceControlPolicy
    Properties:
      PolicyName: stay
      PolicyDocument: !Include ./policies/stay.json
";

fn formation(text: &str) -> Folder {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("landscape/policies")).unwrap();
    folder.write("orgward.toml", GUARDRAIL);
    folder.write("landscape/organization.yml", text);
    folder.write("landscape/policies/stay.json", POLICY);
    folder
}

#[test]
fn an_organization_of_org_formation_is_audited() {
    let folder = formation(FORMATION);
    for org in ["landscape", "landscape/organization.yml"] {
        let run = folder.run(["guardrail", "check", "--org", org]);
        assert_eq!(run.code, 0, "{run:?}");
    }
    let folder = formation(
        &FORMATION
            .replace("      ServiceControlPolicies: !Ref Stay\n", "      {}\n")
            .replace("    Properties:\n      {}\n", ""),
    );
    let run = folder.run(["guardrail", "check", "--org", "landscape", "--format", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let finding = &run.json()["findings"][0];
    assert_eq!(
        (&finding["rule"], &finding["accounts"][0]),
        (&"guardrail-gap".into(), &"202020202020".into())
    );
}

const ACCELERATOR: &str = "enable: true
organizationalUnits:
  - name: Security
  - name: Workloads
serviceControlPolicies:
  - name: stay
    description: Stay
    policy: policies/stay.json
    type: customerManaged
    deploymentTargets:
      organizationalUnits: [Workloads]
";

const ACCOUNTS: &str = "mandatoryAccounts:
  - {name: Management, email: aws@harbor.example, organizationalUnit: Root}
  - {name: LogArchive, email: aws+log@harbor.example, organizationalUnit: Security}
workloadAccounts:
  - {name: shop, email: aws+shop@harbor.example, organizationalUnit: Workloads}
accountIds:
  - {email: aws+log@harbor.example, accountId: '303030303030'}
  - {email: aws+shop@harbor.example, accountId: '202020202020'}
";

#[test]
fn an_organization_of_the_accelerator_is_audited() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("config/policies")).unwrap();
    folder.write("orgward.toml", GUARDRAIL);
    folder.write("config/organization-config.yaml", ACCELERATOR);
    folder.write("config/accounts-config.yaml", ACCOUNTS);
    folder.write("config/policies/stay.json", POLICY);
    let run = folder.run(["guardrail", "check", "--org", "config", "--format", "json"]);
    let json = run.json();
    let gaps: Vec<_> =
        json["findings"].as_array().unwrap().iter().filter(|it| it["rule"] == "guardrail-gap").collect();
    assert_eq!((run.code, gaps.len()), (1, 1), "{run:?}");
    assert_eq!(
        gaps[0]["accounts"],
        serde_json::json!(["303030303030"]),
        "the log archive is in another unit"
    );
}

#[test]
fn a_manifest_is_no_plan() {
    let folder = formation(FORMATION);
    let run = folder.run(["plan", "review", "landscape/organization.yml"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("is the manifest of an organization, not a plan"), "{run:?}");
    folder.write("values.yaml", "a: 1\n");
    let run = folder.run(["guardrail", "check", "--org", "values.yaml"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("is no manifest of an organization"), "{run:?}");
}
