//! Where each provider configuration puts things, for people who want to know why.

use std::collections::{BTreeMap, BTreeSet};

use super::{Evidence, Landing, Placement, own, providers};
use crate::{Instance, Mode, Plan};

/// Resources whose region is looked at for each provider.
const SAMPLE: usize = 256;

/// Where resources of one provider configuration land: all of them, or those that agree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProviderPlacement {
    /// The provider configuration: `aws.audit`. States show none.
    pub provider: Option<String>,
    /// The evidence. Without a landing, nobody knows the account.
    pub placement: Placement,
    /// The regions that the resources name or inherit.
    pub regions: BTreeSet<String>,
    /// How many resources there are.
    pub resources: usize,
}

impl<'a> Plan<'a> {
    /// Where each provider configuration of AWS that manages anything puts it, sorted by its name.
    pub fn provider_placements(&self) -> Vec<ProviderPlacement> {
        let mut groups: BTreeMap<Option<String>, Vec<&Instance<'a>>> = BTreeMap::new();
        for instance in &self.instances {
            if instance.mode == Mode::Managed && own::is_aws(instance) {
                let key = self.provider_key(instance);
                groups
                    .entry(key.map(|key| providers::block_key(&key).into_owned()))
                    .or_default()
                    .push(instance);
            }
        }
        groups
            .into_iter()
            .flat_map(|(provider, instances)| self.placed(provider.as_deref(), &instances))
            .collect()
    }

    fn placed(&self, provider: Option<&str>, instances: &[&Instance<'a>]) -> Vec<ProviderPlacement> {
        let Some(first) = instances.first() else { return Vec::new() };
        let report = |placement: Placement, instances: &[&Instance<'a>]| {
            let regions = instances.iter().take(SAMPLE).filter_map(|instance| self.region(instance).known());
            let (provider, resources) = (provider.map(str::to_owned), instances.len());
            ProviderPlacement { provider, placement, regions: regions.collect(), resources }
        };
        let whole = self.printable(first, self.providers().whole(self, first));
        if whole.landing().is_some() {
            return vec![report(whole, instances)];
        }
        // The provider alone does not tell; the resources may.
        let mut apart: BTreeMap<Option<Landing>, (Vec<Evidence>, Vec<&Instance<'a>>)> = BTreeMap::new();
        for instance in instances {
            let placement = self.placement(instance);
            let landing = placement.landing().cloned();
            let (evidence, members) = apart.entry(landing).or_default();
            if evidence.is_empty() {
                *evidence = placement.evidence;
            }
            members.push(instance);
        }
        let apart = apart.into_values();
        apart.map(|(evidence, members)| report(Placement { evidence }, &members)).collect()
    }
}
