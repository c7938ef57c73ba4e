//! Shows a person who waits what the program does.
//!
//! There is one terminal, and one run: whatever is printed ends the display first, so that the two never mix.

use std::io::{self, IsTerminal as _};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A run that takes less than this shows nothing.
const PATIENCE: Duration = Duration::from_secs(2);
const FRAME: Duration = Duration::from_millis(100);

static CURRENT: Mutex<Option<Progress>> = Mutex::new(None);

/// A spinner on standard error, for as long as it lives.
struct Progress {
    bar: ProgressBar,
    waiting: Option<(Sender<()>, JoinHandle<()>)>,
}

/// Begins to count the time; only at a terminal, and not in CI.
pub(crate) fn start() {
    if io::stderr().is_terminal() && !is_ci() {
        *current() = Some(Progress::new());
    }
}

/// Says what the program does now.
pub(crate) fn stage(what: &'static str) {
    if let Some(progress) = &*current() {
        progress.bar.set_message(what);
    }
}

/// Takes the display away for good.
pub(crate) fn end() {
    let progress = current().take();
    drop(progress);
}

fn current() -> MutexGuard<'static, Option<Progress>> {
    // A spinner is as good as before whatever panicked beside it.
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runners of some CI systems give jobs a terminal, and keep every frame in the log.
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

impl Progress {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_message("reading");
        let (done, finished) = channel();
        let shown = bar.clone();
        let thread = spawn(move || {
            if finished.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                shown.set_draw_target(ProgressDrawTarget::stderr());
                shown.enable_steady_tick(FRAME);
            }
        });
        Self { bar, waiting: Some((done, thread)) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.waiting.take() {
            drop(done);
            // The thread only waits; it has nothing to report.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}
