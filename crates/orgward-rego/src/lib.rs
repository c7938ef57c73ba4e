//! Rules of one's own in Rego: which files, packages and rules there are, what they are given, and how their results
//! become findings.
//!
//! This crate knows no output formats, no configuration files and no files of the disk. Rego itself is `regorus`.

mod builtins;
mod circles;
mod error;
mod input;
mod known;
mod metadata;
mod policies;
mod results;
mod run;
mod scan;
mod time;
mod yaml;

pub use error::RegoError;
pub use input::{Inputs, schema};
pub use policies::{Policies, RuleFile};
pub use run::Limits;
