//! Exit codes. A gate fails closed: only what was understood and found in order is 0.

use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::process::ExitCode;

use orgward_finding::Outcome;

use crate::output;

/// How the program ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Nothing blocks.
    Clean,
    /// Something blocks.
    Blocked,
    /// It could not be checked.
    Failed,
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Clean => Self::Clean,
            Outcome::Blocked => Self::Blocked,
            Outcome::Incomplete => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Clean => Self::from(0),
            Exit::Blocked => Self::from(1),
            Exit::Failed => Self::from(2),
        }
    }
}

/// Runs the program. A defect of the program is no verdict about a plan, so a panic ends it like any other
/// failure.
pub(crate) fn guarded(run: impl FnOnce() -> Exit) -> ExitCode {
    set_hook(Box::new(report));
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Exit::Failed).into()
}

/// Says where the program broke. The message of a panic may quote the plan, even a secret of it, unless it is a
/// literal of the program.
fn report(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let reason = panic
        .payload()
        .downcast_ref::<&'static str>()
        .unwrap_or(&"no details, since they may quote the plan");
    output::warn(&format!(
        "orgward {} broke at {place}: {reason}\n\
         This is a defect of orgward, and says nothing about the plan. Please report these two lines, without \
         the plan: {}/issues\n",
        env!("CARGO_PKG_VERSION"),
        env!("CARGO_PKG_REPOSITORY"),
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure() {
        let code = guarded(|| panic!("{} is no reason to show the plan", "a defect"));
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(2)));
    }
}
