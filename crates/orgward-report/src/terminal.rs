//! For a person at a terminal, or reading the log of a job.

pub(crate) mod finding;
mod pen;
pub(crate) mod summary;

use orgward_finding::{Finding, Review, RuleInfo, Severity, Status, Waived};

use self::finding::{Group, groups};
pub(crate) use self::pen::{Ink, Pen};
use crate::escape::{self, append};

/// How to write for a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// Whether the reader sees colors.
    pub color: bool,
    /// Whether the reader sees box-drawing characters.
    pub unicode: bool,
    /// How many characters fit on a line.
    pub width: usize,
    /// How much is said.
    pub detail: Detail,
    /// Whether the reader can follow links.
    pub links: bool,
}

/// How much a report says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// What blocks, one line each, and the verdict.
    Quiet,
    /// New findings in full, and the rest in short.
    Usual,
    /// Every finding in full, and every place.
    Verbose,
}

impl Style {
    /// Neither colors nor links: a file, or the log of a job.
    pub const fn plain(width: usize) -> Self {
        Self { color: false, unicode: true, width, detail: Detail::Usual, links: false }
    }
}

/// How many existing findings that say the same get a line of their own.
const SAME_LINES: usize = 3;
/// How many entries of the baseline that are no longer there get a line.
const GONE_LINES: usize = 10;

/// Writes a review for a person at a terminal.
///
/// Of `rules` it needs to know which ones `orgward rules` can explain.
pub fn terminal(review: &Review, rules: &[&RuleInfo], style: Style) -> String {
    let mut pen = Pen::new(style);
    if style.detail == Detail::Quiet {
        for finding in review.findings.iter().filter(|finding| review.blocks(finding)) {
            compact(&mut pen, finding);
        }
        summary::doubts(&mut pen, review);
        summary::verdict(&mut pen, review);
        return escape::log(&pen.finish());
    }
    let is_loud = |finding: &&Finding| match finding.status {
        Status::New => true,
        Status::Waived => review.gate.existing,
        Status::Existing | Status::Baseline => review.gate.existing || style.detail == Detail::Verbose,
    };
    let (loud, background): (Vec<_>, Vec<_>) = review.findings.iter().partition(is_loud);
    let (loud, follows): (Vec<_>, Vec<_>) =
        loud.into_iter().partition(|finding| review.cause_of(finding).is_none());
    for severity in Severity::ALL.into_iter().rev() {
        let section: Vec<_> = loud.iter().copied().filter(|finding| finding.severity == severity).collect();
        if !section.is_empty() {
            pen.heading(severity_ink(severity), &title(review, severity, &section));
            for group in groups(&section) {
                finding::write(&mut pen, &group, &follows);
            }
        }
    }
    changes(&mut pen, review);
    let of = |status| background.iter().copied().filter(|f| f.status == status).collect::<Vec<_>>();
    listed(&mut pen, "there before this plan", &of(Status::Existing));
    listed(&mut pen, "in the baseline", &of(Status::Baseline));
    waived(&mut pen, &of(Status::Waived));
    gone(&mut pen, review);
    summary::doubts(&mut pen, review);
    summary::verdict(&mut pen, review);
    summary::inputs(&mut pen, review);
    summary::hint(&mut pen, review, rules);
    escape::log(&pen.finish())
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

/// What the plan changes about who can do what, the worst first.
fn changes(pen: &mut Pen, review: &Review) {
    let lines = crate::access::lines(&review.access);
    if lines.is_empty() {
        return;
    }
    pen.heading(Ink::Dim, &format!("access: {} changed", lines.len()));
    let shown = pen.at_most(crate::access::LINES);
    for line in lines.iter().take(shown) {
        pen.line(line);
    }
    if lines.len() > shown {
        let more = format!("  and {} more, with `--verbose`", lines.len() - shown);
        let more = pen.paint(Ink::Dim, &more);
        pen.line(&more);
    }
    pen.blank();
}

/// What does not block whatever its severity: one line each.
fn listed(pen: &mut Pen, title: &str, findings: &[&Finding]) {
    if findings.is_empty() {
        return;
    }
    pen.heading(Ink::Dim, &format!("{title}: {} (does not block)", findings.len()));
    for Group { findings, .. } in groups(findings) {
        findings.iter().take(SAME_LINES).for_each(|finding| compact(pen, finding));
        if findings.len() > SAME_LINES {
            let more = format!("            and {} more like it", findings.len() - SAME_LINES);
            let more = pen.paint(Ink::Dim, &more);
            pen.line(&more);
        }
    }
    pen.blank();
}

/// What was accepted, and by whom.
fn waived(pen: &mut Pen, findings: &[&Finding]) {
    if findings.is_empty() {
        return;
    }
    pen.heading(Ink::Dim, &format!("waived: {} (does not block)", findings.len()));
    for finding in findings {
        compact(pen, finding);
        if let Some(waived) = &finding.waived {
            let line = format!("            accepted by {}", waiver(waived));
            pen.line(&line);
        }
    }
    pen.blank();
}

/// `NAME, approved by NAME, until DATE: why (TICKET)`, fit to print.
pub(crate) fn waiver(waived: &Waived) -> String {
    let mut text = escape::line(&waived.owner).into_owned();
    if let Some(approver) = &waived.approver {
        text.push_str(", approved by ");
        text.push_str(&escape::line(approver));
    }
    append(&mut text, &format!(", until {}: {}", escape::line(&waived.until), escape::line(&waived.reason)));
    if let Some(ticket) = &waived.ticket {
        append(&mut text, &format!(" ({})", escape::line(ticket)));
    }
    text
}

/// What the baseline lists for nothing.
fn gone(pen: &mut Pen, review: &Review) {
    if review.gone.is_empty() {
        return;
    }
    pen.heading(Ink::Dim, &format!("in the baseline and no longer there: {}", review.gone.len()));
    for gone in review.gone.iter().take(GONE_LINES) {
        let rule = escape::line(&gone.rule);
        let place = gone.place.as_deref().map_or(String::new(), |place| format!("  {}", escape::line(place)));
        pen.line(&format!("  {rule}{place}"));
    }
    if review.gone.len() > GONE_LINES {
        pen.line(&format!("  and {} more", review.gone.len() - GONE_LINES));
    }
    pen.line("  `orgward plan baseline` writes it anew");
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
