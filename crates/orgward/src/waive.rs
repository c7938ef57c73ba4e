//! `orgward waive`.

use std::fs;
use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use orgward_config::Config;
use orgward_config::waivers::{Acceptance, Waiver};
use orgward_finding::Gate;
use orgward_report::escape;
use thiserror::Error;

use crate::arguments::WaiveArguments;
use crate::exit::Exit;
use crate::{config, files, output, review};

/// Why nothing was waived.
#[derive(Debug, Error, Diagnostic)]
enum Failure {
    #[error("there is no finding `{}`", escape(.0))]
    #[diagnostic(help("`orgward plan review --format json` shows the fingerprint of every finding"))]
    Unknown(String),
    #[error("finding `{}` rests on a sensitive text", escape(.0))]
    #[diagnostic(help(
        "nobody could tell when what was accepted changes; mend it, or change its severity in `[rules]`"
    ))]
    Sensitive(String),
    #[error("finding `{}` is about a waiver", escape(.0))]
    #[diagnostic(help("mend the waiver"))]
    AboutWaiver(String),
    #[error("finding `{0}` is waived already")]
    Twice(String),
    #[error("`{}` does not take in the finding", escape(.0))]
    #[diagnostic(help("the pattern is compared with the whole address; `*` stands for anything"))]
    Pattern(String),
    #[error("`{0}` is over")]
    #[diagnostic(help("name the last day on which it is accepted"))]
    Over(String),
    #[error("`--{0}` says nothing")]
    Empty(&'static str),
    #[error("cannot make the folder `{}`", escape(name))]
    Folder { name: String, source: io::Error },
}

/// Writes the waiver of a finding.
pub(crate) fn run(arguments: &WaiveArguments) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    for (flag, text) in [("reason", &arguments.reason), ("owner", &arguments.owner)] {
        if text.trim().is_empty() {
            return Err(Box::new(Failure::Empty(flag)));
        }
    }
    if arguments.until < review::today() {
        return Err(Box::new(Failure::Over(arguments.until.to_string())));
    }
    let gate = Gate { fail_on: None, existing: false };
    let review = review::review(&arguments.inputs, gate, &[])?;
    let wanted = arguments.fingerprint.as_str();
    let Some(finding) = review.findings.iter().find(|finding| finding.fingerprint() == wanted) else {
        return Err(Box::new(Failure::Unknown(wanted.to_owned())));
    };
    if orgward_config::waivers::RULES.iter().any(|rule| rule.id == finding.rule) {
        return Err(Box::new(Failure::AboutWaiver(wanted.to_owned())));
    }
    if finding.is_sensitive() {
        return Err(Box::new(Failure::Sensitive(wanted.to_owned())));
    }
    if finding.waived.is_some() {
        return Err(Box::new(Failure::Twice(wanted.to_owned())));
    }
    let said = Acceptance {
        reason: arguments.reason.clone(),
        owner: arguments.owner.clone(),
        until: arguments.until,
        ticket: arguments.ticket.clone(),
        approver: arguments.approver.clone(),
    };
    let pattern = arguments.address.as_deref();
    let waiver = Waiver::of(finding, pattern, &review.findings, said);
    if !waiver.matches(finding) {
        return Err(Box::new(Failure::Pattern(pattern.unwrap_or_default().to_owned())));
    }
    let file = add(arguments, &waiver)?;
    output::print(format!("waived in {}\n", escape(&file.display().to_string())).as_bytes())?;
    Ok(Exit::Clean)
}

/// Adds a waiver to a file, which must be one that can be read afterwards.
fn add(arguments: &WaiveArguments, waiver: &Waiver) -> Result<PathBuf, Box<dyn Diagnostic + Send + Sync>> {
    let file = match &arguments.output {
        Some(file) => file.clone(),
        None => config::waivers_beside(&arguments.inputs.config).join(format!("{}.toml", waiver.rule)),
    };
    let name = file.display().to_string();
    let mut text = match file.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        _ => files::read("the waivers", &file)?,
    };
    if !text.is_empty() {
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text.push('\n');
    }
    text.push_str(&waiver.to_toml());
    let is_config = file.file_name().is_some_and(|name| name == config::NAME);
    if is_config {
        config::parse_at(&file, &text)?;
    } else {
        Config::default().add_waivers(&name, &text)?;
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)
            .map_err(|source| Failure::Folder { name: folder.display().to_string(), source })?;
    }
    output::write(&file, &text)?;
    Ok(file)
}
