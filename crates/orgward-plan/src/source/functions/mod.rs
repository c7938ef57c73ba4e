//! The functions and operators of Terraform. What is constant is evaluated as Terraform does, down to what it refuses; of
//! what is unknown, as much is kept as is certain. `tests/terraform/answers.jsonl` has what Terraform says.

mod aws;
mod collections;
mod encoding;
mod format;
mod network;
mod numbers;
mod sets;
mod strings;
mod times;
mod yaml;
mod yaml_text;

use hcl_edit::expr::BinaryOperator;

use super::Spelled;
use super::value::LARGEST;
use crate::{Certainty, Target};

pub(super) use aws::provided;
pub(super) use numbers::number;

/// Functions whose answer is only known when it is applied, or is different each time, or that are not followed.
const NOT_FOLLOWED: [&str; 11] = [
    "base64gunzip",
    "base64gzip",
    "bcrypt",
    "issensitive",
    "plantimestamp",
    "rsadecrypt",
    "timestamp",
    "type",
    "uuid",
    "uuidv5",
    "ephemeral",
];

/// Applies a function; one that is not known gives a value that is unknown.
pub(super) fn call(name: &str, arguments: &[Spelled]) -> Spelled {
    if name == "jsonencode" {
        return match arguments {
            [Spelled::Refused(why)] => Spelled::Refused(why.clone()),
            [value] => Spelled::Json(Box::new(value.clone())),
            _ => Spelled::open("`jsonencode` is not followed here"),
        };
    }
    if let ("yamlencode", [value]) = (name, arguments) {
        return yaml_text::encode(value).unwrap_or_else(Spelled::Open);
    }
    if NOT_FOLLOWED.contains(&name) {
        return Spelled::open(format!("`{name}` is not followed here"));
    }
    // Terraform refuses what is made of what it refuses.
    if let Some(failed) = arguments.iter().find(|argument| argument.why_open().is_some()) {
        return failed.clone();
    }
    if arguments.iter().map(Spelled::size).sum::<usize>() > LARGEST {
        return Spelled::open(format!("`{name}` is given more than is followed here"));
    }
    let found = strings::call(name, arguments)
        .or_else(|| collections::call(name, arguments))
        .or_else(|| sets::call(name, arguments))
        .or_else(|| numbers::call(name, arguments))
        .or_else(|| encoding::call(name, arguments))
        .or_else(|| network::call(name, arguments))
        .or_else(|| times::call(name, arguments));
    if let Some(value) = found {
        return value;
    }
    if is_followed(name) && arguments.iter().all(is_known) {
        return Spelled::Refused(format!("Terraform refuses what `{name}` is given"));
    }
    Spelled::open(format!("`{name}` is given something that is unknown, or is not followed here"))
}

fn is_followed(name: &str) -> bool {
    let all = [
        strings::NAMES,
        collections::NAMES,
        sets::NAMES,
        numbers::NAMES,
        encoding::NAMES,
        network::NAMES,
        times::NAMES,
    ];
    all.iter().any(|names| names.contains(&name))
}

/// Whether all of a value is known.
pub(super) fn is_known(value: &Spelled) -> bool {
    match value {
        Spelled::Null | Spelled::Bool(_) | Spelled::Number(_) => true,
        Spelled::Text(_) => value.literal().is_some(),
        Spelled::List(items) | Spelled::Set(items) => items.iter().all(is_known),
        Spelled::Map(entries) => entries.iter().all(|(_, value)| is_known(value)),
        Spelled::Json(inner) => is_known(inner),
        Spelled::Instance(_) | Spelled::Module(_) | Spelled::Refused(_) | Spelled::Open(_) => false,
    }
}

/// What comes of a value that something cannot be made of: Terraform refuses one that is known.
pub(super) fn unknown(value: &Spelled, why: &str) -> Spelled {
    match value.blemish() {
        Some(blemish) => blemish.clone(),
        None if is_known(value) => Spelled::Refused(why.to_owned()),
        None => Spelled::open(why),
    }
}

/// A value as a condition; `None` where it is none or unknown.
pub(super) fn truth(value: &Spelled) -> Option<bool> {
    match value {
        Spelled::Bool(value) => Some(*value),
        Spelled::Text(_) => match value.literal()?.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A value in the type that it has in common with another, as the branches of a condition and elements of a list do.
pub(super) fn alike(value: Spelled, other: &Spelled) -> Spelled {
    match (value, other) {
        (value @ (Spelled::Bool(_) | Spelled::Number(_)), Spelled::Text(_)) => {
            value.literal().map_or(value, Spelled::text)
        }
        (Spelled::List(items), Spelled::List(others)) => {
            let Some(text) = others.iter().find(|other| matches!(other, Spelled::Text(_))) else {
                return Spelled::List(items);
            };
            Spelled::List(items.into_iter().map(|item| alike(item, text)).collect())
        }
        (value @ Spelled::Map(_), Spelled::Map(others)) => {
            let origin = match &value {
                Spelled::Map(entries) => entries.origin.clone(),
                _ => None,
            };
            let Spelled::Map(entries) = value else { return value };
            let entries = entries.into_iter().map(|(name, value)| {
                let other = others.iter().find(|(known, _)| *known == name);
                let value = match other {
                    Some((_, other)) => alike(value, other),
                    None => value,
                };
                (name, value)
            });
            Spelled::map(entries).at(origin)
        }
        (value, _) => value,
    }
}

/// Applies an operator.
pub(super) fn operate(operator: BinaryOperator, left: &Spelled, right: &Spelled) -> Spelled {
    let value = match operator {
        BinaryOperator::Eq => equal(left, right).map(Spelled::Bool),
        BinaryOperator::NotEq => equal(left, right).map(|equal| Spelled::Bool(!equal)),
        BinaryOperator::And => match (truth(left), truth(right)) {
            (Some(false), _) | (_, Some(false)) => Some(Spelled::Bool(false)),
            (left, right) => left.zip(right).map(|(left, right)| Spelled::Bool(left && right)),
        },
        BinaryOperator::Or => match (truth(left), truth(right)) {
            (Some(true), _) | (_, Some(true)) => Some(Spelled::Bool(true)),
            (left, right) => left.zip(right).map(|(left, right)| Spelled::Bool(left || right)),
        },
        other => numbers::operate(other, left, right),
    };
    let why = "an operator is not followed here";
    value.unwrap_or_else(|| match (left.blemish().or(right.blemish()), operator) {
        (Some(blemish), _) => blemish.clone(),
        (None, BinaryOperator::Eq | BinaryOperator::NotEq) => Spelled::open(why),
        (None, _) if is_known(left) && is_known(right) => Spelled::Refused(why.to_owned()),
        (None, _) => Spelled::open(why),
    })
}

/// Whether a value is the ARN or id of a resource, which AWS gives: neither null nor empty.
fn is_given(value: &Spelled) -> bool {
    value.reference().is_some_and(|found| {
        let is_name = |target: &Target| {
            matches!(target.attribute.as_str(), "arn" | "id")
                && target.address.as_str().contains("aws_")
                && !target.address.as_str().contains("data.")
        };
        found.certainty == Certainty::Exact && !found.targets.is_empty() && found.targets.iter().all(is_name)
    })
}

/// Whether two values are equal; `None` where it is unknown, also whether they are of one type.
pub(super) fn equal(left: &Spelled, right: &Spelled) -> Option<bool> {
    let is_there = |value: &Spelled| {
        value.literal().is_some() || value.items().is_some() || matches!(value, Spelled::Map(_))
    };
    match (left, right) {
        (Spelled::Null, Spelled::Null) => Some(true),
        // An ARN or id that AWS gives is neither null nor empty.
        (Spelled::Null, other) | (other, Spelled::Null) if is_given(other) => Some(false),
        (name, text) | (text, name) if is_given(name) && text.literal().as_deref() == Some("") => Some(false),
        (Spelled::Null, other) | (other, Spelled::Null) => is_there(other).then_some(false),
        // A string and a number are never equal; what is unknown can be either.
        (text @ Spelled::Text(_), Spelled::Number(_) | Spelled::Bool(_))
        | (Spelled::Number(_) | Spelled::Bool(_), text @ Spelled::Text(_))
            if text.reference().is_some() =>
        {
            None
        }
        (Spelled::Text(_) | Spelled::Json(_), Spelled::Number(_) | Spelled::Bool(_))
        | (Spelled::Number(_) | Spelled::Bool(_), Spelled::Text(_) | Spelled::Json(_))
        | (Spelled::Number(_), Spelled::Bool(_))
        | (Spelled::Bool(_), Spelled::Number(_)) => Some(false),
        (Spelled::List(left), Spelled::List(right)) => {
            if left.is_empty() && right.is_empty() {
                return Some(true);
            }
            let differ = left.len() != right.len()
                || left.iter().zip(right).any(|(left, right)| equal(left, right) == Some(false));
            // Whether one is a tuple and the other a list is not known.
            differ.then_some(false)
        }
        (Spelled::Set(_), Spelled::Set(_)) if is_known(left) && is_known(right) => Some(left == right),
        (Spelled::Map(left), Spelled::Map(right)) => {
            if left.is_empty() && right.is_empty() {
                return Some(true);
            }
            let names = |entries: &[(String, Spelled)]| -> Vec<String> {
                entries.iter().map(|(name, _)| name.clone()).collect()
            };
            let differ = names(left) != names(right)
                || left
                    .iter()
                    .zip(right.iter())
                    .any(|((_, left), (_, right))| equal(left, right) == Some(false));
            differ.then_some(false)
        }
        // One attribute is equal to itself, whatever it turns out to be.
        _ if left.reference().is_some_and(|found| found.targets.len() == 1) && left == right => Some(true),
        _ => Some(left.literal()? == right.literal()?),
    }
}
