//! `orgward guardrail`.

mod check;
mod explain;
mod show;

use miette::Diagnostic;

use crate::arguments::GuardrailCommand;
use crate::exit::Exit;
use crate::output::Terminal;

/// Answers a question about guardrails.
pub(crate) fn run(
    command: &GuardrailCommand,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    match command {
        GuardrailCommand::Check(arguments) => check::run(arguments, terminal),
        GuardrailCommand::Explain(arguments) => explain::run(arguments, terminal),
        GuardrailCommand::Show(arguments) => show::run(arguments, terminal),
    }
}
