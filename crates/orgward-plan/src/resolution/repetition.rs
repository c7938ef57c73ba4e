//! What repetition and inputs stand for: `each.value`, and constants handed from module to module.

use serde_json::Value;

use super::found::Found;
use super::resolver::{DEPTH, Pick, Resolver};
use super::scope::Scope;
use crate::expression::{Expression, Head, Reference, lookup};
use crate::traversal::Segment;
use crate::{Certainty, Key};

impl<'p, 'a> Resolver<'p, 'a> {
    pub(super) fn each_value(
        &self,
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        picks: &[Pick],
        depth: usize,
    ) -> Found {
        let Some(key) = &scope.key else { return Found::unknown("there is no `each` here") };
        // A `for_each` of constants is not shown at all when it is a `for` expression.
        let Some(Expression::References(references)) = Expression::parse(scope.for_each) else {
            return Found::constant("its `for_each` is made of constants");
        };
        let outside = scope.outside_repetition();
        if let [reference] = references.as_slice()
            && reference.is_bare()
        {
            // `for_each = aws_x.y` with `each.value.id`; without the last it is a `for` over the instances.
            let most = if rest.is_empty() { Certainty::Typed } else { Certainty::Exact };
            let mut keyed = reference.clone();
            if let Head::Resource { key: literal, .. } | Head::Module { key: literal, .. } = &mut keyed.head {
                *literal = Some(key.clone());
            }
            let found = self.reference(&keyed, &outside, rest, &[], depth + 1).at_most(most);
            if !found.is_unknown() {
                return found;
            }
        }
        let mut picks = picks.to_vec();
        picks.push(Pick { key: key.clone(), of: scope.instances });
        self.references(&references, &outside, rest, &picks, depth + 1).at_most(Certainty::Typed)
    }

    /// The key that `each.value[.f]` is, where that is known from the configuration.
    pub(super) fn value_of_each(
        &self,
        reference: &Reference,
        scope: &Scope<'p, 'a>,
        depth: usize,
    ) -> Option<Key> {
        let name = scope.key.as_ref()?;
        let segment = Segment::Key(name.clone());
        let for_each = match Expression::parse(scope.for_each) {
            // `toset([…])`: the value of an element is its key.
            Some(Expression::Opaque) => return reference.rest.is_empty().then(|| name.clone()),
            Some(Expression::Constant(value)) => value,
            Some(Expression::References(references)) => {
                self.constant(&references, &scope.outside_repetition(), &[], depth)?
            }
            None => return None,
        };
        if let (Value::Array(items), Key::Name(name)) = (&for_each, name) {
            let listed = items.iter().any(|item| item.as_str() == Some(name));
            return (listed && reference.rest.is_empty()).then(|| Key::Name(name.clone()));
        }
        key(lookup(lookup(&for_each, &[segment])?, &reference.rest)?)
    }

    /// The value of an expression that is nothing but an input, followed to where it is a constant.
    pub(super) fn constant(
        &self,
        references: &[Reference],
        scope: &Scope<'p, 'a>,
        rest: &[Segment],
        depth: usize,
    ) -> Option<Value> {
        let [Reference { head: Head::Variable(name), rest: own, .. }] = references else { return None };
        if depth > DEPTH {
            return None;
        }
        let rest: Vec<Segment> = own.iter().chain(rest).cloned().collect();
        let value = match scope.caller(self.plan) {
            None => self.plan.variable(name)?,
            Some((caller, call)) => match Self::argument(&caller, &call, name) {
                Some(Expression::Constant(value)) => value,
                Some(Expression::References(references)) => {
                    return self.constant(&references, &caller, &rest, depth + 1);
                }
                Some(Expression::Opaque) => return None,
                None => serde_json::from_str(scope.module.variable(name)?.default?.get()).ok()?,
            },
        };
        lookup(&value, &rest).cloned()
    }

    /// The value of a reference to an input that is a constant in the end.
    pub(crate) fn value(&self, reference: &Reference, scope: &Scope<'p, 'a>) -> Option<Value> {
        self.constant(std::slice::from_ref(reference), scope, &[], 0)
    }

    /// The expression that a module call gives an input.
    pub(super) fn argument(caller: &Scope<'p, 'a>, call: &str, input: &str) -> Option<Expression> {
        let raw = caller.module.call(call)?.expressions?;
        let expressions: Value = serde_json::from_str(raw.get()).ok()?;
        Expression::of(expressions.get(input)?)
    }
}

/// A constant as the key of an instance.
pub(super) fn key(value: &Value) -> Option<Key> {
    match value {
        Value::String(name) => Some(Key::Name(name.clone())),
        Value::Number(index) => index.as_u64().map(Key::Index),
        _ => None,
    }
}
