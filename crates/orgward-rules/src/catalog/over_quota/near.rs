//! What is close to a quota: the next change may not fit.

use orgward_finding::{Finding, Severity};

use crate::data::quotas;

/// Whether less than a tenth of a quota is left.
pub(super) fn is_near(used: usize, quota: usize) -> bool {
    used <= quota && used.saturating_mul(10) >= quota.saturating_mul(9)
}

/// Makes an information of a finding. `raised` is as far as AWS raises the quota, if it does.
pub(super) fn near(finding: &mut Finding, subject: &str, says: String, raised: Option<usize>) {
    finding.severity = Severity::Info;
    finding.subject(format!("near {subject}"));
    finding.says(says);
    finding.note(format!("quotas as of {}", quotas().date));
    finding.help(match raised {
        Some(raised) => format!("ask AWS for a higher quota in time: up to {raised} are granted"),
        None => "make room before the next one: AWS does not raise this quota".to_owned(),
    });
}
