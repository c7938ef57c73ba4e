//! Policy variables: how they are written, and where they may stand.

use super::{At, Effectiveness as E, Gravity as G, place};
use crate::matching::variable_keys;
use crate::{PrincipalPattern, Spanned, Version, placeholder};

pub(super) fn check(at: &mut At<'_, '_>) {
    let statement = at.statement;
    for (index, action) in statement.actions.patterns.iter().enumerate() {
        let element = if statement.actions.not { "NotAction" } else { "Action" };
        unsupported(at, &place(element, index, action, &statement.actions.span), &action.value, &action.span);
    }
    if let Some(principals) = &statement.principals {
        for entry in &principals.patterns {
            if let PrincipalPattern::Invalid(text) | PrincipalPattern::Arn(text) = &entry.value {
                let element = if principals.not { "NotPrincipal" } else { "Principal" };
                unsupported(at, element, text, &entry.span);
            }
        }
    }
    if at.policy().version == Version::V2008 {
        return;
    }
    if let Some(resources) = &statement.resources {
        for (index, pattern) in resources.patterns.iter().enumerate() {
            let element = if resources.not { "NotResource" } else { "Resource" };
            shape(at, &place(element, index, pattern, &resources.span), pattern);
        }
    }
    for line in &statement.conditions {
        let place = format!("Condition/{}/{}", line.operator.value, line.key.value);
        for value in &line.values {
            shape(at, &place, value);
        }
    }
}

/// Reports a variable where it stays text.
fn unsupported(at: &mut At<'_, '_>, place: &str, text: &str, span: &std::ops::Range<usize>) {
    if let Some(key) = variable_keys(text).find(|key| key.contains(':') && !key.contains("::")) {
        at.report(
            ("variable-unsupported-in-element", G::Error, E::Inert),
            place,
            span,
            format!(
                "`${{{key}}}` stays as it is written: variables stand in `Resource` and `Condition` only"
            ),
            "write the value, or use a condition",
        );
    }
}

/// Reports variables that AWS does not read as such.
fn shape(at: &mut At<'_, '_>, place: &str, text: &Spanned<String>) {
    let mut rest = text.value.as_str();
    while let Some((_, after)) = rest.split_once("${") {
        let found = match after.split_once('}') {
            None => Some((
                "missing-brace-in-variable",
                "a variable has no closing brace",
                "write `}` after the name",
            )),
            Some((inner, _)) => fault(inner),
        };
        if let Some((code, message, help)) = found {
            at.report(
                (code, G::Error, E::Inert),
                place,
                &text.span,
                format!("{message}: `{}`", text.value),
                help,
            );
        }
        rest = after;
    }
}

/// What is wrong between the braces of a variable.
fn fault(inner: &str) -> Option<(&'static str, &'static str, &'static str)> {
    if ["*", "?", "$"].contains(&inner) || placeholder(&format!("${{{inner}}}")).is_some() {
        return None;
    }
    if inner.trim().is_empty() {
        return Some(("empty-variable", "a variable has no name", "name a condition key, or remove it"));
    }
    let (key, default) =
        inner.split_once(',').map_or((inner, None), |(key, default)| (key, Some(default.trim())));
    let is_quoted = |text: &str| text.len() > 1 && text.starts_with('\'') && text.ends_with('\'');
    if default.is_some_and(|default| !is_quoted(default)) {
        return Some((
            "missing-quote-in-variable",
            "the default of a variable is not in single quotes",
            "write `${key, 'default'}`",
        ));
    }
    if key.contains(' ') {
        return Some((
            "unsupported-space-in-variable",
            "the name of a variable has a space",
            "remove the space",
        ));
    }
    let is_plain = |char: char| char.is_alphanumeric() || ":/.-_+=@".contains(char);
    (!key.chars().all(is_plain)).then_some((
        "unsupported-symbol-in-variable",
        "the name of a variable has a symbol that no key has",
        "write the name of a condition key",
    ))
}
