use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::{Instance, Key, Mode, ModulePath};

/// The keys of all instances of a repetition, told apart from those of others without a walk through them.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct KeySet {
    pub(crate) count: usize,
    digest: u64,
}

impl KeySet {
    fn of<'k>(keys: impl Iterator<Item = Option<&'k Key>>) -> Self {
        let mut hasher = DefaultHasher::new();
        let mut count = 0;
        for key in keys {
            count += 1;
            match key {
                Some(Key::Index(index)) => index.hash(&mut hasher),
                Some(Key::Name(name)) => name.hash(&mut hasher),
                None => {}
            }
        }
        Self { count, digest: hasher.finish() }
    }
}

/// Finds the instances of one resource, and of one module call, without a walk through all instances.
#[derive(Debug)]
pub(crate) struct Index {
    /// Positions of the instances that the configuration can refer to, sorted by what they are looked up by.
    current: Vec<usize>,
    /// The keys of each resource, by where it begins in `current`.
    sets: BTreeMap<usize, KeySet>,
    /// The keys of the instances of module calls, by the path of the caller.
    modules: BTreeMap<ModulePath, Calls>,
}

/// The keys of the instances of each module call of one caller.
type Calls = BTreeMap<String, (BTreeSet<Option<Key>>, KeySet)>;

type Name<'n> = (&'n ModulePath, Mode, &'n str, &'n str);

fn name<'n>(instance: &'n Instance<'_>) -> Name<'n> {
    (&instance.module, instance.mode, &instance.kind, &instance.name)
}

impl Index {
    pub(crate) fn of(instances: &[Instance<'_>]) -> Self {
        let mut current: Vec<(usize, &Instance<'_>)> =
            instances.iter().enumerate().filter(|(_, instance)| instance.is_current()).collect();
        let mut modules: BTreeMap<ModulePath, BTreeMap<String, BTreeSet<Option<Key>>>> = BTreeMap::new();
        let mut seen: BTreeSet<&ModulePath> = BTreeSet::new();
        for (_, instance) in &current {
            if !seen.insert(&instance.module) {
                continue;
            }
            let mut path = instance.module.clone();
            while let Some(step) = path.0.pop() {
                modules.entry(path.clone()).or_default().entry(step.name).or_default().insert(step.key);
            }
        }
        current.sort_by(|(_, a), (_, b)| name(a).cmp(&name(b)).then_with(|| a.key.cmp(&b.key)));
        let mut sets = BTreeMap::new();
        let mut start = 0;
        for run in current.chunk_by(|(_, a), (_, b)| name(a) == name(b)) {
            if run.len() > 1 {
                sets.insert(start, KeySet::of(run.iter().map(|(_, instance)| instance.key.as_ref())));
            }
            start += run.len();
        }
        let counted = |keys: BTreeSet<Option<Key>>| {
            let set = KeySet::of(keys.iter().map(Option::as_ref));
            (keys, set)
        };
        let counted = |calls: BTreeMap<String, BTreeSet<Option<Key>>>| {
            calls.into_iter().map(|(call, keys)| (call, counted(keys))).collect()
        };
        let modules = modules.into_iter().map(|(path, calls)| (path, counted(calls))).collect();
        Self { current: current.into_iter().map(|(position, _)| position).collect(), sets, modules }
    }

    /// The positions of the instances of a resource in one module instance, sorted by key.
    pub(crate) fn resource(&self, instances: &[Instance<'_>], wanted: Name<'_>) -> &[usize] {
        let at = |position: &usize| instances.get(*position).map(name);
        let start = self.current.partition_point(|position| at(position) < Some(wanted));
        let end = self.current.partition_point(|position| at(position) <= Some(wanted));
        self.current.get(start..end).unwrap_or_default()
    }

    /// The keys of a resource in one module instance; those of a resource with one instance are equal to no others.
    pub(crate) fn keys(&self, instances: &[Instance<'_>], wanted: Name<'_>) -> KeySet {
        let at = |position: &usize| instances.get(*position).map(name);
        let start = self.current.partition_point(|position| at(position) < Some(wanted));
        self.sets
            .get(&start)
            .copied()
            .filter(|_| self.current.get(start).and_then(at) == Some(wanted))
            .unwrap_or_default()
    }

    /// The keys of the instances of a module call.
    pub(crate) fn module_keys(&self, caller: &ModulePath, call: &str) -> (Vec<Option<Key>>, KeySet) {
        let keys = self.modules.get(caller).and_then(|calls| calls.get(call));
        keys.map(|(keys, set)| (keys.iter().cloned().collect(), *set)).unwrap_or_default()
    }
}
