use std::sync::LazyLock;

use super::{ACTIONS, AccessLevel, Action};
use crate::Actions;
use crate::bits::Bits;
use crate::matching::action_matches;

/// All actions, sorted by name, in one piece.
static ALL: LazyLock<Vec<Action>> = LazyLock::new(|| {
    let mut all: Vec<Action> = ACTIONS.rows().map(Action::of).collect();
    all.sort();
    all
});

/// The actions of each service: its prefix, and where they begin and end.
static SERVICES: LazyLock<Vec<(&'static str, usize, usize)>> = LazyLock::new(|| {
    let mut services: Vec<(&'static str, usize, usize)> = Vec::new();
    for (at, action) in ALL.iter().enumerate() {
        match services.last_mut() {
            Some((service, _, end)) if *service == action.service() => *end = at + 1,
            _ => services.push((action.service(), at, at + 1)),
        }
    }
    services
});

/// The actions of each level of access.
static LEVELS: LazyLock<[(AccessLevel, ActionList); 5]> = LazyLock::new(|| {
    let none = || ActionList(Bits::none(ALL.len()));
    let mut levels = AccessLevel::ALL.map(|level| (level, none()));
    for (at, action) in ALL.iter().enumerate() {
        let level = action.level();
        for (_, list) in levels.iter_mut().filter(|(it, _)| *it == level) {
            list.0.insert(at);
        }
    }
    levels
});

/// How much of a service a list has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// The prefix of its actions.
    pub service: &'static str,
    /// How many of its actions are in the list.
    pub held: usize,
    /// How many it has.
    pub all: usize,
}

/// Some of the listed actions. There are some 20,000, and many questions are about most of them: a list takes 2.5 KB.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct ActionList(Bits);

/// The listed actions of one service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfService {
    /// Its prefix.
    pub(crate) service: &'static str,
    from: usize,
    /// Them.
    pub(crate) actions: &'static [Action],
}

impl OfService {
    /// All services that have actions, sorted.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        SERVICES.iter().map(|(service, from, end)| Self {
            service,
            from: *from,
            actions: ALL.get(*from..*end).unwrap_or_default(),
        })
    }
}

impl ActionList {
    /// The actions that an `Action` or `NotAction` element covers, and whether each of its patterns matches one.
    pub(crate) fn covered_by(actions: &Actions) -> (Self, bool) {
        let mut all_known = true;
        let mut list = Self(Bits::none(ALL.len()));
        for pattern in &actions.patterns {
            let pattern = pattern.value.as_str();
            let prefix = pattern.split_once(':').map_or("", |(prefix, _)| prefix);
            let mut is_known = false;
            for of in OfService::all() {
                if pattern != "*" && !of.service.eq_ignore_ascii_case(prefix) {
                    continue;
                }
                for (at, action) in of.actions.iter().enumerate() {
                    if action_matches(pattern, action.name()) {
                        list.insert(of, at);
                        is_known = true;
                    }
                }
            }
            all_known &= is_known;
        }
        if actions.not {
            list = Self(Bits::all(ALL.len())).without(&list);
        }
        (list, all_known)
    }

    /// Adds one action of a service, by its place among them.
    pub(crate) fn insert(&mut self, of: OfService, at: usize) {
        self.0.grow(ALL.len());
        self.0.insert(of.from + at);
    }

    /// Adds all actions of a service.
    pub(crate) fn insert_all(&mut self, of: OfService) {
        (0..of.actions.len()).for_each(|at| self.insert(of, at));
    }

    /// Adds what another list has.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// Those that another list does not have.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut other = other.0.clone();
        other.grow(ALL.len());
        Self(self.0.minus(&other))
    }

    /// Whether both lists have an action.
    pub fn meets(&self, other: &Self) -> bool {
        self.0.meets(&other.0)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How much of each service is in it, for all services that have actions, sorted.
    pub fn shares(&self) -> impl Iterator<Item = Share> + '_ {
        let share = |(service, from, end): &(&'static str, usize, usize)| Share {
            service,
            held: self.0.count_in(*from..*end),
            all: end - from,
        };
        SERVICES.iter().map(share)
    }

    /// Those of a level of access.
    #[must_use]
    pub fn of_level(&self, level: AccessLevel) -> Self {
        let of = LEVELS.iter().find(|(it, _)| *it == level);
        of.map_or_else(Self::default, |(_, of)| Self(self.0.and(&of.0)))
    }

    /// They, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = Action> + '_ {
        self.0.iter().filter_map(|at| ALL.get(at).copied())
    }
}
