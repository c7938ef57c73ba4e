use std::borrow::Cow;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Place;
use crate::instance::{Body, Sides};
use crate::traversal;
use crate::{Action, Address, Doubt, Instance, Invocation, ModulePath, Origin, PlanError};

/// One row of `resource_changes`. All raw, so that an error can say which field is wrong.
#[derive(Deserialize)]
pub(crate) struct Row<'a> {
    #[serde(borrow, default)]
    address: Option<&'a RawValue>,
    #[serde(borrow, default)]
    previous_address: Option<&'a RawValue>,
    #[serde(borrow, default)]
    module_address: Option<&'a RawValue>,
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
    deposed: Option<&'a RawValue>,
    #[serde(borrow, default)]
    action_reason: Option<&'a RawValue>,
    #[serde(borrow, default)]
    change: Option<Change<'a>>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(borrow, default)]
    actions: Option<&'a RawValue>,
    #[serde(borrow, default)]
    importing: Option<&'a RawValue>,
    #[serde(borrow, default)]
    before: Option<&'a RawValue>,
    #[serde(borrow, default)]
    after: Option<&'a RawValue>,
    #[serde(borrow, default)]
    after_unknown: Option<&'a RawValue>,
    #[serde(borrow, default)]
    before_sensitive: Option<&'a RawValue>,
    #[serde(borrow, default)]
    after_sensitive: Option<&'a RawValue>,
    #[serde(borrow, default)]
    replace_paths: Option<&'a RawValue>,
    #[serde(borrow, default)]
    before_identity: Option<&'a RawValue>,
    #[serde(borrow, default)]
    after_identity: Option<&'a RawValue>,
}

/// One row of `deferred_changes`.
#[derive(Deserialize)]
pub(crate) struct Deferred<'a> {
    #[serde(borrow, default)]
    reason: Option<&'a RawValue>,
    #[serde(borrow, default)]
    resource_change: Option<Row<'a>>,
}

/// One row of `action_invocations`, or of `deferred_action_invocations`, which wraps it.
#[derive(Deserialize)]
pub(crate) struct Invoked<'a> {
    #[serde(borrow, default)]
    address: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    lifecycle_action_trigger: Option<Trigger<'a>>,
    #[serde(borrow, default)]
    action_invocation: Option<Box<Invoked<'a>>>,
}

#[derive(Deserialize)]
struct Trigger<'a> {
    #[serde(borrow, default)]
    triggering_resource_address: Option<&'a RawValue>,
}

impl Invoked<'_> {
    /// The action of the `row`-th row.
    pub(crate) fn invocation(&self, row: usize) -> Result<Invocation, PlanError> {
        let inner = self.action_invocation.as_deref().unwrap_or(self);
        let place = Place { section: "action_invocations", row };
        let trigger = inner.lifecycle_action_trigger.as_ref().and_then(|it| it.triggering_resource_address);
        Ok(Invocation {
            address: Address::new(place.text("address", inner.address)?),
            kind: place.text("type", inner.kind)?.into_owned(),
            trigger: place.optional("triggering_resource_address", trigger)?.map(Address::new),
        })
    }
}

impl<'a> Row<'a> {
    /// The instance of the `row`-th row; `None` for what leaves no trace.
    pub(crate) fn instance(self, row: usize) -> Result<Option<Instance<'a>>, PlanError> {
        let place = Place { section: "resource_changes", row };
        let address = place.text("address", self.address)?;
        let Some(mode) = place.mode(self.mode, &address)? else { return Ok(None) };
        let change = self.change.ok_or_else(|| place.wrong("change", "an object"))?;
        let module = match place.optional("module_address", self.module_address)? {
            Some(module) => {
                let segments = traversal::parse(&module);
                let path = segments.map(|segments| traversal::module_path(&segments).0);
                path.ok_or_else(|| place.wrong("module_address", "a module address"))?
            }
            None if address.starts_with("module.") => traversal::parse(&address)
                .map_or_else(ModulePath::default, |parts| traversal::module_path(&parts).0),
            None => ModulePath::default(),
        };
        let name = place.text("name", self.name)?;
        let name = traversal::name_of(&address, &name).map_or(name, Cow::Owned);
        Ok(Some(Instance {
            previous_address: place.optional("previous_address", self.previous_address)?.map(Address::new),
            module,
            mode,
            kind: place.text("type", self.kind)?,
            name,
            key: place.key("index", self.index)?,
            provider: place.optional("provider_name", self.provider_name)?.unwrap_or_default(),
            action: action(place, change.actions)?,
            origin: Origin::Change,
            deposed: place.optional("deposed", self.deposed)?.map(Cow::into_owned),
            imported: change.importing.is_some(),
            action_reason: place.optional("action_reason", self.action_reason)?.map(Cow::into_owned),
            address: Address::new(address),
            body: Body {
                before: change.before,
                before_sensitive: change.before_sensitive,
                before_identity: change.before_identity,
                sides: Sides::Change {
                    after: change.after,
                    unknown: change.after_unknown,
                    sensitive: change.after_sensitive,
                    identity: change.after_identity,
                    replace_paths: change.replace_paths,
                },
                provider_key: None,
                stored_sensitive: None,
                secrets: None,
                shown: OnceLock::new(),
            },
        }))
    }
}

fn action(place: Place<'_>, raw: Option<&RawValue>) -> Result<Action, PlanError> {
    let wrong = || place.wrong("change.actions", "a list of strings");
    let raw = raw.ok_or_else(wrong)?;
    // The most frequent ones first, and without a list.
    match raw.get() {
        r#"["no-op"]"# => return Ok(Action::NoOp),
        r#"["create"]"# => return Ok(Action::Create),
        r#"["update"]"# => return Ok(Action::Update),
        _ => {}
    }
    let actions: Vec<String> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
    let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
    Ok(match *actions.as_slice() {
        ["no-op"] => Action::NoOp,
        ["create"] => Action::Create,
        ["read"] => Action::Read,
        ["update"] => Action::Update,
        ["delete", "create"] => Action::DeleteCreate,
        ["create", "delete"] => Action::CreateDelete,
        ["delete"] => Action::Delete,
        ["forget"] => Action::Forget,
        ["create", "forget"] => Action::CreateForget,
        _ => Action::Other,
    })
}

impl Deferred<'_> {
    /// What the deferral puts in doubt.
    pub(crate) fn doubt(&self, row: usize) -> Result<Doubt, PlanError> {
        let place = Place { section: "deferred_changes", row };
        let address = self.resource_change.as_ref().and_then(|change| change.address);
        Ok(Doubt::Deferred {
            address: Address::new(place.text("resource_change.address", address)?),
            reason: place.optional("reason", self.reason)?.unwrap_or_default().into_owned(),
        })
    }
}
