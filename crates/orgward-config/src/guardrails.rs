//! `[[guardrail]]`: what has to be denied, and where.

use std::collections::BTreeMap;

use orgward_finding::Severity;
use orgward_iam::{Claim, ClaimSpec, ConditionSpec, RequestSet};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use orgward_org::Selector;
use orgward_proof::{EnforcedBy, Guardrail};

use super::ConfigError;
use super::entries::{as_filled, line, named};
use super::error::File;
use super::read::{Result, as_arns, as_list, as_severity, as_table, as_text, parse, unknown, wrong_type};

const KEYS: [&str; 11] = [
    "actions",
    "conditions",
    "description",
    "exempt_principals",
    "id",
    "not_actions",
    "not_resources",
    "resources",
    "severity",
    "targets",
    "upheld_by",
];

/// Reads the `[[guardrail]]` tables of a file and ignores its other tables. `name` is what messages call the file.
pub fn read_guardrails(name: &str, text: &str) -> std::result::Result<Vec<Guardrail>, ConfigError> {
    let file = File { name, text };
    let root = parse(&file)?;
    root.get_ref().get("guardrail").map_or(Ok(Vec::new()), |value| guardrails(&file, value))
}

pub(super) fn guardrails(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Vec<Guardrail>> {
    let all = named(file, value, ("guardrail", &KEYS), guardrail, |guardrail| &guardrail.id)?;
    Ok(all.into_iter().map(|(guardrail, _)| guardrail).collect())
}

fn guardrail(file: &File<'_>, table: &DeTable<'_>, entry: &Spanned<DeValue<'_>>) -> Result<Guardrail> {
    let Some(id) = table.get("id") else {
        let message = "guardrail without `id`".to_owned();
        return Err(ConfigError::new(file, entry.span(), "has no `id`", message)
            .help("for example `id = \"keep-the-audit-trail\"`"));
    };
    let targets = match table.get("targets") {
        Some(value) => targets(file, value)?,
        None => Vec::new(),
    };
    let claim = claim(file, table, entry)?;
    let enforced_by = match table.get("upheld_by") {
        Some(value) => enforced_by(file, value)?,
        None => EnforcedBy::default(),
    };
    // Such a guardrail would always hold.
    let is_reached = || !RequestSet::bound_by_resource_control().and(claim.requests()).is_empty();
    if enforced_by == EnforcedBy::ResourceControl && !is_reached() {
        let span = table.get("actions").or(table.get("not_actions")).map_or(entry.span(), Spanned::span);
        let message = "resource control policies reach none of these actions".to_owned();
        return Err(ConfigError::new(file, span, "of no service that they reach", message)
            .help("leave `upheld_by` out: service control policies deny it"));
    }
    Ok(Guardrail {
        id: as_id(file, id)?,
        description: table.get("description").map(|value| as_filled(file, value)).transpose()?,
        targets,
        claim,
        severity: match table.get("severity") {
            Some(value) => as_severity(file, value)?,
            None => Severity::High,
        },
        enforced_by,
        origin: format!("{}:{}", file.name, line(file, entry.span().start)),
    })
}

/// An id is part of fingerprints and is typed on command lines.
pub(super) fn as_id(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<String> {
    let id = as_text(file, value)?;
    let is_plain = !id.is_empty()
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'/'));
    if is_plain {
        return Ok(id);
    }
    Err(ConfigError::new(
        file,
        value.span(),
        "lower-case letters, digits and hyphens",
        format!("`{id}` is not the id of a guardrail"),
    )
    .help("for example `keep-the-audit-trail`"))
}

pub(super) fn targets(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Vec<Selector>> {
    let written = as_list(file, value)?;
    if written.is_empty() {
        return Err(ConfigError::new(
            file,
            value.span(),
            "names nothing",
            "empty list of targets".to_owned(),
        )
        .help("without `targets`, it is for every member account"));
    }
    let mut targets = Vec::new();
    for (text, span) in written {
        let target = Selector::parse(&text).map_err(|(wrong, example)| {
            ConfigError::new(file, span, wrong, format!("`{text}` is not a target"))
                .help(format!("for example `{example}`"))
        })?;
        targets.push(target);
    }
    Ok(targets)
}

fn enforced_by(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<EnforcedBy> {
    let text = as_text(file, value)?;
    let found = EnforcedBy::ALL.into_iter().find(|each| each.as_str() == text);
    found.ok_or_else(|| {
        unknown(file, value.span(), "kind of policy", &text, &EnforcedBy::ALL.map(EnforcedBy::as_str))
    })
}

fn claim(file: &File<'_>, table: &DeTable<'_>, entry: &Spanned<DeValue<'_>>) -> Result<Claim> {
    let exempt = match table.get("exempt_principals") {
        Some(value) => as_arns(file, value)?,
        None => Vec::new(),
    };
    claim_of(file, table, entry, &exempt)
}

/// The requests that the keys of a table describe.
pub(super) fn claim_of(
    file: &File<'_>,
    table: &DeTable<'_>,
    entry: &Spanned<DeValue<'_>>,
    exempt: &[String],
) -> Result<Claim> {
    let patterns = |key: &str| table.get(key).map(|value| as_patterns(file, value)).transpose();
    let spec = ClaimSpec {
        actions: patterns("actions")?,
        not_actions: patterns("not_actions")?,
        resources: patterns("resources")?,
        not_resources: patterns("not_resources")?,
        conditions: table
            .get("conditions")
            .map(|value| conditions(file, value))
            .transpose()?
            .unwrap_or_default(),
        exempt_principals: exempt.to_vec(),
    };
    if spec.actions.is_none() && spec.not_actions.is_none() {
        let message = "guardrail without `actions` or `not_actions`".to_owned();
        return Err(ConfigError::new(file, entry.span(), "denies no action", message)
            .help("for example `actions = [\"cloudtrail:StopLogging\"]`"));
    }
    Claim::declared(spec).map_err(|error| {
        let span = table.get(error.element.as_str()).map_or(entry.span(), Spanned::span);
        ConfigError::new(file, span, "here", error.error.message).help(error.error.help)
    })
}

/// A pattern, or a list of them.
pub(super) fn as_patterns(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>> {
    match value.get_ref() {
        DeValue::String(text) => Ok(vec![text.to_string()]),
        _ => Ok(as_list(file, value)?.into_iter().map(|(text, _)| text).collect()),
    }
}

pub(super) fn conditions(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<ConditionSpec> {
    let mut conditions = BTreeMap::new();
    for (operator, keys) in as_table(file, value)? {
        // A table without keys says nothing.
        if matches!(keys.get_ref(), DeValue::Table(keys) if keys.is_empty()) {
            continue;
        }
        let entry: &mut BTreeMap<_, _> = conditions.entry(operator.get_ref().to_string()).or_default();
        for (key, values) in as_table(file, keys)? {
            entry.insert(key.get_ref().to_string(), as_values(file, values)?);
        }
    }
    Ok(conditions)
}

/// The values of a condition: one, or a list; numbers and booleans as the policy language writes them.
fn as_values(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>> {
    match value.get_ref() {
        DeValue::Array(values) => values.iter().map(|value| as_value(file, value)).collect(),
        _ => Ok(vec![as_value(file, value)?]),
    }
}

fn as_value(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<String> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Boolean(truth) => Ok(truth.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        other => Err(wrong_type(file, value.span(), "a string, a whole number or a boolean", other)),
    }
}

#[cfg(test)]
mod tests {
    use crate::Config;
    use crate::tests::refused;
    use orgward_finding::Severity;
    use orgward_org::Selector;
    use orgward_proof::EnforcedBy;

    const WHOLE: &str = r#"
[[guardrail]]
id = "keep-the-audit-trail"
description = "Nobody but break-glass stops the trail"
targets = ["Root/Runtime/**", "222222222222", "tag:phase=production", "role:production"]
actions = ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail"]
resources = "*"
exempt_principals = ["arn:aws:iam::*:role/break-glass"]
severity = "critical"
upheld_by = "scp-or-rcp"

[guardrail.conditions.StringNotEquals]
"aws:RequestedRegion" = ["eu-west-1"]

[guardrail.conditions.Bool]
"aws:SecureTransport" = false

[[guardrail]]
id = "members-stay"
actions = ["organizations:LeaveOrganization"]
"#;

    #[test]
    fn every_key_is_read() {
        let config = Config::parse("orgward.toml", WHOLE).unwrap();
        let [trail, stay] = config.guardrails.as_slice() else { panic!("two") };
        assert_eq!(trail.id, "keep-the-audit-trail");
        assert_eq!(trail.description.as_deref(), Some("Nobody but break-glass stops the trail"));
        assert_eq!(trail.targets.len(), 4);
        assert_eq!(trail.targets.first(), Some(&Selector::Path("Root/Runtime/**".to_owned())));
        assert_eq!(trail.severity, Severity::Critical);
        assert_eq!(trail.enforced_by, EnforcedBy::Both);
        assert_eq!(trail.origin, "orgward.toml:2");
        let spec = trail.claim.spec();
        assert_eq!(spec.resources.as_deref(), Some(&["*".to_owned()][..]));
        assert_eq!(spec.conditions["Bool"]["aws:SecureTransport"], ["false"]);
        assert_eq!(spec.conditions["StringNotEquals"]["aws:RequestedRegion"], ["eu-west-1"]);
        assert_eq!(spec.exempt_principals, ["arn:aws:iam::*:role/break-glass"]);
        assert_eq!((stay.severity, stay.enforced_by), (Severity::High, EnforcedBy::ServiceControl));
        assert!(stay.targets.is_empty());
    }

    #[test]
    fn a_pack_has_other_tables_besides() {
        let text = format!("title = 'Baseline'\n{WHOLE}\n[[parameter]]\nname = 'x'\n");
        assert_eq!(super::read_guardrails("baseline", &text).unwrap().len(), 2);
    }

    #[test]
    fn misspelled_condition() {
        insta::assert_snapshot!(refused(
            "[[guardrail]]\nid = 'x'\nactions = ['s3:*']\nconditions = { StringEqual = { 'aws:RequestedRegion' = 'x' } }\n"
        ), @"
         × unknown condition operator `StringEqual`
          ╭─[orgward.toml:4:14]
        3 │ actions = ['s3:*']
        4 │ conditions = { StringEqual = { 'aws:RequestedRegion' = 'x' } }
          ·              ────────────────────────┬────────────────────────
          ·                                      ╰── here
          ╰────
         help: did you mean `StringEquals`?
        ");
    }

    #[test]
    fn guardrail_for_no_action() {
        insta::assert_snapshot!(refused("[[guardrail]]\nid = 'x'\nresources = ['*']\n"), @r#"
         × guardrail without `actions` or `not_actions`
          ╭─[orgward.toml:1:1]
        1 │ [[guardrail]]
          · ──────┬──────
          ·       ╰── denies no action
        2 │ id = 'x'
          ╰────
         help: for example `actions = ["cloudtrail:StopLogging"]`
        "#);
    }

    #[test]
    fn actions_and_not_actions() {
        insta::assert_snapshot!(refused(
            "[[guardrail]]\nid = 'x'\nactions = ['s3:*']\nnot_actions = ['iam:*']\n"
        ), @"
         × `not_actions` cannot stand beside its opposite
          ╭─[orgward.toml:4:15]
        3 │ actions = ['s3:*']
        4 │ not_actions = ['iam:*']
          ·               ────┬────
          ·                   ╰── here
          ╰────
         help: keep one of the two
        ");
    }

    /// It would hold whatever the policies say.
    #[test]
    fn guardrail_that_no_resource_control_policy_reaches() {
        insta::assert_snapshot!(refused(
            "[[guardrail]]\nid = 'x'\nactions = ['ec2:*']\nupheld_by = 'rcp'\n"
        ), @"
         × resource control policies reach none of these actions
          ╭─[orgward.toml:3:11]
        2 │ id = 'x'
        3 │ actions = ['ec2:*']
          ·           ────┬────
          ·               ╰── of no service that they reach
        4 │ upheld_by = 'rcp'
          ╰────
         help: leave `upheld_by` out: service control policies deny it
        ");
        let reached = "[[guardrail]]\nid = 'x'\nactions = ['ec2:*', 's3:*']\nupheld_by = 'rcp'\n";
        assert!(Config::parse("orgward.toml", reached).is_ok());
    }

    #[test]
    fn two_guardrails_with_one_name() {
        insta::assert_snapshot!(refused(
            "[[guardrail]]\nid = 'x'\nactions = 's3:*'\n\n[[guardrail]]\nid = 'x'\nactions = 'ec2:*'\n"
        ), @"
         × two guardrails are called `x`
          ╭─[orgward.toml:6:6]
        5 │ [[guardrail]]
        6 │ id = 'x'
          ·      ─┬─
          ·       ╰── the second one
        7 │ actions = 'ec2:*'
          ╰────
         help: findings and waivers name a guardrail by its id
        ");
    }

    #[test]
    fn target_that_is_no_place() {
        insta::assert_snapshot!(refused(
            "[[guardrail]]\nid = 'x'\nactions = 's3:*'\ntargets = ['tag:phase']\n"
        ), @"
         × `tag:phase` is not a target
          ╭─[orgward.toml:4:12]
        3 │ actions = 's3:*'
        4 │ targets = ['tag:phase']
          ·            ─────┬─────
          ·                 ╰── a tag has a value
          ╰────
         help: for example `tag:phase=production`
        ");
    }
}
