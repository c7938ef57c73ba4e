//! Which principal has which policy, in all the forms in which Terraform can say so.

use std::collections::BTreeMap;

use orgward_iam::Kind;
use orgward_plan::{Attr, Legal, Step, Text};

use super::join::{GROUP_NAME, Link, POLICY_ARN, ROLE_NAME, USER_NAME};
use super::{Builder, Piece};
use crate::resource::{Grant, GrantedPolicy};
use crate::{Edge, InlinePolicy, Modality, NodeId, NodeKind};

/// How principals of one kind are named in resources that give them something.
struct Holder {
    /// `role`, `user`, `group`: the attribute, and a part of resource types.
    word: &'static str,
    legal: Legal<'static>,
}

const HOLDERS: [Holder; 3] = [
    Holder { word: "role", legal: ROLE_NAME },
    Holder { word: "user", legal: USER_NAME },
    Holder { word: "group", legal: GROUP_NAME },
];

/// Who is given a policy.
pub(super) struct To<'t> {
    /// The holders, as far as the inputs show them.
    pub(super) nodes: &'t [NodeId],
    /// `role`, `user`, `group`, `permission set`.
    pub(super) word: &'static str,
    /// How the resource names the holder.
    pub(super) name: Attr<Text>,
    /// Whether it must be these, or may be.
    pub(super) modality: Modality,
}

/// Principals by input and name. A name that two accounts of one input use means either.
type Names = BTreeMap<(usize, &'static str, String), Vec<NodeId>>;

impl<'a> Builder<'_, 'a> {
    /// Policies of roles, users and groups, and users in groups.
    pub(super) fn grants(&mut self) {
        let names = self.names();
        for holder in &HOLDERS {
            for piece in self.of_kind(&format!("aws_iam_{}_policy", holder.word)) {
                self.inline_policy(piece, holder, &names);
            }
            for piece in self.of_kind(&format!("aws_iam_{}_policy_attachment", holder.word)) {
                let path = [Step::Name(holder.word)];
                let (to, modality) = self.holders(piece, &path, holder, &names);
                let name = piece.object.get(holder.word).text();
                self.grant(
                    piece,
                    &[Step::Name("policy_arn")],
                    &To { nodes: &to, word: holder.word, name, modality },
                );
            }
            // What it lists, it attaches, too.
            let attribute = format!("{}_name", holder.word);
            for piece in self.of_kind(&format!("aws_iam_{}_policy_attachments_exclusive", holder.word)) {
                let (to, modality) = self.holders(piece, &[Step::Name(&attribute)], holder, &names);
                for index in 0..length(piece, "policy_arns") {
                    let name = piece.object.get(&attribute).text();
                    let path = [Step::Name("policy_arns"), Step::Index(index)];
                    self.grant(piece, &path, &To { nodes: &to, word: holder.word, name, modality });
                }
            }
        }
        for piece in self.of_kind("aws_iam_role") {
            let Some(&role) = self.addresses.get(&(piece.stack, piece.instance.address.clone())) else {
                continue;
            };
            // What a refresh read is what attachments give, or gave.
            let plan = self.stacks.get(piece.stack).map(|stack| stack.plan);
            if plan.is_some_and(|plan| plan.is_unset(piece.instance, "managed_policy_arns")) {
                continue;
            }
            for index in 0..length(piece, "managed_policy_arns") {
                let path = [Step::Name("managed_policy_arns"), Step::Index(index)];
                let name = piece.object.get("name").text();
                let to = To { nodes: &[role], word: "role", name, modality: Modality::Must };
                self.grant(piece, &path, &to);
            }
        }
        for piece in self.of_kind("aws_iam_policy_attachment") {
            for holder in &HOLDERS {
                let attribute = format!("{}s", holder.word);
                for index in 0..length(piece, &attribute) {
                    let path = [Step::Name(&attribute), Step::Index(index)];
                    let (to, modality) = self.holders(piece, &path, holder, &names);
                    let name = super::join::at(piece, &path).text();
                    let to = To { nodes: &to, word: holder.word, name, modality };
                    self.grant(piece, &[Step::Name("policy_arn")], &to);
                }
            }
        }
        self.memberships(&names);
        self.exclusives(&names);
    }

    fn names(&self) -> Names {
        let mut names = Names::new();
        for ((stack, _), &at) in &self.addresses {
            let Some(node) = self.organization.node(at) else { continue };
            let word = match node.kind {
                NodeKind::Role(_) => "role",
                NodeKind::User(_) => "user",
                NodeKind::Group(_) => "group",
                _ => continue,
            };
            if let Attr::Known(name) = &node.name {
                names.entry((*stack, word, name.expose().to_owned())).or_default().push(at);
            }
        }
        names
    }

    /// The principals that an attribute names, and whether it must be all of them.
    fn holders(
        &self,
        piece: &Piece<'_, 'a>,
        path: &[Step<'_>],
        holder: &Holder,
        names: &Names,
    ) -> (Vec<NodeId>, Modality) {
        match self.link(piece, path, &holder.legal) {
            Link::Node(node, resolved, _) => (vec![node], resolved.modality()),
            Link::Candidates(nodes, _) | Link::Bounded(nodes, _) => (nodes, Modality::May),
            Link::Value(name) => {
                let name = name.expose();
                // `role` accepts the ARN, too.
                let name =
                    if name.starts_with("arn:") { name.rsplit('/').next().unwrap_or(name) } else { name };
                let found =
                    names.get(&(piece.stack, holder.word, name.to_owned())).cloned().unwrap_or_default();
                let modality = if found.len() > 1 { Modality::May } else { Modality::Must };
                (found, modality)
            }
            Link::Unknown(_) | Link::Absent => (Vec::new(), Modality::May),
        }
    }

    fn inline_policy(&mut self, piece: &Piece<'_, 'a>, holder: &Holder, names: &Names) {
        let document = self.document(piece, &[Step::Name("policy")], Kind::Identity, "policy");
        let (to, modality) = self.holders(piece, &[Step::Name(holder.word)], holder, names);
        let policy = InlinePolicy {
            name: piece.object.get("name").text(),
            address: piece.instance.address.clone(),
            document,
            must: modality == Modality::Must,
        };
        if to.is_empty() {
            self.organization.policies_of_unmanaged.push(policy);
            return;
        }
        for at in to {
            self.embed(at, policy.clone());
        }
    }

    pub(super) fn embed(&mut self, at: NodeId, policy: InlinePolicy) {
        let Some(node) = self.organization.graph.node_weight_mut(at) else { return };
        let inline = match &mut node.kind {
            NodeKind::Role(role) => &mut role.inline,
            NodeKind::User(user) => &mut user.inline,
            NodeKind::Group(group) => &mut group.inline,
            NodeKind::PermissionSet(set) => &mut set.inline,
            _ => return,
        };
        // The computed value of an `inline_policy` block shows what other resources embed, as of the last refresh:
        // the resource itself knows better.
        let twin = inline.iter_mut().find(|other| {
            matches!((&other.name, &policy.name), (Attr::Known(a), Attr::Known(b)) if a.expose() == b.expose())
        });
        match twin {
            Some(twin) => *twin = policy,
            None => inline.push(policy),
        }
    }

    /// Gives principals the managed policy that an attribute names.
    pub(super) fn grant(&mut self, piece: &Piece<'_, 'a>, path: &[Step<'_>], given: &To<'_>) {
        let (to, modality) = (given.nodes, given.modality);
        let link = self.link(piece, path, &POLICY_ARN);
        self.record(piece, &link, given);
        match link {
            Link::Node(policy, resolved, _) => {
                for &at in to {
                    self.connect(policy, at, modality.min(resolved.modality()));
                }
            }
            Link::Candidates(policies, _) | Link::Bounded(policies, _) => {
                for policy in policies {
                    for &at in to {
                        self.connect(policy, at, Modality::May);
                    }
                }
            }
            Link::Value(arn) => {
                for &at in to {
                    let Some(node) = self.organization.graph.node_weight_mut(at) else { continue };
                    let arns = match &mut node.kind {
                        NodeKind::Role(role) => &mut role.managed_arns,
                        NodeKind::User(user) => &mut user.managed_arns,
                        NodeKind::Group(group) => &mut group.managed_arns,
                        NodeKind::PermissionSet(set) => &mut set.managed_arns,
                        _ => continue,
                    };
                    if !arns.contains(&arn) {
                        arns.push(arn.clone());
                        arns.sort();
                    }
                }
            }
            Link::Unknown(_) | Link::Absent => {}
        }
    }

    /// Keeps which resource gives what to whom: findings are about that resource.
    fn record(&mut self, piece: &Piece<'_, 'a>, link: &Link, given: &To<'_>) {
        let (policies, certainty) = match link {
            Link::Node(node, resolved, _) => (vec![GrantedPolicy::Node(*node)], resolved.modality()),
            Link::Candidates(nodes, _) | Link::Bounded(nodes, _) => {
                (nodes.iter().map(|node| GrantedPolicy::Node(*node)).collect(), Modality::May)
            }
            Link::Value(arn) => (vec![GrantedPolicy::Arn(arn.clone())], Modality::Must),
            Link::Unknown(_) => (vec![GrantedPolicy::Unknown], Modality::May),
            Link::Absent => return,
        };
        let (account, _) = self.place_of(piece);
        let holders: Vec<Option<NodeId>> =
            if given.nodes.is_empty() { vec![None] } else { given.nodes.iter().copied().map(Some).collect() };
        for policy in policies {
            for holder in &holders {
                self.organization.access.grants.push(Grant {
                    address: piece.instance.address.clone(),
                    stack: self.stacks.get(piece.stack).and_then(|stack| stack.name.clone()),
                    holder: *holder,
                    holder_name: given.name.clone(),
                    word: given.word,
                    policy: policy.clone(),
                    modality: given.modality.min(certainty),
                    account: account.clone(),
                });
            }
        }
    }

    fn connect(&mut self, policy: NodeId, principal: NodeId, modality: Modality) {
        let there = self
            .organization
            .outgoing(policy)
            .into_iter()
            .any(|(to, edge)| to == principal && matches!(edge, Edge::Grants(old) if *old >= modality));
        if !there {
            self.organization.graph.add_edge(policy, principal, Edge::Grants(modality));
        }
    }

    /// Users in groups.
    fn memberships(&mut self, names: &Names) {
        let [_, user, group] = &HOLDERS;
        for piece in self.of_kind("aws_iam_group_membership") {
            let (groups, in_group) = self.holders(piece, &[Step::Name("group")], group, names);
            for index in 0..length(piece, "users") {
                let path = [Step::Name("users"), Step::Index(index)];
                let (users, is_user) = self.holders(piece, &path, user, names);
                self.join(&groups, &users, in_group.min(is_user));
            }
        }
        for piece in self.of_kind("aws_iam_user_group_membership") {
            let (users, is_user) = self.holders(piece, &[Step::Name("user")], user, names);
            for index in 0..length(piece, "groups") {
                let path = [Step::Name("groups"), Step::Index(index)];
                let (groups, in_group) = self.holders(piece, &path, group, names);
                self.join(&groups, &users, in_group.min(is_user));
            }
        }
    }

    fn join(&mut self, groups: &[NodeId], users: &[NodeId], modality: Modality) {
        for &group in groups {
            for &user in users {
                self.organization.graph.add_edge(group, user, Edge::Member(modality));
            }
        }
    }

    /// Resources that take away whatever they do not list. What another resource gives all the same is in
    /// dispute: it may be there after the next apply or not.
    fn exclusives(&mut self, names: &Names) {
        for piece in self.of_kind("aws_iam_policy_attachment") {
            let Link::Node(policy, ..) = self.link(piece, &[Step::Name("policy_arn")], &POLICY_ARN) else {
                continue;
            };
            let mut kept = Vec::new();
            for holder in &HOLDERS {
                let attribute = format!("{}s", holder.word);
                for index in 0..length(piece, &attribute) {
                    let path = [Step::Name(&attribute), Step::Index(index)];
                    kept.extend(self.holders(piece, &path, holder, names).0);
                }
            }
            self.dispute(|from, to| *from == GrantedPolicy::Node(policy) && !kept.contains(&to));
        }
        for holder in &HOLDERS {
            let attribute = format!("{}_name", holder.word);
            for piece in self.of_kind(&format!("aws_iam_{}_policy_attachments_exclusive", holder.word)) {
                let (holders, _) = self.holders(piece, &[Step::Name(&attribute)], holder, names);
                let mut kept = Vec::new();
                for index in 0..length(piece, "policy_arns") {
                    match self.link(piece, &[Step::Name("policy_arns"), Step::Index(index)], &POLICY_ARN) {
                        Link::Node(policy, ..) => kept.push(GrantedPolicy::Node(policy)),
                        Link::Candidates(policies, _) | Link::Bounded(policies, _) => {
                            kept.extend(policies.into_iter().map(GrantedPolicy::Node));
                        }
                        Link::Value(arn) => kept.push(GrantedPolicy::Arn(arn)),
                        Link::Unknown(_) | Link::Absent => {}
                    }
                }
                self.dispute(|from, to| holders.contains(&to) && !kept.contains(from));
            }
            for piece in self.of_kind(&format!("aws_iam_{}_policies_exclusive", holder.word)) {
                let (holders, _) = self.holders(piece, &[Step::Name(&attribute)], holder, names);
                let listed = piece.object.get("policy_names").items().known().unwrap_or_default();
                let listed: Vec<_> = listed.iter().filter_map(|name| name.text().known()).collect();
                for at in holders {
                    let Some(node) = self.organization.graph.node_weight_mut(at) else { continue };
                    let inline = match &mut node.kind {
                        NodeKind::Role(role) => &mut role.inline,
                        NodeKind::User(user) => &mut user.inline,
                        NodeKind::Group(group) => &mut group.inline,
                        _ => continue,
                    };
                    for policy in inline {
                        let kept = matches!(&policy.name, Attr::Known(name) if listed.contains(name));
                        policy.must &= kept;
                    }
                }
            }
        }
    }

    fn dispute(&mut self, affected: impl Fn(&GrantedPolicy, NodeId) -> bool) {
        for grant in &mut self.organization.access.grants {
            if grant.holder.is_some_and(|holder| affected(&grant.policy, holder)) {
                grant.modality = Modality::May;
            }
        }
        let graph = &mut self.organization.graph;
        let edges: Vec<_> = graph.edge_indices().collect();
        for edge in edges {
            let Some((from, to)) = graph.edge_endpoints(edge) else { continue };
            if let Some(Edge::Grants(modality)) = graph.edge_weight_mut(edge)
                && affected(&GrantedPolicy::Node(from), to)
            {
                *modality = Modality::May;
            }
        }
    }
}

/// How many elements a list or set shows.
fn length(piece: &Piece<'_, '_>, attribute: &str) -> usize {
    piece.object.get(attribute).items().known().map_or(0, |items| items.len())
}
