//! A page for a browser: one file without scripts, fonts or pictures from elsewhere, to keep as an artifact of a job.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use orgward_finding::{
    Address, BaselineEntry, Finding, Outcome, Proof, Review, ReviewKind, RuleInfo, Severity, Status, Verdict,
    Waived,
};

use crate::access::Tense;
use crate::changes::{ChangeView, more_causes};
use crate::denied::{DeniedRow, denied_calls_html};
use crate::terminal::finding::{Group, excerpts, groups, request};
use crate::terminal::{summary, waiver};
use crate::{configuration, escape, links};

/// How wide excerpts are, in characters.
const WIDTH: usize = 110;
/// Places and accounts that are spelled out.
const LISTED: usize = 200;
/// Findings of a section that are shown at once; more of them are folded by rule.
const UNFOLDED: usize = 25;
/// Nothing of the page may load or run anything: it shows what a plan says.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";
const STYLE: &str = include_str!("html/style.css");

/// Writes a review as a page of HTML: the verdict, then all findings, the worst first; those that do not count are
/// folded.
pub fn html_page(review: &Review, rules: &[&RuleInfo]) -> String {
    let (word, rest) = summary::sentence(review);
    let (new, existing) = summary::headings(review.kind);
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
                    (section(new, &of(Status::New), rules, true))
                    (denials(review))
                    (access(review))
                    (section(existing, &of(Status::Existing), rules, review.gate.existing))
                    (section("in the baseline", &of(Status::Baseline), rules, false))
                    (section("waived", &of(Status::Waived), rules, false))
                    (gone(&review.gone))
                }
                footer { (footer(review)) }
            }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}

/// What there is: severities to show and hide, and the rules with links to the first finding of each.
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
                summary { h2 { "access (" (lines.len()) ")" } }
                ul { @for line in lines.iter().take(LISTED) { li { code { (escape::line(line)) } } } }
                @if lines.len() > LISTED { p { "and " (lines.len() - LISTED) " more" } }
            }
        }
    }
}

fn doubts(review: &Review) -> Markup {
    html! {
        @for input in review.inputs.iter().filter(|input| !input.doubts.is_empty()) {
            p { code { (escape::line(&input.name)) } " does not tell the whole story:" }
            ul { @for doubt in &input.doubts { li { (escape::line(doubt)) } } }
        }
    }
}

fn section(title: &str, findings: &[&Finding], rules: &[&RuleInfo], open: bool) -> Markup {
    html! {
        @if !findings.is_empty() {
            details.status open[open] {
                summary { h2 { (title) " (" (findings.len()) ")" } }
                @let groups = groups(findings);
                @if groups.len() <= UNFOLDED {
                    @for group in &groups { (article(group, rules)) }
                } @else {
                    @for (id, groups) in by_rule(&groups) { (folded(id, &groups, rules)) }
                }
            }
        }
    }
}

/// Groups by their rules, in the order of the first of each.
fn by_rule<'g, 'f>(groups: &'g [Group<'f>]) -> Vec<(&'f str, Vec<&'g Group<'f>>)> {
    let mut found: Vec<(&str, Vec<&Group<'_>>)> = Vec::new();
    for group in groups {
        let Some(first) = group.findings.first() else { continue };
        match found.iter_mut().find(|(rule, _)| *rule == first.rule) {
            Some((_, same)) => same.push(group),
            None => found.push((first.rule, vec![group])),
        }
    }
    found
}

/// The findings of a rule, where there are too many to show all.
fn folded(id: &str, groups: &[&Group<'_>], rules: &[&RuleInfo]) -> Markup {
    let worst = groups.iter().filter_map(|group| group.findings.first()).map(|it| it.severity).max();
    let number: usize = groups.iter().map(|group| group.findings.len()).sum();
    html! {
        details.rule {
            summary { (worst.map_or("", severity)) " " (id) " (" (number) ")" }
            @for group in groups { (article(group, rules)) }
        }
    }
}

/// A finding in full; of those that say the same the first, with the places of the others.
fn article(group: &Group<'_>, rules: &[&RuleInfo]) -> Markup {
    let Some((first, others)) = group.findings.split_first() else { return Markup::default() };
    let site = first.site.as_ref().map(|site| format!("{}:{}", escape::line(&site.file), site.line));
    html! {
        article class=(severity(first.severity)) id=(first.fingerprint()) {
            h3 {
                span.severity { (first.severity) }
                " "
                (rule(first, rules))
                @if first.verdict == Verdict::Unverifiable { " " span.mark { "cannot tell" } }
                " "
                (place(first))
            }
            p { (prose(&first.message)) }
            @for excerpt in excerpts(first, WIDTH) { pre { (excerpt) } }
            dl {
                @for snippet in first.snippets.iter().filter(|snippet| snippet.text.is_none()) {
                    (entry("in", &html! {
                        code { (escape::line(&snippet.name)) } " (sensitive: not shown): " (prose(&snippet.label))
                    }))
                }
                @if let Some(site) = site { (entry("written in", &html! { code { (site) } })) }
                @if let (Some(_), Some(target)) = (&first.address, &first.target) {
                    (entry("target", &html! { code { (escape::line(target)) } }))
                }
                @if !first.accounts.is_empty() {
                    (entry("accounts", &list(first.accounts.iter().map(|account| {
                        html! { code { (escape::line(account)) } }
                    }))))
                }
                @if !others.is_empty() {
                    (entry("also", &list(others.iter().map(|finding| place(finding)))))
                }
                @for fact in &first.rests_on { (entry("rests on", &prose(fact))) }
                @for note in &first.notes { (entry("note", &prose(note))) }
                @if let Some(witness) = &first.witness {
                    (entry("request", &html! { pre { (request(witness).join("\n")) } }))
                }
                @if let Some(waived) = &first.waived { (entry("accepted", &accepted(waived))) }
                @if let Some(help) = &first.help { (entry("help", &prose(help))) }
                (entry("fingerprint", &html! { code { (first.fingerprint()) } }))
            }
        }
    }
}

fn entry(key: &str, value: &Markup) -> Markup {
    html! { div { dt { (key) } dd { (value) } } }
}

fn list(items: impl ExactSizeIterator<Item = Markup>) -> Markup {
    let more = items.len().saturating_sub(LISTED);
    html! {
        @for (index, item) in items.take(LISTED).enumerate() {
            @if index > 0 { ", " }
            (item)
        }
        @if more > 0 { " and " (more) " more" }
    }
}

fn accepted(waived: &Waived) -> Markup {
    html! { (prose(&waiver(waived))) }
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
        @if let Some(sentence) = configuration::sentence(review) {
            br;
            (escape::line(&sentence))
        }
    }
}

fn rule(finding: &Finding, rules: &[&RuleInfo]) -> Markup {
    let page = rules.iter().find(|rule| rule.id == finding.rule).map(|rule| links::page(rule));
    html! {
        @match page {
            Some(page) => a href=(page) { (finding.rule) },
            None => (finding.rule),
        }
    }
}

fn place(finding: &Finding) -> Markup {
    let place = finding.address.as_ref().map(Address::as_str).or(finding.target.as_deref());
    html! {
        @match place {
            Some(place) => code { (escape::line(place)) },
            None => "the organization",
        }
        @if let Some(input) = &finding.input { " (" (escape::line(input)) ")" }
    }
}

/// A sentence; what stands between backticks is code.
fn prose(text: &str) -> Markup {
    let text = escape::line(text);
    let parts: Vec<&str> = text.split('`').collect();
    // An odd one out is a backtick of the plan.
    let paired = parts.len() % 2 == 1;
    html! {
        @for (index, part) in parts.iter().enumerate() {
            @if paired && index % 2 == 1 {
                code { (part) }
            } @else {
                @if !paired && index > 0 { "`" }
                (part)
            }
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

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Info => "info",
    }
}

#[cfg(test)]
mod tests;
