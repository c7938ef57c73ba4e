//! A request that shows something: for people as a sentence, for programs in the form of scenarios.

use std::collections::BTreeMap;

use orgward_finding::WitnessValue;
use serde::Serialize;

use crate::escape;
use crate::terminal::Pen;

/// A concrete request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownRequest {
    /// Who asks.
    pub principal: ShownPrincipal,
    /// For what.
    pub action: String,
    /// On which resource.
    pub resource: String,
    /// Whose resource it is, where its ARN does not tell.
    pub account: Option<String>,
    /// The context, sorted by key.
    pub context: Vec<(String, WitnessValue)>,
}

/// Who makes a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ShownPrincipal {
    /// An ARN, a service, or `anonymous`.
    Named(String),
    /// A caller with a token of this identity provider.
    Federated(String),
}

/// Says who asks for what, and under which circumstances.
pub(crate) fn tell(pen: &mut Pen, label: &str, request: &ShownRequest) {
    let principal = match &request.principal {
        ShownPrincipal::Named(name) => escape::line(name).into_owned(),
        ShownPrincipal::Federated(provider) => format!("a caller with a token of {}", escape::line(provider)),
    };
    let resource = match request.resource.as_str() {
        "*" => String::new(),
        resource => format!(" on {}", escape::line(resource)),
    };
    pen.entry(label, &format!("{principal} asks for {}{resource}", escape::line(&request.action)));
    if let Some(account) = &request.account {
        pen.entry("where", &format!("the resource is of account {}", escape::line(account)));
    }
    for (key, value) in &request.context {
        let value = match value {
            WitnessValue::One(value) if value.is_empty() => "empty".to_owned(),
            WitnessValue::One(value) => escape::line(value).into_owned(),
            WitnessValue::Many(values) => {
                let values: Vec<_> = values.iter().map(|value| escape::line(value)).collect();
                format!("[{}]", values.join(", "))
            }
        };
        pen.entry("where", &format!("{} is {value}", escape::line(key)));
    }
}

/// A request in the form of a scenario.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestJson<'a> {
    principal: PrincipalJson<'a>,
    action: &'a str,
    resource: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_account: Option<&'a str>,
    context: BTreeMap<&'a str, ValueJson<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum PrincipalJson<'a> {
    Named(&'a str),
    Federated { federated: &'a str },
}

#[derive(Serialize)]
#[serde(untagged)]
enum ValueJson<'a> {
    One(&'a str),
    Many(&'a [String]),
}

impl<'a> RequestJson<'a> {
    pub(crate) fn of(request: &'a ShownRequest) -> Self {
        Self {
            principal: match &request.principal {
                ShownPrincipal::Named(name) => PrincipalJson::Named(name),
                ShownPrincipal::Federated(federated) => PrincipalJson::Federated { federated },
            },
            action: &request.action,
            resource: &request.resource,
            resource_account: request.account.as_deref(),
            context: request
                .context
                .iter()
                .map(|(key, value)| {
                    let value = match value {
                        WitnessValue::One(value) => ValueJson::One(value),
                        WitnessValue::Many(values) => ValueJson::Many(values),
                    };
                    (key.as_str(), value)
                })
                .collect(),
        }
    }
}

/// Writes an answer for programs.
pub(crate) fn json(answer: &impl Serialize) -> String {
    // Strings, numbers and lists always make JSON.
    let text = serde_json::to_string_pretty(answer).unwrap_or_default();
    let mut text = escape::json(&text);
    text.push('\n');
    text
}
