//! Which actions are named.

use super::{At, Effectiveness as E, Gravity as G, place};
use crate::access::{glob_is_within, resource_is_within};
use crate::pattern::glob_ignore_case;
use crate::{BaseOperator, Catalogue, Effect, Kind, Statement, Version};

pub(super) fn check(at: &mut At<'_, '_>) {
    let actions = &at.statement.actions;
    let element = if actions.not { "NotAction" } else { "Action" };
    if actions.patterns.is_empty() {
        let (gravity, effectiveness) = At::empty(at.takes_no_empty_list());
        at.report(
            ("empty-array-action", gravity, effectiveness),
            element,
            &actions.span,
            format!("`{element}` names no action"),
            "name one, or remove the statement",
        );
    }
    unlisted(at, element);
    redundant(at, element);
    if at.statement.effect.value == Effect::Allow && at.kind() == Kind::Identity {
        let delegations = [
            ("iam:PassRole", "iam:PassedToService", PASS_ROLE),
            ("iam:CreateServiceLinkedRole", "iam:AWSServiceName", CREATE_SLR),
        ];
        for (action, key, codes) in delegations {
            delegation(at, action, key, codes);
        }
    }
    if at.kind() == Kind::ResourceControl && !actions.not {
        unreached(at, element);
    }
}

/// What to say of an action on all resources, and on all but some: named, behind a wildcard, and left by `NotAction`.
type Codes = [[&'static str; 3]; 2];
const PASS_ROLE: Codes = [
    [
        "pass-role-with-star-in-resource",
        "pass-role-with-star-in-action-and-resource",
        "pass-role-with-star-in-resource-and-notaction",
    ],
    [
        "pass-role-with-notresource",
        "pass-role-with-star-in-action-and-notresource",
        "pass-role-with-notaction-and-notresource",
    ],
];
const CREATE_SLR: Codes = [
    [
        "create-slr-with-star-in-resource",
        "create-slr-with-star-in-action-and-resource",
        "create-slr-with-star-in-resource-and-notaction",
    ],
    [
        "create-slr-with-notresource",
        "create-slr-with-star-in-action-and-notresource",
        "create-slr-with-notaction-and-notresource",
    ],
];

/// Reports names that AWS does not list.
fn unlisted(at: &mut At<'_, '_>, element: &str) {
    let catalogue = Catalogue::get();
    let actions = &at.statement.actions;
    let inert = if actions.not { E::Overreaching } else { E::Inert };
    for (index, pattern) in actions.patterns.iter().enumerate() {
        let name = pattern.value.as_str();
        if name == "*" || catalogue.actions_matching(name).next().is_some() {
            continue;
        }
        let prefix = name.split(':').next().unwrap_or_default();
        let place = place(element, index, pattern, &actions.span);
        let near = catalogue.near(name).map(str::to_owned);
        let near = near.or_else(|| {
            let service = catalogue.near_service(prefix)?;
            Some(format!("{service}:{}", name.split_once(':').map_or("*", |(_, name)| name)))
        });
        let help = near.map_or_else(
            || "compare the name with the documentation of the service; it may be new".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let (code, message) = if catalogue.service(prefix).is_some() {
            ("invalid-action", format!("AWS lists no action `{name}`, as of {}", catalogue.date()))
        } else {
            (
                "invalid-service-in-action",
                format!("AWS lists no service `{prefix}`, as of {}", catalogue.date()),
            )
        };
        at.report((code, G::Error, inert), &place, &pattern.span, message, help);
    }
}

/// Services whose resources take no actions of others in their policies.
const OF_THEIR_OWN: [&str; 2] = ["sns", "sqs"];

/// Reports actions that are none of the service whose resource has the policy.
pub(super) fn scope(at: &mut At<'_, '_>, service: &str) {
    if !OF_THEIR_OWN.contains(&service) {
        return;
    }
    let actions = &at.statement.actions;
    let element = if actions.not { "NotAction" } else { "Action" };
    for (index, pattern) in actions.patterns.iter().enumerate() {
        let prefix = pattern.value.split_once(':').map_or(pattern.value.as_str(), |(prefix, _)| prefix);
        if prefix == "*" || prefix.eq_ignore_ascii_case(service) {
            continue;
        }
        let place = place(element, index, pattern, &actions.span);
        let kind = ("unsupported-action-in-policy", G::Error, E::Refused);
        let message =
            format!("`{}` is no action of `{service}`, whose resource has the policy", pattern.value);
        at.report(
            kind,
            &place,
            &pattern.span,
            message,
            "remove it, or put it into the policy of its own resource",
        );
    }
}

/// Reports names that another name of the list matches.
fn redundant(at: &mut At<'_, '_>, element: &str) {
    let actions = &at.statement.actions;
    for (index, pattern) in actions.patterns.iter().enumerate() {
        let by = actions.patterns.iter().enumerate().find(|(other, wider)| {
            let equal = wider.value.eq_ignore_ascii_case(&pattern.value);
            *other != index
                && glob_is_within(&pattern.value, &wider.value, true)
                && (!equal || *other < index)
        });
        let Some((_, by)) = by else { continue };
        let place = place(element, index, pattern, &actions.span);
        at.report(
            ("redundant-action", G::Suggestion, E::Meant),
            &place,
            &pattern.span,
            format!("`{}` is part of `{}`", pattern.value, by.value),
            "remove it",
        );
    }
}

/// Reports that roles of any kind may be handed to services.
fn delegation(at: &mut At<'_, '_>, action: &str, key: &str, [all, but]: Codes) {
    let statement = at.statement;
    if is_narrowed(statement, key) || !statement.covers_action(action) {
        return;
    }
    let Some(resources) = &statement.resources else { return };
    let every_role = |pattern: &str| resource_is_within("arn:aws:iam::*:role/*", pattern, Version::V2012);
    let everything = resources.not || resources.patterns.iter().any(|pattern| every_role(&pattern.value));
    if !everything {
        return;
    }
    let [named, behind, left] = if resources.not { but } else { all };
    let actions = &statement.actions;
    let listed = actions.patterns.iter().enumerate().filter(|_| !actions.not);
    let found = listed.into_iter().find(|(_, it)| glob_ignore_case(&it.value, action));
    let (code, place, span) = match found {
        Some((index, pattern)) => {
            let code = if pattern.value.eq_ignore_ascii_case(action) { named } else { behind };
            (code, place("Action", index, pattern, &actions.span), pattern.span.clone())
        }
        None => (left, "NotAction".to_owned(), actions.span.clone()),
    };
    let gravity = if action.ends_with("PassRole") { G::SecurityWarning } else { G::Warning };
    let message = format!("`{action}` is allowed for every role");
    let help = format!("name the roles in `Resource`, or ask for the service by `StringEquals` on `{key}`");
    at.report((code, gravity, E::Meant), &place, &span, message, help);
}

/// Whether a condition says for which services.
fn is_narrowed(statement: &Statement, key: &str) -> bool {
    statement.conditions.iter().any(|line| {
        let operator = line.operator.value;
        line.key.value.eq_ignore_ascii_case(key)
            && !operator.is_negated()
            && !operator.if_exists
            && operator.base != BaseOperator::Null
            && line.values.iter().all(|value| value.value != "*")
    })
}

/// Reports actions of services that resource control policies do not reach.
fn unreached(at: &mut At<'_, '_>, element: &str) {
    let catalogue = Catalogue::get();
    let actions = &at.statement.actions;
    if at.statement.effect.value == Effect::Allow {
        return;
    }
    for (index, pattern) in actions.patterns.iter().enumerate() {
        let prefix = pattern.value.split(':').next().unwrap_or_default();
        let Some(service) = catalogue.service(prefix).filter(|it| !it.takes_resource_control()) else {
            continue;
        };
        let place = place(element, index, pattern, &actions.span);
        at.report(
            ("unsupported-action-in-policy", G::Error, E::Refused),
            &place,
            &pattern.span,
            format!(
                "resource control policies do not reach `{}`, as of {}",
                service.prefix(),
                catalogue.date()
            ),
            "remove the action, or deny it in a service control policy",
        );
    }
}
