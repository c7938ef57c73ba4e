use std::marker::PhantomData;

use crate::{Address, Document, Instance, Legal, Placement, PlanError, Resolution, Step};

/// What the input is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `terraform show -json PLANFILE`.
    Plan,
    /// `terraform show -json` of a state, or `terraform state pull`.
    State,
}

/// Why a plan does not tell the whole story. Nothing may be called safe where there is one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Doubt {
    /// Planning stopped at an error and the plan was saved all the same.
    Errored,
    /// Terraform says that applying this plan does not reach the configuration (`-target`, deferral).
    Incomplete,
    /// A change that was put off, with Terraform's reason.
    Deferred {
        /// The resource instance, or resource.
        address: Address,
        /// `instance_count_unknown`, `provider_config_unknown`, …
        reason: String,
    },
    /// Planned values are there, but the list of changes is not.
    NoChanges,
}

/// One plan or state.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The name of the input.
    pub name: String,
    /// What the input is.
    pub kind: Kind,
    /// The version that wrote it; Terraform's or OpenTofu's, which the format does not tell apart.
    pub terraform_version: Option<String>,
    /// Why it does not tell the whole story; empty when it does.
    pub doubts: Vec<Doubt>,
    pub(crate) instances: Vec<Instance<'a>>,
    pub(crate) text: PhantomData<&'a str>,
}

impl<'a> Plan<'a> {
    /// Reads a plan or state. Values stay unparsed until they are asked for.
    pub fn parse(document: &'a Document) -> Result<Self, PlanError> {
        todo!("{}", document.name)
    }

    /// All resource instances, sorted by address; a deposed object follows the current one.
    pub fn instances(&self) -> &[Instance<'a>] {
        &self.instances
    }

    /// What the unknown attribute at `path` of `instance` will be, told from the configuration.
    ///
    /// `legal` says which attributes of which resource types the attribute can possibly hold; it is used to
    /// choose between references where the configuration is ambiguous, never to drop one that is certain.
    pub fn resolve(&self, instance: &Instance<'a>, path: &[Step<'_>], legal: &Legal<'_>) -> Resolution {
        todo!("{} {path:?} {legal:?}", instance.address)
    }

    /// Which account the instance lands in, with all the evidence.
    pub fn placement(&self, instance: &Instance<'a>) -> Placement {
        todo!("{}", instance.address)
    }
}
