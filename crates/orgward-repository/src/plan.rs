//! From two revisions to a plan.

use std::collections::BTreeSet;

use orgward_org::POLICY_FILES;
use serde_json::{Map, Value, json};

use crate::{Item, Repository};

/// What changes between two revisions, in the form of `terraform show -json`.
pub fn plan(before: &Repository, after: &Repository) -> Vec<u8> {
    let addresses: BTreeSet<&String> = before.items.keys().chain(after.items.keys()).collect();
    let rows: Vec<Value> = addresses
        .into_iter()
        .filter_map(|address| row(before.items.get(address), after.items.get(address)))
        .collect();
    let nothing = json!({ "root_module": {} });
    json!({ "format_version": "1.2", "resource_changes": rows, "configuration": nothing })
        .to_string()
        .into_bytes()
}

fn row(before: Option<&Item>, after: Option<&Item>) -> Option<Value> {
    let item = after.or(before)?;
    // What is another kind of thing on both sides is another thing.
    let before = before.filter(|before| before.kind == item.kind);
    let actions = match (before, after) {
        (None, _) => "create",
        (_, None) => "delete",
        (Some(before), Some(after)) if before.values == after.values && before.unknown == after.unknown => {
            "no-op"
        }
        _ => "update",
    };
    let mut unknown = Map::new();
    if let Some(attribute) = after.and_then(|after| after.unknown) {
        unknown.insert(attribute.to_owned(), true.into());
    }
    let values = |item: Option<&Item>| item.map_or(Value::Null, |item| Value::Object(item.values.clone()));
    Some(json!({
        "address": item.address,
        "mode": "managed",
        "type": item.kind,
        "name": item.address.rsplit('/').next().unwrap_or(&item.address),
        "provider_name": POLICY_FILES,
        "change": {
            "actions": [actions],
            "before": values(before),
            "after": values(after),
            "after_unknown": unknown,
        },
    }))
}
