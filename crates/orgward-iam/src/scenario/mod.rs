//! Scenarios: one concrete request each, with every policy that has a say. `docs/scenarios.md` tells the format.

mod policies;
mod request;
#[cfg(test)]
mod tests;

use serde_json::value::RawValue;
use thiserror::Error;

use crate::parse::json::{Member, Node, Shape};
use crate::parse::{elements, expect, string};
use crate::{Decider, Decision, Kind, Layer, Level, Policies, Policy, PolicyChain, PolicyError, Request};

/// A request and every policy that has a say in it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it is called; the number of its place where it has no name.
    pub name: String,
    /// The request.
    pub request: Request,
    /// The policies.
    pub policies: ScenarioPolicies,
}

/// The policies of a scenario; see [`Policies`].
#[derive(Clone, Debug, Default)]
pub struct ScenarioPolicies {
    /// The policies of the caller.
    pub identity: Vec<NamedPolicy>,
    /// The caller's permissions boundary.
    pub boundary: Option<Vec<NamedPolicy>>,
    /// The session policies.
    pub session: Option<Vec<NamedPolicy>>,
    /// The levels of service control policies.
    pub service_control: Option<Vec<ScenarioLevel>>,
    /// The levels of resource control policies.
    pub resource_control: Option<Vec<ScenarioLevel>>,
    /// The policy of the resource.
    pub resource: Vec<NamedPolicy>,
    /// The policies of the VPC endpoint.
    pub endpoint: Option<Vec<NamedPolicy>>,
}

/// A policy with its name.
#[derive(Clone, Debug)]
pub struct NamedPolicy {
    /// What it is called.
    pub name: String,
    /// The policy.
    pub policy: Policy,
}

/// The policies of one level of an organization.
#[derive(Clone, Debug)]
pub struct ScenarioLevel {
    /// The root, unit or account.
    pub target: String,
    /// The policies that are attached to it.
    pub policies: Vec<NamedPolicy>,
}

/// Why one scenario could not be read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{error}")]
pub struct ScenarioError {
    /// What the scenario is called.
    pub name: String,
    /// Which part of it is meant: "`lock` of `r-ab12` in `scp`". Empty where it is the scenario itself.
    pub part: String,
    /// What is wrong, with its place in the text.
    pub error: PolicyError,
}

impl Scenario {
    /// Reads scenarios: a list of them, one, or one after the other. What is wrong with one says nothing about the
    /// rest; only a text that is no JSON has none.
    pub fn read(text: &str) -> Result<Vec<Result<Self, ScenarioError>>, PolicyError> {
        let mut nodes = Vec::new();
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        while let Some(value) = values.next() {
            let at = values.byte_offset();
            match value {
                Ok(raw) => nodes.push(Node::within(text, raw)),
                // Read again from where it went wrong, for an error with its place.
                Err(_) => return Err(Node::after(text, at).err().unwrap_or_else(|| unreadable(at))),
            }
        }
        if nodes.is_empty() {
            // Whoever pipes nothing in has not asked for nothing.
            let help = "give a list of scenarios, or one after the other";
            return Err(PolicyError::new(0..text.len(), "there is no scenario", help));
        }
        if let [only] = nodes.as_slice()
            && only.shape() == Shape::Array
        {
            nodes = only.items()?;
        }
        let one = |(index, node): (usize, &Node<'_>)| {
            let name = name_of(node).unwrap_or_else(|| format!("scenario {}", index + 1));
            read(node, &name).map_err(|Problem { part, error }| ScenarioError { name, part, error })
        };
        Ok(nodes.iter().enumerate().map(one).collect())
    }

    /// Reads the levels of service control policies or resource control policies above an account, in the form that
    /// they have in a scenario: a list, or an object with such a list as `scp` or `rcp`. Policies alone, one after the
    /// other, are one level with `FullAWSAccess` beside them where none of them allows anything.
    pub fn read_levels(text: &str, kind: Kind) -> Result<Vec<ScenarioLevel>, ScenarioError> {
        let read = || match policies::bare(text, kind)? {
            Some(level) => Ok(vec![level]),
            None => policies::alone(&Node::of(text)?, kind),
        };
        read().map_err(|Problem { part, error }| ScenarioError { name: String::new(), part, error })
    }

    /// Decides it.
    pub fn decide(&self) -> Decision {
        self.policies.borrow().decide(&self.request)
    }
}

impl ScenarioLevel {
    /// Levels in the form that decides.
    pub fn chain(levels: &[Self]) -> PolicyChain<'_> {
        chain(levels)
    }
}

impl ScenarioPolicies {
    /// The policies in the form that decides.
    pub fn borrow(&self) -> Policies<'_> {
        Policies {
            identity: deciders(&self.identity),
            boundary: self.boundary.as_deref().map(deciders),
            session: self.session.as_deref().map(deciders),
            service_control: self.service_control.as_deref().map(chain),
            resource_control: self.resource_control.as_deref().map(chain),
            resource: deciders(&self.resource),
            endpoint: self.endpoint.as_deref().map(deciders),
        }
    }

    /// The placeholders of templates in statements about an action, each once.
    pub fn placeholders(&self, action: &str) -> Vec<String> {
        let lists = [Some(&self.identity), Some(&self.resource)].into_iter();
        let lists = lists.chain([self.boundary.as_ref(), self.session.as_ref(), self.endpoint.as_ref()]);
        let levels = [&self.service_control, &self.resource_control].into_iter().flatten().flatten();
        let all = lists.flatten().flatten().chain(levels.flat_map(|level| &level.policies));
        let mut names: Vec<String> = all
            .flat_map(|named| named.policy.placeholders_among(|statement| statement.covers_action(action)))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The policies of a layer, of one level where it has levels.
    pub fn of(&self, layer: Layer, level: Option<usize>) -> &[NamedPolicy] {
        let policies = match layer {
            Layer::Identity => Some(&self.identity),
            Layer::Resource => Some(&self.resource),
            Layer::Boundary => self.boundary.as_ref(),
            Layer::Session => self.session.as_ref(),
            Layer::Endpoint => self.endpoint.as_ref(),
            Layer::ServiceControl | Layer::ResourceControl => {
                self.level(layer, level).map(|level| &level.policies)
            }
        };
        policies.map_or(&[], Vec::as_slice)
    }

    /// One level of an organization's policies.
    pub fn level(&self, layer: Layer, level: Option<usize>) -> Option<&ScenarioLevel> {
        let levels = match layer {
            Layer::ServiceControl => self.service_control.as_ref(),
            Layer::ResourceControl => self.resource_control.as_ref(),
            _ => None,
        };
        levels?.get(level?)
    }
}

fn deciders(policies: &[NamedPolicy]) -> Vec<Decider<'_>> {
    policies.iter().map(|named| Decider { name: &named.name, policy: &named.policy }).collect()
}

fn chain(levels: &[ScenarioLevel]) -> PolicyChain<'_> {
    let levels =
        levels.iter().map(|level| Level { target: &level.target, policies: deciders(&level.policies) });
    PolicyChain(levels.collect())
}

/// What is wrong, and with which part.
struct Problem {
    part: String,
    error: PolicyError,
}

impl From<PolicyError> for Problem {
    fn from(error: PolicyError) -> Self {
        Self { part: String::new(), error }
    }
}

fn read(node: &Node<'_>, name: &str) -> Result<Scenario, Problem> {
    let [given, request, policies] = elements(node, "a scenario", ["name", "request", "policies"])?;
    if let Some(given) = given {
        expect(&given.value, Shape::String, "`name`")?;
    }
    let request = request::read(&required(node, request, "request", "the scenario")?.value)?;
    let policies = match policies {
        Some(member) => policies::read(&member.value, &request)?,
        None => ScenarioPolicies::default(),
    };
    Ok(Scenario { name: name.to_owned(), request, policies })
}

/// What a scenario is called, as far as that can be told whatever else is wrong with it.
fn name_of(node: &Node<'_>) -> Option<String> {
    if node.shape() != Shape::Object {
        return None;
    }
    let name = node.members().ok()?.into_iter().find(|member| member.name == "name")?;
    string(&name.value, "`name`").ok()
}

fn required<'t>(
    node: &Node<'t>,
    member: Option<Member<'t>>,
    name: &str,
    owner: &str,
) -> Result<Member<'t>, PolicyError> {
    member.ok_or_else(|| {
        PolicyError::new(node.span(), format!("{owner} has no `{name}`"), format!("add `{name}`"))
    })
}

fn unreadable(at: usize) -> PolicyError {
    PolicyError::new(at..at, "invalid JSON", "give a list of scenarios, or one after the other")
}
