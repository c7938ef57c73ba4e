use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use orgward_plan::{Address, Attr, Evidence, Text};
use petgraph::graph::NodeIndex;

use crate::Document;

/// Where a node is in the graph of one side. Not comparable between sides: use [`Key`] for that.
pub type NodeId = NodeIndex<u32>;

/// What identifies a node on both sides of a change: the absolute Terraform address, or the AWS id or ARN of
/// something that only context knows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Key(pub Arc<str>);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One thing of the organization.
#[derive(Clone, Debug)]
pub struct Node {
    /// What identifies it on both sides.
    pub key: Key,
    /// The resource that manages it.
    pub address: Option<Address>,
    /// Which input it is from; set only when there are several.
    pub stack: Option<Arc<str>>,
    /// Its name.
    pub name: Attr<Text>,
    /// Its AWS id: `ou-…`, `p-…`, twelve digits.
    pub id: Attr<Text>,
    /// Its ARN.
    pub arn: Attr<Text>,
    /// Whether Terraform stops managing it although it goes on to stand.
    pub forgotten: bool,
    /// What it is.
    pub kind: NodeKind,
}

impl Node {
    /// Whether another stack manages it, so that only what the inputs give it is known.
    pub fn is_elsewhere(&self) -> bool {
        matches!(self.kind, NodeKind::Elsewhere(_))
    }

    /// What to call it in a sentence: the name, else the id, else the key.
    pub fn title(&self) -> String {
        match (&self.name, &self.id) {
            (Attr::Known(name), _) => name.to_string(),
            (_, Attr::Known(id)) => id.to_string(),
            _ => self.key.to_string(),
        }
    }

    /// The same with what is sensitive, to compare it: not to be printed.
    pub(crate) fn exposed_title(&self) -> String {
        match &self.name {
            Attr::Known(name) => name.expose().to_owned(),
            _ => self.title(),
        }
    }

    /// The id when it is known, else the key: what findings list.
    pub fn label(&self) -> String {
        match &self.id {
            Attr::Known(id) => id.to_string(),
            Attr::Unknown | Attr::Absent => self.key.to_string(),
        }
    }
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// The root of an organization.
    Root,
    /// An organizational unit.
    Unit,
    /// An account.
    Account(Account),
    /// A policy of the organization.
    OrgPolicy(OrgPolicy),
    /// An IAM role.
    Role(Role),
    /// An IAM user.
    User(User),
    /// An IAM group.
    Group(Group),
    /// A managed IAM policy.
    ManagedPolicy(ManagedPolicy),
    /// An Identity Center permission set.
    PermissionSet(PermissionSet),
    /// A role, user, group or permission set of another stack.
    Elsewhere(Elsewhere),
    /// Any other resource that a rule asks where it is.
    Workload(Workload),
}

impl NodeKind {
    /// The word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Unit => "ou",
            Self::Account(_) => "account",
            Self::OrgPolicy(_) => "policy",
            Self::Role(_) => "role",
            Self::User(_) => "user",
            Self::Group(_) => "group",
            Self::ManagedPolicy(_) => "managed-policy",
            Self::PermissionSet(_) => "permission-set",
            Self::Elsewhere(elsewhere) => elsewhere.word,
            Self::Workload(_) => "resource",
        }
    }
}

/// An account.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Whether it is the management account.
    pub management: bool,
    /// Whether the organization lists it. An account that is only mentioned somewhere may belong to anybody.
    pub member: bool,
    /// Whether its place in the tree is unknown, and why.
    pub unknown_parent: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// The tags of a resource, as far as the inputs show them. Empty by default, and not known to be all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tags {
    /// Those that are known to be there, by key.
    pub known: BTreeMap<String, Attr<Text>>,
    /// Whether there are no others.
    pub complete: bool,
}

impl Tags {
    /// Whether there is a tag with this key and value; `None` when the inputs do not tell.
    pub fn has(&self, key: &str, value: &str) -> Option<bool> {
        match self.known.get(key) {
            Some(Attr::Known(text)) => Some(text.expose() == value),
            Some(Attr::Unknown) => None,
            Some(Attr::Absent) => Some(false),
            None => self.complete.then_some(false),
        }
    }
}

/// What kind of organization policy.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PolicyType {
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// Another type, by the name of the API; it takes no part in authorization.
    Other(String),
    /// The plan does not say.
    Unknown,
}

impl PolicyType {
    /// The kind by its name in the API.
    pub fn from_api(name: &str) -> Self {
        match name {
            "SERVICE_CONTROL_POLICY" => Self::ServiceControl,
            "RESOURCE_CONTROL_POLICY" => Self::ResourceControl,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The name in the API.
    pub fn api_name(&self) -> &str {
        match self {
            Self::ServiceControl => "SERVICE_CONTROL_POLICY",
            Self::ResourceControl => "RESOURCE_CONTROL_POLICY",
            Self::Other(name) => name,
            Self::Unknown => "unknown",
        }
    }

    /// What people call it.
    pub fn short(&self) -> &str {
        match self {
            Self::ServiceControl => "SCP",
            Self::ResourceControl => "RCP",
            Self::Other(name) => name,
            Self::Unknown => "policy",
        }
    }
}

/// The type of controls of Control Tower whose text is not known: none of the Organizations API, so that no proof rests
/// on them.
pub(crate) const CONTROL: &str = "CONTROL_TOWER_CONTROL";

/// A policy of the organization.
#[derive(Clone, Debug)]
pub struct OrgPolicy {
    /// SCP, RCP or something else.
    pub kind: PolicyType,
    /// What it says.
    pub document: Document,
    /// Whether AWS provides it: `FullAWSAccess`, `RCPFullAWSAccess`.
    pub aws_managed: bool,
    /// Whether it is a control of Control Tower, which writes the policy itself and puts several into one.
    pub is_control: bool,
}

impl OrgPolicy {
    /// One that people wrote.
    pub(crate) fn written(kind: PolicyType, document: Document) -> Self {
        Self { kind, document, aws_managed: false, is_control: false }
    }

    /// Whether it is a control of which nothing is known, not even whether it denies something.
    pub fn is_unread_control(&self) -> bool {
        self.is_control && matches!(&self.kind, PolicyType::Other(kind) if kind == CONTROL)
    }

    /// Whether people write its document and AWS consults it when it decides a request.
    pub fn is_authorization(&self) -> bool {
        !self.aws_managed && !self.is_control && !matches!(self.kind, PolicyType::Other(_))
    }
}

/// The permissions boundary of a principal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Boundary {
    /// There is none.
    None,
    /// The plan shows the ARN.
    Arn(Text),
    /// It will be this managed policy.
    Policy(Key),
    /// There will be one, and nobody knows which. The trail says why.
    Unknown(Vec<String>),
}

/// A policy embedded in a principal.
#[derive(Clone, Debug)]
pub struct InlinePolicy {
    /// Its name.
    pub name: Attr<Text>,
    /// The resource that sets it.
    pub address: Address,
    /// What it says.
    pub document: Document,
    /// Whether it must be there.
    pub must: bool,
}

/// An IAM role.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its path, `/` unless set.
    pub path: Attr<String>,
    /// Who may assume it.
    pub trust: Document,
    /// Its permissions boundary.
    pub boundary: Boundary,
    /// Policies embedded in it.
    pub inline: Vec<InlinePolicy>,
    /// Managed policies that have no node: their ARNs.
    pub managed_arns: Vec<Text>,
    /// Its tags, which are keys of the principal (`aws:PrincipalTag`).
    pub tags: Tags,
    /// Why its account is believed, or disputed.
    pub evidence: Vec<Evidence>,
}

/// A long-lived credential of a user.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Credential {
    /// The resource that creates it.
    pub address: Address,
    /// What it is, in words.
    pub what: &'static str,
}

/// An IAM user.
#[derive(Clone, Debug)]
pub struct User {
    /// Its path, `/` unless set.
    pub path: Attr<String>,
    /// Its permissions boundary.
    pub boundary: Boundary,
    /// Policies embedded in it.
    pub inline: Vec<InlinePolicy>,
    /// Managed policies that have no node: their ARNs.
    pub managed_arns: Vec<Text>,
    /// Access keys, passwords and the like.
    pub credentials: Vec<Credential>,
    /// Its tags, which are keys of the principal (`aws:PrincipalTag`).
    pub tags: Tags,
    /// Why its account is believed, or disputed.
    pub evidence: Vec<Evidence>,
}

/// An IAM group.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Policies embedded in it.
    pub inline: Vec<InlinePolicy>,
    /// Managed policies that have no node: their ARNs.
    pub managed_arns: Vec<Text>,
}

/// A managed IAM policy.
#[derive(Clone, Debug)]
pub struct ManagedPolicy {
    /// Its path, `/` unless set.
    pub path: Attr<String>,
    /// What it says.
    pub document: Document,
}

/// An Identity Center permission set.
#[derive(Clone, Debug)]
pub struct PermissionSet {
    /// Its permissions boundary.
    pub boundary: Boundary,
    /// The policy embedded in it.
    pub inline: Vec<InlinePolicy>,
    /// Managed policies that have no node: their ARNs.
    pub managed_arns: Vec<Text>,
    /// How long a session lasts, as ISO 8601 duration.
    pub session_duration: Attr<String>,
    /// The home region of Identity Center, which is in the paths of the roles that it makes unless it is `us-east-1`.
    pub region: Attr<String>,
}

/// A role, user, group or permission set that another stack manages. The inputs show what they give it, and nothing else
/// about it: neither its other policies, nor who may assume it.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// `role`, `user`, `group`, or `permission set`.
    pub word: &'static str,
    /// The boundary that the inputs give it.
    pub boundary: Boundary,
    /// The resource that gives the boundary.
    pub bound_at: Option<Address>,
    /// Policies embedded in it.
    pub inline: Vec<InlinePolicy>,
}

/// A resource that computes, stores, connects or queues, or may do so: only its type and its account matter.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The resource type; for what is described by another resource, such as a CloudFormation stack, the type in it:
    /// `AWS::EC2::Instance`.
    pub resource: String,
    /// Why its account is believed, or disputed.
    pub evidence: Vec<Evidence>,
}
