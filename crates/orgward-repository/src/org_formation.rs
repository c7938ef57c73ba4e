//! org-formation: `organization.yml` with resources of types `OC::ORG::*`.

use std::collections::BTreeMap;

use serde_json::json;

use crate::item::{Listed, organization, root};
use crate::yaml::Node;
use crate::{Files, Given, Item, Repository, RepositoryError};

/// The lists of policies of units, accounts and the root, the types of the policies, and their types in the API.
const POLICIES: [(&str, &str, &str); 3] = [
    ("ServiceControlPolicies", "OC::ORG::ServiceControlPolicy", "SERVICE_CONTROL_POLICY"),
    ("ResourceControlPolicies", "OC::ORG::ResourceControlPolicy", "RESOURCE_CONTROL_POLICY"),
    ("TagPolicies", "OC::ORG::TagPolicy", "TAG_POLICY"),
];

/// Whether a file describes an organization.
pub(crate) fn is_organization(text: &str) -> bool {
    text.contains("OC::ORG::")
}

/// One resource of the file.
struct Declared<'n> {
    id: &'n str,
    node: &'n Node,
    kind: &'n str,
    properties: Option<&'n Node>,
}

impl<'n> Declared<'n> {
    fn text(&self, key: &str) -> Option<&'n str> {
        self.properties?.get(key)?.text()
    }

    fn list(&self, key: &str) -> Vec<&'n Node> {
        self.properties.and_then(|it| it.get(key)).map(Node::items).unwrap_or_default()
    }
}

pub(crate) fn read(
    manifest: &str,
    files: &Files,
    given: &Given,
    repository: &mut Repository,
) -> Result<(), RepositoryError> {
    let text = files.0.get(manifest).map_or("", String::as_str);
    let file = Node::parse(manifest, text)?;
    let body = file.get("Organization").filter(|node| !node.entries().is_empty()).unwrap_or(&file);
    let declared: Vec<Declared<'_>> = body
        .entries()
        .iter()
        .filter_map(|(id, node)| {
            let kind = node.get("Type")?.text()?;
            kind.starts_with("OC::ORG::").then(|| Declared {
                id,
                node,
                kind,
                properties: node.get("Properties"),
            })
        })
        .collect();
    if declared.is_empty() {
        return Ok(());
    }
    // Policies in a file of their own, which another file includes.
    let has_tree = declared.iter().any(|it| it.kind != "OC::ORG::ServiceControlPolicy");
    if has_tree {
        repository.add(organization(manifest, true, given));
    }
    let parents = parents(manifest, &declared)?;
    let mut targets = BTreeMap::new();
    for it in &declared {
        if let Some(target) = place(manifest, it, &declared, &parents, given, repository) {
            targets.insert(it.id, target);
        }
    }
    let mut policies = BTreeMap::new();
    for it in &declared {
        let Some((_, _, api)) = POLICIES.iter().find(|(_, kind, _)| *kind == it.kind) else { continue };
        let name = it.text("PolicyName").unwrap_or(it.id);
        let listed = Listed { manifest, line: it.node.line, name, api };
        let document = it.properties.and_then(|properties| properties.get("PolicyDocument"));
        let document = document.or_else(|| it.properties.and_then(|properties| properties.get("Content")));
        let Some(document) = document else {
            return Err(RepositoryError::Shape {
                file: manifest.to_owned(),
                line: it.node.line,
                key: format!("{}.PolicyDocument", it.id),
                expected: "a policy",
            });
        };
        let item =
            if let (Some("Include" | "ReadFile"), Some(path)) = (document.tag.as_deref(), document.text()) {
                listed.of_file(path, files, given, repository)?
            } else {
                let statements = document.get("Statement").map(Node::items).unwrap_or_default();
                let lines = statements.iter().map(|statement| statement.line).collect();
                let text = document.text().map_or_else(|| document.json().to_string(), str::to_owned);
                listed.of_text(&text, lines, given)
            };
        repository.add(item);
        policies.insert(it.id, listed);
    }
    for it in &declared {
        let Some(target) = targets.get(it.id) else { continue };
        for (list, ..) in POLICIES {
            for node in it.list(list) {
                let name = reference(manifest, node)?;
                let listed = policies.get(name).ok_or_else(|| unknown(manifest, node, name))?;
                repository.add(listed.attached(target, it.id, node.line, given));
            }
        }
    }
    Ok(())
}

/// What each unit and account lies in, by logical ids.
fn parents<'n>(
    manifest: &str,
    declared: &[Declared<'n>],
) -> Result<BTreeMap<&'n str, &'n str>, RepositoryError> {
    let mut parents = BTreeMap::new();
    for it in declared.iter().filter(|it| it.kind == "OC::ORG::OrganizationalUnit") {
        for node in it.list("Accounts").into_iter().chain(it.list("OrganizationalUnits")) {
            let name = reference(manifest, node)?;
            if !declared.iter().any(|other| other.id == name) {
                return Err(unknown(manifest, node, name));
            }
            parents.insert(name, it.id);
        }
    }
    for it in declared {
        let mut at = it.id;
        for _ in 0..=declared.len() {
            let Some(parent) = parents.get(at) else { break };
            at = parent;
            if at == it.id {
                return Err(RepositoryError::Shape {
                    file: manifest.to_owned(),
                    line: it.node.line,
                    key: it.id.to_owned(),
                    expected: "a unit of a tree: it contains itself",
                });
            }
        }
    }
    Ok(parents)
}

/// Adds a unit or an account, and returns what stands for its id.
fn place(
    manifest: &str,
    it: &Declared<'_>,
    declared: &[Declared<'_>],
    parents: &BTreeMap<&str, &str>,
    given: &Given,
    repository: &mut Repository,
) -> Option<String> {
    let path = |id: &str| path(id, declared, parents);
    let unit_id = |id: &str| {
        let known = given.ids.units.get(&path(id)).cloned();
        known.unwrap_or_else(|| format!("{manifest}#unit/{id}"))
    };
    let parent = parents.get(it.id).map_or_else(|| root(manifest, given), |parent| unit_id(parent));
    let (kind, word, name, known, is_management) = match it.kind {
        "OC::ORG::OrganizationRoot" => return Some(root(manifest, given)),
        "OC::ORG::OrganizationalUnit" => {
            let name = it.text("OrganizationalUnitName").unwrap_or(it.id);
            (
                "aws_organizations_organizational_unit",
                "unit",
                name,
                given.ids.units.get(&path(it.id)).cloned(),
                false,
            )
        }
        "OC::ORG::Account" | "OC::ORG::MasterAccount" => {
            let name = it.text("AccountName").unwrap_or(it.id);
            let id = it.text("AccountId").filter(|id| orgward_iam::is_account_id(id)).map(str::to_owned);
            let id = id.or_else(|| given.ids.accounts.get(name).cloned());
            ("aws_organizations_account", "account", name, id, it.kind == "OC::ORG::MasterAccount")
        }
        _ => return None,
    };
    let address = format!("{manifest}#{word}/{}", it.id);
    let mut values = json!({ "name": name, "parent_id": parent });
    if let Some(values) = values.as_object_mut() {
        if is_management {
            values.insert("management".to_owned(), true.into());
        }
        if let Some(id) = &known {
            values.insert("id".to_owned(), id.as_str().into());
        }
        if let Some(tags) = it.properties.and_then(|properties| properties.get("Tags")) {
            let tags =
                tags.entries().iter().filter_map(|(key, node)| Some((key.clone(), node.text()?.into())));
            values.insert("tags".to_owned(), serde_json::Value::Object(tags.collect()));
        }
    }
    repository.add(Item::new(address.clone(), kind, (manifest, it.node.line), values));
    Some(known.unwrap_or(address))
}

/// The path of a unit below the root.
fn path(id: &str, declared: &[Declared<'_>], parents: &BTreeMap<&str, &str>) -> String {
    let name = |id: &str| {
        let found = declared.iter().find(|it| it.id == id);
        found.and_then(|it| it.text("OrganizationalUnitName")).unwrap_or(id).to_owned()
    };
    let mut names = vec![name(id)];
    let mut at = id;
    // No tree is deeper; units that contain each other end here.
    while let Some(parent) = parents.get(at).filter(|_| names.len() < 16) {
        names.push(name(parent));
        at = parent;
    }
    names.reverse();
    names.join("/")
}

/// The logical id that a value names: `!Ref X`, `Ref: X`, or the id itself.
fn reference<'n>(manifest: &str, node: &'n Node) -> Result<&'n str, RepositoryError> {
    let name = match node.tag.as_deref() {
        None | Some("Ref") => node.text().or_else(|| node.get("Ref")?.text()),
        Some(_) => None,
    };
    name.ok_or_else(|| RepositoryError::Shape {
        file: manifest.to_owned(),
        line: node.line,
        key: node.tag.clone().unwrap_or_else(|| "a reference".to_owned()),
        expected: "a reference to a resource of the file (`!Ref`)",
    })
}

fn unknown(manifest: &str, node: &Node, name: &str) -> RepositoryError {
    RepositoryError::Unknown { file: manifest.to_owned(), line: node.line, name: name.to_owned() }
}
