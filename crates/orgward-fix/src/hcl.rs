//! Edits of a configuration: texts are cut at the places that the parser says, so that comments and layout stay.

use std::collections::BTreeMap;
use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Object, ObjectKey, TraversalOperator};
use hcl_edit::structure::{Attribute, Block, Body};
use serde_json::Value;

use crate::json::{add_condition, insert};
use crate::{Change, Edit};

/// Makes an edit in the files of a root module, by name; `None` where the place is not found, or is not one that is
/// written once: a module, an expression, a document that several resources share. `plan` is the plan before the edit.
pub fn edit_sources(
    files: &BTreeMap<String, String>,
    edit: &Edit,
    plan: &Value,
) -> Option<BTreeMap<String, String>> {
    let address = edit.address.as_str();
    let address = if address.ends_with(']') { address.split('[').next()? } else { address };
    let (kind, name) = address.split_once('.')?;
    if kind == "module" || kind == "data" || name.contains('.') {
        return None;
    }
    let mut edited = files.clone();
    if edit.change == Change::Keep {
        let (file, block) = restored(files, edit, kind, name, plan)?;
        let text = edited.get_mut(&file)?;
        let gap = if text.is_empty() || text.ends_with("\n\n") { "" } else { "\n" };
        *text = format!("{text}{gap}{block}");
        return Some(edited);
    }
    let (file, body) = block_of(files, "resource", &[kind, name])?;
    let text = files.get(&file)?;
    let block = body.blocks().find(|block| is(block, "resource", &[kind, name]))?;
    match &edit.change {
        Change::Keep => None,
        Change::Attributes(attributes) => {
            let mut whole = text.clone();
            for (name, value) in attributes {
                let body: Body = hcl_edit::parser::parse_body(&whole).ok()?;
                let block = body
                    .blocks()
                    .find(|it| it.labels.iter().map(label).eq(block.labels.iter().map(label)))?;
                whole = set(&whole, block, name, value)?;
            }
            edited.insert(file, whole);
            Some(edited)
        }
        Change::Condition { attribute, statement, operator, key, value } => {
            let condition = (*operator, *key, value.as_str());
            let attribute = block.body.get_attribute(attribute)?;
            let (file, text) = condition_in(files, (&file, text), attribute, *statement, condition)?;
            edited.insert(file, text);
            Some(edited)
        }
    }
}

/// Whether a file is configuration, by its name. Terraform takes endings as they are written.
pub fn is_configuration(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|ending| ending == "tf" || ending == "tofu")
}

fn label(label: &hcl_edit::structure::BlockLabel) -> &str {
    label.as_str()
}

fn is(block: &Block, ident: &str, labels: &[&str]) -> bool {
    block.ident.as_str() == ident && block.labels.iter().map(label).eq(labels.iter().copied())
}

/// The file that has a block, parsed; `None` where none or several have it.
fn block_of(files: &BTreeMap<String, String>, ident: &str, labels: &[&str]) -> Option<(String, Body)> {
    let mut found = files.iter().filter(|(name, _)| is_configuration(name)).filter_map(|(name, text)| {
        let body: Body = hcl_edit::parser::parse_body(text).ok()?;
        let count = body.blocks().filter(|block| is(block, ident, labels)).count();
        (count > 0).then_some((name.clone(), body, count))
    });
    let (name, body, count) = found.next()?;
    (count == 1 && found.next().is_none()).then_some((name, body))
}

/// Sets an attribute of a block.
fn set(text: &str, block: &Block, name: &str, value: &Value) -> Option<String> {
    let value = value.to_string();
    if value.contains("${") || value.contains("%{") {
        return None;
    }
    if let Some(attribute) = block.body.get_attribute(name) {
        // An expression may be used for more than this.
        let is_literal =
            matches!(attribute.value, Expression::Bool(_) | Expression::String(_) | Expression::Null(_));
        let span = attribute.value.span().filter(|_| is_literal)?;
        return replace(text, span, &value);
    }
    insert(text, end_of(text, block.span()?)?, &format!("{name} = {value}"), "")
}

/// The place of the bracket that ends a block or an object.
fn end_of(text: &str, span: Range<usize>) -> Option<usize> {
    let part = text.get(span.clone())?.trim_end();
    part.ends_with('}').then(|| span.start + part.len() - 1)
}

fn replace(text: &str, span: Range<usize>, by: &str) -> Option<String> {
    Some(format!("{}{by}{}", text.get(..span.start)?, text.get(span.end..)?))
}

/// Adds a condition to a statement of the document that an attribute has; the file that changes, and its text.
fn condition_in(
    files: &BTreeMap<String, String>,
    (file, text): (&str, &str),
    attribute: &Attribute,
    statement: usize,
    condition: (&str, &str, &str),
) -> Option<(String, String)> {
    match &attribute.value {
        Expression::FuncCall(call) if call.name.name.as_str() == "jsonencode" => {
            let Expression::Object(document) = call.args.iter().next()? else { return None };
            let object = match member(document, "Statement")? {
                Expression::Array(statements) => match statements.get(statement)? {
                    Expression::Object(object) => object,
                    _ => return None,
                },
                Expression::Object(object) if statement == 0 => object,
                _ => return None,
            };
            Some((file.to_owned(), condition_of(text, object, condition)?))
        }
        Expression::FuncCall(call) if call.name.name.as_str() == "file" => {
            let name = file_name(call.args.iter().next()?, text)?;
            let edited = add_condition(files.get(&name)?, statement, condition)?;
            Some((name, edited))
        }
        Expression::HeredocTemplate(_) => {
            let span = attribute.value.span()?;
            let part = text.get(span.clone())?;
            let (start, end) = (part.find('{')?, part.rfind('}')? + 1);
            let edited = add_condition(part.get(start..end)?, statement, condition)?;
            Some((file.to_owned(), replace(text, span.start + start..span.start + end, &edited)?))
        }
        Expression::Traversal(traversal) => {
            let mut steps = Vec::new();
            if let Expression::Variable(variable) = &traversal.expr {
                steps.push(variable.as_str().to_owned());
            }
            for operator in &traversal.operators {
                let TraversalOperator::GetAttr(name) = operator.value() else { return None };
                steps.push(name.as_str().to_owned());
            }
            let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
            let ["data", kind @ "aws_iam_policy_document", name, "json"] = *steps.as_slice() else {
                return None;
            };
            // A document that others use, too, changes more than this resource.
            let uses: usize =
                files.values().map(|text| text.matches(&format!("{kind}.{name}.")).count()).sum();
            let (file, body) = block_of(files, "data", &[kind, name]).filter(|_| uses == 1)?;
            let text = files.get(&file)?;
            let document = body.blocks().find(|block| is(block, "data", &[kind, name]))?;
            let block = document.body.get_blocks("statement").nth(statement)?;
            let (operator, key, value) = condition;
            let line = text.get(..block.span()?.start)?.rsplit('\n').next()?;
            let indent: String = line.chars().take_while(|it| it.is_whitespace()).collect();
            let member = format!(
                "condition {{\n{indent}    test     = {}\n{indent}    variable = {}\n{indent}    values   = [{}]\n{indent}  }}",
                quoted(operator)?,
                quoted(key)?,
                quoted(value)?
            );
            let end = end_of(text, block.span()?)?;
            let edited = insert(text, end, &member, "")?;
            Some((file.clone(), edited))
        }
        _ => None,
    }
}

/// The name of a file beside the configuration that an expression names: a text, or one after `path.module`.
fn file_name(expression: &Expression, text: &str) -> Option<String> {
    let part = text.get(expression.span()?)?.trim();
    let name = part.strip_prefix('"')?.strip_suffix('"')?;
    let name = name.strip_prefix("${path.module}/").unwrap_or(name);
    let name = name.strip_prefix("./").unwrap_or(name);
    (!name.contains("${") && !name.contains("..") && !name.starts_with('/')).then(|| name.to_owned())
}

fn member<'o>(object: &'o Object, name: &str) -> Option<&'o Expression> {
    object.iter().find(|(key, _)| key_is(key, name)).map(|(_, value)| value.expr())
}

fn key_is(key: &ObjectKey, name: &str) -> bool {
    match key {
        ObjectKey::Ident(ident) => ident.as_str() == name,
        ObjectKey::Expression(Expression::String(text)) => text.as_str() == name,
        ObjectKey::Expression(_) => false,
    }
}

/// Adds a condition to a statement that is written as an object.
fn condition_of(
    text: &str,
    statement: &Object,
    (operator, key, value): (&str, &str, &str),
) -> Option<String> {
    let pair = format!("{} = {}", quoted(key)?, quoted(value)?);
    let (object, member_text) = match member(statement, "Condition") {
        None => (statement, format!("Condition = {{ {operator} = {{ {pair} }} }}")),
        Some(Expression::Object(condition)) => match member(condition, operator) {
            None => (condition, format!("{operator} = {{ {pair} }}")),
            Some(Expression::Object(keys)) if member(keys, key).is_none() => (keys, pair),
            Some(_) => return None,
        },
        Some(_) => return None,
    };
    let end = end_of(text, object.span()?)?;
    // Members on one line have commas between them; those on lines of their own need none.
    let has_lines = text.get(..end)?.trim_end_matches([' ', '\t']).ends_with('\n');
    insert(text, end, &member_text, if has_lines { "" } else { "," })
}

/// A text of HCL without templates in it.
fn quoted(text: &str) -> Option<String> {
    let quoted = serde_json::to_string(text).ok()?;
    (!quoted.contains("${") && !quoted.contains("%{")).then_some(quoted)
}

/// The block of an attachment that the plan destroys, and the file that the policy is in. What the same configuration
/// manages is referred to.
fn restored(
    files: &BTreeMap<String, String>,
    edit: &Edit,
    kind: &str,
    name: &str,
    plan: &Value,
) -> Option<(String, String)> {
    let rows = plan["resource_changes"].as_array()?;
    let row = rows.iter().find(|row| row["address"] == edit.address.as_str())?;
    // Something is still written there: then it is no block that was removed.
    if row["index"] != Value::Null || block_of(files, "resource", &[kind, name]).is_some() {
        return None;
    }
    let before = row.pointer("/change/before")?;
    let mut file = None;
    let mut reference = |attribute: &str| {
        let id = before.get(attribute)?.as_str()?;
        let manager = rows.iter().find(|row| {
            row["mode"] == "managed"
                && row["index"] == Value::Null
                && row.pointer("/change/after/id").is_some_and(|it| *it == id)
        });
        if let Some((kind, name)) =
            manager.and_then(|row| Some((row["type"].as_str()?, row["name"].as_str()?)))
            && let Some((found, _)) = block_of(files, "resource", &[kind, name])
        {
            file.get_or_insert(found);
            return Some(format!("{kind}.{name}.id"));
        }
        quoted(id)
    };
    let (policy, target) = (reference("policy_id")?, reference("target_id")?);
    let file = file.or_else(|| files.keys().find(|name| is_configuration(name)).cloned())?;
    let block = format!(
        "resource {} {} {{\n  policy_id = {policy}\n  target_id = {target}\n}}\n",
        quoted(kind)?,
        quoted(name)?
    );
    Some((file, block))
}
