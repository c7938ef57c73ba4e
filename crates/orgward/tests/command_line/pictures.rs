//! The pictures of the documentation are what the program prints of the demonstration organization. `UPDATE_DOCS=1` writes
//! them anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::support::{Folder, finish};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn printed<const N: usize>(arguments: [&str; N]) -> String {
    finish(Folder::new().command(arguments).current_dir(root())).stdout
}

fn is_current(name: &str, picture: &str) {
    let file = root().join("docs/pictures").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, picture).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == picture, "docs/pictures/{name} is not what the program prints: run with UPDATE_DOCS=1");
    // A forge shows it as an image, where nothing is loaded and no script runs.
    assert!(!picture.contains("<script") && !picture.contains("href=") && picture.len() < 60_000, "{name}");
}

#[test]
fn the_picture_of_the_organization_is_current() {
    let demo = "fixtures/demo/second.json";
    is_current("organization.svg", &printed(["org", "show", "--format", "svg", demo]));
}

#[test]
fn the_picture_of_the_comment_is_current() {
    let folder = Folder::new();
    let review = folder.path("review.json");
    let mut command = folder.command(["plan", "review", "--config", "fixtures/demo/orgward.toml", "--quiet"]);
    command.args(["--source", "fixtures/demo/second", "fixtures/demo/second.json"]);
    finish(command.arg("--output").arg(format!("json={}", review.display())).current_dir(root()));
    let mut command = folder.command(["plan", "comment", "--dry-run", "--time", "2026-11-28T12:00:00Z"]);
    let text = finish(command.arg(&review).current_dir(root())).stdout;
    let picture = Picture::of(&text);
    is_current("comment.svg", &picture);
    for seen in
        ["blocked by 1 critical and 9 high findings", "What changes", "no longer denied", "public-trust"]
    {
        assert!(picture.replace("</tspan><tspan>", "").contains(seen), "{seen}");
    }
}

/// Characters of a line, and their size: the font has one width, so that a picture looks the same everywhere.
const WIDTH: usize = 118;
const CHARACTER: f32 = 7.2;
const LINE: usize = 19;
const MARGIN: usize = 16;

/// A piece of text in one style.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Ink {
    bold: bool,
    code: bool,
    link: bool,
}

/// A comment as a forge shows it, as far as its own Markdown goes: headings, lists, tables, and folds that are closed.
#[derive(Default)]
struct Picture {
    out: String,
    y: usize,
}

impl Picture {
    fn of(markdown: &str) -> String {
        let mut picture = Self { out: String::new(), y: MARGIN };
        let mut depth = 0_usize;
        for line in markdown.lines() {
            if let Some(summary) = line.strip_prefix("<details") {
                if depth == 0 {
                    let summary =
                        summary.split_once("<summary>").unwrap().1.split("</summary>").next().unwrap();
                    picture.paragraph(&format!("▶ {summary}"), 0, 12, false);
                }
                depth += 1;
            } else if line.starts_with("</details>") {
                depth -= 1;
            } else if depth == 0 {
                picture.line(line);
            }
        }
        let (width, height) = (WIDTH * 72 / 10 + 2 * MARGIN, picture.y + MARGIN / 2);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"ui-monospace, 'DejaVu Sans Mono', monospace\" font-size=\"12\">\n<title>the comment on a pull request</title>\n\
             <style>text {{ fill: #1f2328; white-space: pre }} .c {{ fill: #0550ae }} .l {{ fill: #0969da }} \
             @media (prefers-color-scheme: dark) {{ rect {{ fill: #0d1117 }} text {{ fill: #f0f6fc }} .c {{ fill: #79c0ff }} .l {{ fill: #4493f8 }} }}</style>\n\
             <rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"#ffffff\" stroke=\"#8c959f\"/>\n{}</svg>\n",
            width - 1,
            height - 1,
            picture.out
        )
    }

    fn line(&mut self, line: &str) {
        let indent = line.len() - line.trim_start().len();
        if line.is_empty() {
            self.y += LINE / 3;
        } else if line.starts_with("<!--") || line.starts_with("| ---") {
        } else if let Some(heading) = line.strip_prefix("### ") {
            self.paragraph(heading, 0, 16, true);
        } else if let Some(heading) = line.strip_prefix("#### ") {
            self.paragraph(heading, 0, 14, true);
        } else if let Some(row) = line.strip_prefix("| ") {
            // The columns of a table: severity, rule, and what and where.
            let cells: Vec<&str> = row.trim_end_matches(" |").split(" | ").collect();
            let [severity, rule, what] = cells[..] else { panic!("a table of another form: {line}") };
            let top = self.y;
            self.paragraph(severity, 0, 12, false);
            self.y = top;
            self.paragraph(rule, 12, 12, false);
            self.y = top;
            for part in what.split("<br/>") {
                self.paragraph(part, 42, 12, false);
            }
        } else if let Some(item) = line.trim_start().strip_prefix("- ") {
            let top = self.y;
            self.paragraph("•", indent, 12, false);
            self.y = top;
            self.paragraph(item, indent + 2, 12, false);
        } else {
            self.paragraph(line, 0, 12, false);
        }
    }

    /// Writes text from a column on, wrapped.
    fn paragraph(&mut self, text: &str, column: usize, size: usize, bold: bool) {
        let mut words = words(text);
        if bold {
            for (_, ink) in &mut words {
                ink.bold = true;
            }
        }
        let room = (WIDTH - column) * 12 / size;
        let (mut line, mut used) = (Vec::new(), 0);
        for (word, ink) in words {
            let length = word.chars().count();
            if used + length > room && used > 0 && !word.trim().is_empty() {
                self.write(&line, column, size);
                (line, used) = (Vec::new(), 0);
            }
            if used > 0 || !word.trim().is_empty() {
                used += length;
                line.push((word, ink));
            }
        }
        self.write(&line, column, size);
    }

    fn write(&mut self, line: &[(String, Ink)], column: usize, size: usize) {
        #[expect(clippy::cast_precision_loss, reason = "columns are small numbers")]
        let x = MARGIN as f32 + column as f32 * CHARACTER;
        let y = self.y + LINE - 4;
        let _ = write!(self.out, "<text x=\"{x}\" y=\"{y}\"");
        if size != 12 {
            let _ = write!(self.out, " font-size=\"{size}\"");
        }
        self.out.push('>');
        let mut at = 0;
        while let Some((_, ink)) = line.get(at) {
            let run: String = line[at..]
                .iter()
                .take_while(|(_, other)| other == ink)
                .map(|(word, _)| word.as_str())
                .collect();
            at += line[at..].iter().take_while(|(_, other)| other == ink).count();
            let class = if ink.link {
                " class=\"l\""
            } else if ink.code {
                " class=\"c\""
            } else {
                ""
            };
            let weight = if ink.bold { " font-weight=\"bold\"" } else { "" };
            let run = run.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let _ = write!(self.out, "<tspan{class}{weight}>{run}</tspan>");
        }
        self.out.push_str("</text>\n");
        self.y += LINE + (size - 12);
    }
}

/// The words of a line and the spaces between them, with their styles.
fn words(text: &str) -> Vec<(String, Ink)> {
    let mut found: Vec<(String, Ink)> = Vec::new();
    let mut ink = Ink::default();
    let mut rest = text;
    while !rest.is_empty() {
        let tags = [
            ("**", Ink { bold: !ink.bold, ..ink }),
            ("<b>", Ink { bold: true, ..ink }),
            ("</b>", Ink { bold: false, ..ink }),
            ("`", Ink { code: !ink.code, ..ink }),
            ("<code>", Ink { code: true, ..ink }),
            ("</code>", Ink { code: false, ..ink }),
            ("<sub>", ink),
            ("</sub>", ink),
            ("<br/>", ink),
        ];
        if let Some((tag, next)) =
            tags.iter().find(|(tag, _)| rest.starts_with(tag) && (!ink.code || tag.contains(['`', '/'])))
        {
            (ink, rest) = (*next, &rest[tag.len()..]);
        } else if let Some((label, after)) =
            rest.strip_prefix('[').filter(|_| !ink.code).and_then(|rest| rest.split_once("]("))
        {
            found.extend(words(label).into_iter().map(|(word, own)| (word, Ink { link: true, ..own })));
            rest = after.split_once(')').unwrap().1;
        } else {
            let entity = rest.strip_prefix("&#").and_then(|rest| rest.split_once(';'));
            let (character, after) = if let Some((number, after)) = entity {
                (char::from_u32(number.parse().unwrap()).unwrap(), after)
            } else {
                let character = rest.chars().next().unwrap();
                (character, &rest[character.len_utf8()..])
            };
            rest = after;
            let same =
                |(word, own): &&mut (String, Ink)| *own == ink && word.ends_with(' ') == (character == ' ');
            match found.last_mut().filter(same) {
                Some((word, _)) => word.push(character),
                None => found.push((character.to_string(), ink)),
            }
        }
    }
    found
}
