//! Following names: of locals, inputs, outputs, repetition and resources.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use hcl_edit::expr::{Expression, TraversalOperator};

use super::evaluate::{Bound, Evaluator, Place, TOO_DEEP, open};
use super::value::{Part, Provenance, UNIT};
use super::{Spelled, agreement, functions, types};
use crate::resolution::scope::Scope;
use crate::{
    Address, Attr, Certainty, Instance, Key, Mode, ModulePath, ModuleStep, Resolution, Target, View,
};

/// What names of a module instance come to. Many resources refer to the same ones.
#[derive(Default)]
pub(crate) struct Evaluated(Mutex<BTreeMap<String, Arc<Spelled>>>);

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
        let of_many = match (first.as_str(), names.as_slice()) {
            ("local", [name, ..]) => Some(self.local(name, place, depth)),
            ("var", [name, ..]) => Some(self.variable(name, place, depth)),
            _ => None,
        };
        if let Some(value) = of_many {
            return self.inside(&value, operators.get(1..).unwrap_or_default(), place, bound, depth);
        }
        let (value, taken) = match (first.as_str(), names.as_slice()) {
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
            ("terraform" | "tofu", ["workspace", ..]) => match &self.sources.workspace {
                Some(name) => (Spelled::text(name), 1),
                None => (open("the workspace that was planned in is unknown"), 1),
            },
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

    /// What operators find in a value, of which no more is copied than they find.
    fn inside(
        &self,
        value: &Spelled,
        operators: &[&TraversalOperator],
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
    ) -> Spelled {
        let mut value = value;
        let mut rest = operators;
        while let [operator, after @ ..] = rest {
            let key = match operator {
                TraversalOperator::GetAttr(name) => Some(name.as_str().to_owned()),
                TraversalOperator::LegacyIndex(index) => Some(index.to_string()),
                TraversalOperator::Index(index) => self.expression(index, place, bound, depth + 1).literal(),
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => None,
            };
            let Some(found) = key.and_then(|key| value.child(&key)) else { break };
            value = found;
            rest = after;
        }
        if !self.charge(value.size().saturating_mul(UNIT)) {
            return open(TOO_DEEP);
        }
        if value.why_open().is_some() {
            return value.clone();
        }
        self.apply(value.clone(), rest, place, bound, depth)
    }

    /// What a name of a module instance comes to, which is found once.
    fn once(&self, what: &str, place: &Place<'p, 'a>, find: impl FnOnce() -> Spelled) -> Arc<Spelled> {
        let key = format!("{}|{what}", place.scope.path);
        let Evaluated(known) = &self.plan.evaluated;
        if let Some(value) = known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(value);
        }
        let value = Arc::new(find());
        // How deep it goes depends on where the question began.
        if !value.has_open(TOO_DEEP) {
            known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&value));
        }
        value
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
                    let index = self.expression(index, place, bound, depth + 1);
                    match index.literal() {
                        Some(key) => key,
                        None => return functions::unknown(&index, "an index is unknown until apply"),
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
                        Spelled::Text(_) if value.literal().is_none() => {
                            return open("a splat goes over something unknown");
                        }
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

    fn local(&self, name: &str, place: &Place<'p, 'a>, depth: usize) -> Arc<Spelled> {
        self.once(&format!("local.{name}"), place, || {
            let Some((block, expression)) = self.sources.local(&calls(&place.scope.path), name) else {
                return open(format!("`local.{name}` is not in the sources"));
            };
            let inside = Place::inside(place.scope.outside_repetition(), block);
            self.expression(expression, &inside, &Vec::new(), depth + 1)
        })
    }

    /// A folder as Terraform names it: those of modules from the root module, which is `.`.
    fn folder(&self, which: &str, place: &Place<'p, 'a>) -> Spelled {
        let folder = match which {
            "module" => self.sources.folder(&calls(&place.scope.path)),
            "root" => Some(""),
            "cwd" => return Spelled::absolute(""),
            _ => None,
        };
        match folder {
            Some("") => Spelled::text("."),
            Some(folder) => Spelled::text(folder),
            None => open(format!("`path.{which}` is not followed here")),
        }
    }

    fn variable(&self, name: &str, place: &Place<'p, 'a>, depth: usize) -> Arc<Spelled> {
        self.once(&format!("var.{name}"), place, || self.input(name, place, depth))
    }

    fn input(&self, name: &str, place: &Place<'p, 'a>, depth: usize) -> Spelled {
        let declared = self.sources.block(&calls(&place.scope.path), "variable", &[name]);
        let attribute = |name: &str| {
            declared.and_then(|written| written.block.body.get_attribute(name)).map(|found| &found.value)
        };
        let constant = |expression: &Expression| match declared {
            Some(written) => {
                let inside = Place::inside(place.scope.outside_repetition(), written);
                self.expression(expression, &inside, &Vec::new(), depth + 1)
            }
            None => open(format!("`var.{name}` is not in the sources")),
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
                match block.block.body.get_attribute(name) {
                    Some(argument) => {
                        if !agreement::argument(&caller, &call, name, &argument.value) {
                            return open(agreement::OTHER);
                        }
                        let outside = Place::of(caller, block);
                        Some(self.expression(&argument.value, &outside, &Vec::new(), depth + 1))
                    }
                    None => None,
                }
            }
        };
        // What is the default has its lines.
        let default = || attribute("default").map(&constant);
        let given = match (given, place.scope.caller(self.plan)) {
            (Some(value), None) => Some(default().filter(|default| default.is_same(&value)).unwrap_or(value)),
            (given, _) => given,
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
        let Some(repetition) = block.block.body.get_attribute("for_each") else {
            return open("there is no `each` here");
        };
        let what = block.labels.iter().map(hcl_edit::structure::BlockLabel::as_str).collect::<Vec<_>>();
        let what = format!("{} {} for_each", block.ident.as_str(), what.join("."));
        let whole = self.once(&what, place, || {
            let outside = Place::inside(place.scope.outside_repetition(), block);
            self.expression(&repetition.value, &outside, &Vec::new(), depth + 1)
        });
        match &*whole {
            // The plan has the instance: sources that do not have it are others.
            Spelled::Map(_) => whole.child(key).map_or_else(|| open(agreement::OTHER), Spelled::clone),
            // The value of an element of a set is its key.
            Spelled::List(_) | Spelled::Set(_) => Spelled::text(key.as_str()),
            other => functions::unknown(other, "its `for_each` is no collection"),
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
        let outside = Place::inside(place.scope.outside_repetition(), block);
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
        let missing = || open(format!("`{path}.{name}` is not in the sources"));
        let (Some(module), Some(block)) = (module, self.sources.block(&calls(path), "output", &[name]))
        else {
            return missing();
        };
        let Some(value) = block.block.body.get_attribute("value") else { return missing() };
        if !agreement::output(module, name, &value.value) {
            return open(agreement::OTHER);
        }
        let inside = Place::inside(Scope::module(path.clone(), module), block);
        let value = self.once(&format!("output {name}"), &inside, || {
            self.expression(&value.value, &inside, &Vec::new(), depth + 1)
        });
        if self.charge(value.size().saturating_mul(UNIT)) { (*value).clone() } else { open(TOO_DEEP) }
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
        if block.block.body.get_attribute("for_each").is_some() {
            let entry = |instance: &&Instance<'a>| match &instance.key {
                Some(Key::Name(key)) => Some((key.clone(), Spelled::Instance(instance.address.clone()))),
                _ => None,
            };
            return Spelled::map(instances.iter().filter_map(entry));
        }
        if block.block.body.get_attribute("count").is_some() {
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
        Attr::Known(()) if !view.has_unknown() => match view.json() {
            Some(serde_json::Value::String(text)) => {
                let provenance = Provenance::Attribute(address.clone(), attribute.to_owned());
                Spelled::literal_of(text.as_str(), provenance)
            }
            Some(value) => Spelled::of(value),
            None => Spelled::Null,
        },
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
