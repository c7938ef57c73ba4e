//! `orgward guardrail check`.

use miette::Diagnostic;
use orgward_org::{Change, Organization};
use orgward_rules::Question;

use crate::arguments::AuditArguments;
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::rego::OwnRules;
use crate::{baseline, config, input, progress, review};

/// Proves every guardrail for an organization as it stands, and says so.
pub(super) fn run(
    arguments: &AuditArguments,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let mut config = config::load(&arguments.config)?;
    config::choose(&mut config, &arguments.rules)?;
    let detail = config::detail(&config, &arguments.detail);
    let baseline = baseline::read(arguments.baseline.as_deref())?;
    let documents = input::read_all(input::expanded(&arguments.org)?.iter())?;
    let mut parsed = documents.iter().map(input::parse).collect::<Result<Vec<_>, _>>()?;
    input::not_empty(&parsed)?;
    input::declare(&mut parsed, &config, &config::folder(&arguments.config));
    progress::stage("building the organization");
    let after = Organization::after(&parsed, &config.declared());
    let organization = Change { before: Organization::default(), after };
    progress::stage("proving");
    // Nothing is new in an audit: what is there blocks.
    let gate = config::gate(&config, arguments.fail_on, true);
    let question = Question {
        gate,
        today: review::today(),
        baseline: &baseline,
        allow_incomplete: arguments.allow_incomplete,
        events: None,
    };
    let found = orgward_rules::check_guardrails(&organization, &parsed, &config, question);
    let rules = review::rules(&OwnRules::none());
    for output in &arguments.output {
        let text = review::write(&found, &rules, output.format, output::file_style(detail));
        output::write(&output.file, &text)?;
    }
    let text = review::write(&found, &rules, arguments.format, terminal.style(detail));
    output::print(text.as_bytes())?;
    Ok(found.outcome().into())
}
