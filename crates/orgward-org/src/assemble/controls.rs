//! Resources that govern, and what the plans send away.

use orgward_iam::Kind;
use orgward_plan::{Action, Attr, Instance, Landing, Mode, Object, Step};

use super::join::{ACCOUNT, Link};
use super::{Builder, Piece, Side, Stack};
use crate::control::{administrator_of, control_type, document_of};
use crate::factory::{PRODUCT, requested};
use crate::{Control, Delegated, Departure, NodeId};

/// Attributes whose change makes the provider create another account, and the old one leaves.
const REPLACING: &[&str] = &["create_govcloud", "email", "iam_user_access_to_billing", "name", "role_name"];

impl Builder<'_, '_> {
    /// Adds the controls.
    pub(super) fn controls(&mut self) {
        let pieces = self.pieces;
        for (kind, pieces) in pieces.iter().filter(|(kind, _)| control_type(kind).is_some()) {
            // A deposed object is no longer what the configuration means.
            for piece in pieces.iter().filter(|piece| piece.instance.deposed.is_none()) {
                let key = self.key(piece);
                let stack = self.stacks.get(piece.stack);
                let account = stack.and_then(|stack| {
                    let placement = stack.plan.placement(piece.instance);
                    self.known_landing(piece.stack, placement.landing()?)
                });
                let document = document_of(kind).map(|attribute| {
                    self.document(piece, &[Step::Name(attribute)], Kind::Resource, attribute)
                });
                let delegated = administrator_of(kind).map(|attribute| self.delegated(piece, attribute));
                let control = Control {
                    key: key.clone(),
                    resource: (*kind).to_owned(),
                    address: piece.instance.address.clone(),
                    stack: stack.and_then(|stack| stack.name.clone()),
                    account,
                    attributes: piece.object.clone(),
                    document,
                    delegated,
                };
                self.organization.controls.entry(key).or_insert(control);
            }
        }
    }

    /// The account that an attribute names as the administrator of a service.
    fn delegated(&self, piece: &Piece<'_, '_>, attribute: &'static str) -> Delegated {
        match self.link(piece, &[Step::Name(attribute)], &ACCOUNT) {
            Link::Node(node, ..) => {
                let known = self.organization.node(node).and_then(|node| node.id.clone().known());
                match known {
                    Some(id) if !id.is_sensitive() => Delegated::Account(id.expose().to_owned()),
                    _ => Delegated::Created(node),
                }
            }
            Link::Value(id) if !id.is_sensitive() => Delegated::Account(id.expose().to_owned()),
            Link::Candidates(nodes, _) => Delegated::OneOf(nodes),
            Link::Value(_) | Link::Bounded(..) | Link::Unknown(_) | Link::Absent => Delegated::Unknown,
        }
    }

    /// The account that something lands in, of those that are known: to read a control adds none.
    pub(super) fn known_landing(&self, stack: usize, landing: &Landing) -> Option<NodeId> {
        match landing {
            Landing::Account(id) => self.ids.get(id.as_str()).copied(),
            Landing::Created(address) => self.addresses.get(&(stack, address.clone())).copied(),
            Landing::Management => self.organization.management(),
        }
    }

    /// Adds the accounts that leave, and the organization itself.
    pub(super) fn departures(&mut self, side: Side) {
        if side == Side::Before {
            return;
        }
        let mut departures = Vec::new();
        for Stack { plan, name } in self.stacks.iter().take(self.plans) {
            let mut managed = plan.instances().iter().filter(|instance| instance.mode == Mode::Managed);
            let with_everything = managed.all(|instance| instance.action == Action::Delete);
            for instance in plan.instances() {
                if let Some(departure) = departure(instance) {
                    departures.push(Departure { stack: name.clone(), with_everything, ..departure });
                }
            }
        }
        departures.sort_by(|a, b| (&a.stack, &a.address, &a.id).cmp(&(&b.stack, &b.address, &b.id)));
        self.organization.departures = departures;
    }
}

/// The account or organization that an instance sends away.
fn departure(instance: &Instance<'_>) -> Option<Departure> {
    if &*instance.kind == PRODUCT {
        return unmanaged(instance);
    }
    let is_organization = match &*instance.kind {
        "aws_organizations_organization" => true,
        "aws_organizations_account" => false,
        _ => return None,
    };
    let is_replaced = match instance.action {
        _ if instance.mode == Mode::Data => return None,
        Action::Delete => false,
        Action::DeleteCreate | Action::CreateDelete => true,
        _ => return None,
    };
    let before = instance.before()?;
    let text = |name: &str| before.get(name).text().known().map(|text| text.to_string());
    // What is closed already does not leave.
    let status = text("status").or_else(|| text("state"));
    if matches!(status.as_deref(), Some("SUSPENDED" | "PENDING_CLOSURE" | "CLOSED")) {
        return None;
    }
    let replaced_for = is_replaced.then(|| changed(&before, instance.after().as_ref()));
    Some(Departure {
        address: instance.address.clone(),
        stack: None,
        id: text("id"),
        name: text("name"),
        is_organization,
        is_closed: before.get("close_on_deletion").bool() == Attr::Known(true),
        is_unmanaged: false,
        replaced_for,
        with_everything: false,
    })
}

/// The account that Control Tower's factory gives up with its product.
fn unmanaged(instance: &Instance<'_>) -> Option<Departure> {
    let before = instance.before().filter(|_| instance.standing().destroys())?;
    let requested = requested(PRODUCT, &before).filter(|requested| !requested.stays)?;
    Some(Departure {
        address: instance.address.clone(),
        stack: None,
        id: requested.id.map(|id| id.to_string()),
        name: requested.name.known().map(|name| name.to_string()),
        is_organization: false,
        is_closed: false,
        is_unmanaged: true,
        replaced_for: None,
        with_everything: false,
    })
}

/// The attributes that make the provider replace an account and that differ.
fn changed(before: &Object, after: Option<&Object>) -> Vec<&'static str> {
    let Some(after) = after else { return Vec::new() };
    let text =
        |object: &Object, name: &str| object.get(name).text().known().map(|text| text.expose().to_owned());
    let differs =
        |name: &&str| after.get(name).text() != Attr::Unknown && text(before, name) != text(after, name);
    REPLACING.iter().copied().filter(differs).collect()
}
