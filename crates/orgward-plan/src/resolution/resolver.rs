//! Following references through the configuration.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::choice;
use super::found::Found;
use super::repetition::key;
use super::scope::Scope;
use crate::expression::{Expression, Head, Reference};
use crate::traversal::Segment;
use crate::{Certainty, Instance, Key, Legal, Mode, ModuleStep, Plan, Target};

/// Deeper than any real chain of modules, and a bound where references go round in circles.
pub(super) const DEPTH: usize = 64;
/// Bounds the work where many modules each offer many outputs.
const STEPS: usize = 4096;

/// A key that something is indexed by somewhere, although the plan does not show where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Pick {
    pub(super) key: Key,
    /// How many such keys there are; zero where it cannot be a position in a list.
    pub(super) of: usize,
}

pub(crate) struct Resolver<'p, 'a> {
    pub(super) plan: &'p Plan<'a>,
    legal: &'p Legal<'p>,
    steps: Cell<usize>,
}

impl<'p, 'a> Resolver<'p, 'a> {
    pub(crate) fn new(plan: &'p Plan<'a>, legal: &'p Legal<'p>) -> Self {
        Self { plan, legal, steps: Cell::new(0) }
    }

    /// Follows an expression. `rest` leads into its value, and `picks` may index it.
    pub(crate) fn expression(
        &self,
        expression: &Expression,
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        picks: &[Pick],
        depth: usize,
    ) -> Found {
        match expression {
            Expression::Constant(_) => Found::constant("it is a constant"),
            Expression::Opaque => Found::constant("it is made of constants and functions only"),
            Expression::References(references) => self.references(references, scope, rest, picks, depth),
        }
    }

    pub(super) fn references(
        &self,
        references: &[Reference],
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        picks: &[Pick],
        depth: usize,
    ) -> Found {
        self.steps.set(self.steps.get() + 1);
        if depth > DEPTH || self.steps.get() > STEPS {
            return Found::unknown("the references go too deep or round in circles");
        }
        let bare = references.iter().any(Reference::is_bare);
        let mut picks = picks.to_vec();
        self.add_picks(references, scope, bare, depth, &mut picks);
        // `aws_x.y[each.value]` is shown as `aws_x.y` and `each.value`: the latter counts as a branch of its
        // own only if it leads somewhere.
        let leads = |reference: &Reference| {
            let found = self.reference(reference, scope, rest, &picks, depth + 1);
            found.targets.iter().any(|target| self.fits(target))
        };
        let is_object = |reference: &&Reference| {
            let selects = reference.is_selector() || (bare && reference.head == Head::EachValue);
            !selects || (reference.head == Head::EachValue && leads(reference))
        };
        let objects: Vec<&Reference> = references.iter().filter(is_object).collect();
        let lone = match objects.as_slice() {
            [] => return Found::constant("it is known while planning"),
            [lone] => *lone,
            _ => return self.several(&objects, scope, rest, &picks, depth),
        };
        let found = self.reference(lone, scope, rest, &picks, depth + 1);
        // Something else takes part in making the value.
        if references.len() == 1 { found } else { found.at_most(Certainty::Typed) }
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
            let key = match (&reference.head, &scope.key) {
                (Head::EachKey, Some(key @ Key::Name(_))) | (Head::CountIndex, Some(key @ Key::Index(_))) => {
                    Some(key.clone())
                }
                (Head::EachValue, _) if bare => self.value_of_each(reference, scope, depth),
                (Head::Variable(_), _) if bare => {
                    self.constant(std::slice::from_ref(reference), scope, &[], depth).as_ref().and_then(key)
                }
                _ => None,
            };
            // `[a.id, b.id][count.index]` ends with the index; in a condition, it comes first.
            let of = if position + 1 == references.len() { scope.instances } else { 0 };
            let pick = key.map(|key| Pick { key, of });
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
    ) -> Found {
        let each = |object: &&Reference| self.reference(object, scope, rest, picks, depth + 1);
        let found: Vec<Found> = objects.iter().map(each).collect();
        // A list of as many references as there are instances, indexed by `count.index`.
        let position = picks.iter().find_map(|pick| match pick.key {
            Key::Index(index) if pick.of == objects.len() => usize::try_from(index).ok(),
            _ => None,
        });
        let definite = found.iter().all(|found| found.certainty >= Certainty::Typed && self.fit(found));
        if let Some(picked) = position.filter(|_| definite).and_then(|position| found.get(position)) {
            return picked.clone().at_most(Certainty::Typed);
        }
        self.union(found)
    }

    /// One of several, nobody can say which.
    pub(crate) fn union(&self, mut several: Vec<Found>) -> Found {
        if several.len() == 1
            && let Some(only) = several.pop()
        {
            return only;
        }
        if let Some(end) = several.iter().find(|found| found.is_unknown()) {
            return Found { targets: BTreeSet::new(), certainty: Certainty::Unknown, ..end.clone() };
        }
        let fitting: Vec<&Found> =
            several.iter().filter(|found| !found.constant && self.any_fits(found)).collect();
        let targets: BTreeSet<Target> = fitting
            .iter()
            .flat_map(|found| found.targets.iter().filter(|target| self.fits(target)).cloned())
            .collect();
        let trail: Vec<String> = fitting.iter().flat_map(|found| found.trail.iter().cloned()).collect();
        if !targets.is_empty() {
            return Found::of(targets, Certainty::Typed, trail);
        }
        if several.iter().all(|found| found.constant) {
            return Found::constant("it is made of what is known while planning");
        }
        Found::unknown("none of the references is of a type that fits")
    }

    /// The elements of a list that the configuration writes out; `None` where it cannot be told.
    pub(crate) fn elements(
        &self,
        expression: &Expression,
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        depth: usize,
    ) -> Option<Vec<Found>> {
        let Expression::References(references) = expression else { return None };
        if depth > DEPTH || !rest.is_empty() {
            return None;
        }
        if let [Reference { head: Head::Variable(name), rest, .. }] = references.as_slice()
            && rest.is_empty()
            && let Some((caller, call)) = scope.caller(self.plan)
        {
            let expression = Self::argument(&caller, &call, name)?;
            return self.elements(&expression, &caller, &[], depth + 1);
        }
        let plain = |reference: &Reference| {
            matches!(reference.head, Head::Resource { .. } | Head::Module { .. }) && !reference.is_bare()
        };
        let all = references.len() > 1 && references.iter().all(plain);
        all.then(|| {
            references.iter().map(|reference| self.reference(reference, scope, &[], &[], depth + 1)).collect()
        })
    }

    pub(crate) fn reference(
        &self,
        reference: &Reference,
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        picks: &[Pick],
        depth: usize,
    ) -> Found {
        let text = scope.absolute(&reference.text);
        let found = match &reference.head {
            Head::Resource { mode, kind, name, key } => {
                self.resource((*mode, kind, name, key.as_ref()), &reference.rest, scope, rest, picks)
            }
            Head::Module { name, key } => {
                self.module((name, key.as_ref()), &reference.rest, scope, rest, picks, depth)
            }
            Head::Variable(name) => {
                let rest: Vec<Segment> = reference.rest.iter().chain(rest).cloned().collect();
                self.variable(name, scope, &rest, picks, depth)
            }
            Head::EachValue => {
                let rest: Vec<Segment> = reference.rest.iter().chain(rest).cloned().collect();
                self.each_value(scope, &rest, picks, depth)
            }
            Head::Local => return Found::unknown(format!("`{text}` is not in the plan")),
            Head::Other => return Found::unknown(format!("`{text}` cannot be followed")),
            Head::EachKey | Head::CountIndex | Head::Setting => {
                return Found::constant(format!("`{text}` is known while planning"));
            }
        };
        found.after(format!("it refers to `{text}`"))
    }

    fn resource(
        &self,
        (mode, kind, name, key): (Mode, &str, &str, Option<&Key>),
        own: &[Segment],
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        picks: &[Pick],
    ) -> Found {
        let instances = &self.plan.instances;
        let positions = self.plan.index().resource(instances, (&scope.path, mode, kind, name));
        let at = |position: &usize| instances.get(*position);
        let target = |instance: &Instance<'_>| {
            let (attribute, certain) = choice::attribute(self.legal, instance, own, rest);
            (Target { address: instance.address.clone(), attribute }, certain)
        };
        let one = |instance: &Instance<'_>, most: Certainty| {
            let (target, certain) = target(instance);
            Found::target(if certain { most } else { most.min(Certainty::Typed) }, target)
        };
        let wanted = |key: &Key| {
            let order =
                |position: &usize| at(position).map(|instance| instance.key.as_ref()).cmp(&Some(Some(key)));
            at(positions.get(positions.binary_search_by(order).ok()?)?)
        };
        if let Some(key) = key {
            let missing = || Found::unknown(format!("the plan has no instance {key} of it"));
            return wanted(key).map_or_else(missing, |instance| one(instance, Certainty::Exact));
        }
        if let [only] = positions
            && let Some(only) = at(only)
        {
            let most = if only.key.is_none() { Certainty::Exact } else { Certainty::Typed };
            return one(only, most);
        }
        // A map of all instances, and the key that it is indexed by.
        let inner = match rest.first() {
            Some(Segment::Key(key)) if own.is_empty() => Some(key),
            _ => None,
        };
        let picked = picks.iter().map(|pick| &pick.key).chain(inner).filter_map(wanted);
        let picked: BTreeSet<Target> = picked.map(|instance| target(instance).0).collect();
        if picked.len() == 1 {
            return Found::of(picked, Certainty::Typed, vec!["the instance is chosen by its key".to_owned()]);
        }
        let targets: BTreeSet<Target> =
            positions.iter().filter_map(at).map(|instance| target(instance).0).collect();
        if targets.is_empty() {
            return Found::unknown("the plan has no instance of it");
        }
        Found::of(targets, Certainty::Typed, vec!["the plan does not show which instance".to_owned()])
    }

    fn module(
        &self,
        (name, key): (&str, Option<&Key>),
        own: &[Segment],
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        picks: &[Pick],
        depth: usize,
    ) -> Found {
        let Some(module) = scope.module.call(name).and_then(|call| call.module.as_ref()) else {
            return Found::unknown("the plan does not show the configuration of the module");
        };
        let (keys, most) = self.module_keys(name, key, scope, picks);
        // What follows the module names the output, unless it was lost with the brackets.
        let parts: Vec<Segment> = own.iter().chain(rest).cloned().collect();
        let output = parts.iter().enumerate().find_map(|(position, part)| match part {
            Segment::Name(part) => module.output(part).map(|output| (part, output, position)),
            Segment::Key(_) => None,
        });
        let mut found = Vec::new();
        for key in keys {
            let mut path = scope.path.clone();
            path.0.push(ModuleStep { name: name.to_owned(), key });
            let inside = Scope::module(path, module);
            let follow = |raw, rest: &[Segment]| match Expression::parse(raw) {
                Some(expression) => self.expression(&expression, &inside, rest, &[], depth + 1),
                None => Found::unknown("the plan does not show the output of the module"),
            };
            found.push(match output {
                Some((_, output, position)) => {
                    follow(output.expression, parts.get(position + 1..).unwrap_or_default())
                }
                None if !own.is_empty() => Found::unknown("the module has no such output"),
                None => {
                    let outputs = module.outputs().map(|(name, output)| {
                        follow(output.expression, rest).after(format!("its output may be `{name}`"))
                    });
                    self.fitting_output(outputs.collect())
                }
            });
        }
        self.union(found).at_most(most)
    }

    /// The one output that can be meant. One that cannot be followed may be it as well.
    fn fitting_output(&self, outputs: Vec<Found>) -> Found {
        let mut fitting: Vec<Found> =
            outputs.into_iter().filter(|found| found.is_unknown() || self.any_fits(found)).collect();
        fitting.sort_by_key(|found| !found.is_unknown());
        match fitting.len() {
            0 => Found::unknown("no output of the module fits"),
            _ => self.union(fitting).at_most(Certainty::Typed),
        }
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
        let all = self.plan.index().module_keys(&scope.path, name);
        if all.is_empty() || all.as_slice() == [None] {
            return (vec![None], Certainty::Exact);
        }
        let mut picked: Vec<Option<Key>> = picks.iter().map(|pick| Some(pick.key.clone())).collect();
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
    ) -> Found {
        let Some((caller, call)) = scope.caller(self.plan) else {
            return Found::constant(format!("`var.{name}` is an input of the root module"));
        };
        match Self::argument(&caller, &call, name) {
            Some(expression) => self.expression(&expression, &caller, rest, picks, depth + 1),
            None if scope.module.variable(name).is_some_and(|variable| variable.default.is_some()) => {
                Found::constant(format!("`{}` is its default", scope.absolute(&format!("var.{name}"))))
            }
            None => {
                Found::unknown(format!("`{}` is not set in the plan", scope.absolute(&format!("var.{name}"))))
            }
        }
    }

    pub(crate) fn fits(&self, target: &Target) -> bool {
        let instances = &self.plan.instances;
        let at = instances.partition_point(|instance| instance.address < target.address);
        instances.get(at).is_some_and(|instance| choice::fits(self.legal, target, instance))
    }

    fn any_fits(&self, found: &Found) -> bool {
        found.targets.iter().any(|target| self.fits(target))
    }

    fn fit(&self, found: &Found) -> bool {
        !found.targets.is_empty() && found.targets.iter().all(|target| self.fits(target))
    }
}
