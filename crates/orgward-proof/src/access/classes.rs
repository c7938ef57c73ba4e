//! Accounts whose principals are alike: what leads from one to another in one leads so in all.

use std::collections::BTreeMap;

use orgward_org::{NodeId, Runtime};

use super::Access;
use super::subject::{Subject, SubjectId};

/// Accounts that are alike. The principals of each are in the same order, so that equal places are alike.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) accounts: Vec<Vec<SubjectId>>,
}

impl<'o> Access<'o> {
    /// The accounts with principals, by what makes their principals alike.
    pub(super) fn classes(&self) -> Vec<Class> {
        let mut accounts: BTreeMap<&str, Vec<(String, SubjectId)>> = BTreeMap::new();
        let mut runtimes: BTreeMap<NodeId, Vec<&Runtime>> = BTreeMap::new();
        for runtime in &self.org.access().runtimes {
            runtimes.entry(runtime.role).or_default().push(runtime);
        }
        for (id, subject) in self.subjects() {
            let account = subject.account_text.as_deref().unwrap_or_default();
            let runtimes = runtimes.get(&subject.node.id).map_or(&[][..], Vec::as_slice);
            accounts.entry(account).or_default().push((self.likeness(subject, runtimes), id));
        }
        let mut groups: BTreeMap<String, usize> = BTreeMap::new();
        let mut classes: Vec<Class> = Vec::new();
        for (_, mut members) in accounts {
            members.sort();
            let key: Vec<&str> = members.iter().map(|(likeness, _)| likeness.as_str()).collect();
            let key = key.join("\n");
            let ids = members.into_iter().map(|(_, id)| id).collect();
            let next = classes.len();
            let at = *groups.entry(key).or_insert(next);
            match classes.get_mut(at) {
                Some(class) => class.accounts.push(ids),
                None => classes.push(Class { accounts: vec![ids] }),
            }
        }
        classes
    }

    /// What makes a principal like those of other accounts: its cohort, who may assume it, and what runs as it.
    fn likeness(&self, subject: &Subject<'o>, runtimes: &[&Runtime]) -> String {
        let account = subject.account_text.as_deref().unwrap_or_default();
        let alike =
            |text: &str| if account.is_empty() { text.to_owned() } else { text.replace(account, "ACCOUNT") };
        let mut text = subject.cohort.to_string();
        if let Some(policy) = subject.trust.and_then(|trust| trust.policy()) {
            text.push_str(&alike(policy.text()));
        }
        for runtime in runtimes {
            text.push_str(runtime.kind);
            text.push_str(&alike(runtime.arn.as_deref().unwrap_or_default()));
        }
        for (group, _) in self.org.groups_of(subject.node.id) {
            text.push_str(&self.org.node(group).map(orgward_org::Node::title).unwrap_or_default());
        }
        text
    }
}
