//! Terraform and OpenTofu plans and states: addresses, changes, what is unknown until apply, what an
//! unknown will point to, and which account a resource lands in.
//!
//! This crate knows plan JSON and nothing of what AWS makes of it.

mod address;
mod assemble;
mod attr;
mod configuration;
mod dependencies;
mod error;
mod expression;
mod index;
mod input;
mod instance;
mod invocation;
mod mask;
mod object;
mod parse;
mod placement;
mod plan;
mod resolution;
mod secrets;
mod source;
mod traversal;

pub use address::{Address, Key, ModulePath, ModuleStep};
pub use attr::{Attr, Text};
pub use dependencies::Dependencies;
pub use error::PlanError;
pub use input::{Absence, Document, Missing, NotRead};
pub use instance::{Action, Instance, Mode, Origin, Standing};
pub use invocation::Invocation;
pub use object::{Object, View};
pub use placement::{Basis, Declaration, Evidence, Landing, Placement, ProviderPlacement, Strength};
pub use plan::{Doubt, Kind, Plan};
pub use resolution::{Certainty, Held, Legal, Resolution, Step, Target};
pub use source::{
    About, DeclaredBlock, Entries, FileLine, Files, Literal, Module, Part, Site, SourceFile, SourceLine,
    Sources, Spelled, statement_at,
};
