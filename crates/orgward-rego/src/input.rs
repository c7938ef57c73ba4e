use regorus::Value;
use serde_json::json;

use crate::RegoError;

/// What rules are given: the plans as they are, and the organization before and after them.
#[derive(Clone, Debug)]
pub struct Inputs {
    pub(crate) plans: Vec<(String, Value)>,
    pub(crate) organization: Value,
}

impl Inputs {
    /// `organization` is an object of JSON with `before`, `after`, `findings` and `access`; `plans` have a name and their
    /// text.
    pub fn new(organization: &str, plans: &[(&str, &str)]) -> Result<Self, RegoError> {
        let parse = |name: &str, text: &str| {
            Value::from_json_str(text)
                .map_err(|error| RegoError::Input { name: name.to_owned(), why: error.to_string() })
        };
        let plans = plans
            .iter()
            .map(|(name, text)| Ok(((*name).to_owned(), parse(name, text)?)))
            .collect::<Result<Vec<_>, RegoError>>()?;
        let mut organization = parse("the organization", organization)?;
        let listed = plans.iter().map(|(name, plan)| {
            let mut entry = Value::new_object();
            if let Ok(entry) = entry.as_object_mut() {
                entry.insert("name".into(), name.as_str().into());
                entry.insert("plan".into(), plan.clone());
            }
            entry
        });
        let listed: Vec<Value> = listed.collect();
        if let Ok(object) = organization.as_object_mut() {
            object.insert("plans".into(), listed.into());
        }
        Ok(Self { plans, organization })
    }

    /// The organization as rules see it, as JSON.
    pub fn json(&self) -> String {
        self.organization.to_json_str().unwrap_or_default() + "\n"
    }
}

/// The JSON schema of what rules of packages `orgward` are given.
pub fn schema() -> String {
    let text = json!({"type": "string"});
    let texts = json!({"type": "array", "items": {"type": "string"}});
    let node = json!({
        "type": "object",
        "required": ["key", "kind", "name"],
        "properties": {
            "key": text, "kind": text, "name": text, "id": text, "arn": text, "address": text, "parent": text,
            "candidates": texts, "account": text, "management": {"type": "boolean"}
        }
    });
    let attachment = json!({
        "type": "object",
        "required": ["policy", "resolution"],
        "properties": {
            "policy": text, "target": text, "address": text,
            "resolution": {"enum": ["known", "exact", "typed", "candidates", "unknown"]},
            "candidates": texts, "trail": texts
        }
    });
    let document = json!({
        "type": "object",
        "required": ["name", "kind"],
        "properties": {
            "name": text, "address": text, "kind": {"enum": ["identity", "trust", "resource", "scp", "rcp"]},
            "policy": {"type": "object", "description": "Absent where it is unknown, sensitive or no policy."}
        }
    });
    let side = json!({
        "type": "object",
        "required": ["nodes", "attachments", "documents"],
        "properties": {
            "documents": {"type": "array", "description": "All policy documents.", "items": document},
            "nodes": {"type": "array", "items": node},
            "attachments": {"type": "array", "items": attachment}
        }
    });
    let entries = json!({"type": "array", "items": {"type": "object", "description": "As `orgward access diff --format json`."}});
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Input of rules in packages `orgward` and below",
        "type": "object",
        "required": ["schema", "before", "after", "findings", "access", "plans"],
        "properties": {
            "schema": {"const": 1},
            "before": side,
            "after": side,
            "findings": {
                "type": "array",
                "description": "What the rules of the catalogue found, as in the JSON of a review.",
                "items": {
                    "type": "object",
                    "required": ["rule", "severity", "status", "verdict", "message"],
                    "properties": {
                        "rule": text, "severity": text, "status": text, "verdict": text, "address": text,
                        "target": text, "accounts": texts, "message": text
                    }
                }
            },
            "access": {"type": "object", "properties": {"gained": entries, "lost": entries}},
            "plans": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name", "plan"],
                    "properties": {"name": text, "plan": {"type": "object", "description": "As `terraform show -json` prints it."}}
                }
            }
        }
    });
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}
