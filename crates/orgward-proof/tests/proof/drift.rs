//! What differs between two organizations, where one of them was not read as a whole.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests are tests")]

use orgward_org::{Change, Declared, Organization};
use orgward_plan::{Absence, Document, NotRead, Plan};
use orgward_proof::drift::{Difference, drift};
use serde_json::json;

/// A snapshot of an account with these roles.
fn snapshot(roles: &[&str], not_read: &[NotRead]) -> Document {
    let rows: Vec<_> = roles
        .iter()
        .map(|name| {
            let trust = json!({ "Version": "2012-10-17", "Statement": [] }).to_string();
            let arn = format!("arn:aws:iam::222222222222:role/{name}");
            let values = json!({
                "arn": arn, "id": name, "name": name, "path": "/", "assume_role_policy": trust,
            });
            json!({
                "address": format!("aws_iam_role.{name}"), "mode": "managed", "type": "aws_iam_role",
                "name": name, "provider_name": "registry.terraform.io/hashicorp/aws",
                "change": { "actions": ["no-op"], "before": values, "after": values, "after_unknown": {} },
            })
        })
        .collect();
    let text = json!({ "format_version": "1.2", "resource_changes": rows }).to_string();
    Document::of_snapshot("a.snapshot.zst", text, not_read.to_vec())
}

fn differences(old: &Document, new: &Document) -> Vec<(String, bool, Option<String>)> {
    let organization = |document: &Document| {
        let plan = [Plan::parse(document).unwrap()];
        Organization::of(&plan, &[], &Declared::default()).after
    };
    let (before, after) = (organization(old), organization(new));
    let all = drift(Change { before: &before, after: &after }).into_iter().filter(|it| it.kind == "role");
    all.map(|it| match it.what {
        Difference::Removed(_) => (it.name, true, None),
        Difference::Added(_) => (it.name, false, None),
        Difference::Undecided(what, why) => (it.name, matches!(*what, Difference::Removed(_)), Some(why)),
        what => panic!("{what:?}"),
    })
    .collect()
}

fn refused(account: &str) -> NotRead {
    NotRead {
        account: Some(account.to_owned()),
        what: "the IAM identities and policies".to_owned(),
        why: "`iam:GetAccountAuthorizationDetails`: AccessDenied".to_owned(),
        absence: Absence::Refused,
        services: None,
    }
}

#[test]
fn a_role_that_the_newer_snapshot_could_not_read_is_not_removed() {
    let name = "ops".to_owned();
    let whole = snapshot(&["ops"], &[]);
    let why = "the snapshot does not show the IAM identities and policies of account 222222222222: \
               `iam:GetAccountAuthorizationDetails`: AccessDenied";
    let undecided = |is_removed| vec![(name.clone(), is_removed, Some(why.to_owned()))];
    let hidden = snapshot(&[], &[refused("222222222222")]);
    assert_eq!(differences(&whole, &hidden), undecided(true));
    assert_eq!(differences(&hidden, &whole), undecided(false));
    // What another account hides, or a service, has nothing to do with it.
    let keys = NotRead { services: Some(vec!["kms".to_owned()]), ..refused("222222222222") };
    for other in [vec![], vec![refused("333333333333")], vec![keys]] {
        assert_eq!(differences(&whole, &snapshot(&[], &other)), [(name.clone(), true, None)]);
    }
}
