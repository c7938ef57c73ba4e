//! What inputs are called, however somebody spells their paths.

use std::env;
use std::fs;
use std::path::{Path, PathBuf, absolute};

/// The path of a file from the current folder, or the whole path of one that lies elsewhere. Links among the folders
/// are followed, those to the file itself are not: their name is what people chose.
pub(crate) fn of(path: &Path) -> String {
    let whole = whole(path);
    let here = env::current_dir().and_then(fs::canonicalize);
    match here.as_deref().map(|here| whole.strip_prefix(here)) {
        Ok(Ok(relative)) if !relative.as_os_str().is_empty() => slashed(relative),
        _ => path.display().to_string(),
    }
}

/// The path of a file from a folder, if it lies in it.
pub(crate) fn below(path: &Path, folder: &Path) -> Option<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    whole(path).strip_prefix(fs::canonicalize(folder).ok()?).ok().map(slashed)
}

/// The stack that a plan below the configuration is of: its folder. What the file is called says nothing: pipelines
/// write one plan of a stack into many names.
pub(crate) fn stack(below: &str) -> String {
    below.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned()
}

fn whole(path: &Path) -> PathBuf {
    let absolute = absolute(path).unwrap_or_else(|_| path.to_owned());
    match (absolute.parent().map(fs::canonicalize), absolute.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => absolute,
    }
}

/// With `/` on every system.
fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::stack;

    #[test]
    fn the_folder_of_a_plan_is_its_stack() {
        assert_eq!(stack("stacks/prod/plan.json"), "stacks/prod");
        assert_eq!(stack("plan.json"), ".");
    }
}
