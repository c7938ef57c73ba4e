//! What a configuration says by itself, without a plan: what is written as a literal is known, and all else is not.

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::structure::{Block, BlockLabel, Body};
use hcl_edit::visit::{Visit, visit_traversal};
use serde_json::{Map, Value, json};

use super::{Sources, Written};

/// What a block of a resource says of Terraform and not of the resource.
const META: [&str; 9] = [
    "connection",
    "count",
    "depends_on",
    "dynamic",
    "for_each",
    "lifecycle",
    "provider",
    "provisioner",
    "timeouts",
];

/// A resource or data source of the root module, and the lines that it is written in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeclaredBlock {
    /// Its address, without a key.
    pub address: String,
    /// The file, as it is called in messages.
    pub file: String,
    /// The first line and the last, from 1.
    pub lines: (usize, usize),
}

impl Sources {
    /// The resources and data sources of the root module, in the order of the files.
    pub fn declarations(&self) -> Vec<DeclaredBlock> {
        let each = |written: Written<'_>| {
            let span = written.block.span()?;
            let (lines, text) = (written.lines(), &written.file.text);
            // A span may go on over what follows the bracket.
            let end = text.get(span.clone()).map_or(span.end, |part| span.start + part.trim_end().len());
            Some(DeclaredBlock {
                address: address(written.block)?,
                file: lines.at(span.start).file.to_string(),
                lines: (lines.line(span.start), lines.line(end.saturating_sub(1))),
            })
        };
        self.blocks("").filter_map(each).collect()
    }

    /// The root module as a plan that creates everything in it, in the form of `terraform show -json`. Only literals are
    /// known in it; what an expression comes to is for the sources to say, which belong to the plan. `defaults` are values
    /// of attributes that the provider fills in: type, attribute and value.
    ///
    /// ```
    /// use orgward_plan::{SourceFile, Sources};
    ///
    /// let file = SourceFile { name: "main.tf".to_owned(), text: "resource \"a\" \"b\" {\n  c = 1\n  d = var.e\n}\n".to_owned() };
    /// let sources = Sources::load("", &mut |folder| if folder.is_empty() { vec![file.clone()] } else { Vec::new() });
    /// let plan: serde_json::Value = serde_json::from_slice(&sources.alone(&[])).unwrap();
    /// let change = &plan["resource_changes"][0]["change"];
    /// assert_eq!((&change["after"]["c"], &change["after_unknown"]["d"]), (&1.into(), &true.into()));
    /// ```
    pub fn alone(&self, defaults: &[(&str, &str, &str)]) -> Vec<u8> {
        let (mut rows, mut declared) = (Vec::new(), Vec::new());
        for written in self.blocks("") {
            let block = written.block;
            let Some(address) = address(block) else { continue };
            let labels: Vec<&str> = block.labels.iter().map(BlockLabel::as_str).collect();
            let [kind, name] = *labels.as_slice() else { continue };
            // A resource that is turned off is none.
            if matches!(block.body.get_attribute("count").map(|it| literal(&it.value)), Some(Some(Value::Number(it))) if it.as_u64() == Some(0))
            {
                continue;
            }
            let is_data = block.ident.as_str() == "data";
            let mode = if is_data { "data" } else { "managed" };
            let mut said = Said::of(&block.body);
            for (_, attribute, value) in defaults.iter().filter(|(of, ..)| *of == kind && !is_data) {
                if !said.known.contains_key(*attribute) && !said.unknown.contains_key(*attribute) {
                    said.known.insert((*attribute).to_owned(), (*value).into());
                }
            }
            // What a provider computes.
            for computed in ["id", "arn", "json"] {
                if !said.known.contains_key(computed) && (computed != "json" || is_data) {
                    said.unknown.insert(computed.to_owned(), true.into());
                }
            }
            let provider = kind.split('_').next().unwrap_or(kind);
            let mut resource = json!({
                "address": address, "mode": mode, "type": kind, "name": name,
                "provider_config_key": provider, "expressions": said.expressions,
            });
            for (attribute, key) in [("for_each", "for_each_expression"), ("count", "count_expression")] {
                if let (Some(found), Some(resource)) =
                    (block.body.get_attribute(attribute), resource.as_object_mut())
                {
                    resource.insert(key.to_owned(), expression(&found.value));
                }
            }
            declared.push(resource);
            rows.push(json!({
                "address": address, "mode": mode, "type": kind, "name": name,
                "provider_name": format!("registry.terraform.io/hashicorp/{provider}"),
                "change": {
                    "actions": [if is_data { "read" } else { "create" }],
                    "before": null,
                    "after": said.known,
                    "after_unknown": said.unknown,
                },
            }));
        }
        let configuration = json!({ "root_module": { "resources": declared } });
        json!({
            "format_version": "1.2", "complete": true, "applyable": true, "errored": false,
            "resource_changes": rows, "configuration": configuration,
        })
        .to_string()
        .into_bytes()
    }
}

/// The address of a resource or data source; `None` for other blocks.
fn address(block: &Block) -> Option<String> {
    let labels: Vec<&str> = block.labels.iter().map(BlockLabel::as_str).collect();
    match (block.ident.as_str(), labels.as_slice()) {
        ("resource", [kind, name]) => Some(format!("{kind}.{name}")),
        ("data", [kind, name]) => Some(format!("data.{kind}.{name}")),
        _ => None,
    }
}

/// What a body says, in the sections of a plan.
#[derive(Default)]
struct Said {
    known: Map<String, Value>,
    unknown: Map<String, Value>,
    expressions: Map<String, Value>,
}

impl Said {
    fn of(body: &Body) -> Self {
        let mut said = Self::default();
        for attribute in body.attributes().filter(|it| !META.contains(&it.key.as_str())) {
            let name = attribute.key.as_str().to_owned();
            match literal(&attribute.value) {
                Some(value) => said.known.insert(name.clone(), value),
                None => said.unknown.insert(name.clone(), true.into()),
            };
            said.expressions.insert(name, expression(&attribute.value));
        }
        let mut blocks: Vec<(&str, Vec<Self>)> = Vec::new();
        for block in body.blocks().filter(|it| !META.contains(&it.ident.as_str())) {
            let (name, inner) = (block.ident.as_str(), Self::of(&block.body));
            match blocks.iter_mut().find(|(known, _)| *known == name) {
                Some((_, all)) => all.push(inner),
                None => blocks.push((name, vec![inner])),
            }
        }
        for (name, all) in blocks {
            let (mut known, mut unknown, mut expressions) = (Vec::new(), Vec::new(), Vec::new());
            for one in all {
                known.push(Value::Object(one.known));
                unknown.push(Value::Object(one.unknown));
                expressions.push(Value::Object(one.expressions));
            }
            said.known.insert(name.to_owned(), known.into());
            said.unknown.insert(name.to_owned(), unknown.into());
            said.expressions.insert(name.to_owned(), expressions.into());
        }
        // How many blocks a `dynamic` one makes is unknown, and with it all blocks of that name.
        for block in body.blocks().filter(|block| block.ident.as_str() == "dynamic") {
            let Some(name) = block.labels.first().map(BlockLabel::as_str) else { continue };
            said.known.remove(name);
            said.expressions.remove(name);
            said.unknown.insert(name.to_owned(), true.into());
        }
        said
    }
}

/// The value of a literal.
fn literal(expression: &Expression) -> Option<Value> {
    match expression {
        Expression::Null(_) => Some(Value::Null),
        Expression::Bool(value) => Some((*value.value()).into()),
        Expression::Number(number) => serde_json::from_str(&number.value().to_string()).ok(),
        Expression::String(text) => Some(text.as_str().into()),
        Expression::Parenthesis(inner) => literal(inner.inner()),
        Expression::Array(items) => items.iter().map(literal).collect::<Option<Vec<_>>>().map(Value::from),
        Expression::Object(entries) => {
            let entry = |(key, value): (&ObjectKey, &hcl_edit::expr::ObjectValue)| {
                let key = match key {
                    ObjectKey::Ident(name) => name.as_str().to_owned(),
                    ObjectKey::Expression(Expression::String(text)) => text.as_str().to_owned(),
                    ObjectKey::Expression(_) => return None,
                };
                Some((key, literal(value.expr())?))
            };
            entries.iter().map(entry).collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        _ => None,
    }
}

/// An expression as a plan shows it.
fn expression(expression: &Expression) -> Value {
    if let Some(value) = literal(expression) {
        return json!({ "constant_value": value });
    }
    let mut references = References::default();
    references.visit_expr(expression);
    if references.0.is_empty() { json!({}) } else { json!({ "references": references.0 }) }
}

/// The references in an expression: each as it is written, and then its prefixes, as Terraform lists them.
#[derive(Default)]
struct References(Vec<String>);

impl Visit for References {
    fn visit_traversal(&mut self, node: &Traversal) {
        if let Expression::Variable(first) = &node.expr {
            let mut names = vec![first.as_str().to_owned()];
            for operator in &node.operators {
                match operator.value() {
                    TraversalOperator::GetAttr(name) => names.push(name.as_str().to_owned()),
                    TraversalOperator::Index(Expression::String(key)) => {
                        if let Some(last) = names.last_mut() {
                            *last = format!("{last}[{}]", Value::from(key.as_str()));
                        }
                    }
                    TraversalOperator::Index(Expression::Number(key)) => {
                        if let Some(last) = names.last_mut() {
                            *last = format!("{last}[{}]", key.value());
                        }
                    }
                    _ => break,
                }
            }
            let head = if names.first().is_some_and(|name| name == "data") { 3 } else { 2 };
            while names.len() >= head {
                self.0.push(names.join("."));
                names.pop();
            }
        }
        visit_traversal(self, node);
    }
}
