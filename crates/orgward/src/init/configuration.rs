//! The first `orgward.toml`: what is known stands there, what is not is shown as a comment.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use orgward_config::InferredConfig;

/// Writes the configuration.
pub(crate) fn write(survey: &InferredConfig) -> String {
    let mut out = String::from(
        "#:schema https://raw.githubusercontent.com/orgward/orgward/main/crates/orgward-config/data/schema.json\n\n\
         # What orgward cannot read off a plan. Every setting has a default; docs/configuration.md lists them all.\n\n\
         [organization]\n",
    );
    match survey.organization.as_deref().filter(|id| is_plain(id)) {
        Some(id) => line(&mut out, "id", id),
        None => out.push_str("# id = \"o-…\"\n"),
    }
    match survey.management_account.as_deref().filter(|id| is_plain(id)) {
        Some(id) => line(&mut out, "management_account", id),
        None => out.push_str("# management_account = \"111111111111\"\n"),
    }
    out.push_str("\n[regions]\n");
    let regions: Vec<_> =
        survey.regions.iter().map(String::as_str).filter(|region| is_region(region)).collect();
    if regions.is_empty() {
        out.push_str(
            "# Without them, regions are not checked, unless a region lock says which ones are allowed.\n",
        );
        out.push_str("# allowed = [\"eu-central-1\"]\n");
    } else {
        let locks: Vec<_> = survey.locks.iter().map(String::as_str).filter(|lock| is_plain(lock)).collect();
        if !locks.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "# As the region lock says: {}.", locks.join(", "));
        }
        list(&mut out, "allowed", &regions);
    }
    out.push_str(
        "# Without it: the exemptions of Control Tower's region control where that is enabled, else of the AWS sample.\n\
         # profile = \"aws-sample\" # or \"strict\", \"control-tower\"\n\n[boundaries]\n",
    );
    let roles: Vec<_> =
        survey.bounded_roles.iter().map(String::as_str).filter(|role| is_plain(role)).collect();
    let boundaries: Vec<_> =
        survey.boundaries.iter().map(String::as_str).filter(|boundary| is_plain(boundary)).collect();
    out.push_str("# Roles that must carry a boundary, and the boundaries that count.\n");
    if !roles.is_empty() || !boundaries.is_empty() {
        out.push_str("# These carry one today; remove the `#` where it is a rule and no coincidence.\n");
    }
    suggestion(&mut out, "roles", &roles, "arn:aws:iam::*:role/app/*");
    suggestion(&mut out, "required", &boundaries, "arn:aws:iam::*:policy/boundary/application");
    structure(&mut out, survey);
    out
}

/// What units and accounts are for, as their names suggest.
fn structure(out: &mut String, survey: &InferredConfig) {
    out.push_str(
        "\n# What units and accounts are for. Without these lines it is guessed from names, whenever there are new ones;\n\
         # with a line, exactly what it lists has the role, and what is below it.\n",
    );
    let guessed = !survey.units.is_empty() || !survey.accounts.is_empty();
    if guessed {
        out.push_str("# These are the guesses of today: correct them, and remove the `#`.\n");
    }
    let units = survey.units.iter().map(|(role, paths)| (role.as_str(), paths));
    guesses(out, "units", units, ("production", "Root/Workloads/Prod"));
    let accounts = survey.accounts.iter().map(|(role, names)| (role.as_str(), names));
    guesses(out, "accounts", accounts, ("log-archive", "log-archive"));
}

fn guesses<'g>(
    out: &mut String,
    table: &str,
    guesses: impl Iterator<Item = (&'g str, &'g BTreeSet<String>)>,
    (role, example): (&str, &str),
) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "[structure.{table}]");
    let mut none = true;
    for (role, names) in guesses {
        let plain: Vec<&str> = names.iter().map(String::as_str).filter(|name| is_plain(name)).collect();
        // `*` in a name would be a pattern.
        let plain: Vec<&str> = plain.into_iter().filter(|name| !name.contains('*')).collect();
        if let [first, ..] = plain.as_slice() {
            let last = if table == "units" { first.rsplit('/').next().unwrap_or(first) } else { first };
            let _ = writeln!(out, "# by name, such as `{last}`:");
            suggestion(out, role, &plain, "");
            none = false;
        }
    }
    if none {
        suggestion(out, role, &[], example);
    }
}

/// Whether a text can be a region.
pub(crate) fn is_region(name: &str) -> bool {
    name.len() < 40
        && name.contains('-')
        && name
            .chars()
            .all(|character| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-')
}

/// Whether a text can stand between quotes and in a comment as it is. What a plan calls things is not trusted.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 300
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "-_.:/*+=,@ ".contains(character))
}

fn line(out: &mut String, key: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{key} = \"{value}\"");
}

fn list(out: &mut String, key: &str, values: &[&str]) {
    let values: Vec<_> = values.iter().map(|value| format!("\"{value}\"")).collect();
    let _ = writeln!(out, "{key} = [{}]", values.join(", "));
}

fn suggestion(out: &mut String, key: &str, values: &[&str], example: &str) {
    out.push_str("# ");
    let example = [example];
    list(out, key, if values.is_empty() { &example } else { values });
}

#[cfg(test)]
mod tests {
    use orgward_config::Config;
    use orgward_org::{AccountRole, UnitRole};

    use super::*;

    fn survey() -> InferredConfig {
        InferredConfig {
            organization: Some("o-acmeexample".to_owned()),
            management_account: Some("111111111111".to_owned()),
            regions: ["eu-west-1".to_owned(), "eu-central-1".to_owned()].into(),
            locks: vec!["region-lock".to_owned()],
            boundaries: ["arn:aws:iam::*:policy/boundary/app".to_owned()].into(),
            bounded_roles: ["arn:aws:iam::*:role/app/*".to_owned()].into(),
            units: [(UnitRole::Production, ["Root/Shops/Prod".to_owned()].into())].into(),
            accounts: [(AccountRole::LogArchive, ["Log Archive".to_owned()].into())].into(),
        }
    }

    /// A line that is not needed any more would turn guessing off for what comes later.
    #[test]
    fn guesses_are_written_down_and_do_not_count() {
        let text = write(&survey());
        assert!(
            text.contains("# by name, such as `Prod`:\n# production = [\"Root/Shops/Prod\"]\n"),
            "{text}"
        );
        assert_eq!(
            Config::parse("orgward.toml", &text).unwrap().structure,
            orgward_org::Structure::default()
        );
        let text = text.replace("# production", "production").replace("# log-archive", "log-archive");
        let structure = Config::parse("orgward.toml", &text).unwrap().structure;
        assert_eq!(structure.units[&UnitRole::Production], ["Root/Shops/Prod"]);
        assert_eq!(structure.accounts[&AccountRole::LogArchive], ["Log Archive"]);
    }

    #[test]
    fn what_is_known_is_configured() {
        let config = Config::parse("orgward.toml", &write(&survey())).unwrap();
        assert_eq!(config.organization.id.as_deref(), Some("o-acmeexample"));
        assert_eq!(config.organization.management_account.as_deref(), Some("111111111111"));
        assert_eq!(config.regions.allowed.iter().collect::<Vec<_>>(), ["eu-central-1", "eu-west-1"]);
        assert!(config.boundaries.roles.is_empty(), "a coincidence is no rule");
    }

    #[test]
    fn what_is_not_known_is_left_open() {
        let mut config = Config::parse("orgward.toml", &write(&InferredConfig::default())).unwrap();
        config.files.clear();
        assert_eq!(config, Config::default());
    }

    #[test]
    fn suggestions_are_valid_as_they_stand() {
        let text = write(&survey()).replace("# roles", "roles").replace("# required", "required");
        let config = Config::parse("orgward.toml", &text).unwrap();
        assert_eq!(config.boundaries.roles, ["arn:aws:iam::*:role/app/*"]);
        assert_eq!(config.boundaries.required, ["arn:aws:iam::*:policy/boundary/app"]);
    }

    #[test]
    fn a_plan_cannot_write_the_configuration() {
        let hostile = "x\"\n[rules]\ndisabled = [\"public-trust\"]\n".to_owned();
        let survey = InferredConfig {
            organization: Some(hostile.clone()),
            management_account: Some(hostile.clone()),
            regions: [hostile.clone()].into(),
            locks: vec![hostile.clone()],
            boundaries: [hostile.clone()].into(),
            bounded_roles: [hostile.clone()].into(),
            units: [(UnitRole::Production, [hostile.clone()].into())].into(),
            accounts: [(AccountRole::LogArchive, [hostile].into())].into(),
        };
        let mut config = Config::parse("orgward.toml", &write(&survey)).unwrap();
        config.files.clear();
        assert_eq!(config, Config::default());
    }
}
