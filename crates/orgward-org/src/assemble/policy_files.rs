//! What files with policies, and manifests beside them, describe in place of Terraform.

use orgward_iam::Kind;
use orgward_plan::{Address, Attr, Step, Text};

use super::{Builder, Piece};
use crate::{NodeId, NodeKind, POLICY_FILES};

impl<'a> Builder<'_, 'a> {
    /// Notes which resources files describe, and reads the files that are of no resource.
    pub(super) fn policy_files(&mut self) {
        for piece in self.pieces.values().flatten().filter(|piece| is_file(piece)) {
            self.organization.policy_files.insert(piece.instance.address.clone());
        }
        for piece in self.of_kind(crate::POLICY_FILE) {
            let kind = match piece.object.get("kind").text() {
                Attr::Known(kind) if kind.expose() == "identity" => Kind::Identity,
                _ => Kind::Resource,
            };
            let document = self.document(piece, &[Step::Name("content")], kind, "content");
            self.organization.other_documents.push((piece.instance.address.clone(), document));
        }
    }

    /// Marks the account that a manifest calls the management account; an id would say so elsewhere.
    pub(super) fn management_by_manifest(&mut self, piece: &Piece<'_, 'a>, at: NodeId) {
        if !is_file(piece) || piece.object.get("management").bool() != Attr::Known(true) {
            return;
        }
        let index = self.organization_for(piece.stack, piece.instance).unwrap_or_default();
        if let Some(node) = self.organization.graph.node_weight_mut(at)
            && let NodeKind::Account(account) = &mut node.kind
        {
            account.management = true;
        }
        self.organization.organization_mut(index).management.get_or_insert(at);
    }

    /// The node at the address that an attribute has in place of an id: resources of files have none.
    pub(super) fn by_address(&self, piece: &Piece<'_, 'a>, text: &Text) -> Option<NodeId> {
        if !is_file(piece) || text.is_sensitive() {
            return None;
        }
        let address = (piece.stack, Address::new(text.expose()));
        let organization = || {
            let index = self.organizations.get(&address)?;
            self.organization.organization(*index).node
        };
        self.addresses.get(&address).copied().or_else(organization)
    }
}

fn is_file(piece: &Piece<'_, '_>) -> bool {
    piece.instance.provider == POLICY_FILES
}
