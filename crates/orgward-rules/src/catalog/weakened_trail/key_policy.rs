//! Whether CloudTrail can still use the key that encrypts its logs.

use orgward_iam::{Caller, Context as Keys, ContextValue, Policy, Request, RequestSet};
use orgward_org::{Content, Control};

use super::{TRAILS, WEAKENED_TRAIL};
use crate::controls::{about, undecided};
use crate::{Context, Findings};

pub(super) fn check(cx: &Context<'_>, before: &Control, after: &Control, findings: &mut Findings) {
    let policy = |control: &Control| match &control.document.as_ref()?.content {
        Content::Policy(policy) => Some(policy.clone()),
        Content::Unreadable(_) | Content::Unknown(_) => None,
    };
    let names = [before.text("arn"), before.text("key_id")];
    let trails = TRAILS.iter().flat_map(|kind| cx.before.controls_of(kind));
    let encrypted: Vec<&Control> = trails
        .filter(|trail| {
            let key = trail.text("kms_key_id");
            key.is_some() && names.contains(&key) && cx.after.control(&trail.key).is_some()
        })
        .collect();
    let Some(old) = policy(before).filter(|_| !encrypted.is_empty()) else { return };
    let Some(new) = policy(after) else {
        let finding = about(findings, &WEAKENED_TRAIL, after);
        undecided(finding, &WEAKENED_TRAIL);
        finding.subject("key policy");
        finding.says("undecided: whether CloudTrail may still use the key that encrypts the logs of a trail");
        finding.note(after.document.as_ref().and_then(orgward_org::Document::doubt).unwrap_or_default());
        finding.help("give the configuration with `--source`, or write the document out");
        return;
    };
    for trail in encrypted {
        let Some(arn) = trail.exposed("arn") else { continue };
        let Some(request) = asks(cx, &arn, names[0].as_deref().unwrap_or("*")) else { continue };
        let uses = |policy: &Policy| RequestSet::allowed(policy).contains(&request);
        if uses(&old) && !uses(&new) {
            let finding = about(findings, &WEAKENED_TRAIL, after);
            finding.subject("key policy");
            finding.says(format!(
                "CloudTrail can no longer use the key that encrypts the logs of `{}`, and stops writing them",
                trail.address
            ));
            finding
                .help("allow `kms:GenerateDataKey*` to `cloudtrail.amazonaws.com` in the policy of the key");
        }
    }
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
