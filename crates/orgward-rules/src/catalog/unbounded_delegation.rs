use orgward_finding::Severity;

use crate::engine::rule;
use crate::escalation::{Way, report};
use crate::{Context, Findings};

rule! {
    /// Checks for roles and users that can create and arm another principal without a permissions boundary that
    /// holds. Proved over identity policies, boundary and service control policies, each request with the value of
    /// `iam:PermissionsBoundary` that it would have.
    ///
    /// ## Why is this bad?
    ///
    /// Whoever creates a role without a boundary, gives it `AdministratorAccess` and lets itself assume it is an
    /// administrator.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Action": ["iam:CreateRole", "iam:AttachRolePolicy"], "Resource": "*" }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```json
    /// { "Effect": "Allow", "Action": ["iam:CreateRole", "iam:AttachRolePolicy"], "Resource": "*",
    ///   "Condition": { "StringEquals": { "iam:PermissionsBoundary": "arn:aws:iam::222222222222:policy/boundary" } } }
    /// ```
    ///
    /// A boundary that another stack could rewrite is not seen.
    pub(crate) static UNBOUNDED_DELEGATION = {
        id: "unbounded-delegation",
        summary: "principal can create another one without a boundary",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    report(&UNBOUNDED_DELEGATION, cx, Way::Create, findings);
}
