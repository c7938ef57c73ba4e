use std::net::IpAddr;

use ipnet::IpNet;

use super::json::{Node, Shape};
use super::{expect, list};
use crate::matching::{date, number};
use crate::operator::split_set;
use crate::{BaseOperator, Condition, Operator, PolicyError, Spanned};

/// Reads a `Condition` block: operator → key → values.
pub(super) fn read(node: &Node<'_>) -> Result<Vec<Condition>, PolicyError> {
    expect(node, Shape::Object, "`Condition`")?;
    let mut conditions: Vec<Condition> = Vec::new();
    for entry in node.members()? {
        let Some(operator) = Operator::parse(&entry.name) else {
            return Err(unknown_operator(&entry.name, entry.key));
        };
        let operator = Spanned { value: operator, span: entry.key };
        expect(&entry.value, Shape::Object, &format!("`{}`", entry.name))?;
        for line in entry.value.members()? {
            let values = read_values(&line.value, &line.name)?;
            for value in &values {
                check(operator.value.base, value)?;
            }
            let same = |other: &&Condition| {
                other.operator.value == operator.value && other.key.value.eq_ignore_ascii_case(&line.name)
            };
            if let Some(other) = conditions.iter().find(same) {
                return Err(PolicyError::new(
                    line.key,
                    format!("the key `{}` is already under `{}`", line.name, other.operator.value),
                    "join the two, or remove one: condition keys do not differ by case",
                ));
            }
            let span = line.key.start..line.value.span().end;
            let key = Spanned { value: line.name, span: line.key };
            conditions.push(Condition { operator: operator.clone(), key, values, span });
        }
    }
    Ok(conditions)
}

fn unknown_operator(name: &str, span: std::ops::Range<usize>) -> PolicyError {
    let (_, rest) = split_set(name);
    let message = format!("unknown condition operator `{name}`");
    if rest.eq_ignore_ascii_case("NullIfExists") {
        return PolicyError::new(
            span,
            message,
            "`Null` asks whether a key is missing, so it takes no `IfExists`",
        );
    }
    let names: Vec<&str> = BaseOperator::ALL.iter().map(|operator| operator.name()).collect();
    let stem = rest.strip_suffix("IfExists").unwrap_or(rest);
    let help = super::did_you_mean(stem, &names).unwrap_or_else(|| {
        format!("operators for strings are {}", list(&["StringEquals", "StringLike", "StringNotEquals"]))
    });
    PolicyError::new(span, message, help)
}

/// The values of a key: a string, boolean or number, or a list of them, as text.
fn read_values(node: &Node<'_>, key: &str) -> Result<Vec<Spanned<String>>, PolicyError> {
    let nodes = match node.shape() {
        Shape::Array => node.items()?,
        _ => vec![*node],
    };
    nodes
        .iter()
        .map(|node| {
            let value = match node.shape() {
                Shape::String => node.string()?,
                Shape::Number | Shape::Bool => node.raw().to_owned(),
                shape @ (Shape::Object | Shape::Array | Shape::Null) => {
                    return Err(PolicyError::new(
                        node.span(),
                        format!("the value of `{key}` is {}", shape.name()),
                        "a value is a string, a boolean or a number",
                    ));
                }
            };
            Ok(Spanned { value, span: node.span() })
        })
        .collect()
}

/// Refuses values that an operator can never match because they are not of its type.
fn check(operator: BaseOperator, value: &Spanned<String>) -> Result<(), PolicyError> {
    use BaseOperator as B;
    let text = value.value.as_str();
    let (valid, what, help) = match operator {
        B::Bool | B::Null => (
            text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"),
            "a boolean",
            "write `true` or `false`",
        ),
        B::NumericEquals
        | B::NumericNotEquals
        | B::NumericLessThan
        | B::NumericLessThanEquals
        | B::NumericGreaterThan
        | B::NumericGreaterThanEquals => (number(text).is_some(), "a number", "write a decimal number"),
        B::DateEquals
        | B::DateNotEquals
        | B::DateLessThan
        | B::DateLessThanEquals
        | B::DateGreaterThan
        | B::DateGreaterThanEquals => {
            (date(text).is_some(), "a date", "write it like `2026-01-31T00:00:00Z`, or as seconds since 1970")
        }
        B::IpAddress | B::NotIpAddress => (
            text.parse::<IpNet>().is_ok() || text.parse::<IpAddr>().is_ok(),
            "an address range",
            "write it like `203.0.113.0/24` or `2001:db8::/32`",
        ),
        B::BinaryEquals => (
            text.trim_end_matches('=')
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')),
            "base64",
            "encode the bytes in base64",
        ),
        _ => return Ok(()),
    };
    if valid {
        return Ok(());
    }
    if let Some(name) = crate::placeholder(text) {
        return Err(PolicyError::new(
            value.span.clone(),
            format!("nothing has filled in `{name}`, which is not {what}"),
            "put the value in its place, or pass `--set NAME=VALUE`",
        ));
    }
    Err(PolicyError::new(value.span.clone(), format!("`{text}` is not {what}"), help))
}
