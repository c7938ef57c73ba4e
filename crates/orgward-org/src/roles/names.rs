//! Roles by names: those that AWS recommends, and their usual abbreviations.

use crate::NodeId;

use super::{AccountRole, UnitRole};

/// The unit whose name gives a role to the first of some units, of which each lies in the next.
///
/// Suspended, policy staging and sandbox units are nothing else, whatever units below them are called: a copy of
/// the tree below `PolicyStaging` is no production. Of production and non-production the closest one counts.
pub(super) fn unit(line: impl Iterator<Item = (NodeId, String)>, role: UnitRole) -> Option<NodeId> {
    let line: Vec<(NodeId, Option<UnitRole>)> = line.map(|(at, name)| (at, of_unit(&name))).collect();
    let first = |wanted: &[UnitRole]| {
        line.iter().find_map(|(at, role)| Some((*at, role.filter(|role| wanted.contains(role))?)))
    };
    let alone = [UnitRole::Suspended, UnitRole::PolicyStaging, UnitRole::Sandbox];
    let phases = [UnitRole::Production, UnitRole::NonProduction];
    let found =
        first(&alone).or_else(|| if phases.contains(&role) { first(&phases) } else { first(&[role]) });
    found.filter(|(_, found)| *found == role).map(|(at, _)| at)
}

fn of_unit(name: &str) -> Option<UnitRole> {
    let words = words(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let joined = words.concat();
    let starts = |start: &str| joined.contains(&format!("{start}prod"));
    if has(&["suspended", "suspend", "quarantine", "quarantined", "decommissioned", "graveyard"]) {
        Some(UnitRole::Suspended)
    } else if joined.contains("policystaging")
        || joined.contains("stagingpolicy")
        || joined.contains("policytest")
    {
        Some(UnitRole::PolicyStaging)
    } else if has(&["sandbox", "sandboxes", "playground", "sandpit"]) {
        Some(UnitRole::Sandbox)
    } else if starts("non")
        || starts("pre")
        || has(&[
            "dev",
            "development",
            "test",
            "testing",
            "stage",
            "staging",
            "qa",
            "uat",
            "sdlc",
            "integration",
        ])
    {
        Some(UnitRole::NonProduction)
    } else if has(&["prod", "prd", "production"]) {
        Some(UnitRole::Production)
    } else if has(&["security"]) {
        Some(UnitRole::Security)
    } else if has(&["infrastructure", "infra"]) {
        Some(UnitRole::Infrastructure)
    } else {
        None
    }
}

pub(super) fn account(name: &str, role: AccountRole) -> bool {
    let words = words(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let logs = has(&["log", "logs", "logging", "logarchive"]);
    let security = has(&["security", "audit"]);
    match role {
        AccountRole::LogArchive => logs,
        AccountRole::SecurityTooling => security && !logs,
        AccountRole::SharedServices => has(&["shared", "sharedservices"]),
        AccountRole::Delivery => {
            !security
                && has(&[
                    "delivery",
                    "deployment",
                    "deployments",
                    "deploy",
                    "cicd",
                    "ci",
                    "pipeline",
                    "pipelines",
                    "devops",
                    "tooling",
                    "tools",
                    "automation",
                    "build",
                ])
        }
    }
}

/// The words of a name in lower case: `PolicyStaging`, `policy-staging` and `Policy Staging` have two.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut inside = false;
    let mut lower = false;
    for character in name.chars() {
        if !character.is_alphanumeric() {
            inside = false;
            continue;
        }
        if !inside || (character.is_uppercase() && lower) {
            words.push(String::new());
        }
        inside = true;
        lower = character.is_lowercase();
        if let Some(word) = words.last_mut() {
            word.extend(character.to_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{AccountRole, UnitRole, account, of_unit, words};

    #[test]
    fn names_in_every_spelling() {
        assert_eq!(words("PolicyStaging"), ["policy", "staging"]);
        assert_eq!(words("acme_prod-EU 1"), ["acme", "prod", "eu", "1"]);
        for (name, role) in [
            ("Prod", Some(UnitRole::Production)),
            ("workloads-prod", Some(UnitRole::Production)),
            ("NonProd", Some(UnitRole::NonProduction)),
            ("Pre-Production", Some(UnitRole::NonProduction)),
            ("staging", Some(UnitRole::NonProduction)),
            ("Policy Staging", Some(UnitRole::PolicyStaging)),
            ("Suspended", Some(UnitRole::Suspended)),
            ("Security", Some(UnitRole::Security)),
            // Words count and not letters: neither of these is what it begins with.
            ("Products", None),
            ("Devices", None),
        ] {
            assert_eq!(of_unit(name), role, "{name}");
        }
    }

    #[test]
    fn accounts_by_their_usual_names() {
        for (name, roles) in [
            ("Log Archive", &[AccountRole::LogArchive][..]),
            ("Audit", &[AccountRole::SecurityTooling]),
            ("security-tooling-prod", &[AccountRole::SecurityTooling]),
            ("shared-services", &[AccountRole::SharedServices]),
            ("delivery", &[AccountRole::Delivery]),
            ("shop-prod", &[]),
        ] {
            let found: Vec<_> = AccountRole::ALL.into_iter().filter(|role| account(name, *role)).collect();
            assert_eq!(found, roles, "{name}");
        }
    }
}
