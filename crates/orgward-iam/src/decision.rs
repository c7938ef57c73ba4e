//! All policies that have a say in one request.

mod grant;
#[cfg(test)]
mod tests;

use self::grant::Grant;
use crate::arn::Arn;
use crate::matching::{Subject, action_matches, is_service_linked};
use crate::{Caller, Chain, Decider, Effect, Outcome, Request};

/// Every policy that has a say in a request. `None` is a layer that does not exist, an empty list one that allows
/// nothing.
#[derive(Clone, Debug, Default)]
pub struct Policies<'p> {
    /// The policies of the caller: of the role, or of the user and its groups.
    pub identity: Vec<Decider<'p>>,
    /// The caller's permissions boundary.
    pub boundary: Option<Vec<Decider<'p>>>,
    /// The session policies that were passed when the session began.
    pub session: Option<Vec<Decider<'p>>>,
    /// The service control policies above the caller's account; `None` for the management account and for accounts
    /// in no organization.
    pub service_control: Option<Chain<'p>>,
    /// The resource control policies above the resource's account; `None` likewise.
    pub resource_control: Option<Chain<'p>>,
    /// The policy of the resource: of a role its trust policy, of a key its key policy.
    pub resource: Vec<Decider<'p>>,
    /// The policies of the VPC endpoint that the request comes through.
    pub endpoint: Option<Vec<Decider<'p>>>,
}

/// A kind of policy that has a say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Layer {
    /// Service control policies.
    ServiceControl,
    /// Resource control policies.
    ResourceControl,
    /// The policy of the resource.
    Resource,
    /// Policies of the caller.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// Session policies.
    Session,
    /// The VPC endpoint policy.
    Endpoint,
}

/// What one layer says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LayerDecision {
    /// Which layer.
    pub layer: Layer,
    /// Which level of an organization's chain decided, if one did.
    pub level: Option<usize>,
    /// What it says by itself.
    pub outcome: Outcome,
    /// The statements that say so: the policy (index within the layer or level) and the statement (index within the
    /// policy). Empty for an implicit denial.
    pub statements: Vec<(usize, usize)>,
}

/// What becomes of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// `Allow`, `ExplicitDeny` or `ImplicitDeny`; never `NotApplicable`.
    pub outcome: Outcome,
    /// The layer that decided: the one that denies, or the one whose allowance is missing; for `Allow` the one that
    /// grants. `None` where no policy is asked.
    pub decided_by: Option<Layer>,
    /// What each layer that exists says.
    pub layers: Vec<LayerDecision>,
}

impl Decision {
    /// What a layer says, if it exists.
    pub fn layer(&self, layer: Layer) -> Option<&LayerDecision> {
        self.layers.iter().find(|decision| decision.layer == layer)
    }

    fn allows(&self, layer: Layer) -> bool {
        self.layer(layer).is_none_or(|decision| decision.outcome == Outcome::Allow)
    }
}

impl Policies<'_> {
    /// Decides a request the way AWS does (IAM user guide, "Policy evaluation logic"), within one account and across
    /// two.
    pub fn decide(&self, request: &Request) -> Decision {
        let mut decision =
            Decision { outcome: Outcome::ImplicitDeny, decided_by: None, layers: self.layers(request) };
        // Policies cannot deny it (AWS STS API reference).
        if action_matches("sts:GetCallerIdentity", &request.action)
            && matches!(request.caller, Caller::Arn(_))
        {
            decision.outcome = Outcome::Allow;
            return decision;
        }
        let denial = decision.layers.iter().find(|layer| layer.outcome == Outcome::ExplicitDeny);
        if let Some(denial) = denial {
            decision.decided_by = Some(denial.layer);
            decision.outcome = Outcome::ExplicitDeny;
            return decision;
        }
        let (granted, by) = self.grants(request, &decision);
        decision.outcome = if granted { Outcome::Allow } else { Outcome::ImplicitDeny };
        decision.decided_by = Some(by);
        decision
    }

    /// Whether a request that nothing denies is allowed, and the layer that allows it or fails to.
    fn grants(&self, request: &Request, decision: &Decision) -> (bool, Layer) {
        for layer in [Layer::ServiceControl, Layer::Endpoint] {
            let closed = decision.layer(layer).is_some_and(|layer| layer.outcome == Outcome::ImplicitDeny);
            if closed {
                return (false, layer);
            }
        }
        let grant = grant::of(&self.resource, request);
        if !matches!(request.caller, Caller::Arn(_)) {
            // There is nobody whose own policies could allow or limit it.
            return (grant.is_some(), Layer::Resource);
        }
        let own = || {
            for layer in [Layer::Identity, Layer::Boundary, Layer::Session] {
                if !decision.allows(layer) {
                    return (false, layer);
                }
            }
            (true, Layer::Identity)
        };
        if !is_within_account(request) {
            let (allowed, by) = own();
            return if grant.is_none() && allowed { (false, Layer::Resource) } else { (allowed, by) };
        }
        match grant {
            Some(Grant::Caller) => (true, Layer::Resource),
            Some(Grant::Role) => {
                for layer in [Layer::Boundary, Layer::Session] {
                    if !decision.allows(layer) {
                        return (false, layer);
                    }
                }
                (true, Layer::Resource)
            }
            // A role that assumes itself has to be named.
            Some(Grant::Account) if assumes_itself(request) => (false, Layer::Resource),
            None if resource_must_allow(request) => (false, Layer::Resource),
            Some(Grant::Account) | None => own(),
        }
    }

    fn layers(&self, request: &Request) -> Vec<LayerDecision> {
        let mut layers = Vec::new();
        if let Some(chain) = &self.service_control {
            let decided = chain.decide(request);
            layers.push(LayerDecision {
                layer: Layer::ServiceControl,
                level: decided.level,
                outcome: decided.outcome,
                statements: decided.statement.into_iter().collect(),
            });
        }
        layers.extend(self.resource_control.as_ref().map(|chain| resource_control(chain, request)));
        if !self.resource.is_empty() {
            let bounded = self.boundary.is_some();
            layers.push(union(Layer::Resource, &self.resource, request, bounded));
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
                layers.push(union(Layer::Identity, &self.identity, request, false));
                layers
                    .extend(self.boundary.as_ref().map(|list| union(Layer::Boundary, list, request, false)));
            }
            // A federated user without a session policy has no permissions of its own.
            let nothing: &[Decider<'_>] = &[];
            let session = self.session.as_deref().or(is_federated_user(request).then_some(nothing));
            layers.extend(session.map(|list| union(Layer::Session, list, request, false)));
        }
        layers.extend(self.endpoint.as_ref().map(|list| union(Layer::Endpoint, list, request, false)));
        layers
    }
}

/// What a list of policies says together. `NotPrincipal` denies whoever has a permissions boundary.
fn union(layer: Layer, policies: &[Decider<'_>], request: &Request, bounded: bool) -> LayerDecision {
    let (mut allowing, mut denying) = (Vec::new(), Vec::new());
    for (index, decider) in policies.iter().enumerate() {
        for (at, statement) in decider.policy.statements.iter().enumerate() {
            let deny = statement.effect.value == Effect::Deny;
            let spares = statement.principals.as_ref().is_some_and(|principals| principals.not);
            let matched = if bounded && deny && spares {
                statement.matches_anybody(decider.policy, request)
            } else {
                statement.matches(decider.policy, request)
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
fn resource_control(chain: &Chain<'_>, request: &Request) -> LayerDecision {
    let layer = Layer::ResourceControl;
    let mut decision = LayerDecision { layer, level: None, outcome: Outcome::Allow, statements: Vec::new() };
    if is_service_linked(request) || action_matches("kms:RetireGrant", &request.action) {
        decision.outcome = Outcome::NotApplicable;
        return decision;
    }
    for (index, level) in chain.0.iter().enumerate() {
        let found = union(layer, &level.policies, request, false);
        if found.outcome == Outcome::ExplicitDeny {
            return LayerDecision { level: Some(index), ..found };
        }
    }
    decision
}

fn is_root(request: &Request) -> bool {
    Subject::of(request).resource_part() == Some("root")
}

fn is_federated_user(request: &Request) -> bool {
    Subject::of(request).resource_part().is_some_and(|resource| resource.starts_with("federated-user/"))
}

/// Whether caller and resource are of one account; a resource that does not say is the caller's.
fn is_within_account(request: &Request) -> bool {
    let owner = request.resource_account.as_deref().or_else(|| {
        Arn::parse(&request.resource).map(|arn| arn.account).filter(|account| !account.is_empty())
    });
    owner.is_none_or(|owner| Subject::of(request).account() == Some(owner))
}

/// Whether a role session assumes its own role.
fn assumes_itself(request: &Request) -> bool {
    action_matches("sts:AssumeRole", &request.action)
        && Subject::of(request).principal_arn().is_some_and(|arn| arn == request.resource)
}

/// Whether the policies of the caller are not enough even within the account: roles and keys have to say so
/// themselves.
fn resource_must_allow(request: &Request) -> bool {
    let assumes = ["sts:AssumeRole*", "sts:TagSession", "sts:SetSourceIdentity"];
    assumes.iter().any(|pattern| action_matches(pattern, &request.action))
        || (action_matches("kms:*", &request.action) && request.resource.contains(":key/"))
}
