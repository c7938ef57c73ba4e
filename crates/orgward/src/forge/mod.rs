//! Comments on pull requests: what they say, whose they are, and how to get them there.
//!
//! Everything here starts from the JSON review. The rest of the program knows nothing of forges.

pub(crate) mod body;
mod details;
pub(crate) mod detect;
pub(crate) mod document;
pub(crate) mod fallback;
pub(crate) mod github;
pub(crate) mod gitlab;
pub(crate) mod http;
pub(crate) mod inline;
mod markdown;
pub(crate) mod marker;
mod picture;
pub(crate) mod publish;

#[cfg(test)]
mod tests;

use std::fmt;

use self::http::ForgeError;

/// A token. Nothing prints it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The token, for the one header that carries it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A comment that is there.
#[derive(Clone, Debug)]
pub(crate) struct Comment {
    /// Later ones have higher numbers.
    pub(crate) id: u64,
    /// What GraphQL calls it; empty where there is no GraphQL.
    pub(crate) node: String,
    /// Where it is to be read; empty where the forge does not say.
    pub(crate) url: String,
    /// Who wrote it, as [`Forge::me`] puts it.
    pub(crate) author: String,
    /// What it says.
    pub(crate) body: String,
}

/// One pull request of a forge.
pub(crate) trait Forge {
    /// How many characters a comment may have.
    fn budget(&self) -> usize;
    /// Who the token belongs to.
    fn me(&self) -> Result<String, ForgeError>;
    /// All comments, the oldest first.
    fn comments(&self) -> Result<Vec<Comment>, ForgeError>;
    /// Posts a comment.
    fn create(&self, body: &str) -> Result<Comment, ForgeError>;
    /// Rewrites a comment.
    fn update(&self, id: u64, body: &str) -> Result<Comment, ForgeError>;
    /// Deletes a comment.
    fn delete(&self, id: u64) -> Result<(), ForgeError>;
    /// Folds comments away as outdated.
    fn hide(&self, comments: &[Comment]) -> Result<(), ForgeError>;
}
