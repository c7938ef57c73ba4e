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
