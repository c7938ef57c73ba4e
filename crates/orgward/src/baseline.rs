//! `orgward plan baseline`.

use std::path::Path;

use miette::Diagnostic;
use orgward_finding::{BaselineEntry, Gate, Outcome};
use orgward_report::{BaselineError, escape};
use thiserror::Error;

use crate::arguments::BaselineArguments;
use crate::exit::Exit;
use crate::{files, output, review};

/// Why a baseline could not be read or written.
#[derive(Debug, Error, Diagnostic)]
enum Failure {
    #[error("cannot use the baseline `{}`: {error}", escape(name))]
    #[diagnostic(forward(error))]
    Use { name: String, error: BaselineError },
    #[error("a plan that does not tell the whole story makes no baseline")]
    #[diagnostic(help(
        "plan everything, without errors and without `-target`, or accept what is missing with `--allow-incomplete`"
    ))]
    Incomplete,
}

/// Writes down what is found.
pub(crate) fn run(arguments: &BaselineArguments) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let gate = Gate { fail_on: None, existing: false };
    let review = review::review(&arguments.inputs, gate, &[])?;
    if review.outcome() == Outcome::Incomplete {
        return Err(Box::new(Failure::Incomplete));
    }
    let about_waivers = |rule: &str| orgward_config::waivers::RULES.iter().any(|info| info.id == rule);
    let found = review.findings.iter().map(|finding| finding.rule);
    let rules: Vec<&str> = found.filter(|rule| !about_waivers(rule)).collect();
    let text = orgward_report::baseline(&review, &rules);
    match &arguments.output {
        Some(file) => output::write(file, &text)?,
        None => output::print(text.as_bytes())?,
    }
    let secret = review.findings.iter().filter(|finding| finding.is_sensitive()).count();
    if secret > 0 {
        output::warn(&format!(
            "left out {secret} of the findings: they rest on sensitive texts, which a baseline cannot tell apart \
             without giving them away\n"
        ));
    }
    Ok(Exit::Clean)
}

/// Reads a baseline, if one is named.
pub(crate) fn read(file: Option<&Path>) -> Result<Vec<BaselineEntry>, Box<dyn Diagnostic + Send + Sync>> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let name = file.display().to_string();
    let text = files::read("the baseline", file)?;
    Ok(orgward_report::read_baseline(&text).map_err(|error| Failure::Use { name, error })?)
}
