//! The organization before and after: plain facts in, one writer per format.

mod diagram;
mod outline;
mod picture;
#[cfg(test)]
mod tests;
mod text;

use serde::Serialize;

use crate::escape;

pub use diagram::{dot, mermaid};
pub(crate) use picture::escaped;
pub use picture::svg;
pub use text::tree;

/// An organization before and after a plan.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct OrganizationChange {
    /// As it stands.
    pub before: OrganizationView,
    /// As it will be.
    pub after: OrganizationView,
    /// Which provider configuration puts things into which account, sorted by input and provider.
    pub placements: Vec<PlacementView>,
    /// What the inputs say that contradicts itself, one sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contradictions: Vec<String>,
    /// What AWS recommends and no input shows: advice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<AdviceView>,
}

/// Something that AWS recommends for every organization.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AdviceView {
    /// What it is.
    pub what: &'static str,
    /// What it is good for.
    pub why: &'static str,
    /// What sets it.
    pub how: &'static str,
}

/// One side.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct OrganizationView {
    /// All nodes, sorted by key.
    pub nodes: Vec<NodeView>,
    /// What is attached to what, sorted by policy, target and address.
    pub attachments: Vec<AttachmentView>,
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub management: bool,
}

/// A policy and what it is attached to: a target, or candidates, or neither is known.
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

/// Where the resources of one provider configuration land.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the names are those of the JSON, which `docs/json.md` explains")]
pub struct PlacementView {
    pub input: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    pub resources: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
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
