//! What people ask about policies. Each question is about one set of requests: is there one in it?

use std::collections::BTreeSet;

use super::Budget;
use super::set::{Answer, Callers, RequestSet};
use super::universe::Universe;
use crate::arn::Arn;
use crate::{Effect, Kind, Policy, PolicyChain, PrincipalPattern};

/// How what two policies allow compares.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Relation {
    /// They allow the same requests.
    Equivalent,
    /// The new one allows strictly less.
    Narrower,
    /// The new one allows strictly more.
    Wider,
    /// Each allows something that the other does not.
    Incomparable,
    /// It cannot be told.
    Undecided,
}

/// A request that one policy allows and the other does not; none if and only if there is none.
///
/// Policies that allow nothing by themselves are compared by what they leave to others to allow: service control
/// policies and resource control policies one by one, since `FullAWSAccess` stands beside them, and the rest when
/// neither allows anything.
pub fn allowed_but_not(new: &Policy, old: &Policy) -> Answer {
    gained(new, old).example()
}

/// The requests that one policy allows and the other does not.
pub(super) fn gained<'p>(new: &'p Policy, old: &'p Policy) -> RequestSet<'p> {
    let control = matches!(new.kind, Kind::ServiceControl | Kind::ResourceControl);
    let (new_only, old_only) = (only_denies(new), only_denies(old));
    let left = |policy: &'p Policy, only: bool| {
        if only && (control || new_only && old_only) { undenied(policy) } else { RequestSet::allowed(policy) }
    };
    bound(new).and(left(new, new_only)).minus(left(old, old_only))
}

/// Whether a policy has no statement that allows.
pub fn only_denies(policy: &Policy) -> bool {
    policy.statements.iter().all(|statement| statement.effect.value == Effect::Deny)
}

fn undenied(policy: &Policy) -> RequestSet<'_> {
    RequestSet::everything().minus(RequestSet::effect(policy, Effect::Deny))
}

/// What else has to allow a request within one account that the policy of a resource grants (IAM user guide,
/// "Evaluating policies within a single account"). Each grants more firmly than the one before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Standing {
    /// The grant is to the account: policies of the caller have to allow it, too.
    Account,
    /// The grant is to a role: its permissions boundary and session policies limit it.
    Role,
    /// The grant is to a session, to a user or to everybody: nothing else is needed.
    Caller,
}

impl Standing {
    /// The standing of what an entry of a `Principal` element grants.
    pub(crate) fn of(pattern: &PrincipalPattern) -> Self {
        let is_role = |arn: &str| {
            Arn::parse(arn).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("role/"))
        };
        match pattern {
            PrincipalPattern::Account(_) => Self::Account,
            PrincipalPattern::Arn(arn) if is_role(arn) => Self::Role,
            PrincipalPattern::UniqueId(id) if id.starts_with("AROA") => Self::Role,
            _ => Self::Caller,
        }
    }
}

impl Policy {
    /// Whether it grants with a [`Standing`]: the policy of a role or another resource that names principals.
    pub(super) fn has_standing(&self) -> bool {
        let mut statements = self.statements.iter();
        matches!(self.kind, Kind::Trust | Kind::Resource)
            && statements.any(|it| it.effect.value == Effect::Allow && it.principals.is_some())
    }

    /// The policy with the grants of some standing at least.
    fn of_standing(&self, least: Standing) -> Self {
        let mut policy = self.clone();
        for statement in policy.statements.iter_mut().filter(|it| it.effect.value == Effect::Allow) {
            if let Some(principals) = statement.principals.as_mut().filter(|it| !it.not) {
                principals.patterns.retain(|pattern| Standing::of(&pattern.value) >= least);
            }
        }
        policy
    }
}

/// How two policies compare.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compared {
    /// How what they allow compares.
    pub relation: Relation,
    /// A request that the new policy allows and the old one does not, or does less firmly.
    pub gained: Answer,
    /// The reverse.
    pub lost: Answer,
    /// How firmly the new policy grants what the old one grants less firmly. `None` where the old one does not grant it
    /// at all.
    pub gained_standing: Option<Standing>,
    /// The reverse.
    pub lost_standing: Option<Standing>,
}

/// What the new policy allows and the old one does not, and the reverse. What both grant with different standing is
/// not the same.
pub fn compare(old: &Policy, new: &Policy) -> Compared {
    let (mut gain, mut loss) = (gained(new, old).example(), gained(old, new).example());
    let (mut gained_standing, mut lost_standing) = (None, None);
    if old.has_standing() && new.has_standing() {
        for least in [Standing::Role, Standing::Caller] {
            let (old, new) = (old.of_standing(least), new.of_standing(least));
            let principals = || RequestSet::by(Callers::Principals);
            let firmer = gained(&new, &old).and(principals()).example();
            let weaker = gained(&old, &new).and(principals()).example();
            if gain == Answer::None && firmer != Answer::None {
                (gain, gained_standing) = (firmer, Some(least));
            }
            if loss == Answer::None && weaker != Answer::None {
                (loss, lost_standing) = (weaker, Some(least));
            }
        }
    }
    let relation = match (&gain, &loss) {
        (Answer::Undecided(_), _) | (_, Answer::Undecided(_)) => Relation::Undecided,
        (Answer::None, Answer::None) => Relation::Equivalent,
        (Answer::None, Answer::Witness(_)) => Relation::Narrower,
        (Answer::Witness(_), Answer::None) => Relation::Wider,
        (Answer::Witness(_), Answer::Witness(_)) => Relation::Incomparable,
    };
    Compared { relation, gained: gain, lost: loss, gained_standing, lost_standing }
}

/// A request of a set that no chain denies; none if and only if the chains deny all of them. The chains are those
/// above the caller's account and above the resource's.
pub fn may_be_allowed<'p>(
    set: RequestSet<'p>,
    scp: Option<&PolicyChain<'p>>,
    rcp: Option<&PolicyChain<'p>>,
) -> Answer {
    let set = scp.iter().fold(set, |set, chain| set.and(RequestSet::passed(chain)));
    let set = rcp.iter().fold(set, |set, chain| set.and(RequestSet::passed_by_resource(chain)));
    set.example()
}

/// The statements of a policy that match no request at all.
pub fn dead_statements(policy: &Policy) -> Vec<usize> {
    let dead = |statement| bound(policy).and(RequestSet::matched(policy, statement)).is_empty();
    policy.statements.iter().enumerate().filter(|(_, statement)| dead(statement)).map(|(at, _)| at).collect()
}

/// A request that an identity policy does not allow; none if and only if it allows everything.
pub fn not_allowed(policy: &Policy) -> Answer {
    bound(policy).minus(RequestSet::allowed(policy)).example()
}

/// A request that a policy of a resource or a role allows to somebody outside some accounts who is no AWS service;
/// none if and only if it admits nobody else.
pub fn is_public(policy: &Policy, accounts: BTreeSet<String>) -> Answer {
    let known = RequestSet::by(Callers::Accounts(accounts)).or(RequestSet::by(Callers::Services));
    RequestSet::allowed(policy).minus(known).example()
}

impl RequestSet<'_> {
    /// An action of a request of another set for which this set has no request; none if and only if this set has a
    /// request for every action that the other has one for. Actions that no catalogue lists are among them.
    pub fn lacks_action_of(&self, other: &RequestSet<'_>) -> Result<Option<String>, String> {
        let both = self.clone().and(other.clone());
        both.ask(Budget::QUESTION, |budget| {
            let universe = Universe::of(&[self.formula(), other.formula()], budget)?;
            let (mine, theirs) = (universe.prepare(self), universe.prepare(other));
            let Some(actions) = universe.actions() else { return Ok(None) };
            let groups = universe.dimensions.get(actions).map_or(0, |(_, values)| values.points.len());
            for at in 0..groups {
                let Some(request) = theirs.search_at((actions, at), budget)? else { continue };
                if mine.search_at((actions, at), budget)?.is_none() {
                    return Ok(Some(request.action));
                }
            }
            Ok(None)
        })
    }
}

/// The requests that policies of a kind are asked about.
pub(super) fn bound<'p>(policy: &Policy) -> RequestSet<'p> {
    match policy.kind {
        Kind::Identity => RequestSet::by(Callers::Principals),
        Kind::ServiceControl => RequestSet::bound(),
        Kind::ResourceControl => RequestSet::everything().minus(RequestSet::by(Callers::ServiceLinked)),
        Kind::Trust | Kind::Resource => RequestSet::everything(),
    }
}
