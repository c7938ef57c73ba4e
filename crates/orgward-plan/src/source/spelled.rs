use serde_json::Value;

use crate::Resolution;

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
    /// A list, set or tuple.
    List(Vec<Spelled>),
    /// A map or object, in order.
    Map(Vec<(String, Spelled)>),
    /// What `jsonencode` makes of a value.
    Json(Box<Spelled>),
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
}

impl Spelled {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(vec![Part::Literal(text.into())])
    }

    /// The characters of a string that is known.
    pub(super) fn literal(&self) -> Option<String> {
        match self {
            Self::Text(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::Literal(text) => Some(text.as_str()),
                    Part::Reference(_) => None,
                })
                .collect(),
            Self::Number(text) => Some(text.clone()),
            Self::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// As parts of a longer string; the error says why not.
    pub(super) fn into_parts(self) -> Result<Vec<Part>, String> {
        match self {
            Self::Text(parts) => Ok(parts),
            Self::Bool(value) => Ok(vec![Part::Literal(value.to_string())]),
            Self::Number(text) => Ok(vec![Part::Literal(text)]),
            Self::Open(why) => Err(why),
            Self::Null | Self::List(_) | Self::Map(_) | Self::Json(_) => {
                Err("a value inside a string is no string".to_owned())
            }
        }
    }

    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::text(text.as_str()),
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(entries) => {
                Self::Map(entries.iter().map(|(name, value)| (name.clone(), Self::of(value))).collect())
            }
        }
    }

    /// An entry of a map, or an element of a list.
    pub(super) fn entry(&self, key: &str) -> Self {
        let missing = || Self::Open(format!("it has no `{key}`"));
        match self {
            Self::Map(entries) => {
                entries.iter().find(|(name, _)| name == key).map_or_else(missing, |(_, value)| value.clone())
            }
            Self::List(items) => {
                let at: Option<usize> = key.parse().ok();
                at.and_then(|at| items.get(at)).map_or_else(missing, Self::clone)
            }
            Self::Open(why) => Self::Open(why.clone()),
            _ => missing(),
        }
    }
}
