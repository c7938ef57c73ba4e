//! The AWS organization as a graph, before and after a plan: root, organizational units, accounts, guardrails,
//! principals, and what is attached to what, each with how certain it is.
//!
//! This crate knows no rules and no output formats. It leaves the meaning of policy documents to `orgward-iam`
//! and the meaning of plan JSON to `orgward-plan`.

mod build;
mod change;
mod declared;
mod document;
mod draft;
mod edge;
mod hole;
mod lineage;
mod node;
mod organization;
mod passage;
mod queries;
mod relocate;
mod template;
mod unjudged;

pub use change::Change;
pub use declared::Declared;
pub use document::{Content, Document};
pub use edge::{Attachment, Edge, Modality, Resolved};
pub use hole::{Completion, Filling, Hole};
pub use lineage::{Attached, Denial, Judge, Lineage, Relevant, Ruling, Rung};
pub use node::{
    Account, Boundary, Credential, Group, Guardrail, GuardrailKind, InlinePolicy, Key, ManagedPolicy, Node,
    NodeId, NodeKind, PermissionSet, Role, Tags, User, Workload,
};
pub use organization::{LooseAttachment, Organization};
pub use queries::{Entity, IamArn, Membership, Principal};
pub use unjudged::{Unjudged, Weight};

pub(crate) use build::is_read;
