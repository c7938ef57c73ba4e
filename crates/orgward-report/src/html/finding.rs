//! Findings of a page: each a fold of its own, and many of them folded by rule.

use maud::{Markup, html};
use orgward_finding::{Address, Finding, RuleInfo, Severity, Verdict, Waived};

use crate::terminal::finding::{Group, excerpts, request};
use crate::terminal::waiver;
use crate::{escape, links};

/// How wide excerpts are, in characters.
const WIDTH: usize = 110;
/// Places and accounts that are shown before the rest is folded.
const LISTED: usize = 200;
/// Findings of a rule in one fold, a line each.
const PART: usize = 100;

/// Groups by their rules, in the order of the first of each.
pub(super) fn by_rule<'g, 'f>(groups: &'g [Group<'f>]) -> Vec<(&'f str, Vec<&'g Group<'f>>)> {
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

/// The findings of a rule, where there are too many to show all: a line each, a hundred in a fold.
pub(super) fn folded(id: &str, groups: &[&Group<'_>], rules: &[&RuleInfo]) -> Markup {
    let number = |groups: &[&Group<'_>]| -> usize { groups.iter().map(|group| group.findings.len()).sum() };
    let worst = groups.iter().filter_map(|group| group.findings.first()).map(|it| it.severity).max();
    html! {
        details class={ "rule " (common_severity(groups)) } {
            summary { (worst.map_or("", severity)) " " (id) " (" (number(groups)) ")" }
            @if groups.len() <= PART {
                @for group in groups { (article(group, rules, false)) }
            } @else {
                @for (at, part) in groups.chunks(PART).enumerate() {
                    details class={ "part " (common_severity(part)) } {
                        summary {
                            (at * PART + 1) "–" (at * PART + part.len())
                            @if let Some(first) = part.first().and_then(|group| group.findings.first()) {
                                ", from " (place(first))
                            }
                        }
                        @for group in part { (article(group, rules, false)) }
                    }
                }
            }
        }
    }
}

/// The severity that all groups have: a fold whose findings are all filtered out goes with them.
fn common_severity(groups: &[&Group<'_>]) -> &'static str {
    let mut all = groups.iter().flat_map(|group| &group.findings).map(|finding| finding.severity);
    let first = all.next();
    first.filter(|first| all.all(|other| other == *first)).map_or("", severity)
}

/// A finding; of those that say the same the first, with the places of the others.
pub(super) fn article(group: &Group<'_>, rules: &[&RuleInfo], open: bool) -> Markup {
    let Some((first, others)) = group.findings.split_first() else { return Markup::default() };
    let site = first.site.as_ref().map(|site| format!("{}:{}", escape::line(&site.file), site.line));
    html! {
        details class={ "finding " (severity(first.severity)) } id=(first.fingerprint()) open[open] {
            summary {
                h3 {
                    span.severity { (first.severity) }
                    " "
                    (rule(first, rules))
                    @if first.verdict == Verdict::Unverifiable { " " span.mark { "undecided" } }
                    " "
                    (place(first))
                    @if !others.is_empty() { " and " (others.len()) " more" }
                }
                @if !open { span.message { (prose(&first.message)) } }
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

pub(super) fn entry(key: &str, value: &Markup) -> Markup {
    html! { div { dt { (key) } dd { (value) } } }
}

pub(super) fn list(mut items: impl ExactSizeIterator<Item = Markup>) -> Markup {
    html! {
        @for (index, item) in items.by_ref().take(LISTED).enumerate() {
            @if index > 0 { ", " }
            (item)
        }
        @if items.len() > 0 {
            details {
                summary { "and " (items.len()) " more" }
                @for (index, item) in items.enumerate() {
                    @if index > 0 { ", " }
                    (item)
                }
            }
        }
    }
}

fn accepted(waived: &Waived) -> Markup {
    html! { (prose(&waiver(waived))) }
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
pub(super) fn prose(text: &str) -> Markup {
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

pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Info => "info",
    }
}
