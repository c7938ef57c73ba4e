use miette::Diagnostic;
use thiserror::Error;

/// Why a repository cannot be read. Messages hold names of files and keys, which the binary escapes.
#[derive(Clone, PartialEq, Eq, Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum RepositoryError {
    /// A manifest is no YAML, or one that is not followed.
    #[error("`{file}:{line}` is no YAML that can be read: {why}")]
    #[diagnostic(help("correct the manifest: what it attaches cannot be judged"))]
    Yaml {
        /// The manifest.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A part of a manifest has another form than its format says.
    #[error("`{file}:{line}`: `{key}` is not {expected}")]
    #[diagnostic(help("write it as the documentation of the manifest says"))]
    Shape {
        /// The manifest.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// What it should be, with an article.
        expected: &'static str,
    },
    /// A manifest names a policy that is not there.
    #[error("`{file}:{line}` names `{path}`, which is not in the folder")]
    #[diagnostic(help("add the file, or correct the path; what lies outside of the folder is not read"))]
    Missing {
        /// The manifest.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The path as the manifest writes it.
        path: String,
    },
    /// A manifest names a unit, an account or a policy that it does not declare.
    #[error("`{file}:{line}` names `{name}`, which no manifest declares")]
    #[diagnostic(help("declare it, or correct the name"))]
    Unknown {
        /// The manifest.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The name.
        name: String,
    },
}
