//! What the guardrails of a lineage let pass, as sets of requests.

use orgward_iam::{Callers, Decider, Effect, Level, PolicyChain, RequestSet};

use crate::{Guardrail, GuardrailKind, Lineage, Modality};

impl<'o> Lineage<'o> {
    /// The requests that guardrails of a kind are about, whatever they say.
    pub fn bound(kind: &GuardrailKind) -> RequestSet<'o> {
        let callers = match kind {
            GuardrailKind::ResourceControl => RequestSet::everything(),
            _ => RequestSet::by(Callers::Principals),
        };
        callers.minus(RequestSet::by(Callers::ServiceLinked))
    }

    /// The requests that are not denied for certain: what is not in the set is denied, whatever the unknown turns out
    /// to be. For resource control policies the lineage is that of the resource's account.
    pub fn may_pass(&self, kind: &GuardrailKind) -> RequestSet<'o> {
        match kind {
            GuardrailKind::ResourceControl if self.enabled == Some(false) => RequestSet::everything(),
            // Nobody can detach what allows everything, so only denials count.
            GuardrailKind::ResourceControl => {
                RequestSet::passed_by_resource(&self.attached_at_least(Modality::Must))
            }
            _ => self.not_denied(),
        }
    }

    /// The requests that are certainly not denied, whatever the unknown turns out to be.
    pub fn must_pass(&self, kind: &GuardrailKind) -> RequestSet<'o> {
        if self.enabled == Some(false) {
            return RequestSet::everything();
        }
        let known = |guardrail: &Guardrail| guardrail.document.policy().is_some();
        let attached = || self.rungs.iter().flat_map(|rung| &rung.attached);
        let all_known = attached().all(|it| known(&it.guardrail)) && self.loose.iter().all(|it| known(it));
        let free = Self::bound(kind).not();
        if !self.gaps.is_empty() || !all_known {
            return free;
        }
        let every = attached().map(|it| it.guardrail).chain(self.loose.iter().copied());
        let denied = every
            .filter_map(|guardrail| guardrail.data.document.policy())
            .fold(RequestSet::nothing(), |all, policy| all.or(RequestSet::effect(policy, Effect::Deny)));
        let open = match kind {
            GuardrailKind::ResourceControl => RequestSet::everything(),
            _ => RequestSet::passed(&self.attached_at_least(Modality::Must)),
        };
        free.or(open.minus(denied))
    }

    fn attached_at_least(&self, least: Modality) -> PolicyChain<'o> {
        let levels = self.rungs.iter().map(|rung| {
            let attached = rung.attached.iter().filter(|it| it.modality() >= least);
            let policies = attached
                .filter_map(|it| {
                    let document = &it.guardrail.data.document;
                    Some(Decider { name: &document.name, policy: document.policy()? })
                })
                .collect();
            Level { target: "", policies }
        });
        PolicyChain(levels.collect())
    }
}
