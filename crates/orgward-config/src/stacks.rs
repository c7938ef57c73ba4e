//! `[stacks]`: which account an input is about.

use std::collections::BTreeMap;

use orgward_plan::Declaration;
use toml::Spanned;
use toml::de::DeValue;

use super::ConfigError;
use super::error::File;
use super::read::{Result, as_account, as_region, as_role, as_table, unknown, wrong_type};

const KEYS: [&str; 4] = ["account", "principal", "providers", "region"];

pub(super) fn stacks(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<BTreeMap<String, Declaration>> {
    let mut stacks = BTreeMap::new();
    for (pattern, value) in as_table(file, value)? {
        let path = pattern.get_ref();
        // Inputs are called by their path from the folder of this file.
        if path.is_empty() || path.starts_with(['/', '.']) || path.contains('\\') {
            let message = format!("`{path}` matches no input");
            return Err(ConfigError::new(
                file,
                pattern.span(),
                "a path from the folder of this file",
                message,
            )
            .help("for example `\"stacks/shop/*\"`, where `*` stands for anything"));
        }
        stacks.insert(path.to_string(), declaration(file, value)?);
    }
    Ok(stacks)
}

fn declaration(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Declaration> {
    let mut declaration = Declaration::default();
    let table = match value.get_ref() {
        DeValue::String(_) => {
            declaration.account = Some(as_account(file, value)?);
            return Ok(declaration);
        }
        DeValue::Table(table) => table,
        other => return Err(wrong_type(file, value.span(), "an account id or a table", other)),
    };
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "account" => declaration.account = Some(as_account(file, value)?),
            "principal" => declaration.principal = Some(as_role(file, value)?),
            "region" => declaration.region = Some(as_region(file, value)?),
            "providers" => {
                for (provider, account) in as_table(file, value)? {
                    let name = provider.get_ref();
                    if name != "aws" && !name.contains("aws.") && !name.ends_with(":aws") {
                        let message = format!("`{name}` is not the name of a provider configuration");
                        return Err(ConfigError::new(file, provider.span(), "not of AWS", message)
                            .help("for example `\"aws.audit\"`, as in `provider = aws.audit`"));
                    }
                    declaration.providers.insert(name.to_string(), as_account(file, account)?);
                }
            }
            other => return Err(unknown(file, key.span(), "setting", other, &KEYS)),
        }
    }
    if declaration == Declaration::default() {
        let message = "this stack has no account".to_owned();
        return Err(ConfigError::new(file, value.span(), "says nothing", message)
            .help("for example `{ account = \"222222222222\" }`"));
    }
    Ok(declaration)
}
