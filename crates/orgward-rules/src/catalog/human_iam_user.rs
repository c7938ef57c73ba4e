use orgward_finding::Severity;
use orgward_org::Modality;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for IAM users other than the break-glass users that `[management] allowed_users` names.
    ///
    /// ## Why is this bad?
    ///
    /// A user has a password or keys that do not expire. People come through Identity Center, and machines through
    /// roles.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_iam_user" "alice" {
    ///   name = "alice"
    /// }
    /// ```
    ///
    /// Use instead `aws_ssoadmin_account_assignment` with a group of Identity Center.
    ///
    /// Users in the management account are what `management-account-identity` finds.
    pub(crate) static HUMAN_IAM_USER = {
        id: "human-iam-user",
        summary: "IAM user instead of Identity Center or a role",
        severity: Severity::Medium,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for user in cx.after.users() {
        let management = cx.after.owner(user.id).is_some_and(|(account, modality)| {
            modality == Modality::Must && cx.after.management() == Some(account.id)
        });
        if management || cx.config.management.allowed_users.contains(&user.node.title()) {
            continue;
        }
        let finding = findings.about(&HUMAN_IAM_USER, user.node);
        let password = user.data.credentials.iter().any(|credential| credential.what == "console password");
        finding.says(if password { "IAM user with a console password" } else { "IAM user" });
        finding.help("use Identity Center for people and roles for machines, or name it in `[management] allowed_users`");
    }
}
