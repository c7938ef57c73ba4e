//! What has to be denied, in the words of a statement.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::{Kind, Policy, PolicyError, RequestSet};

/// How people write what has to be denied. The elements mean what they mean in a statement; an element that is not
/// there stands for everything.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClaimSpec {
    /// The actions, with wildcards.
    pub actions: Option<Vec<String>>,
    /// All actions but these; not together with `actions`.
    pub not_actions: Option<Vec<String>>,
    /// The resources, with wildcards.
    pub resources: Option<Vec<String>>,
    /// All resources but these; not together with `resources`.
    pub not_resources: Option<Vec<String>>,
    /// Operators, each with keys and their values.
    pub conditions: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// ARN patterns of the principals that need not be denied.
    pub exempt_principals: Vec<String>,
}

/// An element of a [`ClaimSpec`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Element {
    /// `actions`.
    Actions,
    /// `not_actions`.
    NotActions,
    /// `resources`.
    Resources,
    /// `not_resources`.
    NotResources,
    /// `conditions`.
    Conditions,
    /// `exempt_principals`.
    ExemptPrincipals,
}

impl Element {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Actions,
        Self::NotActions,
        Self::Resources,
        Self::NotResources,
        Self::Conditions,
        Self::ExemptPrincipals,
    ];

    /// Its name in configurations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Actions => "actions",
            Self::NotActions => "not_actions",
            Self::Resources => "resources",
            Self::NotResources => "not_resources",
            Self::Conditions => "conditions",
            Self::ExemptPrincipals => "exempt_principals",
        }
    }
}

/// Why words describe nothing that can be denied.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{}", error.message)]
pub struct ClaimError {
    /// The element that is wrong.
    pub element: Element,
    /// What is wrong with it. Its span means nothing to the reader, who has not seen the text.
    pub error: PolicyError,
}

/// A set of requests that has to be denied, together with the words that say so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    spec: ClaimSpec,
    /// A statement that matches what has to be denied, and perhaps one that matches what is exempt.
    policy: Policy,
}

impl Claim {
    /// Reads the words.
    pub fn new(spec: ClaimSpec) -> Result<Self, ClaimError> {
        if let Some(element) = spec.contradiction() {
            let message = format!("`{}` cannot stand beside its opposite", element.as_str());
            let error = PolicyError::new(0..0, message, "keep one of the two");
            return Err(ClaimError { element, error });
        }
        if let Some(element) = spec.emptiness() {
            let error = PolicyError::new(
                0..0,
                format!("`{}` has an empty list, so that nothing is denied", element.as_str()),
                "write `*` for everything, or leave it out",
            );
            return Err(ClaimError { element, error });
        }
        match policy(&spec) {
            Ok(policy) => Ok(Self { spec, policy }),
            Err(error) => {
                let culprit = Element::ALL.into_iter().find(|element| policy(&spec.only(*element)).is_err());
                Err(ClaimError { element: culprit.unwrap_or(Element::Actions), error })
            }
        }
    }

    /// Everything that concerns the resources of an account, those whose ARN does not tell the account included.
    pub fn for_resources_of(account: &str) -> Result<Self, ClaimError> {
        let operator = "StringEqualsIfExists".to_owned();
        let key = BTreeMap::from([("aws:ResourceAccount".to_owned(), vec![account.to_owned()])]);
        Self::new(ClaimSpec { conditions: BTreeMap::from([(operator, key)]), ..ClaimSpec::default() })
    }

    /// The words.
    pub fn spec(&self) -> &ClaimSpec {
        &self.spec
    }

    /// The requests that have to be denied. They include those of principals that no guardrail binds.
    pub fn requests(&self) -> RequestSet<'_> {
        match self.policy.statements.as_slice() {
            [denied, exempt @ ..] => {
                exempt.iter().fold(RequestSet::matched(&self.policy, denied), |set, statement| {
                    set.minus(RequestSet::matched(&self.policy, statement))
                })
            }
            // INVARIANT: there is a first statement; without one, nothing may be left out.
            [] => RequestSet::everything(),
        }
    }

    /// The words as a policy: a statement that matches what has to be denied, and perhaps one that matches what is
    /// exempt. It is no policy that anybody should attach.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}

impl ClaimSpec {
    fn contradiction(&self) -> Option<Element> {
        if self.actions.is_some() && self.not_actions.is_some() {
            return Some(Element::NotActions);
        }
        (self.resources.is_some() && self.not_resources.is_some()).then_some(Element::NotResources)
    }

    /// An element that no request fits.
    fn emptiness(&self) -> Option<Element> {
        let is_empty = |list: &Option<Vec<String>>| list.as_ref().is_some_and(Vec::is_empty);
        let mut values = self.conditions.values().flat_map(BTreeMap::values);
        if is_empty(&self.actions) {
            Some(Element::Actions)
        } else if is_empty(&self.resources) {
            Some(Element::Resources)
        } else {
            values.any(Vec::is_empty).then_some(Element::Conditions)
        }
    }

    /// The words of one element.
    fn only(&self, element: Element) -> Self {
        let mut words = Self::default();
        match element {
            Element::Actions => words.actions.clone_from(&self.actions),
            Element::NotActions => words.not_actions.clone_from(&self.not_actions),
            Element::Resources => words.resources.clone_from(&self.resources),
            Element::NotResources => words.not_resources.clone_from(&self.not_resources),
            Element::Conditions => words.conditions.clone_from(&self.conditions),
            Element::ExemptPrincipals => words.exempt_principals.clone_from(&self.exempt_principals),
        }
        words
    }
}

fn policy(spec: &ClaimSpec) -> Result<Policy, PolicyError> {
    let mut denied = Map::new();
    denied.insert("Effect".to_owned(), json!("Deny"));
    let pairs = [
        ("Action", &spec.actions, "NotAction", &spec.not_actions),
        ("Resource", &spec.resources, "NotResource", &spec.not_resources),
    ];
    for (name, these, opposite, others) in pairs {
        match (these, others) {
            (None, Some(others)) => denied.insert(opposite.to_owned(), json!(others)),
            (Some(these), _) => denied.insert(name.to_owned(), json!(these)),
            (None, None) => denied.insert(name.to_owned(), json!("*")),
        };
    }
    if !spec.conditions.is_empty() {
        denied.insert("Condition".to_owned(), json!(spec.conditions));
    }
    let mut statements = vec![Value::Object(denied)];
    if !spec.exempt_principals.is_empty() {
        statements.push(json!({
            "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": { "ArnLike": { "aws:PrincipalArn": spec.exempt_principals } },
        }));
    }
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    Policy::parse(document.to_string(), Kind::ServiceControl)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Caller, Context, ContextValue, Request};

    fn request(principal: &str, action: &str, region: &str) -> Request {
        let mut context = Context::default();
        context.set("aws:RequestedRegion", ContextValue::One(region.to_owned()));
        Request {
            caller: Caller::Arn(principal.to_owned()),
            action: action.to_owned(),
            resource: "*".to_owned(),
            resource_account: None,
            context,
        }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_words_of_a_region_lock() {
        let conditions = BTreeMap::from([(
            "StringNotEquals".to_owned(),
            BTreeMap::from([("aws:RequestedRegion".to_owned(), texts(&["eu-west-1"]))]),
        )]);
        let claim = Claim::new(ClaimSpec {
            not_actions: Some(texts(&["iam:*"])),
            conditions,
            exempt_principals: texts(&["arn:aws:iam::*:role/break-glass"]),
            ..ClaimSpec::default()
        })
        .unwrap();
        let denied = claim.requests();
        let role = "arn:aws:iam::222222222222:role/application";
        assert!(denied.contains(&request(role, "ec2:RunInstances", "us-east-1")));
        assert!(!denied.contains(&request(role, "ec2:RunInstances", "eu-west-1")));
        assert!(!denied.contains(&request(role, "iam:CreateRole", "us-east-1")));
        let exempt = "arn:aws:iam::222222222222:role/break-glass";
        assert!(!denied.contains(&request(exempt, "ec2:RunInstances", "us-east-1")));
    }

    #[test]
    fn no_words_are_everything() {
        let claim = Claim::new(ClaimSpec::default()).unwrap();
        assert!(claim.requests().contains(&request("arn:aws:iam::222222222222:root", "a:B", "x")));
    }

    #[test]
    fn the_element_that_is_wrong_is_named() {
        let wrong = |spec| Claim::new(spec).unwrap_err().element;
        assert_eq!(wrong(ClaimSpec { actions: Some(Vec::new()), ..ClaimSpec::default() }), Element::Actions);
        assert_eq!(
            wrong(ClaimSpec {
                actions: Some(texts(&["s3:*"])),
                not_actions: Some(texts(&["s3:*"])),
                ..ClaimSpec::default()
            }),
            Element::NotActions
        );
        let operator = BTreeMap::from([("StringEqual".to_owned(), BTreeMap::new())]);
        assert_eq!(
            wrong(ClaimSpec {
                actions: Some(texts(&["s3:*"])),
                conditions: operator,
                ..ClaimSpec::default()
            }),
            Element::Conditions
        );
    }
}
