//! What has been computed, remembered by what it depends on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What has been computed, by what it depends on. Threads that ask for the same wait for each other.
#[derive(Debug)]
pub struct Memo<K, V> {
    known: Mutex<BTreeMap<K, Arc<OnceLock<V>>>>,
    computed: AtomicUsize,
}

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self { known: Mutex::new(BTreeMap::new()), computed: AtomicUsize::new(0) }
    }
}

impl<K: Ord, V: Clone> Memo<K, V> {
    /// The value for a key. It must depend on nothing but the key: nobody can say who computes it.
    pub fn get(&self, key: K, compute: impl FnOnce() -> V) -> V {
        let slot = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(key).or_default())
        };
        let compute = || {
            self.computed.fetch_add(1, Ordering::Relaxed);
            compute()
        };
        slot.get_or_init(compute).clone()
    }

    /// How many values have been computed.
    pub fn computed(&self) -> usize {
        self.computed.load(Ordering::Relaxed)
    }
}
