//! What the guardrails of a policy chain let pass, as sets of requests.

use orgward_iam::{Decider, Effect, RequestSet};

use crate::{Modality, OrgPolicy, PolicyChain, PolicyType};

impl<'o> PolicyChain<'o> {
    /// The requests that guardrails of a kind are about, whatever they say.
    pub fn bound(kind: &PolicyType) -> RequestSet<'o> {
        match kind {
            PolicyType::ResourceControl => RequestSet::bound_by_resource_control(),
            _ => RequestSet::bound(),
        }
    }

    /// The requests that are not denied for certain: what is not in the set is denied, whatever the unknown turns out
    /// to be. For resource control policies the policy chain is that of the resource's account.
    pub fn may_pass(&self, kind: &PolicyType) -> RequestSet<'o> {
        match kind {
            PolicyType::ResourceControl if self.enabled == Some(false) => RequestSet::everything(),
            // Nobody can detach what allows everything, so only denials count.
            PolicyType::ResourceControl => {
                RequestSet::passed_by_resource(&self.attached_at_least(Modality::Must))
            }
            _ => self.not_denied(),
        }
    }

    /// The requests that are certainly not denied, whatever the unknown turns out to be.
    pub fn must_pass(&self, kind: &PolicyType) -> RequestSet<'o> {
        if self.enabled == Some(false) {
            return RequestSet::everything();
        }
        let known = |org_policy: &OrgPolicy| org_policy.document.policy().is_some();
        let attached = || self.levels.iter().flat_map(|level| &level.attached);
        let all_known =
            attached().all(|it| known(&it.org_policy)) && self.unresolved_targets.iter().all(|it| known(it));
        let free = Self::bound(kind).not();
        if !self.gaps.is_empty() || !all_known {
            return free;
        }
        let every = attached().map(|it| it.org_policy).chain(self.unresolved_targets.iter().copied());
        let denied = every
            .filter_map(|org_policy| org_policy.data.document.policy())
            .fold(RequestSet::nothing(), |all, policy| all.or(RequestSet::effect(policy, Effect::Deny)));
        let open = match kind {
            PolicyType::ResourceControl => RequestSet::everything(),
            _ => RequestSet::passed(&self.attached_at_least(Modality::Must)),
        };
        free.or(open.minus(denied))
    }

    fn attached_at_least(&self, least: Modality) -> orgward_iam::PolicyChain<'o> {
        let levels = self.levels.iter().map(|level| {
            let attached = level.attached.iter().filter(|it| it.modality() >= least);
            let policies = attached
                .filter_map(|it| {
                    let document = &it.org_policy.data.document;
                    Some(Decider { name: &document.name, policy: document.policy()? })
                })
                .collect();
            orgward_iam::Level { target: "", policies }
        });
        orgward_iam::PolicyChain(levels.collect())
    }
}
