//! Accounts that factories make.

use std::collections::BTreeMap;

use orgward_plan::{Attr, Text};

use super::tree::new_member;
use super::{Builder, Piece, Side};
use crate::factory::{self, LANDING_ZONE, PRODUCT, REQUEST, Requested};
use crate::{Modality, Node, NodeId, NodeKind};

impl<'a> Builder<'_, 'a> {
    /// Adds the accounts that factories are asked for, and those whose request goes: they stay in the organization.
    pub(super) fn factories(&mut self, other: &BTreeMap<&str, Vec<Piece<'_, 'a>>>, side: Side) {
        for kind in [PRODUCT, REQUEST] {
            for piece in self.of_kind(kind) {
                let Some(requested) = factory::requested(kind, &piece.object) else { continue };
                let account = self.requested(piece, &requested);
                self.requested_unit(piece, account, &requested);
            }
            let gone = other.get(kind).into_iter().flatten().filter(|_| side == Side::After);
            for piece in gone.filter(|piece| !piece.context && piece.instance.standing().destroys()) {
                let Some(requested) = factory::requested(kind, &piece.object) else { continue };
                let account = self.requested(piece, &requested);
                if requested.stays {
                    self.requested_unit(piece, account, &requested);
                } else if self.organization.parents(account).is_empty() {
                    let root = self.implied_root(0);
                    self.contain(root, account, Modality::Must);
                }
            }
        }
    }

    /// Adds the accounts that the manifest of a landing zone names.
    pub(super) fn landing_zones(&mut self) {
        for piece in self.of_kind(LANDING_ZONE) {
            for (id, role) in factory::named_by_manifest(&piece.object) {
                let at = self.by_id(&id, Attr::Absent, Attr::Absent, NodeKind::Account(new_member()));
                self.organization.account_roles.insert(at, role);
            }
        }
    }

    /// The account of a request: one that other inputs show by its id or its e-mail address, or a new one.
    fn requested(&mut self, piece: &Piece<'_, 'a>, requested: &Requested) -> NodeId {
        let id = requested.id.clone().or_else(|| self.id_by_email(requested.email.as_ref().known()?));
        let known = id.as_ref().and_then(|id| self.ids.get(id.expose())).copied();
        let at = known.unwrap_or_else(|| {
            self.add(Node {
                key: self.key(piece),
                address: Some(piece.instance.address.clone()),
                stack: self.stacks.get(piece.stack).and_then(|stack| stack.name.clone()),
                name: requested.name.clone(),
                id: id.map_or(Attr::Unknown, Attr::Known),
                arn: Attr::Unknown,
                forgotten: piece.left_behind,
                kind: NodeKind::Account(new_member()),
            })
        });
        self.complete(at, requested.name.clone(), Attr::Absent);
        if piece.is_current() {
            self.addresses.entry((piece.stack, piece.instance.address.clone())).or_insert(at);
        }
        at
    }

    /// The id of the account with an e-mail address, of which AWS has one at most.
    fn id_by_email(&self, email: &Text) -> Option<Text> {
        let is = |shown: Attr<Text>| {
            shown.known().is_some_and(|it| it.expose().eq_ignore_ascii_case(email.expose()))
        };
        let accounts = self.of_kind("aws_organizations_account").iter();
        let own = accounts
            .filter(|piece| is(piece.object.get("email").text()))
            .find_map(|piece| piece.object.get("id").text().known());
        let lists = ["aws_organizations_organization", "data.aws_organizations_organization"];
        own.or_else(|| {
            lists.into_iter().flat_map(|kind| self.of_kind(kind)).find_map(|piece| {
                let listed = piece.object.get("accounts").items().known().unwrap_or_default();
                let found = listed.into_iter().find(|account| is(account.get("email").text()))?;
                found.get("id").text().known()
            })
        })
    }

    /// Puts an account into the unit that its request names.
    fn requested_unit(&mut self, piece: &Piece<'_, 'a>, account: NodeId, requested: &Requested) {
        // A resource of the organization says where it is.
        if !self.organization.parents(account).is_empty() {
            return;
        }
        let Attr::Known(text) = &requested.unit else {
            return self.is_homeless(piece, account, "its unit is unknown until apply");
        };
        let (name, id) = factory::unit(text.expose());
        if let Some(id) = id {
            let parent =
                self.container(&if text.is_sensitive() { Text::sensitive(id) } else { Text::plain(id) });
            return self.contain(parent, account, Modality::Must);
        }
        if name == "Root" {
            let root = self.implied_root(0);
            return self.contain(root, account, Modality::Must);
        }
        let units: Vec<NodeId> = self
            .organization
            .nodes()
            .filter(|(_, node)| matches!(node.kind, NodeKind::Unit))
            .filter(|(_, node)| node.name.as_ref().known().is_some_and(|it| it.expose() == name))
            .map(|(at, _)| at)
            .collect();
        match units.as_slice() {
            [] => self.is_homeless(piece, account, "no input shows the unit that the request names"),
            [unit] => self.contain(*unit, account, Modality::Must),
            several => several.iter().for_each(|unit| self.contain(*unit, account, Modality::May)),
        }
    }
}
