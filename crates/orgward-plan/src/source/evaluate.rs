//! Evaluates what is constant, resolves what is a reference, and leaves the rest open.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{BinaryOperator, Expression, ForExpr, FuncCall, ObjectKey, UnaryOperator};

use super::parse::Lines;
use super::template::Form;
use super::value::{FileLine, Literal, Part, Provenance, UNIT};
use super::{Sources, Spelled, Written, functions};
use crate::resolution::scope::Scope;
use crate::{Certainty, Plan, Resolution};

/// Deeper than any real expression.
const DEPTH: usize = 96;
/// Bounds the work where expressions multiply.
const STEPS: usize = 100_000;
pub(super) const TOO_DEEP: &str = "the expression goes too deep or round in circles";

/// Where an expression is.
pub(super) struct Place<'p, 'a> {
    pub(super) scope: Scope<'p, 'a>,
    /// The resource or module call, for `each`.
    pub(super) block: Option<Written<'p>>,
    /// The lines of its file.
    pub(super) lines: Option<Arc<Lines>>,
    /// Whether it is a file of its own, which knows nothing but the variables it is given.
    pub(super) closed: bool,
}

impl<'p, 'a> Place<'p, 'a> {
    /// In a block, outside of everything that is repeated.
    pub(super) fn inside(scope: Scope<'p, 'a>, written: Written<'p>) -> Self {
        Self { scope, block: None, lines: Some(written.lines()), closed: false }
    }

    /// In a block that may be repeated.
    pub(super) fn of(scope: Scope<'p, 'a>, written: Written<'p>) -> Self {
        Self { scope, block: Some(written), lines: Some(written.lines()), closed: false }
    }

    pub(super) fn origin(&self, span: Option<Range<usize>>) -> Option<FileLine> {
        Some(self.lines.as_ref()?.at(span?.start))
    }
}

/// The variables of `for` expressions and `dynamic` blocks around.
pub(super) type Bound = Vec<(String, Spelled)>;

pub(super) struct Evaluator<'p, 'a> {
    pub(super) plan: &'p Plan<'a>,
    pub(super) sources: &'p Sources,
    steps: Cell<usize>,
}

pub(super) fn open(why: impl Into<String>) -> Spelled {
    Spelled::Open(why.into())
}

impl<'p, 'a> Evaluator<'p, 'a> {
    pub(super) fn new(plan: &'p Plan<'a>, sources: &'p Sources) -> Self {
        Self { plan, sources, steps: Cell::new(0) }
    }

    pub(super) fn expression(
        &self,
        expression: &Expression,
        place: &Place<'p, 'a>,
        bound: &Bound,
        depth: usize,
    ) -> Spelled {
        self.steps.set(self.steps.get() + 1);
        if depth > DEPTH || self.steps.get() > STEPS {
            return open(TOO_DEEP);
        }
        let eval = |inner: &Expression| self.expression(inner, place, bound, depth + 1);
        match expression {
            Expression::Null(_) => Spelled::Null,
            Expression::Bool(value) => Spelled::Bool(**value),
            Expression::Number(number) => functions::number(&number.value().to_string()),
            Expression::String(text) => {
                if self.charge(text.len()) {
                    let origin = place.origin(text.span());
                    Spelled::literal_of(text.as_str(), origin.map_or(Provenance::Elsewhere, Provenance::Line))
                } else {
                    open(TOO_DEEP)
                }
            }
            Expression::Array(array) => Spelled::List(array.iter().map(eval).collect()),
            Expression::Object(object) => {
                let mut entries = Vec::new();
                for (key, value) in object {
                    let key = match key {
                        ObjectKey::Ident(name) | ObjectKey::Expression(Expression::Variable(name)) => {
                            Some(name.as_str().to_owned())
                        }
                        // Like every other word, unless it is in brackets.
                        ObjectKey::Expression(Expression::Null(_)) => Some("null".to_owned()),
                        ObjectKey::Expression(expression) => {
                            let key = eval(expression);
                            match key.literal() {
                                Some(key) => Some(key),
                                None => return functions::unknown(&key, "a key of an object is unknown"),
                            }
                        }
                    };
                    let Some(key) = key else { continue };
                    entries.push((key, eval(value.expr())));
                }
                Spelled::map(entries).at(place.origin(object.span().or_else(|| expression.span())))
            }
            Expression::StringTemplate(template) => {
                self.template(template.iter(), Form::Quoted, place, bound, depth)
            }
            Expression::HeredocTemplate(heredoc) => {
                let start = expression.span().map(|span| span.start);
                let is_flush = place.lines.as_ref().zip(start).is_some_and(|(lines, at)| lines.is_flush(at));
                let form = if is_flush { Form::Flush } else { Form::Lines };
                self.template(heredoc.template.iter(), form, place, bound, depth)
            }
            Expression::Parenthesis(inner) => eval(inner.inner()),
            Expression::Variable(name) => {
                let found = self.bound(name.as_str(), bound);
                found.unwrap_or_else(|| open(format!("`{}` is no value", name.as_str())))
            }
            Expression::Conditional(conditional) => {
                let condition = eval(&conditional.cond_expr);
                let chosen = |this: &Expression, other: &Expression| match eval(this) {
                    text @ Spelled::Text(_) => text,
                    value => functions::alike(value, &eval(other)),
                };
                match (functions::truth(&condition), condition) {
                    (Some(true), _) => chosen(&conditional.true_expr, &conditional.false_expr),
                    (Some(false), _) => chosen(&conditional.false_expr, &conditional.true_expr),
                    (None, other) if other.why_open().is_some() || functions::is_known(&other) => {
                        match functions::unknown(&other, "a condition is neither true nor false") {
                            refused @ Spelled::Refused(_) => refused,
                            _ => either(eval(&conditional.true_expr), &eval(&conditional.false_expr)),
                        }
                    }
                    _ => either(eval(&conditional.true_expr), &eval(&conditional.false_expr)),
                }
            }
            Expression::BinaryOp(operation) => {
                let (left, right) = (eval(&operation.lhs_expr), eval(&operation.rhs_expr));
                functions::operate(*operation.operator.value(), &left, &right)
            }
            Expression::UnaryOp(operation) => {
                let value = eval(&operation.expr);
                match *operation.operator.value() {
                    UnaryOperator::Not => match functions::truth(&value) {
                        Some(truth) => Spelled::Bool(!truth),
                        None => functions::unknown(&value, "an operator is not followed here"),
                    },
                    UnaryOperator::Neg => {
                        functions::operate(BinaryOperator::Minus, &Spelled::Number("0".to_owned()), &value)
                    }
                }
            }
            Expression::FuncCall(call) => self.call(call, place, bound, depth),
            Expression::ForExpr(each) => self.for_expression(each, place, bound, depth),
            Expression::Traversal(traversal) => {
                let operators: Vec<_> = traversal.operators.iter().map(hcl_edit::Decorated::value).collect();
                self.traversal(&traversal.expr, &operators, place, bound, depth)
            }
        }
    }

    /// Counts a copy of a text as work. Returns whether it may be made.
    pub(super) fn charge(&self, bytes: usize) -> bool {
        self.steps.set(self.steps.get().saturating_add(bytes / UNIT));
        self.steps.get() <= STEPS
    }

    /// The value of a variable of a `for` expression or `dynamic` block. Copies of copies count as work.
    pub(super) fn bound(&self, name: &str, bound: &Bound) -> Option<Spelled> {
        let (_, value) = bound.iter().rev().find(|(known, _)| known == name)?;
        self.steps.set(self.steps.get().saturating_add(value.size()));
        Some(if self.steps.get() > STEPS { open(TOO_DEEP) } else { value.clone() })
    }

    fn call(&self, call: &FuncCall, place: &Place<'p, 'a>, bound: &Bound, depth: usize) -> Spelled {
        let names: Vec<&str> = call.name.namespace.iter().map(|name| name.as_str()).collect();
        let name = call.name.name.as_str();
        let eval = |inner: &Expression| self.expression(inner, place, bound, depth + 1);
        // OpenTofu also knows its functions as those of a namespace.
        let is_core = matches!(names.as_slice(), [] | ["core"]);
        match name {
            // The first that Terraform does not refuse. Of what is unknown here it is not known whether it does.
            "try" if is_core => {
                let mut tried = call.args.iter().map(eval).map(|value| match value.blemish() {
                    Some(blemish) => blemish.clone(),
                    None => value,
                });
                let first = tried.find(|value| !matches!(value, Spelled::Refused(_)));
                return first.unwrap_or_else(|| Spelled::Refused("`try` finds nothing".to_owned()));
            }
            "can" if is_core => {
                let Some(value) = call.args.iter().next().map(eval) else {
                    return open("`can` is not followed here");
                };
                return match value.blemish() {
                    Some(Spelled::Refused(_)) => Spelled::Bool(false),
                    Some(open) => open.clone(),
                    None => Spelled::Bool(true),
                };
            }
            _ => {}
        }
        let mut arguments: Vec<Spelled> = call.args.iter().map(eval).collect();
        if call.args.expand_final() {
            match arguments.pop() {
                Some(Spelled::List(items) | Spelled::Set(items)) => arguments.extend(items),
                Some(other) => return functions::unknown(&other, "`...` is not followed here"),
                None => {}
            }
        }
        if !self.charge(arguments.iter().map(Spelled::size).sum::<usize>().saturating_mul(UNIT)) {
            return open(TOO_DEEP);
        }
        match names.as_slice() {
            ["provider", provider] => functions::provided(provider, name, &arguments),
            _ if is_core => self
                .reading(name, &arguments, place, depth)
                .unwrap_or_else(|| functions::call(name, &arguments)),
            _ => open(format!("`{name}` is not followed here")),
        }
    }

    fn for_expression(&self, each: &ForExpr, place: &Place<'p, 'a>, bound: &Bound, depth: usize) -> Spelled {
        let collection = self.expression(&each.intro.collection_expr, place, bound, depth + 1);
        let items = match self.pairs(collection) {
            Ok(items) => items,
            Err(why) => return why,
        };
        let mut list = Vec::new();
        let mut map: Vec<(String, Spelled)> = Vec::new();
        let mut groups: Vec<(String, Vec<Spelled>)> = Vec::new();
        for (key, value) in items {
            let mut bound = bound.clone();
            bound.extend(each.intro.key_var.as_ref().map(|name| (name.as_str().to_owned(), key)));
            bound.push((each.intro.value_var.as_str().to_owned(), value));
            let eval = |inner: &Expression| self.expression(inner, place, &bound, depth + 1);
            if let Some(condition) = each.cond.as_ref().map(|condition| eval(&condition.expr)) {
                match functions::truth(&condition) {
                    Some(true) => {}
                    Some(false) => continue,
                    None => return functions::unknown(&condition, "a condition is unknown until apply"),
                }
            }
            let Some(key) = &each.key_expr else {
                list.push(eval(&each.value_expr));
                continue;
            };
            let key = eval(key);
            let Some(key) = key.literal() else {
                return functions::unknown(&key, "a key of an object is unknown");
            };
            let value = eval(&each.value_expr);
            match groups.iter_mut().find(|(known, _)| each.grouping && *known == key) {
                Some((_, group)) => group.push(value),
                None if each.grouping => groups.push((key, vec![value])),
                None if map.iter().any(|(known, _)| *known == key) => {
                    return Spelled::Refused("two elements have one key".to_owned());
                }
                None => map.push((key, value)),
            }
        }
        match (&each.key_expr, each.grouping) {
            (None, _) => Spelled::List(list),
            (Some(_), false) => Spelled::map(map),
            (Some(_), true) => {
                Spelled::map(groups.into_iter().map(|(key, group)| (key, Spelled::List(group))))
            }
        }
    }

    /// What `for` goes over: keys and values.
    pub(super) fn pairs(&self, collection: Spelled) -> Result<Vec<(Spelled, Spelled)>, Spelled> {
        // Values multiply where loops are inside loops.
        let size = match &collection {
            Spelled::List(items) | Spelled::Set(items) => items.len(),
            Spelled::Map(entries) => entries.len(),
            _ => 0,
        };
        self.steps.set(self.steps.get() + size);
        match collection {
            Spelled::List(items) => Ok(items
                .into_iter()
                .enumerate()
                .map(|(at, item)| (Spelled::Number(at.to_string()), item))
                .collect()),
            Spelled::Set(items) => Ok(items.into_iter().map(|item| (item.clone(), item)).collect()),
            Spelled::Map(entries) => {
                Ok(entries.into_iter().map(|(name, value)| (Spelled::text(name), value)).collect())
            }
            Spelled::Null | Spelled::Bool(_) | Spelled::Number(_) => {
                Err(Spelled::Refused("a `for` goes over something that is no collection".to_owned()))
            }
            other => Err(functions::unknown(&other, "a `for` goes over something that is unknown")),
        }
    }

    /// A text of known characters, as a value.
    pub(super) fn written(&self, text: &str, provenance: Provenance) -> Spelled {
        if self.charge(text.len()) {
            Spelled::Text(vec![Part::Literal(Literal::new(text, provenance))])
        } else {
            open(TOO_DEEP)
        }
    }
}

/// One of two values, unknown which.
fn either(left: Spelled, right: &Spelled) -> Spelled {
    if left == *right {
        return left;
    }
    let why = "a condition is unknown until apply";
    let (Some(one), Some(other)) = (left.reference(), right.reference()) else { return open(why) };
    if one.certainty == Certainty::Unknown || other.certainty == Certainty::Unknown {
        return open(why);
    }
    let targets: BTreeSet<_> = one.targets.iter().chain(&other.targets).cloned().collect();
    let trail = one.trail.iter().chain(&other.trail).cloned().chain([why.to_owned()]).collect();
    let union =
        Resolution { certainty: Certainty::Candidates, targets: targets.into_iter().collect(), trail };
    Spelled::Text(vec![Part::Reference(union)])
}
