//! Comments on pull requests: what they say, whose they are, and how to get them there.
//!
//! Everything here starts from the JSON review. The rest of the program knows nothing of forges.

pub mod detect;
pub mod fallback;
pub mod github;
pub mod gitlab;
pub mod http;
pub mod inline;
pub mod marker;
pub mod publish;
pub mod run_task;

use std::fmt;

use clap::ValueEnum;

use self::http::ForgeError;

/// Where a repository is hosted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ForgeKind {
    /// GitHub, or GitHub Enterprise.
    #[value(name = "github")]
    GitHub,
    /// GitLab.
    #[value(name = "gitlab")]
    GitLab,
}

/// A token. Nothing prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A token; blanks around it are dropped.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The token, for the one header that carries it.
    pub fn reveal(&self) -> &str {
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
pub struct Comment {
    /// Later ones have higher numbers.
    pub id: u64,
    /// What GraphQL calls it; empty where there is no GraphQL.
    pub node: String,
    /// Where it is to be read; empty where the forge does not say.
    pub url: String,
    /// Who wrote it, as [`Forge::me`] puts it.
    pub author: String,
    /// What it says.
    pub body: String,
}

/// One pull request of a forge.
pub trait Forge {
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
