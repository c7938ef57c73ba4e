use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// Strings shorter than this are too common for their appearance elsewhere to mean anything.
const SHORTEST: usize = 4;

/// The strings that variables marked sensitive hold. Terraform tracks what is computed from them, but older
/// versions did not, and a provider may echo them.
#[derive(Default)]
pub(crate) struct Secrets(BTreeSet<String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// Adds all strings inside a value.
    pub(crate) fn add(&mut self, value: &Value) {
        match value {
            Value::String(text) if text.len() >= SHORTEST => {
                self.0.insert(text.clone());
            }
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            Value::Object(entries) => entries.values().for_each(|entry| self.add(entry)),
            _ => {}
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        self.0.contains(text)
    }

    /// Whether any string inside a value is one of them.
    pub(crate) fn within(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.contains(text),
            Value::Array(items) => items.iter().any(|item| self.within(item)),
            Value::Object(entries) => entries.values().any(|entry| self.within(entry)),
            _ => false,
        }
    }
}
