//! The value of an expression in a scope: inputs, outputs, repetition and attributes followed to where they end.

use std::cell::Cell;
use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::choice::{self, Shown};
use super::scope::Scope;
use super::value::{Alternative, Value};
use crate::expression::{Expression, Head, Reference, lookup};
use crate::index::KeySet;
use crate::traversal::Segment;
use crate::{Certainty, Instance, Key, Legal, Mode, ModuleStep, Plan, Target};

/// Deeper than any real chain of modules, and a bound where references go round in circles.
const DEPTH: usize = 64;
/// Bounds the work where many modules each offer many outputs.
const STEPS: usize = 4096;
/// Instances of one resource that are compared with each other.
const COMPARED: usize = 2048;

/// A key that something is indexed by somewhere, although the plan does not show where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Pick {
    key: Key,
    /// How many such keys there are where it can be a position in a list that is written out; zero otherwise.
    of: usize,
    /// All keys of the repetition, where the key is that of the repetition itself.
    all: Option<KeySet>,
}

/// Follows expressions for one question.
pub(crate) struct Evaluator<'p, 'a> {
    plan: &'p Plan<'a>,
    legal: &'p Legal<'p>,
    steps: Cell<usize>,
}

impl<'p, 'a> Evaluator<'p, 'a> {
    pub(crate) fn new(plan: &'p Plan<'a>, legal: &'p Legal<'p>) -> Self {
        Self { plan, legal, steps: Cell::new(0) }
    }

    /// The value of an expression. `rest` leads into it, and `picks` may index it.
    pub(crate) fn value(
        &self,
        expression: &Expression,
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        picks: &[Pick],
        depth: usize,
    ) -> Value {
        match expression {
            Expression::Constant(value) => Value::known(lookup(value, rest).cloned(), "it is a constant"),
            Expression::Opaque => Value::known(None, "it is made of constants and functions only"),
            Expression::References(references) => self.references(references, scope, rest, picks, depth),
        }
    }

    /// What each reference of an expression leads to by itself, in the order in which they are written.
    pub(crate) fn inputs<'r>(
        &self,
        references: &'r [Reference],
        scope: &Scope<'p, 'a>,
    ) -> Vec<(&'r Reference, Value)> {
        references
            .iter()
            .map(|reference| (reference, self.reference(reference, scope, &[], &[], 0)))
            .collect()
    }

    fn references(
        &self,
        references: &[Reference],
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        picks: &[Pick],
        depth: usize,
    ) -> Value {
        self.steps.set(self.steps.get() + 1);
        if depth > DEPTH || self.steps.get() > STEPS {
            return Value::open("the references go too deep or round in circles");
        }
        let bare = references.iter().any(Reference::is_bare);
        let mut picks = picks.to_vec();
        self.add_picks(references, scope, bare, depth, &mut picks);
        // `aws_x.y[each.value]` is shown as `aws_x.y` and `each.value`: the latter counts as a branch of its
        // own only if it leads somewhere.
        let leads = |reference: &Reference| {
            let value = self.reference(reference, scope, rest, &picks, depth + 1);
            value.targets().into_iter().any(|target| self.fits(target))
        };
        let is_object = |reference: &&Reference| {
            let selects = reference.is_selector() || (bare && reference.head == Head::EachValue);
            !selects || (reference.head == Head::EachValue && leads(reference))
        };
        let objects: Vec<&Reference> = references.iter().filter(is_object).collect();
        let lone = match objects.as_slice() {
            [] => return Value::known(None, "it is known while planning"),
            [lone] => *lone,
            _ => return self.several(&objects, scope, rest, &picks, depth),
        };
        let value = self.reference(lone, scope, rest, &picks, depth + 1);
        // Something else takes part in making the value.
        if references.len() == 1 { value } else { value.at_most(Certainty::Typed) }
    }

    /// What may be in the brackets that the plan does not show.
    fn add_picks(
        &self,
        references: &[Reference],
        scope: &Scope<'p, 'a>,
        bare: bool,
        depth: usize,
        picks: &mut Vec<Pick>,
    ) {
        for (position, reference) in references.iter().enumerate() {
            let own = matches!(
                (&reference.head, &scope.key),
                (Head::EachKey, Some(Key::Name(_))) | (Head::CountIndex, Some(Key::Index(_)))
            );
            let key = match &reference.head {
                _ if own => scope.key.clone(),
                Head::EachValue if bare => self.value_of_each(reference, scope, depth),
                Head::Variable(_) if bare => self
                    .reference(reference, scope, &[], &[], depth + 1)
                    .constant()
                    .and_then(|(it, _)| key(it)),
                _ => None,
            };
            // `[a.id, b.id][count.index]` ends with the index; in a condition, it comes first.
            let of = if position + 1 == references.len() { scope.instances } else { 0 };
            let all = own.then_some(scope.keys);
            let pick = key.map(|key| Pick { key, of, all });
            picks.extend(pick.filter(|pick| !picks.contains(pick)));
        }
    }

    fn several(
        &self,
        objects: &[&Reference],
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        picks: &[Pick],
        depth: usize,
    ) -> Value {
        let each = |object: &&Reference| self.reference(object, scope, rest, picks, depth + 1);
        let values: Vec<Value> = objects.iter().map(each).collect();
        // A list of as many references as there are instances, indexed by `count.index`.
        let position = picks.iter().find_map(|pick| match pick.key {
            Key::Index(index) if pick.of == objects.len() => usize::try_from(index).ok(),
            _ => None,
        });
        let definite = |value: &Value| {
            let targets = value.targets();
            !value.open && targets.len() == 1 && targets.into_iter().all(|target| self.fits(target))
        };
        if let Some(picked) =
            position.filter(|_| values.iter().all(definite)).and_then(|position| values.get(position))
        {
            return picked.clone().at_most(Certainty::Typed);
        }
        // Where a path leads into an object or list that is made of them, those that do not fit are other entries.
        if !rest.is_empty() || !picks.is_empty() {
            let fits =
                |value: &Value| value.open || value.targets().into_iter().any(|target| self.fits(target));
            let fitting: Vec<Value> = values.iter().filter(|value| fits(value)).cloned().collect();
            if !fitting.is_empty() {
                return Value { most: Certainty::Typed, ..Value::one_of(fitting) };
            }
        }
        Value::one_of(values)
    }

    /// The elements of a list that the configuration writes out; `None` where the plan does not show that it does.
    pub(crate) fn elements(
        &self,
        expression: &Expression,
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        depth: usize,
    ) -> Option<Vec<Value>> {
        let Expression::References(references) = expression else { return None };
        if depth > DEPTH || !rest.is_empty() {
            return None;
        }
        if let [Reference { head: Head::Variable(name), rest, .. }] = references.as_slice()
            && rest.is_empty()
            && let Some((caller, call)) = scope.caller(self.plan)
        {
            let expression = argument(&caller, &call, name)?;
            return self.elements(&expression, &caller, &[], depth + 1);
        }
        let plain = |reference: &Reference| {
            matches!(reference.head, Head::Resource { .. } | Head::Module { .. }) && !reference.is_bare()
        };
        let all = references.len() > 1 && references.iter().all(plain);
        all.then(|| {
            let value = |reference| self.reference(reference, scope, &[], &[], depth + 1);
            // What the plan shows of the list is none of its unknown elements.
            references.iter().map(value).filter(|value| !value.is_constant()).collect()
        })
    }

    fn reference(
        &self,
        reference: &Reference,
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        picks: &[Pick],
        depth: usize,
    ) -> Value {
        let text = scope.absolute(&reference.text);
        let whole = || -> Vec<Segment> { reference.rest.iter().chain(rest).cloned().collect() };
        let value = match &reference.head {
            Head::Resource { mode, kind, name, key } => {
                let own = &reference.rest;
                self.resource((*mode, kind, name, key.as_ref()), own, scope, rest, picks, depth)
            }
            Head::Module { name, key } => {
                self.module((name, key.as_ref()), &reference.rest, scope, rest, picks, depth)
            }
            Head::Variable(name) => self.variable(name, scope, &whole(), picks, depth),
            Head::EachValue => self.each_value(scope, &whole(), picks, depth),
            Head::Local => return Value::open(format!("`{text}` is not in the plan")),
            Head::Other => return Value::open(format!("`{text}` cannot be followed")),
            Head::EachKey | Head::CountIndex | Head::Setting => {
                return Value::known(None, format!("`{text}` is known while planning"));
            }
        };
        value.after(format!("it refers to `{text}`"))
    }

    fn resource(
        &self,
        (mode, kind, name, key): (Mode, &str, &str, Option<&Key>),
        own: &[Segment],
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        picks: &[Pick],
        depth: usize,
    ) -> Value {
        let instances = &self.plan.instances;
        let positions = self.plan.index().resource(instances, (&scope.path, mode, kind, name));
        let at = |position: &usize| instances.get(*position);
        let one = |instance: &'p Instance<'a>| self.attribute(instance, own, rest, depth);
        let wanted = |key: &Key| {
            let order =
                |position: &usize| at(position).map(|instance| instance.key.as_ref()).cmp(&Some(Some(key)));
            at(positions.get(positions.binary_search_by(order).ok()?)?)
        };
        if let Some(key) = key {
            let missing = || Value::open(format!("the plan has no instance {key} of it"));
            return wanted(key).map_or_else(missing, one);
        }
        if let [only] = positions
            && let Some(only) = at(only)
        {
            let most = if only.key.is_none() { Certainty::Exact } else { Certainty::Typed };
            return one(only).at_most(most);
        }
        let set = self.plan.index().keys(&self.plan.instances, (&scope.path, mode, kind, name));
        let keys = || positions.iter().filter_map(at).filter_map(|instance| instance.key.as_ref());
        // A map of all instances, and the key that it is indexed by.
        let inner = match rest.first() {
            Some(Segment::Key(key)) if own.is_empty() => Some(key),
            _ => None,
        };
        let sure = picks.iter().filter(|pick| pick.leaves_no_choice(set, keys())).map(|pick| &pick.key);
        let picked: BTreeSet<_> =
            sure.chain(inner).filter_map(wanted).map(|instance| &instance.address).collect();
        let picked: Vec<_> = picked.into_iter().filter_map(|address| self.plan.instance(address)).collect();
        if let [picked] = picked.as_slice() {
            return one(picked).at_most(Certainty::Typed).after("the instance is chosen by its key");
        }
        let why = "the plan does not show which instance";
        if positions.len() > COMPARED {
            return Value::open(why);
        }
        match positions.iter().filter_map(at).map(one).collect::<Vec<_>>() {
            none if none.is_empty() => Value::open("the plan has no instance of it"),
            all => Value { trail: vec![why.to_owned()], ..Value::one_of(all) },
        }
    }

    /// An attribute of an instance: its value if the plan shows it, and otherwise what it is.
    fn attribute(
        &self,
        instance: &'p Instance<'a>,
        own: &[Segment],
        rest: &[Segment],
        depth: usize,
    ) -> Value {
        let (attribute, certain) = choice::attribute(self.legal, instance, own, rest);
        let target = Target { address: instance.address.clone(), attribute };
        let most = if certain { Certainty::Exact } else { Certainty::Typed };
        let path: Vec<Segment> = own.iter().chain(rest).cloned().collect();
        let fits = self.fits(&target);
        if path.iter().all(|part| matches!(part, Segment::Key(_))) {
            // The attribute is lost with the brackets. Where the one that it can be is known, it is another one.
            let lost = [Segment::Name(target.attribute.clone())];
            let is_shown = || !matches!(choice::shown(instance, &lost), Shown::Nothing);
            if !self.legal.0.is_empty() && fits && is_shown() {
                return Value::open("the plan does not show which attribute it is");
            }
            return Value::attribute(target).at_most(most);
        }
        match choice::shown(instance, &path) {
            Shown::Value(value) => Value::shown(Some(value), target),
            Shown::Sensitive => Value::shown(None, target),
            Shown::Nothing if fits || self.legal.0.is_empty() => Value::attribute(target).at_most(most),
            // What it holds is not the instance, but what its argument says.
            Shown::Nothing => self.held(instance, &path, depth).unwrap_or_else(|| Value::attribute(target)),
        }
    }

    /// What the configuration sets an argument of an instance to.
    fn held(&self, instance: &'p Instance<'a>, path: &[Segment], depth: usize) -> Option<Value> {
        let (Segment::Name(name), rest) = path.split_first()? else { return None };
        let scope = Scope::of(self.plan, instance).ok()?;
        let arguments: Json = serde_json::from_str(scope.resource?.expressions?.get()).ok()?;
        let name = if instance.kind == "terraform_data" && name == "output" { "input" } else { name };
        let expression = Expression::of(arguments.get(name)?)?;
        Some(self.value(&expression, &scope, rest, &[], depth + 1))
    }

    fn module(
        &self,
        (name, key): (&str, Option<&Key>),
        own: &[Segment],
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        picks: &[Pick],
        depth: usize,
    ) -> Value {
        let Some(module) = scope.module.call(name).and_then(|call| call.module.as_ref()) else {
            return Value::open("the plan does not show the configuration of the module");
        };
        let (keys, most) = self.module_keys(name, key, scope, picks);
        // What follows the module names the output, unless it was lost with the brackets.
        let parts: Vec<Segment> = own.iter().chain(rest).cloned().collect();
        let output = parts.iter().enumerate().find_map(|(position, part)| match part {
            Segment::Name(part) => module.output(part).map(|output| (output, position)),
            Segment::Key(_) => None,
        });
        let mut values = Vec::new();
        for key in keys {
            let mut path = scope.path.clone();
            path.0.push(ModuleStep { name: name.to_owned(), key });
            let inside = Scope::module(path, module);
            let follow = |raw, rest: &[Segment]| match Expression::parse(raw) {
                Some(expression) => self.value(&expression, &inside, rest, &[], depth + 1),
                None => Value::open("the plan does not show the output of the module"),
            };
            values.push(match output {
                Some((output, position)) => {
                    follow(output.expression, parts.get(position + 1..).unwrap_or_default())
                }
                None if !own.is_empty() => Value::open("the module has no such output"),
                None => {
                    let outputs = module.outputs().map(|(name, output)| {
                        follow(output.expression, rest).after(format!("its output may be `{name}`"))
                    });
                    self.fitting_output(outputs.collect())
                }
            });
        }
        Value::one_of(values).at_most(most)
    }

    /// The one output that can be meant. One that cannot be followed may be it as well.
    fn fitting_output(&self, outputs: Vec<Value>) -> Value {
        let fits = |value: &Value| value.open || value.targets().into_iter().any(|target| self.fits(target));
        let fitting: Vec<Value> = outputs.into_iter().filter(fits).collect();
        if fitting.is_empty() {
            return Value::open("no output of the module fits");
        }
        Value::one_of(fitting).at_most(Certainty::Typed)
    }

    /// The instances of a module call that a reference can mean.
    fn module_keys(
        &self,
        name: &str,
        key: Option<&Key>,
        scope: &Scope<'p, 'a>,
        picks: &[Pick],
    ) -> (Vec<Option<Key>>, Certainty) {
        if let Some(key) = key {
            return (vec![Some(key.clone())], Certainty::Exact);
        }
        let (all, set) = self.plan.index().module_keys(&scope.path, name);
        if all.is_empty() || all.as_slice() == [None] {
            return (vec![None], Certainty::Exact);
        }
        let sure = picks.iter().filter(|pick| pick.leaves_no_choice(set, all.iter().flatten()));
        let mut picked: Vec<Option<Key>> = sure.map(|pick| Some(pick.key.clone())).collect();
        picked.retain(|key| all.contains(key));
        picked.dedup();
        (if picked.len() == 1 { picked } else { all }, Certainty::Typed)
    }

    fn variable(
        &self,
        name: &str,
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        picks: &[Pick],
        depth: usize,
    ) -> Value {
        let constant = |value: &Json, why: String| {
            let value = lookup(value, rest);
            let secret = |value: &Json| self.plan.secrets.as_ref().is_some_and(|all| all.within(value));
            Value::known(value.filter(|value| !secret(value)).cloned(), why)
        };
        let Some((caller, call)) = scope.caller(self.plan) else {
            let value = self.plan.variable(name).unwrap_or_default();
            return constant(&value, format!("`var.{name}` is an input of the root module"));
        };
        if let Some(expression) = argument(&caller, &call, name) {
            return self.value(&expression, &caller, rest, picks, depth + 1);
        }
        let shown = scope.absolute(&format!("var.{name}"));
        match scope.module.variable(name).and_then(|variable| variable.default) {
            Some(default) => {
                let default = serde_json::from_str(default.get()).unwrap_or_default();
                constant(&default, format!("`{shown}` is its default"))
            }
            None => Value::open(format!("`{shown}` is not set in the plan")),
        }
    }

    fn each_value(&self, scope: &Scope<'p, 'a>, rest: &[Segment], picks: &[Pick], depth: usize) -> Value {
        let Some(key) = &scope.key else { return Value::open("there is no `each` here") };
        let outside = scope.outside_repetition();
        // A `for_each` of constants is not shown at all when it is a `for` expression.
        let Some(expression) = Expression::parse(scope.for_each) else {
            return Value::known(None, "its `for_each` is made of constants");
        };
        let Expression::References(references) = &expression else {
            let inside = [&[Segment::Key(key.clone())], rest].concat();
            return self.value(&expression, &outside, &inside, &[], depth + 1);
        };
        if let [reference] = references.as_slice()
            && reference.is_bare()
        {
            // `for_each = aws_x.y` with `each.value.id`; without the last it is a `for` over the instances.
            let most = if rest.is_empty() { Certainty::Typed } else { Certainty::Exact };
            let mut keyed = reference.clone();
            if let Head::Resource { key: literal, .. } | Head::Module { key: literal, .. } = &mut keyed.head {
                *literal = Some(key.clone());
            }
            let value = self.reference(&keyed, &outside, rest, &[], depth + 1).at_most(most);
            if !value.open {
                return value;
            }
        }
        let mut picks = picks.to_vec();
        picks.push(Pick { key: key.clone(), of: scope.instances, all: Some(scope.keys) });
        self.references(references, &outside, rest, &picks, depth + 1).at_most(Certainty::Typed)
    }

    /// The key that `each.value[.f]` is, where that is known from the configuration.
    fn value_of_each(&self, reference: &Reference, scope: &Scope<'p, 'a>, depth: usize) -> Option<Key> {
        let name = scope.key.as_ref()?;
        let for_each = match Expression::parse(scope.for_each)? {
            // `toset([…])`: the value of an element is its key.
            Expression::Opaque => return reference.rest.is_empty().then(|| name.clone()),
            expression => {
                let value = self.value(&expression, &scope.outside_repetition(), &[], &[], depth + 1);
                value.constant()?.0.clone()
            }
        };
        if let (Json::Array(items), Key::Name(name)) = (&for_each, name) {
            let listed = items.iter().any(|item| item.as_str() == Some(name));
            return (listed && reference.rest.is_empty()).then(|| Key::Name(name.clone()));
        }
        key(lookup(lookup(&for_each, &[Segment::Key(name.clone())])?, &reference.rest)?)
    }

    /// Whether the attribute that is asked for can hold the target.
    pub(crate) fn fits(&self, target: &Target) -> bool {
        let instance = self.plan.instance(&target.address);
        instance.is_some_and(|instance| choice::fits(self.legal, target, instance))
    }

    /// The attributes that an unknown value is one of, as far as the references leave no other. The error says why there
    /// are none.
    pub(super) fn unknown_of<'v>(&self, value: &'v Value) -> Result<BTreeSet<&'v Target>, String> {
        if value.open {
            return Err(String::new());
        }
        // What is known is not what is unknown, as long as nothing else that is unknown chooses between them.
        let targets = value.targets();
        match targets.iter().find(|target| !self.fits(target)) {
            Some(other) if !self.legal.0.is_empty() => {
                let Target { address, attribute } = other;
                Err(format!("it refers to `{address}.{attribute}`"))
            }
            _ => Ok(targets),
        }
    }
}

impl Pick {
    /// Whether the key is the only one of these that the brackets can have: `x[count.index + 1]` is shown like
    /// `x[count.index]`, and `x["${each.key}-b"]` like `x[each.key]`.
    fn leaves_no_choice<'k>(&self, set: KeySet, mut keys: impl Iterator<Item = &'k Key>) -> bool {
        // As many instances as there are keys: any other index leads out of the list.
        if self.all == Some(set) {
            return true;
        }
        match &self.key {
            Key::Index(_) => self.all.is_none(),
            Key::Name(name) => {
                set.count <= COMPARED
                    && !keys.any(|other| match other {
                        Key::Name(other) => other != name && other.contains(name.as_str()),
                        Key::Index(_) => false,
                    })
            }
        }
    }
}

/// The expression that a module call gives an input.
fn argument(caller: &Scope<'_, '_>, call: &str, input: &str) -> Option<Expression> {
    let raw = caller.module.call(call)?.expressions?;
    let expressions: Json = serde_json::from_str(raw.get()).ok()?;
    Expression::of(expressions.get(input)?)
}

/// A constant as the key of an instance.
fn key(value: &Json) -> Option<Key> {
    match value {
        Json::String(name) => Some(Key::Name(name.clone())),
        Json::Number(index) => index.as_u64().map(Key::Index),
        _ => None,
    }
}

impl Alternative {
    /// The attribute that it is, or that shows it.
    pub(crate) fn target(&self) -> Option<&Target> {
        match self {
            Self::Attribute(target) => Some(target),
            Self::Known { shown_by, .. } => shown_by.as_ref(),
        }
    }
}
