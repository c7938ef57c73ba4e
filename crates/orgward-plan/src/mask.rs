use serde_json::Value;

/// Which parts of a value are unknown, or sensitive: `after_unknown`, `before_sensitive`, `after_sensitive`,
/// and `sensitive_values` mirror the value with `true` where it holds.
#[derive(Clone, Copy)]
pub(crate) enum Mask<'v> {
    /// No part.
    None,
    /// All of it.
    All,
    /// Some parts, or none.
    Part(&'v Value),
}

impl<'v> Mask<'v> {
    pub(crate) fn of(mask: &'v Value) -> Self {
        match mask {
            Value::Null | Value::Bool(false) => Self::None,
            Value::Array(_) | Value::Object(_) => Self::Part(mask),
            // Strings and numbers do not occur; what is not understood is not trusted.
            Value::Bool(true) | Value::String(_) | Value::Number(_) => Self::All,
        }
    }

    pub(crate) fn entry(self, name: &str) -> Self {
        match self {
            Self::Part(Value::Object(entries)) => entries.get(name).map_or(Self::None, Self::of),
            other => other.mismatched(),
        }
    }

    pub(crate) fn item(self, index: usize) -> Self {
        match self {
            Self::Part(Value::Array(items)) => items.get(index).map_or(Self::None, Self::of),
            other => other.mismatched(),
        }
    }

    /// A list masked as a map, or the other way round: it cannot be said which part is meant.
    fn mismatched(self) -> Self {
        if self.any() { Self::All } else { Self::None }
    }

    pub(crate) fn all(self) -> bool {
        matches!(self, Self::All)
    }

    pub(crate) fn any(self) -> bool {
        match self {
            Self::None => false,
            Self::Part(Value::Array(items)) => items.iter().any(|item| Self::of(item).any()),
            Self::Part(Value::Object(entries)) => entries.values().any(|entry| Self::of(entry).any()),
            Self::All | Self::Part(_) => true,
        }
    }

    /// How many elements the mask speaks of.
    pub(crate) fn length(self) -> usize {
        let Self::Part(Value::Array(items)) = self else { return 0 };
        items.iter().rposition(|item| Self::of(item).any()).map_or(0, |last| last + 1)
    }

    /// The entries of which a part is masked.
    pub(crate) fn keys(self) -> impl Iterator<Item = &'v str> {
        let entries = if let Self::Part(Value::Object(entries)) = self { Some(entries) } else { None };
        let masked = |(key, entry): (&'v String, &'v Value)| Self::of(entry).any().then_some(key.as_str());
        entries.into_iter().flatten().filter_map(masked)
    }
}
