//! From a choice of values to a request.

use super::dimension::{Point, blank};
use super::set::RequestSet;
use super::solve::Choice;
use super::test::{Dimension, Test, dimension_of};
use super::universe::Universe;
use crate::arn::{Arn, is_account_id};
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
        // Only users have a name, so that a request that depends on it is one of a user.
        let user = self.of_user(choice, &request).and_then(|request| self.resolve(choice, &request));
        let apart = self.apart(choice, &request);
        std::iter::once(request).chain(resolved).chain(user).chain(apart)
    }

    /// The request, with other values for the variables that a key must not be equal to.
    fn apart(&self, choice: &Choice, request: &Request) -> Option<Request> {
        let mut apart = request.clone();
        let mut changed = false;
        for (at, unknown) in self.unknowns.iter().enumerate() {
            let Some(left) = choice.get(self.dimensions.len() + at) else { continue };
            let Test::Line(line, _) = &unknown.test else { continue };
            if !left.contains(1) || left.contains(0) {
                continue;
            }
            let given = apart.context.get(&line.key.value).cloned();
            for key in line.values.iter().flat_map(|value| variable_keys(&value.value)) {
                let is_free = dimension_of(key) == Dimension::Key(key.to_ascii_lowercase());
                if is_free && given.is_some() && apart.context.get(key) == given.as_ref() {
                    apart.context.set(key, ContextValue::One("another".to_owned()));
                    changed = true;
                }
            }
        }
        changed.then_some(apart)
    }

    /// The request of a user, where a policy variable stands for the name of one.
    fn of_user(&self, choice: &Choice, request: &Request) -> Option<Request> {
        let mut asked = self.unknowns.iter().filter_map(|unknown| unknown.test.variable());
        asked.find(|key| key.eq_ignore_ascii_case("aws:username"))?;
        let at = self.dimensions.iter().position(|(dimension, _)| *dimension == Dimension::Caller)?;
        let (_, values) = self.dimensions.get(at)?;
        let is_user = |point: &&Point| matches!(point, Point::Caller { caller: Caller::Arn(arn), .. } if arn.contains(":user/"));
        let point = choice.get(at)?.iter().filter_map(|at| values.points.get(at)).find(is_user)?;
        let mut request = request.clone();
        point.apply(&mut request);
        Some(request)
    }

    /// The request, with the values that its policy variables stand for where they are to match.
    fn resolve(&self, choice: &Choice, request: &Request) -> Option<Request> {
        let mut request = request.clone();
        let mut changed = false;
        // Both are left where it does not matter.
        let matching = self.unknowns.iter().enumerate().filter(|(at, unknown)| {
            let left = choice.get(self.dimensions.len() + at);
            unknown.test.variable().is_some()
                && left.is_some_and(|left| left.contains(0) && !left.contains(1))
        });
        // Whose resource it is can be said only when it is known which.
        let (resources, rest): (Vec<_>, Vec<_>) =
            matching.partition(|(_, unknown)| matches!(unknown.test, Test::Resources(..)));
        for (_, unknown) in resources.into_iter().chain(rest) {
            changed |= fill(&unknown.test, &mut request);
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
    let request = own_if_possible(set, request);
    let catalogue = Catalogue::get();
    let prefix = request.action.split(':').next().unwrap_or_default();
    let owner = Arn::parse(&request.resource).map_or(prefix, |arn| arn.service);
    let of = |prefix: &str| catalogue.service(prefix).into_iter().flat_map(crate::Service::actions);
    let caller = Subject::of(&request).account().unwrap_or("111111111111");
    let holder = Arn::parse(&request.resource).map_or(caller, |arn| arn.account);
    // Whose resource it is may be given, or be a matter of the ARN.
    let accounts = match &request.resource_account {
        Some(account) => vec![account.as_str()],
        None if holder == caller || holder.is_empty() => vec![caller],
        None => vec![caller, holder],
    };
    let region = match request.context.get("aws:RequestedRegion") {
        Some(ContextValue::One(region)) => region,
        _ => "eu-west-1",
    };
    let partition = match &request.caller {
        Caller::Arn(arn) => Arn::parse(arn).map_or("aws", |arn| arn.partition),
        _ => "aws",
    };
    let fits = |action: &Action| {
        action.resource_types().any(|kind| resource_matches(&kind.pattern(), &request.resource))
            || request.resource == "*" && !action.has_resource_types()
    };
    let moved = |action: Action| {
        let mut types: Vec<_> = action.resource_types().collect();
        // What every request has, and the plainest, tells most.
        let named = action.name().to_ascii_lowercase();
        types.sort_by_key(|kind| {
            (!kind.required, !named.contains(&kind.name.replace('-', "")), kind.arn().len())
        });
        let of_types = |account: &&str| -> Vec<String> {
            types.iter().map(|kind| example(&kind.arn(), partition, region, account)).collect()
        };
        let listed: Vec<String> = accounts.iter().flat_map(of_types).collect();
        let none = (!action.has_resource_types()).then(|| "*".to_owned());
        listed.into_iter().chain(none).map(move |resource| (action, resource))
    };
    // Its own action on another resource of its kind, another action on the same resource, and another of both.
    let same = |action: Action| (action, request.resource.clone());
    let own = || catalogue.action(&request.action).into_iter();
    let most = EFFORT / set.formula().weight();
    // A resource of another account or region would raise questions.
    let lies_in = Arn::parse(&request.resource).map_or("", |arn| arn.region);
    let is_here = lies_in.is_empty() || lies_in == region;
    let is_own = |_: &Action| is_here && (holder.is_empty() || holder == caller);
    let better = own()
        .filter(fits)
        .filter(is_own)
        .map(same)
        .chain(own().flat_map(moved))
        .chain(own().filter(fits).map(same))
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

/// The same request about a resource of the caller's account, where the set has it: who owns it would raise questions.
fn own_if_possible(set: &RequestSet<'_>, request: Request) -> Request {
    let caller = Subject::of(&request).account().unwrap_or_default();
    let Some(Arn { partition, service, region, account, resource }) = Arn::parse(&request.resource) else {
        return request;
    };
    if account.is_empty() || caller.is_empty() || account == caller || request.resource_account.is_some() {
        return request;
    }
    let mut own = request.clone();
    own.resource = format!("arn:{partition}:{service}:{region}:{caller}:{resource}");
    if set.contains(&own) { own } else { request }
}

/// An ARN of a type of resources: every `${…}` filled in.
fn example(arn: &str, partition: &str, region: &str, account: &str) -> String {
    let mut out = String::new();
    let mut rest = arn;
    while let Some((text, variable)) = rest.split_once("${") {
        out.push_str(text);
        let (name, after) = variable.split_once('}').unwrap_or((variable, ""));
        out.push_str(match name {
            "Partition" => partition,
            "Region" => region,
            "Account" => account,
            _ => "example",
        });
        rest = after;
    }
    out + rest
}

/// An id that the caller may have as `aws:userid` (IAM user guide, "Principal key values").
fn unique_id(subject: &Subject<'_>) -> Option<String> {
    let account = subject.account()?;
    let (kind, name) = subject.resource_part()?.split_once('/').unwrap_or((subject.resource_part()?, ""));
    let session = subject.session().map_or("session", |(_, session)| session);
    match kind {
        "root" => Some(account.to_owned()),
        "user" => Some("AIDAEXAMPLEEXAMPLE000".to_owned()),
        "role" | "assumed-role" => Some(format!("AROAEXAMPLEEXAMPLE000:{session}")),
        "federated-user" => Some(format!("{account}:{name}")),
        _ => None,
    }
}

/// Gives the resource the account that a variable stands for.
fn own_resource(test: &Test<'_>, request: &mut Request) -> bool {
    let Test::Line(line, version) = test else { return false };
    let wanted = line.values.iter().find(|value| variable_keys(&value.value).next().is_some());
    let account = wanted.and_then(|value| resolved(&value.value, *version, &Subject::of(request)));
    account.is_some_and(|account| is_account_id(&account) && give(request, &account))
}

/// Gives the resource the account of the caller, where a test compares the two.
fn own_caller(test: &Test<'_>, request: &mut Request) -> bool {
    let Test::Line(line, _) = test else { return false };
    let mut keys = line.values.iter().flat_map(|value| variable_keys(&value.value));
    let Some(account) = Subject::of(request).account().map(str::to_owned) else { return false };
    keys.any(|key| dimension_of(key) == Dimension::Resource) && give(request, &account)
}

/// Makes an account the owner of the resource of a request.
fn give(request: &mut Request, account: &str) -> bool {
    match Arn::parse(&request.resource).filter(|arn| is_account_id(arn.account)) {
        Some(arn) => {
            let Arn { partition, service, region, resource, .. } = arn;
            request.resource = format!("arn:{partition}:{service}:{region}:{account}:{resource}");
            request.resource_account = None;
        }
        None => request.resource_account = Some(account.to_owned()),
    }
    true
}

/// Makes a test with a policy variable match.
fn fill(test: &Test<'_>, request: &mut Request) -> bool {
    let (values, version) = match test {
        Test::Line(..) if test.dimension() == Dimension::Resource => return own_resource(test, request),
        // Who calls decides such keys: they have the values that they have.
        Test::Line(..) if test.dimension() == Dimension::Caller => return own_caller(test, request),
        Test::Resources(resources, version) => (&resources.patterns, *version),
        Test::Line(line, version) => (&line.values, *version),
        _ => return false,
    };
    let Some(value) = values.iter().find(|value| variable_keys(&value.value).next().is_some()) else {
        return false;
    };
    for key in variable_keys(&value.value) {
        if Subject::of(request).value(key).is_none() {
            let value = if key.eq_ignore_ascii_case("aws:userid") {
                unique_id(&Subject::of(request))
            } else {
                // What follows from the caller or the resource has no other value.
                let is_free = dimension_of(key) == Dimension::Key(key.to_ascii_lowercase());
                is_free.then(|| "example".to_owned())
            };
            let Some(value) = value else { return false };
            request.context.set(key, ContextValue::One(value));
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
        _ => request.resource = with_place(&value, request),
    }
    true
}

/// A resource whose ARN has the region and account that a pattern left open: those of the one that was there before,
/// where it has any.
fn with_place(value: &str, request: &Request) -> String {
    let Some(arn) = Arn::parse(value) else { return value.to_owned() };
    let before = Arn::parse(&request.resource).filter(|before| before.service == arn.service);
    let Arn { partition, service, resource, .. } = arn;
    let region = if arn.region.is_empty() { before.map_or("", |before| before.region) } else { arn.region };
    let subject = Subject::of(request);
    let account = match before {
        _ if !arn.account.is_empty() => arn.account,
        Some(before) => before.account,
        None => subject.account().unwrap_or_default(),
    };
    format!("arn:{partition}:{service}:{region}:{account}:{resource}")
}
