//! The rules, one file each. A rule's id is the name of its file, of its folder in `fixtures/`, and of its page in
//! `docs/rules/`.

mod account_wide_trust;
mod delegated_policy_control;
mod departing_account;
mod external_trust;
mod forgeable_exemption;
mod guardrail_gap;
mod guardrail_removed;
mod inert_guardrail;
mod locked_out_target;
mod loose_federation;
mod lost_contact;
mod lost_root_control;
mod lost_trusted_access;
mod management_account_identity;
mod management_account_workload;
mod missing_foundation_account;
mod mixed_use_account;
mod open_suspended_ou;
mod operator_lockout;
mod over_locked_region;
mod over_quota;
mod public_trust;
mod region_lock_gap;
mod region_lock_mistake;
mod root_parked_account;
mod unbounded_principal;
mod unreadable_policy;
mod untested_guardrail;
mod unverifiable_plan;
mod weakened_detection;
mod weakened_management_policy;
mod weakened_trail;

use crate::Rule;

/// All rules, sorted by id.
pub static RULES: &[&Rule] = &[
    &account_wide_trust::ACCOUNT_WIDE_TRUST,
    &delegated_policy_control::DELEGATED_POLICY_CONTROL,
    &departing_account::DEPARTING_ACCOUNT,
    &external_trust::EXTERNAL_TRUST,
    &forgeable_exemption::FORGEABLE_EXEMPTION,
    &guardrail_gap::GUARDRAIL_GAP,
    &guardrail_removed::GUARDRAIL_REMOVED,
    &inert_guardrail::INERT_GUARDRAIL,
    &locked_out_target::LOCKED_OUT_TARGET,
    &loose_federation::LOOSE_FEDERATION,
    &lost_contact::LOST_CONTACT,
    &lost_root_control::LOST_ROOT_CONTROL,
    &lost_trusted_access::LOST_TRUSTED_ACCESS,
    &management_account_identity::MANAGEMENT_ACCOUNT_IDENTITY,
    &management_account_workload::MANAGEMENT_ACCOUNT_WORKLOAD,
    &missing_foundation_account::MISSING_FOUNDATION_ACCOUNT,
    &mixed_use_account::MIXED_USE_ACCOUNT,
    &open_suspended_ou::OPEN_SUSPENDED_OU,
    &operator_lockout::OPERATOR_LOCKOUT,
    &over_locked_region::OVER_LOCKED_REGION,
    &over_quota::OVER_QUOTA,
    &public_trust::PUBLIC_TRUST,
    &region_lock_gap::REGION_LOCK_GAP,
    &region_lock_mistake::REGION_LOCK_MISTAKE,
    &root_parked_account::ROOT_PARKED_ACCOUNT,
    &unbounded_principal::UNBOUNDED_PRINCIPAL,
    &unreadable_policy::UNREADABLE_POLICY,
    &untested_guardrail::UNTESTED_GUARDRAIL,
    &unverifiable_plan::UNVERIFIABLE_PLAN,
    &weakened_detection::WEAKENED_DETECTION,
    &weakened_management_policy::WEAKENED_MANAGEMENT_POLICY,
    &weakened_trail::WEAKENED_TRAIL,
];

#[cfg(test)]
mod tests;
