//! Which resources are named.

use super::{At, Effectiveness as E, Gravity as G, place};
use crate::arn::{Arn, is_account_id};
use crate::fit::without_variables;
use crate::{Catalogue, Kind, Spanned, listed_actions, may_be_about};

pub(super) fn check(at: &mut At<'_, '_>) {
    let Some(resources) = &at.statement.resources else { return };
    let element = if resources.not { "NotResource" } else { "Resource" };
    if resources.patterns.is_empty() {
        at.report(
            ("empty-array-resource", G::Suggestion, E::Inert),
            element,
            &resources.span,
            format!("`{element}` names no resource"),
            "name one, or remove the statement",
        );
    }
    for (index, pattern) in resources.patterns.iter().enumerate() {
        let place = place(element, index, pattern, &resources.span);
        shape(at, &place, pattern);
        let by = resources.patterns.iter().enumerate().find(|(other, wider)| {
            *other != index
                && contains(&wider.value, &pattern.value)
                && (wider.value != pattern.value || *other < index)
        });
        if let Some((_, by)) = by {
            let message = format!("`{}` is part of `{}`", pattern.value, by.value);
            let kind = ("redundant-resource", G::Suggestion, E::Meant);
            at.report(kind, &place, &pattern.span, message, "remove it");
        }
    }
    if at.found.thorough {
        fit(at, element);
    }
}

/// Whether every ARN that a pattern matches is matched by a wider one.
fn contains(wider: &str, pattern: &str) -> bool {
    if wider == "*" {
        return true;
    }
    let parts = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (wide, narrow) = (parts(wider), parts(pattern));
    // A wildcard of the narrow one has to meet one of the wide one, which reading it as text ensures for `*`.
    let plain = |text: &str| !text.contains(['?', '$']);
    wide.len() == 6
        && narrow.len() == 6
        && plain(wider)
        && wide.iter().zip(&narrow).all(|(wide, narrow)| crate::glob(wide, narrow))
}

/// Reports what is no ARN, or one of nothing that exists.
fn shape(at: &mut At<'_, '_>, place: &str, pattern: &Spanned<String>) {
    let text = pattern.value.as_str();
    let is_star = !text.is_empty() && text.bytes().all(|byte| byte == b'*');
    if is_star || placeholder(text) {
        return;
    }
    let strict = matches!(at.kind(), Kind::Identity | Kind::ServiceControl | Kind::ResourceControl);
    if !text.starts_with("arn:") && !text.starts_with(['*', '?']) {
        if strict {
            let help = "write `arn:partition:service:region:account:resource`, or `*`";
            let message = format!("`{text}` is neither an ARN nor `*`");
            at.report(("invalid-arn-prefix", G::Error, E::Refused), place, &pattern.span, message, help);
        }
        return;
    }
    let Some(arn) = Arn::parse(text) else {
        // A wildcard reaches across the parts that are not there.
        if !text.ends_with('*') {
            let help = "an ARN has six parts: `arn:partition:service:region:account:resource`";
            let message = format!("the ARN `{text}` has too few parts");
            at.report(("missing-arn-field", G::Error, E::Inert), place, &pattern.span, message, help);
        }
        return;
    };
    let is_open = |text: &str| text.contains(['*', '?', '$']);
    let catalogue = Catalogue::get();
    let mut wrong = |code, message: String, help: &str| {
        at.report((code, G::Error, E::Inert), place, &pattern.span, message, help);
    };
    if !is_open(arn.partition) && !catalogue.partitions().any(|(name, _)| name == arn.partition) {
        wrong(
            "invalid-partition",
            format!("there is no partition `{}`", arn.partition),
            "use `aws`, `aws-cn` or `aws-us-gov`",
        );
    }
    if arn.service.bytes().any(|byte| byte.is_ascii_uppercase()) {
        wrong(
            "invalid-arn-service-case",
            format!("the service `{}` is not in lower case", arn.service),
            "write it in lower case",
        );
    }
    let known = ["", "aws", "cloudfront"].contains(&arn.account);
    if !is_open(arn.account) && !known && !is_account_id(arn.account) {
        wrong(
            "invalid-arn-account",
            format!("`{}` is not an account", arn.account),
            "an account has twelve digits",
        );
    }
    if !is_open(arn.region) && !arn.region.is_empty() && catalogue.region(arn.region).is_none() {
        wrong(
            "invalid-arn-region",
            format!("there is no region `{}`", arn.region),
            "correct the region, or use `*`",
        );
    }
}

/// Whether a text has a placeholder of a template, which is no policy variable.
fn placeholder(text: &str) -> bool {
    text.contains("{{")
        || text.contains('<')
        || crate::matching::variable_keys(text).any(|key| !key.contains(':'))
}

/// Reports resources that no action of the statement is about.
fn fit(at: &mut At<'_, '_>, element: &str) {
    let statement = at.statement;
    let Some(resources) = statement.resources.as_ref().filter(|it| !it.not) else { return };
    if statement.actions.not {
        return;
    }
    let patterns = statement.actions.patterns.iter().map(|it| it.value.as_str());
    let Some(actions) = listed_actions(patterns) else { return };
    for (index, pattern) in resources.patterns.iter().enumerate() {
        let text = without_variables(&pattern.value);
        let is_plain = text == pattern.value || !placeholder(&pattern.value);
        if !is_plain || Arn::parse(&text).is_none() || actions.iter().any(|it| may_be_about(*it, &text)) {
            continue;
        }
        let place = place(element, index, pattern, &resources.span);
        let all = actions.iter().all(|action| !action.has_resource_types());
        let (message, help) = if all {
            (
                "AWS authorizes the actions of this statement for `*` and no single resource".to_owned(),
                "write `\"Resource\": \"*\"`",
            )
        } else {
            (
                format!("no action of this statement is about a resource like `{}`", pattern.value),
                "compare the ARN with the resource types of the actions",
            )
        };
        at.report(("resource-of-no-action", G::Warning, E::Inert), &place, &pattern.span, message, help);
    }
}
