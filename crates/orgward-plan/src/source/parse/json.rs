//! JSON with the place of every value, and the JSON form of the configuration.

use std::fmt;
use std::fmt::Write as _;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::normalize;

/// Deeper than any real document: every level is read anew.
const DEPTH: usize = 64;

/// The entries of an object in the order that they are written in, or nothing where it is none.
pub(in crate::source) fn entries(text: &str) -> Option<Vec<(String, &RawValue)>> {
    struct Entries;
    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<(String, &'de RawValue)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(entry) = map.next_entry()? {
                all.push(entry);
            }
            Ok(all)
        }
    }
    text.trim_start().starts_with('{').then(|| {
        let mut reader = serde_json::Deserializer::from_str(text);
        let found = reader.deserialize_map(Entries).ok()?;
        reader.end().ok().map(|()| found)
    })?
}

/// The elements of an array.
pub(in crate::source) fn elements(text: &str) -> Option<Vec<&RawValue>> {
    struct Elements;
    impl<'de> Visitor<'de> for Elements {
        type Value = Vec<&'de RawValue>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(element) = list.next_element()? {
                all.push(element);
            }
            Ok(all)
        }
    }
    text.trim_start().starts_with('[').then(|| {
        let mut reader = serde_json::Deserializer::from_str(text);
        let found = reader.deserialize_seq(Elements).ok()?;
        reader.end().ok().map(|()| found)
    })?
}

/// Where a part of a text begins in it.
pub(in crate::source) fn offset(whole: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize).min(whole.len())
}

/// A `.tf.json` file as HCL, and the line of the file for each line of it; `None` when it is no configuration.
pub(super) fn to_hcl(text: &str) -> Option<(String, Vec<usize>)> {
    let mut writer = Writer { whole: text, out: String::new(), lines: Vec::new() };
    for (kind, value) in entries(text)? {
        let labels = match kind.as_str() {
            "resource" | "data" => 2,
            "module" | "variable" | "output" | "provider" => 1,
            "locals" | "terraform" => 0,
            _ => continue,
        };
        writer.labeled(&kind, value.get(), labels, "")?;
    }
    Some((writer.out, writer.lines))
}

struct Writer<'t> {
    whole: &'t str,
    out: String,
    lines: Vec<usize>,
}

impl Writer<'_> {
    fn line(&mut self, at: &str, text: &str) {
        let before = self.whole.get(..offset(self.whole, at)).unwrap_or_default();
        self.lines.push(before.bytes().filter(|byte| *byte == b'\n').count() + 1);
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn labeled(&mut self, kind: &str, value: &str, labels: usize, head: &str) -> Option<()> {
        for one in several(value) {
            if labels == 0 {
                self.line(one, &format!("{kind}{head} {{"));
                self.body(kind, one)?;
                self.line(one, "}");
                continue;
            }
            for (label, inner) in entries(one)? {
                let mut head = head.to_owned();
                let _ = write!(head, " {}", quoted(&label)?);
                self.labeled(kind, inner.get(), labels - 1, &head)?;
            }
        }
        Some(())
    }

    fn body(&mut self, kind: &str, value: &str) -> Option<()> {
        for (name, value) in entries(value)? {
            match name.as_str() {
                "//" => {}
                "dynamic" => {
                    for one in several(value.get()) {
                        for (label, blocks) in entries(one)? {
                            self.dynamic(&label, blocks.get())?;
                        }
                    }
                }
                // Expressions that are written as strings.
                "type" if kind == "variable" => {
                    let text: String = serde_json::from_str(value.get()).ok()?;
                    self.line(value.get(), &format!("type = {text}"));
                }
                _ if is_identifier(&name) => {
                    let mut text = format!("{name} = ");
                    self.expression(value.get(), &mut text, 0)?;
                    self.line(value.get(), &text);
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn dynamic(&mut self, label: &str, blocks: &str) -> Option<()> {
        for block in several(blocks) {
            self.line(block, &format!("dynamic {} {{", quoted(label)?));
            for (name, value) in entries(block)? {
                match name.as_str() {
                    "content" => {
                        self.line(value.get(), "content {");
                        self.body("content", value.get())?;
                        self.line(value.get(), "}");
                    }
                    "iterator" => {
                        let text: String = serde_json::from_str(value.get()).ok()?;
                        self.line(value.get(), &format!("iterator = {text}"));
                    }
                    "for_each" => {
                        let mut text = "for_each = ".to_owned();
                        self.expression(value.get(), &mut text, 0)?;
                        self.line(value.get(), &text);
                    }
                    _ => {}
                }
            }
            self.line(block, "}");
        }
        Some(())
    }

    /// An expression. Objects and arrays have a line of their own for each element, so that their lines are known.
    fn expression(&mut self, value: &str, out: &mut String, depth: usize) -> Option<()> {
        if depth > DEPTH {
            return None;
        }
        match value.bytes().next()? {
            b'"' => out.push_str(&template(&serde_json::from_str::<String>(value).ok()?)?),
            b'{' => {
                out.push('{');
                self.flush(value, out);
                for (name, inner) in entries(value)? {
                    let _ = write!(out, "{} = ", template(&name)?);
                    self.expression(inner.get(), out, depth + 1)?;
                    self.flush(inner.get(), out);
                }
                out.push('}');
            }
            b'[' => {
                out.push('[');
                for inner in elements(value)? {
                    self.flush(inner.get(), out);
                    self.expression(inner.get(), out, depth + 1)?;
                    out.push(',');
                }
                out.push(']');
            }
            _ => out.push_str(value),
        }
        Some(())
    }

    /// Ends a line in the middle of an expression.
    fn flush(&mut self, at: &str, out: &mut String) {
        let text = std::mem::take(out);
        self.line(at, &text);
    }
}

/// An object, or each of an array of them.
fn several(value: &str) -> Vec<&str> {
    elements(value).map_or_else(|| vec![value], |all| all.into_iter().map(RawValue::get).collect())
}

fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|next| next.is_alphanumeric() || matches!(next, '_' | '-'))
}

fn quoted(label: &str) -> Option<String> {
    (!label.contains(['"', '\\', '\n', '$', '%'])).then(|| format!("\"{label}\""))
}

/// A string of JSON, which is a template, in quotes.
fn template(text: &str) -> Option<String> {
    let mut out = String::from("\"");
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let escaped = rest.starts_with("$${") || rest.starts_with("%%{");
        if !escaped && (rest.starts_with("${") || rest.starts_with("%{")) {
            let (inner, after) = rest.split_at_checked(normalize::interpolation(rest)?)?;
            out.extend(inner.chars().map(|c| if c == '\n' { ' ' } else { c }));
            rest = after;
            continue;
        }
        if escaped {
            let (marker, after) = rest.split_at_checked(3)?;
            out.push_str(marker);
            rest = after;
            continue;
        }
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
        rest = rest.get(character.len_utf8()..)?;
    }
    out.push('"');
    Some(out)
}
