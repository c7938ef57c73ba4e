//! Manifests that describe an organization in place of Terraform, given as context: `organization-config.yaml` of Landing
//! Zone Accelerator and `organization.yml` of org-formation, with the files that they name.

use std::fs;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use orgward_org::{Declared, NodeKind, Organization, PolicyType};
use orgward_plan::{Attr, Document};
use orgward_report::escape;
use orgward_repository::{Files, Given, Ids, Repository, RepositoryError};
use thiserror::Error;

use crate::files::bounded;
use crate::{input, output};

/// Bytes of a file, and of all files.
const LARGEST: u64 = 1 << 20;
const ALL: u64 = 64 << 20;
/// Folders inside the folder of a manifest.
const DEPTH: usize = 8;
/// Files of that folder.
const FILES: usize = 20_000;
/// What manifests are called in a folder that is given.
const NAMES: [&str; 4] =
    ["organization-config.yaml", "organization-config.yml", "organization.yml", "organization.yaml"];

/// Why a manifest cannot be read.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum ManifestError {
    #[error("`{}` is no manifest of an organization", escape(name))]
    #[diagnostic(help(
        "give `organization-config.yaml` of Landing Zone Accelerator or `organization.yml` of org-formation"
    ))]
    Other { name: String },
    #[error("the folder of `{}` has more than {FILES} files, or more than {} MB of JSON and YAML", escape(name), ALL >> 20)]
    #[diagnostic(help("move the manifest and the files that it names into a folder of their own"))]
    Large { name: String },
    #[error("cannot read the files beside `{}`: {why}", escape(name))]
    Read { name: String, why: String },
    #[error("cannot read `{}`: {}", escape(name), escape(&error.to_string()))]
    #[diagnostic(forward(error))]
    Repository { name: String, error: RepositoryError },
}

/// Whether a path is one of a manifest.
pub(crate) fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "yaml" || it == "yml")
}

/// The manifest in a folder, if it has one.
pub(crate) fn within(folder: &Path) -> Option<PathBuf> {
    NAMES.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// What a manifest describes, as a plan that changes nothing. `others` show the ids of what it names.
pub(crate) fn read(path: &Path, name: &str, others: &[Document]) -> Result<Document, input::InputError> {
    let failed = |error| input::InputError::Manifest { error };
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let mut read = Reader { name, files: Files::default(), size: 0 };
    read.folder(folder, "", DEPTH).map_err(failed)?;
    let context = others.iter().map(input::parse).collect::<Result<Vec<_>, _>>()?;
    let known = Organization::of(&[], &context, &Declared::default());
    let given = Given { ids: ids(&known.after), ..Given::default() };
    let repository = Repository::of_manifest(&file, &read.files, &given)
        .map_err(|error| failed(ManifestError::Repository { name: name.to_owned(), error }))?
        .ok_or_else(|| failed(ManifestError::Other { name: name.to_owned() }))?;
    for note in &repository.notes {
        output::warn(&format!("note: {}\n", escape(note)));
    }
    let bytes = orgward_repository::plan(&repository, &repository);
    Document::decode(name.to_owned(), bytes)
        .map_err(|error| input::InputError::Plan { name: name.to_owned(), error })
}

/// Reads the files of a folder. Links are not followed, and nothing outside of it is read.
struct Reader<'r> {
    name: &'r str,
    files: Files,
    size: u64,
}

impl Reader<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), ManifestError> {
        let failed = |error: std::io::Error| ManifestError::Read {
            name: self.name.to_owned(),
            why: error.to_string(),
        };
        let mut entries =
            fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let kind = entry.file_type().map_err(failed)?;
            let Ok(file) = entry.file_name().into_string() else { continue };
            let path = format!("{prefix}{file}");
            if kind.is_dir() && depth > 0 && !file.starts_with('.') && file != "node_modules" {
                self.folder(&entry.path(), &format!("{path}/"), depth - 1)?;
            }
            let counts = [".json", ".yaml", ".yml"].iter().any(|ending| file.ends_with(ending));
            if !kind.is_file() || !counts {
                continue;
            }
            // A file that is none of the manifest's is not missed; one that it names and that is not here is an error.
            let Ok(text) = bounded(&entry.path(), LARGEST) else { continue };
            self.size += text.len() as u64;
            self.files.0.insert(path, text);
            if self.size > ALL || self.files.0.len() > FILES {
                return Err(ManifestError::Large { name: self.name.to_owned() });
            }
        }
        Ok(())
    }
}

/// The ids of what other inputs show, by the names that manifests use.
pub(crate) fn ids(organization: &Organization) -> Ids {
    let mut ids = Ids::default();
    for (at, node) in organization.nodes() {
        let Attr::Known(id) = &node.id else { continue };
        let (id, name) = (id.to_string(), node.title());
        match &node.kind {
            NodeKind::Root => ids.root = Some(id),
            NodeKind::Unit => {
                let path = organization.path(at);
                if let Some((_, below)) = path.split_once('/').filter(|_| !path.starts_with('…')) {
                    ids.units.insert(below.to_owned(), id);
                }
            }
            NodeKind::Account(_) => {
                ids.accounts.insert(name, id);
            }
            NodeKind::OrgPolicy(policy) if !matches!(policy.kind, PolicyType::Unknown) => {
                ids.policies.insert((policy.kind.api_name().to_owned(), name), id);
            }
            _ => {}
        }
    }
    ids
}
