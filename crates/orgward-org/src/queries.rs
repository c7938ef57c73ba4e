use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

use orgward_iam::Perimeter;
use orgward_plan::{Address, Attr, Evidence};

use crate::{
    Account, Attachment, Boundary, Document, Edge, Group, InlinePolicy, ManagedPolicy, Modality, Node,
    NodeId, NodeKind, OrgPolicy, Organization, PermissionSet, Role, User, Workload,
};

/// A node together with what it is.
#[derive(Debug)]
pub struct Entity<'o, T> {
    /// Where it is in the graph.
    pub id: NodeId,
    /// What all nodes have.
    pub node: &'o Node,
    /// What only this kind of node has.
    pub data: &'o T,
}

impl<T> Clone for Entity<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Entity<'_, T> {}

impl<T> Deref for Entity<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.data
    }
}

/// Whether an account belongs to the organization.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Membership {
    /// It does.
    Inside,
    /// It does not.
    Outside,
    /// The inputs do not list all accounts.
    Unknown,
}

/// The ARN of something in IAM, as far as it is known before it exists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IamArn {
    /// The partition, `aws` unless the inputs say otherwise.
    pub partition: String,
    /// The account.
    pub account: Option<String>,
    /// Everything behind the account: `role/app/web`.
    pub resource: Attr<String>,
    /// What the resource begins with, where its name is unknown until apply: `role/app/web-`.
    pub prefix: Option<String>,
}

impl IamArn {
    /// The whole ARN; an unknown account is written as `account`. `None` when the name is unknown.
    pub fn text(&self, account: &str) -> Option<String> {
        let resource = self.resource.as_ref().known()?;
        let account = self.account.as_deref().unwrap_or(account);
        Some(format!("arn:{}:iam::{account}:{resource}", self.partition))
    }
}

/// A role or a user.
#[derive(Clone, Copy, Debug)]
pub struct Principal<'o> {
    /// Where it is in the graph.
    pub id: NodeId,
    /// What all nodes have.
    pub node: &'o Node,
    /// `role` or `user`.
    pub word: &'static str,
    /// Its permissions boundary.
    pub boundary: &'o Boundary,
    /// Policies embedded in it.
    pub inline: &'o [InlinePolicy],
    /// Why its account is believed, or disputed.
    pub evidence: &'o [Evidence],
}

macro_rules! entities {
    ($($(#[$doc:meta])* $name:ident: $variant:ident($data:ty),)+) => {
        impl Organization {
            $(
                $(#[$doc])*
                pub fn $name(&self) -> impl Iterator<Item = Entity<'_, $data>> {
                    self.nodes().filter_map(|(id, node)| match &node.kind {
                        NodeKind::$variant(data) => Some(Entity { id, node, data }),
                        _ => None,
                    })
                }
            )+
        }
    };
}

entities! {
    /// All accounts that are mentioned anywhere, sorted by key; ask [`Account::member`] for those inside.
    accounts: Account(Account),
    /// All policies of the organization, sorted by key.
    org_policies: OrgPolicy(OrgPolicy),
    /// All IAM roles, sorted by key.
    roles: Role(Role),
    /// All IAM users, sorted by key.
    users: User(User),
    /// All IAM groups, sorted by key.
    groups: Group(Group),
    /// All managed IAM policies, sorted by key.
    managed_policies: ManagedPolicy(ManagedPolicy),
    /// All permission sets, sorted by key.
    permission_sets: PermissionSet(PermissionSet),
    /// All other resources that a rule asks where they are, sorted by key.
    workloads: Workload(Workload),
}

fn edge_modality(edge: &Edge) -> Modality {
    match edge {
        Edge::Contains(modality)
        | Edge::Owns(modality)
        | Edge::Bounds(modality)
        | Edge::Grants(modality)
        | Edge::Member(modality)
        | Edge::Assigned(modality) => *modality,
        Edge::Attached(attachment) => attachment.resolved.modality(),
    }
}

impl Organization {
    /// All roles and users, sorted by key.
    pub fn principals(&self) -> impl Iterator<Item = Principal<'_>> {
        self.nodes().filter_map(|(id, _)| self.principal(id))
    }

    /// The role or user that a resource manages.
    pub fn principal_at(
        &self,
        address: &orgward_plan::Address,
        stack: Option<&str>,
    ) -> Option<Principal<'_>> {
        let key = stack.map_or_else(|| address.to_string(), |stack| format!("{stack}:{address}"));
        self.principal(self.find(&crate::Key(key.into()))?)
    }

    /// The role or user at a node.
    pub fn principal(&self, id: NodeId) -> Option<Principal<'_>> {
        let node = self.node(id)?;
        let (word, boundary, inline, evidence) = match &node.kind {
            NodeKind::Role(role) => ("role", &role.boundary, &role.inline, &role.evidence),
            NodeKind::User(user) => ("user", &user.boundary, &user.inline, &user.evidence),
            _ => return None,
        };
        Some(Principal { id, node, word, boundary, inline, evidence })
    }

    /// The guardrail at a node.
    pub fn org_policy(&self, id: NodeId) -> Option<Entity<'_, OrgPolicy>> {
        let node = self.node(id)?;
        let NodeKind::OrgPolicy(data) = &node.kind else { return None };
        Some(Entity { id, node, data })
    }

    /// The account at a node.
    pub fn account(&self, id: NodeId) -> Option<Entity<'_, Account>> {
        let node = self.node(id)?;
        let NodeKind::Account(data) = &node.kind else { return None };
        Some(Entity { id, node, data })
    }

    /// The account that a principal, policy or workload is in, with how certain that is.
    pub fn owner(&self, id: NodeId) -> Option<(Entity<'_, Account>, Modality)> {
        self.incoming(id).into_iter().find_map(|(source, edge)| match edge {
            Edge::Owns(modality) => Some((self.account(source)?, *modality)),
            _ => None,
        })
    }

    /// What is attached to a root, organizational unit or account itself, sorted by key.
    pub fn attached_to(&self, target: NodeId) -> Vec<(Entity<'_, OrgPolicy>, &Attachment)> {
        self.incoming(target)
            .into_iter()
            .filter_map(|(source, edge)| match edge {
                Edge::Attached(attachment) => Some((self.org_policy(source)?, attachment)),
                _ => None,
            })
            .collect()
    }

    /// What a guardrail is attached to, sorted by key.
    pub fn targets_of(&self, org_policy: NodeId) -> Vec<(NodeId, &Attachment)> {
        self.outgoing(org_policy)
            .into_iter()
            .filter_map(|(target, edge)| match edge {
                Edge::Attached(attachment) => Some((target, attachment)),
                _ => None,
            })
            .collect()
    }

    /// What lies directly in a root or organizational unit, sorted by key.
    pub fn children(&self, id: NodeId) -> Vec<(NodeId, Modality)> {
        self.outgoing(id)
            .into_iter()
            .filter_map(|(target, edge)| match edge {
                Edge::Contains(modality) => Some((target, *modality)),
                _ => None,
            })
            .collect()
    }

    /// What a node may lie in, sorted by key.
    pub fn parents(&self, id: NodeId) -> Vec<(NodeId, Modality)> {
        self.incoming(id)
            .into_iter()
            .filter_map(|(source, edge)| match edge {
                Edge::Contains(modality) => Some((source, *modality)),
                _ => None,
            })
            .collect()
    }

    /// All accounts that may lie below a node, in order of their keys.
    pub fn accounts_below(&self, id: NodeId) -> Vec<Entity<'_, Account>> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            if !seen.insert(next) {
                continue;
            }
            found.extend(self.account(next));
            open.extend(self.children(next).into_iter().map(|(child, _)| child));
        }
        found.sort_by(|a, b| a.node.key.cmp(&b.node.key));
        found
    }

    /// How a reader finds a node in the tree: `Root/Runtime/prod`. Starts with `…` where parents are unknown.
    pub fn path(&self, id: NodeId) -> String {
        let mut names = Vec::new();
        let mut next = Some(id);
        let mut complete = false;
        while let Some(at) = next {
            let Some(node) = self.node(at) else { break };
            names.push(if matches!(node.kind, NodeKind::Root) { "Root".to_owned() } else { node.title() });
            complete = matches!(node.kind, NodeKind::Root);
            next = match self.parents(at).as_slice() {
                [(parent, Modality::Must)] if names.len() < 64 => Some(*parent),
                _ => None,
            };
        }
        if !complete {
            names.push("…".to_owned());
        }
        names.reverse();
        names.join("/")
    }

    /// Whether an account belongs to the organization that a node is of.
    pub fn membership(&self, of: NodeId, account: &str) -> Membership {
        let Some(index) = self.organization_of(of) else { return Membership::Unknown };
        if self.placeholder_ids.contains(account) {
            let member = self.account_symbols.iter().find(|(_, symbol)| *symbol == account);
            let inside = member.is_some_and(|(id, _)| self.is_member(*id, index));
            return if inside { Membership::Inside } else { Membership::Unknown };
        }
        let root = self.organization(index);
        match (root.members.contains(account), root.account_list_complete) {
            (true, _) => Membership::Inside,
            (false, true) => Membership::Outside,
            // An account is of one organization at most.
            (false, false) if self.organizations().any(|other| other.members.contains(account)) => {
                Membership::Outside
            }
            (false, false) => Membership::Unknown,
        }
    }

    /// The groups that a user is in, sorted by key.
    pub fn groups_of(&self, user: NodeId) -> Vec<(NodeId, Modality)> {
        let edges = self.incoming(user).into_iter();
        edges
            .filter_map(|(group, edge)| {
                matches!(edge, Edge::Member(_)).then_some((group, edge_modality(edge)))
            })
            .collect()
    }

    /// The account of a principal as policy documents write it, or what stands for it where nothing says which it is.
    pub fn account_text(&self, principal: NodeId) -> Option<&str> {
        self.symbolic_account(principal).or_else(|| self.elsewhere.get(&principal).map(String::as_str))
    }

    pub(crate) fn is_member(&self, account: NodeId, organization: usize) -> bool {
        self.account(account).is_some_and(|account| account.member)
            && self.organization_of(account) == Some(organization)
    }

    /// What lies inside the organization that a node is of, for questions about outsiders.
    pub fn perimeter(&self, of: NodeId) -> Perimeter {
        let Some(index) = self.organization_of(of) else { return Perimeter::default() };
        Perimeter {
            organization: self.symbolic_id_of(of).map(str::to_owned),
            accounts: self.insiders().get(index).cloned().unwrap_or_default(),
            complete: self.organization(index).account_list_complete,
        }
    }

    /// The ids of the accounts of each organization, and what stands for them.
    fn insiders(&self) -> &[Arc<BTreeSet<String>>] {
        self.insiders.get_or_init(|| {
            (0..=self.others.len())
                .map(|index| {
                    let inside = self.account_symbols.iter().filter(|(id, _)| self.is_member(**id, index));
                    let inside = inside.map(|(_, symbol)| symbol);
                    Arc::new(self.organization(index).members.iter().chain(inside).cloned().collect())
                })
                .collect()
        })
    }

    /// The ARN of a principal or managed policy, as far as it is known before it exists.
    pub fn iam_arn(&self, id: NodeId) -> Option<IamArn> {
        let node = self.node(id)?;
        let (word, path) = match &node.kind {
            NodeKind::Role(role) => ("role", &role.path),
            NodeKind::User(user) => ("user", &user.path),
            NodeKind::ManagedPolicy(policy) => ("policy", &policy.path),
            _ => return None,
        };
        if let Attr::Known(arn) = &node.arn {
            let mut parts = arn.expose().splitn(6, ':');
            if let (Some("arn"), Some(partition), Some("iam"), Some(_), Some(account), Some(resource)) =
                (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
            {
                return Some(IamArn {
                    partition: partition.to_owned(),
                    account: (!account.is_empty()).then(|| account.to_owned()),
                    resource: Attr::Known(resource.to_owned()),
                    prefix: None,
                });
            }
        }
        let account = self
            .owner(id)
            .filter(|(_, modality)| *modality == Modality::Must)
            .and_then(|(account, _)| account.node.id.as_ref().known().map(|id| id.expose().to_owned()));
        let path = match path {
            Attr::Known(path) => Some(path.as_str()),
            Attr::Absent => Some("/"),
            Attr::Unknown => None,
        };
        let resource = match (&node.name, path) {
            (Attr::Known(name), Some(path)) => Attr::Known(format!("{word}{path}{}", name.expose())),
            _ => Attr::Unknown,
        };
        let begins = || {
            let name = self.name_prefixes.get(&id).map(String::as_str).unwrap_or_default();
            path.map(|path| format!("{word}{path}{name}"))
        };
        let prefix = if resource.is_unknown() { begins() } else { None };
        Some(IamArn { partition: self.partition(id).to_owned(), account, resource, prefix })
    }

    /// The partition that a node is in: `aws` unless the inputs say otherwise.
    pub fn partition(&self, id: NodeId) -> &str {
        let own = self.partitions.get(&id);
        let of_account = || self.owner(id).and_then(|(account, _)| self.partitions.get(&account.id));
        own.or_else(of_account).map_or("aws", String::as_str)
    }

    /// All policy documents that people write, each with the resource that holds it, sorted by name.
    pub fn documents(&self) -> Vec<(Option<&Address>, &Document)> {
        let mut documents = Vec::new();
        let mut inline: Vec<&InlinePolicy> = Vec::new();
        for (_, node) in self.nodes() {
            let address = node.address.as_ref();
            match &node.kind {
                NodeKind::OrgPolicy(org_policy) if org_policy.is_authorization() => {
                    documents.push((address, &org_policy.document));
                }
                NodeKind::ManagedPolicy(policy) => documents.push((address, &policy.document)),
                NodeKind::Role(role) => {
                    documents.push((address, &role.trust));
                    inline.extend(&role.inline);
                }
                NodeKind::User(user) => inline.extend(&user.inline),
                NodeKind::Group(group) => inline.extend(&group.inline),
                NodeKind::PermissionSet(set) => inline.extend(&set.inline),
                NodeKind::Elsewhere(elsewhere) => inline.extend(&elsewhere.inline),
                NodeKind::Root
                | NodeKind::Unit
                | NodeKind::Account(_)
                | NodeKind::OrgPolicy(_)
                | NodeKind::Workload(_) => {}
            }
        }
        documents.extend(inline.into_iter().map(|policy| (Some(&policy.address), &policy.document)));
        let policies = self.access.resources.iter().flat_map(|resource| &resource.policies);
        documents.extend(policies.map(|policy| (Some(&policy.address), &policy.document)));
        // Who may change the organization.
        let governing = self.controls_of("aws_organizations_resource_policy");
        documents.extend(governing.filter_map(|it| Some((Some(&it.address), it.document.as_ref()?))));
        documents.extend(self.other_documents.iter().map(|(address, document)| (Some(address), document)));
        documents.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        documents
    }

    /// What kind of workload a resource type is, in one word; `None` when it is none, or when that is not decided.
    pub fn workload_category(resource: &str) -> Option<&'static str> {
        crate::resource_types::ResourceType::decided(resource).category()
    }
}
