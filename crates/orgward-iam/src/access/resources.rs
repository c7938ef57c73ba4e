//! What a request may be about.

use std::collections::BTreeSet;

use super::Budget;
use super::dimension::{Hint, Point, Truth, Values, ask};
use super::language::{Class, Language, Token};
use super::partition::Partition;
use super::test::Test;
use crate::arn::Arn;
use crate::matching::{Subject, Value, resource_matches, resource_may_match, variable_keys};
use crate::{Catalogue, Request};

/// Resources of examples.
const KNOWN: [&str; 5] = [
    "arn:aws:s3:::example-bucket/key",
    "arn:aws:s3:::example-bucket",
    "arn:aws:iam::111111111111:role/example",
    "arn:aws:ec2:eu-west-1:111111111111:instance/i-0123456789abcdef0",
    "arn:aws:ec2:us-east-1:999999999999:instance/i-0123456789abcdef0",
];

/// The resources that tests tell apart.
///
/// `partitions` are those that the question is about: no other exists for it.
pub(super) fn values(tests: &[Test<'_>], partitions: &[&str], budget: &mut Budget) -> Result<Values, String> {
    let mut languages: Vec<Language> = Vec::new();
    let mut accounts: Vec<Language> = Vec::new();
    for test in tests {
        match (test, compared(test)) {
            (Test::Resources(..), all) => languages.extend(all.into_iter().map(Language::normal)),
            (Test::Line(..), all) => {
                for language in all {
                    accounts.push(language.clone().normal());
                    languages.push(language.of_account().normal());
                }
            }
            _ => {}
        }
    }
    if partitions.len() > 1 {
        let marks = [('~', Token::Many(Class::Any))];
        languages.extend(partitions.iter().map(|it| Language::template(&format!("arn:{it}:~"), &marks)));
    }
    let marks = [
        ('^', Token::Many(Class::Label)),
        ('.', Token::One(Class::Label)),
        ('#', Token::One(Class::Digit)),
        ('@', Token::One(Class::Any)),
        ('~', Token::Many(Class::Any)),
        ('!', Token::One(Class::Part)),
        ('%', Token::Many(Class::Part)),
    ];
    // The account is told from the rest only where a test asks for it. The names of regions have a hyphen.
    let of = |service: &str, account: &str, name: &str| {
        // IAM is in no region.
        let regions: &[&str] = if service == "iam" { &[""] } else { &["", ".^-.^"] };
        let places = partitions.iter().flat_map(|partition| regions.iter().map(move |it| (partition, it)));
        places.fold(Language::default(), |all, (partition, region)| {
            let text = format!("arn:{partition}:{service}:{region}:{account}:{name}");
            all.or(Language::template(&text, &marks))
        })
    };
    // A colon in a name is one that a test asks for: otherwise what a wildcard takes in across the parts of an ARN would
    // be the name of something else.
    let colons = services_with_colons(tests);
    let with_names = |service: &str, account: &str| {
        let all = service == ".^" && colons.contains("*") || colons.contains(service);
        // A name of IAM begins with its type.
        let any = if service == "iam" { "^/~" } else { "@~" };
        of(service, account, if all { any } else { "!%" })
    };
    let without =
        accountless(tests).iter().fold(Language::default(), |all, service| all.or(with_names(service, "")));
    // What AWS manages has `aws` for an account.
    let named = colons.iter().filter(|service| *service != "*");
    let with = named.fold(with_names(".^", "############").or(with_names(".^", "aws")), |all, service| {
        all.or(with_names(service, "############"))
    });
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

/// The services whose resources have colons in their names, as far as tests ask for it; `*` for all of them.
fn services_with_colons(tests: &[Test<'_>]) -> BTreeSet<String> {
    let patterns = tests.iter().filter_map(|test| match test {
        Test::Resources(resources, _) => Some(&resources.patterns),
        _ => None,
    });
    let arns = patterns.flatten().filter_map(|pattern| Arn::parse(&pattern.value));
    let named = arns.filter(|arn| arn.resource.contains(':'));
    let services = named.map(|arn| {
        if arn.service.contains(['*', '?', '$']) { "*".to_owned() } else { arn.service.to_owned() }
    });
    // The path of a role or user may have any character.
    services.chain(["iam".to_owned()]).collect()
}

/// The services whose ARNs may have no account: those that the catalogue lists so, as far as tests tell them apart, and
/// those that nobody lists.
fn accountless(tests: &[Test<'_>]) -> Vec<String> {
    const UNLISTED: &str = "unlisted-service";
    // What AWS owns of these has no account, whatever the catalogue says of their types: documents, public parameters
    // (Systems Manager user guide, "arn:aws:ssm:REGION::document/AWS-…"), views of services. AWS-managed policies name
    // them. Only where a policy does, too, they are told from what accounts own.
    const OF_AWS: [&str; 2] = ["resource-explorer-2", "ssm"];
    let catalogue = Catalogue::get();
    let arns = || {
        let named = tests.iter().filter_map(|test| match test {
            Test::Resources(resources, _) => Some(resources.patterns.iter()),
            _ => None,
        });
        named.flatten().filter_map(|it| Arn::parse(&it.value))
    };
    let named: Vec<&str> = arns().map(|arn| arn.service).collect();
    let is_wild = named.iter().any(|service| service.contains(['*', '?']) && *service != "*");
    let listed = Catalogue::accountless_services();
    let mut services: Vec<String> = listed
        .filter(|service| is_wild || *service == "s3" || named.contains(service))
        .map(str::to_owned)
        .collect();
    let unknown = named.iter().filter(|it| !it.contains(['*', '?', '$']) && catalogue.service(it).is_none());
    services.extend(unknown.map(|service| (*service).to_owned()));
    services.push(UNLISTED.to_owned());
    let owned = arns().filter(|arn| arn.account.is_empty() && OF_AWS.contains(&arn.service));
    services.extend(owned.map(|arn| arn.service.to_owned()));
    services.sort();
    services.dedup();
    services
}

/// The texts that a test compares with: those that do not depend on a variable, and those that match for some values of
/// the variables.
fn compared(test: &Test<'_>) -> Vec<Language> {
    let all: Vec<(Language, bool)> = match test {
        Test::Resources(resources, version) => {
            resources.patterns.iter().map(|it| Language::any_resource(&it.value, *version)).collect()
        }
        Test::Line(line, version) => {
            let operator = line.operator.value.base;
            line.values
                .iter()
                .filter_map(|it| Language::any_compared(operator, &it.value, *version))
                .collect()
        }
        _ => return vec![Language::default()],
    };
    let (varying, known): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, varies)| *varies);
    let join = |all: Vec<(Language, bool)>| {
        all.into_iter().map(|(language, _)| language).fold(Language::default(), Language::or)
    };
    let mut languages = vec![join(known)];
    if !varying.is_empty() {
        languages.push(join(varying));
    }
    languages
}

fn truths(points: &[Point], tests: &[Test<'_>], budget: &mut Budget) -> Result<Vec<Truth>, String> {
    let depends: Vec<bool> = tests.iter().map(|test| test.variable().is_some()).collect();
    let is_open = |index: usize, request: &Request| {
        depends.get(index).is_some_and(|depends| *depends)
            && match tests.get(index) {
                // A pattern without a variable may decide by itself.
                Some(Test::Resources(resources, version)) => {
                    let varies = |pattern: &str| variable_keys(pattern).next().is_some();
                    request.resource != "*"
                        && resources.patterns.iter().any(|pattern| {
                            varies(&pattern.value)
                                && resource_may_match(&pattern.value, *version, &request.resource)
                        })
                        && !resources.patterns.iter().any(|pattern| {
                            Language::resource(&pattern.value, *version).is_some()
                                && resource_matches(&pattern.value, &request.resource)
                        })
                }
                Some(Test::Line(line, version)) => {
                    let subject = Subject::of(request);
                    match subject.value(&line.key.value) {
                        Some(Value::One(given)) => line.is_open_for(*version, &given, &subject),
                        Some(Value::Many(_)) => true,
                        None => false,
                    }
                }
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
