mod bound;
mod choice;
mod found;
mod locate;
mod repetition;
pub(crate) mod resolver;
pub(crate) mod scope;

use crate::expression::Expression;
use crate::{Address, Instance, ModulePath, Plan, Spelled};
use found::Found;
use resolver::Resolver;
use scope::Scope;

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

impl<'a> Plan<'a> {
    /// What the unknown attribute at `path` of `instance` will be, told from the configuration.
    ///
    /// `legal` says which attributes of which resource types the attribute can possibly hold; it is used to
    /// choose between references where the configuration is ambiguous, never to drop one that is certain.
    /// When empty, everything is possible.
    ///
    /// Where a reference cannot be followed, the whole is [`Certainty::Unknown`], even if others can: the
    /// targets of [`Certainty::Candidates`] are all there are.
    ///
    /// Where the plan does not show it, the sources are asked, and at last Terraform's list of all attributes that take
    /// part in what is planned.
    pub fn resolve(&self, instance: &Instance<'a>, path: &[Step<'_>], legal: &Legal<'_>) -> Resolution {
        let shown = self.shown(instance, path, legal);
        let is_constant = shown.constant;
        let mut shown = Resolution::from(shown);
        if shown.certainty == Certainty::Exact {
            return shown;
        }
        if let Some(spelled) = self.spell_out(instance, path) {
            let resolver = Resolver::new(self, legal);
            match (spelled.reference(), &spelled) {
                (Some(found), _) if found.targets.iter().all(|target| resolver.fits(target)) => {
                    let mut trail = shown.trail;
                    trail.extend(found.trail.iter().cloned());
                    return Resolution { trail, ..found.clone() };
                }
                (_, Spelled::Open(why)) if shown.certainty < Certainty::Typed => {
                    shown.trail.push(why.clone());
                }
                _ => {}
            }
        }
        // What nobody sets is made by AWS, and of nothing that is in the plan.
        let is_set = matches!(path.first(), Some(Step::Name(name)) if !self.is_unset(instance, name));
        if shown.certainty == Certainty::Unknown
            && is_set
            && !is_constant
            && let Some(bound) = self.bound(legal)
        {
            return Resolution { trail: shown.trail.into_iter().chain(bound.trail).collect(), ..bound };
        }
        shown
    }

    /// What the configuration that the plan shows says of an attribute.
    fn shown(&self, instance: &Instance<'a>, path: &[Step<'_>], legal: &Legal<'_>) -> Found {
        let resolver = Resolver::new(self, legal);
        let scope = match Scope::of(self, instance) {
            Ok(scope) => scope,
            Err(end) => return Found::unknown(end),
        };
        let places = match locate::locate(instance, &scope, path) {
            Ok(places) => places,
            Err(end) => return Found::unknown(end),
        };
        let found =
            places.iter().map(|place| resolver.expression(&place.expression, &scope, &place.rest, &[], 0));
        resolver.union(found.collect())
    }

    /// What the elements of the unknown set or list at `path` will be: one resolution for each reference
    /// where the configuration lists them, and otherwise one for the whole, which then says less.
    pub fn resolve_all(
        &self,
        instance: &Instance<'a>,
        path: &[Step<'_>],
        legal: &Legal<'_>,
    ) -> Vec<Resolution> {
        let resolver = Resolver::new(self, legal);
        let listed = Scope::of(self, instance).ok().and_then(|scope| {
            let places = locate::locate(instance, &scope, path).ok()?;
            let [place] = places.as_slice() else { return None };
            resolver.elements(&place.expression, &scope, &place.rest, 0)
        });
        if let Some(listed) = listed {
            return listed.into_iter().map(Resolution::from).collect();
        }
        let spelled = self.spell_out(instance, path);
        let spelled = spelled.as_ref().and_then(Spelled::items).and_then(|items| {
            let open = items.iter().filter(|item| item.literal().is_none());
            open.map(|item| item.reference().cloned()).collect::<Option<Vec<_>>>()
        });
        spelled.unwrap_or_else(|| vec![self.resolve(instance, path, legal)])
    }

    /// Whether the configuration shows the resource and does not set this argument, so that a value that is
    /// unknown is one that AWS computes.
    pub fn is_unset(&self, instance: &Instance<'a>, argument: &str) -> bool {
        let Some(resource) = Scope::of(self, instance).ok().and_then(|scope| scope.resource) else {
            return false;
        };
        let Some(raw) = resource.expressions else { return true };
        let arguments: Option<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_str(raw.get()).ok();
        arguments.is_some_and(|arguments| !arguments.contains_key(argument))
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
