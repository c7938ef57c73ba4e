//! Facts about AWS that move: regions, global services, published region locks, quotas. Regions come from the
//! catalogue of `orgward-iam`, everything else from one dated file in `data/` each.

use std::sync::LazyLock;

use orgward_iam::Catalogue;
use serde::Deserialize;

/// What AWS accepts.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Quotas {
    pub(crate) date: String,
    pub(crate) scp: OrgPolicyQuota,
    pub(crate) rcp: OrgPolicyQuota,
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

/// Quotas of IAM, in characters that are not white space.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct IamQuota {
    pub(crate) managed_policy: usize,
    pub(crate) role_inline: usize,
    pub(crate) user_inline: usize,
    pub(crate) group_inline: usize,
    pub(crate) trust_policy: usize,
}

/// A service that is called through one region.
#[derive(Debug, Deserialize)]
pub(crate) struct GlobalService {
    pub(crate) prefix: String,
    pub(crate) action: String,
    pub(crate) region: String,
}

#[derive(Default, Deserialize)]
struct GlobalServices {
    service: Vec<GlobalService>,
}

/// Actions that published region locks exempt.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PublishedLocks {
    pub(crate) aws_sample: Vec<String>,
    pub(crate) control_tower: Vec<String>,
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
static GLOBAL: LazyLock<GlobalServices> =
    LazyLock::new(|| read(include_str!("../data/global-services.toml")));
static LOCKS: LazyLock<PublishedLocks> =
    LazyLock::new(|| read(include_str!("../data/region-lock-profiles.toml")));

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

/// The regions that this version knows, in all partitions.
pub(crate) fn regions() -> Vec<&'static str> {
    Catalogue::get().regions().map(|region| region.name).collect()
}

/// Services that are called through one region.
pub(crate) fn global_services() -> &'static [GlobalService] {
    &GLOBAL.service
}

/// What published region locks exempt.
pub(crate) fn published_locks() -> &'static PublishedLocks {
    &LOCKS
}

/// One action of each of the regional services that people use most, with a resource that it asks for.
/// `{region}` and `{account}` stand for themselves.
pub(crate) fn regional_actions() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("../data/regional-actions.txt").lines().filter_map(|line| line.split_once(' '))
}

#[cfg(test)]
mod tests {
    use orgward_iam::{Catalogue, Service};

    use super::{global_services, published_locks, quarantine, quotas, regional_actions, regions};

    #[test]
    fn every_data_file_is_read() {
        assert_eq!(quotas().scp.characters, 10_240);
        assert_eq!(quotas().rcp.per_target, 5);
        assert!(!quotas().date.is_empty());
        assert!(regions().contains(&"eu-central-1") && regions().contains(&"eusc-de-east-1"));
        assert!(global_services().iter().any(|service| service.prefix == "iam"));
        for service in global_services() {
            assert!(Catalogue::get().action(&service.action).is_some(), "{}", service.action);
            let derived = Catalogue::get().service(&service.prefix).and_then(Service::global_region);
            assert!(derived.is_none_or(|region| region == service.region), "{}", service.prefix);
        }
        let listed = |prefix: &str| global_services().iter().any(|service| service.prefix == prefix);
        for service in Catalogue::get().services().filter(|service| service.global_region().is_some()) {
            assert!(listed(service.prefix()), "{}", service.prefix());
        }
        for pattern in &quarantine().actions {
            assert!(Catalogue::get().actions_matching(pattern).next().is_some(), "{pattern}");
        }
        assert!(!quarantine().actions.is_empty());
        assert_eq!(published_locks().aws_sample.len(), 42);
        assert_eq!(published_locks().control_tower.len(), 86);
        assert_eq!(regional_actions().count(), include_str!("../data/regional-actions.txt").lines().count());
    }
}
