use orgward_plan::Address;

/// A call of the apply that AWS denies.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DeniedCall {
    /// The resources whose change makes it.
    pub resources: Vec<Address>,
    /// `service:Action`.
    pub action: String,
    /// The region that it goes to, if it is known.
    pub region: Option<String>,
    /// The policy that denies it, in words.
    pub by: String,
}
