//! `orgward guardrail explain`.

use miette::Diagnostic;
use orgward_finding::story::Outcome;
use orgward_org::Organization;
use orgward_proof::ExplainError;
use orgward_report::Detail;

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
    let documents = input::read_all(input::expanded(&arguments.org)?.iter())?;
    let mut parsed = documents.iter().map(input::parse).collect::<Result<Vec<_>, _>>()?;
    input::not_empty(&parsed)?;
    input::declare(&mut parsed, &config, &config::folder(&arguments.config));
    crate::progress::stage("building the organization");
    let organization = Organization::of(&[], &parsed, &config.declared());
    let story = orgward_proof::explain(
        &organization.after,
        &config.guardrails,
        (&config.regions, &config.structure),
        &arguments.id,
        &arguments.account,
    );
    // To be outside of the scope is an answer, and neither that it holds nor that it does not.
    let story = match story {
        Err(ExplainError::Scope { account, guardrail, targets }) => {
            return outside(
                arguments,
                terminal,
                [&guardrail, &account, &format!("its targets are: {targets}")],
            );
        }
        Err(ExplainError::Management { account }) => {
            let why = "policies of the organization never bind the management account";
            return outside(arguments, terminal, [&arguments.id, &account, why]);
        }
        story => story?,
    };
    let text = match arguments.format {
        AnswerFormat::Terminal => orgward_report::story(&story, terminal.style(Detail::Usual)),
        AnswerFormat::Json => orgward_report::story_json(&story),
    };
    output::print(text.as_bytes())?;
    Ok(match story.outcome {
        Outcome::Holds => Exit::Clean,
        Outcome::Refuted => Exit::Blocked,
        Outcome::Undecided => Exit::Failed,
    })
}

fn outside(
    arguments: &ExplainArguments,
    terminal: Terminal,
    [guardrail, account, why]: [&str; 3],
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let text = match arguments.format {
        AnswerFormat::Terminal => {
            orgward_report::out_of_scope(guardrail, account, why, terminal.style(Detail::Usual))
        }
        AnswerFormat::Json => orgward_report::out_of_scope_json(guardrail, account, why),
    };
    output::print(text.as_bytes())?;
    Ok(Exit::Failed)
}
