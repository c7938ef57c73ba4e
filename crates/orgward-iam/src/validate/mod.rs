//! What is wrong with a policy document: what AWS refuses, what cannot act, and what says more than is meant.
//!
//! The checks are those of IAM Access Analyzer's policy validation, under the names that it gives them, and some of our
//! own. Where the service compares patterns, this decides: a part is redundant only if nothing is lost without it.

mod actions;
mod checks;
mod conditions;
mod grammar;
mod placeholders;
mod principals;
mod resources;
mod services;
mod tags;
#[cfg(test)]
mod tests;
mod trust;
mod values;
mod variables;

use std::ops::Range;

pub use self::checks::{CHECKS, OWN_CHECKS, Said};
pub(crate) use self::placeholders::is_template;

use crate::{Dead, Kind, Policy, Spanned, Statement};

/// How bad a problem is, in the words of Access Analyzer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Gravity {
    /// Something can be said better.
    Suggestion,
    /// It departs from what AWS advises.
    Warning,
    /// It gives more than is safe.
    SecurityWarning,
    /// It does not work, or AWS refuses it.
    Error,
}

impl Gravity {
    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suggestion => "suggestion",
            Self::Warning => "warning",
            Self::SecurityWarning => "security-warning",
            Self::Error => "error",
        }
    }
}

/// What a problem does to what the document means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effectiveness {
    /// The document means what it says.
    Meant,
    /// A part of it never acts.
    Inert,
    /// It acts on more requests than is meant.
    Overreaching,
    /// AWS refuses the document: an apply fails, and what was there before stays.
    Refused,
}

/// Something that is wrong with a policy document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Which check, in kebab case: `invalid-action`.
    pub code: &'static str,
    /// How bad it is.
    pub gravity: Gravity,
    /// What it does to the document.
    pub effectiveness: Effectiveness,
    /// The statement that it is about, by its index.
    pub statement: Option<usize>,
    /// Where it is, as Access Analyzer writes it: `Statement/2/Resource/1`. Empty for the document as a whole.
    pub path: String,
    /// Which bytes of the text it is about.
    pub span: Range<usize>,
    /// What is wrong: lower case, no period.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Policy {
    /// Everything that is wrong with the document, in the order of the text.
    ///
    /// ```
    /// use orgward_iam::{Kind, Policy};
    ///
    /// let text = r#"{"Version":"2012-10-17","Statement":[
    ///     {"Effect":"Deny","Action":"s3:DeleteBukket","Resource":"*"}]}"#;
    /// let problems = Policy::parse(text, Kind::ServiceControl).unwrap().problems();
    /// assert_eq!((problems[0].code, problems[0].path.as_str()), ("invalid-action", "Statement/0/Action"));
    /// assert_eq!(problems[0].help, "did you mean `s3:DeleteBucket`?");
    /// ```
    pub fn problems(&self) -> Vec<Problem> {
        self.problems_beside(&crate::dead(self))
    }

    /// The same, where it is known which statements do nothing.
    pub fn problems_beside(&self, dead: &[(usize, Dead)]) -> Vec<Problem> {
        self.checked(Some(dead))
    }

    /// Why AWS refuses the document: the [`problems`](Self::problems) of that kind, for a fraction of the work.
    pub fn refusals(&self) -> Vec<Problem> {
        let mut problems = self.checked(None);
        problems.retain(|problem| problem.effectiveness == Effectiveness::Refused);
        problems
    }

    /// Why a service refuses the document as the policy of one of its resources: queues and topics take their own
    /// actions only ("Policy statement action out of service scope").
    pub fn refusals_of(&self, service: &str) -> Vec<Problem> {
        let mut found = Found { problems: Vec::new(), policy: self, thorough: false };
        for (index, statement) in self.statements.iter().enumerate() {
            actions::scope(&mut At { index, statement, found: &mut found }, service);
        }
        found.problems
    }

    /// Without knowing what is dead, only what AWS refuses is asked.
    fn checked(&self, dead: Option<&[(usize, Dead)]>) -> Vec<Problem> {
        let thorough = dead.is_some();
        let mut found = Found { problems: Vec::new(), policy: self, thorough };
        grammar::check(self, dead.unwrap_or_default(), &mut found);
        for (index, statement) in self.statements.iter().enumerate() {
            let mut at = At { index, statement, found: &mut found };
            principals::check(&mut at);
            actions::check(&mut at);
            resources::check(&mut at);
            trust::actions(&mut at);
            if thorough {
                conditions::check(&mut at);
                placeholders::check(&mut at);
                services::check(&mut at);
                trust::check(&mut at);
                variables::check(&mut at);
            }
        }
        let mut problems = found.problems;
        problems.sort_by(|left, right| {
            (left.span.start, left.span.end, left.code).cmp(&(right.span.start, right.span.end, right.code))
        });
        problems.dedup();
        problems
    }
}

/// The problems that were found so far.
struct Found<'p> {
    problems: Vec<Problem>,
    policy: &'p Policy,
    /// Whether everything is asked, and not only what AWS refuses.
    thorough: bool,
}

impl Found<'_> {
    fn document(
        &mut self,
        (code, gravity, effectiveness): (&'static str, Gravity, Effectiveness),
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (message, help) = (message.into(), help.into());
        let (statement, path) = (None, String::new());
        self.problems.push(Problem { code, gravity, effectiveness, statement, path, span, message, help });
    }
}

/// A statement that is being checked.
struct At<'f, 'p> {
    index: usize,
    statement: &'p Statement,
    found: &'f mut Found<'p>,
}

impl<'p> At<'_, 'p> {
    fn kind(&self) -> Kind {
        self.found.policy.kind
    }

    fn policy(&self) -> &'p Policy {
        self.found.policy
    }

    /// How an empty list is reported: AWS refuses it, or what has it never acts.
    fn empty(refused: bool) -> (Gravity, Effectiveness) {
        if refused {
            (Gravity::Error, Effectiveness::Refused)
        } else {
            (Gravity::Suggestion, Effectiveness::Inert)
        }
    }

    /// Whether AWS refuses a list of actions or resources that names none: IAM says "Policy statement must contain
    /// actions". Services differ in what they make of one in the policy of a resource.
    fn takes_no_empty_list(&self) -> bool {
        self.kind() != Kind::Resource
    }

    /// Reports a problem at a place of the statement, `Resource/1`.
    fn report(
        &mut self,
        (code, gravity, effectiveness): (&'static str, Gravity, Effectiveness),
        place: &str,
        span: &Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let path = if place.is_empty() {
            format!("Statement/{}", self.index)
        } else {
            format!("Statement/{}/{place}", self.index)
        };
        self.found.problems.push(Problem {
            code,
            gravity,
            effectiveness,
            statement: Some(self.index),
            path,
            span: span.clone(),
            message: message.into(),
            help: help.into(),
        });
    }
}

/// Where an entry of an element is: `Action/2`, or `Action` where it is the only one and no list.
fn place(element: &str, at: usize, entry: &Spanned<String>, whole: &Range<usize>) -> String {
    if entry.span == *whole { element.to_owned() } else { format!("{element}/{at}") }
}
