//! Which findings follow from which: the cause comes first, and what follows from it is folded under it.

use std::collections::BTreeSet;

use orgward_finding::{Finding, Status, Verdict};

/// Rules that find what a plan takes away from the policies above accounts.
const CAUSES: [&str; 2] = ["departing-account", "guardrail-removed"];
/// Rules that find what these policies leave open, and which of them do nothing any more. Where the plan is what opens
/// it, a cause says why.
const CONSEQUENCES: [&str; 4] = ["guardrail-gap", "inert-guardrail", "open-suspended-ou", "region-lock-gap"];

/// Links new findings to the finding that they follow from: one of a cause that touches all of their accounts and is as
/// severe. A consequence that is more severe than its cause stands by itself, and so does one whose cause is accepted.
pub(super) fn link(findings: &mut [Finding]) {
    let causes: Vec<(String, BTreeSet<String>, Finding)> = findings
        .iter()
        .filter(|finding| is_new(finding) && CAUSES.contains(&finding.rule) && !finding.accounts.is_empty())
        .map(|finding| (finding.fingerprint(), finding.accounts.iter().cloned().collect(), finding.clone()))
        .collect();
    for finding in findings.iter_mut().filter(|finding| is_new(finding)) {
        if !CONSEQUENCES.contains(&finding.rule) || finding.accounts.is_empty() {
            continue;
        }
        let cause = causes.iter().find(|(_, accounts, cause)| {
            cause.severity >= finding.severity
                && (cause.verdict == Verdict::Found || finding.verdict == Verdict::Unverifiable)
                && finding.accounts.iter().all(|account| accounts.contains(account))
        });
        finding.cause = cause.map(|(fingerprint, ..)| fingerprint.clone());
    }
}

fn is_new(finding: &Finding) -> bool {
    finding.status == Status::New
}

#[cfg(test)]
mod tests {
    use orgward_finding::{RuleInfo, Severity};

    use super::*;

    fn finding(id: &'static str, severity: Severity, accounts: &[&str]) -> Finding {
        let info = RuleInfo { id, summary: "", severity, unverifiable: severity, docs: "" };
        let mut finding = Finding::about(&info, None);
        finding.says(format!("{id} in {accounts:?}"));
        finding.accounts(accounts.iter().map(|account| (*account).to_owned()));
        finding
    }

    fn causes(findings: &mut [Finding]) -> Vec<bool> {
        link(findings);
        findings.iter().map(|finding| finding.cause.is_some()).collect()
    }

    #[test]
    fn a_gap_that_a_removed_policy_opens_follows_from_it() {
        let removed = finding("guardrail-removed", Severity::High, &["222222222222", "333333333333"]);
        let gap = finding("guardrail-gap", Severity::High, &["222222222222"]);
        let mut findings = [removed, gap];
        assert_eq!(causes(&mut findings), [false, true]);
        assert_eq!(findings[1].cause, Some(findings[0].fingerprint()));
    }

    #[test]
    fn a_gap_elsewhere_a_worse_one_and_one_whose_cause_is_accepted_stand_by_themselves() {
        let removed = || finding("guardrail-removed", Severity::High, &["222222222222"]);
        let elsewhere = finding("guardrail-gap", Severity::High, &["222222222222", "444444444444"]);
        let worse = finding("guardrail-gap", Severity::Critical, &["222222222222"]);
        assert_eq!(causes(&mut [removed(), elsewhere, worse]), [false, false, false]);
        let mut accepted = removed();
        accepted.status = Status::Waived;
        let gap = finding("guardrail-gap", Severity::High, &["222222222222"]);
        assert_eq!(causes(&mut [accepted, gap]), [false, false]);
    }
}
