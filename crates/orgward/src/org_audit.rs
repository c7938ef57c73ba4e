//! `orgward org audit`.

use miette::Diagnostic;
use orgward_finding::ReviewKind;
use orgward_org::{Change, Organization};
use orgward_report::escape;
use orgward_rules::{Checked, Question};
use thiserror::Error;

use crate::arguments::OrgAuditArguments;
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::rego::OwnRules;
use crate::{baseline, config, input, org_diff, progress, review};

/// Why an audit does not say what is new.
#[derive(Debug, Error, Diagnostic)]
enum AuditError {
    #[error("`--since {}` is compared with one input, and {count} are given", escape(since))]
    #[diagnostic(help(
        "write them into one snapshot with `orgward org import -o FILE INPUT...`, and audit that"
    ))]
    Several { since: String, count: usize },
}

/// Runs all rules that need no plan over an organization as it is.
pub(crate) fn run(
    arguments: &OrgAuditArguments,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let mut config = config::load(&arguments.config)?;
    config::choose(&mut config, &arguments.rules)?;
    let own = OwnRules::of(&config)?;
    let detail = config::detail(&config, &arguments.detail);
    let baseline = baseline::read(arguments.baseline.as_deref())?;
    let paths = input::expanded(&arguments.inputs)?;
    if let (Some(since), false) = (&arguments.since, paths.len() == 1) {
        let since = since.display().to_string();
        return Err(AuditError::Several { since, count: paths.len() }.into());
    }
    // The older one comes first: both are read together, so that none is given twice.
    let documents = input::read_all(arguments.since.iter().chain(&paths))?;
    let mut parsed = documents.iter().map(input::parse).collect::<Result<Vec<_>, _>>()?;
    input::declare(&mut parsed, &config, &config::folder(&arguments.config));
    let (old, inputs) = parsed.split_at(usize::from(arguments.since.is_some()));
    input::not_empty(inputs)?;
    progress::stage("building the organization");
    let (kind, organization) =
        if let ([old], [new], [old_document, new_document]) = (old, inputs, documents.as_slice()) {
            let organizations = org_diff::organizations((old_document, old), (new_document, new), &config)?;
            (ReviewKind::Drift, organizations)
        } else {
            let after = Organization::after(inputs, &config.declared());
            (ReviewKind::Audit, Change { before: Organization::default(), after })
        };
    progress::stage("checking");
    let mut checked = Checked::without_plan(kind, &organization, inputs, &config);
    own.ask(&mut checked, &organization, &config, &[])?;
    // Nothing is new in an audit: what is there blocks.
    let existing = arguments.existing || kind == ReviewKind::Audit;
    let question = Question {
        gate: config::gate(&config, arguments.fail_on, existing),
        today: review::today(),
        baseline: &baseline,
        allow_incomplete: arguments.allow_incomplete,
        events: None,
    };
    let found = checked.judged(question);
    let rules = review::rules(&own);
    for output in &arguments.output {
        let text = review::write(&found, &rules, output.format, output::file_style(detail));
        output::write(&output.file, &text)?;
    }
    let text = review::write(&found, &rules, arguments.format, terminal.style(detail));
    output::print(text.as_bytes())?;
    Ok(found.outcome().into())
}
