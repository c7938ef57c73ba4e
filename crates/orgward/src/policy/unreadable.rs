use std::ops::Range;

use miette::{Diagnostic, NamedSource, SourceSpan};
use orgward_iam::PolicyError;
use orgward_report::escape;
use thiserror::Error;

use crate::input::Text;

/// Lines longer than this are not shown: they are JSON that a program wrote.
const LONGEST_LINE: usize = 160;

/// Why something about policies could not be read.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot read {}", escape(what))]
#[diagnostic(help("{help}"))]
pub(super) struct Unreadable {
    /// Which file, part and policy, where, and why.
    what: String,
    help: String,
    #[source_code]
    source_code: Option<NamedSource<String>>,
    #[label("here")]
    span: Option<SourceSpan>,
}

impl Unreadable {
    /// An error at its place in a text; `title` says which part of it is meant.
    pub(super) fn of(text: &Text, title: &str, error: &PolicyError) -> Self {
        let PolicyError { message, help, span } = error;
        let (line, column) = position(&text.text, span.start);
        let at = format!("{}:{line}:{column}", text.name);
        let what = if title.is_empty() {
            format!("`{at}`: {message}")
        } else {
            format!("{title}, at `{at}`: {message}")
        };
        let is_short = lines(&text.text, span).all(|line| line.chars().count() <= LONGEST_LINE);
        Self {
            what,
            help: help.clone(),
            source_code: is_short.then(|| NamedSource::new(text.name.clone(), text.text.clone())),
            span: is_short.then(|| (span.start, span.len()).into()),
        }
    }
}

/// The lines of a text around a place, as far as they are shown.
fn lines<'t>(text: &'t str, span: &Range<usize>) -> impl Iterator<Item = &'t str> {
    let before = text.get(..span.start).unwrap_or(text).lines().count();
    let within = text.get(span.clone()).unwrap_or_default().lines().count();
    text.lines().skip(before.saturating_sub(2)).take(within.max(1) + 2)
}

/// Line and column of a byte, from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}
