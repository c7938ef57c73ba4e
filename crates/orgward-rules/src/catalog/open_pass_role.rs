use orgward_finding::Severity;

use crate::engine::rule;
use crate::escalation::{Way, report};
use crate::{Context, Findings};

rule! {
    /// Checks for roles and users that may pass a role with more power than their own to a service, start or change
    /// something that runs as it, and so act as that role. The role has to trust the service.
    ///
    /// ## Why is this bad?
    ///
    /// `iam:PassRole` on `*` beside `lambda:CreateFunction` is as much as the most powerful role that trusts Lambda.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Action": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"], "Resource": "*" }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```json
    /// { "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::222222222222:role/functions/*",
    ///   "Condition": { "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } } }
    /// ```
    ///
    /// Roles that no input shows, and services that pathfinding.cloud does not list, are not seen.
    pub(crate) static OPEN_PASS_ROLE = {
        id: "open-pass-role",
        summary: "principal can pass a role that is more powerful",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    report(&OPEN_PASS_ROLE, cx, Way::Pass, findings);
}
