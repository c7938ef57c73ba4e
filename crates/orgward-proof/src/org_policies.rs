//! What several rules ask about guardrails: whom they bind, and what they deny.

use std::collections::BTreeMap;

use orgward_finding::Source;
use orgward_iam::{Effect, Policy, Statement};
use orgward_org::{
    Document, Entity, Modality, Node, NodeId, NodeKind, OrgPolicy, Organization, PolicyChain, PolicyType,
};
use orgward_plan::Attr;

/// The document of a plan as something that a finding can show.
pub fn source(document: &Document) -> Source {
    Source { name: document.name.clone(), text: document.text.clone() }
}

/// The nodes at which guardrails matter: every member account that they bind, and every unit or root that nothing
/// is known to lie in, which stands for the accounts that other stacks put there. Sorted by key.
pub fn ends(organization: &Organization) -> Vec<(NodeId, &Node)> {
    organization
        .nodes()
        .filter(|(id, node)| match &node.kind {
            NodeKind::Account(account) => account.member && !account.management,
            NodeKind::Unit => {
                // A unit that this plan creates holds what this plan puts there. Manifests may name units and leave the
                // accounts to others.
                let by_manifest = || {
                    let is_file = |address| organization.is_policy_file(address);
                    node.address.as_ref().is_some_and(is_file) && !organization.has_roster()
                };
                let is_there = matches!(node.id, Attr::Known(_)) || by_manifest();
                is_there && organization.children(*id).is_empty()
            }
            NodeKind::Root => {
                let empty = organization.children(*id).is_empty();
                matches!(node.id, Attr::Known(_))
                    && empty
                    && !organization.accounts().any(|account| account.member && !account.management)
            }
            _ => false,
        })
        .collect()
}

/// What to call a node in the list of accounts of a finding.
pub fn account_label(organization: &Organization, id: NodeId) -> Option<String> {
    let account = organization.account(id)?;
    Some(account.node.label())
}

/// The id of an account, or what stands for it; `None` for a unit. Not to be printed before it is read out.
pub fn account_id(organization: &Organization, id: NodeId) -> Option<&str> {
    organization.account(id)?;
    organization.symbolic_account_id(id)
}

/// Nodes whose requests get the same rulings: they lie in the same place and inherit the same guardrails.
#[derive(Clone)]
pub struct Group<'o> {
    /// Where that is, fit to print.
    pub path: String,
    /// The policy chain of the first; equal for the rest but for the last level's name.
    pub chain: PolicyChain<'o>,
    /// The nodes, sorted by key.
    pub members: Vec<(NodeId, &'o Node)>,
    /// The ids of the accounts among them, or what stands for them.
    pub account_ids: Vec<String>,
}

impl Group<'_> {
    /// The ids of the accounts in the group, as findings list them.
    pub fn accounts(&self, organization: &Organization) -> Vec<String> {
        self.members.iter().filter_map(|(id, _)| account_label(organization, *id)).collect()
    }

    /// What tells the group apart from others in the same place, and from the same group with other members.
    pub fn subject(&self) -> String {
        let keys: Vec<String> = self.members.iter().map(|(_, node)| node.key.to_string()).collect();
        keys.join(" ")
    }

    /// The account id to make requests with; it may be a symbol.
    pub fn account_id(&self) -> String {
        self.account_ids.first().cloned().unwrap_or_else(|| "222222222222".to_owned())
    }
}

/// All ends, grouped; sorted by path.
pub fn groups<'o>(organization: &'o Organization, kind: &PolicyType) -> Vec<Group<'o>> {
    groups_of(organization, std::slice::from_ref(kind))
}

/// All ends, grouped by their guardrails of several kinds; sorted by path. The policy chain is the one of the first kind.
pub fn groups_of<'o>(organization: &'o Organization, kinds: &[PolicyType]) -> Vec<Group<'o>> {
    let mut groups: BTreeMap<_, Group<'o>> = BTreeMap::new();
    let Some(first) = kinds.first() else { return Vec::new() };
    for (id, node) in ends(organization) {
        let is_account = matches!(node.kind, NodeKind::Account(_));
        let parent = match organization.parents(id).as_slice() {
            [parent] if is_account => Some(*parent),
            _ => None,
        };
        // What is not an account, or lies nowhere, stands for itself.
        let alone = if parent.is_some() { None } else { Some(node.key.clone()) };
        // Accounts in one place differ by what is attached to themselves, and by nothing else.
        let own: Vec<(NodeId, Modality)> = organization
            .attached_to(id)
            .into_iter()
            .filter(|(org_policy, _)| {
                kinds.contains(&org_policy.kind) || org_policy.kind == PolicyType::Unknown
            })
            .map(|(org_policy, attachment)| (org_policy.id, attachment.resolved.modality()))
            .collect();
        let group = groups.entry((parent, alone, own)).or_insert_with(|| Group {
            path: organization.path(parent.map_or(id, |(parent, _)| parent)),
            chain: organization.policy_chain(id, first),
            members: Vec::new(),
            account_ids: Vec::new(),
        });
        group.members.push((id, node));
        let account = organization.symbolic_account_id(id).filter(|_| is_account);
        group.account_ids.extend(account.map(str::to_owned));
    }
    let mut groups: Vec<Group<'o>> = groups.into_values().collect();
    groups.sort_by(|a, b| {
        let key = |group: &Group<'_>| group.members.first().map(|(_, node)| node.key.clone());
        (&a.path, key(a)).cmp(&(&b.path, key(b)))
    });
    groups
}

/// The statements of a guardrail that deny, with their index.
pub fn denials(org_policy: Entity<'_, OrgPolicy>) -> impl Iterator<Item = (usize, &Statement)> {
    let statements = org_policy.data.document.policy().map_or(&[][..], |policy| &policy.statements);
    statements.iter().enumerate().filter(|(_, statement)| statement.effect.value == Effect::Deny)
}

/// Whether the candidates, each with the policy that holds it, deny everything that a statement of another policy
/// denies. Several of them may share its actions and resources between them.
pub fn cover<'p>(candidates: &[(&'p Policy, &'p Statement)], statement: &Statement, policy: &Policy) -> bool {
    let covered = |part: &Statement| {
        candidates.iter().any(|(holder, candidate)| candidate.covers(holder, part, policy))
    };
    if covered(statement) {
        return true;
    }
    let mut part = statement.clone();
    parts(&statement.actions.patterns, statement.actions.not).iter().all(|actions| {
        part.actions.patterns.clone_from(actions);
        let Some(resources) = &statement.resources else { return covered(&part) };
        parts(&resources.patterns, resources.not).iter().all(|resources| {
            if let Some(part) = &mut part.resources {
                part.patterns.clone_from(resources);
            }
            covered(&part)
        })
    })
}

/// The entries of a list one by one; an exclusion stays whole.
fn parts<T: Clone>(patterns: &[T], not: bool) -> Vec<Vec<T>> {
    if not { vec![patterns.to_vec()] } else { patterns.iter().map(|pattern| vec![pattern.clone()]).collect() }
}

/// What tells a statement apart from others of its document wherever it stands: its text. It may be sensitive.
pub fn statement_key(document: &Document, statement: &Statement) -> String {
    let text = document.text.expose().get(statement.span.clone()).unwrap_or_default();
    text.split_whitespace().collect()
}

/// What to call a statement in a sentence.
pub fn statement_title(index: usize, statement: &Statement, sensitive: bool) -> String {
    match &statement.sid {
        Some(sid) if !sid.value.is_empty() && !sensitive => format!("`{}`", sid.value),
        _ => format!("number {}", index + 1),
    }
}
