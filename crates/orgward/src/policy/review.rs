//! `orgward policy review`.

mod files;

use std::path::Path;

use miette::Diagnostic;
use orgward_finding::{Finding, Review, Site};
use orgward_org::Organization;
use orgward_plan::{Document, statement_at};
use orgward_report::escape;
use orgward_repository::{Given, Repository, RepositoryError};
use orgward_rules::Question;
use thiserror::Error;

use self::files::Revision;
use super::kind_of;
use crate::arguments::PolicyReviewArguments;
use crate::exit::Exit;
use crate::git::Git;
use crate::output::{self, Terminal};
use crate::rego::OwnRules;
use crate::{base, baseline, config, input, manifest, names, review};

/// Why policies cannot be reviewed.
#[derive(Debug, Error, Diagnostic)]
enum ReviewError {
    #[error("cannot compare `{}` with `{}`: {why}", escape(folder), escape(revision))]
    #[diagnostic(help(
        "give a folder of a checkout of git, and a revision that was fetched: `--base origin/main`"
    ))]
    Git { folder: String, revision: String, why: String },
    #[error("cannot read the policies of `{}`: {}", escape(revision), escape(&error.to_string()))]
    #[diagnostic(forward(error))]
    Repository { revision: String, error: RepositoryError },
    #[error("`{}` {why}, and is a policy or a manifest in the other revision", escape(path))]
    #[diagnostic(help("put a regular file there: what is not read is not judged"))]
    Unread { path: String, why: &'static str },
    #[error("there is no policy in `{}`, neither now nor in `{}`", escape(folder), escape(revision))]
    #[diagnostic(help(
        "give the folder that has the policies: JSON files with `Statement`, or the manifest of Landing Zone \
         Accelerator, Customizations for Control Tower or org-formation"
    ))]
    Nothing { folder: String, revision: String },
}

/// What the files as they stand are called.
const NOW: &str = "the working tree";

/// Reviews what a change makes of policies that Terraform does not manage.
pub(crate) fn run(
    arguments: &PolicyReviewArguments,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let mut config = config::load(&arguments.config)?;
    config::choose(&mut config, &arguments.rules)?;
    let gate = config::gate(&config, arguments.fail_on, arguments.existing);
    let detail = config::detail(&config, &arguments.detail);
    let baseline = baseline::read(arguments.baseline.as_deref())?;
    let folder = arguments.folder.as_path();
    let git = Git::of(folder);
    let failed = |revision: &str| {
        let (folder, revision) = (folder.display().to_string(), revision.to_owned());
        move |why| ReviewError::Git { folder, revision, why }
    };
    let commit = git.commit(&arguments.base).map_err(failed(&arguments.base))?;
    config.base = Some(Box::new(base::of_revision(&arguments.base, &arguments.config)?));
    let former = files::read(&git, &Revision::Commit(&commit)).map_err(failed(&arguments.base))?;
    let (head, now) = match &arguments.head {
        Some(head) => {
            let commit = git.commit(head).map_err(failed(head))?;
            (head.as_str(), files::read(&git, &Revision::Commit(&commit)).map_err(failed(head))?)
        }
        None => (NOW, files::read(&git, &Revision::Folder(folder)).map_err(failed(NOW))?),
    };

    // What was a policy or a manifest and is not read any more is not judged: that is no clean review.
    for (here, there) in [(&now, &former), (&former, &now)] {
        let lost = here
            .unread
            .iter()
            .find(|(path, _)| there.files.0.get(*path).is_some_and(|text| counts(path, text)));
        if let Some((path, why)) = lost {
            return Err(ReviewError::Unread { path: path.clone(), why }.into());
        }
    }

    let documents = input::read_all(input::expanded(&arguments.org)?.iter())?;
    let mut context = documents.iter().map(input::parse).collect::<Result<Vec<_>, _>>()?;
    input::declare(&mut context, &config, &config::folder(&arguments.config));
    let given = Given {
        values: arguments.set.clone(),
        kind: arguments.kind.map(kind_of),
        ids: manifest::ids(&Organization::of(&[], &context, &config.declared()).after),
    };
    let repository = |revision: &str, files| {
        let failed = |error| ReviewError::Repository { revision: revision.to_owned(), error };
        Repository::read(files, &given).map_err(failed)
    };
    let mut before = repository(&arguments.base, &former.files)?;
    let mut after = repository(head, &now.files)?;
    if before.is_empty() && after.is_empty() {
        let (folder, revision) = (folder.display().to_string(), arguments.base.clone());
        return Err(ReviewError::Nothing { folder, revision }.into());
    }
    after.forget_unchanged(&mut before);
    for note in now.notes().iter().chain(&after.notes) {
        output::warn(&format!("note: {}\n", escape(note)));
    }

    let name = names::of(folder);
    let document = Document::decode(name.clone(), orgward_repository::plan(&before, &after))
        .map_err(|error| input::InputError::Plan { name, error })?;
    let mut plans = vec![input::parse(&document)?];
    input::declare(&mut plans, &config, &config::folder(&arguments.config));
    crate::progress::stage("building the organization");
    let organization = Organization::of(&plans, &context, &config.declared());
    let question = Question {
        gate,
        today: review::today(),
        baseline: &baseline,
        allow_incomplete: config.options.allow_incomplete == Some(true),
        events: None,
    };
    plans.extend(context);
    let mut review = orgward_rules::review_policies(&organization, &plans, &config, question);
    annotate(&mut review, folder, &before, &after);

    let rules = review::rules(&OwnRules::none());
    for output in &arguments.output {
        let text = review::write(&review, &rules, output.format, output::file_style(detail));
        output::write(&output.file, &text)?;
    }
    let text = review::write(&review, &rules, arguments.format, terminal.style(detail));
    output::print(text.as_bytes())?;
    Ok(review.outcome().into())
}

/// Whether a file is a policy or a manifest.
fn counts(path: &str, text: &str) -> bool {
    orgward_repository::is_candidate(path, text)
        || Path::new(path).extension().is_none_or(|ending| ending != "json")
}

/// Says of each finding which file it is in, and on which line.
fn annotate(review: &mut Review, folder: &Path, before: &Repository, after: &Repository) {
    for finding in review.findings.iter_mut().filter(|finding| finding.site.is_none()) {
        finding.site = site(finding, folder, before, after);
    }
}

fn site(finding: &Finding, folder: &Path, before: &Repository, after: &Repository) -> Option<Site> {
    let address = finding.address.as_ref()?.as_str();
    let item = after.item(address).or_else(|| before.item(address))?;
    let shown = finding.snippets.iter().find(|snippet| snippet.name.starts_with(address));
    let statement = shown.and_then(|snippet| statement_at(snippet.text.as_deref()?, snippet.span.start));
    Some(Site { file: names::of(&folder.join(&item.file)), line: item.line_of(statement) })
}
