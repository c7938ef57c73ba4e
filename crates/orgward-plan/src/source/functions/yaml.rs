//! YAML as Terraform reads it: mostly 1.1, with the scalars of both versions, dates as times, and keys that are strings.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::encoding::Encoded;
use super::numbers;
use crate::source::value::{LARGEST, Provenance};
use crate::source::{FileLine, Spelled};

/// Deeper than any real document.
const DEPTH: usize = 64;

/// Decodes a document; `None` when Terraform refuses it.
pub(super) fn decode(encoded: &Encoded) -> Option<Spelled> {
    let mut reader = Reader {
        encoded,
        lines: encoded
            .as_str()
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| at + 1)
            .collect(),
        events: Vec::new(),
        at: 0,
        anchors: BTreeMap::new(),
        left: LARGEST,
    };
    // Terraform knows no other version.
    if encoded.as_str().lines().any(|line| line.starts_with("%YAML") && !line.contains("1.1")) {
        return None;
    }
    for event in Parser::new_from_str(encoded.as_str()) {
        // Terraform's parser accepts some things that this one does not.
        let Ok((event, span)) = event else { return Some(Spelled::open("YAML cannot be parsed")) };
        match event {
            Event::DocumentStart(_) if !reader.events.is_empty() => return None,
            Event::DocumentStart(_)
            | Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentEnd => {}
            event => reader.events.push((event, span)),
        }
    }
    reader.node(0).map_or_else(|stop| stop, Some)
}

/// Why a document comes to no value: Terraform refuses it, or it is not followed.
type Stop = Option<Spelled>;

struct Reader<'e> {
    encoded: &'e Encoded,
    /// Where each line but the first begins.
    lines: Vec<usize>,
    events: Vec<(Event<'e>, Span)>,
    at: usize,
    anchors: BTreeMap<usize, Spelled>,
    /// Values that may still be made. What anchors stand for multiplies.
    left: usize,
}

impl<'e> Reader<'e> {
    fn next(&mut self) -> Result<(Event<'e>, Span), Stop> {
        let event = self.events.get(self.at).cloned().ok_or(None)?;
        self.at += 1;
        Ok(event)
    }

    fn origin(&self, span: Span) -> Option<FileLine> {
        let line = span.start.line();
        let start = if line < 2 { 0 } else { self.lines.get(line - 2).copied().unwrap_or_default() };
        self.encoded.origin(start)
    }

    fn spend(&mut self, size: usize) -> Result<(), Stop> {
        self.left = self.left.checked_sub(size).ok_or_else(|| Some(long()))?;
        Ok(())
    }

    fn node(&mut self, depth: usize) -> Result<Spelled, Stop> {
        let (event, span) = self.next()?;
        self.value(event, span, depth)
    }

    fn value(&mut self, event: Event<'e>, span: Span, depth: usize) -> Result<Spelled, Stop> {
        if depth > DEPTH {
            return Err(Some(long()));
        }
        self.spend(1)?;
        let (value, anchor) = match event {
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned().ok_or(None)?;
                self.spend(value.size())?;
                return Ok(value);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let name = tag.as_deref().map(named).transpose()?;
                let value = match (style, name) {
                    (ScalarStyle::Plain, None) => resolved(&text)?,
                    (ScalarStyle::Plain, Some(name)) if name != "str" => match (name, resolved(&text)?) {
                        ("int" | "float", value @ Spelled::Number(_))
                        | ("bool", value @ Spelled::Bool(_))
                        | ("null", value @ Spelled::Null)
                        | ("binary" | "timestamp", value) => value,
                        _ => return Err(None),
                    },
                    _ => Spelled::text(text.as_ref()),
                };
                let value = match (value, self.origin(span)) {
                    (Spelled::Text(_), Some(origin)) => {
                        let is_plain = matches!(style, ScalarStyle::Plain);
                        let text = if is_plain { value_text(&text) } else { text.into_owned() };
                        Spelled::literal_of(text, Provenance::Line(origin))
                    }
                    (value, _) => value,
                };
                (value, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                if let Some(tag) = tag.as_deref() {
                    named(tag)?;
                }
                let mut items = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if matches!(event, Event::SequenceEnd) {
                        break;
                    }
                    items.push(self.value(event, span, depth + 1)?);
                }
                (Spelled::List(items), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                if let Some(tag) = tag.as_deref() {
                    named(tag)?;
                }
                (self.mapping(span, depth)?, anchor)
            }
            _ => return Err(None),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn mapping(&mut self, span: Span, depth: usize) -> Result<Spelled, Stop> {
        let mut entries: Vec<(String, Spelled)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let is_merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text.as_ref() == "<<");
            let key = self.value(event, span, depth + 1)?;
            let value = self.node(depth + 1)?;
            if is_merge {
                let Spelled::Map(inner) = value else { return Err(None) };
                entries.extend(inner);
                continue;
            }
            let key = key.literal().ok_or(None)?;
            entries.push((key, value));
        }
        // Of entries with one key the last one counts, merged or not.
        Ok(Spelled::map(entries).at(self.origin(span)))
    }
}

fn long() -> Spelled {
    Spelled::open("YAML is longer or deeper than is followed here")
}

/// The name of a tag of YAML itself; Terraform refuses others.
fn named(tag: &Tag) -> Result<&str, Stop> {
    let is_core = tag.handle == "tag:yaml.org,2002:" || tag.handle == "!!";
    let known = ["str", "int", "float", "bool", "null", "binary", "timestamp", "map", "seq"];
    if is_core && known.contains(&tag.suffix.as_str()) { Ok(&tag.suffix) } else { Err(None) }
}

/// What a plain scalar stands for.
fn resolved(text: &str) -> Result<Spelled, Stop> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Spelled::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            Spelled::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            Spelled::Bool(false)
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" | ".nan"
        | ".NaN" | ".NAN" => return Err(Some(Spelled::open("a number of YAML is none of JSON"))),
        _ => match number(text) {
            Some(number) => number,
            None => Spelled::text(value_text(text)),
        },
    })
}

/// A plain scalar that is a text: dates become times.
fn value_text(text: &str) -> String {
    time(text).unwrap_or_else(|| text.to_owned())
}

fn number(text: &str) -> Option<Spelled> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let negative = text.starts_with('-');
    let radix = |digits: &str, radix: u32| {
        let value = u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))?;
        Some(numbers::number(&format!("{}{value}", if negative { "-" } else { "" })))
    };
    if let Some(digits) = unsigned.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = unsigned.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    let is_number = !(whole.is_empty() && fraction.is_empty())
        && all_digits(whole)
        && all_digits(fraction)
        && exponent_fits;
    is_number.then(|| {
        let whole = if whole.is_empty() { "0" } else { whole };
        let fraction = if fraction.is_empty() { "0" } else { fraction };
        let exponent = exponent.map(|exponent| format!("e{exponent}")).unwrap_or_default();
        numbers::number(&format!("{}{whole}.{fraction}{exponent}", if negative { "-" } else { "" }))
    })
}

/// A date or time as Terraform writes it, to the second.
fn time(text: &str) -> Option<String> {
    let digits = |text: &str, least: usize, most: usize| {
        let fits = (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse::<u32>().ok())?
    };
    let date = text.get(..text.find(['T', 't', ' ']).unwrap_or(text.len()))?;
    let mut parts = date.splitn(3, '-');
    let year = digits(parts.next()?, 4, 4)?;
    let month = digits(parts.next()?, 1, 2).filter(|month| (1..=12).contains(month))?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let day = digits(parts.next()?, 1, 2).filter(|day| (1..=days).contains(day))?;
    let Some(rest) = text.get(date.len()..).filter(|rest| !rest.is_empty()) else {
        return Some(format!("{year:04}-{month:02}-{day:02}T00:00:00Z"));
    };
    let with_zone = !rest.starts_with(' ');
    let rest = rest.get(1..)?;
    let zone_at = if with_zone { rest.find(['Z', '+', '-'])? } else { rest.len() };
    let (clock, zone) = rest.split_at_checked(zone_at)?;
    let mut parts = clock.splitn(3, ':');
    let hour = digits(parts.next()?, 1, 2).filter(|hour| *hour < 24)?;
    let minute = digits(parts.next()?, 1, 2).filter(|minute| *minute < 60)?;
    let second = parts.next()?;
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let second = digits(second, 1, 2).filter(|second| *second < 60)?;
    digits(fraction, 1, 9)?;
    let zone = match zone {
        "" | "Z" => "Z".to_owned(),
        other => {
            let (hours, minutes) = other.get(1..)?.split_once(':')?;
            digits(hours, 2, 2)?;
            digits(minutes, 2, 2)?;
            other.to_owned()
        }
    };
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}"))
}
