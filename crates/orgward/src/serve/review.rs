//! Reviews a plan in a process of its own: what breaks, hangs or takes all memory there ends no server.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use orgward_forge::run_task::Answer;
use orgward_report::comment::document::Document;

/// Between two looks at whether the review has ended.
const PAUSE: Duration = Duration::from_millis(20);

/// The answer to a plan in a folder that nothing else is in. Its file is called `plan.json`.
pub(super) fn answer(folder: &Path, arguments: &[OsString], limit: Duration) -> Answer {
    let review = folder.join("review.json");
    let mut output = OsString::from("json=");
    output.push(&review);
    let Ok(program) = env::current_exe() else { return Answer::failed("orgward does not find itself") };
    let mut command = Command::new(program);
    command
        .args(["plan", "review", "--quiet"])
        .args(arguments)
        .arg("--output")
        .arg(output)
        .arg(folder.join("plan.json"))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    // Neither the key nor any other secret of the server is for what reads a plan of others.
    let kept = ["PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR"];
    command.env_clear().envs(kept.iter().filter_map(|name| Some((*name, env::var_os(name)?))));
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Answer::failed(&format!("orgward cannot be started: {error}")),
    };
    let Some(status) = wait(child, limit) else {
        return Answer::failed(&format!("it took more than {} seconds", limit.as_secs()));
    };
    match fs::read(&review).ok().and_then(|text| Document::parse("review.json", &text).ok()) {
        Some(document) => Answer::of(&document, status.code()),
        None => Answer::failed(&match status.code() {
            Some(code) => format!("orgward ended with exit code {code}"),
            None => "orgward was killed".to_owned(),
        }),
    }
}

/// Waits for a process, and ends it when the time is over.
fn wait(mut child: Child, limit: Duration) -> Option<ExitStatus> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if start.elapsed() < limit => sleep(PAUSE),
            _ => {
                // It may have ended by itself meanwhile.
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}
