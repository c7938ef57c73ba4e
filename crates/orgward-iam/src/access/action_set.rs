//! Which actions the requests of a set are for.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::Budget;
use super::lazy::Lazy;
use super::memo::{Found, Memo};
use super::set::{Formula, RequestSet, StandIn};
use super::test::Test;
use super::universe::tests_about_actions;
use super::witness::published;
use crate::arn::Arn;
use crate::catalogue::OfService;
use crate::matching::{action_matches, resource_matches};
use crate::{Action, ActionList, Catalogue, Request};

/// An action of a service that does not exist.
const UNLISTED: &str = "unlisted-service:CreateThing";
/// How large a list of actions is with its examples, as the memory counts it.
const OF_LIST: usize = 3_000;

/// What was found out, by the set and the number of examples.
static ACTION_SETS: Memo<Found<Result<ActionSet, String>>> = Memo::new();

/// How many examples are made easy to read.
const READABLE: usize = 4;

/// The actions that the requests of a set are for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActionSet {
    /// A request of each group of actions that the set tells apart, those that AWS could get first.
    pub examples: Vec<Request>,
    /// The listed actions.
    pub actions: ActionList,
    /// Whether actions of services that nobody lists are among them.
    pub unlisted: bool,
}

impl RequestSet<'_> {
    /// Which actions its requests are for; an error where that cannot be told.
    pub fn action_set(&self) -> Result<ActionSet, String> {
        self.action_set_with(READABLE)
    }

    /// The listed actions that its requests are for, without examples.
    pub fn actions(&self) -> Result<ActionList, String> {
        self.action_set_with(0).map(|action_set| action_set.actions)
    }

    /// For each pattern of an `Action` element, whether a request of the set is for an action that it matches; an error
    /// where that cannot be told.
    pub fn are_met(&self, patterns: &[&str]) -> Result<Vec<bool>, String> {
        let asked: Vec<Formula<'_>> = patterns.iter().map(|pattern| Formula::Action(pattern)).collect();
        let met = vec![Cell::new(false); patterns.len()];
        let pairs = || patterns.iter().zip(&met);
        let wanted =
            |action: &str| pairs().any(|(pattern, met)| !met.get() && action_matches(pattern, action));
        self.ask(Budget::QUESTION, |budget| {
            let set = self.narrowed();
            Lazy::of(&set).by_action(&asked, budget, wanted, |action, _| {
                pairs()
                    .filter(|(pattern, _)| action_matches(pattern, action))
                    .for_each(|(_, met)| met.set(true));
            })
        })?;
        Ok(met.into_iter().map(Cell::into_inner).collect())
    }

    pub(super) fn action_set_with(&self, readable: usize) -> Result<ActionSet, String> {
        self.ask(Budget::QUESTION, |budget| self.action_set_within(readable, budget))
    }

    fn action_set_within(&self, readable: usize, budget: &mut Budget) -> Result<ActionSet, String> {
        let set = self.narrowed();
        // What one account may do is what another may, unless a statement tells them apart.
        let (set, stand_in) = match set.by_stand_in() {
            Some((set, stand_in)) => (set, Some(stand_in)),
            None => (set, None),
        };
        let key = format!("{readable} {}", set.formula().identity());
        let size = |key: &String, _| key.len() + OF_LIST;
        let mut found = ACTION_SETS.get_within(key, budget, size, |budget| {
            match set.action_set_of(readable, budget) {
                Err(reason) if reason != Budget::OVER => Ok(Err(reason)),
                answer => answer.map(Ok),
            }
        })??;
        if let Some(StandIn { stand_in, account }) = stand_in.filter(|it| it.stand_in != it.account) {
            for example in &mut found.examples {
                *example = example.as_account(&stand_in, &account);
            }
        }
        Ok(found)
    }

    fn action_set_of(&self, readable: usize, budget: &mut Budget) -> Result<ActionSet, String> {
        let tests = tests_about_actions(self.formula());
        let mut found = BTreeMap::new();
        let mut examples = Vec::new();
        Lazy::of(self).by_action(
            &[],
            budget,
            |_| true,
            |action, request| {
                found.insert(signature(&tests, action), examples.len());
                examples.push(if examples.len() < readable { published(self, request) } else { request });
            },
        )?;
        let mut actions = ActionList::default();
        // Examples that are still to be had for an action that AWS lists.
        let mut made_up: Vec<bool> = examples.iter().take(readable).map(|it| !is_listed(it)).collect();
        let mut note = |at: usize, action: &Action| {
            if let (Some(example), Some(made_up)) = (examples.get_mut(at), made_up.get_mut(at))
                && *made_up
            {
                *example = self.listed(example, *action);
                *made_up = !is_listed(example);
            }
        };
        // No pattern has wildcards for the service, but for the one of all actions.
        let named: BTreeSet<String> = tests
            .iter()
            .flatten()
            .filter_map(|it| Some(it.split_once(':')?.0.to_ascii_lowercase()))
            .collect();
        let others = found.get(&signature(&tests, UNLISTED)).copied();
        for of in OfService::all() {
            let is_named = named.contains(of.service);
            if !is_named && others.is_none() {
                continue;
            }
            let about = |pattern: &str| {
                pattern == "*"
                    || pattern
                        .split_once(':')
                        .is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case(of.service))
            };
            let here: Vec<Vec<&str>> = tests
                .iter()
                .filter(|_| is_named)
                .map(|patterns| patterns.iter().copied().filter(|it| about(it)).collect())
                .collect();
            // Most services are named as a whole or not at all: their actions are all alike.
            let group = |action: &Action| found.get(&signature(&here, action.name())).copied();
            let whole = match of.actions.first() {
                _ if !is_named => Some(others),
                Some(first) if here.iter().flatten().all(|pattern| is_whole(pattern)) => Some(group(first)),
                _ => None,
            };
            match whole {
                Some(None) => {}
                Some(Some(at)) => {
                    actions.insert_all(of);
                    of.actions.iter().for_each(|action| note(at, action));
                }
                None => {
                    for (place, action) in of.actions.iter().enumerate() {
                        let Some(at) = group(action) else { continue };
                        actions.insert(of, place);
                        note(at, action);
                    }
                }
            }
        }
        examples.sort_by_cached_key(|request| (!is_possible(request), !is_listed(request)));
        let unlisted = others.is_some();
        Ok(ActionSet { examples, actions, unlisted })
    }

    /// The same request for a listed action that no test tells from its own.
    fn listed(&self, request: &Request, action: Action) -> Request {
        let mut listed = request.clone();
        action.name().clone_into(&mut listed.action);
        if self.contains(&listed) { published(self, listed) } else { request.clone() }
    }
}

fn is_listed(request: &Request) -> bool {
    Catalogue::get().action(&request.action).is_some()
}

impl Request {
    /// Whether AWS lists its action for such a resource, or does not list the action at all.
    pub fn is_possible(&self) -> bool {
        is_possible(self)
    }

    /// A key of the context that belongs to another service, which says something about its resources or calls: a request
    /// for an object has no owner of an image.
    pub(crate) fn foreign_key(&self) -> Option<&str> {
        let (service, _) = self.action.split_once(':')?;
        let action = Catalogue::get().action(&self.action);
        let mut keys = self.context.iter().map(|(key, _)| key);
        keys.find(|key| is_foreign(service, action, key))
    }
}

/// Whether a key is of another service than an action, and is none that comes with credentials: those are in every request
/// that is made with them.
pub(crate) fn is_foreign(service: &str, action: Option<crate::Action>, key: &str) -> bool {
    const OF_CREDENTIALS: [&str; 6] = ["source", "role", "credential", "issu", "delivery", "identity"];
    let Some((prefix, name)) = key.split_once(':') else { return false };
    let (prefix, name) = (prefix.to_ascii_lowercase(), name.to_ascii_lowercase());
    let with_credentials = OF_CREDENTIALS.iter().any(|part| name.contains(part))
        || ["aws", "sts", "iam", "identitystore", "codebuild", "saml"].contains(&prefix.as_str());
    !with_credentials
        && !prefix.eq_ignore_ascii_case(service)
        && Catalogue::get().service(service).is_some()
        && Catalogue::get().service(&prefix).is_some()
        && !action.is_some_and(|action| action.condition_keys().any(|known| known.is(key)))
}

fn is_possible(request: &Request) -> bool {
    let Some(action) = Catalogue::get().action(&request.action) else { return true };
    if request.resource == "*" {
        return !action.is_always_about_a_resource();
    }
    // A pattern with a wildcard for the partition also matches what has an ARN of the type in its name.
    let service = Arn::parse(&request.resource).map(|arn| arn.service);
    let mut types = action.resource_types();
    types.any(|it| {
        (it.service() == "*" || service == Some(it.service()))
            && resource_matches(&it.pattern(), &request.resource)
    })
}

/// Whether a pattern of a service matches all of its actions.
fn is_whole(pattern: &str) -> bool {
    pattern == "*" || pattern.split_once(':').is_some_and(|(_, name)| name == "*")
}

/// Which lists of patterns match an action.
fn signature(tests: &[Vec<&str>], action: &str) -> Vec<bool> {
    let matches = |patterns: &Vec<&str>| patterns.iter().any(|pattern| action_matches(pattern, action));
    tests.iter().map(matches).collect()
}

/// The patterns of a test about actions.
pub(super) fn patterns<'t>(test: &Test<'t>) -> Option<Vec<&'t str>> {
    match test {
        Test::Actions(actions) => Some(actions.patterns.iter().map(|it| it.value.as_str()).collect()),
        Test::Action(name) => Some(vec![name]),
        Test::Resources(..) | Test::Principals(..) | Test::Callers(_) | Test::Line(..) => None,
    }
}
