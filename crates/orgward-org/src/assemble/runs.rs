//! Instances of one type stand together in plans, and what depends on the type alone is asked once for each run.

use orgward_plan::{Instance, Mode};

/// The answer to a question about a type, kept for the instances that follow.
pub(super) struct PerKind<'i, T> {
    ask: fn(&Instance<'_>) -> T,
    last: Option<(Mode, &'i str, T)>,
}

impl<'i, T: Copy> PerKind<'i, T> {
    /// `ask` may look at the mode and the type of an instance, and at nothing else.
    pub(super) fn new(ask: fn(&Instance<'_>) -> T) -> Self {
        Self { ask, last: None }
    }

    pub(super) fn of(&mut self, instance: &'i Instance<'_>) -> T {
        match self.last {
            Some((mode, kind, answer)) if mode == instance.mode && kind == instance.kind => answer,
            _ => {
                let answer = (self.ask)(instance);
                self.last = Some((instance.mode, &*instance.kind, answer));
                answer
            }
        }
    }
}
