//! YAML with lines and tags: what manifests are written in. Limits of depth and size, anchors followed, and no opinion on
//! what a scalar means.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::RepositoryError;

/// Deeper than any manifest.
const DEPTH: usize = 64;
/// Values of one file, those that anchors repeat included.
const LARGEST: usize = 200_000;

/// A value and where it is written.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Node {
    pub(crate) line: usize,
    /// The tag without its sign: `Ref`, `Include`.
    pub(crate) tag: Option<String>,
    pub(crate) value: Value,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Value {
    /// A text, and whether it is written without quotes.
    Scalar(String, bool),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Reads the first document of a text.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, RepositoryError> {
        let mut events = Vec::new();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| RepositoryError::Yaml {
                file: file.to_owned(),
                line: error.marker().line().max(1),
                why: error.info().to_owned(),
            })?;
            match event {
                Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::Nothing => {}
                Event::DocumentEnd => break,
                event => events.push((event, span)),
            }
            if events.len() > LARGEST {
                return Err(long(file, span));
            }
        }
        let mut reader = Reader { file, events, at: 0, anchors: BTreeMap::new(), left: LARGEST };
        reader.node(0)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().rev().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The entries of a mapping; none of anything else.
    pub(crate) fn entries(&self) -> &[(String, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// A scalar that says something.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, plain) if !(*plain && is_null(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(text, true) if is_null(text))
    }

    /// The elements of a list; a single value is a list of one, and nothing is an empty list.
    pub(crate) fn items(&self) -> Vec<&Self> {
        match &self.value {
            Value::List(items) => items.iter().collect(),
            _ if self.is_null() => Vec::new(),
            _ => vec![self],
        }
    }

    /// The value as JSON, as policies are sent: texts, booleans and numbers.
    pub(crate) fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Scalar(text, true) => match text.as_str() {
                text if is_null(text) => serde_json::Value::Null,
                "true" | "True" => true.into(),
                "false" | "False" => false.into(),
                text => text.parse::<i64>().map_or_else(|_| text.into(), Into::into),
            },
            Value::Scalar(text, false) => text.as_str().into(),
            Value::List(items) => items.iter().map(Self::json).collect(),
            Value::Map(entries) => serde_json::Value::Object(
                entries.iter().map(|(key, node)| (key.clone(), node.json())).collect(),
            ),
        }
    }

    fn size(&self) -> usize {
        match &self.value {
            Value::Scalar(..) => 1,
            Value::List(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Value::Map(entries) => 1 + entries.iter().map(|(_, node)| 1 + node.size()).sum::<usize>(),
        }
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn long(file: &str, span: Span) -> RepositoryError {
    RepositoryError::Yaml {
        file: file.to_owned(),
        line: span.start.line().max(1),
        why: "it is longer or deeper than any manifest".to_owned(),
    }
}

struct Reader<'e> {
    file: &'e str,
    events: Vec<(Event<'e>, Span)>,
    at: usize,
    anchors: BTreeMap<usize, Node>,
    /// Values that may still be made: what anchors repeat multiplies.
    left: usize,
}

impl<'e> Reader<'e> {
    fn next(&mut self) -> Result<(Event<'e>, Span), RepositoryError> {
        let event = self.events.get(self.at).cloned().ok_or_else(|| RepositoryError::Yaml {
            file: self.file.to_owned(),
            line: 1,
            why: "it is empty, or ends too early".to_owned(),
        })?;
        self.at += 1;
        Ok(event)
    }

    fn spend(&mut self, size: usize, span: Span) -> Result<(), RepositoryError> {
        self.left = self.left.checked_sub(size).ok_or_else(|| long(self.file, span))?;
        Ok(())
    }

    fn node(&mut self, depth: usize) -> Result<Node, RepositoryError> {
        let (event, span) = self.next()?;
        self.value(event, span, depth)
    }

    fn value(&mut self, event: Event<'e>, span: Span, depth: usize) -> Result<Node, RepositoryError> {
        if depth > DEPTH {
            return Err(long(self.file, span));
        }
        self.spend(1, span)?;
        let name = |tag: Option<&saphyr_parser::Tag>| {
            tag.filter(|tag| tag.handle == "!").map(|tag| tag.suffix.clone())
        };
        let (value, tag, anchor) = match event {
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned().ok_or_else(|| RepositoryError::Yaml {
                    file: self.file.to_owned(),
                    line: span.start.line().max(1),
                    why: "an alias stands before its anchor".to_owned(),
                })?;
                self.spend(node.size(), span)?;
                return Ok(node);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = matches!(style, ScalarStyle::Plain);
                (Value::Scalar(text.into_owned(), is_plain), name(tag.as_deref()), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                let mut items = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if matches!(event, Event::SequenceEnd) {
                        break;
                    }
                    items.push(self.value(event, span, depth + 1)?);
                }
                (Value::List(items), name(tag.as_deref()), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                let mut entries = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if matches!(event, Event::MappingEnd) {
                        break;
                    }
                    let key = self.value(event, span, depth + 1)?;
                    let value = self.node(depth + 1)?;
                    let key = key.text().map(str::to_owned).ok_or_else(|| RepositoryError::Yaml {
                        file: self.file.to_owned(),
                        line: key.line,
                        why: "a key is no text".to_owned(),
                    })?;
                    // What a merge brings is weaker than what is written.
                    if key == "<<" {
                        entries.splice(0..0, value.entries().iter().cloned());
                    } else {
                        entries.push((key, value));
                    }
                }
                (Value::Map(entries), name(tag.as_deref()), anchor)
            }
            _ => {
                return Err(RepositoryError::Yaml {
                    file: self.file.to_owned(),
                    line: span.start.line().max(1),
                    why: "a value is missing".to_owned(),
                });
            }
        };
        let node = Node { line: span.start.line().max(1), tag, value };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_lines_anchors_and_merges_are_kept() {
        let node = Node::parse(
            "m.yaml",
            "base: &base { a: 1, b: two }\nmore:\n  <<: *base\n  a: 3\nref: !Ref Unit\nlist: [!Ref A, ~]\n",
        )
        .unwrap();
        assert_eq!(node.get("more").unwrap().get("a").unwrap().text(), Some("3"));
        assert_eq!(node.get("more").unwrap().get("b").unwrap().text(), Some("two"));
        let reference = node.get("ref").unwrap();
        assert_eq!(
            (reference.tag.as_deref(), reference.text(), reference.line),
            (Some("Ref"), Some("Unit"), 5)
        );
        assert_eq!(node.get("list").unwrap().items().len(), 2);
    }

    #[test]
    fn bombs_and_nonsense_are_refused() {
        let bomb = (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
            format!("{text}a{n}: &a{n} [*a{}, *a{}]\n", n - 1, n - 1)
        });
        for text in [bomb.as_str(), "a: [", "", &"[".repeat(100_000), "a: *nothing", "? [a]\n: b"] {
            assert!(Node::parse("m.yaml", text).is_err(), "{text:.20}");
        }
    }
}
