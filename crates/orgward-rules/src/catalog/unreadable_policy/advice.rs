//! What documents of principals, roles and other resources say and do not do.

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::Severity;
use orgward_iam::{Effect, Effectiveness, Gravity, Kind, Policy, Problem};
use orgward_org::{Content, Document};
use orgward_plan::Address;

use super::UNREADABLE_POLICY;
use crate::{Context, Findings};
use orgward_proof::org_policies::{source, statement_title};

/// Checks that another rule asks, decided over requests: who is let in, which roles are handed on, how long a document
/// may be.
const OF_OTHER_RULES: [&str; 26] = [
    "allow-with-notprincipal",
    "federated-principal-not-supported",
    "invalid-role-reference",
    "invalid-user-reference",
    "missing-condition-keys-for-oidc-principals",
    "missing-github-repo-condition-key",
    "missing-paired-condition-keys",
    "pass-role-with-notaction-and-notresource",
    "pass-role-with-notresource",
    "pass-role-with-star-in-action-and-notresource",
    "pass-role-with-star-in-action-and-resource",
    "pass-role-with-star-in-resource",
    "pass-role-with-star-in-resource-and-notaction",
    "policy-size-exceeds-identity-policy-quota",
    "policy-size-exceeds-rcp-quota",
    "policy-size-exceeds-resource-policy-quota",
    "policy-size-exceeds-role-trust-policy-quota",
    "policy-size-exceeds-scp-quota",
    "policy-size-near-quota",
    "recommended-condition-key-for-service-principal",
    "restrict-access-to-service-principal",
    "role-trust-policy-syntax-error-notprincipal",
    "role-trust-policy-unsupported-wildcard-in-principal",
    "specific-github-repo-and-branch-recommended",
    "unsupported-principal",
    "unsupported-wildcard-in-principal",
];

/// Reports what is wrong with a document that the plan writes and AWS takes. Policies of the organization have a rule of
/// their own, `inert-guardrail`.
pub(super) fn check(
    cx: &Context<'_>,
    address: Option<&Address>,
    document: &Document,
    findings: &mut Findings,
) {
    let Content::Policy(policy) = &document.content else { return };
    let is_of_organization = matches!(document.kind, Kind::ServiceControl | Kind::ResourceControl);
    // What will stand in a hole may be anything.
    if is_of_organization || document.open_holes().next().is_some() || !cx.documents.is_changed(document) {
        return;
    }
    let problems = cx.documents.problems(policy);
    let mut graded: BTreeMap<(Severity, &str), Vec<&Problem>> = BTreeMap::new();
    for problem in problems.iter() {
        if problem.effectiveness != Effectiveness::Refused && !OF_OTHER_RULES.contains(&problem.code) {
            let severity = severity(policy, problem);
            // Suggestions are one finding.
            let code = if severity == Severity::Info { "" } else { problem.code };
            graded.entry((severity, code)).or_default().push(problem);
        }
    }
    for ((severity, _), problems) in graded {
        report(cx, (address, document, policy), severity, &problems, findings);
    }
}

/// How bad a problem is: what makes a denial deny nothing, or a statement do more than it says, blocks; what makes an
/// allowance smaller does not, and suggestions never do.
fn severity(policy: &Policy, problem: &Problem) -> Severity {
    let statement = problem.statement.and_then(|at| policy.statements.get(at));
    let denies = statement.is_some_and(|it| it.effect.value == Effect::Deny);
    // A name that is near to none may be one that AWS has added since.
    let is_name = ["action", "condition-key", "invalid-service"].iter().any(|it| problem.code.contains(it));
    let is_certain = !is_name || problem.help.contains("did you mean");
    match (problem.gravity, problem.effectiveness) {
        (Gravity::Error, Effectiveness::Overreaching) if is_certain => Severity::Medium,
        (Gravity::Error, Effectiveness::Inert) if is_certain && denies => Severity::Medium,
        (Gravity::Error, _) => Severity::Low,
        (Gravity::SecurityWarning | Gravity::Warning, Effectiveness::Overreaching) => Severity::Low,
        (Gravity::Warning, Effectiveness::Inert) if denies => Severity::Low,
        (Gravity::SecurityWarning | Gravity::Warning | Gravity::Suggestion, _) => Severity::Info,
    }
}

fn report(
    cx: &Context<'_>,
    (address, document, policy): (Option<&Address>, &Document, &Policy),
    severity: Severity,
    problems: &[&Problem],
    findings: &mut Findings,
) {
    let Some(first) = problems.first() else { return };
    let finding = findings.report(&UNREADABLE_POLICY, address);
    finding.severity = severity;
    let codes: BTreeSet<&str> = problems.iter().map(|problem| problem.code).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    finding.subject(format!("{} {}", document.name, codes.join(" ")));
    if document.text.is_sensitive() {
        finding.says(format!("the document does not do all that it says: {}", codes.join(", ")));
        finding.help("the document is sensitive: run `orgward policy check` on it");
        return;
    }
    let statement = first.statement.and_then(|at| Some((at, policy.statements.get(at)?)));
    let place = statement.map_or(String::new(), |(at, it)| format!("statement {}: ", statement_title(at, it, false)));
    let more = match problems.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    finding.says(cx.after.render(&format!("{place}{}{more}", first.message)));
    for problem in problems.iter().take(3) {
        finding.show(&source(document), problem.span.clone(), problem.code);
    }
    finding.help(cx.after.render(&first.help));
}
