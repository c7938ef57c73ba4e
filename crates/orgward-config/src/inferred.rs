//! What the inputs tell about an organization that nobody has configured yet.

use std::collections::{BTreeMap, BTreeSet};

use orgward_org::{
    AccountRole, Boundary, NodeKind, Organization, RoleMatch, Structure, UnitRole, account_plays, unit_plays,
};
use orgward_plan::{Attr, Text};

use orgward_proof::Regions;
use orgward_proof::region_lock::allowed;

/// What a configuration could say, as far as the inputs show it. Nothing here is sensitive.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct InferredConfig {
    /// The id of the organization.
    pub organization: Option<String>,
    /// The id of the management account.
    pub management_account: Option<String>,
    /// The regions that locks of the organization leave open.
    pub regions: BTreeSet<String>,
    /// The locks that say so.
    pub locks: Vec<String>,
    /// Patterns of the boundaries that principals carry, in any account.
    pub boundaries: BTreeSet<String>,
    /// Patterns of the roles that carry one, as far as their paths tell them from others.
    pub bounded_roles: BTreeSet<String>,
    /// The paths of units by the role that their names suggest; of those within one another the outermost.
    pub units: BTreeMap<UnitRole, BTreeSet<String>>,
    /// The accounts by the role that their names suggest.
    pub accounts: BTreeMap<AccountRole, BTreeSet<String>>,
}

impl InferredConfig {
    /// Looks at an organization as it will be.
    pub fn of(organization: &Organization) -> Self {
        let management = organization.management().and_then(|id| organization.node(id));
        let management_account = match management.map(|node| &node.id) {
            Some(Attr::Known(id)) if !id.is_sensitive() => Some(id.to_string()),
            _ => None,
        };
        let has_secrets =
            organization.org_policies().any(|org_policy| org_policy.document.text.is_sensitive());
        // Which lock a region is from cannot be told afterwards.
        let found =
            if has_secrets { None } else { allowed(&Regions::default(), [organization, organization]) };
        let (regions, locks) = found.map(|found| (found.regions, found.inferred_from)).unwrap_or_default();
        Self {
            organization: organization.id().map(str::to_owned),
            management_account,
            regions,
            locks,
            boundaries: boundaries(organization),
            bounded_roles: bounded_roles(organization),
            units: units(organization),
            accounts: accounts(organization),
        }
    }
}

/// The units whose own names say what they are for.
fn units(organization: &Organization) -> BTreeMap<UnitRole, BTreeSet<String>> {
    let guess =
        |id, role| matches!(unit_plays(&Structure::default(), organization, id, role), RoleMatch::Guessed(_));
    let mut units: BTreeMap<UnitRole, BTreeSet<String>> = BTreeMap::new();
    for (id, node) in organization.nodes().filter(|(_, node)| matches!(node.kind, NodeKind::Unit)) {
        let path = organization.path(id);
        let secret = node.name.as_ref().known().is_none_or(Text::is_sensitive);
        if secret || path.starts_with('…') {
            continue;
        }
        let parents = organization.parents(id);
        for role in UnitRole::ALL {
            if guess(id, role) && !parents.iter().any(|(parent, _)| guess(*parent, role)) {
                units.entry(role).or_default().insert(path.clone());
            }
        }
    }
    units
}

/// The accounts whose names say what they are for.
fn accounts(organization: &Organization) -> BTreeMap<AccountRole, BTreeSet<String>> {
    let mut accounts: BTreeMap<AccountRole, BTreeSet<String>> = BTreeMap::new();
    for account in organization.accounts() {
        let Attr::Known(name) = &account.node.name else { continue };
        for role in AccountRole::ALL.into_iter().filter(|_| !name.is_sensitive()) {
            let plays = account_plays(&Structure::default(), organization, account.id, role);
            if matches!(plays, RoleMatch::Guessed(_)) {
                accounts.entry(role).or_default().insert(name.to_string());
            }
        }
    }
    accounts
}

fn boundaries(organization: &Organization) -> BTreeSet<String> {
    organization
        .principals()
        .filter_map(|principal| match principal.boundary {
            Boundary::Arn(arn) if !arn.is_sensitive() => everywhere(&arn.to_string()),
            Boundary::Policy(key) => {
                let policy = organization.find(key)?;
                everywhere(&organization.iam_arn(policy)?.text("*")?)
            }
            Boundary::None | Boundary::Arn(_) | Boundary::Unknown(_) => None,
        })
        .collect()
}

fn bounded_roles(organization: &Organization) -> BTreeSet<String> {
    organization
        .roles()
        .filter(|role| role.boundary != Boundary::None)
        .filter_map(|role| role.path.as_ref().known().filter(|path| path.as_str() != "/").cloned())
        .map(|path| format!("arn:aws:iam::*:role{path}*"))
        .collect()
}

/// The pattern of an ARN in any account.
fn everywhere(arn: &str) -> Option<String> {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let [arn, partition, service, region, _, resource] = parts.as_slice() else { return None };
    Some([arn, partition, service, region, "*", resource].join(":"))
}

#[cfg(test)]
mod tests {
    use super::everywhere;

    #[test]
    fn an_arn_holds_in_any_account() {
        assert_eq!(
            everywhere("arn:aws:iam::222222222222:policy/boundary/application").as_deref(),
            Some("arn:aws:iam::*:policy/boundary/application")
        );
        assert_eq!(everywhere("boundary"), None);
    }
}
