//! Annotations: comments that begin with `# METADATA` and go on as YAML, right above a rule.

use std::collections::BTreeMap;

use regorus::Value;
use saphyr_parser::{Event, Parser};

use crate::scan::words;

/// Lines of one annotation.
const LINES: usize = 200;

/// What an annotation says: scalars by their path, `custom.severity`.
pub(crate) type Metadata = BTreeMap<String, String>;

/// How a rule asks for the annotation above it.
const OF_RULE: &str = "rego.metadata.rule";

/// A text in which each call of `rego.metadata.rule()` is what it says: the annotation above the rule that it is in, and
/// an empty object where there is none. Lines stay where they are.
pub(crate) fn answered(text: &str) -> String {
    if !text.contains(OF_RULE) {
        return text.to_owned();
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut rule = 0;
    let mut answers: Vec<(usize, String)> = Vec::new();
    for word in words(text) {
        if word.is_head {
            rule = word.line;
        }
        if word.text == OF_RULE && word.is_called {
            let annotation = whole_above(&lines, rule).and_then(|value| value.to_json_str().ok());
            answers.push((word.line, annotation.unwrap_or_else(|| "{}".to_owned())));
        }
    }
    let mut answers = answers.into_iter().peekable();
    let mut out = String::new();
    for (number, mut line) in text.split_inclusive('\n').enumerate().map(|(at, line)| (at + 1, line)) {
        while let Some((_, answer)) = answers.next_if(|(of, _)| *of == number) {
            let Some((before, after)) = line.split_once(OF_RULE) else { break };
            let Some((_, after)) = after.split_once(')') else { break };
            out.push_str(before);
            out.push_str(&answer);
            line = after;
        }
        out.push_str(line);
    }
    out
}

/// All that the annotation above a line says, and that it is of a rule; `None` where there is none, or it is no YAML.
fn whole_above(lines: &[&str], line: usize) -> Option<Value> {
    let mut value = crate::yaml::read(&block_above(lines, line)?).ok()?;
    let object = value.as_object_mut().ok()?;
    if object.get(&Value::from("scope")).is_none() {
        object.insert("scope".into(), "rule".into());
    }
    Some(value)
}

/// The annotation above a line, counted from 1.
pub(crate) fn above(lines: &[&str], line: usize) -> Metadata {
    block_above(lines, line).map_or_else(Metadata::new, |block| parse(&block))
}

fn block_above(lines: &[&str], line: usize) -> Option<String> {
    let before = lines.get(..line.saturating_sub(1)).unwrap_or_default();
    let block: Vec<&str> =
        before.iter().rev().take(LINES).map_while(|line| line.trim_start().strip_prefix('#')).collect();
    let start = block.iter().position(|line| line.trim() == "METADATA")?;
    let yaml: Vec<&str> =
        block.iter().take(start).rev().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    Some(yaml.join("\n"))
}

/// Reads scalars of mappings. What is no YAML says nothing, as it does for other programs that read Rego.
fn parse(yaml: &str) -> Metadata {
    let mut found = Metadata::new();
    // The path so far; `None` where a key comes next.
    let mut path: Vec<Option<String>> = Vec::new();
    let mut lists = 0_usize;
    for event in Parser::new_from_str(yaml) {
        let Ok((event, _)) = event else { break };
        match event {
            Event::MappingStart(..) => path.push(None),
            Event::MappingEnd => {
                path.pop();
                value_ends(&mut path);
            }
            Event::SequenceStart(..) => lists += 1,
            Event::SequenceEnd => {
                lists = lists.saturating_sub(1);
                if lists == 0 {
                    value_ends(&mut path);
                }
            }
            Event::Scalar(text, ..) if lists == 0 => match path.last_mut() {
                Some(key @ None) => *key = Some(text.into_owned()),
                Some(Some(_)) => {
                    let keys: Vec<&str> = path.iter().flatten().map(String::as_str).collect();
                    found.insert(keys.join("."), text.into_owned());
                    value_ends(&mut path);
                }
                None => {}
            },
            Event::Alias(_) if lists == 0 => value_ends(&mut path),
            _ => {}
        }
    }
    found
}

fn value_ends(path: &mut [Option<String>]) {
    if let Some(key) = path.last_mut() {
        *key = None;
    }
}

#[cfg(test)]
mod tests {
    use super::above;

    #[test]
    fn an_annotation_is_yaml_right_above_a_rule() {
        let text = "# METADATA\n# title: Tags\n# related_resources:\n# - ref: https://example.com\n# custom:\n#   severity: \"HIGH\" # bad\n#   id: T1\ndeny contains msg if {";
        let lines: Vec<&str> = text.lines().collect();
        let metadata = above(&lines, 8);
        let get = |key: &str| metadata.get(key).map(String::as_str);
        assert_eq!(
            [get("title"), get("custom.severity"), get("custom.id")],
            [Some("Tags"), Some("HIGH"), Some("T1")]
        );
        assert!(above(&lines, 1).is_empty());
        assert!(above(&["# title: no annotation", "deny = 1"], 2).is_empty());
    }
}
