//! How bad findings are, by what they touch: production stricter than a sandbox.

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::Finding;
use orgward_iam::glob;
use orgward_org::{Modality, NodeId, Organization};
use orgward_plan::Address;

use orgward_config::SeverityFor;

/// Where accounts and resources lie.
pub(crate) struct Places<'o> {
    organization: &'o Organization,
    by_address: BTreeMap<(&'o Address, Option<&'o str>), NodeId>,
    by_label: BTreeMap<String, NodeId>,
}

impl<'o> Places<'o> {
    pub(crate) fn of(organization: &'o Organization) -> Self {
        let nodes = organization.nodes();
        let by_address = nodes
            .filter_map(|(id, node)| Some(((node.address.as_ref()?, node.stack.as_deref()), id)))
            .collect();
        let by_label = organization.accounts().map(|account| (account.node.label(), account.id)).collect();
        Self { organization, by_address, by_label }
    }

    /// Applies tables to a finding, in their order.
    pub(crate) fn judge(&self, tables: &[SeverityFor], finding: &mut Finding) {
        let scopes = self.scopes(finding);
        for table in tables {
            if !table.rules.is_empty() && !table.rules.contains(finding.rule) {
                continue;
            }
            let inside = |scope: &BTreeSet<String>| {
                table.targets.iter().any(|target| scope.iter().any(|name| glob(target, name)))
            };
            // Milder only if all that it touches lies there; stricter if any of it does.
            let all = !scopes.is_empty() && scopes.iter().all(inside);
            let any = scopes.iter().any(inside);
            let wanted = table.wanted(finding.severity);
            if (wanted > finding.severity && any) || (wanted < finding.severity && all) {
                finding.severity = wanted;
            }
        }
    }

    /// For each thing that a finding touches, what it can be called: account ids and paths. Empty where nothing is
    /// known for certain.
    fn scopes(&self, finding: &Finding) -> Vec<BTreeSet<String>> {
        if !finding.accounts.is_empty() {
            return finding.accounts.iter().map(|label| self.names_of_account(label)).collect();
        }
        if let Some(address) = &finding.address
            && let Some(&id) = self.by_address.get(&(address, finding.input.as_deref()))
        {
            if let Some((account, Modality::Must)) = self.organization.owner(id) {
                return vec![self.names(account.id, &account.node.label())];
            }
            if self.organization.account(id).is_some() || !self.organization.parents(id).is_empty() {
                return vec![self.names(id, address.as_str())];
            }
            return Vec::new();
        }
        finding.target.iter().map(|target| BTreeSet::from([target.clone()])).collect()
    }

    fn names_of_account(&self, label: &str) -> BTreeSet<String> {
        match self.by_label.get(label) {
            Some(id) => self.names(*id, label),
            None => BTreeSet::from([label.to_owned()]),
        }
    }

    fn names(&self, id: NodeId, label: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::from([label.to_owned()]);
        // Where it may lie in two places, neither is certain.
        if let [(parent, Modality::Must)] = self.organization.parents(id).as_slice() {
            names.insert(self.organization.path(*parent));
            names.insert(self.organization.path(id));
        }
        names
    }
}
