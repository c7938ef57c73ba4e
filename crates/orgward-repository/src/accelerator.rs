//! Landing Zone Accelerator: `organization-config.yaml`, and beside it `accounts-config.yaml`, `global-config.yaml` and
//! `replacements-config.yaml`.

use std::collections::BTreeMap;

use serde_json::json;

use crate::item::{Listed, organization, root, unit};
use crate::yaml::Node;
use crate::{Files, Given, Item, Repository, RepositoryError, beside};

/// The lists of policies, and their types in the API.
const LISTS: [(&str, &str); 6] = [
    ("serviceControlPolicies", "SERVICE_CONTROL_POLICY"),
    ("resourceControlPolicies", "RESOURCE_CONTROL_POLICY"),
    ("taggingPolicies", "TAG_POLICY"),
    ("backupPolicies", "BACKUP_POLICY"),
    ("chatbotPolicies", "CHATBOT_POLICY"),
    ("declarativePolicies", "DECLARATIVE_POLICY_EC2"),
];

pub(crate) fn read(
    manifest: &str,
    files: &Files,
    given: &Given,
    repository: &mut Repository,
) -> Result<(), RepositoryError> {
    let text = files.0.get(manifest).map_or("", String::as_str);
    let config = Node::parse(manifest, text)?;
    if config.get("enable").is_some_and(|enable| enable.text() == Some("false")) {
        let note =
            format!("`{manifest}` turns its organization off (`enable: false`): nothing of it is read");
        repository.notes.push(note);
        return Ok(());
    }
    let mut given = given.clone();
    let neighbor = |name: &str| -> Result<Option<(String, Node)>, RepositoryError> {
        for ending in ["yaml", "yml"] {
            let Some(path) = beside(manifest, &format!("{name}.{ending}")) else { continue };
            if let Some(text) = files.0.get(&path) {
                return Ok(Some((path.clone(), Node::parse(&path, text)?)));
            }
        }
        Ok(None)
    };
    for node in config.get("organizationalUnitIds").map(Node::items).unwrap_or_default() {
        let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        let (Some(name), Some(id)) = (text("name"), text("id")) else { continue };
        match name.as_str() {
            "Root" => given.ids.root.get_or_insert(id),
            _ => given.ids.units.entry(name).or_insert(id),
        };
    }
    let accounts = neighbor("accounts-config")?;
    for unit_node in config.get("organizationalUnits").map(Node::items).unwrap_or_default() {
        let name = required(manifest, unit_node, "name")?;
        if name != "Root" {
            unit(manifest, name, unit_node.line, &given, repository)?;
        }
    }
    let mut ids = BTreeMap::new();
    if let Some((path, accounts)) = &accounts {
        self::accounts(path, accounts, manifest, &given, &mut ids, repository)?;
    }
    let global = neighbor("global-config")?;
    let replacements = neighbor("replacements-config")?;
    values(global.as_ref().map(|(_, it)| it), replacements.as_ref().map(|(_, it)| it), &ids, &mut given);
    repository.add(organization(manifest, accounts.is_some(), &given));
    for (list, api) in LISTS {
        for entry in config.get(list).map(Node::items).unwrap_or_default() {
            let name = required(manifest, entry, "name")?;
            let listed = Listed { manifest, line: entry.line, name, api };
            if entry.get("type").and_then(Node::text) == Some("awsManaged") {
                continue;
            }
            let item = listed.of_file(required(manifest, entry, "policy")?, files, &given, repository)?;
            repository.add(item);
            let allows = entry.get("strategy").and_then(Node::text) == Some("allow-list");
            for (target, what, line) in targets(manifest, entry, &ids, &given, repository)? {
                let mut attachment = listed.attached(&target, &what, line, &given);
                if allows {
                    attachment.values.insert("replaces_full_access".to_owned(), true.into());
                }
                repository.add(attachment);
            }
        }
    }
    Ok(())
}

fn required<'n>(manifest: &str, node: &'n Node, key: &str) -> Result<&'n str, RepositoryError> {
    node.get(key).and_then(Node::text).ok_or_else(|| RepositoryError::Shape {
        file: manifest.to_owned(),
        line: node.line,
        key: key.to_owned(),
        expected: "a text",
    })
}

/// The accounts, and what stands for their ids by name.
fn accounts(
    path: &str,
    config: &Node,
    manifest: &str,
    given: &Given,
    ids: &mut BTreeMap<String, String>,
    repository: &mut Repository,
) -> Result<(), RepositoryError> {
    let email = |node: &Node| node.get("email").and_then(Node::text).map(str::to_ascii_lowercase);
    let known: BTreeMap<String, &str> = config
        .get("accountIds")
        .map(Node::items)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|node| Some((email(node)?, node.get("accountId")?.text()?)))
        .filter(|(_, id)| orgward_iam::is_account_id(id))
        .collect();
    for list in ["mandatoryAccounts", "workloadAccounts"] {
        for node in config.get(list).map(Node::items).unwrap_or_default() {
            let name = required(path, node, "name")?;
            let address = format!("{path}#account/{name}");
            let place = node.get("organizationalUnit").and_then(Node::text).unwrap_or("Root");
            let parent = match place {
                "Root" => root(manifest, given),
                place => unit(manifest, place, node.line, given, repository)?,
            };
            let id = email(node).and_then(|email| known.get(&email).map(|id| (*id).to_owned()));
            let id = id.or_else(|| given.ids.accounts.get(name).cloned());
            let mut values = json!({ "name": name, "parent_id": parent });
            if let Some(values) = values.as_object_mut() {
                if list == "mandatoryAccounts" && name == "Management" {
                    values.insert("management".to_owned(), true.into());
                }
                if let Some(id) = &id {
                    values.insert("id".to_owned(), id.as_str().into());
                }
            }
            ids.insert(name.to_owned(), id.unwrap_or_else(|| address.clone()));
            repository.add(Item::new(address, "aws_organizations_account", (path, node.line), values));
        }
    }
    Ok(())
}

/// What the accelerator fills into policies. What people pass comes first.
fn values(
    global: Option<&Node>,
    replacements: Option<&Node>,
    ids: &BTreeMap<String, String>,
    given: &mut Given,
) {
    let mut values = Vec::new();
    for node in replacements.and_then(|it| it.get("globalReplacements")).map(Node::items).unwrap_or_default()
    {
        let (Some(key), Some(value)) = (node.get("key").and_then(Node::text), node.get("value")) else {
            continue;
        };
        if let Some(text) = value.text() {
            values.push((key.to_owned(), text.to_owned()));
        }
    }
    let role = global.and_then(|global| global.get("managementAccountAccessRole")).and_then(Node::text);
    values.extend(role.map(|role| ("MANAGEMENT_ACCOUNT_ACCESS_ROLE".to_owned(), role.to_owned())));
    for (name, value) in [("PARTITION", "aws"), ("ACCELERATOR_PREFIX", "AWSAccelerator")] {
        values.push((name.to_owned(), value.to_owned()));
    }
    for (name, id) in ids.iter().filter(|(_, id)| orgward_iam::is_account_id(id)) {
        values.push((format!("ACCEL_LOOKUP::ACCOUNT_ID:ACCOUNT:{name}"), id.clone()));
    }
    for (name, value) in values {
        if !given.values.iter().any(|(other, _)| *other == name) {
            given.values.push((name, value));
        }
    }
}

/// What a policy is attached to: ids or what stands for them, names, and lines.
fn targets(
    manifest: &str,
    entry: &Node,
    ids: &BTreeMap<String, String>,
    given: &Given,
    repository: &mut Repository,
) -> Result<Vec<(String, String, usize)>, RepositoryError> {
    let Some(targets) = entry.get("deploymentTargets") else { return Ok(Vec::new()) };
    let unknown = |node: &Node, name: &str| RepositoryError::Unknown {
        file: manifest.to_owned(),
        line: node.line,
        name: name.to_owned(),
    };
    let mut found = Vec::new();
    for node in targets.get("organizationalUnits").map(Node::items).unwrap_or_default() {
        let Some(name) = node.text() else { continue };
        let id = if name == "Root" {
            root(manifest, given)
        } else {
            if !repository.items.contains_key(&format!("{manifest}#unit/{name}")) {
                return Err(unknown(node, name));
            }
            unit(manifest, name, node.line, given, repository)?
        };
        found.push((id, name.to_owned(), node.line));
    }
    for node in targets.get("accounts").map(Node::items).unwrap_or_default() {
        let Some(name) = node.text() else { continue };
        let id = ids.get(name).or_else(|| given.ids.accounts.get(name)).ok_or_else(|| unknown(node, name))?;
        found.push((id.clone(), format!("account:{name}"), node.line));
    }
    Ok(found)
}
