//! Who may make a request.

use super::Budget;
use super::dimension::{Hint, Point, Values, ask};
use super::language::{Class, Language, Token};
use super::partition::Partition;
use super::test::Test;
use crate::arn::Arn;
use crate::matching::{Subject, Value};
use crate::{BaseOperator, Caller, Callers, Catalogue, Condition, PrincipalPattern, Version};

/// Kinds of principals that have an ARN: what stands before and behind the account, and well-known ones.
const KINDS: [(&str, &[&str], &[&str]); 4] = [
    (
        "iam::############:",
        &["role/@+", "role/~/@+"],
        &["role/application", "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"],
    ),
    ("iam::############:", &["user/@+", "user/~/@+"], &["user/alice"]),
    ("iam::############:", &["root"], &["root"]),
    ("sts::############:", &["federated-user/@", "federated-user/@~@"], &["federated-user/bob"]),
];
/// Accounts of examples.
const ACCOUNTS: [&str; 2] = ["111111111111", "999999999999"];
/// How many accounts that a question names get examples of their own.
const EXAMPLES: usize = 4;

/// The callers that tests tell apart.
///
/// `partitions` are those that the question is about: no other exists for it.
pub(super) fn values(tests: &[Test<'_>], partitions: &[&str], budget: &mut Budget) -> Result<Values, String> {
    let (mut languages, services, providers, ids) = separators(tests, partitions);
    if partitions.len() > 1 {
        let marks = [('~', Token::Many(Class::Any))];
        languages.extend(partitions.iter().map(|it| Language::template(&format!("arn:{it}:~"), &marks)));
    }
    let mut callers: Vec<(Caller, Option<String>)> = Vec::new();
    let accounts: Vec<&str> = tests
        .iter()
        .filter_map(|test| match test {
            Test::Callers(callers) => Some(callers.accounts()),
            _ => None,
        })
        .flatten()
        .take(EXAMPLES)
        .collect();
    for (prefix, kinds, known) in KINDS {
        let known: Vec<String> = ACCOUNTS
            .into_iter()
            .chain(accounts.iter().copied())
            .flat_map(|account| {
                let partition = partitions.first().copied().unwrap_or("aws");
                let prefix = format!("arn:{partition}:{}", prefix.replace("############", account));
                known.iter().map(move |known| format!("{prefix}{known}"))
            })
            .collect();
        let principals = texts(&arns(partitions, prefix, kinds), &languages, &known, budget)?;
        callers.extend(principals.into_iter().map(|text| (Caller::Arn(text), None)));
    }
    let mut sessions = named_sessions(tests, &languages, budget)?;
    // `NotPrincipal` is the one element that tells a session from its role.
    if tests.iter().any(|test| matches!(test, Test::Principals(principals, _) if principals.not)) {
        sessions.extend(callers.iter().filter_map(|(caller, _)| session_of(caller)));
    }
    for (session, role) in sessions {
        callers.push((Caller::Arn(session), Some(role)));
    }
    let hosts = Language::template(
        ".~",
        &[('.', Token::One(Class::Principal)), ('~', Token::Many(Class::Principal))],
    );
    for text in texts(&hosts, &services, &["lambda.amazonaws.com".to_owned()], budget)? {
        callers.push((Caller::Service(text), None));
    }
    callers.push((Caller::Anonymous, None));
    for provider in providers {
        callers.push((Caller::Federated(provider), None));
    }
    let ids = if ids.is_empty() { Vec::new() } else { texts(&anything(), &ids, &[], budget)? };
    let mut points = Vec::new();
    for (caller, role) in &callers {
        let point = |id| Point::Caller { caller: caller.clone(), role: role.clone(), id };
        points.push(point(None));
        if matches!(caller, Caller::Arn(_)) {
            points.extend(ids.iter().map(|id| point(Some(id.clone()))));
        }
    }
    let may_be_open: Vec<Option<&str>> = tests.iter().map(|test| open_key(test)).collect();
    let truths = ask(&points, tests, budget, |index, _, request| {
        let Some(key) = may_be_open.get(index).copied().flatten() else { return Hint::Ask };
        let Some(Test::Line(line, version)) = tests.get(index) else { return Hint::Ask };
        let subject = Subject::of(request);
        let is_open = match subject.value(key) {
            Some(Value::One(given)) => {
                any_compared(tests.get(index)).is_none() || line.is_open_for(*version, &given, &subject)
            }
            Some(Value::Many(_)) => true,
            None => false,
        };
        if is_open { Hint::Open } else { Hint::Ask }
    })?;
    Ok(Values { points, truths })
}

fn arns(partitions: &[&str], prefix: &str, kinds: &[&str]) -> Language {
    let marks = [
        ('#', Token::One(Class::Digit)),
        ('@', Token::One(Class::Principal)),
        ('+', Token::Many(Class::Principal)),
        ('~', Token::Many(Class::Path)),
    ];
    let template = |partition, kind| Language::template(&format!("arn:{partition}:{prefix}{kind}"), &marks);
    let all = partitions.iter().flat_map(|partition| kinds.iter().map(move |kind| (partition, kind)));
    all.map(|(partition, kind)| template(partition, kind)).fold(Language::default(), Language::or)
}

/// Whether a value that `aws:PrincipalArn` is compared with, or the positive form of a negated comparison, matches some
/// principal. What depends on a policy variable may match.
pub(crate) fn may_be_principal(operator: BaseOperator, value: &str, version: Version) -> bool {
    let Some((wanted, varies)) = Language::any_compared(operator, value, version) else { return true };
    let partitions: Vec<&str> = Catalogue::get().partitions().map(|(name, _)| name).collect();
    varies || KINDS.iter().any(|(prefix, kinds, _)| arns(&partitions, prefix, kinds).meets(&wanted))
}

fn anything() -> Language {
    Language(vec![vec![Token::Many(Class::Any)]])
}

fn texts(
    domain: &Language,
    languages: &[Language],
    known: &[String],
    budget: &mut Budget,
) -> Result<Vec<String>, String> {
    let mut partition = Partition::of(domain, languages, budget)?;
    partition.prefer(known.iter().map(String::as_str), budget)?;
    Ok(partition.groups.into_iter().map(|group| group.example).collect())
}

/// What tells callers apart: languages of their ARNs, of the names of services, the providers of tokens, and
/// languages of unique ids.
fn separators(
    tests: &[Test<'_>],
    partitions: &[&str],
) -> (Vec<Language>, Vec<Language>, Vec<String>, Vec<Language>) {
    let linked = Language::template(
        "arn:~:iam:~:~:role/aws-service-role/^",
        &[('~', Token::Many(Class::Part)), ('^', Token::Many(Class::Any))],
    );
    let (mut languages, mut services, mut ids) = (vec![linked], Vec::new(), Vec::new());
    let partition = partitions.first().copied().unwrap_or("aws");
    let mut providers = vec![format!("arn:{partition}:iam::111111111111:oidc-provider/idp.example.com")];
    for test in tests {
        match test {
            Test::Principals(principals, _) => {
                for pattern in &principals.patterns {
                    match &pattern.value {
                        PrincipalPattern::Account(account) => {
                            languages.push(Language::literal(account).of_account());
                        }
                        PrincipalPattern::Arn(arn) => languages.push(Language::literal(arn)),
                        PrincipalPattern::UniqueId(id) => {
                            let session =
                                Language::template(&format!("{id}:\0"), &[('\0', Token::Many(Class::Any))]);
                            ids.push(Language::literal(id).or(session));
                        }
                        PrincipalPattern::Service(name) => services.push(Language::literal(name)),
                        PrincipalPattern::Federated(provider) => {
                            providers.push(provider.clone());
                            // Somebody else's registration of the same provider.
                            let host = provider
                                .split_once(":oidc-provider/")
                                .map_or(provider.as_str(), |(_, host)| host);
                            if !host.starts_with("arn:") {
                                providers.push(format!("arn:aws:iam::999999999999:oidc-provider/{host}"));
                            }
                        }
                        PrincipalPattern::Everyone
                        | PrincipalPattern::CanonicalUser(_)
                        | PrincipalPattern::Invalid(_) => {}
                    }
                }
            }
            Test::Callers(Callers::Federated(provider)) => providers.push(provider.clone()),
            Test::Callers(callers) => {
                let accounts = callers.accounts().map(|account| Language::literal(account).of_account());
                languages.extend(accounts);
            }
            Test::Line(..) => {
                let Some(key) = test.key().map(str::to_ascii_lowercase) else { continue };
                let found = match compared(test) {
                    Some(language) => vec![language],
                    // Where variables make a difference, and where values without any do.
                    None => any_compared(Some(test)).into_iter().chain(fixed(test)).collect(),
                };
                for language in found {
                    match key.as_str() {
                        "aws:principalarn" => languages.push(language),
                        "aws:principalaccount" | "kms:calleraccount" => languages.push(language.of_account()),
                        "aws:username" => languages.push(language.of_user()),
                        "aws:principalservicename" => services.push(language),
                        "aws:userid" => ids.push(language),
                        // These are the same for all of a kind.
                        _ => {}
                    }
                }
            }
            Test::Actions(_) | Test::Action(_) | Test::Resources(..) => {}
        }
    }
    // An empty id counts for a set operator as none.
    if !ids.is_empty() {
        ids.push(Language::literal(""));
    }
    providers.sort();
    providers.dedup();
    for list in [&mut languages, &mut services, &mut ids] {
        list.sort();
        list.dedup();
    }
    (languages, services, providers, ids)
}

/// The texts that a condition compares its key with; `None` when it does not compare it with texts, or when they
/// depend on more than the caller.
fn compared(test: &Test<'_>) -> Option<Language> {
    let Test::Line(line, version) = test else { return None };
    let mut all = Language::default();
    for value in &line.values {
        let operator = line.operator.value.base;
        all = all.or(match own_account(line, &value.value, *version) {
            // There every wildcard is written as one.
            Some(pattern) if operator.takes_wildcards() => Language::compared(operator, &pattern, *version)?,
            Some(pattern) if pattern.matches(['*', '?']).count() == 1 => {
                Language::compared(BaseOperator::StringLike, &pattern, *version)?
            }
            _ => Language::compared(operator, &value.value, *version)?,
        });
    }
    Some(all.normal())
}

/// The texts that a condition compares its key with for some values of its variables; `None` when no language says so.
fn any_compared(test: Option<&Test<'_>>) -> Option<Language> {
    let Some(Test::Line(line, version)) = test else { return None };
    let operator = line.operator.value.base;
    let all: Option<Vec<_>> =
        line.values.iter().map(|it| Language::any_compared(operator, &it.value, *version)).collect();
    Some(all?.into_iter().map(|(language, _)| language).fold(Language::default(), Language::or).normal())
}

/// The texts that the values without variables of a condition match.
fn fixed(test: &Test<'_>) -> Option<Language> {
    let Test::Line(line, version) = test else { return None };
    let operator = line.operator.value.base;
    let all = line.values.iter().filter_map(|it| Language::compared(operator, &it.value, *version));
    Some(all.fold(Language::default(), Language::or).normal())
}

/// The account of a principal is always the one of its ARN: a variable that says so there stands for any account.
fn own_account(line: &Condition, value: &str, version: Version) -> Option<String> {
    const OWN: &str = "::${aws:principalaccount}:";
    let exact = !matches!(
        line.operator.value.base,
        BaseOperator::StringEqualsIgnoreCase | BaseOperator::StringNotEqualsIgnoreCase
    );
    if version == Version::V2008 || !exact || !line.key.value.eq_ignore_ascii_case("aws:PrincipalArn") {
        return None;
    }
    let at = value.to_ascii_lowercase().find(OWN)?;
    let (before, after) = (value.get(..at)?, value.get(at + OWN.len()..)?);
    (before.matches(':').count() == 2).then(|| format!("{before}::*:{after}"))
}

/// The key of a test that says something about its values that does not follow from the caller alone.
fn open_key<'t>(test: &'t Test<'_>) -> Option<&'t str> {
    let Test::Line(line, _) = test else { return None };
    let is_open = line.operator.value.base != BaseOperator::Null && compared(test).is_none();
    is_open.then_some(line.key.value.as_str())
}

/// Some session of a role, and the role.
fn session_of(caller: &Caller) -> Option<(String, String)> {
    let Caller::Arn(text) = caller else { return None };
    let arn = Arn::parse(text)?;
    let name = arn.resource.strip_prefix("role/")?.rsplit('/').next()?;
    let session = format!("arn:{}:sts::{}:assumed-role/{name}/session", arn.partition, arn.account);
    Some((session, text.clone()))
}

/// The sessions that `Principal` elements name, each with every role that may be the one of its name.
fn named_sessions(
    tests: &[Test<'_>],
    languages: &[Language],
    budget: &mut Budget,
) -> Result<Vec<(String, String)>, String> {
    let mut named: Vec<&str> = Vec::new();
    for test in tests {
        let Test::Principals(principals, _) = test else { continue };
        named.extend(principals.patterns.iter().filter_map(|pattern| match &pattern.value {
            PrincipalPattern::Arn(arn) => Some(arn.as_str()),
            _ => None,
        }));
    }
    named.sort_unstable();
    named.dedup();
    let mut sessions = Vec::new();
    for text in named {
        let Some(arn) = Arn::parse(text) else { continue };
        let Some((role, _)) = arn.session() else { continue };
        let prefix = Language::literal(&format!("arn:{}:iam::{}:role/", arn.partition, arn.account));
        let path = Language(vec![vec![Token::One(Class::Principal), Token::Many(Class::Path)]]);
        let domain = prefix.clone().then(&Language::literal(role));
        let domain = domain.or(prefix.then(&path).then(&Language::literal(&format!("/{role}"))));
        let roles = texts(&domain, languages, &[], budget)?;
        sessions.extend(roles.into_iter().map(|role| (text.to_owned(), role)));
    }
    Ok(sessions)
}
