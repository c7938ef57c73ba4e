//! One writer per output format.
//!
//! A writer turns a [`Review`](orgward_finding::Review) into text and needs nothing else: this crate knows
//! formats and neither rules, nor AWS, nor files. Whatever comes from a plan is escaped here, since here is
//! known for which reader.

mod decision;
mod escape;
mod excerpt;
mod failure;
mod json;
mod links;
mod markdown;
mod position;
mod terminal;

#[cfg(test)]
mod testing;

pub use decision::{
    Answer, Decided, DecidedBy, LayerAnswer, Said, StatementAnswer, decisions, decisions_json,
};
pub use escape::line as escape;
pub use failure::failure;
pub use json::json;
pub use markdown::{MarkdownOptions, markdown};
pub use terminal::{Style, terminal};
