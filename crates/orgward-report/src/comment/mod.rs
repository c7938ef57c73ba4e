//! The text of a comment on a pull request, from the JSON review: the verdict first, then what changes, then the findings,
//! at most one screen; the rest is folded, as far as the forge has room.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use orgward_finding::{Outcome, Review, RuleInfo};

use self::change::{access, changes};
use self::details::{details, rule, sentence, subject};
use self::document::{Certainty, Document, Finding, Kind, Severity, Status};
use self::picture::picture;
use self::quote::{code, cut};
use crate::denied::{DeniedRow, denied_calls_markdown};
use crate::escape::line as escape;
use crate::unread::Unread;
use crate::{configuration, json};

mod change;
pub mod details;
pub mod document;
mod picture;
pub mod quote;

#[cfg(test)]
mod tests;

/// Rows of the table, as many as leave room for the rest on one screen.
const ROWS: usize = 8;
/// Rows of the table of what is folded.
const FOLDED_ROWS: usize = 60;
/// Places named in one row.
const PLACES: usize = 5;
/// Findings that are named in one line each, where they are folded away.
const LINES: usize = 100;
/// Characters of a name in a table.
const NAME: usize = 120;
/// Findings that may be shown unfolded: where there are few, no click is needed.
const OPEN: usize = 2;
/// Room for what is said about what is left out.
const RESERVE: usize = 600;

/// What a comment says beside the review.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The first line.
    pub marker: String,
    /// What was reviewed, unless there is only one.
    pub stack: Option<String>,
    /// The commit that was reviewed.
    pub commit: Option<String>,
    /// Where the full report is.
    pub report: Option<String>,
    /// The address of the root of the repository at the commit, without a slash at the end: lines are shown below it.
    pub source: Option<String>,
}

/// Writes a review as Markdown of at most so many characters, as a comment is.
pub fn markdown(review: &Review, rules: &[&RuleInfo], budget: usize) -> String {
    let frame = Frame { stack: review.stack.clone(), ..Frame::default() };
    // What this program writes it reads.
    Document::parse("review", json::json(review, rules).as_bytes())
        .map_or_else(|error| format!("{error}\n"), |document| body(&document, &frame, budget))
}

/// Writes one comment about several stacks, the worst first: an overview, then each of them folded.
pub fn bodies(documents: &[(String, Document)], frame: &Frame, budget: usize) -> String {
    if let [(stack, document)] = documents {
        let stack = frame.stack.clone().or_else(|| Some(stack.clone()).filter(|it| !it.is_empty()));
        return body(document, &Frame { stack, ..frame.clone() }, budget);
    }
    let mut order: Vec<_> = documents.iter().collect();
    order.sort_by_key(|(stack, document)| (rank(document), stack));
    let worst = order.first().map_or(Outcome::Clean, |(_, document)| document.outcome());
    let blocked = order.iter().filter(|(_, document)| document.outcome() != Outcome::Clean).count();
    let verdict = match blocked {
        0 => "nothing blocks".to_owned(),
        blocked => format!("{blocked} of {} stacks do not pass", order.len()),
    };
    let mut out = format!("{}\n### {} orgward: {verdict}\n\n", frame.marker, sign(worst));
    out.push_str("| | stack | verdict |\n| --- | --- | --- |\n");
    for (stack, document) in order.iter().take(FOLDED_ROWS) {
        let (sign, stack) = (sign(document.outcome()), code(&cut(stack, NAME)));
        let _ = writeln!(out, "| {sign} | {stack} | {} |", self::verdict(document));
    }
    if let more @ 1.. = order.len().saturating_sub(FOLDED_ROWS) {
        let _ = writeln!(out, "| | and {more} more | |");
    }
    out.push('\n');
    let mut left = budget.saturating_sub(out.chars().count() + RESERVE);
    let mut omitted = 0;
    for (at, (stack, document)) in order.iter().enumerate() {
        if document.is_silent() {
            continue;
        }
        let title = quote::html_code(&cut(stack, NAME));
        let open = if at == 0 && document.outcome() != Outcome::Clean { " open" } else { "" };
        let start = format!("<details{open}><summary>{} {title}</summary>\n\n", sign(document.outcome()));
        let end = "\n</details>\n\n";
        // Each gets its part of what is left, and leaves what it does not need.
        let share = left / (order.len() - at).max(1);
        let own = Frame { marker: String::new(), stack: Some(stack.clone()), ..frame.clone() };
        let text = body(document, &own, share.saturating_sub(start.len() + end.len()));
        let text = format!("{start}{}{end}", text.trim_start());
        let length = text.chars().count();
        if length > left {
            omitted += 1;
            continue;
        }
        left -= length;
        out.push_str(&text);
    }
    if omitted > 0 {
        let _ = writeln!(
            out,
            "> There is no room here for {omitted} stacks; their JSON reviews have all of it.\n"
        );
    }
    out
}

/// What sorts stacks: the worst outcome first, then those with findings.
fn rank(document: &Document) -> (u8, std::cmp::Reverse<usize>) {
    let outcome = match document.outcome() {
        Outcome::Blocked => 0,
        Outcome::Incomplete => 1,
        Outcome::Clean => 2,
    };
    (outcome, std::cmp::Reverse(document.findings.len()))
}

fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Clean => "✅",
        Outcome::Blocked => "❌",
        Outcome::Incomplete => "⚠️",
    }
}

/// Writes a comment of at most so many characters.
pub fn body(document: &Document, frame: &Frame, budget: usize) -> String {
    let new: Vec<_> = document.with(Status::New).collect();
    let front: Vec<_> = document.findings.iter().filter(|finding| in_front(finding)).collect();
    // What follows from a finding in front is shown with it.
    let mut follows: BTreeMap<&str, Vec<&Finding>> = front
        .iter()
        .filter(|it| it.cause.is_none())
        .map(|it| (it.fingerprint.as_str(), Vec::new()))
        .collect();
    let mut shown = Vec::new();
    for finding in front {
        match finding.cause.as_deref().and_then(|cause| follows.get_mut(cause)) {
            Some(consequences) => consequences.push(finding),
            None => shown.push(finding),
        }
    }
    let tail = tail(document, frame);
    let mut out = Room { out: String::new(), left: budget.saturating_sub(tail.chars().count() + RESERVE) };
    out.add(&format!("{}\n{}", frame.marker, head(document, frame, &new)));
    out.add(&doubts(document));
    let source = frame.source.as_deref();
    let (first, more) = changes(&document.changes, source);
    let (gains, more_gains) = access(document);
    let mut changed = format!("{first}{gains}");
    if !changed.is_empty() {
        changed.insert_str(0, "#### What changes\n\n");
        out.add(&changed);
    }
    for folded in [more, more_gains] {
        out.add(&folded);
    }
    if !shown.is_empty() {
        if !changed.is_empty() {
            out.add("#### What rules found\n\n");
        }
        let (rows, rest) = table(&shown, ROWS);
        out.add(&rows);
        if !rest.is_empty() {
            let (rows, more) = table(rest, FOLDED_ROWS);
            let more = if more.is_empty() { String::new() } else { format!("… and {}\n\n", counts(more)) };
            let summary = counts(rest);
            out.add(&format!("<details><summary>and {summary}</summary>\n\n{rows}{more}</details>\n\n"));
        }
        let denied: Vec<_> = shown.iter().filter_map(|finding| denied_row(finding)).collect();
        out.add(&denied_calls_markdown(&denied));
        if let Some(picture) = picture(&shown) {
            out.add(&format!(
                "<details><summary>Where in the organization</summary>\n\n{picture}\n</details>\n\n"
            ));
        }
    }
    let mut written = 0;
    let all = "<details><summary>All findings in full</summary>\n\n";
    let (end, is_folded) = ("</details>\n\n", shown.len() > ROWS);
    // The end is written whatever happens, so it is paid for at the beginning.
    let is_folded = is_folded && out.reserve(end.chars().count()) && out.add(all);
    for finding in &shown {
        let follows = follows.get(finding.fingerprint.as_str()).map_or(&[][..], Vec::as_slice);
        if !out.add(&details(finding, follows, shown.len() <= OPEN, source)) {
            break;
        }
        written += 1;
    }
    if is_folded {
        out.out.push_str(end);
    }
    let omitted: Vec<_> = shown.iter().skip(written).copied().collect();
    let background = [
        (
            Status::Existing,
            if document.kind == Kind::Plan { "without this plan, too" } else { "there before" },
        ),
        (Status::Baseline, "in the baseline"),
        (Status::Waived, "waived"),
    ];
    let mut folded = 0;
    for (status, name) in background {
        let list: Vec<_> = document.with(status).filter(|finding| !in_front(finding)).collect();
        if !list.is_empty() && !out.add(&fold(&list, name)) {
            folded += list.len();
        }
    }
    out.add(&gone(document));
    let mut text = out.out;
    text.push_str(&omission(document.kind, &omitted, folded, frame));
    text.push_str(&tail);
    text
}

/// What is shown as a whole: what the plan brings about, and what blocks for any other reason.
fn in_front(finding: &Finding) -> bool {
    finding.status == Status::New || finding.blocks
}

fn denied_row(finding: &Finding) -> Option<DeniedRow<'_>> {
    let denied = finding.denied_call.as_ref()?;
    Some(DeniedRow {
        resources: denied.resources.iter().map(String::as_str).collect(),
        action: &denied.action,
        region: denied.region.as_deref(),
        by: &denied.by,
        help: finding.help.as_deref(),
    })
}

/// What the baseline lists and is no longer there: fixed, or called something else.
fn gone(document: &Document) -> String {
    if document.gone.is_empty() {
        return String::new();
    }
    let count = document.gone.len();
    let mut out = format!("<details><summary>{count} in the baseline and no longer there</summary>\n\n");
    for gone in document.gone.iter().take(LINES) {
        let place = gone.place.as_deref().map(|place| format!(": {}", code(&cut(place, NAME))));
        let _ = writeln!(out, "- {}{}", rule(&gone.rule), place.unwrap_or_default());
    }
    if let more @ 1.. = count.saturating_sub(LINES) {
        let _ = writeln!(out, "- and {more} more");
    }
    out.push_str("\n</details>\n\n");
    out
}

struct Room {
    out: String,
    left: usize,
}

impl Room {
    /// Keeps room for something that is added later.
    fn reserve(&mut self, length: usize) -> bool {
        let fits = length <= self.left;
        if fits {
            self.left -= length;
        }
        fits
    }

    /// Adds a part as a whole, or not at all.
    fn add(&mut self, part: &str) -> bool {
        let length = part.chars().count();
        let fits = length <= self.left;
        if fits {
            self.left -= length;
            self.out.push_str(part);
        }
        fits
    }
}

/// The verdict in one line, for headings and logs.
pub fn verdict(document: &Document) -> String {
    let blocking: Vec<_> = document.findings.iter().filter(|finding| finding.blocks).collect();
    match document.outcome() {
        Outcome::Incomplete if document.kind == Kind::Plan => {
            "the plan could not be checked as a whole".to_owned()
        }
        Outcome::Incomplete => "the inputs could not be checked as a whole".to_owned(),
        Outcome::Blocked if blocking.is_empty() => "blocked".to_owned(),
        Outcome::Blocked => format!("blocked by {}", counts(&blocking)),
        Outcome::Clean => {
            let new: Vec<_> = document.with(Status::New).collect();
            let waived: Vec<_> = document.with(Status::Waived).collect();
            if new.is_empty() && waived.is_empty() && document.kind == Kind::Audit {
                "nothing blocks".to_owned()
            } else if new.is_empty() && waived.is_empty() {
                "nothing new".to_owned()
            } else if new.is_empty() {
                format!("nothing blocks, {} waived", counts(&waived))
            } else {
                format!("not blocked, with {}", counts(&new))
            }
        }
    }
}

fn head(document: &Document, frame: &Frame, new: &[&Finding]) -> String {
    let sign = sign(document.outcome());
    let stack = frame.stack.as_deref().map(|stack| format!(" {}", code(stack))).unwrap_or_default();
    let mut out = format!("### {sign} orgward{stack}: {}\n\n", verdict(document));
    let worst = document.findings.iter().find(|finding| finding.blocks).or_else(|| new.first().copied());
    match worst {
        Some(worst) => {
            let doubt =
                if worst.verdict == Certainty::Unverifiable { " (undecided before the apply)" } else { "" };
            let about = code(&cut(&subject(worst), NAME));
            let _ = write!(out, "The worst: {about}: {}{doubt}.\n\n", sentence(&worst.message));
        }
        None if document.with(Status::Waived).next().is_some() => {
            out.push_str("What rules found is waived; the list is below.\n\n");
        }
        None if document.outcome() == Outcome::Clean => {
            out.push_str(match document.kind {
                Kind::Plan => "No rule found anything that this plan brings about.\n\n",
                Kind::Audit => "No rule found anything that blocks.\n\n",
                Kind::Drift => "No rule found anything that is new.\n\n",
            });
        }
        None => {}
    }
    out
}

fn doubts(document: &Document) -> String {
    let mut out = String::new();
    let doubts =
        document.inputs.iter().flat_map(|input| input.doubts.iter().map(move |doubt| (input, doubt)));
    for (input, doubt) in doubts.take(ROWS) {
        let _ = writeln!(out, "- {}: {}", code(&cut(&input.name, NAME)), sentence(doubt));
    }
    if !out.is_empty() {
        out.insert_str(0, "The review is incomplete:\n\n");
        out.push('\n');
    }
    out
}

/// One row for what is the same in several places, and what has no row. The places come last, since names of resources do
/// not wrap.
fn table<'f, 'd>(findings: &'f [&'d Finding], most: usize) -> (String, &'f [&'d Finding]) {
    let mut out = "| severity | rule | what and where |\n| --- | --- | --- |\n".to_owned();
    let mut rows = 0;
    let mut rest = findings;
    while let Some(first) = rest.first().filter(|_| rows < most) {
        let is_same = |other: &&&Finding| {
            (&other.rule, other.severity, other.verdict, &other.message)
                == (&first.rule, first.severity, first.verdict, &first.message)
        };
        let (same, others) = rest.split_at(rest.iter().take_while(is_same).count());
        let doubt = if first.verdict == Certainty::Unverifiable { ", undecided" } else { "" };
        let places: Vec<_> =
            same.iter().take(PLACES).map(|finding| code(&cut(&subject(finding), NAME))).collect();
        let more = match same.len().saturating_sub(PLACES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let _ = writeln!(
            out,
            "| **{}**{doubt} | {} | {}<br/>{}{more} |",
            first.severity.as_str(),
            rule(&first.rule),
            sentence(&cut(&first.message, 2 * NAME)),
            places.join(", "),
        );
        rows += 1;
        rest = others;
    }
    out.push('\n');
    (out, rest)
}

fn fold(findings: &[&Finding], name: &str) -> String {
    let mut out = format!("<details><summary>{}: {name}</summary>\n\n", counts(findings));
    for finding in findings.iter().take(LINES) {
        let _ = writeln!(
            out,
            "- **{}** {}: {}: {}",
            finding.severity.as_str(),
            rule(&finding.rule),
            code(&cut(&subject(finding), NAME)),
            sentence(&cut(&finding.message, 2 * NAME)),
        );
        if let Some(waiver) = &finding.waiver {
            let until = waiver.until.as_deref().map(|until| format!(" until {}", code(&cut(until, NAME))));
            let _ = writeln!(
                out,
                "  Waived by {}{}: {}",
                code(&cut(&waiver.owner, NAME)),
                until.unwrap_or_default(),
                sentence(&cut(&waiver.reason, 2 * NAME)),
            );
        }
    }
    if let more @ 1.. = findings.len().saturating_sub(LINES) {
        let _ = writeln!(out, "- and {more} more");
    }
    out.push_str("\n</details>\n\n");
    out
}

fn omission(kind: Kind, omitted: &[&Finding], folded: usize, frame: &Frame) -> String {
    if omitted.is_empty() && folded == 0 {
        return String::new();
    }
    let place = match &frame.report {
        Some(_) => "the full report has them all",
        None => "the JSON review has them all",
    };
    let mut parts = Vec::new();
    if !omitted.is_empty() {
        parts.push(format!("the details of {}", counts(omitted)));
    }
    if folded > 0 {
        parts.push(match kind {
            Kind::Plan => format!("{folded} that the plan does not bring about"),
            Kind::Audit | Kind::Drift => format!("{folded} that do not block"),
        });
    }
    format!("> There is no room here for {}; {place}.\n\n", parts.join(" and "))
}

fn tail(document: &Document, frame: &Frame) -> String {
    let summary = &document.summary;
    let mut parts = Vec::new();
    if let Some(report) = &frame.report {
        parts.push(format!("[Full report]({report})"));
    }
    let number =
        |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    parts.push(format!(
        "{}, {}, {}{}",
        number(summary.accounts, "account", "accounts"),
        number(summary.principals, "principal", "principals"),
        number(summary.policies, "policy", "policies"),
        if document.kind == Kind::Plan { " after the plan" } else { "" }
    ));
    if let Some(commit) = &frame.commit {
        parts.push(format!("commit {}", code(&escape(&cut(commit, 12)).replace('…', ""))));
    }
    let unread = Unread::of(document.inputs.iter().map(|input| &input.unread));
    let unread =
        unread.map(|unread| format!("<br/>\n<sub>{}</sub>", unread.sentence(|kind| code(&cut(kind, NAME)))));
    let judged = document.configuration.as_ref().map(configuration::sentence_of);
    let judged = judged.map(|judged| format!("<br/>\n<sub>{}</sub>", sentence(&judged)));
    format!("<sub>{}</sub>{}{}\n", parts.join(" · "), unread.unwrap_or_default(), judged.unwrap_or_default())
}

/// Findings by severity: `1 critical and 9 high findings`.
fn counts(findings: &[&Finding]) -> String {
    let parts: Vec<_> = Severity::ALL
        .into_iter()
        .map(|severity| (severity, findings.iter().filter(|finding| finding.severity == severity).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {}", severity.as_str()))
        .collect();
    let noun = if findings.len() == 1 { "finding" } else { "findings" };
    match parts.split_last() {
        None => format!("no {noun}"),
        Some((last, [])) => format!("{last} {noun}"),
        Some((last, before)) => format!("{} and {last} {noun}", before.join(", ")),
    }
}
