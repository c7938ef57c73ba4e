//! Proved edits, for programs.

use serde::Serialize;

use crate::request::json;

/// An edit that cures a finding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ShownFix {
    /// The rule of the finding.
    pub rule: String,
    /// The fingerprint of the finding.
    pub fingerprint: String,
    /// The resource that is edited.
    pub address: String,
    /// What is wrong.
    pub message: String,
    /// What the edit does, in words that begin with a verb.
    pub says: String,
    /// The files that change.
    pub files: Vec<FileEdit>,
}

/// What changes of a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FileEdit {
    /// Its path from the current folder.
    pub file: String,
    /// The byte at which the change begins.
    pub at: usize,
    /// What is there, and goes.
    pub removed: String,
    /// What comes in its place.
    pub text: String,
}

#[derive(Serialize)]
struct FixesJson<'a> {
    schema: u8,
    fixes: &'a [ShownFix],
}

/// Writes edits for programs.
pub fn fixes_json(fixes: &[ShownFix]) -> String {
    json(&FixesJson { schema: 1, fixes })
}
