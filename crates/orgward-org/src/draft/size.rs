//! How long a document will be whose holes are not filled.

use serde_json::{Map, Value};

use super::{Draft, Item, Statement, not_name, pretty, values};
use crate::Filling;

/// More than ids and ARNs usually have.
const USUAL: usize = 128;

impl Draft {
    /// Between how many characters the document has: without white space and with nothing in the holes, and laid out
    /// as the provider does with as much in each hole as is usual.
    pub(super) fn size(&self) -> (usize, usize) {
        let document = |hole: &dyn Fn(usize) -> String| {
            let statements = self.statements.iter().map(|statement| statement.written(hole)).collect();
            let mut root = Map::new();
            root.insert("Version".to_owned(), Value::String(self.version.clone()));
            root.insert("Statement".to_owned(), Value::Array(statements));
            root.extend(self.id.clone().map(|id| ("Id".to_owned(), Value::String(id))));
            Value::Object(root)
        };
        let least = document(&|_| String::new()).to_string();
        let most = document(&|index| {
            let known = self.holes.get(index).and_then(|hole| match &hole.filling {
                Filling::Exactly(value) => Some(value.clone()),
                Filling::Among(_) | Filling::Anything => None,
            });
            let length = known.map_or(USUAL, |known| known.chars().count().max(USUAL));
            "x".repeat(length)
        });
        let mut laid_out = String::new();
        pretty(&mut laid_out, &most, 0);
        (least.chars().count(), laid_out.chars().count())
    }
}

impl Statement {
    /// Everything that it says; unlike a completion, nothing is left out.
    fn written(&self, hole: &dyn Fn(usize) -> String) -> Value {
        let texts = |items: &[Item]| {
            let text = |item: &Item| match item {
                Item::Text(text) => text.clone(),
                Item::Hole(index) => hole(*index),
            };
            values(items.iter().map(text).collect())
        };
        let mut out = Map::new();
        out.extend(self.sid.clone().map(|sid| ("Sid".to_owned(), Value::String(sid))));
        // An effect that is unknown is at least as long as the shorter one.
        let effect = if self.allows == Some(true) { "Allow" } else { "Deny" };
        out.insert("Effect".to_owned(), Value::String(effect.to_owned()));
        for list in &self.lists {
            out.insert(not_name(list.name, list.not), texts(&list.items));
        }
        for group in &self.principals {
            let name = not_name("Principal", group.not);
            let kinds = out.entry(name).or_insert_with(|| Value::Object(Map::new()));
            if let Some(kinds) = kinds.as_object_mut() {
                kinds.insert(group.kind.clone(), texts(&group.items));
            }
        }
        for line in &self.conditions {
            let conditions = out.entry("Condition").or_insert_with(|| Value::Object(Map::new()));
            let keys = conditions.as_object_mut().map(|conditions| {
                let test = line.test.clone().unwrap_or_default();
                conditions.entry(test).or_insert_with(|| Value::Object(Map::new()))
            });
            if let Some(keys) = keys.and_then(Value::as_object_mut) {
                keys.insert(line.key.clone().unwrap_or_default(), texts(&line.items));
            }
        }
        Value::Object(out)
    }
}
