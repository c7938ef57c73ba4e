//! Questions over the organization, each asked once for all accounts and principals that are alike: whether a claim
//! holds, what a change takes away, which statement comes nearest, and how to show it.
//!
//! This crate knows no rules, no output formats and no configuration files.

pub mod access;
pub mod apply;
pub mod boundaries;
pub mod chains;
mod data;
pub mod drift;
pub mod federation;
pub mod guardrail;
pub mod lockout;
pub mod memo;
pub mod org_policies;
pub mod outright;
pub mod questions;
pub mod region_lock;
pub mod replay;
pub mod required_access;
pub mod trust;

pub use guardrail::{EnforcedBy, ExplainError, Guardrail, Proofs, explain};

pub use region_lock::{Profile, Regions};
pub use required_access::{Operator, RequiredAccess};
