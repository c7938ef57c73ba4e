use orgward_finding::{Severity, Verdict};
use orgward_org::PublicAccessBlock;
use orgward_plan::Attr;

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for switches that close accounts, buckets, snapshots, images and networks to the public, and that a
    /// plan turns off or destroys.
    ///
    /// ## Why is this bad?
    ///
    /// The switch is what keeps one mistake in one policy from being a public bucket.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_s3_account_public_access_block" "this" {
    ///   block_public_policy     = false
    ///   restrict_public_buckets = false
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_s3_account_public_access_block" "this" {
    ///   block_public_acls       = true
    ///   block_public_policy     = true
    ///   ignore_public_acls      = true
    ///   restrict_public_buckets = true
    /// }
    /// ```
    ///
    /// A block that Terraform only forgets stays in AWS, and a bucket that goes needs none.
    pub(crate) static OPEN_BLOCK = {
        id: "open-block",
        summary: "public access block is turned off",
        severity: Severity::Medium,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let (before, after) = (cx.before.access(), cx.after.access());
    for old in &before.blocks {
        let is_bucket = old.kind == "aws_s3_bucket_public_access_block";
        let same = |it: &&PublicAccessBlock| it.kind == old.kind && it.holder == old.holder;
        let now = after.blocks.iter().find(same);
        let closed: Vec<&str> = old
            .switches
            .iter()
            .filter(|(_, level)| !matches!(level, Attr::Known(0) | Attr::Absent))
            .map(|(name, _)| *name)
            .collect();
        let Some(now) = now else {
            // A bucket that goes needs no block.
            let stays = !is_bucket || !before.stands(&old.holder) || after.stands(&old.holder);
            if old.opens_when_destroyed && stays && !closed.is_empty() {
                let finding = findings.report(&OPEN_BLOCK, &old.address);
                finding.input = old.stack.as_deref().map(str::to_owned);
                finding.says(format!("{} destroys what closes {} to the public", cx.actor(), what(old)));
                finding
                    .help("keep the resource, or remove it with `removed { lifecycle { destroy = false } }`");
            }
            continue;
        };
        let mut opened = Vec::new();
        let mut unknown = Vec::new();
        for (name, level) in &old.switches {
            let Attr::Known(was) = level else { continue };
            match now.switch(name) {
                Attr::Known(is) if is < *was => opened.push(*name),
                Attr::Absent if *was > 0 => opened.push(*name),
                Attr::Unknown if *was > 0 => unknown.push(*name),
                _ => {}
            }
        }
        for (names, is_open) in [(opened, true), (unknown, false)] {
            if names.is_empty() {
                continue;
            }
            let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let finding = findings.report(&OPEN_BLOCK, &now.address);
            finding.input = now.stack.as_deref().map(str::to_owned);
            finding.help("keep the switch on");
            if is_open {
                finding.says(format!(
                    "{} opens {} to the public: {}",
                    cx.actor(),
                    what(now),
                    list.join(", ")
                ));
            } else {
                finding.verdict = Verdict::Unverifiable;
                finding.severity = OPEN_BLOCK.info.unverifiable;
                finding.says(format!(
                    "whether {} stays closed to the public is unknown until apply: {}",
                    what(now),
                    list.join(", ")
                ));
            }
        }
    }
}

fn what(block: &PublicAccessBlock) -> &'static str {
    match block.kind {
        "aws_s3_account_public_access_block" => "the buckets of the account",
        "aws_s3_bucket_public_access_block" => "the bucket",
        "aws_ebs_snapshot_block_public_access" => "the volume snapshots of the account",
        "aws_ec2_image_block_public_access" => "the images of the account",
        "aws_ssm_service_setting" => "the documents of Systems Manager",
        "aws_vpc_block_public_access_options" => "the networks of the account",
        _ => "clusters of the account",
    }
}
