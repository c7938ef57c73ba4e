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
    Map(Vec<(String, Spelled)>),
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
    Literal(String),
    /// The value of an attribute.
    Reference(Resolution),
    /// A string inside JSON that cannot be told, and why.
    Open(String),
}

/// Bytes of a text that count as much as a value.
pub(super) const UNIT: usize = 256;
/// How many values, or as much text, a function is given.
pub(super) const LARGEST: usize = 20_000;

/// Around the folder of a module, from the root module, in a path that has yet to be read. No text of a policy has
/// these characters.
pub(super) const FOLDER: [char; 2] = ['\u{E0F1}', '\u{E0F2}'];

impl Spelled {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(vec![Part::Literal(text.into())])
    }

    pub(super) fn open(why: impl Into<String>) -> Self {
        Self::Open(why.into())
    }

    /// A map, sorted as Terraform keeps it. Of entries with one key the last one counts.
    pub(super) fn map(entries: impl IntoIterator<Item = (String, Self)>) -> Self {
        let sorted: std::collections::BTreeMap<String, Self> = entries.into_iter().collect();
        Self::Map(sorted.into_iter().collect())
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
                    Part::Literal(text) => Some(text.as_str()),
                    Part::Reference(_) | Part::Open(_) => None,
                })
                .collect(),
            Self::Number(text) => Some(text.clone()),
            Self::Bool(value) => Some(value.to_string()),
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
            Self::Bool(value) => Ok(vec![Part::Literal(value.to_string())]),
            Self::Number(text) => Ok(vec![Part::Literal(text)]),
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
        let mut literal = |text: &str| out.push(Part::Literal(text.to_owned()));
        match self {
            Self::Null => literal("null"),
            Self::Bool(value) => literal(if *value { "true" } else { "false" }),
            Self::Number(text) => literal(text),
            Self::Text(parts) => {
                literal("\"");
                for part in parts {
                    out.push(match part {
                        Part::Literal(text) => {
                            let quoted = Value::String(text.clone()).to_string();
                            let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
                            Part::Literal(inner.to_owned())
                        }
                        other => other.clone(),
                    });
                }
                out.push(Part::Literal("\"".to_owned()));
            }
            Self::List(items) | Self::Set(items) => {
                literal("[");
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        out.push(Part::Literal(",".to_owned()));
                    }
                    item.write(out)?;
                }
                out.push(Part::Literal("]".to_owned()));
            }
            Self::Map(entries) => {
                literal("{");
                for (position, (name, value)) in entries.iter().enumerate() {
                    let comma = if position > 0 { "," } else { "" };
                    out.push(Part::Literal(format!("{comma}{}:", Value::String(name.clone()))));
                    value.write(out)?;
                }
                out.push(Part::Literal("}".to_owned()));
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
                out.push(Part::Literal("\"".to_owned()));
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
            _ => Self::open(format!("what its `{key}` is cannot be told")),
        }
    }
}
