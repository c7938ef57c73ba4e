//! `orgward org import`.

use std::fs;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use orgward_report::escape;
use orgward_snapshot::{AccountPart, Import, Part, Snapshot, SnapshotError};
use thiserror::Error;

use crate::arguments::ImportArguments;
use crate::exit::Exit;
use crate::{confine, gzip, names, output, progress};

/// Bytes of one input, also once it is decompressed.
const LARGEST: u64 = 512 << 20;
/// Bytes of all inputs.
const ALL: u64 = 4 << 30;
/// Files of a folder.
const FILES: usize = 100_000;
/// Folders inside a folder.
const DEPTH: usize = 8;
/// What is missing and gets a line of its own.
const LINES: usize = 20;

/// Why nothing is imported.
#[derive(Debug, Error, Diagnostic)]
enum ReadError {
    #[error("cannot read `{}`", escape(name))]
    Read { name: String, source: io::Error },
    #[error("`{}` is larger than {} MB", escape(name), LARGEST >> 20)]
    #[diagnostic(help("split it: one file for each account"))]
    Large { name: String },
    #[error("the inputs are larger than {} MB", ALL >> 20)]
    #[diagnostic(help("import a part of the accounts"))]
    All,
    #[error("there are more than {FILES} files in `{}`", escape(name))]
    #[diagnostic(help("give the folders one by one"))]
    Many { name: String },
    #[error("there is no file that ends in `.json`, `.json.gz` or `.zst` in `{}`", escape(name))]
    #[diagnostic(help("give the folder with the outputs, or the files themselves"))]
    Empty { name: String },
    #[error("cannot decompress `{}`: {why}", escape(name))]
    #[diagnostic(help("compress it anew with `gzip`, or give it as it is"))]
    Compressed { name: String, why: &'static str },
    #[error("cannot read the snapshot `{}`: {error}", escape(name))]
    #[diagnostic(forward(error))]
    Snapshot { name: String, error: SnapshotError },
    #[error("cannot write `{}`", escape(name))]
    Write { name: String, source: io::Error },
}

/// Reads what others collected, and writes it as a snapshot.
pub(crate) fn run(arguments: &ImportArguments) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let mut files = Vec::new();
    for input in &arguments.inputs {
        if !input.is_dir() {
            files.push(input.clone());
            continue;
        }
        let (name, first) = (names::of(input), files.len());
        confine::check(input)
            .and_then(|()| within(input, DEPTH, &mut files))
            .map_err(|source| ReadError::Read { name: name.clone(), source })?;
        match files.len() - first {
            0 => return Err(ReadError::Empty { name }.into()),
            count if count > FILES => return Err(ReadError::Many { name }.into()),
            _ => {}
        }
        if let Some(found) = files.get_mut(first..) {
            found.sort();
        }
    }
    progress::stage("reading");
    let mut import = Import::default();
    let mut left = ALL;
    for file in &files {
        add(&mut import, file, &mut left)?;
    }
    let imported = import.finish()?;
    progress::stage("writing");
    let organization = Part::of_organization(&imported.organization)?;
    let failed = |source| ReadError::Write { name: names::of(&arguments.output), source };
    confine::check(&arguments.output).map_err(failed)?;
    let mut bytes = Vec::new();
    orgward_snapshot::write(&mut bytes, &organization, imported.accounts.iter().map(Part::of_account))?;
    let mut out = BufWriter::new(fs::File::create(&arguments.output).map_err(failed)?);
    out.write_all(&bytes).and_then(|()| out.flush()).map_err(failed)?;
    progress::end();
    output::warn(&told(&imported, &arguments.output));
    Ok(Exit::Clean)
}

/// What was imported, and what no input has.
fn told(imported: &orgward_snapshot::Imported, file: &Path) -> String {
    let part = &imported.organization;
    let identities =
        |part: &&AccountPart| !part.role_detail_list.is_empty() || !part.user_detail_list.is_empty();
    let mut text = format!(
        "`{}`: {}, {} ({} with identities), {}\n",
        escape(&names::of(file)),
        count(part.organizational_units.len(), "unit", "units"),
        accounts(part.accounts.len()),
        imported.accounts.iter().filter(identities).count(),
        count(part.policies.len(), "policy", "policies"),
    );
    let parts: Vec<&str> = imported.accounts.iter().map(|part| part.account.as_str()).collect();
    let bare = part.accounts.iter().filter(|it| it.status == "ACTIVE" && !parts.contains(&it.id.as_str()));
    let mut lines: Vec<String> = Vec::new();
    if let number @ 1.. = bare.count() {
        lines.push(format!("the identities, permissions and resources of {}", accounts(number)));
    }
    for (gap, number) in imported.missing() {
        let of = if number == 0 { String::new() } else { format!(" in {}", accounts(number)) };
        let action = if gap.action.is_empty() { String::new() } else { format!(" (`{}`)", gap.action) };
        lines.push(format!("{}{of}{action}", gap.what));
    }
    if !lines.is_empty() {
        text.push_str("not in it, and undecided:\n");
    }
    for line in lines.iter().take(LINES) {
        text.extend(["  ", &escape(line), "\n"]);
    }
    if let more @ 1.. = lines.len().saturating_sub(LINES) {
        text.extend(["  and ", &more.to_string(), " more; an audit lists all\n"]);
    }
    text
}

fn accounts(number: usize) -> String {
    count(number, "account", "accounts")
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn add(import: &mut Import, file: &Path, left: &mut u64) -> Result<(), Box<dyn Diagnostic + Send + Sync>> {
    let name = escape(&names::of(file)).into_owned();
    let bytes = read(file, &name)?;
    *left = left.checked_sub(bytes.len() as u64).ok_or(ReadError::All)?;
    if orgward_snapshot::is_snapshot(&bytes) {
        let failed = |error| ReadError::Snapshot { name: name.clone(), error };
        let mut snapshot = Snapshot::open(io::Cursor::new(&bytes)).map_err(failed)?;
        let organization = snapshot.organization().map_err(failed)?;
        let ids: Vec<String> = snapshot.accounts().keys().cloned().collect();
        let mut parts = Vec::new();
        for id in ids {
            parts.extend(snapshot.account(&id).map_err(failed)?);
        }
        return Ok(import.add_snapshot(&name, organization, parts.into_iter())?);
    }
    let bytes = if gzip::is_compressed(&bytes) {
        let limit = usize::try_from(LARGEST).unwrap_or(usize::MAX);
        gzip::inflated(&bytes, limit).map_err(|why| ReadError::Compressed { name: name.clone(), why })?
    } else {
        bytes
    };
    Ok(import.add(&name, &bytes)?)
}

fn read(file: &Path, name: &str) -> Result<Vec<u8>, ReadError> {
    let failed = |source| ReadError::Read { name: name.to_owned(), source };
    confine::check(file).map_err(failed)?;
    // To open a pipe would wait for its other end.
    if !file.is_file() {
        let kind = if file.exists() { io::ErrorKind::InvalidInput } else { io::ErrorKind::NotFound };
        let why = if file.exists() { "it is no regular file" } else { "no such file" };
        return Err(failed(io::Error::new(kind, why)));
    }
    let mut bytes = Vec::new();
    let open = fs::File::open(file).map_err(failed)?;
    io::Read::read_to_end(&mut io::Read::take(BufReader::new(open), LARGEST + 1), &mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > LARGEST { Err(ReadError::Large { name: name.to_owned() }) } else { Ok(bytes) }
}

/// Adds the files in a folder and in the folders below it. Links are not followed: they may lead in circles.
fn within(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let name = entry.file_name().to_string_lossy().into_owned();
        if kind.is_dir() && depth > 0 && !name.starts_with('.') {
            within(&path, depth - 1, files)?;
        } else if kind.is_file() && files.len() <= FILES && is_input(&name) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_input(name: &str) -> bool {
    [".json", ".json.gz", ".zst"].iter().any(|ending| name.ends_with(ending))
}
