use std::collections::BTreeSet;

use crate::{Certainty, Resolution, Target};

/// What following an expression led to.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) certainty: Certainty,
    pub(crate) targets: BTreeSet<Target>,
    pub(crate) trail: Vec<String>,
    /// Whether it is made of nothing that waits for the apply: then it is no target, and no doubt either.
    pub(crate) constant: bool,
}

impl Found {
    pub(crate) fn target(certainty: Certainty, target: Target) -> Self {
        Self { certainty, targets: BTreeSet::from([target]), trail: Vec::new(), constant: false }
    }

    /// The trail ends.
    pub(crate) fn unknown(end: impl Into<String>) -> Self {
        Self {
            certainty: Certainty::Unknown,
            targets: BTreeSet::new(),
            trail: vec![end.into()],
            constant: false,
        }
    }

    pub(crate) fn constant(why: impl Into<String>) -> Self {
        Self { constant: true, ..Self::unknown(why) }
    }

    /// As certain as the number of targets and `most` allow.
    pub(crate) fn of(targets: BTreeSet<Target>, most: Certainty, trail: Vec<String>) -> Self {
        let certainty = match targets.len() {
            0 => Certainty::Unknown,
            1 => most,
            _ => Certainty::Candidates,
        };
        Self { certainty, targets, trail, constant: false }
    }

    /// No more certain than `most`, as long as there is one target.
    pub(crate) fn at_most(mut self, most: Certainty) -> Self {
        if self.targets.len() == 1 {
            self.certainty = self.certainty.min(most);
        }
        self
    }

    /// Puts a step before the trail.
    pub(crate) fn after(mut self, step: impl Into<String>) -> Self {
        let step = step.into();
        if self.trail.first() != Some(&step) {
            self.trail.insert(0, step);
        }
        self
    }

    pub(crate) fn is_unknown(&self) -> bool {
        self.targets.is_empty() && !self.constant
    }
}

impl From<Found> for Resolution {
    fn from(found: Found) -> Self {
        let mut trail: Vec<String> = Vec::new();
        for step in found.trail {
            if !trail.contains(&step) {
                trail.push(step);
            }
        }
        Self { certainty: found.certainty, targets: found.targets.into_iter().collect(), trail }
    }
}
