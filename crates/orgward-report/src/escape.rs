//! Makes visible what a reader would not see, or what a terminal would obey.
//!
//! Names, messages and documents come from a plan, and the author of a plan may be whom the review is meant
//! to stop: an escape sequence must not be able to forge a verdict, a bidirectional control to turn a name
//! around, a zero-width character to make two names look alike.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character is invisible or commands the terminal.
pub(crate) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}'                        // soft hyphen
            | '\u{34f}'                     // combining grapheme joiner
            | '\u{61c}'                     // Arabic letter mark
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // Hangul fillers
            | '\u{17b4}' | '\u{17b5}'       // Khmer inherent vowels
            | '\u{180b}'..='\u{180f}'       // Mongolian selectors and separator
            | '\u{200b}'..='\u{200f}'       // zero width, direction marks
            | '\u{2028}'..='\u{202e}'       // line and paragraph separator, bidirectional controls
            | '\u{2060}'..='\u{206f}'       // word joiner, invisible operators, isolates
            | '\u{fe00}'..='\u{fe0f}'       // variation selectors
            | '\u{feff}'                    // byte order mark
            | '\u{fff0}'..='\u{fffb}'       // interlinear annotation
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' // shorthand and musical controls
            | '\u{e0000}'..='\u{e0fff}'     // tags, more variation selectors
        )
}

/// Writes one character as a reader shall see it.
pub(crate) fn push(out: &mut String, character: char) {
    if is_hidden(character) {
        // Writing to a string cannot fail.
        let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
    } else {
        out.push(character);
    }
}

/// A text of one line as a reader shall see it: what is invisible, commands the terminal, or breaks the line is
/// shown as `\u{…}`, and so is what commands the runner of a job that reads its log (`::error::`, `##[error]`).
pub fn line(text: &str) -> Cow<'_, str> {
    if !text.contains("::") && !text.contains("##") && !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        // A command of a runner stands at the beginning of a line, and lines are broken at spaces.
        let begins = character == ':' && before == ' ' && rest.as_str().starts_with(':');
        if begins || (character == '#' && before == '#') {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        } else {
            push(&mut out, character);
        }
        before = character;
    }
    Cow::Owned(out)
}

/// Finished lines of a document in which nothing is left that commands the runner of a job. As long as before, so
/// that what is underlined stays so.
pub(crate) fn log(text: &str) -> String {
    text.replace("##", "\\#")
}

/// Adds to a text that is put together from parts.
pub(crate) fn append(text: &mut String, part: &str) {
    text.push_str(part);
}

/// Escapes hidden characters of finished JSON. They occur in strings only, where `\u…` means the same.
pub(crate) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut units = [0; 2];
    for character in text.chars() {
        // The writer's own line breaks; those of strings it has escaped already.
        if character == '\n' || !is_hidden(character) {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    // The runner of a job obeys `##[…]` anywhere in its log.
    out.replace("##", "#\\u0023")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_text_is_left_alone() {
        assert!(matches!(line("aws_iam_role.größe[\"ü-1\"]"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_command_of_a_runner_is_shown() {
        assert_eq!(line("::error::x ::y arn:aws:iam::1"), r"\u{3a}:error::x \u{3a}:y arn:aws:iam::1");
        assert_eq!(line("a##[error]b###"), r"a#\u{23}[error]b#\u{23}\u{23}");
        assert_eq!(json("\"##[error]###\""), "\"#\\u0023[error]#\\u0023#\"");
    }

    #[test]
    fn an_escape_sequence_is_shown() {
        assert_eq!(line("a\u{1b}[2Jb\u{9b}31m\r\n\u{7}\u{7f}"), r"a\u{1b}[2Jb\u{9b}31m\u{d}\u{a}\u{7}\u{7f}");
    }

    #[test]
    fn a_name_that_reads_backwards_is_shown() {
        assert_eq!(
            line("a\u{202e}b\u{2066}c\u{200b}d\u{2028}e\u{feff}"),
            r"a\u{202e}b\u{2066}c\u{200b}d\u{2028}e\u{feff}"
        );
    }

    #[test]
    fn escaped_json_means_the_same() {
        let value = serde_json::json!({ "a\u{202e}\u{9b}": "\u{e0041}\u{7f}\u{1b}\n\"\\ü" });
        let escaped = json(&value.to_string());
        assert!(escaped.chars().all(|character| !is_hidden(character)), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }
}
