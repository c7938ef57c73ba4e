//! `[[operator]]`: who must be able to do what.

use orgward_iam::{Claim, ClaimSpec};
use orgward_proof::Operator;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::entries::{as_filled, tables};
use super::error::File;
use super::guardrails::{conditions, targets};
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
        conditions: table
            .get("conditions")
            .map(|value| conditions(file, value))
            .transpose()?
            .unwrap_or_default(),
        targets: table.get("targets").map(|value| targets(file, value)).transpose()?.unwrap_or_default(),
    };
    for key in ["resources", "conditions"] {
        let Some(span) = table.get(key).map(Spanned::span) else { continue };
        let spec = match key {
            "resources" => ClaimSpec { resources: Some(operator.resources.clone()), ..ClaimSpec::default() },
            _ => ClaimSpec { conditions: operator.conditions.clone(), ..ClaimSpec::default() },
        };
        if let Err(error) = Claim::new(spec) {
            let message = format!("`{key}` of the operator: {}", error.error.message);
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
