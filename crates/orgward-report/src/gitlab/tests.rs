use std::collections::BTreeSet;

use super::*;
use crate::testing;

fn parsed(review: &Review) -> Vec<Value> {
    serde_json::from_str(&gitlab(review)).unwrap()
}

#[test]
fn one_of_everything() {
    let mut waived = testing::parked("sandbox", Status::Waived);
    waived.waived = Some(testing::waived());
    let mut placed = testing::public_trust();
    placed.site = Some(orgward_finding::Site { file: "roles.tf".into(), line: 12 });
    insta::assert_snapshot!(gitlab(&testing::review(vec![placed, testing::unverifiable(0), waived])), @r#"
    [
      {
        "check_name": "public-trust",
        "description": "aws_iam_role.deploy: anyone on AWS may become this role",
        "fingerprint": "1d609a58448b615c",
        "location": {
          "lines": {
            "begin": 12
          },
          "path": "roles.tf"
        },
        "severity": "blocker"
      },
      {
        "check_name": "region-lock-gap",
        "description": "aws_organizations_account.team[0]: undecided: where this account will be is not known until apply",
        "fingerprint": "787d3cd17cf2aa6e",
        "location": {
          "lines": {
            "begin": 1
          },
          "path": "second.json"
        },
        "severity": "major"
      },
      {
        "check_name": "root-parked-account",
        "description": "waived by platform team, approved by security, until 2027-03-31: closed with the account in `legacy` (ORG-12): aws_organizations_account.sandbox: account lies directly under the root",
        "fingerprint": "4a08da905d86ae58",
        "location": {
          "lines": {
            "begin": 1
          },
          "path": "second.json"
        },
        "severity": "info"
      }
    ]
    "#);
}

#[test]
fn five_thousand_findings_keep_their_fingerprints_and_the_worst_comes_first() {
    let issues = parsed(&testing::many());
    assert_eq!((issues.len(), &issues[0]["check_name"]), (5_000, &json!("public-trust")));
    let fingerprints: BTreeSet<_> = issues.iter().map(|issue| issue["fingerprint"].to_string()).collect();
    assert_eq!(fingerprints.len(), 5_000);
}

#[test]
fn a_hostile_plan_obtains_nothing() {
    let review = testing::hostile();
    testing::assert_gives_no_commands(&gitlab(&review), &[]);
    assert_eq!(parsed(&review).len(), 3);
}
