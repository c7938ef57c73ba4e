//! The files of one revision, as far as they may hold policies. Links are not followed, and nothing outside of the folder
//! is read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path};

use orgward_repository::Files;

use crate::files::{Unread, bounded};
use crate::git::Git;

/// Bytes of a file: AWS takes policies of 32 KB, and the largest manifests have some hundred.
const LARGEST: u64 = 1 << 20;
/// Files of a folder.
const FILES: usize = 50_000;
/// Bytes of all files.
const ALL: u64 = 256 << 20;

/// A revision of a folder.
pub(super) enum Revision<'r> {
    /// A commit.
    Commit(&'r str),
    /// The folder as it stands.
    Folder(&'r Path),
}

/// What was read of a revision.
pub(super) struct Read {
    pub(super) files: Files,
    /// What was not read, and why.
    pub(super) unread: BTreeMap<String, &'static str>,
}

/// Reads a revision of the folder that git was opened in.
pub(super) fn read(git: &Git<'_>, revision: &Revision<'_>) -> Result<Read, String> {
    match revision {
        Revision::Commit(commit) => of_commit(git, commit),
        Revision::Folder(folder) => of_folder(git, folder),
    }
}

fn of_commit(git: &Git<'_>, commit: &str) -> Result<Read, String> {
    let mut read = Read { files: Files::default(), unread: BTreeMap::new() };
    let mut entries = git.tree(commit)?;
    entries.retain(|entry| may_matter(&entry.path));
    limits(entries.len(), entries.iter().map(|entry| entry.size).sum())?;
    entries.retain(|entry| match entry.mode.as_str() {
        "100644" | "100755" if entry.size <= LARGEST => true,
        "100644" | "100755" => read.note(&entry.path, "is larger than 1 MB, which no policy is"),
        "120000" => read.note(&entry.path, "is a link, and links are not followed"),
        _ => false,
    });
    let objects: Vec<&str> = entries.iter().map(|entry| entry.object.as_str()).collect();
    for (entry, bytes) in entries.iter().zip(git.contents(&objects)?) {
        match String::from_utf8(bytes) {
            Ok(text) => {
                read.files.0.insert(entry.path.clone(), text);
            }
            Err(_) => {
                read.note(&entry.path, "is no text");
            }
        }
    }
    Ok(read)
}

fn of_folder(git: &Git<'_>, folder: &Path) -> Result<Read, String> {
    let mut read = Read { files: Files::default(), unread: BTreeMap::new() };
    let paths: Vec<String> = git.files()?.into_iter().filter(|path| may_matter(path)).collect();
    limits(paths.len(), 0)?;
    let top = fs::canonicalize(folder).map_err(|error| error.to_string())?;
    let mut size = 0;
    for path in paths {
        let whole = folder.join(&path);
        // What git lists and what is not there was deleted.
        let Ok(metadata) = fs::symlink_metadata(&whole) else { continue };
        let is_below = Path::new(&path).components().all(|part| matches!(part, Component::Normal(_)));
        if metadata.is_symlink() {
            read.note(&path, "is a link, and links are not followed");
            continue;
        }
        // A folder on the way may be a link, too.
        if !is_below || fs::canonicalize(&whole).ok().as_deref() != Some(&*top.join(&path)) {
            read.note(&path, "lies behind a link, and links are not followed");
            continue;
        }
        match bounded(&whole, LARGEST) {
            Ok(text) => {
                size += text.len() as u64;
                limits(0, size)?;
                read.files.0.insert(path, text);
            }
            Err(Unread::Large) => {
                read.note(&path, "is larger than 1 MB, which no policy is");
            }
            Err(Unread::Text) => {
                read.note(&path, "is no text");
            }
            Err(Unread::Kind) => {
                read.note(&path, "is no regular file");
            }
            Err(Unread::Io(error)) => return Err(format!("`{path}`: {error}")),
        }
    }
    Ok(read)
}

impl Read {
    /// Notes what is not read; false, so that it is left out.
    fn note(&mut self, path: &str, why: &'static str) -> bool {
        self.unread.insert(path.to_owned(), why);
        false
    }

    /// What was not read, one sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        self.unread.iter().map(|(path, why)| format!("`{path}` {why}: it is not read")).collect()
    }
}

fn limits(files: usize, size: u64) -> Result<(), String> {
    if files > FILES {
        return Err(format!("it has more than {FILES} files of JSON and YAML"));
    }
    if size > ALL {
        return Err(format!("its files of JSON and YAML have more than {} MB", ALL >> 20));
    }
    Ok(())
}

/// Whether a file may hold a policy or a manifest.
fn may_matter(path: &str) -> bool {
    let name = path.to_ascii_lowercase();
    let hidden = path.split('/').any(|part| part == "node_modules" || part == ".git" || part == ".terraform");
    let endings = [".json", ".yaml", ".yml", ".json.tpl", ".json.tftpl", ".json.j2"];
    !hidden && endings.iter().any(|ending| name.ends_with(ending))
}
