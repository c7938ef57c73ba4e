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

#[cfg(test)]
mod tests {
    use super::PRIVILEGE_ESCALATION;
    use crate::testing::{findings_with_document, findings_with_document_and};

    /// A role of another stack is known by what this plan gives it.
    const ELSEWHERE: (&str, &str) = ("administrator-grant", "bad-of-another-stack");

    #[test]
    fn what_a_role_of_another_stack_is_given_opens_a_way() {
        let given = ("policy_arn", "arn:aws:iam::aws:policy/IAMFullAccess");
        let found = findings_with_document(&PRIVILEGE_ESCALATION, ELSEWHERE, given);
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(finding.message, "role `reports` of another stack can make itself an administrator");
        assert_eq!(
            finding.address.as_ref().unwrap().as_str(),
            "aws_iam_role_policy_attachment.reports",
            "the grant is the cause"
        );
        let reading = ("policy_arn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess");
        assert!(findings_with_document(&PRIVILEGE_ESCALATION, ELSEWHERE, reading).is_empty());
    }

    #[test]
    fn what_a_role_of_another_stack_is_given_counts_for_claims() {
        let config = "[[forbid]]\nid = \"keep\"\nactions = [\"s3:DeleteBucket\"]\n";
        let rule = &crate::catalog::forbidden_access::FORBIDDEN_ACCESS;
        let told = |arn: &str| -> Vec<String> {
            let found = findings_with_document_and(rule, ELSEWHERE, ("policy_arn", arn), config);
            found.into_iter().map(|finding| finding.message).collect()
        };
        assert_eq!(
            told("arn:aws:iam::aws:policy/AmazonS3FullAccess"),
            ["`keep` does not hold: `reports` can `s3:DeleteBucket`"]
        );
        assert!(told("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess").is_empty());
    }
}
