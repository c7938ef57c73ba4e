//! Following names: of locals, inputs, outputs, repetition and resources.

use std::collections::BTreeMap;

use hcl_edit::expr::{Expression, TraversalOperator};

use super::evaluate::{Bound, Evaluator, Place, open};
use super::spelled::{FOLDER, Part};
use super::{Spelled, agreement, types};
use crate::resolution::scope::Scope;
use crate::{
    Address, Attr, Certainty, Instance, Key, Mode, ModulePath, ModuleStep, Resolution, Target, View,
};

/// The names of the calls that lead to a module.
pub(super) fn calls(path: &ModulePath) -> String {
    let names: Vec<&str> = path.0.iter().map(|step| step.name.as_str()).collect();
    names.join(".")
}

impl<'p, 'a> Evaluator<'p, 'a> {
    pub(super) fn traversal(
        &self,
        base: &Expression,
        operators: &[&TraversalOperator],
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
    ) -> Spelled {
        let Expression::Variable(first) = base else {
            let value = self.expression(base, place, bound, depth + 1);
            return self.apply(value, operators, place, bound, depth);
        };
        if let Some(value) = self.bound(first.as_str(), bound) {
            return self.apply(value, operators, place, bound, depth);
        }
        if place.closed {
            return open(format!("`{}` is no variable of the template", first.as_str()));
        }
        let names: Vec<&str> = operators
            .iter()
            .map_while(|operator| match operator {
                TraversalOperator::GetAttr(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        let (value, taken) = match (first.as_str(), names.as_slice()) {
            ("local", [name, ..]) => (self.local(name, place, depth), 1),
            ("var", [name, ..]) => (self.variable(name, place, depth), 1),
            ("each", ["key", ..]) => match &place.scope.key {
                Some(Key::Name(key)) => (Spelled::text(key.as_str()), 1),
                _ => (open("there is no `each` here"), 1),
            },
            ("each", ["value", ..]) => (self.each_value(place, depth), 1),
            ("count", ["index", ..]) => match &place.scope.key {
                Some(Key::Index(index)) => (Spelled::Number(index.to_string()), 1),
                _ => (open("there is no `count` here"), 1),
            },
            ("path", [which, ..]) => (self.folder(which, place), 1),
            ("module", [name, ..]) => (self.module(name, place, depth), 1),
            ("data", [kind, name, ..]) => (self.resource(Mode::Data, kind, name, place), 2),
            (other @ ("terraform" | "tofu" | "self" | "ephemeral"), _) => {
                (open(format!("`{other}` is not followed here")), 0)
            }
            (kind, [name, ..]) => (self.resource(Mode::Managed, kind, name, place), 1),
            (other, []) => (open(format!("`{other}` is no value")), 0),
        };
        if value.why_open().is_some() {
            return value;
        }
        self.apply(value, operators.get(taken..).unwrap_or_default(), place, bound, depth)
    }

    fn apply(
        &self,
        value: Spelled,
        operators: &[&TraversalOperator],
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
    ) -> Spelled {
        let mut value = value;
        for (position, operator) in operators.iter().enumerate() {
            let key = match operator {
                TraversalOperator::GetAttr(name) => name.as_str().to_owned(),
                TraversalOperator::LegacyIndex(index) => index.to_string(),
                TraversalOperator::Index(index) => {
                    match self.expression(index, place, bound, depth + 1).literal() {
                        Some(key) => key,
                        None => return open("an index is unknown until apply"),
                    }
                }
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                    let full = matches!(operator, TraversalOperator::FullSplat(_));
                    let rest = operators.get(position + 1..).unwrap_or_default();
                    let attributes = |rest: &[&TraversalOperator]| {
                        rest.iter().take_while(|next| matches!(next, TraversalOperator::GetAttr(_))).count()
                    };
                    let taken = if full { rest.len() } else { attributes(rest) };
                    let (each, after) = rest.split_at(taken);
                    let items = match value {
                        Spelled::List(items) | Spelled::Set(items) => items,
                        Spelled::Null => Vec::new(),
                        Spelled::Open(_) | Spelled::Refused(_) => return value,
                        // An attribute that is unknown may be a list, a single thing, or nothing.
                        Spelled::Text(_) => return open("a splat goes over something unknown"),
                        single => vec![single],
                    };
                    let items = items.into_iter().map(|item| self.apply(item, each, place, bound, depth + 1));
                    return self.apply(Spelled::List(items.collect()), after, place, bound, depth + 1);
                }
            };
            value = self.walk(&value, &key, depth);
        }
        value
    }

    /// One step into a value.
    pub(super) fn walk(&self, value: &Spelled, key: &str, depth: usize) -> Spelled {
        match value {
            Spelled::Instance(address) => self.attribute(address, key),
            Spelled::Module(path) => self.output(path, key, depth),
            _ => match value.reference() {
                Some(whole) => deeper(whole, key),
                None => value.entry(key),
            },
        }
    }

    fn local(&self, name: &str, place: &Place<'p, 'a>, depth: usize) -> Spelled {
        let Some(expression) = self.sources.local(&calls(&place.scope.path), name) else {
            return open(format!("`local.{name}` is not in the sources"));
        };
        let inside = Place::inside(place.scope.outside_repetition());
        self.expression(expression, &inside, &Vec::new(), depth + 1)
    }

    fn folder(&self, which: &str, place: &Place<'p, 'a>) -> Spelled {
        let folder = match which {
            "module" => self.sources.folder(&calls(&place.scope.path)),
            "root" | "cwd" => Some(""),
            _ => None,
        };
        let [start, end] = FOLDER;
        folder.map_or_else(
            || open(format!("`path.{which}` is not followed here")),
            |folder| Spelled::text(format!("{start}{folder}{end}")),
        )
    }

    fn variable(&self, name: &str, place: &Place<'p, 'a>, depth: usize) -> Spelled {
        let declared = self.sources.block(&calls(&place.scope.path), "variable", &[name]);
        let attribute =
            |name: &str| declared.and_then(|block| block.body.get_attribute(name)).map(|found| &found.value);
        let constant = |expression: &Expression| {
            let inside = Place::inside(place.scope.outside_repetition());
            self.expression(expression, &inside, &Vec::new(), depth + 1)
        };
        let given = match place.scope.caller(self.plan) {
            None => match self.plan.variable(name) {
                // What is computed from a secret is no longer found by looking for it.
                Some(value) if self.plan.secrets.as_ref().is_some_and(|secrets| secrets.within(&value)) => {
                    return open(format!("`var.{name}` is sensitive"));
                }
                Some(value) => Some(Spelled::of(&value)),
                None => return open(format!("`var.{name}` is not in the plan")),
            },
            Some((caller, call)) => {
                let Some(block) = self.sources.block(&calls(&caller.path), "module", &[&call]) else {
                    return open(format!("`module.{call}` is not in the sources"));
                };
                match block.body.get_attribute(name) {
                    Some(argument) => {
                        if !agreement::argument(&caller, &call, name, &argument.value) {
                            return open(agreement::OTHER);
                        }
                        let outside = Place { scope: caller, block: Some(block), closed: false };
                        Some(self.expression(&argument.value, &outside, &Vec::new(), depth + 1))
                    }
                    None => None,
                }
            }
        };
        let not_null = attribute("nullable").and_then(Expression::as_bool) == Some(false);
        let value = match (given, attribute("default")) {
            (None, Some(default)) => constant(default),
            (Some(Spelled::Null), Some(default)) if not_null => constant(default),
            (Some(value), _) => value,
            (None, None) => return open(format!("`var.{name}` is not in the sources")),
        };
        match attribute("type") {
            Some(constraint) => types::conform(value, constraint, &constant),
            None => value,
        }
    }

    fn each_value(&self, place: &Place<'p, 'a>, depth: usize) -> Spelled {
        let (Some(Key::Name(key)), Some(block)) = (&place.scope.key, place.block) else {
            return open("there is no `each` here");
        };
        let Some(repetition) = block.body.get_attribute("for_each") else {
            return open("there is no `each` here");
        };
        let outside = Place::inside(place.scope.outside_repetition());
        match self.expression(&repetition.value, &outside, &Vec::new(), depth + 1) {
            // The plan has the instance: sources that do not have it are others.
            map @ Spelled::Map(_) => match map.entry(key) {
                Spelled::Refused(_) => open(agreement::OTHER),
                value => value,
            },
            // The value of an element of a set is its key.
            Spelled::List(_) | Spelled::Set(_) => Spelled::text(key.as_str()),
            other => open(other.why_open().unwrap_or("its `for_each` is no collection")),
        }
    }

    /// `module.name`: one instance, or all of them by key.
    fn module(&self, name: &str, place: &Place<'p, 'a>, depth: usize) -> Spelled {
        let Some(block) = self.sources.block(&calls(&place.scope.path), "module", &[name]) else {
            return open(format!("`module.{name}` is not in the sources"));
        };
        let at = |key: Option<Key>| {
            let mut path = place.scope.path.clone();
            path.0.push(ModuleStep { name: name.to_owned(), key });
            Spelled::Module(path)
        };
        let outside = Place::inside(place.scope.outside_repetition());
        let eval = |expression: &Expression| self.expression(expression, &outside, &Vec::new(), depth + 1);
        if let Some(repetition) = block.body.get_attribute("for_each") {
            let keys: Option<Vec<String>> = match eval(&repetition.value) {
                Spelled::Map(entries) => Some(entries.into_iter().map(|(key, _)| key).collect()),
                Spelled::Set(items) | Spelled::List(items) => items.iter().map(Spelled::literal).collect(),
                _ => None,
            };
            let keys = keys.or_else(|| self.module_keys(name, place));
            let Some(keys) = keys else {
                return open(format!("the instances of `module.{name}` are unknown"));
            };
            return Spelled::map(keys.into_iter().map(|key| (key.clone(), at(Some(Key::Name(key))))));
        }
        if let Some(count) = block.body.get_attribute("count") {
            let count = eval(&count.value).literal().and_then(|count| count.parse::<u64>().ok());
            let Some(count) = count.filter(|count| *count < 10_000) else {
                return open(format!("the instances of `module.{name}` are unknown"));
            };
            return Spelled::List((0..count).map(|index| at(Some(Key::Index(index)))).collect());
        }
        at(None)
    }

    /// The keys of the instances of a module call, where the plan has all of them.
    fn module_keys(&self, name: &str, place: &Place<'p, 'a>) -> Option<Vec<String>> {
        let (keys, _) = self.plan.index().module_keys(&place.scope.path, name);
        let name = |key: Option<Key>| match key {
            Some(Key::Name(name)) => Some(name),
            _ => None,
        };
        keys.into_iter().map(name).collect::<Option<Vec<_>>>().filter(|keys| !keys.is_empty())
    }

    /// An output of a module instance.
    fn output(&self, path: &ModulePath, name: &str, depth: usize) -> Spelled {
        let module = self.plan.configuration.as_ref().and_then(|configuration| configuration.module(path));
        let block = self.sources.block(&calls(path), "output", &[name]);
        let value = block.and_then(|block| block.body.get_attribute("value"));
        let (Some(module), Some(value)) = (module, value) else {
            return open(format!("`{path}.{name}` is not in the sources"));
        };
        if !agreement::output(module, name, &value.value) {
            return open(agreement::OTHER);
        }
        let inside = Place::inside(Scope::module(path.clone(), module));
        self.expression(&value.value, &inside, &Vec::new(), depth + 1)
    }

    /// `type.name`: one instance, or all of them by key.
    fn resource(&self, mode: Mode, kind: &str, name: &str, place: &Place<'p, 'a>) -> Spelled {
        let wanted = (&place.scope.path, mode, kind, name);
        let positions = self.plan.index().resource(&self.plan.instances, wanted);
        let instances: Vec<&Instance<'a>> =
            positions.iter().filter_map(|at| self.plan.instances.get(*at)).collect();
        let ident = if mode == Mode::Data { "data" } else { "resource" };
        let shown = || {
            let data = if mode == Mode::Data { "data." } else { "" };
            place.scope.absolute(&format!("{data}{kind}.{name}"))
        };
        let Some(block) = self.sources.block(&calls(&place.scope.path), ident, &[kind, name]) else {
            return open(format!("`{}` is not in the sources", shown()));
        };
        if block.body.get_attribute("for_each").is_some() {
            let entry = |instance: &&Instance<'a>| match &instance.key {
                Some(Key::Name(key)) => Some((key.clone(), Spelled::Instance(instance.address.clone()))),
                _ => None,
            };
            return Spelled::map(instances.iter().filter_map(entry));
        }
        if block.body.get_attribute("count").is_some() {
            let by_index: BTreeMap<u64, &Address> = instances
                .iter()
                .filter_map(|instance| match instance.key {
                    Some(Key::Index(index)) => Some((index, &instance.address)),
                    _ => None,
                })
                .collect();
            // Of a plan for some of them, the others are missing.
            if by_index.keys().enumerate().any(|(at, index)| at as u64 != *index) {
                return open(format!("the plan does not have all instances of `{}`", shown()));
            }
            return Spelled::List(by_index.into_values().cloned().map(Spelled::Instance).collect());
        }
        match instances.as_slice() {
            [only] if only.key.is_none() => Spelled::Instance(only.address.clone()),
            _ => open(format!("`{}` is not in the plan", shown())),
        }
    }

    /// An attribute of an instance: its value if the plan shows it, and otherwise what it is.
    fn attribute(&self, address: &Address, name: &str) -> Spelled {
        let missing = || open(format!("`{address}` is not in the plan"));
        let Some(instance) = self.plan.instance(address) else { return missing() };
        let Some(object) = instance.after() else { return missing() };
        shown(object.get(name), address, name)
    }
}

/// A step into an attribute that is unknown.
fn deeper(whole: &Resolution, key: &str) -> Spelled {
    let [target] = whole.targets.as_slice() else { return open("one of several is not followed further") };
    let is_index = key.bytes().all(|byte| byte.is_ascii_digit());
    let attribute = if is_index { target.attribute.clone() } else { format!("{}.{key}", target.attribute) };
    unknown(&target.address, &attribute)
}

fn unknown(address: &Address, attribute: &str) -> Spelled {
    let trail = vec![format!("the sources say that it is `{address}.{attribute}`")];
    let target = Target { address: address.clone(), attribute: attribute.to_owned() };
    Spelled::Text(vec![Part::Reference(Resolution {
        certainty: Certainty::Exact,
        targets: vec![target],
        trail,
    })])
}

/// What the plan shows of an attribute.
fn shown(view: View<'_>, address: &Address, attribute: &str) -> Spelled {
    match view.state() {
        Attr::Unknown => unknown(address, attribute),
        Attr::Absent => Spelled::Null,
        Attr::Known(()) if view.is_sensitive() => open(format!("`{address}.{attribute}` is sensitive")),
        Attr::Known(()) if !view.has_unknown() => view.json().map_or(Spelled::Null, Spelled::of),
        Attr::Known(()) => {
            if let Attr::Known(items) = view.items() {
                return Spelled::List(
                    items.into_iter().map(|item| shown(item, address, attribute)).collect(),
                );
            }
            match view.entries() {
                Attr::Known(entries) => Spelled::map(entries.into_iter().map(|(name, view)| {
                    (name.to_owned(), shown(view, address, &format!("{attribute}.{name}")))
                })),
                _ => unknown(address, attribute),
            }
        }
    }
}
