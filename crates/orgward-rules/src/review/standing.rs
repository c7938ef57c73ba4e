//! What was there before the plan, account by account.
//!
//! Rules put accounts that fare alike into one finding. When an account moves, both groups change, and what is said of
//! the others is no news for that.

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Address, Finding, Status, Verdict};
use orgward_iam::is_account_id;

/// The accounts of which each thing is said before the plan.
pub(super) struct Standing<'f> {
    claims: BTreeMap<Claim<'f>, BTreeSet<&'f str>>,
    /// What is said of locks, with their addresses.
    locks: BTreeMap<(Claim<'f>, Option<&'f Address>), BTreeSet<&'f str>>,
    /// What is said of a resource and some accounts, by what tells it apart but for where they are.
    resources: BTreeMap<Fact<'f>, BTreeSet<&'f str>>,
}

/// A finding about a resource: rule, verdict, input, address and subject.
type Fact<'f> = (&'static str, Verdict, Option<&'f str>, &'f Address, &'f str);

fn fact(finding: &Finding) -> Option<Fact<'_>> {
    let address = finding.address.as_ref().filter(|_| !finding.accounts.is_empty())?;
    Some((finding.rule, finding.verdict, finding.input.as_deref(), address, &finding.subject))
}

/// Rules about locks, whose findings name the statement: one that is touched and does what it did is no news.
const LOCKS: [&str; 2] = ["over-locked-region", "region-lock-mistake"];

type Claim<'f> = (&'static str, Verdict, &'f str);

fn claim(finding: &Finding) -> Claim<'_> {
    (finding.rule, finding.verdict, &finding.message)
}

/// Whether a finding is about accounts, and not about a resource that touches some.
fn is_about_accounts(finding: &Finding) -> bool {
    finding.address.is_none() && !finding.accounts.is_empty()
}

impl<'f> Standing<'f> {
    pub(super) fn of(before: &'f [Finding]) -> Self {
        let mut claims: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for finding in before.iter().filter(|finding| is_about_accounts(finding)) {
            let accounts = finding.accounts.iter().map(String::as_str);
            claims.entry(claim(finding)).or_default().extend(accounts);
        }
        let mut locks: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for finding in before.iter().filter(|finding| LOCKS.contains(&finding.rule)) {
            let accounts = finding.accounts.iter().map(String::as_str);
            locks.entry((claim(finding), finding.address.as_ref())).or_default().extend(accounts);
        }
        let mut resources: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for finding in before {
            if let Some(fact) = fact(finding) {
                let accounts = finding.accounts.iter().map(String::as_str);
                resources.entry(fact).or_default().extend(accounts);
            }
        }
        Self { claims, locks, resources }
    }

    /// Whether the same was said of the resource for all of the accounts, when there were more of them elsewhere.
    pub(super) fn of_resource(&self, finding: &Finding) -> bool {
        let old = fact(finding).and_then(|fact| self.resources.get(&fact));
        old.is_some_and(|old| finding.accounts.iter().all(|account| old.contains(account.as_str())))
    }

    /// Whether the same was said of a lock, for all of the accounts, when its statement had another text.
    pub(super) fn of_lock(&self, finding: &Finding) -> bool {
        let old = self.locks.get(&(claim(finding), finding.address.as_ref()));
        old.is_some_and(|old| finding.accounts.iter().all(|account| old.contains(account.as_str())))
    }

    /// The parts of a finding that the plan brings about, and that were there before it.
    pub(super) fn split(&self, mut finding: Finding) -> Vec<Finding> {
        let Some(standing) = self.claims.get(&claim(&finding)).filter(|_| is_about_accounts(&finding)) else {
            return vec![finding];
        };
        let (old, new): (Vec<String>, Vec<String>) =
            finding.accounts.iter().cloned().partition(|account| standing.contains(account.as_str()));
        if old.is_empty() {
            return vec![finding];
        }
        if new.is_empty() {
            finding.status = Status::Existing;
            return vec![finding];
        }
        let mut there = part(&finding, old);
        there.status = Status::Existing;
        vec![part(&finding, new), there]
    }
}

/// What a finding says of some of its accounts.
fn part(whole: &Finding, accounts: Vec<String>) -> Finding {
    let mut part = whole.clone();
    if let (Some(witness), Some(first)) = (&whole.witness, accounts.first()) {
        let shown = whole.accounts.iter().map(|account| written(account)).find(|account| {
            [&witness.principal, &witness.resource].into_iter().any(|text| text.contains(account.as_str()))
        });
        if let Some(shown) = shown.filter(|shown| !accounts.iter().any(|account| written(account) == *shown))
        {
            part.witness = Some(witness.about(&shown, &written(first)));
        }
    }
    part.subject = format!("{} {}", whole.subject, accounts.join(" "));
    part.accounts = accounts;
    part
}

/// How a request names an account: by its id, or by what its id will be.
fn written(account: &str) -> String {
    if is_account_id(account) { account.to_owned() } else { format!("${{{account}.id}}") }
}

#[cfg(test)]
mod tests {
    use orgward_finding::{RuleInfo, Severity, Witness};

    use super::*;

    const RULE: RuleInfo = RuleInfo {
        id: "guardrail-gap",
        summary: "a guardrail does not hold",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        docs: "",
    };

    fn gap(accounts: &[&str]) -> Finding {
        let mut finding = Finding::about(&RULE, None);
        finding.says("`keep-trails` does not hold: nothing denies `cloudtrail:StopLogging`");
        finding.accounts(accounts.iter().map(|account| (*account).to_owned()));
        finding.witness(Witness {
            principal: format!("arn:aws:iam::{}:role/application", accounts[0]),
            action: "cloudtrail:StopLogging".to_owned(),
            resource: "*".to_owned(),
            context: Vec::new(),
        });
        finding
    }

    #[test]
    fn who_moves_into_a_gap_is_new_and_who_was_in_it_is_not() {
        let before = [gap(&["111111111111", "333333333333"])];
        let parts = Standing::of(&before).split(gap(&["111111111111", "222222222222"]));
        let told: Vec<_> = parts.iter().map(|part| (part.status, part.accounts.join(" "))).collect();
        assert_eq!(
            told,
            [(Status::New, "222222222222".to_owned()), (Status::Existing, "111111111111".to_owned())]
        );
        let witness = parts[0].witness.as_ref().unwrap();
        assert_eq!(witness.principal, "arn:aws:iam::222222222222:role/application");
        assert_ne!(parts[0].fingerprint(), parts[1].fingerprint());
    }

    /// A policy is detached from the root and stays at one unit: what can be said of it there was true before.
    #[test]
    fn what_is_left_of_a_finding_about_a_resource_is_no_news() {
        let about = |address: &str, target: Option<&str>, accounts: &[&str]| {
            let mut finding = Finding::about(&RULE, Some(&Address::new(address)));
            finding.subject("team");
            finding.accounts(accounts.iter().map(|account| (*account).to_owned()));
            if let Some(target) = target {
                finding.target(target);
            }
            finding
        };
        let before = [about("aws_organizations_policy.baseline", None, &["111111111111", "222222222222"])];
        let standing = Standing::of(&before);
        let left =
            |address, account| standing.of_resource(&about(address, Some("Root/Security"), &[account]));
        assert!(left("aws_organizations_policy.baseline", "222222222222"));
        assert!(!left("aws_organizations_policy.baseline", "333333333333"), "another account");
        assert!(!left("aws_organizations_policy.other", "222222222222"), "another policy");
    }

    /// The group is smaller because another account has left it.
    #[test]
    fn who_stays_in_a_gap_is_no_news() {
        let before = [gap(&["111111111111", "333333333333"])];
        let parts = Standing::of(&before).split(gap(&["111111111111"]));
        assert_eq!(parts.iter().map(|part| part.status).collect::<Vec<_>>(), [Status::Existing]);
    }

    /// The guardrail had a gap before; what gets through now did not.
    #[test]
    fn a_gap_that_lets_something_else_through_is_new() {
        let mut other = gap(&["111111111111"]);
        other.says("`keep-trails` does not hold: nothing denies `cloudtrail:DeleteEventDataStore`");
        let before = [other];
        let parts = Standing::of(&before).split(gap(&["111111111111"]));
        assert_eq!(parts.iter().map(|part| part.status).collect::<Vec<_>>(), [Status::New]);
    }

    /// Nobody could tell before; now it is certain.
    #[test]
    fn what_was_doubtful_is_new_when_it_is_found() {
        let mut doubtful = gap(&["111111111111"]);
        doubtful.verdict = Verdict::Unverifiable;
        let before = [doubtful];
        let parts = Standing::of(&before).split(gap(&["111111111111"]));
        assert_eq!(parts.iter().map(|part| part.status).collect::<Vec<_>>(), [Status::New]);
    }
}
