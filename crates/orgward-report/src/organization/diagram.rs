use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Entry, Mark, OrganizationChange, entries};

/// A Mermaid diagram, which GitHub renders in comments.
pub fn mermaid(change: &OrganizationChange) -> String {
    let entries = entries(change);
    let numbers = numbers(&entries);
    let mut out = String::from("graph TD\n");
    for (at, entry) in entries.iter().enumerate() {
        let class = match entry.mark {
            Mark::Same => "",
            Mark::Added => ":::added",
            Mark::Removed => ":::removed",
            Mark::Changed => ":::changed",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  n{at}[\"{}\"]{class}", label(entry, &html, "<br>"));
        if let Some(parent) = parent(entry, &numbers) {
            let _ = writeln!(out, "  n{parent} --> n{at}");
        }
    }
    out.push_str("  classDef added stroke:#1a7f37,stroke-width:2px\n");
    out.push_str("  classDef removed stroke:#cf222e,stroke-width:2px,stroke-dasharray:4\n");
    out.push_str("  classDef changed stroke:#9a6700,stroke-width:2px\n");
    out
}

/// A graph for Graphviz.
pub fn dot(change: &OrganizationChange) -> String {
    let entries = entries(change);
    let numbers = numbers(&entries);
    let mut out = String::from("digraph organization {\n  node [shape=box, fontname=\"sans-serif\"]\n");
    for (at, entry) in entries.iter().enumerate() {
        let style = match entry.mark {
            Mark::Same => "",
            Mark::Added => ", color=\"#1a7f37\", penwidth=2",
            Mark::Removed => ", color=\"#cf222e\", style=dashed",
            Mark::Changed => ", color=\"#9a6700\", penwidth=2",
        };
        let _ = writeln!(out, "  n{at} [label=\"{}\"{style}]", label(entry, &quoted, "\\n"));
        if let Some(parent) = parent(entry, &numbers) {
            let _ = writeln!(out, "  n{parent} -> n{at}");
        }
    }
    out.push_str("}\n");
    out
}

fn numbers<'e>(entries: &'e [Entry<'_>]) -> BTreeMap<&'e str, usize> {
    entries.iter().enumerate().map(|(at, entry)| (entry.node.key.as_str(), at)).collect()
}

fn parent(entry: &Entry<'_>, numbers: &BTreeMap<&str, usize>) -> Option<usize> {
    numbers.get(entry.node.parent.as_deref()?).copied()
}

fn label(entry: &Entry<'_>, escape: &dyn Fn(&str) -> String, newline: &str) -> String {
    let mut lines = vec![format!("{} {}", entry.node.kind, escape(&entry.node.name))];
    for (name, mark, open) in &entry.policies {
        let sign = match mark {
            Mark::Added => "+ ",
            Mark::Removed => "- ",
            Mark::Same | Mark::Changed => "",
        };
        lines.push(format!("{sign}{}{}", escape(name), if *open { "?" } else { "" }));
    }
    if entry.hidden > 0 {
        lines.push(format!("and {} more accounts", entry.hidden));
    }
    lines.join(newline)
}

/// Text in a quoted label of Mermaid: character references for everything that could end or style it.
fn html(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if character.is_alphanumeric() || matches!(character, ' ' | '-' | '_' | '.' | '/' | '@') {
            out.push(character);
        } else if !character.is_control() {
            let _ = write!(out, "#{};", u32::from(character));
        }
    }
    out
}

/// Text in a quoted string of Graphviz.
fn quoted(text: &str) -> String {
    let visible = text.chars().filter(|character| !character.is_control());
    visible.collect::<String>().replace('\\', "\\\\").replace('"', "\\\"")
}
