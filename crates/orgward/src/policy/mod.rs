//! `orgward policy`.

mod decide;

use miette::Diagnostic;

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
    }
}
