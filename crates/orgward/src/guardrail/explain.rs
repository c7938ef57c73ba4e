//! `orgward guardrail explain`.

use miette::Diagnostic;
use orgward_finding::story::Outcome;
use orgward_org::Organization;

use crate::arguments::{AnswerFormat, ExplainArguments};
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::{config, input};

/// Tells how a guardrail fares in an account.
pub(super) fn run(
    arguments: &ExplainArguments,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let config = config::load(&arguments.config)?;
    let documents = input::read_all(arguments.org.iter())?;
    let mut parsed = documents.iter().map(input::parse).collect::<Result<Vec<_>, _>>()?;
    input::declare(&mut parsed, &config, &config::folder(&arguments.config));
    let organization = Organization::of(&[], &parsed, &config.declared());
    let story = orgward_proof::explain(
        &organization.after,
        &config.guardrails,
        (&config.regions, &config.structure),
        &arguments.id,
        &arguments.account,
    )?;
    let text = match arguments.format {
        AnswerFormat::Terminal => orgward_report::story(&story, terminal.style(false)),
        AnswerFormat::Json => orgward_report::story_json(&story),
    };
    output::print(text.as_bytes())?;
    Ok(match story.outcome {
        Outcome::Holds => Exit::Clean,
        Outcome::Refuted => Exit::Blocked,
        Outcome::Undecided => Exit::Failed,
    })
}
