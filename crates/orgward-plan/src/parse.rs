//! From text to rows in one pass. Values stay raw text; only the scalars of a row are looked at.

mod document;
pub(crate) mod fit;
mod rows;
mod state;
mod stored;

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

use crate::{Key, Mode, PlanError};

pub(crate) use document::{Mark, Sections, parse};
pub(crate) use rows::Row;
pub(crate) use stored::sensitive_mask;

/// A string that borrows from the text where it has no escapes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Str<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Str<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Str(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Str(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Read)
    }
}

impl std::ops::Deref for Str<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Str<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A list that counts its elements while it is read, so that an error can name the one it is in.
struct Rows<'c, T> {
    read: &'c Cell<Option<usize>>,
    row: PhantomData<T>,
}

impl<'c, T> Rows<'c, T> {
    fn counted(read: &'c Cell<Option<usize>>) -> Self {
        read.set(None);
        Self { read, row: PhantomData }
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Rows<'_, T> {
    type Value = Vec<T>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Rows<'_, T> {
    type Value = Vec<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_unit<E: de::Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut rows = Vec::new();
        self.read.set(Some(0));
        while let Some(row) = list.next_element()? {
            rows.push(row);
            self.read.set(Some(rows.len()));
        }
        Ok(rows)
    }
}

/// A string without escapes, which is what most are.
fn plain(raw: &RawValue) -> Option<&str> {
    let text = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains('\\')).then_some(text)
}

/// Where in the input a field is, for errors.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    section: &'p str,
    row: usize,
}

impl Place<'_> {
    fn wrong(self, field: &str, expected: &'static str) -> PlanError {
        PlanError::Shape { place: format!("{}[{}].{field}", self.section, self.row), expected }
    }

    /// A string that has to be there.
    fn text<'a>(self, field: &str, raw: Option<&'a RawValue>) -> Result<Cow<'a, str>, PlanError> {
        self.optional(field, raw)?.ok_or_else(|| self.wrong(field, "a string"))
    }

    fn optional<'a>(self, field: &str, raw: Option<&'a RawValue>) -> Result<Option<Cow<'a, str>>, PlanError> {
        let Some(raw) = raw else { return Ok(None) };
        if let Some(text) = plain(raw) {
            return Ok(Some(Cow::Borrowed(text)));
        }
        let read = serde_json::from_str::<Option<Str<'a>>>(raw.get());
        Ok(read.map_err(|_| self.wrong(field, "a string"))?.map(|text| text.0))
    }

    fn mode(self, raw: Option<&RawValue>, address: &str) -> Result<Option<Mode>, PlanError> {
        match self.optional("mode", raw)?.as_deref() {
            Some("managed") => Ok(Some(Mode::Managed)),
            Some("data") => Ok(Some(Mode::Data)),
            // Nothing of it is left after the run.
            Some("ephemeral") => Ok(None),
            Some(_) => Err(self.wrong("mode", "`managed` or `data`")),
            None if address.starts_with("data.") || address.contains(".data.") => Ok(Some(Mode::Data)),
            None => Ok(Some(Mode::Managed)),
        }
    }

    fn key(self, field: &str, raw: Option<&RawValue>) -> Result<Option<Key>, PlanError> {
        let Some(raw) = raw else { return Ok(None) };
        let wrong = || self.wrong(field, "a string or a whole number");
        match serde_json::from_str(raw.get()).map_err(|_| wrong())? {
            serde_json::Value::Null => Ok(None),
            serde_json::Value::String(name) => Ok(Some(Key::Name(name))),
            serde_json::Value::Number(index) => Ok(Some(Key::Index(index.as_u64().ok_or_else(wrong)?))),
            _ => Err(wrong()),
        }
    }
}
