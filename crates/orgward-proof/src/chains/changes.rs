//! What organization policies deny from now on, and no more, whether or not a rule minds.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use orgward_iam::{ActionList, ActionSet, RequestSet};
use orgward_org::{Change, Key, NodeId, Organization, PolicyType};

use super::{Cause, Counterexample, DenySource, Outcome, Pair, changed, deniers, outcome};

/// What changes for accounts that a plan treats alike.
#[derive(Clone, Debug)]
pub struct ChainChange {
    /// The type of the policies.
    pub kind: PolicyType,
    /// The accounts and empty units, after the plan.
    pub members: Vec<NodeId>,
    /// Denied for certain before the plan and not after it.
    pub no_longer_denied: Turned,
    /// Denied for certain after the plan and not before it.
    pub newly_denied: Turned,
    /// What is undecided, one sentence each.
    pub undecided: BTreeSet<String>,
    /// Whether a policy on either side is marked sensitive, so that nothing of it may be shown.
    pub is_sensitive: bool,
}

/// Requests that one side of a change denies and the other does not.
#[derive(Clone, Debug, Default)]
pub struct Turned {
    /// The requests; `None` where there are none.
    pub requests: Option<Counterexample>,
    /// What brings it about, and the policies that deny them on the one side.
    pub causes: BTreeMap<Cause, BTreeSet<Key>>,
    /// Whether some requests for the same actions are not concerned.
    pub in_part: bool,
}

/// What a plan changes for accounts, those that it treats alike together. Empty for a plan that changes no organization
/// policy, no attachment and no account's place.
pub fn changes(cx: Change<&Organization>) -> Vec<ChainChange> {
    let mirrored = Change { before: cx.after, after: cx.before };
    let mut found = Vec::new();
    for kind in [PolicyType::ServiceControl, PolicyType::ResourceControl] {
        for pair in changed(cx, &kind) {
            let mut undecided: BTreeSet<String> = pair.new_doubts().into_iter().collect();
            let back = Pair {
                kind: pair.kind.clone(),
                before: pair.after.clone(),
                after: pair.before.clone(),
                members: pair.members.iter().map(|(before, after)| (*after, *before)).collect(),
            };
            undecided.extend(back.new_doubts().into_iter().map(|doubt| format!("until now, {doubt}")));
            let no_longer_denied = turned(cx, &pair, &mut undecided);
            let newly_denied = turned(mirrored, &back, &mut undecided);
            let nothing = no_longer_denied.requests.is_none() && newly_denied.requests.is_none();
            if nothing && undecided.is_empty() {
                continue;
            }
            found.push(ChainChange {
                kind: kind.clone(),
                members: pair.members.iter().map(|(_, after)| *after).collect(),
                no_longer_denied,
                newly_denied,
                undecided,
                is_sensitive: pair.is_sensitive(),
            });
        }
    }
    found
}

/// What a pair's first side denies for certain and its second side lets pass.
fn turned(cx: Change<&Organization>, pair: &Pair<'_>, undecided: &mut BTreeSet<String>) -> Turned {
    let Some(&member) = pair.members.first() else { return Turned::default() };
    let assumptions = pair.assumptions(cx);
    let open = pair.after.may_pass(&pair.kind);
    let mut by_cause: BTreeMap<Cause, Vec<DenySource<'_, '_>>> = BTreeMap::new();
    for denier in deniers(cx, pair) {
        if denier.hangs_on_place {
            undecided.insert(format!(
                "`{}` asks for `aws:PrincipalOrgPaths`, which the plan changes for what it moves",
                denier.org_policy.node.title()
            ));
            continue;
        }
        let set = assumptions.requests().and(denier.requests.clone()).and(open.clone());
        if !set.is_empty() {
            by_cause.entry(denier.cause(cx, pair, member)).or_default().push(denier);
        }
    }
    let mut turned = Turned::default();
    let mut parts = Vec::new();
    for (cause, deniers) in by_cause {
        let all = deniers.iter().map(|it| it.requests.clone()).fold(RequestSet::nothing(), RequestSet::or);
        let denied = assumptions.requests().and(all);
        match outcome(pair, &denied, &open) {
            Some((Outcome::Open(passing), in_part)) => {
                parts.push(passing);
                turned.in_part |= in_part;
                let policies = deniers.iter().map(|it| it.org_policy.node.key.clone());
                turned.causes.entry(cause).or_default().extend(policies);
            }
            Some((Outcome::Doubtful { reasons, .. }, _)) => undecided.extend(reasons),
            None => {}
        }
    }
    turned.requests = Counterexample::merged(&parts);
    turned
}

impl Counterexample {
    /// What was found in several places, as one.
    pub fn merged(parts: &[Rc<Self>]) -> Option<Self> {
        let plain = parts.iter().find(|part| !part.is_unlisted).or(parts.first())?;
        let mut actions = ActionList::default();
        for part in parts {
            actions.extend(&part.action_set.actions);
        }
        let unlisted = parts.iter().any(|part| part.action_set.unlisted);
        let action_set = ActionSet { examples: Vec::new(), actions, unlisted };
        Some(Self { action_set, example: plain.example.clone(), is_unlisted: plain.is_unlisted })
    }
}
