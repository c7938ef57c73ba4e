mod bound;
mod choice;
pub(crate) mod evaluator;
mod locate;
pub(crate) mod scope;
pub(crate) mod value;

use crate::expression::Expression;
use crate::{Address, Instance, ModulePath, Plan, Spelled, Text};
use evaluator::Evaluator;
use scope::Scope;
use value::{Alternative, Value};

/// One step into an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step<'s> {
    /// An attribute, or an entry of a map.
    Name(&'s str),
    /// An element of a list or set.
    Index(usize),
}

/// Which attributes an attribute can possibly hold, each as `type.attribute` without indexes:
/// `aws_organizations_account.id`, `aws_organizations_organization.roots.id`.
#[derive(Clone, Copy, Debug)]
pub struct Legal<'l>(pub &'l [&'l str]);

/// How sure a resolution is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Certainty {
    /// Nothing is known about the target.
    Unknown,
    /// The target is among these, which are all that fit of what takes part in the plan: an upper bound, from which
    /// nothing else may be concluded.
    Bound,
    /// The target is one of several.
    Candidates,
    /// The only target that fits by type and instance key.
    Typed,
    /// The configuration names it.
    Exact,
}

/// What an unknown attribute will hold: an attribute of a resource instance.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Target {
    /// The resource instance; for a data source with `data.` before the type.
    pub address: Address,
    /// The attribute, without indexes: `id`, `roots.id`, `json`. Empty when the reference is to the whole.
    pub attribute: String,
}

/// What an unknown attribute will point to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resolution {
    /// How sure it is. `Exact` and `Typed` have exactly one target; `Candidates` two or more; `Bound` one or more;
    /// `Unknown` none.
    pub certainty: Certainty,
    /// The targets, sorted.
    pub targets: Vec<Target>,
    /// How it was found, or where the trail ends: one sentence a step, fit to print.
    pub trail: Vec<String>,
}

/// Through how many arguments of other resources a value is followed in the sources. A configuration that terraform
/// accepts has no circle; a hostile plan may.
const FURTHER: usize = 8;

/// What a list or set may hold that is unknown as a whole.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Held {
    /// The attributes that are in it.
    pub targets: Vec<Target>,
    /// The texts that are in it.
    pub texts: Vec<Text>,
    /// Whether these are its elements, all of them, and nothing else. A plan does not show the constants of an
    /// expression, and a set with one unknown element is unknown as a whole; the sources tell.
    pub is_all: bool,
}

impl Legal<'_> {
    /// Whether the attribute holds a text that anything can be made into. An id or ARN is what it is; of a document,
    /// an expression can make another one.
    fn is_text(self) -> bool {
        self.0.iter().all(|legal| legal.ends_with("json"))
    }
}

impl Resolution {
    /// The same with one of the targets alone, where something else leaves no other.
    #[must_use]
    pub fn only(&self, target: &Target) -> Self {
        Self { certainty: Certainty::Typed, targets: vec![target.clone()], trail: self.trail.clone() }
    }

    fn unknown(trail: Vec<String>) -> Self {
        Self { certainty: Certainty::Unknown, targets: Vec::new(), trail }
    }

    /// The attributes that a value can be, as far as it is unknown.
    fn of(value: &Value, evaluator: &Evaluator<'_, '_>) -> Self {
        let mut trail: Vec<String> = Vec::new();
        for step in &value.trail {
            if !trail.contains(step) {
                trail.push(step.clone());
            }
        }
        match evaluator.unknown_of(value) {
            Ok(targets) => {
                let certainty = match targets.len() {
                    0 => Certainty::Unknown,
                    1 if value.alternatives.len() == 1 => value.most,
                    1 => value.most.min(Certainty::Typed),
                    _ => Certainty::Candidates,
                };
                Self { certainty, targets: targets.into_iter().cloned().collect(), trail }
            }
            Err(why) => {
                trail.extend(Some(why).filter(|why| !why.is_empty()));
                Self::unknown(trail)
            }
        }
    }
}

impl<'a> Plan<'a> {
    /// What the unknown attribute at `path` of `instance` will be, told from the configuration.
    ///
    /// `legal` says which attributes of which resource types the attribute can possibly hold, and every target is one of
    /// them: a reference is to an attribute, and an argument that is none of them is followed to what sets it. When
    /// empty, everything is possible.
    ///
    /// Where a reference cannot be followed, the whole is [`Certainty::Unknown`], even if others can: the
    /// targets of [`Certainty::Candidates`] are all there are.
    ///
    /// The sources are asked first, since a plan does not show what an expression makes of its references; then the
    /// configuration that the plan shows, and at last Terraform's list of all attributes that take part in what is
    /// planned.
    pub fn resolve(&self, instance: &Instance<'a>, path: &[Step<'_>], legal: &Legal<'_>) -> Resolution {
        self.resolve_through(instance, path, legal, FURTHER)
    }

    /// The same, through as many arguments of other resources as `further` says.
    fn resolve_through(
        &self,
        instance: &Instance<'a>,
        path: &[Step<'_>],
        legal: &Legal<'_>,
        further: usize,
    ) -> Resolution {
        let evaluator = Evaluator::new(self, legal);
        let value = self.value(instance, path, &evaluator);
        let mut shown = Resolution::of(&value, &evaluator);
        if let Some(spelled) = self.spell_out(instance, path) {
            match (spelled.reference(), &spelled) {
                (Some(found), _) if found.targets.iter().all(|target| evaluator.fits(target)) => {
                    if shown.certainty == Certainty::Exact && shown.targets == found.targets {
                        return shown;
                    }
                    let mut trail = shown.trail;
                    trail.extend(found.trail.iter().cloned());
                    return Resolution { trail, ..found.clone() };
                }
                (Some(found), _) => {
                    if let Some(mut followed) = self.follow(found, legal, further) {
                        followed.trail = [shown.trail, followed.trail].concat();
                        return followed;
                    }
                }
                (None, Spelled::Open(why)) => {
                    if shown.certainty < Certainty::Typed {
                        shown.trail.push(why.clone());
                    } else if legal.is_text() && !legal.0.is_empty() {
                        return Resolution::unknown([shown.trail, vec![why.clone()]].concat());
                    }
                }
                (None, _) if legal.is_text() => {
                    let why = "the sources make something else of it".to_owned();
                    return Resolution::unknown([shown.trail, vec![why]].concat());
                }
                _ => {}
            }
        }
        // What nobody sets is made by AWS, and of nothing that is in the plan.
        let is_set = matches!(path.first(), Some(Step::Name(name)) if !self.is_unset(instance, name));
        if shown.certainty == Certainty::Unknown
            && is_set
            && !value.is_constant()
            && !legal.is_text()
            && let Some(bound) = self.bound(legal)
        {
            return Resolution { trail: shown.trail.into_iter().chain(bound.trail).collect(), ..bound };
        }
        shown
    }

    /// What the argument of another resource will be that the sources refer to. The sources know better than the plan
    /// what that argument is made of, too.
    fn follow(&self, found: &Resolution, legal: &Legal<'_>, further: usize) -> Option<Resolution> {
        let [target] = found.targets.as_slice() else { return None };
        let next = self.instance(&target.address)?;
        let argument = (!target.attribute.contains('.')).then_some(target.attribute.as_str())?;
        let further = further.checked_sub(1)?;
        let followed = self.resolve_through(next, &[Step::Name(argument)], legal, further);
        let certainty = followed.certainty.min(found.certainty);
        Some(Resolution { certainty, trail: [found.trail.clone(), followed.trail].concat(), ..followed })
    }

    /// What the configuration that the plan shows says of an attribute.
    fn value(&self, instance: &Instance<'a>, path: &[Step<'_>], evaluator: &Evaluator<'_, 'a>) -> Value {
        let scope = match Scope::of(self, instance) {
            Ok(scope) => scope,
            Err(end) => return Value::open(end),
        };
        let places = match locate::locate(instance, &scope, path) {
            Ok(places) => places,
            Err(end) => return Value::open(end),
        };
        let values =
            places.iter().map(|place| evaluator.value(&place.expression, &scope, &place.rest, &[], 0));
        Value::one_of(values.collect())
    }

    /// What the unknown elements of the set or list at `path` will be: one resolution for each reference
    /// where the configuration lists them, and otherwise one for the whole, which then says less.
    pub fn resolve_all(
        &self,
        instance: &Instance<'a>,
        path: &[Step<'_>],
        legal: &Legal<'_>,
    ) -> Vec<Resolution> {
        let spelled = self.spell_out(instance, path);
        let spelled = spelled.as_ref().and_then(Spelled::items).and_then(|items| {
            let open = items.iter().filter(|item| item.literal().is_none());
            open.map(|item| item.reference().cloned()).collect::<Option<Vec<_>>>()
        });
        let listed = || {
            let evaluator = Evaluator::new(self, legal);
            let scope = Scope::of(self, instance).ok()?;
            let places = locate::locate(instance, &scope, path).ok()?;
            let [place] = places.as_slice() else { return None };
            let values = evaluator.elements(&place.expression, &scope, &place.rest, 0)?;
            Some(values.iter().map(|value| Resolution::of(value, &evaluator)).collect())
        };
        spelled.or_else(listed).unwrap_or_else(|| vec![self.resolve(instance, path, legal)])
    }

    /// What the list or set at `path`, which is unknown as a whole, may hold.
    pub fn held(&self, instance: &Instance<'a>, path: &[Step<'_>], legal: &Legal<'_>) -> Held {
        let evaluator = Evaluator::new(self, legal);
        let spelled = self.spell_out(instance, path);
        let items = spelled.as_ref().and_then(Spelled::items);
        if let Some(items) = items {
            let mut held = Held { is_all: true, ..Held::default() };
            for item in items {
                match (item.literal(), item.reference()) {
                    (Some(text), _) => held.texts.push(Text::plain(text)),
                    (None, Some(found)) if found.targets.iter().all(|target| evaluator.fits(target)) => {
                        held.is_all &= found.certainty >= Certainty::Typed;
                        held.targets.extend(found.targets.iter().cloned());
                    }
                    (None, _) => held.is_all = false,
                }
            }
            if held.is_all {
                return held;
            }
        }
        // The plan shows what the expression refers to, whether that is known or not.
        let value = self.value(instance, path, &evaluator);
        let fitting = value.alternatives.iter().filter_map(Alternative::target);
        let targets = fitting.filter(|target| evaluator.fits(target)).cloned().collect();
        Held { targets, texts: Vec::new(), is_all: false }
    }

    /// Whether the configuration shows the resource and does not set this argument, or sets it to null, so that a value
    /// that is unknown is one that AWS computes.
    pub fn is_unset(&self, instance: &Instance<'a>, argument: &str) -> bool {
        let Ok(scope) = Scope::of(self, instance) else { return false };
        let Some(raw) = scope.resource.and_then(|resource| resource.expressions) else { return true };
        let arguments: Option<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_str(raw.get()).ok();
        let Some(arguments) = arguments else { return false };
        arguments.get(argument).is_none_or(|argument| {
            let legal = Legal(&[]);
            let value = |expression| Evaluator::new(self, &legal).value(&expression, &scope, &[], &[], 0);
            let value = Expression::of(argument).map(value);
            value.is_some_and(|value| value.constant().is_some_and(|(value, _)| value.is_null()))
        })
    }

    /// The references in the expression of an attribute, as Terraform prints them and without their prefixes;
    /// for messages.
    pub fn references(&self, instance: &Instance<'a>, path: &[Step<'_>]) -> Vec<String> {
        let places = Scope::of(self, instance).and_then(|scope| locate::locate(instance, &scope, path));
        let mut texts = Vec::new();
        for place in places.unwrap_or_default() {
            let Expression::References(references) = place.expression else { continue };
            for reference in references {
                if !texts.contains(&reference.text) {
                    texts.push(reference.text);
                }
            }
        }
        texts
    }
}

/// The scope of expressions that belong to no resource: those of provider blocks.
pub(crate) fn module_scope<'p, 'a>(plan: &'p Plan<'a>, path: &ModulePath) -> Option<Scope<'p, 'a>> {
    Some(Scope::module(path.clone(), plan.configuration.as_ref()?.module(path)?))
}
