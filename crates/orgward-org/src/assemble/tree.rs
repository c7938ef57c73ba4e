//! The root, organizational units and accounts, and what lies in what.

use std::collections::{BTreeMap, BTreeSet};

use orgward_plan::{Attr, Instance, Landing, Legal, Mode, Step, Text, View};

use super::join::{Link, PARENT};
use super::{Builder, Piece, Side};
use crate::organization::{PolicyTypes, Root};
use crate::{Account, Edge, Key, Modality, Node, NodeId, NodeKind, Tags};

impl<'a> Builder<'_, 'a> {
    /// Builds the whole tree.
    pub(super) fn tree(&mut self, other: &BTreeMap<&str, Vec<Piece<'_, 'a>>>, side: Side) {
        self.organization.first.id.clone_from(&self.declared.organization);
        for piece in self.of_kind("aws_organizations_organization") {
            self.root_of(piece);
        }
        for piece in self.of_kind("aws_organizations_organizational_unit") {
            self.managed(piece, "name", NodeKind::Unit);
        }
        for piece in self.of_kind("aws_organizations_account") {
            let account = Account { tags: tags(piece), ..new_member() };
            let at = self.managed(piece, "name", NodeKind::Account(account));
            self.management_by_manifest(piece, at);
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
        // Before what data sources show, which is from before the plan.
        self.factories(other, side);
        self.landing_zones();
        self.shown_by_data();
        self.shown_one_by_one();
    }

    /// The root, the id of the organization, its management account, and which policy types are enabled.
    fn root_of(&mut self, piece: &Piece<'_, 'a>) {
        let object = &piece.object;
        let shown = object.get("roots").item(0);
        let index = self.organization_shown(piece);
        self.organizations.insert((piece.stack, piece.instance.address.clone()), index);
        let at = self.implied_root(index);
        if let Attr::Known(id) = shown.get("id").text() {
            self.root_has_id(at, &id);
        }
        self.complete(at, shown.get("name").text(), shown.get("arn").text());
        let root = self.organization.organization_mut(index);
        match (&root.id, object.get("id").text()) {
            (None, Attr::Known(id)) => root.id = Some(id.expose().to_owned()),
            // Both sides of a plan that creates the organization anew show one id at most.
            (Some(known), Attr::Known(id)) if *known != id.expose() => {
                self.organization.contradictions.push(format!(
                    "`{}` shows an organization with another id than the rest of the inputs and the configuration",
                    piece.instance.address
                ));
            }
            _ => {}
        }
        self.policy_types(piece, index);
        if let Attr::Known(id) = object.get("master_account_id").text() {
            let name = object.get("master_account_name").text();
            self.management_is(index, &id, name, object.get("master_account_arn").text());
        } else if piece.instance.mode == Mode::Managed
            && let Some(stack) = self.stacks.get(piece.stack)
            && let Some(Landing::Account(id)) = stack.plan.placement(piece.instance).landing()
        {
            // Whoever creates an organization becomes its management account.
            self.management_is(index, &Text::plain(id.as_str()), Attr::Unknown, Attr::Unknown);
        }
    }

    /// Which of the organizations an input shows: one that it says nothing else of, or a new one. Two resources are two
    /// organizations.
    fn organization_shown(&mut self, piece: &Piece<'_, 'a>) -> usize {
        let known = |view: View<'_>| view.text().known().map(|text| text.expose().to_owned());
        let root_id = known(piece.object.get("roots").item(0).get("id"));
        let id = known(piece.object.get("id"));
        let node_id = |at: Option<NodeId>| {
            let node = self.organization.node(at?)?;
            node.id.as_ref().known().map(|id| id.expose().to_owned())
        };
        let is_managed = |index: usize| {
            let mut managed = self.of_kind("aws_organizations_organization").iter();
            managed.any(|piece| {
                self.organizations.get(&(piece.stack, piece.instance.address.clone())) == Some(&index)
            })
        };
        let agrees = |a: &Option<String>, b: &Option<String>| a.as_ref().zip(b.as_ref()).map(|(a, b)| a == b);
        let fits = |(index, root): (usize, &Root)| {
            match agrees(&node_id(root.node), &root_id).or(agrees(&root.id, &id)) {
                Some(same) if same || root.node.is_some() => same,
                // What the configuration declares is of the first one that the inputs show.
                Some(_) => true,
                None => piece.instance.mode == Mode::Data || !is_managed(index),
            }
        };
        let all: Vec<_> = self.organization.organizations().enumerate().collect();
        let same = |(_, root): &&(usize, &Root)| agrees(&node_id(root.node), &root_id) == Some(true);
        let found =
            all.iter().find(same).or_else(|| all.iter().find(|it| fits(**it))).map(|(index, _)| *index);
        found.unwrap_or_else(|| {
            self.organization.others.push(Root::default());
            self.organization.others.len()
        })
    }

    /// The organization that what an instance manages is of; `None` where there are several and nothing says which.
    pub(super) fn organization_for(&self, stack: usize, instance: &Instance<'a>) -> Option<usize> {
        if self.organization.others.is_empty() {
            return Some(0);
        }
        let plan = self.stacks.get(stack)?.plan;
        let shown = self.organizations.iter().filter(|((shown, _), _)| *shown == stack);
        let shown: Vec<_> = shown.map(|((_, address), index)| (plan.instance(address), *index)).collect();
        let key = plan.provider_key(instance);
        let same = shown
            .iter()
            .filter(|(shown, _)| shown.is_some_and(|shown| key.is_some() && plan.provider_key(shown) == key));
        let same: BTreeSet<usize> = same.map(|(_, index)| *index).collect();
        let all: BTreeSet<usize> = shown.iter().map(|(_, index)| *index).collect();
        let only = |of: &BTreeSet<usize>| of.first().copied().filter(|_| of.len() == 1);
        only(&same).or_else(|| only(&all))
    }

    fn policy_types(&mut self, piece: &Piece<'_, 'a>, index: usize) {
        // What is known of the time before does not replace what is unknown of the time after.
        if self.organization.organization(index).policy_types != PolicyTypes::NotShown {
            return;
        }
        let object = &piece.object;
        let text = |view: View<'_>| view.text().known().map(|name| name.expose().to_owned());
        let is_enabled = |each: &View<'_>| text(each.get("status")).is_none_or(|status| status == "ENABLED");
        let shown = || match object.get("roots").item(0).get("policy_types").items() {
            Attr::Known(types) => PolicyTypes::Enabled(
                types.into_iter().filter(is_enabled).filter_map(|each| text(each.get("type"))).collect(),
            ),
            Attr::Unknown | Attr::Absent => PolicyTypes::NotShown,
        };
        let is_data = piece.instance.mode == Mode::Data;
        let types = match object.get("enabled_policy_types").items() {
            // A set with an unknown element may enable anything besides.
            Attr::Known(types) => {
                let all: Vec<_> = types.into_iter().map(text).collect();
                let complete = all.iter().all(Option::is_some);
                let known = all.into_iter().flatten().collect();
                if complete { PolicyTypes::Enabled(known) } else { PolicyTypes::AtLeast(known) }
            }
            Attr::Unknown => PolicyTypes::AtLeast(BTreeSet::new()),
            // A resource that does not set them turns them off; the data source shows them with the root.
            Attr::Absent if is_data => shown(),
            Attr::Absent => PolicyTypes::Enabled(BTreeSet::new()),
        };
        let root = self.organization.organization_mut(index);
        root.policy_types = types;
        root.enabler = (!is_data).then(|| piece.instance.address.clone());
    }

    /// Says which account is the management account of an organization.
    fn management_is(&mut self, index: usize, id: &Text, name: Attr<Text>, arn: Attr<Text>) {
        let account = Account { management: true, member: true, ..Account::default() };
        let at = self.by_id(id, name, arn, NodeKind::Account(account.clone()));
        if let Some(old) = self.organization.organization(index).management
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
        self.organization.organization_mut(index).management = Some(at);
        self.organization.listed_in.insert(at, index);
    }

    /// Nobody but the management account manages accounts and units.
    fn management_by_what_it_manages(&mut self) {
        let several = !self.organization.others.is_empty();
        if several
            || self.organization.first.management.is_some()
            || self.declared.management_account.is_some()
        {
            return;
        }
        for kind in ["aws_organizations_account", "aws_organizations_organizational_unit"] {
            for piece in self.of_kind(kind) {
                let Some(stack) = self.stacks.get(piece.stack) else { continue };
                if let Some(Landing::Account(id)) = stack.plan.placement(piece.instance).landing() {
                    self.management_is(0, &Text::plain(id.as_str()), Attr::Absent, Attr::Absent);
                    return;
                }
            }
        }
    }

    fn declared_accounts(&mut self) {
        if let Some(id) = &self.declared.management_account {
            self.management_is(0, &Text::plain(id.as_str()), Attr::Absent, Attr::Absent);
        }
        for id in &self.declared.accounts {
            self.by_id(
                &Text::plain(id.as_str()),
                Attr::Absent,
                Attr::Absent,
                NodeKind::Account(new_member()),
            );
        }
        self.organization.first.account_list_complete |= self.declared.accounts_complete;
    }

    /// The accounts that an organization lists.
    fn account_list_complete(&mut self, piece: &Piece<'_, 'a>) {
        let Attr::Known(accounts) = piece.object.get("accounts").items() else { return };
        let address = (piece.stack, piece.instance.address.clone());
        let index = self.organizations.get(&address).copied().unwrap_or_default();
        self.organization.organization_mut(index).account_list_complete = true;
        for account in accounts {
            if let Some(at) = self.listed_account(account) {
                self.organization.listed_in.insert(at, index);
            }
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
        // Where it lies is for the input to say that manages it; an older state of the same stack agrees or lags.
        let Some(child) =
            self.organization.find(&self.key(piece)).filter(|_| piece.instance.deposed.is_none())
        else {
            return;
        };
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
            Link::Absent => match self.organization_for(piece.stack, piece.instance) {
                Some(index) => {
                    let root = self.implied_root(index);
                    self.contain(root, child, Modality::Must);
                }
                None => self.is_homeless(piece, child, "the inputs show several organizations"),
            },
            Link::Unknown(trail) => {
                let why = trail.last().map_or("its parent is unknown until apply", String::as_str);
                self.is_homeless(piece, child, why);
            }
        }
    }

    pub(super) fn is_homeless(&mut self, piece: &Piece<'_, 'a>, child: NodeId, why: &str) {
        if let Some(node) = self.organization.graph.node_weight_mut(child)
            && let NodeKind::Account(account) = &mut node.kind
        {
            account.unknown_parent =
                Some(format!("what `{}` lies in is unknown: {why}", piece.instance.address));
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

    /// The root of an organization, added when nothing has shown it yet.
    pub(super) fn implied_root(&mut self, index: usize) -> NodeId {
        if let Some(at) = self.organization.organization(index).node {
            return at;
        }
        let key = if index == 0 { "root".to_owned() } else { format!("root {}", index + 1) };
        let at = self.add(Node {
            key: Key(key.into()),
            address: None,
            stack: None,
            name: Attr::Unknown,
            id: Attr::Unknown,
            arn: Attr::Unknown,
            forgotten: false,
            kind: NodeKind::Root,
        });
        self.organization.organization_mut(index).node = Some(at);
        at
    }

    fn root_has_id(&mut self, at: NodeId, id: &Text) {
        if let Some(node) = self.organization.graph.node_weight_mut(at)
            && !matches!(node.id, Attr::Known(_))
        {
            node.id = Attr::Known(id.clone());
            self.ids.entry(id.expose().to_owned()).or_insert(at);
        }
    }

    /// The root or unit with an id that no resource manages.
    pub(super) fn container(&mut self, id: &Text) -> NodeId {
        if id.expose().starts_with("r-") {
            return self.root_by_id(id);
        }
        self.by_id(id, Attr::Absent, Attr::Absent, NodeKind::Unit)
    }

    /// The root with an id. An organization has one root: it is one whose id nothing has shown yet, or that of another
    /// organization.
    pub(super) fn root_by_id(&mut self, id: &Text) -> NodeId {
        if let Some(&at) = self.ids.get(id.expose()) {
            return at;
        }
        let is_open = |root: &Root| {
            let node = root.node.and_then(|at| self.organization.node(at));
            node.is_none_or(|node| !matches!(node.id, Attr::Known(_)))
        };
        let open = self.organization.organizations().position(is_open);
        let index = open.unwrap_or_else(|| {
            self.organization.others.push(Root::default());
            self.organization.others.len()
        });
        let at = self.implied_root(index);
        self.root_has_id(at, id);
        at
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

pub(super) fn new_member() -> Account {
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
