//! For programs. `docs/json.md` documents every key; what is there stays there while `schema` is 1.

use std::collections::BTreeMap;

use orgward_finding::{
    ConfigurationFile, ConfigurationInEffect, Finding, GuardrailState, Input, Outcome, Review, ReviewKind,
    RuleInfo, Severity, Site, Snippet, Status, Verdict, Waived, Witness, WitnessValue,
};
use serde::Serialize;

use crate::access::ChangeJson;
use crate::changes::ChangeView;
use crate::escape;
use crate::position::{Position, clamp};
use crate::shard::Part;

/// The version of the shape.
pub(crate) const SCHEMA: u32 = 1;

/// Writes a review for programs.
///
/// Of `rules`, those that found something are described along with the findings.
pub fn json(review: &Review, rules: &[&RuleInfo]) -> String {
    written(review, rules, None)
}

/// Writes a review, or a part of one.
pub(crate) fn written(review: &Review, rules: &[&RuleInfo], part: Option<&Part>) -> String {
    let shape = ReviewJson { shard: part, ..ReviewJson::of(review, rules) };
    // Strings, numbers and lists always make JSON.
    let text = serde_json::to_string_pretty(&shape).unwrap_or_default();
    let mut text = escape::json(&text);
    text.push('\n');
    text
}

#[derive(Serialize)]
struct ReviewJson<'r> {
    schema: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    verdict: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    incomplete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<&'r Part>,
    gate: GateJson,
    summary: SummaryJson,
    inputs: Vec<InputJson<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration: Option<ConfigurationJson<'r>>,
    rules: Vec<RuleJson>,
    findings: Vec<FindingJson<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<ChangeView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<ChangeJson<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    guardrails: Vec<GuardrailJson<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gone: Vec<GoneJson<'r>>,
}

/// What the review was judged by.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfigurationJson<'r> {
    files: Vec<FileJson<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<Vec<FileJson<'r>>>,
    #[serde(skip_serializing_if = "is_empty")]
    lets_pass: &'r [String],
}

#[derive(Serialize)]
struct FileJson<'r> {
    name: &'r str,
    digest: &'r str,
}

impl<'r> ConfigurationJson<'r> {
    fn of(configuration: &'r ConfigurationInEffect) -> Option<Self> {
        let files = |files: &'r [ConfigurationFile]| -> Vec<FileJson<'r>> {
            files.iter().map(|file| FileJson { name: &file.name, digest: &file.digest }).collect()
        };
        (*configuration != ConfigurationInEffect::default()).then(|| Self {
            files: files(&configuration.files),
            base: configuration.base.as_deref().map(files),
            lets_pass: &configuration.lets_pass,
        })
    }
}

/// Whether a guardrail holds.
#[derive(Serialize)]
struct GuardrailJson<'r> {
    id: &'r str,
    proof: &'static str,
    #[serde(skip_serializing_if = "is_empty")]
    accounts: &'r [String],
}

impl<'r> GuardrailJson<'r> {
    fn of(state: &'r GuardrailState) -> Self {
        Self { id: &state.id, proof: state.proof.as_str(), accounts: &state.accounts }
    }
}

/// What the baseline lists for nothing.
#[derive(Serialize)]
struct GoneJson<'r> {
    rule: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'r str>,
    fingerprint: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GateJson {
    fail_on: &'static str,
    existing: bool,
    allow_incomplete: bool,
}

#[derive(Serialize)]
struct SummaryJson {
    accounts: usize,
    principals: usize,
    policies: usize,
    blocking: usize,
    unverifiable: usize,
    new: BTreeMap<&'static str, usize>,
    existing: BTreeMap<&'static str, usize>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    baseline: BTreeMap<&'static str, usize>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    waived: BTreeMap<&'static str, usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InputJson<'r> {
    name: &'r str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack: Option<&'r str>,
    #[serde(skip_serializing_if = "is_false")]
    context: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    terraform_version: Option<&'r str>,
    resources: usize,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    unread: &'r BTreeMap<String, usize>,
    #[serde(skip_serializing_if = "is_empty")]
    doubts: &'r [String],
}

#[derive(Serialize)]
struct RuleJson {
    id: &'static str,
    summary: &'static str,
    page: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingJson<'r> {
    rule: &'static str,
    severity: &'static str,
    status: &'static str,
    verdict: &'static str,
    confidence: &'static str,
    blocks: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'r str>,
    #[serde(skip_serializing_if = "is_empty")]
    accounts: &'r [String],
    message: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'r str>,
    #[serde(skip_serializing_if = "is_empty")]
    notes: &'r [String],
    #[serde(skip_serializing_if = "is_empty")]
    rests_on: &'r [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<WitnessJson<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    denied_call: Option<DeniedCallJson<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<SiteJson<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<SiteJson<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    snippets: Vec<SnippetJson<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiver: Option<WaiverJson<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'r str>,
    fingerprint: String,
}

#[derive(Serialize)]
struct DeniedCallJson<'r> {
    resources: Vec<&'r str>,
    action: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'r str>,
    by: &'r str,
}

#[derive(Serialize)]
struct WitnessJson<'r> {
    principal: &'r str,
    action: &'r str,
    resource: &'r str,
    context: BTreeMap<&'r str, ValueJson<'r>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ValueJson<'r> {
    One(&'r str),
    Many(&'r [String]),
}

#[derive(Serialize)]
struct WaiverJson<'r> {
    owner: &'r str,
    reason: &'r str,
    until: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approver: Option<&'r str>,
    origin: &'r str,
}

#[derive(Serialize)]
struct SiteJson<'r> {
    file: &'r str,
    line: usize,
}

#[derive(Serialize)]
struct SnippetJson<'r> {
    name: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'r str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    place: Option<PlaceJson>,
    label: &'r str,
}

/// Only where there is a text: of a sensitive one, not even lengths are shown.
#[derive(Serialize)]
struct PlaceJson {
    start: usize,
    end: usize,
    line: usize,
    column: usize,
}

impl<'r> ReviewJson<'r> {
    fn of(review: &'r Review, rules: &[&RuleInfo]) -> Self {
        let outcome = review.outcome();
        let mut fired: Vec<_> = rules
            .iter()
            .filter(|rule| review.findings.iter().any(|finding| finding.rule == rule.id))
            .map(|rule| RuleJson { id: rule.id, summary: rule.summary, page: rule.page() })
            .collect();
        fired.sort_by_key(|rule| rule.id);
        Self {
            schema: SCHEMA,
            kind: (review.kind != ReviewKind::Plan).then(|| review.kind.as_str()),
            verdict: if outcome == Outcome::Clean { "clean" } else { "blocked" },
            incomplete: outcome == Outcome::Incomplete,
            stack: review.stack.as_deref(),
            shard: None,
            gate: GateJson {
                fail_on: review.gate.fail_on.map_or("never", Severity::as_str),
                existing: review.gate.existing,
                allow_incomplete: review.allow_incomplete,
            },
            summary: SummaryJson::of(review),
            inputs: review.inputs.iter().map(InputJson::of).collect(),
            configuration: ConfigurationJson::of(&review.configuration),
            rules: fired,
            findings: review.findings.iter().map(|finding| FindingJson::of(review, finding)).collect(),
            changes: review.changes.iter().map(ChangeView::from).collect(),
            access: (!review.access.is_empty()).then(|| ChangeJson::of(&review.access, false)),
            guardrails: review.guardrails.iter().map(GuardrailJson::of).collect(),
            gone: review
                .gone
                .iter()
                .map(|gone| GoneJson {
                    rule: &gone.rule,
                    place: gone.place.as_deref(),
                    fingerprint: &gone.fingerprint,
                })
                .collect(),
        }
    }
}

impl SummaryJson {
    fn of(review: &Review) -> Self {
        let count = |status| {
            let findings = || review.findings.iter().filter(move |finding| finding.status == status);
            Severity::ALL
                .into_iter()
                .map(|severity| {
                    (severity.as_str(), findings().filter(|finding| finding.severity == severity).count())
                })
                .filter(|(_, count)| *count > 0)
                .collect()
        };
        let unverifiable = |finding: &&Finding| finding.verdict == Verdict::Unverifiable;
        Self {
            accounts: review.accounts,
            principals: review.principals,
            policies: review.policies,
            blocking: review.findings.iter().filter(|finding| review.blocks(finding)).count(),
            unverifiable: review.findings.iter().filter(unverifiable).count(),
            new: count(Status::New),
            existing: count(Status::Existing),
            baseline: count(Status::Baseline),
            waived: count(Status::Waived),
        }
    }
}

impl<'r> InputJson<'r> {
    fn of(input: &'r Input) -> Self {
        Self {
            name: &input.name,
            kind: input.kind,
            stack: input.stack.as_deref(),
            context: input.is_context,
            terraform_version: input.terraform_version.as_deref(),
            resources: input.resources,
            unread: &input.unread,
            doubts: &input.doubts,
        }
    }
}

impl<'r> FindingJson<'r> {
    fn of(review: &Review, finding: &'r Finding) -> Self {
        Self {
            rule: finding.rule,
            severity: finding.severity.as_str(),
            status: finding.status.as_str(),
            verdict: match finding.verdict {
                Verdict::Found => "found",
                Verdict::Unverifiable => "unverifiable",
            },
            confidence: finding.confidence().as_str(),
            blocks: review.blocks(finding),
            address: address(finding),
            input: finding.input.as_deref(),
            target: finding.target.as_deref(),
            accounts: &finding.accounts,
            message: &finding.message,
            help: finding.help.as_deref(),
            notes: &finding.notes,
            rests_on: &finding.rests_on,
            witness: finding.witness.as_ref().map(WitnessJson::of),
            denied_call: finding.denied.as_ref().map(DeniedCallJson::of),
            site: finding.site.as_ref().map(SiteJson::of),
            definition: finding.definition.as_ref().map(SiteJson::of),
            snippets: finding.snippets.iter().map(SnippetJson::of).collect(),
            waiver: finding.waived.as_ref().map(WaiverJson::of),
            cause: finding.cause.as_deref(),
            fingerprint: finding.fingerprint(),
        }
    }
}

impl<'r> DeniedCallJson<'r> {
    fn of(denied: &'r orgward_finding::DeniedCall) -> Self {
        Self {
            resources: denied.resources.iter().map(orgward_finding::Address::as_str).collect(),
            action: &denied.action,
            region: denied.region.as_deref(),
            by: &denied.by,
        }
    }
}

impl<'r> SiteJson<'r> {
    fn of(site: &'r Site) -> Self {
        Self { file: &site.file, line: site.line }
    }
}

impl<'r> WaiverJson<'r> {
    fn of(waived: &'r Waived) -> Self {
        Self {
            owner: &waived.owner,
            reason: &waived.reason,
            until: &waived.until,
            ticket: waived.ticket.as_deref(),
            approver: waived.approver.as_deref(),
            origin: &waived.origin,
        }
    }
}

impl<'r> WitnessJson<'r> {
    fn of(witness: &'r Witness) -> Self {
        let context = witness.context.iter().map(|(key, value)| {
            let value = match value {
                WitnessValue::One(value) => ValueJson::One(value),
                WitnessValue::Many(values) => ValueJson::Many(values),
            };
            (key.as_str(), value)
        });
        Self {
            principal: &witness.principal,
            action: &witness.action,
            resource: &witness.resource,
            context: context.collect(),
        }
    }
}

impl<'r> SnippetJson<'r> {
    fn of(snippet: &'r Snippet) -> Self {
        let text = snippet.text.as_deref();
        let place = text.map(|text| {
            let span = clamp(text, &snippet.span);
            let Position { line, column } = Position::of(text, span.start);
            PlaceJson { start: span.start, end: span.end, line, column }
        });
        Self { name: &snippet.name, text, place, label: &snippet.label }
    }
}

fn address(finding: &Finding) -> Option<&str> {
    Some(finding.address.as_ref()?.as_str())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_false(value: &bool) -> bool {
    !value
}

fn is_empty(values: &[String]) -> bool {
    values.is_empty()
}

#[cfg(test)]
mod tests;
