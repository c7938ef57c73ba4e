use crate::Accepted;

/// Who accepted a finding, and why.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Waived {
    /// Who answers for it.
    pub owner: String,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it is, as `2026-12-31`.
    pub until: String,
    /// Where it was discussed.
    pub ticket: Option<String>,
    /// Who else agreed.
    pub approver: Option<String>,
    /// Where the waiver is written: `orgward.toml:12`.
    pub origin: String,
}

/// A finding that a baseline lists.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct BaselineEntry {
    /// The id of the rule.
    pub rule: String,
    /// The resource or the part of the organization it is about.
    pub place: Option<String>,
    /// Its fingerprint.
    pub fingerprint: String,
    /// What was accepted of it.
    pub accepted: Accepted,
}
