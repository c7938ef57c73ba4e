//! The rules, one file each. A rule's id is the name of its file, of its folder in `fixtures/`, and of its page in
//! `docs/rules/`.

mod account_wide_trust;
mod administrator_grant;
mod confused_deputy;
mod dangling_trust;
mod data_loss;
mod delegated_policy_control;
mod denied_apply;
mod departing_account;
mod direct_assignment;
mod external_resource;
mod external_trust;
mod forbidden_access;
mod forgeable_exemption;
mod guardrail_gap;
mod guardrail_removed;
mod human_iam_user;
mod inert_guardrail;
mod locked_out_target;
mod locked_resource;
mod long_lived_key;
mod long_session;
mod loose_federation;
mod lost_contact;
mod lost_root_control;
mod lost_trusted_access;
mod management_account_identity;
mod management_account_workload;
mod missing_foundation_account;
mod mixed_use_account;
mod narrowed_policy;
mod open_block;
mod open_pass_role;
mod open_suspended_ou;
mod operator_lockout;
mod over_locked_region;
mod over_quota;
mod perimeter_gap;
mod plaintext_transport;
mod privilege_escalation;
mod public_resource;
mod public_trust;
mod region_lock_gap;
mod region_lock_mistake;
mod removable_boundary;
mod root_parked_account;
mod shared_image;
mod unbounded_delegation;
mod unbounded_permission_set;
mod unbounded_principal;
mod unreadable_policy;
mod untested_guardrail;
mod unverifiable_plan;
mod upward_trust;
mod user_attached_policy;
mod weakened_boundary;
mod weakened_default;
mod weakened_detection;
mod weakened_management_policy;
mod weakened_trail;
mod widened_policy;
mod wildcard_resource;

use crate::Rule;

/// All rules, sorted by id.
pub static RULES: &[&Rule] = &[
    &account_wide_trust::ACCOUNT_WIDE_TRUST,
    &administrator_grant::ADMINISTRATOR_GRANT,
    &confused_deputy::CONFUSED_DEPUTY,
    &dangling_trust::DANGLING_TRUST,
    &data_loss::DATA_LOSS,
    &delegated_policy_control::DELEGATED_POLICY_CONTROL,
    &denied_apply::DENIED_APPLY,
    &departing_account::DEPARTING_ACCOUNT,
    &direct_assignment::DIRECT_ASSIGNMENT,
    &external_resource::EXTERNAL_RESOURCE,
    &external_trust::EXTERNAL_TRUST,
    &forbidden_access::FORBIDDEN_ACCESS,
    &forgeable_exemption::FORGEABLE_EXEMPTION,
    &guardrail_gap::GUARDRAIL_GAP,
    &guardrail_removed::GUARDRAIL_REMOVED,
    &human_iam_user::HUMAN_IAM_USER,
    &inert_guardrail::INERT_GUARDRAIL,
    &locked_out_target::LOCKED_OUT_TARGET,
    &locked_resource::LOCKED_RESOURCE,
    &long_lived_key::LONG_LIVED_KEY,
    &long_session::LONG_SESSION,
    &loose_federation::LOOSE_FEDERATION,
    &lost_contact::LOST_CONTACT,
    &lost_root_control::LOST_ROOT_CONTROL,
    &lost_trusted_access::LOST_TRUSTED_ACCESS,
    &management_account_identity::MANAGEMENT_ACCOUNT_IDENTITY,
    &management_account_workload::MANAGEMENT_ACCOUNT_WORKLOAD,
    &missing_foundation_account::MISSING_FOUNDATION_ACCOUNT,
    &mixed_use_account::MIXED_USE_ACCOUNT,
    &narrowed_policy::NARROWED_POLICY,
    &open_block::OPEN_BLOCK,
    &open_pass_role::OPEN_PASS_ROLE,
    &open_suspended_ou::OPEN_SUSPENDED_OU,
    &operator_lockout::OPERATOR_LOCKOUT,
    &over_locked_region::OVER_LOCKED_REGION,
    &over_quota::OVER_QUOTA,
    &perimeter_gap::PERIMETER_GAP,
    &plaintext_transport::PLAINTEXT_TRANSPORT,
    &privilege_escalation::PRIVILEGE_ESCALATION,
    &public_resource::PUBLIC_RESOURCE,
    &public_trust::PUBLIC_TRUST,
    &region_lock_gap::REGION_LOCK_GAP,
    &region_lock_mistake::REGION_LOCK_MISTAKE,
    &removable_boundary::REMOVABLE_BOUNDARY,
    &root_parked_account::ROOT_PARKED_ACCOUNT,
    &shared_image::SHARED_IMAGE,
    &unbounded_delegation::UNBOUNDED_DELEGATION,
    &unbounded_permission_set::UNBOUNDED_PERMISSION_SET,
    &unbounded_principal::UNBOUNDED_PRINCIPAL,
    &unreadable_policy::UNREADABLE_POLICY,
    &untested_guardrail::UNTESTED_GUARDRAIL,
    &unverifiable_plan::UNVERIFIABLE_PLAN,
    &upward_trust::UPWARD_TRUST,
    &user_attached_policy::USER_ATTACHED_POLICY,
    &weakened_boundary::WEAKENED_BOUNDARY,
    &weakened_default::WEAKENED_DEFAULT,
    &weakened_detection::WEAKENED_DETECTION,
    &weakened_management_policy::WEAKENED_MANAGEMENT_POLICY,
    &weakened_trail::WEAKENED_TRAIL,
    &widened_policy::WIDENED_POLICY,
    &wildcard_resource::WILDCARD_RESOURCE,
];

#[cfg(test)]
mod tests;
