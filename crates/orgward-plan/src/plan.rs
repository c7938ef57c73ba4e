use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use serde_json::value::RawValue;

use crate::Invocation;
use crate::configuration::Configuration;
use crate::index::Index;
use crate::placement::Providers;
use crate::secrets::Secrets;
use crate::source::Evaluated;
use crate::{Address, Declaration, Instance, Mode, ModulePath, ModuleStep, NotRead, Sources};

/// What the input is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `terraform show -json PLANFILE`.
    Plan,
    /// `terraform show -json` of a state, or `terraform state pull`.
    State,
    /// A live organization, as `orgward org snapshot` collected it.
    Snapshot,
}

/// Why a plan does not tell the whole story. Nothing may be called safe where there is one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Doubt {
    /// Planning stopped at an error and the plan was saved all the same.
    Errored,
    /// Terraform says that applying this plan does not reach the configuration (`-target`, deferral).
    Incomplete,
    /// It has no configuration, which every plan has: what it says of providers, modules and references is hidden.
    NoConfiguration,
    /// A change that was put off, with Terraform's reason.
    Deferred {
        /// The resource instance, or resource.
        address: Address,
        /// `instance_count_unknown`, `provider_config_unknown`, …
        reason: String,
    },
    /// A change without the value that it leads to.
    NoPlannedValue {
        /// The first resource instance.
        address: Address,
        /// How many there are beside it.
        more: usize,
    },
    /// Something in the state that no change and no planned value is about: `-target`, `-refresh-only`, or a list that
    /// was cut.
    NoChangeListed {
        /// The first resource instance.
        address: Address,
        /// How many there are beside it.
        more: usize,
    },
    /// A change as no known version of Terraform writes it: another action, marked unknown or sensitive as a whole, or a
    /// former address of something that is created.
    NotUnderstood {
        /// The first resource instance.
        address: Address,
        /// How many there are beside it.
        more: usize,
    },
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
    /// What a snapshot does not show.
    pub not_read: Vec<NotRead>,
    /// INVARIANT: sorted by address and then by deposed key.
    pub(crate) instances: Vec<Instance<'a>>,
    pub(crate) invocations: Vec<Invocation>,
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
    pub(crate) stack: Option<String>,
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

    /// Says which stack it is the plan of: the same for all plans of one stack, wherever they are written.
    pub fn belongs_to(&mut self, stack: String) {
        self.stack = Some(stack);
    }

    /// The stack that it is the plan of, where that was said.
    pub fn stack(&self) -> Option<&str> {
        self.stack.as_deref()
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

    /// Whether the configuration runs programs when an instance is created or destroyed; `None` where the plan does not
    /// show its configuration.
    pub fn has_provisioners(&self, instance: &Instance<'_>) -> Option<bool> {
        let module = self.configuration.as_ref()?.module(&instance.module)?;
        let resource = module.resource(instance.mode, &instance.kind, &instance.name)?;
        Some(resource.has_provisioners())
    }

    /// The actions that the apply invokes, sorted by address.
    pub fn invocations(&self) -> &[Invocation] {
        &self.invocations
    }

    /// Resources that the configuration declares once, without `count` and `for_each`, and that no section shows:
    /// their addresses, and their types. A plan that says that it is incomplete says so of all of them.
    pub fn unshown(&self) -> Vec<(Address, String)> {
        let incomplete = |doubt: &Doubt| matches!(doubt, Doubt::Errored | Doubt::Incomplete);
        let root = self.configuration.as_ref().and_then(|configuration| configuration.root_module.as_ref());
        let Some(root) = root.filter(|_| !self.doubts.iter().any(incomplete)) else { return Vec::new() };
        // Of `for_each = toset([...])` the configuration says nothing: instances show that a call has them.
        let shown: BTreeSet<(String, &str, &str)> = self
            .instances
            .iter()
            .filter(|instance| instance.mode == Mode::Managed)
            .map(|instance| (instance.module.without_keys().to_string(), &*instance.kind, &*instance.name))
            .collect();
        let mut unshown = Vec::new();
        let mut waiting = vec![(ModulePath::default(), root)];
        while let Some((path, module)) = waiting.pop() {
            for resource in module.single() {
                let module = path.to_string();
                if shown.contains(&(module.clone(), resource.kind(), resource.name())) {
                    continue;
                }
                let dot = if module.is_empty() { "" } else { "." };
                let address = format!("{module}{dot}{}.{}", resource.kind(), resource.name());
                unshown.push((Address::new(address), resource.kind().to_owned()));
            }
            for (name, child) in module.single_calls() {
                let mut path = path.clone();
                path.0.push(ModuleStep { name: name.to_owned(), key: None });
                waiting.push((path, child));
            }
        }
        unshown.sort();
        unshown
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
