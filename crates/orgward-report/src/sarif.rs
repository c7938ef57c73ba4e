//! SARIF 2.1.0, for code scanning. Limits are GitHub's: 5,000 results are kept of a run, 10 MB and 20 runs are taken.

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Finding, Outcome, Review, RuleInfo, Severity, Status};
use serde_json::{Value, json};

use crate::place::{Located, locate, place};
use crate::terminal::finding::request;
use crate::terminal::{summary, waiver};
use crate::{configuration, escape, links, place};

/// Results that GitHub keeps.
const RESULTS: usize = 5_000;
/// Runs that GitHub takes in one file.
const RUNS: usize = 20;
/// Accounts that one result names.
const ACCOUNTS: usize = 50;

/// Writes a review as SARIF: new findings first, worst first.
///
/// All `rules` are listed, so that code scanning can tell a rule that finds nothing from one that did not run.
pub fn sarif(review: &Review, rules: &[&RuleInfo]) -> String {
    let runs: Vec<Value> = categories(review).iter().map(|category| run(review, category, rules)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": runs,
    });
    // Strings, numbers and lists always make JSON.
    let mut text = escape::json(&serde_json::to_string_pretty(&log).unwrap_or_default());
    text.push('\n');
    text
}

/// The alerts of one stack: an upload closes the alerts of its category that it no longer has, and no others.
struct Category<'r> {
    /// What it is called, with `/` at its end.
    id: String,
    /// Its findings, new ones first, worst first.
    findings: Vec<&'r Finding>,
}

/// A category for each stack, also for one without findings, and one for what is about the organization as a whole.
/// A single stack has all findings.
fn categories(review: &Review) -> Vec<Category<'_>> {
    let mut findings: Vec<&Finding> = review.findings.iter().collect();
    findings.sort_by_key(|finding| finding.status);
    let whole = |stack: Option<&str>, findings| vec![Category { id: category(stack), findings }];
    if review.stack.is_some() {
        return whole(review.stack.as_deref(), findings);
    }
    let stacks: BTreeMap<&str, Option<&str>> = review
        .inputs
        .iter()
        .filter(|input| !input.is_context)
        .map(|input| (input.name.as_str(), input.stack.as_deref()))
        .collect();
    let distinct: BTreeSet<Option<&str>> = stacks.values().copied().collect();
    match distinct.first() {
        Some(only) if distinct.len() == 1 => return whole(*only, findings),
        _ if distinct.len() >= RUNS => return whole(None, findings),
        _ => {}
    }
    let mut parts: BTreeMap<Option<&str>, Vec<&Finding>> =
        distinct.into_iter().chain([None]).map(|stack| (stack, Vec::new())).collect();
    for finding in findings {
        let stack = finding.input.as_deref().and_then(|input| stacks.get(input).copied().flatten());
        parts.entry(stack).or_default().push(finding);
    }
    parts.into_iter().map(|(stack, findings)| Category { id: category(stack), findings }).collect()
}

fn category(stack: Option<&str>) -> String {
    match stack.map(|stack| stack.trim_matches('/')).filter(|stack| !matches!(*stack, "" | ".")) {
        Some(stack) => format!("orgward/{}/", place::cut(stack)),
        None => "orgward/".to_owned(),
    }
}

fn run(review: &Review, category: &Category<'_>, rules: &[&RuleInfo]) -> Value {
    let left_out = category.findings.len().saturating_sub(RESULTS);
    // Two findings of a category never have one fingerprint, even where two plans of one folder are reviewed.
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let results: Vec<Value> = category
        .findings
        .iter()
        .take(RESULTS)
        .map(|finding| {
            let fingerprint = finding.fingerprint_in_stack();
            let number = seen.entry(fingerprint.clone()).or_default();
            *number += 1;
            result(review, finding, rules, &format!("{fingerprint}:{number}"))
        })
        .collect();
    let (word, rest) = summary::sentence(review);
    let mut notifications = vec![note(&format!("{word}: {rest}"))];
    if left_out > 0 {
        notifications
            .push(note(&format!("{left_out} further findings are left out: code scanning keeps {RESULTS}")));
    }
    notifications.extend(configuration::sentence(review).map(|sentence| note(&sentence)));
    for gone in &review.gone {
        let place = gone.place.as_deref().unwrap_or("the organization");
        notifications.push(note(&format!("in the baseline and no longer there: {} ({place})", gone.rule)));
    }
    json!({
        "tool": { "driver": {
            "name": "orgward",
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "rules": rules.iter().map(|rule| rule_of(rule)).collect::<Vec<_>>(),
        } },
        "automationDetails": { "id": category.id },
        "columnKind": "unicodeCodePoints",
        "invocations": [{
            // Whether it could be checked, not whether it passed.
            "executionSuccessful": review.outcome() != Outcome::Incomplete,
            "toolExecutionNotifications": notifications,
        }],
        "results": results,
    })
}

fn note(text: &str) -> Value {
    json!({ "level": "note", "message": { "text": plain(&place::cut(text)) } })
}

fn rule_of(rule: &RuleInfo) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.summary },
        "helpUri": links::page(rule),
        "help": { "text": format!("{}: see {}", rule.summary, links::page(rule)), "markdown": rule.docs.trim() },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "security-severity": score(rule.severity), "tags": ["security", "governance"] },
    })
}

/// A result. `alert` is what code scanning tells alerts apart by, together with the rule and the file: without it, the
/// hash of the line would be taken, and an alert would be closed and opened again when the line changes.
fn result(review: &Review, finding: &Finding, rules: &[&RuleInfo], alert: &str) -> Value {
    let located = locate(review, finding);
    let mut text = format!("{}: {}", place(finding), finding.message);
    if let Some(witness) = &finding.witness {
        text.push_str(&format_args!("\nrequest: {}", request(witness).join(" ")).to_string());
    }
    if let Some(help) = &finding.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    if matches!(located, Located::Plan(_)) {
        text.push_str(
            "\n(the line is the plan's: the file where this is written is not known; give `--source`)",
        );
    }
    let mut physical = json!({ "artifactLocation": { "uri": place::uri(located.file()) } });
    if let Some(physical) = physical.as_object_mut() {
        physical.insert("region".to_owned(), json!({ "startLine": located.line() }));
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": { "text": plain(&text) },
        "locations": [{
            "physicalLocation": physical,
            "logicalLocations": [{ "fullyQualifiedName": place::cut(&place(finding)), "kind": "resource" }],
        }],
        "partialFingerprints": { "primaryLocationLineHash": alert, "orgward/v1": finding.fingerprint() },
        "baselineState": if finding.status == Status::New { "new" } else { "unchanged" },
        "properties": {
            "status": finding.status.as_str(),
            "blocks": review.blocks(finding),
            "confidence": finding.confidence().as_str(),
            "accounts": finding.accounts.iter().take(ACCOUNTS).map(|account| place::cut(account)).collect::<Vec<_>>(),
        },
    });
    let Some(object) = result.as_object_mut() else { return result };
    if let Some(index) = rules.iter().position(|rule| rule.id == finding.rule) {
        object.insert("ruleIndex".to_owned(), json!(index));
    }
    let justification = match (&finding.waived, finding.status) {
        (Some(waived), _) => Some(format!("accepted by {}", waiver(waived))),
        (None, Status::Baseline) => Some("in the baseline".to_owned()),
        _ => None,
    };
    if let Some(justification) = justification {
        let suppression = json!({ "kind": "external", "status": "accepted", "justification": justification });
        object.insert("suppressions".to_owned(), json!([suppression]));
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// What GitHub makes its own severities of.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "1.0",
    }
}

/// Readers make links of `[text](address)`; plans must not.
fn plain(text: &str) -> String {
    text.lines().map(|line| escape::line(line).replace("](", "] (")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
