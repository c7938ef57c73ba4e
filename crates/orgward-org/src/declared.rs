use std::collections::{BTreeMap, BTreeSet};

use crate::ListedControl;

/// What people say about the organization where plans do not: it comes from the configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Declared {
    /// The id of the organization, `o-…`.
    pub organization: Option<String>,
    /// The id of the management account.
    pub management_account: Option<String>,
    /// Ids of accounts that belong to the organization.
    pub accounts: BTreeSet<String>,
    /// Whether `accounts` lists all of them.
    pub accounts_complete: bool,
    /// Ids of roots, organizational units and accounts from which `FullAWSAccess` has been detached.
    pub full_access_detached: BTreeSet<String>,
    /// Controls of Control Tower by their opaque id.
    pub controls: BTreeMap<String, ListedControl>,
}
