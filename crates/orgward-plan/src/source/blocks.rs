//! From the path of an attribute to its expression, through nested and `dynamic` blocks.

use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use serde_json::Value;

use super::evaluate::{Bound, Evaluator, Place, open};
use super::{Spelled, Written, agreement, traverse};
use crate::resolution::scope::Scope;
use crate::{Attr, Instance, Mode, Plan, Step, View};

/// Blocks that are planned in the order that they are written in. All others may be sets.
const LISTS: [&str; 1] = ["statement"];

/// The inside of a block, and the variables of the `dynamic` blocks around it.
struct Inner<'p> {
    body: &'p Body,
    /// The whole block, or the `content` of a dynamic one.
    span: Option<Range<usize>>,
    bound: Bound,
}

impl<'a> Plan<'a> {
    /// What the sources say of an attribute; `None` without sources, or when they do not have it.
    pub fn spell_out(&self, instance: &Instance<'a>, path: &[Step<'_>]) -> Option<Spelled> {
        let sources = self.sources.as_deref()?;
        let scope = Scope::of(self, instance).ok()?;
        let ident = if instance.mode == Mode::Data { "data" } else { "resource" };
        let module = traverse::calls(&scope.path);
        let block = sources.block(&module, ident, &[&instance.kind, &instance.name])?;
        if !agreement::resource(&scope, block.block) {
            return Some(open(agreement::OTHER));
        }
        let after = instance.after().unwrap_or_default();
        let evaluator = Evaluator::new(self, sources);
        let inner = Inner { body: &block.block.body, span: None, bound: Bound::new() };
        let place = Place::of(scope, block);
        Some(evaluator.descend(&inner, after.view(), path, &place))
    }

    /// Whether a text is, or has in it, the value of a variable that is marked sensitive.
    pub fn is_secret(&self, text: &str) -> bool {
        self.secrets.as_ref().is_some_and(|secrets| secrets.contains(text))
    }
}

impl<'p, 'a> Evaluator<'p, 'a> {
    /// Where each of the blocks with a name is written, `dynamic` ones once for each that they make.
    pub(super) fn written_blocks(
        &self,
        block: Written<'p>,
        name: &str,
        place: &Place<'p, 'a>,
    ) -> Option<Vec<Range<usize>>> {
        let inner = Inner { body: &block.block.body, span: None, bound: Bound::new() };
        let blocks = self.blocks(&inner, name, place).ok()?;
        blocks.into_iter().map(|block| block.span).collect()
    }

    fn descend(
        &self,
        inner: &Inner<'p>,
        planned: View<'_>,
        path: &[Step<'_>],
        place: &Place<'p, 'a>,
    ) -> Spelled {
        let [Step::Name(name), rest @ ..] = path else {
            return open("a block as a whole is not followed here");
        };
        if let Some(attribute) = inner.body.get_attribute(name) {
            let value = self.expression(&attribute.value, place, &inner.bound, 0);
            return rest.iter().fold(value, |value, step| match (step, &value) {
                (Step::Name(name), _) => self.walk(&value, name, 0),
                // A set is planned in another order than it is written in.
                (Step::Index(_), Spelled::Set(items) | Spelled::List(items)) if items.len() == 1 => {
                    items.first().cloned().unwrap_or(Spelled::Null)
                }
                // A block that is written as JSON is an attribute here.
                (Step::Index(index), Spelled::List(items)) if LISTS.contains(name) => {
                    items.get(*index).cloned().unwrap_or_else(|| open(agreement::OTHER))
                }
                (Step::Index(_), map @ Spelled::Map(_)) => map.clone(),
                (Step::Index(_), _) => open("which element it is cannot be told"),
            });
        }
        let blocks = match self.blocks(inner, name, place) {
            Ok(blocks) => blocks,
            Err(why) => return why,
        };
        let planned = planned.get(name);
        let Attr::Known(items) = planned.items() else {
            return open(format!("the blocks `{name}` are unknown until apply"));
        };
        if blocks.len() != items.len() {
            return open(agreement::OTHER);
        }
        let [Step::Index(index), rest @ ..] = rest else {
            return open("a block as a whole is not followed here");
        };
        let Some(item) = items.get(*index) else { return open(agreement::OTHER) };
        let fits = |block: &&Inner<'p>| self.may_be(block, *item, place);
        let candidates: Vec<&Inner<'p>> = if LISTS.contains(name) {
            blocks.get(*index).into_iter().filter(fits).collect()
        } else {
            blocks.iter().filter(fits).collect()
        };
        let mut values = candidates.into_iter().map(|block| self.descend(block, *item, rest, place));
        match values.next() {
            Some(first) if values.all(|other| other == first) => first,
            Some(_) => open(format!("which of the blocks `{name}` it is cannot be told")),
            None => open(agreement::OTHER),
        }
    }

    /// The blocks with a name, `dynamic` ones expanded, as they are written.
    fn blocks(
        &self,
        inner: &Inner<'p>,
        name: &str,
        place: &Place<'p, 'a>,
    ) -> Result<Vec<Inner<'p>>, Spelled> {
        let mut found = Vec::new();
        for block in inner.body.blocks() {
            if block.ident.as_str() == name {
                found.push(Inner { body: &block.body, span: block.span(), bound: inner.bound.clone() });
            } else if block.ident.as_str() == "dynamic"
                && block.labels.first().is_some_and(|label| label.as_str() == name)
            {
                found.extend(self.expanded(block, name, inner, place)?);
            }
        }
        Ok(found)
    }

    fn expanded(
        &self,
        block: &'p Block,
        name: &str,
        inner: &Inner<'p>,
        place: &Place<'p, 'a>,
    ) -> Result<Vec<Inner<'p>>, Spelled> {
        let malformed = || open("a `dynamic` block is not followed here");
        let repetition = block.body.get_attribute("for_each").ok_or_else(malformed)?;
        let content = block.body.get_blocks("content").next().ok_or_else(malformed)?;
        let iterator = match block.body.get_attribute("iterator").map(|iterator| &iterator.value) {
            None => name,
            Some(Expression::Variable(name)) => name.as_str(),
            Some(_) => return Err(malformed()),
        };
        let collection = self.expression(&repetition.value, place, &inner.bound, 1);
        let each = |(key, value): (Spelled, Spelled)| {
            let mut bound = inner.bound.clone();
            let entries = [("key".to_owned(), key), ("value".to_owned(), value)];
            bound.push((iterator.to_owned(), Spelled::map(entries)));
            Inner { body: &content.body, span: content.span(), bound }
        };
        Ok(self.pairs(collection)?.into_iter().map(each).collect())
    }

    /// Whether a block can be the planned one: nothing that is known of it contradicts.
    fn may_be(&self, block: &Inner<'p>, planned: View<'_>, place: &Place<'p, 'a>) -> bool {
        block.body.attributes().all(|attribute| {
            let planned = planned.get(attribute.key.as_str());
            let Some(known) = planned.json().filter(|_| !planned.has_unknown()) else { return true };
            let written = self.expression(&attribute.value, place, &block.bound, 1);
            match (written.items(), known) {
                (Some(items), Value::Array(known)) => {
                    let Some(mut items) = items.iter().map(Spelled::literal).collect::<Option<Vec<_>>>()
                    else {
                        return true;
                    };
                    let mut known: Vec<String> = known.iter().filter_map(scalar).collect();
                    items.sort();
                    items.dedup();
                    known.sort();
                    known.dedup();
                    items == known
                }
                _ => match (written.literal(), scalar(known)) {
                    (Some(written), Some(known)) => written == known,
                    _ => true,
                },
            }
        })
    }
}

/// A scalar as text, since Terraform converts `1` to `"1"` where a string is wanted.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}
