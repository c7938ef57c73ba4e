//! `orgward policy`.

mod compare;
mod decide;
mod guardrail;
mod prove;
mod unreadable;

use miette::Diagnostic;
use orgward_finding::WitnessValue;
use orgward_iam::{Caller, ContextValue, Request};
use orgward_report::{ShownPrincipal, ShownRequest};

use crate::arguments::PolicyCommand;
use crate::exit::Exit;
use crate::output::Terminal;

/// Answers a question about policies.
pub(crate) fn run(
    command: &PolicyCommand,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    match command {
        PolicyCommand::Decide(arguments) => decide::run(arguments, terminal),
        PolicyCommand::Compare(arguments) => compare::run(arguments, terminal),
        PolicyCommand::Prove(arguments) => prove::run(arguments, terminal),
    }
}

/// A request as reports show it.
fn shown(request: &Request) -> ShownRequest {
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
