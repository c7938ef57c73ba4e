//! Languages agree with the matchers of the concrete evaluator, and partitions with languages.

use proptest::prelude::*;

use crate::access::Budget;
use crate::access::language::{Class, Language, Token};
use crate::access::partition::Partition;
use crate::bits::Bits;
use crate::{BaseOperator, Version, action_matches, arn_like, glob, resource_matches};

fn everything() -> Language {
    Language(vec![vec![Token::Many(Class::Any)]])
}

proptest! {
    #[test]
    fn resources(pattern in "[ab:*?é]{0,9}", text in "[ab:é]{1,9}") {
        let language = Language::resource(&pattern, Version::V2012).unwrap();
        prop_assert_eq!(language.contains(&text), resource_matches(&pattern, &text));
    }

    #[test]
    fn actions(pattern in "[aB]{0,2}(:[aBc*?]{0,4})?|\\*", text in "[ab]{1,2}:[aAbBcC]{1,4}") {
        prop_assert_eq!(Language::action(&pattern).contains(&text), action_matches(&pattern, &text));
    }

    #[test]
    fn texts(pattern in "[ab*?é:]{0,6}", text in "[abé:]{0,6}", arn in "a(:[ab*?]{0,2}){4,6}", value in "a(:[ab]{0,2}){4,6}") {
        let like = Language::compared(BaseOperator::StringLike, &pattern, Version::V2012).unwrap();
        prop_assert_eq!(like.contains(&text), glob(&pattern, &text));
        let like = Language::compared(BaseOperator::ArnNotLike, &arn, Version::V2012).unwrap();
        prop_assert_eq!(like.contains(&value), arn_like(&arn, &value));
    }

    /// Every text is in a group, and the example of a group is in the same languages.
    #[test]
    fn partitions(
        patterns in proptest::collection::vec("[abB*?:]{0,5}", 1..4),
        folded in proptest::collection::vec("[abA:]{0,3}", 0..3),
        texts in proptest::collection::vec("[aAbBc:]{0,7}", 1..20),
    ) {
        let of = |operator, pattern: &String| Language::compared(operator, pattern, Version::V2008).unwrap();
        let languages: Vec<Language> = patterns
            .iter()
            .map(|pattern| of(BaseOperator::StringLike, pattern))
            .chain(folded.iter().map(|pattern| of(BaseOperator::StringEqualsIgnoreCase, pattern)))
            .collect();
        let mut partition = Partition::of(&everything(), &languages, &mut Budget::new(10_000_000)).unwrap();
        let within = |text: &str| Bits::of(languages.len(), |at| languages[at].contains(text));
        for group in &partition.groups {
            prop_assert_eq!(&within(&group.example), &group.within, "{}", &group.example);
        }
        for text in &texts {
            let expected = within(text);
            prop_assert_eq!(partition.within(text, &mut Budget::new(1_000_000)), Ok(Some(expected.clone())));
            prop_assert!(partition.groups.iter().any(|group| group.within == expected));
            prop_assert!(partition.groups.iter().filter(|group| group.within == expected).all(|group| {
                group.example.chars().count() <= text.chars().count()
            }), "a shorter one than the example: {}", text);
        }
    }
}
