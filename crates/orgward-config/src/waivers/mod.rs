//! Waivers: findings that somebody has accepted, for a reason and for a time.
//!
//! A waiver is bound to what was accepted. When the access that a finding describes becomes another one, the waiver
//! no longer applies, and the finding says why.

mod rules;
mod write;

use std::collections::BTreeSet;

use jiff::civil::Date;
use orgward_finding::{Finding, Status, Waived};
use orgward_iam::glob;

use crate::Config;

pub use rules::RULES;
pub use write::Acceptance;

/// Longer than this is for ever.
const LONGEST_DAYS: i32 = 366;
/// A waiver that takes in more findings than this does not know what it accepts.
const MOST_FINDINGS: usize = 25;

/// An entry of `[[waiver]]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiver {
    /// The rule whose findings are accepted.
    pub rule: String,
    /// The resources, as an address with `*`.
    pub address: Option<String>,
    /// The part of the organization, as a path with `*`.
    pub target: Option<String>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it applies.
    pub until: Date,
    /// Where it was discussed.
    pub ticket: Option<String>,
    /// Who else agreed.
    pub approver: Option<String>,
    /// What was accepted: [`Finding::facts`] of each finding.
    pub accepted: BTreeSet<String>,
    /// The accounts that were accepted.
    pub accounts: BTreeSet<String>,
    /// Where it is written: `orgward.toml:12`.
    pub origin: String,
}

/// Applies waivers to findings, and adds what is the matter with the waivers themselves.
pub fn apply(config: &Config, today: Date, findings: &mut Vec<Finding>) {
    let mut about = Vec::new();
    for waiver in &config.waivers {
        let matched: Vec<&mut Finding> =
            findings.iter_mut().filter(|finding| waiver.matches(finding)).collect();
        if waiver.until < today {
            about.push(rules::expired(waiver, matched.len()));
        } else if matched.is_empty() {
            about.push(rules::unmatched(waiver));
        } else if let Some(why) = waiver.too_wide(today, matched.len()) {
            about.push(rules::wide(waiver, &why));
        }
        for finding in matched {
            waiver.judge(today, finding);
        }
    }
    about.retain(|finding| !config.is_disabled(finding.rule));
    for finding in &mut about {
        finding.severity = config.severity(finding.rule).unwrap_or(finding.severity);
    }
    findings.extend(about);
}

impl Waiver {
    /// Whether a finding is one that the waiver is meant for.
    pub fn matches(&self, finding: &Finding) -> bool {
        let one = |pattern: &Option<String>, text: Option<&str>| match (pattern, text) {
            (Some(pattern), Some(text)) => glob(pattern, text),
            (Some(_), None) => false,
            (None, _) => true,
        };
        let address = finding.address.as_ref().map(orgward_finding::Address::as_str);
        // A waiver that names no place is for findings about no place.
        let placed = self.address.is_some() || self.target.is_some();
        self.rule == finding.rule
            && one(&self.address, address)
            && one(&self.target, finding.target.as_deref())
            && (placed || (address.is_none() && finding.target.is_none()))
    }

    fn judge(&self, today: Date, finding: &mut Finding) {
        if finding.status == Status::Waived {
            return;
        }
        if self.until < today {
            finding.note(format!("the waiver at {} ended on {}", self.origin, self.until));
        } else if let Some(why) = self.does_not_apply(finding) {
            finding.note(format!("the waiver at {} does not apply: {why}", self.origin));
        } else {
            finding.status = Status::Waived;
            finding.waived = Some(Waived {
                owner: self.owner.clone(),
                reason: self.reason.clone(),
                until: self.until.to_string(),
                ticket: self.ticket.clone(),
                approver: self.approver.clone(),
                origin: self.origin.clone(),
            });
        }
    }

    /// Why what is found is not what was accepted.
    fn does_not_apply(&self, finding: &Finding) -> Option<String> {
        if finding.is_sensitive() {
            return Some(
                "it rests on a sensitive text, of which nobody can tell whether it has changed".to_owned(),
            );
        }
        if self.accepted.is_empty() {
            let help = format!("`orgward waive {}` does so", finding.fingerprint());
            return Some(format!("it does not say what was accepted; {help}"));
        }
        let more: Vec<&str> =
            finding.accounts.iter().filter(|id| !self.accounts.contains(*id)).map(String::as_str).collect();
        if !more.is_empty() {
            return Some(format!("accounts were added since it was accepted: {}", more.join(", ")));
        }
        let facts = finding.facts();
        if self.accepted.contains(&facts) {
            return None;
        }
        // Against what comes nearest: the entry that agrees in the most parts.
        let names = ["what it says", "the statement", "the request that shows it"];
        let changed = |accepted: &String| -> Vec<&str> {
            let same: Vec<bool> = accepted.split('-').zip(facts.split('-')).map(|(a, b)| a == b).collect();
            names
                .into_iter()
                .enumerate()
                .filter(|(i, _)| same.get(*i) != Some(&true))
                .map(|(_, n)| n)
                .collect()
        };
        let changed = self.accepted.iter().map(changed).min_by_key(Vec::len).unwrap_or_default();
        let verb = if changed.len() == 1 { "has" } else { "have" };
        Some(format!("{} {verb} changed since it was accepted", changed.join(" and ")))
    }

    fn too_wide(&self, today: Date, findings: usize) -> Option<String> {
        let names_nothing =
            |pattern: &String| !pattern.chars().any(|character| character.is_ascii_alphanumeric());
        let places: Vec<&String> = self.address.iter().chain(&self.target).collect();
        if !places.is_empty() && places.iter().all(|pattern| names_nothing(pattern)) {
            return Some("its pattern takes in everything".to_owned());
        }
        if findings > MOST_FINDINGS {
            return Some(format!("it takes in {findings} findings"));
        }
        let days = today.until(self.until).map_or(i32::MAX, |span| span.get_days());
        (days > LONGEST_DAYS).then(|| format!("it lasts until {}, which is more than a year", self.until))
    }
}

#[cfg(test)]
mod tests;
