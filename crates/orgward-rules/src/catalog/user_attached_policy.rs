use orgward_finding::Severity;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for policies that are given to IAM users themselves instead of groups or roles.
    ///
    /// ## Why is this bad?
    ///
    /// What each user may do has to be looked up user by user.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_iam_user_policy" "alice" {
    ///   user   = aws_iam_user.alice.name
    ///   policy = data.aws_iam_policy_document.reports.json
    /// }
    /// ```
    ///
    /// Use instead `aws_iam_group_policy` and a group.
    pub(crate) static USER_ATTACHED_POLICY = {
        id: "user-attached-policy",
        summary: "policy on a user instead of a group or role",
        severity: Severity::Info,
        unverifiable: Severity::Info,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for (_, subject) in cx.access().subjects().filter(|(_, subject)| subject.word == "user") {
        for held in subject.held.iter().filter(|held| held.group.is_none() && held.must) {
            let Some(address) = held.address else { continue };
            let finding = findings.report(&USER_ATTACHED_POLICY, address);
            finding.input = held.stack.as_deref().map(str::to_owned);
            finding.says(format!("user `{}` has a policy of its own", subject.name()));
            finding.help("give the policy to a group or a role");
        }
    }
}
