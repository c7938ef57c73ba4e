//! Locks by `Allow`: what no statement of a level allows is denied below it.

use orgward_iam::{BaseOperator, Condition, Effect, Request, RequestSet, SetQuantifier};
use orgward_org::{Denial, Ruling};

use super::super::{REQUESTED_REGION, expects_exemption, region_conditions};
use super::context::LockContext;
use super::{Kind, Lock, Mistake, is_region};
use crate::data;

pub(super) fn find(context: &LockContext<'_>, locks: &[Lock<'_>], found: &mut Vec<Mistake>) {
    for lock in locks.iter().filter(|lock| !lock.denies()) {
        found.extend(beside(context, lock));
        found.extend(without_global(context, lock));
        found.extend(without_key(context, lock));
    }
}

fn place(lock: &Lock<'_>, label: &str) -> Option<(std::ops::Range<usize>, String)> {
    let line = region_conditions(&lock.statement.conditions).next()?;
    Some((line.span.clone(), label.to_owned()))
}

/// Whether a statement allows requests to the regions in use only.
fn is_meant_to_lock(context: &LockContext<'_>, lock: &Lock<'_>) -> bool {
    let holds = |region: &str| {
        let request = context.request("ec2:RunInstances", region, &[]);
        region_conditions(&lock.statement.conditions).all(|line| line.holds(lock.policy, &request))
    };
    context.regions.iter().any(|region| holds(region)) && !holds("xx-unlisted-1")
}

/// Whether another statement of the same level allows a request.
fn other_allows(context: &LockContext<'_>, lock: &Lock<'_>, request: &Request) -> Option<String> {
    let level = context.chain.levels.iter().find(|level| level.id == lock.level)?;
    level.attached.iter().map(|attached| attached.org_policy).find_map(|org_policy| {
        let policy = org_policy.data.document.policy()?;
        let allows = policy.matching(request).any(|(index, statement)| {
            statement.effect.value == Effect::Allow
                && (org_policy.id, index) != (lock.org_policy.id, lock.index)
        });
        allows.then(|| org_policy.node.title())
    })
}

fn beside(context: &LockContext<'_>, lock: &Lock<'_>) -> Option<Mistake> {
    if !is_meant_to_lock(context, lock) {
        return None;
    }
    let anywhere = lock.without(is_region);
    let outside =
        RequestSet::matched(lock.policy, &anywhere).minus(RequestSet::matched(lock.policy, lock.statement));
    let witness = context.opening(outside, context.everyday(context.foreign(), &[]))?;
    let other = other_allows(context, lock, &witness)?;
    let message = format!("an `Allow` locks nothing while `{other}` allows the same at its level");
    Some(lock.mistake(Kind::AllowBesideAllow, message, place(lock, "narrows nothing"), witness))
}

fn without_global(context: &LockContext<'_>, lock: &Lock<'_>) -> Option<Mistake> {
    if !is_meant_to_lock(context, lock) {
        return None;
    }
    let mut denied = Vec::new();
    let mut first = None;
    for service in data::global_services() {
        if context.regions.contains(&service.region)
            || !expects_exemption(context.settings.profile(), &service.prefix)
        {
            continue;
        }
        let there = context.request(&service.action, &service.region, &[]);
        let here = context.request(&service.action, context.home(), &[]);
        let silent = matches!(
            context.chain.decide(&there),
            Ruling::Denied(Denial { level, by: None }) if level == lock.level
        );
        if silent && context.is_open(&here) {
            denied.push(format!("`{}`", service.prefix));
            first.get_or_insert(there);
        }
    }
    let more = denied.len().saturating_sub(4);
    denied.truncate(4);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message =
        format!("an `Allow` that locks regions shuts out global services: {}{more}", denied.join(", "));
    let place = place(lock, "nothing else allows them at this level");
    Some(lock.mistake(Kind::AllowWithoutGlobal, message, place, first?))
}

/// A condition that also holds for a request without a region.
fn without_key(context: &LockContext<'_>, lock: &Lock<'_>) -> Option<Mistake> {
    let unresolved_targets = |line: &&Condition| {
        let operator = line.operator.value;
        is_region(line) && operator.base != BaseOperator::Null && !operator.is_negated()
    };
    let line = lock.statement.conditions.iter().find(unresolved_targets)?;
    let operator = line.operator.value;
    let kind = match (operator.if_exists, operator.set) {
        (_, Some(SetQuantifier::ForAllValues)) => Kind::AllowForAllValues,
        (true, _) => Kind::AllowIfExists,
        _ => return None,
    };
    let witness = context.everyday(context.foreign(), &[]).into_iter().find_map(|mut request| {
        request.context.remove(REQUESTED_REGION);
        let admitted = lock.statement.matches(lock.policy, &request)
            && context.is_open(&request)
            && other_allows(context, lock, &request).is_none();
        admitted.then_some(request)
    })?;
    let message = format!("`{operator}` in an `Allow` also admits requests that have no region");
    let place = (line.span.clone(), "holds when the key is missing".to_owned());
    Some(lock.mistake(kind, message, [place], witness))
}
