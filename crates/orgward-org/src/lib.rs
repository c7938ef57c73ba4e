//! The AWS organization as a graph, before and after a plan: root, organizational units, accounts, guardrails,
//! principals, and what is attached to what, each with how certain it is.
//!
//! This crate knows no rules and no output formats. It leaves the meaning of policy documents to `orgward-iam`
//! and the meaning of plan JSON to `orgward-plan`.

mod assemble;
pub mod calls;
mod change;
mod control;
mod control_tower;
mod declared;
mod document;
mod draft;
mod edge;
mod factory;
mod foundations;
mod hole;
mod management_policy;
mod node;
mod organization;
mod passage;
mod planned;
mod policy_chain;
mod queries;
mod quota;
mod remap_spans;
mod resource;
mod resource_types;
mod roles;
mod selector;
pub mod store;
mod template;
mod unjudged;

pub use change::Change;
pub use control::{
    Area, Control, Delegated, Delegation, Departure, GoverningService, Kept, Muting, Weakening, Weight,
};
pub use control_tower::{ListedControl, region_deny_exemptions};
pub use declared::Declared;
pub use document::{Content, Document};
pub use edge::{Attachment, Edge, Modality, Resolved};
pub use foundations::Foundation;
pub use hole::{Completion, Filling, Hole};
pub use management_policy::{EffectivePolicy, Looser, Possible};
pub use node::{
    Account, Boundary, Credential, Elsewhere, Group, InlinePolicy, Key, ManagedPolicy, Node, NodeId,
    NodeKind, OrgPolicy, PermissionSet, PolicyType, Role, Tags, User, Workload,
};
pub use organization::{Organization, UnresolvedAttachment};
pub use planned::{Operation, PlannedChange, Values};
pub use policy_chain::{Attached, Denial, Judge, Level, PolicyChain, Relevant, Ruling};
pub use queries::{Entity, IamArn, Membership, Principal};
pub use quota::{Quota, QuotaName};
pub use resource::{
    AccessFacts, Acl, Assignment, Endpoint, Grant, GrantedPolicy, Joined, PublicAccessBlock, Resource,
    ResourcePolicy, Runtime, Share, SharedWith, is_canonical_user,
};
pub use resource_types::ResourceType;
pub use roles::{AccountRole, RoleMatch, Structure, UnitRole, account_plays, groups_of, unit_plays};
pub use selector::{Matcher, Selector, guesses};
pub use unjudged::{Hidden, Unjudged, unread_types};

pub(crate) use assemble::{is_asked, is_read};

/// The provider of resources that no provider manages: files with policies, and what manifests beside them say of the
/// organization. Such resources have no ids; their attributes refer to each other by addresses.
pub const POLICY_FILES: &str = "orgward/policy-files";
/// The type of a policy file that is of no resource which is judged.
pub const POLICY_FILE: &str = "orgward_policy_file";
