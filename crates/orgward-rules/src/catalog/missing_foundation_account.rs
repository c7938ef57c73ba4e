use orgward_finding::Severity;

use crate::engine::rule;
use crate::{Context, Findings};
use orgward_org::{AccountRole, RoleMatch, UnitRole, account_plays, unit_plays};

rule! {
    /// Checks for organizations without an account for security and logs, for shared services, or for delivery.
    ///
    /// ## Why is this bad?
    ///
    /// What watches accounts must not lie in one of them: whoever takes an account over takes over its logs, its
    /// alarms and its pipelines, too. What all accounts share ends up in the management account otherwise, which no
    /// guardrail binds.
    ///
    /// The rule speaks only where the inputs list all accounts of the organization. Which account is which is said in
    /// `[structure.accounts]`, or else guessed from names such as `Log Archive`, `Audit`, `shared-services` and
    /// `delivery`; accounts in a unit for security count for security. A role with an empty list is one that the
    /// organization does without on purpose.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_organizations_account" "shop" {
    ///   name      = "shop"
    ///   email     = "aws+shop@example.com"
    ///   parent_id = aws_organizations_organizational_unit.workloads.id
    /// }
    /// ```
    ///
    /// Use instead, beside it:
    ///
    /// ```hcl
    /// resource "aws_organizations_account" "log_archive" {
    ///   name      = "Log Archive"
    ///   email     = "aws+logs@example.com"
    ///   parent_id = aws_organizations_organizational_unit.security.id
    /// }
    /// ```
    pub(crate) static MISSING_FOUNDATION_ACCOUNT = {
        id: "missing-foundation-account",
        summary: "the organization has no account for a task that none of the others should have",
        severity: Severity::Low,
        unverifiable: Severity::Low,
        check: check,
    }
}

/// What an organization needs, and the roles that fill the need.
const NEEDS: [(&str, &[AccountRole]); 3] = [
    ("security and logs", &[AccountRole::SecurityTooling, AccountRole::LogArchive]),
    ("shared services", &[AccountRole::SharedServices]),
    ("delivery", &[AccountRole::Delivery]),
];

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let members: Vec<_> = cx
        .after
        .accounts()
        .filter(|account| account.member && !account.management)
        .map(|account| account.id)
        .collect();
    if !cx.after.has_roster() || members.is_empty() {
        return;
    }
    let declared = &cx.config.structure.accounts;
    for (need, roles) in NEEDS {
        if roles.iter().all(|role| declared.get(role).is_some_and(Vec::is_empty)) {
            continue;
        }
        let mut unknown = Vec::new();
        let mut filled = false;
        for account in &members {
            for role in roles {
                match account_plays(&cx.config.structure, cx.after, *account, *role) {
                    RoleMatch::Unknown(why) => unknown.push(why),
                    plays => filled |= plays.is_yes(),
                }
            }
            filled |= roles.contains(&AccountRole::SecurityTooling)
                && unit_plays(&cx.config.structure, cx.after, *account, UnitRole::Security).is_yes();
        }
        if filled {
            continue;
        }
        let finding = findings.report(&MISSING_FOUNDATION_ACCOUNT, None);
        finding.target("Root").subject(need);
        finding.says(format!("the organization has no account for {need}"));
        let guessed: Vec<String> = roles
            .iter()
            .filter(|role| !declared.contains_key(role))
            .map(|role| format!("`{}`", role.as_str()))
            .collect();
        if unknown.is_empty() {
            if !guessed.is_empty() {
                finding.rests_on(format!(
                    "accounts are known by their names: `[structure.accounts]` in `orgward.toml` has no {}",
                    guessed.join(" and no ")
                ));
            }
        } else {
            finding.verdict = orgward_finding::Verdict::Unverifiable;
            finding.severity = MISSING_FOUNDATION_ACCOUNT.info.unverifiable;
            finding.says(format!("cannot tell whether the organization has an account for {need}"));
            unknown.sort();
            unknown.dedup();
            let more = unknown.len().saturating_sub(3);
            unknown.truncate(3);
            finding.notes.extend(unknown);
            if more > 0 {
                finding.note(format!("nor of {more} more"));
            }
        }
        let keys: Vec<String> = roles.iter().map(|role| format!("`{}`", role.as_str())).collect();
        finding.help(format!(
            "say which account it is under {} in `[structure.accounts]`, with an empty list if there is none on purpose",
            keys.join(" or ")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::MISSING_FOUNDATION_ACCOUNT;
    use crate::testing::{messages_with, report};

    #[test]
    fn no_delivery() {
        insta::assert_snapshot!(report(&MISSING_FOUNDATION_ACCOUNT, "bad-no-delivery"), @"
        ── there before this plan: 1 (does not block) ──────────────────────────────────

          low       missing-foundation-account  Root: the organization has no account for delivery

        not blocked: 1 finding (1 low there before)
        reviewed bad-no-delivery.json: 5 accounts, 0 principals, 0 policies
        `orgward rules missing-foundation-account` explains the first one
        ");
    }

    #[test]
    fn none_at_all() {
        assert_eq!(
            messages_with(&MISSING_FOUNDATION_ACCOUNT, "bad-none", ""),
            ["delivery", "security and logs", "shared services"]
                .map(|need| format!("the organization has no account for {need}"))
        );
    }

    #[test]
    fn done_without_on_purpose() {
        let config = "[structure.accounts]\ndelivery = []";
        assert!(messages_with(&MISSING_FOUNDATION_ACCOUNT, "bad-no-delivery", config).is_empty());
    }

    #[test]
    fn accounts_without_names_may_be_anything() {
        let config = "[organization]\naccounts = ['222222222222', '333333333333', '444444444444']";
        let messages = messages_with(&MISSING_FOUNDATION_ACCOUNT, "bad-none", config);
        assert_eq!(messages.len(), 3);
        assert!(messages.iter().all(|message| message.starts_with("cannot tell")), "{messages:?}");
    }
}
