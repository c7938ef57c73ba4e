//! How patterns compare: whether two have a text in common, and whether one takes in all of another.

use super::Budget;
use super::language::{Class, Language, Token};
use super::partition::Partition;
use crate::Version;

/// How many steps it may take to tell that one language is in another.
const STEPS: usize = 200_000;

/// Whether some text matches both of two patterns with `*` and `?`; `fold` where case does not matter.
pub(crate) fn globs_meet(one: &str, other: &str, fold: bool) -> bool {
    // Most patterns begin differently, and many are equal so far as both are literal.
    let mut shared = 0;
    for (left, right) in one.bytes().zip(other.bytes()) {
        if matches!(left, b'*' | b'?') || matches!(right, b'*' | b'?') {
            break;
        }
        if left != right && !(fold && left.eq_ignore_ascii_case(&right)) {
            return false;
        }
        shared += 1;
    }
    // Both are equal so far, so that this is no place within a character.
    let (one, other) = (one.get(shared..).unwrap_or(one), other.get(shared..).unwrap_or(other));
    if one == "*" || other == "*" {
        return true;
    }
    if one.is_empty() || other.is_empty() {
        let rest = if one.is_empty() { other } else { one };
        return rest.bytes().all(|byte| byte == b'*');
    }
    Language::glob(one, fold).meets(&Language::glob(other, fold))
}

/// Whether every text that `inner` matches is matched by `outer`, as patterns with `*` and `?`. Certain where it says
/// so; it only fails to where that takes too long.
pub(crate) fn glob_is_within(inner: &str, outer: &str, fold: bool) -> bool {
    let literal = |text: &str| text.find(['*', '?']).unwrap_or(text.len());
    let known = outer.get(..literal(outer)).unwrap_or_default();
    let begins = inner
        .get(..known.len())
        .is_some_and(|start| start == known || fold && start.eq_ignore_ascii_case(known));
    begins && Language::glob(inner, fold).is_within(&Language::glob(outer, fold))
}

/// Whether every resource that one pattern of a `Resource` element matches is matched by another. Certain where it
/// says so.
pub(crate) fn resource_is_within(inner: &str, outer: &str, version: Version) -> bool {
    let is_star = |pattern: &str| !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*');
    if inner == outer || is_star(outer) {
        return true;
    }
    // The resource `*` is matched by nothing else.
    if is_star(inner) {
        return false;
    }
    let ((narrow, _), (wide, varies)) =
        (Language::any_resource(inner, version), Language::any_resource(outer, version));
    // What a variable stands for is the same in both only where both are the same text.
    !varies && narrow.is_within(&wide)
}

/// Whether a pattern of a `Resource` element may match an ARN of which some parts are unknown, each written as `unknown`.
/// They are names and ids, which have no colon.
pub(crate) fn resource_may_be(pattern: &str, version: Version, arn: &str, unknown: char) -> bool {
    let (matched, varies) = Language::any_resource(pattern, version);
    varies || matched.meets(&Language::template(arn, &[(unknown, Token::Many(Class::Part))]))
}

impl Language {
    /// Whether some text is in both.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.0.iter().any(|mine| other.0.iter().any(|theirs| meet(mine, theirs)))
    }

    /// Whether every text of it is in another one. Certain where it says so; it only fails to where that takes too
    /// long.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.0.iter().all(|pattern| {
            if other.0.iter().any(|wider| absorbs(wider, pattern)) {
                return true;
            }
            // A text of it shows at once that it is not, most of the time.
            let samples = [sample(pattern, ""), sample(pattern, "zq")];
            if samples.iter().flatten().any(|text| !other.holds(text)) {
                return false;
            }
            let domain = Self(vec![pattern.clone()]);
            let groups =
                Budget::ask(STEPS, |budget| Partition::of(&domain, std::slice::from_ref(other), budget));
            groups.is_ok_and(|groups| groups.groups.iter().all(|group| group.within.contains(0)))
        })
    }

    /// Whether a text is in it.
    fn holds(&self, text: &str) -> bool {
        self.meets(&Self::literal(text))
    }
}

/// Whether some text matches both lists of tokens.
fn meet(left: &[Token], right: &[Token]) -> bool {
    let is_many = |token: Option<&Token>| matches!(token, Some(Token::Many(_)));
    let get = |row: &[bool], at: usize| row.get(at).copied().unwrap_or_default();
    // `below[to]`: what follows in `left`, and `right[to..]`, have a text in common; filled from the end.
    let mut below = vec![false; right.len() + 1];
    for from in (0..=left.len()).rev() {
        let mut row = vec![false; right.len() + 1];
        let one = left.get(from);
        for to in (0..=right.len()).rev() {
            let other = right.get(to);
            let common = match (one, other) {
                (None, None) => true,
                // What may be left out is, or takes the next character of the other.
                _ if is_many(one) && get(&below, to) || is_many(other) && get(&row, to + 1) => true,
                (Some(mine), Some(theirs)) if mine.shares(*theirs) => match (is_many(one), is_many(other)) {
                    (true, true) => false,
                    (true, false) => get(&row, to + 1),
                    (false, true) => get(&below, to),
                    (false, false) => get(&below, to + 1),
                },
                _ => false,
            };
            if let Some(slot) = row.get_mut(to) {
                *slot = common;
            }
        }
        below = row;
    }
    get(&below, 0)
}

/// Whether one list of tokens matches another one read as a text, of which every wildcard is a character that only a
/// wildcard of its kind takes: then it matches all that the other one does.
fn absorbs(wider: &[Token], pattern: &[Token]) -> bool {
    let mut here = vec![false; wider.len() + 1];
    let skip = |states: &mut Vec<bool>| {
        for (at, token) in wider.iter().enumerate() {
            if matches!(token, Token::Many(_))
                && states.get(at).copied().unwrap_or_default()
                && let Some(next) = states.get_mut(at + 1)
            {
                *next = true;
            }
        }
    };
    if let Some(start) = here.first_mut() {
        *start = true;
    }
    skip(&mut here);
    for symbol in pattern {
        let mut next = vec![false; wider.len() + 1];
        for (at, token) in wider.iter().enumerate() {
            if !here.get(at).copied().unwrap_or_default() {
                continue;
            }
            let to = match (*token, *symbol) {
                (Token::Many(class), Token::Char(..) | Token::One(_) | Token::Many(_)) => {
                    symbol.is_of(class).then_some(at)
                }
                (Token::One(class), Token::Char(..) | Token::One(_)) => symbol.is_of(class).then_some(at + 1),
                (Token::Char(own, fold), Token::Char(char, folded)) => (own == char && (fold || !folded)
                    || fold && own.eq_ignore_ascii_case(&char))
                .then_some(at + 1),
                _ => None,
            };
            if let Some(state) = to.and_then(|to| next.get_mut(to)) {
                *state = true;
            }
        }
        skip(&mut next);
        here = next;
    }
    here.last().copied().unwrap_or_default()
}

/// A text of a pattern, with something in the place of what may be any number of characters; `None` where that does
/// not fit.
fn sample(pattern: &[Token], filling: &str) -> Option<String> {
    let mut text = String::new();
    for token in pattern {
        match *token {
            Token::Char(char, _) => text.push(char),
            Token::One(class) => text.push(['z', '7', '='].into_iter().find(|char| class.contains(*char))?),
            Token::Many(class) if filling.chars().all(|char| class.contains(char)) => text.push_str(filling),
            Token::Many(_) => {}
        }
    }
    Some(text)
}

impl Token {
    /// Whether some character is both.
    fn shares(self, other: Self) -> bool {
        match (self, other) {
            (Self::Char(one, fold), Self::Char(other, folded)) => {
                one == other || (fold || folded) && one.eq_ignore_ascii_case(&other)
            }
            (Self::Char(char, fold), Self::One(class) | Self::Many(class))
            | (Self::One(class) | Self::Many(class), Self::Char(char, fold)) => {
                class.contains(char)
                    || fold
                        && (class.contains(char.to_ascii_lowercase())
                            || class.contains(char.to_ascii_uppercase()))
            }
            (Self::One(one) | Self::Many(one), Self::One(other) | Self::Many(other)) => one.shares(other),
        }
    }

    /// Whether all that it stands for is of a class.
    fn is_of(self, class: Class) -> bool {
        match self {
            Self::Char(char, false) => class.contains(char),
            Self::Char(char, true) => {
                class.contains(char.to_ascii_lowercase()) && class.contains(char.to_ascii_uppercase())
            }
            Self::One(own) | Self::Many(own) => own.is_within(class),
        }
    }
}

impl Class {
    fn shares(self, other: Self) -> bool {
        self == Self::Any
            || other == Self::Any
            || ascii().any(|char| self.contains(char) && other.contains(char))
    }

    /// What a class has beyond ASCII is all or nothing, so that one such character speaks for all.
    fn is_within(self, other: Self) -> bool {
        self == other
            || other == Self::Any
            || ascii().chain(['\u{a1}']).all(|char| !self.contains(char) || other.contains(char))
    }
}

fn ascii() -> impl Iterator<Item = char> {
    (0..=0x7F_u8).map(char::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{glob_is_within, globs_meet, resource_is_within};
    use crate::{Version, glob, glob_ignore_case};

    #[test]
    fn a_wildcard_takes_any_number_of_characters_where_the_other_has_some() {
        for (inner, outer, within) in [
            ("*b", "?*", true),
            ("b*", "?*", true),
            ("*?", "?*", true),
            ("*", "?*", false),
            ("a*", "a?*", false),
            ("a?", "a*", true),
            ("aé", "a?", true),
            ("é", "??", false),
        ] {
            assert_eq!(glob_is_within(inner, outer, false), within, "{inner} in {outer}");
        }
        assert!(glob_is_within("EC2:Run*", "ec2:r*", true) && !glob_is_within("EC2:Run*", "ec2:r*", false));
        assert!(globs_meet("s3:*Object", "S3:Get*", true) && !globs_meet("s3:*Object", "s3:Get*Acl", true));
        assert!(globs_meet("é", "?", false), "a character is one, however many bytes it has");
    }

    /// A `*` that ends a part of an ARN matches beyond its colon (IAM user guide, "IAM JSON policy elements: Resource").
    #[test]
    fn the_parts_of_arns_bound_wildcards_within_them_only() {
        let within = |inner: &str, outer: &str| resource_is_within(inner, outer, Version::V2012);
        assert!(within("arn:aws:logs:*:*:log-group:/app/x*", "arn:aws:logs:*:*:/app/x*"));
        assert!(!within("arn:aws:logs:*:*:/app/x*", "arn:aws:logs:*:*:log-group:/app/x*"));
        assert!(within("arn:aws:s3:::logs*/*", "arn:aws:s3:::logs*"));
        assert!(!within("arn:aws:ec2:eu-west-1:1:instance/*", "arn:aws:ec2:eu-west-?1:1:instance/*"));
        assert!(within("arn:aws:sqs:eu-west-1:1:q", "arn:aws:sqs:eu-west-?:1:*"));
        assert!(!within("*", "arn:*:*:*:*:*"), "the resource `*` is no ARN");
        assert!(within("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/*"));
        assert!(!within("arn:aws:s3:::b/x", "arn:aws:s3:::b/${aws:username}"));
    }

    proptest! {
        #[test]
        fn patterns_with_a_common_text_meet(left in "[aB*?é]{0,6}", right in "[aB*?é]{0,6}", text in "[aBé]{0,6}") {
            for fold in [false, true] {
                let matches = |pattern: &str| if fold { glob_ignore_case(pattern, &text) } else { glob(pattern, &text) };
                if matches(&left) && matches(&right) {
                    prop_assert!(globs_meet(&left, &right, fold));
                }
                if glob_is_within(&left, &right, fold) && matches(&left) {
                    prop_assert!(matches(&right));
                }
            }
            // A pattern without wildcards is a text.
            if !left.contains(['*', '?']) {
                prop_assert_eq!(globs_meet(&left, &right, false), glob(&right, &left));
                prop_assert_eq!(glob_is_within(&left, &right, false), glob(&right, &left));
            }
        }

        /// Up to some length every text is tried.
        #[test]
        fn what_is_within_is_found(inner in "[ab*?]{0,4}", outer in "[ab*?]{0,4}") {
            let mut texts = vec![String::new()];
            for _ in 0..6 {
                let longer: Vec<String> = texts.iter().flat_map(|text| ["a", "b", "c"].map(|char| format!("{text}{char}"))).collect();
                texts.extend(longer);
                texts.sort();
                texts.dedup();
            }
            let all = texts.iter().all(|text| !glob(&inner, text) || glob(&outer, text));
            prop_assert_eq!(glob_is_within(&inner, &outer, false), all);
            let some = texts.iter().any(|text| glob(&inner, text) && glob(&outer, text));
            prop_assert!(!some || globs_meet(&inner, &outer, false));
        }
    }
}
