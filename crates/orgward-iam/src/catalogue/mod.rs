//! What AWS has published of its actions: names, levels, resource types, condition keys; services and regions.
//!
//! New ones appear every day. What is not in the catalogue is possible all the same, and no question about
//! permissions may take it for something that does not exist.

use std::sync::LazyLock;

mod action;
mod key;
mod list;
mod managed;
mod suggestion;
mod table;
#[cfg(test)]
mod tests;

pub use self::action::{AccessLevel, Action, ResourceType};
pub use self::key::{KeyInfo, KeyKind};
pub(crate) use self::list::OfService;
pub use self::list::{ActionList, Share};
pub use self::managed::ManagedPolicies;
use self::table::{Row, Table};
use crate::matching::action_matches;

static ABOUT: Table = Table::of(include_str!("../../data/catalogue/about.tsv"));
static SERVICES: Table = Table::of(include_str!("../../data/catalogue/services.tsv"));
static ACTIONS: Table = Table::of(include_str!("../../data/catalogue/actions.tsv"));
static SHAPES: Table = Table::of(include_str!("../../data/catalogue/shapes.tsv"));
static RESOURCES: Table = Table::of(include_str!("../../data/catalogue/resources.tsv"));
static KEY_SETS: Table = Table::of(include_str!("../../data/catalogue/keysets.tsv"));
static KEYS: Table = Table::of(include_str!("../../data/catalogue/keys.tsv"));
static REGIONS: Table = Table::of(include_str!("../../data/catalogue/regions.tsv"));
static PARTITIONS: Table = Table::of(include_str!("../../data/catalogue/partitions.tsv"));

/// The catalogue that this program was built with.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue(());

/// A service, by the prefix of its actions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Service(Row);

/// A region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region {
    /// `eu-west-1`.
    pub name: &'static str,
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'static str,
}

impl Catalogue {
    /// The catalogue. It costs nothing to get: tables are searched where they lie in the program.
    pub const fn get() -> Self {
        Self(())
    }

    /// The day that its actions are of, `2026-09-26`.
    pub fn date(self) -> &'static str {
        ABOUT.find("date").map_or("", |row| row.cell(1))
    }

    /// All services.
    pub fn services(self) -> impl Iterator<Item = Service> {
        SERVICES.rows().map(Service)
    }

    /// The service whose actions have a prefix, `s3`.
    pub fn service(self, prefix: &str) -> Option<Service> {
        SERVICES.find(prefix).map(Service)
    }

    /// An action by its whole name, `s3:GetObject`.
    pub fn action(self, name: &str) -> Option<Action> {
        ACTIONS.find(name).map(Action::of)
    }

    /// All actions, sorted.
    pub fn actions(self) -> impl Iterator<Item = Action> {
        ACTIONS.rows().map(Action::of)
    }

    /// The listed actions that the pattern of an `Action` element matches. That there is none does not mean that
    /// nothing matches.
    pub fn actions_matching(self, pattern: &str) -> impl Iterator<Item = Action> + use<'_> {
        // What stands before the first wildcard is the start of every match.
        let literal = pattern.find(['*', '?']).and_then(|at| pattern.get(..at)).unwrap_or(pattern);
        ACTIONS
            .starting_with(literal)
            .map(Action::of)
            .filter(move |action| action_matches(pattern, action.name()))
    }

    /// The types of resources that an action is authorized for; `None` when the action is not listed, and none
    /// when its resource is always `*`.
    pub fn resource_types(self, action: &str) -> Option<impl Iterator<Item = ResourceType>> {
        self.action(action).map(Action::resource_types)
    }

    /// All types of resources of a service, those that no action is listed for included.
    pub(crate) fn types_of(service: &str) -> impl Iterator<Item = ResourceType> + use<> {
        let rows = RESOURCES.starting_with(format!("{service}:"));
        rows.flat_map(|row| {
            let name = row.cell(0).split_once(':').map_or("", |(_, name)| name);
            ResourceType::of(name, false, row.cell(1))
        })
    }

    /// Whether several references of AWS share the prefix of a service, so that an action that two of them have is
    /// listed with the resource types and keys of one.
    pub(crate) fn is_shared(service: &str) -> bool {
        ["apigateway", "aws-marketplace", "elasticloadbalancing"].contains(&service)
    }

    /// What kind of values a condition key has; a key with a part of its own, such as `aws:RequestTag/team`, is
    /// found by its pattern.
    pub fn condition_key(self, name: &str) -> Option<KeyInfo> {
        key::find(&KEYS, name)
    }

    /// The services that have resources whose ARNs name no account, sorted.
    pub(crate) fn accountless_services() -> impl Iterator<Item = &'static str> {
        static SERVICES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
            let patterns = RESOURCES.rows().map(|row| row.cell(1));
            let without = patterns.filter_map(|pattern| {
                let mut parts = pattern.splitn(4, ':');
                let (service, _region) = (parts.next()?, parts.next()?);
                (parts.next()?.is_empty() && !service.contains('$')).then_some(service)
            });
            let mut services: Vec<&'static str> = without.collect();
            services.sort_unstable();
            services.dedup();
            services
        });
        SERVICES.iter().copied()
    }

    /// Whether a service is called through one region, wherever its caller works.
    pub fn is_global(self, service: &str) -> bool {
        self.service(service).is_some_and(|service| service.global_region().is_some())
    }

    /// All regions of all partitions, sorted.
    pub fn regions(self) -> impl Iterator<Item = Region> {
        REGIONS.rows().map(|row| Region { name: row.cell(0), partition: row.cell(1) })
    }

    /// A region by its name.
    pub fn region(self, name: &str) -> Option<Region> {
        REGIONS.find(name).map(|row| Region { name: row.cell(0), partition: row.cell(1) })
    }

    /// All partitions, each with the region that its global services are called through.
    pub fn partitions(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        PARTITIONS.rows().map(|row| (row.cell(0), row.cell(2)))
    }

    /// The service that may be meant, when a prefix is none and near to one.
    pub fn near_service(self, prefix: &str) -> Option<&'static str> {
        suggestion::near_service(self, prefix)
    }

    /// The condition key that may be meant, when a name is none and near to one.
    pub fn near_key(self, key: &str) -> Option<&'static str> {
        suggestion::near_key(KEYS.rows().map(|row| row.cell(1)), key)
    }

    /// The listed action that may be meant, when a name is near to one.
    pub fn near(self, action: &str) -> Option<&'static str> {
        suggestion::near(self, action)
    }
}

impl Service {
    /// The prefix of its actions.
    pub fn prefix(self) -> &'static str {
        self.0.cell(0)
    }

    /// What AWS calls it.
    pub fn name(self) -> &'static str {
        self.0.cell(1)
    }

    /// Whether resource control policies reach it.
    pub fn takes_resource_control(self) -> bool {
        self.0.cell(2) == "rcp"
    }

    /// The one region that it is called through, if there is only one.
    pub fn global_region(self) -> Option<&'static str> {
        Some(self.0.cell(3)).filter(|region| !region.is_empty())
    }

    /// Its actions.
    pub fn actions(self) -> impl Iterator<Item = Action> {
        let prefix = format!("{}:", self.prefix());
        ACTIONS.starting_with(prefix).map(Action::of)
    }
}
