//! What has to be denied, as a person writes it in a file of its own.

use std::collections::BTreeMap;

use miette::Diagnostic;
use orgward_iam::{Claim, ClaimSpec, PolicyError};
use orgward_proof::{EnforcedBy, ExplainError};
use orgward_report::escape;
use serde::Deserialize;
use thiserror::Error;

use crate::input::Text;

/// Why a guardrail could not be read.
#[derive(Debug, Error, Diagnostic)]
pub(super) enum GuardrailError {
    #[error("cannot read the guardrail `{}`: {}", escape(name), escape(message))]
    #[diagnostic(help(
        "a guardrail has `id`, `actions` or `not_actions`, `resources` or `not_resources`, `conditions` and \
         `exempt_principals`"
    ))]
    Syntax { name: String, message: String },
    #[error("cannot read the guardrail `{}`: {}", escape(name), escape(&error.message))]
    #[diagnostic(help("{}", error.help))]
    Policy { name: String, error: PolicyError },
}

/// What has to be denied. The elements mean what they mean in a statement; they are spelled as in `orgward.toml`, and files
/// from before keep their spelling.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(alias = "name")]
    id: Option<String>,
    actions: Option<Values>,
    #[serde(alias = "notActions")]
    not_actions: Option<Values>,
    resources: Option<Values>,
    #[serde(alias = "notResources")]
    not_resources: Option<Values>,
    #[serde(default)]
    conditions: BTreeMap<String, BTreeMap<String, Values>>,
    #[serde(default, alias = "exemptPrincipals")]
    exempt_principals: Vec<String>,
}

/// One value, or a list.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a string, a whole number, a boolean, or a list of them")]
enum Values {
    One(Value),
    Many(Vec<Value>),
}

/// A value, as policies may write it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Number(i64),
    Truth(bool),
}

impl Values {
    fn texts(self) -> Vec<String> {
        let values = match self {
            Self::One(value) => vec![value],
            Self::Many(values) => values,
        };
        let text = |value| match value {
            Value::Text(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Truth(truth) => truth.to_string(),
        };
        values.into_iter().map(text).collect()
    }
}

/// What has to be denied, and what it is called.
pub(super) struct Guardrail {
    pub(super) name: String,
    claim: Claim,
    enforced_by: EnforcedBy,
}

impl Guardrail {
    /// Reads the guardrails of a file: the tables of `orgward.toml`, as `guardrail show --as toml` prints them, or one in
    /// the words of a statement.
    pub(super) fn read_all(text: &Text) -> Result<Vec<Self>, Box<dyn Diagnostic + Send + Sync>> {
        let is_table = text.text.parse::<toml::Table>().is_ok_and(|root| root.contains_key("guardrail"));
        if !is_table {
            return Ok(vec![Self::read(text)?]);
        }
        let declared = orgward_config::read_guardrails(&text.name, &text.text)?;
        if let Some(endpoint) = declared.iter().find(|it| it.enforced_by == EnforcedBy::Endpoint) {
            return Err(Box::new(ExplainError::Endpoint { guardrail: endpoint.id.clone() }));
        }
        let read = |it: orgward_proof::Guardrail| Self {
            name: it.id,
            claim: it.claim,
            // One chain of each kind is given: what either denies is denied.
            enforced_by: if it.enforced_by == EnforcedBy::Both {
                EnforcedBy::ServiceControl
            } else {
                it.enforced_by
            },
        };
        Ok(declared.into_iter().map(read).collect())
    }

    fn read(text: &Text) -> Result<Self, GuardrailError> {
        let syntax = |message: String| GuardrailError::Syntax { name: text.name.clone(), message };
        let written: Written = if text.text.trim_start().starts_with('{') {
            serde_json::from_str(&text.text).map_err(|error| syntax(error.to_string()))?
        } else {
            toml::from_str(&text.text).map_err(|error| syntax(error.message().to_owned()))?
        };
        let texts = |values: Option<Values>| values.map(Values::texts);
        let keys = |keys: BTreeMap<String, Values>| {
            keys.into_iter().map(|(key, values)| (key, values.texts())).collect()
        };
        let spec = ClaimSpec {
            actions: texts(written.actions),
            not_actions: texts(written.not_actions),
            resources: texts(written.resources),
            not_resources: texts(written.not_resources),
            conditions: written
                .conditions
                .into_iter()
                .map(|(operator, each)| (operator, keys(each)))
                .collect(),
            exempt_principals: written.exempt_principals,
        };
        let claim = Claim::declared(spec)
            .map_err(|error| GuardrailError::Policy { name: text.name.clone(), error: error.error })?;
        Ok(Self {
            name: written.id.unwrap_or_else(|| text.name.clone()),
            claim,
            enforced_by: EnforcedBy::default(),
        })
    }

    /// What has to be denied.
    pub(super) fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Which policies have to deny it.
    pub(super) fn enforced_by(&self) -> EnforcedBy {
        self.enforced_by
    }
}
