//! The vocabulary that rules and reports share: what a rule says, and what becomes of it.
//!
//! This crate knows neither AWS nor any output format.

mod acceptance;
mod access;
mod changes;
mod denied;
mod described;
mod digest;
mod finding;
mod review;
mod rule;
mod severity;
mod snippet;
pub mod story;
mod witness;

pub use acceptance::{BaselineEntry, Waived};
pub use access::{AccessChange, AccessEntry};
pub use changes::{ChainChange, ChangeCause, ChangedRequests, ServiceActions};
pub use denied::DeniedCall;
pub use described::{Accepted, Described, not_accepted};
pub use finding::{Confidence, Finding, Status, Verdict};
pub use orgward_plan::Address;
pub use review::{
    ConfigurationFile, ConfigurationInEffect, Gate, GuardrailState, Input, Outcome, Proof, Review, ReviewKind,
};
pub use rule::RuleInfo;
pub use severity::Severity;
pub use snippet::{Site, Snippet, Source};
pub use witness::{Witness, WitnessValue};
