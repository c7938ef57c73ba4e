//! The region lock as one more guardrail.

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::Severity;
use orgward_iam::Prohibition;

use crate::regions::{Allowed, lock};
use crate::{Config, EnforcedBy, Invariant};

impl Config {
    /// What `[regions]` forbids, as a guardrail; `None` where it names no regions.
    pub fn region_lock(&self) -> Option<Invariant> {
        let regions = &self.regions.allowed;
        if regions.is_empty() {
            return None;
        }
        let allowed = Allowed { regions: regions.clone(), inferred_from: Vec::new() };
        let mut wording = lock(self, &allowed).ok()?.wording().clone();
        // The proof is about principals of one partition; a policy cannot meet those of another.
        if let Some(keys) = wording.conditions.get_mut("ArnLike") {
            keys.remove("aws:PrincipalArn");
        }
        wording.conditions.retain(|_: &String, keys: &mut BTreeMap<_, _>| !keys.is_empty());
        // Global services and published exemptions overlap.
        let mut seen = BTreeSet::new();
        if let Some(actions) = &mut wording.not_actions {
            actions.retain(|action| seen.insert(action.clone()));
            actions.sort();
        }
        let names: Vec<&str> = regions.iter().map(String::as_str).collect();
        Some(Invariant {
            id: "region-lock".to_owned(),
            description: Some(format!("Nothing is done outside {}", names.join(", "))),
            targets: Vec::new(),
            prohibition: Prohibition::new(wording).ok()?,
            severity: Severity::High,
            enforced_by: EnforcedBy::ServiceControl,
            origin: "`[regions]`".to_owned(),
        })
    }
}
