//! Evaluates what is constant, resolves what is a reference, and leaves the rest open.

use std::cell::Cell;

use hcl_edit::expr::{BinaryOperator, Expression, ForExpr, ObjectKey, TraversalOperator};
use hcl_edit::structure::Block;
use hcl_edit::template::{Element, Template};

use super::spelled::Part;
use super::{Sources, Spelled, functions, names};
use crate::expression::Reference;
use crate::resolution::resolver::Resolver;
use crate::resolution::scope::Scope;
use crate::{Attr, Instance, Key, Legal, Mode, ModuleStep, Plan, Resolution, Step, View};

/// Whatever a reference leads to counts.
const ANY: Legal<'static> = Legal(&[]);
/// Deeper than any real expression.
const DEPTH: usize = 64;
/// Bounds the work where expressions multiply.
const STEPS: usize = 50_000;

/// Where an expression stands.
struct Place<'p, 'a> {
    scope: Scope<'p, 'a>,
    /// The resource or module call, for `each`.
    block: Option<&'p Block>,
}

/// The variables of `for` expressions around.
type Bound = Vec<(String, Spelled)>;

struct Evaluator<'p, 'a> {
    plan: &'p Plan<'a>,
    sources: &'p Sources,
    resolver: Resolver<'p, 'a>,
    steps: Cell<usize>,
}

impl<'a> Plan<'a> {
    /// What the sources say of an attribute that is unknown; `None` without sources, or when they do not have it.
    pub fn spell_out(&self, instance: &Instance<'a>, attribute: &str) -> Option<Spelled> {
        let sources = self.sources.as_deref()?;
        let scope = Scope::of(self, instance).ok()?;
        let ident = if instance.mode == Mode::Data { "data" } else { "resource" };
        let block = sources.block(&module_key(&scope), ident, &[&instance.kind, &instance.name])?;
        let expression = &block.body.get_attribute(attribute)?.value;
        // Sources of another commit say something else. What the plan shows of the expression has to agree.
        let shown = self.references(instance, &[Step::Name(attribute)]);
        let shown: Option<std::collections::BTreeSet<String>> =
            shown.iter().map(|reference| names::head(reference)).collect();
        if shown.as_ref() != Some(&names::heads(expression)) {
            return Some(Spelled::Open("the sources are not those that the plan was made from".to_owned()));
        }
        let resolver = Resolver::new(self, &ANY);
        let evaluator = Evaluator { plan: self, sources, resolver, steps: Cell::new(0) };
        let place = Place { scope, block: Some(block) };
        Some(evaluator.expression(expression, &place, &Vec::new(), 0))
    }

    /// Whether a text is, or has in it, the value of a variable that is marked sensitive.
    pub fn is_secret(&self, text: &str) -> bool {
        self.secrets.as_ref().is_some_and(|secrets| secrets.contains(text))
    }
}

/// The names of the calls that lead to a module.
fn module_key(scope: &Scope<'_, '_>) -> String {
    let names: Vec<&str> = scope.path.0.iter().map(|step| step.name.as_str()).collect();
    names.join(".")
}

fn open(why: impl Into<String>) -> Spelled {
    Spelled::Open(why.into())
}

impl<'p, 'a> Evaluator<'p, 'a> {
    fn expression(
        &self,
        expression: &Expression,
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
    ) -> Spelled {
        self.steps.set(self.steps.get() + 1);
        if depth > DEPTH || self.steps.get() > STEPS {
            return open("the expression goes too deep or round in circles");
        }
        let eval = |inner: &Expression| self.expression(inner, place, bound, depth + 1);
        match expression {
            Expression::Null(_) => Spelled::Null,
            Expression::Bool(value) => Spelled::Bool(**value),
            Expression::Number(number) => Spelled::Number(number.value().to_string()),
            Expression::String(text) => Spelled::text(text.as_str()),
            Expression::Array(array) => Spelled::List(array.iter().map(eval).collect()),
            Expression::Object(object) => {
                let mut entries = Vec::new();
                for (key, value) in object {
                    let key = match key {
                        ObjectKey::Ident(name) | ObjectKey::Expression(Expression::Variable(name)) => {
                            Some(name.as_str().to_owned())
                        }
                        ObjectKey::Expression(expression) => eval(expression).literal(),
                    };
                    let Some(key) = key else { return open("a key of an object is unknown") };
                    entries.push((key, eval(value.expr())));
                }
                Spelled::Map(entries)
            }
            Expression::StringTemplate(template) => self.template(template.iter(), place, bound, depth),
            Expression::HeredocTemplate(heredoc) => {
                let template: &Template = &heredoc.template;
                self.template(template.iter(), place, bound, depth)
            }
            Expression::Parenthesis(inner) => eval(inner.inner()),
            Expression::Variable(name) => {
                let found = bound.iter().rev().find(|(known, _)| known == name.as_str());
                found.map_or_else(
                    || open(format!("`{}` is no value", name.as_str())),
                    |(_, value)| value.clone(),
                )
            }
            Expression::Conditional(conditional) => match eval(&conditional.cond_expr) {
                Spelled::Bool(true) => eval(&conditional.true_expr),
                Spelled::Bool(false) => eval(&conditional.false_expr),
                _ => open("a condition is unknown until apply"),
            },
            Expression::BinaryOp(operation) => {
                let (left, right) = (eval(&operation.lhs_expr), eval(&operation.rhs_expr));
                compare(*operation.operator.value(), &left, &right)
            }
            Expression::UnaryOp(_) => open("an operator is not followed here"),
            Expression::FuncCall(call) => {
                if !call.name.namespace.is_empty() || call.args.expand_final() {
                    return open(format!("`{}` is not followed here", call.name.name.as_str()));
                }
                let arguments: Vec<Spelled> = call.args.iter().map(eval).collect();
                functions::call(call.name.name.as_str(), &arguments)
            }
            Expression::ForExpr(each) => self.for_expression(each, place, bound, depth),
            Expression::Traversal(traversal) => {
                let operators: Vec<&TraversalOperator> =
                    traversal.operators.iter().map(hcl_edit::Decorated::value).collect();
                self.traversal(&traversal.expr, &operators, place, bound, depth)
            }
        }
    }

    fn template<'t>(
        &self,
        elements: impl Iterator<Item = &'t Element>,
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
    ) -> Spelled {
        let mut parts = Vec::new();
        for element in elements {
            match element {
                Element::Literal(text) => parts.push(Part::Literal(text.as_str().to_owned())),
                Element::Interpolation(inner) => {
                    match self.expression(&inner.expr, place, bound, depth + 1).into_parts() {
                        Ok(more) => parts.extend(more),
                        Err(why) => return open(why),
                    }
                }
                Element::Directive(_) => return open("a directive in a template is not followed here"),
            }
        }
        Spelled::Text(parts)
    }

    fn for_expression(&self, each: &ForExpr, place: &Place<'p, 'a>, bound: &Bound, depth: usize) -> Spelled {
        if each.grouping {
            return open("grouping is not followed here");
        }
        let items: Vec<(Spelled, Spelled)> =
            match self.expression(&each.intro.collection_expr, place, bound, depth + 1) {
                Spelled::List(items) => items
                    .into_iter()
                    .enumerate()
                    .map(|(at, item)| (Spelled::Number(at.to_string()), item))
                    .collect(),
                Spelled::Map(entries) => {
                    entries.into_iter().map(|(name, value)| (Spelled::text(name), value)).collect()
                }
                Spelled::Open(why) => return open(why),
                _ => return open("a `for` goes over something that is no collection"),
            };
        let mut list = Vec::new();
        let mut map = Vec::new();
        for (key, value) in items {
            let mut bound = bound.clone();
            bound.extend(each.intro.key_var.as_ref().map(|name| (name.as_str().to_owned(), key)));
            bound.push((each.intro.value_var.as_str().to_owned(), value));
            let eval = |inner: &Expression| self.expression(inner, place, &bound, depth + 1);
            match each.cond.as_ref().map(|condition| eval(&condition.expr)) {
                None | Some(Spelled::Bool(true)) => {}
                Some(Spelled::Bool(false)) => continue,
                Some(_) => return open("a condition is unknown until apply"),
            }
            match &each.key_expr {
                None => list.push(eval(&each.value_expr)),
                Some(key) => match eval(key).literal() {
                    Some(key) => map.push((key, eval(&each.value_expr))),
                    None => return open("a key of an object is unknown"),
                },
            }
        }
        if each.key_expr.is_some() { Spelled::Map(map) } else { Spelled::List(list) }
    }

    fn traversal(
        &self,
        base: &Expression,
        operators: &[&TraversalOperator],
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
    ) -> Spelled {
        let mut keys = Vec::new();
        for operator in operators {
            let step = match operator {
                TraversalOperator::GetAttr(name) => (name.as_str().to_owned(), true),
                TraversalOperator::LegacyIndex(index) => (index.to_string(), false),
                TraversalOperator::Index(index) => {
                    match self.expression(index, place, bound, depth + 1).literal() {
                        Some(key) => (key, false),
                        None => return open("an index is unknown until apply"),
                    }
                }
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                    return open("a splat is not followed here");
                }
            };
            keys.push(step);
        }
        let walk = |value: Spelled, from: usize| {
            keys.iter().skip(from).fold(value, |value, (key, _)| value.entry(key))
        };
        let Expression::Variable(first) = base else {
            return walk(self.expression(base, place, bound, depth + 1), 0);
        };
        if let Some((_, value)) = bound.iter().rev().find(|(known, _)| known == first.as_str()) {
            return walk(value.clone(), 0);
        }
        let name = keys.first().map(|(name, _)| name.as_str()).unwrap_or_default();
        match first.as_str() {
            "local" => {
                let module = module_key(&place.scope);
                let Some(expression) = self.sources.local(&module, name) else {
                    return open(format!("`local.{name}` is not in the sources"));
                };
                let inside = Place { scope: place.scope.outside_repetition(), block: None };
                walk(self.expression(expression, &inside, &Vec::new(), depth + 1), 1)
            }
            "var" => walk(self.variable(name, place, depth), 1),
            "each" if name == "key" => match &place.scope.key {
                Some(Key::Name(key)) => Spelled::text(key.as_str()),
                _ => open("there is no `each` here"),
            },
            "each" => walk(self.each_value(place, depth), 1),
            "count" => match &place.scope.key {
                Some(Key::Index(index)) => Spelled::Number(index.to_string()),
                _ => open("there is no `count` here"),
            },
            "module" => self.output(&keys, place, depth),
            "path" | "terraform" | "self" => open(format!("`{}` is not followed here", first.as_str())),
            kind => self.resource(kind, &keys, place),
        }
    }

    fn variable(&self, name: &str, place: &Place<'p, 'a>, depth: usize) -> Spelled {
        let Some((caller, call)) = place.scope.caller(self.plan) else {
            let missing = || open(format!("`var.{name}` is not in the plan"));
            let Some(value) = self.plan.variable(name) else { return missing() };
            // What is computed from a secret is no longer found by looking for it.
            if self.plan.secrets.as_ref().is_some_and(|secrets| secrets.within(&value)) {
                return open(format!("`var.{name}` is sensitive"));
            }
            return Spelled::of(&value);
        };
        let block = self.sources.block(&module_key(&caller), "module", &[&call]);
        if let Some(argument) = block.and_then(|block| block.body.get_attribute(name)) {
            let outside = Place { scope: caller, block };
            return self.expression(&argument.value, &outside, &Vec::new(), depth + 1);
        }
        let declared = self.sources.block(&module_key(&place.scope), "variable", &[name]);
        match declared.and_then(|block| block.body.get_attribute("default")) {
            Some(default) if block.is_some() => {
                self.expression(&default.value, place, &Vec::new(), depth + 1)
            }
            _ => open(format!("`var.{name}` is not in the sources")),
        }
    }

    fn each_value(&self, place: &Place<'p, 'a>, depth: usize) -> Spelled {
        let (Some(Key::Name(key)), Some(block)) = (&place.scope.key, place.block) else {
            return open("there is no `each` here");
        };
        let Some(repetition) = block.body.get_attribute("for_each") else {
            return open("there is no `each` here");
        };
        let outside = Place { scope: place.scope.outside_repetition(), block: None };
        match self.expression(&repetition.value, &outside, &Vec::new(), depth + 1) {
            map @ Spelled::Map(_) => map.entry(key),
            // The value of an element of a set is its key.
            Spelled::List(_) => Spelled::text(key.as_str()),
            Spelled::Open(why) => open(why),
            _ => open("its `for_each` is no collection"),
        }
    }

    /// `module.name[key].output`, followed into the module.
    fn output(&self, keys: &[(String, bool)], place: &Place<'p, 'a>, depth: usize) -> Spelled {
        let Some(((name, _), rest)) = keys.split_first() else { return open("it names no module") };
        let (key, rest) = match rest.split_first() {
            Some(((key, false), rest)) => {
                let index = key.parse().ok().filter(|_| !self.is_named(place, name));
                (Some(index.map_or_else(|| Key::Name(key.clone()), Key::Index)), rest)
            }
            _ => (None, rest),
        };
        let module = place.scope.module.call(name).and_then(|call| call.module.as_ref());
        let (Some(module), Some(((output, _), rest))) = (module, rest.split_first()) else {
            return open(format!("`module.{name}` as a whole is not followed here"));
        };
        let mut path = place.scope.path.clone();
        path.0.push(ModuleStep { name: name.clone(), key });
        let scope = Scope::module(path, module);
        let block = self.sources.block(&module_key(&scope), "output", &[output]);
        let Some(value) = block.and_then(|block| block.body.get_attribute("value")) else {
            return open(format!("`module.{name}.{output}` is not in the sources"));
        };
        let inside = Place { scope, block: None };
        let value = self.expression(&value.value, &inside, &Vec::new(), depth + 1);
        rest.iter().fold(value, |value, (key, _)| value.entry(key))
    }

    /// Whether the instances of a module call have names.
    fn is_named(&self, place: &Place<'p, 'a>, call: &str) -> bool {
        let keys = self.plan.index().module_keys(&place.scope.path, call);
        keys.iter().any(|key| matches!(key, Some(Key::Name(_))))
    }

    /// An attribute of a resource: its value if the plan shows it, and otherwise what it is.
    fn resource(&self, kind: &str, keys: &[(String, bool)], place: &Place<'p, 'a>) -> Spelled {
        let mut text = kind.to_owned();
        for (at, (key, is_name)) in keys.iter().enumerate() {
            if *is_name {
                text.push('.');
                text.push_str(key);
            } else {
                // The key of an instance is a number only where there are numbers.
                let numbers = key.parse::<u64>().ok().filter(|_| at > 2 || !self.has_names(&text, place));
                text.push_str(&numbers.map_or_else(|| Key::Name(key.clone()), Key::Index).to_string());
            }
        }
        let reference = Reference::of(&text);
        let found = self.resolver.reference(&reference, &place.scope, &[], &[], 0);
        let resolution = Resolution::from(found);
        let [target] = resolution.targets.as_slice() else {
            return open(format!("what `{text}` is cannot be told"));
        };
        let Some(instance) = self.plan.instance(&target.address) else {
            return open(format!("`{text}` is not in the plan"));
        };
        let Some(object) = instance.after() else { return open(format!("`{text}` is not in the plan")) };
        let view = reference.rest.iter().fold(object.view(), |view, segment| match segment {
            crate::traversal::Segment::Name(name) | crate::traversal::Segment::Key(Key::Name(name)) => {
                view.get(name)
            }
            crate::traversal::Segment::Key(Key::Index(index)) => {
                view.item(usize::try_from(*index).unwrap_or(usize::MAX))
            }
        });
        match view.state() {
            Attr::Known(()) if view.is_sensitive() => open(format!("`{text}` is sensitive")),
            Attr::Known(()) if !view.has_unknown() => known(view),
            Attr::Known(()) | Attr::Unknown => Spelled::Text(vec![Part::Reference(resolution)]),
            Attr::Absent => Spelled::Null,
        }
    }

    fn has_names(&self, text: &str, place: &Place<'p, 'a>) -> bool {
        let reference = Reference::of(text);
        let crate::expression::Head::Resource { mode, kind, name, .. } = &reference.head else {
            return false;
        };
        let wanted = (&place.scope.path, *mode, kind.as_str(), name.as_str());
        let positions = self.plan.index().resource(&self.plan.instances, wanted);
        let mut instances = positions.iter().filter_map(|at| self.plan.instances.get(*at));
        instances.any(|instance| matches!(instance.key, Some(Key::Name(_))))
    }
}

fn known(view: View<'_>) -> Spelled {
    view.json().map_or(Spelled::Null, Spelled::of)
}

fn compare(operator: BinaryOperator, left: &Spelled, right: &Spelled) -> Spelled {
    let logic = |value: &Spelled| match value {
        Spelled::Bool(value) => Some(*value),
        _ => None,
    };
    let equal = || match (left, right) {
        (Spelled::Null, Spelled::Null) => Some(true),
        (Spelled::Null, other) | (other, Spelled::Null) if other.literal().is_some() => Some(false),
        _ => Some(left.literal()? == right.literal()?),
    };
    let value = match operator {
        BinaryOperator::Eq => equal(),
        BinaryOperator::NotEq => equal().map(|equal| !equal),
        BinaryOperator::And => logic(left).zip(logic(right)).map(|(left, right)| left && right),
        BinaryOperator::Or => logic(left).zip(logic(right)).map(|(left, right)| left || right),
        _ => None,
    };
    value.map_or_else(|| open("an operator is not followed here"), Spelled::Bool)
}
