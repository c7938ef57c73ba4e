//! What a lock closes though it should be open.

use std::collections::BTreeSet;

use orgward_iam::{Request, RequestSet};

use super::super::region_conditions;
use super::context::LockContext;
use super::{Kind, Lock, Mistake, is_principal, is_region};
use crate::data;
use orgward_iam::placeholder;

pub(super) fn find(context: &LockContext<'_>, locks: &[Lock<'_>], found: &mut Vec<Mistake>) {
    for lock in locks {
        found.extend(inverted(context, lock));
        found.extend(misnamed(context, lock));
        found.extend(left_in(context, lock));
    }
    found.extend(split(context, locks));
}

fn inverted(context: &LockContext<'_>, lock: &Lock<'_>) -> Option<Mistake> {
    let statement = lock.statement;
    let mut lines = region_conditions(&statement.conditions);
    let line = lines.next()?;
    if !lock.denies() || line.operator.value.is_negated() {
        return None;
    }
    let matched = RequestSet::matched(lock.policy, statement);
    // A list of regions that are not wanted is a lock of another style.
    if !matched.clone().and(context.elsewhere()).is_empty() {
        return None;
    }
    let mut home = context.regions.iter().flat_map(|region| context.everyday(region, &[]));
    let witness = home.find(|request| matched.contains(request) && context.is_denied(request))?;
    let operator = line.operator.value;
    let message = format!("`{operator}` denies the regions that should be open, and no others");
    let place = (line.span.clone(), "denied are requests to these".to_owned());
    Some(lock.mistake(Kind::Inverted, message, [place], witness))
}

/// Regions that a condition on the region leaves open.
fn left_open<'r>(context: &'r LockContext<'_>, lock: &Lock<'_>) -> BTreeSet<&'r str> {
    let open = |region: &&String| {
        let request = context.request("ec2:RunInstances", region, &[]);
        !region_conditions(&lock.statement.conditions).all(|line| line.holds(lock.policy, &request))
    };
    context.regions.iter().filter(open).map(String::as_str).collect()
}

/// Statements that deny each other's regions. Two that have a region in common are a lock to that region.
fn split(context: &LockContext<'_>, locks: &[Lock<'_>]) -> Option<Mistake> {
    let upright: Vec<(&Lock<'_>, BTreeSet<&str>)> = locks
        .iter()
        .filter(|lock| lock.is_upright())
        .map(|lock| (lock, left_open(context, lock)))
        .filter(|(_, open)| !open.is_empty())
        .collect();
    for (at, (first, open)) in upright.iter().enumerate() {
        for (second, others) in upright.iter().skip(at + 1) {
            if !open.is_disjoint(others) {
                continue;
            }
            // What both are about, whatever the region.
            let (one, other) = (first.without(is_region), second.without(is_region));
            let both =
                RequestSet::matched(first.policy, &one).and(RequestSet::matched(second.policy, &other));
            let mut home = context.regions.iter().flat_map(|region| context.everyday(region, &[]));
            let Some(witness) = home.find(|request| both.contains(request) && context.is_denied(request))
            else {
                continue;
            };
            let place = |lock: &Lock<'_>| {
                let line = region_conditions(&lock.statement.conditions).next();
                line.map(|line| (line.span.clone(), "denies the regions of the other statement".to_owned()))
            };
            let mut mistake = second.mistake(Kind::Split, Kind::Split.title(), place(second), witness);
            mistake.places.extend(place(first).map(|(span, label)| (first.org_policy.id, span, label)));
            mistake.places.sort_by_key(|(org_policy, span, _)| (*org_policy, span.start));
            return Some(mistake);
        }
    }
    None
}

/// A region that AWS does not list, or writes in lower case: what was meant is denied.
fn misnamed(context: &LockContext<'_>, lock: &Lock<'_>) -> Option<Mistake> {
    if !lock.is_upright() {
        return None;
    }
    let regions = data::regions();
    for line in region_conditions(&lock.statement.conditions) {
        let operator = line.operator.value.base;
        let ignores_case = operator == orgward_iam::BaseOperator::StringNotEqualsIgnoreCase;
        for value in &line.values {
            let name = value.value.as_str();
            let lower = name.to_ascii_lowercase();
            let wild = operator.takes_wildcards() && name.contains(['*', '?']);
            let listed = |name: &str| {
                if wild {
                    regions.iter().any(|region| orgward_iam::glob(name, region))
                } else {
                    regions.contains(&name) || name == "unspecified"
                }
            };
            if placeholder(name).is_some() || listed(name) || ignores_case && listed(&lower) {
                continue;
            }
            let (kind, meant) = if listed(&lower) {
                (Kind::RegionCase, regions.iter().copied().find(|region| orgward_iam::glob(&lower, region)))
            } else {
                (Kind::UnlistedRegion, near(&lower, &regions))
            };
            let message = match (kind, meant) {
                (Kind::RegionCase, _) => format!("`{name}` matches no region: their names are in lower case"),
                (_, Some(meant)) => format!("`{name}` is no region that AWS lists; did you mean `{meant}`?"),
                (_, None) => format!("`{name}` is no region that AWS lists"),
            };
            // Denied is what was meant, or else what is written.
            let request = |region: &str| {
                context.everyday(region, &[]).into_iter().find(|request| {
                    lock.statement.matches(lock.policy, request) && context.is_denied(request)
                })
            };
            let Some(witness) = meant
                .and_then(request)
                .or_else(|| meant.is_none().then(|| context.request("ec2:RunInstances", &value.value, &[])))
            else {
                continue;
            };
            let label = meant.map_or("matches nothing".to_owned(), |meant| format!("`{meant}` is denied"));
            return Some(lock.mistake(kind, message, [(value.span.clone(), label)], witness));
        }
    }
    None
}

/// The region that a misspelt name is near to.
fn near<'r>(name: &str, regions: &[&'r str]) -> Option<&'r str> {
    let plain = name.replace('*', "");
    regions
        .iter()
        .map(|region| (strsim::damerau_levenshtein(&plain, region), *region))
        .filter(|(distance, _)| *distance <= 2)
        .min()
        .map(|(_, region)| region)
}

/// A placeholder in the values that a lock compares with: they match nobody.
fn left_in(context: &LockContext<'_>, lock: &Lock<'_>) -> Option<Mistake> {
    if !lock.denies() {
        return None;
    }
    let lines = lock.statement.conditions.iter().filter(|line| is_region(line) || is_principal(line));
    let mut values = lines.flat_map(|line| line.values.iter().map(move |value| (line, value)));
    let (line, value, left) =
        values.find_map(|(line, value)| Some((line, value, placeholder(&value.value)?)))?;
    let (message, label, requests): (_, _, Vec<Request>) = if is_region(line) {
        let requests = context.everyday(context.home(), &[]);
        (
            format!("placeholder `{left}` was left in: it leaves no region open"),
            "no region is called so",
            requests,
        )
    } else {
        let principal = meant(&value.value, context.account);
        let requests = context.everyday(context.foreign(), &[]).into_iter().map(|mut request| {
            request.caller = orgward_iam::Caller::Arn(principal.clone());
            request
        });
        (format!("placeholder `{left}` was left in: it exempts nobody"), "matches nobody", requests.collect())
    };
    let witness = requests
        .into_iter()
        .find(|request| lock.statement.matches(lock.policy, request) && context.is_denied(request))?;
    Some(lock.mistake(Kind::Placeholder, message, [(value.span.clone(), label.to_owned())], witness))
}

/// The principal that somebody meant who left a placeholder in its ARN.
fn meant(pattern: &str, account: &str) -> String {
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let [.., resource] = parts.as_slice() else { return pattern.to_owned() };
    let kind = resource.split('/').next().filter(|kind| ["role", "user"].contains(kind)).unwrap_or("role");
    let name: String = match placeholder(resource) {
        Some(left) => {
            left.chars().filter(|char| char.is_ascii_alphanumeric() || "_-".contains(*char)).collect()
        }
        None => resource.split_once('/').map_or("x", |(_, name)| name).replace('*', "x"),
    };
    format!("arn:aws:iam::{account}:{kind}/{name}")
}
