//! What a request may do.

use super::Budget;
use super::dimension::{Point, Truth, Values, blank};
use super::language::{Class, Language, Token};
use super::partition::Partition;
use super::test::Test;
use crate::bits::Bits;

/// Actions of examples.
const KNOWN: [&str; 24] = [
    "ec2:RunInstances",
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteBucket",
    "s3:ListBucket",
    "iam:CreateUser",
    "iam:PassRole",
    "sts:AssumeRole",
    "lambda:InvokeFunction",
    "lambda:CreateFunction",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "kms:Decrypt",
    "kms:CreateKey",
    "organizations:LeaveOrganization",
    "cloudtrail:StopLogging",
    "secretsmanager:GetSecretValue",
    "sqs:SendMessage",
    "sns:Publish",
    "logs:PutLogEvents",
    "rds:CreateDBInstance",
    "ssm:GetParameter",
    "config:StopConfigurationRecorder",
    "guardduty:DeleteDetector",
];

/// The actions that tests tell apart. No catalogue limits them: services get new actions every day.
pub(super) fn values(tests: &[Test<'_>], budget: &mut Budget) -> Result<Values, String> {
    let own: Vec<Language> = tests.iter().map(language).collect();
    let mut languages = own.clone();
    languages.sort();
    languages.dedup();
    let marks = [
        ('.', Token::One(Class::Label)),
        ('^', Token::Many(Class::Label)),
        ('@', Token::One(Class::Word)),
        ('~', Token::Many(Class::Word)),
    ];
    let mut partition = Partition::of(&Language::template(".^:@~", &marks), &languages, budget)?;
    partition.prefer(KNOWN, budget)?;
    budget.spend(partition.groups.len() * tests.len() / 8)?;
    let groups = &partition.groups;
    let truths = own
        .iter()
        .zip(tests)
        .map(|(language, test)| {
            let at = languages.binary_search(language).ok();
            let within = |group: usize| {
                let group = groups.get(group);
                let inside = group.zip(at).is_some_and(|(group, at)| group.within.contains(at));
                debug_assert!(group.is_none_or(|group| {
                    let mut request = blank();
                    group.example.clone_into(&mut request.action);
                    test.holds(&request) == inside
                }));
                inside
            };
            Truth { yes: Bits::of(groups.len(), within), open: Bits::none(groups.len()) }
        })
        .collect();
    let points = groups.iter().map(|group| Point::Action(group.example.clone())).collect();
    Ok(Values { points, truths })
}

fn language(test: &Test<'_>) -> Language {
    let all = match test {
        Test::Actions(actions) => actions
            .patterns
            .iter()
            .map(|pattern| Language::action(&pattern.value))
            .fold(Language::default(), Language::or),
        Test::Action(name) => Language::action(name),
        Test::Resources(..) | Test::Principals(..) | Test::Callers(_) | Test::Line(..) => Language::default(),
    };
    all.normal()
}
