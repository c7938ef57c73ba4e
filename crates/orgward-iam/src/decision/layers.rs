use super::exception::{self, Asked};
use super::{Layer, LayerDecision, Policies, is_federated_user, is_root};
use crate::chain;
use crate::matching::is_service_linked;
use crate::{Caller, Decider, Effect, Outcome, PolicyChain};

/// What each layer that exists says about a request by itself.
pub(super) fn of(policies: &Policies<'_>, asked: &Asked<'_>) -> Vec<LayerDecision> {
    let request = &*asked.authorized;
    let mut layers = Vec::new();
    if let Some(chain) = &policies.service_control {
        layers.extend(service_control(chain, asked));
    }
    let resource_control = policies.resource_control.as_ref().filter(|chain| !chain.0.is_empty());
    layers.extend(resource_control.map(|chain| self::resource_control(chain, asked)));
    if !policies.resource.is_empty() {
        let bounded = policies.boundary.is_some();
        let said = union(Layer::Resource, &policies.resource, asked, bounded);
        let overruled = said.outcome == Outcome::ExplicitDeny && exception::owner_may_always(request);
        layers.push(if overruled {
            LayerDecision { outcome: Outcome::NotApplicable, statements: Vec::new(), ..said }
        } else {
            said
        });
    }
    if matches!(request.caller, Caller::Arn(_)) {
        let root = is_root(request);
        if root {
            // The root user has no policies of its own, and may do everything.
            layers.push(LayerDecision {
                layer: Layer::Identity,
                level: None,
                outcome: Outcome::Allow,
                statements: Vec::new(),
            });
        } else {
            layers.push(union(Layer::Identity, &policies.identity, asked, false));
            layers.extend(policies.boundary.as_ref().map(|list| union(Layer::Boundary, list, asked, false)));
        }
        // A federated user without a session policy has no permissions of its own.
        let nothing: &[Decider<'_>] = &[];
        let session = policies.session.as_deref().or(is_federated_user(request).then_some(nothing));
        layers.extend(session.map(|list| union(Layer::Session, list, asked, false)));
    }
    layers.extend(policies.endpoint.as_ref().map(|list| union(Layer::Endpoint, list, asked, false)));
    layers
}

/// What service control policies say, level by level from the root down, as far as the level whose denial decides.
fn service_control(chain: &PolicyChain<'_>, asked: &Asked<'_>) -> Vec<LayerDecision> {
    let layer = Layer::ServiceControl;
    if !chain::binds(&asked.authorized) {
        let (level, outcome) = (None, Outcome::NotApplicable);
        return vec![LayerDecision { layer, level, outcome, statements: Vec::new() }];
    }
    let mut levels: Vec<_> = chain
        .0
        .iter()
        .enumerate()
        .map(|(index, level)| LayerDecision {
            level: Some(index),
            ..union(layer, &level.policies, asked, false)
        })
        .collect();
    // A denial counts wherever it stands, even below a level that does not allow.
    let first = |outcome| levels.iter().position(|level| level.outcome == outcome);
    if let Some(last) = first(Outcome::ExplicitDeny).or_else(|| first(Outcome::ImplicitDeny)) {
        levels.truncate(last + 1);
    }
    levels
}

/// What a list of policies says together. `NotPrincipal` denies whoever has a permissions boundary.
fn union(layer: Layer, policies: &[Decider<'_>], asked: &Asked<'_>, bounded: bool) -> LayerDecision {
    let (mut allowing, mut denying) = (Vec::new(), Vec::new());
    for (index, decider) in policies.iter().enumerate() {
        for (at, statement) in decider.policy.statements.iter().enumerate() {
            let deny = statement.effect.value == Effect::Deny;
            let spares = statement.principals.as_ref().is_some_and(|principals| principals.not);
            let matched = if bounded && deny && spares {
                statement.matches_anybody(decider.policy, &asked.authorized)
            } else {
                asked.meets(decider.policy, statement)
            };
            match (matched, deny) {
                (true, true) => denying.push((index, at)),
                (true, false) => allowing.push((index, at)),
                (false, _) => {}
            }
        }
    }
    let (outcome, statements) = match (denying.is_empty(), allowing.is_empty()) {
        (false, _) => (Outcome::ExplicitDeny, denying),
        (true, false) => (Outcome::Allow, allowing),
        (true, true) => (Outcome::ImplicitDeny, Vec::new()),
    };
    LayerDecision { layer, level: None, outcome, statements }
}

/// Resource control policies only deny: `RCPFullAWSAccess` cannot be detached. They bind every caller but
/// service-linked roles (AWS Organizations user guide, "Resource control policies").
fn resource_control(chain: &PolicyChain<'_>, asked: &Asked<'_>) -> LayerDecision {
    let request = &*asked.authorized;
    let layer = Layer::ResourceControl;
    let mut decision = LayerDecision { layer, level: None, outcome: Outcome::Allow, statements: Vec::new() };
    if is_service_linked(request) || !exception::takes_resource_control(&request.action) {
        decision.outcome = Outcome::NotApplicable;
        return decision;
    }
    for (index, level) in chain.0.iter().enumerate() {
        let found = union(layer, &level.policies, asked, false);
        if found.outcome == Outcome::ExplicitDeny {
            return LayerDecision { level: Some(index), ..found };
        }
    }
    decision
}
