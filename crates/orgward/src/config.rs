//! Finds and reads the configuration.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use orgward_report::escape;
use orgward_rules::Config;
use thiserror::Error;

/// The name of the configuration.
const NAME: &str = "orgward.toml";

/// Why the configuration could not be read.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot read the configuration `{}`", escape(name))]
pub(crate) struct UnreadableConfig {
    name: String,
    source: io::Error,
}

/// The configuration that was named, else the one found, else the defaults.
pub(crate) fn load(named: Option<&Path>) -> Result<Config, Box<dyn Diagnostic + Send + Sync>> {
    let found = match named {
        Some(path) => Some(path.to_owned()),
        None => find(Path::new(".")),
    };
    let Some(path) = found else { return Ok(Config::default()) };
    let name = path.display().to_string();
    let text = fs::read_to_string(&path).map_err(|source| UnreadableConfig { name: name.clone(), source })?;
    Ok(Config::parse(&name, &text)?)
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
