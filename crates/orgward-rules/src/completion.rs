//! Policy documents with holes, judged for all their completions.
//!
//! Rules see documents without holes. Where an organization has documents that can be completed in more than one way,
//! every rule runs twice: with each of them at its most permissive, which is the worst for every exposure and the
//! weakest as a protection, and with each at its most restrictive. What both runs find is found; what one of them
//! finds depends on the holes, and is reported as such. So no completion makes anything safe that another makes
//! unsafe.

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Finding, Verdict, Witness, WitnessValue};
use orgward_org::{Completion, Hole, Organization};

use crate::engine::Accesses;
use crate::{Context, Rule};

/// Runs rules on all completions. No finding has a symbol in it.
pub(crate) fn run(
    rules: &[&Rule],
    context: &Context<'_>,
    judge: fn(&[&Rule], &Context<'_>) -> Vec<Finding>,
) -> Vec<Finding> {
    let whole = context.before.open_documents().is_empty() && context.after.open_documents().is_empty();
    let mut findings = if whole { judge(rules, context) } else { both(rules, context, judge) };
    for finding in &mut findings {
        read_out(finding, context.after);
    }
    findings
}

fn both(
    rules: &[&Rule],
    context: &Context<'_>,
    judge: fn(&[&Rule], &Context<'_>) -> Vec<Finding>,
) -> Vec<Finding> {
    let completed = |completion| {
        let (before, after) = (context.before.completed(completion), context.after.completed(completion));
        let accesses = Accesses::default();
        let (before, after) = (&before, &after);
        let accesses = &accesses;
        let Context { config, doubts, proofs, kind, guardrails_only, events, documents, .. } = *context;
        let context = Context {
            before,
            after,
            config,
            doubts,
            proofs,
            kind,
            guardrails_only,
            accesses,
            events,
            documents,
        };
        judge(rules, &context)
    };
    let permissive = completed(Completion::Permissive);
    let restrictive = completed(Completion::Restrictive);
    let in_restrictive: BTreeSet<String> = restrictive.iter().map(Finding::identity).collect();
    let in_permissive: BTreeSet<String> = permissive.iter().map(Finding::identity).collect();
    let severities: BTreeMap<&str, _> = rules
        .iter()
        .map(|rule| (rule.info.id, context.config.unverifiable.unwrap_or(rule.info.unverifiable)))
        .collect();
    let reasons = reasons(context.after);
    let mut findings = Vec::new();
    for mut finding in permissive {
        if !in_restrictive.contains(&finding.identity()) {
            depends(&mut finding, &reasons, &severities);
        }
        findings.push(finding);
    }
    // What both runs find is found once.
    for mut finding in restrictive {
        if !in_permissive.contains(&finding.identity()) {
            depends(&mut finding, &reasons, &severities);
            findings.push(finding);
        }
    }
    findings
}

/// Turns a finding that only some completions have into one that says so.
fn depends(
    finding: &mut Finding,
    reasons: &[Reason],
    severities: &BTreeMap<&str, orgward_finding::Severity>,
) {
    if finding.verdict == Verdict::Found {
        finding.verdict = Verdict::Unverifiable;
        finding.message = format!("depends on what is unknown until apply: {}", finding.message);
        if let Some(severity) = severities.get(finding.rule) {
            finding.severity = *severity;
        }
    }
    // The holes of the documents that the finding shows, or all of them where it shows none.
    let shown: Vec<&Reason> = reasons.iter().filter(|reason| reason.is_shown_by(finding)).collect();
    let told: Vec<&Reason> = if shown.is_empty() { reasons.iter().collect() } else { shown };
    for reason in told {
        if !finding.notes.contains(&reason.text) {
            finding.notes.push(reason.text.clone());
        }
    }
}

/// Why a document cannot be completed in one way only.
struct Reason {
    document: String,
    address: Option<String>,
    text: String,
}

impl Reason {
    fn is_shown_by(&self, finding: &Finding) -> bool {
        let about = finding.address.as_ref().map(orgward_plan::Address::as_str);
        finding.snippets.iter().any(|snippet| *snippet.name == *self.document)
            || (about.is_some() && about == self.address.as_deref())
    }
}

fn reasons(organization: &Organization) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for (address, document) in organization.documents() {
        if document.completed(Completion::Permissive).is_none() {
            continue;
        }
        let mut holes: Vec<String> = document.open_holes().map(Hole::title).collect();
        holes.sort();
        holes.dedup();
        reasons.push(Reason {
            document: document.name.to_string(),
            address: address.map(ToString::to_string),
            text: format!("`{}` waits for {}", document.name, holes.join(", ")),
        });
    }
    reasons
}

/// Replaces symbols by what they stand for, wherever a reader can see them.
fn read_out(finding: &mut Finding, organization: &Organization) {
    let read = |text: &mut String| {
        let render = organization.render(text);
        if render != *text {
            *text = render;
        }
    };
    read(&mut finding.message);
    read(&mut finding.subject);
    finding.help.iter_mut().for_each(read);
    finding.notes.iter_mut().for_each(read);
    finding.rests_on.iter_mut().for_each(read);
    finding.accounts.iter_mut().for_each(read);
    finding.target.iter_mut().for_each(read);
    finding.snippets.iter_mut().for_each(|snippet| read(&mut snippet.label));
    if let Some(Witness { principal, resource, context, .. }) = &mut finding.witness {
        read(principal);
        read(resource);
        for (_, value) in context {
            match value {
                WitnessValue::One(text) => read(text),
                WitnessValue::Many(texts) => texts.iter_mut().for_each(read),
            }
        }
    }
}
