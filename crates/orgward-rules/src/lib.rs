//! The engine, the rules (one file each in `catalog/`), and what judges their findings.
//!
//! This crate knows no output formats and does no input or output.

pub mod catalog;
mod changes;
mod completion;
mod controls;
mod data;
mod described;
mod engine;
mod escalation;
mod policy_files;
mod review;
mod severities;

#[cfg(test)]
mod guardrail_tests;
#[cfg(test)]
mod landing_zone_tests;
#[cfg(test)]
mod life_tests;
#[cfg(test)]
mod pack_page;
#[cfg(test)]
mod pack_tests;
#[cfg(test)]
mod perimeter_tests;
#[cfg(test)]
mod role_tests;
#[cfg(test)]
mod status_tests;
#[cfg(test)]
mod testing;

pub use engine::{Accesses, Context, Documents, Findings, Rule};
pub use review::{
    Checked, Question, access_change, check, check_guardrails, review, review_by, review_policies,
};
