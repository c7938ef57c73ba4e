use super::subject::{Subject, Value};
use crate::Version;
use crate::pattern::Token;

/// A text of a policy with its variables resolved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Expanded<'a> {
    /// It has no variables.
    Literal(&'a str),
    /// What it is now. Values that were put in have no wildcards.
    Tokens(Vec<Token>),
    /// A variable has no value, or more than one.
    Unresolvable,
}

/// Resolves `${key}`, `${key, 'default'}`, `${*}`, `${?}` and `${$}` (IAM user guide, "IAM policy elements: Variables
/// and tags").
pub(super) fn expand<'a>(text: &'a str, version: Version, subject: &Subject<'_>) -> Expanded<'a> {
    if version == Version::V2008 || !text.contains("${") {
        return Expanded::Literal(text);
    }
    let mut tokens = Vec::with_capacity(text.len());
    for piece in Pieces(text) {
        match piece {
            Piece::Text(text) => tokens.extend(text.bytes().map(Token::of)),
            Piece::Variable(inner @ ("*" | "?" | "$")) => tokens.extend(inner.bytes().map(Token::Byte)),
            Piece::Variable(inner) => {
                let (key, default) = key_and_default(inner);
                match (subject.value(key), default) {
                    (Some(Value::One(value)), _) => tokens.extend(value.bytes().map(Token::Byte)),
                    (None, Some(default)) => tokens.extend(default.bytes().map(Token::Byte)),
                    (Some(Value::Many(_)) | None, _) => return Expanded::Unresolvable,
                }
            }
        }
    }
    Expanded::Tokens(tokens)
}

/// The keys that the variables of a text name.
pub(crate) fn keys(text: &str) -> impl Iterator<Item = &str> {
    Pieces(text).filter_map(|piece| match piece {
        Piece::Text(_) | Piece::Variable("*" | "?" | "$") => None,
        Piece::Variable(inner) => Some(key_and_default(inner).0),
    })
}

/// A text with the values of some keys in the place of their variables; `None` when one of these has no value.
pub(crate) fn fill<'v>(text: &str, value: impl Fn(&str) -> Option<Option<&'v str>>) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    for piece in Pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Variable(inner @ ("*" | "?" | "$")) => out.extend(["${", inner, "}"]),
            Piece::Variable(inner) => {
                let (key, default) = key_and_default(inner);
                match value(key) {
                    Some(Some(value)) => out.push_str(value),
                    Some(None) => out.push_str(default?),
                    None => out.extend(["${", inner, "}"]),
                }
            }
        }
    }
    Some(out)
}

/// A text that a value of a policy matches: variables are resolved, and wildcards match as little as they can.
/// `None` when a variable has no value.
pub(crate) fn resolved(text: &str, version: Version, subject: &Subject<'_>) -> Option<String> {
    let tokens: Vec<Token> = match expand(text, version, subject) {
        Expanded::Literal(text) => text.bytes().map(Token::of).collect(),
        Expanded::Tokens(tokens) => tokens,
        Expanded::Unresolvable => return None,
    };
    let bytes = tokens.into_iter().filter_map(|token| match token {
        Token::Byte(byte) => Some(byte),
        Token::One => Some(b'x'),
        Token::Any => None,
    });
    String::from_utf8(bytes.collect()).ok()
}

/// One piece of a pattern in which no variable is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// A character that stands for itself.
    Char(char),
    /// `?`.
    One,
    /// `*`.
    Any,
    /// A variable, whose value depends on the request.
    Variable,
}

/// A text of a policy taken apart, its variables among the parts.
pub(crate) fn all_parts(text: &str, version: Version) -> Vec<Part> {
    let plain = |text: &str, parts: &mut Vec<Part>| {
        parts.extend(text.chars().map(|char| match char {
            '*' => Part::Any,
            '?' => Part::One,
            char => Part::Char(char),
        }));
    };
    let mut parts = Vec::with_capacity(text.len());
    if version == Version::V2008 {
        plain(text, &mut parts);
        return parts;
    }
    for piece in Pieces(text) {
        match piece {
            Piece::Text(text) => plain(text, &mut parts),
            Piece::Variable(inner @ ("*" | "?" | "$")) => parts.extend(inner.chars().map(Part::Char)),
            Piece::Variable(_) => parts.push(Part::Variable),
        }
    }
    parts
}

/// A pattern that matches whatever a text matches, whatever the values of its variables. `wild` says whether `*` and
/// `?` of the text are wildcards.
pub(super) fn loosest(text: &str, version: Version, wild: bool) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len());
    let mut bytes = [0; 4];
    for part in all_parts(text, version) {
        match part {
            Part::Variable => tokens.push(Token::Any),
            Part::Any if wild => tokens.push(Token::Any),
            Part::One if wild => tokens.push(Token::One),
            Part::Any => tokens.push(Token::Byte(b'*')),
            Part::One => tokens.push(Token::Byte(b'?')),
            Part::Char(char) => tokens.extend(char.encode_utf8(&mut bytes).bytes().map(Token::Byte)),
        }
    }
    tokens
}

fn key_and_default(inner: &str) -> (&str, Option<&str>) {
    match inner.split_once(',') {
        Some((key, default)) => {
            let default = default.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            (key.trim(), default)
        }
        None => (inner.trim(), None),
    }
}

enum Piece<'a> {
    Text(&'a str),
    /// What stands between `${` and `}`.
    Variable(&'a str),
}

/// The pieces of a text. A `${` that is never closed is text.
struct Pieces<'a>(&'a str);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let text = self.0;
        if text.is_empty() {
            return None;
        }
        let open = text.find("${").filter(|open| text.get(*open..).is_some_and(|rest| rest.contains('}')));
        match open {
            Some(0) => {
                let (inner, rest) = text.strip_prefix("${").and_then(|rest| rest.split_once('}'))?;
                self.0 = rest;
                Some(Piece::Variable(inner))
            }
            open => {
                let (piece, rest) = text.split_at_checked(open.unwrap_or(text.len()))?;
                self.0 = rest;
                Some(Piece::Text(piece))
            }
        }
    }
}
