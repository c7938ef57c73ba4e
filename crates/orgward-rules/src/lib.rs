//! The engine, the rules (one file each in `catalog/`), and the configuration.
//!
//! This crate knows no output formats and does no input or output.

pub mod catalog;
mod config;
mod data;
mod engine;
mod guardrails;
mod regions;
mod review;
mod survey;

mod trust;

#[cfg(test)]
mod testing;

pub use config::{Boundaries, Config, ConfigError, Management, OrganizationFacts, Profile, Regions};
pub use engine::{Context, Findings, Rule};
pub use review::{Question, check, review};
pub use survey::Survey;
