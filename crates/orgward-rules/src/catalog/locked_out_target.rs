use orgward_finding::Severity;
use orgward_iam::Effect;
use orgward_org::{GuardrailKind, Modality, NodeKind};

use crate::engine::rule;
use crate::guardrails::account_label;
use crate::{Context, Findings};

rule! {
    /// Checks for levels of the tree at which no service control policy allows anything.
    ///
    /// ## Why is this bad?
    ///
    /// A request needs an allow at every level between the root and the account. AWS attaches `FullAWSAccess`
    /// everywhere for that reason; a level from which it is detached, and at which nothing takes its place, denies
    /// everything to everybody below, silently and at once.
    ///
    /// ## Example
    ///
    /// Removing
    ///
    /// ```hcl
    /// resource "aws_organizations_policy_attachment" "full_access" {
    ///   policy_id = "p-FullAWSAccess"
    ///   target_id = aws_organizations_organizational_unit.workloads.id
    /// }
    /// ```
    ///
    /// Use instead an allow-list that is attached before `FullAWSAccess` goes:
    ///
    /// ```hcl
    /// resource "aws_organizations_policy_attachment" "allow_list" {
    ///   policy_id = aws_organizations_policy.allow_list.id
    ///   target_id = aws_organizations_organizational_unit.workloads.id
    /// }
    /// ```
    pub(crate) static LOCKED_OUT_TARGET = {
        id: "locked-out-target",
        summary: "no service control policy allows anything here, so everything below is denied",
        severity: Severity::Critical,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let kind = GuardrailKind::ServiceControl;
    if cx.after.is_enabled(&kind) == Some(false) {
        return;
    }
    for (id, node) in cx.after.nodes() {
        match &node.kind {
            NodeKind::Root | NodeKind::Unit => {}
            NodeKind::Account(account) if account.member && !account.management => {}
            _ => continue,
        }
        let mut unknown = Vec::new();
        let mut allows = false;
        for (guardrail, attachment) in cx.after.attached_to(id) {
            if guardrail.data.kind != kind && guardrail.data.kind != GuardrailKind::Unknown {
                continue;
            }
            match guardrail.data.document.policy() {
                Some(policy) => {
                    let any =
                        policy.statements.iter().any(|statement| statement.effect.value == Effect::Allow);
                    if any && attachment.resolved.modality() == Modality::May {
                        unknown.push(format!("`{}` may or may not be attached here", guardrail.node.title()));
                    } else {
                        allows |= any;
                    }
                }
                None => unknown.extend(guardrail.data.document.doubt()),
            }
        }
        if allows {
            continue;
        }
        let loose = cx.after.loose_attachments().iter();
        unknown.extend(
            loose.map(|loose| format!("what `{}` attaches to is unknown until apply", loose.address)),
        );
        let below = cx.after.accounts_below(id);
        let accounts = below.iter().filter_map(|account| account_label(cx.after, account.id));
        let finding = if unknown.is_empty() {
            findings.about(&LOCKED_OUT_TARGET, node)
        } else {
            let finding = findings.cannot_tell(&LOCKED_OUT_TARGET, node);
            finding.says("cannot tell whether any service control policy allows anything here");
            finding.notes.extend(unknown);
            finding
        };
        finding.target(cx.after.path(id)).accounts(accounts);
        finding.help("attach `p-FullAWSAccess`, or an allow-list that takes its place");
    }
}

#[cfg(test)]
mod tests {
    use super::LOCKED_OUT_TARGET;
    use crate::testing::report;

    #[test]
    fn full_access_detached() {
        insta::assert_snapshot!(report(&LOCKED_OUT_TARGET, "bad-full-access-detached"), @"
        ── critical: 1 found ───────────────────────────────────────────────────────────

        locked-out-target

          × aws_organizations_organizational_unit.runtime: no service control policy allows anything here,
          │ so everything below is denied
          target: Root/runtime
          account: 222222222222
          help: attach `p-FullAWSAccess`, or an allow-list that takes its place

        blocked: 1 critical finding is new
        reviewed bad-full-access-detached.json: 2 accounts, 0 principals, 0 policies
        `orgward rules locked-out-target` explains the first one
        ");
    }
}
