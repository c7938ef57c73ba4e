//! Patterns with `*` and `?`.

/// One piece of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Token {
    /// A byte that stands for itself.
    Byte(u8),
    /// `?`: one character.
    One,
    /// `*`: any number of characters.
    Any,
}

impl Token {
    /// What a byte of a pattern means.
    pub(crate) const fn of(byte: u8) -> Self {
        match byte {
            b'*' => Self::Any,
            b'?' => Self::One,
            byte => Self::Byte(byte),
        }
    }

    /// The byte that was written.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Any => b'*',
            Self::One => b'?',
            Self::Byte(byte) => byte,
        }
    }
}

/// A pattern: text in which every `*` and `?` is a wildcard, or tokens where values were put in for policy
/// variables and stay literal.
pub(crate) trait Tokens {
    /// The token at a position, `None` at the end.
    fn token(&self, at: usize) -> Option<Token>;
}

impl Tokens for [u8] {
    fn token(&self, at: usize) -> Option<Token> {
        self.get(at).map(|byte| Token::of(*byte))
    }
}

impl Tokens for [Token] {
    fn token(&self, at: usize) -> Option<Token> {
        self.get(at).copied()
    }
}

/// Whether a pattern matches the whole of a text. `*` stands for any number of characters and `?` for one,
/// whatever they are; everything else is compared byte by byte.
pub fn glob(pattern: &str, text: &str) -> bool {
    matches(pattern.as_bytes(), text.as_bytes(), false)
}

/// [`glob`] that does not tell ASCII upper case from lower case.
pub fn glob_ignore_case(pattern: &str, text: &str) -> bool {
    matches(pattern.as_bytes(), text.as_bytes(), true)
}

/// Whether a pattern matches all texts that begin with `prefix` and go on, or none of them; `None` when that depends on
/// how they go on.
///
/// ```
/// use orgward_iam::glob_prefix;
/// assert_eq!(glob_prefix("app-*", "app-web-"), Some(true));
/// assert_eq!(glob_prefix("app-*", "other-"), Some(false));
/// assert_eq!(glob_prefix("app-*-ci", "app-web-"), None);
/// ```
pub fn glob_prefix(pattern: &str, prefix: &str) -> Option<bool> {
    let pattern = pattern.as_bytes();
    // The places of the pattern that a text can have reached, those behind a `*` included.
    let reach = |at: usize, reached: &mut Vec<usize>| {
        for at in at..=pattern.len() {
            if !reached.contains(&at) {
                reached.push(at);
            }
            if pattern.token(at) != Some(Token::Any) {
                break;
            }
        }
    };
    let mut reached = Vec::new();
    reach(0, &mut reached);
    for &byte in prefix.as_bytes() {
        let mut next = Vec::new();
        for at in reached {
            match pattern.token(at) {
                Some(Token::Any) => reach(at, &mut next),
                Some(Token::One) => reach(at + 1, &mut next),
                Some(Token::Byte(known)) if known == byte => reach(at + 1, &mut next),
                Some(Token::Byte(_)) | None => {}
            }
        }
        reached = next;
    }
    let goes_on = reached.into_iter().filter(|at| *at < pattern.len());
    let rests: Vec<&[u8]> = goes_on.filter_map(|at| pattern.get(at..)).collect();
    let takes_all = rests.iter().any(|rest| rest.iter().all(|byte| *byte == b'*'));
    if takes_all { Some(true) } else { rests.is_empty().then_some(false) }
}

/// The one matcher. It never goes back further than to the last `*`, because an earlier `*` cannot reach
/// anything that the last one cannot; so it takes at most pattern × text steps and no stack.
pub(crate) fn matches<P: Tokens + ?Sized>(pattern: &P, text: &[u8], fold: bool) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        match (pattern.token(at), text.get(from)) {
            (Some(Token::Any), _) => {
                at += 1;
                if pattern.token(at).is_none() {
                    return true;
                }
                star = Some((at, from));
                continue;
            }
            (Some(Token::One), Some(lead)) => {
                at += 1;
                from += width(*lead);
                continue;
            }
            (Some(Token::Byte(wanted)), Some(byte))
                if wanted == *byte || (fold && wanted.eq_ignore_ascii_case(byte)) =>
            {
                at += 1;
                from += 1;
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((after, start)) = star else { return false };
        let Some(lead) = text.get(start) else { return false };
        let next = start + width(*lead);
        star = Some((after, next));
        (at, from) = (after, next);
    }
}

/// How many bytes the character with this first byte has.
const fn width(lead: u8) -> usize {
    match lead {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{glob, glob_ignore_case};

    /// The definition, without any thought of speed.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', rest @ ..] => (0..=text.len()).any(|skip| naive(rest, &text[skip..])),
            ['?', rest @ ..] => !text.is_empty() && naive(rest, &text[1..]),
            [wanted, rest @ ..] => text.first() == Some(wanted) && naive(rest, &text[1..]),
        }
    }

    #[test]
    fn characters_are_not_bytes() {
        assert!(glob("?", "é"));
        assert!(!glob("??", "é"));
        assert!(!glob("*??", "€"));
        assert!(glob("*?", "€"));
    }

    #[test]
    fn case() {
        assert!(!glob("Get*", "getobject"));
        assert!(glob_ignore_case("Get*t", "getObjecT"));
    }

    #[test]
    fn many_stars_end_in_time() {
        let text = "a".repeat(20_000);
        assert!(!glob(&format!("{}b", "a*".repeat(200)), &text));
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab*?é]{0,8}", text in "[abé]{0,8}") {
            let naive = naive(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
            prop_assert_eq!(glob(&pattern, &text), naive);
        }
    }
}
