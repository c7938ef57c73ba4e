//! The IAM policy language: syntax with spans, and deciding requests the way AWS does.
//!
//! This crate knows IAM and nothing of Terraform or of how an organization is built.

mod chain;
mod error;
mod exposure;
mod request;
mod syntax;

pub use chain::{Chain, ChainDecision, Decider, Level, Outcome};
pub use error::PolicyError;
pub use exposure::{Exposure, Perimeter, RoleTrust};
pub use request::{Caller, Context, ContextValue, Request};
pub use syntax::{
    Actions, Condition, Effect, Kind, Operator, Policy, Principals, PrincipalPattern, Resources, Spanned,
    Statement, Version,
};
