//! Roles, users, groups and managed policies, and the accounts they are in.

use std::collections::BTreeMap;

use orgward_iam::{Kind, is_account_id};
use orgward_plan::{Attr, Evidence, Instance, Landing, Mode, Step, Text};

use super::join::{Link, POLICY_ARN, USER_NAME};
use super::{Builder, Piece};
use crate::{
    Account, Boundary, Credential, Edge, Group, InlinePolicy, ManagedPolicy, Modality, NodeId, NodeKind,
    Role, Tags, User,
};

/// Resources that give a user a long-lived credential.
const CREDENTIALS: [(&str, &str, &str); 5] = [
    ("aws_iam_access_key", "user", "access key"),
    ("aws_iam_user_login_profile", "user", "console password"),
    ("aws_iam_user_ssh_key", "username", "SSH key"),
    ("aws_iam_service_specific_credential", "user_name", "service-specific credential"),
    ("aws_iam_signing_certificate", "user_name", "signing certificate"),
];

impl<'a> Builder<'_, 'a> {
    /// Customer managed policies.
    pub(super) fn managed_policies(&mut self) {
        for kind in ["aws_iam_policy", "data.aws_iam_policy"] {
            for piece in self.of_kind(kind) {
                let path = path_of(piece);
                let document = self.document(piece, &[Step::Name("policy")], Kind::Identity, "policy");
                let at =
                    self.managed(piece, "name", NodeKind::ManagedPolicy(ManagedPolicy { path, document }));
                self.own(piece, at);
            }
        }
    }

    /// Roles, users and groups.
    pub(super) fn principals(&mut self) {
        let data = self.of_kind("data.aws_iam_role").iter();
        for piece in self.of_kind("aws_iam_role").iter().chain(data) {
            // A role that a resource manages is known better than one that is read.
            let is_read = piece.instance.mode == Mode::Data;
            let arn = piece.object.get("arn").text();
            if is_read && matches!(&arn, Attr::Known(arn) if self.arns.contains_key(arn.expose())) {
                continue;
            }
            let boundary = self.boundary(piece);
            let role = Role {
                path: path_of(piece),
                trust: self.document(
                    piece,
                    &[Step::Name("assume_role_policy")],
                    Kind::Trust,
                    "assume_role_policy",
                ),
                boundary: boundary.clone(),
                inline: self.inline_blocks(piece),
                managed_arns: Vec::new(),
                tags: self.tags_of(piece),
                evidence: Vec::new(),
            };
            let at = self.managed(piece, "name", NodeKind::Role(role));
            self.bind(&boundary, at, Modality::Must);
            let evidence = self.own(piece, at);
            if let Some(node) = self.organization.graph.node_weight_mut(at)
                && let NodeKind::Role(role) = &mut node.kind
            {
                role.evidence = evidence;
            }
        }
        for piece in self.of_kind("aws_iam_user") {
            let boundary = self.boundary(piece);
            let user = User {
                path: path_of(piece),
                boundary: boundary.clone(),
                inline: Vec::new(),
                managed_arns: Vec::new(),
                credentials: Vec::new(),
                tags: self.tags_of(piece),
                evidence: Vec::new(),
            };
            let at = self.managed(piece, "name", NodeKind::User(user));
            self.bind(&boundary, at, Modality::Must);
            let evidence = self.own(piece, at);
            if let Some(node) = self.organization.graph.node_weight_mut(at)
                && let NodeKind::User(user) = &mut node.kind
            {
                user.evidence = evidence;
            }
        }
        for piece in self.of_kind("aws_iam_group") {
            let at = self.managed(piece, "name", NodeKind::Group(Group::default()));
            self.own(piece, at);
        }
        self.credentials();
    }

    /// The tags of a principal. The value of a sensitive one is unknown: it would be shown in requests.
    fn tags_of(&self, piece: &Piece<'_, 'a>) -> Tags {
        let Some(plan) = self.stacks.get(piece.stack).map(|stack| stack.plan) else { return Tags::default() };
        let has = |argument: &str| plan.provider_has(piece.instance, argument);
        let provider = (has("default_tags"), has("ignore_tags"));
        let untagged = || !provider.0 && plan.is_unset(piece.instance, "tags");
        super::planned::tags(&piece.object, provider, &untagged)
    }

    /// The account that an instance lands in becomes its owner. Returns the evidence.
    pub(super) fn own(&mut self, piece: &Piece<'_, 'a>, at: NodeId) -> Vec<Evidence> {
        let Some(stack) = self.stacks.get(piece.stack) else { return Vec::new() };
        let placement = stack.plan.placement(piece.instance);
        let owner =
            placement.landing().and_then(|landing| self.landing(piece.stack, piece.instance, landing));
        let partition = stack.plan.partition(piece.instance);
        if let Some(partition) = partition.filter(|partition| partition != "aws") {
            self.organization.partitions.extend(owner.map(|owner| (owner, partition.clone())));
            self.organization.partitions.insert(at, partition);
        }
        if let Some(owner) = owner
            && self.organization.owner(at).is_none()
        {
            self.organization.graph.add_edge(owner, at, Edge::Owns(Modality::Must));
        }
        if self.organization.owner(at).is_none()
            && let Some(symbol) = self.elsewhere(piece.stack, piece.instance)
        {
            self.organization.elsewhere.insert(at, symbol);
        }
        placement.evidence
    }

    /// The node of the account that a resource lands in.
    pub(super) fn landing(
        &mut self,
        stack: usize,
        instance: &Instance<'a>,
        landing: &Landing,
    ) -> Option<NodeId> {
        match landing {
            Landing::Account(id) => {
                let account = Account::default();
                let id = Text::plain(id.as_str());
                Some(self.by_id(&id, Attr::Absent, Attr::Absent, NodeKind::Account(account)))
            }
            Landing::Created(address) => self.addresses.get(&(stack, address.clone())).copied(),
            Landing::Management => {
                let index = self.organization_for(stack, instance)?;
                Some(self.management(index))
            }
        }
    }

    fn boundary(&self, piece: &Piece<'_, 'a>) -> Boundary {
        match self.link(piece, &[Step::Name("permissions_boundary")], &POLICY_ARN) {
            Link::Node(node, ..) => match self.organization.node(node) {
                Some(node) => Boundary::Policy(node.key.clone()),
                None => Boundary::Unknown(Vec::new()),
            },
            Link::Candidates(_, trail) | Link::Bounded(_, trail) | Link::Unknown(trail) => {
                Boundary::Unknown(trail)
            }
            Link::Value(arn) if arn.expose().is_empty() => Boundary::None,
            Link::Value(arn) => Boundary::Arn(arn),
            Link::Absent => Boundary::None,
        }
    }

    /// Draws the edge of a boundary; it is as sure as who has it.
    pub(super) fn bind(&mut self, boundary: &Boundary, principal: NodeId, modality: Modality) {
        if let Boundary::Policy(key) = boundary
            && let Some(policy) = self.organization.find(key)
        {
            self.organization.graph.add_edge(policy, principal, Edge::Bounds(modality));
        }
    }

    /// The deprecated `inline_policy` blocks.
    fn inline_blocks(&self, piece: &Piece<'_, 'a>) -> Vec<InlinePolicy> {
        let blocks = piece.object.get("inline_policy").items();
        let mut inline = Vec::new();
        let is_unset = |plan: &orgward_plan::Plan<'_>| plan.is_unset(piece.instance, "inline_policy");
        let plan = self.stacks.get(piece.stack).map(|stack| stack.plan);
        if matches!(blocks, Attr::Unknown) && !plan.is_some_and(is_unset) {
            // A `dynamic` block over something unknown.
            inline.push(InlinePolicy {
                name: Attr::Unknown,
                address: piece.instance.address.clone(),
                document: self.document(
                    piece,
                    &[Step::Name("inline_policy")],
                    Kind::Identity,
                    "inline_policy",
                ),
                must: false,
            });
        }
        let blocks = blocks.known().unwrap_or_default();
        for (index, block) in blocks.iter().enumerate() {
            let texts = (piece.object.get("name").text().known(), block.get("name").text().known());
            if let (Some(role), Some(name)) = texts
                && self.removed_inline.contains(&(role.expose().to_owned(), name.expose().to_owned()))
            {
                continue;
            }
            // `inline_policy {}` means: none. States show it as a block of empty strings.
            match block.get("policy").text() {
                Attr::Absent => continue,
                Attr::Known(text) if text.expose().is_empty() => continue,
                Attr::Known(_) | Attr::Unknown => {}
            }
            let path = [Step::Name("inline_policy"), Step::Index(index), Step::Name("policy")];
            inline.push(InlinePolicy {
                name: block.get("name").text(),
                address: piece.instance.address.clone(),
                document: self.document(
                    piece,
                    &path,
                    Kind::Identity,
                    &format!("inline_policy[{index}].policy"),
                ),
                must: true,
            });
        }
        inline
    }

    /// Long-lived credentials of users: of each that they may be of, or of one that another stack manages.
    fn credentials(&mut self) {
        let mut names: BTreeMap<(usize, String), Vec<NodeId>> = BTreeMap::new();
        for ((stack, _), &at) in &self.addresses {
            let Some(node) = self.organization.node(at) else { continue };
            if let (NodeKind::User(_), Attr::Known(name)) = (&node.kind, &node.name) {
                names.entry((*stack, name.expose().to_owned())).or_default().push(at);
            }
        }
        for (kind, attribute, what) in CREDENTIALS {
            for piece in self.of_kind(kind) {
                let credential = Credential { address: piece.instance.address.clone(), what };
                let users = match self.link(piece, &[Step::Name(attribute)], &USER_NAME) {
                    Link::Node(user, ..) => vec![user],
                    Link::Candidates(users, _) | Link::Bounded(users, _) => users,
                    Link::Value(name) => {
                        let key = (piece.stack, name.expose().to_owned());
                        let account = self.place_of(piece).0.filter(|it| is_account_id(it));
                        let may_own = |user: &NodeId| {
                            let own =
                                self.organization.symbolic_account(*user).filter(|it| is_account_id(it));
                            own.is_none() || account.is_none() || own == account.as_deref()
                        };
                        let known = names.get(&key).into_iter().flatten().copied();
                        let known: Vec<NodeId> = known.filter(may_own).collect();
                        if known.is_empty() {
                            let user = self.user_elsewhere(piece, Attr::Known(name));
                            // Its other credentials are of the same user.
                            names.entry(key).or_default().push(user);
                            vec![user]
                        } else {
                            known
                        }
                    }
                    Link::Unknown(_) => vec![self.user_elsewhere(piece, Attr::Unknown)],
                    Link::Absent => continue,
                };
                for user in users {
                    if let Some(node) = self.organization.graph.node_weight_mut(user)
                        && let NodeKind::User(data) = &mut node.kind
                    {
                        data.credentials.push(credential.clone());
                        data.credentials.sort();
                        data.credentials.dedup();
                    }
                }
            }
        }
    }

    /// A user that another stack manages, in the account of a resource that gives it something.
    fn user_elsewhere(&mut self, piece: &Piece<'_, 'a>, name: Attr<Text>) -> NodeId {
        let key = format!("{} (its user)", self.key(piece));
        let user = User {
            path: Attr::Unknown,
            boundary: Boundary::Unknown(vec!["the user is not in the inputs".to_owned()]),
            inline: Vec::new(),
            managed_arns: Vec::new(),
            credentials: Vec::new(),
            tags: Tags::default(),
            evidence: Vec::new(),
        };
        let at = self.add_elsewhere(piece, key, (name, Attr::Unknown), NodeKind::User(user));
        self.own(piece, at);
        at
    }
}

/// The IAM path of a piece; IAM uses `/` where none is set.
fn path_of(piece: &Piece<'_, '_>) -> Attr<String> {
    match piece.object.get("path").text() {
        Attr::Known(path) if path.is_sensitive() => Attr::Unknown,
        Attr::Known(path) => Attr::Known(path.expose().to_owned()),
        Attr::Unknown => Attr::Unknown,
        Attr::Absent => Attr::Known("/".to_owned()),
    }
}
