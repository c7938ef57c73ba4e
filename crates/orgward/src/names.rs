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

/// The stack that a plan below the configuration is of: its folder, and the name of the file where that says more than
/// that it is a plan. `stacks/prod/tfplan.json` is of `stacks/prod`, as is `stacks/prod/plan.out`.
pub(crate) fn stack(below: &str) -> String {
    const PLAN: [&str; 8] = ["plan", "tfplan", "tofuplan", "planfile", "plan.out", "tfplan.out", "out", "show"];
    let (folder, file) = below.rsplit_once('/').unwrap_or(("", below));
    let file = file.strip_suffix(".gz").unwrap_or(file);
    let file = [".json", ".tfplan", ".plan"].iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(file);
    let file = file.strip_suffix(".tfplan").unwrap_or(file);
    match (folder, PLAN.contains(&file)) {
        ("", true) => ".".to_owned(),
        ("", false) => file.to_owned(),
        (folder, true) => folder.to_owned(),
        (folder, false) => format!("{folder}/{file}"),
    }
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
    fn plans_of_one_stack_are_of_one_stack() {
        for path in ["stacks/prod/plan.json", "stacks/prod/tfplan", "stacks/prod/tfplan.json.gz", "stacks/prod/plan.out"] {
            assert_eq!(stack(path), "stacks/prod", "{path}");
        }
        assert_eq!(stack("plan.json"), ".");
        assert_eq!(stack("plans/prod.tfplan.json"), "plans/prod");
        assert_eq!(stack("prod.json"), "prod");
    }
}
