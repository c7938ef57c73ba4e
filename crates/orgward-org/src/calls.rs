//! Which calls the AWS provider of Terraform makes when it creates, changes and deletes a resource, and what they carry.
//!
//! Certain calls were recorded from runs of the real provider (`data/record-calls`); those of `data/call-keys.tsv` and of
//! roles that are passed are from the documentation of AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::{Operation, PlannedChange};

const RECORDED: &str = include_str!("../data/terraform-calls.tsv");
const KEYS: &str = include_str!("../data/call-keys.tsv");
const PASSED: &str = include_str!("../data/passed-roles.tsv");

/// A call that is certain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Call {
    /// The action, `ec2:RunInstances`.
    pub action: &'static str,
    /// Whether it carries the tags of the resource.
    pub with_tags: bool,
    /// Whether it is part of the deletion of the object that stands before the plan.
    pub deletes: bool,
}

/// The certain calls of a type.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Recorded {
    create: Vec<Call>,
    /// What is called besides where the resource has tags.
    create_tagged: Vec<Call>,
    /// By the attribute that changes.
    update: BTreeMap<&'static str, Vec<Call>>,
    delete: Vec<Call>,
}

/// A key of the context that a call carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CarriedKey {
    /// The action.
    pub action: &'static str,
    /// The key, `ec2:InstanceType`.
    pub key: &'static str,
    /// The attribute that its value comes from.
    pub attribute: &'static str,
    /// What the request has where the attribute is not set.
    pub unset: Unset,
}

/// What a request has in place of an attribute that is not set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unset {
    /// The key is missing.
    Missing,
    /// AWS or the account decides.
    Unknown,
    /// This value.
    Value(&'static str),
}

static CALLS: LazyLock<BTreeMap<&'static str, Recorded>> = LazyLock::new(|| {
    let mut all: BTreeMap<&'static str, Recorded> = BTreeMap::new();
    for line in rows(RECORDED) {
        let [kind, operation, calls] = line.as_slice() else { continue };
        let deletes = *operation == "delete";
        let calls = calls.split(' ').filter(|call| !call.is_empty()).map(|call| {
            let action = call.trim_end_matches('+');
            Call { action, with_tags: action.len() < call.len(), deletes }
        });
        let recorded = all.entry(kind).or_default();
        let list = match operation.split_once(':') {
            Some(("update", attribute)) => recorded.update.entry(attribute).or_default(),
            Some(_) => &mut recorded.create_tagged,
            None if deletes => &mut recorded.delete,
            None => &mut recorded.create,
        };
        list.extend(calls);
    }
    all
});

static CARRIED: LazyLock<BTreeMap<&'static str, Vec<CarriedKey>>> = LazyLock::new(|| {
    let mut all: BTreeMap<&'static str, Vec<CarriedKey>> = BTreeMap::new();
    for line in rows(KEYS) {
        let [kind, action, key, attribute, unset] = *line.as_slice() else { continue };
        let unset = match unset {
            "-" => Unset::Missing,
            "?" => Unset::Unknown,
            value => Unset::Value(value),
        };
        all.entry(kind).or_default().push(CarriedKey { action, key, attribute, unset });
    }
    all
});

static ROLES: LazyLock<BTreeMap<&'static str, Vec<(&'static str, &'static str)>>> = LazyLock::new(|| {
    let mut all: BTreeMap<&'static str, Vec<(&'static str, &'static str)>> = BTreeMap::new();
    for line in rows(PASSED) {
        let [kind, attribute, service] = *line.as_slice() else { continue };
        all.entry(kind).or_default().push((attribute, service));
    }
    all
});

/// The rows of a table; lines that begin with `#` say where it comes from.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split('\t').collect())
}

/// The types of which calls were recorded, sorted.
pub fn recorded_types() -> impl Iterator<Item = &'static str> {
    CALLS.keys().copied()
}

/// The keys that calls for a type carry.
pub fn keys_of(kind: &str) -> impl Iterator<Item = CarriedKey> + use<> {
    CARRIED.get(kind).map_or(&[][..], Vec::as_slice).iter().copied()
}

/// The attributes by which a resource passes roles, each with the service that gets the role.
pub fn passed_roles(kind: &str) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
    ROLES.get(kind).map_or(&[][..], Vec::as_slice).iter().copied()
}

/// The calls that the provider certainly makes for a change, in order. Reads are not among them: the plan has made them.
pub fn certain(change: &PlannedChange) -> Vec<Call> {
    let Some(recorded) = CALLS.get(&*change.kind) else { return Vec::new() };
    let mut calls = Vec::new();
    if change.operation.deletes() {
        calls.extend(&recorded.delete);
    }
    if let Some(after) = change.after.as_ref().filter(|_| change.operation.creates())
        && !after.is_made_from_another()
    {
        calls.extend(&recorded.create);
        // An unknown map of tags may be empty.
        if !after.tags.known.is_empty() {
            calls.extend(&recorded.create_tagged);
        }
    }
    if let Operation::Update(attributes) = &change.operation {
        let mut seen = BTreeSet::new();
        for attribute in attributes {
            let calls_of = recorded.update.get(attribute.as_str()).into_iter().flatten();
            calls.extend(calls_of.filter(|call| seen.insert(call.action)));
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use orgward_iam::Catalogue;

    use super::{CALLS, CARRIED, ROLES};
    use crate::ResourceType;

    #[test]
    fn every_type_is_one_of_the_provider_and_every_action_one_of_aws() {
        let catalogue = Catalogue::get();
        for (kind, recorded) in &*CALLS {
            assert!(ResourceType::of(kind).is_some(), "{kind}");
            let updates = recorded.update.values().flatten();
            let all = recorded.create.iter().chain(&recorded.create_tagged).chain(&recorded.delete);
            for call in all.chain(updates) {
                assert!(catalogue.action(call.action).is_some(), "{kind}: {}", call.action);
            }
        }
    }

    /// A key that the action does not know is in no request: a condition on it would be judged by a value that AWS never
    /// sees.
    #[test]
    fn every_key_is_one_of_its_action() {
        for (kind, keys) in &*CARRIED {
            assert!(ResourceType::of(kind).is_some(), "{kind}");
            for key in keys {
                let action = Catalogue::get().action(key.action);
                let mut known = action.into_iter().flat_map(orgward_iam::Action::condition_keys);
                assert!(
                    known.any(|it| it.name.eq_ignore_ascii_case(key.key)),
                    "{kind}: {} {}",
                    key.action,
                    key.key
                );
            }
        }
        for kind in ROLES.keys() {
            assert!(ResourceType::of(kind).is_some(), "{kind}");
        }
    }
}
