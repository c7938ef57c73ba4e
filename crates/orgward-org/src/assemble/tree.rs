//! The root, organizational units and accounts, and what lies in what.

use std::collections::{BTreeMap, BTreeSet};

use orgward_plan::{Attr, Landing, Legal, Step, Text, View};

use super::join::{Link, PARENT};
use super::{Builder, Piece};
use crate::{Account, Edge, Key, Modality, Node, NodeId, NodeKind, Tags};

impl<'a> Builder<'_, 'a> {
    /// Builds the whole tree.
    pub(super) fn tree(&mut self) {
        self.organization.id.clone_from(&self.declared.organization);
        for piece in self.of_kind("aws_organizations_organization") {
            self.root_of(piece);
        }
        for piece in self.of_kind("aws_organizations_organizational_unit") {
            self.managed(piece, "name", NodeKind::Unit);
        }
        for piece in self.of_kind("aws_organizations_account") {
            let account = Account { tags: tags(piece), ..new_member() };
            self.managed(piece, "name", NodeKind::Account(account));
        }
        self.management_by_what_it_manages();
        // Data sources come later, so that the resources that manage a thing give it its key.
        for piece in self.of_kind("data.aws_organizations_organization") {
            self.root_of(piece);
        }
        self.declared_accounts();
        for kind in ["aws_organizations_organization", "data.aws_organizations_organization"] {
            for piece in self.of_kind(kind) {
                self.account_list_complete(piece);
            }
        }
        for kind in ["aws_organizations_organizational_unit", "aws_organizations_account"] {
            for piece in self.of_kind(kind) {
                self.parent_of(piece);
            }
        }
        self.shown_by_data();
        self.shown_one_by_one();
    }

    /// The root, the id of the organization, its management account, and which policy types are enabled.
    fn root_of(&mut self, piece: &Piece<'_, 'a>) {
        let object = &piece.object;
        let root = object.get("roots").item(0);
        let id = root.get("id").text();
        let at = self.implied_root();
        if let Attr::Known(id) = &id {
            let known = self.organization.node(at).map(|node| node.id.clone());
            if matches!(known, Some(Attr::Known(known)) if known.expose() != id.expose()) {
                self.organization.contradictions.push(format!(
                    "`{}` shows another organization than the rest of the inputs",
                    piece.instance.address
                ));
                return;
            }
            self.root_by_id(id);
        }
        self.complete(at, root.get("name").text(), root.get("arn").text());
        match (&self.organization.id, object.get("id").text()) {
            (None, Attr::Known(id)) => self.organization.id = Some(id.expose().to_owned()),
            // Both sides of a plan that creates the organization anew show one id at most.
            (Some(known), Attr::Known(id)) if *known != id.expose() => {
                self.organization.contradictions.push(format!(
                    "`{}` shows an organization with another id than the rest of the inputs and the configuration",
                    piece.instance.address
                ));
            }
            _ => {}
        }
        self.policy_types(piece);
        if let Attr::Known(id) = object.get("master_account_id").text() {
            let name = object.get("master_account_name").text();
            self.management_is(&id, name, object.get("master_account_arn").text());
        } else if piece.instance.mode == orgward_plan::Mode::Managed
            && let Some(stack) = self.stacks.get(piece.stack)
            && let Some(Landing::Account(id)) = stack.plan.placement(piece.instance).landing()
        {
            // Whoever creates an organization becomes its management account.
            self.management_is(&Text::plain(id.as_str()), Attr::Unknown, Attr::Unknown);
        }
    }

    fn policy_types(&mut self, piece: &Piece<'_, 'a>) {
        if self.organization.enabled.is_some() {
            return;
        }
        let object = &piece.object;
        let shown = match object.get("roots").item(0).get("policy_types").items() {
            Attr::Known(types) => Some(
                types
                    .iter()
                    .filter(|each| {
                        each.get("status").text().known().is_none_or(|status| status.expose() == "ENABLED")
                    })
                    .filter_map(|each| each.get("type").text().known())
                    .map(|name| name.expose().to_owned())
                    .collect::<BTreeSet<_>>(),
            ),
            Attr::Unknown | Attr::Absent => None,
        };
        let is_data = piece.instance.mode == orgward_plan::Mode::Data;
        self.organization.enabled = match object.get("enabled_policy_types").items() {
            // A set with an unknown element may enable anything.
            Attr::Known(types) => types
                .iter()
                .map(|each| each.text().known().map(|name| name.expose().to_owned()))
                .collect::<Option<BTreeSet<_>>>(),
            Attr::Unknown => None,
            // A resource that does not set them turns them off; the data source shows them with the root.
            Attr::Absent if is_data => shown,
            Attr::Absent => Some(BTreeSet::new()),
        };
        self.organization.enabler = (!is_data).then(|| piece.instance.address.clone());
    }

    /// Says which account is the management account.
    fn management_is(&mut self, id: &Text, name: Attr<Text>, arn: Attr<Text>) {
        let account = Account { management: true, member: true, ..Account::default() };
        let at = self.by_id(id, name, arn, NodeKind::Account(account.clone()));
        if let Some(old) = self.organization.management
            && old != at
        {
            self.organization.contradictions.push(
                "the inputs, or the inputs and the configuration, name two management accounts".to_owned(),
            );
            return;
        }
        if let Some(node) = self.organization.graph.node_weight_mut(at)
            && let NodeKind::Account(data) = &mut node.kind
        {
            data.management = true;
            data.member = true;
        }
        self.organization.management = Some(at);
    }

    /// Nobody but the management account manages accounts and units.
    fn management_by_what_it_manages(&mut self) {
        if self.organization.management.is_some() || self.declared.management_account.is_some() {
            return;
        }
        for kind in ["aws_organizations_account", "aws_organizations_organizational_unit"] {
            for piece in self.of_kind(kind) {
                let Some(stack) = self.stacks.get(piece.stack) else { continue };
                if let Some(Landing::Account(id)) = stack.plan.placement(piece.instance).landing() {
                    self.management_is(&Text::plain(id.as_str()), Attr::Absent, Attr::Absent);
                    return;
                }
            }
        }
    }

    fn declared_accounts(&mut self) {
        if let Some(id) = &self.declared.management_account {
            self.management_is(&Text::plain(id.as_str()), Attr::Absent, Attr::Absent);
        }
        for id in &self.declared.accounts {
            self.by_id(
                &Text::plain(id.as_str()),
                Attr::Absent,
                Attr::Absent,
                NodeKind::Account(new_member()),
            );
        }
        self.organization.account_list_complete |= self.declared.accounts_complete;
    }

    /// The accounts that an organization lists.
    fn account_list_complete(&mut self, piece: &Piece<'_, 'a>) {
        let Attr::Known(accounts) = piece.object.get("accounts").items() else { return };
        self.organization.account_list_complete = true;
        for account in accounts {
            self.listed_account(account);
        }
    }

    pub(super) fn listed_account(&mut self, account: View<'_>) -> Option<NodeId> {
        let id = account.get("id").text().known().filter(|id| !self.departed.contains(id.expose()))?;
        let kind = NodeKind::Account(new_member());
        let at = self.by_id(&id, account.get("name").text(), account.get("arn").text(), kind);
        if let Some(node) = self.organization.graph.node_weight_mut(at)
            && let NodeKind::Account(data) = &mut node.kind
        {
            data.member = true;
        }
        Some(at)
    }

    /// What a managed unit or account lies in.
    fn parent_of(&mut self, piece: &Piece<'_, 'a>) {
        let Some(&child) = self.addresses.get(&(piece.stack, piece.instance.address.clone())) else { return };
        // Where it lies is for the input to say that manages it; an older state of the same stack agrees or lags.
        let manages = self.organization.node(child).is_some_and(|node| node.key == self.key(piece));
        if piece.instance.deposed.is_some() || !manages {
            return;
        }
        match self.parent(piece, "parent_id", &PARENT) {
            Link::Node(parent, resolved, _) => self.contain(parent, child, resolved.modality()),
            Link::Candidates(parents, _) | Link::Bounded(parents, _) => {
                for parent in parents {
                    self.contain(parent, child, Modality::May);
                }
            }
            Link::Value(id) => {
                let parent = self.container(&id);
                self.contain(parent, child, Modality::Must);
            }
            // Accounts are born in the root.
            Link::Absent => {
                let root = self.implied_root();
                self.contain(root, child, Modality::Must);
            }
            Link::Unknown(trail) => {
                let why =
                    trail.last().cloned().unwrap_or_else(|| "its parent is unknown until apply".to_owned());
                if let Some(node) = self.organization.graph.node_weight_mut(child)
                    && let NodeKind::Account(account) = &mut node.kind
                {
                    account.unknown_parent =
                        Some(format!("what `{}` lies in is unknown: {why}", piece.instance.address));
                }
            }
        }
    }

    fn parent(&self, piece: &Piece<'_, 'a>, attribute: &str, legal: &Legal<'_>) -> Link {
        let path = [Step::Name(attribute)];
        match self.link(piece, &path, legal) {
            // The value is computed: the configuration does not set it.
            Link::Unknown(_) if self.is_unset(piece, attribute) => Link::Absent,
            link => link,
        }
    }

    /// The root, added when nothing has shown it yet.
    fn implied_root(&mut self) -> NodeId {
        if let Some(at) = self.organization.root {
            return at;
        }
        let at = self.add(Node {
            key: Key("root".into()),
            address: None,
            stack: None,
            name: Attr::Unknown,
            id: Attr::Unknown,
            arn: Attr::Unknown,
            forgotten: false,
            kind: NodeKind::Root,
        });
        self.organization.root = Some(at);
        at
    }

    /// The root or unit with an id that no resource manages.
    pub(super) fn container(&mut self, id: &Text) -> NodeId {
        if id.expose().starts_with("r-") {
            return self.root_by_id(id);
        }
        self.by_id(id, Attr::Absent, Attr::Absent, NodeKind::Unit)
    }

    /// The root with an id. An organization has one root: it is the one that is there, unless that has another
    /// id.
    pub(super) fn root_by_id(&mut self, id: &Text) -> NodeId {
        let at = self.implied_root();
        let Some(node) = self.organization.graph.node_weight_mut(at) else { return at };
        match &node.id {
            Attr::Known(known) if known.expose() == id.expose() => at,
            Attr::Known(_) => self.by_id(id, Attr::Absent, Attr::Absent, NodeKind::Root),
            Attr::Unknown | Attr::Absent => {
                node.id = Attr::Known(id.clone());
                self.ids.entry(id.expose().to_owned()).or_insert(at);
                at
            }
        }
    }

    pub(super) fn contain(&mut self, parent: NodeId, child: NodeId, modality: Modality) {
        if parent == child || !self.organization.parents(child).iter().all(|(at, _)| *at != parent) {
            return;
        }
        self.organization.graph.add_edge(parent, child, Edge::Contains(modality));
    }

    /// Adds what data sources show of the tree; a resource that manages a thing knows better where it lies.
    fn shown_by_data(&mut self) {
        for piece in self.of_kind("data.aws_organizations_organizational_unit") {
            let Attr::Known(id) = piece.object.get("id").text() else { continue };
            let (name, arn) = (piece.object.get("name").text(), piece.object.get("arn").text());
            let child = self.by_id(&id, name, arn, NodeKind::Unit);
            self.shown_in(piece, child);
        }
        for piece in self.of_kind("data.aws_organizations_organizational_units") {
            for unit in piece.object.get("children").items().known().unwrap_or_default() {
                if let Some(child) = self.listed_unit(unit) {
                    self.shown_in(piece, child);
                }
            }
        }
        for piece in self.of_kind("data.aws_organizations_organizational_unit_child_accounts") {
            for account in piece.object.get("accounts").items().known().unwrap_or_default() {
                if let Some(child) = self.listed_account(account) {
                    self.shown_in(piece, child);
                }
            }
        }
        for piece in self.of_kind("data.aws_organizations_organizational_unit_descendant_accounts") {
            for account in piece.object.get("accounts").items().known().unwrap_or_default() {
                self.listed_account(account);
            }
        }
        for piece in
            self.of_kind("data.aws_organizations_organizational_unit_descendant_organizational_units")
        {
            for unit in piece.object.get("children").items().known().unwrap_or_default() {
                self.listed_unit(unit);
            }
        }
        // A managed unit lists the accounts that lie directly in it, as of the last refresh.
        for piece in self.of_kind("aws_organizations_organizational_unit") {
            let Some(&parent) = self.addresses.get(&(piece.stack, piece.instance.address.clone())) else {
                continue;
            };
            for account in piece.object.get("accounts").items().known().unwrap_or_default() {
                if let Some(child) = self.listed_account(account) {
                    self.adopt(parent, child);
                }
            }
        }
    }

    fn listed_unit(&mut self, unit: View<'_>) -> Option<NodeId> {
        let id = unit.get("id").text().known()?;
        Some(self.by_id(&id, unit.get("name").text(), unit.get("arn").text(), NodeKind::Unit))
    }

    fn shown_in(&mut self, piece: &Piece<'_, 'a>, child: NodeId) {
        let Attr::Known(id) = piece.object.get("parent_id").text() else { return };
        let parent = self.ids.get(id.expose()).copied();
        let parent = parent.unwrap_or_else(|| self.container(&id));
        self.adopt(parent, child);
    }

    fn adopt(&mut self, parent: NodeId, child: NodeId) {
        let managed = self.organization.node(child).is_some_and(|node| node.address.is_some());
        if !managed && self.organization.parents(child).is_empty() {
            self.contain(parent, child, Modality::Must);
        }
    }

    /// Whether the configuration does not set an attribute whose value Terraform computes.
    pub(super) fn is_unset(&self, piece: &Piece<'_, 'a>, argument: &str) -> bool {
        let Some(stack) = self.stacks.get(piece.stack) else { return false };
        stack.plan.is_unset(piece.instance, argument)
    }
}

fn new_member() -> Account {
    Account { member: true, ..Account::default() }
}

/// The tags of a managed resource. Those that the provider adds to every resource are in `tags_all` only, and never
/// replace what the resource itself sets.
fn tags(piece: &Piece<'_, '_>) -> Tags {
    let (own, all) = (piece.object.get("tags"), piece.object.get("tags_all"));
    let complete = !all.entries().is_unknown() && !own.entries().is_unknown();
    let mut tags = Tags { known: BTreeMap::new(), complete };
    for shown in [own, all] {
        let entries = shown.entries();
        for (key, value) in entries.known().unwrap_or_default() {
            tags.known.insert(key.to_owned(), value.text());
        }
    }
    tags
}
