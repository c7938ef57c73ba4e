//! What a policy chain leaves open, as sets of requests.

use orgward_iam::{Effect, Policy, RequestSet, Statement};

use super::{Level, PolicyChain, render};
use crate::{Modality, PolicyType};

/// Says which statements have to do with a question.
pub type Relevant<'r> = &'r dyn Fn(&Policy, &Statement) -> bool;

impl<'o> PolicyChain<'o> {
    /// The requests that need not be denied: none but those that may be allowed, as far as the plan tells. What is
    /// not in the set is denied whatever the unknown turns out to be.
    ///
    /// Service control policies are asked about requests of principals of the account at the end, resource control
    /// policies about requests for resources of it.
    pub fn not_denied(&self) -> RequestSet<'o> {
        self.not_denied_among(&|_, _| true)
    }

    /// Like [`not_denied`](Self::not_denied), with some statements only. For a question that the others have nothing to
    /// do with, the answer is the same.
    pub fn not_denied_among(&self, relevant: Relevant<'_>) -> RequestSet<'o> {
        if self.enabled == Some(false) {
            return RequestSet::everything();
        }
        let open = self.levels.iter().fold(RequestSet::everything(), |open, level| {
            let open = open.minus(statements(level, Modality::Must, Effect::Deny, relevant));
            let known = level.attached.iter().all(|attached| attached.org_policy.document.policy().is_some());
            // A level denies by silence only when nothing that may be attached to it can allow.
            if self.unresolved_targets.is_empty() && known && self.denies_by_silence() {
                open.and(statements(level, Modality::May, Effect::Allow, relevant))
            } else {
                open
            }
        });
        self.unbound().or(open)
    }

    /// The requests that are certainly not denied, whatever the unknown turns out to be.
    pub fn certainly_open(&self) -> RequestSet<'o> {
        self.certainly_open_among(&|_, _| true)
    }

    /// Like [`certainly_open`](Self::certainly_open), with some statements only.
    pub fn certainly_open_among(&self, relevant: Relevant<'_>) -> RequestSet<'o> {
        if self.enabled == Some(false) {
            return RequestSet::everything();
        }
        let all =
            self.levels.iter().flat_map(|level| level.attached.iter().map(|attached| attached.org_policy));
        let legible =
            all.chain(self.unresolved_targets.iter().copied()).all(|it| it.data.document.policy().is_some());
        // What cannot be read may deny anything.
        if !legible || !self.gaps.is_empty() {
            return self.unbound();
        }
        let unresolved_targets =
            self.unresolved_targets.iter().filter_map(|org_policy| org_policy.data.document.policy());
        let unresolved_targets = unresolved_targets.fold(RequestSet::everything(), |open, policy| {
            open.minus(effect(policy, Effect::Deny, relevant))
        });
        let open = self.levels.iter().fold(unresolved_targets, |open, level| {
            let open = open.minus(statements(level, Modality::May, Effect::Deny, relevant));
            if self.denies_by_silence() {
                open.and(statements(level, Modality::Must, Effect::Allow, relevant))
            } else {
                open
            }
        });
        self.unbound().or(open)
    }

    /// `RCPFullAWSAccess` cannot be detached: resource control policies deny by statement only.
    fn denies_by_silence(&self) -> bool {
        self.kind != PolicyType::ResourceControl
    }

    /// The requests that guardrails of the kind never bind.
    fn unbound(&self) -> RequestSet<'o> {
        if self.denies_by_silence() {
            RequestSet::bound().not()
        } else {
            RequestSet::bound_by_resource_control().not()
        }
    }
}

fn statements<'o>(
    level: &Level<'o>,
    least: Modality,
    wanted: Effect,
    relevant: Relevant<'_>,
) -> RequestSet<'o> {
    render(level, least)
        .filter_map(|attached| attached.org_policy.data.document.policy())
        .fold(RequestSet::nothing(), |all, policy| all.or(effect(policy, wanted, relevant)))
}

fn effect<'p>(policy: &'p Policy, wanted: Effect, relevant: Relevant<'_>) -> RequestSet<'p> {
    let statements = policy.statements.iter().filter(|statement| statement.effect.value == wanted);
    statements
        .filter(|statement| relevant(policy, statement))
        .fold(RequestSet::nothing(), |all, statement| all.or(RequestSet::matched(policy, statement)))
}
