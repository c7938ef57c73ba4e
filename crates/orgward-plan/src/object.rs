use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::mask::Mask;
use crate::parse::Str;
use crate::secrets::Secrets;
use crate::{Attr, Text};

/// The attributes of one resource instance on one side of the plan, with what is unknown and what is sensitive.
#[derive(Clone, Default)]
pub struct Object {
    value: Value,
    unknown: Value,
    sensitive: Value,
    secrets: Option<Arc<Secrets>>,
}

/// The values are left out: they may be secrets.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> =
            self.value.as_object().map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default();
        f.debug_struct("Object").field("known", &keys).field("unknown", &self.unknown).finish_non_exhaustive()
    }
}

impl Object {
    /// Parses a value and its masks. What cannot be parsed is unknown, or sensitive: never simply gone.
    pub(crate) fn parse(
        value: Option<&RawValue>,
        unknown: Option<&RawValue>,
        sensitive: Option<&RawValue>,
        secrets: Option<Arc<Secrets>>,
    ) -> Self {
        let sensitive = mask(sensitive);
        let parsed = value.map_or(Ok(Value::Null), |raw| serde_json::from_str(raw.get()));
        match parsed {
            Ok(value @ (Value::Object(_) | Value::Null)) => {
                Self { value, unknown: mask(unknown), sensitive, secrets }
            }
            Ok(_) | Err(_) => Self { sensitive, secrets, ..Self::unknown() },
        }
    }

    /// Parses some of the attributes of a value and its masks; the others are passed over and count as not set.
    pub(crate) fn parse_some(
        value: &RawValue,
        unknown: Option<&RawValue>,
        sensitive: Option<&RawValue>,
        secrets: Option<Arc<Secrets>>,
        names: &[&str],
    ) -> Self {
        let some = |raw: &RawValue| {
            // A value that is no object is a mask for all of it, or `null`.
            let is_object = raw.get().starts_with('{');
            is_object.then(|| Entries(names).deserialize(&mut serde_json::Deserializer::from_str(raw.get())))
        };
        let mask = |raw: Option<&RawValue>| match raw.map(|raw| (raw, some(raw))) {
            Some((_, Some(Ok(value)))) => value,
            Some((_, Some(Err(_)))) => Value::Bool(true),
            other => mask(other.map(|(raw, _)| raw)),
        };
        let sensitive = mask(sensitive);
        match some(value) {
            Some(Ok(value)) => Self { value, unknown: mask(unknown), sensitive, secrets },
            Some(Err(_)) | None => Self { sensitive, secrets, ..Self::unknown() },
        }
    }

    /// An object of which nothing is known.
    pub(crate) fn unknown() -> Self {
        Self { unknown: Value::Bool(true), ..Self::default() }
    }

    /// Marks parts sensitive.
    pub(crate) fn hide(&mut self, mask: Value) {
        self.sensitive = mask;
    }

    /// Whether it has the same known attributes as another one but for some, and no others that are unknown.
    pub(crate) fn equals_but_for(&self, other: &Self, names: &[&str]) -> bool {
        let rest = |value: &Value| -> Option<serde_json::Map<String, Value>> {
            let mut map = value.as_object()?.clone();
            map.retain(|name, value| !names.contains(&name.as_str()) && !value.is_null());
            Some(map)
        };
        let is_open = |object: &Self| match &object.unknown {
            Value::Object(map) => {
                map.iter().any(|(name, mask)| !names.contains(&name.as_str()) && Mask::of(mask).any())
            }
            mask => Mask::of(mask).any(),
        };
        !is_open(self)
            && !is_open(other)
            && rest(&self.value).is_some_and(|it| rest(&other.value) == Some(it))
    }

    /// The whole object.
    pub fn view(&self) -> View<'_> {
        View {
            value: Some(&self.value),
            unknown: Mask::of(&self.unknown),
            sensitive: Mask::of(&self.sensitive),
            secrets: self.secrets.as_deref(),
        }
    }

    /// One attribute: shorthand for `view().get(name)`.
    pub fn get(&self, name: &str) -> View<'_> {
        self.view().get(name)
    }
}

/// Reads the entries of an object that have one of these names.
struct Entries<'n>(&'n [&'n str]);

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = serde_json::Map::new();
        while let Some(name) = map.next_key::<Str<'de>>()? {
            if self.0.contains(&&*name) {
                entries.insert((*name).to_owned(), map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Value::Object(entries))
    }
}

/// A mask that cannot be read covers everything.
fn mask(raw: Option<&RawValue>) -> Value {
    raw.map_or(Value::Null, |raw| serde_json::from_str(raw.get()).unwrap_or(Value::Bool(true)))
}

/// A place inside an [`Object`]. Looking further never fails: what is not there is [`Attr::Absent`], and what
/// lies inside something unknown is [`Attr::Unknown`].
#[derive(Clone, Copy)]
pub struct View<'v> {
    value: Option<&'v Value>,
    unknown: Mask<'v>,
    sensitive: Mask<'v>,
    secrets: Option<&'v Secrets>,
}

/// The value is left out: it may be a secret.
impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("state", &self.state())
            .field("sensitive", &self.is_sensitive())
            .finish_non_exhaustive()
    }
}

impl<'v> View<'v> {
    /// An attribute of an object or an entry of a map.
    #[must_use]
    pub fn get(self, name: &str) -> View<'v> {
        match self.present() {
            None => self.inside(None, self.unknown.entry(name), self.sensitive.entry(name)),
            Some(Value::Object(entries)) => {
                self.inside(entries.get(name), self.unknown.entry(name), self.sensitive.entry(name))
            }
            // Something is there that is not what the caller expects.
            Some(_) => self.inside(None, Mask::All, self.sensitive.entry(name)),
        }
    }

    /// An element of a list or set.
    #[must_use]
    pub fn item(self, index: usize) -> View<'v> {
        match self.present() {
            None => self.inside(None, self.unknown.item(index), self.sensitive.item(index)),
            Some(Value::Array(items)) => {
                self.inside(items.get(index), self.unknown.item(index), self.sensitive.item(index))
            }
            Some(_) => self.inside(None, Mask::All, self.sensitive.item(index)),
        }
    }

    /// A string. Numbers and booleans are not strings: a value of another type than asked for is
    /// [`Attr::Unknown`], since something is there that this program does not understand.
    pub fn text(self) -> Attr<Text> {
        self.scalar(|value| {
            let text = value.as_str()?;
            let secret = self.sensitive.any() || self.secrets.is_some_and(|secrets| secrets.contains(text));
            Some(if secret { Text::sensitive(text) } else { Text::plain(text) })
        })
    }

    /// A boolean.
    pub fn bool(self) -> Attr<bool> {
        self.scalar(Value::as_bool)
    }

    /// A whole number.
    pub fn integer(self) -> Attr<i64> {
        self.scalar(Value::as_i64)
    }

    /// The elements of a list or set. An element may itself be unknown; a list whose length is unknown is
    /// [`Attr::Unknown`].
    pub fn items(self) -> Attr<Vec<View<'v>>> {
        self.scalar(|value| {
            let length = value.as_array()?.len().max(self.unknown.length());
            Some((0..length).map(|index| self.item(index)).collect())
        })
    }

    /// The keys and values of a map or object, sorted by key.
    pub fn entries(self) -> Attr<Vec<(&'v str, View<'v>)>> {
        self.scalar(|value| {
            let known = value.as_object()?.keys().map(String::as_str);
            // An unknown entry is only in the mask.
            let keys: BTreeSet<&'v str> = known.chain(self.unknown.keys()).collect();
            Some(keys.into_iter().map(|key| (key, self.get(key))).collect())
        })
    }

    /// Whether there is something, and whether it is known. A container with unknown parts is known.
    pub fn state(self) -> Attr<()> {
        self.scalar(|_| Some(()))
    }

    /// Whether any part of it is unknown.
    pub fn has_unknown(self) -> bool {
        self.unknown.any()
    }

    /// Whether both are wholly known and say the same.
    pub fn is_same(self, other: View<'_>) -> bool {
        !self.has_unknown() && !other.has_unknown() && self.present() == other.present()
    }

    /// Whether the plan marks it, something around it, or any part of it sensitive.
    pub fn is_sensitive(self) -> bool {
        let secret = || self.secrets.zip(self.value).is_some_and(|(secrets, value)| secrets.within(value));
        self.sensitive.any() || secret()
    }

    /// Whether the plan says that there is nothing, which is more than saying nothing.
    pub(crate) fn is_null(self) -> bool {
        self.value.is_some_and(Value::is_null) && !self.unknown.any()
    }

    /// The value as JSON, for comparing; not for printing.
    pub(crate) fn json(self) -> Option<&'v Value> {
        self.present()
    }

    fn present(self) -> Option<&'v Value> {
        self.value.filter(|value| !value.is_null())
    }

    fn inside(self, value: Option<&'v Value>, unknown: Mask<'v>, sensitive: Mask<'v>) -> Self {
        Self { value, unknown, sensitive, secrets: self.secrets }
    }

    fn scalar<T>(self, read: impl FnOnce(&'v Value) -> Option<T>) -> Attr<T> {
        match self.present() {
            _ if self.unknown.all() => Attr::Unknown,
            Some(value) => read(value).map_or(Attr::Unknown, Attr::Known),
            None if self.unknown.any() => Attr::Unknown,
            None => Attr::Absent,
        }
    }
}
