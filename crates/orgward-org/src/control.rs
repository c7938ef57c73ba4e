//! Resources that govern: trails, detectors, delegated administrators, features of the organization. Rules compare
//! what they say before the plan with what they say after it; what a weaker value is, is data: one table for each area.

mod bucket;
mod defaults;
mod delegation;
mod detection;
mod fact;
mod keeping;
mod muting;
mod selectors;
mod trail;

use std::sync::Arc;

use orgward_plan::{Address, Attr, Object, Text};

pub(crate) use self::delegation::administrator_of;
pub use self::delegation::{Delegated, Delegation, GoverningService};
use self::fact::Facts;
pub use self::fact::{Weakening, Weight};
pub use self::keeping::Kept;
pub use self::muting::Muting;
use crate::{Document, Key, NodeId, Organization};

/// A resource that governs.
#[derive(Clone, Debug)]
pub struct Control {
    /// What identifies it on both sides.
    pub key: Key,
    /// Its resource type.
    pub resource: String,
    /// The resource.
    pub address: Address,
    /// Which input it is from; set only when there are several.
    pub stack: Option<Arc<str>>,
    /// The account that it is in, if the inputs show it.
    pub account: Option<NodeId>,
    /// Its attributes.
    pub attributes: Object,
    /// The policy that it holds, of those that hold one.
    pub document: Option<Document>,
    /// The account that administers a service, of those that name one.
    pub delegated: Option<Delegated>,
}

/// What a type of control is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Area {
    /// What happens is recorded.
    Trail,
    /// What is wrong is found.
    Detection,
    /// What an account protects by default.
    Defaults,
}

/// An account, or the organization itself, that a plan sends away.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own, and reports ask for each")]
pub struct Departure {
    /// The resource.
    pub address: Address,
    /// Which input it is from; set only when there are several.
    pub stack: Option<Arc<str>>,
    /// The AWS id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Whether it is the organization itself.
    pub is_organization: bool,
    /// Whether AWS closes the account, so that it does not go on alone.
    pub is_closed: bool,
    /// Whether it stays in the organization, where Control Tower moves it to the root and stops managing it.
    pub is_unmanaged: bool,
    /// Whether the plan creates another one in its place, and the attributes whose change makes it do so.
    pub replaced_for: Option<Vec<&'static str>>,
    /// Whether the input destroys everything that it manages.
    pub with_everything: bool,
}

/// The types that are read as controls, beside those in the tables of the areas.
const OTHERS: &[&str] = &[
    "aws_account_alternate_contact",
    "aws_iam_organizations_features",
    "aws_iam_user_group_membership",
    "aws_kms_key",
    "aws_kms_key_policy",
    "aws_organizations_account",
    "aws_organizations_aws_service_access",
    "aws_organizations_delegated_administrator",
    "aws_organizations_organization",
    "aws_organizations_resource_policy",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_ssoadmin_account_assignment",
];

/// The attribute that holds the policy of a type of control.
pub(crate) fn document_of(resource: &str) -> Option<&'static str> {
    match resource {
        "aws_organizations_resource_policy" => Some("content"),
        "aws_kms_key" | "aws_kms_key_policy" | "aws_s3_bucket_policy" => Some("policy"),
        _ => None,
    }
}

/// The name of a type that is read as a control.
pub(crate) fn control_type(resource: &str) -> Option<&'static str> {
    let listed = OTHERS.iter().copied().find(|listed| *listed == resource);
    let tables = || [detection::TABLE, trail::TABLE, bucket::TABLE, defaults::TABLE];
    listed
        .or_else(|| {
            tables().into_iter().flatten().map(|facts| facts.resource).find(|listed| *listed == resource)
        })
        .or_else(|| muting::TABLE.iter().map(|mutes| mutes.resource).find(|listed| *listed == resource))
        .or_else(|| delegation::resource_type(resource))
}

fn facts(resource: &str) -> Option<(&'static Facts, Area)> {
    let tables = [
        (detection::TABLE, Area::Detection),
        (trail::TABLE, Area::Trail),
        (bucket::TABLE, Area::Trail),
        (defaults::TABLE, Area::Defaults),
    ];
    tables.into_iter().find_map(|(table, area)| {
        table.iter().find(|facts| facts.resource == resource).map(|facts| (facts, area))
    })
}

impl Control {
    /// What it is about; `None` for what governs in other ways.
    pub fn area(&self) -> Option<Area> {
        facts(&self.resource).map(|(_, area)| area)
    }

    /// What people call what it provides: `GuardDuty`.
    pub fn what(&self) -> &'static str {
        facts(&self.resource).map_or("it", |(facts, _)| facts.what)
    }

    /// What it says less after the plan than before, `after` being what stands then; nothing when it does not.
    pub fn weakened(&self, after: Option<&Self>) -> Vec<Weakening> {
        let Some((facts, _)) = facts(&self.resource) else { return Vec::new() };
        let Some(after) = after else { return facts.gone(self.is_of_organization()).into_iter().collect() };
        let mut found = facts.compare(&self.attributes, &after.attributes);
        if facts.records {
            found.extend(selectors::compare(&self.attributes, &after.attributes));
        }
        found
    }

    /// Whether a trail or an event data store records for all accounts.
    pub fn is_of_organization(&self) -> bool {
        ["is_organization_trail", "organization_enabled"]
            .iter()
            .any(|name| self.attributes.get(name).bool() == Attr::Known(true))
    }

    /// A text attribute when it is known, to compare it with others: it may be secret, so that it is not to be printed.
    pub fn exposed(&self, attribute: &str) -> Option<String> {
        Some(self.attributes.get(attribute).text().known()?.expose().to_owned())
    }

    /// A text attribute to print, when it is known and not secret.
    pub fn text(&self, attribute: &str) -> Option<String> {
        let text = self.attributes.get(attribute).text().known()?;
        (!text.is_sensitive()).then(|| Text::expose(&text).to_owned())
    }

    /// The known texts of a set or list.
    pub fn texts(&self, attribute: &str) -> Vec<String> {
        let items = self.attributes.get(attribute).items().known().unwrap_or_default();
        items.into_iter().filter_map(|item| Some(item.text().known()?.expose().to_owned())).collect()
    }
}

impl Organization {
    /// All controls, sorted by key.
    pub fn controls(&self) -> impl Iterator<Item = &Control> {
        self.controls.values()
    }

    /// The controls of a type, sorted by key.
    pub fn controls_of<'o>(&'o self, resource: &'o str) -> impl Iterator<Item = &'o Control> {
        self.controls().filter(move |control| control.resource == resource)
    }

    /// The control with a key.
    pub fn control(&self, key: &Key) -> Option<&Control> {
        self.controls.get(key)
    }

    /// The accounts that the plans send away, and the organization itself, in order of their addresses.
    pub fn departures(&self) -> &[Departure] {
        &self.departures
    }

    /// Whether the plans destroy the organization itself.
    pub fn is_dissolved(&self) -> bool {
        self.departures.iter().any(|departure| departure.is_organization && departure.replaced_for.is_none())
    }
}
