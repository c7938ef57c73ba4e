//! Evaluates what is constant, resolves what is a reference, and leaves the rest open.

use std::cell::Cell;
use std::collections::BTreeSet;

use hcl_edit::expr::{BinaryOperator, Expression, ForExpr, FuncCall, ObjectKey, UnaryOperator};
use hcl_edit::structure::Block;
use hcl_edit::template::Element;

use super::spelled::{FOLDER, Part};
use super::{Sources, Spelled, functions, load, spelled, template};
use crate::resolution::scope::Scope;
use crate::{Certainty, Plan, Resolution};

/// Deeper than any real expression.
const DEPTH: usize = 96;
/// Bounds the work where expressions multiply.
const STEPS: usize = 50_000;
pub(super) const TOO_DEEP: &str = "the expression goes too deep or round in circles";

/// Where an expression stands.
pub(super) struct Place<'p, 'a> {
    pub(super) scope: Scope<'p, 'a>,
    /// The resource or module call, for `each`.
    pub(super) block: Option<&'p Block>,
    /// Whether it is a file of its own, which knows nothing but the variables it is given.
    pub(super) closed: bool,
}

impl<'p, 'a> Place<'p, 'a> {
    /// In a module, outside of everything that is repeated.
    pub(super) fn inside(scope: Scope<'p, 'a>) -> Self {
        Self { scope, block: None, closed: false }
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
            Expression::Number(number) => Spelled::Number(number.value().to_string()),
            Expression::String(text) => {
                if self.charge(text.len()) {
                    Spelled::text(text.as_str())
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
                        ObjectKey::Expression(expression) => eval(expression).literal(),
                    };
                    let Some(key) = key else { return open("a key of an object is unknown") };
                    entries.push((key, eval(value.expr())));
                }
                Spelled::map(entries)
            }
            Expression::StringTemplate(template) => {
                self.string(&template.iter().collect::<Vec<_>>(), place, bound, depth)
            }
            Expression::HeredocTemplate(heredoc) => {
                let elements: Vec<&Element> = heredoc.template.iter().collect();
                self.template(&elements, place, bound, depth).map_or_else(Spelled::Open, Spelled::Text)
            }
            Expression::Parenthesis(inner) => eval(inner.inner()),
            Expression::Variable(name) => {
                let found = self.bound(name.as_str(), bound);
                found.unwrap_or_else(|| open(format!("`{}` is no value", name.as_str())))
            }
            Expression::Conditional(conditional) => match eval(&conditional.cond_expr) {
                Spelled::Bool(true) => eval(&conditional.true_expr),
                Spelled::Bool(false) => eval(&conditional.false_expr),
                _ => either(eval(&conditional.true_expr), &eval(&conditional.false_expr)),
            },
            Expression::BinaryOp(operation) => {
                let (left, right) = (eval(&operation.lhs_expr), eval(&operation.rhs_expr));
                functions::operate(*operation.operator.value(), &left, &right)
            }
            Expression::UnaryOp(operation) => match (*operation.operator.value(), eval(&operation.expr)) {
                (UnaryOperator::Not, Spelled::Bool(value)) => Spelled::Bool(!value),
                (UnaryOperator::Neg, number @ Spelled::Number(_)) => {
                    functions::operate(BinaryOperator::Minus, &Spelled::Number("0".to_owned()), &number)
                }
                (_, value) => open(value.why_open().unwrap_or("an operator is not followed here")),
            },
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
        self.steps.set(self.steps.get().saturating_add(bytes / spelled::UNIT));
        self.steps.get() <= STEPS
    }

    /// The value of a variable of a `for` expression or `dynamic` block. Copies of copies count as work.
    pub(super) fn bound(&self, name: &str, bound: &Bound) -> Option<Spelled> {
        let (_, value) = bound.iter().rev().find(|(known, _)| known == name)?;
        self.steps.set(self.steps.get().saturating_add(value.size()));
        Some(if self.steps.get() > STEPS { open(TOO_DEEP) } else { value.clone() })
    }

    fn call(&self, call: &FuncCall, place: &Place<'p, 'a>, bound: &Bound, depth: usize) -> Spelled {
        let name = call.name.name.as_str();
        if call.name.is_namespaced() {
            return open(format!("`{name}` is not followed here"));
        }
        let eval = |inner: &Expression| self.expression(inner, place, bound, depth + 1);
        match name {
            // The first that Terraform does not refuse; of what cannot be told, nobody knows whether it is.
            "try" => {
                let mut tried = call.args.iter().map(eval);
                let first = tried.find(|value| !matches!(value, Spelled::Refused(_)));
                return first.unwrap_or_else(|| open("`try` finds nothing"));
            }
            "can" => {
                return match call.args.iter().next().map(eval) {
                    Some(Spelled::Refused(_)) => Spelled::Bool(false),
                    Some(Spelled::Open(why)) => open(why),
                    _ => Spelled::Bool(true),
                };
            }
            _ => {}
        }
        let mut arguments: Vec<Spelled> = call.args.iter().map(eval).collect();
        if call.args.expand_final() {
            match arguments.pop() {
                Some(Spelled::List(items) | Spelled::Set(items)) => arguments.extend(items),
                Some(other) => return open(other.why_open().unwrap_or("`...` is not followed here")),
                None => {}
            }
        }
        match (name, arguments.as_slice()) {
            ("file", [path]) => match self.text_at(path) {
                Ok(text) if self.charge(text.len()) => Spelled::text(text),
                Ok(_) => open(TOO_DEEP),
                Err(why) => open(why),
            },
            ("fileset", [folder, pattern]) => self.file_set(folder, pattern),
            ("templatefile", [path, variables]) => self.template_file(path, variables, place, depth),
            _ => functions::call(name, &arguments),
        }
    }

    /// The text of a file that an expression reads.
    fn text_at(&self, path: &Spelled) -> Result<&'p str, String> {
        let path = read_path(path)?;
        let missing = || format!("`{path}` is not in the sources");
        self.sources.texts.get(&path).map(String::as_str).ok_or_else(missing)
    }

    fn template_file(
        &self,
        path: &Spelled,
        variables: &Spelled,
        place: &Place<'p, 'a>,
        depth: usize,
    ) -> Spelled {
        let text = match self.text_at(path) {
            Ok(text) => text,
            Err(why) => return open(why),
        };
        let Spelled::Map(bound) = variables else {
            return open(variables.why_open().unwrap_or("the variables of a template are unknown"));
        };
        let Some(template) = template::parse(text) else { return open("a template cannot be parsed") };
        let closed = Place { scope: place.scope.outside_repetition(), block: None, closed: true };
        let elements: Vec<&Element> = template.iter().collect();
        self.template(&elements, &closed, bound, depth + 1).map_or_else(Spelled::Open, Spelled::Text)
    }

    /// The names of files in a folder that fit a pattern with `*`.
    fn file_set(&self, folder: &Spelled, pattern: &Spelled) -> Spelled {
        let (Ok(folder), Some(pattern)) = (read_path(folder), pattern.literal()) else {
            return open("`fileset` is not followed here");
        };
        let below = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let names = self.sources.texts.keys().filter_map(|path| path.strip_prefix(&below));
        let (deep, last) = match pattern.rsplit_once('/') {
            None => (false, pattern.as_str()),
            Some(("**", last)) => (true, last),
            Some(_) => return open("`fileset` is not followed here"),
        };
        let Some((before, after)) =
            last.split_once('*').filter(|(_, after)| !after.contains(['*', '?', '{', '[']))
        else {
            return open("`fileset` is not followed here");
        };
        let fits = |name: &&str| {
            let last = name.rsplit('/').next().unwrap_or(name);
            (deep || !name.contains('/'))
                && last.len() >= before.len() + after.len()
                && last.starts_with(before)
                && last.ends_with(after)
        };
        Spelled::set(names.filter(fits).map(Spelled::text).collect())
    }

    fn for_expression(&self, each: &ForExpr, place: &Place<'p, 'a>, bound: &Bound, depth: usize) -> Spelled {
        let collection = self.expression(&each.intro.collection_expr, place, bound, depth + 1);
        let items = match self.pairs(collection) {
            Ok(items) => items,
            Err(why) => return open(why),
        };
        let mut list = Vec::new();
        let mut map: Vec<(String, Spelled)> = Vec::new();
        let mut groups: Vec<(String, Vec<Spelled>)> = Vec::new();
        for (key, value) in items {
            let mut bound = bound.clone();
            bound.extend(each.intro.key_var.as_ref().map(|name| (name.as_str().to_owned(), key)));
            bound.push((each.intro.value_var.as_str().to_owned(), value));
            let eval = |inner: &Expression| self.expression(inner, place, &bound, depth + 1);
            match each.cond.as_ref().map(|condition| eval(&condition.expr)) {
                None | Some(Spelled::Bool(true)) => {}
                Some(Spelled::Bool(false)) => continue,
                Some(other) => return open(other.why_open().unwrap_or("a condition is unknown until apply")),
            }
            let Some(key) = &each.key_expr else {
                list.push(eval(&each.value_expr));
                continue;
            };
            let Some(key) = eval(key).literal() else { return open("a key of an object is unknown") };
            let value = eval(&each.value_expr);
            match groups.iter_mut().find(|(known, _)| each.grouping && *known == key) {
                Some((_, group)) => group.push(value),
                None if each.grouping => groups.push((key, vec![value])),
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
    pub(super) fn pairs(&self, collection: Spelled) -> Result<Vec<(Spelled, Spelled)>, String> {
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
            other => Err(other
                .why_open()
                .unwrap_or("a `for` goes over something that is no collection")
                .to_owned()),
        }
    }
}

/// One of two values, nobody can say which.
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

/// A path from the root module.
fn read_path(path: &Spelled) -> Result<String, String> {
    let unknown = || path.why_open().unwrap_or("the path of a file is unknown").to_owned();
    let path = path.literal().ok_or_else(unknown)?;
    Ok(match path.strip_prefix(FOLDER[0]).and_then(|path| path.split_once(FOLDER[1])) {
        Some((folder, rest)) => load::joined(folder, rest.trim_start_matches('/')),
        None => load::joined("", &path),
    })
}
