//! Which regions an organization uses, and how strictly it locks the others.

use std::collections::BTreeSet;

/// How strict the region lock is read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Profile {
    /// Every regional action is denied elsewhere.
    Strict,
    /// Actions that the AWS sample policy exempts may be used everywhere.
    #[default]
    AwsSample,
    /// Actions that Control Tower's region deny exempts may be used everywhere.
    ControlTower,
}

/// `[regions]`: which regions the organization uses.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Regions {
    /// The regions. Empty: not declared; what region locks of the organization say is taken instead.
    pub allowed: BTreeSet<String>,
    /// Which exemptions are accepted.
    pub profile: Profile,
    /// Further actions that may be used everywhere, with wildcards.
    pub exempt_actions: Vec<String>,
    /// ARN patterns of principals that the lock need not bind.
    pub exempt_principals: Vec<String>,
}

/// The role through which Control Tower works in every account; both published locks exempt it.
const CONTROL_TOWER_EXECUTION: &str = "arn:*:iam::*:role/AWSControlTowerExecution";

impl Regions {
    /// ARN patterns of principals that the lock need not bind: those that are configured, and those that the
    /// profile accepts.
    pub fn accepted_principals(&self) -> Vec<&str> {
        let accepted = (self.profile != Profile::Strict).then_some(CONTROL_TOWER_EXECUTION);
        self.exempt_principals.iter().map(String::as_str).chain(accepted).collect()
    }
}
