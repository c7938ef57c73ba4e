use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use petgraph::Direction;
use petgraph::stable_graph::StableDiGraph;
use petgraph::visit::EdgeRef as _;

use crate::hole::{ORGANIZATION, PlaceholderIds};
use crate::{Completion, Document, Edge, Key, Node, NodeId, NodeKind, PolicyType};

/// A guardrail that is attached to something nobody can name before the plan is applied.
#[derive(Clone, Debug)]
pub struct UnresolvedAttachment {
    /// The resource that attaches it.
    pub address: orgward_plan::Address,
    /// The guardrail.
    pub org_policy: NodeId,
    /// Why the target is unknown, one sentence a step.
    pub trail: Vec<String>,
}

/// Which types of policies act.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) enum PolicyTypes {
    /// No input says so.
    #[default]
    NotShown,
    /// These, by their names in the API.
    Enabled(BTreeSet<String>),
    /// These, and which others is unknown until apply.
    AtLeast(BTreeSet<String>),
}

/// What an organization has beside its tree. Every organization has one root.
#[derive(Clone, Default, Debug)]
pub(crate) struct Root {
    /// The root itself.
    pub(crate) node: Option<NodeId>,
    /// The id of the organization, `o-…`.
    pub(crate) id: Option<String>,
    /// The management account.
    pub(crate) management: Option<NodeId>,
    /// Which types of policies are enabled.
    pub(crate) policy_types: PolicyTypes,
    /// The resource that enables them.
    pub(crate) enabler: Option<orgward_plan::Address>,
    /// The ids of the accounts inside.
    pub(crate) members: BTreeSet<String>,
    /// Whether the inputs list all accounts.
    pub(crate) account_list_complete: bool,
    /// Whether the plan creates the organization, so that its id is a symbol.
    pub(crate) is_new: bool,
}

impl Root {
    fn symbolic_id(&self) -> Option<&str> {
        self.id.as_deref().or(self.is_new.then_some(ORGANIZATION))
    }

    pub(crate) fn is_enabled(&self, kind: &PolicyType) -> Option<bool> {
        let (types, complete) = match &self.policy_types {
            PolicyTypes::NotShown => return None,
            PolicyTypes::Enabled(types) => (types, true),
            PolicyTypes::AtLeast(types) => (types, false),
        };
        match kind {
            // It is one of those that are enabled, if any is.
            PolicyType::Unknown => (complete && types.is_empty()).then_some(false),
            kind if types.contains(kind.api_name()) => Some(true),
            _ => complete.then_some(false),
        }
    }
}

/// An organization on one side of a change.
#[derive(Clone, Debug, Default)]
pub struct Organization {
    pub(crate) graph: StableDiGraph<Node, Edge, u32>,
    pub(crate) keys: BTreeMap<Key, NodeId>,
    /// The organization, or the first of several.
    pub(crate) first: Root,
    /// The other organizations that the inputs show; usually none.
    pub(crate) others: Vec<Root>,
    /// Which organization accounts are of, where the tree does not say it.
    pub(crate) listed_in: BTreeMap<NodeId, usize>,
    /// Resources that govern.
    pub(crate) controls: BTreeMap<Key, crate::Control>,
    /// What accounts are for, where the manifest of a landing zone says it.
    pub(crate) account_roles: BTreeMap<NodeId, crate::AccountRole>,
    /// What the plans send away.
    pub(crate) departures: Vec<crate::Departure>,
    /// Attachments whose target is unknown.
    pub(crate) unresolved_targets: Vec<UnresolvedAttachment>,
    /// Policies embedded in principals that no input shows.
    /// What the inputs say that contradicts itself, one sentence each.
    pub(crate) contradictions: Vec<String>,
    /// What a snapshot among the inputs does not show.
    pub(crate) not_read: Vec<orgward_plan::NotRead>,
    /// What the plans bring about and nothing judges.
    pub(crate) unjudged: Vec<crate::Unjudged>,
    /// What the plans do to resources: only of the side after them.
    pub(crate) planned: Vec<crate::PlannedChange>,
    /// In which order the plans do it, by input; only of those that change policies.
    pub(crate) orders: BTreeMap<Option<Arc<str>>, orgward_plan::Dependencies>,
    /// What stands for values that do not exist yet.
    pub(crate) placeholder_ids: PlaceholderIds,
    /// What the names of principals begin with that are unknown until apply (`name_prefix`).
    pub(crate) name_prefixes: BTreeMap<NodeId, String>,
    /// The partitions of accounts and principals, where they are others than `aws`.
    pub(crate) partitions: BTreeMap<NodeId, String>,
    /// What stands for the ids of accounts that have none yet.
    pub(crate) account_symbols: BTreeMap<NodeId, String>,
    /// The ids of the accounts of each organization, once they are asked for.
    pub(crate) insiders: OnceLock<Vec<Arc<BTreeSet<String>>>>,
    /// What stands for the account of principals of which nothing says where they are.
    pub(crate) elsewhere: BTreeMap<NodeId, String>,
    /// Grants, resources with policies, and what bounds them.
    pub(crate) access: crate::AccessFacts,
    /// What policy files manage, see [`crate::POLICY_FILES`].
    pub(crate) policy_files: BTreeSet<orgward_plan::Address>,
    /// Policy files that are of no resource which is judged: policies of endpoints, and of services without a table.
    pub(crate) other_documents: Vec<(orgward_plan::Address, Document)>,
}

impl Organization {
    /// The graph itself, for reports that draw it.
    pub fn graph(&self) -> &StableDiGraph<Node, Edge, u32> {
        &self.graph
    }

    /// Whether a resource is one that a policy file or a manifest beside it describes, and Terraform does not manage.
    pub fn is_policy_file(&self, address: &orgward_plan::Address) -> bool {
        self.policy_files.contains(address)
    }

    /// Grants, resources with policies, shares, switches, and what runs as a role.
    pub fn access(&self) -> &crate::AccessFacts {
        &self.access
    }

    /// The id of the organization, `o-…`, if known.
    pub fn id(&self) -> Option<&str> {
        self.first.id.as_deref()
    }

    /// All organizations that the inputs show.
    pub(crate) fn organizations(&self) -> impl Iterator<Item = &Root> {
        std::iter::once(&self.first).chain(&self.others)
    }

    pub(crate) fn organization(&self, index: usize) -> &Root {
        index.checked_sub(1).and_then(|index| self.others.get(index)).unwrap_or(&self.first)
    }

    pub(crate) fn organization_mut(&mut self, index: usize) -> &mut Root {
        index.checked_sub(1).and_then(|index| self.others.get_mut(index)).unwrap_or(&mut self.first)
    }

    /// Which organization a node is of; `None` where there are several and nothing says which.
    pub(crate) fn organization_of(&self, node: NodeId) -> Option<usize> {
        if self.others.is_empty() { Some(0) } else { self.organization_above(node, 0) }
    }

    fn organization_above(&self, at: NodeId, depth: usize) -> Option<usize> {
        if let Some(index) = self.organizations().position(|root| root.node == Some(at)) {
            return Some(index);
        }
        if let Some(&index) = self.listed_in.get(&at) {
            return Some(index);
        }
        let above = match self.owner(at) {
            Some((account, _)) => vec![account.id],
            None => self.parents(at).into_iter().map(|(parent, _)| parent).collect(),
        };
        // Deeper than any tree.
        let mut found = above
            .into_iter()
            .map(|at| self.organization_above(at, depth + 1))
            .take(if depth < 64 { usize::MAX } else { 0 });
        let first = found.next()??;
        found.all(|other| other == Some(first)).then_some(first)
    }

    /// The id of the organization that a node is of, or what stands for it where the plan creates it. Not to be printed
    /// before [`Organization::render`] has seen it.
    pub fn symbolic_id_of(&self, node: NodeId) -> Option<&str> {
        self.organization(self.organization_of(node)?).symbolic_id()
    }

    /// The management account of the organization that a node is of, if the inputs show or imply one.
    pub fn management_of(&self, node: NodeId) -> Option<NodeId> {
        self.organization(self.organization_of(node)?).management
    }

    /// Whether policies of this type act on a node: `None` when no input says so.
    pub fn is_enabled_at(&self, node: NodeId, kind: &PolicyType) -> Option<bool> {
        self.organization(self.organization_of(node)?).is_enabled(kind)
    }

    /// The id of the organization, or what stands for it where the plan creates it. Not to be printed before
    /// [`Organization::render`] has seen it.
    pub fn symbolic_id(&self) -> Option<&str> {
        self.first.symbolic_id()
    }

    /// The id of the account that a principal is in, or what stands for it in policy documents. Not to be printed
    /// before [`Organization::render`] has seen it.
    pub fn symbolic_account(&self, principal: NodeId) -> Option<&str> {
        let (account, modality) = self.owner(principal)?;
        self.symbolic_account_id(account.id).filter(|_| modality == crate::Modality::Must)
    }

    /// The id of an account, or what stands for it in policy documents. Not to be printed before
    /// [`Organization::render`] has seen it.
    pub fn symbolic_account_id(&self, account: NodeId) -> Option<&str> {
        let node = self.node(account)?;
        let known = node.id.as_ref().known().map(orgward_plan::Text::expose);
        known.or_else(|| self.account_symbols.get(&account).map(String::as_str))
    }

    /// Whether an account, as policy documents write it, is the one that a principal is in. Where nothing says which
    /// account that is, it can still be the one of another resource of the same provider configuration.
    pub fn is_own_account(&self, principal: NodeId, account: &str) -> bool {
        let elsewhere = || self.elsewhere.get(&principal).map(String::as_str);
        self.symbolic_account(principal).or_else(elsewhere) == Some(account)
    }

    /// A text in which what stands for unknown values is replaced by the references that they will come from.
    pub fn render(&self, text: &str) -> String {
        self.placeholder_ids.render(text)
    }

    /// The documents that have holes which can be filled in more than one way.
    pub fn open_documents(&self) -> Vec<&Document> {
        let documents = self.documents().into_iter().map(|(_, document)| document);
        documents.filter(|document| document.bounds.is_some()).collect()
    }

    /// The organization in which every document with holes is read as one of its extremes.
    #[must_use]
    pub fn completed(&self, completion: Completion) -> Self {
        let mut organization = self.clone();
        let complete = |document: &mut Document| {
            if let Some(completed) = document.completed(completion) {
                *document = completed.clone();
            }
        };
        let inline = |policies: &mut Vec<crate::InlinePolicy>| {
            for policy in policies {
                complete(&mut policy.document);
            }
        };
        for control in organization.controls.values_mut() {
            control.document.iter_mut().for_each(complete);
        }
        let resources = organization.access.resources.iter_mut();
        resources
            .flat_map(|resource| &mut resource.policies)
            .for_each(|policy| complete(&mut policy.document));
        for node in organization.graph.node_weights_mut() {
            match &mut node.kind {
                NodeKind::OrgPolicy(org_policy) => complete(&mut org_policy.document),
                NodeKind::ManagedPolicy(policy) => complete(&mut policy.document),
                NodeKind::Role(role) => {
                    complete(&mut role.trust);
                    inline(&mut role.inline);
                }
                NodeKind::User(user) => inline(&mut user.inline),
                NodeKind::Group(group) => inline(&mut group.inline),
                NodeKind::PermissionSet(set) => inline(&mut set.inline),
                NodeKind::Elsewhere(elsewhere) => inline(&mut elsewhere.inline),
                NodeKind::Root | NodeKind::Unit | NodeKind::Account(_) | NodeKind::Workload(_) => {}
            }
        }
        organization
    }

    /// The root, if the inputs show or imply one.
    pub fn root(&self) -> Option<NodeId> {
        self.first.node
    }

    /// The management account, if the inputs show or imply one.
    pub fn management(&self) -> Option<NodeId> {
        self.first.management
    }

    /// Whether policies of this type act: `None` when no input says so, or when that is not the same in all
    /// organizations.
    pub fn is_enabled(&self, kind: &PolicyType) -> Option<bool> {
        let first = self.first.is_enabled(kind)?;
        self.others.iter().all(|root| root.is_enabled(kind) == Some(first)).then_some(first)
    }

    /// Whether it is unknown until apply if policies of this type act.
    pub fn may_be_disabled(&self, kind: &PolicyType) -> bool {
        self.organizations().any(|root| {
            matches!(root.policy_types, PolicyTypes::AtLeast(_)) && root.is_enabled(kind).is_none()
        })
    }

    /// The resource that says which kinds of policies are enabled.
    pub fn enabler(&self) -> Option<&orgward_plan::Address> {
        self.organizations().find_map(|root| root.enabler.as_ref())
    }

    /// Whether the inputs list all accounts of the organization.
    pub fn has_roster(&self) -> bool {
        self.organizations().all(|root| root.account_list_complete)
    }

    /// Guardrails that are attached to something unknown.
    pub fn loose_attachments(&self) -> &[UnresolvedAttachment] {
        &self.unresolved_targets
    }

    /// What a snapshot among the inputs does not show, because AWS refused to show it: no answer that depends on all
    /// accounts or all policies is certain.
    pub fn not_read(&self) -> &[orgward_plan::NotRead] {
        &self.not_read
    }

    /// What the inputs say that contradicts itself, one sentence each.
    pub fn contradictions(&self) -> &[String] {
        &self.contradictions
    }

    /// What the plans bring about and nothing judges: only of the side after them.
    pub fn unjudged(&self) -> &[crate::Unjudged] {
        &self.unjudged
    }

    /// What the plans do to resources of the AWS provider, by input and then by address: only of the side after them.
    pub fn planned(&self) -> &[crate::PlannedChange] {
        &self.planned
    }

    /// Whether Terraform makes one change only once another one is made. What is deleted is in another order: its
    /// dependencies are in the state, which a plan shows in part.
    pub fn is_made_after(&self, later: &crate::PlannedChange, earlier: &crate::PlannedChange) -> bool {
        let stands = |change: &crate::PlannedChange| change.operation != crate::Operation::Delete;
        let order = self.orders.get(&later.stack).filter(|_| later.stack == earlier.stack);
        stands(later)
            && stands(earlier)
            && order.is_some_and(|order| order.follows(&later.address, &earlier.address))
    }

    /// The node with this key.
    pub fn find(&self, key: &Key) -> Option<NodeId> {
        self.keys.get(key).copied()
    }

    /// A node. Ids of the other side must not be used here.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.graph.node_weight(id)
    }

    /// All nodes, sorted by key.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.keys.values().filter_map(|&id| Some((id, self.graph.node_weight(id)?)))
    }

    /// Edges into a node, with where they come from, sorted by the key of that node.
    pub(crate) fn incoming(&self, id: NodeId) -> Vec<(NodeId, &Edge)> {
        self.sorted(
            self.graph.edges_directed(id, Direction::Incoming).map(|edge| (edge.source(), edge.weight())),
        )
    }

    /// Edges out of a node, with where they go, sorted by the key of that node.
    pub(crate) fn outgoing(&self, id: NodeId) -> Vec<(NodeId, &Edge)> {
        self.sorted(
            self.graph.edges_directed(id, Direction::Outgoing).map(|edge| (edge.target(), edge.weight())),
        )
    }

    fn sorted<'o>(&'o self, edges: impl Iterator<Item = (NodeId, &'o Edge)>) -> Vec<(NodeId, &'o Edge)> {
        let mut edges: Vec<_> = edges.collect();
        // The graph lists the newest edge first; the key decides instead, and age among equals.
        edges.reverse();
        edges.sort_by(|(a, _), (b, _)| self.key(*a).cmp(&self.key(*b)));
        edges
    }

    fn key(&self, id: NodeId) -> Option<&Key> {
        self.graph.node_weight(id).map(|node| &node.key)
    }
}
