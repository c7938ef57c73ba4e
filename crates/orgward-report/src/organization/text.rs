use std::fmt::Write as _;

use super::{Mark, OrganizationChange, entries};
use crate::escape;

fn sign(mark: Mark) -> char {
    match mark {
        Mark::Same => ' ',
        Mark::Added => '+',
        Mark::Removed => '-',
        Mark::Changed => '~',
    }
}

/// The organization as a tree, changes marked: `+` comes, `-` goes, `~` changes its place or name. `?` stands behind a
/// policy that may or may not be attached.
pub fn tree(change: &OrganizationChange) -> String {
    let mut out = String::new();
    for entry in entries(change) {
        let node = entry.node;
        let indent = "  ".repeat(entry.depth);
        let id =
            node.id.as_ref().filter(|id| **id != node.name).map(|id| format!("  {id}")).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{} {indent}{} {}{}",
            sign(entry.mark),
            node.kind,
            escape::line(&node.name),
            escape::line(&id)
        );
        for (name, mark, open) in &entry.policies {
            let open = if *open { "?" } else { "" };
            let _ = writeln!(out, "{} {indent}    · {}{open}", sign(*mark), escape::line(name));
        }
        if entry.hidden > 0 {
            let _ = writeln!(out, "  {indent}and {} more accounts", entry.hidden);
        }
    }
    let loose: Vec<_> = change.after.attachments.iter().filter(|each| each.resolution == "unknown").collect();
    if !loose.is_empty() {
        out.push_str("\nattached to something unknown\n");
        for each in loose {
            let address = each.address.as_deref().unwrap_or(&each.policy);
            let why = each.trail.last().map(|why| format!(": {why}")).unwrap_or_default();
            let _ = writeln!(out, "  {}{}", escape::line(address), escape::line(&why));
        }
    }
    if !change.after.placements.is_empty() {
        out.push_str("\nwhich account things are in\n");
        for placement in &change.after.placements {
            let _ = writeln!(out, "  {}", escape::line(placement));
        }
    }
    if out.is_empty() {
        out.push_str("the inputs show no organization\n");
    }
    out
}
