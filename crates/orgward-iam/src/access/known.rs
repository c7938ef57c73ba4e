//! Keys that have one value in every request of a question, put in the place of policy variables.
//!
//! `${aws:PrincipalTag/team}` is open where the tag may be anything. A question about a principal whose tag is known, or
//! about one user, has it in every request: then the variable is that text.

use std::collections::BTreeMap;

use super::set::{Callers, Formula};
use crate::matching::{Subject, Value, fill, variable_keys};
use crate::{BaseOperator, Caller, Policy, Statement, Version};

/// The values of keys, by their name in lower case; `None` for what no request has.
pub(super) type Known = BTreeMap<String, Option<String>>;

/// A resource that no request is about: a pattern with a variable that has no value matches nothing.
const NOTHING: &str = "-";

/// The statements of a question in which variables were replaced, each with the one that it takes the place of.
pub(super) struct Filled<'p>(Vec<(&'p Statement, Statement)>);

/// The keys that have one value in all requests of a formula, if some variable of it is about one of them.
pub(super) fn known(formula: &Formula<'_>) -> Option<Known> {
    let mut known = Known::new();
    note(formula, &mut known);
    let mut is_asked = false;
    formula.leaves(&mut |leaf| {
        is_asked |= leaf.variables().any(|key| known.contains_key(&key.to_ascii_lowercase()));
    });
    is_asked.then_some(known)
}

fn note(formula: &Formula<'_>, known: &mut Known) {
    match formula {
        Formula::All(all) => all.iter().for_each(|each| note(each, known)),
        Formula::Callers(Callers::Accounts(accounts)) if accounts.len() == 1 => {
            known.extend(accounts.first().map(|it| ("aws:principalaccount".to_owned(), Some(it.clone()))));
        }
        Formula::Statement(policy, statement) => {
            for line in &statement.conditions {
                let operator = line.operator.value;
                let [value] = line.values.as_slice() else { continue };
                let key = line.key.value.to_ascii_lowercase();
                if operator.base == BaseOperator::Null && value.value.eq_ignore_ascii_case("true") {
                    known.insert(key, None);
                    continue;
                }
                let is_exact = operator.base == BaseOperator::StringEquals && operator.set.is_none();
                // What has a mark of the language in it would be read as one.
                if !is_exact || operator.if_exists || value.value.contains(['*', '?', '$']) {
                    continue;
                }
                if key == "aws:principalarn" {
                    of_caller(&value.value, known);
                }
                if policy.version != Version::V2008 || !value.value.contains("${") {
                    known.insert(key, Some(value.value.clone()));
                }
            }
        }
        _ => {}
    }
}

/// What follows from the ARN of a caller.
fn of_caller(arn: &str, known: &mut Known) {
    let request = crate::Request { caller: Caller::Arn(arn.to_owned()), ..super::dimension::blank() };
    let subject = Subject::of(&request);
    for key in ["aws:username", "aws:PrincipalAccount"] {
        let value = match subject.value(key) {
            Some(Value::One(value)) => Some(value.into_owned()),
            Some(Value::Many(_)) | None => None,
        };
        known.insert(key.to_ascii_lowercase(), value);
    }
}

impl<'p> Filled<'p> {
    /// The statements of a formula with the values of known keys in the place of their variables.
    pub(super) fn of(formula: &Formula<'p>, known: &Known) -> Self {
        let mut filled: Vec<(&'p Statement, Statement)> = Vec::new();
        formula.statements(&mut |policy: &'p Policy, statement: &'p Statement| {
            let is_new = !filled.iter().any(|(other, _)| std::ptr::eq(*other, statement));
            if is_new
                && policy.version != Version::V2008
                && variables(statement).any(|key| is_known(key, known))
            {
                filled.push((statement, with(statement, known)));
            }
        });
        Self(filled)
    }

    /// The formula with these statements.
    pub(super) fn put<'f>(&'f self, formula: &Formula<'f>) -> Formula<'f>
    where
        'p: 'f,
    {
        let all = |all: &[Formula<'f>]| all.iter().map(|each| self.put(each)).collect();
        match formula {
            Formula::Statement(policy, statement) => {
                let found = self.0.iter().find(|(other, _)| std::ptr::eq(*other, *statement));
                Formula::Statement(policy, found.map_or(*statement, |(_, filled)| filled))
            }
            Formula::Not(inner) => Formula::Not(Box::new(self.put(inner))),
            Formula::All(parts) => Formula::All(all(parts)),
            Formula::Any(parts) => Formula::Any(all(parts)),
            other => other.clone(),
        }
    }
}

fn is_known(key: &str, known: &Known) -> bool {
    known.contains_key(&key.to_ascii_lowercase())
}

impl Statement {
    /// The context keys that it asks for, also by variables.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|line| line.key.value.as_str()).chain(variables(self))
    }
}

/// The keys of the variables of a statement.
pub(super) fn variables(statement: &Statement) -> impl Iterator<Item = &str> {
    let values = statement.conditions.iter().flat_map(|line| &line.values);
    let patterns = statement.resources.iter().flat_map(|resources| &resources.patterns);
    values.chain(patterns).flat_map(|text| variable_keys(&text.value))
}

fn with(statement: &Statement, known: &Known) -> Statement {
    let mut filled = statement.clone();
    let value = |key: &str| known.get(&key.to_ascii_lowercase()).map(Option::as_deref);
    for text in filled.conditions.iter_mut().flat_map(|line| &mut line.values) {
        // A value without a value matches nothing; as the texts of keys are free, it stays open.
        if let Some(with) = fill(&text.value, value) {
            text.value = with;
        }
    }
    for text in filled.resources.iter_mut().flat_map(|resources| &mut resources.patterns) {
        text.value = fill(&text.value, value).unwrap_or_else(|| NOTHING.to_owned());
    }
    filled
}
