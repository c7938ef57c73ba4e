//! What a lineage leaves open, as sets of requests.

use orgward_iam::{Callers, Effect, RequestSet};

use super::{Lineage, Rung, readable};
use crate::{GuardrailKind, Modality};

impl<'o> Lineage<'o> {
    /// The requests that need not be denied: none but those that may be allowed, as far as the plan tells. What is
    /// not in the set is denied whatever the unknown turns out to be.
    ///
    /// Service control policies are asked about requests of principals of the account at the end, resource control
    /// policies about requests for resources of it.
    pub fn not_denied(&self) -> RequestSet<'o> {
        if self.enabled == Some(false) {
            return RequestSet::everything();
        }
        let open = self.rungs.iter().fold(RequestSet::everything(), |open, rung| {
            let open = open.minus(statements(rung, Modality::Must, Effect::Deny));
            let known = rung.attached.iter().all(|attached| attached.guardrail.document.policy().is_some());
            // A level denies by silence only when nothing that may be attached to it can allow.
            if self.loose.is_empty() && known && self.denies_by_silence() {
                open.and(statements(rung, Modality::May, Effect::Allow))
            } else {
                open
            }
        });
        self.unbound().or(open)
    }

    /// The requests that are certainly not denied, whatever the unknown turns out to be.
    pub fn certainly_open(&self) -> RequestSet<'o> {
        if self.enabled == Some(false) {
            return RequestSet::everything();
        }
        let all = self.rungs.iter().flat_map(|rung| rung.attached.iter().map(|attached| attached.guardrail));
        let legible = all.chain(self.loose.iter().copied()).all(|it| it.data.document.policy().is_some());
        // What cannot be read may deny anything.
        if !legible || !self.gaps.is_empty() {
            return self.unbound();
        }
        let loose = self.loose.iter().filter_map(|guardrail| guardrail.data.document.policy());
        let loose = loose.fold(RequestSet::everything(), |open, policy| {
            open.minus(RequestSet::effect(policy, Effect::Deny))
        });
        let open = self.rungs.iter().fold(loose, |open, rung| {
            let open = open.minus(statements(rung, Modality::May, Effect::Deny));
            if self.denies_by_silence() {
                open.and(statements(rung, Modality::Must, Effect::Allow))
            } else {
                open
            }
        });
        self.unbound().or(open)
    }

    /// Whether nothing about the lineage is unknown, so that what is not denied is open.
    pub fn is_whole(&self) -> bool {
        let mut attached = self.rungs.iter().flat_map(|rung| &rung.attached);
        self.gaps.is_empty()
            && self.loose.is_empty()
            && attached.all(|it| it.modality() == Modality::Must && it.guardrail.document.policy().is_some())
    }

    /// `RCPFullAWSAccess` cannot be detached: resource control policies deny by statement only.
    fn denies_by_silence(&self) -> bool {
        self.kind != GuardrailKind::ResourceControl
    }

    /// The requests that guardrails of the kind never bind.
    fn unbound(&self) -> RequestSet<'o> {
        if self.denies_by_silence() {
            RequestSet::by(Callers::Principals).minus(RequestSet::by(Callers::ServiceLinked)).not()
        } else {
            RequestSet::bound_by_resource_control().not()
        }
    }
}

fn statements<'o>(rung: &Rung<'o>, least: Modality, effect: Effect) -> RequestSet<'o> {
    readable(rung, least)
        .filter_map(|attached| attached.guardrail.data.document.policy())
        .fold(RequestSet::nothing(), |all, policy| all.or(RequestSet::effect(policy, effect)))
}
