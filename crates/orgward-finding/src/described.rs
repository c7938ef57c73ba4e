use std::collections::{BTreeMap, BTreeSet};

use crate::digest::digest;
use crate::{Finding, Verdict};

/// How accepted digests begin; older ones bound one statement and one request of many.
const LAYOUT: &str = "v2";

/// All that a finding describes, beyond what its text has room for: what is accepted with the finding.
/// Filled in for all findings in one place, when the rules have run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Described {
    /// The statements that make it so, without their ids and their layout: those that are shown, and all others that
    /// have a say.
    pub statements: BTreeSet<String>,
    /// The stack that the resource is part of, by the path of its plan from the configuration; `None` where the plan
    /// lies elsewhere.
    pub stack: Option<String>,
    /// The account that the resource is in, by each of its names; empty where nothing says so.
    pub account: BTreeSet<String>,
    /// The names of the accounts in [`Finding::accounts`] that have another one: the address of an account that the plan
    /// creates, and its id once it has been created.
    pub names: BTreeMap<String, BTreeSet<String>>,
    /// Whether something sensitive was taken out of its text.
    pub is_redacted: bool,
}

/// What was accepted of one finding.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Accepted {
    /// Which finding, what it says, and the statements that make it so: a digest of each.
    pub facts: String,
    /// The accounts that it touches, and the one that its resource is in.
    pub accounts: BTreeSet<String>,
    /// The stack that its resource is part of.
    pub stack: Option<String>,
}

impl Accepted {
    /// What is accepted with a finding.
    pub fn of(finding: &Finding) -> Self {
        let mut accounts: BTreeSet<String> = finding.accounts.iter().cloned().collect();
        accounts.extend(finding.described.account.iter().cloned());
        Self { facts: finding.facts(), accounts, stack: finding.described.stack.clone() }
    }
}

/// Why a finding is not one of those that were accepted, in words that follow "it does not apply:"; `None` where it is.
/// `accounts` and `stack` were accepted together with all of `facts`.
pub fn not_accepted<'a>(
    finding: &Finding,
    facts: impl Iterator<Item = &'a str> + Clone,
    accounts: &BTreeSet<String>,
    stack: Option<&str>,
) -> Option<String> {
    if finding.is_sensitive() {
        return Some("it rests on a sensitive text, of which nothing may be written down".to_owned());
    }
    let renew = format!("`orgward waive {}` accepts it as it is now", finding.fingerprint());
    if facts.clone().next().is_none() {
        return Some(format!("it does not say what was accepted; {renew}"));
    }
    if facts.clone().any(|facts| !facts.starts_with(LAYOUT)) {
        return Some(format!("an older version of orgward wrote it, which did not bind all of it; {renew}"));
    }
    let described = &finding.described;
    if described.stack.as_deref() != stack {
        let stack =
            stack.map_or_else(|| "a plan outside of the repository".to_owned(), |stack| format!("`{stack}`"));
        return Some(format!("it was accepted for the stack {stack}"));
    }
    let is_accepted = |account: &String| {
        accounts.contains(account)
            || described.names.get(account).is_some_and(|names| !names.is_disjoint(accounts))
    };
    let more: Vec<&str> =
        finding.accounts.iter().filter(|account| !is_accepted(account)).map(String::as_str).collect();
    if !more.is_empty() {
        return Some(format!("accounts were added since it was accepted: {}", more.join(", ")));
    }
    // Where nothing said which account it is in, nothing was accepted of that.
    if !accounts.is_empty() && !described.account.is_empty() && described.account.is_disjoint(accounts) {
        let account = described.account.first().map_or("", String::as_str);
        return Some(format!("it was accepted in another account, and this one is {account}"));
    }
    let now = finding.facts();
    if facts.clone().any(|facts| facts == now) {
        return None;
    }
    // Against what comes nearest: the entry that agrees in the most parts.
    let parts = |facts: &str| facts.split('-').skip(1).map(str::to_owned).collect::<Vec<_>>();
    let now = parts(&now);
    let same = |facts: &str| -> Vec<bool> { parts(facts).iter().zip(&now).map(|(a, b)| a == b).collect() };
    let nearest = facts
        .map(same)
        .filter(|same| same.first() == Some(&true))
        .max_by_key(|same| same.iter().filter(|same| **same).count());
    let Some(nearest) = nearest else {
        return Some("it is none of the findings that were accepted".to_owned());
    };
    let names = ["what it says", "a statement that has a say in it"];
    let changed: Vec<&str> = names
        .into_iter()
        .zip(nearest.iter().skip(1))
        .filter(|(_, same)| !**same)
        .map(|(name, _)| name)
        .collect();
    let verb = if changed.len() == 1 { "has" } else { "have" };
    Some(format!("{} {verb} changed since it was accepted", changed.join(" and ")))
}

impl Finding {
    /// Which finding it is, what it says, and the statements that make it so: three digests behind the version of their
    /// layout, so that a difference has a name. Accounts are bound by their list, since they get ids when they are
    /// created.
    pub fn facts(&self) -> String {
        let address = self.address.as_ref().map(|address| crate::digest::without_positions(address.as_str()));
        let occurrence = self.occurrence.to_string();
        let which = digest(&[self.rule, address.as_deref().unwrap_or(""), &occurrence], 8);
        let verdict = match self.verdict {
            Verdict::Found => "found",
            Verdict::Unverifiable => "unverifiable",
        };
        let target = self.target.as_deref().unwrap_or("");
        let says = digest(&[verdict, &self.with_one_name(&self.message), &self.with_one_name(target)], 8);
        let statements: Vec<&str> = self.described.statements.iter().map(String::as_str).collect();
        format!("{LAYOUT}-{which}-{says}-{}", digest(&statements, 8))
    }

    /// A text in which each account has the same name before and after it is created.
    fn with_one_name(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, others) in &self.described.names {
            if let Some(first) =
                others.iter().max_by_key(|other| other.len()).filter(|_| text.contains(name.as_str()))
            {
                text = text.replace(name.as_str(), first);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use orgward_plan::Address;

    use super::*;
    use crate::{RuleInfo, Severity};

    const RULE: RuleInfo = RuleInfo {
        id: "external-trust",
        summary: "role trusts an outsider",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        docs: "",
    };

    fn trust() -> Finding {
        let mut finding = Finding::about(&RULE, Some(&Address::new("aws_iam_role.vendor")));
        finding.says("role trusts account 999999999999").accounts(["222222222222".to_owned()]);
        finding.described.statements.insert("statement".to_owned());
        finding.described.stack = Some("stacks/dev".to_owned());
        finding.described.account = ["222222222222".to_owned()].into();
        finding
    }

    /// Why a finding is not covered by the acceptance of [`trust`].
    fn why_not(change: impl FnOnce(&mut Finding)) -> Option<String> {
        let accepted = Accepted::of(&trust());
        let mut now = trust();
        change(&mut now);
        not_accepted(
            &now,
            [accepted.facts.as_str()].into_iter(),
            &accepted.accounts,
            accepted.stack.as_deref(),
        )
    }

    #[test]
    fn what_was_accepted_is() {
        assert_eq!(why_not(|_| {}), None);
        assert_eq!(why_not(|now| now.severity = Severity::Low), None);
    }

    #[test]
    fn what_grows_is_back_and_says_by_what() {
        let why = |change: fn(&mut Finding)| why_not(change).unwrap();
        assert_eq!(
            why(|now| now.described.statements.extend(["second".to_owned()])),
            "a statement that has a say in it has changed since it was accepted"
        );
        assert_eq!(
            why(|now| now.message = "role trusts everyone".to_owned()),
            "what it says has changed since it was accepted"
        );
        assert_eq!(
            why(|now| now.accounts.push("333333333333".to_owned())),
            "accounts were added since it was accepted: 333333333333"
        );
        assert_eq!(
            why(|now| now.described.account = ["444444444444".to_owned()].into()),
            "it was accepted in another account, and this one is 444444444444"
        );
        assert_eq!(
            why(|now| now.described.stack = Some("stacks/prod".to_owned())),
            "it was accepted for the stack `stacks/dev`"
        );
        assert_eq!(
            why(|now| now.address = Some(Address::new("aws_iam_role.third"))),
            "it is none of the findings that were accepted"
        );
    }

    #[test]
    fn an_account_that_gets_its_id_is_the_same_account() {
        let mut before = trust();
        before.says("`aws_organizations_account.shop` lies in the root");
        before.accounts = vec!["aws_organizations_account.shop".to_owned()];
        before.described.account.clear();
        let mut after = before.clone();
        after.says("`333333333333` lies in the root");
        after.accounts = vec!["333333333333".to_owned()];
        after.described.names =
            [("333333333333".to_owned(), ["aws_organizations_account.shop".to_owned()].into())].into();
        let accepted = Accepted::of(&before);
        let facts = || [accepted.facts.as_str()].into_iter();
        assert_eq!(not_accepted(&after, facts(), &accepted.accounts, Some("stacks/dev")), None);
        after.accounts.push("444444444444".to_owned());
        assert!(not_accepted(&after, facts(), &accepted.accounts, Some("stacks/dev")).is_some());
    }

    #[test]
    fn an_old_digest_is_refused_with_the_command_that_renews_it() {
        let now = trust();
        let why = not_accepted(&now, ["aaaa-bbbb-cccc"].into_iter(), &BTreeSet::new(), None).unwrap();
        assert!(why.contains("an older version of orgward wrote it"), "{why}");
        assert!(why.contains(&format!("`orgward waive {}`", now.fingerprint())), "{why}");
    }
}
