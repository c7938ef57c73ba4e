//! `data "aws_organizations_entity_path"` and `data "aws_organizations_account"`: what a stack asks about one account.

use orgward_plan::{Attr, Text};

use super::Builder;
use crate::{Account, Modality, NodeKind};

impl Builder<'_, '_> {
    /// Adds accounts and units that data sources show one by one, and the whole path to them:
    /// `o-…/r-…/ou-…/222222222222/`.
    pub(super) fn shown_one_by_one(&mut self) {
        for piece in self.of_kind("data.aws_organizations_account") {
            self.listed_account(piece.object.view());
        }
        for piece in self.of_kind("data.aws_organizations_entity_path") {
            let Attr::Known(path) = piece.object.get("entity_path").text() else { continue };
            if !path.is_sensitive() {
                self.path_of_ids(path.expose());
            }
        }
    }

    fn path_of_ids(&mut self, path: &str) {
        let mut above = None;
        for id in path.split('/').filter(|id| !id.is_empty()) {
            let text = Text::plain(id);
            let at = if id.starts_with("o-") {
                if self.organization.organizations().all(|root| root.id.as_deref() != Some(id)) {
                    self.organization.first.id.get_or_insert_with(|| id.to_owned());
                }
                continue;
            } else if id.starts_with("r-") || id.starts_with("ou-") {
                self.container(&text)
            } else if orgward_iam::is_account_id(id) {
                // Of an account that leaves, the path is that of the time before.
                if self.departed.contains(id) {
                    return;
                }
                let member = Account { member: true, ..Account::default() };
                let at = self.by_id(&text, Attr::Absent, Attr::Absent, NodeKind::Account(member));
                if let Some(node) = self.organization.graph.node_weight_mut(at)
                    && let NodeKind::Account(account) = &mut node.kind
                {
                    account.member = true;
                }
                at
            } else {
                return;
            };
            if let Some(above) = above
                && self.organization.parents(at).is_empty()
                && self.organization.node(at).is_some_and(|node| node.address.is_none())
            {
                self.contain(above, at, Modality::Must);
            }
            above = Some(at);
        }
    }
}
