//! `orgward init`.

mod configuration;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use orgward_config::InferredConfig;
use orgward_org::{Declared, Organization};
use orgward_report::escape;
use thiserror::Error;

use orgward_forge::ForgeKind;

use crate::arguments::InitArguments;
use crate::discover::{self, DiscoverError};
use crate::exit::Exit;
use crate::{input, output};

type Failure = Box<dyn Diagnostic + Send + Sync>;

/// Why nothing was written.
#[derive(Debug, Error, Diagnostic)]
enum InitError {
    #[error("{} is there already", quoted(.0))]
    #[diagnostic(help("nothing was written; `--force` replaces what is there"))]
    Exists(Vec<PathBuf>),
    #[error("`{}` is not {what}", escape(value))]
    Value { value: String, what: &'static str },
    #[error("cannot create the folder `{}`", escape(&folder.display().to_string()))]
    Folder { folder: PathBuf, source: io::Error },
}

/// Writes a configuration and a workflow. All of it, or nothing, as far as that can be told before.
pub(crate) fn run(arguments: &InitArguments) -> Result<Exit, Failure> {
    let folder = Path::new(".");
    let survey = survey(arguments, folder)?;
    let mut files = vec![(PathBuf::from("orgward.toml"), configuration::write(&survey))];
    if !arguments.no_workflow {
        let (name, text) = match arguments.forge.unwrap_or_else(|| guess(folder)) {
            ForgeKind::GitHub => (".github/workflows/orgward.yml", include_str!("github.yml")),
            ForgeKind::GitLab => (".gitlab/orgward.yml", include_str!("gitlab.yml")),
        };
        files.push((PathBuf::from(name), text.to_owned()));
    }
    let there: Vec<_> = files.iter().map(|(name, _)| name).filter(|name| name.exists()).cloned().collect();
    if !there.is_empty() && !arguments.force {
        return Err(InitError::Exists(there).into());
    }
    for (name, text) in &files {
        if let Some(folder) = name.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)
                .map_err(|source| InitError::Folder { folder: folder.to_owned(), source })?;
        }
        output::write(name, text)?;
        output::print(format!("wrote {}\n", name.display()).as_bytes())?;
    }
    Ok(Exit::Clean)
}

/// What the plan tells, corrected by what the user says.
fn survey(arguments: &InitArguments, folder: &Path) -> Result<InferredConfig, Failure> {
    let is_account = |id: &String| orgward_iam::is_account_id(id);
    if let Some(account) = arguments.management_account.as_ref().filter(|id| !is_account(id)) {
        return Err(InitError::Value { value: account.clone(), what: "the id of an account" }.into());
    }
    for region in &arguments.region {
        if !configuration::is_region(region) {
            return Err(InitError::Value { value: region.clone(), what: "a region" }.into());
        }
    }
    let plans = if arguments.plans.is_empty() {
        match discover::plan(folder) {
            Ok(plan) => vec![plan],
            // Without a plan there is less to say, and it can be said later.
            Err(DiscoverError::None) => Vec::new(),
            Err(error) => return Err(error.into()),
        }
    } else {
        arguments.plans.clone()
    };
    let documents = input::read_all(plans.iter().chain(&arguments.org))?;
    let parsed = documents.iter().map(input::parse).collect::<Result<Vec<_>, _>>()?;
    let (plans, context) = parsed.split_at(plans.len().min(parsed.len()));
    let organization = Organization::of(plans, context, &Declared::default());
    let mut survey = InferredConfig::of(&organization.after);
    if arguments.management_account.is_some() {
        survey.management_account.clone_from(&arguments.management_account);
    }
    if !arguments.region.is_empty() {
        survey.regions = arguments.region.iter().cloned().collect();
        survey.locks.clear();
    }
    Ok(survey)
}

fn guess(folder: &Path) -> ForgeKind {
    if folder.join(".gitlab-ci.yml").exists() && !folder.join(".github").exists() {
        ForgeKind::GitLab
    } else {
        ForgeKind::GitHub
    }
}

fn quoted(names: &[PathBuf]) -> String {
    let names: Vec<_> =
        names.iter().map(|name| format!("`{}`", escape(&name.display().to_string()))).collect();
    names.join(" and ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_examples_of_the_documentation_are_what_is_written() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ci");
        for (name, text) in
            [("github.yml", include_str!("github.yml")), ("gitlab.yml", include_str!("gitlab.yml"))]
        {
            let example = std::fs::read_to_string(docs.join(name)).unwrap();
            assert!(example.replace('\r', "") == text.replace('\r', ""), "docs/ci/{name} differs: copy it");
        }
    }
}
