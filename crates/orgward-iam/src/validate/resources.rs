//! Which resources are named.

use super::{At, Effectiveness as E, Gravity as G, place};
use crate::access::resource_is_within;
use crate::arn::{Arn, is_account_id};
use crate::fit::{Misfit, Types, misfit};
use crate::{Catalogue, Effect, Kind, Spanned, listed_actions};

pub(super) fn check(at: &mut At<'_, '_>) {
    let Some(resources) = &at.statement.resources else { return };
    let element = if resources.not { "NotResource" } else { "Resource" };
    if resources.patterns.is_empty() {
        let (gravity, effectiveness) = At::empty(at.takes_no_empty_list());
        at.report(
            ("empty-array-resource", gravity, effectiveness),
            element,
            &resources.span,
            format!("`{element}` names no resource"),
            "name one, or remove the statement",
        );
    }
    let version = at.policy().version;
    for (index, pattern) in resources.patterns.iter().enumerate() {
        let place = place(element, index, pattern, &resources.span);
        shape(at, &place, pattern);
        let by = resources.patterns.iter().enumerate().find(|(other, wider)| {
            *other != index
                && resource_is_within(&pattern.value, &wider.value, version)
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
    // IAM: "Resource vendor must be fully qualified and cannot contain regexes". It takes `arn:aws:*`, too, which has
    // too few parts for a service.
    if at.kind() == Kind::Identity && arn.service.contains(['*', '?']) {
        let message = format!("IAM takes no wildcard as the service of an ARN, as in `{text}`");
        let kind = ("wildcard-in-service-name", G::Error, E::Refused);
        at.report(kind, place, &pattern.span, message, "name the service, or write `*` for everything");
    } else if arn.service != "*" && arn.service.contains(['*', '?']) {
        let kind = ("wildcard-in-service-name", G::Suggestion, E::Meant);
        let message = format!("`{}` may be several services, new ones among them", arn.service);
        at.report(kind, place, &pattern.span, message, "name the service");
    }
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

/// Reports resources that no action of the statement is about, and those that do not exist.
fn fit(at: &mut At<'_, '_>, element: &str) {
    let statement = at.statement;
    let Some(resources) = &statement.resources else { return };
    // What AWS owns is not in its list of types, such as transforms of `CloudFormation`.
    let is_owned = |text: &str| Arn::parse(text).is_none_or(|arn| arn.account == "aws");
    if resources.patterns.iter().all(|pattern| is_owned(&pattern.value)) {
        return;
    }
    let patterns = statement.actions.patterns.iter().map(|it| it.value.as_str());
    // What is excluded says nothing about which actions are left.
    let actions = listed_actions(patterns).filter(|_| !statement.actions.not && !resources.not);
    let types = actions.as_ref().map(|actions| Types::of(actions.iter().copied()));
    let has_types = actions.as_ref().is_none_or(|all| all.iter().any(|action| action.has_resource_types()));
    // Beside others that are right, it is a slip; where none is, the statement does not act. AWS's own services ask for
    // more than AWS publishes, so that an allowance may be meant for them; a denial that does not act protects nothing.
    let is_other = |pattern: &Spanned<String>| {
        let text = pattern.value.as_str();
        match &types {
            Some(types) if has_types => types.may_match(text),
            Some(_) => text == "*",
            None => misfit(text).is_none(),
        }
    };
    let acts = resources.patterns.iter().any(is_other);
    let gravity = match statement.effect.value {
        Effect::Allow if acts => G::Suggestion,
        Effect::Deny if !acts => G::Error,
        Effect::Allow | Effect::Deny => G::Warning,
    };
    for (index, pattern) in resources.patterns.iter().enumerate() {
        let text = pattern.value.as_str();
        if is_owned(text) || types.as_ref().is_some_and(|types| types.may_match(text)) {
            continue;
        }
        let found = match misfit(text) {
            _ if !has_types => Some((
                "resource-of-no-action",
                "AWS lists no resource type for the actions of this statement, and authorizes them for `*`"
                    .to_owned(),
                "write `\"Resource\": \"*\"`",
            )),
            Some(Misfit::Account) => Some((
                "arn-account-not-allowed",
                format!("the ARN of such a resource has no account: `{text}`"),
                "leave the account out: `arn:aws:s3:::bucket`",
            )),
            Some(Misfit::Region) => Some((
                "arn-region-not-allowed",
                format!("the ARN of such a resource has no region: `{text}`"),
                "leave the region out: `arn:aws:iam::111122223333:role/name`",
            )),
            Some(Misfit::NoRegion) => Some((
                "missing-arn-region",
                format!("the ARN of such a resource has a region: `{text}`"),
                "name the region, or write `*`",
            )),
            Some(Misfit::Resource) => Some((
                "invalid-arn-resource",
                format!("the service has no resource like `{text}`"),
                "compare the ARN with the resource types of the service",
            )),
            None => types.as_ref().map(|_| {
                (
                    "resource-of-no-action",
                    format!("no action of this statement is about a resource like `{text}`"),
                    "compare the ARN with the resource types of the actions",
                )
            }),
        };
        if let Some((code, message, help)) = found {
            let place = place(element, index, pattern, &resources.span);
            at.report((code, gravity, E::Inert), &place, &pattern.span, message, help);
        }
    }
}
