//! From a choice of values to a request.

use super::dimension::{Point, blank};
use super::set::RequestSet;
use super::solve::Choice;
use super::test::{Dimension, Test};
use super::universe::Universe;
use crate::arn::Arn;
use crate::matching::{Subject, resolved, resource_matches, variable_keys};
use crate::{Action, Caller, Catalogue, ContextValue, Request, SetQuantifier};

/// A kind of caller. It decides which context keys a request has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Principal,
    Anonymous,
    Service,
    Federated,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Principal, Self::Anonymous, Self::Service, Self::Federated];

    /// Whether a caller of this kind can have a value.
    pub(super) fn admits(self, dimension: &Dimension, point: &Point) -> bool {
        match (dimension, point) {
            (_, Point::Caller { caller, .. }) => {
                matches!(
                    (self, caller),
                    (Self::Principal, Caller::Arn(_))
                        | (Self::Anonymous, Caller::Anonymous)
                        | (Self::Service, Caller::Service(_))
                        | (Self::Federated, Caller::Federated(_))
                )
            }
            (Dimension::Key(key), Point::Key { value: Some(_), .. }) => self.may_have(key),
            _ => true,
        }
    }

    /// Whether requests of this kind may have a key, in lower case (IAM user guide, "AWS global condition context
    /// keys"). Only who has an ARN has the keys about principals, and only services say for which resource they act.
    fn may_have(self, key: &str) -> bool {
        const OF_PRINCIPALS: [&str; 4] = [
            "aws:principalorgid",
            "aws:principalorgpaths",
            "aws:multifactorauthpresent",
            "aws:multifactorauthage",
        ];
        const OF_SERVICES: [&str; 4] =
            ["aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"];
        if OF_PRINCIPALS.contains(&key) || key.starts_with("aws:principaltag/") {
            self == Self::Principal
        } else if OF_SERVICES.contains(&key) {
            self == Self::Service
        } else {
            true
        }
    }
}

impl Universe<'_> {
    /// Requests that a choice stands for, the plainest first. Where nothing depends on a policy variable, the first
    /// is as good as all.
    pub(super) fn requests(&self, choice: &Choice) -> impl Iterator<Item = Request> {
        let mut request = blank();
        for ((_, values), left) in self.dimensions.iter().zip(choice) {
            if let Some(point) = left.iter().next().and_then(|at| values.points.get(at)) {
                point.apply(&mut request);
            }
        }
        let resolved = self.resolve(choice, &request);
        std::iter::once(request).chain(resolved)
    }

    /// The request, with the values that its policy variables stand for where they are to match.
    fn resolve(&self, choice: &Choice, request: &Request) -> Option<Request> {
        let mut request = request.clone();
        let mut changed = false;
        for (at, unknown) in self.unknowns.iter().enumerate() {
            let Some(left) = choice.get(self.dimensions.len() + at) else { continue };
            // Both are left where it does not matter.
            let matches = left.contains(0) && !left.contains(1);
            if matches && unknown.test.variable().is_some() {
                changed |= fill(&unknown.test, &mut request);
            }
        }
        changed.then_some(request)
    }
}

/// How many requests of each kind are tried for one that is easier to read.
const TRIES: usize = 300;
/// How many steps that may take.
const EFFORT: usize = 1_000_000;

/// The same request with an action that is published, and a resource that the action is about, if the set has such a
/// one.
pub(super) fn published(set: &RequestSet<'_>, request: Request) -> Request {
    let catalogue = Catalogue::get();
    let prefix = request.action.split(':').next().unwrap_or_default();
    let owner = Arn::parse(&request.resource).map_or(prefix, |arn| arn.service);
    let of = |prefix: &str| catalogue.service(prefix).into_iter().flat_map(crate::Service::actions);
    let account = Subject::of(&request).account().unwrap_or("111111111111");
    let region = match request.context.get("aws:RequestedRegion") {
        Some(ContextValue::One(region)) => region,
        _ => "eu-west-1",
    };
    let fits = |action: &Action| {
        action.resource_types().any(|kind| resource_matches(&kind.pattern(), &request.resource))
            || request.resource == "*" && !action.has_resource_types()
    };
    let moved = |action: Action| {
        let listed: Vec<String> =
            action.resource_types().map(|kind| example(&kind.arn(), region, account)).collect();
        let none = (!action.has_resource_types()).then(|| "*".to_owned());
        listed.into_iter().chain(none).map(move |resource| (action, resource))
    };
    // Its own action on another resource of its kind, another action on the same resource, and another of both.
    let same = |action: Action| (action, request.resource.clone());
    let own = || catalogue.action(&request.action).into_iter();
    let most = EFFORT / set.formula().weight();
    let better = own()
        .filter(fits)
        .map(same)
        .chain(own().flat_map(moved))
        .chain(of(prefix).filter(fits).map(same).take(TRIES))
        .chain(of(owner).filter(fits).map(same).take(TRIES))
        .chain(of(prefix).flat_map(moved).take(TRIES))
        .take(most)
        .find_map(|(action, resource)| {
            let mut better = request.clone();
            action.name().clone_into(&mut better.action);
            better.resource = resource;
            set.contains(&better).then_some(better)
        });
    better.unwrap_or(request)
}

/// An ARN of a type of resources: every `${…}` filled in.
fn example(arn: &str, region: &str, account: &str) -> String {
    let mut out = String::new();
    let mut rest = arn;
    while let Some((text, variable)) = rest.split_once("${") {
        out.push_str(text);
        let (name, after) = variable.split_once('}').unwrap_or((variable, ""));
        out.push_str(match name {
            "Partition" => "aws",
            "Region" => region,
            "Account" => account,
            _ => "example",
        });
        rest = after;
    }
    out + rest
}

/// Makes a test with a policy variable match.
fn fill(test: &Test<'_>, request: &mut Request) -> bool {
    let (values, version) = match test {
        // Who calls, and for what, decides such keys: they have the values that they have.
        Test::Line(..) if !matches!(test.dimension(), Dimension::Key(_)) => return false,
        Test::Resources(resources, version) => (&resources.patterns, *version),
        Test::Line(line, version) => (&line.values, *version),
        _ => return false,
    };
    let Some(value) = values.iter().find(|value| variable_keys(&value.value).next().is_some()) else {
        return false;
    };
    for key in variable_keys(&value.value) {
        if Subject::of(request).value(key).is_none() {
            request.context.set(key, ContextValue::One("example".to_owned()));
        }
    }
    let Some(value) = resolved(&value.value, version, &Subject::of(request)) else { return false };
    match test {
        Test::Line(line, _) => {
            let many = matches!(request.context.get(&line.key.value), Some(ContextValue::Many(_)))
                || line.operator.value.set == Some(SetQuantifier::ForAnyValue);
            let value = if many { ContextValue::Many(vec![value]) } else { ContextValue::One(value) };
            request.context.set(&line.key.value, value);
        }
        _ => request.resource = value,
    }
    true
}
