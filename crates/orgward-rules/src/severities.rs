//! How severe findings are by what they touch: stricter in production than in a sandbox.

use std::collections::{BTreeMap, BTreeSet};

use orgward_config::SeverityFor;
use orgward_finding::Finding;
use orgward_org::{Matcher, Modality, NodeId, Organization, Selector, Structure};
use orgward_plan::Address;

/// What findings can touch, by what they call it.
pub(crate) struct Places<'o> {
    organization: &'o Organization,
    matcher: Matcher<'o>,
    by_address: BTreeMap<(&'o Address, Option<&'o str>), NodeId>,
    by_label: BTreeMap<String, NodeId>,
    by_path: BTreeMap<String, NodeId>,
}

/// Something that a finding touches.
enum Touched {
    Node(NodeId),
    /// An account or place that no input shows, by what the finding calls it.
    Label(String),
}

impl<'o> Places<'o> {
    pub(crate) fn of(organization: &'o Organization, structure: &'o Structure) -> Self {
        let by_address = organization
            .nodes()
            .filter_map(|(id, node)| Some(((node.address.as_ref()?, node.stack.as_deref()), id)))
            .collect();
        let by_label = organization.accounts().map(|account| (account.node.label(), account.id)).collect();
        let places = organization.nodes().filter(|(id, _)| !organization.children(*id).is_empty());
        let by_path = places.map(|(id, _)| (organization.path(id), id)).collect();
        let matcher = Matcher::of(organization, structure);
        Self { organization, matcher, by_address, by_label, by_path }
    }

    /// Applies the tables to a finding, in order.
    pub(crate) fn judge(&mut self, tables: &[SeverityFor], finding: &mut Finding) {
        let touched = self.touched(finding);
        for table in tables {
            if !table.rules.is_empty() && !table.rules.contains(finding.rule) {
                continue;
            }
            let inside: BTreeSet<Option<Modality>> =
                touched.iter().map(|touched| self.matches(&table.targets, touched)).collect();
            // Milder only if all that it touches must be a target; stricter if any of it may be one.
            let all = inside.len() == 1 && inside.contains(&Some(Modality::Must));
            let any = inside.iter().any(Option::is_some);
            let wanted = table.wanted(finding.severity);
            if (wanted > finding.severity && any) || (wanted < finding.severity && all) {
                finding.severity = wanted;
            }
        }
    }

    fn matches(&mut self, targets: &[Selector], touched: &Touched) -> Option<Modality> {
        match touched {
            Touched::Node(id) => self.matcher.any(targets, *id, &mut []),
            Touched::Label(label) => {
                targets.iter().any(|target| target.to_string() == *label).then_some(Modality::Must)
            }
        }
    }

    /// What a finding touches: each account that it names, else the account of its resource or the unit itself, else
    /// the place that it names.
    fn touched(&self, finding: &Finding) -> Vec<Touched> {
        let named = |label: &String, known: &BTreeMap<String, NodeId>| {
            known.get(label).map_or_else(|| Touched::Label(label.clone()), |id| Touched::Node(*id))
        };
        if !finding.accounts.is_empty() {
            return finding.accounts.iter().map(|label| named(label, &self.by_label)).collect();
        }
        if let Some(address) = &finding.address
            && let Some(&id) = self.by_address.get(&(address, finding.input.as_deref()))
        {
            if let Some((account, Modality::Must)) = self.organization.owner(id) {
                return vec![Touched::Node(account.id)];
            }
            let has_a_place =
                self.organization.account(id).is_some() || !self.organization.parents(id).is_empty();
            return if has_a_place { vec![Touched::Node(id)] } else { Vec::new() };
        }
        finding.target.iter().map(|target| named(target, &self.by_path)).collect()
    }
}
