//! `orgward.toml`: what people say about their organization, and how strict they are.

mod beside;
mod entries;
mod error;
mod forbids;
mod guardrails;
mod inferred;
mod operators;
mod options;
mod packs;
mod quotas;
mod read;
mod rule_ids;
mod shipped;
mod stacks;
mod structure;
pub mod waivers;
mod weakened;

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{ConfigurationFile, Severity};
use orgward_org::{Declared, ListedControl};
use orgward_plan::Declaration;

pub use beside::ReadFile;
pub use error::ConfigError;
pub use guardrails::read_guardrails;
pub use inferred::InferredConfig;
pub use options::{OPTIONS, Options, Threshold, schema};
pub use rule_ids::RULE_IDS;
pub use shipped::{CertifiedList, CertifiedLists, Pack, Parameter};
pub use weakened::{lenient, weakened};

use orgward_org::{QuotaName, Selector, Structure};
use orgward_proof::{Operator, Regions};

use crate::waivers::Waiver;
use orgward_proof::Guardrail;
use orgward_proof::access::Forbid;

/// The configuration. Every setting has a default, so that the program runs without a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Config {
    /// `[organization]`: facts that plans do not show.
    pub organization: OrganizationFacts,
    /// `[regions]`: which regions the organization uses.
    pub regions: Regions,
    /// `[apply]`: who applies the plans.
    pub apply: Apply,
    /// `[boundaries]`: which principals must carry which boundary.
    pub boundaries: Boundaries,
    /// `[management]`: what may land in the management account.
    pub management: Management,
    /// `[structure]`: what units and accounts are for.
    pub structure: Structure,
    /// `[quotas]`: how many AWS has granted, or how many people want to have at most.
    pub quotas: BTreeMap<QuotaName, usize>,
    /// `[unverifiable] severity`: how bad it is when a rule cannot tell; `None`: as each rule says.
    pub unverifiable: Option<Severity>,
    /// `[[guardrail]]`: what must never be possible, in the order of the file, and then what `[[pack]]` adds.
    pub guardrails: Vec<Guardrail>,
    /// The lists of certified services: those that are shipped, and those of the file that `[files]` names.
    pub certified_lists: CertifiedLists,
    /// The lists of certified services that packs use.
    pub certified: Vec<CertifiedList>,
    /// Controls of Control Tower by their opaque id, from the file that `[files]` names.
    pub controls: BTreeMap<String, ListedControl>,
    /// `[[forbid]]`: what only some may be able to do, in the order of the file.
    pub forbids: Vec<Forbid>,
    /// `[[severity_for]]`: how bad findings are by what they touch, in the order of the file.
    pub severity_for: Vec<SeverityFor>,
    /// `[[operator]]`: who must be able to do what, in the order of the file.
    pub operators: Vec<Operator>,
    /// `[[waiver]]`: what somebody has accepted, in the order of the files.
    pub waivers: Vec<Waiver>,
    /// `[stacks]`: accounts of inputs by the pattern of their path, where nothing else tells.
    pub stacks: BTreeMap<String, Declaration>,
    /// `[rego]`: rules of one's own.
    pub rego: RegoSettings,
    /// The files that it was read from, in the order in which they were read.
    pub files: Vec<ConfigurationFile>,
    /// The configuration of the base revision, where a pull request is judged.
    pub base: Option<Box<Config>>,
    /// What a run does, unless a flag says otherwise.
    pub options: Options,
    disabled: BTreeSet<String>,
    severities: BTreeMap<String, Severity>,
}

/// `[rego]`: rules of one's own.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RegoSettings {
    /// The folders with the files, from the folder of the configuration; `policies` where none is named.
    pub folders: Option<Vec<String>>,
    /// The packages whose rules are asked; all where none is named.
    pub packages: BTreeSet<String>,
    /// The files that were found there.
    pub files: Vec<RegoFile>,
}

/// A file with rules of one's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegoFile {
    /// The path from the folder of the configuration, which is the same in the base revision.
    pub path: String,
    /// What to call it.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl RegoSettings {
    /// The folders with the files.
    pub fn folders(&self) -> Vec<&str> {
        self.folders
            .as_ref()
            .map_or_else(|| vec!["policies"], |folders| folders.iter().map(String::as_str).collect())
    }
}

/// `[organization]`: facts that plans do not show.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OrganizationFacts {
    /// The id of the organization, `o-…`.
    pub id: Option<String>,
    /// The id of the management account.
    pub management_account: Option<String>,
    /// The ids of all accounts of the organization. Empty: not declared.
    pub accounts: BTreeSet<String>,
    /// Ids of accounts outside the organization that roles may trust, as long as they ask for an external id.
    pub trusted_accounts: BTreeSet<String>,
    /// Ids of roots, organizational units and accounts from which `FullAWSAccess` has been detached.
    pub full_access_detached: BTreeSet<String>,
}

/// `[apply]`: who applies the plans.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Apply {
    /// The role, by its ARN, where neither the provider nor `[stacks]` names one; `*` stands for the account.
    pub principal: Option<String>,
}

/// `[boundaries]`: which principals must carry which boundary.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Boundaries {
    /// ARN patterns of roles that must carry a boundary.
    pub roles: Vec<String>,
    /// ARN patterns of users that must carry a boundary.
    pub users: Vec<String>,
    /// ARN patterns of the boundaries that count. Empty: any boundary.
    pub required: Vec<String>,
}

/// `[management]`: what may land in the management account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Management {
    /// Resource types, with `*`.
    pub allowed_types: Vec<String>,
    /// Resource addresses, with `*`.
    pub allowed_addresses: Vec<String>,
    /// Names of break-glass users that may exist there.
    pub allowed_users: BTreeSet<String>,
}

/// `[[severity_for]]`: how bad findings are by what they touch.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SeverityFor {
    /// What findings have to touch.
    pub targets: Vec<Selector>,
    /// The rules it is for. Empty: all.
    pub rules: BTreeSet<String>,
    /// How bad their findings are.
    pub severity: Option<Severity>,
    /// How bad they are at least.
    pub at_least: Option<Severity>,
    /// How bad they are at most.
    pub at_most: Option<Severity>,
}

impl SeverityFor {
    /// The severity that this entry makes of another one.
    pub fn wanted(&self, now: Severity) -> Severity {
        let mut wanted = self.severity.unwrap_or(now);
        if let Some(least) = self.at_least {
            wanted = wanted.max(least);
        }
        if let Some(most) = self.at_most {
            wanted = wanted.min(most);
        }
        wanted
    }
}

impl Config {
    /// Adds the waivers of a file that has nothing else in it. `name` is what to call the file in messages.
    pub fn add_waivers(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        self.waivers.extend(read::read_waivers(name, text)?);
        self.files.push(ConfigurationFile::of(name, text));
        Ok(())
    }

    /// Reads `orgward.toml`. `name` is what to call the file in messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        Self::parse_beside(
            name,
            text,
            &|_| Err("files beside the configuration are not read here".to_owned()),
        )
    }

    /// Reads `orgward.toml`, and with `beside` the files that it names.
    pub fn parse_beside(name: &str, text: &str, beside: ReadFile<'_>) -> Result<Self, ConfigError> {
        let mut config = read::read(name, text, beside)?;
        config.files.push(ConfigurationFile::of(name, text));
        Ok(config)
    }

    /// Adds a file with rules of one's own.
    pub fn add_rego(&mut self, file: RegoFile) {
        self.files.push(ConfigurationFile::of(&file.name, &file.text));
        self.rego.files.push(file);
    }

    /// The rules of one's own that the configuration names, and where none is called so nothing would happen.
    pub fn named_rules(&self) -> impl Iterator<Item = &str> {
        let options = self.options.ignore.iter().chain(self.options.select.iter().flatten());
        self.disabled
            .iter()
            .chain(self.severities.keys())
            .chain(options)
            .map(String::as_str)
            .filter(|id| read::is_own_rule(id))
    }

    /// Whether a rule is turned off.
    pub fn is_disabled(&self, rule: &str) -> bool {
        self.disabled.contains(rule) || self.options.leaves_out(rule)
    }

    /// How bad a rule's findings are, if the file says so.
    pub fn severity(&self, rule: &str) -> Option<Severity> {
        self.severities.get(rule).copied()
    }

    /// What the file says about the accounts of an input, by its path from the folder of the file: what the longest
    /// pattern says that matches.
    pub fn declaration(&self, path: &str) -> Declaration {
        let matching = self.stacks.iter().filter(|(pattern, _)| orgward_iam::glob(pattern, path));
        let longest = matching.max_by_key(|(pattern, _)| pattern.len());
        longest.map(|(_, declaration)| declaration.clone()).unwrap_or_default()
    }

    /// What the file says about the organization.
    pub fn declared(&self) -> Declared {
        Declared {
            organization: self.organization.id.clone(),
            management_account: self.organization.management_account.clone(),
            accounts: self.organization.accounts.clone(),
            accounts_complete: !self.organization.accounts.is_empty(),
            full_access_detached: self.organization.full_access_detached.clone(),
            controls: self.controls.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
