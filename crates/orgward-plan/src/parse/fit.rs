//! Whether the sections of a plan fit each other. Terraform writes each resource that stands after the plan into
//! `planned_values`, and what happens to it into `resource_changes`; what was filtered, cut or edited does not fit.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::value::RawValue;

use super::state::Values;
use crate::instance::present;
use crate::{Action, Address, Doubt, Instance, Mode, Origin, PlanError};

/// Refuses rows that share an address: readers differ in which of two they take, and a gate must not be one of them.
/// `instances` are sorted by address and deposed key.
pub(crate) fn distinct(instances: &[Instance<'_>]) -> Result<(), PlanError> {
    let twice = instances
        .array_windows()
        .find(|[one, other]| one.address == other.address && one.deposed == other.deposed);
    match twice {
        Some([one, _]) => Err(PlanError::Twice { address: one.address.to_string() }),
        None => Ok(()),
    }
}

/// Compares the planned values with the changes, and the state with both. What hides a change is refused; what merely
/// lacks something makes the plan incomplete. `instances` are sorted by address and deposed key.
pub(crate) fn check(
    planned: Option<&Values<'_>>,
    instances: &[Instance<'_>],
) -> Result<Vec<Doubt>, PlanError> {
    let mut values = Vec::new();
    if let Some(planned) = planned {
        planned.managed(&mut |address, value| values.push((address, value)))?;
    }
    for (address, value) in &values {
        if !is_explained(at(instances, address), *value) {
            return Err(PlanError::NoChange { address: address.to_string() });
        }
    }
    let planned: BTreeSet<&Address> = values.iter().map(|(address, _)| address).collect();
    let managed = || instances.iter().filter(|i| i.mode == Mode::Managed && i.deposed.is_none());
    let mut doubts = Vec::new();
    // Tools drop all planned values where only the changes are asked for; then there is nothing to compare.
    if !planned.is_empty() {
        let lacking = managed().filter(|i| brings_about(i) && !planned.contains(&i.address));
        doubts.extend(first(lacking).map(|(address, more)| Doubt::NoPlannedValue { address, more }));
    }
    let untouched = managed().filter(|i| i.origin == Origin::State && !planned.contains(&i.address));
    doubts.extend(first(untouched).map(|(address, more)| Doubt::NoChangeListed { address, more }));
    let strange = instances.iter().filter(|instance| instance.is_strange());
    doubts.extend(first(strange).map(|(address, more)| Doubt::NotUnderstood { address, more }));
    Ok(doubts)
}

/// The first one, and how many there are beside it.
fn first<'i>(mut found: impl Iterator<Item = &'i Instance<'i>>) -> Option<(Address, usize)> {
    let address = found.next()?.address.clone();
    Some((address, found.count()))
}

fn at<'i, 'a>(instances: &'i [Instance<'a>], address: &Address) -> Option<&'i Instance<'a>> {
    let at = instances.partition_point(|instance| instance.address < *address);
    instances.get(at).filter(|found| found.address == *address && found.deposed.is_none())
}

/// Whether a row brings about an object that the planned values have to show.
fn brings_about(instance: &Instance<'_>) -> bool {
    instance.origin == Origin::Change
        && matches!(
            instance.action,
            Action::Create
                | Action::Update
                | Action::DeleteCreate
                | Action::CreateDelete
                | Action::CreateForget
                | Action::Other
        )
}

/// Whether a planned value has a change that explains it. Terraform 0.12 left out what does not change: then the state
/// shows the same values.
fn is_explained(instance: Option<&Instance<'_>>, value: Option<&RawValue>) -> bool {
    let Some(instance) = instance else { return false };
    match instance.origin {
        Origin::Change => instance.action != Action::Delete,
        Origin::State => {
            let read =
                |raw: Option<&RawValue>| present(raw).map(|raw| serde_json::from_str::<Value>(raw.get()));
            match (read(instance.body.before), read(value)) {
                (Some(Ok(before)), Some(Ok(planned))) => before == planned,
                (None, None) => true,
                _ => false,
            }
        }
    }
}
