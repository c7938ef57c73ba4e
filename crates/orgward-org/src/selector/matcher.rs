//! Which accounts and units a selector matches.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use orgward_iam::glob;
use orgward_plan::Attr;

use super::Selector;
use crate::{
    AccountRole, Modality, Node, NodeId, NodeKind, Organization, RoleMatch, Structure, UnitRole,
    account_plays, unit_plays,
};

/// Matches selectors against the accounts and units of one organization.
pub struct Matcher<'o> {
    organization: &'o Organization,
    structure: &'o Structure,
    /// The ways that lead from the root to a node, the node included.
    trails: BTreeMap<NodeId, Rc<Vec<Trail>>>,
}

/// One way that may lead from the root to a node.
#[derive(Clone)]
struct Trail {
    steps: Vec<Step>,
    units: Vec<NodeId>,
}

#[derive(Clone, PartialEq, Eq)]
enum Step {
    /// A root, unit or account by its name.
    Name(String),
    /// A unit or account whose name is unknown or sensitive, so that any pattern may match it.
    Nameless,
    /// Any number of units.
    Unknown,
}

impl<'o> Matcher<'o> {
    /// Prepares for questions about one organization; `structure` says which roles units and accounts play.
    pub fn of(organization: &'o Organization, structure: &'o Structure) -> Self {
        Self { organization, structure, trails: BTreeMap::new() }
    }

    /// Whether one of several selectors matches a node: it must, it may, or (`None`) it does not. Without selectors
    /// every node matches. `matched` learns which selectors match, by their index.
    pub fn any(&mut self, selectors: &[Selector], id: NodeId, matched: &mut [bool]) -> Option<Modality> {
        if selectors.is_empty() {
            return Some(Modality::Must);
        }
        let mut best = None;
        for (index, selector) in selectors.iter().enumerate() {
            let modality = self.matches(selector, id);
            if let Some(matched) = matched.get_mut(index) {
                *matched |= modality.is_some();
            }
            best = best.max(modality);
        }
        best
    }

    /// Whether a selector matches a node: it must, it may, or (`None`) it does not. What cannot be compared may match.
    pub fn matches(&mut self, selector: &Selector, id: NodeId) -> Option<Modality> {
        let node = self.organization.node(id)?;
        let account = self.organization.account(id);
        let known = |attr: &Attr<orgward_plan::Text>, fits: &dyn Fn(&str) -> bool| match attr {
            Attr::Known(text) if text.is_sensitive() => Some(Modality::May),
            Attr::Known(text) => fits(text.expose()).then_some(Modality::Must),
            Attr::Unknown => Some(Modality::May),
            Attr::Absent => None,
        };
        match selector {
            Selector::Account(account_id) => {
                account?;
                // An account that does not exist yet has none of the ids that people know.
                known(&node.id, &|id| id == account_id).filter(|modality| *modality == Modality::Must)
            }
            Selector::Name(pattern) => account.and_then(|_| known(&node.name, &|name| glob(pattern, name))),
            Selector::Tag(key, value) => match account?.tags.has(key, value) {
                Some(true) => Some(Modality::Must),
                Some(false) => None,
                None => Some(Modality::May),
            },
            Selector::Path(pattern) => {
                let pattern: Vec<&str> = pattern.split('/').collect();
                let below = |trail: &Trail, possible| {
                    let prefixes = (1..=trail.steps.len()).filter_map(|length| trail.steps.get(..length));
                    prefixes.into_iter().any(|prefix| leads(&pattern, prefix, possible))
                };
                self.over_trails(id, below)
            }
            Selector::Unit(unit) => {
                let organization = self.organization;
                let is_unit = |at: &NodeId| {
                    let id = organization.node(*at).map(|node| &node.id);
                    matches!(id, Some(Attr::Known(id)) if id.expose() == unit)
                };
                self.over_trails(id, |trail, possible| {
                    trail.units.iter().any(is_unit) || possible && trail.steps.contains(&Step::Unknown)
                })
            }
            Selector::Role(role) => plays(self.structure, self.organization, id, role),
        }
    }

    /// Whether something can be said of the ways to a node: it must if it can of all of them.
    fn over_trails(&mut self, id: NodeId, fits: impl Fn(&Trail, bool) -> bool) -> Option<Modality> {
        let trails = self.trails(id, 0);
        if trails.iter().all(|trail| fits(trail, false)) {
            Some(Modality::Must)
        } else if trails.iter().any(|trail| fits(trail, true)) {
            Some(Modality::May)
        } else {
            None
        }
    }

    fn trails(&mut self, id: NodeId, depth: usize) -> Rc<Vec<Trail>> {
        if let Some(known) = self.trails.get(&id) {
            return Rc::clone(known);
        }
        let node = self.organization.node(id);
        let is_root = node.is_some_and(|node| matches!(node.kind, NodeKind::Root));
        let step = node.map_or(Step::Nameless, step);
        let mut found = Vec::new();
        if is_root {
            found.push(Trail { steps: vec![Step::Name("Root".to_owned())], units: vec![id] });
        } else {
            let parents = self.organization.parents(id);
            // Trees of units are at most a few levels deep; what goes in circles is no tree.
            for (parent, _) in parents.iter().filter(|_| depth < 16) {
                let above = self.trails(*parent, depth + 1);
                found.extend(above.iter().map(|trail| trail.with(id, step.clone())));
            }
            if found.is_empty() {
                let steps = vec![Step::Name("Root".to_owned()), Step::Unknown];
                found.push(Trail { steps, units: Vec::new() }.with(id, step));
            }
        }
        let found = Rc::new(found);
        // Each account is asked for once or twice; what lies above it for every account beside it.
        if self.organization.account(id).is_none() {
            self.trails.insert(id, Rc::clone(&found));
        }
        found
    }
}

impl Trail {
    fn with(&self, id: NodeId, step: Step) -> Self {
        let mut trail = self.clone();
        trail.steps.push(step);
        trail.units.push(id);
        trail
    }
}

/// How a node stands in a path.
fn step(node: &Node) -> Step {
    match &node.name {
        Attr::Known(name) if name.is_sensitive() => Step::Nameless,
        Attr::Unknown if matches!(node.id, Attr::Unknown) => Step::Nameless,
        _ => Step::Name(node.title()),
    }
}

/// Whether a pattern leads along a path; with unknown steps, whether it possibly does or certainly does.
fn leads(pattern: &[&str], path: &[Step], possible: bool) -> bool {
    match (pattern, path) {
        (["**", rest @ ..], _) => {
            leads(rest, path, possible)
                || path.split_first().is_some_and(|(_, path)| leads(pattern, path, possible))
        }
        // It stands for no unit at all, or for one and perhaps more.
        (_, [Step::Unknown, behind @ ..]) => {
            let more = || pattern.split_first().is_some_and(|(_, rest)| leads(rest, path, possible));
            possible && (leads(pattern, behind, possible) || more())
        }
        ([_, rest @ ..], [Step::Nameless, path @ ..]) => possible && leads(rest, path, possible),
        ([name, rest @ ..], [Step::Name(step), path @ ..]) => glob(name, step) && leads(rest, path, possible),
        ([], []) => true,
        _ => false,
    }
}

/// Whether a node, or what it lies in, plays a role. Names count where the configuration says nothing.
fn plays(structure: &Structure, organization: &Organization, id: NodeId, role: &str) -> Option<Modality> {
    role_of(structure, organization, id, role)
        .into_iter()
        .filter_map(|plays| match plays {
            RoleMatch::Declared | RoleMatch::Guessed(_) => Some(Modality::Must),
            RoleMatch::Unknown(_) => Some(Modality::May),
            RoleMatch::No => None,
        })
        .max()
}

/// What a role of a target that nodes play by their names rests on, one sentence each.
pub fn guesses(
    structure: &Structure,
    organization: &Organization,
    selectors: &[Selector],
    nodes: impl Iterator<Item = NodeId>,
) -> BTreeSet<String> {
    let roles: Vec<&str> = selectors
        .iter()
        .filter_map(|target| match target {
            Selector::Role(role) => Some(role.as_str()),
            _ => None,
        })
        .collect();
    let of = |id: NodeId| roles.iter().flat_map(move |role| role_of(structure, organization, id, role));
    nodes.flat_map(of).filter_map(|plays| plays.guess().map(str::to_owned)).collect()
}

/// How a node plays a role, which may be one of units or one of accounts.
fn role_of(structure: &Structure, organization: &Organization, id: NodeId, role: &str) -> Vec<RoleMatch> {
    let unit = UnitRole::ALL.into_iter().find(|each| each.as_str() == role);
    let account = AccountRole::ALL.into_iter().find(|each| each.as_str() == role);
    let account = account.filter(|_| organization.account(id).is_some());
    unit.map(|role| unit_plays(structure, organization, id, role))
        .into_iter()
        .chain(account.map(|role| account_plays(structure, organization, id, role)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<Step> {
        let step = |name: &str| if name == "…" { Step::Unknown } else { Step::Name(name.to_owned()) };
        text.split('/').map(step).collect()
    }

    #[test]
    fn patterns_lead_along_paths() {
        for (pattern, along) in [
            ("Root", "Root"),
            ("Root/**", "Root"),
            ("Root/**", "Root/a/b"),
            ("Root/*/prod", "Root/a/prod"),
            ("**/prod*", "Root/a/b/production"),
            ("**", "Root"),
        ] {
            let pattern: Vec<&str> = pattern.split('/').collect();
            assert!(leads(&pattern, &path(along), false), "{pattern:?} {along}");
        }
        for (pattern, along) in [
            ("Root/*", "Root"),
            ("Root/*", "Root/a/b"),
            ("Root/prod", "Root/production"),
            ("prod/**", "Root/prod"),
        ] {
            let pattern: Vec<&str> = pattern.split('/').collect();
            assert!(!leads(&pattern, &path(along), true), "{pattern:?} {along}");
        }
    }

    #[test]
    fn what_is_unknown_may_be_anything_and_is_nothing_for_certain() {
        for (pattern, along, certainly, possibly) in [
            ("Root/Runtime/**", "Root/…/shop", false, true),
            ("Root/a/b/shop", "Root/…/shop", false, true),
            ("Root/a/b/trial", "Root/…/shop", false, false),
            ("**/shop", "Root/…/shop", true, true),
            ("Root/**", "Root/…/shop", true, true),
        ] {
            let pattern: Vec<&str> = pattern.split('/').collect();
            assert_eq!(leads(&pattern, &path(along), false), certainly, "{pattern:?} {along}");
            assert_eq!(leads(&pattern, &path(along), true), possibly, "{pattern:?} {along}");
        }
    }
}
