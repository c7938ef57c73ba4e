//! For a person at a terminal, or reading the log of a job.

pub(crate) mod finding;
mod pen;
pub(crate) mod summary;

use orgward_finding::{Finding, Proof, Review, ReviewKind, RuleInfo, Severity, Status, Waived};

use self::finding::{Group, groups};
pub(crate) use self::pen::{Ink, Pen};
use crate::access::Tense;
use crate::changes::{CauseView, ChangeView, more_causes};
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
    /// One screen: the worst findings in full, all others that block in a line or by their number.
    Usual,
    /// New findings in full, and the rest in short.
    Full,
    /// Every finding in full, and every place.
    Verbose,
}

impl Style {
    /// Neither colors nor links: a file, or the log of a job.
    pub const fn plain(width: usize) -> Self {
        Self { color: false, unicode: true, width, detail: Detail::Full, links: false }
    }
}

/// Lines that findings in full may take where one screen is to be enough; the first is always shown.
const SCREEN: usize = 26;
/// Groups of findings that have a line of their own where one screen is to be enough.
const BRIEF: usize = 10;
/// Findings that do not block and have a line of their own where one screen is to be enough.
const QUIET: usize = 4;
/// How many existing findings that say the same get a line of their own.
const SAME_LINES: usize = 3;
/// How many groups of accounts are shown with what changes.
const CHANGES: usize = 3;
/// The same, where findings are shown in full.
const FULL_CHANGES: usize = 12;
/// Lines about access where one screen is to be enough.
const ACCESS: usize = 4;
/// How many entries of the baseline that are no longer there get a line.
const GONE_LINES: usize = 10;

/// Writes a review for a person at a terminal.
///
/// Of `rules` it needs to know which ones `orgward rules` can explain.
pub fn terminal(review: &Review, rules: &[&RuleInfo], style: Style) -> String {
    let mut pen = Pen::new(style);
    if review.kind == ReviewKind::Audit {
        pen = pen.without_before();
    }
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
    let (loud, follows) = review.folded(loud);
    let mut screen = Screen { left: SCREEN, brief: BRIEF, hidden: Vec::new() };
    for severity in Severity::ALL.into_iter().rev() {
        let section: Vec<_> = loud.iter().copied().filter(|finding| finding.severity == severity).collect();
        if section.is_empty() {
            continue;
        }
        pen.heading(severity_ink(severity), &title(review, severity, &section));
        for group in groups(&section) {
            if style.detail == Detail::Usual {
                screen.write(&mut pen, &group, &follows);
            } else {
                finding::write(&mut pen, &group, &follows);
            }
        }
        screen.rest(&mut pen);
    }
    guardrails(&mut pen, review);
    denials(&mut pen, review);
    changes(&mut pen, review);
    let of = |status| background.iter().copied().filter(|f| f.status == status).collect::<Vec<_>>();
    let (_, existing) = summary::headings(review.kind);
    listed(&mut pen, existing, &of(Status::Existing));
    listed(&mut pen, "in the baseline", &of(Status::Baseline));
    waived(&mut pen, &of(Status::Waived));
    gone(&mut pen, review);
    summary::doubts(&mut pen, review);
    summary::verdict(&mut pen, review);
    summary::inputs(&mut pen, review);
    summary::hint(&mut pen, review, rules);
    escape::log(&pen.finish())
}

/// What fits on one screen.
struct Screen<'f> {
    /// Lines for findings in full.
    left: usize,
    /// Groups that may have a line of their own.
    brief: usize,
    /// Those of a severity that are counted and named by their rules.
    hidden: Vec<&'f Finding>,
}

impl<'f> Screen<'f> {
    /// Writes a group in full, in brief, or leaves it to [`Self::rest`]. Once there is no room for the whole of one, none
    /// of the milder ones is shown in full.
    fn write(&mut self, pen: &mut Pen, group: &Group<'f>, follows: &[&Finding]) {
        let mut scratch = pen.scratch();
        finding::write(&mut scratch, group, follows);
        let text = scratch.finish();
        let lines = text.lines().count();
        if self.left == SCREEN || lines <= self.left {
            self.left = self.left.saturating_sub(lines);
            pen.block(&text);
        } else if self.brief > 0 {
            self.left = 0;
            self.brief -= 1;
            finding::brief(pen, group, follows);
        } else {
            self.hidden.extend(&group.findings);
        }
    }

    /// Names what had no room.
    fn rest(&mut self, pen: &mut Pen) {
        if !self.hidden.is_empty() {
            let text = format!("and {}", by_rule(&self.hidden));
            pen.entry("more", &text);
        }
        self.hidden.clear();
        if self.left == 0 {
            pen.blank();
        }
    }
}

/// How many findings there are of each rule: `2 public-trust and 1 open-block, with --verbose in full`.
fn by_rule(findings: &[&Finding]) -> String {
    let mut rules: Vec<(&str, usize)> = Vec::new();
    for finding in findings {
        match rules.iter_mut().find(|(rule, _)| *rule == finding.rule) {
            Some((_, count)) => *count += 1,
            None => rules.push((finding.rule, 1)),
        }
    }
    let rules: Vec<String> =
        rules.iter().map(|(rule, count)| format!("{count} {}", escape::line(rule))).collect();
    let text = rules.join(", ");
    format!("{text}; `--verbose` shows all")
}

fn title(review: &Review, severity: Severity, section: &[&Finding]) -> String {
    let unverifiable = section.iter().filter(|finding| finding::is_unverifiable(finding)).count();
    let found = section.len() - unverifiable;
    let counts = match (found, unverifiable) {
        (found, 0) => format!("{found} found"),
        (0, unverifiable) => format!("{unverifiable} undecided"),
        (found, unverifiable) => format!("{found} found, {unverifiable} undecided"),
    };
    let blocks = section.iter().any(|finding| review.blocks(finding));
    format!("{severity}: {counts}{}", if blocks { "" } else { " (does not block)" })
}

/// The guardrails of an audit, and whether they hold.
fn guardrails(pen: &mut Pen, review: &Review) {
    let states = &review.guardrails;
    if states.is_empty() {
        return;
    }
    let holding = states.iter().filter(|it| it.proof == Proof::Holds).count();
    pen.heading(Ink::Dim, &format!("guardrails: {holding} of {} hold", states.len()));
    let open = || states.iter().filter(|it| it.proof != Proof::Holds);
    let shown = if pen.is_one_screen() { BRIEF } else { states.len() };
    for state in open().take(shown) {
        let accounts = match state.accounts.len() {
            0 => String::new(),
            1 => " in 1 account".to_owned(),
            many => format!(" in {many} accounts"),
        };
        let ink = if state.proof == Proof::Fails { Ink::Red } else { Ink::Yellow };
        let proof = pen.paint(ink, state.proof.as_str());
        pen.line(&format!("  {}  {proof}{accounts}", escape::line(&state.id)));
    }
    if let more @ 1.. = open().count().saturating_sub(shown) {
        let more = pen.paint(Ink::Dim, &format!("  and {more} more, with `--verbose`"));
        pen.line(&more);
    }
    pen.blank();
}

/// What the plan changes about what organization policies deny.
fn denials(pen: &mut Pen, review: &Review) {
    if review.changes.is_empty() {
        return;
    }
    pen.heading(Ink::Dim, "what changes");
    let shown = if pen.is_one_screen() { CHANGES } else { pen.at_most(FULL_CHANGES) };
    for change in review.changes.iter().take(shown).map(ChangeView::from) {
        pen.line(&format!("  {}", escape::line(&change.title())));
        for side in change.sides() {
            let (causes, more) = side.causes;
            let mut told: Vec<String> = causes.iter().map(cause).collect();
            told.extend(more_causes(more));
            pen.entry(side.label, &escape::line(&side.what));
            pen.entry("because", &escape::line(&told.join(", ")));
        }
        for reason in &change.undecided {
            pen.entry("undecided", &escape::line(reason));
        }
    }
    if let more @ 1.. = review.changes.len().saturating_sub(shown) {
        let more = pen.paint(Ink::Dim, &format!("  and {more} more groups of accounts, with `--verbose`"));
        pen.line(&more);
    }
    pen.blank();
}

fn cause(cause: &CauseView) -> String {
    match &cause.site {
        Some(site) => format!("{} ({}:{})", cause.what, site.file, site.line),
        None => cause.what.clone(),
    }
}

/// What the plan changes about who can do what, the worst first.
fn changes(pen: &mut Pen, review: &Review) {
    let lines = crate::access::lines(&review.access, Tense::of(review.kind));
    if lines.is_empty() {
        return;
    }
    let changed = if review.kind == ReviewKind::Audit { "" } else { " changed" };
    pen.heading(Ink::Dim, &format!("access: {}{changed}", lines.len()));
    let shown = if pen.is_one_screen() { ACCESS } else { pen.at_most(crate::access::LINES) };
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
    let groups = groups(findings);
    let shown = if pen.is_one_screen() { groups.len().min(QUIET) } else { groups.len() };
    let (shown, hidden) = groups.split_at(shown);
    for Group { findings, .. } in shown {
        findings.iter().take(SAME_LINES).for_each(|finding| compact(pen, finding));
        if findings.len() > SAME_LINES {
            let more = format!("            and {} more like it", findings.len() - SAME_LINES);
            let more = pen.paint(Ink::Dim, &more);
            pen.line(&more);
        }
    }
    let hidden: Vec<&Finding> = hidden.iter().flat_map(|group| group.findings.iter().copied()).collect();
    if !hidden.is_empty() {
        pen.entry("more", &by_rule(&hidden));
    }
    pen.blank();
}

/// What was accepted, and by whom.
fn waived(pen: &mut Pen, findings: &[&Finding]) {
    if findings.is_empty() {
        return;
    }
    pen.heading(Ink::Dim, &format!("waived: {} (does not block)", findings.len()));
    let shown = if pen.is_one_screen() { findings.len().min(QUIET) } else { findings.len() };
    let (shown, hidden) = findings.split_at(shown);
    for finding in shown {
        compact(pen, finding);
        if let Some(waived) = &finding.waived {
            let line = format!("            accepted by {}", waiver(waived));
            pen.line(&line);
        }
    }
    if !hidden.is_empty() {
        pen.entry("more", &by_rule(hidden));
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
    let doubt = finding::doubt(finding);
    let rule = pen.paint(Ink::Bold, &escape::line(finding.rule));
    let text = escape::line(&finding.message);
    let line = match finding::place(finding) {
        Some(place) => format!("  {severity}  {rule}  {place}: {doubt}{text}"),
        None => format!("  {severity}  {rule}  {doubt}{text}"),
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
