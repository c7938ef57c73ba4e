//! Lifecycle rules that delete logs.

use std::collections::BTreeSet;

use orgward_finding::Severity;
use orgward_org::{Control, Kept, Organization};

use super::WEAKENED_TRAIL;
use crate::controls::{about, undecided};
use crate::{Context, Findings};

/// What AWS and most standards want logs to be kept for at least, in days.
const A_YEAR: i64 = 365;

/// Where CloudTrail puts its files, below the prefix of the trail.
const FILES: &str = "AWSLogs/";

pub(super) fn check(cx: &Context<'_>, buckets: &BTreeSet<String>, findings: &mut Findings) {
    for bucket in buckets {
        let prefix = prefix(cx.before, bucket);
        let kept = |org: &Organization| rules(org, bucket).map(|rules| rules.keeps(&prefix)).min();
        let (before, after) =
            (kept(cx.before).unwrap_or(Kept::Forever), kept(cx.after).unwrap_or(Kept::Forever));
        if after >= before || before == Kept::Unknown {
            continue;
        }
        let Some(control) = rules(cx.after, bucket).find(|rules| rules.keeps(&prefix) == after) else {
            continue;
        };
        let finding = about(findings, &WEAKENED_TRAIL, control);
        finding.subject("lifecycle");
        finding.help(format!("keep logs for at least {A_YEAR} days, or move them to colder storage instead"));
        let days = match after {
            Kept::Days(days) => days,
            Kept::Unknown | Kept::Forever => {
                undecided(finding, &WEAKENED_TRAIL);
                finding.says("undecided: whether logs are deleted sooner than before; the rules are unknown until apply");
                continue;
            }
        };
        finding.severity = if days < A_YEAR { Severity::Medium } else { Severity::Low };
        let was = match before {
            Kept::Days(days) => format!("{days} days"),
            Kept::Unknown | Kept::Forever => "forever".to_owned(),
        };
        finding.says(format!("logs are deleted after {days} days; before, they were kept {was}"));
    }
}

/// What says how long a bucket keeps its objects.
fn rules<'o>(org: &'o Organization, bucket: &'o str) -> impl Iterator<Item = &'o Control> {
    ["aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket"]
        .into_iter()
        .flat_map(|kind| org.controls_of(kind))
        .filter(move |control| control.exposed("bucket").as_deref() == Some(bucket))
}

/// Where the files of the trail that writes to a bucket begin.
fn prefix(org: &Organization, bucket: &str) -> String {
    let mut trails = org.controls_of("aws_cloudtrail");
    let trail = trails.find(|trail| trail.exposed("s3_bucket_name").as_deref() == Some(bucket));
    let prefix = trail.and_then(|trail| trail.exposed("s3_key_prefix")).filter(|prefix| !prefix.is_empty());
    prefix.map_or_else(|| FILES.to_owned(), |prefix| format!("{}/{FILES}", prefix.trim_end_matches('/')))
}
