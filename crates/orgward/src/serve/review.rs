//! Reviews a plan in a process of its own: what breaks, hangs or takes all memory there ends no server.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use orgward_forge::run_task::Answer;
use orgward_report::comment::document::Document;

use crate::child;

/// The answer to a plan in a folder that nothing else is in. Its file is called `plan.json`.
pub(super) fn answer(folder: &Path, arguments: &[OsString], limit: Duration) -> Answer {
    let review = folder.join("review.json");
    let mut output = OsString::from("json=");
    output.push(&review);
    // Neither the key nor any other secret of the server is for what reads a plan of others.
    let mut command = match child::command(&["PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR"]) {
        Ok(command) => command,
        Err(why) => return Answer::failed(&why),
    };
    command
        .args(["plan", "review", "--quiet"])
        .args(arguments)
        .arg("--output")
        .arg(output)
        .arg(folder.join("plan.json"))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let mut child = match child::spawn(&mut command) {
        Ok(child) => child,
        Err(why) => return Answer::failed(&why),
    };
    let Ok(status) = child::wait(&mut child, limit, &|| false) else {
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
