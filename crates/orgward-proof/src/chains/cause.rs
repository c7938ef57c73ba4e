//! What makes organization policies deny less to an account, or more.

use std::collections::BTreeMap;

use orgward_iam::Effect;
use orgward_org::{Attached, Change, Key, Level, NodeId, Organization, PolicyChain};
use orgward_plan::Address;

use super::{Pair, levels_above};

/// What takes a denial away.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cause {
    /// The policy type is turned off.
    Disabled(Option<Address>),
    /// The account, or a unit above it, lies elsewhere.
    Moved {
        /// The account or unit.
        what: Key,
        /// The path of its parent before.
        from: String,
        /// The path of its parent after.
        to: String,
    },
    /// The guardrail is no longer attached.
    Detached {
        /// The resource that attaches it.
        by: Option<Address>,
        /// The path of what it is detached from.
        from: String,
    },
    /// Something else is attached beside an allow-list, and allows what the list left out.
    Beside {
        /// The resource that attaches it.
        by: Option<Address>,
        /// The policy that is attached.
        what: String,
        /// The path of what it is attached to.
        at: String,
    },
    /// The guardrail says something else.
    Rewritten,
}

impl Cause {
    /// Why what one guardrail denies at a level is not denied any more to a member of a pair.
    pub fn of_denial(
        cx: Change<&Organization>,
        pair: &Pair<'_>,
        level: NodeId,
        attached: &Attached<'_>,
        member: (NodeId, NodeId),
    ) -> Self {
        if let Some(cause) = Self::of_all(cx, pair, level, member) {
            return cause;
        }
        let (level, key) = own_level(cx, pair, level, member);
        let org_policy = attached.org_policy;
        let attached_after = key.and_then(|level| cx.after.find(&level)).is_some_and(|level| {
            cx.after.attached_to(level).iter().any(|(after, _)| after.node.key == org_policy.node.key)
        });
        if attached_after {
            return Self::Rewritten;
        }
        let by = cx.before.targets_of(org_policy.id).into_iter().find(|(target, _)| *target == level);
        Self::Detached {
            by: by.and_then(|(_, attachment)| attachment.address.clone()),
            from: cx.before.path(level),
        }
    }

    /// Why what a level leaves out is allowed to a member of a pair.
    pub fn of_silence(
        cx: Change<&Organization>,
        pair: &Pair<'_>,
        here: &Level<'_>,
        member: (NodeId, NodeId),
    ) -> Self {
        if let Some(cause) = Self::of_all(cx, pair, here.id, member) {
            return cause;
        }
        let (level, key) = own_level(cx, pair, here.id, member);
        let after = key.and_then(|level| cx.after.find(&level));
        let attached = after.map(|level| cx.after.attached_to(level)).unwrap_or_default();
        let added = attached.into_iter().find(|(org_policy, _)| {
            let allows = org_policy.data.document.policy().is_none_or(|policy| {
                policy.statements.iter().any(|statement| statement.effect.value == Effect::Allow)
            });
            allows && !here.attached.iter().any(|old| old.org_policy.node.key == org_policy.node.key)
        });
        match added {
            Some((org_policy, attachment)) => Self::Beside {
                by: attachment.address.clone(),
                what: org_policy.node.title(),
                at: cx.before.path(level),
            },
            None => Self::Rewritten,
        }
    }

    /// What takes away all that is attached to a level.
    fn of_all(
        cx: Change<&Organization>,
        pair: &Pair<'_>,
        level: NodeId,
        member: (NodeId, NodeId),
    ) -> Option<Self> {
        if pair.after.enabled == Some(false) {
            return Some(Self::Disabled(cx.after.enabler().or(cx.before.enabler()).cloned()));
        }
        let before = levels(cx.before, &pair.before, member.0);
        let after = levels(cx.after, &pair.after, member.1);
        let (_, level) = own_level(cx, pair, level, member);
        if level.is_none_or(|level| after.contains(&level)) {
            return None;
        }
        let parents = |path: &[Key]| -> BTreeMap<Key, Key> {
            path.windows(2).filter_map(|pair| Some((pair.last()?.clone(), pair.first()?.clone()))).collect()
        };
        let (old, new) = (parents(&before), parents(&after));
        let moved = before.iter().rev().find(|step| old.get(*step) != new.get(*step));
        let what = moved.filter(|what| after.contains(what))?;
        let path = |organization: &Organization| {
            let id = organization.find(what);
            let parent = id.and_then(|id| organization.parents(id).first().map(|(parent, _)| *parent));
            parent.map_or_else(|| "an unknown place".to_owned(), |parent| organization.path(parent))
        };
        Some(Self::Moved { what: what.clone(), from: path(cx.before), to: path(cx.after) })
    }

    /// Whether it takes away everything at once, so that one finding is enough for all guardrails.
    pub fn is_of_all(&self) -> bool {
        matches!(self, Self::Disabled(_) | Self::Moved { .. })
    }
}

/// The levels of a member, down to itself. The policy chain of a pair ends in its first member.
fn levels(organization: &Organization, chain: &PolicyChain<'_>, end: NodeId) -> Vec<Key> {
    let own = organization.node(end).map(|node| node.key.clone());
    levels_above(organization, chain).into_iter().chain(own).collect()
}

/// A level of the policy chain before, or the member itself where that is meant, and its key.
fn own_level(
    cx: Change<&Organization>,
    pair: &Pair<'_>,
    level: NodeId,
    member: (NodeId, NodeId),
) -> (NodeId, Option<Key>) {
    let is_end = pair.before.levels.last().is_some_and(|here| here.id == level);
    let level = if is_end { member.0 } else { level };
    (level, cx.before.node(level).map(|node| node.key.clone()))
}
