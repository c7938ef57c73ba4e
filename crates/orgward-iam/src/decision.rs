//! All policies that have a say in one request.

mod exception;
mod grant;
mod layers;
mod message;
#[cfg(test)]
mod tests;

use self::exception::Asked;
use crate::arn::{Arn, is_account_id};
use crate::matching::{Subject, action_matches};
use crate::{Caller, Decider, Outcome, PolicyChain, Request, Standing};

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
    pub service_control: Option<PolicyChain<'p>>,
    /// The resource control policies above the resource's account; `None` likewise.
    pub resource_control: Option<PolicyChain<'p>>,
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

impl Layer {
    /// All layers, those of the caller first.
    pub const ALL: [Self; 7] = [
        Self::Identity,
        Self::Boundary,
        Self::Session,
        Self::ServiceControl,
        Self::ResourceControl,
        Self::Resource,
        Self::Endpoint,
    ];

    /// Its name in scenarios and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Boundary => "boundary",
            Self::Session => "session",
            Self::ServiceControl => "scp",
            Self::ResourceControl => "rcp",
            Self::Resource => "resource",
            Self::Endpoint => "endpoint",
        }
    }
}

/// What one layer says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LayerDecision {
    /// Which layer.
    pub layer: Layer,
    /// Which level of an organization's chain says it; service control policies have one entry for each level from
    /// the root down, as far as the one that denies.
    pub level: Option<usize>,
    /// What it says by itself.
    pub outcome: Outcome,
    /// The statements that say so: the policy (index within the layer or level) and the statement (index within the
    /// policy). Empty where no statement says so.
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
        // INVARIANT: of levels the last one that is listed decides for its layer.
        self.layers.iter().rfind(|decision| decision.layer == layer)
    }

    /// What the layer that decided says; `None` where it has no policy that could say anything.
    pub fn deciding(&self) -> Option<&LayerDecision> {
        let by = self.decided_by?;
        self.layers.iter().find(|entry| entry.layer == by && entry.outcome == self.outcome)
    }

    fn allows(&self, layer: Layer) -> bool {
        self.layer(layer).is_none_or(|decision| decision.outcome == Outcome::Allow)
    }
}

impl Policies<'_> {
    /// Decides a request the way AWS does (IAM user guide, "Policy evaluation logic"), within one account and across
    /// two.
    pub fn decide(&self, request: &Request) -> Decision {
        let asked = Asked::of(request);
        let request = &*asked.authorized;
        let mut decision =
            Decision { outcome: Outcome::ImplicitDeny, decided_by: None, layers: layers::of(self, &asked) };
        if exception::needs_no_permission(request) {
            decision.outcome = Outcome::Allow;
            return decision;
        }
        let denial = decision.layers.iter().find(|layer| layer.outcome == Outcome::ExplicitDeny);
        if let Some(denial) = denial {
            decision.decided_by = Some(denial.layer);
            decision.outcome = Outcome::ExplicitDeny;
            return decision;
        }
        let (granted, by) = self.grants(&asked, &decision);
        decision.outcome = if granted { Outcome::Allow } else { Outcome::ImplicitDeny };
        decision.decided_by = Some(by);
        decision
    }

    /// Whether a request that nothing denies is allowed, and the layer that allows it or fails to.
    fn grants(&self, asked: &Asked<'_>, decision: &Decision) -> (bool, Layer) {
        let request = &*asked.authorized;
        for layer in [Layer::ServiceControl, Layer::Endpoint] {
            let closed = decision.layer(layer).is_some_and(|layer| layer.outcome == Outcome::ImplicitDeny);
            if closed {
                return (false, layer);
            }
        }
        let grant = grant::of(&self.resource, asked);
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
            Some(Standing::Caller) => (true, Layer::Resource),
            Some(Standing::Role) => {
                for layer in [Layer::Boundary, Layer::Session] {
                    if !decision.allows(layer) {
                        return (false, layer);
                    }
                }
                (true, Layer::Resource)
            }
            // A role that assumes itself has to be named.
            Some(Standing::Account) if assumes_itself(request) => (false, Layer::Resource),
            None if resource_must_allow(request) => (false, Layer::Resource),
            Some(Standing::Account) | None => own(),
        }
    }
}

fn is_root(request: &Request) -> bool {
    Subject::of(request).resource_part() == Some("root")
}

fn is_federated_user(request: &Request) -> bool {
    Subject::of(request).resource_part().is_some_and(|resource| resource.starts_with("federated-user/"))
}

/// Whether caller and resource are of one account; a resource that does not say is the caller's, and so is what AWS
/// itself provides, such as `arn:aws:iam::aws:policy/ReadOnlyAccess`.
fn is_within_account(request: &Request) -> bool {
    let named =
        || Arn::parse(&request.resource).map(|arn| arn.account).filter(|account| is_account_id(account));
    let owner = request.resource_account.as_deref().or_else(named);
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
    is_about_trust(request)
        || (action_matches("kms:*", &request.action) && request.resource.contains(":key/"))
}

/// Whether the policy of the resource is the trust policy of a role.
pub(crate) fn is_about_trust(request: &Request) -> bool {
    let assumes = ["sts:AssumeRole*", "sts:TagSession", "sts:SetSourceIdentity"];
    assumes.iter().any(|pattern| action_matches(pattern, &request.action))
}
