use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use miette::{Diagnostic, LabeledSpan, SourceCode};
use orgward_finding::{Confidence, Finding, Severity, Snippet, Status, Verdict, Witness, WitnessValue};

use super::Style;
use super::pen::Pen;
use crate::escape;
use crate::excerpt::Excerpt;

/// How many found things that say the same are shown in full, where there is something to show.
const SHOWN: usize = 3;
/// Characters of a line of the configuration.
const QUOTED: usize = 100;
/// How many findings that follow from another one get a line.
const FOLLOWS: usize = 5;
/// How many places are listed.
const LISTED: usize = 10;

/// Findings of one rule that say the same about different places.
pub(crate) struct Group<'f> {
    pub(crate) findings: Vec<&'f Finding>,
}

/// Groups findings that say the same, in the order of the first of each.
pub(crate) fn groups<'f>(findings: &[&'f Finding]) -> Vec<Group<'f>> {
    let mut groups: Vec<Group<'f>> = Vec::new();
    let mut known = BTreeMap::new();
    for &finding in findings {
        let key = (
            finding.rule,
            finding.verdict,
            finding.status,
            finding.severity,
            &finding.message,
            &finding.help,
        );
        let index = *known.entry(key).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.findings.push(finding),
            None => groups.push(Group { findings: vec![finding] }),
        }
    }
    groups
}

pub(super) fn is_unverifiable(finding: &Finding) -> bool {
    finding.verdict == Verdict::Unverifiable
}

/// What stands before the message of a finding that is undecided, unless the message says so itself.
pub(crate) fn doubt(finding: &Finding) -> &'static str {
    let says_so = ["cannot tell", "undecided"].iter().any(|start| finding.message.starts_with(start));
    if is_unverifiable(finding) && !says_so { "undecided: " } else { "" }
}

/// What a finding is about, fit to print.
pub(crate) fn place(finding: &Finding) -> Option<String> {
    let place = match (&finding.address, &finding.target) {
        (Some(address), _) => address.as_str(),
        (None, Some(target)) => target,
        (None, None) => return None,
    };
    let place = escape::line(place);
    Some(match &finding.input {
        Some(input) => format!("{place} ({})", escape::line(input)),
        None => place.into_owned(),
    })
}

/// Writes a group: things found in full up to a limit, undecided things once for all places. What follows
/// from a finding is folded under it.
pub(super) fn write(pen: &mut Pen, group: &Group<'_>, follows: &[&Finding]) {
    let Some(first) = group.findings.first() else { return };
    if is_unverifiable(first) && group.findings.len() > 1 {
        header(pen, first, false);
        pen.list("where", &places(&group.findings, pen.at_most(LISTED)));
        let differs = group.findings.iter().any(|finding| !same_details(first, finding));
        if differs && let Some(place) = place(first) {
            pen.entry("for example", &place);
        }
        details(pen, first, &[], &consequences(&group.findings, follows));
        return;
    }
    let one = pen.is_one_screen() || first.snippets.is_empty() && first.witness.is_none();
    let shown = pen.at_most(if one { 1 } else { SHOWN });
    let (shown, rest) = group.findings.split_at(group.findings.len().min(shown));
    for (index, finding) in shown.iter().enumerate() {
        header(pen, finding, true);
        let rest = if index + 1 == shown.len() { rest } else { &[] };
        let told: Vec<&Finding> = rest.iter().copied().chain([*finding]).collect();
        details(pen, finding, rest, &consequences(&told, follows));
    }
}

/// Writes a group in a few lines: what and where, the cure, and how many findings follow from it.
pub(super) fn brief(pen: &mut Pen, group: &Group<'_>, follows: &[&Finding]) {
    let Some(first) = group.findings.first() else { return };
    let rule = pen.link(&escape::line(first.rule), &crate::links::page_of(first.rule));
    let doubt = doubt(first);
    let place = place(first).map(|place| format!("{place}: ")).unwrap_or_default();
    let also = match group.findings.len() {
        0 | 1 => String::new(),
        more => format!(" (and {} more)", more - 1),
    };
    let mark = pen.mark(is_unverifiable(first));
    let text = format!("{place}{doubt}{}{also}", escape::line(&first.message));
    pen.hanging(&format!("{mark} {rule}"), &text);
    let number = all_consequences(&group.findings, follows).len();
    if number > 0 {
        let noun = if number == 1 { "finding follows" } else { "findings follow" };
        pen.line(&format!("      {number} {noun} from it"));
    }
}

fn same_details(left: &Finding, right: &Finding) -> bool {
    left.notes == right.notes
        && left.rests_on == right.rests_on
        && left.witness == right.witness
        && left.snippets.is_empty() == right.snippets.is_empty()
}

fn header(pen: &mut Pen, finding: &Finding, with_place: bool) {
    let mut code = pen.link(&escape::line(finding.rule), &crate::links::page_of(finding.rule));
    for (holds, word) in [
        (is_unverifiable(finding), "undecided"),
        (finding.confidence() == Confidence::Likely, "likely"),
        (finding.status == Status::Existing && pen.has_before(), "existing"),
    ] {
        if holds {
            code.push_str(" · ");
            code.push_str(word);
        }
    }
    let message = escape::line(&finding.message);
    let message = match place(finding).filter(|_| with_place) {
        Some(place) => format!("{place}: {message}"),
        None => message.into_owned(),
    };
    let documents = documents(&finding.snippets);
    let cut = pen.cut();
    let mut excerpts = documents.iter().filter_map(|snippets| {
        let text = snippets.first()?.text.as_deref()?;
        Some(Excerpt::of(text, snippets, cut))
    });
    let shown = Shown {
        code: Some(code),
        message: pen.prose_lines(&message, 4),
        severity: finding.severity,
        excerpt: excerpts.next(),
    };
    draw(pen, finding, &shown);
    for excerpt in excerpts {
        let shown =
            Shown { code: None, message: String::new(), severity: finding.severity, excerpt: Some(excerpt) };
        draw(pen, finding, &shown);
    }
}

fn draw(pen: &mut Pen, finding: &Finding, shown: &Shown) {
    let mut text = String::new();
    let handler = pen.handler(pen.mark(is_unverifiable(finding)));
    // Writing to a string cannot fail, and the excerpt has what its labels point to.
    if handler.render_report(&mut text, shown).is_err() {
        text.clone_from(&shown.message);
    }
    pen.block(text.trim_start_matches('\n'));
}

fn details(pen: &mut Pen, finding: &Finding, rest: &[&Finding], consequences: &[String]) {
    for snippet in finding.snippets.iter().filter(|snippet| snippet.text.is_none()) {
        let separator = if snippet.label.is_empty() { "" } else { ": " };
        let (name, label) = (escape::line(&snippet.name), escape::line(&snippet.label));
        pen.entry("in", &format!("{name} (sensitive: not shown){separator}{label}"));
    }
    if !rest.is_empty() {
        pen.list("also", &places(rest, pen.at_most(LISTED)));
    }
    if let (Some(_), Some(target)) = (&finding.address, &finding.target) {
        pen.entry("target", &escape::line(target));
    }
    if !finding.accounts.is_empty() {
        let shown = pen.at_most(LISTED);
        let mut accounts: Vec<_> =
            finding.accounts.iter().take(shown).map(|account| escape::line(account)).collect();
        let more = finding.accounts.len().saturating_sub(shown);
        let and_more = format!("and {more} more");
        if more > 0 {
            accounts.push(and_more.into());
        }
        pen.entry(if finding.accounts.len() == 1 { "account" } else { "accounts" }, &accounts.join(", "));
    }
    if let Some(site) = &finding.site {
        let mut lines = vec![format!("{}:{}", escape::line(&site.file), site.line)];
        lines.extend(finding.quote.as_ref().map(|quote| quoted(quote)));
        pen.list("written in", &lines);
    }
    if let Some(site) = &finding.definition {
        pen.entry("defined in", &format!("{}:{}", escape::line(&site.file), site.line));
    }
    for fact in &finding.rests_on {
        pen.entry("rests on", &escape::line(fact));
    }
    for note in &finding.notes {
        pen.entry("note", &escape::line(note));
    }
    if let Some(witness) = &finding.witness {
        pen.list("request", &request(witness));
    }
    if let Some(help) = &finding.help {
        pen.entry("help", &escape::line(help));
    }
    if !consequences.is_empty() {
        pen.list("follows", consequences);
    }
    pen.blank();
}

fn all_consequences<'f>(causes: &[&Finding], follows: &[&'f Finding]) -> Vec<&'f Finding> {
    let causes: BTreeSet<String> = causes.iter().map(|cause| cause.fingerprint()).collect();
    let is_one = |finding: &&Finding| finding.cause.as_ref().is_some_and(|cause| causes.contains(cause));
    follows.iter().copied().filter(is_one).collect()
}

/// The findings that follow from some findings, one line each up to a limit, fit to print.
pub(crate) fn consequences(causes: &[&Finding], follows: &[&Finding]) -> Vec<String> {
    let follows = all_consequences(causes, follows);
    let line = |finding: &&Finding| {
        let place = place(finding).map(|place| format!("{place}: ")).unwrap_or_default();
        format!(
            "{} {} {place}{}",
            finding.severity,
            escape::line(finding.rule),
            escape::line(&finding.message)
        )
    };
    let mut lines: Vec<String> = follows.iter().take(FOLLOWS).map(line).collect();
    if follows.len() > FOLLOWS {
        lines.push(format!("and {} more, which `--format json` lists", follows.len() - FOLLOWS));
    }
    lines
}

/// The excerpts of a finding without colors, for formats that show them in a fixed-width font.
pub(crate) fn excerpts(finding: &Finding, width: usize) -> Vec<String> {
    let style = Style::plain(width);
    let draw_one = |snippets: &Vec<&Snippet>| {
        let mut pen = Pen::new(style);
        let text = snippets.first()?.text.as_deref()?;
        let excerpt = Some(Excerpt::of(text, snippets, pen.cut()));
        draw(
            &mut pen,
            finding,
            &Shown { code: None, message: String::new(), severity: finding.severity, excerpt },
        );
        Some(escape::log(&pen.finish()))
    };
    documents(&finding.snippets).iter().filter_map(draw_one).collect()
}

/// The beginning of a line of the configuration, fit to print.
fn quoted(line: &str) -> String {
    let line = escape::line(line.trim());
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.into_owned(),
    }
}

fn places(findings: &[&Finding], listed: usize) -> Vec<String> {
    let mut places: Vec<_> = findings
        .iter()
        .map(|finding| place(finding).unwrap_or_else(|| "the organization".to_owned()))
        .collect();
    // Two statements of one document say the same of it.
    places.dedup();
    if places.len() > listed {
        let more = places.len() - listed;
        places.truncate(listed);
        places.push(format!("and {more} more"));
    }
    places
}

/// A request in a few lines, fit to print.
pub(crate) fn request(witness: &Witness) -> Vec<String> {
    let mut lines = vec![
        format!("{} on {}", escape::line(&witness.action), escape::line(&witness.resource)),
        format!("by {}", escape::line(&witness.principal)),
    ];
    for (key, value) in &witness.context {
        let value = match value {
            WitnessValue::One(value) => format!("\"{}\"", escape::line(value)),
            WitnessValue::Many(values) => {
                let values: Vec<_> =
                    values.iter().map(|value| format!("\"{}\"", escape::line(value))).collect();
                format!("[{}]", values.join(", "))
            }
        };
        lines.push(format!("with {} = {value}", escape::line(key)));
    }
    lines
}

/// The snippets whose text is known, by document, in the order of the first of each.
fn documents(snippets: &[Snippet]) -> Vec<Vec<&Snippet>> {
    let mut documents: Vec<Vec<&Snippet>> = Vec::new();
    for snippet in snippets.iter().filter(|snippet| snippet.text.is_some()) {
        let same = documents.iter_mut().find(|document| {
            document.first().is_some_and(|first| first.name == snippet.name && first.text == snippet.text)
        });
        match same {
            Some(document) => document.push(snippet),
            None => documents.push(vec![snippet]),
        }
    }
    documents
}

/// A finding as miette draws it.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) code: Option<String>,
    pub(super) message: String,
    pub(super) severity: Severity,
    pub(super) excerpt: Option<Excerpt>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display + 'a>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Critical | Severity::High => miette::Severity::Error,
            Severity::Medium => miette::Severity::Warning,
            Severity::Low | Severity::Info => miette::Severity::Advice,
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.excerpt.as_ref().map(|excerpt| Box::new(excerpt.labels()) as Box<dyn Iterator<Item = _> + '_>)
    }
}
