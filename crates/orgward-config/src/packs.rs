//! `[[pack]]`: guardrails that are shipped with the program.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::Claim;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::entries::{line, tables};
use super::error::File;
use super::guardrails::{as_patterns, targets};
use super::read::{Result, as_arns, as_list, as_severity, as_table, as_text, unknown};
use crate::{CertifiedList, CertifiedLists, Pack};
use orgward_proof::Guardrail;

const KEYS: [&str; 6] = ["disabled", "exempt_principals", "name", "parameters", "severity", "targets"];

/// The guardrails of the packs that are turned on, and the lists of certified services that they use.
pub(super) fn packs(
    file: &File<'_>,
    value: &Spanned<DeValue<'_>>,
    lists: &CertifiedLists,
) -> Result<(Vec<Guardrail>, Vec<CertifiedList>)> {
    let mut used = Vec::new();
    let mut names = BTreeSet::new();
    let mut guardrails = Vec::new();
    for (table, entry) in tables(file, value, &KEYS)? {
        let pack = named(file, table, entry)?;
        if !names.insert(pack.name) {
            let message = format!("pack `{}` is turned on twice", pack.name);
            return Err(ConfigError::new(file, entry.span(), "the second time", message).help(
                "name all targets in one place; guardrails of your own are written in `[[guardrail]]`",
            ));
        }
        guardrails.extend(of_pack(file, pack, table, entry, (lists, &mut used))?);
    }
    Ok((guardrails, used))
}

fn named(file: &File<'_>, table: &DeTable<'_>, entry: &Spanned<DeValue<'_>>) -> Result<&'static Pack> {
    let Some(value) = table.get("name") else {
        let message = "pack without `name`".to_owned();
        return Err(ConfigError::new(file, entry.span(), "has no `name`", message)
            .help("for example `name = \"baseline\"`"));
    };
    let name = as_text(file, value)?;
    let known: Vec<&str> = Pack::all().iter().map(|pack| pack.name).collect();
    Pack::find(&name).ok_or_else(|| unknown(file, value.span(), "pack", &name, &known))
}

fn of_pack(
    file: &File<'_>,
    pack: &Pack,
    table: &DeTable<'_>,
    entry: &Spanned<DeValue<'_>>,
    (lists, used): (&CertifiedLists, &mut Vec<CertifiedList>),
) -> Result<Vec<Guardrail>> {
    let (values, span) = parameters(file, pack, table, entry, lists)?;
    used.extend(lists.used(&values));
    let mut guardrails = pack.guardrails_with(&values, lists).map_err(|error| {
        let message = format!("pack `{}` cannot take these parameters: {error}", pack.name);
        ConfigError::new(file, span, "here", message)
            .help(format!("`orgward guardrail show {}` tells what they are", pack.name))
    })?;
    let mut off = BTreeSet::new();
    let prefix = format!("{}/", pack.name);
    for (id, span) in table.get("disabled").map(|value| as_list(file, value)).transpose()?.unwrap_or_default()
    {
        let whole = if id.starts_with(&prefix) { id.clone() } else { format!("{prefix}{id}") };
        if !guardrails.iter().any(|guardrail| guardrail.id == whole) {
            let known: Vec<&str> =
                guardrails.iter().filter_map(|guardrail| guardrail.id.strip_prefix(&prefix)).collect();
            return Err(unknown(file, span, "guardrail of the pack", &id, &known));
        }
        off.insert(whole);
    }
    guardrails.retain(|guardrail| !off.contains(&guardrail.id));
    let targets = table.get("targets").map(|value| targets(file, value)).transpose()?;
    let severity = table.get("severity").map(|value| as_severity(file, value)).transpose()?;
    let exempt = match table.get("exempt_principals") {
        Some(value) => as_arns(file, value)?,
        None => Vec::new(),
    };
    let origin = format!("pack {}, {}:{}", pack.name, file.name, line(file, entry.span().start));
    for guardrail in &mut guardrails {
        guardrail.origin.clone_from(&origin);
        if let Some(targets) = &targets {
            guardrail.targets.clone_from(targets);
        }
        if let Some(severity) = severity {
            guardrail.severity = severity;
        }
        let mut spec = guardrail.claim.spec().clone();
        spec.exempt_principals.extend(exempt.iter().cloned());
        guardrail.claim = Claim::declared(spec).map_err(|error| {
            ConfigError::new(file, entry.span(), "here", error.error.message).help(error.error.help)
        })?;
    }
    Ok(guardrails)
}

type Values = BTreeMap<String, Vec<String>>;

/// The values of the parameters, and where they are written.
fn parameters(
    file: &File<'_>,
    pack: &Pack,
    table: &DeTable<'_>,
    entry: &Spanned<DeValue<'_>>,
    lists: &CertifiedLists,
) -> Result<(Values, std::ops::Range<usize>)> {
    let mut values = BTreeMap::new();
    let written = table.get("parameters");
    if let Some(value) = written {
        let known: Vec<&str> = pack.parameters.keys().map(String::as_str).collect();
        for (name, value) in as_table(file, value)? {
            if !known.contains(&name.get_ref().as_ref()) {
                return Err(unknown(file, name.span(), "parameter of the pack", name.get_ref(), &known));
            }
            let texts = as_patterns(file, value)?;
            if let Some(list) = lists.missing(name.get_ref(), &texts) {
                return Err(lists.is_missing(file, value.span(), list));
            }
            values.insert(name.get_ref().to_string(), texts);
        }
    }
    if let Some((name, parameter)) = pack.missing(&values).next() {
        let message = format!("pack `{}` needs `{name}`: {}", pack.name, parameter.description);
        let example: Vec<String> = parameter.example.iter().map(|value| format!("\"{value}\"")).collect();
        return Err(ConfigError::new(file, entry.span(), format!("does not set `{name}`"), message)
            .help(format!("for example, under `[pack.parameters]`: `{name} = [{}]`", example.join(", "))));
    }
    Ok((values, written.unwrap_or(entry).span()))
}

#[cfg(test)]
mod tests {
    use orgward_finding::Severity;

    use crate::Config;
    use crate::tests::refused;
    use orgward_org::Selector;
    use orgward_proof::Guardrail;

    fn guardrails(text: &str) -> Vec<Guardrail> {
        Config::parse("orgward.toml", text).unwrap().guardrails
    }

    fn ids(text: &str) -> Vec<String> {
        guardrails(text).into_iter().map(|guardrail| guardrail.id).collect()
    }

    #[test]
    fn a_name_is_enough() {
        let found = guardrails("[[pack]]\nname = 'production-data'\n");
        assert_eq!(found.len(), 8);
        assert_eq!(found[0].id, "production-data/keep-relational-databases");
        assert_eq!(found[0].targets, [Selector::Role("production".to_owned())]);
        assert_eq!(found[0].origin, "pack production-data, orgward.toml:1");
    }

    #[test]
    fn what_a_pack_says_can_be_changed() {
        let text = "[[pack]]\nname = 'production-data'\ntargets = ['Root/Shops/**']\nseverity = 'low'\n\
            exempt_principals = ['arn:aws:iam::*:role/platform']\ndisabled = ['keep-keys', 'production-data/keep-tables']\n\
            [pack.parameters]\nretirement_roles = ['arn:aws:iam::*:role/retirement']\n";
        let found = guardrails(text);
        assert_eq!(found.len(), 6);
        for guardrail in found {
            assert_eq!(guardrail.targets, [Selector::Path("Root/Shops/**".to_owned())]);
            assert_eq!(guardrail.severity, Severity::Low);
            assert_eq!(
                guardrail.claim.spec().exempt_principals,
                ["arn:aws:iam::*:role/retirement", "arn:aws:iam::*:role/platform"]
            );
        }
    }

    #[test]
    fn packs_come_after_guardrails_of_ones_own() {
        let own = "[[guardrail]]\nid = 'own'\nactions = 's3:*'\n";
        let pack = "[[pack]]\nname = 'approved-services'\nparameters = { services = ['s3'] }\n";
        let expected = ["own", "approved-services/approved-services-only"];
        assert_eq!(ids(&format!("{own}{pack}")), expected);
        assert_eq!(ids(&format!("{pack}{own}")), expected);
    }

    #[test]
    fn misspelled_pack() {
        insta::assert_snapshot!(refused("[[pack]]\nname = 'base-line'\n"), @"
         × unknown pack `base-line`
          ╭─[orgward.toml:2:8]
        1 │ [[pack]]
        2 │ name = 'base-line'
          ·        ─────┬─────
          ·             ╰── unknown pack
          ╰────
         help: did you mean `baseline`?
        ");
    }

    #[test]
    fn misspelled_parameter() {
        insta::assert_snapshot!(refused(
            "[[pack]]\nname = 'approved-services'\n[pack.parameters]\nservice = ['s3']\n"
        ), @"
         × unknown parameter of the pack `service`
          ╭─[orgward.toml:4:1]
        3 │ [pack.parameters]
        4 │ service = ['s3']
          · ───┬───
          ·    ╰── unknown parameter of the pack
          ╰────
         help: did you mean `services`?
        ");
    }

    #[test]
    fn parameter_that_has_to_be_set() {
        insta::assert_snapshot!(refused("[[pack]]\nname = 'boundary-required'\n"), @r#"
         × pack `boundary-required` needs `boundary`: the boundaries that count, by ARN with `*`
          ╭─[orgward.toml:1:1]
        1 │ [[pack]]
          · ────┬───
          ·     ╰── does not set `boundary`
        2 │ name = 'boundary-required'
          ╰────
         help: for example, under `[pack.parameters]`: `boundary = ["arn:aws:iam::*:policy/boundary/application"]`
        "#);
    }

    #[test]
    fn parameter_that_makes_no_guardrail() {
        insta::assert_snapshot!(refused(
            "[[pack]]\nname = 'boundary-required'\n[pack.parameters]\nboundary = ['arn:aws:iam::*:policy/b']\nplatform_roles = ['platform']\n"
        ), @"
         × pack `boundary-required` cannot take these parameters: `platform` is not the pattern of an ARN
          ╭─[orgward.toml:3:1]
        2 │ name = 'boundary-required'
        3 │ [pack.parameters]
          · ────────┬────────
          ·         ╰── here
        4 │ boundary = ['arn:aws:iam::*:policy/b']
          ╰────
         help: `orgward guardrail show boundary-required` tells what they are
        ");
    }

    #[test]
    fn misspelled_guardrail_of_a_pack() {
        insta::assert_snapshot!(refused("[[pack]]\nname = 'baseline'\ndisabled = ['keep-guardduti']\n"), @"
         × unknown guardrail of the pack `keep-guardduti`
          ╭─[orgward.toml:3:13]
        2 │ name = 'baseline'
        3 │ disabled = ['keep-guardduti']
          ·             ────────┬───────
          ·                     ╰── unknown guardrail of the pack
          ╰────
         help: did you mean `keep-guardduty`?
        ");
    }

    #[test]
    fn a_pack_twice() {
        insta::assert_snapshot!(refused("[[pack]]\nname = 'baseline'\n\n[[pack]]\nname = 'baseline'\n"), @"
         × pack `baseline` is turned on twice
          ╭─[orgward.toml:4:1]
        3 │ 
        4 │ [[pack]]
          · ────┬───
          ·     ╰── the second time
        5 │ name = 'baseline'
          ╰────
         help: name all targets in one place; guardrails of your own are written in `[[guardrail]]`
        ");
    }
}
