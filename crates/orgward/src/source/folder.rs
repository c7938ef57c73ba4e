//! A folder with a configuration.

use std::fs;
use std::io;
use std::path::Path;

use orgward_plan::{SourceFile, Sources};

use super::{is_configuration, shown};
use crate::files::{self, Fence};

/// Bytes of a file that is read; nobody writes a longer one.
const LARGEST: u64 = 4 << 20;
/// Bytes of all other files that expressions read.
const LARGEST_TOGETHER: usize = 32 << 20;
/// Folders inside folders that are searched for files that expressions read.
const DEPTH: usize = 3;

/// Reads the configuration in a folder. What cannot be read is left out: the plan has the last word.
pub(super) fn read(root: &Path) -> io::Result<Sources> {
    let fence = Fence::around(root)?;
    // Where `terraform init` put the modules that it fetched.
    let manifest = text(&fence, &root.join(".terraform/modules/modules.json")).unwrap_or_default();
    let mut sources = Sources::load(&manifest, &mut |folder| files(&fence, root, folder));
    let mut left = LARGEST_TOGETHER;
    for path in sources.mentioned() {
        texts(&fence, root, &path, DEPTH, &mut left, &mut sources);
    }
    Ok(sources)
}

/// The files with HCL of a folder below the root, or beside it, sorted.
fn files(fence: &Fence, root: &Path, folder: &str) -> Vec<SourceFile> {
    let Ok(listing) = fs::read_dir(root.join(folder)) else { return Vec::new() };
    let mut found: Vec<SourceFile> = listing
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            if !is_configuration(&name) {
                return None;
            }
            let text = text(fence, &entry.path())?;
            Some(SourceFile { name: shown(&entry.path()), text })
        })
        .collect();
    found.sort();
    found
}

/// Adds a file, or the files of a folder, by their path from the root.
fn texts(fence: &Fence, root: &Path, path: &str, depth: usize, left: &mut usize, sources: &mut Sources) {
    let place = root.join(path);
    if !fence.holds(&place) {
        return;
    }
    if place.is_dir() {
        let Ok(listing) = fs::read_dir(&place) else { return };
        let mut names: Vec<String> =
            listing.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        for name in names.iter().filter(|name| depth > 0 && !name.starts_with('.')) {
            let below = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            texts(fence, root, &below, depth - 1, left, sources);
        }
    } else if let Some(text) = text(fence, &place)
        && text.len() <= *left
    {
        *left -= text.len();
        sources.add_text(path, text);
    }
}

/// The text of a file of the repository, unless it is too long or none.
fn text(fence: &Fence, path: &Path) -> Option<String> {
    fence.holds(path).then(|| files::bounded(path, LARGEST).ok()).flatten()
}
