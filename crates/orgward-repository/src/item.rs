//! Resources as files describe them.

use orgward_iam::{Kind, Policy, PolicyError};
use serde_json::{Map, Value, json};

use crate::{Files, Given, Repository, RepositoryError, beside};

/// A resource that a file or a manifest describes.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// What it is called: `organization-config.yaml#unit/Security`, or the path of a file.
    pub address: String,
    /// The type of the resource of Terraform that is the same thing.
    pub(crate) kind: &'static str,
    /// Its attributes.
    pub(crate) values: Map<String, Value>,
    /// The attribute whose value is not known.
    pub(crate) unknown: Option<&'static str>,
    /// The file that it is written in.
    pub file: String,
    /// The line on which it begins, from 1.
    pub line: usize,
    /// The lines of the statements of its policy.
    pub statements: Vec<usize>,
    /// Whether it is a file of which nothing says what it is attached to.
    pub is_plain: bool,
}

impl Item {
    pub(crate) fn new(
        address: String,
        kind: &'static str,
        (file, line): (&str, usize),
        values: Value,
    ) -> Self {
        let Value::Object(values) = values else { return Self::new(address, kind, (file, line), json!({})) };
        Self {
            address,
            kind,
            values,
            unknown: None,
            file: file.to_owned(),
            line,
            statements: Vec::new(),
            is_plain: false,
        }
    }

    /// The line of a statement of its policy, or of the whole.
    pub fn line_of(&self, statement: Option<usize>) -> usize {
        statement.and_then(|at| self.statements.get(at)).copied().unwrap_or(self.line)
    }

    /// Says that an attribute is not known, and why.
    fn is_unknown(&mut self, attribute: &'static str, why: String) {
        self.values.insert("unknown_because".to_owned(), why.into());
        self.unknown = Some(attribute);
    }

    /// Gives it the text of its policy, with values in the place of placeholders. A text that is left with placeholders
    /// is a template and no policy: what it says is unknown.
    pub(crate) fn with_document(
        mut self,
        attribute: &'static str,
        text: &str,
        kind: Kind,
        given: &Given,
    ) -> Self {
        let text = fill(text.trim_start_matches('\u{feff}'), &given.values);
        match Policy::parse(text.as_str(), kind) {
            Ok(policy) => {
                self.statements = lines(&text, &policy);
                if let Some(first) = policy.placeholders().first() {
                    let name = first.trim_matches(|it: char| "${}<>[]%".contains(it)).trim();
                    self.is_unknown(
                        attribute,
                        format!("nothing fills in `{first}`: pass `--set {name}=VALUE`"),
                    );
                    // Templates are compared as texts.
                    self.values.insert("template".to_owned(), text.into());
                    return self;
                }
            }
            Err(PolicyError { span, .. }) => self.line = line_at(&text, span.start),
        }
        self.values.insert(attribute.to_owned(), text.into());
        self
    }
}

/// The line of each statement.
fn lines(text: &str, policy: &Policy) -> Vec<usize> {
    policy.statements.iter().map(|statement| line_at(text, statement.span.start)).collect()
}

fn line_at(text: &str, at: usize) -> usize {
    text.get(..at).map_or(1, |before| before.matches('\n').count() + 1)
}

/// A text with values in the place of placeholders: of each form in which templates write one. A value stands within a
/// string of JSON.
pub fn fill(text: &str, values: &[(String, String)]) -> String {
    const MARKS: [(&str, &str); 10] = [
        ("${", "}"),
        ("$(", ")"),
        ("<", ">"),
        ("{{", "}}"),
        ("{{ ", " }}"),
        ("#{", "}"),
        ("[", "]"),
        ("%", "%"),
        ("__", "__"),
        ("@@", "@@"),
    ];
    let mut text = text.to_owned();
    for (name, value) in values {
        let value = serde_json::to_string(value).unwrap_or_default();
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or_default();
        for (open, close) in MARKS {
            text = text.replace(&format!("{open}{name}{close}"), value);
        }
    }
    text
}

/// A policy of the organization as a manifest lists it.
pub(crate) struct Listed<'m> {
    pub(crate) manifest: &'m str,
    pub(crate) line: usize,
    pub(crate) name: &'m str,
    /// The type in the API.
    pub(crate) api: &'static str,
}

impl Listed<'_> {
    pub(crate) fn address(&self) -> String {
        format!("{}#policy/{}", self.manifest, self.name)
    }

    /// The id of a policy that other inputs show, else its address, which stands for it.
    pub(crate) fn id(&self, given: &Given) -> String {
        self.known_id(given).unwrap_or_else(|| self.address())
    }

    fn known_id(&self, given: &Given) -> Option<String> {
        given.ids.policies.get(&(self.api.to_owned(), self.name.to_owned())).cloned()
    }

    /// The policy without its text.
    fn item(&self, given: &Given, file: &str, line: usize) -> Item {
        let mut values = json!({ "name": self.name, "type": self.api });
        if let (Some(id), Some(values)) = (self.known_id(given), values.as_object_mut()) {
            values.insert("id".to_owned(), id.into());
        }
        Item::new(self.address(), "aws_organizations_policy", (file, line), values)
    }

    fn kind(&self) -> Kind {
        if self.api == "RESOURCE_CONTROL_POLICY" { Kind::ResourceControl } else { Kind::ServiceControl }
    }

    /// The policy with the text of a file that the manifest names.
    pub(crate) fn of_file(
        &self,
        path: &str,
        files: &Files,
        given: &Given,
        repository: &mut Repository,
    ) -> Result<Item, RepositoryError> {
        if path.contains("://") {
            let mut item = self.item(given, self.manifest, self.line);
            item.is_unknown("content", format!("its text is at `{path}`, which is not read"));
            return Ok(item);
        }
        let found = beside(self.manifest, path).and_then(|path| files.0.get_key_value(&path));
        let Some((path, text)) = found else {
            return Err(RepositoryError::Missing {
                file: self.manifest.to_owned(),
                line: self.line,
                path: path.to_owned(),
            });
        };
        repository.named.insert(path.clone());
        Ok(self.item(given, path, 1).with_document("content", text, self.kind(), given))
    }

    /// The policy with a text that the manifest itself holds.
    pub(crate) fn of_text(&self, text: &str, statements: Vec<usize>, given: &Given) -> Item {
        let mut item =
            self.item(given, self.manifest, self.line).with_document("content", text, self.kind(), given);
        item.line = self.line;
        item.statements = statements;
        item
    }

    /// Its attachment to something with an id, or with an address that stands for it.
    pub(crate) fn attached(&self, target: &str, what: &str, line: usize, given: &Given) -> Item {
        let address = format!("{}#attachment/{}/{what}", self.manifest, self.name);
        let policy = self.id(given);
        let mut values = json!({ "policy_id": policy, "target_id": target });
        if let Some(values) =
            values.as_object_mut().filter(|_| !policy.contains('#') && !target.contains('#'))
        {
            values.insert("id".to_owned(), format!("{target}:{policy}").into());
        }
        Item::new(address, "aws_organizations_policy_attachment", (self.manifest, line), values)
    }
}

/// The organization of a manifest: all types of policies act.
pub(crate) fn organization(manifest: &str, accounts_complete: bool, given: &Given) -> Item {
    let types = [
        "AISERVICES_OPT_OUT_POLICY",
        "BACKUP_POLICY",
        "CHATBOT_POLICY",
        "DECLARATIVE_POLICY_EC2",
        "RESOURCE_CONTROL_POLICY",
        "SERVICE_CONTROL_POLICY",
        "TAG_POLICY",
    ];
    let mut values = json!({ "enabled_policy_types": types });
    if let Some(values) = values.as_object_mut() {
        if accounts_complete {
            values.insert("accounts".to_owned(), json!([]));
        }
        if let Some(root) = &given.ids.root {
            values.insert("roots".to_owned(), json!([{ "id": root, "name": "Root" }]));
        }
    }
    Item::new(manifest.to_owned(), "aws_organizations_organization", (manifest, 1), values)
}

/// The root of a manifest's organization: its id, or the address that stands for it.
pub(crate) fn root(manifest: &str, given: &Given) -> String {
    given.ids.root.clone().unwrap_or_else(|| manifest.to_owned())
}

/// Deeper than any tree: AWS has five levels.
const DEPTH: usize = 16;

/// A unit by its path below the root, `Workloads/Prod`, and the units above it: their id, or the address that stands for
/// it.
pub(crate) fn unit(
    manifest: &str,
    path: &str,
    line: usize,
    given: &Given,
    repository: &mut Repository,
) -> Result<String, RepositoryError> {
    if path.split('/').count() > DEPTH {
        return Err(RepositoryError::Shape {
            file: manifest.to_owned(),
            line,
            key: path.chars().take(80).collect(),
            expected: "a path of at most five units",
        });
    }
    let mut parent = root(manifest, given);
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    for path in ends.filter_map(|end| path.get(..end)) {
        let address = format!("{manifest}#unit/{path}");
        let known = given.ids.units.get(path);
        if !repository.items.contains_key(&address) {
            let name = path.rsplit('/').next().unwrap_or(path);
            let mut values = json!({ "name": name, "parent_id": parent });
            if let (Some(id), Some(values)) = (known, values.as_object_mut()) {
                values.insert("id".to_owned(), id.as_str().into());
            }
            let kind = "aws_organizations_organizational_unit";
            repository.add(Item::new(address.clone(), kind, (manifest, line), values));
        }
        parent = known.cloned().unwrap_or(address);
    }
    Ok(parent)
}
