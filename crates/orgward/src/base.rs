//! The configuration of the base revision, which the pull request has not written.

use std::env;
use std::path::{Component, Path, PathBuf};

use miette::Diagnostic;
use orgward_config::{Config, RegoFile};
use orgward_report::escape;
use thiserror::Error;

use crate::arguments::ConfigArguments;
use crate::git::Git;
use crate::{config, rego};

/// Why there is no configuration of the base revision.
#[derive(Debug, Error, Diagnostic)]
enum BaseError {
    #[error("cannot read the configuration of the base revision `{}`: {why}", escape(revision))]
    #[diagnostic(help(
        "fetch the revision first, or name the file: `git show REV:orgward.toml > base.toml`, and `--base-config base.toml`"
    ))]
    Git { revision: String, why: String },
    #[error(
        "`--base-config {}` has no rules in Rego of its own: those in `{}` are the pull request's, and would be compared \
         with themselves",
        escape(file),
        escape(folder)
    )]
    #[diagnostic(help(
        "name the revision, `--base-config origin/main`, or put the file into a folder with the rules of the base revision"
    ))]
    Rego { file: String, folder: String },
}

/// Reads the configuration of the base: a file, or what a revision of git has where the configuration of the pull request
/// is. A revision without one has the defaults.
pub(crate) fn load(base: &str, named: &ConfigArguments) -> Result<Config, Box<dyn Diagnostic + Send + Sync>> {
    let file = Path::new(base);
    if file.exists() {
        let mut config = config::read(file)?;
        config::add_waivers_beside(file, &mut config)?;
        let (folder, own) = (folder_of(file), config::folder(named));
        rego::add_beside(&folder, &mut config)?;
        let whole = |folder: &Path| std::fs::canonicalize(Path::new(".").join(folder)).ok();
        if !config.rego.files.is_empty() && whole(&folder) == whole(&own) {
            let folder = config.rego.folders().join("`, `");
            return Err(BaseError::Rego { file: base.to_owned(), folder }.into());
        }
        return Ok(config);
    }
    of_revision(base, named)
}

/// The folder of a file.
fn folder_of(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).to_owned()
}

/// Reads the configuration of a revision.
pub(crate) fn of_revision(
    base: &str,
    named: &ConfigArguments,
) -> Result<Config, Box<dyn Diagnostic + Send + Sync>> {
    let failed = |why: String| BaseError::Git { revision: base.to_owned(), why };
    let git = Git::of(Path::new("."));
    git.commit(base).map_err(failed)?;
    let top = git.text(&["rev-parse", "--show-toplevel"]).map_err(failed)?;
    let from_top = |path: &Path| below(Path::new(top.trim_end()), path);
    let path = config::path(named).unwrap_or_else(|| PathBuf::from(config::NAME));
    let below = from_top(&path)
        .ok_or_else(|| failed("the configuration lies outside of the repository".to_owned()))?;
    let text_of = |path: &str| git.text(&["cat-file", "blob", &format!("{base}:{path}")]);
    let listed = |folder: &str| -> Result<Vec<String>, String> {
        let tree = git.text(&["ls-tree", "--full-tree", "-z", "--name-only", base, "--", folder])?;
        Ok(tree.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
    };
    let mut config = match listed(&below).map_err(failed)?.first() {
        Some(path) => {
            let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
            let beside = |name: &str| text_of(&format!("{folder}{name}"));
            Config::parse_beside(&format!("{base}:{path}"), &text_of(path).map_err(failed)?, &beside)?
        }
        None => Config::default(),
    };
    let folder = from_top(&config::waivers_beside(named)).map(|folder| format!("{folder}/"));
    for path in folder.map(|folder| listed(&folder)).transpose().map_err(failed)?.unwrap_or_default() {
        if Path::new(&path).extension().is_some_and(|ending| ending == "toml") {
            config.add_waivers(&format!("{base}:{path}"), &text_of(&path).map_err(failed)?)?;
        }
    }
    let folder = from_top(&config::folder(named)).unwrap_or_default();
    for listed_in in config.rego.folders().into_iter().map(str::to_owned).collect::<Vec<_>>() {
        let whole = if folder.is_empty() { listed_in } else { format!("{folder}/{listed_in}") };
        let tree = git
            .text(&["ls-tree", "-r", "--full-tree", "-z", "--name-only", base, "--", &whole])
            .map_err(failed)?;
        for path in tree.split('\0').filter(|path| rego::is_rego(path)) {
            let from_folder = path.strip_prefix(&folder).unwrap_or(path).trim_start_matches('/');
            let text = text_of(path).map_err(failed)?;
            config.add_rego(RegoFile { path: from_folder.to_owned(), name: format!("{base}:{path}"), text });
        }
    }
    Ok(config)
}

/// A path from the top of the repository, with slashes.
fn below(top: &Path, path: &Path) -> Option<String> {
    let here = env::current_dir().and_then(std::fs::canonicalize).ok()?;
    let mut whole = PathBuf::new();
    for part in here.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    let below = whole.strip_prefix(std::fs::canonicalize(top).ok()?).ok()?;
    let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Some(parts.join("/"))
}
