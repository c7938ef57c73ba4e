use orgward_finding::Severity;
use orgward_org::{Membership, Modality};

use crate::engine::rule;
use crate::guardrails::source;
use crate::trust::{NamedAccount, Trust, named_accounts, requires, trusts};
use crate::{Context, Findings};

rule! {
    /// Checks for roles whose trust policy names a principal outside the organization.
    ///
    /// ## Why is this bad?
    ///
    /// Service control policies bind only the accounts of the organization. A principal of another account keeps
    /// every right that the role has, and no guardrail sees it. Where it belongs to a vendor who serves many
    /// customers, anyone of them can make the vendor act on your account unless the trust asks for an external id
    /// (the confused deputy).
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999999999999:root" }, "Action": "sts:AssumeRole" }
    /// ```
    ///
    /// Use instead a principal of the organization. Where a vendor has to come in, name the account in
    /// `trusted_accounts` of `orgward.toml` and ask for the external id that the vendor gave you:
    ///
    /// ```json
    /// {
    ///   "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999999999999:role/vendor" },
    ///   "Action": "sts:AssumeRole",
    ///   "Condition": { "StringEquals": { "sts:ExternalId": "6b1f0e0a" } }
    /// }
    /// ```
    ///
    /// ## When it cannot tell
    ///
    /// The inputs do not list the accounts of the organization: give `--org`, or `accounts` in `[organization]` of
    /// `orgward.toml`.
    pub(crate) static EXTERNAL_TRUST = {
        id: "external-trust",
        summary: "role trusts a principal outside the organization",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for trust in trusts(cx.after) {
        for named in named_accounts(trust.policy) {
            if trust.account.as_ref() != Some(&named.account) {
                judge(cx, &trust, &named, findings);
            }
        }
    }
}

fn judge(cx: &Context<'_>, trust: &Trust<'_>, named: &NamedAccount<'_>, findings: &mut Findings) {
    // Nobody outside carries the id of this organization.
    let inside_only = cx.after.id().is_some_and(|id| {
        requires(named.statement, |key| key == "aws:principalorgid")
            && named.statement.conditions.iter().any(|condition| {
                condition.key.value.eq_ignore_ascii_case("aws:PrincipalOrgID")
                    && condition.values.iter().all(|value| value.value == id)
            })
    });
    if inside_only {
        return;
    }
    let document = &trust.role.data.trust;
    let account = &named.account;
    let has_external_id = requires(named.statement, |key| key == "sts:externalid");
    let shown = if document.text.is_sensitive() { "(sensitive value)" } else { account.as_str() };
    match cx.after.membership(account) {
        Membership::Inside => {}
        Membership::Outside => {
            let trusted = cx.config.organization.trusted_accounts.contains(account);
            if trusted && has_external_id {
                return;
            }
            let finding = findings.about(&EXTERNAL_TRUST, trust.role.node);
            finding.subject(format!("{account} {}", named.whole));
            let who = if named.whole { "every principal of" } else { "a principal of" };
            if trusted {
                finding.says(format!("role trusts account {shown} without asking for an external id"));
                finding.help(
                    "require `sts:ExternalId` with `StringEquals` and the id that the third party gave you",
                );
            } else {
                finding.says(format!("role trusts {who} account {shown}, which is outside the organization"));
                finding.help(if has_external_id {
                    "name a principal of the organization, or add the account to `trusted_accounts` in `orgward.toml`"
                } else {
                    "name a principal of the organization; a third party needs an entry in `trusted_accounts` of \
                     `orgward.toml` and a condition on `sts:ExternalId`"
                });
            }
            let label = if has_external_id {
                "not in the organization"
            } else {
                "not in the organization, and no external id is required"
            };
            finding.show(&source(document), named.span.clone(), label);
        }
        Membership::Unknown => {
            // The role's own account, for all that is known, unless something says where the role is.
            let known_elsewhere = trust.account.is_some()
                || cx.after.owner(trust.role.id).is_some_and(|(_, modality)| modality == Modality::Must);
            let finding = findings.cannot_tell(&EXTERNAL_TRUST, trust.role.node);
            finding.subject(format!("{account} {}", named.whole));
            finding.says(format!("cannot tell whether account {shown} belongs to the organization"));
            finding.show(&source(document), named.span.clone(), "an account that no input lists");
            if !known_elsewhere {
                finding.note("which account the role is in is not known, either");
            }
            finding.help(
                "give the state of the organization with `--org`, or list `accounts` in `[organization]` of \
                 `orgward.toml`",
            );
        }
    }
}
