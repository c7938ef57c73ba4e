//! From TOML to a validated [`Config`], with the place of every mistake.

use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr as _;

use orgward_finding::Severity;
use orgward_iam::Catalogue;
use orgward_proof::Profile;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::File;
use super::options::{self, OPTIONS};
use super::{
    Config, ConfigError, RULE_IDS, ReadFile, beside, entries, forbids, guardrails, operators, packs, quotas,
    stacks, structure,
};
use crate::waivers::{self, Waiver};

pub(super) type Result<T> = std::result::Result<T, ConfigError>;

/// The tables of the file and the keys of each. What is not here is refused.
const TABLES: [(&str, &[&str]); 10] = [
    ("apply", &["principal"]),
    ("boundaries", &["required", "roles", "users"]),
    ("files", &beside::SETTINGS),
    ("management", &["allowed_addresses", "allowed_types", "allowed_users"]),
    ("organization", &["accounts", "full_access_detached", "id", "management_account", "trusted_accounts"]),
    ("rego", &["folders", "packages"]),
    ("regions", &["allowed", "exempt_actions", "exempt_principals", "profile"]),
    ("rules", &["disabled", "severity"]),
    ("structure", &structure::SETTINGS),
    ("unverifiable", &["severity"]),
];

/// The tables that are read elsewhere.
const LISTS: [&str; 8] =
    ["forbid", "guardrail", "operator", "pack", "quotas", "severity_for", "stacks", "waiver"];

/// Whether a table is one of the configuration.
pub(super) fn is_table(name: &str) -> bool {
    LISTS.contains(&name) || TABLES.iter().any(|(table, _)| *table == name)
}

pub(super) fn read(name: &str, text: &str, beside: ReadFile<'_>) -> Result<Config> {
    let mut config = Config::default();
    read_into(&mut config, name, text, beside)?;
    Ok(config)
}

/// Reads a file over what is there: each key takes the place of the same one.
pub(super) fn read_into(config: &mut Config, name: &str, text: &str, beside: ReadFile<'_>) -> Result<()> {
    let file = File { name, text };
    let root = parse(&file)?;
    let mut shipped = Vec::new();
    let mut forbids = None;
    // Packs use what the files hold, wherever the tables stand.
    if let Some(value) = root.get_ref().get("files") {
        beside::read(&file, config, value, beside)?;
    }
    for (key, value) in root.get_ref() {
        match key.get_ref().as_ref() {
            "waiver" => {
                config.waivers = entries::waivers(&file, value)?;
                continue;
            }
            "operator" => {
                config.operators = operators::operators(&file, value)?;
                continue;
            }
            "severity_for" => {
                config.severity_for = entries::severities(&file, value)?;
                continue;
            }
            "guardrail" => {
                config.guardrails = guardrails::guardrails(&file, value)?;
                continue;
            }
            "forbid" => {
                forbids = Some(forbids::forbids(&file, value)?);
                continue;
            }
            "pack" => {
                (shipped, config.certified) = packs::packs(&file, value, &config.certified_lists)?;
                continue;
            }
            "stacks" => {
                config.stacks = stacks::stacks(&file, value)?;
                continue;
            }
            "quotas" => {
                quotas::quotas(&file, config, value)?;
                continue;
            }
            option if OPTIONS.contains(&option) => {
                options::set(&file, &mut config.options, option, value)?;
                continue;
            }
            _ => {}
        }
        let tables: Vec<&str> = TABLES.iter().map(|(table, _)| *table).chain(LISTS).chain(OPTIONS).collect();
        let Some((_, keys)) = TABLES.iter().find(|(table, _)| *table == key.get_ref()) else {
            return Err(unknown(&file, key.span(), "table", key.get_ref(), &tables));
        };
        let table = as_table(&file, value)?;
        for (setting, value) in table {
            if !keys.contains(&setting.get_ref().as_ref()) {
                return Err(unknown(&file, setting.span(), "setting", setting.get_ref(), keys));
            }
            set(&file, config, key.get_ref(), setting.get_ref(), value)?;
        }
    }
    config.guardrails.extend(shipped);
    for (forbid, span) in forbids.iter().flatten() {
        if config.guardrails.iter().any(|guardrail| guardrail.id == forbid.id) {
            let message = format!("a guardrail and a claim of `[[forbid]]` are called `{}`", forbid.id);
            return Err(ConfigError::new(&file, span.clone(), "the second one", message)
                .help("findings and waivers name a claim by its id"));
        }
    }
    if let Some(forbids) = forbids {
        config.forbids = forbids.into_iter().map(|(forbid, _)| forbid).collect();
    }
    Ok(())
}

/// Reads a file that has nothing but waivers in it.
pub(super) fn read_waivers(name: &str, text: &str) -> Result<Vec<Waiver>> {
    let file = File { name, text };
    let root = parse(&file)?;
    let mut waivers = Vec::new();
    for (key, value) in root.get_ref() {
        if key.get_ref() != "waiver" {
            return Err(unknown(&file, key.span(), "table", key.get_ref(), &["waiver"]));
        }
        waivers.extend(entries::waivers(&file, value)?);
    }
    Ok(waivers)
}

pub(super) fn parse<'f>(file: &File<'f>) -> Result<Spanned<DeTable<'f>>> {
    DeTable::parse(file.text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().lines().next().unwrap_or("this is not TOML").to_owned();
        ConfigError::new(file, span, "here", message).help("the file is TOML: see `docs/configuration.md`")
    })
}

fn set(
    file: &File<'_>,
    config: &mut Config,
    table: &str,
    setting: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<()> {
    match (table, setting) {
        ("organization", "id") => {
            let id = as_text(file, value)?;
            if !id.starts_with("o-") {
                let message = format!("`{id}` is not the id of an organization");
                return Err(ConfigError::new(file, value.span(), "starts with `o-`", message));
            }
            config.organization.id = Some(id);
        }
        ("organization", "management_account") => {
            config.organization.management_account = Some(as_account(file, value)?);
        }
        ("organization", "accounts") => config.organization.accounts = as_accounts(file, value)?,
        ("organization", "trusted_accounts") => {
            config.organization.trusted_accounts = as_accounts(file, value)?;
        }
        ("organization", "full_access_detached") => {
            config.organization.full_access_detached = as_texts(file, value)?.into_iter().collect();
        }
        ("regions", "allowed") => config.regions.allowed = as_regions(file, value)?,
        ("regions", "profile") => config.regions.profile = Some(as_profile(file, value)?),
        ("regions", "exempt_actions") => config.regions.exempt_actions = as_texts(file, value)?,
        ("regions", "exempt_principals") => config.regions.exempt_principals = as_arns(file, value)?,
        ("apply", "principal") => config.apply.principal = Some(as_role(file, value)?),
        ("boundaries", "roles") => config.boundaries.roles = as_arns(file, value)?,
        ("boundaries", "users") => config.boundaries.users = as_arns(file, value)?,
        ("boundaries", "required") => config.boundaries.required = as_arns(file, value)?,
        ("management", "allowed_types") => config.management.allowed_types = as_texts(file, value)?,
        ("management", "allowed_addresses") => config.management.allowed_addresses = as_texts(file, value)?,
        ("management", "allowed_users") => {
            config.management.allowed_users = as_texts(file, value)?.into_iter().collect();
        }
        ("rules", "disabled") => {
            for (rule, span) in as_list(file, value)? {
                config.disabled.insert(as_any_rule(file, &rule, span)?);
            }
        }
        ("rules", "severity") => {
            for (rule, severity) in as_table(file, value)? {
                let rule = as_any_rule(file, rule.get_ref(), rule.span())?;
                config.severities.insert(rule, as_severity(file, severity)?);
            }
        }
        ("rego", "folders") => config.rego.folders = Some(as_texts(file, value)?),
        ("rego", "packages") => config.rego.packages = as_texts(file, value)?.into_iter().collect(),
        ("structure", setting) => structure::set(file, config, setting, value)?,
        // Read before everything else.
        ("files", _) => {}
        // INVARIANT: `TABLES` lists the same settings; the test `every_setting_is_read` holds them together.
        _ => config.unverifiable = Some(as_severity(file, value)?),
    }
    Ok(())
}

pub(super) fn as_table<'v, 'i>(file: &File<'_>, value: &'v Spanned<DeValue<'i>>) -> Result<&'v DeTable<'i>> {
    match value.get_ref() {
        DeValue::Table(table) => Ok(table),
        other => Err(wrong_type(file, value.span(), "a table", other)),
    }
}

pub(super) fn as_text(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<String> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        other => Err(wrong_type(file, value.span(), "a string", other)),
    }
}

pub(super) fn as_list(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Vec<(String, Range<usize>)>> {
    match value.get_ref() {
        DeValue::Array(items) => items.iter().map(|item| Ok((as_text(file, item)?, item.span()))).collect(),
        other => Err(wrong_type(file, value.span(), "a list of strings", other)),
    }
}

pub(super) fn as_texts(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>> {
    Ok(as_list(file, value)?.into_iter().map(|(text, _)| text).collect())
}

pub(super) fn as_account(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<String> {
    account(file, as_text(file, value)?, value.span())
}

fn as_accounts(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<BTreeSet<String>> {
    as_list(file, value)?.into_iter().map(|(id, span)| account(file, id, span)).collect()
}

fn account(file: &File<'_>, id: String, span: Range<usize>) -> Result<String> {
    if orgward_iam::is_account_id(&id) {
        return Ok(id);
    }
    let message = format!("`{id}` is not an account id");
    Err(ConfigError::new(file, span, "twelve digits", message)
        .help("write it as a string, so that leading zeros stay"))
}

pub(super) fn as_arns(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>> {
    let arns = as_list(file, value)?;
    for (arn, span) in &arns {
        if arn.split(':').count() < 6 || !arn.starts_with("arn:") {
            let message = format!("`{arn}` is not the pattern of an ARN");
            return Err(ConfigError::new(file, span.clone(), "six parts, separated by colons", message)
                .help("for example `arn:aws:iam::*:role/app/*`"));
        }
    }
    Ok(arns.into_iter().map(|(arn, _)| arn).collect())
}

/// The ARN of a role; `*` may stand for its account.
pub(super) fn as_role(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<String> {
    let arn = as_text(file, value)?;
    let role = orgward_iam::Arn::parse(&arn).is_some_and(|parts| {
        parts.service == "iam"
            && parts.resource.starts_with("role/")
            && !parts.resource.contains(['*', '?'])
            && (parts.account == "*" || orgward_iam::is_account_id(parts.account))
    });
    if role {
        return Ok(arn);
    }
    let message = format!("`{arn}` is not the ARN of a role");
    Err(ConfigError::new(file, value.span(), "one role, in one account or in `*`", message)
        .help("for example `arn:aws:iam::*:role/deploy`"))
}

pub(super) fn as_regions(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<BTreeSet<String>> {
    as_list(file, value)?.into_iter().map(|(name, span)| region(file, name, span)).collect()
}

pub(super) fn as_region(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<String> {
    region(file, as_text(file, value)?, value.span())
}

fn region(file: &File<'_>, region: String, span: Range<usize>) -> Result<String> {
    let known = Catalogue::get().regions().map(|region| region.name).collect::<Vec<_>>();
    let form = region.split('-').count() >= 3
        && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && region.bytes().last().is_some_and(|b| b.is_ascii_digit());
    // New regions appear without asking this program: only the form and near misses are refused.
    let near = known.iter().copied().filter(|each| strsim::damerau_levenshtein(each, &region) == 1);
    let near = near.min_by_key(|each| std::cmp::Reverse(each.len()));
    if known.contains(&region.as_str()) || (form && near.is_none()) {
        return Ok(region);
    }
    let error = ConfigError::new(
        file,
        span,
        "no region of AWS that this version knows",
        format!("`{region}` is not a region"),
    );
    let help = near
        .map_or_else(|| "for example `eu-central-1`".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(error.help(help))
}

fn as_profile(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Profile> {
    match as_text(file, value)?.as_str() {
        "strict" => Ok(Profile::Strict),
        "aws-sample" => Ok(Profile::AwsSample),
        "control-tower" => Ok(Profile::ControlTower),
        other => {
            Err(unknown(file, value.span(), "profile", other, &["aws-sample", "control-tower", "strict"]))
        }
    }
}

pub(super) fn as_severity(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Severity> {
    let text = as_text(file, value)?;
    Severity::from_str(&text)
        .map_err(|()| unknown(file, value.span(), "severity", &text, &Severity::ALL.map(Severity::as_str)))
}

/// Whether an id is the one of a rule of one's own: its package, and its name. No rule of the catalogue has a dot.
pub(super) fn is_own_rule(id: &str) -> bool {
    let is_name = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    };
    id.contains('.') && id.split('.').all(is_name)
}

/// A rule of the catalogue, one about waivers, or one of one's own, of which the files tell whether it is there.
pub(super) fn as_any_rule(file: &File<'_>, id: &str, span: Range<usize>) -> Result<String> {
    if waivers::RULES.iter().any(|rule| rule.id == id) { Ok(id.to_owned()) } else { as_rule(file, id, span) }
}

pub(super) fn as_rule(file: &File<'_>, id: &str, span: Range<usize>) -> Result<String> {
    if is_own_rule(id) || RULE_IDS.contains(&id) {
        Ok(id.to_owned())
    } else {
        Err(unknown(file, span, "rule", id, RULE_IDS))
    }
}

pub(super) fn wrong_type(
    file: &File<'_>,
    span: Range<usize>,
    wanted: &str,
    found: &DeValue<'_>,
) -> ConfigError {
    let found = match found {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    ConfigError::new(file, span, format!("must be {wanted}"), format!("expected {wanted}, found {found}"))
}

pub(super) fn unknown(
    file: &File<'_>,
    span: Range<usize>,
    what: &str,
    found: &str,
    known: &[&str],
) -> ConfigError {
    let near = known
        .iter()
        .map(|each| (strsim::damerau_levenshtein(each, found), *each))
        .min()
        .filter(|(distance, each)| *distance <= 2.max(each.len() / 3));
    let help = match near {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None => format!("known are: {}", known.join(", ")),
    };
    // The name of a table that resembles none of ours is of a file that is none of ours.
    let message = match (what, near) {
        ("table", None) => "unknown table".to_owned(),
        _ => format!("unknown {what} `{found}`"),
    };
    ConfigError::new(file, span, format!("unknown {what}"), message).help(help)
}

#[cfg(test)]
pub(super) const SETTINGS: [(&str, &[&str]); 10] = TABLES;
