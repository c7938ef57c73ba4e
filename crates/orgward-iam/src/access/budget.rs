use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;

use super::allowance::Allowance;

/// How much work is left for a question. A step is what takes some 20 ns, or keeps some 20 bytes until the end.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    left: usize,
    charges: Vec<Charge>,
}

/// A piece of work that is done once, however many questions need it, and the steps that it took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Charge {
    pub(super) of: u64,
    pub(super) steps: usize,
}

impl Budget {
    /// Enough for any policy that people write, and over within a fraction of a second for any other.
    pub(crate) const QUESTION: usize = 3_000_000;

    /// What is said when nothing is left.
    pub(crate) const OVER: &'static str = "the policies are too intricate: the budget of steps is used up";

    /// A budget that no allowance counts.
    pub(crate) fn new(steps: usize) -> Self {
        Self { left: steps, charges: Vec::new() }
    }

    /// Asks a question that may take some steps, or fewer where the task has used up its allowance.
    pub(super) fn ask<T>(
        steps: usize,
        find: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        let Some(allowance) = Allowance::current() else { return find(&mut Self::new(steps)) };
        let granted = allowance.grants(steps);
        if granted == 0 {
            return Err(Self::OVER.to_owned());
        }
        let mut budget = Self::new(granted);
        let answer = allowance.asking(|| find(&mut budget));
        allowance.note(budget.own_since(granted, 0), &budget.charges);
        answer
    }

    /// How many steps are left.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// Takes some away; an error, which says so, when nothing is left.
    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), String> {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Self::OVER.to_owned()),
        }
    }

    /// Takes all away that is left.
    pub(super) fn end(&mut self) {
        self.left = 0;
    }

    /// What the work so far is made of.
    pub(super) fn charges(&self) -> &[Charge] {
        &self.charges
    }

    /// How many steps were taken since `left` were left, but for those of the pieces of work from `first` on.
    pub(super) fn own_since(&self, left: usize, first: usize) -> usize {
        let noted: usize = self.charges.iter().skip(first).map(|charge| charge.steps).sum();
        left.saturating_sub(self.left).saturating_sub(noted)
    }

    /// Notes a piece of work.
    pub(super) fn charge(&mut self, of: u64, steps: usize) {
        self.charges.push(Charge { of, steps });
    }

    /// Notes pieces of work.
    pub(super) fn charge_all(&mut self, charges: &[Charge]) {
        self.charges.extend_from_slice(charges);
    }

    /// Forgets the pieces of work but for the first ones.
    pub(super) fn uncharge(&mut self, first: usize) {
        self.charges.truncate(first);
    }
}

/// What a piece of work is known by.
pub(super) fn identity(key: &impl Hash) -> u64 {
    FixedState::default().hash_one(key)
}
