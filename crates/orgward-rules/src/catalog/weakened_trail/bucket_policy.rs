//! What the policy of a bucket with logs allows that it did not, and no longer does.

use orgward_iam::{
    Caller, Callers, Context as Keys, ContextValue, Effect, Kind, Policy, Request, RequestSet,
};
use orgward_org::{Content, Control};
use orgward_plan::Attr;
use orgward_proof::chains::{Difference, passing};

use super::WEAKENED_TRAIL;
use crate::controls::{about, claim, in_partitions, undecided};
use crate::{Context, Findings};

/// What deletes logs, or lets them be deleted.
const DELETES: &[&str] = &[
    "s3:BypassGovernanceRetention",
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
    "s3:PutObjectRetention",
];

pub(super) fn check(cx: &Context<'_>, control: &Control, after: Option<&Control>, findings: &mut Findings) {
    if let Some(old) = policy(control) {
        compared(cx, control, &old, after, findings);
    }
}

/// The first policy of a bucket that logs are in already: whatever it lets others do, they could not do before.
pub(super) fn created(cx: &Context<'_>, control: &Control, findings: &mut Findings) {
    const NOTHING: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;
    if let Ok(nothing) = Policy::parse(NOTHING, Kind::Resource) {
        compared(cx, control, &nothing, Some(control), findings);
    }
}

fn policy(control: &Control) -> Option<Policy> {
    match &control.document.as_ref()?.content {
        Content::Policy(policy) => Some(policy.clone()),
        Content::Unreadable(_) | Content::Unknown(_) => None,
    }
}

fn compared(
    cx: &Context<'_>,
    control: &Control,
    old: &Policy,
    after: Option<&Control>,
    findings: &mut Findings,
) {
    let new = after.and_then(policy);
    if let (Some(after), None) = (after, &new) {
        let finding = about(findings, &WEAKENED_TRAIL, after);
        undecided(finding, &WEAKENED_TRAIL);
        finding.subject("policy");
        finding.says("undecided: what the policy of the bucket with the logs allows");
        finding.note(after.document.as_ref().and_then(orgward_org::Document::doubt).unwrap_or_default());
        finding.help("give the configuration with `--source`, or write the document out");
        return;
    }
    let Some(bucket) = control.exposed("bucket") else { return };
    let (itself, objects) = (format!("s3:::{bucket}"), format!("s3:::{bucket}/*"));
    let resources: Vec<String> = in_partitions(&itself).chain(in_partitions(&objects)).collect();
    let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
    let Some(deletes) = claim(DELETES, &resources) else { return };
    let asked = || deletes.requests().and(RequestSet::by(Callers::Principals));
    let mut lost = asked().and(RequestSet::effect(old, Effect::Deny));
    if let Some(new) = &new {
        let gained = asked().and(RequestSet::allowed(new)).minus(RequestSet::allowed(old));
        tell(control, "deletable", &gained, "others may delete logs", findings);
        lost = lost.minus(RequestSet::effect(new, Effect::Deny));
    }
    tell(control, "undenied", &lost, "its policy no longer denies what deletes logs", findings);
    writes(cx, control, old, new.as_ref(), &bucket, findings);
    if let Some(new) = &new {
        public(cx, control, (old, new), &bucket, findings);
    }
}

/// Whether every AWS account may read the logs now.
fn public(
    cx: &Context<'_>,
    control: &Control,
    (old, new): (&Policy, &Policy),
    bucket: &str,
    findings: &mut Findings,
) {
    // An account that no policy names.
    let text = control.document.as_ref().map(|document| document.text.expose()).unwrap_or_default();
    let stranger = ["909090909090", "808080808080", "707070707070"].into_iter().find(|id| !text.contains(id));
    let request = |key: &str| {
        let mut keys = Keys::default();
        keys.set("aws:SecureTransport", ContextValue::One("true".to_owned()));
        Request {
            caller: Caller::Arn(format!(
                "arn:aws:iam::{}:role/application",
                stranger.unwrap_or("606060606060")
            )),
            action: "s3:GetObject".to_owned(),
            resource: format!("arn:aws:s3:::{bucket}/{key}"),
            resource_account: None,
            context: keys,
        }
    };
    let reads = |policy: &Policy| {
        ["AWSLogs/log.json.gz", "log"].iter().any(|key| RequestSet::allowed(policy).contains(&request(key)))
    };
    // S3 refuses such a policy, or lets no other account in.
    let is_blocked = cx.after.controls_of("aws_s3_bucket_public_access_block").any(|block| {
        block.exposed("bucket").as_deref() == Some(bucket)
            && block.attributes.get("restrict_public_buckets").bool() == Attr::Known(true)
    });
    if is_blocked || reads(old) || !reads(new) {
        return;
    }
    let finding = about(findings, &WEAKENED_TRAIL, control);
    finding.subject("public");
    finding.says("the bucket with the logs: every AWS account may read them, `s3:GetObject` for example");
    finding.witness(orgward_proof::region_lock::witness(&request("AWSLogs/log.json.gz")));
    finding.help("let the security team read the logs, and block public access to the bucket");
}

fn tell(control: &Control, subject: &str, set: &RequestSet<'_>, says: &str, findings: &mut Findings) {
    let found = passing(set);
    if matches!(found, Difference::Nothing) {
        return;
    }
    let finding = about(findings, &WEAKENED_TRAIL, control);
    finding.subject(subject);
    finding.help("let nobody but the security team delete logs, and deny it to everybody else");
    match found {
        Difference::Some(example) => {
            finding
                .says(format!("the bucket with the logs: {says}, `{}` for example", example.example.action));
            // The witness names the bucket.
            if control.text("bucket").is_some() {
                finding.witness(example.witness());
            }
        }
        Difference::Undecided(reason) => {
            undecided(finding, &WEAKENED_TRAIL);
            finding.says(format!("undecided: the bucket with the logs, whether {says}"));
            finding.note(reason);
        }
        Difference::Nothing => {}
    }
}

/// Whether CloudTrail can no longer write.
fn writes(
    cx: &Context<'_>,
    control: &Control,
    old: &Policy,
    new: Option<&Policy>,
    bucket: &str,
    findings: &mut Findings,
) {
    let trails: Vec<&Control> = cx
        .before
        .controls_of("aws_cloudtrail")
        .filter(|trail| trail.exposed("s3_bucket_name").as_deref() == Some(bucket))
        .collect();
    let management =
        cx.before.management().and_then(|id| cx.before.symbolic_account_id(id)).map(str::to_owned);
    for trail in trails {
        let Some(arn) = trail.exposed("arn") else { continue };
        let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
        let prefix = trail.exposed("s3_key_prefix").filter(|it| !it.is_empty()).map(|it| format!("{it}/"));
        let prefix = prefix.unwrap_or_default();
        let owners = [Some(account.clone()), cx.before.id().map(str::to_owned), management.clone()];
        let lost = owners.into_iter().flatten().any(|owner| {
            let mut keys = Keys::default();
            for (key, value) in [
                ("aws:SourceArn", arn.as_str()),
                ("aws:SourceAccount", account.as_str()),
                ("s3:x-amz-acl", "bucket-owner-full-control"),
                ("aws:SourceOrgID", cx.before.id().unwrap_or_default()),
                ("aws:SecureTransport", "true"),
                ("aws:PrincipalIsAWSService", "true"),
            ] {
                keys.set(key, ContextValue::One(value.to_owned()));
            }
            let request = Request {
                caller: Caller::Service("cloudtrail.amazonaws.com".to_owned()),
                action: "s3:PutObject".to_owned(),
                resource: format!("arn:aws:s3:::{bucket}/{prefix}AWSLogs/{owner}/CloudTrail/log.json.gz"),
                resource_account: None,
                context: keys,
            };
            let writes = |policy: &Policy| RequestSet::allowed(policy).contains(&request);
            writes(old) && !new.is_some_and(writes)
        });
        if lost {
            let finding = about(findings, &WEAKENED_TRAIL, control);
            finding.subject("writes");
            finding.says(format!("CloudTrail can no longer write the logs of `{}`", trail.address));
            finding.help("allow `s3:PutObject` below `AWSLogs/` to `cloudtrail.amazonaws.com`");
        }
    }
}
