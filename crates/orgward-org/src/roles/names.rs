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
    let pair = |first: &str, second: &[&str]| {
        words.windows(2).any(|pair| matches!(pair, [a, b] if a == first && second.contains(&b.as_str())))
    };
    let is_staging = pair("policy", &["staging", "test", "testing"])
        || pair("staging", &["policy", "policies"])
        || has(&["policystaging", "policytest", "policytesting", "stagingpolicy"]);
    if has(SUSPENDED) {
        Some(UnitRole::Suspended)
    } else if is_staging {
        Some(UnitRole::PolicyStaging)
    } else if has(SANDBOX) {
        Some(UnitRole::Sandbox)
    } else if let Some(phase) = phase(&words) {
        Some(phase)
    } else if has(SECURITY) {
        Some(UnitRole::Security)
    } else if has(INFRASTRUCTURE) {
        Some(UnitRole::Infrastructure)
    } else {
        None
    }
}

/// The phase that the last word which is one names: `Integration-Prod` is the production of the integration team.
fn phase(words: &[String]) -> Option<UnitRole> {
    let is = |known: &[&str], word: &str| known.contains(&word);
    words.iter().enumerate().rev().find_map(|(at, word)| {
        let before = at.checked_sub(1).and_then(|at| words.get(at)).map_or("", String::as_str);
        let joined =
            NOT_YET.iter().any(|not| word.strip_prefix(not).is_some_and(|rest| is(PRODUCTION, rest)));
        if is(NON_PRODUCTION, word) || joined {
            Some(UnitRole::NonProduction)
        } else if is(PRODUCTION, word) {
            let role = if is(NOT_YET, before) { UnitRole::NonProduction } else { UnitRole::Production };
            Some(role)
        } else {
            None
        }
    })
}

const SUSPENDED: &[&str] = &[
    "suspended",
    "suspend",
    "quarantine",
    "quarantined",
    "decommissioned",
    "decommission",
    "graveyard",
    "closed",
];
const SANDBOX: &[&str] =
    &["sandbox", "sandboxes", "sandpit", "sbx", "playground", "playgrounds", "lab", "labs"];
const PRODUCTION: &[&str] = &["prod", "prd", "production", "live"];
/// What turns the word after it around: `non-prod`, `Pre Production`.
const NOT_YET: &[&str] = &["non", "not", "no", "pre"];
const NON_PRODUCTION: &[&str] = &[
    "dev",
    "develop",
    "development",
    "test",
    "tests",
    "testing",
    "tst",
    "stage",
    "stages",
    "staging",
    "stg",
    "qa",
    "uat",
    "sit",
    "sdlc",
    "integration",
    "acceptance",
    "preview",
    "prelive",
    "int",
    "perf",
    "performance",
    "demo",
];
const SECURITY: &[&str] = &["security", "sec", "secops", "infosec"];
const INFRASTRUCTURE: &[&str] =
    &["infrastructure", "infra", "network", "networks", "networking", "delivery", "deployments"];

pub(super) fn account(name: &str, role: AccountRole) -> bool {
    let words = words(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let logs = has(&["log", "logs", "logging", "logarchive"]);
    let security = has(SECURITY) || has(&["audit", "siem"]);
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

/// The words of a name in lower case, without the numbers at their ends: `PolicyStaging`, `policy-staging` and
/// `POLICY_STAGING 2` have the same two first ones.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = ' ';
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        if character.is_alphanumeric() {
            let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
            let starts = !previous.is_alphanumeric()
                || (character.is_uppercase() && (!previous.is_uppercase() || next_is_lower));
            if starts {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(character.to_lowercase());
            }
        }
        previous = character;
    }
    for word in &mut words {
        let letters = word.trim_matches(char::is_numeric);
        if !letters.is_empty() && letters.len() < word.len() {
            *word = letters.to_owned();
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
        assert_eq!(words("EUProd01"), ["eu", "prod"]);
        for (name, role) in [
            ("Prod", Some(UnitRole::Production)),
            ("workloads-prod", Some(UnitRole::Production)),
            ("NonProd", Some(UnitRole::NonProduction)),
            ("Pre-Production", Some(UnitRole::NonProduction)),
            ("staging", Some(UnitRole::NonProduction)),
            ("Policy Staging", Some(UnitRole::PolicyStaging)),
            ("Suspended", Some(UnitRole::Suspended)),
            ("Security", Some(UnitRole::Security)),
            // Numbers and capitals are no part of a word.
            ("prod1", Some(UnitRole::Production)),
            ("PROD01", Some(UnitRole::Production)),
            ("EUProd", Some(UnitRole::Production)),
            ("prd2-eu", Some(UnitRole::Production)),
            ("UAT3", Some(UnitRole::NonProduction)),
            ("NONPROD2", Some(UnitRole::NonProduction)),
            ("NonProductionEU", Some(UnitRole::NonProduction)),
            ("sbx7", Some(UnitRole::Sandbox)),
            ("Labs", Some(UnitRole::Sandbox)),
            ("int-eu", Some(UnitRole::NonProduction)),
            ("SecOps", Some(UnitRole::Security)),
            ("Collaboration", None),
            ("Printers", None),
            // The last word that names a phase counts, and letters of two words are none.
            ("Integration-Prod", Some(UnitRole::Production)),
            ("Canon Production", Some(UnitRole::Production)),
            ("Live", Some(UnitRole::Production)),
            ("Delivery", Some(UnitRole::Infrastructure)),
            // Words count and not letters: neither of these is what it begins with.
            ("Products", None),
            ("Devices", None),
            ("Attestation", None),
            ("Olive", None),
            // The units that AWS recommends.
            ("Infrastructure", Some(UnitRole::Infrastructure)),
            ("Sandbox", Some(UnitRole::Sandbox)),
            ("Workloads", None),
            ("Individual Business Users", None),
            ("Exceptions", None),
            ("Transitional", None),
            ("Business Continuity", None),
            // Phases beside regions, teams and numbers.
            ("prod-eu-west-1", Some(UnitRole::Production)),
            ("payments_prd", Some(UnitRole::Production)),
            ("Live2", Some(UnitRole::Production)),
            ("QA", Some(UnitRole::NonProduction)),
            ("perf-test", Some(UnitRole::NonProduction)),
            ("stg_eu", Some(UnitRole::NonProduction)),
            ("nonprod-us", Some(UnitRole::NonProduction)),
            ("pre_prod", Some(UnitRole::NonProduction)),
            ("NON-PROD", Some(UnitRole::NonProduction)),
            ("Quarantine", Some(UnitRole::Suspended)),
            ("playground", Some(UnitRole::Sandbox)),
            ("Reproduction", None),
            ("Developers Guild", None),
            ("Contest", None),
            ("Delivered", None),
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
            ("cicd2", &[AccountRole::Delivery]),
            ("sec-tools", &[AccountRole::SecurityTooling]),
            ("dialog-archive", &[]),
            ("citizens", &[]),
            ("shop-prod", &[]),
            ("logarchive", &[AccountRole::LogArchive]),
            ("LogArchive01", &[AccountRole::LogArchive]),
            ("central-logging", &[AccountRole::LogArchive]),
            ("Security Tooling", &[AccountRole::SecurityTooling]),
            ("SharedServices", &[AccountRole::SharedServices]),
            ("shared_svcs", &[AccountRole::SharedServices]),
            ("deployment", &[AccountRole::Delivery]),
            ("pipelines-eu", &[AccountRole::Delivery]),
            ("catalog", &[]),
            ("blog-prod", &[]),
            ("auditorium", &[]),
        ] {
            let found: Vec<_> = AccountRole::ALL.into_iter().filter(|role| account(name, *role)).collect();
            assert_eq!(found, roles, "{name}");
        }
    }
}
