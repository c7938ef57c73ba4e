//! What questions tell apart, remembered from one question to the next: most questions about an organization are about
//! the same chain of policies, and differ in who asks for what.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Budget;
use super::budget::{Charge, identity};
use super::dimension::Values;
use super::test::Dimension;

/// How much is kept, by the steps that it took to find out or the length of the question: some 50 MB at most.
const KEPT: usize = 20_000_000;

/// The values of a dimension depend on nothing but what is asked about them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Asked {
    dimension: Dimension,
    partitions: Vec<&'static str>,
    /// A key as the policies spell it.
    spelling: String,
    tests: Vec<String>,
}

impl Asked {
    pub(super) fn new<'t>(
        dimension: &Dimension,
        partitions: &[&'static str],
        spelling: Option<&str>,
        tests: impl Iterator<Item = &'t String>,
    ) -> Self {
        Self {
            dimension: dimension.clone(),
            partitions: partitions.to_vec(),
            spelling: spelling.unwrap_or_default().to_owned(),
            tests: tests.cloned().collect(),
        }
    }
}

/// Answers by their question, for all threads. It forgets all of them when it gets too large.
#[derive(Debug)]
pub(super) struct Memo<V, K = String>(Mutex<Kept<V, K>>);

#[derive(Debug)]
struct Kept<V, K> {
    known: BTreeMap<K, V>,
    size: usize,
}

impl<V, K> Memo<V, K> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Kept { known: BTreeMap::new(), size: 0 }))
    }
}

impl<V, K: Ord> Memo<V, K> {
    fn insert(&self, size: usize, key: K, value: V) {
        let mut kept = self.kept();
        kept.size += size;
        if kept.size > KEPT {
            *kept = Kept { known: BTreeMap::new(), size };
        }
        kept.known.insert(key, value);
    }

    fn kept(&self) -> MutexGuard<'_, Kept<V, K>> {
        // What a thread leaves behind that panics is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known of a question.
#[derive(Clone, Debug)]
pub(super) enum Found<V> {
    /// The answer, with the steps that it took to find it out and the pieces of work that these are.
    Answer(V, usize, Arc<[Charge]>),
    /// It takes more than these steps.
    Beyond(usize),
}

impl<V: Clone, K: Ord + Hash> Memo<Found<V>, K> {
    /// The answer, found once. One from memory takes the same steps off the budget as finding it out, so that no verdict
    /// depends on what was asked before; and what was too much once is too much again.
    pub(super) fn get_within(
        &self,
        key: K,
        budget: &mut Budget,
        size: impl FnOnce(&K, usize) -> usize,
        find: impl FnOnce(&mut Budget) -> Result<V, String>,
    ) -> Result<V, String> {
        let known = self.kept().known.get(&key).cloned();
        let of = identity(&key);
        let (before, first) = (budget.left(), budget.charges().len());
        // Nothing is left, whether it is tried or known to be too much.
        let beyond = |budget: &mut Budget| {
            budget.end();
            budget.uncharge(first);
            budget.charge(of, before);
            Budget::OVER.to_owned()
        };
        match known {
            Some(Found::Answer(answer, steps, charges)) => {
                budget.spend(steps).map_err(|_| beyond(budget))?;
                budget.charge_all(&charges);
                return Ok(answer);
            }
            Some(Found::Beyond(steps)) if before <= steps => return Err(beyond(budget)),
            Some(Found::Beyond(_)) | None => {}
        }
        let answer = match find(budget) {
            Ok(answer) => answer,
            Err(error) if error == Budget::OVER => {
                self.insert(size(&key, 0), key, Found::Beyond(before));
                return Err(beyond(budget));
            }
            Err(error) => return Err(error),
        };
        let steps = before - budget.left();
        budget.charge(of, budget.own_since(before, first));
        let charges = budget.charges().get(first..).unwrap_or_default().into();
        self.insert(size(&key, steps), key, Found::Answer(answer.clone(), steps, charges));
        Ok(answer)
    }
}

static VALUES: Memo<Found<Arc<Values>>, Asked> = Memo::new();

/// The values of a dimension, found out once.
pub(super) fn remembered(
    asked: Asked,
    budget: &mut Budget,
    find: impl FnOnce(&mut Budget) -> Result<Values, String>,
) -> Result<Arc<Values>, String> {
    VALUES.get_within(asked, budget, |_, steps| steps, |budget| find(budget).map(Arc::new))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What takes too many steps is not tried again with as few; with more it is, and then it is known.
    #[test]
    fn a_question_that_takes_too_much_is_tried_once() {
        let memo: Memo<Found<u8>> = Memo::new();
        let mut tried = 0;
        let mut ask = |steps: usize| {
            let mut budget = Budget::new(steps);
            let answer = memo.get_within(
                "question".to_owned(),
                &mut budget,
                |_, _| 1,
                |budget| {
                    tried += 1;
                    budget.spend(100).map(|()| 7)
                },
            );
            (answer, budget.left(), tried)
        };
        assert_eq!(ask(50), (Err(Budget::OVER.to_owned()), 0, 1));
        assert_eq!(ask(50), (Err(Budget::OVER.to_owned()), 0, 1), "known to be too much");
        assert_eq!(ask(20), (Err(Budget::OVER.to_owned()), 0, 1));
        assert_eq!(ask(150), (Ok(7), 50, 2));
        assert_eq!(ask(150), (Ok(7), 50, 2), "from memory, for the same steps");
        assert_eq!(ask(50), (Err(Budget::OVER.to_owned()), 0, 2));
    }
}
