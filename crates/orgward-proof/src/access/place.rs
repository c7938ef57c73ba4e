//! Where principals and resources are, as policies ask for it: the organization of a principal, its path in it, and the
//! account and organization of a resource.

use orgward_iam::{Claim, Policy};
use orgward_org::{Modality, NodeId, NodeKind, Organization};
use orgward_plan::Attr;

/// A condition that every request of a principal meets: operator, key, value.
pub(super) type Line = (&'static str, &'static str, String);

/// Which of these keys some policy looks at. What none looks at is not said, so that questions stay short.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Asked {
    organization: bool,
    paths: bool,
    /// The account or the organization of a resource.
    pub(super) resource: bool,
}

impl Asked {
    /// Everything.
    const ALL: Self = Self { organization: true, paths: true, resource: true };

    /// What policies look at.
    pub(super) fn by(policies: &[&Policy]) -> Self {
        let mut asked = Self::default();
        let statements = policies.iter().flat_map(|policy| &policy.statements);
        for key in statements.flat_map(orgward_iam::Statement::keys) {
            let is = |other: &str| key.eq_ignore_ascii_case(other);
            asked.organization |= is("aws:PrincipalOrgID");
            asked.paths |= is("aws:PrincipalOrgPaths");
            asked.resource |= is("aws:ResourceAccount") || is("aws:ResourceOrgID");
        }
        asked
    }

    /// What is known of where a principal is whose account this certainly is.
    pub(super) fn of_principal(self, org: &Organization, account: NodeId) -> Vec<Line> {
        let is_member = org.account(account).is_some_and(|account| account.member);
        let Some(id) = org.symbolic_id_of(account).filter(|_| is_member) else { return Vec::new() };
        let mut lines = Vec::new();
        if self.organization {
            lines.push(("StringEquals", "aws:PrincipalOrgID", id.to_owned()));
        }
        if self.paths
            && let Some(path) = path(org, account, id)
        {
            lines.push(("ForAnyValue:StringEquals", "aws:PrincipalOrgPaths", path.clone()));
            lines.push(("ForAllValues:StringEquals", "aws:PrincipalOrgPaths", path));
        }
        lines
    }

    /// What is known of where a resource is. Not every request has these keys.
    pub(super) fn of_resource(
        self,
        org: &Organization,
        owner: Option<NodeId>,
        account: Option<&str>,
    ) -> Vec<Line> {
        const OPERATOR: &str = "StringEqualsIfExists";
        if !self.resource {
            return Vec::new();
        }
        let is_member = |owner: &NodeId| org.account(*owner).is_some_and(|account| account.member);
        let organization = owner.filter(is_member).and_then(|owner| org.symbolic_id_of(owner));
        let account = account.map(|account| (OPERATOR, "aws:ResourceAccount", account.to_owned()));
        let organization = organization.map(|id| (OPERATOR, "aws:ResourceOrgID", id.to_owned()));
        account.into_iter().chain(organization).collect()
    }
}

/// The requests that have what every request of a principal of an account has, as far as it is known, and the path of
/// the account in its organization, if it is.
pub fn of_account(org: &Organization, account: NodeId) -> (Option<String>, Option<Claim>) {
    let path = org.symbolic_id_of(account).and_then(|organization| path(org, account, organization));
    let lines = Asked::ALL.of_principal(org, account);
    (path, super::claims::when(&lines))
}

/// The value of `aws:PrincipalOrgPaths` for principals of an account: the organization, the root and the units above it;
/// `None` where one of them is not known.
fn path(org: &Organization, account: NodeId, organization: &str) -> Option<String> {
    let mut ids = Vec::new();
    let mut at = account;
    loop {
        let parents = org.parents(at);
        let [(parent, Modality::Must)] = parents.as_slice() else { return None };
        let node = org.node(*parent)?;
        let Attr::Known(id) = &node.id else { return None };
        ids.push(id.expose().to_owned());
        if ids.len() > 20 {
            return None;
        }
        if matches!(node.kind, NodeKind::Root) {
            break;
        }
        at = *parent;
    }
    ids.push(organization.to_owned());
    ids.reverse();
    Some(ids.join("/") + "/")
}
