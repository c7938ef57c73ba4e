//! `[[operator]]`: who must be able to do what.

use orgward_iam::{Kind, Policy};
use orgward_proof::Operator;
use serde_json::{Value, json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::entries::{as_filled, tables};
use super::error::File;
use super::guardrails::targets;
use super::read::{Result, as_arns, as_list, as_regions, as_texts};

const OPERATOR: [&str; 7] =
    ["actions", "conditions", "name", "principals", "regions", "resources", "targets"];

pub(super) fn operators(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Vec<Operator>> {
    let tables = tables(file, value, &OPERATOR)?;
    tables.into_iter().map(|(table, entry)| operator(file, table, entry)).collect()
}

fn operator(file: &File<'_>, table: &DeTable<'_>, entry: &Spanned<DeValue<'_>>) -> Result<Operator> {
    let needed = |key: &str, example: &str| {
        let filled = |value: &&Spanned<DeValue<'_>>| !matches!(value.get_ref(), DeValue::Array(items) if items.is_empty());
        table.get(key).filter(filled).ok_or_else(|| {
            let message = format!("operator without `{key}`");
            ConfigError::new(file, entry.span(), format!("has no `{key}`"), message)
                .help(format!("for example `{key} = {example}`"))
        })
    };
    let texts = |key: &str| table.get(key).map(|value| as_texts(file, value)).transpose();
    let operator = Operator {
        name: as_filled(file, needed("name", "\"delivery\"")?)?,
        principals: as_arns(file, needed("principals", "[\"arn:aws:iam::*:role/delivery\"]")?)?,
        actions: actions(file, needed("actions", "[\"cloudformation:*\", \"iam:PassRole\"]")?)?,
        resources: texts("resources")?.unwrap_or_default(),
        regions: table.get("regions").map(|value| as_regions(file, value)).transpose()?.unwrap_or_default(),
        conditions: table.get("conditions").map_or_else(|| json!({}), |value| json_of(value.get_ref())),
        targets: table.get("targets").map(|value| targets(file, value)).transpose()?.unwrap_or_default(),
    };
    for (key, span) in ["resources", "conditions"].map(|key| (key, table.get(key).map(Spanned::span))) {
        let Some(span) = span else { continue };
        let statement = match key {
            "resources" => json!({ "Effect": "Deny", "Action": "*", "Resource": operator.resources }),
            _ => json!({ "Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": operator.conditions }),
        };
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
        if let Err(error) = Policy::parse(document.to_string(), Kind::ServiceControl) {
            let message = format!("`{key}` of the operator: {}", error.message);
            return Err(ConfigError::new(file, span, "as a policy document has them", message));
        }
    }
    Ok(operator)
}

fn actions(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>> {
    let actions = as_list(file, value)?;
    for (action, span) in &actions {
        let (service, name) = action.split_once(':').unwrap_or_default();
        if action != "*" && (service.is_empty() || name.is_empty() || service.contains('*')) {
            let message = format!("`{action}` is not the pattern of an action");
            return Err(ConfigError::new(file, span.clone(), "a service, a colon and a name", message)
                .help("for example `ec2:Describe*`"));
        }
    }
    Ok(actions.into_iter().map(|(action, _)| action).collect())
}

/// The same value as JSON.
fn json_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => json!(text),
        DeValue::Boolean(yes) => json!(yes.to_string()),
        DeValue::Integer(number) => json!(number.to_string()),
        DeValue::Float(number) => json!(number.to_string()),
        DeValue::Datetime(date) => json!(date.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json_of(item.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(
            table.iter().map(|(key, value)| (key.get_ref().to_string(), json_of(value.get_ref()))).collect(),
        ),
    }
}
