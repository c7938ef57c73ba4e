//! Plan text as Markdown text: it is shown, and nothing of it is obeyed.
//!
//! GitHub and GitLab read a page twice: once as Markdown, and once more the text that came out, where they look
//! for mentions, issue numbers, commits and addresses. Escaping helps against the first reading only; against
//! the second one an invisible space breaks up what would be found. Text in a code span is left alone by both.

use std::fmt::Write as _;

use crate::escape;

/// Breaks up what a second reading looks for.
const BREAK: &str = "&#8203;";
/// Runs of hexadecimal digits at least as long could be a commit.
const COMMIT: usize = 7;

/// A text in a code span, fit for a cell of a table: what would end the span or the cell is shown as `\u{…}`.
pub(crate) fn code(text: &str) -> String {
    let text = escape::line(text);
    let text = text.replace('`', "\\u{60}").replace('|', "\\u{7c}");
    if text.is_empty() { "` `".to_owned() } else { format!("`{text}`") }
}

/// A text inside an HTML block, where Markdown is not read.
pub(crate) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in escape::line(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(character),
        }
    }
    out
}

/// A sentence in which names stand between backticks. It must not begin a line.
pub(crate) fn prose(text: &str) -> String {
    let text = escape::line(text);
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.as_ref();
    while let Some((before, after)) = rest.split_once('`') {
        let Some((name, after)) = after.split_once('`') else { break };
        plain(&mut out, before);
        out.push_str(&code(name));
        rest = after;
    }
    plain(&mut out, rest);
    out
}

/// Lines in a fence that none of them can end.
pub(crate) fn fence(lines: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for character in lines.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest.max(2) + 1);
    let newline = if lines.ends_with('\n') { "" } else { "\n" };
    format!("{fence}text\n{lines}{newline}{fence}\n")
}

fn plain(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        if word == 0 {
            let after = rest.get(first.len_utf8()..).unwrap_or_default();
            sign(out, first, after.chars().next());
            rest = after;
            continue;
        }
        let (word, after) = rest.split_at(word);
        let could_be_commit = word.len() >= COMMIT && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let begins_link = (word.eq_ignore_ascii_case("www") && after.starts_with('.'))
            || (word.to_ascii_lowercase().ends_with("gh") && after.starts_with('-'));
        if could_be_commit {
            out.push_str(&code(word));
        } else {
            out.push_str(word);
        }
        if begins_link {
            out.push_str(BREAK);
        }
        rest = after;
    }
}

fn sign(out: &mut String, sign: char, next: Option<char>) {
    let is_plain =
        matches!(sign, ' ' | ',' | '.' | ';' | '?' | '(' | ')' | '"' | '\'' | '-' | '/' | '=' | '+' | ':');
    if is_plain || !sign.is_ascii() {
        out.push(sign);
    } else {
        // Writing to a string cannot fail.
        let _ = write!(out, "&#{};", u32::from(sign));
    }
    let opens = match sign {
        '@' | '#' | '!' | '$' | '%' | '~' | '&' | '^' | ':' => true,
        '{' | '[' => matches!(next, Some('+' | '-' | '[' | '_')),
        _ => false,
    };
    if opens && next.is_some_and(|next| next != ' ') {
        out.push_str(BREAK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_between_backticks_become_code() {
        assert_eq!(
            prose("the plan detaches `region-lock` from 222222222222"),
            "the plan detaches `region-lock` from `222222222222`"
        );
        assert_eq!(prose("an open ` tick"), "an open &#96; tick");
    }

    #[test]
    fn code_spans_and_cells_cannot_be_left() {
        assert_eq!(code("a`b|c\\|d\n"), "`a\\u{60}b\\u{7c}c\\\\u{7c}d\\u{a}`");
        assert_eq!(code(""), "` `");
    }

    #[test]
    fn neither_reading_finds_anything_in_prose() {
        assert_eq!(prose("@octo/team"), "&#64;&#8203;octo/team");
        assert_eq!(prose("fixes #12"), "fixes &#35;&#8203;12");
        assert_eq!(prose("GH-12"), "GH&#8203;-12");
        assert_eq!(prose("www.evil.example"), "www&#8203;.evil.example");
        assert_eq!(prose("https://evil.example"), "https:&#8203;//evil.example");
        assert_eq!(prose("[x](y)<b>"), "&#91;x&#93;(y)&#60;b&#62;");
        assert_eq!(prose(":tada:"), ":&#8203;tada:");
        assert_eq!(prose("at deadbeef1"), "at `deadbeef1`");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fence("a\n```\n````b"), "`````text\na\n```\n````b\n`````\n");
    }
}
