use orgward_finding::{Severity, Status, Verdict};
use orgward_proof::region_lock::witness;

use crate::engine::rule;
use crate::escalation::{about, show};
use crate::{Context, Findings};

rule! {
    /// Checks for roles and users with a permissions boundary that can remove it, put another one in its place, or
    /// rewrite the policy that it is.
    ///
    /// ## Why is this bad?
    ///
    /// A boundary that its bearer can take off bounds nothing.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Action": "iam:*", "Resource": "*" }
    /// ```
    ///
    /// in the boundary itself. Use instead an allow of the few actions of IAM that are needed, and a denial:
    ///
    /// ```json
    /// { "Effect": "Deny", "Action": ["iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"],
    ///   "Resource": "*" }
    /// ```
    ///
    /// Whether another principal can take the boundary away is not asked.
    pub(crate) static REMOVABLE_BOUNDARY = {
        id: "removable-boundary",
        summary: "principal can take its own boundary away",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let (access, before) = (cx.access(), cx.access_before());
    for (id, subject) in access.subjects() {
        let Some(removal) = access.removal(id) else { continue };
        let existed = before.same(subject).is_some_and(|(old, _)| before.removal(old).is_some());
        let grant = subject.grant_of(&removal.request);
        let finding = about(&REMOVABLE_BOUNDARY, cx, subject, grant.map(|(held, _)| held), findings);
        finding.says(format!("{} {}", subject.called(cx.after), removal.how));
        if let Some((held, statement)) = grant {
            show(finding, held, statement, "lets it do so");
        }
        if let orgward_proof::access::Cap::Policy { name, .. } = &subject.cap {
            finding.note(format!("its boundary is `{name}`"));
        }
        finding.witness(witness(&removal.request));
        finding.help("deny the action in the boundary, or allow it only with the boundary that must stay");
        if !removal.certain {
            finding.verdict = Verdict::Unverifiable;
            finding.severity = REMOVABLE_BOUNDARY.info.unverifiable;
        }
        if existed {
            finding.status = Status::Existing;
        }
    }
}
