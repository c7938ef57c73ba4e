//! Rules of one's own in Rego: finds their files, and gives them to the engine.

#[cfg(not(feature = "rego"))]
mod absent;
#[cfg(feature = "rego")]
mod asked;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use orgward_config::{Config, RegoFile};
use orgward_report::escape;
use thiserror::Error;

use crate::{confine, files};

#[cfg(not(feature = "rego"))]
pub(crate) use self::absent::{OwnRules, input, schema};
#[cfg(feature = "rego")]
pub(crate) use self::asked::{OwnRules, input, schema};

type Failure = Box<dyn Diagnostic + Send + Sync>;

/// Files of one configuration.
const FILES: usize = 1_000;
/// Folders inside a folder.
const DEPTH: usize = 8;

/// Why rules of one's own cannot be asked.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum RulesError {
    #[error("cannot read the rules in `{}`", escape(name))]
    #[diagnostic(help("`[rego] folders` in `orgward.toml` names the folders with rules"))]
    Read { name: String, source: io::Error },
    #[error("there are more than {FILES} files with rules in `{}`", escape(name))]
    #[diagnostic(help("name the folders with rules of this repository in `[rego] folders`"))]
    Many { name: String },
    #[cfg(feature = "rego")]
    #[error("the configuration names the rule `{}`, which no file has", escape(id))]
    #[diagnostic(help("{help}"))]
    NoRule { id: String, help: String },
    #[cfg(not(feature = "rego"))]
    #[error("there are rules in Rego, and this program was built without them")]
    #[diagnostic(help(
        "install a build with the feature `rego`, which is on by default, or remove the files"
    ))]
    Absent,
}

/// Whether a file has rules.
pub(crate) fn is_rego(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending == "rego")
}

/// Adds the files beside a configuration, which is in a folder.
pub(crate) fn add_beside(folder: &Path, config: &mut Config) -> Result<(), Failure> {
    let named = config.rego.folders.is_some();
    for inside in config.rego.folders().into_iter().map(str::to_owned).collect::<Vec<_>>() {
        let mut found = Vec::new();
        let root = folder.join(&inside);
        match confine::check(&root).and_then(|()| within(&root, DEPTH, &mut found)) {
            Ok(()) => {}
            // Rules are not required.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !named => continue,
            Err(source) => return Err(RulesError::Read { name: root.display().to_string(), source }.into()),
        }
        if found.len() > FILES {
            return Err(RulesError::Many { name: root.display().to_string() }.into());
        }
        found.sort();
        for file in found {
            let text = files::read_within("the rules", folder, &file)?;
            let path = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            config.add_rego(RegoFile { path, name: file.display().to_string(), text });
        }
    }
    Ok(())
}

/// The files with rules in a folder and below it. Links to folders are not followed: they may lead in circles.
fn within(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let kind = fs::symlink_metadata(&path)?;
        if kind.is_dir() && depth > 0 {
            within(&path, depth - 1, files)?;
        } else if !kind.is_dir() && is_rego(&path.to_string_lossy()) && files.len() <= FILES {
            files.push(path);
        }
    }
    Ok(())
}
