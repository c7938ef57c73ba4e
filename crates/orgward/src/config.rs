//! Finds and reads the configuration.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use orgward_config::Config;
use orgward_report::escape;
use thiserror::Error;

/// The name of the configuration.
pub(crate) const NAME: &str = "orgward.toml";
/// The folder beside it whose files hold waivers.
const WAIVERS: &str = ".orgward/waivers";

/// Why the configuration could not be read.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot read the configuration `{}`", escape(name))]
pub(crate) struct UnreadableConfig {
    name: String,
    source: io::Error,
}

/// The configuration that was named, else the one found, else the defaults; with the waivers beside it.
pub(crate) fn load(named: Option<&Path>) -> Result<Config, Box<dyn Diagnostic + Send + Sync>> {
    let found = found(named);
    let mut config = match &found {
        Some(path) => Config::parse(&path.display().to_string(), &read(path)?)?,
        None => Config::default(),
    };
    for file in waiver_files(&folder_of(found.as_deref()).join(WAIVERS))? {
        config.add_waivers(&file.display().to_string(), &read(&file)?)?;
    }
    Ok(config)
}

/// The folder where waivers are kept, one file for each rule.
pub(crate) fn waivers_beside(named: Option<&Path>) -> PathBuf {
    folder_of(found(named).as_deref()).join(WAIVERS)
}

/// The folder of the configuration, or of where it would be.
pub(crate) fn folder(named: Option<&Path>) -> PathBuf {
    folder_of(found(named).as_deref())
}

fn found(named: Option<&Path>) -> Option<PathBuf> {
    named.map(Path::to_owned).or_else(|| find(Path::new(".")))
}

fn folder_of(config: Option<&Path>) -> PathBuf {
    let folder = config.and_then(Path::parent).unwrap_or(Path::new(""));
    folder.strip_prefix(".").unwrap_or(folder).to_owned()
}

/// The files with waivers in a folder, sorted. Without the folder there are none; one that cannot be read is a
/// failure, since nobody knows what it would have accepted.
fn waiver_files(folder: &Path) -> Result<Vec<PathBuf>, UnreadableConfig> {
    let unreadable = |source| UnreadableConfig { name: folder.display().to_string(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, UnreadableConfig> {
    fs::read_to_string(path).map_err(|source| UnreadableConfig { name: path.display().to_string(), source })
}

/// The configuration in a folder, else in the nearest one above it up to the root of the repository. Outside of a
/// repository nothing above counts: it may be anybody's.
fn find(folder: &Path) -> Option<PathBuf> {
    let absolute = fs::canonicalize(folder).ok()?;
    let depth = absolute.ancestors().position(|above| above.join(".git").exists()).unwrap_or(0);
    let mut up = PathBuf::new();
    for above in absolute.ancestors().take(depth + 1) {
        if above.join(NAME).is_file() {
            return Some(folder.join(&up).join(NAME).components().collect());
        }
        up.push("..");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_configuration_of_the_repository_counts() {
        let folder = tempfile::tempdir().unwrap();
        let stack = folder.path().join("repository/stacks/prod");
        fs::create_dir_all(&stack).unwrap();
        fs::write(folder.path().join(NAME), "").unwrap();
        assert_eq!(find(&stack), None, "outside of a repository nothing above counts");
        fs::create_dir(folder.path().join("repository/.git")).unwrap();
        assert_eq!(find(&stack), None, "nothing above the repository counts");
        fs::write(folder.path().join("repository").join(NAME), "").unwrap();
        assert_eq!(find(&stack), Some(stack.join("../..").join(NAME)));
        fs::write(stack.join(NAME), "").unwrap();
        assert_eq!(find(&stack), Some(stack.join(NAME)));
    }
}
