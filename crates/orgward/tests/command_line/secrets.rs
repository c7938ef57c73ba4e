//! What Terraform marks sensitive in one place reaches no output, whatever place it is found in.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Folder, text_of};

/// Real plans with everything that rules look at.
const PLANS: [&str; 3] =
    ["demo/create.json", "external-trust/bad-foreign-account.json", "guardrail-removed/bad-detached.json"];
/// The formats of a review that are written by one run.
const REVIEWS: [&str; 8] = ["terminal", "json", "sarif", "junit", "markdown", "html", "github", "gitlab"];
const SHOWN: [&str; 5] = ["text", "json", "mermaid", "dot", "svg"];

/// A value of the same shape as another one: rules take it for what it was.
fn canary(value: &str) -> String {
    let last = value.rfind(['/', ':', '-', ',']).map_or(0, |at| at + 1);
    let (head, tail) = value.split_at(last);
    if tail.len() >= 6 && tail.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{head}{}", "4".repeat(tail.len()));
    }
    format!("{head}canary{}", tail.len())
}

/// Replaces a text in the values of all resources, and not in their addresses.
fn replace_values(plan: &mut Value, from: &str, to: &str) {
    for row in plan["resource_changes"].as_array_mut().unwrap() {
        for side in ["before", "after"] {
            replace(&mut row["change"][side], from, to);
        }
    }
    for part in ["/planned_values/root_module", "/prior_state/values/root_module"] {
        let mut modules: Vec<&mut Value> = plan.pointer_mut(part).into_iter().collect();
        while let Some(module) = modules.pop() {
            let Some(module) = module.as_object_mut() else { continue };
            for (key, list) in module.iter_mut() {
                let list = list.as_array_mut().into_iter().flatten();
                match key.as_str() {
                    "child_modules" => modules.extend(list),
                    "resources" => list.for_each(|resource| replace(&mut resource["values"], from, to)),
                    _ => {}
                }
            }
        }
    }
}

/// Replaces a text in all strings of a value.
fn replace(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text.contains(from) => *text = text.replace(from, to),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, from, to)),
        Value::Object(entries) => entries.values_mut().for_each(|entry| replace(entry, from, to)),
        _ => {}
    }
}

/// The values of resources under one name of an attribute.
fn values(plan: &Value, name: &str) -> BTreeSet<String> {
    let rows = plan["resource_changes"].as_array().unwrap();
    let sides = rows.iter().flat_map(|row| [&row["change"]["before"], &row["change"]["after"]]);
    let texts = sides.filter_map(|side| side.get(name)?.as_str());
    texts.filter(|text| text.len() >= 6 && !text.starts_with('{')).map(str::to_owned).collect()
}

fn attributes(plan: &Value) -> BTreeSet<String> {
    let rows = plan["resource_changes"].as_array().unwrap();
    let sides = rows.iter().flat_map(|row| [&row["change"]["before"], &row["change"]["after"]]);
    sides.filter_map(Value::as_object).flat_map(|side| side.keys().cloned()).collect()
}

/// Marks an attribute sensitive in all changes.
fn mark(plan: &mut Value, name: &str) {
    for row in plan["resource_changes"].as_array_mut().unwrap() {
        for (side, mask) in [("before", "before_sensitive"), ("after", "after_sensitive")] {
            let change = &mut row["change"];
            if change[side].get(name).is_none_or(Value::is_null) {
                continue;
            }
            if !change[mask].is_object() {
                change[mask] = serde_json::json!({});
            }
            change[mask][name] = true.into();
        }
    }
}

/// Runs everything that prints something of a plan, and returns all of it.
fn printed(folder: &Folder, plan: &Value) -> Vec<(String, String)> {
    folder.write("plan.json", serde_json::to_string(plan).unwrap());
    let mut all = Vec::new();
    let mut arguments: Vec<String> =
        ["plan", "review", "plan.json", "--existing", "--fail-on", "info"].map(str::to_owned).to_vec();
    for format in REVIEWS {
        arguments.extend(["--output".to_owned(), format!("{format}={format}.out")]);
    }
    let run = folder.run(&arguments);
    assert_ne!(run.code, -1, "{run:?}");
    all.push(("review".to_owned(), run.all()));
    for format in REVIEWS {
        let text = std::fs::read_to_string(folder.path(&format!("{format}.out"))).unwrap_or_default();
        all.push((format!("review as {format}"), text));
    }
    for format in SHOWN {
        all.push((
            format!("org show as {format}"),
            folder.run(["org", "show", "plan.json", "--format", format]).all(),
        ));
    }
    all.push(("baseline".to_owned(), folder.run(["plan", "baseline", "plan.json"]).all()));
    all
}

#[test]
fn a_value_that_is_marked_in_one_place_is_shown_from_none() {
    let folder = Folder::new();
    let mut leaks = BTreeSet::new();
    let mut tried = 0;
    for name in PLANS {
        let plan: Value = serde_json::from_str(&text_of(name)).unwrap();
        for attribute in attributes(&plan) {
            let mut plan = plan.clone();
            let mut canaries = Vec::new();
            for value in values(&plan, &attribute) {
                let canary = canary(&value);
                replace_values(&mut plan, &value, &canary);
                canaries.push(canary);
            }
            // Addresses are no values, and are shown.
            canaries.retain(|canary| !plan["configuration"].to_string().contains(canary.as_str()));
            if canaries.is_empty() {
                continue;
            }
            mark(&mut plan, &attribute);
            tried += 1;
            for (what, text) in printed(&folder, &plan) {
                for canary in canaries.iter().filter(|canary| text.contains(canary.as_str())) {
                    let at = text.find(canary.as_str()).unwrap();
                    let around: String = text
                        .get(text.floor_char_boundary(at.saturating_sub(60))..at)
                        .unwrap_or_default()
                        .to_owned();
                    leaks.insert(format!("{name} {attribute}: {canary} in {what}: …{around}"));
                }
            }
        }
    }
    assert!(tried > 20, "{tried}");
    assert_eq!(leaks, BTreeSet::new(), "{leaks:#?}");
}

/// The statement of a data source is marked, and the document that is made of it is not: Terraform writes this.
#[test]
fn a_document_that_is_made_of_a_marked_value_is_hidden() {
    let folder = Folder::new();
    let mut plan: Value = serde_json::from_str(&text_of("public-trust/bad-external-id-only.json")).unwrap();
    let id = "canary-id-1";
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"*"}},"Action":"sts:AssumeRole","Condition":{{"StringEquals":{{"sts:ExternalId":"{id}"}}}}}}]}}"#
    );
    for row in plan["resource_changes"].as_array_mut().unwrap() {
        if row["type"] == "aws_iam_role" {
            row["change"]["after"]["assume_role_policy"] = document.clone().into();
        }
    }
    plan["prior_state"]["values"]["root_module"]["resources"] = serde_json::json!([{
        "address": "data.aws_iam_policy_document.v", "mode": "data", "type": "aws_iam_policy_document", "name": "v",
        "values": {"statement": [{"condition": [{"test": "StringEquals", "values": [id], "variable": "sts:ExternalId"}]}]},
        "sensitive_values": {"statement": [{"condition": true}]}
    }]);
    for (what, text) in printed(&folder, &plan) {
        assert!(!text.contains("canary-id"), "{what}: {text}");
    }
    let run = folder.run(["plan", "review", "plan.json"]);
    assert_eq!(run.code, 1, "it is judged all the same: {run:?}");
}
