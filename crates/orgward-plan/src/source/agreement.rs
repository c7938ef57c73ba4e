//! Whether the sources are those that the plan was made from: every expression that the plan shows refers to the same
//! things, and every constant is the same.

use std::collections::BTreeSet;

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use serde_json::Value;

use super::names;
use crate::configuration::Module;
use crate::expression;
use crate::resolution::scope::Scope;

/// What is said of sources that are not.
pub(super) const OTHER: &str = "the sources are not those that the plan was made from";

/// Whether a resource is written as the plan shows it.
pub(super) fn resource(scope: &Scope<'_, '_>, block: &Block) -> bool {
    let Some(resource) = scope.resource else { return false };
    let raw = resource.expressions.map_or("{}", serde_json::value::RawValue::get);
    let repetition = expression::Expression::parse(resource.for_each_expression);
    let written = block.body.get_attribute("for_each");
    let repeated = match (repetition, written) {
        (Some(shown), Some(written)) => agrees(&shown, &written.value),
        (Some(_), None) => false,
        (None, _) => true,
    };
    repeated && serde_json::from_str(raw).is_ok_and(|shown: Value| body(&shown, &block.body))
}

/// Whether an argument of a module call is written as the plan shows it.
pub(super) fn argument(caller: &Scope<'_, '_>, call: &str, name: &str, written: &Expression) -> bool {
    let raw = caller.module.call(call).and_then(|call| call.expressions);
    let shown: Option<Value> = raw.and_then(|raw| serde_json::from_str(raw.get()).ok());
    let shown = shown.as_ref().and_then(|shown| shown.get(name)).and_then(expression::Expression::of);
    shown.is_some_and(|shown| agrees(&shown, written))
}

/// Whether an output is written as the plan shows it.
pub(super) fn output(module: &Module<'_>, name: &str, written: &Expression) -> bool {
    let shown = module.output(name).and_then(|output| expression::Expression::parse(output.expression));
    shown.is_some_and(|shown| agrees(&shown, written))
}

fn body(shown: &Value, written: &Body) -> bool {
    let Some(entries) = shown.as_object() else { return false };
    entries.iter().all(|(name, shown)| {
        if let Some(shown) = expression::Expression::of(shown) {
            // A block that is written as an attribute, or the other way round, is shown as what it is in the schema.
            let attribute = written.get_attribute(name).map(|found| agrees(&shown, &found.value));
            return attribute.unwrap_or_else(|| written.has_blocks(name));
        }
        let blocks: Vec<&Block> = written.get_blocks(name).collect();
        match shown {
            Value::Array(shown) => {
                (blocks.is_empty() && written.has_attribute(name))
                    || (shown.len() == blocks.len()
                        && shown.iter().zip(blocks).all(|(shown, block)| body(shown, &block.body)))
            }
            // A map of blocks, or a block that can only be there once.
            _ => match blocks.as_slice() {
                [only] => !only.labels.is_empty() || body(shown, &only.body),
                several => !several.is_empty() || written.has_attribute(name),
            },
        }
    })
}

/// Whether an expression is written as the plan shows it.
pub(super) fn agrees(shown: &expression::Expression, written: &Expression) -> bool {
    let heads = names::heads(written);
    match shown {
        expression::Expression::References(references) => {
            let shown: Option<BTreeSet<String>> =
                references.iter().map(|reference| names::head(&reference.text)).collect();
            shown.is_some_and(|shown| shown == heads)
        }
        expression::Expression::Opaque => heads.is_empty(),
        expression::Expression::Constant(value) => {
            let same = match (value, written) {
                (Value::String(shown), Expression::String(written)) => shown == written.as_str(),
                (Value::Bool(shown), Expression::Bool(written)) => shown == written.value(),
                _ => true,
            };
            heads.is_empty() && same
        }
    }
}
