//! What declared operators must be able to do, as sets of requests.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::{Catalogue, Kind, Policy, RequestSet};
use orgward_org::Selector;
use serde_json::{Value, json};

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
    /// What is true of its requests, as a policy document writes conditions.
    pub conditions: Value,
    /// Where it works. Empty: everywhere.
    pub targets: Vec<Selector>,
}

/// The requests that an operator must be able to make.
#[derive(Clone, Debug)]
pub struct RequiredAccess {
    /// A statement about who, one about the rest, and then one for each part of the world that the actions are called
    /// in.
    policy: Policy,
}

impl RequiredAccess {
    /// `regions` are those that the organization uses; none: any.
    pub fn of(operator: &Operator, regions: &[String]) -> Result<Self, String> {
        let regions: Vec<&str> = if operator.regions.is_empty() {
            regions.iter().map(String::as_str).collect()
        } else {
            operator.regions.iter().map(String::as_str).collect()
        };
        let mut statements = vec![
            json!({ "Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": { "ArnLike": { "aws:PrincipalArn": operator.principals } } }),
            json!({ "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": operator.conditions }),
        ];
        let resources = match operator.resources.as_slice() {
            [] => json!("*"),
            listed => json!(listed),
        };
        for (region, element) in by_region(&operator.actions) {
            let called_in: Vec<&str> = region.map_or_else(|| regions.clone(), |region| vec![region]);
            let mut statement = json!({ "Effect": "Deny", "Resource": resources });
            let (key, value) = element;
            if let Some(fields) = statement.as_object_mut() {
                fields.insert(key.to_owned(), value);
                if !called_in.is_empty() {
                    let condition = json!({ "StringEquals": { "aws:RequestedRegion": called_in } });
                    fields.insert("Condition".to_owned(), condition);
                }
            }
            statements.push(statement);
        }
        let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let policy = Policy::parse(document, Kind::ServiceControl).map_err(|error| error.message)?;
        Ok(Self { policy })
    }

    /// The requests.
    pub fn requests(&self) -> RequestSet<'_> {
        let matched = |statement| RequestSet::matched(&self.policy, statement);
        let [who, under, actions @ ..] = self.policy.statements.as_slice() else {
            return RequestSet::nothing();
        };
        let actions = actions.iter().map(matched).fold(RequestSet::nothing(), RequestSet::or);
        matched(who).and(matched(under)).and(actions)
    }
}

/// Actions by the one region that their service is called through, and those of services that are everywhere: the
/// element of a statement that is about them.
fn by_region(actions: &[String]) -> Vec<(Option<&'static str>, (&'static str, Value))> {
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
            elements.push((Some(*region), ("Action", json!(here))));
        }
    }
    if everything {
        let spared: Vec<String> = global.values().flatten().map(|service| format!("{service}:*")).collect();
        elements.push((None, ("NotAction", json!(spared))));
    } else if !elsewhere.is_empty() {
        elements.push((None, ("Action", json!(elsewhere))));
    }
    elements
}
