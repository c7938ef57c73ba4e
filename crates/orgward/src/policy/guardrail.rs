//! What has to be denied, as a person writes it.

use std::collections::BTreeMap;

use miette::Diagnostic;
use orgward_iam::{Kind, Policy, PolicyError, RequestSet};
use orgward_report::escape;
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

use crate::input::Text;

/// Why a guardrail could not be read.
#[derive(Debug, Error, Diagnostic)]
pub(super) enum GuardrailError {
    #[error("cannot read the guardrail `{}`: {}", escape(name), escape(message))]
    #[diagnostic(help(
        "a guardrail has `name`, `actions` or `notActions`, `resources` or `notResources`, `conditions` and \
         `exemptPrincipals`"
    ))]
    Syntax { name: String, message: String },
    #[error("cannot read the guardrail `{}`: {}", escape(name), escape(&error.message))]
    #[diagnostic(help("{}", error.help))]
    Policy { name: String, error: PolicyError },
}

/// What has to be denied. The elements mean what they mean in a statement.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    name: Option<String>,
    actions: Option<Value>,
    not_actions: Option<Value>,
    resources: Option<Value>,
    not_resources: Option<Value>,
    #[serde(default)]
    conditions: BTreeMap<String, Value>,
    #[serde(default)]
    exempt_principals: Vec<String>,
}

/// What has to be denied.
pub(super) struct Guardrail {
    pub(super) name: String,
    /// A statement that matches what has to be denied, and perhaps one that matches what is exempt.
    policy: Policy,
}

impl Guardrail {
    pub(super) fn read(text: &Text) -> Result<Self, GuardrailError> {
        let syntax = |message: String| GuardrailError::Syntax { name: text.name.clone(), message };
        let written: Written = if text.text.trim_start().starts_with('{') {
            serde_json::from_str(&text.text).map_err(|error| syntax(error.to_string()))?
        } else {
            toml::from_str(&text.text).map_err(|error| syntax(error.message().to_owned()))?
        };
        let mut statement = json!({ "Effect": "Deny", "Condition": written.conditions });
        let mut set = |name: &str, value: Option<Value>| {
            if let (Some(object), Some(value)) = (statement.as_object_mut(), value) {
                object.insert(name.to_owned(), value);
            }
        };
        let everything = |this: &Option<Value>, other: &Option<Value>| {
            this.clone().or_else(|| other.is_none().then(|| json!("*")))
        };
        set("Action", everything(&written.actions, &written.not_actions));
        set("NotAction", written.not_actions);
        set("Resource", everything(&written.resources, &written.not_resources));
        set("NotResource", written.not_resources);
        let mut statements = vec![statement];
        if !written.exempt_principals.is_empty() {
            statements.push(json!({
                "Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": { "ArnLike": { "aws:PrincipalArn": written.exempt_principals } },
            }));
        }
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        let policy = Policy::parse(document.to_string(), Kind::ServiceControl)
            .map_err(|error| GuardrailError::Policy { name: text.name.clone(), error })?;
        Ok(Self { name: written.name.unwrap_or_else(|| text.name.clone()), policy })
    }

    /// The requests that have to be denied.
    pub(super) fn requests(&self) -> RequestSet<'_> {
        match self.policy.statements.as_slice() {
            [first, exempt @ ..] => {
                exempt.iter().fold(RequestSet::matched(&self.policy, first), |set, statement| {
                    set.minus(RequestSet::matched(&self.policy, statement))
                })
            }
            [] => RequestSet::everything(),
        }
    }
}
