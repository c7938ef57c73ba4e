use orgward_finding::{Severity, Status};
use orgward_iam::{Answer, BaseOperator};
use orgward_org::{Membership, Modality};

use crate::engine::rule;
use crate::{Context, Findings};
use orgward_proof::access::{accounts_of, lets_in_outsider};
use orgward_proof::org_policies::source;
use orgward_proof::region_lock::witness;
use orgward_proof::trust::{
    NamedAccount, Trust, admits_no_more, asks_for_an_id, foreign_providers, named_accounts, requires, trusts,
    unique_ids,
};

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
            if !cx.after.is_own_account(trust.role.id, &named.account) {
                judge(cx, &trust, &named, findings);
            }
        }
        by_services(cx, &trust, findings);
        for provider in foreign_providers(&trust) {
            if cx.after.membership(trust.role.id, &provider.value) != Membership::Outside {
                continue;
            }
            let document = &trust.role.data.trust;
            let account =
                if document.text.is_sensitive() { "(sensitive value)" } else { provider.value.as_str() };
            let finding = findings.about(&EXTERNAL_TRUST, trust.role.node);
            finding.subject(format!("{} provider", provider.value));
            finding.says(format!(
                "role trusts an identity provider of account {account}, which is outside the organization"
            ));
            finding.show(&source(document), provider.span.clone(), "not in the organization");
            finding.help("name the provider of the account of the role");
            if admits_no_more(cx.before, &trust) {
                finding.status = Status::Existing;
            }
        }
        for id in unique_ids(trust.policy) {
            let document = &trust.role.data.trust;
            let finding = findings.cannot_tell(&EXTERNAL_TRUST, trust.role.node);
            finding.subject(format!("unique id {}", id.value));
            finding.says("cannot tell which account a principal belongs to that is named by its unique id");
            finding.show(&source(document), id.span.clone(), "tells no account");
            finding.help("name the principal by its ARN; IAM shows an id where the principal was deleted");
        }
    }
}

/// Reports services that become the role on behalf of accounts outside.
fn by_services(cx: &Context<'_>, trust: &Trust<'_>, findings: &mut Findings) {
    let Some(policy) = trust.role.data.trust.policy() else { return };
    let owner = cx.after.owner(trust.role.id).map(|(account, _)| account.id);
    for account in accounts_of(policy) {
        if cx.after.membership(trust.role.id, &account) != Membership::Outside
            || cx.config.organization.trusted_accounts.contains(&account)
        {
            continue;
        }
        let Answer::Witness(request) = cx.access().for_outsider(policy, &account, owner) else { continue };
        let document = &trust.role.data.trust;
        let shown = if document.text.is_sensitive() { "(sensitive value)" } else { account.as_str() };
        let finding = findings.about(&EXTERNAL_TRUST, trust.role.node);
        finding.subject(format!("{account} by a service"));
        finding.says(format!(
            "a service may assume the role on behalf of account {shown}, which is outside the organization"
        ));
        finding.witness(witness(&request));
        finding.help(
            "name an account of the organization, or add the account to `trusted_accounts` in `orgward.toml`",
        );
        if admits_no_more(cx.before, trust) {
            finding.status = Status::Existing;
        }
    }
}

fn judge(cx: &Context<'_>, trust: &Trust<'_>, named: &NamedAccount<'_>, findings: &mut Findings) {
    // Nobody outside carries the id of this organization.
    if cx.after.membership(trust.role.id, &named.account) == Membership::Outside
        && !lets_in_outsider(cx.after, Some(trust.role.id), trust.policy, &named.account)
    {
        return;
    }
    let inside_only = cx.after.symbolic_id_of(trust.role.id).is_some_and(|id| {
        requires(named.statement, |key| key == "aws:principalorgid")
            && named.statement.conditions.iter().any(|condition| {
                let operator = condition.operator.value;
                condition.key.value.eq_ignore_ascii_case("aws:PrincipalOrgID")
                    && !operator.is_negated()
                    && !operator.if_exists
                    && operator.base != BaseOperator::Null
                    && condition.values.iter().all(|value| value.value == id)
            })
    });
    if inside_only {
        return;
    }
    let document = &trust.role.data.trust;
    let account = &named.account;
    let has_external_id = asks_for_an_id(named.statement, "sts:externalid");
    let shown = if document.text.is_sensitive() { "(sensitive value)" } else { account.as_str() };
    match cx.after.membership(trust.role.id, account) {
        Membership::Inside => {}
        Membership::Outside => {
            let trusted = cx.config.organization.trusted_accounts.contains(account);
            if trusted && has_external_id {
                return;
            }
            let finding = findings.about(&EXTERNAL_TRUST, trust.role.node);
            if admits_no_more(cx.before, trust) {
                finding.status = Status::Existing;
            }
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

#[cfg(test)]
mod tests {
    use super::EXTERNAL_TRUST;
    use crate::testing::{messages_with, report};

    #[test]
    fn foreign_account() {
        insta::assert_snapshot!(report(&EXTERNAL_TRUST, "bad-foreign-account"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        external-trust

          × aws_iam_role.reports: role trusts a principal of account 999999999999, which is outside the
          │ organization
           ╭─[aws_iam_role.reports.assume_role_policy:7:16]
         5 │       "Effect": "Allow",
         6 │       "Principal": {
         7 │         "AWS": "arn:aws:iam::999999999999:role/partner"
           ·                ────────────────────┬───────────────────
           ·                                    ╰── not in the organization, and no external id is required
         8 │       }
         9 │     }
           ╰────
          help: name a principal of the organization; a third party needs an entry in `trusted_accounts` of
                `orgward.toml` and a condition on `sts:ExternalId`

        blocked: 1 high finding is new
        reviewed bad-foreign-account.json: 3 accounts, 1 principal, 1 policy
        `orgward rules external-trust` explains the first one
        "#);
    }

    #[test]
    fn everyone_of_a_foreign_account() {
        insta::assert_snapshot!(report(&EXTERNAL_TRUST, "bad-everyone-of-a-foreign-account"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        external-trust

          × aws_iam_role.reports: role trusts every principal of account 999999999999, which is outside the
          │ organization
            ╭─[aws_iam_role.reports.assume_role_policy:9:13]
          7 │           "aws:PrincipalAccount": [
          8 │             "333333333333",
          9 │             "999999999999"
            ·             ───────┬──────
            ·                    ╰── not in the organization, and no external id is required
         10 │           ]
         11 │         }
            ╰────
          help: name a principal of the organization; a third party needs an entry in `trusted_accounts` of
                `orgward.toml` and a condition on `sts:ExternalId`

        blocked: 1 high finding is new
        reviewed bad-everyone-of-a-foreign-account.json: 3 accounts, 1 principal, 1 policy
        `orgward rules external-trust` explains the first one
        "#);
    }

    #[test]
    fn third_party_no_external_id() {
        insta::assert_snapshot!(report(&EXTERNAL_TRUST, "bad-third-party-no-external-id"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        external-trust

          × aws_iam_role.monitoring: role trusts every principal of account 999999999999, which is outside
          │ the organization
           ╭─[aws_iam_role.monitoring.assume_role_policy:7:16]
         5 │       "Effect": "Allow",
         6 │       "Principal": {
         7 │         "AWS": "arn:aws:iam::999999999999:root"
           ·                ────────────────┬───────────────
           ·                                ╰── not in the organization, and no external id is required
         8 │       }
         9 │     }
           ╰────
          help: name a principal of the organization; a third party needs an entry in `trusted_accounts` of
                `orgward.toml` and a condition on `sts:ExternalId`

        blocked: 1 high finding is new
        reviewed bad-third-party-no-external-id.json: 3 accounts, 1 principal, 1 policy
        `orgward rules external-trust` explains the first one
        "#);
    }

    #[test]
    fn unknown_organization() {
        insta::assert_snapshot!(report(&EXTERNAL_TRUST, "bad-unknown-organization"), @r#"
        ── medium: 1 undecided ─────────────────────────────────────────────────────────

        external-trust · undecided

          ? aws_iam_role.reports: cannot tell whether account 999999999999 belongs to the organization
           ╭─[aws_iam_role.reports.assume_role_policy:7:16]
         5 │       "Effect": "Allow",
         6 │       "Principal": {
         7 │         "AWS": "arn:aws:iam::999999999999:role/partner"
           ·                ────────────────────┬───────────────────
           ·                                    ╰── an account that no input lists
         8 │       }
         9 │     }
           ╰────
          note: which account the role is in is not known, either
          help: give the state of the organization with `--org`, or list `accounts` in `[organization]` of
                `orgward.toml`

        blocked: 1 medium thing is undecided
        reviewed bad-unknown-organization.json: 0 accounts, 1 principal, 1 policy
        `orgward rules external-trust` explains the first one
        "#);
    }

    #[test]
    fn declared_accounts_decide_who_is_outside() {
        let messages = |accounts: &str| {
            let config = format!("[organization]\naccounts = ['111111111111', {accounts}]");
            messages_with(&EXTERNAL_TRUST, "bad-unknown-organization", &config)
        };
        assert_eq!(messages("'999999999999'"), [""; 0]);
        assert_eq!(
            messages("'222222222222'"),
            ["role trusts a principal of account 999999999999, which is outside the organization"]
        );
    }

    #[test]
    fn trusted_third_party_without_external_id() {
        let config = "[organization]\ntrusted_accounts = ['999999999999']";
        assert_eq!(
            messages_with(&EXTERNAL_TRUST, "bad-third-party-no-external-id", config),
            ["role trusts account 999999999999 without asking for an external id"]
        );
    }
}
