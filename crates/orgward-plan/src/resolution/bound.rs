//! What an unknown can be at most: Terraform lists all attributes that take part in what is planned, having followed
//! locals, inputs and outputs, and does not say which take part in what.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::choice;
use crate::traversal::{self, Segment};
use crate::{Certainty, Instance, Key, Legal, Mode, Plan, Resolution, Target};

/// An entry of `relevant_attributes`.
#[derive(Deserialize)]
struct Entry {
    resource: String,
    #[serde(default)]
    attribute: Vec<Value>,
}

/// An entry, taken apart.
struct Relevant {
    resource: Vec<Segment>,
    /// Without indexes; empty for the whole.
    attribute: String,
}

impl Plan<'_> {
    /// All that an attribute can possibly be; `None` where nothing is said, or where everything would fit.
    pub(super) fn bound(&self, legal: &Legal<'_>) -> Option<Resolution> {
        if legal.0.is_empty() {
            return None;
        }
        let entries: Vec<Entry> = serde_json::from_str(self.relevant?.get()).ok()?;
        let relevant = |entry: Entry| {
            let names: Vec<&str> = entry.attribute.iter().filter_map(Value::as_str).collect();
            Some(Relevant { resource: traversal::parse(&entry.resource)?, attribute: names.join(".") })
        };
        // An entry that cannot be read may be the one.
        let relevant: Vec<Relevant> = entries.into_iter().map(relevant).collect::<Option<_>>()?;
        let mut targets = BTreeSet::new();
        for instance in self.instances.iter().filter(|instance| instance.is_current()) {
            for attribute in choice::attributes(legal, instance) {
                if relevant.iter().any(|entry| entry.covers(instance, attribute)) {
                    let (address, attribute) = (instance.address.clone(), attribute.to_owned());
                    targets.insert(Target { address, attribute });
                }
            }
        }
        let trail = vec!["it is one of what takes part in the plan at all".to_owned()];
        let targets: Vec<Target> = targets.into_iter().collect();
        (!targets.is_empty()).then_some(Resolution { certainty: Certainty::Bound, targets, trail })
    }
}

impl Relevant {
    fn covers(&self, instance: &Instance<'_>, attribute: &str) -> bool {
        let (path, rest) = traversal::module_path(&self.resource);
        let steps = &instance.module.0;
        let key = |shown: &Option<Key>, known: &Option<Key>| shown.is_none() || shown == known;
        let same_module = path.0.len() == steps.len()
            && path
                .0
                .iter()
                .zip(steps)
                .all(|(shown, step)| shown.name == step.name && key(&shown.key, &step.key));
        let rest = match (rest, instance.mode) {
            ([Segment::Name(data), rest @ ..], Mode::Data) if data == "data" => rest,
            (rest, Mode::Managed) => rest,
            _ => return false,
        };
        let same = match rest {
            [Segment::Name(kind), Segment::Name(name)] => *kind == *instance.kind && *name == *instance.name,
            [Segment::Name(kind), Segment::Name(name), Segment::Key(shown)] => {
                *kind == *instance.kind && *name == *instance.name && instance.key.as_ref() == Some(shown)
            }
            _ => false,
        };
        let inside = attribute.strip_prefix(self.attribute.as_str());
        let reaches =
            self.attribute.is_empty() || inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        same_module && same && reaches
    }
}
