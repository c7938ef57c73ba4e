use std::ops::Deref;
use std::sync::Arc;

use serde_json::Value;

use crate::{Address, ModulePath, Resolution};

/// What the sources spell out of a value that is unknown until apply.
#[derive(Clone, PartialEq, Debug)]
pub enum Spelled {
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, as written in JSON.
    Number(String),
    /// A string: known parts, and references between them.
    Text(Vec<Part>),
    /// A list or tuple.
    List(Vec<Spelled>),
    /// A set: sorted as far as its elements are known.
    Set(Vec<Spelled>),
    /// A map or object, sorted by key.
    Map(Entries),
    /// What `jsonencode` makes of a value.
    Json(Box<Spelled>),
    /// A resource instance as a whole.
    Instance(Address),
    /// A module instance as a whole.
    Module(ModulePath),
    /// What Terraform refuses, so that `try` passes it over; why in one sentence.
    Refused(String),
    /// Something that cannot be told, and why in one sentence.
    Open(String),
}

/// A part of a string.
#[derive(Clone, PartialEq, Debug)]
pub enum Part {
    /// Known characters.
    Literal(Literal),
    /// The value of an attribute.
    Reference(Resolution),
    /// A string inside JSON that cannot be told, and why.
    Open(String),
}

/// A line of a file of the sources.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileLine {
    /// The file, as it is called in messages.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
}

/// The entries of a map, sorted by key, and where it is written. Maps with the same entries are equal.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    entries: Vec<(String, Spelled)>,
    /// The line of its `{`, or of its first key in YAML.
    pub origin: Option<FileLine>,
}

impl PartialEq for Entries {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Deref for Entries {
    type Target = [(String, Spelled)];
    fn deref(&self) -> &Self::Target {
        &self.entries
    }
}

impl IntoIterator for Entries {
    type Item = (String, Spelled);
    type IntoIter = std::vec::IntoIter<(String, Spelled)>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'e> IntoIterator for &'e Entries {
    type Item = &'e (String, Spelled);
    type IntoIter = std::slice::Iter<'e, (String, Spelled)>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

/// Known characters, and where they are from. Equal characters are equal.
#[derive(Clone, Debug, Default)]
pub struct Literal {
    text: String,
    from: Provenance,
}

/// Where the characters of a text are from.
#[derive(Clone, Debug, Default)]
pub(super) enum Provenance {
    /// It is not known.
    #[default]
    Elsewhere,
    /// All of them from one line.
    Line(FileLine),
    /// Provenance that line on; each line break is one of the file.
    Lines(FileLine),
    /// The plan shows them as an attribute.
    Attribute(Address, String),
}

impl Literal {
    pub(super) fn new(text: impl Into<String>, from: Provenance) -> Self {
        Self { text: text.into(), from }
    }

    /// Where the byte at an offset is from.
    pub(super) fn from(&self, offset: usize) -> Provenance {
        match &self.from {
            Provenance::Lines(origin) => {
                let before = self.text.get(..offset).unwrap_or(&self.text);
                let breaks = before.bytes().filter(|byte| *byte == b'\n').count();
                Provenance::Line(FileLine { line: origin.line + breaks, ..origin.clone() })
            }
            other => other.clone(),
        }
    }

    /// Other characters in the same place, as far as the lines are the same.
    pub(super) fn with(&self, text: String) -> Self {
        let breaks = |text: &str| text.bytes().filter(|byte| *byte == b'\n').count();
        let from = match &self.from {
            Provenance::Lines(_) if breaks(&text) > breaks(&self.text) => Provenance::Elsewhere,
            from => from.clone(),
        };
        Self { text, from }
    }
}

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Deref for Literal {
    type Target = str;
    fn deref(&self) -> &str {
        &self.text
    }
}

impl<T: Into<String>> std::convert::From<T> for Literal {
    fn from(text: T) -> Self {
        Self { text: text.into(), from: Provenance::Elsewhere }
    }
}

/// Bytes of a text that count as much as a value.
pub(super) const UNIT: usize = 256;
/// How many values, or as much text, a function is given.
pub(super) const LARGEST: usize = 20_000;

/// What stands for the folder in which Terraform runs, at the beginning of a path: files in it can be read, and what it is
/// called only the machine knows that runs Terraform.
pub(super) const HERE: &str = "the folder in which Terraform runs is unknown";

impl Spelled {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(vec![Part::Literal(text.into().into())])
    }

    /// The path of a file or folder, from the folder in which Terraform runs, from the root of the disk.
    pub(super) fn absolute(path: &str) -> Self {
        let here = Part::Open(HERE.to_owned());
        let path = super::load::joined("", path);
        if path.is_empty() {
            return Self::Text(vec![here]);
        }
        Self::Text(vec![here, Part::Literal(format!("/{path}").into())])
    }

    /// The rest of a path that begins with the folder in which Terraform runs.
    pub(super) fn below_here(&self) -> Option<&str> {
        let Self::Text(parts) = self else { return None };
        match parts.as_slice() {
            [Part::Open(here)] if here == HERE => Some(""),
            [Part::Open(here), Part::Literal(rest)] if here == HERE => Some(rest),
            _ => None,
        }
    }

    pub(super) fn literal_of(text: impl Into<String>, from: Provenance) -> Self {
        Self::Text(vec![Part::Literal(Literal::new(text, from))])
    }

    pub(super) fn open(why: impl Into<String>) -> Self {
        Self::Open(why.into())
    }

    /// A map, sorted as Terraform keeps it. Of entries with one key the last one counts.
    pub(super) fn map(entries: impl IntoIterator<Item = (String, Self)>) -> Self {
        let sorted: std::collections::BTreeMap<String, Self> = entries.into_iter().collect();
        Self::Map(Entries { entries: sorted.into_iter().collect(), origin: None })
    }

    /// The same, written in a place.
    pub(super) fn at(mut self, origin: Option<FileLine>) -> Self {
        if let Self::Map(entries) = &mut self {
            entries.origin = origin.or(entries.origin.take());
        }
        self
    }

    /// Whether it is the same value, however its text is put together.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let both_text = matches!((self, other), (Self::Text(_), Self::Text(_)));
        self == other || (both_text && self.literal().is_some_and(|own| Some(own) == other.literal()))
    }

    /// An entry of a map, or an element of a list, if it is there.
    pub(super) fn child(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => {
                let at = entries.binary_search_by(|(name, _)| name.as_str().cmp(key)).ok()?;
                entries.get(at).map(|(_, value)| value)
            }
            Self::List(items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// Whether something in it is unknown for a reason.
    pub(super) fn has_open(&self, reason: &str) -> bool {
        match self {
            Self::Open(why) => why == reason,
            Self::Text(parts) => parts.iter().any(|part| matches!(part, Part::Open(why) if why == reason)),
            Self::List(items) | Self::Set(items) => items.iter().any(|item| item.has_open(reason)),
            Self::Map(entries) => entries.iter().any(|(_, value)| value.has_open(reason)),
            Self::Json(value) => value.has_open(reason),
            _ => false,
        }
    }

    /// Whether there is something in it that cannot be told, or that Terraform refuses.
    pub(super) fn blemish(&self) -> Option<&Self> {
        match self {
            Self::Open(_) | Self::Refused(_) => Some(self),
            Self::List(items) | Self::Set(items) => items.iter().find_map(Self::blemish),
            Self::Map(entries) => entries.iter().find_map(|(_, value)| value.blemish()),
            Self::Json(value) => value.blemish(),
            _ => None,
        }
    }

    /// A set: what is known is sorted, and nothing is in it twice.
    pub(super) fn set(items: Vec<Self>) -> Self {
        let mut distinct: Vec<Self> = Vec::new();
        for item in items {
            if !distinct.contains(&item) {
                distinct.push(item);
            }
        }
        distinct.sort_by_key(Self::literal);
        Self::Set(distinct)
    }

    /// How many values it is made of.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::List(items) | Self::Set(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Self::Map(entries) => 1 + entries.iter().map(|(_, value)| value.size()).sum::<usize>(),
            Self::Json(value) => 1 + value.size(),
            Self::Text(parts) => {
                let length = |part: &Part| match part {
                    Part::Literal(text) => 1 + text.len() / UNIT,
                    Part::Reference(_) | Part::Open(_) => 1,
                };
                parts.iter().map(length).sum()
            }
            _ => 1,
        }
    }

    /// Why it cannot be told, if that is so of the whole.
    pub(super) fn why_open(&self) -> Option<&str> {
        match self {
            Self::Open(why) | Self::Refused(why) => Some(why),
            _ => None,
        }
    }

    /// The attribute that it is, and nothing else.
    pub fn reference(&self) -> Option<&Resolution> {
        match self {
            Self::Text(parts) => match parts.as_slice() {
                [Part::Reference(resolution)] => Some(resolution),
                _ => None,
            },
            _ => None,
        }
    }

    /// The characters of a string that is known.
    pub fn literal(&self) -> Option<String> {
        match self {
            Self::Text(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::Literal(text) => Some(&**text),
                    Part::Reference(_) | Part::Open(_) => None,
                })
                .collect(),
            Self::Number(text) => Some(text.clone()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Json(_) => Self::Text(self.clone().into_parts().ok()?).literal(),
            _ => None,
        }
    }

    /// The elements of a list or set.
    pub fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) | Self::Set(items) => Some(items),
            _ => None,
        }
    }

    /// As parts of a longer string; the error says why not.
    pub(super) fn into_parts(self) -> Result<Vec<Part>, String> {
        match self {
            Self::Text(parts) => Ok(parts),
            Self::Bool(value) => Ok(vec![Part::Literal(value.to_string().into())]),
            Self::Number(text) => Ok(vec![Part::Literal(text.into())]),
            Self::Json(value) => {
                let mut parts = Vec::new();
                value.write(&mut parts)?;
                Ok(parts)
            }
            Self::Open(why) | Self::Refused(why) => Err(why),
            Self::Null
            | Self::List(_)
            | Self::Set(_)
            | Self::Map(_)
            | Self::Instance(_)
            | Self::Module(_) => Err("a value inside a string is no string".to_owned()),
        }
    }

    /// Writes JSON.
    fn write(&self, out: &mut Vec<Part>) -> Result<(), String> {
        let mut literal = |text: &str| out.push(Part::Literal(text.into()));
        match self {
            Self::Null => literal("null"),
            Self::Bool(value) => literal(if *value { "true" } else { "false" }),
            Self::Number(text) => literal(text),
            Self::Text(parts) => {
                literal("\"");
                for part in parts {
                    out.push(match part {
                        Part::Literal(text) => Part::Literal(escaped(text).into()),
                        other => other.clone(),
                    });
                }
                out.push(Part::Literal("\"".into()));
            }
            Self::List(items) | Self::Set(items) => {
                literal("[");
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        out.push(Part::Literal(",".into()));
                    }
                    item.write(out)?;
                }
                out.push(Part::Literal("]".into()));
            }
            Self::Map(entries) => {
                let from = entries.origin.clone().map_or(Provenance::Elsewhere, Provenance::Line);
                out.push(Part::Literal(Literal::new("{", from)));
                for (position, (name, value)) in entries.iter().enumerate() {
                    let comma = if position > 0 { "," } else { "" };
                    out.push(Part::Literal(format!("{comma}\"{}\":", escaped(name)).into()));
                    value.write(out)?;
                }
                out.push(Part::Literal("}".into()));
            }
            Self::Json(inner) => {
                let mut parts = Vec::new();
                inner.write(&mut parts)?;
                let text = Self::Text(parts);
                // Each level of JSON in JSON doubles what has to be escaped.
                if text.size() > LARGEST {
                    return Err("JSON in JSON gets too long".to_owned());
                }
                text.write(out)?;
            }
            Self::Open(why) | Self::Refused(why) => {
                literal("\"");
                out.push(Part::Open(why.clone()));
                out.push(Part::Literal("\"".into()));
            }
            Self::Instance(_) | Self::Module(_) => {
                return Err("a resource as a whole is not followed here".to_owned());
            }
        }
        Ok(())
    }

    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::text(text.as_str()),
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(entries) => {
                Self::map(entries.iter().map(|(name, value)| (name.clone(), Self::of(value))))
            }
        }
    }

    /// An entry of a map, or an element of a list.
    pub(super) fn entry(&self, key: &str) -> Self {
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map_or_else(|| Self::Refused(format!("it has no `{key}`")), |(_, value)| value.clone()),
            Self::List(items) => {
                let at: Option<usize> = key.parse().ok();
                let found = at.and_then(|at| items.get(at));
                found.map_or_else(|| Self::Refused(format!("it has no `{key}`")), Self::clone)
            }
            Self::Open(_) | Self::Refused(_) => self.clone(),
            Self::Null => Self::Refused("`null` has no attributes".to_owned()),
            Self::Bool(_) | Self::Number(_) | Self::Set(_) => {
                Self::Refused(format!("it is nothing that has a `{key}`"))
            }
            Self::Text(_) | Self::Json(_) if self.literal().is_some() => {
                Self::Refused(format!("a string has no `{key}`"))
            }
            _ => Self::open(format!("what its `{key}` is cannot be told")),
        }
    }
}

/// A text inside a string of JSON, as Terraform writes it: fit for a page of HTML as well.
fn escaped(text: &str) -> String {
    let quoted = Value::String(text.to_owned()).to_string();
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let mut out = String::with_capacity(inner.len());
    for character in inner.chars() {
        match character {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            other => out.push(other),
        }
    }
    out
}
