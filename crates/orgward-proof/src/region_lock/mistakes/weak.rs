//! What a lock leaves open: mended, it would deny a request that the guardrails do not.

use orgward_iam::{Request, RequestSet, Spanned, Statement};

use super::super::{concrete, exempt_actions};
use super::context::LockContext;
use super::{Kind, Lock, Mistake, is_principal, is_region};
use crate::data;

pub(super) fn find(context: &LockContext<'_>, locks: &[Lock<'_>], found: &mut Vec<Mistake>) {
    let upright: Vec<&Lock<'_>> = locks.iter().filter(|lock| lock.is_upright()).collect();
    // Where some statement is about all actions, the others add to it.
    if !upright.iter().any(|lock| lock.is_broad()) {
        let mut seen = Vec::new();
        for lock in &upright {
            if !seen.contains(&lock.org_policy.id)
                && let Some(mistake) = action_list(context, lock)
            {
                seen.push(lock.org_policy.id);
                found.push(mistake);
            }
        }
    }
    for lock in upright {
        found.extend(second_condition(context, lock));
        found.extend(broad_exemption(context, lock));
        found.extend(resource_list(context, lock));
        found.extend(region_pattern(context, lock));
    }
}

/// A request that is open because a statement is as it is and not as it should be.
fn opened(
    context: &LockContext<'_>,
    lock: &Lock<'_>,
    mended: &Statement,
    first: impl IntoIterator<Item = Request>,
) -> Option<Request> {
    let gained =
        RequestSet::matched(lock.policy, mended).minus(RequestSet::matched(lock.policy, lock.statement));
    context.opening(gained, first)
}

fn everything(span: &std::ops::Range<usize>) -> Vec<Spanned<String>> {
    vec![Spanned { value: "*".to_owned(), span: span.clone() }]
}

fn action_list(context: &LockContext<'_>, lock: &Lock<'_>) -> Option<Mistake> {
    let mut mended = lock.statement.clone();
    mended.actions.patterns = everything(&mended.actions.span);
    let witness = opened(context, lock, &mended, context.everyday(context.foreign(), &[]))?;
    let message =
        format!("the lock denies only the actions that it lists, and `{}` is none of them", witness.action);
    let place =
        (lock.statement.actions.span.clone(), "leaves all others open, and all new services".to_owned());
    Some(lock.mistake(Kind::ActionList, message, [place], witness))
}

fn second_condition(context: &LockContext<'_>, lock: &Lock<'_>) -> Option<Mistake> {
    let mut places = Vec::new();
    let mut first: Option<(String, Request)> = None;
    for line in &lock.statement.conditions {
        let key = &line.key.value;
        // Who is exempt is a matter of its own, and everybody who is bound is of the same organization.
        if is_region(line) || is_principal(line) || key.to_ascii_lowercase().starts_with("aws:principalorg") {
            continue;
        }
        let mended = lock.without(|other| other == line);
        let values: Vec<String> = line.values.iter().map(|value| concrete(&value.value, "x")).collect();
        let requests = values
            .iter()
            .map(|value| vec![(key.as_str(), value.as_str())])
            .chain([Vec::new()])
            .flat_map(|keys| context.everyday(context.foreign(), &keys));
        let Some(witness) = opened(context, lock, &mended, requests) else { continue };
        places.push((line.span.clone(), "only who meets this, too, is bound".to_owned()));
        first.get_or_insert((key.clone(), witness));
    }
    let (key, witness) = first?;
    let message = format!("the condition on `{key}` weakens the lock: it denies only where both hold");
    Some(lock.mistake(Kind::SecondCondition, message, places, witness))
}

fn broad_exemption(context: &LockContext<'_>, lock: &Lock<'_>) -> Option<Mistake> {
    let actions = &lock.statement.actions;
    if !actions.not {
        return None;
    }
    // Whoever takes a published list as it is makes a choice and no mistake; `region-lock-gap` weighs it.
    let published = data::published_locks();
    let accepted: Vec<String> = exempt_actions(context.settings)
        .into_iter()
        .chain(published.aws_sample.iter().chain(&published.control_tower).cloned())
        .collect();
    let (mut places, mut names) = (Vec::new(), Vec::new());
    let mut first = None;
    for pattern in &actions.patterns {
        if accepted.iter().any(|accepted| accepted.eq_ignore_ascii_case(&pattern.value)) {
            continue;
        }
        let mut mended = lock.statement.clone();
        mended.actions.patterns.retain(|other| other != pattern);
        if mended.actions.patterns.is_empty() {
            mended.actions.not = false;
            mended.actions.patterns = everything(&actions.span);
        }
        let Some(witness) = opened(context, lock, &mended, context.everyday(context.foreign(), &[])) else {
            continue;
        };
        places.push((pattern.span.clone(), "open in every region".to_owned()));
        names.push(format!("`{}`", pattern.value));
        first.get_or_insert(witness);
    }
    let message = format!("`NotAction` exempts regional actions: {}", names.join(", "));
    Some(lock.mistake(Kind::BroadExemption, message, places, first?))
}

fn resource_list(context: &LockContext<'_>, lock: &Lock<'_>) -> Option<Mistake> {
    let resources = lock.statement.resources.as_ref()?;
    let mut mended = lock.statement.clone();
    if let Some(mended) = &mut mended.resources {
        mended.not = false;
        mended.patterns = everything(&resources.span);
    }
    if !resources.not && resources.patterns.iter().any(|pattern| pattern.value == "*") {
        return None;
    }
    let witness = opened(context, lock, &mended, context.everyday(context.foreign(), &[]))?;
    let (message, label) = if resources.not {
        (format!("the lock spares resources: `{}` on them is open everywhere", witness.action), "not locked")
    } else {
        (
            format!("the lock covers only the resources that it names, and `{}` escapes it", witness.action),
            "leaves out what has no resource, and every other one",
        )
    };
    Some(lock.mistake(Kind::ResourceList, message, [(resources.span.clone(), label.to_owned())], witness))
}

fn region_pattern(context: &LockContext<'_>, lock: &Lock<'_>) -> Option<Mistake> {
    let wild = |value: &Spanned<String>| value.value.contains(['*', '?']);
    for (at, line) in lock.statement.conditions.iter().enumerate() {
        if !is_region(line) || !line.operator.value.base.takes_wildcards() {
            continue;
        }
        let Some(pattern) = line.values.iter().find(|value| wild(value)) else { continue };
        let mut mended = lock.statement.clone();
        if let Some(line) = mended.conditions.get_mut(at) {
            line.values.retain(|value| !wild(value));
            let span = pattern.span.clone();
            let regions = context.regions.iter().cloned();
            line.values.extend(regions.map(|value| Spanned { value, span: span.clone() }));
        }
        let known = data::regions().into_iter().filter(|region| orgward_iam::glob(&pattern.value, region));
        let later = concrete(&pattern.value, "later-9");
        let requests: Vec<Request> =
            known.chain([later.as_str()]).flat_map(|region| context.everyday(region, &[])).collect();
        let Some(witness) = opened(context, lock, &mended, requests) else { continue };
        let open = match witness.context.get(super::super::REQUESTED_REGION) {
            Some(orgward_iam::ContextValue::One(region)) if data::regions().contains(&region.as_str()) => {
                format!(": `{region}` is open")
            }
            _ => " that AWS opens later".to_owned(),
        };
        let message = format!("`{}` also lets in regions{open}", pattern.value);
        let place = (pattern.span.clone(), "matches more than the regions in use".to_owned());
        return Some(lock.mistake(Kind::RegionPattern, message, [place], witness));
    }
    None
}
