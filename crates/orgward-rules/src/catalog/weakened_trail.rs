mod bucket_policy;
mod key_policy;
mod lifecycle;

use std::collections::BTreeSet;

use orgward_finding::Severity;
use orgward_org::{Area, Control, Weight};
use orgward_plan::Attr;

use crate::controls::{about, weakened};
use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for trails and event data stores that record less than before, and for the buckets that their logs are in.
    ///
    /// ## Why is this bad?
    ///
    /// What is not recorded did not happen, as far as an investigation can show. A trail is weakened by many of its
    /// attributes: it is destroyed, no longer the organization's, in one region only, its logging or validation is off,
    /// the key is gone, deleted or disabled, its selectors leave events out. And by its bucket: destroyed, without lock
    /// or versioning, with a policy that lets others delete logs or keeps CloudTrail from writing them, or with lifecycle
    /// rules that delete logs sooner than before (low from a year on).
    ///
    /// Event selectors, basic and advanced, are decided over what they no longer record: a selector that says in other
    /// words what was recorded before is not reported. Policies of buckets are decided over all requests.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_cloudtrail" "organization" {
    ///   is_organization_trail = true
    ///   is_multi_region_trail = false
    ///   # …
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_cloudtrail" "organization" {
    ///   is_organization_trail = true
    ///   is_multi_region_trail = true
    ///   # …
    /// }
    /// ```
    ///
    /// ## When it cannot tell
    ///
    /// The value, or the policy of the bucket, is unknown until apply.
    pub(crate) static WEAKENED_TRAIL = {
        id: "weakened-trail",
        summary: "the audit trail records less than before, or its logs are less protected",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

const TRAILS: [&str; 2] = ["aws_cloudtrail", "aws_cloudtrail_event_data_store"];

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if cx.after.is_dissolved() || std::ptr::eq(cx.before, cx.after) {
        return;
    }
    keys(cx, findings);
    let buckets = buckets(cx);
    lifecycle::check(cx, &buckets, findings);
    for control in cx.before.controls().filter(|control| control.area() == Some(Area::Trail)) {
        let is_trail = TRAILS.contains(&control.resource.as_str());
        if !is_trail && control.exposed("bucket").is_none_or(|name| !buckets.contains(&name)) {
            continue;
        }
        let after = cx.after.control(&control.key);
        if control.resource == BUCKET_POLICY {
            // A policy that moves to another address is the same one.
            let moved = || cx.after.controls_of(BUCKET_POLICY).find(|it| is_of_the_same_bucket(it, control));
            bucket_policy::check(cx, control, after.or_else(moved), findings);
        }
        let lost = control.weakened(after);
        // What is created in its place under another address goes on with it.
        if after.is_none() && !lost.is_empty() && cx.after.controls().any(|other| goes_on(cx, control, other))
        {
            continue;
        }
        for weakening in lost {
            weakened(cx, findings, &WEAKENED_TRAIL, control, &weakening);
        }
    }
    for control in cx.after.controls_of(BUCKET_POLICY) {
        let holds_logs = control.exposed("bucket").is_some_and(|name| buckets.contains(&name));
        let is_first = || {
            let mut old = cx.before.controls_of(BUCKET_POLICY);
            !old.any(|old| old.key == control.key || is_of_the_same_bucket(old, control))
        };
        if holds_logs && is_first() {
            bucket_policy::created(cx, control, findings);
        }
    }
}

const BUCKET_POLICY: &str = "aws_s3_bucket_policy";

fn is_of_the_same_bucket(one: &Control, other: &Control) -> bool {
    one.exposed("bucket").is_some_and(|name| other.exposed("bucket").as_deref() == Some(&*name))
}

/// Reports keys that encrypt the logs of a trail and that the plan deletes or disables: CloudTrail stops writing, and what
/// is written cannot be read any more.
fn keys(cx: &Context<'_>, findings: &mut Findings) {
    let used: BTreeSet<String> = TRAILS
        .iter()
        .flat_map(|kind| cx.after.controls_of(kind))
        .filter_map(|trail| trail.text("kms_key_id"))
        .collect();
    key_policy::check(cx, findings);
    let names = |key: &Control| used.iter().any(|used| key_policy::is_of(key, used));
    for key in cx.before.controls_of("aws_kms_key").filter(|key| names(key)) {
        let is_off = |key: &Control| key.attributes.get("is_enabled").bool() == Attr::Known(false);
        let lost = match cx.after.control(&key.key) {
            None => "deleted",
            Some(after) if is_off(after) && !is_off(key) => "disabled",
            Some(_) => continue,
        };
        // Another address may go on to manage it.
        if lost == "deleted"
            && cx.after.controls_of("aws_kms_key").any(|other| other.text("arn") == key.text("arn"))
        {
            continue;
        }
        let finding = about(findings, &WEAKENED_TRAIL, key);
        finding.subject("key");
        finding.says(format!(
            "the key that encrypts the logs of a trail is {lost}: CloudTrail stops writing them"
        ));
        finding.help("keep the key, or give the trail another one first");
    }
}

/// Whether another control is new and does what an old one did.
fn goes_on(cx: &Context<'_>, old: &Control, new: &Control) -> bool {
    let is_other = new.resource == old.resource && new.key != old.key;
    let same_bucket = || new.exposed("bucket") == old.exposed("bucket");
    let is_trail = TRAILS.contains(&old.resource.as_str());
    // A trail that was there before goes on, too: two recorded the same.
    let fits = is_trail || cx.before.control(&new.key).is_none() && same_bucket();
    is_other && fits && old.weakened(Some(new)).iter().all(|it| it.weight == Weight::Low && !it.is_unknown)
}

/// The buckets that logs go to: those of trails, and those that CloudTrail may write to.
fn buckets(cx: &Context<'_>) -> BTreeSet<String> {
    let mut buckets: BTreeSet<String> =
        cx.before.controls_of("aws_cloudtrail").filter_map(|trail| trail.exposed("s3_bucket_name")).collect();
    let policies = cx.before.controls_of(BUCKET_POLICY);
    let writable = policies.filter(|control| {
        let document = control.document.as_ref();
        document.is_some_and(|document| document.text.expose().contains("cloudtrail.amazonaws.com"))
    });
    buckets.extend(writable.filter_map(|control| control.exposed("bucket")));
    buckets
}
