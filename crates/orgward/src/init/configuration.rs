//! The first `orgward.toml`: what is known stands there, what is not is shown as a comment.

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
    out.push_str("profile = \"aws-sample\" # or \"strict\", \"control-tower\"\n\n[boundaries]\n");
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
    out
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

    use super::*;

    fn survey() -> InferredConfig {
        InferredConfig {
            organization: Some("o-acmeexample".to_owned()),
            management_account: Some("111111111111".to_owned()),
            regions: ["eu-west-1".to_owned(), "eu-central-1".to_owned()].into(),
            locks: vec!["region-lock".to_owned()],
            boundaries: ["arn:aws:iam::*:policy/boundary/app".to_owned()].into(),
            bounded_roles: ["arn:aws:iam::*:role/app/*".to_owned()].into(),
        }
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
        assert_eq!(
            Config::parse("orgward.toml", &write(&InferredConfig::default())).unwrap(),
            Config::default()
        );
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
            bounded_roles: [hostile].into(),
        };
        assert_eq!(Config::parse("orgward.toml", &write(&survey)).unwrap(), Config::default());
    }
}
