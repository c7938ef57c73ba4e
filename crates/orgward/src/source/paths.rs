//! Where files are, and what they are called.

use std::env;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::confine;

/// The folder of Terragrunt into which it copies a module before it runs there.
pub(super) const CACHE: &str = ".terragrunt-cache";

/// The folder that nothing is read outside of.
pub(super) struct Boundary(Option<PathBuf>);

impl Boundary {
    /// The repository that a folder is in. Without one, the folder that the program runs in where the folder is below
    /// it, and otherwise the folder itself.
    pub(super) fn of(folder: &Path) -> Self {
        let Ok(folder) = fs::canonicalize(folder) else { return Self(None) };
        let here =
            || env::current_dir().and_then(fs::canonicalize).ok().filter(|here| folder.starts_with(here));
        if confine::check(&folder).is_err() {
            return Self(None);
        }
        Self(repository(&folder).or_else(here).or(Some(folder)))
    }

    /// Whether a file or folder is inside, links followed.
    pub(super) fn has(&self, path: &Path) -> bool {
        let Some(boundary) = &self.0 else { return false };
        // The folder of git has tokens in it.
        fs::canonicalize(path).is_ok_and(|path| {
            path.strip_prefix(boundary)
                .is_ok_and(|below| below.components().all(|part| part.as_os_str() != ".git"))
                && confine::check(&path).is_ok()
        })
    }
}

/// The root of the repository that a folder is in.
fn repository(folder: &Path) -> Option<PathBuf> {
    confine::repository(folder).map(Path::to_owned)
}

/// What a file is called: its path from the root of the repository, and where there is none, from the folder that the
/// program runs in; with slashes. A copy that Terragrunt made is called what it is a copy of.
pub(super) fn shown(path: &Path) -> String {
    let whole = path.parent().map(fs::canonicalize).and_then(Result::ok).zip(path.file_name());
    let whole = whole.map_or_else(|| path.to_owned(), |(folder, name)| folder.join(name));
    let whole = original(&whole).unwrap_or(whole);
    let here = env::current_dir().and_then(fs::canonicalize).ok();
    let root = whole.parent().and_then(repository).or(here);
    let shown = root.as_deref().and_then(|root| whole.strip_prefix(root).ok()).unwrap_or(&whole);
    flat(shown).to_string_lossy().replace('\\', "/")
}

/// A path without `.`, and without `..` where a name comes before it.
fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(flat.components().next_back(), Some(Component::Normal(_))) => {
                flat.pop();
            }
            _ => flat.push(part),
        }
    }
    flat
}

/// The file that one in the cache of Terragrunt is a copy of: the one beside `terragrunt.hcl`, or the one in the module
/// of the repository that has the same path below and the same text.
fn original(copy: &Path) -> Option<PathBuf> {
    let parts: Vec<Component<'_>> = copy.components().collect();
    let at = parts.iter().position(|part| part.as_os_str() == CACHE)?;
    let stack: PathBuf = parts.get(..at)?.iter().collect();
    // `.terragrunt-cache/HASH/HASH/…`
    let below: PathBuf = parts.get(at + 3..)?.iter().collect();
    let text = fs::read(copy).ok()?;
    let same =
        |path: &PathBuf| confine::check(path).is_ok() && fs::read(path).is_ok_and(|other| other == text);
    let above = repository(&stack).unwrap_or_else(|| stack.clone());
    stack
        .ancestors()
        .take_while(|folder| folder.starts_with(&above))
        .map(|folder| folder.join(&below))
        .find(same)
        .or_else(|| {
            let source = source_of(&fs::read_to_string(stack.join("terragrunt.hcl")).ok()?)?;
            // `//` divides what is copied from the module in it.
            let path = flat(&stack.join(source.replace("//", "/")));
            let name = copy.file_name()?;
            Some(path.join(name)).filter(same)
        })
}

/// The `source` in the `terraform` block of a `terragrunt.hcl`, where it is a path.
fn source_of(text: &str) -> Option<String> {
    let block = text.split("terraform").nth(1)?;
    let line = block.lines().find_map(|line| line.trim().strip_prefix("source"))?;
    let value = line.trim_start().strip_prefix('=')?.trim().trim_matches('"');
    let value = value.replace("${get_terragrunt_dir()}/", "").replace("${path_relative_from_include()}/", "");
    value.starts_with('.').then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_of_the_repository_is_inside() {
        let folder = tempfile::tempdir().unwrap();
        let stack = folder.path().join("repository/stacks/one");
        fs::create_dir_all(&stack).unwrap();
        fs::create_dir_all(folder.path().join("repository/modules")).unwrap();
        fs::write(folder.path().join("secret.txt"), "").unwrap();
        let alone = Boundary::of(&stack);
        assert!(alone.has(&stack) && !alone.has(&stack.join("../../modules")));
        fs::create_dir(folder.path().join("repository/.git")).unwrap();
        let boundary = Boundary::of(&stack);
        assert!(boundary.has(&stack.join("../../modules")));
        assert!(!boundary.has(&stack.join("../../../secret.txt")));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path().join("secret.txt"), stack.join("link")).unwrap();
            assert!(!boundary.has(&stack.join("link")));
        }
    }

    #[test]
    fn files_are_called_by_their_path_in_the_repository() {
        let folder = tempfile::tempdir().unwrap();
        let stack = folder.path().join("live/prod");
        let module = folder.path().join("modules/role");
        let copy = stack.join(".terragrunt-cache/aaa/bbb/modules/role");
        for path in [&stack, &module, &copy, &folder.path().join(".git")] {
            fs::create_dir_all(path).unwrap();
        }
        for path in [&module, &copy] {
            fs::write(path.join("main.tf"), "locals {\n}\n").unwrap();
        }
        assert_eq!(shown(&stack.join("../prod/./main.tf")), "live/prod/main.tf");
        assert_eq!(shown(&copy.join("main.tf")), "modules/role/main.tf");
        fs::write(copy.join("backend.tf"), "terraform {\n}\n").unwrap();
        assert!(shown(&copy.join("backend.tf")).contains(CACHE), "what Terragrunt made is no copy");
    }
}
