//! The region lock as one more guardrail.

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::Severity;
use orgward_iam::Claim;

use orgward_proof::region_lock::{Allowed, lock};
use orgward_proof::{EnforcedBy, Guardrail};

use crate::Config;

impl Config {
    /// What `[regions]` forbids, as a guardrail; `None` where it names no regions.
    pub fn region_lock(&self) -> Option<Guardrail> {
        let regions = &self.regions.allowed;
        if regions.is_empty() {
            return None;
        }
        let allowed = Allowed { regions: regions.clone(), inferred_from: Vec::new(), gone: BTreeSet::new() };
        let mut spec = lock(&self.regions, &allowed).ok()?.spec().clone();
        // The proof is about principals of one partition; a policy cannot meet those of another.
        if let Some(keys) = spec.conditions.get_mut("ArnLike") {
            keys.remove("aws:PrincipalArn");
        }
        spec.conditions.retain(|_: &String, keys: &mut BTreeMap<_, _>| !keys.is_empty());
        // Global services and published exemptions overlap.
        let mut seen = BTreeSet::new();
        if let Some(actions) = &mut spec.not_actions {
            actions.retain(|action| seen.insert(action.clone()));
            actions.sort();
        }
        let names: Vec<&str> = regions.iter().map(String::as_str).collect();
        Some(Guardrail {
            id: "region-lock".to_owned(),
            description: Some(format!("Nothing is done outside {}", names.join(", "))),
            targets: Vec::new(),
            claim: Claim::new(spec).ok()?,
            severity: Severity::High,
            enforced_by: EnforcedBy::ServiceControl,
            origin: "`[regions]`".to_owned(),
        })
    }
}
