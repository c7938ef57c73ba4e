//! What carries a policy, is shared, is closed to the public, or runs as a role.

use std::collections::BTreeSet;
use std::sync::Arc;

use orgward_plan::{Address, Attr, Text};

use crate::{Document, Key, Modality, NodeId};

/// A resource that carries policies of its own.
#[derive(Clone, Debug)]
pub struct Resource {
    /// What identifies it on both sides of a change.
    pub key: Key,
    /// The resource that manages it; `None` when only its policy is in the inputs.
    pub address: Option<Address>,
    /// The Terraform type of the resource itself: `aws_s3_bucket`.
    pub kind: &'static str,
    /// The prefix of the actions of its service: `s3`.
    pub service: &'static str,
    /// Its ARN, with placeholders for what is unknown until apply; `None` when nothing of it is known.
    pub arn: Option<String>,
    /// Its account as policy documents write it: twelve digits, or a placeholder.
    pub account: Option<String>,
    /// The node of its account.
    pub owner: Option<NodeId>,
    /// Whether the plan creates it.
    pub created: bool,
    /// Whether it keeps the public out by itself: by a block of its own, or since only a private network reaches it.
    /// Absent where its type has no such thing.
    pub closed: Attr<bool>,
    /// Its policies. Statements of several resources add up.
    pub policies: Vec<ResourcePolicy>,
    /// The canned or granted access control list of a bucket.
    pub acl: Option<Acl>,
    /// Whether access control lists count (`aws_s3_bucket_ownership_controls`).
    pub acls_enabled: Attr<bool>,
}

/// A policy of a resource.
#[derive(Clone, Debug)]
pub struct ResourcePolicy {
    /// The resource that sets it.
    pub address: Address,
    /// Which input it is from; set only when there are several.
    pub stack: Option<Arc<str>>,
    /// What it says.
    pub document: Document,
}

impl ResourcePolicy {
    /// Whether it is one statement that a resource of its own adds to a policy.
    pub fn is_statement(&self) -> bool {
        self.document.name.ends_with(STATEMENT)
    }
}

/// How the name of a document ends that is one statement.
pub(crate) const STATEMENT: &str = "(statement)";

/// A VPC endpoint, whose policy bounds what goes through it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// What identifies it on both sides of a change.
    pub key: Key,
    /// The resource that sets its policy, or the endpoint itself.
    pub address: Address,
    /// Which input it is from; set only when there are several.
    pub stack: Option<Arc<str>>,
    /// The node of its account.
    pub owner: Option<NodeId>,
    /// The prefix of the actions that go through it, where its service tells: `s3`.
    pub service: Option<&'static str>,
    /// What its policy says; `None`: it has none, so that everything goes through.
    pub document: Option<Document>,
    /// Whether a policy that no input shows may be set, since the endpoint stood before the plan.
    pub may_have_another: bool,
}

/// An access control list of a bucket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acl {
    /// The resource that sets it.
    pub address: Address,
    /// Whether it lets in everybody, or every AWS account.
    pub public: Attr<bool>,
    /// The canonical ids of other users whom it lets in, sorted.
    pub users: Vec<String>,
}

/// Whether a text is the canonical id of a user, as S3 gives them out.
pub fn is_canonical_user(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Something that is shared by an attribute and not by a policy.
#[derive(Clone, Debug)]
pub struct Share {
    /// The resource that shares it.
    pub address: Address,
    /// Which input it is from; set only when there are several.
    pub stack: Option<Arc<str>>,
    /// What is shared, in words: `image`.
    pub what: &'static str,
    /// The thing that is shared, as the plan names it.
    pub subject: String,
    /// The account that shares it.
    pub account: Option<String>,
    /// What the switch of its account and region is called that refuses to share it with everybody.
    pub switch: Option<Key>,
    /// With whom.
    pub with: SharedWith,
    /// Whether the plan marks that sensitive.
    pub is_sensitive: bool,
}

/// With whom something is shared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SharedWith {
    /// Everybody.
    Everybody,
    /// An account, by its id.
    Account(String),
    /// An organization, by its id.
    Organization(String),
    /// It is unknown until apply.
    Unknown,
}

/// A switch that closes something to the public.
#[derive(Clone, Debug)]
pub struct PublicAccessBlock {
    /// The resource that sets it.
    pub address: Address,
    /// Which input it is from; set only when there are several.
    pub stack: Option<Arc<str>>,
    /// The Terraform type.
    pub kind: &'static str,
    /// What it closes: a bucket by its key, or an account and region.
    pub holder: Key,
    /// Its account as policy documents write it.
    pub account: Option<String>,
    /// Each switch with how far it closes: 0 is open.
    pub switches: Vec<(&'static str, Attr<u8>)>,
    /// Whether AWS opens it when the resource is destroyed.
    pub opens_when_destroyed: bool,
}

impl PublicAccessBlock {
    /// How far a switch closes. Absent means that it is not set, which is open.
    pub fn switch(&self, name: &str) -> Attr<u8> {
        let found = self.switches.iter().find(|(other, _)| *other == name);
        found.map_or(Attr::Absent, |(_, level)| *level)
    }
}

/// Something that runs as a role.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// The resource.
    pub address: Address,
    /// Its Terraform type.
    pub kind: &'static str,
    /// Its ARN, when it is known.
    pub arn: Option<String>,
    /// The role that it runs as.
    pub role: NodeId,
    /// Whether it must be this role, or may be.
    pub modality: Modality,
}

/// A policy that a principal, a group or a permission set is given.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The resource that gives it.
    pub address: Address,
    /// Which input it is from; set only when there are several.
    pub stack: Option<Arc<str>>,
    /// The role, user, group or permission set.
    pub holder: NodeId,
    /// The managed policy.
    pub policy: GrantedPolicy,
    /// Whether it must be given, or may be.
    pub modality: Modality,
    /// The account of the resource as policy documents write it.
    pub account: Option<String>,
}

/// A managed policy as an attachment names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GrantedPolicy {
    /// A policy of the inputs.
    Node(NodeId),
    /// A policy that no input shows: its ARN, or the name by which a permission set finds it in each account.
    Arn(Text),
    /// It is unknown until apply.
    Unknown,
}

/// A permission set that is assigned to a user or group in an account.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The resource that assigns it.
    pub address: Address,
    /// Which input it is from; set only when there are several.
    pub stack: Option<Arc<str>>,
    /// The permission set; `None` when no input shows it.
    pub set: Option<NodeId>,
    /// How the resource names it.
    pub set_arn: Attr<Text>,
    /// The account; `None` when it is unknown.
    pub account: Option<NodeId>,
    /// `USER` or `GROUP`.
    pub principal_type: Attr<Text>,
    /// Whether it must be assigned there, or may be.
    pub modality: Modality,
}

/// A group that a user joins and that no input shows.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The resource that lets it join.
    pub address: Address,
    /// Which input it is from; set only when there are several.
    pub stack: Option<Arc<str>>,
    /// The user.
    pub user: NodeId,
    /// The name of the group; unknown until apply otherwise.
    pub group: Attr<Text>,
}

/// What the inputs show of access beside the tree: grants, resources with policies, shares, switches and what runs.
#[derive(Clone, Debug, Default)]
pub struct AccessFacts {
    /// Managed policies that are given, sorted by address.
    pub grants: Vec<Grant>,
    /// Permission sets that are assigned, sorted by address.
    pub assignments: Vec<Assignment>,
    /// Groups of other stacks, and unknown ones, that users join, sorted by address.
    pub joined: Vec<Joined>,
    /// Resources with policies, sorted by key.
    pub resources: Vec<Resource>,
    /// What is shared by attribute, sorted by address.
    pub shares: Vec<Share>,
    /// Switches that close something to the public, sorted by address.
    pub blocks: Vec<PublicAccessBlock>,
    /// What has no switch of its own on this side, since the plan makes or destroys it, by key.
    pub unblocked: BTreeSet<Key>,
    /// Canonical ids of users that are the own account's, or its distributions'.
    pub own_users: BTreeSet<String>,
    /// What runs as a role, sorted by address.
    pub runtimes: Vec<Runtime>,
    /// VPC endpoints to services of AWS, sorted by key.
    pub endpoints: Vec<Endpoint>,
    /// The keys of the resources that stand on this side and that a switch may close.
    pub(crate) standing: BTreeSet<Key>,
}

impl AccessFacts {
    /// Whether a resource that a switch closes stands on this side, or is not managed in the inputs at all.
    pub fn stands(&self, holder: &Key) -> bool {
        self.standing.contains(holder)
    }
}
