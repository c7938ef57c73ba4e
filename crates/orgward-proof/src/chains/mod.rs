//! The guardrails above accounts, before a plan and after it: what is denied on one side and not on the other.

mod assumptions;
mod cause;
mod changes;
mod denials;
mod difference;
mod summary;

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::glob;
use orgward_org::{Key, Modality, NodeId, Organization, PolicyChain, PolicyType};

use crate::org_policies::ends;
use orgward_org::Change;

pub use self::assumptions::Assumptions;
pub use self::cause::Cause;
pub use self::changes::{ChainChange, Turned, changes};
pub use self::denials::{DenySource, Outcome, deniers, outcome};
pub use self::difference::{
    Counterexample, Difference, is_everything, newly_denied, passing, restricted, slips,
};
pub use self::summary::{enumerate, in_words};

/// Accounts that have the same guardrails before and the same after, and that these do not tell apart.
#[derive(Clone)]
pub struct Pair<'o> {
    /// The type of the policies.
    pub kind: PolicyType,
    /// The chain before the plan.
    pub before: PolicyChain<'o>,
    /// The chain after the plan.
    pub after: PolicyChain<'o>,
    /// Each on both sides.
    pub members: Vec<(NodeId, NodeId)>,
}

/// The accounts whose guardrails of a kind change, in groups. What the plan removes is not among them: what is closed
/// needs no guardrail.
pub fn changed<'o>(cx: Change<&'o Organization>, kind: &PolicyType) -> Vec<Pair<'o>> {
    if std::ptr::eq(cx.before, cx.after) {
        return Vec::new();
    }
    // Whoever lies in the same place and has the same of its own inherits the same: most accounts are told by that.
    let mut places: BTreeMap<_, Vec<(NodeId, NodeId)>> = BTreeMap::new();
    for (id, node) in ends(cx.before) {
        let Some(after_id) = cx.after.find(&node.key) else { continue };
        let sides = (place(cx.before, id), place(cx.after, after_id));
        places.entry(sides).or_default().push((id, after_id));
    }
    let mut pairs: BTreeMap<_, Pair<'o>> = BTreeMap::new();
    for members in places.into_values() {
        let Some(&(id, after_id)) = members.first() else { continue };
        let (before, after) = (cx.before.policy_chain(id, kind), cx.after.policy_chain(after_id, kind));
        let mut place = levels_above(cx.before, &before);
        place.extend(levels_above(cx.after, &after));
        pairs
            .entry((before.signature(), after.signature(), place))
            .or_insert_with(|| Pair { kind: kind.clone(), before, after, members: Vec::new() })
            .members
            .extend(members);
    }
    let changed = pairs.into_values().filter(|pair| {
        says(&pair.before) != says(&pair.after)
            || pair.moves(cx) && assumptions::mentions(&[&pair.before], assumptions::PATHS)
    });
    let apart = changed.flat_map(|pair| {
        let split = told_apart(cx.after, &[&pair.before, &pair.after], pair.members.clone(), |it| it.1);
        split.into_iter().map(move |members| Pair { members, ..pair.clone() })
    });
    apart.collect()
}

/// What decides which guardrails a node inherits: where it lies, what is attached to it, and the node itself where it
/// is no account that lies in one place.
fn place(organization: &Organization, id: NodeId) -> impl Ord + use<> {
    let parents = organization.parents(id);
    let attached: Vec<_> = organization
        .attached_to(id)
        .iter()
        .map(|(org_policy, attachment)| (org_policy.id, attachment.resolved.modality()))
        .collect();
    let is_plain = parents.len() == 1 && organization.account(id).is_some();
    (parents, attached, (!is_plain).then_some(id))
}

/// The levels above an account, by their keys.
pub fn levels_above(organization: &Organization, chain: &PolicyChain<'_>) -> Vec<Key> {
    let above = chain.levels.split_last().map_or(&[][..], |(_, above)| above);
    above.iter().filter_map(|level| organization.node(level.id)).map(|node| node.key.clone()).collect()
}

/// All that a policy chain says, wherever its levels are: two that are equal deny the same requests.
fn says<'l>(chain: &'l PolicyChain<'_>) -> impl PartialEq + use<'l> {
    let one = |org_policy: &'l orgward_org::OrgPolicy, modality: Modality| {
        let document = &org_policy.document;
        // What cannot be read is the same only if it is the same document.
        let text = if document.policy().is_some() { document.text.expose() } else { &document.name };
        (document.policy().is_some(), text, modality)
    };
    let levels: Vec<BTreeSet<_>> = chain
        .levels
        .iter()
        .map(|level| {
            let attached = level.attached.iter();
            attached.map(|it| one(it.org_policy.data, it.attachment.resolved.modality())).collect()
        })
        .collect();
    let unresolved_targets: BTreeSet<_> =
        chain.unresolved_targets.iter().map(|it| one(it.data, Modality::May)).collect();
    (levels, unresolved_targets, &chain.gaps, chain.enabled == Some(false))
}

/// Accounts that have the same guardrails, and that these do not tell apart.
#[derive(Clone)]
pub struct Standing<'o> {
    /// The chain that they share.
    pub chain: PolicyChain<'o>,
    /// The accounts.
    pub members: Vec<NodeId>,
}

/// All accounts under guardrails of a kind, in groups.
pub fn standing<'o>(organization: &'o Organization, kind: &PolicyType) -> Vec<Standing<'o>> {
    let mut places: BTreeMap<_, Vec<NodeId>> = BTreeMap::new();
    for (id, _) in ends(organization) {
        places.entry(place(organization, id)).or_default().push(id);
    }
    let mut groups: BTreeMap<_, Standing<'o>> = BTreeMap::new();
    for members in places.into_values() {
        let Some(&first) = members.first() else { continue };
        let chain = organization.policy_chain(first, kind);
        let above = levels_above(organization, &chain);
        let group = groups.entry((chain.signature(), above));
        group.or_insert_with(|| Standing { chain, members: Vec::new() }).members.extend(members);
    }
    let apart = groups.into_values().flat_map(|group| {
        let Standing { chain, members } = group;
        let split = told_apart(organization, &[&chain], members, |member| *member);
        split.into_iter().map(move |members| Standing { chain: chain.clone(), members })
    });
    apart.collect()
}

/// The same members, in groups that the policies of policy chains cannot tell apart.
fn told_apart<T>(
    organization: &Organization,
    policy_chains: &[&PolicyChain<'_>],
    members: Vec<T>,
    account: impl Fn(&T) -> NodeId,
) -> Vec<Vec<T>> {
    let marks = account_marks(policy_chains);
    let mut groups: BTreeMap<Vec<bool>, Vec<T>> = BTreeMap::new();
    for member in members {
        let account = organization.symbolic_account_id(account(&member)).unwrap_or_default();
        let marked = marks.iter().map(|mark| glob(mark, account)).collect();
        groups.entry(marked).or_default().push(member);
    }
    groups.into_values().collect()
}

/// Whatever can stand for some accounts and not for others in a policy: digits, with wildcards or without.
fn account_marks(policy_chains: &[&PolicyChain<'_>]) -> BTreeSet<String> {
    let mut marks = BTreeSet::new();
    for chain in policy_chains {
        let attached = chain.levels.iter().flat_map(|level| &level.attached).map(|it| it.org_policy);
        for org_policy in attached.chain(chain.unresolved_targets.iter().copied()) {
            let text = org_policy.data.document.text.expose();
            let runs = text.split(|char: char| !char.is_ascii_digit() && !matches!(char, '*' | '?'));
            let telling = runs.filter(|run| {
                let digits = run.bytes().filter(u8::is_ascii_digit).count();
                digits == 12 || (digits > 0 && digits < run.len())
            });
            marks.extend(telling.map(str::to_owned));
        }
    }
    marks
}

impl Pair<'_> {
    /// Whether a policy on either side is marked sensitive.
    pub fn is_sensitive(&self) -> bool {
        let levels = self.before.levels.iter().chain(&self.after.levels);
        levels.flat_map(|level| &level.attached).any(|it| it.org_policy.data.document.text.is_sensitive())
    }

    /// Whether the accounts lie elsewhere after the plan.
    pub fn moves(&self, cx: Change<&Organization>) -> bool {
        levels_above(cx.before, &self.before) != levels_above(cx.after, &self.after)
    }

    /// Why less is known of the guardrails after the plan than before, one sentence each.
    pub fn new_doubts(&self) -> Vec<String> {
        let old = self.before.doubts();
        self.after.doubts().into_iter().filter(|doubt| !old.contains(doubt)).collect()
    }

    /// What is known of the requests of the account at the end.
    pub fn assumptions(&self, cx: Change<&Organization>) -> Assumptions {
        let account = self.members.first().and_then(|(_, after)| {
            cx.after.account(*after)?;
            cx.after.symbolic_account_id(*after)
        });
        Assumptions::of(&self.kind, cx.after, account, &[&self.before, &self.after])
    }
}
