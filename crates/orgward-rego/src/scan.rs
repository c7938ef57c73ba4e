//! Which rules a file asks, by the names that Conftest uses, and where they are written.

/// What the name of a rule that is asked begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Deny,
    Violation,
    Warn,
}

/// A rule that is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// The line, from 1.
    pub(crate) line: usize,
}

/// A name in a file: `deny`, `input.a`, `data.lib.f`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Word<'t> {
    pub(crate) text: &'t str,
    /// The line, from 1.
    pub(crate) line: usize,
    /// Whether it begins a definition: outside of all brackets, and the first of its line.
    pub(crate) is_head: bool,
    /// Whether a bracket of arguments follows.
    pub(crate) is_called: bool,
}

/// The names of a file, without those in comments and texts.
pub(crate) fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let (mut depth, mut line, mut fresh) = (0_i32, 1, true);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let width = match next {
            '\n' => {
                (line, fresh) = (line + 1, true);
                1
            }
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '`' => {
                fresh = false;
                let (width, lines) = text_at(rest, next);
                line += lines;
                width
            }
            '{' | '[' | '(' => {
                (depth, fresh) = (depth + 1, false);
                1
            }
            '}' | ']' | ')' => {
                (depth, fresh) = (depth - 1, false);
                1
            }
            letter if letter.is_ascii_alphabetic() || letter == '_' => {
                let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
                let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
                let (text, after) = rest.split_at(end);
                let is_called = after.trim_start_matches([' ', '\t']).starts_with('(');
                words.push(Word { text, line, is_head: fresh && depth == 0, is_called });
                // `default deny := false` declares the rule, too.
                fresh = fresh && text == "default";
                end
            }
            other => {
                fresh = fresh && other.is_whitespace();
                other.len_utf8()
            }
        };
        rest = rest.get(width..).unwrap_or_default();
    }
    words
}

/// What the name of a rule says: `deny`, `deny_public`, `violation`, `warn`.
pub(crate) fn kind_of(name: &str) -> Option<Kind> {
    [("deny", Kind::Deny), ("violation", Kind::Violation), ("warn", Kind::Warn)].into_iter().find_map(
        |(word, kind)| {
            let rest = name.strip_prefix(word)?;
            (rest.is_empty() || rest.len() > 1 && rest.starts_with('_')).then_some(kind)
        },
    )
}

/// The rules of a file that are asked, each once, where it is written first. What takes arguments is a function, which
/// only other rules call.
pub(crate) fn heads(text: &str) -> Vec<Head> {
    let mut heads: Vec<Head> = Vec::new();
    for word in words(text).into_iter().filter(|word| word.is_head && !word.is_called) {
        let Some(kind) = kind_of(word.text).filter(|_| !heads.iter().any(|head| head.name == word.text))
        else {
            continue;
        };
        heads.push(Head { kind, name: word.text.to_owned(), line: word.line });
    }
    heads
}

/// How long a text in quotes is, and how many lines it ends.
fn text_at(rest: &str, quote: char) -> (usize, usize) {
    let (mut escaped, mut lines) = (false, 0);
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            '\n' => lines += 1,
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            _ if letter == quote => return (at + 1, lines),
            _ => {}
        }
    }
    (rest.len(), lines)
}

#[cfg(test)]
mod tests {
    use super::heads;

    #[test]
    fn rules_are_found_in_both_versions_of_the_language() {
        let text = "package main\n# deny_comment\ndeny[msg] {\n  deny_inside\n  msg := \"} deny_text\"\n}\nviolation[{\"msg\": msg}] { msg := `\n deny_raw` }\nwarn_tags contains msg if { true }\ndeny_function(x) := x\ndenylist := []\ndefault deny_bool := false\ndeny[msg] { false }\n  deny_indented if true\n";
        let found: Vec<(String, usize)> =
            heads(text).into_iter().map(|head| (head.name, head.line)).collect();
        let expected =
            [("deny", 3), ("violation", 7), ("warn_tags", 9), ("deny_bool", 12), ("deny_indented", 14)];
        assert_eq!(found, expected.map(|(name, line)| (name.to_owned(), line)));
    }
}
