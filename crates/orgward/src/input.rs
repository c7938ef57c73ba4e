//! Reads what is to be reviewed.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use miette::Diagnostic;
use orgward_config::Config;
use orgward_plan::{Document, Kind, Plan, PlanError};
use orgward_report::escape;
use thiserror::Error;

use crate::manifest::{self, ManifestError};
use crate::snapshot::{self, Scope, UseError};
use crate::{confine, discover, gzip, names, output};

/// What standard input is called.
const STDIN: &str = "<stdin>";
/// Bytes of an input, also once it is decompressed.
const LARGEST: usize = 512 << 20;
/// Folders inside a folder of plans.
const DEPTH: usize = 8;
/// Plans in a folder of plans.
const PLANS: usize = 2_000;
/// How much of what `terraform show` complains about is passed on.
const COMPLAINT_LINES: usize = 12;

/// Why an input could not be read.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum InputError {
    #[error("cannot read `{}`", escape(name))]
    Read { name: String, source: io::Error },
    #[error("`{}` is larger than 512 MB", escape(name))]
    #[diagnostic(help("review one plan of one stack at a time"))]
    Large { name: String },
    #[error("cannot decompress `{}`: {why}", escape(name))]
    #[diagnostic(help("compress it anew with `gzip`, or give it as it is"))]
    Compressed { name: String, why: &'static str },
    #[error("there is no plan in `{}`", escape(name))]
    #[diagnostic(help(
        "give a folder with plans as `terraform show -json` or `terragrunt plan --json-out-dir` write them"
    ))]
    NoPlan { name: String },
    #[error("there are more than {PLANS} plans in `{}`", escape(name))]
    #[diagnostic(help("give the folders with the plans one by one"))]
    ManyPlans { name: String },
    #[error(
        "`{}` is a state, not a plan: nothing in a state is new, so that a review of it never blocks",
        escape(name)
    )]
    #[diagnostic(help(
        "review the plan: `terraform plan -out=tfplan`, then `terraform show -json tfplan > plan.json`; give a state as \
         context with `--org`, or audit it with `orgward guardrail check --org`"
    ))]
    State { name: String },
    #[error("there is nothing in {}: nothing would be audited", quoted(names))]
    #[diagnostic(help(
        "show the state of the stack that manages the organization: `terraform show -json > state.json`"
    ))]
    Nothing { names: Vec<String> },
    #[error(
        "`{}` is a snapshot of a live organization, not a plan: nothing in it is new, so that a review of it never blocks",
        escape(name)
    )]
    #[diagnostic(help(
        "review the plan, and give the snapshot as context with `--org`; or audit it with `orgward guardrail check --org`"
    ))]
    NoPlanButSnapshot { name: String },
    #[error("cannot read the snapshot `{}`: {}", escape(name), escape(&error.to_string()))]
    #[diagnostic(forward(error))]
    Snapshot { name: String, error: UseError },
    #[error("standard input is asked for twice")]
    #[diagnostic(help("give `-` once, and files for the rest"))]
    StandardTwice,
    #[error("`{}` is given twice", escape(name))]
    #[diagnostic(help("give every plan once"))]
    Twice { name: String },
    #[error("`{}` is the manifest of an organization, not a plan", escape(name))]
    #[diagnostic(help(
        "give it as context with `--org`, or review changes of it with `orgward policy review`"
    ))]
    NoPlanButManifest { name: String },
    #[error(transparent)]
    #[diagnostic(transparent)]
    Manifest { error: ManifestError },
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
    read_within(paths, |_| Scope::All)
}

/// Reads inputs, in order, and of snapshots the accounts that the other inputs make necessary.
pub(crate) fn read_within<'p>(
    paths: impl Iterator<Item = &'p PathBuf>,
    scope: impl FnOnce(&[Document]) -> Scope,
) -> Result<Vec<Document>, InputError> {
    let paths = distinct(paths)?;
    let is_manifest = |path: &Path| !is_standard(path) && manifest::is_manifest(path);
    let is_snapshot = |path: &Path| !is_standard(path) && !is_manifest(path) && snapshot::is_file(path);
    let plain = paths.iter().filter(|path| !is_manifest(path) && !is_snapshot(path));
    let plain = plain.map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    if plain.len() == paths.len() {
        return Ok(plain);
    }
    let scope = scope(&plain);
    let mut plain = plain.into_iter();
    let mut documents = Vec::new();
    for path in paths.iter().filter(|path| !is_manifest(path)) {
        if !is_snapshot(path) {
            documents.extend(plain.next());
            continue;
        }
        let name = name_of(path);
        let document = snapshot::read(path, &name, &scope);
        documents.push(document.map_err(|error| InputError::Snapshot { name, error })?);
    }
    // What the others show has ids, by which a manifest means the same things.
    for (at, path) in paths.iter().enumerate().filter(|(_, path)| is_manifest(path)) {
        let manifest = manifest::read(path, &name_of(path), &documents)?;
        documents.insert(at.min(documents.len()), manifest);
    }
    Ok(documents)
}

/// The files that paths name: those of folders that hold plans, and the paths themselves otherwise.
pub(crate) fn expanded(paths: &[PathBuf]) -> Result<Vec<PathBuf>, InputError> {
    let mut files = Vec::new();
    for path in paths {
        if is_standard(path) || !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let first = files.len();
        confine::check(path)
            .and_then(|()| within(path, DEPTH, &mut files))
            .map_err(|source| InputError::Read { name: name_of(path), source })?;
        let Some(found) = files.get_mut(first..).filter(|found| !found.is_empty()) else {
            if let Some(manifest) = manifest::within(path) {
                files.push(manifest);
                continue;
            }
            return Err(InputError::NoPlan { name: name_of(path) });
        };
        if found.len() > PLANS {
            return Err(InputError::ManyPlans { name: name_of(path) });
        }
        found.sort();
        // What is reviewed is said: a folder may hold more, or less, than people think.
        let names: Vec<String> = found.iter().map(|path| name_of(path)).collect();
        output::warn(&format!("note: plans in `{}`: {}\n", escape(&name_of(path)), quoted(&names)));
    }
    Ok(files)
}

/// Adds the plans in a folder and in the folders below it. Links are not followed: they may lead in circles.
fn within(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() && depth > 0 && !entry.file_name().to_string_lossy().starts_with('.') {
            within(&path, depth - 1, files)?;
        } else if kind.is_file() && files.len() <= PLANS && discover::is_plan(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// Refuses states and manifests where plans are reviewed.
pub(crate) fn all_plans(plans: &[Plan<'_>]) -> Result<(), InputError> {
    if let Some(plan) = plans.iter().find(|plan| manifest::is_manifest(Path::new(&plan.name))) {
        return Err(InputError::NoPlanButManifest { name: plan.name.clone() });
    }
    for plan in plans {
        match plan.kind {
            Kind::Plan => {}
            Kind::State => return Err(InputError::State { name: plan.name.clone() }),
            Kind::Snapshot => return Err(InputError::NoPlanButSnapshot { name: plan.name.clone() }),
        }
    }
    Ok(())
}

/// Refuses an audit of nothing.
pub(crate) fn not_empty(inputs: &[Plan<'_>]) -> Result<(), InputError> {
    if inputs.iter().any(|input| !input.instances().is_empty()) {
        return Ok(());
    }
    Err(InputError::Nothing { names: inputs.iter().map(|input| input.name.clone()).collect() })
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{}`", escape(name))).collect();
    quoted.join(", ")
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
            plan.belongs_to(names::stack(&path));
        }
    }
}

fn read(path: &Path) -> Result<Document, InputError> {
    let name = name_of(path);
    let bytes = read_bytes(path).map_err(|source| InputError::Read { name: name.clone(), source })?;
    if orgward_snapshot::is_snapshot(&bytes) {
        let document = snapshot::of_bytes(&bytes, &name, &Scope::All);
        return document.map_err(|error| InputError::Snapshot { name, error });
    }
    if bytes.len() > LARGEST {
        return Err(InputError::Large { name });
    }
    let bytes = if gzip::is_compressed(&bytes) {
        gzip::inflated(&bytes, LARGEST).map_err(|why| InputError::Compressed { name: name.clone(), why })?
    } else {
        bytes
    };
    let is_archive = !is_standard(path) && Document::is_archive(&bytes);
    let bytes = if is_archive { show(path, &name)? } else { bytes };
    Document::decode(name.clone(), bytes).map_err(|error| InputError::Plan { name, error })
}

fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    // One byte more tells what is too large.
    let limit = LARGEST as u64 + 1;
    let mut bytes = Vec::new();
    if is_standard(path) {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        confine::check(path)?;
        // To open a pipe would wait for its other end, which nothing that is confined has to offer.
        if confine::is_on() && !path.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        let file = File::open(path)?;
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        bytes.reserve(usize::try_from(length.min(limit)).unwrap_or_default());
        file.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
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
    if confine::is_on() {
        return None;
    }
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
