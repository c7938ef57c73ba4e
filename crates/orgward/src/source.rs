//! The configuration that plans were made from: a folder, or the archive that `terraform plan -out` writes.

mod archive;
mod folder;
mod paths;

#[cfg(feature = "lsp")]
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::Diagnostic;
use orgward_config::Config;
use orgward_finding::{ChainChange, Finding, Site};
use orgward_plan::{About, Document, Plan, Sources, Step, statement_at};
use orgward_report::escape;
use thiserror::Error;

use crate::arguments::{ConfigArguments, SourceArguments};
use crate::{config, confine, input, output};

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

/// The plans and states of documents, of which the first are those of `plans`: with what the configuration says about
/// them, and the plans with their sources.
pub(crate) fn parsed<'d>(
    documents: &'d [Document],
    plans: &[PathBuf],
    (config, file): (&Config, &ConfigArguments),
    arguments: &SourceArguments,
) -> Result<Vec<Plan<'d>>, Box<dyn Diagnostic + Send + Sync>> {
    let mut parsed = documents.iter().map(input::parse).collect::<Result<Vec<_>, _>>()?;
    input::declare(&mut parsed, config, &config::folder(file));
    attach(parsed.get_mut(..plans.len()).unwrap_or_default(), plans, arguments)?;
    Ok(parsed)
}

/// Gives plans their sources. `inputs` are the files that the plans are from; `arguments` are `PATH`, or `PLAN=PATH`.
/// A plan that none is named for has those of its own folder, if they are the ones that it was made from.
pub(crate) fn attach(
    plans: &mut [Plan<'_>],
    inputs: &[PathBuf],
    arguments: &SourceArguments,
) -> Result<(), SourceError> {
    if arguments.no_source {
        return Ok(());
    }
    let mut given = Vec::new();
    for argument in &arguments.source {
        let named = argument.split_once('=').filter(|(name, _)| plans.iter().any(|plan| plan.name == *name));
        let (plan, name) = named.map_or((None, argument.as_str()), |(plan, name)| (Some(plan), name));
        let of = plans.iter().find(|other| plan.is_none_or(|plan| other.name == plan));
        let sources = read(Path::new(name), of.map_or(Dialect::Terraform, Dialect::of))?;
        given.push(Given { name, plan, sources: Arc::new(sources) });
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
    for (plan, input) in plans.iter_mut().zip(inputs).filter(|(plan, _)| !plan.has_sources()) {
        beside(plan, input);
    }
    Ok(())
}

/// Gives a plan the sources of its folder, or those that it brings.
fn beside(plan: &mut Plan<'_>, input: &Path) {
    if !input.is_file() {
        return;
    }
    let folder = input.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let sources = folder::read(folder, Dialect::of(plan));
    let is_there = !sources.is_empty() || !sources.unreadable().is_empty();
    if sources.fits(plan) {
        noted(&sources);
        plan.with_sources(Arc::new(sources));
        return;
    }
    if let Some(sources) = cached(folder, plan) {
        noted(&sources);
        plan.with_sources(Arc::new(sources));
        return;
    }
    // A saved plan has what it was made from, but for files that expressions read.
    if is_archive(input) {
        match read(input, Dialect::of(plan)) {
            Ok(sources) => plan.with_sources(Arc::new(sources)),
            // Without them there is less to say, and the plan itself could be shown.
            Err(error) => output::warn(&format!("note: {error}\n")),
        }
    } else if is_there {
        noted(&sources);
        output::warn(&format!(
            "note: the configuration in `{}` is not the one that `{}` was made from, and is not read\n",
            escape(&folder.display().to_string()),
            escape(&plan.name)
        ));
    }
}

/// The copy of a configuration that Terragrunt made below a unit, if just one fits the plan. Copies of the same text are one.
fn cached(folder: &Path, plan: &Plan<'_>) -> Option<Sources> {
    let copies = folder::copies(folder);
    let read = |copy: &PathBuf| Some(folder::read(copy, Dialect::of(plan))).filter(|it| it.fits(plan));
    let mut fitting = copies.iter().filter_map(|copy| Some((copy, read(copy)?)));
    let (first, sources) = fitting.next()?;
    if let Some((other, _)) = fitting.find(|(other, _)| !folder::same(first, other)) {
        output::warn(&format!(
            "note: `{}` and `{}` both fit `{}`, and neither is read; `--source` names one\n",
            escape(&first.display().to_string()),
            escape(&other.display().to_string()),
            escape(&plan.name)
        ));
        return None;
    }
    Some(sources)
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
fn read(path: &Path, dialect: Dialect) -> Result<Sources, SourceError> {
    let name = path.display().to_string();
    confine::check(path).map_err(|source| SourceError::Read { name: name.clone(), source })?;
    let sources = if path.is_dir() {
        folder::read(path, dialect)
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
    noted(&sources);
    Ok(sources)
}

/// The configuration in a folder, with what an editor holds of its files. Their paths have all links followed.
#[cfg(feature = "lsp")]
pub(crate) fn opened(folder: &Path, open: BTreeMap<PathBuf, String>) -> Sources {
    // Files of both programs are read: which one runs is not known before there is a plan.
    folder::read_with(folder, Dialect::OpenTofu, open)
}

/// The file that a site names, from where sources are in a folder.
#[cfg(feature = "lsp")]
pub(crate) fn located(name: &str, folder: &Path) -> Option<PathBuf> {
    let root = crate::confine::repository(folder).map(Path::to_owned);
    let here = std::env::current_dir().ok();
    let path = Path::new(name);
    let places = [root, here, Some(folder.to_owned())];
    places.into_iter().flatten().map(|place| place.join(path)).find(|path| path.is_file())
}

/// Names the files that could not be read.
fn noted(sources: &Sources) {
    for file in sources.unreadable() {
        output::warn(&format!("note: {} and is left out of the sources\n", escape(file)));
    }
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
        let Some(plan) = plan else { continue };
        let shown = finding.snippets.iter().find_map(|snippet| {
            // With several plans, the name begins with the one that it is from.
            let name: &str = &snippet.name;
            let input =
                finding.input.as_deref().and_then(|input| name.strip_prefix(input)?.strip_prefix(':'));
            let rest = input.unwrap_or(name).strip_prefix(address.as_str())?.strip_prefix('.')?;
            Some((steps(rest), snippet))
        });
        // A document is named by the attribute that it is in.
        let about = match &shown {
            Some((path, snippet)) => About {
                attribute: Some(path),
                statement: snippet.text.as_deref().and_then(|text| statement_at(text, snippet.span.start)),
            },
            None => About::default(),
        };
        let Some(found) = plan.site(address, about) else { continue };
        finding.site = Some(Site { file: found.line.file, line: found.line.line });
        finding.quote = found.line.text;
        finding.definition = found.definition.map(|line| Site { file: line.file, line: line.line });
    }
}

/// Says of what brings a change about where it is written.
pub(crate) fn annotate_changes(changes: &mut [ChainChange], plans: &[Plan<'_>]) {
    for cause in changes.iter_mut().flat_map(ChainChange::causes_mut) {
        let Some(address) = &cause.address else { continue };
        let plan = match &cause.input {
            Some(input) => plans.iter().find(|plan| plan.name == *input),
            None => plans.first(),
        };
        let found = plan.and_then(|plan| plan.site(address, About::default()));
        cause.site = found.map(|found| Site { file: found.line.file, line: found.line.line });
    }
}

/// The steps of a path such as `inline_policy[0].policy`.
fn steps(path: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let mut parts = part.split('[');
        steps.extend(parts.next().map(Step::Name));
        for index in parts {
            steps.extend(index.trim_end_matches(']').parse().ok().map(Step::Index));
        }
    }
    steps
}

/// Which program made a plan, and so which files it has read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Dialect {
    Terraform,
    OpenTofu,
}

impl Dialect {
    fn of(plan: &Plan<'_>) -> Self {
        if plan.is_of_opentofu() { Self::OpenTofu } else { Self::Terraform }
    }

    /// Whether it reads a file. OpenTofu takes `x.tofu` in place of `x.tf`.
    fn reads(self, name: &str, all: &[String]) -> bool {
        let stem = name.strip_suffix(".json").unwrap_or(name);
        let is_tofu = Path::new(stem).extension().is_some_and(|extension| extension == "tofu");
        match self {
            Self::Terraform => !is_tofu,
            Self::OpenTofu => is_tofu || !all.iter().any(|other| *other == name.replace(".tf", ".tofu")),
        }
    }
}

/// Whether a file has HCL.
fn is_configuration(name: &str) -> bool {
    [".tf", ".tofu", ".tf.json", ".tofu.json"].iter().any(|ending| name.ends_with(ending))
}
