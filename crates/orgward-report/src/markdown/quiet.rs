//! What does not block whatever its severity: waived, in the baseline, there before.

use orgward_finding::{Finding, Review};

use super::quote::{code, prose};
use super::{Budget, cut, message, place_of, places};
use crate::escape::append;
use crate::terminal::finding::groups;

/// Rows of a list.
const QUIET_ROWS: usize = 25;

/// What somebody has accepted: never left out without a word.
pub(super) fn waived(findings: &[&Finding], budget: &mut Budget) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "<details><summary>waived: {}</summary>\n\n| | Rule | Where | Accepted by | Until | Because |\n| --- | --- | --- | --- | --- | --- |\n",
        findings.len()
    );
    let end = "| | | | | | and the rest, left out here for want of space |\n\n</details>\n\n";
    budget.spend(&text);
    budget.spend(end);
    let mut shown = 0;
    for finding in findings.iter().take(QUIET_ROWS) {
        let Some(waived) = &finding.waived else { continue };
        let approver = match &waived.approver {
            Some(approver) => format!(", approved by {}", prose(&cut(approver))),
            None => String::new(),
        };
        let ticket = match &waived.ticket {
            Some(ticket) => format!(" ({})", code(&cut(ticket))),
            None => String::new(),
        };
        let row = format!(
            "| {} | {} | {} | {}{approver} | {} | {}{ticket} |\n",
            finding.severity,
            finding.rule,
            place_of(finding).unwrap_or_default(),
            prose(&cut(&waived.owner)),
            prose(&cut(&waived.until)),
            prose(&cut(&waived.reason))
        );
        if !budget.spend(&row) {
            break;
        }
        text.push_str(&row);
        shown += 1;
    }
    if shown < findings.len() {
        append(&mut text, &format!("| | | | | | and {} more |\n", findings.len() - shown));
    }
    text.push_str("\n</details>\n\n");
    text
}

pub(super) fn background(findings: &[&Finding], title: &str, budget: &mut Budget) -> String {
    let lines: Vec<_> = groups(findings)
        .iter()
        .filter_map(|group| {
            let first = group.findings.first()?;
            Some(format!("- {} {}: {}: {}\n", first.severity, first.rule, places(group), message(first)))
        })
        .collect();
    folded(&format!("{title}: {}", findings.len()), &lines, budget)
}

pub(super) fn gone(review: &Review, budget: &mut Budget) -> String {
    let lines: Vec<_> = review
        .gone
        .iter()
        .map(|gone| {
            let place =
                gone.place.as_deref().map_or_else(String::new, |place| format!(": {}", code(&cut(place))));
            format!("- {}{place}\n", code(&cut(&gone.rule)))
        })
        .collect();
    folded(&format!("in the baseline and no longer there: {}", lines.len()), &lines, budget)
}

/// A folded list, as far as the budget goes.
fn folded(title: &str, lines: &[String], budget: &mut Budget) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let start = format!("<details><summary>{title}</summary>\n\n");
    let end = "\n</details>\n\n";
    if !budget.spend(&format!("{start}- and {} more\n{end}", lines.len())) {
        return String::new();
    }
    let mut text = start;
    let shown = lines
        .iter()
        .take(QUIET_ROWS)
        .take_while(|line| budget.spend(line))
        .map(|line| text.push_str(line))
        .count();
    if shown < lines.len() {
        append(&mut text, &format!("- and {} more\n", lines.len() - shown));
    }
    text.push_str(end);
    text
}
