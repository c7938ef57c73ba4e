//! This program as a process of its own.

use std::env;
use std::io;
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Between two looks at whether it has ended.
const PAUSE: Duration = Duration::from_millis(10);

/// Why there is no exit code of a process.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Its time was over.
    Late,
    /// Its answer is wanted no longer.
    Cancelled,
    /// The system does not know it.
    Lost(
        #[cfg_attr(
            not(any(feature = "lsp", feature = "mcp")),
            expect(dead_code, reason = "only editors and assistants are told")
        )]
        io::Error,
    ),
}

/// This program, with some variables of the environment and no others: secrets are not for what reads files of others.
pub(crate) fn command(kept: &[&str]) -> Result<Command, String> {
    let program = env::current_exe().map_err(|_| "orgward does not find itself".to_owned())?;
    let mut command = Command::new(program);
    command.env_clear().envs(kept.iter().filter_map(|name| Some((*name, env::var_os(name)?))));
    Ok(command)
}

/// Starts a command; the error says that it cannot be started.
pub(crate) fn spawn(command: &mut Command) -> Result<Child, String> {
    command.spawn().map_err(|error| format!("orgward cannot be started: {error}"))
}

/// Waits for a process, and ends it when the time is over or its answer is wanted no longer.
pub(crate) fn wait(
    child: &mut Child,
    limit: Duration,
    is_over: &dyn Fn() -> bool,
) -> Result<ExitStatus, Ended> {
    let start = Instant::now();
    loop {
        let why = match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if is_over() => Ended::Cancelled,
            Ok(None) if start.elapsed() < limit => {
                sleep(PAUSE);
                continue;
            }
            Ok(None) => Ended::Late,
            Err(error) => Ended::Lost(error),
        };
        // It may have ended by itself meanwhile.
        let _ = child.kill();
        let _ = child.wait();
        return Err(why);
    }
}
