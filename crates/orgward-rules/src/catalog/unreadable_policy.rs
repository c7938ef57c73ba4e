use orgward_finding::Severity;
use orgward_org::Content;

use crate::engine::rule;
use crate::guardrails::source;
use crate::{Context, Findings};

rule! {
    /// Checks for policy documents that AWS does not accept, or that do not say what they seem to say.
    ///
    /// ## Why is this bad?
    ///
    /// A document with a mistake is refused when the plan is applied, or, with a key that stands twice, is read
    /// differently by different programs: most take the last one and drop the first. No rule can judge what it
    /// says, so nothing that depends on it is called safe.
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
        summary: "policy document is not valid",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for (address, document) in cx.after.documents() {
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
