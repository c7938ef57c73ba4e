//! What an organization says must never be possible, and where.

mod explain;
mod extent;
mod proof;
pub mod reason;

use orgward_finding::Severity;
use orgward_iam::Claim;
use orgward_org::Selector;

pub(crate) use self::explain::find;
pub use self::explain::{ExplainError, explain, prove_in};
pub use self::extent::{extent_in_words, extent_with_names};
pub use self::proof::{ChainKey, Chains, ChainsKey, Verdict};
pub use self::proof::{Proofs, asked_about};

/// `[[guardrail]]`: requests that have to be denied in some accounts. Proved for each of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guardrail {
    /// What people call it: unique in a configuration.
    pub id: String,
    /// What it is for, in a sentence.
    pub description: Option<String>,
    /// Where it has to hold. Empty: in every member account.
    pub targets: Vec<Selector>,
    /// What has to be denied.
    pub claim: Claim,
    /// How bad it is when it does not hold.
    pub severity: Severity,
    /// Which policies may deny it.
    pub enforced_by: EnforcedBy,
    /// Where it is declared, as file and line, or by which pack.
    pub origin: String,
}

/// Which policies of the organization may deny what has to be denied.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum EnforcedBy {
    /// Service control policies alone.
    #[default]
    ServiceControl,
    /// Resource control policies, too, where the resource lies in the account.
    Both,
    /// Resource control policies alone: it is about all callers, those of other organizations and AWS services
    /// included, and the resources of the account.
    ResourceControl,
    /// The policy of each VPC endpoint: it is about everything that goes through one.
    Endpoint,
}

impl EnforcedBy {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::ServiceControl, Self::Both, Self::ResourceControl, Self::Endpoint];

    /// Whether its policies name whom they are about.
    pub fn names_principals(self) -> bool {
        matches!(self, Self::ResourceControl | Self::Endpoint)
    }

    /// The word in configurations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServiceControl => "scp",
            Self::Both => "scp-or-rcp",
            Self::ResourceControl => "rcp",
            Self::Endpoint => "vpc-endpoint",
        }
    }
}
