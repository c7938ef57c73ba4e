//! The Code Quality report of GitLab.

use orgward_finding::{Finding, Review, Severity, Status};
use serde_json::{Value, json};

use crate::escape;
use crate::place::{cut, locate, place};
use crate::terminal::finding::doubt;
use crate::terminal::waiver;

/// Findings in the report. GitLab shows them in the order given, and the page gets slow long before.
const KEPT: usize = 5_000;

/// Writes a Code Quality report, new findings first, worst first. What was waived is there as `info`.
pub fn gitlab(review: &Review) -> String {
    let mut findings: Vec<&Finding> = review.findings.iter().collect();
    findings.sort_by_key(|finding| finding.status);
    let issues: Vec<Value> = findings.iter().take(KEPT).map(|finding| issue(review, finding)).collect();
    // Strings, numbers and lists always make JSON.
    let mut text = escape::json(&serde_json::to_string_pretty(&issues).unwrap_or_default());
    text.push('\n');
    text
}

fn issue(review: &Review, finding: &Finding) -> Value {
    let located = locate(review, finding);
    let says = doubt(finding);
    let mut description = format!("{}: {says}{}", place(finding), finding.message);
    if let Some(waived) = &finding.waived {
        description = format!("waived by {}: {description}", waiver(waived));
    } else if finding.status == Status::Baseline {
        description = format!("in the baseline: {description}");
    }
    json!({
        "description": cut(&description),
        "check_name": finding.rule,
        "fingerprint": finding.fingerprint(),
        "severity": severity(finding),
        "location": { "path": cut(located.file()), "lines": { "begin": located.line() } },
    })
}

fn severity(finding: &Finding) -> &'static str {
    if matches!(finding.status, Status::Waived | Status::Baseline) {
        return "info";
    }
    match finding.severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Info => "info",
    }
}

#[cfg(test)]
mod tests;
