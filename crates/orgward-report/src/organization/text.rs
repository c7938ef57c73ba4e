use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::outline::{Entry, Mark, outline};
use super::{OrganizationChange, PlacementView};
use crate::escape;

/// Lines of the tree, but for policies: more than people read, and less than a terminal forgets.
const MOST: usize = 400;

/// What the management account is called where nothing else is known of it.
pub(super) const MANAGEMENT: &str = "management account";

fn sign(mark: Mark) -> char {
    match mark {
        Mark::Same => ' ',
        Mark::Added => '+',
        Mark::Removed => '-',
        Mark::Changed => '~',
    }
}

/// The organization as a tree, changes marked: `+` comes, `-` goes, `~` changes its place or name. `?` stands behind a
/// policy that may or may not be attached. What there is no room for is counted.
pub fn tree(change: &OrganizationChange) -> String {
    let mut out = String::new();
    let entries = outline(change, MOST);
    for (at, entry) in entries.iter().enumerate() {
        line(entry, &mut out);
        // What is left out stands below everything that is drawn.
        let next = entries.get(at + 1).map_or(0, |next| next.depth);
        let mut ends = Some(at);
        while let Some(closed) = ends.and_then(|at| entries.get(at)).filter(|entry| entry.depth >= next) {
            hidden(closed, &mut out);
            ends = closed.parent.filter(|_| closed.depth > 0);
        }
    }
    let unresolved_targets: Vec<_> =
        change.after.attachments.iter().filter(|each| each.resolution == "unknown").collect();
    if !unresolved_targets.is_empty() {
        out.push_str("\nattached to something unknown\n");
        for each in unresolved_targets {
            let address = each.address.as_deref().unwrap_or(&each.policy);
            let why = each.trail.last().map(|why| format!(": {why}")).unwrap_or_default();
            // Writing to a string cannot fail.
            let _ = writeln!(out, "  {}{}", escape::line(address), escape::line(&why));
        }
    }
    if !change.contradictions.is_empty() {
        out.push_str("\nthe inputs contradict each other\n");
        for contradiction in &change.contradictions {
            let _ = writeln!(out, "  {}", escape::line(contradiction));
        }
    }
    placements(&change.placements, &mut out);
    if !change.advice.is_empty() {
        out.push_str("\nrecommended by AWS, and not seen in the inputs\n");
        for advice in &change.advice {
            let _ = writeln!(out, "  {}: {} ({})", advice.what, advice.why, advice.how);
        }
    }
    if out.is_empty() {
        out.push_str("the inputs show no organization\n");
    }
    out
}

fn line(entry: &Entry<'_>, out: &mut String) {
    let node = entry.node;
    let indent = "  ".repeat(entry.depth);
    let id = node.id.as_ref().filter(|id| **id != node.name).map(|id| format!("  {id}")).unwrap_or_default();
    let mut notes: Vec<&str> = Vec::new();
    let marked = node.management && node.name != MANAGEMENT;
    notes.extend(marked.then_some(MANAGEMENT));
    notes.extend(entry.note.as_deref());
    let notes = if notes.is_empty() { String::new() } else { format!("  ({})", notes.join(", ")) };
    let _ = writeln!(
        out,
        "{} {indent}{} {}{}{}",
        sign(entry.mark),
        node.kind,
        escape::line(&node.name),
        escape::line(&id),
        escape::line(&notes),
    );
    for policy in &entry.policies {
        let open = if policy.open { "?" } else { "" };
        let _ = writeln!(out, "{} {indent}    · {}{open}", sign(policy.mark), escape::line(&policy.name));
    }
}

fn hidden(entry: &Entry<'_>, out: &mut String) {
    for hidden in &entry.hidden {
        let indent = "  ".repeat(hidden.depth);
        let _ = writeln!(out, "{} {indent}and {}", sign(hidden.mark), hidden.phrase);
    }
}

fn placements(placements: &[PlacementView], out: &mut String) {
    if placements.is_empty() {
        return;
    }
    out.push_str("\nthe account of each provider\n");
    let several =
        placements.iter().any(|one| placements.first().is_some_and(|first| first.input != one.input));
    let mut input = None;
    let mut told = BTreeSet::new();
    for placement in placements {
        if several && input != Some(&placement.input) {
            let _ = writeln!(out, "  {}", escape::line(&placement.input));
            input = Some(&placement.input);
        }
        let indent = if several { "    " } else { "  " };
        let provider = match &placement.provider {
            Some(provider) => format!("provider {provider}"),
            None => "provider not shown".to_owned(),
        };
        let account = placement.account.as_deref().unwrap_or("account not known");
        let mut line = format!("{provider}: {account}");
        if let Some(path) = placement.path.as_ref().filter(|path| *path != account) {
            let _ = write!(line, ", {path}");
        }
        if !placement.regions.is_empty() {
            let _ = write!(line, ", {}", placement.regions.join(" and "));
        }
        let s = if placement.resources == 1 { "" } else { "s" };
        let _ = writeln!(out, "{indent}{} ({} resource{s})", escape::line(&line), placement.resources);
        // What to do about it is the same for many.
        let unknown = placement.unknown.iter().filter(|unknown| told.insert(unknown.as_str()));
        for reason in placement.evidence.iter().chain(unknown) {
            let _ = writeln!(out, "{indent}  {}", escape::line(reason));
        }
    }
}
