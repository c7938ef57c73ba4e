//! The part of the organization: what the APIs of Organizations and Identity Center answer, by the names of their fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Something that could not be read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Gap {
    /// What is not in the snapshot, in words: `the IAM identities and policies`.
    pub what: String,
    /// The action that was refused.
    pub action: String,
    /// Why, in the words of AWS: the code of the error first.
    pub why: String,
}

/// A tag.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// What the management account, or an administrator that it delegates to, sees of the organization.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct OrganizationPart {
    /// When it was read, RFC 3339.
    pub taken: String,
    /// `DescribeOrganization`.
    pub organization: Described,
    /// `ListRoots`.
    pub roots: Vec<Root>,
    /// All units.
    pub organizational_units: Vec<Unit>,
    /// All accounts.
    pub accounts: Vec<Account>,
    /// The policies of all types, but those that AWS manages.
    pub policies: Vec<Policy>,
    /// Targets from which `FullAWSAccess` is detached. AWS attaches it to everything else.
    pub full_access_detached: Vec<String>,
    /// `ListAWSServiceAccessForOrganization`: the services with trusted access.
    pub service_access: Vec<String>,
    /// Accounts that administer services for the organization.
    pub delegated_administrators: Vec<DelegatedAdministrator>,
    /// `DescribeResourcePolicy`.
    pub resource_policy: Option<String>,
    /// The instances of Identity Center.
    pub identity_center: Vec<Instance>,
    /// Lists that were not read as a whole, by their names in the API: `Accounts`, `SERVICE_CONTROL_POLICY`. What is not
    /// on such a list may be there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_listed: Vec<String>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// `DescribeOrganization`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Described {
    /// `o-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The management account.
    pub master_account_id: String,
    /// Its ARN.
    pub master_account_arn: String,
    /// `ALL` or `CONSOLIDATED_BILLING`.
    pub feature_set: String,
}

/// A root.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Root {
    /// `r-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The types of policies that are enabled.
    pub policy_types: Vec<PolicyTypeStatus>,
}

/// A type of policies, and whether it is enabled.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PolicyTypeStatus {
    /// `SERVICE_CONTROL_POLICY`, …
    #[serde(rename = "Type")]
    pub kind: String,
    /// `ENABLED`, …
    pub status: String,
}

/// An organizational unit.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Unit {
    /// `ou-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The root or unit that it is in.
    pub parent_id: String,
}

/// An account.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `ACTIVE`, `SUSPENDED`, …
    pub status: String,
    /// The root or unit that it is in.
    pub parent_id: String,
    /// Its tags; absent where they could not be read.
    pub tags: Option<Vec<Tag>>,
}

/// A policy of the organization.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Policy {
    /// `p-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `SERVICE_CONTROL_POLICY`, …
    #[serde(rename = "Type")]
    pub kind: String,
    /// Its text; absent where it could not be read.
    pub content: Option<String>,
    /// The ids of what it is attached to; absent where they could not be read.
    pub targets: Option<Vec<String>>,
    /// Whether it may be attached to more than that.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub open_targets: bool,
}

/// An account that administers services for the organization.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DelegatedAdministrator {
    /// The account.
    pub id: String,
    /// The services.
    pub service_principals: Vec<String>,
}

/// An instance of Identity Center.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Instance {
    /// Its ARN.
    pub instance_arn: String,
    /// Where its people are.
    pub identity_store_id: String,
    /// The region that it is in.
    pub region: String,
    /// Its permission sets.
    pub permission_sets: Vec<PermissionSet>,
    /// Who has which permission set in which account.
    pub assignments: Vec<Assignment>,
}

/// A permission set.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PermissionSet {
    /// Its ARN.
    pub permission_set_arn: String,
    /// Its name.
    pub name: String,
    /// ISO 8601: `PT1H`.
    pub session_duration: Option<String>,
    /// Its inline policy.
    pub inline_policy: Option<String>,
    /// The ARNs of policies that AWS manages.
    pub managed_policies: Vec<String>,
    /// Policies that each account has by these names.
    pub customer_managed_policies: Vec<CustomerPolicy>,
    /// What bounds it.
    pub boundary: Option<Boundary>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A policy that each account has by the same name.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CustomerPolicy {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
}

/// What bounds a permission set: one of the two. Where neither is there, something bounds it that could not be read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Boundary {
    /// A policy that AWS manages.
    pub managed_policy_arn: Option<String>,
    /// One that each account has.
    pub customer_managed_policy_reference: Option<CustomerPolicy>,
}

/// Who has a permission set in an account.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Assignment {
    /// The account.
    pub account_id: String,
    /// The permission set.
    pub permission_set_arn: String,
    /// `USER` or `GROUP`.
    pub principal_type: String,
    /// The id in the identity store.
    pub principal_id: String,
}
