//! `orgward policy`.

mod check;
mod compare;
mod decide;
mod event;
mod guardrail;
mod prove;
mod review;
mod unreadable;

use miette::Diagnostic;
use orgward_finding::WitnessValue;
use orgward_iam::{Caller, ContextValue, Kind, Policy, PolicyError, Request};
use orgward_report::{ShownPrincipal, ShownRequest};

use self::unreadable::Unreadable;
use crate::arguments::{PolicyCommand, PolicyKind};
use crate::exit::Exit;
use crate::input::Text;
use crate::output::Terminal;

/// Answers a question about policies.
pub(crate) fn run(
    command: &PolicyCommand,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    match command {
        PolicyCommand::Decide(arguments) if arguments.event.is_empty() => decide::run(arguments, terminal),
        PolicyCommand::Decide(arguments) => event::run(arguments, terminal),
        PolicyCommand::Check(arguments) => check::run(arguments, terminal),
        PolicyCommand::Compare(arguments) => compare::run(arguments, terminal),
        PolicyCommand::Prove(arguments) => prove::run(arguments, terminal),
        PolicyCommand::Review(arguments) => review::run(arguments, terminal),
    }
}

fn kind_of(kind: PolicyKind) -> Kind {
    match kind {
        PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session => Kind::Identity,
        PolicyKind::Resource => Kind::Resource,
        PolicyKind::Trust => Kind::Trust,
        PolicyKind::Scp => Kind::ServiceControl,
        PolicyKind::Rcp => Kind::ResourceControl,
    }
}

/// What policies without a kind are: those that name principals are of roles or else of other resources.
fn guess(texts: &[&Text]) -> Kind {
    let all = |kind| texts.iter().all(|text| Policy::parse(text.text.as_str(), kind).is_ok());
    if !texts.iter().any(|text| text.text.contains("Principal\"")) {
        Kind::Identity
    } else if all(Kind::Trust) {
        Kind::Trust
    } else {
        Kind::Resource
    }
}

fn parse(text: &Text, kind: Kind) -> Result<Policy, Box<dyn Diagnostic + Send + Sync>> {
    Policy::parse(text.text.as_str(), kind)
        .map_err(|error: PolicyError| Unreadable::of(text, "the policy", &error).into())
}

/// The texts with values in the place of placeholders of templates.
fn filled(mut texts: Vec<Text>, set: &[(String, String)]) -> Vec<Text> {
    for text in &mut texts {
        text.text = orgward_repository::fill(&text.text, set);
    }
    texts
}

/// Says which placeholders keep a question from being answered.
fn unfilled(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("nothing fills in {}: pass `--set NAME=VALUE` for each", names.join(", "))
}

/// A request as reports show it.
pub(crate) fn shown(request: &Request) -> ShownRequest {
    ShownRequest {
        principal: match &request.caller {
            Caller::Federated(provider) => ShownPrincipal::Federated(provider.clone()),
            caller => ShownPrincipal::Named(caller.to_string()),
        },
        action: request.action.clone(),
        resource: request.resource.clone(),
        account: request.resource_account.clone(),
        context: request
            .context
            .iter()
            .map(|(key, value)| {
                let value = match value {
                    ContextValue::One(value) => WitnessValue::One(value.clone()),
                    ContextValue::Many(values) => WitnessValue::Many(values.clone()),
                };
                (key.to_owned(), value)
            })
            .collect(),
    }
}
