use orgward_finding::Severity;
use orgward_plan::Attr;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for permission sets of Identity Center that are assigned to a user instead of a group.
    ///
    /// ## Why is this bad?
    ///
    /// Who leaves a team leaves its groups. An assignment to a person stays until it is remembered.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_ssoadmin_account_assignment" "alice" {
    ///   principal_type = "USER"
    ///   principal_id   = data.aws_identitystore_user.alice.user_id
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_ssoadmin_account_assignment" "support" {
    ///   principal_type = "GROUP"
    ///   principal_id   = data.aws_identitystore_group.support.group_id
    /// }
    /// ```
    ///
    /// Assignments in the management account are what `management-account-identity` finds.
    pub(crate) static DIRECT_ASSIGNMENT = {
        id: "direct-assignment",
        summary: "permission set is assigned to a user",
        severity: Severity::Low,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for assignment in &cx.after.access().assignments {
        if !matches!(&assignment.principal_type, Attr::Known(kind) if kind.expose() == "USER") {
            continue;
        }
        let finding = findings.report(&DIRECT_ASSIGNMENT, &assignment.address);
        finding.input = assignment.stack.as_deref().map(str::to_owned);
        let set = assignment.set.and_then(|set| cx.after.node(set)).map(orgward_org::Node::title);
        finding.says(match set {
            Some(set) => format!("permission set `{set}` is assigned to a user"),
            None => "a permission set is assigned to a user".to_owned(),
        });
        finding.accounts(assignment.account.and_then(|it| cx.after.node(it)).map(orgward_org::Node::label));
        finding.help("assign it to a group that the user is in");
    }
}
