//! The tables of the file that may be there several times.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::File;
use super::guardrails::targets;
use super::read::{Result, as_list, as_rule, as_severity, as_table, as_text, as_texts, unknown, wrong_type};
use super::{ConfigError, SeverityFor};
use crate::waivers::Waiver;

const WAIVER: [&str; 11] = [
    "accepted", "accounts", "address", "approver", "owner", "reason", "rule", "stack", "target", "ticket",
    "until",
];
const SEVERITY_FOR: [&str; 5] = ["at_least", "at_most", "rules", "severity", "targets"];

pub(super) fn waivers(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Vec<Waiver>> {
    tables(file, value, &WAIVER)?.into_iter().map(|(table, entry)| waiver(file, table, entry)).collect()
}

pub(super) fn severities(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Vec<SeverityFor>> {
    let tables = tables(file, value, &SEVERITY_FOR)?;
    tables.into_iter().map(|(table, entry)| severity_for(file, table, entry)).collect()
}

pub(super) type Entry<'v, 'i> = (&'v DeTable<'i>, &'v Spanned<DeValue<'i>>);

/// The entries of a list of tables; none has a key that is not known.
pub(super) fn tables<'v, 'i>(
    file: &File<'_>,
    value: &'v Spanned<DeValue<'i>>,
    keys: &[&str],
) -> Result<Vec<Entry<'v, 'i>>> {
    let DeValue::Array(entries) = value.get_ref() else {
        return Err(wrong_type(file, value.span(), "a list of tables", value.get_ref())
            .help("write its name in two pairs of brackets, such as `[[waiver]]`"));
    };
    let mut tables = Vec::new();
    for entry in entries {
        let table = as_table(file, entry)?;
        for (key, _) in table {
            if !keys.contains(&key.get_ref().as_ref()) {
                return Err(unknown(file, key.span(), "setting", key.get_ref(), keys));
            }
        }
        tables.push((table, entry));
    }
    Ok(tables)
}

/// Reads tables of which each has an id of its own, with the place of the id. `what` is what messages call one of them.
pub(super) fn named<T>(
    file: &File<'_>,
    value: &Spanned<DeValue<'_>>,
    (what, keys): (&str, &[&str]),
    read: fn(&File<'_>, &DeTable<'_>, &Spanned<DeValue<'_>>) -> Result<T>,
    id: fn(&T) -> &str,
) -> Result<Vec<(T, Range<usize>)>> {
    let mut ids = BTreeSet::new();
    let mut all = Vec::new();
    for (table, entry) in tables(file, value, keys)? {
        let one = read(file, table, entry)?;
        let span = table.get("id").map_or(entry.span(), Spanned::span);
        let name = id(&one);
        if !ids.insert(name.to_owned()) {
            let message = format!("two {what}s are called `{name}`");
            return Err(ConfigError::new(file, span, "the second one", message)
                .help(format!("findings and waivers name a {what} by its id")));
        }
        all.push((one, span));
    }
    Ok(all)
}

fn waiver(file: &File<'_>, table: &DeTable<'_>, entry: &Spanned<DeValue<'_>>) -> Result<Waiver> {
    let text = |key| table.get(key).map(|value| as_filled(file, value)).transpose();
    let needed = |key: &str, example: &str| {
        let missing = || {
            ConfigError::new(file, entry.span(), format!("has no `{key}`"), format!("waiver without `{key}`"))
                .help(format!("for example `{key} = {example}`"))
        };
        table.get(key).ok_or_else(missing)
    };
    let rule = needed("rule", "\"external-trust\"")?;
    let until = needed("until", "2027-03-31")?;
    Ok(Waiver {
        rule: as_rule(file, &as_text(file, rule)?, rule.span())?,
        address: text("address")?,
        target: text("target")?,
        reason: as_filled(file, needed("reason", "\"the vendor reads invoices\"")?)?,
        owner: as_filled(file, needed("owner", "\"platform team\"")?)?,
        until: as_date(file, until)?,
        ticket: text("ticket")?,
        approver: text("approver")?,
        accepted: texts(file, table, "accepted")?,
        accounts: texts(file, table, "accounts")?,
        stack: text("stack")?,
        origin: format!("{}:{}", file.name, line(file, entry.span().start)),
    })
}

fn severity_for(file: &File<'_>, table: &DeTable<'_>, entry: &Spanned<DeValue<'_>>) -> Result<SeverityFor> {
    let severity = |key| table.get(key).map(|value| as_severity(file, value)).transpose();
    let mut rules = BTreeSet::new();
    if let Some(value) = table.get("rules") {
        for (rule, span) in as_list(file, value)? {
            rules.insert(as_rule(file, &rule, span)?);
        }
    }
    let read = SeverityFor {
        targets: table.get("targets").map(|value| targets(file, value)).transpose()?.unwrap_or_default(),
        rules,
        severity: severity("severity")?,
        at_least: severity("at_least")?,
        at_most: severity("at_most")?,
    };
    if read.targets.is_empty() {
        let message = "`severity_for` without `targets`".to_owned();
        return Err(ConfigError::new(file, entry.span(), "names no targets", message)
            .help("for example `targets = [\"Root/Sandbox*\", \"222222222222\"]`"));
    }
    if read.severity.or(read.at_least).or(read.at_most).is_none() {
        let message = "`severity_for` without a severity".to_owned();
        return Err(ConfigError::new(file, entry.span(), "changes nothing", message)
            .help("set `severity`, `at_least` or `at_most`"));
    }
    Ok(read)
}

fn texts(file: &File<'_>, table: &DeTable<'_>, key: &str) -> Result<BTreeSet<String>> {
    let list = table.get(key).map(|value| as_texts(file, value)).transpose()?;
    Ok(list.unwrap_or_default().into_iter().collect())
}

/// The line that a byte is on, from 1.
pub(super) fn line(file: &File<'_>, byte: usize) -> usize {
    file.text.get(..byte).unwrap_or_default().matches('\n').count() + 1
}

pub(super) fn as_filled(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<String> {
    let text = as_text(file, value)?;
    if text.trim().is_empty() {
        return Err(ConfigError::new(file, value.span(), "says nothing", "empty string".to_owned()));
    }
    Ok(text)
}

/// A date, or a string that is one.
fn as_date(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Date> {
    let text = match value.get_ref() {
        DeValue::Datetime(date) if date.time.is_none() => date.to_string(),
        DeValue::String(text) => text.to_string(),
        other => return Err(wrong_type(file, value.span(), "a date", other)),
    };
    text.parse().map_err(|_| {
        ConfigError::new(file, value.span(), "must be a date", format!("`{text}` is not a date"))
            .help("for example `until = 2027-03-31`")
    })
}
