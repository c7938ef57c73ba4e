//! The functions of Terraform that policy documents are written with. What is constant is evaluated; of what is not, as
//! much is kept as is certain.

mod collections;
mod strings;

use hcl_edit::expr::BinaryOperator;

use super::Spelled;
use super::spelled::LARGEST;

/// Applies a function; one that is not known gives a value that cannot be told.
pub(super) fn call(name: &str, arguments: &[Spelled]) -> Spelled {
    if name == "jsonencode" {
        return match arguments {
            [value] => Spelled::Json(Box::new(value.clone())),
            _ => Spelled::open("`jsonencode` is not followed here"),
        };
    }
    // Terraform refuses what is made of what it refuses.
    if let Some(failed) = arguments.iter().find(|argument| argument.why_open().is_some()) {
        return failed.clone();
    }
    if arguments.iter().map(Spelled::size).sum::<usize>() > LARGEST {
        return Spelled::open(format!("`{name}` is given more than is followed here"));
    }
    let found = strings::call(name, arguments).or_else(|| collections::call(name, arguments));
    found.unwrap_or_else(|| Spelled::open(format!("`{name}` is not followed here")))
}

/// Applies an operator.
pub(super) fn operate(operator: BinaryOperator, left: &Spelled, right: &Spelled) -> Spelled {
    let logic = |value: &Spelled| match value {
        Spelled::Bool(value) => Some(*value),
        _ => None,
    };
    let number = |value: &Spelled| match value {
        Spelled::Number(text) => text.parse::<i64>().ok(),
        _ => None,
    };
    let both = || number(left).zip(number(right));
    let value = match operator {
        BinaryOperator::Eq => equal(left, right).map(Spelled::Bool),
        BinaryOperator::NotEq => equal(left, right).map(|equal| Spelled::Bool(!equal)),
        BinaryOperator::And => match (logic(left), logic(right)) {
            (Some(false), _) | (_, Some(false)) => Some(Spelled::Bool(false)),
            (left, right) => left.zip(right).map(|(left, right)| Spelled::Bool(left && right)),
        },
        BinaryOperator::Or => match (logic(left), logic(right)) {
            (Some(true), _) | (_, Some(true)) => Some(Spelled::Bool(true)),
            (left, right) => left.zip(right).map(|(left, right)| Spelled::Bool(left || right)),
        },
        BinaryOperator::Less => both().map(|(left, right)| Spelled::Bool(left < right)),
        BinaryOperator::LessEq => both().map(|(left, right)| Spelled::Bool(left <= right)),
        BinaryOperator::Greater => both().map(|(left, right)| Spelled::Bool(left > right)),
        BinaryOperator::GreaterEq => both().map(|(left, right)| Spelled::Bool(left >= right)),
        BinaryOperator::Plus => both().and_then(|(left, right)| left.checked_add(right)).map(whole),
        BinaryOperator::Minus => both().and_then(|(left, right)| left.checked_sub(right)).map(whole),
        BinaryOperator::Mul => both().and_then(|(left, right)| left.checked_mul(right)).map(whole),
        BinaryOperator::Mod => both().and_then(|(left, right)| left.checked_rem(right)).map(whole),
        BinaryOperator::Div => None,
    };
    let why =
        || left.why_open().or(right.why_open()).unwrap_or("an operator is not followed here").to_owned();
    value.unwrap_or_else(|| Spelled::Open(why()))
}

fn whole(value: i64) -> Spelled {
    Spelled::Number(value.to_string())
}

fn equal(left: &Spelled, right: &Spelled) -> Option<bool> {
    let is_constant = |value: &Spelled| value.literal().is_some() || value.items().is_some();
    match (left, right) {
        (Spelled::Null, Spelled::Null) => Some(true),
        (Spelled::Null, other) | (other, Spelled::Null) => {
            (is_constant(other) || matches!(other, Spelled::Map(_))).then_some(false)
        }
        // A string and a number are never equal; what is unknown can be either.
        (text @ Spelled::Text(_), Spelled::Number(_) | Spelled::Bool(_))
        | (Spelled::Number(_) | Spelled::Bool(_), text @ Spelled::Text(_)) => {
            text.reference().is_none().then_some(false)
        }
        (Spelled::List(left), Spelled::List(right)) if left.is_empty() || right.is_empty() => {
            Some(left.is_empty() && right.is_empty())
        }
        // One attribute is equal to itself, whatever it turns out to be.
        _ if left.reference().is_some_and(|found| found.targets.len() == 1) && left == right => Some(true),
        _ => Some(left.literal()? == right.literal()?),
    }
}
