//! The organization as a picture that needs no other program: the tree, indented, with lines from parent to child.

use std::fmt::Write as _;

use super::OrganizationChange;
use super::diagram::label;
use super::outline::{Entry, Mark, outline};

/// Boxes of a picture: what a person takes in by scrolling three or four screens.
const MOST: usize = 100;
const LINE: usize = 18;
const INDENT: usize = 32;
const GAP: usize = 8;
const CHARACTER: usize = 8;

/// An SVG picture. Its colors differ on light and dark ground.
pub fn svg(change: &OrganizationChange) -> String {
    let entries = outline(change, MOST);
    let mut boxes = Vec::new();
    let (mut y, mut wide) = (GAP, 320);
    for entry in &entries {
        let lines = label(entry);
        let longest = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
        let (x, width, height) =
            (GAP + entry.depth * INDENT, longest * CHARACTER + 2 * GAP, lines.len() * LINE + GAP);
        boxes.push(Box { x, y, width, height, lines });
        y += height + GAP;
        wide = wide.max(x + width + GAP);
    }
    let high = if boxes.is_empty() { 2 * LINE } else { y };
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\" \
         font-family=\"ui-monospace, monospace\" font-size=\"13\">\n<title>the organization, changes marked</title>\n\
         <rect width=\"{wide}\" height=\"{high}\" fill=\"#ffffff\"/>\n"
    );
    if boxes.is_empty() {
        let _ = writeln!(out, "<text x=\"{GAP}\" y=\"{LINE}\">the inputs show no organization</text>");
    }
    for (entry, own) in entries.iter().zip(&boxes) {
        if let Some(parent) = entry.parent.and_then(|parent| boxes.get(parent)) {
            // Down from the parent's left edge, then right to the middle of the first line.
            let (x, top, middle) = (parent.x + GAP, parent.y + parent.height, own.y + LINE / 2 + GAP / 2);
            // Writing to a string cannot fail.
            let _ =
                writeln!(out, "<path d=\"M{x} {top}V{middle}H{}\" fill=\"none\" stroke=\"#8c959f\"/>", own.x);
        }
    }
    for (entry, own) in entries.iter().zip(&boxes) {
        draw(entry, own, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

struct Box {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    lines: Vec<(String, Mark)>,
}

fn draw(entry: &Entry<'_>, own: &Box, out: &mut String) {
    let Box { x, y, width, height, lines } = own;
    let style = match entry.mark {
        Mark::Same if entry.touched => "stroke=\"#9a6700\" stroke-width=\"2\"",
        Mark::Same => "stroke=\"#8c959f\"",
        Mark::Added => "stroke=\"#1a7f37\" stroke-width=\"2\"",
        Mark::Removed => "stroke=\"#cf222e\" stroke-width=\"2\" stroke-dasharray=\"4\"",
        Mark::Changed => "stroke=\"#9a6700\" stroke-width=\"2\"",
    };
    let _ = writeln!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\" fill=\"#ffffff\" {style}/>"
    );
    for (at, (line, mark)) in lines.iter().enumerate() {
        let weight = match mark {
            Mark::Removed => " fill=\"#cf222e\" text-decoration=\"line-through\"",
            Mark::Added => " fill=\"#1a7f37\"",
            Mark::Changed => " fill=\"#9a6700\"",
            Mark::Same if at == 0 => " font-weight=\"bold\"",
            Mark::Same => "",
        };
        let (x, y) = (x + GAP, y + GAP / 2 + (at + 1) * LINE - 4);
        let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\"{weight}>{}</text>", escaped(line));
    }
}

/// Text of an element. Control characters have no place in XML.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars().filter(|character| !character.is_control()) {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => {}
            other => out.push(other),
        }
    }
    out
}
