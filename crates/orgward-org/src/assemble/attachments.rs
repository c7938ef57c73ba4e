//! Guardrails and what they are attached to.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::Kind;
use orgward_plan::{Action, Address, Attr, Step, Text};

use super::coverage::{self, End, Pending};
use super::join::{GUARDRAIL, Link, TARGET, at};
use super::{Builder, Piece, Side};
use crate::organization::{PolicyTypes, Root};
use crate::{
    Attachment, Content, Document, Edge, Key, Node, NodeId, NodeKind, OrgPolicy, PolicyType, Resolved,
    UnresolvedAttachment,
};

/// The service control policy that AWS attaches everywhere.
const FULL_ACCESS: &str = "p-FullAWSAccess";
/// The resource control policy that AWS attaches everywhere, for good.
const RCP_FULL_ACCESS: &str = "p-RCPFullAWSAccess";

const FULL_ACCESS_TEXT: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"#;

const RCP_FULL_ACCESS_TEXT: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": "*",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"#;

impl<'a> Builder<'_, 'a> {
    /// The policies of the organization.
    pub(super) fn org_policies(&mut self) {
        for piece in self.of_kind("aws_organizations_policy") {
            let kind = guardrail_kind(piece);
            let document = self.content(piece, &kind);
            self.managed(piece, "name", NodeKind::OrgPolicy(OrgPolicy::written(kind, document)));
        }
        for piece in self.of_kind("data.aws_organizations_policy") {
            let Attr::Known(id) = piece.object.get("policy_id").text() else { continue };
            let kind = guardrail_kind(piece);
            let document = self.content(piece, &kind);
            let aws_managed = piece.object.get("aws_managed").bool() == Attr::Known(true);
            let (name, arn) = (piece.object.get("name").text(), piece.object.get("arn").text());
            self.by_id(
                &id,
                name,
                arn,
                NodeKind::OrgPolicy(OrgPolicy { kind, document, aws_managed, is_control: false }),
            );
        }
    }

    /// What a policy of the organization says. Types that take no part in authorization have languages of their
    /// own: only their text is kept, see [`crate::EffectivePolicy`].
    fn content(&self, piece: &Piece<'_, 'a>, kind: &PolicyType) -> Document {
        if let PolicyType::Other(name) = kind {
            let why = vec![format!("policies of type {name} take no part in authorization")];
            let name = format!("{}.content", self.key(piece));
            return match piece.object.get("content").text() {
                Attr::Known(text) => Document::foreign(name, &text, why),
                Attr::Unknown | Attr::Absent => Document::unknown(name, Kind::ServiceControl, why),
            };
        }
        let of = |kind| self.document(piece, &[Step::Name("content")], kind, "content");
        let document = of(document_kind(kind));
        // A policy of unknown type is read as the type that it can be.
        if *kind == PolicyType::Unknown && matches!(document.content, Content::Unreadable(_)) {
            let other = of(Kind::ResourceControl);
            return if other.policy().is_some() { other } else { document };
        }
        document
    }

    /// A policy document of a piece.
    pub(super) fn document(
        &self,
        piece: &Piece<'_, 'a>,
        path: &[Step<'_>],
        kind: Kind,
        attribute: &str,
    ) -> Document {
        let name = format!("{}.{attribute}", self.key(piece));
        match at(piece, path).text() {
            Attr::Known(text) => Document::known(name, kind, &text),
            Attr::Absent | Attr::Unknown if piece.instance.provider == crate::POLICY_FILES => {
                let why = piece.object.get("unknown_because").text().known();
                Document::unknown(name, kind, why.iter().map(ToString::to_string).collect())
            }
            Attr::Absent => Document::unknown(name, kind, vec!["it is not set".to_owned()]),
            Attr::Unknown => self.deferred_document(piece, path, kind, &name),
        }
    }

    /// What resources attach.
    pub(super) fn attachments(&mut self, side: Side) {
        let mut pending = Vec::new();
        for piece in self.of_kind("aws_organizations_policy_attachment") {
            let address = &piece.instance.address;
            let policies = match self.link(piece, &[Step::Name("policy_id")], &GUARDRAIL) {
                Link::Node(node, resolved, trail) => vec![End { node, resolved, trail }],
                Link::Candidates(nodes, trail) | Link::Bounded(nodes, trail) => {
                    End::candidates(nodes, &trail)
                }
                Link::Value(id) => vec![End::known(self.guardrail_by_id(&id, PolicyType::Unknown))],
                Link::Unknown(trail) => vec![End::known(self.nameless(piece, trail))],
                Link::Absent => vec![End::known(self.nameless(piece, Vec::new()))],
            };
            let mut bounded = false;
            let targets = match self.link(piece, &[Step::Name("target_id")], &TARGET) {
                Link::Node(node, resolved, trail) => vec![End { node, resolved, trail }],
                Link::Candidates(nodes, trail) => End::candidates(nodes, &trail),
                Link::Bounded(nodes, trail) => {
                    bounded = true;
                    End::candidates(nodes, &trail)
                }
                Link::Value(id) => vec![End::known(self.target_by_id(&id))],
                Link::Unknown(trail) => {
                    for policy in policies {
                        let trail = policy.trail.into_iter().chain(trail.clone()).collect();
                        let (address, org_policy) = (address.clone(), policy.node);
                        self.organization.unresolved_targets.push(UnresolvedAttachment {
                            address,
                            org_policy,
                            trail,
                        });
                    }
                    continue;
                }
                Link::Absent => continue,
            };
            let instance = piece.instance;
            // What the provider only forgets stays attached.
            let window = side == Side::After
                && instance.action == Action::DeleteCreate
                && !instance.standing().left_behind;
            let resource = resource_of(piece);
            pending.push(Pending { address: address.clone(), resource, policies, targets, window, bounded });
        }
        for each in coverage::settle(pending) {
            for policy in &each.policies {
                for target in &each.targets {
                    let trail = policy.trail.iter().chain(&target.trail).cloned().collect();
                    let resolved = policy.resolved.min(target.resolved);
                    let address = Some(each.address.clone());
                    let attachment = Attachment { address, resolved, trail, window: each.window };
                    self.attach(policy.node, target.node, attachment);
                }
            }
        }
    }

    pub(super) fn attach(&mut self, org_policy: NodeId, target: NodeId, attachment: Attachment) {
        self.organization.graph.add_edge(org_policy, target, Edge::Attached(attachment));
    }

    /// A guardrail that is attached and that nobody can name: its text is unknown, too.
    fn nameless(&mut self, piece: &Piece<'_, 'a>, trail: Vec<String>) -> NodeId {
        let key = self.key(piece);
        let document = Document::unknown(format!("{key}.policy_id"), Kind::ServiceControl, trail);
        self.add(Node {
            key: Key(format!("{key}.policy_id").into()),
            address: Some(piece.instance.address.clone()),
            stack: None,
            name: Attr::Unknown,
            id: Attr::Unknown,
            arn: Attr::Unknown,
            forgotten: false,
            kind: NodeKind::OrgPolicy(OrgPolicy::written(PolicyType::Unknown, document)),
        })
    }

    /// The guardrail with an id that no resource manages, of a type as far as it is known.
    fn guardrail_by_id(&mut self, id: &Text, kind: PolicyType) -> NodeId {
        let (name, org_policy) = match id.expose() {
            FULL_ACCESS => (
                Attr::Known(Text::plain("FullAWSAccess")),
                aws_managed(PolicyType::ServiceControl, "FullAWSAccess", FULL_ACCESS_TEXT),
            ),
            RCP_FULL_ACCESS => (
                Attr::Known(Text::plain("RCPFullAWSAccess")),
                aws_managed(PolicyType::ResourceControl, "RCPFullAWSAccess", RCP_FULL_ACCESS_TEXT),
            ),
            other => {
                let why = vec!["its text is not in the inputs".to_owned()];
                let name = if id.is_sensitive() { "(sensitive value)" } else { other };
                let document = Document::unknown(name, document_kind(&kind), why);
                (Attr::Absent, OrgPolicy::written(kind, document))
            }
        };
        self.by_id(id, name, Attr::Absent, NodeKind::OrgPolicy(org_policy))
    }

    /// Completes a guardrail of which only the id was known.
    fn is_of_type(&mut self, org_policy: NodeId, kind: &PolicyType) {
        if let Some(node) = self.organization.graph.node_weight_mut(org_policy)
            && let NodeKind::OrgPolicy(data) = &mut node.kind
            && data.kind == PolicyType::Unknown
            && node.address.is_none()
        {
            data.kind = kind.clone();
            data.document.kind = document_kind(kind);
        }
    }

    /// The targets that attachments of the other side name by an id: they exist on both sides, whatever becomes of the
    /// attachments, unless the inputs manage them.
    pub(super) fn targets_of_the_other_side(&mut self, other: &BTreeMap<&str, Vec<Piece<'_, '_>>>) {
        let of = |kind: &str| other.get(kind).into_iter().flatten();
        let managed = of("aws_organizations_account").chain(of("aws_organizations_organizational_unit"));
        let managed: BTreeSet<String> = managed
            .filter_map(|piece| Some(piece.object.get("id").text().known()?.expose().to_owned()))
            .collect();
        for piece in of("aws_organizations_policy_attachment") {
            let Attr::Known(id) = piece.object.get("target_id").text() else { continue };
            // What a manifest attaches to has an address in place of an id.
            let described =
                piece.instance.provider == crate::POLICY_FILES && self.by_address(piece, &id).is_some();
            if !described
                && !managed.contains(id.expose())
                && !self.departed.contains(id.expose())
                && !id.is_sensitive()
            {
                self.target_by_id(&id);
            }
        }
    }

    /// Where it is unknown which types of policies are enabled, nothing that is attached acts for certain.
    pub(super) fn doubt_attachments(&mut self) {
        let unknown = |root: &Root| matches!(root.policy_types, PolicyTypes::AtLeast(_));
        if !self.organization.organizations().any(unknown) {
            return;
        }
        let edges: Vec<_> = self.organization.graph.edge_indices().collect();
        for edge in edges {
            let Some((policy, target)) = self.organization.graph.edge_endpoints(edge) else { continue };
            let index = self.organization.organization_of(target);
            let root = index.map(|index| self.organization.organization(index));
            let kind = match self.organization.graph.node_weight(policy).map(|node| &node.kind) {
                Some(NodeKind::OrgPolicy(policy)) => policy.kind.clone(),
                _ => PolicyType::Unknown,
            };
            let doubtful = |root: &&Root| unknown(root) && root.is_enabled(&kind).is_none();
            let Some(root) = root.filter(doubtful) else { continue };
            let enabler = root.enabler.as_ref().map_or("the organization", Address::as_str);
            let why = format!("which policy types `{enabler}` enables is unknown until apply");
            if let Some(Edge::Attached(attachment)) = self.organization.graph.edge_weight_mut(edge)
                && attachment.resolved != Resolved::Implicit
            {
                attachment.resolved = Resolved::Candidates;
                attachment.trail.push(why);
            }
        }
    }

    /// What an id that no resource manages stands for, told by its form.
    pub(super) fn target_by_id(&mut self, id: &Text) -> NodeId {
        let text = id.expose();
        if text.starts_with("r-") {
            return self.root_by_id(id);
        }
        let is_account = orgward_iam::is_account_id(text);
        let kind = if is_account {
            // Only an account of the organization can carry its policies.
            let unknown_parent = Some(format!("what account `{id}` lies in is not in the inputs"));
            NodeKind::Account(crate::Account { member: true, unknown_parent, ..crate::Account::default() })
        } else {
            NodeKind::Unit
        };
        self.by_id(id, Attr::Absent, Attr::Absent, kind)
    }

    /// What `aws_organizations_policies_for_target` shows besides: attachments that other stacks manage.
    pub(super) fn attachments_shown_by_data(
        &mut self,
        other: &BTreeMap<&str, Vec<Piece<'_, '_>>>,
        side: Side,
    ) {
        // A snapshot shows the time before the plan; what the plan detaches is not there any more.
        let detached = if side == Side::After { self.detached(other) } else { BTreeSet::new() };
        for piece in self.of_kind("data.aws_organizations_policies_for_target") {
            let Attr::Known(target) = piece.object.get("target_id").text() else { continue };
            let Attr::Known(ids) = piece.object.get("ids").items() else { continue };
            // It lists the policies of one type.
            let listed = match piece.object.get("filter").text() {
                Attr::Known(filter) => PolicyType::from_api(filter.expose()),
                Attr::Unknown | Attr::Absent => PolicyType::Unknown,
            };
            let node = self.ids.get(target.expose()).copied();
            let node = node.unwrap_or_else(|| self.target_by_id(&target));
            for id in ids.iter().filter_map(|id| id.text().known()) {
                if detached.contains(&(id.expose().to_owned(), target.expose().to_owned())) {
                    continue;
                }
                let known = self.ids.get(id.expose()).copied();
                let org_policy = known.unwrap_or_else(|| self.guardrail_by_id(&id, listed.clone()));
                self.is_of_type(org_policy, &listed);
                if self.organization.attached_to(node).iter().all(|(attached, _)| attached.id != org_policy) {
                    let resolved = Resolved::Known;
                    self.attach(
                        org_policy,
                        node,
                        Attachment { address: None, resolved, trail: Vec::new(), window: false },
                    );
                }
            }
        }
    }

    /// Policy and target of the attachments that the plans remove, where both ids are known.
    fn detached(&self, before: &BTreeMap<&str, Vec<Piece<'_, '_>>>) -> BTreeSet<(String, String)> {
        let all = |pieces: &BTreeMap<&str, Vec<Piece<'_, '_>>>| -> BTreeSet<(String, String)> {
            let pieces = pieces.get("aws_organizations_policy_attachment").into_iter().flatten();
            pieces.filter(|piece| piece.stack < self.plans).filter_map(ends).collect()
        };
        let after = all(self.pieces);
        all(before).into_iter().filter(|pair| !after.contains(pair)).collect()
    }

    /// `FullAWSAccess` is attached to everything unless there is evidence that it is not.
    pub(super) fn full_access(&mut self, other: &BTreeMap<&str, Vec<Piece<'_, '_>>>, side: Side) {
        if self.organization.first.node.is_none() && self.organization.graph.node_count() == 0 {
            return;
        }
        let gone = self.without_full_access(other, side);
        let targets: Vec<NodeId> = self
            .organization
            .nodes()
            .filter(|(_, node)| matches!(node.kind, NodeKind::Root | NodeKind::Unit | NodeKind::Account(_)))
            .map(|(id, _)| id)
            .collect();
        for (id, kind) in
            [(FULL_ACCESS, PolicyType::ServiceControl), (RCP_FULL_ACCESS, PolicyType::ResourceControl)]
        {
            let acts = |target: &NodeId| self.organization.is_enabled_at(*target, &kind) != Some(false);
            let targets: Vec<NodeId> = targets.iter().copied().filter(acts).collect();
            if targets.is_empty() {
                continue;
            }
            let known = self.ids.get(id).copied();
            let org_policy = known.unwrap_or_else(|| self.guardrail_by_id(&Text::plain(id), kind.clone()));
            for &target in &targets {
                let here = self.organization.attached_to(target);
                let there = here.iter().any(|(attached, _)| attached.id == org_policy);
                if there || (kind == PolicyType::ServiceControl && gone.contains(&target)) {
                    continue;
                }
                let attachment = Attachment {
                    address: None,
                    resolved: Resolved::Implicit,
                    trail: Vec::new(),
                    window: false,
                };
                self.attach(org_policy, target, attachment);
            }
        }
    }

    /// Targets from which `FullAWSAccess` is known to be detached: because people say so, because the plan does
    /// it, or because a data source lists all that is attached and it is not among it.
    fn without_full_access(
        &self,
        other: &BTreeMap<&str, Vec<Piece<'_, '_>>>,
        side: Side,
    ) -> BTreeSet<NodeId> {
        let declared = self.declared.full_access_detached.iter();
        let mut gone: BTreeSet<NodeId> = declared.filter_map(|id| self.ids.get(id).copied()).collect();
        if side == Side::After {
            for (policy, target) in self.detached(other) {
                if policy == FULL_ACCESS {
                    gone.extend(self.ids.get(&target));
                }
            }
        }
        // A manifest says that a list of what is allowed takes the place of `FullAWSAccess`.
        for piece in self.of_kind("aws_organizations_policy_attachment") {
            let target = piece.object.get("target_id").text().known();
            let replaces = piece.object.get("replaces_full_access").bool() == Attr::Known(true);
            if let Some(target) = target.filter(|_| replaces) {
                let known = self.ids.get(target.expose()).copied();
                gone.extend(known.or_else(|| self.by_address(piece, &target)));
            }
        }
        for piece in self.of_kind("data.aws_organizations_policies_for_target") {
            let is_scp = |filter: Text| filter.expose() == "SERVICE_CONTROL_POLICY";
            let Attr::Known(ids) = piece.object.get("ids").items() else { continue };
            let Attr::Known(target) = piece.object.get("target_id").text() else { continue };
            let listed = ids.iter().any(|id| id.text().known().is_none_or(|id| id.expose() == FULL_ACCESS));
            if !listed && piece.object.get("filter").text().known().is_some_and(is_scp) {
                gone.extend(self.ids.get(target.expose()));
            }
        }
        gone
    }
}

/// The address of the resource that an instance is one of.
fn resource_of(piece: &Piece<'_, '_>) -> Address {
    let address = piece.instance.address.as_str();
    let key = piece.instance.key.as_ref().map(ToString::to_string).unwrap_or_default();
    Address::new(address.strip_suffix(key.as_str()).unwrap_or(address))
}

fn aws_managed(kind: PolicyType, name: &str, text: &str) -> OrgPolicy {
    let document = Document::known(name, document_kind(&kind), &Text::plain(text));
    OrgPolicy { aws_managed: true, ..OrgPolicy::written(kind, document) }
}

/// Policy and target of an attachment, where both ids are known.
fn ends(piece: &Piece<'_, '_>) -> Option<(String, String)> {
    let end = |name| piece.object.get(name).text().known().map(|id| id.expose().to_owned());
    Some((end("policy_id")?, end("target_id")?))
}

fn guardrail_kind(piece: &Piece<'_, '_>) -> PolicyType {
    match piece.object.get("type").text() {
        Attr::Known(name) => PolicyType::from_api(name.expose()),
        // The provider's default.
        Attr::Absent => PolicyType::ServiceControl,
        Attr::Unknown => PolicyType::Unknown,
    }
}

fn document_kind(kind: &PolicyType) -> Kind {
    match kind {
        PolicyType::ResourceControl => Kind::ResourceControl,
        PolicyType::ServiceControl | PolicyType::Other(_) | PolicyType::Unknown => Kind::ServiceControl,
    }
}
