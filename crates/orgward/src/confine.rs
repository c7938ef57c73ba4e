//! Keeps a run inside of one folder: what an assistant asks for reads nothing else, and starts no other program.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The folder that this run stays in. It is set once, before anything is read, and holds for the whole process: a check
/// that each reader had to be handed would be forgotten by one of them.
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Confines this run to the current folder.
pub(crate) fn to_here() -> io::Result<()> {
    let here = fs::canonicalize(env::current_dir()?)?;
    // A second call would name the same folder.
    let _ = FOLDER.set(here);
    Ok(())
}

/// Whether this run is confined to a folder.
pub(crate) fn is_on() -> bool {
    FOLDER.get().is_some()
}

/// Refuses a path that leads out of the folder that this run is confined to, links followed.
pub(crate) fn check(path: &Path) -> io::Result<()> {
    let Some(folder) = FOLDER.get() else { return Ok(()) };
    within(folder, path)
}

/// The root of the repository that a folder is in; where the run is confined, only one inside of that folder.
pub(crate) fn repository(folder: &Path) -> Option<&Path> {
    folder
        .ancestors()
        .take_while(|above| FOLDER.get().is_none_or(|limit| above.starts_with(limit)))
        .find(|above| above.join(".git").exists())
}

fn within(folder: &Path, path: &Path) -> io::Result<()> {
    // What is outside is refused whether it is there or not: an answer about it would say so.
    let target = fs::canonicalize(path).or_else(|error| {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let existing = whole.ancestors().skip(1).find_map(|above| fs::canonicalize(above).ok());
        if existing.is_some_and(|above| above.starts_with(folder)) { Err(error) } else { Ok(PathBuf::new()) }
    })?;
    if target.starts_with(folder) {
        return Ok(());
    }
    let reason = format!("it leads out of `{}`, and this run reads nothing else", folder.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, reason))
}

#[cfg(test)]
mod tests {
    use super::within;
    use std::path::Path;

    #[test]
    fn what_leads_out_of_the_folder_is_refused() {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().canonicalize().unwrap().join("inside");
        std::fs::create_dir_all(folder.join("stack")).unwrap();
        std::fs::write(folder.join("plan.json"), "").unwrap();
        std::fs::write(outside.path().join("secret"), "").unwrap();
        let reason = |path: &Path| within(&folder, path).err().map(|error| error.kind());
        assert_eq!(reason(&folder.join("plan.json")), None);
        assert_eq!(reason(&folder.join("stack/../plan.json")), None);
        for missing in ["missing.json", "no/such/folder.json"] {
            assert_eq!(reason(&folder.join(missing)), Some(std::io::ErrorKind::NotFound));
        }
        let denied = Some(std::io::ErrorKind::PermissionDenied);
        assert_eq!(reason(&folder.join("../secret")), denied);
        assert_eq!(reason(&folder.join("../no-such-file")), denied, "what is there is not for an answer");
        assert_eq!(reason(Path::new("/no/such/folder/file")), denied);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(outside.path().join("secret"), folder.join("link")).unwrap();
            assert_eq!(reason(&folder.join("link")), denied);
        }
    }
}
