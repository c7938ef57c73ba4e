//! Lists of what is allowed beside a policy that allows everything.

use orgward_iam::{Effect, Statement};
use orgward_org::{Attachment, Entity, Modality, NodeId, OrgPolicy, PolicyType, Resolved};

use super::INERT_GUARDRAIL;
use crate::{Context, Findings};
use orgward_proof::chains::{enumerate, is_everything};
use orgward_proof::org_policies::{source, statement_key};

/// Reports an allow-list that limits nothing wherever it is attached.
pub(super) fn check(
    cx: &Context<'_>,
    org_policy: Entity<'_, OrgPolicy>,
    targets: &[(NodeId, &Attachment)],
    findings: &mut Findings,
) {
    let document = &org_policy.data.document;
    let (Some(policy), Some(_)) = (document.policy(), &org_policy.node.address) else { return };
    if org_policy.data.kind != PolicyType::ServiceControl || policy.statements.iter().any(is_everything) {
        return;
    }
    let allows = |statement: &&Statement| statement.effect.value == Effect::Allow;
    let Some(list) = policy.statements.iter().find(allows) else { return };
    let mut open = Vec::new();
    for (target, attachment) in targets {
        if attachment.resolved.modality() == Modality::May {
            return;
        }
        let attached = cx.after.attached_to(*target);
        let beside = attached.iter().find(|(other, attachment)| {
            let statements = other.data.document.policy().map_or(&[][..], |policy| &policy.statements);
            other.data.kind == PolicyType::ServiceControl
                && attachment.resolved.modality() == Modality::Must
                && statements.iter().any(is_everything)
        });
        match beside {
            Some((other, attachment)) => open.push((*target, other.node.title(), attachment.resolved)),
            // It limits something here.
            None => return,
        }
    }
    let Some((_, beside, _)) = open.first() else { return };
    let finding = findings.about(&INERT_GUARDRAIL, org_policy.node);
    finding.subject(format!("allow-list {}", statement_key(document, list)));
    let places = enumerate(open.iter().map(|(target, ..)| cx.after.path(*target)), "places");
    finding
        .says(format!("this allow-list limits nothing: `{beside}` at {places} allows everything beside it"));
    finding.show(&source(document), list.effect.span.clone(), "the rest is allowed, too");
    if open.iter().any(|(.., resolved)| *resolved == Resolved::Implicit) {
        finding.rests_on(
            "AWS attaches `FullAWSAccess` to everything, and no input says that it has been detached",
        );
        finding.help(format!(
            "detach `{beside}` there; if it is detached already, say so in `full_access_detached` of `orgward.toml`"
        ));
    } else {
        finding.help(format!("detach `{beside}` there: a level allows what any of its policies allows"));
    }
}
