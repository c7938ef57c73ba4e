/// The value of a context key of a [`Witness`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum WitnessValue {
    /// A key with one value.
    One(String),
    /// A multivalued key.
    Many(Vec<String>),
}

/// A concrete request that shows a finding, in the form that `orgward policy decide` reads.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Witness {
    /// An ARN, a service, `anonymous`.
    pub principal: String,
    /// `service:Action`.
    pub action: String,
    /// An ARN or `*`.
    pub resource: String,
    /// The context keys that matter, sorted.
    pub context: Vec<(String, WitnessValue)>,
}

impl Witness {
    /// Replaces every text that has a sensitive value in it. `redacted` returns such a text without the value. Returns
    /// whether there was one.
    pub fn redact(&mut self, redacted: &dyn Fn(&str) -> Option<String>) -> bool {
        let mut found = false;
        let mut text = |text: &mut String| {
            if let Some(clean) = redacted(text) {
                *text = clean;
                found = true;
            }
        };
        for each in [&mut self.principal, &mut self.action, &mut self.resource] {
            text(each);
        }
        for (key, value) in &mut self.context {
            text(key);
            match value {
                WitnessValue::One(value) => text(value),
                WitnessValue::Many(values) => values.iter_mut().for_each(&mut text),
            }
        }
        found
    }

    /// The same request of, or about, another account.
    #[must_use]
    pub fn about(&self, of: &str, account: &str) -> Self {
        let there = |text: &String| text.replace(of, account);
        let value = |value: &WitnessValue| match value {
            WitnessValue::One(text) => WitnessValue::One(there(text)),
            WitnessValue::Many(texts) => WitnessValue::Many(texts.iter().map(there).collect()),
        };
        Self {
            principal: there(&self.principal),
            action: self.action.clone(),
            resource: there(&self.resource),
            context: self.context.iter().map(|(key, each)| (key.clone(), value(each))).collect(),
        }
    }
}
