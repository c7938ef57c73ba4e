//! What questions tell apart, remembered from one question to the next: most questions about an organization are about
//! the same chain of policies, and differ in who asks for what.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::Budget;
use super::dimension::Values;
use super::test::Dimension;

/// How much is kept, by the steps that it took to find out or the length of the question: some 50 MB at most.
const KEPT: usize = 20_000_000;

/// The values of a dimension depend on nothing but what is asked about them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
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

/// Answers by their question. It forgets all of them when it gets too large.
#[derive(Debug)]
pub(super) struct Memo<V, K = String> {
    known: BTreeMap<K, V>,
    size: usize,
}

impl<V, K> Default for Memo<V, K> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), size: 0 }
    }
}

impl<V, K: Ord> Memo<V, K> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.known.get(key)
    }

    /// Remembers an answer. `size` is in units of some two bytes.
    pub(super) fn insert(&mut self, key: K, value: V, size: usize) {
        self.size += size;
        if self.size > KEPT {
            *self = Self { known: BTreeMap::new(), size };
        }
        self.known.insert(key, value);
    }
}

/// Values, and the steps that it took to find them out.
type Found = (Arc<Values>, usize);

static VALUES: LazyLock<Mutex<Memo<Found, Asked>>> = LazyLock::new(Mutex::default);

/// The values, found out once. An answer from memory takes the same steps off the budget as finding it out, so that no
/// verdict depends on what was asked before.
pub(super) fn remembered(
    asked: Asked,
    budget: &mut Budget,
    find: impl FnOnce(&mut Budget) -> Result<Values, String>,
) -> Result<Arc<Values>, String> {
    // What a thread leaves behind that panics is whole.
    let memo = || VALUES.lock().unwrap_or_else(PoisonError::into_inner);
    let known = memo().get(&asked).cloned();
    if let Some((values, steps)) = known {
        budget.spend(steps)?;
        return Ok(values);
    }
    let before = budget.left();
    let values = Arc::new(find(budget)?);
    let steps = before - budget.left();
    memo().insert(asked, (Arc::clone(&values), steps), steps);
    Ok(values)
}
