//! What policies ask of a request, one dimension at a time.

use super::set::Callers;
use crate::arn::Arn;
use crate::matching::{Subject, action_matches, variable_keys};
use crate::{
    Actions, BaseOperator, Condition, PrincipalPattern, Principals, Request, Resources, Spanned, Statement,
    Version,
};

/// Who and what a statement tells apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Looks {
    /// Some callers, of those that are principals with an ARN.
    pub at_callers: bool,
    /// Some resources.
    pub at_resources: bool,
}

impl Looks {
    /// What one of two statements tells apart.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            at_callers: self.at_callers || other.at_callers,
            at_resources: self.at_resources || other.at_resources,
        }
    }
}

impl Statement {
    /// What it tells apart by its conditions and by variables, its `Resource` element aside.
    pub fn looks_beside_resources(&self) -> Looks {
        let lines = self.conditions.iter().flat_map(|line| {
            let variables = line.values.iter().flat_map(|value| variable_keys(&value.value));
            std::iter::once(line.key.value.as_str()).chain(variables)
        });
        let resources = self.resources.iter().flat_map(|it| &it.patterns);
        let mut patterns = resources.clone();
        // What is no ARN matches nothing.
        let is_odd = patterns.any(|pattern| pattern.value != "*" && Arn::parse(&pattern.value).is_none());
        let keys = lines.chain(resources.flat_map(|pattern| variable_keys(&pattern.value)));
        keys.fold(Looks { at_callers: self.principals.is_some(), at_resources: is_odd }, |looks, key| {
            looks.or(Looks {
                at_callers: dimension_of(key) == Dimension::Caller,
                at_resources: dimension_of(key) == Dimension::Resource,
            })
        })
    }

    /// What it tells apart.
    pub fn looks(&self) -> Looks {
        let all = |resources: &Resources| {
            !resources.not && resources.patterns.iter().any(|pattern| pattern.value == "*")
        };
        let at_resources = self.resources.as_ref().is_some_and(|it| !all(it));
        self.looks_beside_resources().or(Looks { at_callers: false, at_resources })
    }
}

/// One thing that is asked. Each looks at one dimension of requests.
#[derive(Clone, Copy, Debug)]
pub(super) enum Test<'p> {
    /// Whether the action is one of those listed, `not` aside.
    Actions(&'p Actions),
    /// Whether the action is this one.
    Action(&'p str),
    /// Whether the resource is one of those listed, `not` aside.
    Resources(&'p Resources, Version),
    /// Whether a `Principal` or `NotPrincipal` element is about the caller; `true` in a denial.
    Principals(&'p Principals, bool),
    /// Whether the caller is one of these.
    Callers(&'p Callers),
    /// Whether a condition holds.
    Line(&'p Condition, Version),
}

/// What a test looks at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Dimension {
    Caller,
    Action,
    Resource,
    /// A context key, in lower case.
    Key(String),
}

/// The keys whose values follow from the caller.
const CALLER_KEYS: [&str; 8] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principaltype",
    "aws:principalisawsservice",
    "aws:principalservicename",
    "aws:username",
    "aws:userid",
    "kms:calleraccount",
];
/// The keys whose value is the account of the resource.
const RESOURCE_ACCOUNT: [&str; 2] = ["aws:resourceaccount", "s3:resourceaccount"];

/// The dimension that the values of a context key belong to.
pub(super) fn dimension_of(key: &str) -> Dimension {
    let key = key.to_ascii_lowercase();
    if CALLER_KEYS.contains(&key.as_str()) {
        Dimension::Caller
    } else if RESOURCE_ACCOUNT.contains(&key.as_str()) {
        Dimension::Resource
    } else {
        Dimension::Key(key)
    }
}

impl Test<'_> {
    pub(super) fn dimension(&self) -> Dimension {
        match self {
            Self::Actions(_) | Self::Action(_) => Dimension::Action,
            Self::Resources(..) => Dimension::Resource,
            Self::Principals(..) | Self::Callers(_) => Dimension::Caller,
            Self::Line(line, _) => dimension_of(&line.key.value),
        }
    }

    /// The texts that it compares ARNs with.
    pub(super) fn arns(&self) -> Vec<&str> {
        match self {
            Self::Resources(resources, _) => resources.patterns.iter().map(|it| it.value.as_str()).collect(),
            Self::Line(line, _) => line.values.iter().map(|it| it.value.as_str()).collect(),
            Self::Principals(principals, _) => {
                let named = principals.patterns.iter().filter_map(|pattern| match &pattern.value {
                    PrincipalPattern::Arn(arn) => Some(arn.as_str()),
                    _ => None,
                });
                named.collect()
            }
            Self::Actions(_) | Self::Action(_) | Self::Callers(_) => Vec::new(),
        }
    }

    /// What the concrete evaluator says.
    pub(super) fn holds(&self, request: &Request) -> bool {
        match self {
            Self::Actions(actions) => {
                actions.patterns.iter().any(|pattern| action_matches(&pattern.value, &request.action))
            }
            Self::Action(name) => action_matches(name, &request.action),
            Self::Resources(resources, version) => {
                resources.is_about(*version, &Subject::of(request)) != resources.not
            }
            Self::Principals(principals, deny) => principals.is_about(*deny, &Subject::of(request)),
            Self::Callers(callers) => callers.contains(request),
            Self::Line(line, version) => line.holds_in(*version, &Subject::of(request)),
        }
    }

    /// How many steps it takes to ask it about one value.
    pub(super) fn weight(&self) -> usize {
        /// Reading an address or an instant takes longer than comparing letters.
        const READING: usize = 6;
        1 + match self {
            Self::Actions(actions) => actions.patterns.len(),
            Self::Action(_) => 1,
            Self::Resources(resources, _) => resources.patterns.iter().map(|it| 2 + it.value.len() / 4).sum(),
            Self::Principals(principals, _) => principals.patterns.len(),
            Self::Callers(callers) => callers.accounts().count(),
            Self::Line(line, _) if line.operator.value.base.takes_wildcards() => {
                line.values.iter().map(|it| 2 + it.value.len() / 8).sum()
            }
            Self::Line(line, _) if line.operator.value.base.takes_variables() => line.values.len(),
            Self::Line(line, _) => line.values.len() * READING,
        }
    }

    /// The variable that it depends on, and with it on more than its own dimension.
    pub(super) fn variable(&self) -> Option<String> {
        let (values, version): (&[Spanned<String>], _) = match self {
            Self::Resources(resources, version) => (&resources.patterns, *version),
            Self::Line(line, version) if line.operator.value.base.takes_variables() => {
                (&line.values, *version)
            }
            _ => return None,
        };
        if version == Version::V2008 {
            return None;
        }
        // A name without a colon is no key: it has no value, whatever the request.
        let is_key = |key: &&str| key.contains(':') || !matches!(self, Self::Line(..));
        values.iter().flat_map(|value| variable_keys(&value.value)).find(is_key).map(str::to_owned)
    }

    /// What makes it the same test as another one.
    pub(super) fn identity(&self) -> String {
        let list = |values: &[Spanned<String>], fold: bool| {
            let mut values: Vec<String> = values
                .iter()
                .map(|value| if fold { value.value.to_ascii_lowercase() } else { value.value.clone() })
                .collect();
            values.sort();
            values.dedup();
            format!("{values:?}")
        };
        match self {
            Self::Actions(actions) => format!("action {}", list(&actions.patterns, true)),
            Self::Action(name) => format!("action {:?}", [name.to_ascii_lowercase()]),
            // Where there is no variable, the versions are the same.
            Self::Resources(resources, version) => {
                format!("resource {version:?} {}", list(&resources.patterns, false))
            }
            Self::Principals(principals, deny) => {
                let mut named: Vec<_> = principals.patterns.iter().map(|pattern| &pattern.value).collect();
                named.sort();
                named.dedup();
                format!("principal {} {} {named:?}", principals.not, *deny && principals.not)
            }
            Self::Callers(callers) => format!("callers {callers:?}"),
            Self::Line(line, version) => format!(
                "condition {version:?} {} {} {}",
                line.operator.value,
                line.key.value.to_ascii_lowercase(),
                list(&line.values, false)
            ),
        }
    }

    /// The context key that it is about, as it is written.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::Line(line, _) => Some(line.key.value.as_str()),
            _ => None,
        }
    }

    /// What its answer depends on where a variable decides, and whether it says the opposite of that.
    pub(super) fn unknown(&self) -> (String, bool) {
        let Self::Line(line, version) = self else { return (self.identity(), false) };
        let mut line = (*line).clone();
        let operator = &mut line.operator.value;
        // `ForAllValues` also holds for nothing but empty texts, so that it is not quite the opposite of its negation.
        let negated = operator.is_negated() && operator.set.is_none();
        operator.if_exists = false;
        if negated {
            operator.base = positive(operator.base);
        }
        (Test::Line(&line, *version).identity(), negated)
    }
}

/// The operator that a negated one is the opposite of.
pub(super) const fn positive(operator: BaseOperator) -> BaseOperator {
    use BaseOperator as B;
    match operator {
        B::StringNotEquals => B::StringEquals,
        B::StringNotEqualsIgnoreCase => B::StringEqualsIgnoreCase,
        B::StringNotLike => B::StringLike,
        B::NumericNotEquals => B::NumericEquals,
        B::DateNotEquals => B::DateEquals,
        B::NotIpAddress => B::IpAddress,
        B::ArnNotEquals | B::ArnNotLike | B::ArnEquals => B::ArnLike,
        other => other,
    }
}
