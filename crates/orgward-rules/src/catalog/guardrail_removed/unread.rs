//! Policies whose text is in another stack, and controls that Control Tower writes: what they deny is unknown, so that
//! taking them away cannot be called harmless.

use orgward_finding::{Severity, Verdict};
use orgward_org::{Modality, PolicyType};

use super::{GUARDRAIL_REMOVED, Losses};
use crate::{Context, Findings};
use orgward_proof::chains::{Cause, Pair};
use orgward_proof::org_policies::account_label;

/// Notes policies without a text that bind accounts before the plan and not after it.
pub(super) fn compare(cx: &Context<'_>, pair: &Pair<'_>, losses: &mut Losses) {
    for level in &pair.before.levels {
        for attached in &level.attached {
            let org_policy = attached.org_policy;
            let unread = org_policy.data.document.policy().is_none() && !org_policy.data.aws_managed;
            // A policy of unknown type is asked about once.
            let asked = org_policy.data.kind != PolicyType::Unknown
                || pair.kind == PolicyType::ServiceControl
                || cx.before.is_enabled(&PolicyType::ServiceControl) == Some(false);
            let certain = attached.attachment.resolved.modality() == Modality::Must;
            if !unread || !asked || !certain || stays(pair, &org_policy.node.key) {
                continue;
            }
            for &member in &pair.members {
                let cause = Cause::of_denial(cx.change(), pair, level.id, attached, member);
                let of = (!cause.is_of_all()).then(|| org_policy.node.key.clone());
                let loss = losses.entry((cause, of, false)).or_default();
                loss.statements.entry(org_policy.node.key.clone()).or_default();
                loss.accounts.extend(account_label(cx.after, member.1));
                loss.places.insert(cx.before.path(level.id));
                loss.doubts.extend(org_policy.data.document.doubt());
            }
        }
    }
}

/// Whether a policy is certain to bind the accounts afterwards, at whatever level.
fn stays(pair: &Pair<'_>, key: &orgward_org::Key) -> bool {
    let mut attached = pair.after.levels.iter().flat_map(|level| &level.attached);
    pair.after.enabled != Some(false)
        && attached
            .any(|it| it.org_policy.node.key == *key && it.attachment.resolved.modality() == Modality::Must)
}

/// Reports a policy type that is turned off although no input shows a policy of it: those of other stacks stop to act.
pub(super) fn disabled(cx: &Context<'_>, kind: &PolicyType, losses: &Losses, findings: &mut Findings) {
    let told = losses.keys().any(|(cause, ..)| matches!(cause, Cause::Disabled(_)));
    let was = cx.before.is_enabled(kind) == Some(true);
    let off = was && cx.after.is_enabled(kind) == Some(false);
    // Where the inputs show what is attached, each of them is told by itself.
    let is_shown = || {
        let mut policies = cx.before.org_policies().filter(|it| it.data.kind == *kind);
        policies.any(|it| it.node.address.is_some())
    };
    let unknown = was && cx.after.may_be_disabled(kind) && !is_shown();
    if told || !off && !unknown {
        return;
    }
    let finding = findings.report(&GUARDRAIL_REMOVED, cx.after.enabler().or(cx.before.enabler()));
    finding.verdict = Verdict::Unverifiable;
    finding.severity = Severity::High;
    finding.subject(format!("{} off", kind.api_name()));
    finding.says(if off {
        format!("the plan turns {}s off: AWS detaches every one, also those of other stacks", kind.short())
    } else {
        format!(
            "cannot tell whether {}s stay on: AWS detaches every policy of a type that is turned off, also those of other stacks",
            kind.short()
        )
    });
    finding.help(format!(
        "keep `{}` in `enabled_policy_types`, or review what other stacks attach",
        kind.api_name()
    ));
}

/// Reports controls of Control Tower that the plan disables and whose text is not known; the others are policies.
pub(super) fn controls(cx: &Context<'_>, findings: &mut Findings) {
    for control in cx.before.org_policies().filter(|it| it.is_unread_control()) {
        let after = cx.after.find(&control.node.key);
        for (target, _) in cx.before.targets_of(control.id) {
            let Some(key) = cx.before.node(target).map(|node| &node.key) else { continue };
            let same = |(target, _): &(orgward_org::NodeId, _)| {
                cx.after.node(*target).is_some_and(|node| node.key == *key)
            };
            if after.is_some_and(|after| cx.after.targets_of(after).iter().any(same)) {
                continue;
            }
            let finding = findings.report(&GUARDRAIL_REMOVED, control.node.address.as_ref());
            finding.verdict = Verdict::Unverifiable;
            finding.severity = Severity::High;
            finding.subject(format!("control {}", control.node.title()));
            let path = cx.before.path(target);
            finding.says(format!(
                "{} disables the control `{}` of Control Tower at {path}",
                cx.actor(),
                control.node.title()
            ));
            finding.target(path);
            finding.note("Control Tower writes what it denies, which is not in the plan");
            finding.help("keep the control, or attach a policy that denies the same in the same plan");
        }
    }
}
