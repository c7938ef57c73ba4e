//! Facts about AWS that move: quotas, and what a quarantine leaves open; one dated file in `data/` each.

use std::sync::LazyLock;

use serde::Deserialize;

/// What AWS accepts.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Quotas {
    pub(crate) date: String,
    pub(crate) scp: OrgPolicyQuota,
    pub(crate) rcp: OrgPolicyQuota,
    /// By the type of management policy.
    pub(crate) management: std::collections::BTreeMap<String, OrgPolicyQuota>,
    pub(crate) organization: OrganizationQuota,
    pub(crate) iam: IamQuota,
}

/// Quotas of one type of guardrail.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) struct OrgPolicyQuota {
    pub(crate) characters: usize,
    pub(crate) per_target: usize,
}

/// Quotas of the tree.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct OrganizationQuota {
    pub(crate) unit_depth: usize,
    pub(crate) units: usize,
    pub(crate) accounts: usize,
    pub(crate) scps: usize,
    pub(crate) rcps: usize,
}

/// A quota, and as far as AWS raises it, if it does.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) struct Quota {
    pub(crate) value: usize,
    pub(crate) raised: Option<usize>,
}

/// Quotas of IAM; sizes in characters that are not white space.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct IamQuota {
    pub(crate) managed_policy: Quota,
    pub(crate) role_inline: Quota,
    pub(crate) user_inline: Quota,
    pub(crate) group_inline: Quota,
    pub(crate) trust_policy: Quota,
    pub(crate) groups_per_user: Quota,
    pub(crate) attached_policies: Quota,
    pub(crate) access_keys_per_user: Quota,
    pub(crate) permission_set_inline: Quota,
    pub(crate) permission_set_policies: Quota,
    /// By what is counted.
    pub(crate) per_account: std::collections::BTreeMap<String, Quota>,
}

/// What a suspended account may still do.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Quarantine {
    pub(crate) actions: Vec<String>,
}

/// Reads a data file. The tests read all of them, so that the fallback is never taken.
fn read<T: Default + serde::de::DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).unwrap_or_default()
}

static QUOTAS: LazyLock<Quotas> = LazyLock::new(|| read(include_str!("../data/quotas.toml")));
static QUARANTINE: LazyLock<Quarantine> = LazyLock::new(|| read(include_str!("../data/quarantine.toml")));

/// What AWS accepts.
pub(crate) fn quotas() -> &'static Quotas {
    &QUOTAS
}

/// How many characters a service control policy may have, as it is sent.
pub fn scp_characters() -> usize {
    quotas().scp.characters
}

/// What a suspended account may still do.
pub(crate) fn quarantine() -> &'static Quarantine {
    &QUARANTINE
}

#[cfg(test)]
mod tests {
    use orgward_iam::Catalogue;

    use super::{quarantine, quotas};

    #[test]
    fn every_data_file_is_read() {
        assert_eq!(quotas().scp.characters, 10_240);
        assert_eq!(quotas().rcp.per_target, 5);
        assert!(!quotas().date.is_empty());
        assert_eq!(quotas().iam.trust_policy.raised, Some(4_096));
        assert_eq!(quotas().iam.per_account.len(), 4);
        for pattern in &quarantine().actions {
            assert!(Catalogue::get().actions_matching(pattern).next().is_some(), "{pattern}");
        }
        assert!(!quarantine().actions.is_empty());
    }
}
