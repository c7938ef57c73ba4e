use orgward_finding::{Finding, Outcome, Review, ReviewKind, RuleInfo, Severity, Status};

use super::finding::is_unverifiable;
use super::pen::{Ink, Pen};
use crate::unread::Unread;
use crate::{configuration, escape};

/// How many names of inputs are spelled out.
const NAMED: usize = 3;

/// The headings of what is new and of what was there before.
pub(crate) const fn headings(kind: ReviewKind) -> (&'static str, &'static str) {
    match kind {
        ReviewKind::Plan => ("new with this plan", "there before this plan"),
        ReviewKind::Audit => ("new", "found"),
        ReviewKind::Drift => ("new", "there before"),
    }
}

/// Which inputs do not tell the whole story, why, and what to do about it.
pub(super) fn doubts(pen: &mut Pen, review: &Review) {
    for input in review.inputs.iter().filter(|input| !input.doubts.is_empty()) {
        let mark = pen.paint(Ink::Yellow, pen.mark(true));
        pen.line(&format!("  {mark} {} does not tell the whole story", escape::line(&input.name)));
        for doubt in &input.doubts {
            pen.entry("because", &escape::line(doubt));
        }
    }
    if review.is_incomplete() {
        let help = if review.allow_incomplete {
            "accepted with `--allow-incomplete`: what is missing may be worse than what is shown"
        } else {
            "plan everything, without errors and without `-target`, and review that; or accept what is missing \
             with `--allow-incomplete`"
        };
        pen.entry("help", help);
        pen.blank();
    }
}

/// The verdict, in one line.
pub(super) fn verdict(pen: &mut Pen, review: &Review) {
    let outcome = review.outcome();
    let uncertain = review.is_incomplete() || review.findings.iter().any(is_unverifiable);
    let ink = match outcome {
        Outcome::Blocked => Ink::Red,
        Outcome::Incomplete => Ink::Yellow,
        Outcome::Clean if uncertain => Ink::Yellow,
        Outcome::Clean => Ink::Green,
    };
    let (word, rest) = sentence(review);
    let word = pen.paint(ink, &format!("{word}:"));
    pen.line(&format!("{word} {rest}"));
}

/// The verdict as a word and a clause that explains it, without hidden characters.
pub(crate) fn sentence(review: &Review) -> (&'static str, String) {
    match review.outcome() {
        Outcome::Blocked => ("blocked", blocked(review)),
        Outcome::Incomplete => ("incomplete", incomplete(review)),
        Outcome::Clean if review.findings.is_empty() && !review.is_incomplete() => {
            ("clean", "no findings".to_owned())
        }
        Outcome::Clean => ("not blocked", not_blocked(review)),
    }
}

/// What was reviewed, in one line.
pub(super) fn inputs(pen: &mut Pen, review: &Review) {
    let mut names: Vec<_> =
        review.inputs.iter().take(NAMED).map(|input| escape::line(&input.name).into_owned()).collect();
    if review.inputs.len() > NAMED {
        names.push(format!("{} more", review.inputs.len() - NAMED));
    }
    let line = format!(
        "reviewed {}: {}, {}, {}",
        enumerate(&names),
        count(review.accounts, "account", "accounts"),
        count(review.principals, "principal", "principals"),
        count(review.policies, "policy", "policies"),
    );
    pen.line(&line);
    if let Some(unread) = Unread::of(review.inputs.iter().map(|input| &input.unread)) {
        pen.line(&escape::line(&unread.sentence(|kind| format!("`{kind}`"))));
    }
    if let Some(sentence) = configuration::sentence(review) {
        pen.line(&escape::line(&sentence));
    }
}

/// How to learn more about the worst finding.
pub(super) fn hint(pen: &mut Pen, review: &Review, rules: &[&RuleInfo]) {
    let explained = || review.findings.iter().filter(|it| rules.iter().any(|rule| rule.id == it.rule));
    let first = explained().find(|finding| review.blocks(finding) && finding.cause.is_none());
    if let Some(worst) = first.or_else(|| explained().next()) {
        let hint = format!("`orgward rules {}` explains the first one", worst.rule);
        let hint = pen.paint(Ink::Dim, &hint);
        pen.line(&hint);
    }
}

fn blocked(review: &Review) -> String {
    let blocking = review.findings.iter().filter(|finding| review.blocks(finding));
    let (unverifiable, found): (Vec<_>, Vec<_>) = blocking.partition(|finding| is_unverifiable(finding));
    let existing =
        found.iter().chain(&unverifiable).filter(|finding| finding.status == Status::Existing).count();
    let mut clauses = Vec::new();
    if !found.is_empty() {
        let verb = match (existing, found.len()) {
            (_, 1) if review.kind == ReviewKind::Audit => "blocks",
            _ if review.kind == ReviewKind::Audit => "block",
            (0, 1) => "is new",
            (0, _) => "are new",
            (_, 1) => "blocks",
            (_, _) => "block",
        };
        clauses.push(format!("{} {verb}", by_severity(&found)));
    }
    if !unverifiable.is_empty() {
        let noun = if found.is_empty() { ("thing", "things") } else { ("one", "ones") };
        clauses.push(undecided(&unverifiable, noun));
    }
    let mut asides = Vec::new();
    if existing > 0 && review.kind != ReviewKind::Audit {
        asides
            .push(format!("{existing} of them {} there before", if existing == 1 { "was" } else { "were" }));
    }
    asides.extend(not_blocking(review));
    aside(clauses.join(", and "), &asides)
}

fn incomplete(review: &Review) -> String {
    let names: Vec<_> = review
        .inputs
        .iter()
        .filter(|input| !input.doubts.is_empty())
        .map(|input| escape::line(&input.name).into_owned())
        .collect();
    let verb = if names.len() == 1 { "does" } else { "do" };
    let sentence = format!("{} {verb} not tell the whole story", enumerate(&names));
    let blocking: Vec<_> = review.findings.iter().filter(|finding| review.blocks(finding)).collect();
    match blocking.len() {
        0 => sentence,
        1 => format!("{sentence}, and {} blocks already", by_severity(&blocking)),
        _ => format!("{sentence}, and {} block already", by_severity(&blocking)),
    }
}

fn not_blocked(review: &Review) -> String {
    let unverifiable: Vec<_> = review.findings.iter().filter(|finding| is_unverifiable(finding)).collect();
    let found = review.findings.len() - unverifiable.len();
    let mut clauses = vec![match found {
        0 => "nothing found".to_owned(),
        _ => aside(count(found, "finding", "findings"), &not_blocking_found(review)),
    }];
    if !unverifiable.is_empty() {
        clauses.push(format!("but {}", undecided(&unverifiable, ("thing", "things"))));
    }
    if review.is_incomplete() {
        clauses.push("and the input is incomplete".to_owned());
    }
    clauses.join(", ")
}

/// `2 existing and 1 milder one do not block`.
fn not_blocking(review: &Review) -> Option<String> {
    let quiet: Vec<_> = review.findings.iter().filter(|finding| !review.blocks(finding)).collect();
    let count = |status| quiet.iter().filter(|finding| finding.status == status).count();
    // An audit has no "before": what is there does not block as it is mild.
    let existing = if review.kind == ReviewKind::Audit { 0 } else { count(Status::Existing) };
    let (known, waived) = (count(Status::Baseline), count(Status::Waived));
    let milder = quiet.len() - existing - known - waived;
    let parts: Vec<_> = [(existing, "existing"), (known, "baseline"), (waived, "waived"), (milder, "milder")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    match quiet.len() {
        0 => None,
        1 => Some(format!("{} one does not block", enumerate(&parts))),
        _ => Some(format!("{} ones do not block", enumerate(&parts))),
    }
}

fn not_blocking_found(review: &Review) -> Vec<String> {
    let found = review.findings.iter().filter(|finding| !is_unverifiable(finding));
    let found: Vec<_> = found.collect();
    let existing = if review.kind == ReviewKind::Audit { "" } else { " there before" };
    [
        (Status::New, " new"),
        (Status::Existing, existing),
        (Status::Baseline, " in the baseline"),
        (Status::Waived, " waived"),
    ]
    .into_iter()
    .filter_map(|(status, words)| {
        let some: Vec<_> = found.iter().copied().filter(|finding| finding.status == status).collect();
        (!some.is_empty()).then(|| format!("{}{words}", severities(&some)))
    })
    .collect()
}

/// `1 critical and 4 high findings`.
fn by_severity(findings: &[&Finding]) -> String {
    format!("{} {}", severities(findings), if findings.len() == 1 { "finding" } else { "findings" })
}

/// `12 medium and 2 low things are undecided`.
fn undecided(findings: &[&Finding], (one, many): (&str, &str)) -> String {
    let what = if findings.len() == 1 { format!("{one} is") } else { format!("{many} are") };
    format!("{} {what} undecided", severities(findings))
}

/// `1 critical and 4 high`.
fn severities(findings: &[&Finding]) -> String {
    let parts: Vec<_> = Severity::ALL
        .into_iter()
        .rev()
        .filter_map(|severity| {
            let number = findings.iter().filter(|finding| finding.severity == severity).count();
            (number > 0).then(|| format!("{number} {severity}"))
        })
        .collect();
    enumerate(&parts)
}

fn aside(sentence: String, asides: &[String]) -> String {
    if asides.is_empty() { sentence } else { format!("{sentence} ({})", asides.join(", ")) }
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `a`, `a and b`, `a, b and c`.
fn enumerate(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
