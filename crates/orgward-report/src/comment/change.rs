//! What a plan changes, whether or not a rule minds: what is denied from now on and no more, and who gains and loses access.

use std::fmt::Write as _;

use super::details::{line_of, sentence};
use super::document::{Document, Kind};
use super::quote::{code, cut, prose};
use crate::access::{Tense, lines};
use crate::changes::{CauseView, ChangeView, Side, more_causes};

/// Groups of accounts that are shown before the rest is folded.
const SHOWN: usize = 5;
/// Groups that are shown at all.
const MOST: usize = 40;
/// Lines about access that are shown before the rest is folded.
const LINES: usize = 8;
/// Lines about access that are shown at all.
const MOST_LINES: usize = 200;
/// Services whose actions are listed.
const SERVICES: usize = 30;
/// Characters of a line.
const WIDTH: usize = 400;

/// The first groups of accounts, and the rest with all actions, folded.
pub(super) fn changes(changes: &[ChangeView], source: Option<&str>) -> (String, String) {
    let mut first = String::new();
    let mut folded = String::new();
    for (at, change) in changes.iter().take(MOST).enumerate() {
        let text = group(change, source);
        if at < SHOWN {
            first.push_str(&text);
        } else {
            folded.push_str(&text);
        }
        folded.push_str(&actions(change));
    }
    if !first.is_empty() {
        first.push('\n');
    }
    if let more @ 1.. = changes.len().saturating_sub(MOST) {
        let _ = writeln!(folded, "- and {more} more groups of accounts; the JSON review has them all");
    }
    if folded.is_empty() {
        return (first, folded);
    }
    let title = match changes.len().saturating_sub(SHOWN) {
        0 => "The actions, by service".to_owned(),
        more => format!("{more} more groups of accounts, and the actions by service"),
    };
    (first, format!("<details><summary>{title}</summary>\n\n{folded}\n</details>\n\n"))
}

/// What changes for one group of accounts.
fn group(change: &ChangeView, source: Option<&str>) -> String {
    let mut out = format!("- **{}**\n", prose(&cut(&change.title(), WIDTH)));
    for side in change.sides() {
        let _ = writeln!(
            out,
            "  - **{}** by {}s: {}{}",
            side.label,
            prose(&cut(&change.policy_type, WIDTH)),
            sentence(&side.what),
            because(&side, source)
        );
    }
    for reason in change.undecided.iter().take(SHOWN) {
        let _ = writeln!(out, "  - **undecided**: {}", sentence(reason));
    }
    if let more @ 1.. = change.undecided.len().saturating_sub(SHOWN) {
        let _ = writeln!(out, "  - **undecided**: {more} more");
    }
    out
}

fn because(side: &Side<'_>, source: Option<&str>) -> String {
    let (causes, more) = side.causes;
    let one = |cause: &CauseView| match &cause.site {
        Some(place) => format!("{} ({})", sentence(&cause.what), line_of(place, source)),
        None => match &cause.address {
            Some(address) => format!("{} ({})", sentence(&cause.what), code(&cut(address, WIDTH))),
            None => sentence(&cause.what),
        },
    };
    let told: Vec<String> = causes.iter().map(one).chain(more_causes(more)).collect();
    if told.is_empty() { String::new() } else { format!(". Because {}", told.join(", ")) }
}

/// The actions of each side, service by service.
fn actions(change: &ChangeView) -> String {
    let mut out = String::new();
    for side in change.sides().filter(|side| !side.requests.services.is_empty()) {
        let _ = writeln!(out, "- {}, {}:", prose(&cut(&change.title(), WIDTH)), side.label);
        for service in side.requests.services.iter().take(SERVICES) {
            let _ = writeln!(out, "  - {}", prose(&service.words()));
        }
        if let more @ 1.. = side.requests.services.len().saturating_sub(SERVICES) {
            let _ = writeln!(out, "  - and {more} more services");
        }
    }
    out
}

/// Who gains and loses access: the first lines, and the rest, folded.
pub(super) fn access(document: &Document) -> (String, String) {
    let Some(access) = &document.access else { return (String::new(), String::new()) };
    let tense = if document.kind == Kind::Audit { Tense::Present } else { Tense::Change };
    let all = lines(&access.change(), tense);
    let list = |lines: &[String]| {
        lines.iter().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "- {}", code(&cut(line, WIDTH)));
            text
        })
    };
    if all.is_empty() {
        return (String::new(), String::new());
    }
    let (first, rest) = all.split_at(all.len().min(LINES));
    let first = format!("Access:\n\n{}\n", list(first));
    if rest.is_empty() {
        return (first, String::new());
    }
    let (shown, more) = rest.split_at(rest.len().min(MOST_LINES));
    let more = if more.is_empty() { String::new() } else { format!("- and {} more\n", more.len()) };
    let folded = format!(
        "<details><summary>Access: {} more lines</summary>\n\n{}{more}\n</details>\n\n",
        rest.len(),
        list(shown)
    );
    (first, folded)
}
