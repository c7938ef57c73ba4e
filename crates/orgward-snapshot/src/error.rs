use miette::Diagnostic;
use thiserror::Error;

const AGAIN: &str = "write it anew with `orgward org snapshot`";

/// Why a snapshot cannot be read. The caller adds the name of the file; nothing of its content is quoted.
#[derive(Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),

    /// It does not begin, or end, as a snapshot does.
    #[error("it is cut short, or no snapshot of an organization")]
    #[diagnostic(help("{AGAIN}; a run that was stopped is continued by the same command"))]
    Cut,

    /// A newer program wrote it.
    #[error("it has version {0} of the format, and this program reads version {known}", known = crate::VERSION)]
    #[diagnostic(help("install the version of orgward that wrote it, or {}", AGAIN))]
    Version(u64),

    /// A frame is not what the index says.
    #[error("{part} is damaged: {why}")]
    #[diagnostic(help("{AGAIN}"))]
    Damaged {
        /// Which part.
        part: String,
        /// What is wrong with it.
        why: &'static str,
    },

    /// A part is larger than any that a collector writes.
    #[error("{part} is larger than {limit} MB once decompressed")]
    #[diagnostic(help("collect fewer accounts into one file: `orgward org snapshot --account ID`"))]
    Large {
        /// Which part.
        part: String,
        /// The limit.
        limit: u64,
    },

    /// The index names an account twice, or none.
    #[error("its index is wrong: {0}")]
    #[diagnostic(help("{AGAIN}"))]
    Index(&'static str),
}
