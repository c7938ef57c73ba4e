//! `orgward plan comment`.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use miette::Diagnostic;
use orgward_finding::Outcome;
use orgward_report::comment::document::Document;
use orgward_report::comment::{Frame, bodies, verdict};
use orgward_report::escape;
use thiserror::Error;

use crate::arguments::CommentArguments;
use crate::exit::Exit;
use crate::output;
use orgward_forge::detect::{self, Destination, DetectError, Place};
use orgward_forge::github::GitHub;
use orgward_forge::gitlab::GitLab;
use orgward_forge::http::{ForgeError, Patience};
use orgward_forge::marker::Marker;
use orgward_forge::publish::{Draft, Published, publish};
use orgward_forge::{Forge, ForgeKind, Secret, fallback, inline};

type Failure = Box<dyn Diagnostic + Send + Sync>;

/// The stack where there is only one.
const STACK: &str = "default";
/// What GitHub takes; the summary of a job takes more.
const BUDGET: usize = 60_000;

/// Why there is nothing to post.
#[derive(Debug, Error, Diagnostic)]
enum CommentError {
    #[error("cannot read `{}`", escape(name))]
    Read { name: String, source: io::Error },
    #[error("`{}` is not a time", escape(.0))]
    #[diagnostic(help("write it like `2026-11-21T23:00:00Z`"))]
    Time(String),
    #[error("there is no variable `{}`", escape(.0))]
    #[diagnostic(help("`--token-env` takes the name of the variable that has the token, not the token"))]
    Token(String),
    #[error("cannot write the summary of the job")]
    Summary(#[source] io::Error),
}

/// Posts a review, or prints what would be posted. The exit code is the one of the review.
pub(crate) fn run(arguments: &CommentArguments) -> Result<Exit, Failure> {
    let documents = all(&arguments.reviews)?;
    let place = place(arguments)?;
    let own = match documents.as_slice() {
        [(_, document)] => document.stack.clone(),
        _ => None,
    };
    let named = arguments.stack.clone().or(own);
    let stack = named.as_deref().unwrap_or(STACK);
    detect::check(stack, place.commit.as_deref(), place.report.as_deref())?;
    let time = match &place.time {
        Some(time) => time.parse().map_err(|_| CommentError::Time(time.clone()))?,
        // Where it is not known when the run began, it is as late as can be.
        None => Timestamp::now(),
    };
    let marker = Marker { stack: stack.to_owned(), commit: place.commit.clone(), time };
    let frame = Frame {
        marker: marker.line(),
        stack: named.clone(),
        commit: place.commit.clone(),
        report: place.report.clone(),
        source: place.source(),
    };
    let exit = outcome(&documents);
    if arguments.dry_run {
        output::print(bodies(&documents, &frame, BUDGET).as_bytes())?;
        return Ok(exit.into());
    }
    let destination = match place.destination() {
        // A job for a fork may have been given none; its summary can be written without.
        Err(error @ DetectError::Token(_)) if env::var_os("GITHUB_ACTIONS").is_some() => {
            fall_back(&documents, &frame, &error)?;
            return Ok(exit.into());
        }
        destination => destination?,
    };
    if arguments.inline && destination.forge != ForgeKind::GitHub {
        return Err(ForgeError::CannotRemark.into());
    }
    let forge = forge(&destination)?;
    let write = |budget| bodies(&documents, &frame, budget);
    let is_silent = documents.iter().all(|(_, document)| document.is_silent());
    let draft = Draft { mode: arguments.mode, marker: &marker, is_silent, write: &write };
    let published = publish(&*forge, &draft).and_then(|published| {
        // What a later run has said about lines is nearer to the truth.
        let remarks = if arguments.inline && published != Published::Outdated {
            let remark =
                |(_, document): &(String, Document)| remark(&destination, document, &marker, arguments);
            documents.iter().map(remark).sum::<Result<usize, ForgeError>>()?
        } else {
            0
        };
        Ok((published, remarks))
    });
    match published {
        Ok((published, remarks)) => output::print(told(&published, remarks).as_bytes())?,
        Err(error @ ForgeError::Forbidden { .. }) => fall_back(&documents, &frame, &error)?,
        Err(error) => return Err(error.into()),
    }
    Ok(exit.into())
}

/// The worst outcome of all.
fn outcome(documents: &[(String, Document)]) -> Outcome {
    let of = |outcome| documents.iter().any(|(_, document)| document.outcome() == outcome);
    if of(Outcome::Incomplete) {
        Outcome::Incomplete
    } else if of(Outcome::Blocked) {
        Outcome::Blocked
    } else {
        Outcome::Clean
    }
}

/// Reads the reviews, each with the name of its stack: what it was called with, else that of
/// its file.
fn all(paths: &[PathBuf]) -> Result<Vec<(String, Document)>, Failure> {
    let mut documents = Vec::new();
    for path in paths {
        let document = read(path)?;
        let file = || path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        // A single one has a name only where it was given.
        let name = document.stack.clone().or_else(|| (paths.len() > 1).then(file).flatten());
        documents.push((name.unwrap_or_default(), document));
    }
    Ok(documents)
}

fn read(path: &Path) -> Result<Document, Failure> {
    let is_standard = path.as_os_str() == "-";
    let name = if is_standard { "<stdin>".to_owned() } else { path.display().to_string() };
    let bytes = if is_standard {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    let bytes = bytes.map_err(|source| CommentError::Read { name: name.clone(), source })?;
    Ok(Document::parse(&name, &bytes)?)
}

/// Where to comment: what the user says, else what the job says.
fn place(arguments: &CommentArguments) -> Result<Place, Failure> {
    let env = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let event = match env("GITHUB_EVENT_PATH") {
        Some(name) => {
            let text = fs::read_to_string(&name);
            Some(text.map_err(|source| CommentError::Read { name, source })?)
        }
        None => None,
    };
    let found = Place::of(&env, event.as_deref());
    let is_other = arguments.forge.is_some_and(|forge| found.forge != Some(forge));
    // Nothing that is known about one forge says anything about another.
    let found = if is_other { Place::default() } else { found };
    let forge = arguments.forge.or(found.forge);
    let token = match (&arguments.token_env, forge) {
        (Some(name), _) => Some(Secret::new(&env(name).ok_or_else(|| CommentError::Token(name.clone()))?)),
        (None, Some(forge)) => detect::token_of(&env, forge),
        (None, None) => None,
    };
    Ok(Place {
        forge,
        api: arguments.api_url.clone().or(found.api),
        repository: arguments.repo.clone().or(found.repository),
        number: arguments.pull_request.or(found.number),
        commit: arguments.commit.clone().or(found.commit),
        token,
        report: arguments.report_url.clone().or(found.report.filter(|report| report.starts_with("https://"))),
        // Another repository has other files.
        files: found.files.filter(|_| arguments.repo.is_none() && arguments.api_url.is_none()),
        time: arguments.time.clone().or(found.time),
    })
}

fn forge(destination: &Destination) -> Result<Box<dyn Forge>, ForgeError> {
    let Destination { forge, api, repository, number, token } = destination;
    let patience = Patience::default();
    Ok(match forge {
        ForgeKind::GitHub => Box::new(GitHub::new(api, repository, *number, token, patience)?),
        ForgeKind::GitLab => Box::new(GitLab::new(api, repository, *number, token, patience)?),
    })
}

fn remark(
    destination: &Destination,
    document: &Document,
    marker: &Marker,
    arguments: &CommentArguments,
) -> Result<usize, ForgeError> {
    let Destination { api, repository, number, token, .. } = destination;
    let forge = GitHub::new(api, repository, *number, token, Patience::default())?;
    let folder = arguments.inline_folder.clone().or_else(below_workspace).unwrap_or_default();
    let folder = if folder == "." { "" } else { folder.trim_start_matches("./").trim_matches('/') };
    inline::remark(&forge, document, &marker.stack, marker.commit.as_deref(), folder)
}

/// Where the job works, from the root of the repository. Where the program finds the repository itself, the files of
/// findings are named from its root.
fn below_workspace() -> Option<String> {
    let here = env::current_dir().ok()?;
    if here.ancestors().any(|above| above.join(".git").exists()) {
        return None;
    }
    let below = here.strip_prefix(env::var_os("GITHUB_WORKSPACE")?).ok()?;
    Some(below.to_str()?.replace('\\', "/"))
}

fn told(published: &Published, remarks: usize) -> String {
    let (done, url) = match published {
        Published::Created(url) => ("commented", url.as_str()),
        Published::Updated(url) => ("updated the comment", url.as_str()),
        Published::Unchanged(url) => ("the comment says the same already", url.as_str()),
        Published::Outdated => ("a later run has commented already", ""),
        Published::Nothing => ("nothing to comment on", ""),
    };
    let mut told = if url.is_empty() { format!("{done}\n") } else { format!("{done}: {}\n", escape(url)) };
    if remarks > 0 {
        let lines = if remarks == 1 { "line" } else { "lines" };
        // Writing to a string cannot fail.
        let _ = writeln!(told, "commented on {remarks} {lines}");
    }
    told
}

/// Says in the job what may not be said in the pull request.
fn fall_back(
    documents: &[(String, Document)],
    frame: &Frame,
    error: &dyn std::error::Error,
) -> Result<(), Failure> {
    let told: Vec<String> = documents.iter().map(|(_, document)| verdict(document)).collect();
    output::warn(&format!(
        "orgward: cannot comment, {error}\n\
         A pull request from a fork gets a token that may only read, or none. The review itself: {}.\n",
        escape(&told.join("; ")),
    ));
    if env::var_os("GITHUB_ACTIONS").is_some() {
        for (_, document) in documents {
            output::print(fallback::annotations(document).as_bytes())?;
        }
    }
    match env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) {
        Some(file) => fallback::summarize(&PathBuf::from(file), &bodies(documents, frame, BUDGET))
            .map_err(|error| CommentError::Summary(error).into()),
        None => Ok(()),
    }
}
