//! From the path of a planned attribute to its expression in the configuration.

use serde_json::{Map, Value};

use super::Step;
use super::scope::Scope;
use crate::expression::Expression;
use crate::traversal::Segment;
use crate::{Attr, Instance, Key, View};

/// An expression, and the part of the path that leads into its value.
pub(super) struct Place {
    pub(super) expression: Expression,
    pub(super) rest: Vec<Segment>,
}

/// The expression at `path`; several where it cannot be said which of several blocks it is in. The error is
/// the sentence that the trail ends with.
pub(super) fn locate(
    instance: &Instance<'_>,
    scope: &Scope<'_, '_>,
    path: &[Step<'_>],
) -> Result<Vec<Place>, String> {
    let raw = scope.resource.and_then(|resource| resource.expressions);
    let expressions: Value = raw
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .ok_or_else(|| format!("the configuration of `{}` shows no arguments", instance.address))?;
    // The values are only needed to tell blocks apart.
    let blocks = path.iter().any(|step| matches!(step, Step::Index(_)));
    let after = blocks.then(|| instance.after()).flatten().unwrap_or_default();
    let mut found = Vec::new();
    descend(&expressions, after.view(), path, &mut found).map_err(|why| {
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        format!("`{}` of `{}` {why}", path.concat().trim_start_matches('.'), instance.address)
    })?;
    Ok(found)
}

const MISSING: &str = "is not set in the configuration that the plan shows";
const DYNAMIC: &str = "is in a `dynamic` block, which the plan does not show";

fn descend(
    value: &Value,
    planned: View<'_>,
    path: &[Step<'_>],
    found: &mut Vec<Place>,
) -> Result<(), &'static str> {
    if let Some(expression) = Expression::of(value) {
        found.push(Place { expression, rest: path.iter().map(segment).collect() });
        return Ok(());
    }
    match (value, path) {
        (Value::Object(entries), [Step::Name(name), rest @ ..]) => {
            descend(entries.get(*name).ok_or(MISSING)?, planned.get(name), rest, found)
        }
        // A block that can only be there once is shown without a list, but planned as one.
        (Value::Object(_), [Step::Index(0), rest @ ..]) => descend(value, planned.item(0), rest, found),
        (Value::Array(blocks), [Step::Index(index), rest @ ..]) => {
            let Attr::Known(items) = planned.items() else { return Err(DYNAMIC) };
            let item = *items.get(*index).ok_or(MISSING)?;
            if items.len() != blocks.len() {
                return Err(DYNAMIC);
            }
            // A set of blocks is planned in another order than it is written in.
            let fitting: Vec<&Value> = blocks.iter().filter(|block| may_be(block, item)).collect();
            if fitting.is_empty() {
                return Err(DYNAMIC);
            }
            fitting.into_iter().try_for_each(|block| descend(block, item, rest, found))
        }
        (Value::Array(blocks), [Step::Name(_), ..]) if blocks.len() == 1 => {
            blocks.iter().try_for_each(|block| descend(block, planned.item(0), path, found))
        }
        _ => Err(MISSING),
    }
}

/// Whether a block of the configuration can be the planned one: no constant in it contradicts.
fn may_be(block: &Value, planned: View<'_>) -> bool {
    let contradicts = |(name, value): (&String, &Value)| {
        let planned = planned.get(name);
        let known = planned.json().filter(|_| !planned.has_unknown());
        match (Expression::of(value), known) {
            (Some(Expression::Constant(Value::Array(mut constant))), Some(Value::Array(known))) => {
                let mut known = known.clone();
                constant.sort_by_key(Value::to_string);
                known.sort_by_key(Value::to_string);
                constant != known
            }
            (Some(Expression::Constant(constant)), Some(known)) => {
                scalar(&constant).zip(scalar(known)).is_some_and(|(constant, known)| constant != known)
            }
            _ => false,
        }
    };
    !block.as_object().unwrap_or(&Map::new()).iter().any(contradicts)
}

/// A scalar as text, since Terraform converts `1` to `"1"` where a string is wanted.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

fn segment(step: &Step<'_>) -> Segment {
    match step {
        Step::Name(name) => Segment::Name((*name).to_owned()),
        Step::Index(index) => Segment::Key(Key::Index(*index as u64)),
    }
}

impl std::fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => write!(f, ".{name}"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}
