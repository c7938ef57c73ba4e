use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use thiserror::Error;

/// A mistake in `orgward.toml`, shown where it is.
#[derive(Debug, Error)]
#[error("{}", .0.message)]
pub struct ConfigError(Box<Mistake>);

#[derive(Debug)]
struct Mistake {
    message: String,
    help: Option<String>,
    label: String,
    span: Range<usize>,
    text: NamedSource<String>,
}

impl ConfigError {
    pub(super) fn new(
        file: &File<'_>,
        span: Range<usize>,
        label: impl Into<String>,
        message: String,
    ) -> Self {
        Self(Box::new(Mistake {
            message,
            help: None,
            label: label.into(),
            span,
            text: NamedSource::new(file.name, file.text.to_owned()),
        }))
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }
}

/// The file that is read.
#[derive(Clone, Copy)]
pub(super) struct File<'f> {
    pub(super) name: &'f str,
    pub(super) text: &'f str,
}

// By hand: the help is there or not, which the derive cannot say of an owned string.
impl Diagnostic for ConfigError {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.0.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.0.text)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = (self.0.span.start, self.0.span.len());
        Some(Box::new(std::iter::once(LabeledSpan::new(Some(self.0.label.clone()), span.0, span.1))))
    }
}
