//! The configuration that plans were made from: a folder, or the archive that `terraform plan -out` writes.

mod archive;
mod folder;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::Diagnostic;
use orgward_finding::{Finding, Site};
use orgward_plan::{Document, Plan, Sources};
use orgward_report::escape;
use thiserror::Error;

use crate::output;

/// Why the sources cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum SourceError {
    #[error("cannot read the sources in `{}`", escape(name))]
    Read { name: String, source: io::Error },
    #[error("the sources in `{}` are no folder and no saved plan", escape(name))]
    #[diagnostic(help(
        "give the folder of the root module, or the file that `terraform plan -out=FILE` wrote"
    ))]
    Kind { name: String },
    #[error("there is no configuration in `{}`", escape(name))]
    #[diagnostic(help(
        "give the folder of the root module, the one in which `terraform plan` runs, or the file that `terraform plan \
         -out=FILE` wrote"
    ))]
    Empty { name: String },
    #[error("the archive `{}` cannot be read: {}", escape(name), escape(why))]
    #[diagnostic(help(
        "write it anew with `terraform plan -out=FILE`, or give the folder with the configuration"
    ))]
    Archive { name: String, why: String },
    #[error("of which plan `{}` are the sources cannot be told", escape(name))]
    #[diagnostic(help("say so: `--source {}={}`", escape(plan), escape(name)))]
    Whose { name: String, plan: String },
}

/// Sources, and the plan that they were named for.
struct Given<'g> {
    name: &'g str,
    plan: Option<&'g str>,
    sources: Arc<Sources>,
}

/// Gives plans their sources. `inputs` are the files that the plans are from; `arguments` are `PATH`, or `PLAN=PATH`.
pub(crate) fn attach(
    plans: &mut [Plan<'_>],
    inputs: &[PathBuf],
    arguments: &[String],
) -> Result<(), SourceError> {
    let mut given = Vec::new();
    for argument in arguments {
        let named = argument.split_once('=').filter(|(name, _)| plans.iter().any(|plan| plan.name == *name));
        let (plan, name) = named.map_or((None, argument.as_str()), |(plan, name)| (Some(plan), name));
        given.push(Given { name, plan, sources: Arc::new(read(Path::new(name))?) });
    }
    for each in &given {
        let whose = whose(each, &given, plans);
        if whose.is_empty() {
            let plan = plans.first().map(|plan| plan.name.clone()).unwrap_or_default();
            return Err(SourceError::Whose { name: each.name.to_owned(), plan });
        }
        for plan in plans.iter_mut().filter(|plan| whose.contains(&plan.name)) {
            plan.with_sources(Arc::clone(&each.sources));
        }
    }
    // A saved plan brings its own.
    for (plan, input) in plans.iter_mut().zip(inputs) {
        if plan.has_sources() || !is_archive(input) {
            continue;
        }
        match read(input) {
            Ok(sources) => plan.with_sources(Arc::new(sources)),
            // Nobody has asked for them, and the plan itself could be shown.
            Err(error) => output::warn(&format!("note: {error}\n")),
        }
    }
    Ok(())
}

/// The names of the plans that sources are of.
fn whose(each: &Given<'_>, given: &[Given<'_>], plans: &[Plan<'_>]) -> Vec<String> {
    if let Some(plan) = each.plan {
        return vec![plan.to_owned()];
    }
    if let [only] = plans {
        return vec![only.name.clone()];
    }
    // Stacks that are copies of each other declare the same: then nobody can tell.
    let open = |plan: &&Plan<'_>| given.iter().all(|other| other.plan != Some(plan.name.as_str()));
    let fitting: Vec<&Plan<'_>> = plans.iter().filter(open).filter(|plan| each.sources.fits(plan)).collect();
    let alone = given
        .iter()
        .filter(|other| other.plan.is_none() && fitting.iter().any(|plan| other.sources.fits(plan)));
    match fitting.as_slice() {
        [only] if alone.count() == 1 => vec![only.name.clone()],
        _ => Vec::new(),
    }
}

/// Reads a folder or an archive. A file that cannot be parsed is left out: the plan has the last word.
fn read(path: &Path) -> Result<Sources, SourceError> {
    let name = path.display().to_string();
    let sources = if path.is_dir() {
        folder::read(path).map_err(|source| SourceError::Read { name: name.clone(), source })?
    } else if is_archive(path) {
        archive::read(path).map_err(|why| SourceError::Archive { name: name.clone(), why })?
    } else {
        return match std::fs::metadata(path) {
            Ok(_) => Err(SourceError::Kind { name }),
            Err(source) => Err(SourceError::Read { name, source }),
        };
    };
    if sources.is_empty() && sources.unreadable().is_empty() {
        return Err(SourceError::Empty { name });
    }
    for file in sources.unreadable() {
        output::warn(&format!("note: {} and is left out of the sources\n", escape(file)));
    }
    Ok(sources)
}

fn is_archive(path: &Path) -> bool {
    let mut start = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && Document::is_archive(&start)
}

/// Says of each finding where its resource is written.
pub(crate) fn annotate(findings: &mut [Finding], plans: &[Plan<'_>]) {
    for finding in findings.iter_mut().filter(|finding| finding.site.is_none()) {
        let Some(address) = &finding.address else { continue };
        let plan = match &finding.input {
            Some(input) => plans.iter().find(|plan| plan.name == *input),
            None => plans.first(),
        };
        // A document is named by the attribute that it is in.
        let argument = finding.snippets.first().and_then(|snippet| {
            let rest = snippet.name.strip_prefix(address.as_str())?.strip_prefix('.')?;
            rest.split(['.', '[']).next()
        });
        let line = plan.and_then(|plan| plan.site(address, argument));
        if let Some(line) = line {
            finding.site = Some(Site { file: line.file, line: line.line });
            finding.quote = line.text;
        }
    }
}

/// A path from where the program runs, without `.`, and without `..` where a name comes before it; with slashes.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let path = here.as_deref().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path);
    let mut flat = PathBuf::new();
    for part in path.components() {
        use std::path::Component::{CurDir, Normal, ParentDir};
        match part {
            CurDir => {}
            ParentDir if matches!(flat.components().next_back(), Some(Normal(_))) => {
                flat.pop();
            }
            _ => flat.push(part),
        }
    }
    flat.to_string_lossy().replace('\\', "/")
}

/// Whether a file has HCL.
fn is_configuration(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("tf" | "tofu"))
}
