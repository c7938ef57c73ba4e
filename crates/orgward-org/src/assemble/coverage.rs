//! Attachments of which nobody can say which goes where, and of which it is certain all the same where they go.
//!
//! AWS refuses to attach a policy twice to one target. So attachments of one policy have targets that differ, and a
//! plan that can be applied is one where they do. Two things follow. What one attachment is certain to be attached to,
//! no other of the same policy is. And as many attachments as there are candidates between them cover all candidates,
//! whichever takes which.

use std::collections::{BTreeMap, BTreeSet};

use orgward_plan::Address;

use crate::{Modality, NodeId, Resolved};

/// One end of an attachment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct End {
    pub(super) node: NodeId,
    pub(super) resolved: Resolved,
    pub(super) trail: Vec<String>,
}

impl End {
    pub(super) fn known(node: NodeId) -> Self {
        Self { node, resolved: Resolved::Known, trail: Vec::new() }
    }

    pub(super) fn candidates(nodes: Vec<NodeId>, trail: &[String]) -> Vec<Self> {
        let end = |node| Self { node, resolved: Resolved::Candidates, trail: trail.to_vec() };
        nodes.into_iter().map(end).collect()
    }
}

/// An attachment with what either end may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pending {
    pub(super) address: Address,
    /// The address without the key of the instance.
    pub(super) resource: Address,
    pub(super) policies: Vec<End>,
    pub(super) targets: Vec<End>,
    pub(super) window: bool,
    /// Whether the targets are no more than an upper bound: then nothing follows from them.
    pub(super) bounded: bool,
}

impl Pending {
    /// The policy, when it is certain.
    fn policy(&self) -> Option<NodeId> {
        match self.policies.as_slice() {
            [only] if only.resolved.modality() == Modality::Must => Some(only.node),
            _ => None,
        }
    }

    fn is_open(&self) -> bool {
        self.targets.iter().any(|target| target.resolved.modality() == Modality::May)
    }

    fn nodes(&self) -> BTreeSet<NodeId> {
        self.targets.iter().map(|target| target.node).collect()
    }
}

/// Draws both conclusions until nothing new follows.
pub(super) fn settle(mut pending: Vec<Pending>) -> Vec<Pending> {
    while eliminate(&mut pending) || cover(&mut pending) {}
    pending
}

/// Takes targets that are taken off the candidates of others. Returns whether there were any.
fn eliminate(pending: &mut [Pending]) -> bool {
    let taken = taken(pending);
    let mut changed = false;
    for each in pending.iter_mut().filter(|each| each.is_open() && !each.bounded) {
        let Some(taken) = each.policy().and_then(|policy| taken.get(&policy)) else { continue };
        let left: Vec<End> =
            each.targets.iter().filter(|target| !taken.contains(&target.node)).cloned().collect();
        // Where nothing is left, the plan contradicts itself, and nothing follows.
        if left.is_empty() || left.len() == each.targets.len() {
            continue;
        }
        changed = true;
        each.targets = left;
        if let [only] = each.targets.as_mut_slice() {
            only.resolved = Resolved::Typed;
            only.trail.push("all other candidates have the policy already, by other attachments".to_owned());
        }
    }
    changed
}

/// What policies are certain to be attached to.
fn taken(pending: &[Pending]) -> BTreeMap<NodeId, BTreeSet<NodeId>> {
    let mut taken: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
    for each in pending.iter().filter(|each| !each.is_open()) {
        if let Some(policy) = each.policy() {
            taken.entry(policy).or_default().extend(each.nodes());
        }
    }
    taken
}

/// Finds as many attachments of one resource as they have candidates between them. Returns whether there were any.
fn cover(pending: &mut [Pending]) -> bool {
    let mut groups: BTreeMap<(NodeId, Address, BTreeSet<NodeId>), Vec<usize>> = BTreeMap::new();
    for (at, each) in pending.iter().enumerate().filter(|(_, each)| each.is_open() && !each.bounded) {
        if let Some(policy) = each.policy() {
            groups.entry((policy, each.resource.clone(), each.nodes())).or_default().push(at);
        }
    }
    let taken = taken(pending);
    let mut changed = false;
    for ((policy, resource, nodes), members) in groups {
        let clash = taken.get(&policy).is_some_and(|taken| !taken.is_disjoint(&nodes));
        if members.len() != nodes.len() || clash {
            continue;
        }
        changed = true;
        let why = format!(
            "{} attachments have these {} candidates between them, and no policy is attached twice to one target",
            members.len(),
            nodes.len()
        );
        // Which instance takes which target stays open: the edge names the resource as a whole.
        for (at, node) in members.into_iter().zip(nodes) {
            let Some(each) = pending.get_mut(at) else { continue };
            each.targets.retain(|target| target.node == node);
            each.address = resource.clone();
            for target in &mut each.targets {
                target.resolved = Resolved::Typed;
                target.trail.push(why.clone());
            }
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(address: &str, policy: usize, targets: &[usize], resolved: Resolved) -> Pending {
        let end = |node: &usize| End { node: NodeId::new(*node), resolved, trail: Vec::new() };
        Pending {
            address: Address::new(address),
            resource: Address::new(address.split('[').next().unwrap()),
            policies: vec![End::known(NodeId::new(policy))],
            targets: targets.iter().map(end).collect(),
            window: false,
            bounded: false,
        }
    }

    fn certain(pending: &[Pending]) -> Vec<(&str, usize)> {
        let open = pending.iter().filter(|each| !each.is_open());
        open.flat_map(|each| each.targets.iter().map(|target| (each.address.as_str(), target.node.index())))
            .collect()
    }

    #[test]
    fn two_instances_over_two_candidates_cover_both_and_nobody_says_which_takes_which() {
        let open = Resolved::Candidates;
        let settled = settle(vec![pending("a[0]", 1, &[2, 3], open), pending("a[1]", 1, &[2, 3], open)]);
        assert_eq!(certain(&settled), [("a", 2), ("a", 3)]);
    }

    #[test]
    fn two_instances_over_three_candidates_leave_one_out_and_nobody_knows_which() {
        let open = Resolved::Candidates;
        let settled =
            settle(vec![pending("a[0]", 1, &[2, 3, 4], open), pending("a[1]", 1, &[2, 3, 4], open)]);
        assert_eq!(certain(&settled), []);
    }

    #[test]
    fn attachments_of_different_policies_may_share_a_target() {
        let open = Resolved::Candidates;
        let settled = settle(vec![pending("a[0]", 1, &[2, 3], open), pending("a[1]", 9, &[2, 3], open)]);
        assert_eq!(certain(&settled), []);
    }

    #[test]
    fn a_target_that_has_the_policy_already_is_no_candidate() {
        let settled = settle(vec![
            pending("known", 1, &[2], Resolved::Exact),
            pending("other", 1, &[2, 3], Resolved::Candidates),
        ]);
        assert_eq!(certain(&settled), [("known", 2), ("other", 3)]);
    }

    #[test]
    fn an_upper_bound_proves_nothing_even_where_it_has_one_member() {
        let open = Resolved::Candidates;
        let mut pending = vec![pending("a", 1, &[2], open), pending("b", 1, &[2, 3], Resolved::Exact)];
        pending[0].bounded = true;
        let settled = settle(pending);
        assert!(settled[0].is_open(), "{settled:?}");
    }

    #[test]
    fn a_plan_that_contradicts_itself_proves_nothing() {
        let settled = settle(vec![
            pending("known", 1, &[2], Resolved::Exact),
            pending("other", 1, &[2], Resolved::Candidates),
        ]);
        assert_eq!(certain(&settled), [("known", 2)]);
    }
}
