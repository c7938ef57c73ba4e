//! Comparing one value of a policy with one value of a request.

use std::cmp::Ordering;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::subject::Subject;
use super::variables::{Expanded, expand, loosest};
use crate::arn::{arn_like, arn_like_tokens};
use crate::pattern::{self, Token};
use crate::{BaseOperator, Version};

/// Whether a value of the request matches a value of the policy; for a negated operator, whether it is one of those
/// that must not match.
pub(super) fn matches(
    operator: BaseOperator,
    wanted: &str,
    value: &str,
    version: Version,
    subject: &Subject<'_>,
) -> bool {
    use BaseOperator as B;
    match operator {
        B::StringEquals | B::StringNotEquals => match expand(wanted, version, subject) {
            Expanded::Literal(wanted) => wanted == value,
            Expanded::Tokens(wanted) => wanted.iter().map(|token| token.byte()).eq(value.bytes()),
            Expanded::Unresolvable => false,
        },
        B::StringEqualsIgnoreCase | B::StringNotEqualsIgnoreCase => match expand(wanted, version, subject) {
            Expanded::Literal(wanted) => same_but_for_case(wanted, value),
            Expanded::Tokens(wanted) => {
                let bytes: Vec<u8> = wanted.iter().map(|token| token.byte()).collect();
                same_but_for_case(&String::from_utf8_lossy(&bytes), value)
            }
            Expanded::Unresolvable => false,
        },
        B::StringLike | B::StringNotLike => match expand(wanted, version, subject) {
            Expanded::Literal(wanted) => pattern::matches(wanted.as_bytes(), value.as_bytes(), false),
            Expanded::Tokens(wanted) => pattern::matches::<[Token]>(&wanted, value.as_bytes(), false),
            Expanded::Unresolvable => false,
        },
        B::ArnEquals | B::ArnLike | B::ArnNotEquals | B::ArnNotLike => match expand(wanted, version, subject)
        {
            Expanded::Literal(wanted) => arn_like(wanted, value),
            Expanded::Tokens(wanted) => arn_like_tokens(&wanted, value),
            Expanded::Unresolvable => false,
        },
        B::NumericEquals | B::NumericNotEquals => numeric(value, wanted) == Some(Ordering::Equal),
        B::NumericLessThan => numeric(value, wanted).is_some_and(Ordering::is_lt),
        B::NumericLessThanEquals => numeric(value, wanted).is_some_and(Ordering::is_le),
        B::NumericGreaterThan => numeric(value, wanted).is_some_and(Ordering::is_gt),
        B::NumericGreaterThanEquals => numeric(value, wanted).is_some_and(Ordering::is_ge),
        B::DateEquals | B::DateNotEquals => dates(value, wanted) == Some(Ordering::Equal),
        B::DateLessThan => dates(value, wanted).is_some_and(Ordering::is_lt),
        B::DateLessThanEquals => dates(value, wanted).is_some_and(Ordering::is_le),
        B::DateGreaterThan => dates(value, wanted).is_some_and(Ordering::is_gt),
        B::DateGreaterThanEquals => dates(value, wanted).is_some_and(Ordering::is_ge),
        B::Bool | B::Null => wanted.eq_ignore_ascii_case(value),
        B::BinaryEquals => wanted.trim_end_matches('=') == value.trim_end_matches('='),
        B::IpAddress | B::NotIpAddress => in_range(wanted, value),
    }
}

/// Whether a value of the request matches a value of the policy for some values of its variables. What is not compared
/// as text has none.
pub(super) fn may_match(operator: BaseOperator, wanted: &str, value: &str, version: Version) -> bool {
    if !operator.takes_variables() {
        return false;
    }
    let fold =
        matches!(operator, BaseOperator::StringEqualsIgnoreCase | BaseOperator::StringNotEqualsIgnoreCase);
    if fold && !(wanted.is_ascii() && value.is_ascii()) {
        return true;
    }
    // A value that is put in may hold colons, so that the parts of an ARN cannot be told apart.
    let tokens = loosest(wanted, version, operator.takes_wildcards());
    pattern::matches::<[Token]>(&tokens, value.as_bytes(), fold)
}

fn same_but_for_case(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
        || (!left.is_ascii() && !right.is_ascii() && left.to_lowercase() == right.to_lowercase())
}

fn numeric(value: &str, wanted: &str) -> Option<Ordering> {
    number(value)?.partial_cmp(&number(wanted)?)
}

fn dates(value: &str, wanted: &str) -> Option<Ordering> {
    Some(date(value)?.cmp(&date(wanted)?))
}

/// A decimal number.
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    // Rust also reads `inf` and `nan`, which are no numbers here.
    let decimal = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    if decimal { text.parse().ok().filter(|number: &f64| number.is_finite()) } else { None }
}

/// An instant: ISO 8601 as W3C profiles it, in UTC where it has no zone, or seconds since 1970.
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    let local = match text.parse::<DateTime>() {
        Ok(local) => local,
        Err(_) => text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight()),
    };
    local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Whether an address lies in a range, or is the one address that is written. Versions 4 and 6 never mix.
fn in_range(range: &str, address: &str) -> bool {
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    match range.parse::<IpNet>() {
        Ok(range) => range.contains(&address),
        Err(_) => range.parse() == Ok(address),
    }
}
