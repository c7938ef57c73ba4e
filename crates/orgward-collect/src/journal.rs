//! What a run has read so far, so that the same command continues where it was stopped.
//!
//! A folder beside the output holds one file for each part that is complete. Files are renamed into place, so that a part is
//! whole or not there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use orgward_snapshot::{AccountPart, OrganizationPart, Part, SnapshotError};

/// The name of the file of the organization.
const ORGANIZATION: &str = "organization";

#[derive(Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
}

impl Journal {
    /// The journal of an output file; parts that were read otherwise are dropped.
    pub(crate) fn open(output: &Path, settings: &str) -> io::Result<Self> {
        let mut name = output.file_name().unwrap_or_default().to_owned();
        name.push(".parts");
        let journal = Self { folder: output.with_file_name(name) };
        let file = journal.folder.join("settings");
        if fs::read_to_string(&file).ok().as_deref() != Some(settings) {
            journal.remove()?;
            fs::create_dir_all(&journal.folder)?;
            fs::write(file, settings)?;
        }
        Ok(journal)
    }

    /// A part that is there and whole.
    pub(crate) fn account(&self, id: &str) -> Option<Part> {
        Part::of_frame(Some(id), fs::read(self.path(id)).ok()?).ok()
    }

    /// The part of the organization, when it is there and whole.
    pub(crate) fn organization(&self) -> Option<Part> {
        Part::of_frame(None, fs::read(self.path(ORGANIZATION)).ok()?).ok()
    }

    pub(crate) fn keep_account(&self, part: &AccountPart) -> Result<Part, SnapshotError> {
        let compressed = Part::of_account(part)?;
        self.keep(&part.account, &compressed)?;
        Ok(compressed)
    }

    pub(crate) fn keep_organization(&self, part: &OrganizationPart) -> Result<Part, SnapshotError> {
        let compressed = Part::of_organization(part)?;
        self.keep(ORGANIZATION, &compressed)?;
        Ok(compressed)
    }

    /// Keeps a part that was read before.
    pub(crate) fn keep(&self, name: &str, part: &Part) -> io::Result<()> {
        let path = self.path(name);
        let unfinished = path.with_extension("unfinished");
        fs::write(&unfinished, part.frame())?;
        fs::rename(unfinished, path)
    }

    /// Removes it, once everything is in the output.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.part"))
    }
}
