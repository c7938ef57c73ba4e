//! Many actions in few words.

use std::cmp::Reverse;

use orgward_iam::{AccessLevel, ActionList, ActionSet, Request, Share};

/// How many things are named one by one.
const NAMED: usize = 4;
/// How many services are named of which something stays denied.
const SPARED: usize = 6;

/// What requests are for, by service and level of access where there are many actions.
pub fn in_words(action_set: &ActionSet, example: &Request) -> String {
    let listed = &action_set.actions;
    if listed.is_empty() && !action_set.unlisted {
        return format!("`{}`", example.action);
    }
    if listed.len() <= NAMED && !action_set.unlisted {
        return join(listed.iter().map(|action| format!("`{}`", action.name())).collect());
    }
    if action_set.unlisted {
        let spared: Vec<String> = listed
            .shares()
            .filter(|share| share.held < share.all)
            .map(|share| format!("`{}`", share.service))
            .collect();
        return match spared.len() {
            0 => "every action of every service".to_owned(),
            1..=SPARED => format!("every action of every service but {}", join(spared)),
            count => format!("every action of all services but {count}"),
        };
    }
    let levels = AccessLevel::ALL.map(|level| (level, listed.of_level(level)));
    let weighty = levels.iter().filter(|(level, _)| *level >= AccessLevel::Write);
    let weights: Vec<Vec<Share>> = weighty.map(|(_, of)| of.shares().collect()).collect();
    // Those that change most come first.
    let mut services: Vec<(usize, Share)> = listed.shares().enumerate().collect();
    services.retain(|(_, share)| share.held > 0);
    services.sort_by_cached_key(|(at, share)| {
        let weight: usize = weights.iter().filter_map(|of| of.get(*at)).map(|of| of.held).sum();
        (Reverse((weight, share.held)), share.service)
    });
    enumerate(services.iter().map(|(at, share)| service_in_words(*at, share, &levels)), "services")
}

/// What of a service is in a list, by level of access. `at` is its place among all services.
fn service_in_words(at: usize, share: &Share, levels: &[(AccessLevel, ActionList)]) -> String {
    if share.held == share.all {
        return format!("all of `{}`", share.service);
    }
    let levels = levels.iter().rev().filter_map(|(level, of)| {
        let word = match level {
            AccessLevel::List => "list",
            AccessLevel::Read => "read",
            AccessLevel::Tagging => "tagging",
            AccessLevel::Write => "write",
            AccessLevel::PermissionsManagement => "permissions management",
        };
        let count = of.shares().nth(at).map_or(0, |share| share.held);
        (count > 0).then(|| format!("{count} {word}"))
    });
    format!("`{}` ({})", share.service, levels.collect::<Vec<_>>().join(", "))
}

/// The first few of many things, and how many more there are.
pub fn enumerate(things: impl ExactSizeIterator<Item = String>, word: &str) -> String {
    let count = things.len();
    if count <= NAMED + 1 {
        return join(things.collect());
    }
    let mut named: Vec<String> = things.take(NAMED).collect();
    named.push(format!("{} more {word}", count - NAMED));
    join(named)
}

/// Things one after the other.
pub(super) fn join(mut things: Vec<String>) -> String {
    match things.pop() {
        None => String::new(),
        Some(last) if things.is_empty() => last,
        Some(last) => format!("{} and {last}", things.join(", ")),
    }
}
