//! What the plans do to resources, one change at a time: the operation, where, as whom, and the values that the calls
//! of the provider carry.

use std::collections::BTreeMap;
use std::sync::Arc;

use orgward_plan::{Address, Attr};

use crate::{NodeId, Tags};

/// What a plan does to an object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Operation {
    /// Creates it.
    Create,
    /// Changes these attributes in place.
    Update(Vec<String>),
    /// Deletes it.
    Delete,
    /// Deletes it and creates another one, because these attributes change.
    Replace(Vec<String>),
    /// Creates another one in its place and leaves the old one standing.
    Supersede,
}

impl Operation {
    /// Whether an object is created.
    pub fn creates(&self) -> bool {
        matches!(self, Self::Create | Self::Replace(_) | Self::Supersede)
    }

    /// Whether an object is deleted.
    pub fn deletes(&self) -> bool {
        matches!(self, Self::Delete | Self::Replace(_))
    }

    /// The word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Create | Self::Supersede => "create",
            Self::Update(_) => "update",
            Self::Delete => "delete",
            Self::Replace(_) => "replace",
        }
    }
}

/// The values of an object that calls of the provider carry, and that say what its end costs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Values {
    /// Attributes by name, with dots for blocks. Those that are not set are left out, sensitive ones are unknown.
    pub attributes: BTreeMap<&'static str, Attr<String>>,
    /// All tags that the provider sends.
    pub tags: Tags,
    /// Other tags that it sends, by attribute: `volume_tags` of an instance.
    pub other_tags: BTreeMap<&'static str, Tags>,
}

impl Values {
    /// An attribute as text.
    pub fn get(&self, name: &str) -> Attr<&str> {
        self.attributes.get(name).map_or(Attr::Absent, |value| match value {
            Attr::Known(text) => Attr::Known(text.as_str()),
            Attr::Unknown => Attr::Unknown,
            Attr::Absent => Attr::Absent,
        })
    }

    /// The tags that an attribute holds, those of the provider configuration with them.
    pub fn tags_of(&self, attribute: &str) -> Option<&Tags> {
        if attribute == "tags" { Some(&self.tags) } else { self.other_tags.get(attribute) }
    }

    /// Whether an attribute has a value.
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == Attr::Known(value)
    }
}

/// A change that a plan makes through the AWS provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedChange {
    /// The resource instance.
    pub address: Address,
    /// Which input it is from; set only when there are several.
    pub stack: Option<Arc<str>>,
    /// Its type.
    pub kind: Arc<str>,
    /// What happens to it.
    pub operation: Operation,
    /// The account that it is in, on the side after the plan.
    pub owner: Option<NodeId>,
    /// The id of that account as policy documents write it.
    pub account: Option<String>,
    /// The region that the provider calls.
    pub region: Attr<String>,
    /// The partition.
    pub partition: String,
    /// The role that the provider assumes, or that the configuration of orgward names for the stack.
    pub principal: Option<String>,
    /// The resource that it is a part of, where only its address is known before apply: the bucket of a versioning.
    pub of: Option<Address>,
    /// Its values before the plan.
    pub before: Option<Values>,
    /// Its values after it.
    pub after: Option<Values>,
}

/// Attributes that are kept of every type.
pub(crate) const KEPT: &[&str] = &[
    "arn",
    "id",
    "name",
    "path",
    "bucket",
    "role",
    "user",
    "group",
    "function_name",
    "identifier",
    "cluster_identifier",
    "policy_arn",
    "permissions_boundary",
    "deletion_protection",
    "deletion_protection_enabled",
    "enable_logging",
    "gateway_id",
    "internet_gateway_id",
    "launch_template",
    "network_acl_id",
    "route_table_id",
    "security_group_id",
    "subnet_id",
    "transit_gateway_id",
    "vpc_id",
];

/// Attributes that make the provider create an object by another call: from a snapshot, a replica, an import.
const SOURCES: &[&str] = &[
    "snapshot_identifier",
    "replicate_source_db",
    "replication_source_identifier",
    "restore_to_point_in_time",
    "restore_source_name",
    "restore_source_table_arn",
    "s3_import",
    "import_table",
    "backup_id",
    "source_snapshot_identifier",
    "source_db_snapshot_identifier",
    "snapshot_name",
    "snapshot_arns",
];

/// Those of [`SOURCES`] that are blocks: a plan shows no `dynamic` one in its configuration.
const SOURCE_BLOCKS: &[&str] = &["restore_to_point_in_time", "s3_import", "import_table"];

/// The attributes of a type that say something only where the configuration sets them. Where it does not, they are
/// unknown before apply, as the provider reads them afterwards.
pub(crate) fn sent_if_set(kind: &str) -> impl Iterator<Item = &'static str> + use<> {
    let sources = SOURCES.iter().copied().filter(|name| !SOURCE_BLOCKS.contains(name));
    sources.chain(crate::calls::passed_roles(kind).map(|(attribute, _)| attribute))
}

/// Attributes with which the provider leaves an object in AWS when it is destroyed.
const RETAINS: &[&str] = &["retain_on_delete", "retain_stack", "retain_stacks", "retain_physical_resources"];

impl Values {
    /// Whether the object may stay in AWS when it is destroyed, so that the usual calls are not certain.
    pub fn is_retained(&self) -> bool {
        RETAINS.iter().any(|name| !matches!(self.get(name), Attr::Absent | Attr::Known("false")))
    }

    /// Whether the object is made from another one, so that the usual calls are not certain.
    pub fn is_made_from_another(&self) -> bool {
        SOURCES.iter().any(|name| self.attributes.contains_key(name))
    }
}

pub(crate) fn kept(kind: &str) -> impl Iterator<Item = &'static str> {
    let keys = crate::calls::keys_of(kind).map(|key| key.attribute);
    let keys = keys.filter(|name| *name != crate::calls::REGION);
    let keys = keys.chain(crate::calls::attributes_that_decide(kind));
    let passed = crate::calls::passed_roles(kind).map(|(attribute, _)| attribute);
    let store = crate::store::of(kind).into_iter().flat_map(crate::store::Store::attributes);
    let (resources, _) = crate::calls::attributes_of_resources(kind);
    KEPT.iter().chain(SOURCES).chain(RETAINS).copied().chain(keys).chain(passed).chain(store).chain(resources)
}
