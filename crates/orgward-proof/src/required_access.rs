//! What declared operators must be able to do, as sets of requests.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::{Catalogue, Claim, ClaimSpec, ConditionSpec, RequestSet};
use orgward_org::Selector;

/// `[[operator]]`: principals that no guardrail may deny what they are there for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operator {
    /// What to call it.
    pub name: String,
    /// ARN patterns.
    pub principals: Vec<String>,
    /// The actions that it must be able to do, with wildcards.
    pub actions: Vec<String>,
    /// The resources that it must be able to do it to. Empty: any.
    pub resources: Vec<String>,
    /// The regions that it works in. Empty: those that the organization uses.
    pub regions: BTreeSet<String>,
    /// What is true of its requests.
    pub conditions: ConditionSpec,
    /// Where it works. Empty: everywhere.
    pub targets: Vec<Selector>,
}

/// The requests that an operator must be able to make.
#[derive(Clone, Debug)]
pub struct RequiredAccess {
    /// Who makes them, and what is true of all.
    all: Vec<Claim>,
    /// The actions, by where they are called.
    parts: Vec<Claim>,
}

impl RequiredAccess {
    /// `regions` are those that the organization uses; none: any.
    pub fn of(operator: &Operator, regions: &[String]) -> Result<Self, String> {
        let used: Vec<&str> = if operator.regions.is_empty() {
            regions.iter().map(String::as_str).collect()
        } else {
            operator.regions.iter().map(String::as_str).collect()
        };
        let claim = |spec| Claim::new(spec).map_err(|error| error.error.message);
        let who =
            ClaimSpec::default().when("ArnLike", "aws:PrincipalArn", operator.principals.iter().cloned());
        let under = ClaimSpec { conditions: operator.conditions.clone(), ..ClaimSpec::default() };
        let parts = by_region(&operator.actions).into_iter().map(|(region, actions)| {
            let called_in = region.map_or_else(|| used.clone(), |region| vec![region]);
            let resources = Some(operator.resources.clone()).filter(|listed| !listed.is_empty());
            let spec = ClaimSpec { resources, ..actions };
            claim(if called_in.is_empty() {
                spec
            } else {
                spec.when("StringEquals", "aws:RequestedRegion", called_in)
            })
        });
        Ok(Self { parts: parts.collect::<Result<_, _>>()?, all: vec![claim(who)?, claim(under)?] })
    }

    /// The requests.
    pub fn requests(&self) -> RequestSet<'_> {
        let parts = self.parts.iter().map(Claim::described).fold(RequestSet::nothing(), RequestSet::or);
        self.all.iter().map(Claim::described).fold(parts, RequestSet::and)
    }
}

/// Actions by the one region that their service is called through, and those of services that are everywhere.
fn by_region(actions: &[String]) -> Vec<(Option<&'static str>, ClaimSpec)> {
    let listed = |actions| ClaimSpec { actions: Some(actions), ..ClaimSpec::default() };
    let mut global: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for service in Catalogue::get().services() {
        if let Some(region) = service.global_region() {
            global.entry(region).or_default().push(service.prefix().to_owned());
        }
    }
    let everything = actions.iter().any(|action| action == "*");
    let mut elements = Vec::new();
    let mut elsewhere: Vec<&String> = actions.iter().filter(|action| *action != "*").collect();
    for (region, services) in &global {
        let of = |action: &str| {
            let prefix = action.split(':').next().unwrap_or_default();
            services.iter().any(|service| service.eq_ignore_ascii_case(prefix))
        };
        let here: Vec<String> = if everything {
            services.iter().map(|service| format!("{service}:*")).collect()
        } else {
            actions.iter().filter(|action| of(action)).cloned().collect()
        };
        elsewhere.retain(|action| !of(action));
        if !here.is_empty() {
            elements.push((Some(*region), listed(here)));
        }
    }
    if everything {
        let spared = global.values().flatten().map(|service| format!("{service}:*")).collect();
        elements.push((None, ClaimSpec { not_actions: Some(spared), ..ClaimSpec::default() }));
    } else if !elsewhere.is_empty() {
        elements.push((None, listed(elsewhere.into_iter().cloned().collect())));
    }
    elements
}
