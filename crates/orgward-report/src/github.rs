//! Annotations on GitHub: workflow commands, one line each.
//!
//! GitHub keeps ten errors and ten warnings of a step. The summary of the job has room for the rest: it is the
//! Markdown report, written with `--output "markdown=$GITHUB_STEP_SUMMARY"`.

use orgward_finding::{Finding, Review, Status};

use crate::place::{Located, cut, locate, place};
use crate::terminal::finding::doubt;
use crate::terminal::{summary, waiver};
use crate::{configuration, escape};

/// Annotations of one kind that GitHub keeps of a step.
const KEPT: usize = 10;

/// Writes annotations: the worst findings that block as errors, the worst of the rest as warnings, and the verdict.
pub fn github(review: &Review) -> String {
    let mut out = String::new();
    let (blocking, rest): (Vec<_>, Vec<_>) =
        review.findings.iter().partition(|finding| review.blocks(finding));
    let rest: Vec<_> = rest.into_iter().filter(|finding| finding.status == Status::New).collect();
    for (command, findings) in [("error", &blocking), ("warning", &rest)] {
        for finding in findings.iter().take(KEPT) {
            annotate(&mut out, command, review, finding);
        }
    }
    let (word, clause) = summary::sentence(review);
    let mut lines = vec![format!("{word}: {clause}")];
    let left_out = blocking.len().saturating_sub(KEPT) + rest.len().saturating_sub(KEPT);
    if left_out > 0 {
        lines.push(format!("and {left_out} more: the full report has them"));
    }
    for finding in review.findings.iter().filter(|finding| finding.status == Status::Waived).take(KEPT) {
        if let Some(waived) = &finding.waived {
            lines.push(format!("waived: {} at {}: {}", finding.rule, place(finding), waiver(waived)));
        }
    }
    let waived = review.findings.iter().filter(|finding| finding.status == Status::Waived).count();
    if waived > KEPT {
        lines.push(format!("waived: {} more", waived - KEPT));
    }
    lines.extend(configuration::sentence(review));
    out.push_str("::notice title=orgward::");
    out.push_str(&lines.iter().map(|line| data(line)).collect::<Vec<_>>().join("%0A"));
    out.push('\n');
    out
}

fn annotate(out: &mut String, command: &str, review: &Review, finding: &Finding) {
    let title = format!("{} ({})", finding.rule, finding.severity);
    out.push_str("::");
    out.push_str(command);
    out.push(' ');
    // Without a file the annotation is about the run: a line of the plan says nothing.
    if let Located::Site(site) = locate(review, finding) {
        out.push_str(
            &format_args!("file={},line={},endLine={},", property(&site.file), site.line, site.line)
                .to_string(),
        );
    }
    out.push_str(&format_args!("title={}::", property(&title)).to_string());
    let says = doubt(finding);
    let mut lines = vec![format!("{}: {says}{}", place(finding), finding.message)];
    if let Some(help) = &finding.help {
        lines.push(format!("help: {help}"));
    }
    out.push_str(&lines.iter().map(|line| data(line)).collect::<Vec<_>>().join("%0A"));
    out.push('\n');
}

/// The text of a command.
fn data(text: &str) -> String {
    escape::line(&cut(text)).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests;
