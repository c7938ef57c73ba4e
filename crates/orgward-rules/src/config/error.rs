use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use thiserror::Error;

/// A mistake in `orgward.toml`, shown where it is.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct ConfigError {
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
        Self {
            message,
            help: None,
            label: label.into(),
            span,
            text: NamedSource::new(file.name, file.text.to_owned()),
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
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
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.text)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = (self.span.start, self.span.len());
        Some(Box::new(std::iter::once(LabeledSpan::new(Some(self.label.clone()), span.0, span.1))))
    }
}
