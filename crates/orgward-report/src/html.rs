//! A page for a browser: one file that loads nothing, to keep as an artifact of a job. Without scripts it folds, filters
//! and links; its one script adds a search, and the page says which by its digest.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use orgward_finding::{
    BaselineEntry, Finding, Outcome, Proof, Review, ReviewKind, RuleInfo, Severity, Status,
};

use self::finding::{article, by_rule, entry, folded, list, prose, severity};

use crate::access::Tense;
use crate::changes::{ChangeView, more_causes};
use crate::denied::{DeniedRow, denied_calls_html};
use crate::terminal::finding::groups;
use crate::terminal::summary;
use crate::unread::Unread;
use crate::{configuration, escape};

mod finding;

/// Lines about access that are shown.
const LISTED: usize = 200;
/// Findings of a section that are shown in full; more of them are a line each, folded by rule.
const UNFOLDED: usize = 25;
/// A page shows what a plan says, so it loads nothing and runs nothing but its own script, which has this digest.
const POLICY: &str = concat!(
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-",
    "Pd+bxrvZKloi7TnBe0rPj+kwLouMguOJzlN1rk5LOxg=",
    "'"
);
const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/search.js");

/// Writes a review as a page of HTML: the verdict, then all findings, the worst first; those that do not count are
/// folded.
pub fn html_page(review: &Review, rules: &[&RuleInfo]) -> String {
    let (word, rest) = summary::sentence(review);
    let of = |status| -> Vec<&Finding> {
        review.findings.iter().filter(|finding| finding.status == status).collect()
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "orgward: " (word) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header class=(outcome(review.outcome())) {
                    h1 { "orgward: " (word) }
                    p { (escape::line(&rest)) }
                    (doubts(review))
                }
                (contents(review, rules))
                main {
                    (denied(review))
                    (guardrails(review))
                    (denials(review))
                    (access(review))
                    @for (status, title) in sections(review.kind) {
                        @let open = match status {
                            Status::New => true,
                            Status::Existing => review.gate.existing,
                            Status::Baseline | Status::Waived => false,
                        };
                        (section(status, title, &of(status), rules, open))
                    }
                    (gone(&review.gone))
                }
                footer { (footer(review)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}

/// The sections of findings, in their order.
fn sections(kind: ReviewKind) -> [(Status, &'static str); 4] {
    let (new, existing) = summary::headings(kind);
    [
        (Status::New, new),
        (Status::Existing, existing),
        (Status::Baseline, "in the baseline"),
        (Status::Waived, "waived"),
    ]
}

/// What there is: severities to show and hide, a search, and links to the sections and to the first finding of each rule.
fn contents(review: &Review, rules: &[&RuleInfo]) -> Markup {
    let count = |severity| review.findings.iter().filter(|finding| finding.severity == severity).count();
    let mut listed: Vec<(&str, usize, &Finding)> = Vec::new();
    for finding in &review.findings {
        match listed.iter_mut().find(|(rule, _, _)| *rule == finding.rule) {
            Some((_, number, _)) => *number += 1,
            None => listed.push((finding.rule, 1, finding)),
        }
    }
    let summary = |id: &str| rules.iter().find(|rule| rule.id == id).map_or("", |rule| rule.summary);
    html! {
        @if review.findings.len() > 1 {
            nav {
                p.filter {
                    @for severity in Severity::ALL.into_iter().rev().filter(|severity| count(*severity) > 0) {
                        @let id = format!("show-{severity}");
                        input type="checkbox" id=(id) checked;
                        label for=(id) { (severity) " (" (count(severity)) ")" }
                        " "
                    }
                }
                // The script shows it. Without scripts, the browser's own search also looks into what is folded.
                p.search hidden {
                    input type="search" id="search" placeholder="Search findings" aria-label="Search findings";
                    " "
                    output id="matches" for="search" {}
                }
                p.sections {
                    @if !review.changes.is_empty() {
                        a href="#changes" { "what changes (" (review.changes.len()) ")" }
                        " "
                    }
                    @if !review.access.is_empty() {
                        a href="#access" { "access (" (crate::access::lines(&review.access, Tense::of(review.kind)).len()) ")" }
                        " "
                    }
                    @for (status, title) in sections(review.kind) {
                        @let number = review.findings.iter().filter(|finding| finding.status == status).count();
                        @if number > 0 {
                            a href={ "#" (anchor(status)) } { (title) " (" (number) ")" }
                            " "
                        }
                    }
                }
                ul {
                    @for (rule, number, first) in &listed {
                        li class=(severity(first.severity)) {
                            a href={ "#" (first.fingerprint()) } { (rule) } " (" (number) ") " (summary(rule))
                        }
                    }
                }
            }
        }
    }
}

/// The calls of the apply that AWS denies.
fn denied(review: &Review) -> Markup {
    let new = review.findings.iter().filter(|finding| finding.status == Status::New);
    let rows: Vec<_> = new.filter_map(DeniedRow::of).collect();
    denied_calls_html(&rows, prose)
}

/// What organization policies deny from now on, and no more.
fn denials(review: &Review) -> Markup {
    let changes: Vec<ChangeView> = review.changes.iter().map(ChangeView::from).collect();
    html! {
        @if !changes.is_empty() {
            details.status open {
                summary { h2 id="changes" { "what changes (" (changes.len()) ")" } }
                @for change in &changes {
                    h3 { (escape::line(&change.title())) }
                    ul {
                        @for side in change.sides() {
                            li {
                                strong { (side.label) } " by " (escape::line(&change.policy_type)) "s: " (prose(&side.what))
                                @for cause in side.causes.0 {
                                    br;
                                    "because " (prose(&cause.what))
                                    @if let Some(site) = &cause.site {
                                        " (" code { (escape::line(&site.file)) ":" (site.line) } ")"
                                    }
                                }
                                @if let Some(more) = more_causes(side.causes.1) { br; "and " (more) }
                                @if !side.requests.services.is_empty() {
                                    details {
                                        summary { "the actions" }
                                        ul {
                                            @for service in &side.requests.services { li { (prose(&service.words())) } }
                                        }
                                    }
                                }
                            }
                        }
                        @for reason in &change.undecided { li { strong { "undecided" } ": " (prose(reason)) } }
                    }
                }
            }
        }
    }
}

/// The guardrails of an audit, and whether they hold.
fn guardrails(review: &Review) -> Markup {
    let states = &review.guardrails;
    let holding = states.iter().filter(|it| it.proof == Proof::Holds).count();
    html! {
        @if !states.is_empty() {
            details.status open {
                summary { h2 { "guardrails (" (holding) " of " (states.len()) " hold)" } }
                dl {
                    @for state in states {
                        (entry(state.proof.as_str(), &html! {
                            code { (escape::line(&state.id)) }
                            @if let Some(text) = &state.description { ": " (prose(text)) }
                            @if !state.accounts.is_empty() {
                                br;
                                (list(state.accounts.iter().map(|it| html! { code { (escape::line(it)) } })))
                            }
                        }))
                    }
                }
            }
        }
    }
}

/// Who can do more or less than before.
fn access(review: &Review) -> Markup {
    let lines = crate::access::lines(&review.access, Tense::of(review.kind));
    html! {
        @if !lines.is_empty() {
            details.status open[review.kind != ReviewKind::Audit] {
                summary { h2 id="access" { "access (" (lines.len()) ")" } }
                ul { @for line in lines.iter().take(LISTED) { li { code { (escape::line(line)) } } } }
                @if lines.len() > LISTED { p { "and " (lines.len() - LISTED) " more" } }
            }
        }
    }
}

fn doubts(review: &Review) -> Markup {
    html! {
        @for input in review.inputs.iter().filter(|input| !input.doubts.is_empty()) {
            p { code { (escape::line(&input.name)) } " is incomplete:" }
            ul { @for doubt in &input.doubts { li { (escape::line(doubt)) } } }
        }
    }
}

fn section(status: Status, title: &str, findings: &[&Finding], rules: &[&RuleInfo], open: bool) -> Markup {
    html! {
        @if !findings.is_empty() {
            details.status open[open] {
                summary { h2 id=(anchor(status)) { (title) " (" (findings.len()) ")" } }
                @let groups = groups(findings);
                @if groups.len() <= UNFOLDED {
                    @for group in &groups { (article(group, rules, true)) }
                } @else {
                    @for (id, groups) in by_rule(&groups) { (folded(id, &groups, rules)) }
                }
            }
        }
    }
}

fn anchor(status: Status) -> &'static str {
    match status {
        Status::New => "new",
        Status::Existing => "existing",
        Status::Baseline => "baseline",
        Status::Waived => "waived",
    }
}

fn gone(entries: &[BaselineEntry]) -> Markup {
    html! {
        @if !entries.is_empty() {
            details.status {
                summary { h2 { "in the baseline and no longer there (" (entries.len()) ")" } }
                ul {
                    @for entry in entries {
                        li {
                            (escape::line(&entry.rule)) " "
                            code { (escape::line(entry.place.as_deref().unwrap_or("the organization"))) }
                        }
                    }
                }
            }
        }
    }
}

fn footer(review: &Review) -> Markup {
    html! {
        "reviewed "
        (list(review.inputs.iter().map(|input| html! { code { (escape::line(&input.name)) } })))
        ": " (review.accounts) " accounts, " (review.principals) " principals, " (review.policies) " policies"
        @if let Some(unread) = Unread::of(review.inputs.iter().map(|input| &input.unread)) {
            br;
            (prose(&unread.sentence(|kind| format!("`{kind}`"))))
        }
        @if let Some(sentence) = configuration::sentence(review) {
            br;
            (escape::line(&sentence))
        }
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Blocked => "blocked",
        Outcome::Incomplete => "incomplete",
        Outcome::Clean => "clean",
    }
}

#[cfg(test)]
mod tests;
