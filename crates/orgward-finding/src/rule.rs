use crate::Severity;

/// What is known about a rule without running it.
#[derive(Clone, Copy, Debug)]
pub struct RuleInfo {
    /// The id: file name, fixture folder, page in the documentation.
    pub id: &'static str,
    /// What the rule finds, in one line without a period.
    pub summary: &'static str,
    /// How bad it is when found.
    pub severity: Severity,
    /// How bad it is when it can be neither found nor excluded.
    pub unverifiable: Severity,
    /// The page of the documentation, as Markdown.
    pub docs: &'static str,
}
