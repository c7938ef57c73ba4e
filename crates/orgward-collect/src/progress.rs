//! What a person who waits sees, and what is said at the end.

use std::io::{self, IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Writes a line to standard error. Nothing can be done where that fails.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
}

/// A bar that counts accounts; hidden where nobody watches.
pub(crate) fn bar(accounts: usize) -> ProgressBar {
    let shown = io::stderr().is_terminal() && std::env::var_os("CI").is_none_or(|it| it.is_empty());
    let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(accounts as u64), target);
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len} accounts ({elapsed}, {eta} left)");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
