//! Sets of texts that are written with wildcards.

use crate::matching::{Part, all_parts, variable_keys};
use crate::{BaseOperator, Version};

/// A kind of character.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Class {
    /// Every character.
    Any,
    /// All but `:`.
    Part,
    /// All but `:` and `/`.
    Name,
    /// `0` to `9`.
    Digit,
    /// What services, regions and partitions are written with.
    Label,
    /// What names of actions are written with.
    Word,
    /// What names of principals are written with.
    Principal,
    /// What paths of principals are written with: all of ASCII that leaves ink, colons too.
    Path,
    /// `=`.
    Padding,
}

impl Class {
    const ALL: [Self; 9] = [
        Self::Any,
        Self::Part,
        Self::Name,
        Self::Digit,
        Self::Label,
        Self::Word,
        Self::Principal,
        Self::Path,
        Self::Padding,
    ];

    /// The bit that stands for it.
    pub(super) const fn mark(self) -> u16 {
        1 << self as u16
    }

    /// The classes that a character is in.
    pub(super) fn marks(char: char) -> u16 {
        Self::ALL.into_iter().filter(|class| class.contains(char)).map(Self::mark).sum()
    }

    pub(super) fn contains(self, char: char) -> bool {
        match self {
            Self::Any => true,
            Self::Part => char != ':',
            Self::Name => !matches!(char, ':' | '/'),
            Self::Digit => char.is_ascii_digit(),
            Self::Label => matches!(char, 'a'..='z' | '0'..='9' | '-'),
            Self::Word => char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.'),
            Self::Principal => {
                char.is_ascii_alphanumeric() || matches!(char, '+' | '=' | ',' | '.' | '@' | '_' | '-')
            }
            Self::Path => char.is_ascii_graphic(),
            Self::Padding => char == '=',
        }
    }
}

/// One piece of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Token {
    /// One character, `true` whatever its case.
    Char(char, bool),
    /// Any one character of a kind.
    One(Class),
    /// Any number of characters of a kind.
    Many(Class),
}

impl Token {
    pub(super) fn admits(self, char: char) -> bool {
        match self {
            Self::Char(own, false) => own == char,
            Self::Char(own, true) => own.eq_ignore_ascii_case(&char),
            Self::One(class) | Self::Many(class) => class.contains(char),
        }
    }
}

/// The texts that one of several patterns matches as a whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Language(pub(super) Vec<Vec<Token>>);

impl Language {
    /// Exactly one text.
    pub(super) fn literal(text: &str) -> Self {
        Self(vec![text.chars().map(|char| Token::Char(char, false)).collect()])
    }

    /// The texts that a pattern with `*` and `?` matches; `fold` where case does not matter.
    pub(super) fn glob(pattern: &str, fold: bool) -> Self {
        let token = |char| match char {
            '*' => Token::Many(Class::Any),
            '?' => Token::One(Class::Any),
            char => Token::Char(char, fold),
        };
        Self(vec![pattern.chars().map(token).collect()])
    }

    /// Fixed text in which some characters stand for tokens.
    pub(crate) fn template(text: &str, classes: &[(char, Token)]) -> Self {
        let token = |char| {
            let found = classes.iter().find(|(mark, _)| *mark == char);
            found.map_or(Token::Char(char, false), |(_, token)| *token)
        };
        Self(vec![text.chars().map(token).collect()])
    }

    pub(super) fn or(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// A text of this language, followed by one of another.
    pub(super) fn then(&self, other: &Self) -> Self {
        let each = |first: &Vec<Token>| -> Vec<Vec<Token>> {
            other.0.iter().map(|second| [first.as_slice(), second].concat()).collect()
        };
        Self(self.0.iter().flat_map(each).collect())
    }

    /// The same texts however they are listed.
    pub(super) fn normal(mut self) -> Self {
        self.0.sort();
        self.0.dedup();
        self
    }

    /// The ARNs that have one of these texts as their account.
    pub(super) fn of_account(self) -> Self {
        self.inside(Class::Part, "arn:~:~:~:", &[Token::Char(':', false), Token::Many(Class::Any)])
    }

    /// The ARNs of users that have one of these texts as their name.
    pub(super) fn of_user(self) -> Self {
        let direct = self.clone().inside(Class::Name, "arn:~:iam:~:~:user/", &[]);
        let Self(mut patterns) = direct;
        patterns.extend(self.inside(Class::Name, "arn:~:iam:~:~:user/^/", &[]).0);
        Self(patterns)
    }

    /// Puts each text between others; its wildcards shrink to a kind of characters, and a text that has others is
    /// left out.
    fn inside(self, class: Class, before: &str, after: &[Token]) -> Self {
        let marks = [('~', Token::Many(Class::Part)), ('^', Token::Many(Class::Any))];
        let Self(before) = Self::template(before, &marks);
        let before: Vec<Token> = before.into_iter().flatten().collect();
        let shrunk = |token: Token| match token {
            Token::Char(char, _) if !class.contains(char) => None,
            Token::Char(..) => Some(token),
            Token::One(_) => Some(Token::One(class)),
            Token::Many(_) => Some(Token::Many(class)),
        };
        let patterns = self.0.into_iter().filter_map(|pattern| {
            let pattern: Option<Vec<Token>> = pattern.into_iter().map(shrunk).collect();
            Some([before.as_slice(), &pattern?, after].concat())
        });
        Self(patterns.collect())
    }

    /// The actions that the pattern of an `Action` element matches.
    pub(super) fn action(pattern: &str) -> Self {
        if pattern == "*" {
            return Self(vec![vec![Token::Many(Class::Any)]]);
        }
        let Some((service, name)) = pattern.split_once(':') else { return Self::default() };
        if name.is_empty() || name.contains(char::is_whitespace) || service.contains(['*', '?']) {
            return Self::default();
        }
        let service = service.chars().map(|char| Token::Char(char.to_ascii_lowercase(), false));
        let name = name.chars().map(|char| match char {
            '*' => Token::Many(Class::Any),
            '?' => Token::One(Class::Any),
            char => Token::Char(char, true),
        });
        Self(vec![service.chain([Token::Char(':', false)]).chain(name).collect()])
    }

    /// The ARNs that the pattern of a `Resource` element matches; `None` when it depends on a policy variable.
    pub(super) fn resource(pattern: &str, version: Version) -> Option<Self> {
        let (language, varies) = Self::any_resource(pattern, version);
        (!varies).then_some(language)
    }

    /// The ARNs that the pattern of a `Resource` element matches for some values of its policy variables, and whether
    /// it has any.
    pub(crate) fn any_resource(pattern: &str, version: Version) -> (Self, bool) {
        const COLONS: usize = 5;
        // Variables stand in the resource part only; before it the text is as written.
        let split = pattern.match_indices(':').nth(COLONS - 1).map_or(pattern.len(), |(at, _)| at + 1);
        let (head, tail) = pattern.split_at_checked(split).unwrap_or((pattern, ""));
        let mut all = all_parts(head, Version::V2008);
        all.extend(all_parts(tail, version));
        let varies = all.contains(&Part::Variable);
        let mut colons = 0;
        let mut tokens = Vec::with_capacity(all.len());
        for (at, part) in all.iter().enumerate() {
            let ends = matches!(all.get(at + 1), None | Some(Part::Char(':')));
            tokens.push(match part {
                Part::Char(char) => {
                    colons += usize::from(*char == ':');
                    Token::Char(*char, false)
                }
                Part::One => Token::One(if colons < COLONS { Class::Part } else { Class::Any }),
                Part::Any => Token::Many(if colons < COLONS && !ends { Class::Part } else { Class::Any }),
                Part::Variable => Token::Many(Class::Any),
            });
        }
        if tokens.iter().all(|token| matches!(token, Token::Many(_))) && !tokens.is_empty() {
            tokens = vec![Token::Many(Class::Any)];
        }
        (Self(vec![tokens]), varies)
    }

    /// The texts that an operator, or the positive form of a negated one, matches with a value of a policy; `None`
    /// when it does not compare text or depends on a policy variable.
    pub(crate) fn compared(operator: BaseOperator, wanted: &str, version: Version) -> Option<Self> {
        let (language, varies) = Self::any_compared(operator, wanted, version)?;
        (!varies).then_some(language)
    }

    /// The texts that an operator matches for some values of the policy variables, and whether there are any; `None`
    /// when it does not compare text.
    pub(super) fn any_compared(
        operator: BaseOperator,
        wanted: &str,
        version: Version,
    ) -> Option<(Self, bool)> {
        use BaseOperator as B;
        let version = if operator.takes_variables() { version } else { Version::V2008 };
        if version == Version::V2012
            && variable_keys(wanted).any(|key| !key.contains(':'))
            && !wanted.contains('\'')
        {
            // Every key has a colon: a placeholder such as `${Account}` has no value, and what has none matches nothing.
            return Some((Self::default(), false));
        }
        let all = all_parts(wanted, version);
        let varies = all.contains(&Part::Variable);
        let literal = |fold: bool| -> Option<Self> {
            let tokens = all.iter().map(|part| match part {
                Part::Char(char) => Token::Char(*char, fold),
                Part::One => Token::Char('?', false),
                Part::Any => Token::Char('*', false),
                Part::Variable => Token::Many(Class::Any),
            });
            Some(Self(vec![tokens.collect()]))
        };
        let language = match operator {
            B::StringEquals | B::StringNotEquals => literal(false),
            // Beyond ASCII, upper and lower case do not come in pairs.
            B::StringEqualsIgnoreCase | B::StringNotEqualsIgnoreCase if wanted.is_ascii() => literal(true),
            B::Bool => literal(true),
            B::BinaryEquals => {
                let stem = wanted.trim_end_matches('=').chars().map(|char| Token::Char(char, false));
                Some(Self(vec![stem.chain([Token::Many(Class::Padding)]).collect()]))
            }
            B::StringLike | B::StringNotLike => {
                let tokens = all.iter().map(|part| wild(*part, Class::Any));
                Some(Self(vec![tokens.collect()]))
            }
            // What is put in may hold colons, so that the parts cannot be told apart.
            B::ArnEquals | B::ArnLike | B::ArnNotEquals | B::ArnNotLike if varies => {
                let tokens = all.iter().map(|part| wild(*part, Class::Any));
                Some(Self(vec![tokens.collect()]))
            }
            B::ArnEquals | B::ArnLike | B::ArnNotEquals | B::ArnNotLike => Some(arn(&all)),
            _ => None,
        };
        language.map(|language| (language, varies))
    }

    /// Whether a text is in it, by definition; the [`Partition`](super::partition::Partition) is faster.
    #[cfg(test)]
    pub(super) fn contains(&self, text: &str) -> bool {
        fn matches(pattern: &[Token], text: &[char]) -> bool {
            match pattern {
                [] => text.is_empty(),
                [Token::Many(class), rest @ ..] => {
                    matches(rest, text)
                        || text
                            .split_first()
                            .is_some_and(|(first, after)| class.contains(*first) && matches(pattern, after))
                }
                [token, rest @ ..] => text
                    .split_first()
                    .is_some_and(|(first, after)| token.admits(*first) && matches(rest, after)),
            }
        }
        let text: Vec<char> = text.chars().collect();
        self.0.iter().any(|pattern| matches(pattern, &text))
    }
}

fn wild(part: Part, class: Class) -> Token {
    match part {
        Part::Char(char) => Token::Char(char, false),
        Part::One => Token::One(class),
        Part::Any => Token::Many(class),
        Part::Variable => Token::Many(Class::Any),
    }
}

/// What `ArnLike` matches: wildcards stay within their part, up to the fifth colon.
fn arn(pattern: &[Part]) -> Language {
    const COLONS: usize = 5;
    let mut colons = 0;
    let mut tokens = Vec::with_capacity(pattern.len());
    for part in pattern {
        tokens.push(wild(*part, if colons < COLONS { Class::Part } else { Class::Any }));
        colons += usize::from(*part == Part::Char(':'));
    }
    // What has fewer parts than an ARN matches nothing.
    if colons < COLONS { Language::default() } else { Language(vec![tokens]) }
}
