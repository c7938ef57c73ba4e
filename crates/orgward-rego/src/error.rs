use std::fmt::Display;
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use crate::RuleFile;

/// Why rules in Rego cannot be asked.
#[derive(Debug, Error, Diagnostic)]
pub enum RegoError {
    /// A file does not parse, or a rule fails.
    #[error("{what}: {why}")]
    #[diagnostic(help("{help}"))]
    Place {
        /// What fails: `policies/tags.rego, line 3`.
        what: String,
        /// Why.
        why: String,
        /// What to do.
        help: String,
        /// The file.
        #[source_code]
        text: Arc<NamedSource<String>>,
        /// Where it fails.
        #[label("here")]
        span: SourceSpan,
    },
    /// A rule fails at a place that is not known.
    #[error("rule `{rule}` fails: {why}")]
    #[diagnostic(help("{help}"))]
    Rule {
        /// The rule.
        rule: String,
        /// Why.
        why: String,
        /// What to do.
        help: String,
    },
    /// A rule takes too long.
    #[error("rule `{rule}` is not finished after {seconds} seconds")]
    #[diagnostic(help(
        "make it ask about less: filter the resources first, and ask about each account once"
    ))]
    Time {
        /// The rule.
        rule: String,
        /// The limit.
        seconds: u64,
    },
    /// A rule takes too much memory.
    #[error("rule `{rule}` needs more than {megabytes} MB")]
    #[diagnostic(help("make it build less: walk the input where it is, instead of copying it"))]
    Memory {
        /// The rule.
        rule: String,
        /// The limit.
        megabytes: u64,
    },
    /// An input is no JSON that Rego could read.
    #[error("cannot give `{name}` to rules in Rego: {why}")]
    #[diagnostic(help("write it anew with `terraform show -json`"))]
    Input {
        /// The input.
        name: String,
        /// Why.
        why: String,
    },
}

/// What to do about a text that does not parse or a rule that fails.
const HELP: &str = "correct the file; `docs/rego.md` lists what rules may use";

impl RegoError {
    /// What regorus says, which begins with the place: `--> file:line:column`, an excerpt, `error: reason`.
    pub(crate) fn of(error: &dyn Display, files: &[RuleFile], rule: Option<&str>) -> Self {
        let text = error.to_string();
        let why = text.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or(text.trim());
        let place = text.lines().find_map(|line| line.strip_prefix("--> ")).and_then(|place| {
            let mut parts = place.rsplitn(3, ':');
            let column: usize = parts.next()?.parse().ok()?;
            let line: usize = parts.next()?.parse().ok()?;
            let file = files.iter().find(|file| Some(file.name.as_str()) == parts.clone().next())?;
            Some((file, line, column))
        });
        match place {
            Some((file, line, column)) => Self::at(file, line, column, why),
            None => Self::Rule {
                rule: rule.unwrap_or("?").to_owned(),
                why: why.to_owned(),
                help: HELP.to_owned(),
            },
        }
    }

    /// A mistake at a place of a file.
    pub(crate) fn at(file: &RuleFile, line: usize, column: usize, why: &str) -> Self {
        let start = file.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
        let rest = file.text.get(start..).unwrap_or_default();
        let within = rest.lines().next().map_or(0, |line| {
            line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(at, _)| at)
        });
        let help = why.strip_prefix("could not find function ").map_or_else(
            || HELP.to_owned(),
            |function| {
                format!(
                    "`{}` is no builtin of this program: `docs/rego.md` lists those there are",
                    function.trim()
                )
            },
        );
        Self::Place {
            what: format!("`{}`, line {line}", file.name),
            why: why.to_owned(),
            help,
            text: Arc::new(NamedSource::new(&file.name, file.text.clone())),
            span: (start + within, 1.min(rest.len().saturating_sub(within))).into(),
        }
    }
}
