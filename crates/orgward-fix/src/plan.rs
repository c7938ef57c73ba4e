//! Edits of a plan, as `terraform show -json` would print it for the edited configuration.

use orgward_finding::Address;
use serde_json::{Value, json};

use crate::{Change, Edit};

/// The rows of the resource of an address: all instances, since they are written once.
pub(crate) fn rows<'p>(plan: &'p Value, address: &Address) -> impl Iterator<Item = &'p Value> {
    let resource = resource(address).to_owned();
    let rows = plan["resource_changes"].as_array().into_iter().flatten();
    rows.filter(move |row| {
        row["address"].as_str().is_some_and(|it| self::resource(&Address::new(it)) == resource)
    })
}

/// An address without the key of the instance.
fn resource(address: &Address) -> &str {
    let text = address.as_str();
    if text.ends_with(']') { text.split('[').next().unwrap_or(text) } else { text }
}

/// What an instance comes to once the plan is applied.
pub fn value_of<'p>(plan: &'p Value, address: &Address) -> Option<&'p Value> {
    let row = rows(plan, address).find(|row| row["address"] == address.as_str())?;
    row.pointer("/change/after")
}

/// Makes an edit in a plan; `None` where the plan does not show what the edit changes.
pub fn edit_plan(plan: &Value, edit: &Edit) -> Option<Value> {
    let mut plan = plan.clone();
    let name = resource(&edit.address).to_owned();
    let is_it = |row: &Value| row["address"].as_str().is_some_and(|it| resource(&Address::new(it)) == name);
    let mut kept = Vec::new();
    let mut edited = false;
    for row in plan.get_mut("resource_changes")?.as_array_mut()?.iter_mut().filter(|row| is_it(row)) {
        let change = row.get_mut("change")?;
        if edit.change == Change::Keep {
            let before = change.get("before").filter(|before| !before.is_null())?.clone();
            *change.get_mut("actions")? = json!(["no-op"]);
            *change.get_mut("after")? = before;
            kept.push(row.clone());
            edited = true;
            continue;
        }
        // An instance that goes stays as it is.
        let Some(after) = change.get_mut("after").filter(|after| !after.is_null()) else { continue };
        values(after, edit)?;
        if change["actions"] == json!(["no-op"]) {
            *change.get_mut("actions")? = json!(["update"]);
        }
        edited = true;
    }
    if let Change::Attributes(attributes) = &edit.change
        && let Some(resources) =
            plan.pointer_mut("/configuration/root_module/resources").and_then(Value::as_array_mut)
    {
        for resource in resources.iter_mut().filter(|it| it["address"] == name.as_str()) {
            for (attribute, value) in attributes {
                let expressions = resource.as_object_mut()?.entry("expressions").or_insert_with(|| json!({}));
                let constant = json!({ "constant_value": value });
                expressions.as_object_mut()?.insert((*attribute).to_owned(), constant);
            }
        }
    }
    // What is planned is in a section of its own.
    if let Some(resources) =
        plan.pointer_mut("/planned_values/root_module/resources").and_then(Value::as_array_mut)
    {
        for planned in resources.iter_mut().filter(|row| is_it(row)) {
            values(planned.get_mut("values")?, edit)?;
        }
        for row in kept {
            let known = |key: &str| row.get(key).cloned().unwrap_or_default();
            let mut planned =
                json!({ "address": known("address"), "mode": known("mode"), "type": known("type") });
            for (key, value) in [("name", known("name")), ("provider_name", known("provider_name"))] {
                planned.as_object_mut()?.insert(key.to_owned(), value);
            }
            planned
                .as_object_mut()?
                .insert("values".to_owned(), row.pointer("/change/after").cloned().unwrap_or_default());
            resources.push(planned);
        }
    }
    edited.then_some(plan)
}

/// Makes an edit in the values of an instance.
fn values(values: &mut Value, edit: &Edit) -> Option<()> {
    match &edit.change {
        Change::Keep => {}
        Change::Attributes(attributes) => {
            for (name, value) in attributes {
                values.as_object_mut()?.insert((*name).to_owned(), value.clone());
            }
        }
        Change::Condition { attribute, statement, operator, key, value } => {
            let text = values.get(attribute)?.as_str()?;
            let mut document: Value = serde_json::from_str(text).ok()?;
            let statements = document.get_mut("Statement")?;
            let statement = match statements {
                Value::Array(statements) => statements.get_mut(*statement)?,
                alone if *statement == 0 => alone,
                _ => return None,
            };
            let condition = statement.as_object_mut()?.entry("Condition").or_insert_with(|| json!({}));
            let keys = condition.as_object_mut()?.entry(*operator).or_insert_with(|| json!({}));
            // A key that is there already says something else.
            let keys = keys.as_object_mut()?;
            if keys.keys().any(|other| other.eq_ignore_ascii_case(key)) {
                return None;
            }
            keys.insert((*key).to_owned(), value.as_str().into());
            values.as_object_mut()?.insert(attribute.clone(), document.to_string().into());
        }
    }
    Some(())
}
