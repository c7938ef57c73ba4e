//! Values that a plan shows, wherever an expression of a provider block finds them: the state of another stack, a
//! parameter, a data source, a resource that exists.

use crate::configuration::Module;
use crate::expression::{Expression, Head, Reference};
use crate::index::Index;
use crate::resolution::scope::Scope;
use crate::traversal::Segment;
use crate::{Instance, Key, Mode, ModulePath, ModuleStep, Plan, View};

/// Deeper than any real chain of modules.
const DEPTH: usize = 32;

/// A text that an instance of the plan shows, and the address of that instance.
pub(super) struct Known {
    pub(super) text: String,
    pub(super) shown_by: String,
}

/// The text that a reference leads to, if it is passed on as it is. Sensitive values are not looked at: what is
/// concluded from them would be printed.
pub(super) fn text<'p, 'a>(
    plan: &'p Plan<'a>,
    reference: &Reference,
    scope: &Scope<'p, 'a>,
    rest: &[Segment],
    depth: usize,
) -> Option<Known> {
    if depth > DEPTH {
        return None;
    }
    let rest: Vec<Segment> = reference.rest.iter().chain(rest).cloned().collect();
    match &reference.head {
        Head::Resource { mode, kind, name, key } => {
            let instance = single(plan, (&scope.path, *mode, kind, name), key.as_ref())?;
            let shown_by = instance.address.to_string();
            Some(Known { text: shown(instance, &rest)?, shown_by })
        }
        Head::Variable(name) => {
            let (caller, call) = scope.caller(plan)?;
            let raw = caller.module.call(&call)?.expressions?;
            let arguments: serde_json::Value = serde_json::from_str(raw.get()).ok()?;
            lone(plan, Expression::of(arguments.get(name)?)?, &caller, &rest, depth)
        }
        Head::Module { name, key } => {
            let module: &Module<'a> = scope.module.call(name)?.module.as_ref()?;
            let key = match (key, plan.index().module_keys(&scope.path, name).as_slice()) {
                (Some(key), _) => Some(key.clone()),
                (None, [] | [None]) => None,
                // Which of the instances is meant was lost with the brackets.
                (None, _) => return None,
            };
            let (Segment::Name(output), rest) = rest.split_first()? else { return None };
            let expression = Expression::parse(module.output(output)?.expression)?;
            let mut path = scope.path.clone();
            path.0.push(ModuleStep { name: name.clone(), key });
            lone(plan, expression, &Scope::module(path, module), rest, depth)
        }
        _ => None,
    }
}

/// The text of an expression that is nothing but one reference.
fn lone<'p, 'a>(
    plan: &'p Plan<'a>,
    expression: Expression,
    scope: &Scope<'p, 'a>,
    rest: &[Segment],
    depth: usize,
) -> Option<Known> {
    let Expression::References(references) = expression else { return None };
    let [reference] = references.as_slice() else { return None };
    text(plan, reference, scope, rest, depth + 1)
}

/// The instance that a reference means; none where it could be several.
fn single<'p, 'a>(
    plan: &'p Plan<'a>,
    name: (&ModulePath, Mode, &str, &str),
    key: Option<&Key>,
) -> Option<&'p Instance<'a>> {
    let index: &Index = plan.index();
    let positions = index.resource(&plan.instances, name);
    let mut found = positions.iter().filter_map(|at| plan.instances.get(*at));
    match (key, positions) {
        (Some(key), _) => found.find(|instance| instance.key.as_ref() == Some(key)),
        (None, [_]) => found.next().filter(|instance| instance.key.is_none()),
        (None, _) => None,
    }
}

fn shown(instance: &Instance<'_>, path: &[Segment]) -> Option<String> {
    let object = instance.after().or_else(|| instance.before())?;
    let walk = |path: &[Segment]| {
        path.iter().fold(object.view(), |view: View<'_>, segment| match segment {
            Segment::Name(name) | Segment::Key(Key::Name(name)) => view.get(name),
            Segment::Key(Key::Index(index)) => view.item(usize::try_from(*index).unwrap_or(usize::MAX)),
        })
    };
    let plain = |view: View<'_>| {
        let text = view.text().known().filter(|text| !text.is_sensitive())?;
        Some(text.expose().to_owned())
    };
    let is = |name: &str| matches!(path, [Segment::Name(only)] if only == name);
    // The provider calls every parameter's `value` a secret, and shows those that are none a second time.
    let parameter = instance.mode == Mode::Data && instance.kind == "aws_ssm_parameter" && is("value");
    let insecure = || plain(object.get("insecure_value")).filter(|text| !text.is_empty());
    plain(walk(path)).or_else(|| if parameter { insecure() } else { None })
}
