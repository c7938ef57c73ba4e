//! Standard output has the report and nothing else; everything else goes to standard error.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use orgward_report::{Detail, Style, escape};
use supports_hyperlinks::Stream;
use terminal_size::{Width, terminal_size};
use thiserror::Error;

use crate::arguments::When;
use crate::progress;

/// The width where there is no terminal: the log of a job, a file.
const WIDTH: usize = 120;

/// Why a review could not be written.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum OutputError {
    #[error("cannot write to standard output")]
    Standard(#[source] io::Error),
    #[error("cannot write `{}`", escape(&file.display().to_string()))]
    File { file: PathBuf, source: io::Error },
}

/// What the user sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    when: When,
}

impl Terminal {
    pub(crate) fn of(when: When) -> Self {
        Self { when }
    }

    /// How to write to standard output.
    pub(crate) fn style(self, detail: Detail) -> Style {
        self.style_of(io::stdout().is_terminal(), detail)
    }

    fn error_style(self) -> Style {
        self.style_of(io::stderr().is_terminal(), Detail::Usual)
    }

    fn style_of(self, is_terminal: bool, detail: Detail) -> Style {
        let size = if is_terminal { terminal_size() } else { None };
        let width = size.map_or(WIDTH, |(Width(width), _)| usize::from(width));
        let color = match self.when {
            When::Always => true,
            When::Never => false,
            When::Auto if is_set("NO_COLOR") => false,
            When::Auto if is_set("CLICOLOR_FORCE") && env::var_os("CLICOLOR_FORCE") != Some("0".into()) => {
                true
            }
            When::Auto => is_terminal && env::var_os("TERM").as_deref() != Some(OsStr::new("dumb")),
        };
        // A link is written with the same sequences as a color, and only where it can be followed.
        let links = color && is_terminal && supports_hyperlinks::on(Stream::Stdout);
        Style { color, unicode: !is_terminal || shows_unicode(), width, detail, links }
    }
}

/// How to write for a person into a file, which has room for everything.
pub(crate) fn file_style(detail: Detail) -> Style {
    let detail = if detail == Detail::Usual { Detail::Full } else { detail };
    Style { detail, ..Style::plain(WIDTH) }
}

/// Writes to standard output. A reader that has seen enough is no failure.
pub(crate) fn print(text: &[u8]) -> Result<(), Box<dyn Diagnostic + Send + Sync>> {
    progress::end();
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Box::new(OutputError::Standard(error)))
        }
        _ => Ok(()),
    }
}

/// Writes an error to standard error.
pub(crate) fn complain(error: &dyn Diagnostic, terminal: Terminal) {
    warn(&orgward_report::failure(error, terminal.error_style()));
}

/// Writes to standard error.
pub(crate) fn warn(text: &str) {
    progress::end();
    // Where not even this can be written, only the exit code is left to tell.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes a file as a whole or not at all.
pub(crate) fn write(file: &Path, text: &str) -> Result<(), OutputError> {
    // The system's own links lead to the streams of the program.
    let is_of_system = ["/dev/", "/proc/"].iter().any(|folder| file.starts_with(folder));
    let metadata = if is_of_system { fs::metadata(file) } else { fs::symlink_metadata(file) };
    let result = match metadata {
        // A pipe or a device is written to, not replaced.
        Ok(metadata) if !metadata.is_file() && !metadata.is_symlink() => {
            OpenOptions::new().write(true).open(file).and_then(|mut device| device.write_all(text.as_bytes()))
        }
        _ => replace(file, text),
    };
    result.map_err(|source| OutputError::File { file: file.to_owned(), source })
}

/// Replaces a file. A link is replaced, too: where it leads is not for a pull request to choose.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let (temporary, mut new) = beside(file)?;
    let written = new
        .write_all(text.as_bytes())
        .and_then(|()| new.sync_all())
        .and_then(|()| fs::rename(&temporary, file));
    if written.is_err() {
        // The first error is the one that tells why.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A new file beside another one. What lies there already, left by a run that was killed or put there on purpose, does
/// not block.
fn beside(file: &Path) -> io::Result<(PathBuf, File)> {
    const TRIES: usize = 100;
    let name = file.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let mut failed = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..TRIES {
        let mut temporary = OsStr::new(".").to_owned();
        temporary.push(name);
        temporary.push(format!(".{}-{number}.tmp", std::process::id()));
        let temporary = file.with_file_name(temporary);
        match File::create_new(&temporary) {
            Ok(new) => return Ok((temporary, new)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => failed = error,
            Err(error) => return Err(error),
        }
    }
    Err(failed)
}

fn is_set(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn shows_unicode() -> bool {
    if cfg!(windows) {
        return is_set("WT_SESSION") || is_set("TERM_PROGRAM");
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| env::var(name).ok().filter(|v| !v.is_empty()));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("review.json");
        write(&file, "old").unwrap();
        write(&file, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn a_link_is_replaced_and_what_lies_beside_does_not_block() {
        let folder = tempfile::tempdir().unwrap();
        let (file, elsewhere) = (folder.path().join("review.json"), folder.path().join("elsewhere"));
        fs::write(&elsewhere, "old").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
        fs::write(folder.path().join(format!(".review.json.{}-0.tmp", std::process::id())), "stale").unwrap();
        write(&file, "new").unwrap();
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "old", "nothing is written through the link");
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }

    #[test]
    #[cfg(unix)]
    fn a_device_is_not_replaced() {
        write(Path::new("/dev/null"), "text").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write(&folder.path().join("missing/review.json"), "text").is_err());
    }
}
