//! Where a statement of a policy document is written: through text, `jsonencode`, and the documents that another one is
//! made of.

use hcl_edit::Span as _;

use super::evaluate::{Bound, Evaluator, Place};
use super::parse::json;
use super::site::of_map;
use super::value::{Literal, Part, Provenance};
use super::{FileLine, Sources, Spelled, traverse};
use crate::resolution::scope::Scope;
use crate::{Address, Attr, Plan, Step};

/// How often a document leads to another one.
const DEPTH: usize = 8;

impl Plan<'_> {
    /// The line of a statement of a document.
    pub(super) fn statement(
        &self,
        sources: &Sources,
        value: &Spelled,
        index: usize,
        depth: usize,
    ) -> Option<FileLine> {
        match value {
            Spelled::Json(document) => {
                let statements = document.child("Statement")?;
                let statement = match statements {
                    Spelled::List(items) | Spelled::Set(items) => items.get(index)?,
                    one => one,
                };
                of_map(statement).or_else(|| of_map(document))
            }
            Spelled::Text(parts) => {
                if let Some(found) = value.reference() {
                    let [target] = found.targets.as_slice() else { return None };
                    return self.document(sources, &target.address, &target.attribute, index, depth + 1);
                }
                let mut text = String::new();
                let mut starts: Vec<(usize, &Literal)> = Vec::new();
                for part in parts {
                    match part {
                        Part::Literal(literal) => {
                            starts.push((text.len(), literal));
                            text.push_str(literal);
                        }
                        Part::Reference(_) | Part::Open(_) => text.push('0'),
                    }
                }
                let at = statement_of(&text, index)?;
                let before = starts.partition_point(|(start, _)| *start <= at).checked_sub(1)?;
                let (start, literal) = starts.get(before)?;
                match literal.from(at - start) {
                    Provenance::Line(line) => Some(line),
                    Provenance::Attribute(address, name) => {
                        self.document(sources, &address, &name, index, depth + 1)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The line of a statement of a document that is an attribute of something.
    fn document(
        &self,
        sources: &Sources,
        address: &Address,
        attribute: &str,
        index: usize,
        depth: usize,
    ) -> Option<FileLine> {
        if depth > DEPTH {
            return None;
        }
        let instance = self.instance(address)?;
        if &*instance.kind != "aws_iam_policy_document" {
            let value = self.spell_out(instance, &[Step::Name(attribute)])?;
            return self.statement(sources, &value, index, depth);
        }
        let scope = Scope::of(self, instance).ok()?;
        let block =
            sources.block(&traverse::calls(&scope.path), "data", &[&instance.kind, &instance.name])?;
        let lines = block.lines();
        let evaluator = Evaluator::new(self, sources);
        let place = Place::of(scope, block);
        let statements = evaluator.written_blocks(block, "statement", &place)?;
        let text = instance.after().and_then(|after| match after.get(attribute).state() {
            Attr::Known(()) => after.get(attribute).json().and_then(|json| json.as_str()).map(str::to_owned),
            _ => None,
        });
        let Some(text) = text else {
            let span = statements.get(index).cloned().or_else(|| block.block.span());
            return Some(lines.at(span?.start));
        };
        // What another document gives is the same there: those that override come last and replace what has their id.
        let others: Vec<Spelled> = ["override_policy_documents", "source_policy_documents"]
            .into_iter()
            .filter_map(|name| block.block.body.get_attribute(name))
            .flat_map(|attribute| match evaluator.expression(&attribute.value, &place, &Bound::new(), 0) {
                Spelled::List(items) | Spelled::Set(items) => items.into_iter().rev().collect(),
                _ => Vec::new(),
            })
            .collect();
        let all = statements_of(&text);
        let given = |statement: &serde_json::Value| {
            others.iter().find_map(|other| {
                let at =
                    statements_of(&self.text_of_document(other)?).iter().position(|it| it == statement)?;
                Some((other, at))
            })
        };
        let asked = all.get(index)?;
        if let Some((other, at)) = given(asked)
            && let Some(line) = self.statement(sources, other, at, depth + 1)
        {
            return Some(line);
        }
        let before = all.iter().take(index).filter(|statement| given(statement).is_some()).count();
        let known = all.iter().filter(|statement| given(statement).is_some()).count();
        let span = if all.len() - known == statements.len() {
            statements.get(index - before).cloned()
        } else {
            // Of a document that is not followed: those that it is made of come first.
            let others = all.len().saturating_sub(statements.len());
            match index.checked_sub(others) {
                Some(own) => statements.get(own).cloned(),
                None => {
                    block.block.body.get_attribute("source_policy_documents").and_then(hcl_edit::Span::span)
                }
            }
        };
        Some(lines.at(span.or_else(|| block.block.span())?.start))
    }

    /// The text of a document, where it is known: as it is spelled out, or as the plan shows it.
    fn text_of_document(&self, value: &Spelled) -> Option<String> {
        if let Some(found) = value.reference() {
            let [target] = found.targets.as_slice() else { return None };
            let after = self.instance(&target.address)?.after()?;
            return after.get(&target.attribute).json()?.as_str().map(str::to_owned);
        }
        value.literal()
    }
}

/// Where a statement of a document begins.
fn statement_of(text: &str, index: usize) -> Option<usize> {
    let (_, statements) =
        json::entries(text.trim())?.into_iter().rev().find(|(name, _)| name == "Statement")?;
    let statement = match json::elements(statements.get()) {
        Some(all) => all.get(index)?.get(),
        None => statements.get(),
    };
    Some(json::offset(text, statement))
}

/// The statements of a document.
fn statements_of(text: &str) -> Vec<serde_json::Value> {
    let document = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    match document.get("Statement") {
        Some(serde_json::Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}
