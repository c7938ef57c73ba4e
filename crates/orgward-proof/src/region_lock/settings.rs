//! Which regions an organization uses, and how strictly it locks the others.

use std::collections::BTreeSet;

use orgward_org::Organization;

use crate::org_policies::denials;

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
    /// Which exemptions are accepted; `None`: those of Control Tower where its region control is enabled, else those of
    /// the AWS sample.
    pub profile: Option<Profile>,
    /// Further actions that may be used everywhere, with wildcards.
    pub exempt_actions: Vec<String>,
    /// ARN patterns of principals that the lock need not bind.
    pub exempt_principals: Vec<String>,
}

/// The roles that the region control of Control Tower spares besides.
const CONTROL_TOWER_ROLES: [&str; 3] = [
    "arn:*:iam::*:role/aws-controltower-ConfigRecorderRole",
    "arn:*:iam::*:role/aws-controltower-ForwardSnsNotificationRole",
    "arn:*:iam::*:role/AWSControlTower_VPCFlowLogsRole",
];
/// The role through which Control Tower works in every account; both published locks exempt it.
const CONTROL_TOWER_EXECUTION: &str = "arn:*:iam::*:role/AWSControlTowerExecution";

impl Regions {
    /// Which exemptions are accepted.
    pub fn profile(&self) -> Profile {
        self.profile.unwrap_or_default()
    }

    /// The same for an organization: what its region control exempts is accepted, unless the configuration says which
    /// exemptions are.
    #[must_use]
    pub fn of(&self, sides: [&Organization; 2]) -> Self {
        let is_controlled = |organization: &Organization| {
            organization.org_policies().any(|policy| {
                policy.data.is_control
                    && super::may_act(organization, policy)
                    && denials(policy).any(|(_, statement)| super::is_lock(statement))
            })
        };
        let follows = || sides.into_iter().any(is_controlled).then_some(Profile::ControlTower);
        Self { profile: self.profile.or_else(follows), ..self.clone() }
    }

    /// ARN patterns of principals that the lock need not bind: those that are configured, and those that the
    /// profile accepts.
    pub fn accepted_principals(&self) -> Vec<&str> {
        let accepted: &[&str] = match self.profile() {
            Profile::Strict => &[],
            Profile::AwsSample => &[CONTROL_TOWER_EXECUTION],
            Profile::ControlTower => &[
                CONTROL_TOWER_EXECUTION,
                CONTROL_TOWER_ROLES[0],
                CONTROL_TOWER_ROLES[1],
                CONTROL_TOWER_ROLES[2],
            ],
        };
        self.exempt_principals.iter().map(String::as_str).chain(accepted.iter().copied()).collect()
    }
}
