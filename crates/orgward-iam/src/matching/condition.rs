use super::subject::{Subject, Value};
use super::value;
use crate::{BaseOperator, Condition, SetQuantifier, Version};

/// Whether one line of a `Condition` block holds (IAM user guide, "Condition operators" and "Set operators").
pub(super) fn holds(condition: &Condition, version: Version, subject: &Subject<'_>) -> bool {
    let operator = condition.operator.value;
    let found = subject.value(&condition.key.value);

    if operator.base == BaseOperator::Null {
        let answer = if found.is_none() { "true" } else { "false" };
        return condition.values.iter().any(|wanted| wanted.value.eq_ignore_ascii_case(answer));
    }

    // One value of the request, with its polarity: for a negated operator none of the policy's values may match.
    let one = |given: &str| {
        let matched = condition
            .values
            .iter()
            .any(|wanted| value::matches(operator.base, &wanted.value, given, version, subject));
        matched != operator.is_negated()
    };
    match (operator.set, found) {
        // `IfExists` is about one value at a time, and there is none (IAM user guide, "Set operators for multivalued
        // context keys": with no matching key `ForAllValues` returns true, and `ForAnyValue` false).
        (Some(set), None) => set == SetQuantifier::ForAllValues,
        (None, None) => operator.if_exists || operator.is_negated(),

        (Some(SetQuantifier::ForAllValues), Some(found)) => {
            let given = all(&found);
            // Nothing but empty strings is the same as no value at all.
            given.clone().all(str::is_empty) || given.clone().all(one)
        }
        (Some(SetQuantifier::ForAnyValue), Some(found)) => all(&found).any(one),
        (None, Some(Value::One(given))) => one(&given),
        // A key with a list of values needs a set prefix.
        (None, Some(Value::Many(_))) => false,
    }
}

fn all<'v>(value: &'v Value<'_>) -> impl Iterator<Item = &'v str> + Clone {
    let (one, many): (Option<&str>, &[String]) = match value {
        Value::One(one) => (Some(one), &[]),
        Value::Many(many) => (None, many),
    };
    one.into_iter().chain(many.iter().map(String::as_str))
}
