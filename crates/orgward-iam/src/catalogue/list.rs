use std::sync::LazyLock;

use super::{ACTIONS, Action};

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

const WIDTH: usize = u64::BITS as usize;

/// Some of the listed actions. There are some 20,000, and many questions are about most of them: a list takes 2.5 KB.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct ActionList(Vec<u64>);

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
    /// Adds one action of a service, by its place among them.
    pub(crate) fn insert(&mut self, of: OfService, at: usize) {
        let place = of.from + at;
        if self.0.len() <= place / WIDTH {
            self.0.resize(ALL.len().div_ceil(WIDTH), 0);
        }
        if let Some(word) = self.0.get_mut(place / WIDTH) {
            *word |= 1 << (place % WIDTH);
        }
    }

    /// Adds all actions of a service.
    pub(crate) fn insert_all(&mut self, of: OfService) {
        (0..of.actions.len()).for_each(|at| self.insert(of, at));
    }

    /// Adds what another list has.
    pub fn extend(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// Those that another list does not have.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let theirs = other.0.iter().copied().chain(std::iter::repeat(0));
        Self(self.0.iter().zip(theirs).map(|(mine, theirs)| mine & !theirs).collect())
    }

    /// Whether both lists have an action.
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(mine, theirs)| mine & theirs != 0)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// They, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = Action> + '_ {
        self.0.iter().enumerate().flat_map(|(index, word)| {
            std::iter::successors(Some(*word), |word| Some(word & word.wrapping_sub(1)))
                .take_while(|word| *word != 0)
                .filter_map(move |word| ALL.get(index * WIDTH + word.trailing_zeros() as usize).copied())
        })
    }
}
