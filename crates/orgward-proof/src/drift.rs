//! What differs between two organizations: the same one at two times, or as it stands and as a plan leaves it.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::{Answer, compare};
use orgward_org::{Change, Key, Node, NodeId, NodeKind, Organization};
use orgward_plan::{Absence, Attr, NotRead};

/// One difference.
#[derive(Clone, PartialEq, Debug)]
pub struct Drift {
    /// The kind of node: `account`, `ou`, `policy`, `role`, …
    pub kind: &'static str,
    /// What it is called.
    pub name: String,
    /// What identifies it.
    pub key: String,
    /// What differs.
    pub what: Difference,
}

/// What differs of a node.
#[derive(Clone, PartialEq, Debug)]
pub enum Difference {
    /// It is there on the second side only; where, for what has a place.
    Added(Option<String>),
    /// It was there on the first side only; where.
    Removed(Option<String>),
    /// It is on one side only, and the input of the other side does not show all: what it would be if that had been read,
    /// and why it is not decided.
    Undecided(Box<Self>, String),
    /// It has another name.
    Renamed(String),
    /// It is in another place: from and to.
    Moved(String, String),
    /// A document says something else: its name, and a request that is allowed on the second side only, and one that is
    /// allowed on the first side only.
    Document {
        /// What the document is called.
        document: String,
        /// Allowed from now on.
        gained: Answer,
        /// Allowed no more.
        lost: Answer,
    },
    /// A document of which one side cannot be read, or a text that takes no part in authorization.
    Text(String),
    /// An organization policy is attached to something more.
    Attached(String),
    /// An organization policy is no longer attached to something.
    Detached(String),
}

/// What differs, sorted by kind, key and difference.
pub fn drift(organizations: Change<&Organization>) -> Vec<Drift> {
    let Change { before, after } = organizations;
    let ids = |organization: &Organization| -> BTreeMap<String, NodeId> {
        let id = |(at, node): (NodeId, &Node)| match &node.id {
            Attr::Known(id) if !id.is_sensitive() => Some((id.expose().to_owned(), at)),
            _ => None,
        };
        organization.nodes().filter_map(id).collect()
    };
    let (old_ids, new_ids) = (ids(before), ids(after));
    // One thing may be managed on one side and only shown on the other.
    let twin = |node: &Node, other: &Organization, ids: &BTreeMap<String, NodeId>| {
        let by_id = || match &node.id {
            Attr::Known(id) => ids.get(id.expose()).copied(),
            Attr::Unknown | Attr::Absent => None,
        };
        other.find(&node.key).or_else(by_id)
    };
    // What another stack manages is nothing that an input shows to be there.
    let shown = |(_, node): &(NodeId, &Node)| !node.is_elsewhere();
    let mut found = Vec::new();
    for (at, node) in before.nodes().filter(shown) {
        if twin(node, after, &new_ids).is_none() {
            let removed = Difference::Removed(place(before, at));
            found.push(one(node, unless_hidden(before, (at, node), after, removed)));
        }
    }
    for (at, node) in after.nodes().filter(shown) {
        let Some(old) = twin(node, before, &old_ids) else {
            let added = Difference::Added(place(after, at));
            found.push(one(node, unless_hidden(after, (at, node), before, added)));
            if matches!(&node.kind, NodeKind::OrgPolicy(policy) if !policy.aws_managed) {
                let targets = after.targets_of(at).into_iter();
                let paths: BTreeSet<String> = targets.map(|(target, _)| after.path(target)).collect();
                found.extend(paths.into_iter().map(|path| one(node, Difference::Attached(path))));
            }
            continue;
        };
        let Some(old_node) = before.node(old) else { continue };
        if old_node.title() != node.title() {
            found.push(one(node, Difference::Renamed(old_node.title())));
        }
        if let (Some(from), Some(to)) = (place(before, old), place(after, at))
            && from != to
        {
            found.push(one(node, Difference::Moved(from, to)));
        }
        attachments(before, old, after, at, node, &mut found);
    }
    documents(before, after, &mut found);
    found.sort_by(|a, b| (a.kind, &a.key, order(&a.what)).cmp(&(b.kind, &b.key, order(&b.what))));
    found
}

/// A difference of a node that the other side does not have, unless its input does not show all of such nodes.
fn unless_hidden(
    here: &Organization,
    (at, node): (NodeId, &Node),
    other: &Organization,
    what: Difference,
) -> Difference {
    let account = here.owner(at).and_then(|(account, _)| here.symbolic_account_id(account.id));
    match other.not_read().iter().find(|missing| may_hide(missing, node, account)) {
        Some(missing) => Difference::Undecided(Box::new(what), missing.to_string()),
        None => what,
    }
}

/// Whether a node may be among what an input does not show. `account` is the one that the node is in.
fn may_hide(missing: &NotRead, node: &Node, account: Option<&str>) -> bool {
    // What decides about some services only is about their resources.
    if missing.services.is_some() {
        return false;
    }
    let refused = |services: &[&str]| {
        let action = missing.why.strip_prefix('`').and_then(|why| why.split_once(':'));
        action.is_none_or(|(service, _)| services.contains(&service))
    };
    let of_organization = missing.account.is_none() && missing.absence != Absence::LeftOut;
    match &node.kind {
        NodeKind::Root | NodeKind::Unit | NodeKind::Account(_) | NodeKind::OrgPolicy(_) => {
            of_organization && refused(&["organizations"])
        }
        NodeKind::PermissionSet(_) => of_organization && refused(&["identitystore", "sso"]),
        NodeKind::Role(_)
        | NodeKind::User(_)
        | NodeKind::Group(_)
        | NodeKind::ManagedPolicy(_)
        | NodeKind::Elsewhere(_) => {
            let in_arn = node.arn.as_ref().known().and_then(|arn| arn.expose().split(':').nth(4));
            match (&missing.account, account.or(in_arn)) {
                (Some(missing), Some(account)) => missing == account,
                (Some(_), None) => true,
                (None, _) => missing.absence == Absence::LeftOut,
            }
        }
        NodeKind::Workload(_) => false,
    }
}

fn one(node: &Node, what: Difference) -> Drift {
    Drift { kind: node.kind.as_str(), name: node.title(), key: node.key.to_string(), what }
}

/// Where a unit or an account is; the rest has no place of its own.
fn place(organization: &Organization, at: NodeId) -> Option<String> {
    let node = organization.node(at)?;
    if !matches!(node.kind, NodeKind::Unit | NodeKind::Account(_)) {
        return None;
    }
    let (parent, _) = *organization.parents(at).first()?;
    Some(organization.path(parent))
}

fn attachments(
    before: &Organization,
    old: NodeId,
    after: &Organization,
    new: NodeId,
    node: &Node,
    found: &mut Vec<Drift>,
) {
    let targets = |organization: &Organization, at: NodeId| -> BTreeMap<String, String> {
        let targets = organization.targets_of(at).into_iter();
        let label =
            |(target, _): (NodeId, _)| Some((organization.node(target)?.label(), organization.path(target)));
        targets.filter_map(label).collect()
    };
    // What AWS attaches to all that is new says nothing.
    if matches!(&node.kind, NodeKind::OrgPolicy(policy) if policy.aws_managed) {
        let (old, new) = (targets(before, old), targets(after, new));
        let lost = old.iter().filter(|(target, _)| !new.contains_key(*target));
        let stands = |label: &str| after.nodes().any(|(_, node)| node.label() == label);
        found.extend(
            lost.filter(|(target, _)| stands(target))
                .map(|(_, path)| one(node, Difference::Detached(path.clone()))),
        );
        return;
    }
    let (old, new) = (targets(before, old), targets(after, new));
    for (_, path) in old.iter().filter(|(target, _)| !new.contains_key(*target)) {
        found.push(one(node, Difference::Detached(path.clone())));
    }
    for (_, path) in new.iter().filter(|(target, _)| !old.contains_key(*target)) {
        found.push(one(node, Difference::Attached(path.clone())));
    }
}

/// Documents with the same name on both sides that say something else.
fn documents(before: &Organization, after: &Organization, found: &mut Vec<Drift>) {
    let old: BTreeMap<&str, &orgward_org::Document> =
        before.documents().into_iter().map(|(_, document)| (&*document.name, document)).collect();
    for (address, new) in after.documents() {
        let Some(old) = old.get(&*new.name) else { continue };
        if old.text == new.text && old.policy().is_none() == new.policy().is_none() {
            continue;
        }
        let key = address.map_or_else(|| new.name.to_string(), ToString::to_string);
        let node = after.find(&Key(key.as_str().into())).and_then(|at| after.node(at));
        let what = match (old.policy(), new.policy()) {
            (Some(old), Some(policy)) => {
                let compared = compare(old, policy);
                if compared.gained == Answer::None && compared.lost == Answer::None {
                    continue;
                }
                Difference::Document {
                    document: new.name.to_string(),
                    gained: compared.gained,
                    lost: compared.lost,
                }
            }
            // Policies of other types are JSON, too, and AWS does not keep their layout.
            _ if same_json(old.text.expose(), new.text.expose()) => continue,
            _ => Difference::Text(new.name.to_string()),
        };
        found.push(Drift {
            kind: node.map_or("document", |node| node.kind.as_str()),
            name: node.map_or_else(|| key.clone(), Node::title),
            key,
            what,
        });
    }
}

fn same_json(old: &str, new: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    matches!((read(old), read(new)), (Some(old), Some(new)) if old == new)
}

fn order(what: &Difference) -> (u8, &str) {
    match what {
        Difference::Removed(_) => (0, ""),
        Difference::Added(_) => (1, ""),
        Difference::Undecided(what, _) => order(what),
        Difference::Renamed(name) => (2, name),
        Difference::Moved(from, _) => (3, from),
        Difference::Document { document, .. } => (4, document),
        Difference::Text(document) => (5, document),
        Difference::Detached(target) => (6, target),
        Difference::Attached(target) => (7, target),
    }
}
