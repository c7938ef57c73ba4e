use std::ops::Range;

use thiserror::Error;

/// Why a text is not a policy of its kind.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{message}")]
pub struct PolicyError {
    /// What is wrong: lower case, no period.
    pub message: String,
    /// The cure.
    pub help: String,
    /// Which bytes of the text are meant.
    pub span: Range<usize>,
}

impl PolicyError {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), span }
    }
}
