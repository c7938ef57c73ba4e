use orgward_finding::Severity;

use crate::engine::rule;
use crate::escalation::{Way, report};
use crate::{Context, Findings};

rule! {
    /// Checks for roles and users that can become an administrator, or act as a principal that can do more: by
    /// changing their own policies or group, a trust policy, the code of what runs as another role, credentials of
    /// another user, or by assuming roles one after the other. Every request of the way is confirmed under service
    /// control policies, boundaries, trust policies and conditions.
    ///
    /// ## Why is this bad?
    ///
    /// Such a principal has all that it can reach, whatever its policies seem to say.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// data "aws_iam_policy_document" "reports" {
    ///   statement {
    ///     actions   = ["iam:PutRolePolicy"]
    ///     resources = ["*"]
    ///   }
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// data "aws_iam_policy_document" "reports" {
    ///   statement {
    ///     actions   = ["iam:PutRolePolicy"]
    ///     resources = ["arn:aws:iam::222222222222:role/reports/*"]
    ///     condition {
    ///       test     = "StringEquals"
    ///       variable = "iam:PermissionsBoundary"
    ///       values   = ["arn:aws:iam::222222222222:policy/boundary"]
    ///     }
    ///   }
    /// }
    /// ```
    ///
    /// The rule knows the 65 ways that pathfinding.cloud lists. Other ways, such as changing the bucket that a
    /// function reads its code from, and roles and functions of other stacks are not seen.
    pub(crate) static PRIVILEGE_ESCALATION = {
        id: "privilege-escalation",
        summary: "principal can gain more than it was given",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    report(&PRIVILEGE_ESCALATION, cx, Way::Other, findings);
}
