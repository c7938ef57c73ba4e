//! Many actions in few words.

use std::collections::BTreeMap;

use orgward_iam::{AccessLevel, ActionSet, Catalogue, Request};

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
    let mut services: BTreeMap<&str, BTreeMap<AccessLevel, usize>> = BTreeMap::new();
    for action in listed.iter() {
        *services.entry(action.service()).or_default().entry(action.level()).or_default() += 1;
    }
    if action_set.unlisted {
        let all = Catalogue::get().services();
        let spared: Vec<String> = all
            .filter(|service| {
                let lost = services.get(service.prefix()).map_or(0, |levels| levels.values().sum());
                lost < service.actions().count()
            })
            .map(|service| format!("`{}`", service.prefix()))
            .collect();
        return match spared.len() {
            0 => "every action of every service".to_owned(),
            1..=SPARED => format!("every action of every service but {}", join(spared)),
            count => format!("every action of all services but {count}"),
        };
    }
    // Those that change most come first.
    let mut services: Vec<_> = services.into_iter().collect();
    let weight = |levels: &BTreeMap<AccessLevel, usize>| {
        let of = |level| levels.get(&level).copied().unwrap_or_default();
        (of(AccessLevel::PermissionsManagement) + of(AccessLevel::Write), levels.values().sum::<usize>())
    };
    services.sort_by_key(|(name, levels)| (std::cmp::Reverse(weight(levels)), *name));
    enumerate(services.iter().map(|(name, levels)| service_in_words(name, levels)), "services")
}

fn service_in_words(name: &str, levels: &BTreeMap<AccessLevel, usize>) -> String {
    let lost: usize = levels.values().sum();
    if Catalogue::get().service(name).is_some_and(|service| service.actions().count() == lost) {
        return format!("all of `{name}`");
    }
    let levels = levels.iter().rev().map(|(level, count)| {
        let word = match level {
            AccessLevel::List => "list",
            AccessLevel::Read => "read",
            AccessLevel::Tagging => "tagging",
            AccessLevel::Write => "write",
            AccessLevel::PermissionsManagement => "permissions management",
        };
        format!("{count} {word}")
    });
    format!("`{name}` ({})", levels.collect::<Vec<_>>().join(", "))
}

/// The first few of many things, and how many more there are.
pub fn enumerate(things: impl Iterator<Item = String>, word: &str) -> String {
    let mut things: Vec<String> = things.collect();
    if things.len() > NAMED + 1 {
        let more = things.len() - NAMED;
        things.truncate(NAMED);
        things.push(format!("{more} more {word}"));
    }
    join(things)
}

/// Things one after the other.
pub(super) fn join(mut things: Vec<String>) -> String {
    match things.pop() {
        None => String::new(),
        Some(last) if things.is_empty() => last,
        Some(last) => format!("{} and {last}", things.join(", ")),
    }
}
