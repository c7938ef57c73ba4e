use serde::Serialize;

use super::{Answer, Decided, DecidedBy, LayerAnswer, StatementAnswer};
use crate::escape;

/// Writes decisions for programs: a list with one entry for each scenario, in order. `docs/scenarios.md` documents
/// every key.
pub fn decisions_json(answers: &[Answer]) -> String {
    let answers: Vec<_> = answers.iter().map(AnswerJson::of).collect();
    // Strings, numbers and lists always make JSON.
    let text = serde_json::to_string_pretty(&answers).unwrap_or_default();
    let mut text = escape::json(&text);
    text.push('\n');
    text
}

#[derive(Serialize)]
struct AnswerJson<'a> {
    name: &'a str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    decided: Option<DecidedJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DecidedJson<'a> {
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<DecidedByJson<'a>>,
    layers: Vec<LayerJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "is_empty")]
    notes: &'a [String],
}

#[derive(Serialize)]
struct DecidedByJson<'a> {
    layer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    statement: Option<StatementJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
}

#[derive(Serialize)]
struct LayerJson<'a> {
    layer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    result: &'static str,
    statements: Vec<StatementJson<'a>>,
}

#[derive(Serialize)]
struct StatementJson<'a> {
    policy: &'a str,
    statement: usize,
}

impl<'a> AnswerJson<'a> {
    fn of(answer: &'a Answer) -> Self {
        let (decided, error) = match &answer.decided {
            Ok(decided) => (Some(DecidedJson::of(decided)), None),
            Err(error) => (None, Some(error.as_str())),
        };
        Self { name: &answer.name, decided, error }
    }
}

impl<'a> DecidedJson<'a> {
    fn of(decided: &'a Decided) -> Self {
        Self {
            decision: decided.result.as_str(),
            decided_by: decided.by.as_ref().map(DecidedByJson::of),
            layers: decided.layers.iter().map(LayerJson::of).collect(),
            message: decided.message.as_deref(),
            notes: &decided.notes,
        }
    }
}

impl<'a> DecidedByJson<'a> {
    fn of(by: &'a DecidedBy) -> Self {
        Self {
            layer: by.layer,
            target: by.target.as_deref(),
            statement: by.statement.as_ref().map(StatementJson::of),
            sid: by.statement.as_ref().and_then(|statement| statement.sid.as_deref()),
        }
    }
}

impl<'a> LayerJson<'a> {
    fn of(layer: &'a LayerAnswer) -> Self {
        Self {
            layer: layer.layer,
            target: layer.target.as_deref(),
            result: layer.result.as_str(),
            statements: layer.statements.iter().map(StatementJson::of).collect(),
        }
    }
}

impl<'a> StatementJson<'a> {
    fn of(statement: &'a StatementAnswer) -> Self {
        Self { policy: &statement.policy, statement: statement.statement }
    }
}

fn is_empty(notes: &[String]) -> bool {
    notes.is_empty()
}
