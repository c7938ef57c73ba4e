//! The raw state, version 4: what `terraform state pull` prints.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Place, state};
use crate::instance::{Body, Sides};
use crate::traversal;
use crate::{Action, Instance, ModulePath, Origin, PlanError};

/// One resource of a raw state.
#[derive(Deserialize)]
pub(crate) struct Resource<'a> {
    #[serde(borrow, default)]
    module: Option<&'a RawValue>,
    #[serde(borrow, default)]
    mode: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    provider: Option<&'a RawValue>,
    #[serde(borrow, default)]
    instances: Option<Vec<Stored<'a>>>,
}

#[derive(Deserialize)]
struct Stored<'a> {
    #[serde(borrow, default)]
    index_key: Option<&'a RawValue>,
    #[serde(borrow, default)]
    deposed: Option<&'a RawValue>,
    #[serde(borrow, default)]
    attributes: Option<&'a RawValue>,
    #[serde(borrow, default)]
    attributes_flat: Option<&'a RawValue>,
    #[serde(borrow, default)]
    sensitive_attributes: Option<&'a RawValue>,
    #[serde(borrow, default)]
    identity: Option<&'a RawValue>,
}

impl<'a> Resource<'a> {
    /// The instances of the `row`-th resource.
    pub(crate) fn instances(self, row: usize) -> Result<Vec<Instance<'a>>, PlanError> {
        let place = Place { section: "resources", row };
        let Some(mode) = place.mode(self.mode, "")? else { return Ok(Vec::new()) };
        let kind = place.text("type", self.kind)?;
        let name = place.text("name", self.name)?;
        let provider_key = place.optional("provider", self.provider)?;
        let module = match place.optional("module", self.module)? {
            Some(module) => {
                let segments = traversal::parse(&module);
                let path = segments.map(|segments| traversal::module_path(&segments).0);
                path.ok_or_else(|| place.wrong("module", "a module address"))?
            }
            None => ModulePath::default(),
        };
        let instance = |stored: Stored<'a>| {
            let key = place.key("instances[].index_key", stored.index_key)?;
            Ok(Instance {
                address: state::compose(&module, mode, &kind, &name, key.as_ref()),
                previous_address: None,
                module: module.clone(),
                mode,
                kind: kind.clone(),
                name: name.clone(),
                key,
                provider: provider_key.as_deref().map(source).unwrap_or_default().to_owned().into(),
                action: Action::NoOp,
                origin: Origin::State,
                deposed: place.optional("instances[].deposed", stored.deposed)?.map(Cow::into_owned),
                imported: false,
                action_reason: None,
                body: Body {
                    // Attributes in the flat form of Terraform 0.11 cannot be told apart: all unknown.
                    before: stored.attributes.or(stored.attributes_flat.map(|_| RawValue::TRUE)),
                    before_sensitive: None,
                    before_identity: stored.identity,
                    sides: Sides::Same,
                    provider_key: provider_key.clone().map(Arc::from),
                    stored_sensitive: stored.sensitive_attributes,
                    secrets: None,
                    shown: OnceLock::new(),
                },
            })
        };
        self.instances.into_iter().flatten().map(instance).collect()
    }
}

/// The source address in `module.m.provider["registry.terraform.io/hashicorp/aws"].alias`; older versions
/// wrote `provider.aws`.
fn source(provider: &str) -> &str {
    let quoted = provider.split_once("provider[\"").and_then(|(_, rest)| rest.split_once('"'));
    let legacy = || provider.split_once("provider.").map(|(_, rest)| rest.split('.').next().unwrap_or(rest));
    quoted.map(|(source, _)| source).or_else(legacy).unwrap_or(provider)
}

/// The mask that `sensitive_attributes` describes: a list of paths.
pub(crate) fn sensitive_mask(raw: &RawValue) -> Value {
    let Ok(Value::Array(paths)) = serde_json::from_str(raw.get()) else { return Value::Bool(true) };
    let mut mask = Value::Object(Map::new());
    for path in &paths {
        // Old versions wrote a path as the list of its steps, or as an object with the steps inside.
        let steps = path.as_array().or_else(|| path.get("path").and_then(Value::as_array));
        let Some(steps) = steps else { return Value::Bool(true) };
        mark(&mut mask, steps);
    }
    mask
}

/// Marks the place that the steps lead to. A step other than to an attribute or an entry marks all around it.
fn mark(mask: &mut Value, steps: &[Value]) {
    let name = steps
        .first()
        .and_then(|step| step.get("value"))
        .and_then(|value| value.as_str().or_else(|| value.get("value").and_then(Value::as_str)));
    match (name, mask.as_object_mut()) {
        (Some(name), Some(entries)) => {
            let inside = entries.entry(name).or_insert_with(|| Value::Object(Map::new()));
            mark(inside, steps.get(1..).unwrap_or_default());
        }
        _ => *mask = Value::Bool(true),
    }
}
