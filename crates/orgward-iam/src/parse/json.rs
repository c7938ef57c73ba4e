//! JSON with byte ranges. `RawValue` borrows from the text, so a value's place is found by subtracting addresses.
//! Only the levels that a policy has are taken apart, one at a time: no recursion, whatever the input.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::PolicyError;

/// A JSON value and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'t> {
    raw: &'t str,
    start: usize,
}

/// One entry of an object.
#[derive(Clone, Debug)]
pub(crate) struct Member<'t> {
    /// The key, decoded.
    pub(crate) name: String,
    /// Where the key stands.
    pub(crate) key: Range<usize>,
    /// The value.
    pub(crate) value: Node<'t>,
}

/// What a JSON value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

impl Shape {
    /// Its name with an article.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "a list",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Bool => "a boolean",
            Self::Null => "null",
        }
    }
}

impl<'t> Node<'t> {
    /// The value that a whole text is.
    pub(crate) fn of(text: &'t str) -> Result<Self, PolicyError> {
        let raw = serde_json::from_str::<&RawValue>(text).map_err(|error| invalid(text, 0, &error))?;
        Ok(Self { raw: text, start: 0 }.child(raw))
    }

    /// One of several values of a text.
    pub(crate) fn within(text: &'t str, raw: &'t RawValue) -> Self {
        Self { raw: text, start: 0 }.child(raw)
    }

    /// The value that the rest of a text is.
    pub(crate) fn after(text: &'t str, start: usize) -> Result<Self, PolicyError> {
        let rest = text.get(start..).unwrap_or_default();
        let raw = serde_json::from_str::<&RawValue>(rest).map_err(|error| invalid(rest, start, &error))?;
        Ok(Self { raw: rest, start }.child(raw))
    }

    /// Which bytes of the text it takes.
    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.start + self.raw.len()
    }

    /// The text as written.
    pub(crate) fn raw(&self) -> &'t str {
        self.raw
    }

    pub(crate) fn shape(&self) -> Shape {
        match self.raw.as_bytes().first() {
            Some(b'{') => Shape::Object,
            Some(b'[') => Shape::Array,
            Some(b'"') => Shape::String,
            Some(b't' | b'f') => Shape::Bool,
            Some(b'n') | None => Shape::Null,
            Some(_) => Shape::Number,
        }
    }

    /// The string that it is, decoded.
    pub(crate) fn string(&self) -> Result<String, PolicyError> {
        serde_json::from_str(self.raw).map_err(|error| self.invalid(&error))
    }

    /// The entries of a list.
    pub(crate) fn items(&self) -> Result<Vec<Self>, PolicyError> {
        let items: Vec<&RawValue> = serde_json::from_str(self.raw).map_err(|error| self.invalid(&error))?;
        Ok(items.into_iter().map(|raw| self.child(raw)).collect())
    }

    /// The entries of an object, in order. No key may stand there twice: parsers differ in which one counts.
    pub(crate) fn members(&self) -> Result<Vec<Member<'t>>, PolicyError> {
        let entries: Entries<'t> = serde_json::from_str(self.raw).map_err(|error| self.invalid(&error))?;
        let mut seen = BTreeSet::new();
        let mut members = Vec::with_capacity(entries.0.len());
        for (key, value) in entries.0 {
            let key = self.child(key);
            let name = key.string()?;
            if !seen.insert(name.clone()) {
                return Err(PolicyError {
                    message: format!("duplicate key `{name}`"),
                    help: "join the two, or remove one: readers of JSON differ in which of them counts"
                        .to_owned(),
                    span: key.span(),
                });
            }
            members.push(Member { name, key: key.span(), value: self.child(value) });
        }
        Ok(members)
    }

    fn child(&self, raw: &'t RawValue) -> Self {
        let raw = raw.get();
        // INVARIANT: `raw` is a slice of `self.raw`, from which serde_json borrowed it.
        Self { raw, start: self.start + (raw.as_ptr().addr() - self.raw.as_ptr().addr()) }
    }

    fn invalid(&self, error: &serde_json::Error) -> PolicyError {
        invalid(self.raw, self.start, error)
    }
}

/// The entries of an object, with keys as they are written.
struct Entries<'t>(Vec<(&'t RawValue, &'t RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// An error of the JSON reader, with its line and column turned into a place in the text.
fn invalid(text: &str, start: usize, error: &serde_json::Error) -> PolicyError {
    let line: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = text.floor_char_boundary(line + error.column().saturating_sub(1));
    let end = text.ceil_char_boundary(at + 1);
    let reason = error.to_string();
    let reason = reason.split(" at line ").next().unwrap_or_default();
    PolicyError {
        message: format!("invalid JSON: {reason}"),
        help: "a policy is one JSON object".to_owned(),
        span: start + at..start + end,
    }
}
