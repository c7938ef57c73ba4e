//! Edits that cure findings. Each edit can be made twice: in the configuration that people write, and in the plan that
//! Terraform makes of it. The edited plan is reviewed again, and only an edit that is proved by that is shown.
//!
//! This crate does no input or output and judges nothing: it proposes, and edits texts.

mod hcl;
mod json;
mod plan;
mod propose;

use orgward_finding::Address;
use serde_json::Value;

pub use self::hcl::{edit_sources, is_configuration};
pub use self::plan::{edit_plan, value_of};
pub use self::propose::{Facts, propose};

/// One edit that may cure a finding.
#[derive(Clone, PartialEq, Debug)]
pub struct Edit {
    /// The resource.
    pub address: Address,
    /// What it does, in words that begin with a verb.
    pub says: String,
    /// What is edited.
    pub change: Change,
}

/// What an edit changes of a resource.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    /// A statement of a policy document gets one more condition.
    Condition {
        /// The attribute that has the document.
        attribute: String,
        /// Which statement.
        statement: usize,
        /// The operator.
        operator: &'static str,
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
    },
    /// Attributes get values.
    Attributes(Vec<(&'static str, Value)>),
    /// A resource that the plan destroys stays.
    Keep,
}
