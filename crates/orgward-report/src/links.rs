//! Addresses of the documentation.

use orgward_finding::RuleInfo;

/// Where the documentation is read.
const DOCUMENTATION: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/");

/// The page of a rule by its id.
pub fn page_of(rule: &str) -> String {
    format!("{DOCUMENTATION}docs/rules/{rule}.md")
}

/// The page of a rule.
pub(crate) fn page(rule: &RuleInfo) -> String {
    format!("{DOCUMENTATION}{}", rule.page())
}
