//! Policies that the program writes, as the JSON that people write.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::{ClaimSpec, Kind, Policy, PolicyError};

/// A policy that is written, and not read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyDraft {
    version: &'static str,
    statement: Vec<StatementDraft>,
}

/// A statement of such a policy, about every action and every resource unless it says which.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StatementDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
    effect: &'static str,
    /// `*` in a resource control policy, which needs one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) principal: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<Texts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_action: Option<Texts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource: Option<Texts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_resource: Option<Texts>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) condition: BTreeMap<String, BTreeMap<String, Texts>>,
}

/// One text is written as itself, several as a list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Texts(pub(crate) Vec<String>);

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => serializer.serialize_str(one),
            several => serializer.collect_seq(several),
        }
    }
}

impl<T: Into<String>> FromIterator<T> for Texts {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        Self(texts.into_iter().map(Into::into).collect())
    }
}

impl PolicyDraft {
    /// A policy of these statements.
    pub(crate) fn new(statement: Vec<StatementDraft>) -> Self {
        Self { version: "2012-10-17", statement }
    }

    /// The policy, read.
    pub(crate) fn parse(&self, kind: Kind) -> Result<Policy, PolicyError> {
        Policy::parse(serde_json::to_string(self).unwrap_or_default(), kind)
    }
}

impl StatementDraft {
    fn new(effect: &'static str) -> Self {
        let everything = || Some(["*"].into_iter().collect());
        Self {
            sid: None,
            effect,
            principal: None,
            action: everything(),
            not_action: None,
            resource: everything(),
            not_resource: None,
            condition: BTreeMap::new(),
        }
    }

    /// A statement that allows everything.
    pub(crate) fn allow() -> Self {
        Self::new("Allow")
    }

    /// A statement that denies everything.
    pub(crate) fn deny() -> Self {
        Self::new("Deny")
    }

    /// Whether it allows.
    pub(crate) fn is_allowing(&self) -> bool {
        self.effect == "Allow"
    }

    /// A statement that denies what the words of a claim describe, exempt principals included.
    pub(crate) fn of(spec: &ClaimSpec) -> Self {
        let texts = |list: &Option<Vec<String>>| list.clone().map(Texts);
        let mut draft = Self::deny();
        if spec.actions.is_some() || spec.not_actions.is_some() {
            (draft.action, draft.not_action) = (texts(&spec.actions), texts(&spec.not_actions));
        }
        if spec.resources.is_some() || spec.not_resources.is_some() {
            (draft.resource, draft.not_resource) = (texts(&spec.resources), texts(&spec.not_resources));
        }
        for (operator, keys) in &spec.conditions {
            let keys = keys.iter().map(|(key, values)| (key.clone(), Texts(values.clone())));
            draft.condition.insert(operator.clone(), keys.collect());
        }
        draft
    }

    /// The same about these actions only.
    pub(crate) fn actions<T: Into<String>>(mut self, actions: impl IntoIterator<Item = T>) -> Self {
        (self.action, self.not_action) = (Some(actions.into_iter().collect()), None);
        self
    }

    /// The same about these resources only.
    pub(crate) fn resources<T: Into<String>>(mut self, resources: impl IntoIterator<Item = T>) -> Self {
        (self.resource, self.not_resource) = (Some(resources.into_iter().collect()), None);
        self
    }

    /// The same under one more condition. Values for the same operator and key add up.
    pub(crate) fn when<T: Into<String>>(
        mut self,
        operator: &str,
        key: &str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let keys = self.condition.entry(operator.to_owned()).or_default();
        keys.entry(key.to_owned()).or_default().0.extend(values.into_iter().map(Into::into));
        self
    }
}
