//! Runs this program again, in a process of its own: what breaks, hangs or takes all memory there ends nothing here.

use std::ffi::OsString;
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use crate::child::{self, Ended};

/// Bytes of an answer that are read; people see less of it.
const ANSWER: u64 = 64 << 20;
/// Bytes of notes and errors.
const NOTES: u64 = 16 << 10;

/// What a run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code; `None` where it was killed.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) answer: String,
    /// Standard error.
    pub(crate) notes: String,
}

/// A run of this program.
pub(crate) struct Again<'r> {
    /// The arguments, without the name of the program.
    pub(crate) arguments: &'r [OsString],
    /// What it gets on standard input.
    pub(crate) input: Option<&'r str>,
    /// Where it runs.
    pub(crate) folder: &'r Path,
    /// How long it may take.
    pub(crate) limit: Duration,
}

/// Runs this program, which finds no other program; the error says why there is no answer.
pub(crate) fn run(again: &Again<'_>, is_over: &dyn Fn() -> bool) -> Result<Run, String> {
    // Without a path no program is found.
    let mut command = child::command(&["LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "SOURCE_DATE_EPOCH"])?;
    command
        .arg("--color=never")
        .args(again.arguments)
        .current_dir(again.folder)
        .stdin(if again.input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = child::spawn(&mut command)?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), again.input.map(str::to_owned)) {
        // Who does not read it says why.
        spawn(move || stdin.write_all(input.as_bytes()));
    }
    let answer = child.stdout.take().map(|stream| read(stream, ANSWER));
    let notes = child.stderr.take().map(|stream| read(stream, NOTES));
    let status = child::wait(&mut child, again.limit, is_over);
    // The streams end with the process.
    let (answer, notes) = (joined(answer), joined(notes));
    let status = status.map_err(|why| match why {
        Ended::Cancelled => "it was cancelled".to_owned(),
        Ended::Late => format!(
            "it took more than {} seconds: ask about fewer plans, or allow more time",
            again.limit.as_secs()
        ),
        Ended::Lost(error) => format!("orgward is lost: {error}"),
    })?;
    if answer.len() as u64 >= ANSWER {
        return Err(format!("the answer is larger than {} MB: ask about less", ANSWER >> 20));
    }
    Ok(Run { code: status.code(), answer, notes })
}

/// Reads a stream to its end, and keeps the beginning.
fn read(mut stream: impl Read + Send + 'static, limit: u64) -> JoinHandle<Vec<u8>> {
    spawn(move || {
        let mut kept = Vec::new();
        // What cannot be read is as if it had not been printed; the exit code says whether that is all.
        let _ = stream.by_ref().take(limit).read_to_end(&mut kept);
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
        kept
    })
}

fn joined(reader: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
