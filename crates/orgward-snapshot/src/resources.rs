//! What an account has beside IAM: resources with policies, trails and detection.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A resource, in the form in which the AWS provider of Terraform shows it: APIs of twenty services are of twenty forms, and
/// this one is what everything else reads.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Found {
    /// The type of the provider: `aws_sqs_queue`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// What it is known by: its ARN, as a rule.
    pub id: String,
    /// Its region; empty for what is of no region.
    pub region: String,
    /// Its attributes.
    pub values: Map<String, Value>,
    /// Attributes that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}
