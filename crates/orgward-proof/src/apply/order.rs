//! Which comes first, the change of a policy or the call that it is about.

use std::collections::BTreeSet;

use orgward_org::{Change, Organization, PlannedChange};
use orgward_plan::Address;

use super::{Denial, DenialSource};

/// When a call is made, seen from the change of what denies it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    /// Before the policy changes.
    Before,
    /// Once it is changed.
    After,
    /// Nothing says it.
    Unknown,
}

/// When a change is made, seen from what the plan does to a policy that denies it on one side only.
pub(super) fn order(
    organization: Change<&Organization>,
    change: &PlannedChange,
    denial: &Denial<'_>,
    is_after: bool,
) -> Order {
    let side = if is_after { organization.after } else { organization.before };
    let Some(setters) = setters(organization, side, denial) else { return Order::Unknown };
    if setters.is_empty() {
        return Order::Unknown;
    }
    let org = organization.after;
    // A call that sets a policy is judged by the one that stands.
    let precedes =
        |setter: &&PlannedChange| std::ptr::eq(*setter, change) || org.is_made_after(setter, change);
    if setters.iter().all(|setter| org.is_made_after(change, setter)) {
        Order::After
    } else if setters.iter().all(precedes) {
        Order::Before
    } else {
        Order::Unknown
    }
}

/// The changes that make the policy deny on one side and not on the other; `None` where they are not known.
fn setters<'o>(
    organization: Change<&'o Organization>,
    side: &Organization,
    denial: &Denial<'_>,
) -> Option<Vec<&'o PlannedChange>> {
    let planned = organization.after.planned().iter();
    match denial.source {
        DenialSource::Resource(policy) => {
            Some(planned.filter(|it| it.address == policy.address && it.stack == policy.stack).collect())
        }
        DenialSource::OrgPolicy(id) => {
            let node = side.node(id)?;
            let mut own: BTreeSet<&Address> = node.address.iter().collect();
            let sides = [organization.before, organization.after];
            for org in sides {
                let Some(id) = org.find(&node.key) else { continue };
                own.extend(
                    org.targets_of(id).iter().filter_map(|(_, attachment)| attachment.address.as_ref()),
                );
            }
            let concerns = |change: &&PlannedChange| match &*change.kind {
                "aws_organizations_policy" | "aws_organizations_policy_attachment" => {
                    own.contains(&change.address)
                }
                // What moves accounts, or turns policies on.
                kind => kind.starts_with("aws_organizations_") && kind != "aws_organizations_resource_policy",
            };
            Some(planned.filter(concerns).collect())
        }
        DenialSource::Silence | DenialSource::Principal => None,
    }
}
