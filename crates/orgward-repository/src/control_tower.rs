//! Customizations for Control Tower: `manifest.yaml`, versions 2020-01-01 and 2021-03-15.

use crate::item::{Listed, organization, root, unit};
use crate::yaml::Node;
use crate::{Files, Given, Repository, RepositoryError};

/// Whether a file called `manifest.yaml` is one.
pub(crate) fn is_manifest(text: &str) -> bool {
    ["2021-03-15", "2020-01-01"].iter().any(|version| text.contains(version))
}

pub(crate) fn read(
    manifest: &str,
    files: &Files,
    given: &Given,
    repository: &mut Repository,
) -> Result<(), RepositoryError> {
    let text = files.0.get(manifest).map_or("", String::as_str);
    let config = Node::parse(manifest, text)?;
    // Accounts and units are Control Tower's: the manifest names those that it deploys to.
    repository.add(organization(manifest, false, given));
    for entry in config.get("resources").map(Node::items).unwrap_or_default() {
        let api = match entry.get("deploy_method").and_then(Node::text) {
            Some("scp") => "SERVICE_CONTROL_POLICY",
            Some("rcp") => "RESOURCE_CONTROL_POLICY",
            _ => continue,
        };
        let units = entry.get("deployment_targets").and_then(|targets| targets.get("organizational_units"));
        policy((manifest, entry, api), "resource_file", units, files, given, repository)?;
    }
    for entry in config.get("organization_policies").map(Node::items).unwrap_or_default() {
        let units = entry.get("apply_to_accounts_in_ou");
        let entry = (manifest, entry, "SERVICE_CONTROL_POLICY");
        policy(entry, "policy_file", units, files, given, repository)?;
    }
    Ok(())
}

fn policy(
    (manifest, entry, api): (&str, &Node, &'static str),
    file: &str,
    units: Option<&Node>,
    files: &Files,
    given: &Given,
    repository: &mut Repository,
) -> Result<(), RepositoryError> {
    let required = |key: &str| {
        entry.get(key).and_then(Node::text).ok_or_else(|| RepositoryError::Shape {
            file: manifest.to_owned(),
            line: entry.line,
            key: key.to_owned(),
            expected: "a text",
        })
    };
    let listed = Listed { manifest, line: entry.line, name: required("name")?, api };
    let item = listed.of_file(required(file)?, files, given, repository)?;
    repository.add(item);
    for node in units.map(Node::items).unwrap_or_default() {
        let Some(name) = node.text() else { continue };
        // Nested units are written with colons.
        let path = name.replace(':', "/");
        let target = if path == "Root" {
            root(manifest, given)
        } else {
            unit(manifest, path.strip_prefix("Root/").unwrap_or(&path), node.line, given, repository)?
        };
        repository.add(listed.attached(&target, &path, node.line, given));
    }
    Ok(())
}
