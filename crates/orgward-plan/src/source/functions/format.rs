//! `format` and `formatlist`.

use std::fmt::Write as _;

use bigdecimal::{RoundingMode, Signed as _, ToPrimitive as _};
use serde_json::Value;

use super::numbers::value;
use super::strings::LONGEST;
use super::truth;
use crate::source::Spelled;
use crate::source::value::{Part, UNIT};

/// Columns that a value is filled up to, and digits after its point.
const WIDEST: usize = 1_000;

/// A verb: `%-5.2f`.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of C")]
struct Verb {
    minus: bool,
    plus: bool,
    space: bool,
    zero: bool,
    sharp: bool,
    width: usize,
    precision: Option<usize>,
    /// Which value it takes, from 1; the next one without.
    value: Option<usize>,
    letter: char,
}

/// `format`; `None` where Terraform refuses.
pub(super) fn one(template: &str, values: &[Spelled]) -> Option<Spelled> {
    let mut parts: Vec<Part> = Vec::new();
    let mut next = 0;
    let mut most = 0;
    let mut positional = false;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        parts.push(Part::Literal(before.into()));
        let (verb, after) = Verb::parse(after)?;
        rest = after;
        if verb.letter == '%' {
            parts.push(Part::Literal("%".into()));
            continue;
        }
        let at = match verb.value {
            Some(at) => {
                positional = true;
                at.checked_sub(1)?
            }
            None => next,
        };
        next = at + 1;
        most = most.max(next);
        match verb.apply(values.get(at)?)? {
            Ok(more) => parts.extend(more),
            Err(open) => return Some(open),
        }
    }
    parts.push(Part::Literal(rest.into()));
    (positional || most == values.len()).then_some(Spelled::Text(parts))
}

/// `format` for each element of the lists among the values.
pub(super) fn list(template: &str, values: &[Spelled]) -> Option<Spelled> {
    let lengths: Vec<usize> = values.iter().filter_map(|value| value.items().map(<[_]>::len)).collect();
    let Some(length) = lengths.first().copied() else {
        // Without a list there is one row.
        return match one(template, values)? {
            open @ Spelled::Open(_) => Some(open),
            only => Some(Spelled::List(vec![only])),
        };
    };
    if lengths.iter().any(|other| *other != length) {
        return None;
    }
    let weight = template.len()
        + values.iter().filter(|value| value.items().is_none()).map(Spelled::size).sum::<usize>() * UNIT;
    if weight.saturating_mul(length) > LONGEST {
        return Some(Spelled::open("`formatlist` makes more than is followed here"));
    }
    let row = |at: usize| {
        let pick = |value: &Spelled| match value.items() {
            Some(items) => items.get(at).cloned(),
            None => Some(value.clone()),
        };
        let values: Option<Vec<Spelled>> = values.iter().map(pick).collect();
        one(template, &values?)
    };
    if length > 0 && values.is_empty() {
        return None;
    }
    (0..length).map(row).collect::<Option<Vec<_>>>().map(Spelled::List)
}

impl Verb {
    fn parse(text: &str) -> Option<(Self, &str)> {
        let mut verb = Self::default();
        let mut rest = text;
        loop {
            let first = rest.chars().next()?;
            match first {
                '-' => verb.minus = true,
                '+' => verb.plus = true,
                ' ' => verb.space = true,
                '0' => verb.zero = true,
                '#' => verb.sharp = true,
                _ => break,
            }
            rest = rest.get(1..)?;
        }
        (verb.width, rest) = digits(rest)?;
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = digits(after)?;
            verb.precision = Some(precision);
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('[') {
            let (index, after) = digits(after)?;
            verb.value = Some(index);
            rest = after.strip_prefix(']')?;
        }
        verb.letter = rest.chars().next()?;
        let rest = rest.get(verb.letter.len_utf8()..)?;
        Some((verb, rest))
    }

    /// The text of a value; `None` where Terraform refuses, and an error where it is unknown.
    fn apply(&self, of: &Spelled) -> Option<Result<Vec<Part>, Spelled>> {
        let unknown = || Some(Err(Spelled::open("`format` is given something that is unknown")));
        let plain = self.width == 0 && self.precision.is_none() && !self.sharp;
        if of.blemish().is_some() {
            return Some(Err(super::unknown(of, "it is unknown")));
        }
        // What is null is written differently by version and verb.
        if *of == Spelled::Null {
            return unknown();
        }
        if !super::is_known(of) {
            return match (self.letter, of) {
                ('s' | 'v', Spelled::Text(parts)) if plain => Some(Ok(parts.clone())),
                ('s' | 'v', Spelled::Json(_)) if plain => {
                    Some(of.clone().into_parts().map_err(Spelled::Open))
                }
                _ => unknown(),
            };
        }
        let text = match self.letter {
            'v' if self.sharp => json(of)?,
            'v' => match of.literal() {
                Some(text) => text,
                None => json(of)?,
            },
            's' => of.literal()?,
            'q' => Value::String(of.literal()?).to_string(),
            't' => truth(of)?.to_string(),
            'd' | 'x' | 'X' | 'o' | 'b' => {
                let number = value(of).filter(bigdecimal::BigDecimal::is_integer)?;
                let Some(number) = number.to_i128() else { return unknown() };
                let digits = number.unsigned_abs();
                let digits = match self.letter {
                    'd' => digits.to_string(),
                    'x' => format!("{digits:x}"),
                    'X' => format!("{digits:X}"),
                    'o' => format!("{digits:o}"),
                    _ => format!("{digits:b}"),
                };
                return Some(Ok(vec![Part::Literal(self.signed(number < 0, &digits).into())]));
            }
            'f' | 'F' => {
                let digits = i64::try_from(self.precision.unwrap_or(6)).unwrap_or(6);
                let number = value(of)?.with_scale_round(digits, RoundingMode::HalfEven);
                let digits = number.abs().to_plain_string();
                return Some(Ok(vec![Part::Literal(self.signed(number.is_negative(), &digits).into())]));
            }
            'e' | 'E' => {
                let Some(number) = value(of)?.to_f64() else { return unknown() };
                let digits = scientific(number.abs(), self.precision.unwrap_or(6), self.letter);
                return Some(Ok(vec![Part::Literal(self.signed(number < 0.0, &digits).into())]));
            }
            'g' | 'G' if plain => value(of)?.to_plain_string(),
            'g' | 'G' => return unknown(),
            _ => return None,
        };
        let text: String = match self.precision {
            Some(precision) if matches!(self.letter, 's' | 'v') => text.chars().take(precision).collect(),
            _ => text,
        };
        Some(Ok(vec![Part::Literal(self.filled(text).into())]))
    }

    fn signed(&self, negative: bool, digits: &str) -> String {
        let sign = match (negative, self.plus, self.space) {
            (true, _, _) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        };
        if self.zero && !self.minus {
            return format!("{sign}{digits:0>width$}", width = self.width.saturating_sub(sign.len()));
        }
        self.filled(format!("{sign}{digits}"))
    }

    fn filled(&self, text: String) -> String {
        let missing = " ".repeat(self.width.saturating_sub(text.chars().count()));
        if self.minus { text + &missing } else { missing + &text }
    }
}

fn digits(text: &str) -> Option<(usize, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    let number =
        if digits.is_empty() { 0 } else { digits.parse().ok().filter(|number| *number <= WIDEST)? };
    Some((number, rest))
}

/// As C writes it: `1.500000e+00`.
fn scientific(number: f64, precision: usize, letter: char) -> String {
    let text = format!("{number:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let mut out = digits.to_owned();
    // Writing to a string cannot fail.
    let _ = write!(out, "{letter}{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    out
}

fn json(of: &Spelled) -> Option<String> {
    Spelled::Json(Box::new(of.clone())).literal()
}
