use super::subject::Subject;
use super::variables::{Expanded, expand, loosest};
use crate::pattern::{self, Token};
use crate::{Resources, Version};

/// How many colons stand before the resource part of an ARN.
const COLONS: usize = 5;

pub(super) fn matches(resources: &Resources, version: Version, subject: &Subject<'_>) -> bool {
    let value = subject.request.resource.as_str();
    let listed = resources.patterns.iter().any(|pattern| {
        let pattern = pattern.value.as_str();
        if version == Version::V2008 || !pattern.contains("${") {
            return resource_matches(pattern, value);
        }
        // Variables stand in the resource part only; before it the text is as written.
        let split = pattern.match_indices(':').nth(COLONS - 1).map_or(pattern.len(), |(at, _)| at + 1);
        let (head, tail) = pattern.split_at_checked(split).unwrap_or((pattern, ""));
        match expand(tail, version, subject) {
            Expanded::Literal(_) => resource_matches(pattern, value),
            Expanded::Tokens(tail) => {
                let tokens: Vec<Token> = head.bytes().map(Token::of).chain(tail).collect();
                tokens_match(&tokens, value)
            }
            Expanded::Unresolvable => false,
        }
    });
    listed != resources.not
}

/// Whether the pattern of a `Resource` element matches a resource, an ARN or `*`.
///
/// `*` and `?` match within a part of the ARN; a `*` that ends a part also matches beyond its colon, and in the
/// resource part everything matches beyond everything. Case matters. The resource `*` is what actions have that know
/// no resource: only the pattern `*` matches it (IAM user guide, "IAM JSON policy elements: Resource").
pub fn resource_matches(pattern: &str, resource: &str) -> bool {
    if !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*') {
        return true;
    }
    if resource == "*" {
        return false;
    }
    if crosses_freely(pattern.as_bytes().iter().copied().map(Token::of)) {
        return pattern::matches(pattern.as_bytes(), resource.as_bytes(), false);
    }
    let tokens: Vec<Token> = pattern.bytes().map(Token::of).collect();
    simulate(&tokens, resource)
}

/// Whether the pattern of a `Resource` element matches a resource for some values of its policy variables.
pub(crate) fn resource_may_match(pattern: &str, version: Version, resource: &str) -> bool {
    let split = pattern.match_indices(':').nth(COLONS - 1).map_or(pattern.len(), |(at, _)| at + 1);
    let (head, tail) = pattern.split_at_checked(split).unwrap_or((pattern, ""));
    let mut tokens: Vec<Token> = head.bytes().map(Token::of).collect();
    tokens.extend(loosest(tail, version, true));
    tokens_match(&tokens, resource)
}

fn tokens_match(pattern: &[Token], resource: &str) -> bool {
    if !pattern.is_empty() && pattern.iter().all(|token| *token == Token::Any) {
        return true;
    }
    if resource == "*" {
        return false;
    }
    if crosses_freely(pattern.iter().copied()) {
        return pattern::matches(pattern, resource.as_bytes(), false);
    }
    simulate(pattern, resource)
}

/// Whether no wildcard is confined to its part, so that the plain matcher answers.
fn crosses_freely(tokens: impl Iterator<Item = Token>) -> bool {
    let mut tokens = tokens.peekable();
    let mut colons = 0;
    while let Some(token) = tokens.next() {
        if colons == COLONS {
            return true;
        }
        match token {
            Token::Byte(b':') => colons += 1,
            Token::Any if ends_part(tokens.peek().copied()) => {}
            Token::Any | Token::One => return false,
            Token::Byte(_) => {}
        }
    }
    true
}

/// Whether a wildcard before this token is the last of its part.
fn ends_part(next: Option<Token>) -> bool {
    matches!(next, None | Some(Token::Byte(b':')))
}

/// Follows every way to match at once, because a `*` that may not cross a colon and one that may do not allow the
/// short cut of the plain matcher.
fn simulate(pattern: &[Token], resource: &str) -> bool {
    let mut confined = Vec::with_capacity(pattern.len());
    let mut colons = 0;
    for (at, token) in pattern.iter().enumerate() {
        let ends = *token == Token::Any && ends_part(pattern.get(at + 1).copied());
        confined.push(colons < COLONS && !ends);
        colons += usize::from(*token == Token::Byte(b':'));
    }

    // `here[n]`: the first `n` tokens match what was read so far.
    let mut here = vec![false; pattern.len() + 1];
    let mut next = here.clone();
    if let Some(start) = here.first_mut() {
        *start = true;
    }
    for byte in resource.bytes() {
        skip_stars(pattern, &mut here);
        next.fill(false);
        let inside = (0x80..0xC0).contains(&byte);
        let mut arrived_by_one = false;
        for (at, (token, confined)) in pattern.iter().zip(&confined).enumerate() {
            let live = here.get(at).copied().unwrap_or_default();
            // The rest of a character that a `?` took the first byte of.
            if live && inside && arrived_by_one {
                mark(&mut next, at);
            }
            let blocked = *confined && byte == b':';
            match token {
                Token::Byte(wanted) if live && *wanted == byte => mark(&mut next, at + 1),
                Token::One if live && !inside && !blocked => mark(&mut next, at + 1),
                Token::Any if live && !blocked => mark(&mut next, at),
                _ => {}
            }
            arrived_by_one = *token == Token::One;
        }
        if inside && arrived_by_one && here.last().copied().unwrap_or_default() {
            mark(&mut next, pattern.len());
        }
        std::mem::swap(&mut here, &mut next);
    }
    skip_stars(pattern, &mut here);
    here.last().copied().unwrap_or_default()
}

/// A `*` may match nothing.
fn skip_stars(pattern: &[Token], states: &mut [bool]) {
    for (at, token) in pattern.iter().enumerate() {
        if *token == Token::Any && states.get(at).copied().unwrap_or_default() {
            mark(states, at + 1);
        }
    }
}

fn mark(states: &mut [bool], at: usize) {
    if let Some(state) = states.get_mut(at) {
        *state = true;
    }
}
