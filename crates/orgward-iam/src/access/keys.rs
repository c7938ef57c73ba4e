//! The values that a context key may have.

use std::collections::BTreeSet;

use super::Budget;
use super::dimension::{Hint, Point, Truth, Values, ask};
use super::language::{Class, Language, Token};
use super::partition::Partition;
use super::points;
use super::test::{Test, positive};
use crate::bits::Bits;
use crate::matching::{Subject, Value};
use crate::{BaseOperator, Catalogue, ContextValue, KeyKind, Request};

/// What a key's operators compare.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Family {
    Text,
    Truth,
    Number,
    Date,
    Address,
}

/// Keys that every request has, in lower case.
const ALWAYS: [&str; 4] = ["aws:requestedregion", "aws:securetransport", "aws:currenttime", "aws:epochtime"];
/// Keys that hold a list in every request, in lower case.
const ALWAYS_LISTS: [&str; 7] = [
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:resourceorgpaths",
    "aws:sourceorgpaths",
    "aws:tagkeys",
    "aws:vpceorgpaths",
];
/// How many combinations of values of a list are told apart.
const COMBINATIONS: usize = 4096;

/// Whether every request has a key.
pub(super) fn is_always_there(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let key = key.as_str();
    ALWAYS.contains(&key) || ALWAYS_LISTS.contains(&key)
}

/// The values of a key that tests tell apart; the first is the plainest.
pub(super) fn values(key: &str, tests: &[Test<'_>], budget: &mut Budget) -> Result<Values, String> {
    let families: BTreeSet<Family> = tests.iter().filter_map(family).collect();
    let info = Catalogue::get().condition_key(key);
    let truth = families.contains(&Family::Truth) || info.is_some_and(|info| info.kind == KeyKind::Bool);
    let mut groups = Groups::default();
    let singles: Vec<String> = match families.iter().collect::<Vec<_>>().as_slice() {
        _ if truth => vec!["true".to_owned(), "false".to_owned()],
        [] | [Family::Text] => {
            groups = Groups::of(key, tests, budget)?;
            groups.partition.iter().flat_map(|it| &it.groups).map(|group| group.example.clone()).collect()
        }
        [Family::Number] => points::numbers(named(tests)),
        [Family::Date] => points::dates(named(tests)),
        [Family::Address] => points::addresses(named(tests)),
        // Compared as two things at once: the value is left open.
        _ => vec!["other".to_owned()],
    };
    let mixed = families.len() > 1 && !truth;
    let sets =
        tests.iter().any(|test| matches!(test, Test::Line(line, _) if line.operator.value.set.is_some()));
    // A key that is not listed may hold one value or several, as far as its operators expect. One that may hold several
    // has a single value in many requests, and AWS compares it like any other (AWS-managed policies rely on it).
    let (one, many) = info
        .map_or((true, sets), |info| (!info.multivalued || !ALWAYS_LISTS.contains(&key), info.multivalued));

    let mut points = Vec::new();
    // As the policies write it.
    let written = tests.iter().find_map(|test| match test {
        Test::Line(line, _) => Some(line.key.value.clone()),
        _ => None,
    });
    let written = written.unwrap_or_else(|| key.to_owned());
    let point = |value| Point::Key { key: written.clone(), value };
    if !ALWAYS.contains(&key) {
        points.push(point(None));
    }
    // Where the values that are no lists stand.
    let first = points.len();
    if one {
        points.extend(singles.iter().map(|value| point(Some(ContextValue::One(value.clone())))));
    }
    if many {
        let lists = lists(key, &singles, tests, budget)?;
        points.extend(lists.into_iter().map(|list| point(Some(ContextValue::Many(list)))));
    }
    let may_be_open: Vec<bool> = tests.iter().map(|test| mixed || is_open(test)).collect();
    let opaque: Vec<bool> = tests.iter().map(|test| mixed || is_opaque(test)).collect();
    let is_open = |index: usize, request: &Request| {
        let Some(Test::Line(line, version)) = tests.get(index) else { return false };
        let operator = line.operator.value;
        if !may_be_open.get(index).is_some_and(|open| *open) || operator.base == BaseOperator::Null {
            return false;
        }
        let is_opaque = opaque.get(index).is_some_and(|opaque| *opaque);
        let subject = Subject::of(request);
        match subject.value(&line.key.value) {
            None => false,
            // A list matches no operator without a set prefix.
            Some(Value::Many(given)) => {
                operator.set.is_some()
                    && (is_opaque || given.iter().any(|it| line.is_open_for(*version, it, &subject)))
            }
            Some(Value::One(given)) => is_opaque || line.is_open_for(*version, &given, &subject),
        }
    };
    let truths = ask(&points, tests, budget, |index, at, request| {
        if is_open(index, request) {
            return Hint::Open;
        }
        let single = at.checked_sub(first).filter(|_| one);
        single.and_then(|at| groups.say(index, at)).map_or(Hint::Ask, Hint::Known)
    })?;
    let values = Values { points, truths };
    if mixed {
        return Ok(values);
    }
    // Values are compared by all that the tests say about them.
    budget.spend(values.points.len().saturating_mul(tests.len()))?;
    Ok(merged(&values))
}

/// Drops the values that nothing tells from an earlier one.
fn merged(values: &Values) -> Values {
    let mut kept: Vec<usize> = Vec::new();
    let mut seen: BTreeSet<(bool, Vec<(bool, bool)>)> = BTreeSet::new();
    for (at, point) in values.points.iter().enumerate() {
        // Who makes a request may decide whether a key is there, so that a missing key stands for itself.
        let missing = matches!(point, Point::Key { value: None, .. });
        let answers = values.truths.iter().map(|truth| (truth.yes.contains(at), truth.open.contains(at)));
        if seen.insert((missing, answers.collect())) {
            kept.push(at);
        }
    }
    let only = |bits: &Bits| Bits::of(kept.len(), |at| kept.get(at).is_some_and(|old| bits.contains(*old)));
    let truths =
        values.truths.iter().map(|truth| Truth { yes: only(&truth.yes), open: only(&truth.open) }).collect();
    let points = kept.iter().filter_map(|at| values.points.get(*at).cloned()).collect();
    Values { points, truths }
}

fn is_open(test: &Test<'_>) -> bool {
    test.variable().is_some() || is_opaque(test)
}

/// Whether it compares texts in a way that no language describes.
fn is_opaque(test: &Test<'_>) -> bool {
    let Test::Line(line, version) = test else { return false };
    let operator = line.operator.value.base;
    let mut values = line.values.iter();
    family(test) == Some(Family::Text)
        && values.any(|it| Language::any_compared(operator, &it.value, *version).is_none())
}

fn family(test: &Test<'_>) -> Option<Family> {
    use BaseOperator as B;
    let Test::Line(line, _) = test else { return None };
    match positive(line.operator.value.base) {
        B::Null => None,
        B::Bool => Some(Family::Truth),
        B::IpAddress => Some(Family::Address),
        B::NumericEquals
        | B::NumericLessThan
        | B::NumericLessThanEquals
        | B::NumericGreaterThan
        | B::NumericGreaterThanEquals => Some(Family::Number),
        B::DateEquals
        | B::DateLessThan
        | B::DateLessThanEquals
        | B::DateGreaterThan
        | B::DateGreaterThanEquals => Some(Family::Date),
        _ => Some(Family::Text),
    }
}

fn named<'t>(tests: &'t [Test<'_>]) -> impl Iterator<Item = &'t str> {
    tests
        .iter()
        .filter_map(|test| match test {
            Test::Line(line, _) if line.operator.value.base != BaseOperator::Null => Some(line),
            _ => None,
        })
        .flat_map(|line| line.values.iter().map(|value| value.value.as_str()))
}

/// The texts that tests tell apart, and what plain comparisons say about them: that follows from how they were found,
/// and lists of hundreds of values are not compared with each other once more.
#[derive(Default)]
struct Groups {
    partition: Option<Partition>,
    /// For each test that compares one text with texts, the place of its language, and whether it is negated.
    plain: Vec<Option<(usize, bool)>>,
}

impl Groups {
    fn of(key: &str, tests: &[Test<'_>], budget: &mut Budget) -> Result<Self, String> {
        let language = |test: &Test<'_>| {
            let Test::Line(line, version) = test else { return None };
            let base = line.operator.value.base;
            let known = line.values.iter().filter_map(|it| Language::compared(base, &it.value, *version));
            Some(known.fold(Language::default(), Language::or).normal())
        };
        let own: Vec<Option<Language>> = tests.iter().map(language).collect();
        let mut languages: Vec<Language> = own.iter().flatten().cloned().collect();
        // Where variables may make a difference.
        for test in tests {
            let Test::Line(line, version) = test else { continue };
            let base = line.operator.value.base;
            let all = line.values.iter().filter_map(|it| Language::any_compared(base, &it.value, *version));
            languages.extend(all.filter(|(_, varies)| *varies).map(|(language, _)| language.normal()));
        }
        languages.push(Language::literal(""));
        languages.sort();
        languages.dedup();
        let mut partition = Partition::of(&domain(key), &languages, budget)?;
        partition.prefer(["eu-west-1", "us-east-1", "111111111111", "other", "example"], budget)?;
        let plain = own.iter().zip(tests).map(|(language, test)| {
            let Test::Line(line, _) = test else { return None };
            let operator = line.operator.value;
            let is_plain = operator.set.is_none() && operator.base != BaseOperator::Null && !is_open(test);
            let at = languages.binary_search(language.as_ref().filter(|_| is_plain)?).ok()?;
            Some((at, operator.is_negated()))
        });
        Ok(Self { plain: plain.collect(), partition: Some(partition) })
    }

    /// What a test says about the value of a group, if that is known.
    fn say(&self, test: usize, group: usize) -> Option<bool> {
        let (language, negated) = (*self.plain.get(test)?)?;
        let group = self.partition.as_ref()?.groups.get(group)?;
        Some(group.within.contains(language) != negated)
    }
}

/// The texts that a key may have as its value.
fn domain(key: &str) -> Language {
    let marks =
        [('#', Token::One(Class::Digit)), ('.', Token::One(Class::Label)), ('^', Token::Many(Class::Label))];
    match key {
        "aws:requestedregion" => Language::template(".^", &marks),
        // These are never empty.
        "aws:tagkeys"
        | "aws:calledvia"
        | "aws:principalorgid"
        | "aws:principalorgpaths"
        | "aws:resourceorgid"
        | "aws:resourceorgpaths"
        | "aws:sourceorgid"
        | "aws:sourceorgpaths"
        | "aws:sourcevpc"
        | "aws:sourcevpce" => Language(vec![vec![Token::One(Class::Any), Token::Many(Class::Any)]]),
        "aws:sourceaccount" | "aws:vpceaccount" => Language::template("############", &marks),
        _ => Language(vec![vec![Token::Many(Class::Any)]]),
    }
}

/// The lists that tests tell apart. What a set operator says about two lists together follows from what it says about
/// each, so that lists are joined until nothing new comes up.
fn lists(
    key: &str,
    singles: &[String],
    tests: &[Test<'_>],
    budget: &mut Budget,
) -> Result<Vec<Vec<String>>, String> {
    // About each list: whether it has nothing but empty texts, and for each test whether some and whether all of
    // its values match.
    type Answers = (bool, Vec<(bool, bool)>);
    let lone: Vec<Point> = singles
        .iter()
        .map(|value| Point::Key { key: key.to_owned(), value: Some(ContextValue::Many(vec![value.clone()])) })
        .collect();
    let truths = ask(&lone, tests, budget, |_, _, _| Hint::Ask)?;
    let base: Vec<(Answers, String)> = singles
        .iter()
        .enumerate()
        .map(|(at, value)| {
            let answers = tests.iter().zip(&truths).map(|(test, truth)| {
                // An empty text alone counts as no value for `ForAllValues`; among others it counts.
                let one = if value.is_empty() { matches_one(test, value) } else { truth.yes.contains(at) };
                (one, one)
            });
            ((value.is_empty(), answers.collect()), value.clone())
        })
        .collect();
    let mut seen: BTreeSet<Answers> = BTreeSet::new();
    let mut found: Vec<(Answers, Vec<String>)> = Vec::new();
    for (answers, value) in &base {
        if seen.insert(answers.clone()) {
            found.push((answers.clone(), vec![value.clone()]));
        }
    }
    let mut next = 0;
    while let Some((answers, list)) = found.get(next).cloned() {
        for (other, value) in &base {
            budget.spend(tests.len() + list.len() + 1)?;
            let pairs = answers.1.iter().zip(&other.1);
            let joined = (
                answers.0 && other.0,
                pairs.map(|(left, right)| (left.0 || right.0, left.1 && right.1)).collect(),
            );
            if seen.insert(joined.clone()) {
                found.push((joined, list.iter().chain([value]).cloned().collect()));
            }
        }
        if found.len() > COMBINATIONS {
            return Err(format!("too many combinations of values of `{key}` make a difference"));
        }
        next += 1;
    }
    Ok(found.into_iter().map(|(_, list)| list).collect())
}

/// Whether one value matches, however many there are.
fn matches_one(test: &Test<'_>, value: &str) -> bool {
    let Test::Line(line, version) = test else { return false };
    let mut line = (*line).clone();
    line.operator.value.set = None;
    let mut request = super::dimension::blank();
    request.context.set(&line.key.value, ContextValue::One(value.to_owned()));
    line.holds_in(*version, &Subject::of(&request))
}
