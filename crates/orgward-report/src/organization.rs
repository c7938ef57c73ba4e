//! The organization before and after: plain facts in, one writer per format.

mod diagram;
mod text;

use serde::Serialize;

use crate::escape;

pub use diagram::{dot, mermaid};
pub use text::tree;

/// An organization before and after a plan.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct OrganizationChange {
    /// As it stands.
    pub before: OrganizationView,
    /// As it will be.
    pub after: OrganizationView,
}

/// One side.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct OrganizationView {
    /// All nodes, sorted by key.
    pub nodes: Vec<NodeView>,
    /// What is attached to what, sorted by policy, target and address.
    pub attachments: Vec<AttachmentView>,
    /// What says in which account things are, one sentence each; not part of the JSON.
    #[serde(skip)]
    pub placements: Vec<String>,
}

/// One thing of the organization. What is not known is not there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the names are those of the JSON, which `docs/json.md` explains")]
pub struct NodeView {
    pub key: String,
    pub kind: &'static str,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// A policy and what it is attached to: a target, or candidates, or nobody knows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the names are those of the JSON, which `docs/json.md` explains")]
pub struct AttachmentView {
    pub policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    pub resolution: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trail: Vec<String>,
}

/// For programs.
pub fn organization_json(change: &OrganizationChange) -> String {
    #[derive(Serialize)]
    struct Shape<'c> {
        schema: u32,
        #[serde(flatten)]
        change: &'c OrganizationChange,
    }
    // Strings, numbers and lists always make JSON.
    let text = serde_json::to_string_pretty(&Shape { schema: 1, change }).unwrap_or_default();
    let mut text = escape::json(&text);
    text.push('\n');
    text
}

/// How many accounts of one unit are drawn; the others are counted. What changes is always drawn.
const MOST: usize = 8;

/// What becomes of something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mark {
    Same,
    Added,
    Removed,
    Changed,
}

/// One line of the tree.
struct Entry<'c> {
    node: &'c NodeView,
    mark: Mark,
    depth: usize,
    /// Policies attached here, each with what becomes of the attachment; `true` where it is not certain.
    policies: Vec<(String, Mark, bool)>,
    /// How many accounts after this one are left out.
    hidden: usize,
}

/// The tree of both sides together, from the root down.
fn entries(change: &OrganizationChange) -> Vec<Entry<'_>> {
    let is_place = |node: &&NodeView| matches!(node.kind, "root" | "ou" | "account");
    let mut all: Vec<(&NodeView, Mark)> = Vec::new();
    for node in change.after.nodes.iter().filter(is_place) {
        let old = change.before.nodes.iter().find(|old| old.key == node.key);
        let mark = match old {
            None => Mark::Added,
            Some(old) if old.parent != node.parent || old.name != node.name => Mark::Changed,
            Some(_) => Mark::Same,
        };
        all.push((node, mark));
    }
    for node in change.before.nodes.iter().filter(is_place) {
        if !change.after.nodes.iter().any(|new| new.key == node.key) {
            all.push((node, Mark::Removed));
        }
    }
    let mut out = Vec::new();
    let roots: Vec<_> = all
        .iter()
        .filter(|(node, _)| {
            node.parent.as_ref().is_none_or(|parent| !all.iter().any(|(other, _)| other.key == *parent))
        })
        .copied()
        .collect();
    descend(change, &all, roots, 0, &mut out);
    out
}

fn descend<'c>(
    change: &'c OrganizationChange,
    all: &[(&'c NodeView, Mark)],
    mut level: Vec<(&'c NodeView, Mark)>,
    depth: usize,
    out: &mut Vec<Entry<'c>>,
) {
    level.sort_by_key(|(node, _)| (node.kind == "account", &node.name, &node.key));
    let mut shown = 0;
    for (node, mark) in level {
        let mut policies = policies(change, &node.key);
        // AWS attaches them to everything that is new; only their going is news.
        policies.retain(|(name, policy, _)| {
            let is_given = matches!(name.as_str(), "FullAWSAccess" | "RCPFullAWSAccess");
            !is_given || !(*policy == Mark::Same || mark == *policy)
        });
        let plain = node.kind == "account"
            && mark == Mark::Same
            && policies.iter().all(|(_, mark, _)| *mark == Mark::Same);
        shown += usize::from(plain);
        if plain && shown > MOST {
            if let Some(last) = out.last_mut() {
                last.hidden += 1;
            }
            continue;
        }
        out.push(Entry { node, mark, depth, policies, hidden: 0 });
        if depth < 64 {
            let below = all.iter().filter(|(other, _)| other.parent.as_ref() == Some(&node.key));
            descend(change, all, below.copied().collect(), depth + 1, out);
        }
    }
}

fn policies(change: &OrganizationChange, target: &str) -> Vec<(String, Mark, bool)> {
    let of = |view: &OrganizationView| -> Vec<(String, bool)> {
        let title = |key: &String| {
            view.nodes
                .iter()
                .find(|node| node.key == *key)
                .map_or_else(|| key.clone(), |node| node.name.clone())
        };
        let mut found: Vec<(String, bool)> = Vec::new();
        for attachment in &view.attachments {
            if attachment.target.as_deref() == Some(target) {
                found.push((title(&attachment.policy), false));
            } else if attachment.candidates.iter().any(|candidate| candidate == target) {
                found.push((title(&attachment.policy), true));
            }
        }
        found.sort();
        found.dedup();
        found
    };
    let (before, after) = (of(&change.before), of(&change.after));
    let mut found: Vec<(String, Mark, bool)> = Vec::new();
    for (name, open) in &after {
        let mark = if before.iter().any(|(old, _)| old == name) { Mark::Same } else { Mark::Added };
        found.push((name.clone(), mark, *open));
    }
    for (name, open) in before {
        if !after.iter().any(|(new, _)| *new == name) {
            found.push((name, Mark::Removed, open));
        }
    }
    found.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    found
}
