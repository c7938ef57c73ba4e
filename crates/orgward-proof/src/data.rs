//! Facts about AWS that move: regions, global services, published region locks. Regions come from the catalogue of
//! `orgward-iam`, everything else from one dated file in `data/` each.

use std::sync::LazyLock;

use orgward_iam::Catalogue;
use serde::Deserialize;

/// A service that is called through one region.
#[derive(Debug, Deserialize)]
pub(crate) struct GlobalService {
    pub prefix: String,
    pub action: String,
    pub region: String,
}

#[derive(Default, Deserialize)]
struct GlobalServices {
    service: Vec<GlobalService>,
}

/// Actions that published region locks exempt.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PublishedLocks {
    pub aws_sample: Vec<String>,
    /// Those of Control Tower are of the table of its controls.
    #[serde(skip)]
    pub control_tower: Vec<String>,
}

/// Reads a data file. The tests read all of them, so that the fallback is never taken.
fn read<T: Default + serde::de::DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).unwrap_or_default()
}

static GLOBAL: LazyLock<GlobalServices> =
    LazyLock::new(|| read(include_str!("../data/global-services.toml")));
static LOCKS: LazyLock<PublishedLocks> = LazyLock::new(|| PublishedLocks {
    control_tower: orgward_org::region_deny_exemptions(),
    ..read(include_str!("../data/region-lock-profiles.toml"))
});

/// The regions that this version knows, in all partitions.
pub(crate) fn regions() -> Vec<&'static str> {
    Catalogue::get().regions().map(|region| region.name).collect()
}

/// Services that are called through one region.
pub(crate) fn global_services() -> &'static [GlobalService] {
    &GLOBAL.service
}

/// The prefixes of services that have no regional endpoints of their own beside the [`global_services`], or that are
/// gone: exempting them opens no region.
pub(crate) fn services_without_regions() -> impl Iterator<Item = &'static str> {
    let lines = include_str!("../data/services-without-regions.txt").lines();
    lines.filter(|line| !line.starts_with('#') && !line.is_empty())
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

    use super::{global_services, published_locks, regional_actions, regions};

    #[test]
    fn every_data_file_is_read() {
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
        assert_eq!(published_locks().aws_sample.len(), 42);
        assert_eq!(published_locks().control_tower.len(), 86);
        assert_eq!(regional_actions().count(), include_str!("../data/regional-actions.txt").lines().count());
    }
}
