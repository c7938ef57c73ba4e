//! Reads the configuration that a plan was made from.

use std::fs;
use std::path::Path;

use orgward_plan::Sources;

/// A file of a configuration is never larger; what is, was not written by people.
const LARGEST: u64 = 4 << 20;

/// Reads the configuration in a folder. What cannot be read is left out: the plan has the last word.
pub(crate) fn read(folder: &Path) -> Sources {
    // Where `terraform init` put the modules that it fetched.
    let manifest = fs::read_to_string(folder.join(".terraform/modules/modules.json")).unwrap_or_default();
    Sources::load(".", &manifest, &mut |path| files(folder, path))
}

/// The `.tf` files of a folder below the root, or beside it, sorted.
fn files(root: &Path, path: &str) -> Vec<(String, String)> {
    let Ok(listing) = fs::read_dir(root.join(path)) else { return Vec::new() };
    let mut found: Vec<(String, String)> = listing
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let metadata = entry.metadata().ok()?;
            let is_source = entry.path().extension().is_some_and(|extension| extension == "tf");
            if !is_source || !metadata.is_file() || metadata.len() > LARGEST {
                return None;
            }
            Some((format!("{path}/{name}"), fs::read_to_string(entry.path()).ok()?))
        })
        .collect();
    found.sort();
    found
}
