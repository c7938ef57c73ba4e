//! Which comes first, the change of a policy or the call that it is about.

use orgward_iam::Effect;
use orgward_org::{Change, NodeId, Organization, PlannedChange, PolicyType};
use orgward_plan::Address;

use super::{Denial, DenialSource};

/// When a call is made, seen from the change of what denies it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    /// Before the policy changes.
    Before,
    /// Once it is changed.
    After,
    /// Nothing says it.
    Unknown,
}

/// The changes that make policies deny a call on one side of the plan and not on the other.
#[derive(Default, Debug)]
struct Setters<'o> {
    /// Each of them is needed for a denial to begin, and enough for one to end.
    decisive: Vec<&'o PlannedChange>,
    /// Others that may have a part in it.
    further: Vec<&'o PlannedChange>,
}

/// When a change is made, seen from what the plan does to a policy that denies it on one side only: after the plan, where
/// the denial begins, or before it, where it ends.
pub(super) fn order(
    organization: Change<&Organization>,
    change: &PlannedChange,
    action: &str,
    denial: &Denial<'_>,
    begins: bool,
) -> Order {
    let Some(owner) = change.owner else { return Order::Unknown };
    let setters = setters(organization, owner, action, denial, begins);
    let all = || setters.decisive.iter().chain(&setters.further);
    if all().next().is_none() {
        return Order::Unknown;
    }
    let org = organization.after;
    let follows = |setter: &&PlannedChange| org.is_made_after(change, setter);
    // A call that sets a policy is judged by the one that stands.
    let precedes =
        |setter: &&PlannedChange| std::ptr::eq(*setter, change) || org.is_made_after(setter, change);
    let (decisive_before, decisive_after) =
        (setters.decisive.iter().any(precedes), setters.decisive.iter().any(follows));
    if all().all(follows) || (!begins && decisive_after) {
        Order::After
    } else if all().all(precedes) || (begins && decisive_before) {
        Order::Before
    } else {
        Order::Unknown
    }
}

fn setters<'o>(
    organization: Change<&'o Organization>,
    owner: NodeId,
    action: &str,
    denial: &Denial<'_>,
    begins: bool,
) -> Setters<'o> {
    let planned = || organization.after.planned().iter();
    match denial.source {
        DenialSource::Resource(policy) => Setters {
            decisive: planned()
                .filter(|it| it.address == policy.address && it.stack == policy.stack)
                .collect(),
            further: Vec::new(),
        },
        DenialSource::Principal { given_by, stack, document } => {
            let is_of = |address: &Address| {
                let rest = document.strip_prefix(address.as_str());
                rest.is_some_and(|rest| rest.starts_with('.'))
            };
            let concerns = |it: &&PlannedChange| {
                it.stack.as_deref() == stack && (Some(&it.address) == given_by || is_of(&it.address))
            };
            Setters { decisive: Vec::new(), further: planned().filter(concerns).collect() }
        }
        DenialSource::OrgPolicy { policy, level } => {
            let mut setters = of_level(organization, level, begins, begins, |_, id| id == policy);
            setters.decisive.extend(moves(organization, owner, level, begins));
            setters
        }
        DenialSource::Silence { level } => {
            // Policies that allow it stand in its way on the other side.
            let mut setters = of_level(organization, level, begins, !begins, |side, id| {
                let document = side.org_policy(id).map(|policy| policy.data.document.policy());
                let Some(Some(policy)) = document else { return true };
                let mut statements = policy.statements.iter();
                statements.any(|it| it.effect.value == Effect::Allow && it.covers_action(action))
            });
            setters.decisive.extend(moves(organization, owner, level, begins));
            setters
        }
    }
}

/// Both sides of a change: the one after the plan first, or the other one.
fn sides(organization: Change<&Organization>, after: bool) -> [&Organization; 2] {
    let Change { before, after: new } = organization;
    if after { [new, before] } else { [before, new] }
}

/// The changes of policies at a level and of their attachments. The level is one of the side after the plan if
/// `level_after`; policies count that are attached to it after the plan if `policies_after`, and that `is_meant` admits.
fn of_level<'o>(
    organization: Change<&'o Organization>,
    level: NodeId,
    level_after: bool,
    policies_after: bool,
    is_meant: impl Fn(&Organization, NodeId) -> bool,
) -> Setters<'o> {
    let key = sides(organization, level_after)[0].node(level).map(|node| &node.key);
    let [side, other] = sides(organization, policies_after);
    let at = |side: &'o Organization| {
        let level = key.and_then(|key| side.find(key));
        level.map_or_else(Vec::new, |level| side.attached_to(level))
    };
    let there = at(other);
    let changes = |address: Option<&Address>| {
        let address = address.cloned();
        organization.after.planned().iter().filter(move |it| Some(&it.address) == address.as_ref())
    };
    let mut setters = Setters::default();
    for (policy, attachment) in at(side).into_iter().filter(|(policy, _)| is_meant(side, policy.id)) {
        let (own, attaches) = (changes(policy.node.address.as_ref()), changes(attachment.address.as_ref()));
        if there.iter().any(|(other, _)| other.node.key == policy.node.key) {
            setters.decisive.extend(own);
            setters.further.extend(attaches);
        } else {
            setters.decisive.extend(attaches);
            setters.further.extend(own);
        }
    }
    setters
}

/// The changes by which an account comes to be below a level, or policies of this type come to act. The level is one of
/// the side after the plan if `is_after`; the account is one of that side in any case.
fn moves<'o>(
    organization: Change<&'o Organization>,
    owner: NodeId,
    level: NodeId,
    is_after: bool,
) -> Vec<&'o PlannedChange> {
    let [side, other] = sides(organization, is_after);
    let Some(account) = organization.after.node(owner) else { return Vec::new() };
    let chain = |side: &'o Organization| {
        Some(side.policy_chain(side.find(&account.key)?, &PolicyType::ServiceControl))
    };
    let (Some(here), there) = (chain(side), chain(other)) else { return Vec::new() };
    let key = side.node(level).map(|node| &node.key);
    let levels = there.iter().flat_map(|chain| &chain.levels);
    let is_there = levels.filter_map(|level| other.node(level.id)).any(|node| Some(&node.key) == key);
    let below: Vec<&Address> = here
        .levels
        .iter()
        .skip_while(|at| at.id != level)
        .skip(1)
        .filter_map(|at| side.node(at.id)?.address.as_ref())
        .collect();
    let enabled = there.is_none_or(|there| there.enabled == here.enabled);
    let concerns = |change: &&PlannedChange| {
        (!is_there && below.contains(&&change.address))
            || (!enabled && &*change.kind == "aws_organizations_organization")
    };
    organization.after.planned().iter().filter(concerns).collect()
}
