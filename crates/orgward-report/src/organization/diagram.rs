use std::fmt::Write as _;

use super::OrganizationChange;
use super::outline::{Entry, Mark, outline};
use super::text::MANAGEMENT;
use crate::escape;

/// Boxes of a diagram: more than a person tells apart on a screen. Mermaid refuses more than 500 lines between boxes, and
/// texts of more than 50,000 characters.
const MOST: usize = 120;
/// Policies in one box.
const POLICIES: usize = 6;
/// Characters of one line in a box.
const WIDTH: usize = 48;

/// A Mermaid diagram, which GitHub renders in comments.
pub fn mermaid(change: &OrganizationChange) -> String {
    let entries = outline(change, MOST);
    let mut out = String::from("graph LR\n");
    if entries.is_empty() {
        out.push_str("  n0[\"the inputs show no organization\"]\n");
    }
    for (at, entry) in entries.iter().enumerate() {
        let class = match entry.mark {
            Mark::Same if entry.touched => ":::changed",
            Mark::Same => "",
            Mark::Added => ":::added",
            Mark::Removed => ":::removed",
            Mark::Changed => ":::changed",
        };
        let lines: Vec<_> = label(entry).iter().map(|(line, _)| html(line)).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  n{at}[\"{}\"]{class}", lines.join("<br>"));
        if let Some(parent) = entry.parent {
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
    let mut out =
        String::from("digraph organization {\n  rankdir=LR\n  node [shape=box, fontname=\"sans-serif\"]\n");
    for (at, entry) in outline(change, MOST).iter().enumerate() {
        let style = match entry.mark {
            Mark::Same if entry.touched => ", color=\"#9a6700\", penwidth=2",
            Mark::Same => "",
            Mark::Added => ", color=\"#1a7f37\", penwidth=2",
            Mark::Removed => ", color=\"#cf222e\", style=dashed",
            Mark::Changed => ", color=\"#9a6700\", penwidth=2",
        };
        let lines: Vec<_> = label(entry).iter().map(|(line, _)| quoted(line)).collect();
        let _ = writeln!(out, "  n{at} [label=\"{}\"{style}]", lines.join("\\n"));
        if let Some(parent) = entry.parent {
            let _ = writeln!(out, "  n{parent} -> n{at}");
        }
    }
    out.push_str("}\n");
    out
}

/// The lines in a box, each with what becomes of what it names.
pub(super) fn label(entry: &Entry<'_>) -> Vec<(String, Mark)> {
    let node = entry.node;
    let mut lines = vec![format!("{} {}", node.kind, node.name)];
    lines.extend(node.id.clone().filter(|id| node.kind == "account" && *id != node.name));
    lines.extend((node.management && node.name != MANAGEMENT).then(|| MANAGEMENT.to_owned()));
    lines.extend(entry.note.clone());
    // What changes is never among those that there is no room for.
    let mut lines: Vec<_> = lines.into_iter().map(|line| (line, Mark::Same)).collect();
    let mut policies: Vec<_> = entry.policies.iter().collect();
    policies.sort_by_key(|policy| policy.mark == Mark::Same);
    for policy in policies.iter().take(POLICIES) {
        let maybe = if policy.open { "?" } else { "" };
        lines.push((format!("{}{}{maybe}", sign(policy.mark), policy.name), policy.mark));
    }
    if let Some(more) = policies.len().checked_sub(POLICIES).filter(|more| *more > 0) {
        lines.push((format!("and {more} more policies"), Mark::Same));
    }
    lines.extend(entry.hidden.iter().map(|hidden| (format!("and {}", hidden.phrase), hidden.mark)));
    for (line, _) in &mut lines {
        *line = escape::line(line).into_owned();
        if line.chars().count() > WIDTH {
            *line = line.chars().take(WIDTH - 1).chain(['…']).collect();
        }
    }
    lines
}

fn sign(mark: Mark) -> &'static str {
    match mark {
        Mark::Added => "+ attached: ",
        Mark::Removed => "- detached: ",
        Mark::Same | Mark::Changed => "",
    }
}

/// Text in a quoted label of Mermaid: character references for everything that could end or style it.
fn html(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if character.is_alphanumeric() || matches!(character, ' ' | '-' | '_' | '.' | '/' | '@' | '…') {
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
