//! `yaml.unmarshal`, `yaml.marshal` and `yaml.is_valid`; data files and annotations are read by the same means.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, anyhow, bail};
use regorus::{Engine, Value};
use saphyr_parser::{Event, Parser, ScalarStyle};

/// Deeper than any document.
const DEPTH: usize = 64;
/// Values of one document, those that anchors repeat included.
const LARGEST: usize = 200_000;

/// Gives an engine the builtins.
pub(crate) fn connect(engine: &mut Engine) -> anyhow::Result<()> {
    let text = |arguments: &[Value]| match arguments {
        [Value::String(text)] => Ok(text.to_string()),
        _ => Err(anyhow!("a text of YAML is expected")),
    };
    let unmarshal = move |arguments: Vec<Value>| read(&text(&arguments)?);
    engine.add_extension("yaml.unmarshal".to_owned(), 1, Box::new(unmarshal))?;
    // What is no text is no YAML either.
    let is_valid =
        move |arguments: Vec<Value>| Ok(Value::from(text(&arguments).is_ok_and(|text| read(&text).is_ok())));
    engine.add_extension("yaml.is_valid".to_owned(), 1, Box::new(is_valid))?;
    let marshal = |arguments: Vec<Value>| {
        let mut out = String::new();
        write(arguments.first().context("an argument is missing")?, 0, &mut out)?;
        Ok(Value::from(out))
    };
    engine.add_extension("yaml.marshal".to_owned(), 1, Box::new(marshal))
}

/// Reads the first document of a text, with the scalars of YAML 1.1, as OPA does.
pub(crate) fn read(text: &str) -> anyhow::Result<Value> {
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| {
            anyhow!("it is no YAML: {}, line {}", error.info(), error.marker().line().max(1))
        })?;
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::Nothing => {}
            Event::DocumentEnd => break,
            event => events.push(event),
        }
        if events.len() > LARGEST {
            bail!("it is longer than {LARGEST} values");
        }
    }
    if events.is_empty() {
        return Ok(Value::Null);
    }
    let mut reader = Reader { events, at: 0, anchors: BTreeMap::new(), left: LARGEST };
    reader.node(0)
}

struct Reader<'e> {
    events: Vec<Event<'e>>,
    at: usize,
    /// What each anchor stands for, and how many values it has.
    anchors: BTreeMap<usize, (Value, usize)>,
    /// Values that may still be made: what anchors repeat multiplies.
    left: usize,
}

impl<'e> Reader<'e> {
    fn next(&mut self) -> anyhow::Result<Event<'e>> {
        let event = self.events.get(self.at).cloned().context("it ends too early")?;
        self.at += 1;
        Ok(event)
    }

    fn spend(&mut self, size: usize) -> anyhow::Result<()> {
        self.left =
            self.left.checked_sub(size).with_context(|| format!("it is longer than {LARGEST} values"))?;
        Ok(())
    }

    fn node(&mut self, depth: usize) -> anyhow::Result<Value> {
        let event = self.next()?;
        self.value(event, depth)
    }

    fn value(&mut self, event: Event<'e>, depth: usize) -> anyhow::Result<Value> {
        if depth > DEPTH {
            bail!("it is deeper than {DEPTH}");
        }
        let before = self.left;
        self.spend(1)?;
        let (value, anchor) = match event {
            Event::Alias(anchor) => {
                let (value, size) = self.anchors.get(&anchor).cloned().context("an anchor is missing")?;
                self.spend(size)?;
                return Ok(value);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.as_ref().is_some_and(|tag| tag.suffix == "str");
                let is_plain = matches!(style, ScalarStyle::Plain) && !is_text;
                (if is_plain { scalar(&text)? } else { Value::from(&*text) }, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break,
                        event => items.push(self.value(event, depth + 1)?),
                    }
                }
                (Value::from(items), anchor)
            }
            Event::MappingStart(anchor, _) => (self.mapping(depth)?, anchor),
            _ => bail!("it ends too early"),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), before - self.left));
        }
        Ok(value)
    }

    fn mapping(&mut self, depth: usize) -> anyhow::Result<Value> {
        let mut entries: BTreeMap<Value, Value> = BTreeMap::new();
        let mut merged: Vec<Value> = Vec::new();
        loop {
            let event = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = self.value(event, depth + 1)?;
            let value = self.node(depth + 1)?;
            match value {
                Value::Array(ref parts) if is_merge => merged.extend(parts.iter().cloned()),
                value if is_merge => merged.push(value),
                value => {
                    // Keys of JSON are texts.
                    let key = match key {
                        Value::String(_) => key,
                        other => Value::from(other.to_string()),
                    };
                    if entries.insert(key.clone(), value).is_some() {
                        bail!("the key {key} is there twice");
                    }
                }
            }
        }
        // What is written here counts, and of what is merged the first.
        for part in merged {
            let Value::Object(part) = part else { bail!("what is merged is no mapping") };
            for (key, value) in part.iter() {
                entries.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        Ok(Value::from(entries))
    }
}

/// What a scalar without quotes means.
fn scalar(text: &str) -> anyhow::Result<Value> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            Value::from(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            Value::from(false)
        }
        _ => match number(text) {
            Some(json) => Value::from_json_str(&json)?,
            None => Value::from(text),
        },
    })
}

/// A number as JSON writes it.
fn number(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.replace('_', "");
    let bare = digits.as_str();
    if !bare.starts_with(|char: char| char.is_ascii_digit() || char == '.') {
        return None;
    }
    let radix = |digits: &str, radix| {
        let value = u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))?;
        Some(format!("{sign}{value}"))
    };
    for (prefix, base) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = bare.strip_prefix(prefix) {
            return radix(digits, base);
        }
    }
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits(bare) {
        // Octal, as YAML 1.1 has it; what is none is a text.
        return if bare.len() > 1 && bare.starts_with('0') {
            radix(bare, 8)
        } else {
            Some(format!("{sign}{bare}"))
        };
    }
    let value: f64 = bare.parse().ok().filter(|it: &f64| it.is_finite())?;
    // `1e3` without a point is a text in the version of YAML that OPA reads, and a number everywhere else.
    Some(serde_json::Number::from_f64(value)?.to_string()).map(|value| format!("{sign}{value}"))
}

/// Writes a value in blocks, with sorted keys.
fn write(value: &Value, depth: usize, out: &mut String) -> anyhow::Result<()> {
    let indent = |depth: usize| "  ".repeat(depth);
    let is_block = |value: &Value| match value {
        Value::Array(items) => !items.is_empty(),
        Value::Set(items) => !items.is_empty(),
        Value::Object(entries) => entries.iter().next().is_some(),
        _ => false,
    };
    let items = |items: &mut dyn Iterator<Item = &Value>, out: &mut String| -> anyhow::Result<()> {
        for item in items {
            let _ = write!(out, "{}-", indent(depth));
            if is_block(item) {
                let mut inner = String::new();
                write(item, depth + 1, &mut inner)?;
                // The first entry stands behind the dash.
                let _ = write!(out, " {}", inner.trim_start());
            } else {
                out.push(' ');
                write(item, depth + 1, out)?;
            }
        }
        Ok(())
    };
    match value {
        Value::Array(list) if is_block(value) => items(&mut list.iter(), out),
        Value::Set(set) if is_block(value) => items(&mut set.iter(), out),
        Value::Object(entries) if is_block(value) => {
            for (key, item) in entries.iter() {
                let Value::String(key) = key else { bail!("the key {key} is no text") };
                let _ = write!(out, "{}{}:", indent(depth), quoted(key));
                if is_block(item) {
                    out.push('\n');
                    let deeper = usize::from(matches!(item, Value::Object(_)));
                    write(item, depth + deeper, out)?;
                } else {
                    out.push(' ');
                    write(item, depth + 1, out)?;
                }
            }
            Ok(())
        }
        Value::Array(_) | Value::Set(_) => {
            out.push_str("[]\n");
            Ok(())
        }
        Value::Object(_) => {
            out.push_str("{}\n");
            Ok(())
        }
        Value::String(text) => {
            let _ = writeln!(out, "{}", quoted(text));
            Ok(())
        }
        other => {
            let _ = writeln!(out, "{}", other.to_json_str()?);
            Ok(())
        }
    }
}

/// A text as a scalar: in quotes where it would mean something else without.
fn quoted(text: &str) -> String {
    let is_plain =
        text.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.' | '/'))
            && text.starts_with(|char: char| char.is_ascii_alphabetic() || matches!(char, '_' | '/'))
            && matches!(scalar(text), Ok(Value::String(_)));
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
