//! The rules, one file each. A rule's id is the name of its file, of its folder in `fixtures/`, and of its page in
//! `docs/rules/`.

mod account_wide_trust;
mod administrator_grant;
mod external_trust;
mod guardrail_gap;
mod guardrail_removed;
mod inert_guardrail;
mod locked_out_target;
mod loose_federation;
mod management_account_identity;
mod management_account_workload;
mod missing_foundation_account;
mod mixed_use_account;
mod open_pass_role;
mod open_suspended_ou;
mod operator_lockout;
mod over_locked_region;
mod over_quota;
mod privilege_escalation;
mod public_trust;
mod region_lock_gap;
mod region_lock_mistake;
mod removable_boundary;
mod root_parked_account;
mod unbounded_delegation;
mod unbounded_permission_set;
mod unbounded_principal;
mod unreadable_policy;
mod untested_guardrail;
mod unverifiable_plan;
mod weakened_boundary;

use crate::Rule;

/// All rules, sorted by id.
pub static RULES: &[&Rule] = &[
    &account_wide_trust::ACCOUNT_WIDE_TRUST,
    &administrator_grant::ADMINISTRATOR_GRANT,
    &external_trust::EXTERNAL_TRUST,
    &guardrail_gap::GUARDRAIL_GAP,
    &guardrail_removed::GUARDRAIL_REMOVED,
    &inert_guardrail::INERT_GUARDRAIL,
    &locked_out_target::LOCKED_OUT_TARGET,
    &loose_federation::LOOSE_FEDERATION,
    &management_account_identity::MANAGEMENT_ACCOUNT_IDENTITY,
    &management_account_workload::MANAGEMENT_ACCOUNT_WORKLOAD,
    &missing_foundation_account::MISSING_FOUNDATION_ACCOUNT,
    &mixed_use_account::MIXED_USE_ACCOUNT,
    &open_pass_role::OPEN_PASS_ROLE,
    &open_suspended_ou::OPEN_SUSPENDED_OU,
    &operator_lockout::OPERATOR_LOCKOUT,
    &over_locked_region::OVER_LOCKED_REGION,
    &over_quota::OVER_QUOTA,
    &privilege_escalation::PRIVILEGE_ESCALATION,
    &public_trust::PUBLIC_TRUST,
    &region_lock_gap::REGION_LOCK_GAP,
    &region_lock_mistake::REGION_LOCK_MISTAKE,
    &removable_boundary::REMOVABLE_BOUNDARY,
    &root_parked_account::ROOT_PARKED_ACCOUNT,
    &unbounded_delegation::UNBOUNDED_DELEGATION,
    &unbounded_permission_set::UNBOUNDED_PERMISSION_SET,
    &unbounded_principal::UNBOUNDED_PRINCIPAL,
    &unreadable_policy::UNREADABLE_POLICY,
    &untested_guardrail::UNTESTED_GUARDRAIL,
    &unverifiable_plan::UNVERIFIABLE_PLAN,
    &weakened_boundary::WEAKENED_BOUNDARY,
];

#[cfg(test)]
mod tests;
