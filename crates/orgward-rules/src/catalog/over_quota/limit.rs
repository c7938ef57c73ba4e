//! A quota as it counts for this organization: AWS's, or what `[quotas]` says that AWS has granted.

use orgward_config::Config;
use orgward_finding::{Finding, Severity};
use orgward_org::{Quota, QuotaName};

/// How many of something AWS accepts here.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    name: QuotaName,
    aws: Quota,
    declared: Option<usize>,
}

/// How much of a quota is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Within,
    /// Less than a tenth is left: the next change may not fit.
    Near,
    Over,
}

impl Limit {
    pub(super) fn of(config: &Config, name: QuotaName) -> Self {
        Self { name, aws: name.of_aws(), declared: config.quotas.get(&name).copied() }
    }

    /// How many are accepted.
    pub(super) fn value(self) -> usize {
        self.declared.unwrap_or(self.aws.value)
    }

    pub(super) fn used(self, used: usize) -> Use {
        let value = self.value();
        if used > value {
            Use::Over
        } else if used.saturating_mul(10) >= value.saturating_mul(9) {
            Use::Near
        } else {
            Use::Within
        }
    }

    /// As far as AWS raises it from here, if that takes what is used.
    fn raised(self, used: usize) -> Option<usize> {
        Some(self.aws.most()).filter(|most| *most > self.value() && used <= *most)
    }

    /// Fills a finding about what is close to the quota: an information.
    pub(super) fn near(self, finding: &mut Finding, subject: &str, says: String) {
        finding.severity = Severity::Info;
        finding.subject(format!("near {subject}"));
        finding.says(says);
        finding.note(self.note());
        finding.help(match self.raised(self.value() + 1) {
            Some(most) => format!("ask AWS for a higher quota in time: {}", self.granted(most)),
            None => "make room before the next one: AWS does not raise this quota".to_owned(),
        });
    }

    /// Fills a finding about what exceeds the quota. What AWS raises when it is asked is medium. `cure` is what helps in
    /// any case.
    pub(super) fn over(self, finding: &mut Finding, used: usize, subject: String, says: String, cure: &str) {
        finding.subject(subject);
        finding.says(says);
        finding.note(self.note());
        match self.raised(used) {
            Some(most) => {
                finding.severity = Severity::Medium;
                finding.help(format!("{cure}, or ask AWS for a higher quota: {}", self.granted(most)));
            }
            None if self.aws.raised.is_some() => {
                finding.help(format!("{cure}: AWS does not raise the quota as far"));
            }
            None => {
                finding.help(format!("{cure}; AWS does not raise this quota"));
            }
        }
    }

    fn granted(self, most: usize) -> String {
        let name = self.name.as_str();
        format!("up to {most} are granted, and `{name}` under `[quotas]` of `orgward.toml` says how many")
    }

    /// Where the number is from.
    pub(super) fn note(self) -> String {
        let name = self.name.as_str();
        match self.declared {
            Some(value) => format!(
                "`[quotas]` of the configuration sets `{name}` to {value}; AWS has {}, as of {}",
                self.aws.value,
                QuotaName::date()
            ),
            None => format!("quotas as of {}", QuotaName::date()),
        }
    }
}
