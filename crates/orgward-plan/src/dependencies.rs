//! Which resources Terraform finishes before it begins with others, as the configuration that a plan shows says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use serde_json::value::RawValue;

use crate::configuration::Module;
use crate::expression::{Expression, Head, Reference};
use crate::traversal::{self, Segment};
use crate::{Address, Plan};

/// The graph of the configuration: what refers to what, and what `depends_on` names. Definitions of locals are in no plan,
/// so there may be more dependencies than it has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Dependencies {
    /// What each thing refers to: resources, variables and outputs by their names with the modules they are in, and
    /// calls of modules for all that is in them.
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl Dependencies {
    /// Reads the graph off a plan. It parses all expressions of the configuration.
    pub fn of(plan: &Plan<'_>) -> Self {
        let mut graph = Self::default();
        let root = plan.configuration.as_ref().and_then(|configuration| configuration.root_module.as_ref());
        if let Some(root) = root {
            graph.module("", root);
        }
        graph
    }

    /// Whether Terraform creates or changes `later` only once `earlier` is created or changed. Instances of one resource
    /// are in no order.
    pub fn follows(&self, later: &Address, earlier: &Address) -> bool {
        let (Some(later), Some(earlier)) = (declared(later), declared(earlier)) else { return false };
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut waiting = vec![later.as_str()];
        while let Some(name) = waiting.pop() {
            for next in self.edges.get(name).into_iter().flatten() {
                if *next == earlier {
                    return later != earlier;
                }
                if seen.insert(next) {
                    waiting.push(next);
                }
            }
        }
        false
    }

    fn module(&mut self, path: &str, module: &Module<'_>) {
        for resource in module.resources() {
            let own = format!("{path}{}", resource.declared());
            let parts = [resource.expressions, resource.for_each_expression, resource.count_expression()];
            self.refer(&own, path, &parts);
            self.depend(&own, path, resource.depends_on());
            self.add(&own, gate(path));
            if !path.is_empty() {
                self.add(path, own);
            }
        }
        for (name, call) in module.calls() {
            let inside = format!("{path}module.{name}.");
            // What holds the call back holds all back that is in it.
            let gate_inside = gate(&inside);
            self.refer(&gate_inside, path, &[call.for_each_expression, call.count_expression()]);
            self.depend(&gate_inside, path, call.depends_on());
            self.add(&gate_inside, gate(path));
            if !path.is_empty() {
                self.add(path, inside.clone());
            }
            let arguments: BTreeMap<String, Value> =
                call.expressions.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
            for (argument, value) in &arguments {
                self.refer_in(&format!("{inside}var.{argument}"), path, value);
            }
            let Some(child) = &call.module else { continue };
            for (output, expression) in child.outputs() {
                self.refer(&format!("{inside}output.{output}"), &inside, &[expression.expression]);
            }
            self.module(&inside, child);
        }
    }

    fn add(&mut self, from: &str, to: String) {
        self.edges.entry(from.to_owned()).or_default().insert(to);
    }

    fn refer(&mut self, from: &str, path: &str, parts: &[Option<&RawValue>]) {
        for raw in parts.iter().flatten() {
            if let Ok(value) = serde_json::from_str::<Value>(raw.get()) {
                self.refer_in(from, path, &value);
            }
        }
    }

    fn refer_in(&mut self, from: &str, path: &str, value: &Value) {
        if let Some(Expression::References(references)) = Expression::of(value) {
            for reference in &references {
                self.extend(from, path, reference);
            }
            return;
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.refer_in(from, path, item)),
            Value::Object(entries) => entries.values().for_each(|entry| self.refer_in(from, path, entry)),
            _ => {}
        }
    }

    fn depend(&mut self, from: &str, path: &str, names: impl Iterator<Item = impl AsRef<str>>) {
        for name in names {
            self.extend(from, path, &Reference::of(name.as_ref()));
        }
    }

    fn extend(&mut self, from: &str, path: &str, reference: &Reference) {
        let to = match &reference.head {
            Head::Resource { mode, kind, name, .. } => {
                let data = if *mode == crate::Mode::Data { "data." } else { "" };
                format!("{path}{data}{kind}.{name}")
            }
            Head::Module { name, .. } => match reference.rest.first() {
                Some(Segment::Name(output)) => format!("{path}module.{name}.output.{output}"),
                _ => format!("{path}module.{name}."),
            },
            Head::Variable(name) => format!("{path}var.{name}"),
            _ => return,
        };
        self.add(from, to);
    }
}

/// What all of a module waits for.
fn gate(path: &str) -> String {
    format!("{path}gate")
}

/// What an address is called in the configuration: the same for all instances of a resource and of its modules.
fn declared(address: &Address) -> Option<String> {
    let names = traversal::parse(address.as_str())?.into_iter().filter_map(|segment| match segment {
        Segment::Name(name) => Some(name),
        Segment::Key(_) => None,
    });
    Some(names.collect::<Vec<_>>().join("."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Dependencies;
    use crate::{Address, Document, Plan};

    fn resource(name: &str, more: serde_json::Value) -> serde_json::Value {
        let mut resource =
            json!({ "address": format!("aws_x.{name}"), "mode": "managed", "type": "aws_x", "name": name });
        if let serde_json::Value::Object(more) = more {
            resource.as_object_mut().unwrap().extend(more);
        }
        resource
    }

    fn follows(root: &serde_json::Value, later: &str, earlier: &str) -> bool {
        let text = json!({ "format_version": "1.2", "resource_changes": [], "planned_values": { "root_module": {} },
            "configuration": { "root_module": root } });
        let document = Document::decode("plan", text.to_string().into_bytes()).unwrap();
        let graph = Dependencies::of(&Plan::parse(&document).unwrap());
        graph.follows(&Address::new(later), &Address::new(earlier))
    }

    #[test]
    fn references_and_depends_on_are_followed() {
        let root = json!({ "resources": [
            resource("a", json!({})),
            resource("b", json!({ "expressions": { "block": [{ "id": { "references": ["aws_x.a.id", "aws_x.a"] } }] } })),
            resource("c", json!({ "depends_on": ["aws_x.b"] })),
            resource("d", json!({ "count_expression": { "references": ["local.number"] } })),
        ] });
        assert!(follows(&root, "aws_x.b[\"one.two\"]", "aws_x.a[0]"));
        assert!(follows(&root, "aws_x.c", "aws_x.a"));
        assert!(!follows(&root, "aws_x.a", "aws_x.c"));
        assert!(!follows(&root, "aws_x.d", "aws_x.a"));
        assert!(!follows(&root, "aws_x.a[0]", "aws_x.a[1]"));
    }

    /// What refers to one output of a module does not wait for all of the module.
    #[test]
    fn modules_pass_values_on_and_hold_back_what_is_in_them() {
        let child = json!({
            "resources": [
                resource("in", json!({ "expressions": { "id": { "references": ["var.id"] } } })),
                resource("other", json!({})),
            ],
            "variables": { "id": {} },
            "outputs": { "id": { "expression": { "references": ["aws_x.in.id", "aws_x.in"] } } },
        });
        let root = json!({
            "resources": [
                resource("a", json!({})),
                resource("gate", json!({})),
                resource("user", json!({ "expressions": { "id": { "references": ["module.m[0].id", "module.m[0]", "module.m"] } } })),
                resource("whole", json!({ "depends_on": ["module.m"] })),
            ],
            "module_calls": { "m": { "expressions": { "id": { "references": ["aws_x.a.id", "aws_x.a"] } },
                "depends_on": ["aws_x.gate"], "module": child } },
        });
        assert!(follows(&root, "module.m[0].aws_x.in", "aws_x.a"));
        assert!(!follows(&root, "module.m[0].aws_x.other", "aws_x.a"));
        assert!(follows(&root, "module.m[0].aws_x.other", "aws_x.gate"));
        assert!(follows(&root, "aws_x.user", "aws_x.a"));
        assert!(!follows(&root, "aws_x.user", "module.m[0].aws_x.other"));
        assert!(follows(&root, "aws_x.whole", "module.m[0].aws_x.other"));
    }
}
