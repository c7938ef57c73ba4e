use orgward_finding::Severity;
use orgward_proof::access::Outsider;

use super::public_resource::{name, report, set};
use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for policies of resources that let in principals of accounts outside of the organization.
    ///
    /// ## Why is this bad?
    ///
    /// What an account outside may read or change is only as safe as that account, and no service control policy of
    /// this organization binds it.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999999999999:root" }, "Action": "sqs:SendMessage", "Resource": "*" }
    /// ```
    ///
    /// Use instead an account of the organization, or list the account in `trusted_accounts` of `orgward.toml`.
    ///
    /// A service that acts for a named account outside counts like that account, where the inputs show that it is outside.
    /// Who is named by a canonical id of S3 is unverifiable: no policy says which account that is. An organization that
    /// a policy asks for by its id, and that is another one, is found like an account.
    ///
    /// Accounts of AWS itself, such as those that load balancers write their logs from, are known and quiet.
    pub(crate) static EXTERNAL_RESOURCE = {
        id: "external-resource",
        summary: "resource lets in an account outside of the organization",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let (access, before) = (cx.access(), cx.access_before());
    let old = before.external(&cx.config.organization.trusted_accounts);
    for opening in access.external(&cx.config.organization.trusted_accounts) {
        let who = match &opening.who {
            Outsider::Everybody => continue,
            Outsider::Account(_) => "account",
            Outsider::Organization(_) => "organization",
            Outsider::User(_) => "the user with the canonical id",
        };
        let had = before.had(access, &opening);
        let action =
            opening.request.as_ref().map_or_else(String::new, |request| format!(" for `{}`", request.action));
        let finding = report(&EXTERNAL_RESOURCE, cx, &opening, findings);
        if opening.held_back {
            finding.severity = finding.severity.min(Severity::Medium);
            finding.note("only resource control policies keep it out");
        }
        if opening.unknown.is_some() {
            // Whose account it is, is a question about the inputs.
            finding.severity = Severity::Low;
        }
        let sensitive = opening.policy.is_some_and(|policy| policy.document.text.is_sensitive());
        let shown = if sensitive { "(sensitive value)" } else { opening.who.id() };
        let what = if opening.policy.is_some() { "policy" } else { "access control list" };
        let place = if opening.unknown.is_some() { "" } else { ", which is outside of the organization" };
        finding.says(format!("the {what} of `{}` lets in {who} {shown}{place}{action}", name(cx, &opening)));
        finding.help(
            "name a principal of the organization, or add the account to `trusted_accounts` in `orgward.toml`",
        );
        set(finding, had, &opening, &old);
    }
}
