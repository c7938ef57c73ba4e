use std::collections::{BTreeMap, BTreeSet};

use crate::{Instance, Key, Mode, ModulePath};

/// Finds the instances of one resource, and of one module call, without a walk through all instances.
#[derive(Debug)]
pub(crate) struct Index {
    /// Positions of the instances that the configuration can refer to, sorted by what they are looked up by.
    current: Vec<usize>,
    /// The keys of the instances of module calls, by the path of the caller.
    modules: BTreeMap<ModulePath, BTreeMap<String, BTreeSet<Option<Key>>>>,
}

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
        Self { current: current.into_iter().map(|(position, _)| position).collect(), modules }
    }

    /// The positions of the instances of a resource in one module instance, sorted by key.
    pub(crate) fn resource(&self, instances: &[Instance<'_>], wanted: Name<'_>) -> &[usize] {
        let at = |position: &usize| instances.get(*position).map(name);
        let start = self.current.partition_point(|position| at(position) < Some(wanted));
        let end = self.current.partition_point(|position| at(position) <= Some(wanted));
        self.current.get(start..end).unwrap_or_default()
    }

    /// The keys of the instances of a module call.
    pub(crate) fn module_keys(&self, caller: &ModulePath, call: &str) -> Vec<Option<Key>> {
        let keys = self.modules.get(caller).and_then(|calls| calls.get(call));
        keys.map(|keys| keys.iter().cloned().collect()).unwrap_or_default()
    }
}
