//! For a person at a terminal, or reading the log of a job.

mod finding;
mod pen;
mod summary;

use orgward_finding::{Finding, Review, RuleInfo, Severity, Status};

use self::finding::{Group, groups};
pub(crate) use self::pen::{Ink, Pen};
use crate::escape;

/// How to write for a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// Whether the reader sees colors.
    pub color: bool,
    /// Whether the reader sees box-drawing characters.
    pub unicode: bool,
    /// How many characters fit on a line.
    pub width: usize,
    /// Only what blocks, one line each, and the verdict.
    pub quiet: bool,
}

/// How many existing findings that say the same get a line of their own.
const SAME_LINES: usize = 3;

/// Writes a review for a person at a terminal.
///
/// Of `rules` it needs to know which ones `orgward rules` can explain.
pub fn terminal(review: &Review, rules: &[&RuleInfo], style: Style) -> String {
    let mut pen = Pen::new(style);
    if style.quiet {
        for finding in review.findings.iter().filter(|finding| review.blocks(finding)) {
            compact(&mut pen, finding);
        }
        summary::doubts(&mut pen, review);
        summary::verdict(&mut pen, review);
        return pen.finish();
    }
    let (loud, background): (Vec<_>, Vec<_>) =
        review.findings.iter().partition(|finding| finding.status == Status::New || review.gate.existing);
    for severity in Severity::ALL.into_iter().rev() {
        let section: Vec<_> = loud.iter().copied().filter(|finding| finding.severity == severity).collect();
        if !section.is_empty() {
            pen.heading(severity_ink(severity), &title(review, severity, &section));
            for group in groups(&section) {
                finding::write(&mut pen, &group);
            }
        }
    }
    if !background.is_empty() {
        existing(&mut pen, &background);
    }
    summary::doubts(&mut pen, review);
    summary::verdict(&mut pen, review);
    summary::inputs(&mut pen, review);
    summary::hint(&mut pen, review, rules);
    pen.finish()
}

fn title(review: &Review, severity: Severity, section: &[&Finding]) -> String {
    let unverifiable = section.iter().filter(|finding| finding::is_unverifiable(finding)).count();
    let found = section.len() - unverifiable;
    let counts = match (found, unverifiable) {
        (found, 0) => format!("{found} found"),
        (0, unverifiable) => format!("{unverifiable} cannot be told"),
        (found, unverifiable) => format!("{found} found, {unverifiable} cannot be told"),
    };
    let blocks = section.iter().any(|finding| review.blocks(finding));
    format!("{severity}: {counts}{}", if blocks { "" } else { " (does not block)" })
}

/// What was there before the plan: one line each.
fn existing(pen: &mut Pen, background: &[&Finding]) {
    let title = format!("there before this plan: {} (does not block)", background.len());
    pen.heading(Ink::Dim, &title);
    for Group { findings, .. } in groups(background) {
        findings.iter().take(SAME_LINES).for_each(|finding| compact(pen, finding));
        if findings.len() > SAME_LINES {
            let more = format!("            and {} more like it", findings.len() - SAME_LINES);
            let more = pen.paint(Ink::Dim, &more);
            pen.line(&more);
        }
    }
    pen.blank();
}

/// One line for a finding.
fn compact(pen: &mut Pen, finding: &Finding) {
    let severity = pen.paint(severity_ink(finding.severity), &format!("{:8}", finding.severity.as_str()));
    let says_so = !finding::is_unverifiable(finding) || finding.message.starts_with("cannot tell");
    let cannot_tell = if says_so { "" } else { "cannot tell: " };
    let rule = pen.paint(Ink::Bold, &escape::line(finding.rule));
    let text = escape::line(&finding.message);
    let line = match finding::place(finding) {
        Some(place) => format!("  {severity}  {rule}  {place}: {cannot_tell}{text}"),
        None => format!("  {severity}  {rule}  {cannot_tell}{text}"),
    };
    pen.line(&line);
}

fn severity_ink(severity: Severity) -> Ink {
    match severity {
        Severity::Critical | Severity::High => Ink::Red,
        Severity::Medium => Ink::Yellow,
        Severity::Low | Severity::Info => Ink::Cyan,
    }
}

#[cfg(test)]
mod tests;
