//! A folder with a configuration. What is read stays inside of the repository, or of the folder where there is none,
//! whatever paths and links say.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use orgward_plan::{Files, SourceFile, Sources};

use super::paths::{Boundary, CACHE, shown};
use super::{Dialect, is_configuration};

/// Bytes of a file that is read; people write no longer ones.
const LARGEST: u64 = 4 << 20;
/// Bytes of all other files that expressions read.
const LARGEST_TOGETHER: usize = 64 << 20;
/// Folders inside folders that are listed.
const DEPTH: usize = 8;
/// Files that are listed below a folder.
const LISTED: usize = 50_000;

/// Reads the configuration in a folder. What cannot be read is left out: the plan has the last word.
pub(super) fn read(root: &Path, dialect: Dialect) -> Sources {
    read_with(root, dialect, BTreeMap::new())
}

/// The same, where files are open in an editor: what they hold there counts. Their paths have all links followed.
pub(super) fn read_with(root: &Path, dialect: Dialect, open: BTreeMap<PathBuf, String>) -> Sources {
    let left = Mutex::new(LARGEST_TOGETHER);
    let inside = Inside { root: root.to_owned(), boundary: Boundary::of(root), left, open };
    // Where `terraform init` put the modules that it fetched.
    let manifest = inside.bounded(&root.join(".terraform/modules/modules.json")).unwrap_or_default();
    let sources = Sources::load(&manifest, &mut |folder| inside.configuration(folder, dialect));
    let workspace = workspace(&inside);
    sources.with_files(Box::new(inside)).with_workspace(workspace)
}

/// The folders with a configuration in the cache that Terragrunt has in the folder of a unit, sorted.
pub(super) fn copies(unit: &Path) -> Vec<PathBuf> {
    let boundary = Boundary::of(unit);
    let mut found = Vec::new();
    let mut open = vec![(unit.join(CACHE), 0)];
    let mut seen = 0;
    while let Some((folder, depth)) = open.pop() {
        if depth > DEPTH || !boundary.has(&folder) {
            continue;
        }
        let Ok(listing) = fs::read_dir(&folder) else { continue };
        let mut is_configured = false;
        for entry in listing.flatten() {
            seen += 1;
            if seen > LISTED {
                return Vec::new();
            }
            let Ok(name) = entry.file_name().into_string() else { continue };
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && name != ".terraform" {
                open.push((entry.path(), depth + 1));
            }
            is_configured |= !is_folder && is_configuration(&name);
        }
        // The cache has two levels of folders before the copy.
        if is_configured && depth >= 2 {
            found.push(folder);
        }
    }
    found.sort();
    found
}

/// Whether two folders have the same files with HCL.
pub(super) fn same(left: &Path, right: &Path) -> bool {
    let files = |folder: &Path| -> Option<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).ok()?.flatten() {
            let name = entry.file_name().into_string().ok()?;
            if is_configuration(&name) {
                files.push((name, fs::read(entry.path()).ok()?));
            }
        }
        files.sort();
        Some(files)
    };
    files(left).is_some_and(|left| files(right) == Some(left))
}

/// The workspace that Terraform has written down as the one in use.
fn workspace(inside: &Inside) -> Option<String> {
    let name = inside.bounded(&inside.root.join(".terraform/environment"))?.trim().to_owned();
    // The variable is stronger than the file, and may have been another when it was planned.
    let other = std::env::var("TF_WORKSPACE").ok().filter(|other| !other.is_empty() && *other != name);
    (other.is_none() && !name.is_empty()).then_some(name)
}

/// The files of a configuration.
struct Inside {
    root: PathBuf,
    boundary: Boundary,
    /// Bytes that may still be read.
    left: Mutex<usize>,
    /// What is open in an editor.
    open: BTreeMap<PathBuf, String>,
}

impl Inside {
    /// The files with HCL of a folder below the root, or beside it, sorted.
    fn configuration(&self, folder: &str, dialect: Dialect) -> Vec<SourceFile> {
        let folder = self.root.join(folder);
        if !self.boundary.has(&folder) {
            return Vec::new();
        }
        let Ok(listing) = fs::read_dir(&folder) else { return Vec::new() };
        let mut names: Vec<String> = listing
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_configuration(name))
            .collect();
        names.sort();
        let all = names.clone();
        names.retain(|name| dialect.reads(name, &all));
        let file = |name: String| {
            let path = folder.join(name);
            Some(SourceFile { name: shown(&path), text: self.bounded(&path)? })
        };
        names.into_iter().filter_map(file).collect()
    }

    /// The text of a file, unless it is too long, no text, or elsewhere.
    fn bounded(&self, path: &Path) -> Option<String> {
        if !self.boundary.has(path) || !fs::metadata(path).ok()?.is_file() {
            return None;
        }
        if let Some(open) =
            (!self.open.is_empty()).then(|| self.open.get(&fs::canonicalize(path).ok()?)).flatten()
        {
            return Some(open.clone());
        }
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(LARGEST + 1).read_to_end(&mut bytes).ok()?;
        String::from_utf8(bytes).ok().filter(|text| text.len() as u64 <= LARGEST)
    }

    fn below(&self, folder: &Path, name: &str, depth: usize, found: &mut Vec<String>) -> Option<()> {
        if depth > DEPTH || found.len() > LISTED {
            return None;
        }
        let mut names: Vec<String> = Vec::new();
        for entry in fs::read_dir(folder).ok()? {
            names.push(entry.ok()?.file_name().into_string().ok()?);
        }
        names.sort();
        for inner in names {
            let path = folder.join(&inner);
            // What others made is none of the people's files.
            if inner == ".terraform" || inner == ".git" {
                continue;
            }
            let whole = format!("{name}{inner}");
            if !path.is_dir() {
                found.push(whole);
            } else if self.boundary.has(&path) {
                self.below(&path, &format!("{whole}/"), depth + 1, found)?;
            } else {
                return None;
            }
        }
        Some(())
    }
}

impl Files for Inside {
    fn text(&self, path: &str) -> Option<SourceFile> {
        let path = self.root.join(path);
        let text = self.bounded(&path)?;
        let mut left = self.left.lock().ok()?;
        *left = left.checked_sub(text.len())?;
        Some(SourceFile { name: shown(&path), text })
    }

    fn list(&self, folder: &str) -> Option<Vec<String>> {
        let folder = self.root.join(folder);
        if !self.boundary.has(&folder) {
            return None;
        }
        let mut found = Vec::new();
        self.below(&folder, "", 0, &mut found)?;
        Some(found)
    }
}
