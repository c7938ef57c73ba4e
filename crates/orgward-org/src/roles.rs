//! Which role units and accounts play in the organization: declared in `[structure]` of `orgward.toml`, or guessed
//! from names where it says nothing.
//!
//! A role is declared or it is guessed, and never both: what is below a unit with a declared role is not guessed at,
//! and a role that the configuration gives to anything is given to nothing else by its name.

mod names;

use std::collections::BTreeMap;

use orgward_iam::glob;

use crate::{Modality, NodeId, NodeKind, Organization};

/// What an organizational unit is for. Units below it, and accounts in it, are for the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum UnitRole {
    /// Log archive, audit, security tooling.
    Security,
    /// Networks, shared services, delivery.
    Infrastructure,
    /// What customers use.
    Production,
    /// Development, test, staging.
    NonProduction,
    /// Experiments of individuals.
    Sandbox,
    /// Accounts that are closed or under quarantine.
    Suspended,
    /// Where guardrails are tried before they bind anybody who works.
    PolicyStaging,
}

impl UnitRole {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Security,
        Self::Infrastructure,
        Self::Production,
        Self::NonProduction,
        Self::Sandbox,
        Self::Suspended,
        Self::PolicyStaging,
    ];

    /// How `orgward.toml` calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Infrastructure => "infrastructure",
            Self::Production => "production",
            Self::NonProduction => "non-production",
            Self::Sandbox => "sandbox",
            Self::Suspended => "suspended",
            Self::PolicyStaging => "policy-staging",
        }
    }
}

/// What an account is for, of those that every organization needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum AccountRole {
    /// Where the logs of all accounts go.
    LogArchive,
    /// From where all accounts are watched; Control Tower calls it audit.
    SecurityTooling,
    /// What all accounts use: networks, images, directories.
    SharedServices,
    /// From where all accounts are deployed to.
    Delivery,
}

impl AccountRole {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::LogArchive, Self::SecurityTooling, Self::SharedServices, Self::Delivery];

    /// How `orgward.toml` calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LogArchive => "log-archive",
            Self::SecurityTooling => "security-tooling",
            Self::SharedServices => "shared-services",
            Self::Delivery => "delivery",
        }
    }
}

/// `[structure]`: what units and accounts are for. A role that is not a key is guessed from names; one with an empty
/// list is played by nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Structure {
    /// Units by role: paths with `*`, or ids.
    pub units: BTreeMap<UnitRole, Vec<String>>,
    /// Accounts by role: ids, names or paths, with `*`.
    pub accounts: BTreeMap<AccountRole, Vec<String>>,
    /// The phases that software goes through, each with patterns of what belongs to it.
    pub phases: BTreeMap<String, Vec<String>>,
    /// The parts of the business, each with patterns of what belongs to it.
    pub business_units: BTreeMap<String, Vec<String>>,
}

/// Whether something plays a role, and how that is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RoleMatch {
    /// `orgward.toml` says so, or the manifest of a landing zone.
    Declared,
    /// Its name suggests it. The sentence says which name, as an assumption of findings.
    Guessed(String),
    /// It does not.
    No,
    /// Where it lies is not known well enough. The sentence says why.
    Unknown(String),
}

impl RoleMatch {
    /// Whether it plays the role, declared or guessed.
    pub fn is_yes(&self) -> bool {
        matches!(self, Self::Declared | Self::Guessed(_))
    }

    /// What a finding has to say that rests on a guess.
    pub fn guess(&self) -> Option<&str> {
        match self {
            Self::Guessed(why) => Some(why),
            Self::Declared | Self::No | Self::Unknown(_) => None,
        }
    }
}

/// Whether a root, unit or account plays a role of a unit: because of itself, or because of what it lies in.
pub fn unit_plays(
    structure: &Structure,
    organization: &Organization,
    id: NodeId,
    role: UnitRole,
) -> RoleMatch {
    let (line, doubt) = line(organization, id);
    let units = &structure.units;
    let declared = |role: UnitRole| {
        let patterns = units.get(&role).map_or(&[][..], Vec::as_slice);
        line.iter().any(|&at| patterns.iter().any(|pattern| names_node(organization, at, pattern)))
    };
    if declared(role) {
        return RoleMatch::Declared;
    }
    let known = units.contains_key(&role) || UnitRole::ALL.into_iter().any(declared);
    if known {
        return if units.contains_key(&role) {
            doubt.map_or(RoleMatch::No, RoleMatch::Unknown)
        } else {
            RoleMatch::No
        };
    }
    // Accounts are no units: only what they lie in is guessed at.
    let names = line.iter().filter_map(|&at| {
        let node = organization.node(at)?;
        matches!(node.kind, NodeKind::Unit).then(|| (at, node.exposed_title()))
    });
    match names::unit(names, role) {
        Some(at) => RoleMatch::Guessed(format!(
            "`{}` is taken for a {} unit by its name; `[structure.units]` in `orgward.toml` tells for certain",
            organization.path(at),
            role.as_str()
        )),
        None => doubt.map_or(RoleMatch::No, RoleMatch::Unknown),
    }
}

/// Whether an account plays a role of an account.
pub fn account_plays(
    structure: &Structure,
    organization: &Organization,
    id: NodeId,
    role: AccountRole,
) -> RoleMatch {
    let accounts = &structure.accounts;
    let declared = |role: AccountRole| {
        let patterns = accounts.get(&role).map_or(&[][..], Vec::as_slice);
        patterns.iter().any(|pattern| names_node(organization, id, pattern))
    };
    if declared(role) {
        return RoleMatch::Declared;
    }
    // The manifest of the landing zone says so.
    if !accounts.contains_key(&role) && organization.account_roles.get(&id) == Some(&role) {
        return RoleMatch::Declared;
    }
    let Some(node) = organization.node(id) else { return RoleMatch::No };
    let named = node.name.as_ref().known().is_some();
    if accounts.contains_key(&role) {
        // A declared name may be the one that is not known.
        let by_name = accounts.get(&role).is_some_and(|patterns| patterns.iter().any(|each| !is_id(each)));
        return if named || !by_name {
            RoleMatch::No
        } else {
            RoleMatch::Unknown(nameless(organization, id))
        };
    }
    if AccountRole::ALL.into_iter().any(declared) {
        return RoleMatch::No;
    }
    if !named {
        return RoleMatch::Unknown(nameless(organization, id));
    }
    if !names::account(&node.exposed_title(), role) {
        return RoleMatch::No;
    }
    RoleMatch::Guessed(format!(
        "`{}` is taken for the {} account by its name; `[structure.accounts]` in `orgward.toml` tells for certain",
        node.title(),
        role.as_str()
    ))
}

/// The names of the groups (phases, business units) of which a text is, by their patterns.
pub fn groups_of<'c>(
    groups: &'c std::collections::BTreeMap<String, Vec<String>>,
    texts: &[&str],
) -> std::collections::BTreeSet<&'c str> {
    let fits = |pattern: &String| texts.iter().any(|text| glob(pattern, text));
    groups.iter().filter(|(_, patterns)| patterns.iter().any(fits)).map(|(name, _)| name.as_str()).collect()
}

/// Whether a pattern is a node's id, name or path.
fn names_node(organization: &Organization, id: NodeId, pattern: &str) -> bool {
    let Some(node) = organization.node(id) else { return false };
    let known = node.id.as_ref().known().is_some_and(|known| known.expose() == pattern);
    let path = organization.path(id);
    // A path that starts with `…` is only the end of one.
    known || (!path.starts_with('…') && glob(pattern, &path)) || {
        let is_account = matches!(node.kind, NodeKind::Account(_));
        let name = node.name.as_ref().known().filter(|_| is_account);
        name.is_some_and(|name| glob(pattern, name.expose()))
    }
}

/// A node and what it lies in, from itself up, and why there may be more.
fn line(organization: &Organization, id: NodeId) -> (Vec<NodeId>, Option<String>) {
    let mut line = vec![id];
    let mut at = id;
    while let Some(node) = organization.node(at).filter(|node| !matches!(node.kind, NodeKind::Root)) {
        match organization.parents(at).as_slice() {
            [(parent, Modality::Must)] if !line.contains(parent) => {
                line.push(*parent);
                at = *parent;
            }
            _ => return (line, Some(format!("what `{}` lies in is not known", node.title()))),
        }
    }
    (line, None)
}

fn nameless(organization: &Organization, id: NodeId) -> String {
    let label = organization.node(id).map(crate::Node::label).unwrap_or_default();
    format!("no input shows the name of account `{label}`")
}

fn is_id(pattern: &str) -> bool {
    orgward_iam::is_account_id(pattern)
}
