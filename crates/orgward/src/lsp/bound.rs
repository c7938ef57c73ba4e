//! Whom a policy of the organization binds.

use std::collections::{BTreeMap, BTreeSet};

use orgward_org::{NodeId, Organization, Resolved};
use serde_json::Value;

use super::words::listed;

/// The targets of a policy and the accounts below them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Bound {
    targets: BTreeSet<String>,
    accounts: BTreeSet<String>,
    /// Whether some attachment may lead elsewhere.
    is_open: bool,
}

impl Bound {
    /// As an organization says it.
    pub(super) fn of(org: &Organization, policy: NodeId) -> Self {
        let mut bound = Self::default();
        for (target, attachment) in org.targets_of(policy) {
            bound.is_open |= attachment.resolved == Resolved::Candidates;
            bound.targets.insert(org.node(target).map(orgward_org::Node::title).unwrap_or_default());
            let below =
                org.accounts_below(target).into_iter().map(|it| (it.id, it.node.title(), it.data.management));
            let own = org.account(target).map(|it| (it.id, it.node.title(), it.data.management));
            let each = below.chain(own).filter(|(.., management)| !management);
            bound.accounts.extend(each.map(|(_, title, _)| title));
        }
        bound.is_open |= org.loose_attachments().iter().any(|it| it.org_policy == policy);
        bound
    }

    /// All policies of one side of what `orgward org show --format json` prints, by their addresses.
    pub(super) fn all(side: &Value) -> BTreeMap<String, Self> {
        let text = |value: &Value, key: &str| value.get(key)?.as_str().map(str::to_owned);
        let nodes: BTreeMap<String, &Value> = side["nodes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|node| Some((text(node, "key")?, node)))
            .collect();
        let name =
            |key: &str| nodes.get(key).and_then(|node| text(node, "name")).unwrap_or_else(|| key.to_owned());
        // Trees are not deep; one that goes round ends.
        let is_below = |account: &str, target: &str| {
            let mut at = account.to_owned();
            for _ in 0..16 {
                if at == target {
                    return true;
                }
                let Some(parent) = nodes.get(&at).and_then(|node| text(node, "parent")) else { return false };
                at = parent;
            }
            false
        };
        let mut all: BTreeMap<String, Self> = BTreeMap::new();
        for node in nodes.values().filter(|node| node["kind"] == "policy") {
            if let Some(address) = text(node, "address") {
                all.entry(address).or_default();
            }
        }
        for attachment in side["attachments"].as_array().into_iter().flatten() {
            let policy = text(attachment, "policy").and_then(|key| text(nodes.get(&key)?, "address"));
            let Some(bound) = policy.and_then(|address| all.get_mut(&address)) else { continue };
            let Some(target) = text(attachment, "target") else {
                bound.is_open = true;
                continue;
            };
            bound.targets.insert(name(&target));
            let accounts =
                nodes.iter().filter(|(_, node)| node["kind"] == "account" && node["management"] != true);
            bound
                .accounts
                .extend(accounts.filter(|(key, _)| is_below(key, &target)).map(|(key, _)| name(key)));
        }
        all
    }

    /// In Markdown; `whence` is what says so.
    pub(super) fn words(&self, whence: &str) -> String {
        let mut text = if self.targets.is_empty() {
            format!("Attached to nothing in {whence}.")
        } else {
            format!("Attached to {} in {whence}.", listed(self.targets.iter().map(String::as_str)))
        };
        let accounts = || listed(self.accounts.iter().map(String::as_str));
        let binds = match self.accounts.len() {
            0 if self.targets.is_empty() => String::new(),
            0 => " No account is known to be below.".to_owned(),
            1 => format!(" Binds {}.", accounts()),
            many => format!(" Binds {many} accounts: {}.", accounts()),
        };
        text.push_str(&binds);
        if self.is_open {
            text.push_str(" Where else it is attached is unknown until apply.");
        }
        text.push_str(" Policies of the organization never bind the management account.");
        text
    }
}
