//! Identity Center permission sets: what they allow, and in which accounts they are assigned.

use orgward_iam::Kind;
use orgward_plan::{Attr, Step, Text};

use super::grants::{SET, To};
use super::join::{ACCOUNT, Link, PERMISSION_SET, POLICY_ARN};
use super::{Builder, Piece};
use crate::resource::{Assignment, Grant, GrantedPolicy};
use crate::{Account, Boundary, Edge, InlinePolicy, Modality, NodeId, NodeKind, PermissionSet};

impl<'a> Builder<'_, 'a> {
    /// Permission sets and their assignments.
    pub(super) fn permission_sets(&mut self) {
        for piece in self.of_kind("aws_ssoadmin_permission_set") {
            let session_duration = piece.object.get("session_duration").text();
            let plan = self.stacks.get(piece.stack).map(|stack| stack.plan);
            let set = PermissionSet {
                boundary: Boundary::None,
                inline: Vec::new(),
                managed_arns: Vec::new(),
                session_duration: session_duration.map(|text| text.to_string()),
                region: plan.map_or(Attr::Unknown, |plan| plan.region(piece.instance)),
            };
            self.managed(piece, "name", NodeKind::PermissionSet(set));
        }
        for piece in self.of_kind("aws_ssoadmin_permission_set_inline_policy") {
            let path = [Step::Name("inline_policy")];
            let document = self.document(piece, &path, Kind::Identity, "inline_policy");
            let policy = |modality| InlinePolicy {
                name: Attr::Absent,
                address: piece.instance.address.clone(),
                document: document.clone(),
                must: modality == Modality::Must,
            };
            for (set, modality) in self.sets_or_elsewhere(piece) {
                self.embed(set, policy(modality));
            }
        }
        for piece in self.of_kind("aws_ssoadmin_managed_policy_attachment") {
            let path = [Step::Name("managed_policy_arn")];
            for (set, modality) in self.sets_or_elsewhere(piece) {
                self.grant(piece, &path, &To { nodes: &[set], modality });
            }
        }
        for piece in self.of_kind("aws_ssoadmin_customer_managed_policy_attachment") {
            let reference = piece.object.get("customer_managed_policy_reference").item(0);
            let Attr::Known(name) = reference.get("name").text() else { continue };
            for (set, modality) in self.sets_or_elsewhere(piece) {
                self.customer_managed(set, &name);
                self.organization.access.grants.push(Grant {
                    address: piece.instance.address.clone(),
                    stack: self.stacks.get(piece.stack).and_then(|stack| stack.name.clone()),
                    holder: set,
                    policy: GrantedPolicy::Arn(name.clone()),
                    modality,
                    account: None,
                });
            }
        }
        for piece in self.of_kind("aws_ssoadmin_permissions_boundary_attachment") {
            let boundary = self.set_boundary(piece);
            for (set, modality) in self.sets_or_elsewhere(piece) {
                self.bind(&boundary, set, modality);
                // Of several candidates, one gets it.
                let boundary = match modality {
                    Modality::Must => boundary.clone(),
                    Modality::May => Boundary::Unknown(vec![format!(
                        "which permission set `{}` bounds is unknown until apply",
                        piece.instance.address
                    )]),
                };
                let node = self.organization.graph.node_weight_mut(set);
                match node.map(|node| &mut node.kind) {
                    Some(NodeKind::PermissionSet(data)) => data.boundary = boundary,
                    Some(NodeKind::Elsewhere(data)) => {
                        data.boundary = boundary;
                        data.bound_at = Some(piece.instance.address.clone());
                    }
                    _ => {}
                }
            }
        }
        for piece in self.of_kind("aws_ssoadmin_account_assignment") {
            self.assignment(piece);
        }
    }

    /// The permission sets that a resource is about.
    fn sets(&self, piece: &Piece<'_, 'a>) -> Vec<(NodeId, Modality)> {
        match self.link(piece, &[Step::Name("permission_set_arn")], &PERMISSION_SET) {
            Link::Node(set, resolved, _) => vec![(set, resolved.modality())],
            Link::Candidates(sets, _) | Link::Bounded(sets, _) => {
                sets.into_iter().map(|set| (set, Modality::May)).collect()
            }
            Link::Value(_) | Link::Unknown(_) | Link::Absent => Vec::new(),
        }
    }

    /// The same, and the one of another stack where no input shows it.
    fn sets_or_elsewhere(&mut self, piece: &Piece<'_, 'a>) -> Vec<(NodeId, Modality)> {
        let sets = self.sets(piece);
        if !sets.is_empty() {
            return sets;
        }
        let name = piece.object.get("permission_set_arn").text();
        vec![(self.principal_elsewhere(piece, SET, &name), Modality::Must)]
    }

    /// A customer managed policy is looked up by name in every account that the set is assigned in.
    fn customer_managed(&mut self, set: NodeId, name: &Text) {
        if let Some(node) = self.organization.graph.node_weight_mut(set)
            && let NodeKind::PermissionSet(data) = &mut node.kind
            && !data.managed_arns.contains(name)
        {
            data.managed_arns.push(name.clone());
            data.managed_arns.sort();
        }
    }

    fn set_boundary(&self, piece: &Piece<'_, 'a>) -> Boundary {
        let block = piece.object.get("permissions_boundary").item(0);
        let path = [Step::Name("permissions_boundary"), Step::Index(0), Step::Name("managed_policy_arn")];
        match self.link(piece, &path, &POLICY_ARN) {
            Link::Node(node, ..) => match self.organization.node(node) {
                Some(node) => Boundary::Policy(node.key.clone()),
                None => Boundary::Unknown(Vec::new()),
            },
            Link::Value(arn) => Boundary::Arn(arn),
            Link::Candidates(_, trail) | Link::Bounded(_, trail) | Link::Unknown(trail) => {
                Boundary::Unknown(trail)
            }
            Link::Absent => {
                let reference = block.get("customer_managed_policy_reference").item(0);
                match reference.get("name").text() {
                    Attr::Known(name) => Boundary::Arn(name),
                    Attr::Unknown | Attr::Absent => Boundary::Unknown(Vec::new()),
                }
            }
        }
    }

    fn assignment(&mut self, piece: &Piece<'_, 'a>) {
        let sets = self.sets(piece);
        let set_arn = piece.object.get("permission_set_arn").text();
        let principal_type = piece.object.get("principal_type").text();
        let stack = self.stacks.get(piece.stack).and_then(|stack| stack.name.clone());
        let accounts = match self.link(piece, &[Step::Name("target_id")], &ACCOUNT) {
            Link::Node(account, resolved, _) => vec![(account, resolved.modality())],
            Link::Candidates(accounts, _) | Link::Bounded(accounts, _) => {
                accounts.into_iter().map(|at| (at, Modality::May)).collect()
            }
            Link::Value(id) => {
                let unknown_parent = Some(format!("what account `{id}` lies in is not in the inputs"));
                let account = Account { member: true, unknown_parent, ..Account::default() };
                let at = self.by_id(&id, Attr::Absent, Attr::Absent, NodeKind::Account(account));
                vec![(at, Modality::Must)]
            }
            Link::Unknown(_) | Link::Absent => Vec::new(),
        };
        let assigned = |set, account, modality| Assignment {
            address: piece.instance.address.clone(),
            stack: stack.clone(),
            set,
            set_arn: set_arn.clone(),
            account,
            principal_type: principal_type.clone(),
            modality,
        };
        if sets.is_empty() && accounts.is_empty() {
            self.organization.access.assignments.push(assigned(None, None, Modality::May));
        }
        if sets.is_empty() {
            let assigned =
                accounts.iter().map(|(account, modality)| assigned(None, Some(*account), *modality));
            self.organization.access.assignments.extend(assigned);
        }
        for (set, is_set) in sets {
            if accounts.is_empty() {
                self.organization.access.assignments.push(assigned(Some(set), None, is_set));
            }
            for (account, is_account) in &accounts {
                let modality = is_set.min(*is_account);
                self.organization.access.assignments.push(assigned(Some(set), Some(*account), modality));
                self.organization.graph.add_edge(set, *account, Edge::Assigned(modality));
            }
        }
    }
}
