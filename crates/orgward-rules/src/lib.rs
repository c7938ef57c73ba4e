//! The engine, the rules (one file each in `catalog/`), and the configuration.
//!
//! This crate knows no output formats and does no input or output.

pub mod catalog;
pub mod access;
mod chains;
mod completion;
mod config;
mod data;
mod engine;
mod invariants;
mod operators;
mod org_policies;
mod packs;
mod placeholder;
mod regions;
mod review;
mod severities;
mod structure;
mod survey;

mod trust;
pub mod waivers;

#[cfg(test)]
mod testing;

pub use config::{
    Boundaries, Config, ConfigError, Management, Operator, OrganizationFacts, Profile, Regions, SeverityFor,
    Structure,
};
pub use data::scp_characters;
pub use engine::{Context, Findings, Rule};
pub use invariants::{EnforcedBy, ExplainError, Invariant, Proofs, Target, explain};
pub use packs::{Pack, Parameter};
pub use review::{Question, audit, check, review};
pub use structure::{AccountRole, UnitRole};
pub use survey::Survey;
