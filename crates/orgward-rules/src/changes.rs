//! What a plan changes about what organization policies deny, in words.

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{ChainChange, ChangeCause, ChangedRequests, ServiceActions};
use orgward_iam::Catalogue;
use orgward_org::{Change, Key, NodeId, Organization, PolicyType};
use orgward_proof::chains::{Cause, Turned, changes, in_words};
use orgward_proof::org_policies::account_label;

/// What a plan changes, in groups of accounts of which the same is said. Those that it exposes most come first.
pub(crate) fn chain_changes(organization: &Change<Organization>) -> Vec<ChainChange> {
    let cx = organization.as_ref();
    // What is said, with the units and accounts of which it is said.
    let mut told: Vec<(ChainChange, [BTreeSet<String>; 2])> = Vec::new();
    for change in changes(cx) {
        let units: BTreeSet<String> = change.members.iter().map(|it| place(cx.after, *it)).collect();
        let accounts: BTreeSet<String> =
            change.members.iter().filter_map(|it| account_label(cx.after, *it)).collect();
        let side = |turned: &Turned, away| {
            (!change.is_sensitive).then(|| requests(cx, turned, &change.kind, away)).flatten()
        };
        let mut undecided: Vec<String> = change.undecided.iter().cloned().collect();
        if change.is_sensitive {
            undecided.push("a policy is marked sensitive, so that nothing of it is shown".to_owned());
        }
        let one = ChainChange {
            policy_type: short(&change.kind),
            units: Vec::new(),
            accounts: Vec::new(),
            no_longer_denied: side(&change.no_longer_denied, true),
            newly_denied: side(&change.newly_denied, false),
            undecided,
        };
        match told.iter_mut().find(|(other, _)| says_the_same(other, &one)) {
            Some((_, [all_units, all_accounts])) => {
                all_units.extend(units);
                all_accounts.extend(accounts);
            }
            None => told.push((one, [units, accounts])),
        }
    }
    let whole = |(change, [units, accounts]): (ChainChange, [BTreeSet<String>; 2])| ChainChange {
        units: units.into_iter().collect(),
        accounts: accounts.into_iter().collect(),
        ..change
    };
    let mut found: Vec<ChainChange> = told.into_iter().map(whole).collect();
    // What has no id yet is called what a reader knows it by.
    let rendered = |text: &str| {
        let shown = cx.before.render(&cx.after.render(text));
        (shown != text).then_some(shown)
    };
    for change in &mut found {
        change.redact(&rendered);
    }
    found.sort_by_key(|it| {
        (it.no_longer_denied.is_none(), it.newly_denied.is_none(), it.policy_type, it.units.clone())
    });
    found
}

fn short(kind: &PolicyType) -> &'static str {
    if *kind == PolicyType::ResourceControl { "RCP" } else { "SCP" }
}

/// The path of the unit of an account; of a unit that stands for the accounts of other stacks, its own.
fn place(organization: &Organization, id: NodeId) -> String {
    let parent = organization.account(id).and_then(|_| organization.parents(id).first().map(|it| it.0));
    organization.path(parent.unwrap_or(id))
}

/// Whether two changes differ by their accounts only, and by the example that shows them.
fn says_the_same(left: &ChainChange, right: &ChainChange) -> bool {
    let same = |left: &Option<ChangedRequests>, right: &Option<ChangedRequests>| match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => {
            let example = left.example.clone();
            *left == ChangedRequests { example, ..right.clone() }
        }
        _ => false,
    };
    left.policy_type == right.policy_type
        && left.undecided == right.undecided
        && same(&left.no_longer_denied, &right.no_longer_denied)
        && same(&left.newly_denied, &right.newly_denied)
}

fn requests(
    cx: Change<&Organization>,
    turned: &Turned,
    kind: &PolicyType,
    away: bool,
) -> Option<ChangedRequests> {
    let passing = turned.requests.as_ref()?;
    let mut services: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    if !passing.action_set.unlisted {
        for action in passing.action_set.actions.iter() {
            let name = action.name().split_once(':').map_or(action.name(), |(_, name)| name);
            services.entry(action.service()).or_default().push(name.to_owned());
        }
    }
    let services = services.into_iter().map(|(service, mut actions)| {
        actions.sort();
        let known = Catalogue::get().service(service).map(|it| it.actions().count());
        ServiceActions { service: service.to_owned(), all: known == Some(actions.len()), actions }
    });
    let mut causes: Vec<ChangeCause> =
        turned.causes.iter().flat_map(|(cause, policies)| told(cx, cause, policies, kind, away)).collect();
    causes.sort();
    causes.dedup();
    Some(ChangedRequests {
        summary: in_words(&passing.action_set, &passing.example),
        services: services.collect(),
        unlisted: passing.action_set.unlisted,
        in_part: turned.in_part,
        example: Some(passing.witness()),
        causes,
    })
}

/// What brings it about. `away`: requests are no longer denied; otherwise the cause is told from the end of the plan, and
/// what is detached there is what the plan attaches.
fn told(
    cx: Change<&Organization>,
    cause: &Cause,
    policies: &BTreeSet<Key>,
    kind: &PolicyType,
    away: bool,
) -> Vec<ChangeCause> {
    // Where the policies and attachments of the cause are.
    let organization = if away { cx.before } else { cx.after };
    let policy = |key: &Key| organization.find(key).and_then(|id| organization.node(id));
    let of = |what: String, address: Option<&orgward_plan::Address>, input: Option<&str>| ChangeCause {
        what,
        address: address.cloned(),
        input: input.map(str::to_owned),
        site: None,
    };
    match cause {
        Cause::Disabled(by) => {
            let word = if away { "off" } else { "on" };
            vec![of(format!("{}s are turned {word}", kind.short()), by.as_ref(), None)]
        }
        Cause::Moved { what, from, to } => {
            let node = cx.after.find(what).and_then(|id| cx.after.node(id));
            let (from, to) = if away { (from, to) } else { (to, from) };
            let title = node.map_or_else(|| what.to_string(), orgward_org::Node::title);
            let input = node.and_then(|node| node.stack.as_deref());
            vec![of(
                format!("`{title}` moves from {from} to {to}"),
                node.and_then(|node| node.address.as_ref()),
                input,
            )]
        }
        Cause::Beside { by, what, at } => {
            let what = if away {
                format!("`{what}` is attached to {at} beside a list of what is allowed")
            } else {
                format!("`{what}` is no longer attached to {at} beside a list of what is allowed")
            };
            vec![of(what, by.as_ref(), None)]
        }
        Cause::Detached { by, from } => {
            let word = if away { "detached from" } else { "attached to" };
            let one = |node: &orgward_org::Node| {
                of(format!("`{}` is {word} {from}", node.title()), by.as_ref(), node.stack.as_deref())
            };
            policies.iter().filter_map(policy).map(one).collect()
        }
        Cause::Rewritten => {
            let one = |node: &orgward_org::Node| {
                of(format!("`{}` is rewritten", node.title()), node.address.as_ref(), node.stack.as_deref())
            };
            policies.iter().filter_map(policy).map(one).collect()
        }
    }
}

#[cfg(test)]
mod tests;
