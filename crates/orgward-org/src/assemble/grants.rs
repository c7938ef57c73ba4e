//! Which principal has which policy, in all the forms in which Terraform can say so.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::{Kind, is_account_id};
use orgward_plan::{Attr, Legal, Step, Text};

use super::join::{GROUP_NAME, Link, POLICY_ARN, ROLE_NAME, USER_NAME};
use super::{Builder, Piece};
use crate::resource::{Grant, GrantedPolicy, Joined};
use crate::{Boundary, Edge, Elsewhere, InlinePolicy, Key, Modality, Node, NodeId, NodeKind, Resolved};

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
    /// The holders.
    pub(super) nodes: &'t [NodeId],
    /// Whether it must be these, or may be.
    pub(super) modality: Modality,
}

/// Principals by input and name, and by account and name. A name that two accounts use means the principal of the account
/// that the resource is in, and either where that account is unknown.
type Names = BTreeMap<(usize, &'static str, String), Vec<NodeId>>;

/// What findings call a permission set.
pub(super) const SET: &str = "permission set";

/// The input of names that have their account before them.
const ANYWHERE: usize = usize::MAX;

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
                self.grant(piece, &[Step::Name("policy_arn")], &To { nodes: &to, modality });
            }
            // What it lists, it attaches, too.
            let attribute = format!("{}_name", holder.word);
            for piece in self.of_kind(&format!("aws_iam_{}_policy_attachments_exclusive", holder.word)) {
                let (to, modality) = self.holders(piece, &[Step::Name(&attribute)], holder, &names);
                for listed in self.listed(piece, "policy_arns", &POLICY_ARN) {
                    let modality = modality.min(listed.modality);
                    self.give(piece, listed.link, &To { nodes: &to, modality });
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
            for listed in self.listed(piece, "managed_policy_arns", &POLICY_ARN) {
                self.give(piece, listed.link, &To { nodes: &[role], modality: listed.modality });
            }
        }
        for piece in self.of_kind("aws_iam_policy_attachment") {
            for holder in &HOLDERS {
                let attribute = format!("{}s", holder.word);
                for named in self.named_in(piece, &attribute, holder, &names) {
                    let to = To { nodes: &named.nodes, modality: named.modality };
                    self.grant(piece, &[Step::Name("policy_arn")], &to);
                }
            }
        }
        self.memberships(&names);
        self.exclusives(&names);
    }

    fn names(&mut self) -> Names {
        let mut names = Names::new();
        // A name is unique in its account, whichever input manages it.
        for holder in &HOLDERS {
            for piece in self.of_kind(&format!("aws_iam_{}", holder.word)) {
                let at = self.addresses.get(&(piece.stack, piece.instance.address.clone())).copied();
                let (Some(at), (Some(account), _)) = (at, self.place_of(piece)) else { continue };
                if let Attr::Known(name) = piece.object.get("name").text() {
                    let key = (ANYWHERE, holder.word, format!("{account}/{}", name.expose()));
                    names.entry(key).or_default().push(at);
                }
            }
        }
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

    /// The principals that an attribute names, and whether it must be all of them. One that no input shows is a principal
    /// of another stack.
    fn holders(
        &mut self,
        piece: &Piece<'_, 'a>,
        path: &[Step<'_>],
        holder: &Holder,
        names: &Names,
    ) -> (Vec<NodeId>, Modality) {
        let account = self.place_of(piece).0;
        let link = self.link(piece, path, &holder.legal);
        let is_named = !matches!(link, Link::Absent);
        let (nodes, modality) = holders_of(link, (piece.stack, account.as_deref()), holder, names);
        if nodes.is_empty() && is_named {
            let name = match path {
                [Step::Name(attribute)] => piece.object.get(attribute).text(),
                _ => Attr::Unknown,
            };
            return (vec![self.principal_elsewhere(piece, holder.word, &name)], Modality::Must);
        }
        (nodes, modality)
    }

    /// A role, user, group or permission set of another stack: by its name in the account of a resource that gives it
    /// something, or the one that this resource means.
    pub(super) fn principal_elsewhere(
        &mut self,
        piece: &Piece<'_, 'a>,
        word: &'static str,
        name: &Attr<Text>,
    ) -> NodeId {
        let account = self.place_of(piece).0;
        let name = match name {
            // `role` accepts the ARN, too.
            Attr::Known(name) if !name.is_sensitive() && word != SET => {
                let name = name.expose();
                let is_arn = name.starts_with("arn:");
                Attr::Known(Text::plain(if is_arn { name.rsplit('/').next().unwrap_or(name) } else { name }))
            }
            other => other.clone(),
        };
        let key = match (&name, account) {
            (Attr::Known(name), Some(account)) if !name.is_sensitive() => {
                format!("{word} {} of another stack in {account}", name.expose())
            }
            _ => format!("{word} of {}", self.key(piece)),
        };
        let arn = if word == SET { name.clone() } else { Attr::Unknown };
        let kind = NodeKind::Elsewhere(Elsewhere {
            word,
            boundary: Boundary::None,
            bound_at: None,
            inline: Vec::new(),
        });
        let at = self.add_elsewhere(piece, key, (name, arn), kind);
        if word != SET {
            self.own(piece, at);
        }
        at
    }

    /// A node that no input shows, by its key, and by its name and ARN as far as a resource tells them.
    pub(super) fn add_elsewhere(
        &mut self,
        piece: &Piece<'_, 'a>,
        key: String,
        (name, arn): (Attr<Text>, Attr<Text>),
        kind: NodeKind,
    ) -> NodeId {
        self.add(Node {
            key: Key(key.into()),
            address: None,
            stack: self.stacks.get(piece.stack).and_then(|stack| stack.name.clone()),
            name,
            id: Attr::Unknown,
            arn,
            forgotten: false,
            kind,
        })
    }

    /// The elements of a list or set; what may be in it, where it is unknown as a whole.
    fn listed(&self, piece: &Piece<'_, 'a>, attribute: &str, legal: &Legal<'_>) -> Vec<Listed> {
        let list = piece.object.get(attribute);
        match list.items() {
            Attr::Absent => Vec::new(),
            Attr::Known(items) => (0..items.len())
                .map(|index| {
                    let path = [Step::Name(attribute), Step::Index(index)];
                    let (link, text) = (self.link(piece, &path, legal), list.item(index).text());
                    Listed { link, text, modality: Modality::Must }
                })
                .collect(),
            Attr::Unknown => self.held(piece, attribute, legal),
        }
    }

    /// What may be in a list or set that is unknown as a whole.
    fn held(&self, piece: &Piece<'_, 'a>, attribute: &str, legal: &Legal<'_>) -> Vec<Listed> {
        let Some(stack) = self.stacks.get(piece.stack) else { return Vec::new() };
        let held = stack.plan.held(piece.instance, &[Step::Name(attribute)], legal);
        let is = |modality| move |link| Listed { link, text: Attr::Unknown, modality };
        let modality = if held.is_all { Modality::Must } else { Modality::May };
        let nodes = held.targets.iter().map(|target| {
            let node = self.addresses.get(&(piece.stack, target.address.clone())).copied();
            let missing = || Link::Unknown(vec![format!("`{}` is not in the plan", target.address)]);
            node.map_or_else(missing, |node| Link::Node(node, Resolved::Typed, Vec::new()))
        });
        let values = held.texts.into_iter().map(|text| self.by_text(piece, text));
        let mut listed: Vec<_> = nodes.chain(values).map(is(modality)).collect();
        if !held.is_all {
            let why = format!("what else `{attribute}` has is unknown until apply");
            listed.push(is(Modality::May)(Link::Unknown(vec![why])));
        }
        listed
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
            NodeKind::Elsewhere(elsewhere) => &mut elsewhere.inline,
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
        let link = self.link(piece, path, &POLICY_ARN);
        self.give(piece, link, given);
    }

    fn give(&mut self, piece: &Piece<'_, 'a>, link: Link, given: &To<'_>) {
        let (to, modality) = (given.nodes, given.modality);
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
        for policy in policies {
            for holder in given.nodes {
                self.organization.access.grants.push(Grant {
                    address: piece.instance.address.clone(),
                    stack: self.stacks.get(piece.stack).and_then(|stack| stack.name.clone()),
                    holder: *holder,
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
            let name = piece.object.get("group").text();
            for users in self.named_in(piece, "users", user, names) {
                self.join(&groups, &users.nodes, in_group.min(users.modality));
                self.joins_another(piece, &users.nodes, &groups, &name);
            }
        }
        for piece in self.of_kind("aws_iam_user_group_membership") {
            let (users, is_user) = self.holders(piece, &[Step::Name("user")], user, names);
            for groups in self.named_in(piece, "groups", group, names) {
                self.join(&groups.nodes, &users, groups.modality.min(is_user));
                self.joins_another(piece, &users, &groups.nodes, &groups.text);
            }
        }
    }

    /// The principals that a list names, and whether it must be these. Where it may have others, these may be any.
    fn named_in(
        &mut self,
        piece: &Piece<'_, 'a>,
        attribute: &str,
        holder: &Holder,
        names: &Names,
    ) -> Vec<Named> {
        let (mut found, mut told) = (Vec::new(), BTreeSet::new());
        let account = self.place_of(piece).0;
        for listed in self.listed(piece, attribute, &holder.legal) {
            let (nodes, modality) = if matches!(listed.link, Link::Unknown(_)) {
                let is_kind = |key: &(usize, &str, String)| (key.0, key.1) == (piece.stack, holder.word);
                let of_kind = names.iter().filter(|(key, _)| is_kind(key));
                (of_kind.flat_map(|(_, nodes)| nodes.iter().copied()).collect(), Modality::May)
            } else {
                holders_of(listed.link, (piece.stack, account.as_deref()), holder, names)
            };
            let (nodes, modality) = if nodes.is_empty() {
                (vec![self.principal_elsewhere(piece, holder.word, &listed.text)], Modality::Must)
            } else {
                (nodes, modality)
            };
            let other: Vec<_> = nodes.iter().copied().filter(|node| told.insert(*node)).collect();
            if other.is_empty() && !nodes.is_empty() {
                continue;
            }
            found.push(Named { nodes: other, text: listed.text, modality: modality.min(listed.modality) });
        }
        found
    }

    /// Users join a group that no input shows.
    fn joins_another(
        &mut self,
        piece: &Piece<'_, 'a>,
        users: &[NodeId],
        groups: &[NodeId],
        group: &Attr<Text>,
    ) {
        let is_elsewhere = |at: &NodeId| self.organization.node(*at).is_some_and(Node::is_elsewhere);
        if !groups.iter().any(is_elsewhere) {
            return;
        }
        let users: Vec<NodeId> = users.iter().copied().filter(|user| !is_elsewhere(user)).collect();
        let stack = self.stacks.get(piece.stack).and_then(|stack| stack.name.clone());
        let address = &piece.instance.address;
        let joined = users.into_iter().map(|user| Joined {
            address: address.clone(),
            stack: stack.clone(),
            user,
            group: group.clone(),
        });
        self.organization.access.joined.extend(joined);
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
            let account = self.place_of(piece).0;
            let Link::Node(policy, ..) = self.link(piece, &[Step::Name("policy_arn")], &POLICY_ARN) else {
                continue;
            };
            let mut kept = Vec::new();
            for holder in &HOLDERS {
                let attribute = format!("{}s", holder.word);
                for listed in self.listed(piece, &attribute, &holder.legal) {
                    kept.extend(holders_of(listed.link, (piece.stack, account.as_deref()), holder, names).0);
                }
            }
            self.dispute(|from, to| *from == GrantedPolicy::Node(policy) && !kept.contains(&to));
        }
        for holder in &HOLDERS {
            let attribute = format!("{}_name", holder.word);
            for piece in self.of_kind(&format!("aws_iam_{}_policy_attachments_exclusive", holder.word)) {
                let (holders, _) = self.holders(piece, &[Step::Name(&attribute)], holder, names);
                let mut kept = Vec::new();
                for listed in self.listed(piece, "policy_arns", &POLICY_ARN) {
                    match listed.link {
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
                        NodeKind::Elsewhere(elsewhere) => &mut elsewhere.inline,
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
            if affected(&grant.policy, grant.holder) {
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

/// An element of a list or set.
struct Listed {
    link: Link,
    /// The element as the plan shows it.
    text: Attr<Text>,
    /// Whether the list has it, or may have it.
    modality: Modality,
}

/// Principals that a list names.
struct Named {
    nodes: Vec<NodeId>,
    /// The element as the plan shows it.
    text: Attr<Text>,
    /// Whether it must be all of these, or may be.
    modality: Modality,
}

/// The principals that something points to, and whether it must be all of them.
fn holders_of(
    link: Link,
    (stack, account): (usize, Option<&str>),
    holder: &Holder,
    names: &Names,
) -> (Vec<NodeId>, Modality) {
    let sure = |found: Vec<NodeId>| {
        let modality = if found.len() > 1 { Modality::May } else { Modality::Must };
        (found, modality)
    };
    match link {
        Link::Node(node, resolved, _) => (vec![node], resolved.modality()),
        Link::Candidates(nodes, _) => sure(near(nodes, account, holder, names)),
        Link::Bounded(nodes, _) => (near(nodes, account, holder, names), Modality::May),
        Link::Value(name) => {
            let name = name.expose();
            // `role` accepts the ARN, too.
            let name = if name.starts_with("arn:") { name.rsplit('/').next().unwrap_or(name) } else { name };
            let here = account.and_then(|it| names.get(&(ANYWHERE, holder.word, format!("{it}/{name}"))));
            let own = || names.get(&(stack, holder.word, name.to_owned())).cloned().unwrap_or_default();
            sure(here.cloned().unwrap_or_else(|| near(own(), account, holder, names)))
        }
        Link::Unknown(_) | Link::Absent => (Vec::new(), Modality::May),
    }
}

/// The nodes that may be in an account: those that are known to be in another one are not.
fn near(nodes: Vec<NodeId>, account: Option<&str>, holder: &Holder, names: &Names) -> Vec<NodeId> {
    let Some(account) = account.filter(|it| is_account_id(it) && !nodes.is_empty()) else { return nodes };
    let is_far = |(key, located): (&(usize, &str, String), &Vec<NodeId>), node: &NodeId| {
        let owner = key.2.split('/').next().unwrap_or_default();
        (key.0, key.1) == (ANYWHERE, holder.word)
            && owner != account
            && is_account_id(owner)
            && located.contains(node)
    };
    nodes.into_iter().filter(|node| !names.iter().any(|entry| is_far(entry, node))).collect()
}
