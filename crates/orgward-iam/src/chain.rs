use crate::matching::is_service_linked;
use crate::{Caller, Effect, Policy, Request};

/// A named policy at one level.
#[derive(Clone, Copy, Debug)]
pub struct Decider<'p> {
    /// Which policy, fit to print.
    pub name: &'p str,
    /// The policy.
    pub policy: &'p Policy,
}

/// One level of an organization: the root, an organizational unit, or the account itself.
#[derive(Clone, Debug)]
pub struct Level<'p> {
    /// Which one, fit to print.
    pub target: &'p str,
    /// The policies attached to it. A level without policies allows nothing.
    pub policies: Vec<Decider<'p>>,
}

/// The service control policies between a principal and its root, from the root down to the account.
#[derive(Clone, Debug)]
pub struct PolicyChain<'p>(pub Vec<Level<'p>>);

/// What a chain says about a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Outcome {
    /// Every level allows and none denies.
    Allow,
    /// A statement denies it.
    ExplicitDeny,
    /// A level has no statement that allows it.
    ImplicitDeny,
    /// Service control policies do not bind this caller (service, service-linked role, anonymous, …).
    NotApplicable,
}

/// What a chain says, and which part of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainDecision {
    /// The outcome.
    pub outcome: Outcome,
    /// The level (index) that decided, for the two denials.
    pub level: Option<usize>,
    /// For an explicit denial: the policy (index within the level) and statement (index within the policy).
    pub statement: Option<(usize, usize)>,
}

impl PolicyChain<'_> {
    /// Decides one request of a principal whose account is at the end of this chain. That the account is a
    /// member and not the management account is the caller's business.
    pub fn decide(&self, request: &Request) -> ChainDecision {
        if !binds(request) {
            return ChainDecision { outcome: Outcome::NotApplicable, level: None, statement: None };
        }
        let mut closed = None;
        for (index, level) in self.0.iter().enumerate() {
            let mut allowed = false;
            for (policy, decider) in level.policies.iter().enumerate() {
                for (statement, matched) in decider.policy.matching(request) {
                    match matched.effect.value {
                        Effect::Allow => allowed = true,
                        // A denial counts wherever it stands, even below a level that does not allow.
                        Effect::Deny => {
                            return ChainDecision {
                                outcome: Outcome::ExplicitDeny,
                                level: Some(index),
                                statement: Some((policy, statement)),
                            };
                        }
                    }
                }
            }
            if !allowed && closed.is_none() {
                closed = Some(index);
            }
        }
        let outcome = if closed.is_some() { Outcome::ImplicitDeny } else { Outcome::Allow };
        ChainDecision { outcome, level: closed, statement: None }
    }
}

/// Whether service control policies bind whoever makes a request: users, roles and root users, but no service-linked
/// role (AWS Organizations user guide, "Service control policies").
pub(crate) fn binds(request: &Request) -> bool {
    match request.caller {
        Caller::Arn(_) => !is_service_linked(request),
        Caller::Anonymous | Caller::Service(_) | Caller::Federated(_) => false,
    }
}

#[cfg(test)]
mod tests;
