use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use serde_json::value::RawValue;

use crate::configuration::Configuration;
use crate::index::Index;
use crate::placement::Providers;
use crate::secrets::Secrets;
use crate::source::Evaluated;
use crate::{Address, Declaration, Instance, Sources};

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
pub struct Plan<'a> {
    /// The name of the input.
    pub name: String,
    /// What the input is.
    pub kind: Kind,
    /// The version that wrote it; Terraform's or OpenTofu's, which the format does not tell apart.
    pub terraform_version: Option<String>,
    /// Why it does not tell the whole story; empty when it does.
    pub doubts: Vec<Doubt>,
    /// INVARIANT: sorted by address and then by deposed key.
    pub(crate) instances: Vec<Instance<'a>>,
    pub(crate) configuration: Option<Configuration<'a>>,
    pub(crate) variables: Option<&'a RawValue>,
    /// What Terraform says of all the attributes that take part in what is planned.
    pub(crate) relevant: Option<&'a RawValue>,
    pub(crate) inputs: OnceLock<Value>,
    pub(crate) secrets: Option<Arc<Secrets>>,
    pub(crate) index: OnceLock<Index>,
    pub(crate) providers: OnceLock<Providers>,
    pub(crate) sources: Option<Arc<Sources>>,
    /// What names in the sources come to.
    pub(crate) evaluated: Evaluated,
    pub(crate) declaration: Declaration,
}

/// The values are left out: they may be secrets.
impl fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("terraform_version", &self.terraform_version)
            .field("doubts", &self.doubts)
            .field("instances", &self.instances)
            .finish_non_exhaustive()
    }
}

impl<'a> Plan<'a> {
    /// Gathers what placing and resolving need, which otherwise happens at the first question. There is no need to
    /// call it; a second thread can, while the first one does something else.
    pub fn prepare(&self) {
        self.index();
        self.providers();
    }

    /// All resource instances, sorted by address; a deposed object follows the current one.
    pub fn instances(&self) -> &[Instance<'a>] {
        &self.instances
    }

    /// Gives the plan the configuration that it was made from.
    pub fn with_sources(&mut self, sources: Arc<Sources>) {
        self.sources = Some(sources);
        self.evaluated = Evaluated::default();
    }

    /// Whether OpenTofu made it: its providers are from the registry of OpenTofu.
    pub fn is_of_opentofu(&self) -> bool {
        self.instances.iter().any(|instance| instance.provider.starts_with("registry.opentofu.org/"))
    }

    /// Whether it has its sources.
    pub fn has_sources(&self) -> bool {
        self.sources.is_some()
    }

    /// The current object at an address; for a data source with `data.` before the type.
    pub fn instance(&self, address: &Address) -> Option<&Instance<'a>> {
        let at = self.instances.partition_point(|instance| instance.address < *address);
        self.instances.get(at).filter(|found| found.address == *address && found.deposed.is_none())
    }

    /// What tells apart the provider configurations that instances are managed through; `None` where the plan does
    /// not show it. Instances of one configuration are in one account, unless it has `for_each`.
    pub fn provider_key(&self, instance: &Instance<'a>) -> Option<String> {
        crate::placement::provider_key(self, instance)
    }

    /// The value of a variable of the root module.
    pub(crate) fn variable(&self, name: &str) -> Option<Value> {
        let parse = || self.variables.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let inputs = self.inputs.get_or_init(|| parse().unwrap_or_default());
        inputs.get(name)?.get("value").cloned()
    }

    pub(crate) fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(&self.instances))
    }
}
