//! Global services, over all requests: does a lock deny one in the region through which it is called?
//!
//! As for the lock itself, requests that are easy to read come first: one of each service. Where they are allowed, the
//! proof decides over every action of the services, every principal and whatever else a request can be like.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use orgward_iam::{
    Answer, Callers, Claim, ClaimSpec, Effect, Policy, Request, RequestSet, Statement, action_matches,
    is_account_id,
};
use orgward_org::{Denial, Judge, NodeId, PolicyChain, Ruling};

use super::{
    Allowed, REQUESTED_REGION, Signature, UNLISTED_REGION, expects_exemption, names_accounts,
    region_conditions, request,
};
use crate::data::{self, GlobalService};
use crate::org_policies::Group;
use crate::region_lock::Regions;

/// A global service that a lock denies.
#[derive(Clone)]
pub struct DeniedService {
    /// The prefix of its actions.
    pub prefix: &'static str,
    /// A request that shows it.
    pub request: Request,
    /// The policy that denies it.
    pub org_policy: NodeId,
    /// Index of the statement.
    pub statement: usize,
}

/// What was found about chains of guardrails, so that places with the same chain share the work.
#[derive(Default)]
pub struct DeniedServices {
    found: BTreeMap<Signature, Result<Vec<DeniedService>, String>>,
    /// The calls of lists of services.
    calls: BTreeMap<Vec<&'static str>, Rc<Vec<Claim>>>,
}

impl DeniedServices {
    /// The global services that the guardrails of a group deny because of the region; an error says why it cannot be
    /// told.
    pub fn of(
        &mut self,
        settings: &Regions,
        allowed: &Allowed,
        group: &Group<'_>,
    ) -> Result<Vec<DeniedService>, String> {
        let key = (!names_accounts(&group.chain)).then(|| group.chain.signature());
        if let Some(found) = key.as_ref().and_then(|key| self.found.get(key)) {
            return found.clone();
        }
        let found = self.denied(settings, allowed, &group.chain, &group.account_id());
        if let Some(key) = key {
            self.found.insert(key, found.clone());
        }
        found
    }

    fn denied(
        &mut self,
        settings: &Regions,
        allowed: &Allowed,
        chain: &PolicyChain<'_>,
        account: &str,
    ) -> Result<Vec<DeniedService>, String> {
        let partition = chain.partition.as_deref().unwrap_or("aws");
        let principal = format!("arn:{partition}:iam::{account}:role/application");
        let home = allowed.regions.first().map_or(UNLISTED_REGION, String::as_str);
        let judge = chain.judge();
        let (mut found, mut open) = (Vec::new(), Vec::new());
        for service in data::global_services() {
            if allowed.regions.contains(&service.region)
                || !expects_exemption(settings.profile(), &service.prefix)
            {
                continue;
            }
            let there = request(&principal, &service.action, &service.region, &[]);
            let here = request(&principal, &service.action, home, &[]);
            // Denied because of the region, and not whatever the region is.
            match (by(&judge, &there), judge.decide(&here)) {
                (Some((org_policy, statement)), Ruling::Allowed) => {
                    found.push(DeniedService {
                        prefix: &service.prefix,
                        request: there,
                        org_policy,
                        statement,
                    });
                }
                _ => open.push(service),
            }
        }
        if !open.is_empty() && chain.enabled != Some(false) {
            found.extend(self.proved(settings, chain, account, open)?);
        }
        // In the order of the list: what hurts most comes first.
        let place = |prefix| data::global_services().iter().position(|service| service.prefix == prefix);
        found.sort_by_key(|denied| place(denied.prefix));
        Ok(found)
    }

    /// The services of which some request is denied by a statement about regions, and by no other one.
    fn proved(
        &mut self,
        settings: &Regions,
        chain: &PolicyChain<'_>,
        account: &str,
        mut services: Vec<&'static GlobalService>,
    ) -> Result<Vec<DeniedService>, String> {
        let ((locks, others), judge) = (denials(chain), chain.judge());
        let mut found = Vec::new();
        while !services.is_empty() && !locks.is_empty() {
            let calls = self.calls(&services)?;
            let accepted = accepted(settings)?;
            let called = calls.iter().fold(RequestSet::nothing(), |all, claim| all.or(claim.requests()));
            let mut set = RequestSet::bound();
            if let Some(partition) = &chain.partition {
                set = set.and(RequestSet::in_partition(partition));
            }
            if is_account_id(account) {
                set = set.and(RequestSet::by(Callers::Accounts([account.to_owned()].into())));
            }
            set = set.and(called).and(any_of(&locks)).minus(any_of(&others));
            if let Some(accepted) = &accepted {
                set = set.minus(accepted.requests());
            }
            match set.example() {
                Answer::None => break,
                Answer::Undecided(reason) => return Err(reason),
                Answer::Witness(request) => {
                    let is_asked = |service: &&GlobalService| {
                        action_matches(&format!("{}:*", service.prefix), &request.action)
                    };
                    let Some(at) = services.iter().position(is_asked) else { break };
                    let service = services.remove(at);
                    if let Some((org_policy, statement)) = by(&judge, &request) {
                        let request = *request;
                        found.push(DeniedService { prefix: &service.prefix, request, org_policy, statement });
                    }
                }
            }
        }
        Ok(found)
    }

    /// The calls of services, each in its region.
    fn calls(&mut self, services: &[&'static GlobalService]) -> Result<Rc<Vec<Claim>>, String> {
        let key: Vec<&str> = services.iter().map(|service| service.prefix.as_str()).collect();
        if let Some(known) = self.calls.get(&key) {
            return Ok(Rc::clone(known));
        }
        let calls = Rc::new(calls(services)?);
        self.calls.insert(key, Rc::clone(&calls));
        Ok(calls)
    }
}

fn by(judge: &Judge<'_, '_>, request: &Request) -> Option<(NodeId, usize)> {
    match judge.decide(request) {
        Ruling::Denied(Denial { by, .. }) => by,
        Ruling::Allowed | Ruling::Undecided(_) => None,
    }
}

type Denials<'p> = Vec<(&'p Policy, &'p Statement)>;

/// The statements that deny for certain: those about regions, and the others.
fn denials<'p>(chain: &PolicyChain<'p>) -> (Denials<'p>, Denials<'p>) {
    chain
        .certain()
        .filter_map(|(_, org_policy)| org_policy.data.document.policy())
        .flat_map(|policy| policy.statements.iter().map(move |statement| (policy, statement)))
        .filter(|(_, statement)| statement.effect.value == Effect::Deny)
        .partition(|(_, statement)| region_conditions(&statement.conditions).next().is_some())
}

fn any_of<'p>(statements: &Denials<'p>) -> RequestSet<'p> {
    let matched = statements.iter().map(|(policy, statement)| RequestSet::matched(policy, statement));
    matched.fold(RequestSet::nothing(), RequestSet::or)
}

/// The calls of services, each in its region.
fn calls(services: &[&GlobalService]) -> Result<Vec<Claim>, String> {
    let regions: BTreeSet<&str> = services.iter().map(|service| service.region.as_str()).collect();
    let claims = regions.into_iter().map(|region| {
        let there = services.iter().filter(|service| service.region == region);
        claim(ClaimSpec {
            actions: Some(there.map(|service| format!("{}:*", service.prefix)).collect()),
            conditions: condition("StringEquals", REQUESTED_REGION, vec![region.to_owned()]),
            ..ClaimSpec::default()
        })
    });
    claims.collect()
}

/// The requests of principals that need not be bound, if there are any.
fn accepted(settings: &Regions) -> Result<Option<Claim>, String> {
    let accepted: Vec<String> = settings.accepted_principals().into_iter().map(str::to_owned).collect();
    if accepted.is_empty() {
        return Ok(None);
    }
    let conditions = condition("ArnLike", "aws:PrincipalArn", accepted);
    claim(ClaimSpec { conditions, ..ClaimSpec::default() }).map(Some)
}

fn condition(
    operator: &str,
    key: &str,
    values: Vec<String>,
) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
    BTreeMap::from([(operator.to_owned(), BTreeMap::from([(key.to_owned(), values)]))])
}

fn claim(spec: ClaimSpec) -> Result<Claim, String> {
    Claim::new(spec).map_err(|error| format!("`orgward.toml` makes no lock: {error}"))
}
