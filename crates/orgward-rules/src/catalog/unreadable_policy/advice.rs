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
        (Gravity::Warning, Effectiveness::Inert) if !denies => Severity::Info,
        (Gravity::SecurityWarning | Gravity::Warning, Effectiveness::Meant | Effectiveness::Refused)
        | (Gravity::Suggestion, _) => Severity::Info,
        (Gravity::Error | Gravity::SecurityWarning | Gravity::Warning, _) => Severity::Low,
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
    let place =
        statement.map_or(String::new(), |(at, it)| format!("statement {}: ", statement_title(at, it, false)));
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

#[cfg(test)]
mod tests {
    use crate::catalog::unreadable_policy::UNREADABLE_POLICY;
    use crate::testing::findings_with_document;

    /// What the rule says of a document that the plan writes: how bad it is, and what.
    fn told(fixture: (&str, &str), attribute: &str, statement: &str) -> Vec<String> {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let found = findings_with_document(&UNREADABLE_POLICY, fixture, (attribute, &document));
        found.iter().map(|finding| format!("{}: {}", finding.severity, finding.message)).collect()
    }

    #[test]
    fn a_denial_of_an_identity_that_denies_nothing_blocks_and_advice_does_not() {
        let of = |statement| told(("open-pass-role", "good-other-service"), "policy", statement);
        let one = |statement| of(statement).concat();
        let key = r#"{"Sid":"Own","Effect":"Deny","Action":"s3:*","Resource":"*",
            "Condition":{"StringEquals":{"aws:PrincipleAccount":"111111111111"}}}"#;
        assert!(one(key).starts_with("medium: statement `Own`: `aws:PrincipleAccount`"), "{:?}", of(key));
        let negated = key.replace("StringEquals", "StringNotEquals");
        assert!(one(&negated).contains("denies it to everyone"), "{:?}", of(&negated));
        let misspelt = r#"{"Effect":"Deny","Action":"s3:DeleteBukket","Resource":"*"}"#;
        assert!(one(misspelt).starts_with("medium: "), "{:?}", of(misspelt));
        let allowed = misspelt.replace("Deny\"", "Allow\"");
        assert!(one(&allowed).starts_with("low: "), "{:?}", of(&allowed));
        let advice = r#"{"Effect":"Allow","Action":["s3:GetObject","s3:Get*"],
            "Resource":["arn:aws:s3:::a/*","arn:aws:s3:::a/b"]}"#;
        assert!(
            one(advice).starts_with("info: ") && one(advice).ends_with(", and 1 more"),
            "{:?}",
            of(advice)
        );
        assert_eq!(
            of(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}"#),
            [""; 0]
        );
    }

    #[test]
    fn policies_of_roles_and_queues_are_asked_too() {
        let trust = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/ci"},
            "Action":"sts:AssumeRoleWithSAML"}"#;
        let found = told(("loose-federation", "good-exact-subject"), "assume_role_policy", trust);
        assert!(found.concat().starts_with("low: statement number 1: this principal calls"), "{found:?}");
        let queue = r#"{"Effect":"Deny","Principal":"*","Action":"sqs:SendMessage","Resource":"*",
            "Condition":{"ArnNotLike":{"aws:PrincipalArnn":"arn:aws:iam::111111111111:role/ci"}}}"#;
        let found = told(("confused-deputy", "good-source-account"), "policy", queue);
        assert!(
            found.concat().starts_with("medium: ") && found.concat().contains("to everyone"),
            "{found:?}"
        );
    }
}
