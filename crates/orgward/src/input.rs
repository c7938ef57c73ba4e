//! Reads what is to be reviewed.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use miette::Diagnostic;
use orgward_config::Config;
use orgward_plan::{Document, Plan, PlanError};
use orgward_report::escape;
use thiserror::Error;

use crate::names;

/// What standard input is called.
const STDIN: &str = "<stdin>";
/// How much of what `terraform show` complains about is passed on.
const COMPLAINT_LINES: usize = 12;

/// Why an input could not be read.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum InputError {
    #[error("cannot read `{}`", escape(name))]
    Read { name: String, source: io::Error },
    #[error("standard input is asked for twice")]
    #[diagnostic(help("give `-` once, and files for the rest"))]
    StandardTwice,
    #[error("`{}` is given twice", escape(name))]
    #[diagnostic(help("give every plan once"))]
    Twice { name: String },
    #[error("cannot review `{}`: {}", escape(name), escape(&error.to_string()))]
    #[diagnostic(forward(error))]
    Plan { name: String, error: PlanError },
    #[error(
        "`{}` is a saved plan; only Terraform and OpenTofu can read it, and neither is on PATH",
        escape(name)
    )]
    #[diagnostic(help("{fix}"))]
    NoProgram { name: String, fix: String },
    #[error("`{program} show -json` cannot read `{}`:\n{complaint}", escape(name))]
    #[diagnostic(help("{fix}"))]
    Show { name: String, program: &'static str, complaint: String, fix: String },
}

/// Reads inputs, in order. A path may be `-` for standard input, once among all of them.
pub(crate) fn read_all<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Result<Vec<Document>, InputError> {
    distinct(paths)?.into_iter().map(|path| read(path)).collect()
}

/// A text and what it is called.
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Reads texts, in order. A path may be `-` for standard input, once among all of them.
pub(crate) fn texts(paths: &[PathBuf]) -> Result<Vec<Text>, InputError> {
    let text = |path: &PathBuf| {
        let name = name_of(path);
        let text = read_bytes(path).and_then(|bytes| {
            String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        });
        match text {
            // Some programs begin a text with a byte order mark, which is no part of it.
            Ok(text) => Ok(Text { text: text.trim_start_matches('\u{feff}').to_owned(), name }),
            Err(source) => Err(InputError::Read { name, source }),
        }
    };
    distinct(paths.iter())?.into_iter().map(text).collect()
}

fn distinct<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Result<Vec<&'p PathBuf>, InputError> {
    let mut distinct: Vec<&PathBuf> = Vec::new();
    for path in paths {
        let name = name_of(path);
        if distinct.iter().any(|other| name_of(other) == name) {
            return Err(if is_standard(path) {
                InputError::StandardTwice
            } else {
                InputError::Twice { name }
            });
        }
        distinct.push(path);
    }
    Ok(distinct)
}

/// Parses a document.
pub(crate) fn parse(document: &Document) -> Result<Plan<'_>, InputError> {
    Plan::parse(document).map_err(|error| InputError::Plan { name: document.name.clone(), error })
}

/// Tells plans what the configuration, which lies in a folder, says about their accounts.
pub(crate) fn declare(plans: &mut [Plan<'_>], config: &Config, folder: &Path) {
    for plan in plans {
        if let Some(path) = names::below(Path::new(&plan.name), folder) {
            plan.declare(config.declaration(&path));
        }
    }
}

fn read(path: &Path) -> Result<Document, InputError> {
    let name = name_of(path);
    let bytes = read_bytes(path).map_err(|source| InputError::Read { name: name.clone(), source })?;
    let is_archive = !is_standard(path) && Document::is_archive(&bytes);
    let bytes = if is_archive { show(path, &name)? } else { bytes };
    Document::decode(name.clone(), bytes).map_err(|error| InputError::Plan { name, error })
}

fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    if is_standard(path) {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    }
}

fn name_of(path: &Path) -> String {
    if is_standard(path) { STDIN.to_owned() } else { names::of(path) }
}

fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Lets Terraform or OpenTofu show a saved plan, in the folder of the plan, where its providers are.
fn show(path: &Path, name: &str) -> Result<Vec<u8>, InputError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A name that starts with a dash is no option.
    let mut file = OsString::from("./");
    file.push(path.file_name().unwrap_or(path.as_os_str()));
    let shown = Path::new(&file).strip_prefix("./").unwrap_or(path).display();
    let fix = |program: &str| {
        format!(
            "in `{}`, after `{program} init`, run `{program} show -json {shown} > plan.json`, and review `plan.json`",
            folder.display()
        )
    };
    let mut first = None;
    for program in ["terraform", "tofu"] {
        let Some(executable) = on_path(program) else { continue };
        let output = Command::new(executable)
            .args(["show", "-json", "-no-color"])
            .arg(&file)
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .map_err(|source| InputError::Read { name: name.to_owned(), source })?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let complaint = complaint(&output.stderr);
        first.get_or_insert(InputError::Show {
            name: name.to_owned(),
            program,
            complaint,
            fix: fix(program),
        });
    }
    Err(first.unwrap_or_else(|| InputError::NoProgram { name: name.to_owned(), fix: fix("terraform") }))
}

/// What a program complains about, without the frame that Terraform draws.
fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<_> = text
        .lines()
        .map(|line| {
            line.trim_matches(|character: char| {
                matches!(character, '│' | '╷' | '╵') || character.is_whitespace()
            })
        })
        .filter(|line| !line.is_empty())
        .take(COMPLAINT_LINES)
        .collect();
    if lines.is_empty() { "it does not say why".to_owned() } else { lines.join("\n") }
}

/// Where a program is. Never the current folder: what is to be reviewed must not choose what runs.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let file = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::complaint;

    #[test]
    fn a_complaint_loses_its_frame() {
        let framed = "╷\n│ Error: Failed to read plan\n│ \n│   open x: no such file\n╵\n";
        assert_eq!(complaint(framed.as_bytes()), "Error: Failed to read plan\nopen x: no such file");
        assert_eq!(complaint(b""), "it does not say why");
    }
}
