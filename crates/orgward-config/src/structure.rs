//! `[structure]`: what units and accounts are for.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use super::Config;
use super::error::File;
use super::read::{Result, as_table, as_texts, unknown};
use orgward_org::{AccountRole, UnitRole};

pub(super) const SETTINGS: [&str; 4] = ["accounts", "business_units", "phases", "units"];

pub(super) fn set(
    file: &File<'_>,
    config: &mut Config,
    setting: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<()> {
    let structure = &mut config.structure;
    match setting {
        "units" => {
            let named = UnitRole::ALL.map(|role| (role.as_str(), role));
            structure.units = by_role(file, value, &named, "role of a unit")?;
        }
        "accounts" => {
            let named = AccountRole::ALL.map(|role| (role.as_str(), role));
            structure.accounts = by_role(file, value, &named, "role of an account")?;
        }
        "phases" => structure.phases = by_name(file, value)?,
        _ => structure.business_units = by_name(file, value)?,
    }
    Ok(())
}

fn by_role<R: Copy + Ord>(
    file: &File<'_>,
    value: &Spanned<DeValue<'_>>,
    roles: &[(&str, R)],
    what: &str,
) -> Result<BTreeMap<R, Vec<String>>> {
    let mut read = BTreeMap::new();
    for (name, patterns) in as_table(file, value)? {
        let Some((_, role)) = roles.iter().find(|(known, _)| *known == name.get_ref()) else {
            let known: Vec<&str> = roles.iter().map(|(name, _)| *name).collect();
            return Err(unknown(file, name.span(), what, name.get_ref(), &known));
        };
        read.insert(*role, as_texts(file, patterns)?);
    }
    Ok(read)
}

fn by_name(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<BTreeMap<String, Vec<String>>> {
    let table = as_table(file, value)?;
    table.iter().map(|(name, patterns)| Ok((name.get_ref().to_string(), as_texts(file, patterns)?))).collect()
}
