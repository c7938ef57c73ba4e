//! `[[forbid]]`: what only some may be able to do.

use orgward_finding::Severity;
use orgward_proof::access::{Forbid, Forbidden, Place};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::entries::{as_filled, line, named};
use super::error::File;
use super::guardrails::{as_id, claim_of, targets};
use super::read::{Result, as_arns, as_severity, as_table, as_text, unknown};

const KEYS: [&str; 11] = [
    "actions",
    "conditions",
    "description",
    "exempt_principals",
    "id",
    "not_actions",
    "not_resources",
    "path",
    "resources",
    "severity",
    "targets",
];
/// What says which requests are meant.
const REQUESTS: [&str; 6] = ["actions", "conditions", "not_actions", "not_resources", "resources", "targets"];

/// Reads the tables. `taken` are ids that guardrails have.
pub(super) fn forbids(
    file: &File<'_>,
    value: &Spanned<DeValue<'_>>,
) -> Result<Vec<(Forbid, std::ops::Range<usize>)>> {
    named(file, value, ("claim", &KEYS), forbid, |forbid| &forbid.id)
}

fn forbid(file: &File<'_>, table: &DeTable<'_>, entry: &Spanned<DeValue<'_>>) -> Result<Forbid> {
    let Some(id) = table.get("id") else {
        let message = "claim of `[[forbid]]` without `id`".to_owned();
        return Err(ConfigError::new(file, entry.span(), "has no `id`", message)
            .help("for example `id = \"customer-data\"`"));
    };
    let exempt = match table.get("exempt_principals") {
        Some(value) => as_arns(file, value)?,
        None => Vec::new(),
    };
    let name = as_id(file, id)?;
    let what = if let Some(path) = table.get("path") {
        if let Some((key, value)) = REQUESTS.iter().find_map(|key| Some((key, table.get(*key)?))) {
            let message = format!("`{name}` of `[[forbid]]` has both `path` and `{key}`");
            return Err(ConfigError::new(file, value.span(), "cannot stand beside `path`", message)
                .help("write two claims"));
        }
        path_of(file, path)?
    } else {
        if !table.contains_key("actions") && !table.contains_key("not_actions") {
            let message = format!("`{name}` of `[[forbid]]` has neither `actions` nor `path`");
            return Err(ConfigError::new(file, entry.span(), "forbids nothing", message)
                .help("for example `actions = [\"s3:GetObject\"]`"));
        }
        Forbidden::Requests {
            claim: claim_of(file, table, entry, &exempt)?,
            targets: table.get("targets").map(|value| targets(file, value)).transpose()?.unwrap_or_default(),
        }
    };
    Ok(Forbid {
        id: name,
        description: table.get("description").map(|value| as_filled(file, value)).transpose()?,
        severity: table.get("severity").map_or(Ok(Severity::High), |value| as_severity(file, value))?,
        what,
        exempt,
        origin: format!("{}:{}", file.name, line(file, entry.span().start)),
    })
}

fn path_of(file: &File<'_>, value: &Spanned<DeValue<'_>>) -> Result<Forbidden> {
    let table = as_table(file, value)?;
    if let Some((key, _)) = table.iter().find(|(key, _)| !matches!(key.get_ref().as_ref(), "from" | "to")) {
        return Err(unknown(file, key.span(), "setting", key.get_ref(), &["from", "to"]));
    }
    let place = |key: &str| {
        let Some(value) = table.get(key) else {
            let message = format!("`path` without `{key}`");
            return Err(ConfigError::new(file, value.span(), format!("has no `{key}`"), message)
                .help("for example `path = { from = \"role:non-production\", to = \"role:production\" }`"));
        };
        let text = as_text(file, value)?;
        let place = Place::parse(&text).map_err(|(wrong, example)| {
            ConfigError::new(file, value.span(), wrong, format!("`{text}` is not a place of principals"))
                .help(format!("for example `{example}`"))
        })?;
        if key == "to" && place == Place::Outside {
            let message = "nothing outside of the organization is asked about".to_owned();
            return Err(ConfigError::new(file, value.span(), "a path may start outside only", message));
        }
        Ok(place)
    };
    Ok(Forbidden::Path { from: place("from")?, to: place("to")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::tests::refused;

    #[test]
    fn every_key_is_read() {
        let text = r#"
[[forbid]]
id = "customer-data"
description = "only the shop application reads customer data"
targets = ["role:production"]
actions = ["s3:GetObject"]
resources = ["arn:aws:s3:::prod-data/*"]
exempt_principals = ["arn:aws:iam::*:role/shop"]
severity = "critical"

[[forbid]]
id = "dev-stays-out"
path = { from = "role:non-production", to = "arn:aws:iam::222222222222:role/*" }
"#;
        let config = Config::parse("orgward.toml", text).unwrap();
        let [data, path] = config.forbids.as_slice() else { panic!("two") };
        assert_eq!(
            (data.id.as_str(), data.severity, data.exempt.len()),
            ("customer-data", Severity::Critical, 1)
        );
        assert!(matches!(&data.what, Forbidden::Requests { targets, .. } if targets.len() == 1));
        assert_eq!(path.severity, Severity::High);
        let Forbidden::Path { from, to } = &path.what else { panic!("a path") };
        assert_eq!(
            (from.to_string().as_str(), to.to_string().as_str()),
            ("role:non-production", "arn:aws:iam::222222222222:role/*")
        );
    }

    #[test]
    fn what_says_nothing_or_too_much_is_refused() {
        for text in [
            "[[forbid]]\nid = 'x'\n",
            "[[forbid]]\nid = 'x'\nactions = ['s3:*']\npath = { from = 'outside', to = 'Root' }\n",
            "[[forbid]]\nid = 'x'\npath = { from = 'Root', to = 'outside' }\n",
            "[[forbid]]\nid = 'x'\npath = { from = 'Root' }\n",
            "[[forbid]]\nid = 'x'\nactions = ['s3:*']\nupheld_by = 'scp'\n",
            "[[forbid]]\nid = 'x'\nactions = ['s3:*']\n[[forbid]]\nid = 'x'\nactions = ['sqs:*']\n",
            "[[guardrail]]\nid = 'x'\nactions = ['s3:*']\n[[forbid]]\nid = 'x'\nactions = ['sqs:*']\n",
        ] {
            let message = refused(text);
            assert!(message.contains("orgward.toml"), "{text}: {message}");
        }
    }
}
