//! A way from one principal to another as a picture that needs no other program: principals below each other, with an
//! arrow for each step.

use std::fmt::Write as _;

use crate::access::PathView;
use crate::organization::escaped;

const LINE: usize = 18;
const GAP: usize = 8;
const CHARACTER: usize = 8;
/// The height of an arrow with its words.
const STEP: usize = 52;

/// A way as an SVG picture. Where there is none, it says so.
pub fn path_svg(view: &PathView) -> String {
    let first = view.path.first().map(|step| step.from.as_str());
    let principals: Vec<&str> =
        first.into_iter().chain(view.path.iter().map(|step| step.to.as_str())).collect();
    let words: Vec<String> =
        view.path.iter().map(|step| format!("{}: {}", step.edge, step.actions.join(", "))).collect();
    let none = match view.verdict {
        "none" => format!("no way leads from {} to {}", view.from, view.to),
        _ => format!("whether a way leads from {} to {} is not decided", view.from, view.to),
    };
    let wide = |text: &str| text.chars().count() * CHARACTER;
    let texts = principals.iter().map(|text| wide(text)).chain(words.iter().map(|text| wide(text) + 2 * GAP));
    let texts = texts.max().unwrap_or_else(|| wide(&none));
    let (width, box_height) = (texts + 4 * GAP, LINE + GAP);
    let high = match principals.len() {
        0 => 2 * LINE,
        count => count * box_height + (count - 1) * STEP + 2 * GAP,
    };
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{high}\" viewBox=\"0 0 {width} {high}\" \
         font-family=\"ui-monospace, monospace\" font-size=\"13\">\n<title>{}</title>\n\
         <rect width=\"{width}\" height=\"{high}\" fill=\"#ffffff\"/>\n",
        escaped(&format!("from {} to {}", view.from, view.to))
    );
    if principals.is_empty() {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "<text x=\"{GAP}\" y=\"{LINE}\">{}</text>", escaped(&none));
    }
    for (at, principal) in principals.iter().enumerate() {
        let y = GAP + at * (box_height + STEP);
        let ends = at == 0 || at + 1 == principals.len();
        let weight = if ends { " font-weight=\"bold\"" } else { "" };
        let _ = writeln!(
            out,
            "<rect x=\"{GAP}\" y=\"{y}\" width=\"{}\" height=\"{box_height}\" rx=\"4\" fill=\"#ffffff\" \
             stroke=\"#8c959f\"/>\n<text x=\"{}\" y=\"{}\"{weight}>{}</text>",
            wide(principal) + 2 * GAP,
            2 * GAP,
            y + LINE,
            escaped(principal)
        );
    }
    for (at, words) in words.iter().enumerate() {
        let top = GAP + at * (box_height + STEP) + box_height;
        let (x, end) = (3 * GAP, top + STEP);
        let _ = writeln!(
            out,
            "<path d=\"M{x} {top}V{end}M{} {}L{x} {end}L{} {}\" fill=\"none\" stroke=\"#cf222e\" stroke-width=\"2\"/>\n\
             <text x=\"{}\" y=\"{}\">{}</text>",
            x - 4,
            end - 6,
            x + 4,
            end - 6,
            x + 2 * GAP,
            top + STEP / 2 + 4,
            escaped(words)
        );
    }
    out.push_str("</svg>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::path_svg;
    use crate::access::{PathView, StepView};

    fn step(from: &str, to: &str) -> StepView {
        let (from, to) = (from.to_owned(), to.to_owned());
        StepView { from, to, edge: "assume", actions: vec!["sts:AssumeRole".to_owned()] }
    }

    #[test]
    fn a_box_for_each_principal_and_an_arrow_for_each_step() {
        let steps = vec![step("role/<dev>", "role/audit"), step("role/audit", "role/prod & data")];
        let picture = path_svg(&PathView::new("a".to_owned(), "b".to_owned(), "reached", steps));
        assert_eq!(picture.matches("<rect x=").count(), 3);
        assert_eq!(picture.matches("<path").count(), 2);
        assert!(picture.contains("role/&lt;dev&gt;") && picture.contains("role/prod &amp; data"));
        assert!(picture.contains("assume: sts:AssumeRole"));
    }

    #[test]
    fn where_there_is_no_way_it_says_so() {
        let picture = path_svg(&PathView::new("a".to_owned(), "b".to_owned(), "none", Vec::new()));
        assert!(picture.contains("no way leads from a to b"), "{picture}");
        let picture = path_svg(&PathView::new("a".to_owned(), "b".to_owned(), "undecided", Vec::new()));
        assert!(picture.contains("not decided"), "{picture}");
    }
}
