//! From an attribute to the node that it means.

use orgward_plan::{Attr, Certainty, Legal, Step, Text, View};

use super::{Builder, Piece};
use crate::{NodeId, Resolved};

/// What an attribute points to.
pub(super) enum Link {
    /// A node, and how it was found.
    Node(NodeId, Resolved, Vec<String>),
    /// One of several nodes.
    Candidates(Vec<NodeId>, Vec<String>),
    /// A value that the plan shows and that no node has.
    Value(Text),
    /// One of these nodes at most; nothing may be concluded from how many there are.
    Bounded(Vec<NodeId>, Vec<String>),
    /// Nobody knows. The trail says why, one sentence a step.
    Unknown(Vec<String>),
    /// Not set.
    Absent,
}

/// Attributes that hold the id of something guardrails attach to.
pub(super) const TARGET: Legal<'_> = Legal(&[
    "aws_organizations_account.id",
    "aws_organizations_organization.roots.id",
    "aws_organizations_organizational_unit.id",
]);

/// Attributes that hold the id of something accounts and units lie in.
pub(super) const PARENT: Legal<'_> =
    Legal(&["aws_organizations_organization.roots.id", "aws_organizations_organizational_unit.id"]);

/// Attributes that hold the id of a policy of the organization.
pub(super) const GUARDRAIL: Legal<'_> =
    Legal(&["aws_organizations_policy.id", "data.aws_organizations_policy.id"]);

/// Attributes that hold the ARN of a managed policy.
pub(super) const POLICY_ARN: Legal<'_> =
    Legal(&["aws_iam_policy.arn", "aws_iam_policy.id", "data.aws_iam_policy.arn"]);

/// Attributes that hold the name of a role.
pub(super) const ROLE_NAME: Legal<'_> = Legal(&["aws_iam_role.arn", "aws_iam_role.id", "aws_iam_role.name"]);

/// Attributes that hold the name of a user.
pub(super) const USER_NAME: Legal<'_> = Legal(&["aws_iam_user.id", "aws_iam_user.name"]);

/// Attributes that hold the name of a group.
pub(super) const GROUP_NAME: Legal<'_> = Legal(&["aws_iam_group.id", "aws_iam_group.name"]);

/// Attributes that hold the ARN of a permission set.
pub(super) const PERMISSION_SET: Legal<'_> =
    Legal(&["aws_ssoadmin_permission_set.arn", "aws_ssoadmin_permission_set.id"]);

/// Attributes that hold the id of an account.
pub(super) const ACCOUNT: Legal<'_> = Legal(&["aws_organizations_account.id"]);

/// Attributes that hold a policy document.
pub(super) const DOCUMENT: Legal<'_> =
    Legal(&["data.aws_iam_policy_document.json", "data.aws_iam_policy_document.minified_json"]);

impl<'a> Builder<'_, 'a> {
    /// What an attribute of a piece points to, by id or ARN or, where it is unknown, by reference.
    pub(super) fn link(&self, piece: &Piece<'_, 'a>, path: &[Step<'_>], legal: &Legal<'_>) -> Link {
        match at(piece, path).text() {
            Attr::Known(text) => self.by_text(piece, text),
            Attr::Absent => Link::Absent,
            Attr::Unknown => self.resolve(piece, path, legal),
        }
    }

    /// What an id or ARN points to that is known.
    pub(super) fn by_text(&self, piece: &Piece<'_, 'a>, text: Text) -> Link {
        let known = self.ids.get(text.expose()).or_else(|| self.arns.get(text.expose())).copied();
        let node = known.or_else(|| self.by_address(piece, &text));
        node.map_or(Link::Value(text), |node| Link::Node(node, Resolved::Known, Vec::new()))
    }

    /// What an attribute that is unknown will point to.
    pub(super) fn resolve(&self, piece: &Piece<'_, 'a>, path: &[Step<'_>], legal: &Legal<'_>) -> Link {
        let Some(stack) = self.stacks.get(piece.stack) else { return Link::Unknown(Vec::new()) };
        let resolution = stack.plan.resolve(piece.instance, path, legal);
        let mut trail = resolution.trail;
        let mut nodes = Vec::new();
        for target in &resolution.targets {
            let node = if target.attribute.starts_with("roots") {
                let index = self.organizations.get(&(piece.stack, target.address.clone())).copied();
                self.organization.organization(index.unwrap_or_default()).node
            } else {
                self.addresses.get(&(piece.stack, target.address.clone())).copied()
            };
            // One target that is not there makes the whole resolution a guess.
            let Some(node) = node else {
                trail.push(format!("`{}` is not in the plan", target.address));
                return Link::Unknown(trail);
            };
            nodes.push(node);
        }
        nodes.dedup();
        match (resolution.certainty, nodes.as_slice()) {
            (Certainty::Exact, [node]) => Link::Node(*node, Resolved::Exact, trail),
            (Certainty::Typed, [node]) => Link::Node(*node, Resolved::Typed, trail),
            (Certainty::Candidates, [_, ..]) => Link::Candidates(nodes, trail),
            (Certainty::Bound, [_, ..]) => Link::Bounded(nodes, trail),
            _ => Link::Unknown(trail),
        }
    }
}

/// The place in a piece that a path leads to.
pub(super) fn at<'p>(piece: &'p Piece<'_, '_>, path: &[Step<'_>]) -> View<'p> {
    path.iter().fold(piece.object.view(), |view, step| match step {
        Step::Name(name) => view.get(name),
        Step::Index(index) => view.item(*index),
    })
}
