//! Snapshots of a live organization as inputs. The fixture is of an organization that Terraform made in moto; the states are
//! what Terraform says of it.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::{Folder, Run, fixture};

fn folder() -> Folder {
    let folder = Folder::new();
    for file in ["organization.snapshot.zst", "later.snapshot.zst", "organization.json", "account-0.json", "account-1.json"] {
        fs::copy(fixture(&format!("snapshot/{file}")), folder.path().join(file)).unwrap();
    }
    folder
}

fn nodes(run: &Run) -> BTreeSet<String> {
    let json = run.json();
    let after = &json["after"];
    let nodes = after["nodes"].as_array().unwrap();
    let id_of = |key: &Value| -> String {
        let found = nodes.iter().find(|node| node["key"] == *key);
        found.map_or_else(|| "-".to_owned(), |node| node["id"].to_string())
    };
    let node = |node: &Value| {
        let parent = id_of(&node["parent"]);
        format!("{} {} {} {} in {parent} of {}", node["kind"], node["id"], node["arn"], node["name"], node["account"])
    };
    let attachment = |attached: &Value| {
        let (policy, target) = (id_of(&attached["policy"]), id_of(&attached["target"]));
        format!("{policy} attached to {target}: {}", attached["resolution"])
    };
    let attached = after["attachments"].as_array().unwrap().iter().map(attachment);
    nodes.iter().map(node).chain(attached).collect()
}

/// The snapshot shows the organization that Terraform made, node by node and attachment by attachment.
#[test]
fn a_snapshot_equals_the_states_of_the_same_organization() {
    let folder = folder();
    let shown = |arguments: &[&str]| {
        let run = folder.run(["org", "show", "--format", "json"].iter().chain(arguments));
        assert_eq!(run.code, 0, "{run:?}");
        nodes(&run)
    };
    let live = shown(&["organization.snapshot.zst"]);
    let states = shown(&["organization.json", "account-0.json", "account-1.json"]);
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| -> Vec<String> { a.difference(b).cloned().collect() };
    assert_eq!(only(&states, &live), [""; 0]);
    assert_eq!(only(&live, &states), [""; 0]);
    assert!(live.len() > 60, "{}", live.len());
}

#[test]
fn a_snapshot_without_drift_differs_in_nothing_from_the_state() {
    let folder = folder();
    for arguments in [
        ["organization.json", "organization.snapshot.zst"],
        ["organization.snapshot.zst", "organization.json"],
        ["account-0.json", "organization.snapshot.zst"],
        ["organization.snapshot.zst", "organization.snapshot.zst"],
    ] {
        let arguments: BTreeSet<&str> = arguments.into();
        if arguments.len() < 2 {
            continue;
        }
        let run = folder.run(["org", "diff", "--format", "json"].iter().chain(&arguments));
        assert_eq!(run.json()["drift"], serde_json::json!([]), "{arguments:?}");
    }
}
