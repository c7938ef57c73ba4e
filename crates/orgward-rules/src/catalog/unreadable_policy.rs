mod advice;

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::Severity;
use orgward_iam::{Kind, Policy};
use orgward_org::{Content, Document};
use orgward_plan::Address;

use crate::engine::rule;
use crate::{Context, Findings};
use orgward_proof::org_policies::source;

rule! {
    /// Checks for policy documents that AWS does not accept, or that do not say what they seem to say.
    ///
    /// ## Why is this bad?
    ///
    /// A document with a mistake is refused when the plan is applied, or, with a key that stands twice, is read
    /// differently by different programs: most take the last one and drop the first. No rule can judge what it
    /// says, so nothing that depends on it is called safe.
    ///
    /// A document that AWS takes may do less or more than it says: an action or a condition key that does not exist, a
    /// resource of another type, a condition that no request meets or that every request meets, a statement that others
    /// cover. The rule asks what `orgward policy check` asks of identity, trust, boundary and resource policies, of
    /// documents that the plan writes; `inert-guardrail` asks it of policies of the organization. A denial that denies
    /// nothing and a statement that does more than it says are medium. What makes an allowance smaller is low, and
    /// suggestions are information: one finding for each document, which never blocks.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Deny", "Action": "*", "Resource": "*",
    ///   "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" },
    ///                  "StringNotEquals": { "aws:PrincipalTag/team": "platform" } } }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```json
    /// { "Effect": "Deny", "Action": "*", "Resource": "*",
    ///   "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" } } }
    /// ```
    pub(crate) static UNREADABLE_POLICY = {
        id: "unreadable-policy",
        summary: "policy document is not valid, or does not do what it says",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let resources = cx.after.access().resources.iter();
    let services: BTreeMap<&Address, &str> = resources
        .flat_map(|resource| resource.policies.iter().map(|policy| (&policy.address, resource.service)))
        .collect();
    for (address, document) in cx.after.documents() {
        if let Content::Policy(policy) = &document.content {
            let service = address.and_then(|address| services.get(address).copied());
            refused(address, service, document, policy, findings);
            advice::check(cx, address, document, findings);
        }
        let Content::Unreadable(error) = &document.content else { continue };
        let finding = findings.report(&UNREADABLE_POLICY, address);
        finding.subject(document.name.to_string());
        // The message may quote the document.
        let (message, label) = if document.text.is_sensitive() {
            ("policy document is not valid", "here")
        } else {
            (error.message.as_str(), "here")
        };
        finding.says(message);
        finding.help(if document.text.is_sensitive() { "the document is sensitive" } else { &error.help });
        finding.show(&source(document), error.span.clone(), label);
    }
}

/// Reports what AWS refuses in a document that can be read. An apply fails, and what was there before stays.
fn refused(
    address: Option<&Address>,
    service: Option<&str>,
    document: &Document,
    policy: &Policy,
    findings: &mut Findings,
) {
    let mut refusals = policy.refusals();
    if let (Some(service), Kind::Resource) = (service, policy.kind) {
        refusals.extend(policy.refusals_of(service));
    }
    let Some(first) = refusals.first() else { return };
    let finding = findings.report(&UNREADABLE_POLICY, address);
    let codes: BTreeSet<&str> = refusals.iter().map(|problem| problem.code).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    finding.subject(format!("{} {}", document.name, codes.join(" ")));
    if document.text.is_sensitive() {
        finding.says("AWS refuses the policy document");
        finding.help("the document is sensitive");
        return;
    }
    finding.says(format!("AWS refuses the document: {}", first.message));
    for problem in refusals.iter().take(3) {
        finding.show(&source(document), problem.span.clone(), problem.code);
    }
    finding.help(&first.help);
}

#[cfg(test)]
mod tests {
    use super::UNREADABLE_POLICY;
    use crate::testing::{findings_with_document, report};

    /// A document that can be read and that AWS refuses: the apply fails, and the old one stays.
    #[test]
    fn what_aws_refuses_is_reported() {
        let messages = |document: &str| -> Vec<String> {
            let fixture = ("inert-guardrail", "good-attached");
            let findings = findings_with_document(&UNREADABLE_POLICY, fixture, ("content", document));
            findings.into_iter().map(|finding| finding.message).collect()
        };
        let deny = r#"{"Sid":"A","Effect":"Deny","Action":"s3:PutBucketPolicy","Resource":"*"}"#;
        for (document, says) in [
            (format!(r#"{{"Statement":[{deny}]}}"#), "has no `Version`"),
            (format!(r#"{{"Version":"2008-10-17","Statement":[{deny}]}}"#), "2008-10-17"),
            (r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(), "no statement"),
            (format!(r#"{{"Version":"2012-10-17","Statement":[{deny},{deny}]}}"#), "`Sid`"),
        ] {
            let found = messages(&document);
            assert!(matches!(found.as_slice(), [one] if one.contains(says)), "{document}: {found:?}");
        }
        assert_eq!(messages(&format!(r#"{{"Version":"2012-10-17","Statement":[{deny}]}}"#)), [""; 0]);
    }

    /// A queue takes its own actions only, and IAM no list that is empty.
    #[test]
    fn what_a_service_refuses_is_reported() {
        let says = |fixture, (attribute, document): (&str, &str)| -> Vec<String> {
            let findings = findings_with_document(&UNREADABLE_POLICY, fixture, (attribute, document));
            findings.into_iter().map(|finding| finding.message).filter(|it| it.contains("refuses")).collect()
        };
        let queue = |action: &str| {
            let document = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",
                    "Principal":{{"AWS":"111111111111"}},"Action":"{action}","Resource":"*"}}]}}"#
            );
            says(("external-resource", "bad-account"), ("policy", &document))
        };
        for (action, refused) in [("s3:GetObject", 1), ("sqs:SendMessage", 0), ("SQS:*", 0), ("*", 0)] {
            assert_eq!(queue(action).len(), refused, "{action}: {:?}", queue(action));
        }
    }

    #[test]
    fn duplicate_keys() {
        insta::assert_snapshot!(report(&UNREADABLE_POLICY, "bad-duplicate-keys"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        unreadable-policy

          × aws_organizations_policy.region_lock: duplicate key `StringNotEquals`
            ╭─[aws_organizations_policy.region_lock.content:9:7]
          7 │     "Condition": {
          8 │       "StringNotEquals": { "aws:RequestedRegion": ["eu-central-1", "eu-west-1"] },
          9 │       "StringNotEquals": { "aws:PrincipalTag/team": "platform" }
            ·       ────────┬────────
            ·               ╰── here
         10 │     }
         11 │   }]
            ╰────
          help: join the two, or remove one: readers of JSON differ in which of them counts

        blocked: 1 high finding is new
        reviewed bad-duplicate-keys.json: 1 account, 0 principals, 1 policy
        `orgward rules unreadable-policy` explains the first one
        "#);
    }

    #[test]
    fn principal_in_scp() {
        insta::assert_snapshot!(report(&UNREADABLE_POLICY, "bad-principal-in-scp"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        unreadable-policy

          × aws_organizations_policy.stay: a service control policy takes no `Principal`
           ╭─[aws_organizations_policy.stay.content:6:20]
         4 │       "Action": "organizations:LeaveOrganization",
         5 │       "Effect": "Deny",
         6 │       "Principal": "*",
           ·                    ─┬─
           ·                     ╰── here
         7 │       "Resource": "*"
         8 │     }
           ╰────
          help: single principals out by a condition on `aws:PrincipalArn`

        blocked: 1 high finding is new
        reviewed bad-principal-in-scp.json: 1 account, 0 principals, 1 policy
        `orgward rules unreadable-policy` explains the first one
        "#);
    }

    #[test]
    fn rcp_star_action() {
        insta::assert_snapshot!(report(&UNREADABLE_POLICY, "bad-rcp-star-action"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        unreadable-policy

          × aws_organizations_policy.transport: a resource control policy cannot deny the action `*`
           ╭─[aws_organizations_policy.transport.content:4:17]
         2 │   "Statement": [
         3 │     {
         4 │       "Action": "*",
           ·                 ─┬─
           ·                  ╰── here
         5 │       "Condition": {
         6 │         "Bool": {
           ╰────
          help: name the services, such as `s3:*`

        blocked: 1 high finding is new
        reviewed bad-rcp-star-action.json: 1 account, 0 principals, 1 policy
        `orgward rules unreadable-policy` explains the first one
        "#);
    }
}
