//! What has to be denied, in the words of a statement.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::access::cause;
use crate::draft::{PolicyDraft, StatementDraft};
use crate::matching::action_matches;
use crate::{
    Catalogue, Dead, Impossible, Kind, Policy, PolicyError, Request, RequestSet, Statement, listed_actions,
    may_be_about,
};

/// Operators, each with keys and their values, as the `Condition` element has them.
pub type ConditionSpec = BTreeMap<String, BTreeMap<String, Vec<String>>>;

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
    pub conditions: ConditionSpec,
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
    /// A claim that a person declares: one about no request is refused, since it would always hold.
    pub fn declared(spec: ClaimSpec) -> Result<Self, ClaimError> {
        let claim = Self::new(spec)?;
        match claim.vacuity() {
            Some(error) => Err(error),
            None => Ok(claim),
        }
    }

    /// A claim whose parts are known to fit. What people declare goes through [`declared`](Self::declared).
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
        Self::new(ClaimSpec::default().when("StringEqualsIfExists", "aws:ResourceAccount", [account]))
    }

    /// The words.
    pub fn spec(&self) -> &ClaimSpec {
        &self.spec
    }

    /// Why the claim is about no request, so that it would always hold; `None` when it is about some, or when that is
    /// not decided.
    fn vacuity(&self) -> Option<ClaimError> {
        let error = |element, message: String, help: &str| {
            Some(ClaimError { element, error: PolicyError::new(0..0, message, help) })
        };
        if let Some((action, near)) = self.spec.actions.iter().flatten().find_map(|it| unlisted(it)) {
            let help = near.map_or_else(
                || "compare the name with the documentation of the service".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let date = Catalogue::get().date();
            return error(Element::Actions, format!("AWS lists no action `{action}`, as of {date}"), &help);
        }
        if let Some(resource) = self.resource_of_no_action() {
            return error(
                Element::Resources,
                format!("no action of the claim is about a resource like `{resource}`"),
                "compare the ARN with the resource types of the actions, or leave `resources` out",
            );
        }
        let denied = self.policy.statements.first()?;
        if self.described().is_empty() {
            let (element, what) = self.blame(denied);
            return error(
                element,
                format!("the claim is about no request: {what}"),
                "a claim about no request always holds: correct it, or remove it",
            );
        }
        let matched = || RequestSet::bound().and(RequestSet::matched(&self.policy, denied));
        let is_exempt = !self.spec.exempt_principals.is_empty()
            && RequestSet::bound().and(self.described()).is_empty()
            && !matched().is_empty();
        if is_exempt {
            return error(
                Element::ExemptPrincipals,
                "every principal that the claim is about is exempt".to_owned(),
                "narrow `exempt_principals`",
            );
        }
        None
    }

    /// The part of the claim that no request meets.
    fn blame(&self, denied: &Statement) -> (Element, String) {
        match cause(&self.policy, denied) {
            Dead::Condition(line) => {
                let told = denied.conditions.get(line).map(|line| {
                    format!("no request meets `{}` on `{}`", line.operator.value, line.key.value)
                });
                (Element::Conditions, told.unwrap_or_default())
            }
            Dead::Nothing("Resource" | "NotResource") => {
                (Element::Resources, "no resource is like that".to_owned())
            }
            Dead::Nothing(_) => (Element::Actions, "no action is like that".to_owned()),
            Dead::Contradiction | Dead::Denied | Dead::Covered(_) | Dead::Undecided(_) => {
                (Element::Conditions, "its parts exclude each other".to_owned())
            }
        }
    }

    /// A resource of the claim that none of its actions is about, where all of its resources are such.
    fn resource_of_no_action(&self) -> Option<&str> {
        let actions = listed_actions(self.spec.actions.as_ref()?.iter().map(String::as_str))?;
        let resources = self.spec.resources.as_ref()?;
        let fits = |resource: &String| actions.iter().any(|action| may_be_about(*action, resource));
        if resources.iter().any(fits) { None } else { resources.first().map(String::as_str) }
    }

    /// The requests that have to be denied. They include those of principals that no policy binds, and none that AWS
    /// refuses whatever the policies say.
    pub fn requests(&self) -> RequestSet<'_> {
        const REFUSING: [&str; 2] = ["iam", "kms"];
        let may_be_refused = |action: &String| {
            action
                .split_once(':')
                .is_none_or(|(service, _)| REFUSING.contains(&service.to_ascii_lowercase().as_str()))
        };
        // Most claims are about other services, and what they are not about costs time.
        if self.spec.actions.as_ref().is_none_or(|actions| actions.iter().any(may_be_refused)) {
            self.described().minus(RequestSet::refused_by_aws())
        } else {
            self.described()
        }
    }

    /// The requests that the words describe, those that AWS refuses whatever the policies say included.
    pub fn described(&self) -> RequestSet<'_> {
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

    /// Answers a question about the claim, which is told what to leave out. The engine takes any action for any resource:
    /// a request that AWS cannot get shows nothing, so that the question is asked again without those like it. What was
    /// left out in the end comes with the answer.
    pub fn ask<A>(
        &self,
        question: impl Fn(Option<&Impossible>) -> A,
        example: impl Fn(&A) -> Option<&Request>,
    ) -> (A, Impossible) {
        /// Each round is about another service, or another kind of actions of a large one.
        const ROUNDS: usize = 24;
        let mut left_out = Impossible::default();
        let mut answer = question(None);
        for _ in 0..ROUNDS {
            let is_longer = example(&answer).is_some_and(|request| {
                if let Some(key) = request.foreign_key() {
                    return left_out.extend_by_key(request, key);
                }
                match self.pattern_of_unlisted(request) {
                    Some(pattern) => left_out.extend_by_pattern(pattern),
                    None => !request.is_possible() && left_out.extend(request, |action| self.covers(action)),
                }
            });
            if !is_longer {
                break;
            }
            answer = question(Some(&left_out));
        }
        (answer, left_out)
    }

    /// The pattern of the claim that an action meets which AWS does not list, where all that it lists of the pattern are
    /// about resources.
    fn pattern_of_unlisted(&self, request: &Request) -> Option<&str> {
        let catalogue = Catalogue::get();
        if catalogue.action(&request.action).is_some() {
            return None;
        }
        let mut patterns = self.spec.actions.iter().flatten().map(String::as_str);
        let pattern = patterns.find(|pattern| action_matches(pattern, &request.action))?;
        let mut listed = catalogue.actions_matching(pattern).peekable();
        (listed.peek().is_some() && listed.all(crate::Action::is_always_about_a_resource)).then_some(pattern)
    }

    fn covers(&self, action: &str) -> bool {
        self.policy.statements.first().is_none_or(|it| it.covers_action(action))
    }

    /// The requests for listed actions of the claim that AWS cannot get, where they are of few services.
    pub fn impossible(&self) -> Impossible {
        const SERVICES: usize = 4;
        let mut left_out = Impossible::default();
        let names = self.spec.actions.iter().flatten().map(String::as_str);
        let mut actions = listed_actions(names).unwrap_or_default();
        actions.dedup_by_key(|action| action.service());
        if actions.len() <= SERVICES {
            for action in actions {
                left_out.extend_by(action, |action| self.covers(action));
            }
        }
        left_out
    }

    /// The words as a policy: a statement that matches what has to be denied, and perhaps one that matches what is
    /// exempt. It is no policy that anybody should attach.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// An action of a claim that AWS does not list though it knows the service or one of a similar name, with the action
/// that may be meant. A service that is unknown altogether may be new.
fn unlisted(pattern: &str) -> Option<(&str, Option<&'static str>)> {
    let catalogue = Catalogue::get();
    if pattern == "*" || catalogue.actions_matching(pattern).next().is_some() {
        return None;
    }
    let service = pattern.split(':').next().unwrap_or_default();
    let near = catalogue.near(pattern).or_else(|| catalogue.near_service(service));
    (near.is_some() || catalogue.service(service).is_some()).then_some((pattern, near))
}

impl ClaimSpec {
    /// The same under one more condition.
    #[must_use]
    pub fn when<T: Into<String>>(
        mut self,
        operator: &str,
        key: &str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let keys = self.conditions.entry(operator.to_owned()).or_default();
        keys.entry(key.to_owned()).or_default().extend(values.into_iter().map(Into::into));
        self
    }

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
    let mut statements = vec![StatementDraft::of(spec)];
    if !spec.exempt_principals.is_empty() {
        let exempt = StatementDraft::deny();
        statements.push(exempt.when("ArnLike", "aws:PrincipalArn", spec.exempt_principals.iter().cloned()));
    }
    PolicyDraft::new(statements).parse(Kind::ServiceControl)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A claim about no request would hold wherever it is asked.
    #[test]
    fn a_claim_about_no_request_is_refused_with_the_part_that_makes_it_empty() {
        let spec = |actions: &[&str]| ClaimSpec { actions: Some(texts(actions)), ..ClaimSpec::default() };
        let with = |actions: &[&str], operator: &str, key: &str, value: &str| ClaimSpec {
            conditions: BTreeMap::from([(
                operator.to_owned(),
                BTreeMap::from([(key.to_owned(), texts(&[value]))]),
            )]),
            ..spec(actions)
        };
        for (spec, element, said) in [
            (
                with(&["s3:*"], "StringEquals", "aws:PrincipalOrgPaths", "o-1/*"),
                Element::Conditions,
                "PrincipalOrgPaths",
            ),
            (
                with(&["ec2:*"], "StringEquals", "aws:RequestedRegion", "EU-WEST-1"),
                Element::Conditions,
                "RequestedRegion",
            ),
            (spec(&["cloudtrail:StopLoging"]), Element::Actions, "StopLoging"),
            (spec(&["guarduty:*"]), Element::Actions, "guarduty"),
            (
                ClaimSpec {
                    resources: Some(texts(&["arn:aws:iam::*:roles/x"])),
                    ..spec(&["iam:DeleteRole"])
                },
                Element::Resources,
                "roles/x",
            ),
            (
                ClaimSpec { exempt_principals: texts(&["arn:*:*::*:*"]), ..spec(&["s3:*"]) },
                Element::ExemptPrincipals,
                "exempt",
            ),
        ] {
            let error = Claim::declared(spec.clone()).expect_err("it is about nothing");
            assert_eq!(error.element, element, "{spec:?}: {error}");
            assert!(error.to_string().contains(said), "{error}");
        }
        assert!(Claim::declared(spec(&["brandnew:DoIt"])).is_ok(), "the service may be new");
        assert!(Claim::declared(with(&["s3:*"], "StringEquals", "aws:PrincipalTag/x", "*")).is_ok());
    }

    /// What IAM refuses is no gap, and a claim about nothing else can still be declared.
    #[test]
    fn what_aws_refuses_is_none_of_the_requests() {
        let claim = Claim::declared(ClaimSpec {
            actions: Some(texts(&["iam:DeleteRole"])),
            resources: Some(texts(&["arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*"])),
            ..ClaimSpec::default()
        })
        .unwrap();
        assert!(RequestSet::bound().and(claim.requests()).is_empty());
    }
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
