//! Reads the files that a pull request may choose: the configuration, waivers, baselines and sources.
//!
//! What is read is a regular file inside its folder, links followed, and of a bounded size. A link to a device, to a
//! secret of the machine or to the folder of git is refused before it is opened.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use orgward_report::escape;
use thiserror::Error;

use crate::confine;

/// Bytes of a file; people write shorter ones.
pub(crate) const LARGEST: u64 = 8 << 20;

/// Why a file is not read.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum FileError {
    #[error("cannot read {what} `{}`", escape(name))]
    Read { what: &'static str, name: String, source: io::Error },
    #[error("{what} `{}` is no regular file", escape(name))]
    #[diagnostic(help("put a file there; folders, devices and pipes are not read"))]
    Kind { what: &'static str, name: String },
    #[error("{what} `{}` leads out of `{}`", escape(name), escape(folder))]
    #[diagnostic(help("replace the link with the file itself"))]
    Outside { what: &'static str, name: String, folder: String },
    #[error("{what} `{}` is larger than 8 MB", escape(name))]
    #[diagnostic(help("split it, or remove what does not belong into it"))]
    Large { what: &'static str, name: String },
    #[error("{what} `{}` is no text", escape(name))]
    #[diagnostic(help("write it as UTF-8"))]
    Text { what: &'static str, name: String },
}

/// The folder that files have to lie in, with all links followed.
#[derive(Clone, Debug)]
pub(crate) struct Fence(PathBuf);

impl Fence {
    /// The repository that a folder is part of, else the folder itself.
    pub(crate) fn around(folder: &Path) -> io::Result<Self> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let folder = fs::canonicalize(folder)?;
        Ok(Self(confine::repository(&folder).unwrap_or(&folder).to_owned()))
    }

    /// Whether a path stays inside, links followed. The folder of git has tokens in it, so it is outside.
    pub(crate) fn holds(&self, path: &Path) -> bool {
        fs::canonicalize(path).is_ok_and(|path| {
            path.strip_prefix(&self.0)
                .is_ok_and(|below| below.components().all(|part| part.as_os_str() != ".git"))
        })
    }
}

/// The text of a file that lies in the repository of the folder that names it, or in that folder.
pub(crate) fn read(what: &'static str, path: &Path) -> Result<String, FileError> {
    read_within(what, path.parent().unwrap_or(Path::new(".")), path)
}

/// The text of a file that another one names, which is in the repository of a folder, or in the folder.
pub(crate) fn read_within(what: &'static str, folder: &Path, path: &Path) -> Result<String, FileError> {
    let name = || path.display().to_string();
    let failed = |source| FileError::Read { what, name: name(), source };
    let fence = Fence::around(folder).map_err(failed)?;
    // What is not there is said to be not there, and not to lead elsewhere.
    fs::metadata(path).map_err(failed)?;
    if !fence.holds(path) {
        return Err(FileError::Outside { what, name: name(), folder: fence.0.display().to_string() });
    }
    bounded(path, LARGEST).map_err(|error| match error {
        Unread::Io(source) => failed(source),
        Unread::Kind => FileError::Kind { what, name: name() },
        Unread::Large => FileError::Large { what, name: name() },
        Unread::Text => FileError::Text { what, name: name() },
    })
}

/// Why a file is not read, in one line.
pub(crate) fn reason(error: &FileError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Why a bounded file is not read.
#[derive(Debug)]
pub(crate) enum Unread {
    Io(io::Error),
    Kind,
    Large,
    Text,
}

/// The text of a regular file that is not larger than a limit.
pub(crate) fn bounded(path: &Path, limit: u64) -> Result<String, Unread> {
    confine::check(path).map_err(Unread::Io)?;
    // Asked before opening: to open a pipe waits for its other end.
    if !fs::metadata(path).map_err(Unread::Io)?.is_file() {
        return Err(Unread::Kind);
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(Unread::Io)?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(Unread::Io)?;
    if bytes.len() as u64 > limit {
        return Err(Unread::Large);
    }
    String::from_utf8(bytes).map_err(|_| Unread::Text)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn refused(path: &Path) -> String {
        read("the configuration", path).unwrap_err().to_string()
    }

    #[test]
    fn links_are_followed_inside_and_not_outside_of_the_repository() {
        let folder = tempfile::tempdir().unwrap();
        let stack = folder.path().join("repository/stacks/prod");
        fs::create_dir_all(&stack).unwrap();
        fs::create_dir(folder.path().join("repository/.git")).unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        fs::write(folder.path().join("repository/.git/config"), "token").unwrap();
        fs::write(folder.path().join("repository/shared.toml"), "shared").unwrap();
        for (name, target) in
            [("shared", "../../shared.toml"), ("out", "../../../secret"), ("git", "../../.git/config")]
        {
            symlink(target, stack.join(name)).unwrap();
        }
        assert_eq!(read("the configuration", &stack.join("shared")).unwrap(), "shared");
        for name in ["out", "git"] {
            assert!(refused(&stack.join(name)).contains("leads out of"), "{name}");
        }
    }

    #[test]
    fn devices_folders_and_what_is_too_large_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let name = |name: &str| folder.path().join(name);
        fs::create_dir(name("folder")).unwrap();
        symlink("/dev/zero", name("device")).unwrap();
        File::create(name("large")).unwrap().set_len(LARGEST + 1).unwrap();
        fs::write(name("bytes"), [0xFF]).unwrap();
        assert!(refused(&name("folder")).contains("no regular file"));
        assert!(refused(&name("device")).contains("leads out of"));
        assert!(refused(&name("large")).contains("larger than 8 MB"));
        assert!(refused(&name("bytes")).contains("no text"));
        assert!(refused(&name("missing")).contains("cannot read"));
    }
}
