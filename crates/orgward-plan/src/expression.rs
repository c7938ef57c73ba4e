//! Expressions as the plan shows them: a constant, or the references in it, their structure lost.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::traversal::{self, Segment};
use crate::{Key, Mode};

/// An expression.
pub(crate) enum Expression {
    /// A literal.
    Constant(Value),
    /// Whatever it is made of, these are the references in it.
    References(Vec<Reference>),
    /// `{}`: made of nothing but constants and functions.
    Opaque,
}

/// A maximal chain such as `module.ou["prod"].id`.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    /// As Terraform prints it.
    pub(crate) text: String,
    pub(crate) head: Head,
    /// What follows the head.
    pub(crate) rest: Vec<Segment>,
}

/// What a chain starts with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Head {
    /// A resource or data source; the key, if literal.
    Resource { mode: Mode, kind: String, name: String, key: Option<Key> },
    /// A module call; the key, if literal.
    Module { name: String, key: Option<Key> },
    /// `var.x`.
    Variable(String),
    /// `local.x`, of which the plan does not show the definition.
    Local,
    /// `each.key`.
    EachKey,
    /// `each.value`.
    EachValue,
    /// `count.index`.
    CountIndex,
    /// `path.module`, `terraform.workspace`: known while planning.
    Setting,
    /// Something that cannot be followed.
    Other,
}

impl Expression {
    /// Reads an expression; `None` for what is none: a nested block.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        let entries = value.as_object()?;
        // Of JSON, Terraform shows the template as a constant beside its references.
        let refers = entries.get("references").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        if let Some(constant) = entries.get("constant_value").filter(|_| !refers) {
            return Some(Self::Constant(constant.clone()));
        }
        match entries.get("references") {
            Some(Value::Array(list)) => {
                let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
                Some(Self::References(maximal(&texts?).into_iter().map(Reference::of).collect()))
            }
            Some(_) => None,
            None => entries.is_empty().then_some(Self::Opaque),
        }
    }

    pub(crate) fn parse(raw: Option<&RawValue>) -> Option<Self> {
        Self::of(&serde_json::from_str(raw?.get()).ok()?)
    }
}

/// Terraform lists each chain before its prefixes: a new chain starts where the list does not go on with the
/// chain so far less its last part.
fn maximal<'t>(texts: &[&'t str]) -> Vec<&'t str> {
    let mut chains = Vec::new();
    let mut longer: Option<Vec<Segment>> = None;
    for text in texts {
        let segments = traversal::parse(text);
        let goes_on = match (&longer, &segments) {
            (Some(longer), Some(segments)) => {
                longer.split_last().is_some_and(|(_, init)| init == segments.as_slice())
            }
            _ => false,
        };
        if !goes_on {
            chains.push(*text);
        }
        longer = segments;
    }
    chains
}

impl Reference {
    pub(crate) fn of(text: &str) -> Self {
        let segments = traversal::parse(text).unwrap_or_default();
        let names: Vec<&str> = segments
            .iter()
            .map_while(|segment| match segment {
                Segment::Name(name) => Some(name.as_str()),
                Segment::Key(_) => None,
            })
            .collect();
        let (head, taken) = match *names.as_slice() {
            ["module", name, ..] => (Head::Module { name: name.to_owned(), key: None }, 2),
            ["data", kind, name, ..] => (
                Head::Resource { mode: Mode::Data, kind: kind.to_owned(), name: name.to_owned(), key: None },
                3,
            ),
            ["var", name, ..] => (Head::Variable(name.to_owned()), 2),
            ["local", ..] => (Head::Local, 2),
            ["each", "key", ..] => (Head::EachKey, 2),
            ["each", "value", ..] => (Head::EachValue, 2),
            ["count", "index", ..] => (Head::CountIndex, 2),
            ["path" | "terraform" | "tofu", ..] => (Head::Setting, 2),
            ["self" | "ephemeral" | "action" | "data" | "module" | "var" | "each" | "count", ..]
            | []
            | [_] => (Head::Other, 0),
            [kind, name, ..] => (
                Head::Resource {
                    mode: Mode::Managed,
                    kind: kind.to_owned(),
                    name: name.to_owned(),
                    key: None,
                },
                2,
            ),
        };
        let mut rest = segments.into_iter().skip(taken).collect::<Vec<_>>();
        let mut head = head;
        if let Head::Resource { key, .. } | Head::Module { key, .. } = &mut head
            && let Some(Segment::Key(literal)) = rest.first()
        {
            *key = Some(literal.clone());
            rest.remove(0);
        }
        Self { text: text.to_owned(), head, rest }
    }

    /// Whether it is not what the expression yields, but only what it chooses by.
    pub(crate) fn is_selector(&self) -> bool {
        matches!(self.head, Head::EachKey | Head::CountIndex | Head::Setting)
    }

    /// Whether it names a resource or module as a whole: what follows in brackets is lost then.
    pub(crate) fn is_bare(&self) -> bool {
        matches!(self.head, Head::Resource { key: None, .. } | Head::Module { key: None, .. })
            && self.rest.is_empty()
    }
}

/// Looks up a place inside a constant.
pub(crate) fn lookup<'v>(value: &'v Value, rest: &[Segment]) -> Option<&'v Value> {
    rest.iter().try_fold(value, |value, segment| match segment {
        Segment::Name(name) | Segment::Key(Key::Name(name)) => value.get(name),
        Segment::Key(Key::Index(index)) => value.get(usize::try_from(*index).ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_of_a_conditional() {
        let list = [
            "var.region",
            "aws_ou.x.roots[0].id",
            "aws_ou.x.roots[0]",
            "aws_ou.x.roots",
            "aws_ou.x",
            "aws_ou.x",
            "module.ou[\"dev.eu\"].id",
            "module.ou[\"dev.eu\"]",
        ];
        let expected = ["var.region", "aws_ou.x.roots[0].id", "aws_ou.x", "module.ou[\"dev.eu\"].id"];
        assert_eq!(maximal(&list), expected);
    }

    #[test]
    fn literal_key_of_a_data_source() {
        let reference = Reference::of("data.aws_x.y[\"k\"].json");
        let Head::Resource { mode: Mode::Data, key: Some(Key::Name(key)), .. } = reference.head else {
            panic!()
        };
        assert_eq!((key.as_str(), reference.rest), ("k", vec![Segment::Name("json".to_owned())]));
    }
}
