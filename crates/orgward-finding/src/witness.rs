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
