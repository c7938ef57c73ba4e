//! The values of one dimension that a question tells apart.

use super::Budget;
use super::test::Test;
use crate::arn::Arn;
use crate::bits::Bits;
use crate::{Caller, ContextValue, Request};

/// One value, which stands for all those that no test of the question tells from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Point {
    /// Who makes the request; the role of a session; its unique id.
    Caller {
        caller: Caller,
        role: Option<String>,
        id: Option<String>,
    },
    Action(String),
    /// The resource, and its account where the ARN does not tell.
    Resource {
        resource: String,
        account: Option<String>,
    },
    /// A context key; `None` when it is missing.
    Key {
        key: String,
        value: Option<ContextValue>,
    },
}

impl Point {
    /// Whether a request of a partition of AWS may have it.
    pub(super) fn is_in(&self, partition: &str) -> bool {
        let arn = match self {
            Self::Caller { caller: Caller::Arn(arn), .. } => arn,
            Self::Resource { resource, .. } => resource,
            _ => return true,
        };
        Arn::parse(arn).is_none_or(|arn| arn.partition == partition)
    }

    /// Puts the value into a request.
    pub(super) fn apply(&self, request: &mut Request) {
        match self {
            Self::Caller { caller, role, id } => {
                caller.clone_into(&mut request.caller);
                for (key, value) in [("aws:PrincipalArn", role), ("aws:userid", id)] {
                    match value {
                        Some(value) => request.context.set(key, ContextValue::One(value.clone())),
                        None => request.context.remove(key),
                    }
                }
            }
            Self::Action(action) => action.clone_into(&mut request.action),
            Self::Resource { resource, account } => {
                resource.clone_into(&mut request.resource);
                account.clone_into(&mut request.resource_account);
            }
            Self::Key { key, value } => match value {
                Some(value) => request.context.set(key, value.clone()),
                None => request.context.remove(key),
            },
        }
    }
}

/// On which values a test holds.
#[derive(Clone, Debug)]
pub(super) struct Truth {
    pub(super) yes: Bits,
    /// Where it depends on a policy variable.
    pub(super) open: Bits,
}

/// The values of one dimension, those that make the plainest examples first, and what the tests say about them.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    pub(super) points: Vec<Point>,
    /// In the order of the tests.
    pub(super) truths: Vec<Truth>,
}

/// What is known about a test and a value before the evaluator is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hint {
    /// Nothing.
    Ask,
    /// That it depends on a policy variable.
    Open,
    /// What the evaluator would say.
    Known(bool),
}

/// Asks the concrete evaluator what tests say about values, as far as it is not known: `hint` is called with the
/// places of a test and of a value.
pub(super) fn ask(
    points: &[Point],
    tests: &[Test<'_>],
    budget: &mut Budget,
    hint: impl Fn(usize, usize, &Request) -> Hint,
) -> Result<Vec<Truth>, String> {
    budget.spend(points.len().saturating_mul(tests.len()))?;
    let requests: Vec<Request> = points
        .iter()
        .map(|point| {
            let mut request = blank();
            point.apply(&mut request);
            request
        })
        .collect();
    let mut truths = Vec::with_capacity(tests.len());
    for (index, test) in tests.iter().enumerate() {
        let weight = test.weight();
        let mut truth = Truth { yes: Bits::none(points.len()), open: Bits::none(points.len()) };
        for (at, request) in requests.iter().enumerate() {
            let yes = match hint(index, at, request) {
                Hint::Open => {
                    truth.open.insert(at);
                    false
                }
                Hint::Known(yes) => {
                    debug_assert_eq!(test.holds(request), yes, "{test:?} of {request:?}");
                    yes
                }
                Hint::Ask => {
                    budget.spend(weight)?;
                    test.holds(request)
                }
            };
            if yes {
                truth.yes.insert(at);
            }
        }
        truths.push(truth);
    }
    Ok(truths)
}

/// A request about which nothing is known.
pub(super) fn blank() -> Request {
    Request {
        caller: Caller::Anonymous,
        action: String::new(),
        resource: "*".to_owned(),
        resource_account: None,
        context: crate::Context::default(),
    }
}
