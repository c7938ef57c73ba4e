//! Policy files and what a change makes of them, which two rules report.

use orgward_iam::{FULL_AWS_ACCESS, Kind, Policy};
use orgward_org::{Document, Organization};
use orgward_plan::Address;

use crate::Context;

/// A policy file that a change touches.
pub(crate) struct ChangedPolicy<'a> {
    pub(crate) address: &'a Address,
    /// Its former version; `None` where there is none.
    pub(crate) before: Option<&'a Document>,
    /// Its new version; `None` where the change removes it.
    pub(crate) after: Option<&'a Document>,
    /// Whether a manifest attaches it, so that what it opens is judged where it binds.
    pub(crate) is_attached: bool,
}

impl<'a> ChangedPolicy<'a> {
    /// Both versions of what is compared, or why they cannot be. Policies of the organization that are not there leave
    /// everything open; of other policies the first version is new access, which rules about access judge.
    pub(crate) fn versions(&self) -> Option<Result<[Version<'a>; 2], String>> {
        let kind = self.after.or(self.before)?.kind;
        let open =
            || Policy::parse(full_access(kind)?, kind).ok().map(|policy| Version::Open(Box::new(policy)));
        let version = |document: Option<&'a Document>| match document {
            None => open().map(Ok),
            Some(document) => Some(match document.policy() {
                Some(policy) => Ok(Version::Written(policy)),
                None => Err(document.doubt().unwrap_or_default()),
            }),
        };
        Some(match (version(self.before)?, version(self.after)?) {
            (Ok(before), Ok(after)) => Ok([before, after]),
            (Err(doubt), _) | (_, Err(doubt)) => Err(doubt),
        })
    }
}

/// One version of a policy.
pub(crate) enum Version<'a> {
    Written(&'a Policy),
    /// The policy is not there, which leaves everything open.
    Open(Box<Policy>),
}

impl Version<'_> {
    pub(crate) fn policy(&self) -> &Policy {
        match self {
            Self::Written(policy) => policy,
            Self::Open(policy) => policy,
        }
    }
}

fn full_access(kind: Kind) -> Option<String> {
    match kind {
        Kind::ServiceControl => Some(FULL_AWS_ACCESS.to_owned()),
        Kind::ResourceControl => {
            Some(FULL_AWS_ACCESS.replacen("\"Resource\"", "\"Principal\": \"*\", \"Resource\"", 1))
        }
        _ => None,
    }
}

/// The policy files that differ, sorted by address; none in the run that finds out what is there already.
pub(crate) fn changed<'a>(cx: &Context<'a>) -> Vec<ChangedPolicy<'a>> {
    if std::ptr::eq(cx.before, cx.after) {
        return Vec::new();
    }
    let files = |organization: &'a Organization| {
        let documents = organization.documents().into_iter();
        documents.filter_map(|(address, document)| Some((address?, document)))
    };
    let is_file = |address: &Address| cx.before.is_policy_file(address) || cx.after.is_policy_file(address);
    let mut changed: Vec<ChangedPolicy<'a>> = Vec::new();
    let before: Vec<_> = files(cx.before).filter(|(address, _)| is_file(address)).collect();
    for &(address, document) in &before {
        changed.push(ChangedPolicy {
            address,
            before: Some(document),
            after: None,
            is_attached: is_attached(cx, address),
        });
    }
    for (address, document) in files(cx.after).filter(|(address, _)| is_file(address)) {
        match changed.iter_mut().find(|it| it.before.is_some_and(|before| before.name == document.name)) {
            Some(twin) => twin.after = Some(document),
            None => changed.push(ChangedPolicy {
                address,
                before: None,
                after: Some(document),
                is_attached: is_attached(cx, address),
            }),
        }
    }
    changed.retain(|it| match (it.before, it.after) {
        (Some(before), Some(after)) => {
            before.text != after.text || before.policy().is_none() != after.policy().is_none()
        }
        _ => true,
    });
    changed.sort_by(|a, b| a.address.cmp(b.address));
    changed
}

fn is_attached(cx: &Context<'_>, address: &Address) -> bool {
    [cx.before, cx.after].into_iter().any(|organization| {
        organization
            .org_policies()
            .filter(|policy| policy.node.address.as_ref() == Some(address))
            .any(|policy| !organization.targets_of(policy.id).is_empty())
    })
}
