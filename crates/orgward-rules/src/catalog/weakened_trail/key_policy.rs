//! Whether CloudTrail can still use the key that encrypts its logs.

use orgward_iam::{Caller, Context as Keys, ContextValue, Policy, Request, RequestSet};
use orgward_org::{Content, Control, Organization};

use super::{TRAILS, WEAKENED_TRAIL};
use crate::controls::{about, undecided};
use crate::{Context, Findings};

pub(super) fn check(cx: &Context<'_>, findings: &mut Findings) {
    for trail in TRAILS.iter().flat_map(|kind| cx.before.controls_of(kind)) {
        let (Some(key), Some(arn)) = (trail.text("kms_key_id"), trail.exposed("arn")) else { continue };
        // A trail that goes, or takes another key, asks nothing of this one.
        let stays =
            cx.after.control(&trail.key).is_some_and(|after| after.text("kms_key_id").as_ref() == Some(&key));
        if let (true, Some(request)) = (stays, asks(cx, &arn, &key)) {
            of_trail(cx, trail, &key, &request, findings);
        }
    }
}

/// Whether a key, or what holds its policy, is the one that a trail names.
pub(super) fn is_of(control: &Control, key: &str) -> bool {
    let is_it = |name: String| key == name || key.rsplit_once(":key/").is_some_and(|(_, id)| id == name);
    [control.text("arn"), control.text("key_id")].into_iter().flatten().any(is_it)
}

/// What holds the policy of a key: a resource for the policy alone comes after the key itself.
fn holder<'o>(org: &'o Organization, key: &str) -> Option<&'o Control> {
    let kinds = ["aws_kms_key_policy", "aws_kms_key"];
    kinds.into_iter().find_map(|kind| org.controls_of(kind).find(|control| is_of(control, key)))
}

fn of_trail(cx: &Context<'_>, trail: &Control, key: &str, request: &Request, findings: &mut Findings) {
    let policy = |control: &Control| match &control.document.as_ref()?.content {
        Content::Policy(policy) => Some(policy.clone()),
        Content::Unreadable(_) | Content::Unknown(_) => None,
    };
    let uses = |policy: &Policy| RequestSet::allowed(policy).contains(request);
    let (before, after) = (holder(cx.before, key), holder(cx.after, key));
    // A policy that was not read before may have let CloudTrail in.
    let was_let_in = before.and_then(policy).is_none_or(|old| uses(&old));
    let is_policy = |control: &Control| control.resource == "aws_kms_key_policy";
    let destroyed = before.filter(|before| is_policy(before) && cx.after.control(&before.key).is_none());
    let (at, why) = match (destroyed, after) {
        (_, Some(after)) if destroyed.is_none() || is_policy(after) => match policy(after) {
            None if before.and_then(policy).is_none() => return,
            None => {
                let finding = about(findings, &WEAKENED_TRAIL, after);
                undecided(finding, &WEAKENED_TRAIL);
                finding.subject("key policy");
                finding.says(
                    "undecided: whether CloudTrail may still use the key that encrypts the logs of a trail",
                );
                finding
                    .note(after.document.as_ref().and_then(orgward_org::Document::doubt).unwrap_or_default());
                finding.help("give the configuration with `--source`, or write the document out");
                return;
            }
            Some(new) if was_let_in && !uses(&new) => (after, ""),
            Some(_) => return,
        },
        // The provider puts the default policy in its place, which lets the account in and no service.
        (Some(gone), _) if was_let_in => (gone, ", since its policy becomes the default one"),
        _ => return,
    };
    let finding = about(findings, &WEAKENED_TRAIL, at);
    finding.subject("key policy");
    finding.says(format!(
        "CloudTrail can no longer use the key that encrypts the logs of `{}`, and stops writing them{why}",
        trail.address
    ));
    finding.help("allow `kms:GenerateDataKey*` to `cloudtrail.amazonaws.com` in the policy of the key");
}

/// What CloudTrail asks of the key for each log file.
fn asks(cx: &Context<'_>, trail: &str, key: &str) -> Option<Request> {
    let account = trail.split(':').nth(4)?;
    let mut keys = Keys::default();
    for (name, value) in [
        ("aws:SourceArn", trail),
        ("aws:SourceAccount", account),
        ("aws:SourceOrgID", cx.before.id().unwrap_or_default()),
        ("kms:EncryptionContext:aws:cloudtrail:arn", trail),
        ("aws:SecureTransport", "true"),
        ("aws:PrincipalIsAWSService", "true"),
    ] {
        keys.set(name, ContextValue::One(value.to_owned()));
    }
    Some(Request {
        caller: Caller::Service("cloudtrail.amazonaws.com".to_owned()),
        action: "kms:GenerateDataKey".to_owned(),
        resource: key.to_owned(),
        resource_account: None,
        context: keys,
    })
}
