//! Repositories whose policies Terraform does not manage: plain folders of JSON policies, and the manifests of Landing
//! Zone Accelerator, Customizations for Control Tower and org-formation that say what policies are attached to.
//!
//! A repository is read at two revisions, and what changes between them is written as a plan, so that everything that
//! judges plans judges it. This crate knows the formats of manifests and nothing of rules; it does no input or output.

mod accelerator;
mod control_tower;
mod documents;
mod error;
mod item;
mod org_formation;
mod plan;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::Kind;

pub use self::documents::{is_candidate, kind_of};
pub use self::error::RepositoryError;
pub use self::item::{Item, fill};
pub use self::plan::plan;

/// The files of one revision: their texts by path from the folder, with slashes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Files(pub BTreeMap<String, String>);

/// What is known beside the files.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Values for placeholders of templates, by name.
    pub values: Vec<(String, String)>,
    /// What kind of policies those files hold of which no manifest and no name says it.
    pub kind: Option<Kind>,
    /// The ids of the organization that other inputs show.
    pub ids: Ids,
}

/// Ids of an organization that exists.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    /// The root.
    pub root: Option<String>,
    /// Units by their path below the root: `Workloads/Prod`.
    pub units: BTreeMap<String, String>,
    /// Accounts by their names.
    pub accounts: BTreeMap<String, String>,
    /// Policies by their type in the API and their names.
    pub policies: BTreeMap<(String, String), String>,
}

/// What the files of one revision describe.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// Resources by address.
    pub(crate) items: BTreeMap<String, Item>,
    /// Files that manifests name, which are no plain documents.
    pub(crate) named: BTreeSet<String>,
    /// What is not read, one sentence each.
    pub notes: Vec<String>,
}

impl Repository {
    /// Reads the files of a revision.
    ///
    /// Fails where a manifest cannot be read, or names a file that is not there: what it describes would be judged in
    /// part.
    pub fn read(files: &Files, given: &Given) -> Result<Self, RepositoryError> {
        let mut repository = Self::default();
        for (path, text) in &files.0 {
            let name = path.rsplit('/').next().unwrap_or(path);
            if matches!(name, "organization-config.yaml" | "organization-config.yml") {
                accelerator::read(path, files, given, &mut repository)?;
            } else if matches!(name, "manifest.yaml" | "manifest.yml") && control_tower::is_manifest(text) {
                control_tower::read(path, files, given, &mut repository)?;
            } else if is_yaml(name) && org_formation::is_organization(text) {
                org_formation::read(path, files, given, &mut repository)?;
            }
        }
        documents::read(files, given, &mut repository);
        repository.notes.sort();
        repository.notes.dedup();
        Ok(repository)
    }

    /// Reads the manifest of an organization alone, as it stands; `None` where the file is none.
    pub fn of_manifest(path: &str, files: &Files, given: &Given) -> Result<Option<Self>, RepositoryError> {
        let mut repository = Self::default();
        let name = path.rsplit('/').next().unwrap_or(path);
        let text = files.0.get(path).map_or("", String::as_str);
        if matches!(name, "organization-config.yaml" | "organization-config.yml") {
            accelerator::read(path, files, given, &mut repository)?;
        } else if is_yaml(name) && org_formation::is_organization(text) {
            org_formation::read(path, files, given, &mut repository)?;
        } else {
            return Ok(None);
        }
        Ok(Some(repository))
    }

    /// Whether the files describe nothing.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The resource at an address.
    pub fn item(&self, address: &str) -> Option<&Item> {
        self.items.get(address)
    }

    pub(crate) fn add(&mut self, item: Item) {
        self.items.entry(item.address.clone()).or_insert(item);
    }

    /// Drops plain documents that are the same in another revision: a change does not touch them.
    pub fn forget_unchanged(&mut self, other: &mut Self) {
        let is_same = |address: &String, item: &Item| {
            item.is_plain
                && other.items.get(address).is_some_and(|twin| twin.is_plain && twin.values == item.values)
        };
        let same: Vec<String> = self
            .items
            .iter()
            .filter(|(address, item)| is_same(address, item))
            .map(|(it, _)| it.clone())
            .collect();
        for address in same {
            self.items.remove(&address);
            other.items.remove(&address);
        }
    }
}

fn is_yaml(name: &str) -> bool {
    [".yaml", ".yml"].iter().any(|ending| name.ends_with(ending))
}

/// A path that a file names, from the folder that everything is in; `None` where it leads out of it.
pub(crate) fn beside(file: &str, path: &str) -> Option<String> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if path.starts_with('/') {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
