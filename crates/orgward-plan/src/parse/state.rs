//! `prior_state`, and the JSON of a state.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Place;
use crate::instance::{Body, Sides};
use crate::secrets::Secrets;
use crate::traversal;
use crate::{Action, Address, Instance, Key, Mode, ModulePath, Origin, PlanError};

/// A whole state.
#[derive(Deserialize)]
pub(crate) struct State<'a> {
    #[serde(borrow, default)]
    pub(crate) values: Option<Values<'a>>,
}

/// Its `values`.
#[derive(Deserialize)]
pub(crate) struct Values<'a> {
    #[serde(borrow, default)]
    root_module: Option<Module<'a>>,
}

#[derive(Deserialize)]
struct Module<'a> {
    #[serde(borrow, default)]
    address: Option<&'a RawValue>,
    #[serde(borrow, default)]
    resources: Option<Vec<Resource<'a>>>,
    #[serde(borrow, default)]
    child_modules: Option<Vec<Module<'a>>>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow, default)]
    address: Option<&'a RawValue>,
    #[serde(borrow, default)]
    mode: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    provider_name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    deposed_key: Option<&'a RawValue>,
    #[serde(borrow, default)]
    values: Option<&'a RawValue>,
    #[serde(borrow, default)]
    sensitive_values: Option<&'a RawValue>,
    #[serde(borrow, default)]
    identity: Option<&'a RawValue>,
}

impl<'a> Values<'a> {
    /// All instances in the state but those with an address, and a deposed key, in `known`. `section` names
    /// the state in errors, where rows are counted through all modules.
    pub(crate) fn instances(
        self,
        known: &BTreeSet<(&str, Option<&str>)>,
        section: &str,
        secrets: Option<&Arc<Secrets>>,
    ) -> Result<Vec<Instance<'a>>, PlanError> {
        let mut found = Vec::new();
        if let Some(root) = self.root_module {
            Collect { known, section, secrets, row: 0, found: &mut found }.module(root)?;
        }
        Ok(found)
    }
}

struct Collect<'c, 'a> {
    known: &'c BTreeSet<(&'c str, Option<&'c str>)>,
    section: &'c str,
    secrets: Option<&'c Arc<Secrets>>,
    row: usize,
    found: &'c mut Vec<Instance<'a>>,
}

impl<'a> Collect<'_, 'a> {
    fn module(&mut self, module: Module<'a>) -> Result<(), PlanError> {
        let place = Place { section: self.section, row: self.row };
        let path = match place.optional("address", module.address)? {
            Some(address) => {
                let segments = traversal::parse(&address);
                let path = segments.map(|segments| traversal::module_path(&segments).0);
                path.ok_or_else(|| place.wrong("address", "a module address"))?
            }
            None => ModulePath::default(),
        };
        for resource in module.resources.into_iter().flatten() {
            self.resource(&resource, &path)?;
            self.row += 1;
        }
        module.child_modules.into_iter().flatten().try_for_each(|child| self.module(child))
    }

    fn resource(&mut self, resource: &Resource<'a>, module: &ModulePath) -> Result<(), PlanError> {
        let place = Place { section: self.section, row: self.row };
        let address = place.text("address", resource.address)?;
        let Some(mode) = place.mode(resource.mode, &address)? else { return Ok(()) };
        let deposed = place.optional("deposed_key", resource.deposed_key)?.map(Cow::into_owned);
        let absolute = module.0.is_empty() || address.starts_with("module.");
        if absolute && self.known.contains(&(&*address, deposed.as_deref())) {
            return Ok(());
        }
        let kind = place.text("type", resource.kind)?;
        let name = place.text("name", resource.name)?;
        let key = place.key("index", resource.index)?;
        // Terraform 0.12 printed the address within the module, and without the key.
        let address = compose(module, mode, &kind, &name, key.as_ref());
        if self.known.contains(&(address.as_str(), deposed.as_deref())) {
            return Ok(());
        }
        self.found.push(Instance {
            address,
            previous_address: None,
            module: module.clone(),
            mode,
            kind,
            name,
            key,
            provider: place.optional("provider_name", resource.provider_name)?.unwrap_or_default(),
            action: Action::NoOp,
            origin: Origin::State,
            deposed,
            imported: false,
            action_reason: None,
            body: Body {
                before: resource.values,
                before_sensitive: resource.sensitive_values,
                before_identity: resource.identity,
                sides: Sides::Same,
                provider_key: None,
                stored_sensitive: None,
                secrets: self.secrets.cloned(),
                shown: OnceLock::new(),
            },
        });
        Ok(())
    }
}

/// An address as Terraform prints it.
pub(super) fn compose(module: &ModulePath, mode: Mode, kind: &str, name: &str, key: Option<&Key>) -> Address {
    let mut text = module.to_string();
    if !text.is_empty() {
        text.push('.');
    }
    if mode == Mode::Data {
        text.push_str("data.");
    }
    text.push_str(kind);
    text.push('.');
    text.push_str(name);
    if let Some(key) = key {
        text.push_str(&key.to_string());
    }
    Address::new(text)
}
