//! Numbers, which Terraform keeps as decimals of any length.

use std::str::FromStr;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, RoundingMode, Signed, ToPrimitive, Zero};
use hcl_edit::expr::BinaryOperator;

use crate::source::Spelled;

pub(super) const NAMES: &[&str] =
    &["abs", "ceil", "floor", "max", "min", "parseint", "pow", "log", "range", "signum", "sum", "tonumber"];

/// Digits of a number, and of its exponent's value; no number of a configuration is longer.
const DIGITS: usize = 400;
/// Elements of a range, as in Terraform.
const RANGE: usize = 1_024;

/// A number in the form that Terraform prints.
pub(in crate::source) fn number(text: &str) -> Spelled {
    match parse(text) {
        Some(value) => written(&value),
        None => Spelled::open("a number is longer than is followed here"),
    }
}

pub(super) fn parse(text: &str) -> Option<BigDecimal> {
    let exponent = text.split_once(['e', 'E']).map_or(Ok(0), |(_, exponent)| exponent.parse::<i64>()).ok()?;
    if text.len() > DIGITS || exponent.unsigned_abs() > DIGITS as u64 {
        return None;
    }
    BigDecimal::from_str(text).ok()
}

fn written(value: &BigDecimal) -> Spelled {
    let value = value.normalized();
    let (_, scale) = value.as_bigint_and_exponent();
    if value.digits() > DIGITS as u64 || scale.unsigned_abs() > DIGITS as u64 {
        return Spelled::open("a number is longer than is followed here");
    }
    Spelled::Number(value.to_plain_string())
}

/// A value as a number.
pub(super) fn value(of: &Spelled) -> Option<BigDecimal> {
    match of {
        Spelled::Number(text) => parse(text),
        Spelled::Text(_) => parse(&of.literal()?),
        _ => None,
    }
}

pub(super) fn integer(of: &Spelled) -> Option<i64> {
    let value = value(of)?;
    value.is_integer().then(|| value.to_i64())?
}

pub(super) fn operate(operator: BinaryOperator, left: &Spelled, right: &Spelled) -> Option<Spelled> {
    let (left, right) = (value(left)?, value(right)?);
    Some(match operator {
        BinaryOperator::Less => Spelled::Bool(left < right),
        BinaryOperator::LessEq => Spelled::Bool(left <= right),
        BinaryOperator::Greater => Spelled::Bool(left > right),
        BinaryOperator::GreaterEq => Spelled::Bool(left >= right),
        BinaryOperator::Plus => written(&(left + right)),
        BinaryOperator::Minus => written(&(left - right)),
        BinaryOperator::Mul => written(&(left * right)),
        BinaryOperator::Mod if right.is_zero() => return None,
        BinaryOperator::Mod => written(&(left % right)),
        BinaryOperator::Div if right.is_zero() => Spelled::open("a division by zero is not followed here"),
        BinaryOperator::Div => {
            let quotient = &left / &right;
            // Terraform rounds in the binary system.
            if &quotient * &right == left {
                written(&quotient)
            } else {
                Spelled::open("a division that does not come out even is not followed here")
            }
        }
        _ => return None,
    })
}

pub(super) fn call(name: &str, arguments: &[Spelled]) -> Option<Spelled> {
    let all = || arguments.iter().map(value).collect::<Option<Vec<BigDecimal>>>();
    match (name, arguments) {
        ("tonumber", [Spelled::Null]) => Some(Spelled::Null),
        ("tonumber", [text]) => Some(written(&value(text)?)),
        ("abs", [of]) => Some(written(&value(of)?.abs())),
        ("ceil", [of]) => Some(written(&value(of)?.with_scale_round(0, RoundingMode::Ceiling))),
        ("floor", [of]) => Some(written(&value(of)?.with_scale_round(0, RoundingMode::Floor))),
        ("signum", [of]) => {
            let value = value(of)?;
            Some(written(&BigDecimal::from(match value.sign() {
                Sign::Minus => -1,
                Sign::NoSign => 0,
                Sign::Plus => 1,
            })))
        }
        ("max", [_, ..]) => Some(written(all()?.iter().max()?)),
        ("min", [_, ..]) => Some(written(all()?.iter().min()?)),
        ("sum", [list]) => {
            let items = list.items()?.iter().map(value).collect::<Option<Vec<BigDecimal>>>()?;
            let (first, rest) = items.split_first()?;
            Some(written(&rest.iter().fold(first.clone(), |sum, item| sum + item)))
        }
        ("pow", [base, exponent]) => {
            let (base, exponent) = (value(base)?, value(exponent)?);
            let small =
                exponent.is_integer().then(|| exponent.to_u32()).flatten().filter(|small| *small < 64);
            match small {
                Some(small) => Some(written(&(0..small).fold(BigDecimal::from(1), |power, _| power * &base))),
                None => Some(Spelled::open("a power of this kind is not followed here")),
            }
        }
        ("log", _) => Some(Spelled::open("a logarithm is not followed here")),
        ("parseint", [text, base]) => {
            let base = u32::try_from(integer(base)?).ok().filter(|base| (2..=36).contains(base))?;
            let text = text.literal().filter(|text| text.len() <= DIGITS)?;
            let parsed = BigInt::parse_bytes(text.as_bytes(), base)?;
            Some(written(&BigDecimal::from(parsed)))
        }
        ("range", [_] | [_, _] | [_, _, _]) => range(&all()?),
        _ => None,
    }
}

fn range(numbers: &[BigDecimal]) -> Option<Spelled> {
    let zero = BigDecimal::from(0);
    let (start, limit) = match numbers {
        [limit] => (zero.clone(), limit.clone()),
        [start, limit, ..] => (start.clone(), limit.clone()),
        [] => return None,
    };
    let step = match numbers.get(2) {
        Some(step) => step.clone(),
        None => BigDecimal::from(if limit < start { -1 } else { 1 }),
    };
    if step.is_zero() || (limit > start) == step.is_negative() && limit != start {
        return None;
    }
    let mut found = Vec::new();
    let mut next = start;
    while if step.is_negative() { next > limit } else { next < limit } {
        if found.len() >= RANGE {
            return None;
        }
        found.push(written(&next));
        next += &step;
    }
    Some(Spelled::List(found))
}
