//! From findings to the waiver that accepts them.

use jiff::civil::Date;
use orgward_finding::Finding;

use super::Waiver;

/// What people say when they accept something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acceptance {
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day.
    pub until: Date,
    /// Where it was discussed.
    pub ticket: Option<String>,
    /// Who else agreed.
    pub approver: Option<String>,
}

impl Waiver {
    /// The waiver of a finding, and of all others of its rule that the pattern takes in.
    pub fn of(finding: &Finding, pattern: Option<&str>, findings: &[Finding], said: Acceptance) -> Self {
        let address = finding.address.as_ref().map(orgward_finding::Address::as_str);
        let mut waiver = Self {
            rule: finding.rule.to_owned(),
            address: pattern.or(address).map(str::to_owned),
            target: if pattern.is_some() { None } else { finding.target.clone() },
            reason: said.reason,
            owner: said.owner,
            until: said.until,
            ticket: said.ticket,
            approver: said.approver,
            accepted: [finding.facts()].into(),
            accounts: finding.accounts.iter().cloned().collect(),
            origin: String::new(),
        };
        if pattern.is_some() {
            let others: Vec<&Finding> =
                findings.iter().filter(|other| waiver.matches(other) && !other.is_sensitive()).collect();
            for other in others {
                waiver.accepted.insert(other.facts());
                waiver.accounts.extend(other.accounts.iter().cloned());
            }
        }
        waiver
    }

    /// The entry as it is written into a file.
    pub fn to_toml(&self) -> String {
        let text = |text: &str| toml::Value::from(text).to_string();
        let mut lines = vec!["[[waiver]]".to_owned(), format!("rule = {}", text(&self.rule))];
        for (key, value) in [
            ("address", self.address.as_ref()),
            ("target", self.target.as_ref()),
            ("reason", Some(&self.reason)),
            ("owner", Some(&self.owner)),
            ("approver", self.approver.as_ref()),
            ("ticket", self.ticket.as_ref()),
        ] {
            lines.extend(value.map(|value| format!("{key} = {}", text(value))));
        }
        lines.push(format!("until = {}", self.until));
        for (key, list) in [("accounts", &self.accounts), ("accepted", &self.accepted)] {
            if list.len() > 1 {
                lines.push(format!("{key} = ["));
                lines.extend(list.iter().map(|item| format!("    {},", text(item))));
                lines.push("]".to_owned());
            } else if let Some(item) = list.first() {
                lines.push(format!("{key} = [{}]", text(item)));
            }
        }
        lines.join("\n") + "\n"
    }
}
