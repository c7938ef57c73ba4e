//! Writes what comes from a plan so that a forge shows it and does nothing else with it.
//!
//! A forge turns more into markup than Markdown does: mentions, references to issues, commits, commands at the
//! start of a line. So nothing is left to escaping where there is another way: what is not a plain word becomes
//! code, in which no forge looks for anything.

use std::fmt::Write as _;

use crate::escape::line as escape;

/// A text as code, in a paragraph, a list or a table.
pub fn code(text: &str) -> String {
    let text = escape(text);
    // A pipe ends a cell even in code, and what a backslash does before it depends on the place.
    if text.trim().is_empty() || text.trim() != text || text.contains(['`', '|', '\\']) {
        html_code(&text)
    } else {
        format!("`{text}`")
    }
}

/// A text as code where HTML is written, and where Markdown is not wanted.
pub fn html_code(text: &str) -> String {
    let mut out = String::from("<code>");
    for character in escape(text).chars() {
        if character.is_ascii_punctuation() && !matches!(character, '-' | '.' | ',' | '/' | ':') {
            // Writing to a string cannot fail. References are text and never markup.
            let _ = write!(out, "&#{};", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out.push_str("</code>");
    out
}

/// A sentence that may quote code between backticks, and whatever a plan wrote.
pub fn prose(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            out.push_str(&code(part));
            continue;
        }
        // A space at either end separates words and code; more would be layout.
        let mut glue = if part.starts_with(char::is_whitespace) { " " } else { "" };
        for word in part.split_whitespace() {
            out.push_str(glue);
            out.push_str(&plain(word, out.trim().is_empty()));
            glue = " ";
        }
        if part.ends_with(char::is_whitespace) && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.trim().to_owned()
}

/// A word, as it is if no forge could see anything in it.
fn plain(word: &str, is_first: bool) -> String {
    let core = word.trim_end_matches(['.', ',', ':', ';', ')', '?', '\'']);
    let core = core.trim_start_matches(['(', '\'']);
    let end = word.rfind(core).map_or(word.len(), |start| start + core.len());
    let start = if core.is_empty() { 0 } else { end - core.len() };
    if core.is_empty() {
        return if is_first || word.chars().count() > 1 { code(word) } else { word.to_owned() };
    }
    let is_list = is_first && word.chars().next().is_some_and(|first| first.is_ascii_digit()) && word != core;
    if is_plain(core) && !is_list {
        return word.to_owned();
    }
    let (before, after) = (word.get(..start).unwrap_or_default(), word.get(end..).unwrap_or_default());
    format!("{before}{}{after}", code(core))
}

fn is_plain(core: &str) -> bool {
    let is_word =
        |character: char| character.is_alphanumeric() || matches!(character, '-' | '/' | ',' | '\'' | '’');
    let has_letter = core.chars().any(char::is_alphabetic);
    let has_digit = core.chars().any(|character| character.is_ascii_digit());
    let is_number = core.len() < 7 && core.chars().all(|character| character.is_ascii_digit());
    // A command of GitLab begins with a slash, a list with a dash; letters and digits together may be the name of
    // a commit or of an issue.
    escape(core) == core
        && core.chars().all(is_word)
        && core.starts_with(char::is_alphanumeric)
        && (is_number || has_letter && !has_digit)
}

/// A text in one line of at most so many characters; one that is cut ends in an ellipsis.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => {
            let mut kept = text.get(..end).unwrap_or_default().to_owned();
            // What is left open would turn the rest around: code into words.
            if kept.matches('`').count() % 2 == 1 {
                kept.push('`');
            }
            kept.push('…');
            kept
        }
    }
}

/// Lines between fences that nothing in them can close.
pub fn fence(language: &str, lines: &[String]) -> String {
    let longest = lines
        .iter()
        .flat_map(|line| line.split(|character| character != '`'))
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let mut out = format!("{fence}{language}\n");
    for line in lines {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str(&fence);
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_of_rules_stay_readable() {
        assert_eq!(
            prose(
                "moving it from Root/Runtime/prod to Root/Runtime/dev takes it out from under `production-data`"
            ),
            "moving it from Root/Runtime/prod to Root/Runtime/dev takes it out from under `production-data`"
        );
        assert_eq!(prose("`a`, `b` (and c): nothing."), "`a`, `b` (and c): nothing.");
        assert_eq!(
            prose("not locked to eu-central-1, eu-west-1: nothing denies 36 other regions"),
            "not locked to `eu-central-1`, `eu-west-1`: nothing denies 36 other regions"
        );
    }

    #[test]
    fn what_a_forge_would_act_on_becomes_code() {
        for hostile in [
            "@org/team",
            "#123",
            "GH-12",
            "org/repo#1",
            "ABC-123",
            "!12",
            "$5",
            "~label",
            "%3",
            "&epic",
            "^alert",
            "https://example.com",
            "www.example.com",
            "deadbeef1234567",
            "a@b.example",
            "[x](y)",
            "<b>",
            "**bold**",
            "&#64;team",
            "/close",
            "-",
            "+",
            "===",
            ":smile:",
            "![x](https://example.com/x.png)",
            "a\u{202e}b",
        ] {
            let shown = prose(hostile);
            let is_code = shown.starts_with('`') || shown.starts_with("<code>");
            assert!(is_code, "{hostile} became {shown}");
            let later = prose(&format!("see {hostile} there"));
            assert!(later.contains(['`', '<']) || hostile.len() == 1, "{hostile} became {later}");
        }
        assert_eq!(prose("1. closes"), "`1`. closes");
        assert_eq!(prose("    indented\n\n# title"), "indented `#` title");
    }

    #[test]
    fn backticks_of_a_plan_cannot_get_out() {
        assert_eq!(prose("a `x` @me `y"), "a `x` `@me` `y`");
        assert_eq!(code("a`b"), "<code>a&#96;b</code>");
        assert_eq!(code("a|b\\"), "<code>a&#124;b&#92;</code>");
        assert_eq!(code("a\nb"), "<code>a&#92;u&#123;a&#125;b</code>");
        assert_eq!(html_code("</code>@team *x*"), "<code>&#60;/code&#62;&#64;team &#42;x&#42;</code>");
        assert_eq!(fence("text", &["```".to_owned(), "````".to_owned()]), "`````text\n```\n````\n`````\n");
    }

    #[test]
    fn a_cut_leaves_no_code_open() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("see `long name`", 8), "see `lon`…");
    }
}
