use std::fmt;
use std::sync::Arc;

/// A value of a plan. Unknown is not absent, and absent is not false: nothing is ever defaulted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Attr<T> {
    /// The plan says what it is.
    Known(T),
    /// Terraform learns it when the plan is applied.
    Unknown,
    /// It is not set, or null.
    Absent,
}

impl<T> Attr<T> {
    /// Applies `f` to a known value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Attr<U> {
        match self {
            Self::Known(value) => Attr::Known(f(value)),
            Self::Unknown => Attr::Unknown,
            Self::Absent => Attr::Absent,
        }
    }

    /// The known value. `None` says nothing about why: use it only where unknown and absent lead to the same.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown | Self::Absent => None,
        }
    }

    /// Borrows the known value.
    pub fn as_ref(&self) -> Attr<&T> {
        match self {
            Self::Known(value) => Attr::Known(value),
            Self::Unknown => Attr::Unknown,
            Self::Absent => Attr::Absent,
        }
    }

    /// Whether Terraform learns the value when the plan is applied.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// A string of a plan, which knows whether the plan marks it sensitive.
///
/// Judging may look at it through [`Text::expose`]; printing it through `Display` or `Debug` never shows a
/// sensitive one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text {
    value: Arc<str>,
    sensitive: bool,
}

impl Text {
    /// A string that may be printed.
    pub fn plain(value: impl Into<Arc<str>>) -> Self {
        Self { value: value.into(), sensitive: false }
    }

    /// A string that must never be printed.
    pub fn sensitive(value: impl Into<Arc<str>>) -> Self {
        Self { value: value.into(), sensitive: true }
    }

    /// The characters, for judging only: whoever prints them has to ask [`Text::is_sensitive`] first.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// Whether the plan marks the value sensitive.
    pub fn is_sensitive(&self) -> bool {
        self.sensitive
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.sensitive { "(sensitive value)" } else { &self.value })
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sensitive { f.write_str("(sensitive value)") } else { fmt::Debug::fmt(&*self.value, f) }
    }
}
