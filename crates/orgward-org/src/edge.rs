use orgward_plan::Address;

/// Whether something must hold or may hold.
///
/// A protection counts only where it must hold, an exposure where it may.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Modality {
    /// It may hold; the plan does not say.
    May,
    /// It holds.
    Must,
}

/// How the ends of a connection were found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Resolved {
    /// One of several.
    Candidates,
    /// The only one that fits by type and instance key.
    Typed,
    /// The configuration names it.
    Exact,
    /// The plan shows the id.
    Known,
    /// AWS does it by itself: `FullAWSAccess`.
    Implicit,
}

impl Resolved {
    /// Whether the connection must hold.
    pub fn modality(self) -> Modality {
        match self {
            Self::Candidates => Modality::May,
            Self::Typed | Self::Exact | Self::Known | Self::Implicit => Modality::Must,
        }
    }
}

/// How a policy came to be attached to its target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attachment {
    /// The resource that attaches it; `None` for what AWS attaches and for what data sources show.
    pub address: Option<Address>,
    /// How both ends were found; the weaker of the two.
    pub resolved: Resolved,
    /// How they were found, one sentence a step.
    pub trail: Vec<String>,
    /// Whether applying the plan deletes it before it creates it anew, so that there is a time without it.
    pub window: bool,
}

/// A connection between two nodes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Edge {
    /// Root or organizational unit → what lies directly in it.
    Contains(Modality),
    /// Guardrail → root, organizational unit or account.
    Attached(Attachment),
    /// Account → principal, managed policy or workload in it.
    Owns(Modality),
    /// Managed policy → principal or permission set that it is a boundary of.
    Bounds(Modality),
    /// Managed policy → principal or permission set that has it.
    Grants(Modality),
    /// Group → user in it.
    Member(Modality),
    /// Permission set → account that it is assigned in.
    Assigned(Modality),
}
