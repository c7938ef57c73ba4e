use orgward_finding::{Severity, Verdict};
use orgward_iam::{Effect, PrincipalPattern};
use orgward_org::{Content, Entity, Role};
use orgward_plan::Attr;

use crate::controls::about;
use crate::engine::rule;
use crate::{Context, Findings};
use orgward_proof::org_policies::source;

rule! {
    /// Checks for IAM users, long-lived credentials, roles and permission sets for people in the management account.
    ///
    /// ## Why is this bad?
    ///
    /// No service control policy binds the management account. An access key that leaks there, or a person who
    /// signs in there every day, is one mistake away from the whole organization. People come in through Identity
    /// Center, and a declared break-glass user is the exception.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_iam_user" "admin" {
    ///   name = "admin"
    /// }
    ///
    /// resource "aws_iam_access_key" "admin" {
    ///   user = aws_iam_user.admin.name
    /// }
    /// ```
    ///
    /// Use instead a permission set of Identity Center; name break-glass users in `allowed_users` of
    /// `[management]` in `orgward.toml`.
    pub(crate) static MANAGEMENT_ACCOUNT_IDENTITY = {
        id: "management-account-identity",
        summary: "people or long-lived credentials in the management account",
        severity: Severity::High,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for user in cx.after.users() {
        let allowed = &cx.config.management.allowed_users;
        if matches!(&user.node.name, Attr::Known(name) if allowed.contains(name.expose())) {
            continue;
        }
        match cx.after.owner(user.id) {
            Some((account, _)) if account.management => {
                let label = account.node.label();
                // A user of another stack is that stack's to report.
                if user.node.address.is_some() {
                    let finding = findings.about(&MANAGEMENT_ACCOUNT_IDENTITY, user.node);
                    finding.says("IAM user in the management account").accounts([label.clone()]);
                    finding.help(
                        "use a permission set of Identity Center, or name a break-glass user in `allowed_users`",
                    );
                }
                for credential in &user.data.credentials {
                    let finding = findings.report(&MANAGEMENT_ACCOUNT_IDENTITY, &credential.address);
                    finding.input = user.node.stack.as_deref().map(str::to_owned);
                    finding.says(format!("{} in the management account", credential.what));
                    finding.accounts([label.clone()]);
                    finding.help("remove it: people come in through Identity Center, programs through roles");
                }
            }
            None if cx.after.management().is_some() => {
                let finding = findings.cannot_tell(&MANAGEMENT_ACCOUNT_IDENTITY, user.node);
                finding.says("cannot tell whether this IAM user is in the management account");
                finding.help("add `data \"aws_caller_identity\" \"current\" {}` to the configuration");
            }
            Some(_) | None => {}
        }
    }
    let management = cx.after.management().and_then(|id| cx.after.account(id));
    for role in cx.after.roles() {
        match cx.after.owner(role.id) {
            Some((account, _)) if account.management => for_people(role, &account.node.label(), findings),
            Some(_) => {}
            // A SAML provider is always in the account of the role that trusts it.
            None => {
                let label = management.map(|account| account.node.label());
                if let Some(label) = label.filter(|label| provider_account(role).as_ref() == Some(label)) {
                    for_people(role, &label, findings);
                }
            }
        }
    }
    if let Some(management) = management {
        assignments(cx, &management.node.label(), findings);
    }
    unknown_assignments(cx, findings);
}

/// The account of the SAML provider that a role trusts.
fn provider_account(role: Entity<'_, Role>) -> Option<String> {
    let Content::Policy(policy) = &role.data.trust.content else { return None };
    let patterns = policy.statements.iter().flat_map(|it| &it.principals).flat_map(|it| &it.patterns);
    patterns.into_iter().find_map(|pattern| match &pattern.value {
        PrincipalPattern::Federated(provider) if provider.contains(":saml-provider/") => {
            provider.split(':').nth(4).map(str::to_owned)
        }
        _ => None,
    })
}

/// Reports permission sets that people have in the management account.
fn assignments(cx: &Context<'_>, management: &str, findings: &mut Findings) {
    for control in cx.after.controls_of("aws_ssoadmin_account_assignment") {
        if control.exposed("target_id").as_deref() != Some(management) {
            continue;
        }
        let arn = control.exposed("permission_set_arn");
        let set = cx.after.permission_sets().find(|set| {
            set.node.arn.as_ref().known().map(orgward_plan::Text::expose) == arn.as_deref() && arn.is_some()
        });
        let is_administrator = set.is_some_and(|set| {
            set.data.managed_arns.iter().any(|arn| arn.expose().ends_with(":policy/AdministratorAccess"))
                || set.data.inline.iter().any(|inline| {
                    let policy = inline.document.policy();
                    policy.is_some_and(|policy| orgward_iam::not_allowed(policy) == orgward_iam::Answer::None)
                })
        });
        let title =
            set.map_or_else(|| "a permission set".to_owned(), |set| format!("`{}`", set.node.title()));
        let finding = about(findings, &MANAGEMENT_ACCOUNT_IDENTITY, control);
        finding.subject(control.text("principal_id").unwrap_or_default());
        finding.severity = if is_administrator { Severity::High } else { Severity::Low };
        let what = if is_administrator { ", which administers it" } else { "" };
        finding.says(format!("people get {title} in the management account{what}"));
        finding.accounts([management.to_owned()]);
        finding.help("assign it in member accounts; keep the management account to a break-glass user");
    }
}

/// Reports permission sets that people get in an account that is unknown until apply: it may be the management account.
fn unknown_assignments(cx: &Context<'_>, findings: &mut Findings) {
    let mut told = std::collections::BTreeSet::new();
    let unknown = cx.after.access().assignments.iter().filter(|assignment| assignment.account.is_none());
    for assignment in unknown.filter(|assignment| told.insert((&assignment.stack, &assignment.address))) {
        let finding = findings.report(&MANAGEMENT_ACCOUNT_IDENTITY, &assignment.address);
        finding.input = assignment.stack.as_deref().map(str::to_owned);
        finding.verdict = Verdict::Unverifiable;
        finding.severity = MANAGEMENT_ACCOUNT_IDENTITY.info.unverifiable;
        finding.says("people get a permission set in an account that is unknown until apply");
        finding.note("it may be the management account");
        finding.help("set `target_id` to an account that the plan shows");
    }
}

/// Reports a role that people assume: by SAML, or as IAM users.
fn for_people(role: Entity<'_, Role>, account: &str, findings: &mut Findings) {
    let Content::Policy(policy) = &role.data.trust.content else { return };
    for statement in policy.statements.iter().filter(|statement| statement.effect.value == Effect::Allow) {
        for pattern in statement.principals.iter().flat_map(|principals| &principals.patterns) {
            let human = match &pattern.value {
                PrincipalPattern::Federated(provider) => provider.contains(":saml-provider/"),
                PrincipalPattern::Arn(arn) => arn.contains(":user/"),
                _ => false,
            };
            if human {
                let finding = findings.about(&MANAGEMENT_ACCOUNT_IDENTITY, role.node);
                finding.says("role for people in the management account").accounts([account.to_owned()]);
                finding.show(&source(&role.data.trust), pattern.span.clone(), "people come in here");
                finding.help("use a permission set of Identity Center");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MANAGEMENT_ACCOUNT_IDENTITY;
    use crate::testing::report;

    #[test]
    fn user_and_key() {
        insta::assert_snapshot!(report(&MANAGEMENT_ACCOUNT_IDENTITY, "bad-user-and-key"), @"
        ── high: 2 found ───────────────────────────────────────────────────────────────

        management-account-identity

          × aws_iam_access_key.operator: access key in the management account
          account: 111111111111
          help: remove it: people come in through Identity Center, programs through roles

        management-account-identity

          × aws_iam_user.operator: IAM user in the management account
          account: 111111111111
          help: use a permission set of Identity Center, or name a break-glass user in `allowed_users`

        blocked: 2 high findings are new
        reviewed bad-user-and-key.json: 3 accounts, 1 principal, 0 policies
        `orgward rules management-account-identity` explains the first one
        ");
    }
}
