//! What a request may be about.

use super::Budget;
use super::dimension::{Hint, Point, Truth, Values, ask};
use super::language::{Class, Language, Token};
use super::partition::Partition;
use super::test::Test;
use crate::Request;
use crate::matching::{Subject, resource_matches};

/// Resources of examples.
const KNOWN: [&str; 5] = [
    "arn:aws:s3:::example-bucket/key",
    "arn:aws:s3:::example-bucket",
    "arn:aws:iam::111111111111:role/example",
    "arn:aws:ec2:eu-west-1:111111111111:instance/i-0123456789abcdef0",
    "arn:aws:ec2:us-east-1:999999999999:instance/i-0123456789abcdef0",
];

/// The resources that tests tell apart.
pub(super) fn values(tests: &[Test<'_>], budget: &mut Budget) -> Result<Values, String> {
    let mut languages: Vec<Language> = Vec::new();
    let mut accounts: Vec<Language> = Vec::new();
    for test in tests {
        match (test, compared(test)) {
            (Test::Resources(..), language) => languages.push(language.normal()),
            (Test::Line(..), language) => {
                accounts.push(language.clone().normal());
                languages.push(language.of_account().normal());
            }
            _ => {}
        }
    }
    let marks = [
        ('^', Token::Many(Class::Label)),
        ('.', Token::One(Class::Label)),
        ('#', Token::One(Class::Digit)),
        ('@', Token::One(Class::Any)),
        ('~', Token::Many(Class::Any)),
    ];
    // The account is told from the rest only where a test asks for it.
    let of = |account: &str| {
        let own = Language::template(&format!("arn:aws:.^:^:{account}:@~"), &marks);
        own.or(Language::template(&format!("arn:aws-.^:.^:^:{account}:@~"), &marks))
    };
    let without = of("");
    // What AWS manages has `aws` for an account.
    let with = of("############").or(of("aws"));
    let mut points = vec![Point::Resource { resource: "*".to_owned(), account: None }];
    if accounts.is_empty() {
        points.extend(
            texts(&with.or(without), &languages, budget)?
                .into_iter()
                .map(|resource| Point::Resource { resource, account: None }),
        );
    } else {
        let owners = Language::template("############", &marks);
        let owners: Vec<String> = Partition::of(&owners, &accounts, budget)?
            .groups
            .into_iter()
            .map(|group| group.example)
            .collect();
        let mut unowned = vec!["*".to_owned()];
        unowned.extend(texts(&without, &languages, budget)?);
        points.clear();
        for resource in unowned {
            let accounts = owners.iter().cloned().map(Some).chain([None]);
            points.extend(accounts.map(|account| Point::Resource { resource: resource.clone(), account }));
        }
        let owned = texts(&with, &languages, budget)?;
        points.extend(owned.into_iter().map(|resource| Point::Resource { resource, account: None }));
    }
    Ok(Values { truths: truths(&points, tests, budget)?, points })
}

fn texts(domain: &Language, languages: &[Language], budget: &mut Budget) -> Result<Vec<String>, String> {
    let mut partition = Partition::of(domain, languages, budget)?;
    partition.prefer(KNOWN, budget)?;
    Ok(partition.groups.into_iter().map(|group| group.example).collect())
}

/// The texts that a test compares with, as far as they do not depend on a variable.
fn compared(test: &Test<'_>) -> Language {
    let none = Language::default();
    match test {
        Test::Resources(resources, version) => {
            let known = resources.patterns.iter().filter_map(|it| Language::resource(&it.value, *version));
            known.fold(none, Language::or)
        }
        Test::Line(line, version) => {
            let operator = line.operator.value.base;
            let known = line.values.iter().filter_map(|it| Language::compared(operator, &it.value, *version));
            known.fold(none, Language::or)
        }
        _ => none,
    }
}

fn truths(points: &[Point], tests: &[Test<'_>], budget: &mut Budget) -> Result<Vec<Truth>, String> {
    let depends: Vec<bool> = tests.iter().map(|test| test.variable().is_some()).collect();
    let is_open = |index: usize, request: &Request| {
        depends.get(index).is_some_and(|depends| *depends)
            && match tests.get(index) {
                // A pattern without a variable may decide by itself.
                Some(Test::Resources(resources, version)) => {
                    request.resource != "*"
                        && !resources.patterns.iter().any(|pattern| {
                            Language::resource(&pattern.value, *version).is_some()
                                && resource_matches(&pattern.value, &request.resource)
                        })
                }
                Some(Test::Line(line, _)) => Subject::of(request).value(&line.key.value).is_some(),
                _ => false,
            }
    };
    ask(
        points,
        tests,
        budget,
        |index, _, request| {
            if is_open(index, request) { Hint::Open } else { Hint::Ask }
        },
    )
}
