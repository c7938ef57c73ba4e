use proptest::prelude::*;

use crate::testing::{request, single};
use crate::{Kind, resource_matches};

/// A resource pattern by definition: a `*` or `?` within one of the first five parts does not match a colon.
fn naive(pattern: &[char], at: usize, resource: &[char]) -> bool {
    let Some(token) = pattern.get(at) else { return resource.is_empty() };
    let colons = pattern[..at].iter().filter(|char| **char == ':').count();
    let ends = matches!(pattern.get(at + 1), None | Some(':'));
    let stuck = |char: char| char == ':' && colons < 5;
    match (token, resource) {
        ('*', []) => naive(pattern, at + 1, resource),
        ('*', [first, rest @ ..]) => {
            naive(pattern, at + 1, resource) || ((ends || !stuck(*first)) && naive(pattern, at, rest))
        }
        ('?', [first, rest @ ..]) => !stuck(*first) && naive(pattern, at + 1, rest),
        (wanted, [first, rest @ ..]) => wanted == first && naive(pattern, at + 1, rest),
        (_, []) => false,
    }
}

proptest! {
    #[test]
    fn resources_agree_with_the_definition(pattern in "[ab:*?é]{1,9}", resource in "[ab:é]{0,9}") {
        let chars: Vec<char> = pattern.chars().collect();
        let expected = chars.iter().all(|char| *char == '*')
            || naive(&chars, 0, &resource.chars().collect::<Vec<_>>());
        prop_assert_eq!(resource_matches(&pattern, &resource), expected);
    }

    /// On a key that is there with one value, a negated operator says the opposite of its positive one.
    #[test]
    fn negation(
        pair in 0_usize..6,
        wanted in proptest::collection::vec("[a*?:1]{0,4}|arn:aws:iam::[1*]:[ab*?]{1,3}", 0..3),
        given in "[a:1]{0,4}|arn:aws:iam::1:[ab]{1,3}",
    ) {
        let (positive, negative) = [
            ("StringEquals", "StringNotEquals"),
            ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
            ("StringLike", "StringNotLike"),
            ("ArnLike", "ArnNotLike"),
            ("ArnEquals", "ArnNotEquals"),
            ("ForAllValues:StringLike", "ForAnyValue:StringNotLike"),
        ][pair];
        let request = request("arn:aws:iam::1:user/u", "s3:X", "*", &[("k:x", &format!("x{given}"))]);
        let values = serde_json::to_string(&wanted.iter().map(|value| format!("x{value}")).collect::<Vec<_>>()).unwrap();
        let holds = |operator: &str| {
            single(
                Kind::Identity,
                &format!(r#""Effect":"Deny","Action":"*","Resource":"*","Condition":{{"{operator}":{{"k:x":{values}}}}}"#),
            )
            .matching(&request)
            .count()
                == 1
        };
        prop_assert_ne!(holds(positive), holds(negative));
    }
}
