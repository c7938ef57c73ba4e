//! Reading a document that is merged into another, or that the configuration spells out.

use serde_json::{Map, Value};

use super::{Draft, Group, Item, Line, List, MARK, Statement};
use crate::Hole;

impl Draft {
    /// Reads a known document; `None` when it is no policy. The order of its statements is kept.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.contains(MARK) {
            return None;
        }
        Self::of(&serde_json::from_str(text).ok()?, Vec::new())
    }

    /// A document whose strings may be holes, as [`Draft::mark`] writes them.
    pub(crate) fn of(value: &Value, holes: Vec<Hole>) -> Option<Self> {
        let root = value.as_object()?;
        let only = |allowed: &[&str], map: &Map<String, Value>| {
            map.keys().all(|key| allowed.contains(&key.as_str()))
        };
        if !only(&["Version", "Id", "Statement"], root) {
            return None;
        }
        let mut draft = Self { holes, ..Self::default() };
        draft.version = match root.get("Version") {
            Some(version) => plain(version)?,
            None => "2008-10-17".to_owned(),
        };
        draft.id = match root.get("Id") {
            Some(id) => Some(plain(id)?),
            None => None,
        };
        let statements = match root.get("Statement")? {
            Value::Array(statements) => statements.iter().collect(),
            one => vec![one],
        };
        for statement in statements {
            let map = statement.as_object()?;
            let names = [
                "Sid",
                "Effect",
                "Action",
                "NotAction",
                "Resource",
                "NotResource",
                "Principal",
                "NotPrincipal",
                "Condition",
            ];
            if !only(&names, map) {
                return None;
            }
            draft.statements.push(read(map)?);
        }
        Some(draft)
    }

    /// How a hole is written into a value for [`Draft::of`].
    pub(crate) fn mark(hole: usize) -> String {
        format!("{MARK}{hole}{MARK}")
    }
}

fn read(map: &Map<String, Value>) -> Option<Statement> {
    let mut statement = Statement::default();
    if let Some(sid) = map.get("Sid") {
        statement.sid = Some(plain(sid)?);
    }
    statement.allows = match item(map.get("Effect")?)? {
        Item::Text(effect) if effect == "Allow" => Some(true),
        Item::Text(effect) if effect == "Deny" => Some(false),
        Item::Text(_) => return None,
        Item::Hole(_) => None,
    };
    for (name, not) in [("Action", false), ("Action", true), ("Resource", false), ("Resource", true)] {
        if let Some(value) = map.get(&super::not_name(name, not)) {
            statement.lists.push(List { name, not, items: items(value)? });
        }
    }
    for not in [false, true] {
        match map.get(&super::not_name("Principal", not)) {
            Some(Value::Object(kinds)) => {
                for (kind, value) in kinds {
                    if kind.contains(MARK) {
                        return None;
                    }
                    statement.principals.push(Group { not, kind: kind.clone(), items: items(value)? });
                }
            }
            Some(value) => {
                let everyone = plain(value).filter(|text| text == "*")?;
                let items = vec![Item::Text(everyone)];
                statement.principals.push(Group { not, kind: "*".to_owned(), items });
            }
            None => {}
        }
    }
    for (test, keys) in map.get("Condition").map_or(Some(&Map::new()), Value::as_object)? {
        for (key, value) in keys.as_object()? {
            if test.contains(MARK) || key.contains(MARK) {
                return None;
            }
            let line = Line { test: Some(test.clone()), key: Some(key.clone()), items: items(value)? };
            statement.conditions.push(line);
        }
    }
    Some(statement)
}

fn items(value: &Value) -> Option<Vec<Item>> {
    match value {
        Value::Array(items) => items.iter().map(item).collect(),
        one => Some(vec![item(one)?]),
    }
}

fn item(value: &Value) -> Option<Item> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    match text.strip_prefix(MARK).and_then(|text| text.strip_suffix(MARK)) {
        Some(index) => Some(Item::Hole(index.parse().ok()?)),
        None if text.contains(MARK) => None,
        None => Some(Item::Text(text)),
    }
}

fn plain(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.contains(MARK)).map(str::to_owned)
}
