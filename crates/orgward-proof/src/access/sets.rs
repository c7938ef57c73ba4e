//! What a principal can do, as sets of requests.

use orgward_iam::{Actions, Claim, Effect, Policy, PrincipalPattern, RequestSet, Statement};
use orgward_org::{NodeId, Resource};

use super::Access;
use super::subject::{Cap, Subject};

/// Which of two bounds is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Side {
    /// What is certainly allowed, whatever the unknown turns out to be.
    AtLeast,
    /// What may be allowed.
    AtMost,
}

/// Which statements have to do with a question. For a question that the others have nothing to do with, the answer is
/// the same without them.
#[derive(Clone, Copy, Debug)]
pub(super) enum About<'a> {
    /// All of them.
    Everything,
    /// Those that are about one action.
    Action(&'a str),
    /// Those that may be about one of some actions.
    Actions(&'a Actions),
}

impl<'a> About<'a> {
    /// What has to do with the requests of a claim.
    pub(super) fn claimed(claim: &'a Claim) -> Self {
        let wanted = claim.policy().statements.first();
        wanted.map_or(Self::Everything, |statement| Self::Actions(&statement.actions))
    }

    pub(super) fn is_met_by(self, statement: &Statement) -> bool {
        match self {
            Self::Everything => true,
            Self::Action(action) => statement.covers_action(action),
            Self::Actions(actions) => statement.actions.meets(actions),
        }
    }
}

/// The requests that the statements of one effect match.
pub(super) fn effect<'p>(policy: &'p Policy, wanted: Effect, about: About<'_>) -> RequestSet<'p> {
    let statements = policy.statements.iter().filter(|it| it.effect.value == wanted && about.is_met_by(it));
    statements.fold(RequestSet::nothing(), |all, statement| all.or(RequestSet::matched(policy, statement)))
}

/// What the policy of a resource allows, by what else has to allow it (semantics D.1): the account needs an identity
/// policy, the role is bounded by boundary and session, a caller named itself and everybody by neither.
#[derive(Clone, Debug)]
pub struct ByStanding {
    pub(super) account: Policy,
    pub(super) role: Policy,
    pub(super) caller: Policy,
    pub(super) whole: Policy,
}

impl ByStanding {
    /// The policy of a resource, taken apart.
    pub fn of(policy: &Policy) -> Self {
        let only = |wanted: fn(&PrincipalPattern) -> bool, not: bool| {
            let mut part = policy.clone();
            part.statements = policy.statements.iter().filter_map(|it| narrowed(it, wanted, not)).collect();
            part
        };
        Self {
            account: only(|pattern| matches!(pattern, PrincipalPattern::Account(_)), false),
            role: only(is_role, false),
            caller: only(
                |pattern| !matches!(pattern, PrincipalPattern::Account(_)) && !is_role(pattern),
                true,
            ),
            whole: policy.clone(),
        }
    }

    pub(super) fn denied(&self) -> RequestSet<'_> {
        RequestSet::effect(&self.whole, Effect::Deny)
    }

    pub(super) fn allowed(&self) -> RequestSet<'_> {
        RequestSet::effect(&self.whole, Effect::Allow)
    }
}

/// An allowing statement with the principals of one standing only.
fn narrowed(statement: &Statement, wanted: fn(&PrincipalPattern) -> bool, not: bool) -> Option<Statement> {
    if statement.effect.value != Effect::Allow {
        return None;
    }
    let mut statement = statement.clone();
    match &mut statement.principals {
        None => return not.then_some(statement),
        Some(principals) if principals.not => return not.then_some(statement),
        Some(principals) => {
            principals.patterns.retain(|pattern| wanted(&pattern.value));
            if principals.patterns.is_empty() {
                return None;
            }
        }
    }
    Some(statement)
}

pub(super) fn is_role(pattern: &PrincipalPattern) -> bool {
    match pattern {
        PrincipalPattern::Arn(arn) => arn.contains(":iam::") && arn.contains(":role/"),
        PrincipalPattern::UniqueId(id) => id.starts_with("AROA"),
        _ => false,
    }
}

impl<'o> Subject<'o> {
    /// What its identity policies allow, whatever they deny.
    pub(super) fn granted(&self, side: Side, about: About<'_>) -> RequestSet<'o> {
        if side == Side::AtMost && !self.unknowns.is_empty() {
            return RequestSet::everything();
        }
        let held = self.held.iter().filter(|held| held.must || side == Side::AtMost);
        held.fold(RequestSet::nothing(), |all, held| all.or(effect(held.policy, Effect::Allow, about)))
    }

    /// What its identity policies and its boundary deny.
    pub(super) fn denied(&self, side: Side, about: About<'_>) -> RequestSet<'o> {
        if side == Side::AtLeast && !self.unknowns.is_empty() {
            return RequestSet::everything();
        }
        let held = self.held.iter().filter(|held| held.must || side == Side::AtLeast);
        let own =
            held.fold(RequestSet::nothing(), |all, held| all.or(effect(held.policy, Effect::Deny, about)));
        match &self.cap {
            Cap::Policy { policy, .. } => own.or(effect(policy, Effect::Deny, about)),
            Cap::Unknown(_) if side == Side::AtLeast => RequestSet::everything(),
            Cap::None | Cap::Unknown(_) => own,
        }
    }

    /// What its boundary leaves to its policies to allow.
    pub(super) fn within(&self, side: Side, about: About<'_>) -> RequestSet<'o> {
        match &self.cap {
            Cap::None => RequestSet::everything(),
            Cap::Policy { policy, .. } => effect(policy, Effect::Allow, about),
            Cap::Unknown(_) if side == Side::AtMost => RequestSet::everything(),
            Cap::Unknown(_) => RequestSet::nothing(),
        }
    }
}

impl<'o> Access<'o> {
    /// What the service control policies of an account leave open. What no input shows counts for nothing: the answer
    /// is about everything that the inputs show.
    pub(super) fn scp(&self, account: Option<NodeId>, side: Side, about: About<'_>) -> RequestSet<'_> {
        let Some((scp, _)) = account.and_then(|account| self.chains.get(&account)) else {
            return RequestSet::everything();
        };
        if account == self.org.management() {
            return RequestSet::everything();
        }
        let whole = scp.gaps.is_empty() && scp.enabled.is_some();
        let relevant = |_: &Policy, statement: &Statement| about.is_met_by(statement);
        if side == Side::AtLeast && whole {
            scp.certainly_open_among(&relevant)
        } else {
            scp.not_denied_among(&relevant)
        }
    }

    /// What the resource control policies of an account leave open.
    pub(super) fn rcp(&self, account: Option<NodeId>, side: Side, about: About<'_>) -> RequestSet<'_> {
        let Some((_, Some(rcp))) = account.and_then(|account| self.chains.get(&account)) else {
            return RequestSet::everything();
        };
        let whole = rcp.gaps.is_empty() && rcp.enabled.is_some();
        let relevant = |_: &Policy, statement: &Statement| about.is_met_by(statement);
        if side == Side::AtLeast && whole {
            rcp.certainly_open_among(&relevant)
        } else {
            rcp.not_denied_among(&relevant)
        }
    }

    /// Whether both bounds of what the chain above an account leaves open are the same.
    pub(super) fn is_settled(&self, account: Option<NodeId>) -> bool {
        account.and_then(|account| self.chains.get(&account)).is_none_or(|(scp, _)| {
            let mut attached = scp.levels.iter().flat_map(|level| &level.attached);
            scp.unresolved_targets.is_empty()
                && attached.all(|it| {
                    it.modality() == orgward_org::Modality::Must
                        && it.org_policy.data.document.policy().is_some()
                })
        })
    }

    /// What a principal can do by its own policies: granted, within its boundary and the service control policies.
    pub(super) fn own(&self, subject: &Subject<'o>, side: Side, about: About<'_>) -> RequestSet<'_> {
        subject
            .granted(side, about)
            .and(subject.within(side, about))
            .and(self.scp(subject.account, side, about))
            .minus(subject.denied(side, about))
    }

    /// What a principal can do on a resource by all policies, the one of the resource included (semantics D.1, D.2).
    pub(super) fn on<'s>(
        &'s self,
        subject: &'s Subject<'o>,
        resource: &'s [ByStanding],
        place: (Option<NodeId>, Option<&str>),
        must_allow: bool,
        (side, about): (Side, About<'_>),
    ) -> RequestSet<'s> {
        let join = |part: fn(&'s ByStanding) -> &'s Policy| {
            resource
                .iter()
                .fold(RequestSet::nothing(), |all, it| all.or(RequestSet::effect(part(it), Effect::Allow)))
        };
        let denied = resource.iter().fold(subject.denied(side, about), |all, it| all.or(it.denied()));
        let own = subject.granted(side, about).and(subject.within(side, about));
        let same = place.1.is_none() || place.1 == subject.account_text.as_deref();
        let open = if same {
            let plain = if must_allow { join(|it| &it.account) } else { RequestSet::everything() };
            join(|it| &it.caller).or(join(|it| &it.role).and(subject.within(side, about))).or(plain.and(own))
        } else {
            resource.iter().fold(RequestSet::nothing(), |all, it| all.or(it.allowed())).and(own)
        };
        open.and(self.scp(subject.account, side, about)).and(self.rcp(place.0, side, about)).minus(denied)
    }
}

/// Whether the policies of a resource have to allow even what the account allows itself: keys do.
pub(super) fn must_allow(resource: &Resource) -> bool {
    resource.service == "kms"
}
