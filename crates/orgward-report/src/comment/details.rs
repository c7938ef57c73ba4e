//! One finding, folded away under its first line.

use std::fmt::Write as _;

use super::document::{Certainty, Finding, Snippet};
use super::quote::{code, cut, fence, html_code, prose};
use crate::changes::{ExampleView, PlaceView, ValueView};
use crate::escape::line as escape;
use crate::{links, place};

/// Lines of a document that are shown before and after what is the matter.
const CONTEXT: usize = 2;
/// Characters of a line.
const WIDTH: usize = 160;
/// Characters of a sentence.
const SENTENCE: usize = 1_000;
/// How much of a list is shown.
const LIST: usize = 20;
/// Documents that are shown.
const SNIPPETS: usize = 3;

/// The whole finding with what follows from it: bounded, whatever the plan contains.
pub fn details(finding: &Finding, follows: &[&Finding], is_open: bool, source: Option<&str>) -> String {
    let open = if is_open { " open" } else { "" };
    let mut out = format!("<details{open}><summary>{}</summary>\n\n", summary(finding));
    out.push_str(&sentence(&finding.message));
    out.push_str("\n\n");
    for snippet in finding.snippets.iter().take(SNIPPETS) {
        out.push_str(&excerpt(snippet));
    }
    if let Some(witness) = &finding.witness {
        out.push_str("A request that shows it:\n\n");
        out.push_str(&fence("text", &request(witness)));
        out.push('\n');
    }
    for fact in facts(finding, source) {
        let _ = writeln!(out, "- {fact}");
    }
    for consequence in follows.iter().take(LIST) {
        let _ = writeln!(
            out,
            "- **Follows:** {} {} {}: {}",
            consequence.severity.as_str(),
            rule(&consequence.rule),
            code(&cut(&subject(consequence), WIDTH)),
            sentence(&consequence.message)
        );
    }
    if let more @ 1.. = follows.len().saturating_sub(LIST) {
        let _ = writeln!(out, "- **Follows:** {more} more");
    }
    if let Some(help) = &finding.help {
        let _ = writeln!(out, "- **Fix:** {}", sentence(help));
    }
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "- {} · fingerprint {}\n\n</details>\n\n",
        rule(&finding.rule),
        code(&finding.fingerprint)
    );
    out
}

/// What the finding is about: its resource, else its place, else the organization.
pub fn subject(finding: &Finding) -> String {
    finding.address.as_deref().or(finding.target.as_deref()).unwrap_or("the organization").to_owned()
}

/// A rule, with a link to its documentation.
pub fn rule(id: &str) -> String {
    // Only what is certainly the name of a rule makes a link.
    if !id.is_empty() && id.chars().all(|character| character.is_ascii_lowercase() || character == '-') {
        format!("[{id}]({})", links::page_of(id))
    } else {
        code(&cut(id, WIDTH))
    }
}

/// A sentence of a finding.
pub fn sentence(text: &str) -> String {
    prose(&cut(text, SENTENCE))
}

/// A line of the configuration, with a link to it where the forge shows the repository. `source` is the address of the
/// root of the repository at the commit.
pub(super) fn line_of(site: &PlaceView, source: Option<&str>) -> String {
    let name = code(&cut(&format!("{}:{}", site.file, site.line), WIDTH));
    // Only the path of a file of the repository makes a link.
    let is_inside = !site.file.starts_with('/') && !site.file.split(['/', '\\']).any(|part| part == "..");
    match source.filter(|_| is_inside && site.line > 0) {
        Some(source) => format!("[{name}]({source}/{}#L{})", place::uri(&site.file), site.line),
        None => name,
    }
}

fn summary(finding: &Finding) -> String {
    let doubt = if finding.verdict == Certainty::Unverifiable { ", undecided" } else { "" };
    format!(
        "<b>{}</b>{doubt} · {} · {}",
        finding.severity.as_str(),
        html_code(&cut(&finding.rule, WIDTH)),
        html_code(&cut(&subject(finding), WIDTH))
    )
}

fn facts(finding: &Finding, source: Option<&str>) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(input) = &finding.input {
        facts.push(format!("**Plan:** {}", code(&cut(input, WIDTH))));
    }
    if let (Some(_), Some(target)) = (&finding.address, &finding.target) {
        facts.push(format!("**Target:** {}", code(&cut(target, WIDTH))));
    }
    if !finding.accounts.is_empty() {
        let shown: Vec<_> =
            finding.accounts.iter().take(LIST).map(|account| code(&cut(account, WIDTH))).collect();
        let more = match finding.accounts.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let name = if finding.accounts.len() == 1 { "Account" } else { "Accounts" };
        facts.push(format!("**{name}:** {}{more}", shown.join(", ")));
    }
    if let Some(site) = &finding.site {
        facts.push(format!("**Written in:** {}", line_of(site, source)));
    }
    if let Some(site) = &finding.definition {
        facts.push(format!("**Defined in:** {}", line_of(site, source)));
    }
    facts.extend(finding.rests_on.iter().take(LIST).map(|text| format!("**Rests on:** {}", sentence(text))));
    facts.extend(finding.notes.iter().take(LIST).map(|text| format!("**Note:** {}", sentence(text))));
    facts
}

fn request(witness: &ExampleView) -> Vec<String> {
    // Every line begins with a word of ours: a forge may look for commands even here.
    let line = |name: &str, value: &str| format!("{name:<9} {}", cut(&escape(value), WIDTH));
    let mut lines = vec![
        line("action", &witness.action),
        line("resource", &witness.resource),
        line("principal", &witness.principal),
    ];
    for (key, value) in witness.context.iter().take(LIST) {
        let value = match value {
            ValueView::One(value) => value.clone(),
            ValueView::Many(values) => values.join(", "),
        };
        lines.push(line("context", &format!("{key} = {value}")));
    }
    lines
}

fn excerpt(snippet: &Snippet) -> String {
    let name = code(&cut(&snippet.name, WIDTH));
    let label = sentence(&snippet.label);
    let Some(text) = &snippet.text else {
        return format!("{name} (sensitive, so it is not shown): {label}\n\n");
    };
    let start = text.floor_char_boundary(snippet.start);
    let end = text.ceil_char_boundary(snippet.end).max(start);
    let line_start = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let marked = text.get(..start).map_or(0, |before| before.matches('\n').count());
    let shown = escape(text.get(line_start..start).unwrap_or_default()).chars().count();
    let span = text.get(start..end).and_then(|span| span.lines().next()).unwrap_or_default();
    let carets = escape(span).chars().count().clamp(1, WIDTH);
    let width = (marked + CONTEXT + 1).to_string().len();
    let mut lines = Vec::new();
    for (index, line) in text
        .lines()
        .enumerate()
        .skip(marked.saturating_sub(CONTEXT))
        .take_while(|(index, _)| *index <= marked + CONTEXT)
    {
        // The number keeps whatever the line begins with from being read as a command.
        lines.push(format!("{:>width$} │ {}", index + 1, cut(&escape(line), WIDTH)));
        if index == marked && shown < WIDTH {
            let carets = "^".repeat(carets.min(WIDTH - shown));
            lines.push(format!("{:>width$} │ {}{carets}", "", " ".repeat(shown)));
        }
    }
    format!("{name}: {label}\n\n{}", fence("text", &lines))
}
