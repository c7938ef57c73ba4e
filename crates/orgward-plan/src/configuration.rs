//! The `configuration` section. Expressions stay raw until someone asks what an attribute refers to.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::parse::Str;
use crate::{Mode, ModulePath, traversal};

/// The whole section.
#[derive(Deserialize)]
pub(crate) struct Configuration<'a> {
    #[serde(borrow, default)]
    pub(crate) provider_config: Option<BTreeMap<Str<'a>, Provider<'a>>>,
    #[serde(borrow, default)]
    pub(crate) root_module: Option<Module<'a>>,
}

/// A provider block.
#[derive(Deserialize)]
pub(crate) struct Provider<'a> {
    #[serde(borrow, default)]
    pub(crate) module_address: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) expressions: Option<&'a RawValue>,
}

/// A module.
#[derive(Deserialize, Default)]
pub(crate) struct Module<'a> {
    /// INVARIANT: sorted by type, name, and mode once [`Configuration::sort`] has run.
    #[serde(borrow, default)]
    resources: Option<Vec<Resource<'a>>>,
    #[serde(borrow, default)]
    #[serde(rename = "module_calls")]
    calls: Option<BTreeMap<Str<'a>, Call<'a>>>,
    #[serde(borrow, default)]
    outputs: Option<BTreeMap<Str<'a>, Output<'a>>>,
    #[serde(borrow, default)]
    variables: Option<BTreeMap<Str<'a>, Variable<'a>>>,
}

/// A resource or data source.
#[derive(Deserialize)]
pub(crate) struct Resource<'a> {
    #[serde(borrow, default)]
    address: Option<Str<'a>>,
    #[serde(borrow, default)]
    mode: Option<Str<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) provider_config_key: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) expressions: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) for_each_expression: Option<&'a RawValue>,
    #[serde(borrow, default)]
    count_expression: Option<&'a RawValue>,
    #[serde(borrow, default)]
    depends_on: Option<Vec<Str<'a>>>,
    #[serde(borrow, default)]
    provisioners: Option<&'a RawValue>,
}

/// A module call.
#[derive(Deserialize)]
pub(crate) struct Call<'a> {
    #[serde(borrow, default)]
    pub(crate) expressions: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) for_each_expression: Option<&'a RawValue>,
    #[serde(borrow, default)]
    count_expression: Option<&'a RawValue>,
    #[serde(borrow, default)]
    depends_on: Option<Vec<Str<'a>>>,
    #[serde(borrow, default)]
    pub(crate) module: Option<Module<'a>>,
}

/// An output of a module.
#[derive(Deserialize)]
pub(crate) struct Output<'a> {
    #[serde(borrow, default)]
    pub(crate) expression: Option<&'a RawValue>,
}

/// An input of a module.
#[derive(Deserialize)]
pub(crate) struct Variable<'a> {
    #[serde(borrow, default)]
    pub(crate) default: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) sensitive: Option<&'a RawValue>,
}

impl<'a> Configuration<'a> {
    /// Sorts resources, so that looking one up does not take a walk through all of them.
    pub(crate) fn sort(&mut self) {
        if let Some(root) = &mut self.root_module {
            root.sort();
        }
    }

    /// The strings that the configuration writes down.
    pub(crate) fn constants(&self) -> BTreeSet<String> {
        let mut constants = BTreeSet::new();
        if let Some(root) = &self.root_module {
            root.constants(&mut constants);
        }
        constants
    }

    /// The module that an instance path leads to.
    pub(crate) fn module(&self, path: &ModulePath) -> Option<&Module<'a>> {
        path.0
            .iter()
            .try_fold(self.root_module.as_ref()?, |module, step| module.call(&step.name)?.module.as_ref())
    }
}

impl<'a> Module<'a> {
    fn constants(&self, constants: &mut BTreeSet<String>) {
        let calls = || self.calls.iter().flatten().map(|(_, call)| call);
        let expressions = self.resources.iter().flatten().filter_map(|resource| resource.expressions);
        for raw in expressions.chain(calls().filter_map(|call| call.expressions)) {
            if let Ok(value) = serde_json::from_str(raw.get()) {
                gather(&value, false, constants);
            }
        }
        calls().filter_map(|call| call.module.as_ref()).for_each(|module| module.constants(constants));
    }

    fn sort(&mut self) {
        if let Some(resources) = &mut self.resources {
            for resource in resources.iter_mut() {
                let address = resource.address.as_deref();
                if let Some(name) = address.and_then(|it| traversal::name_of(it, &resource.name)) {
                    resource.name = Str(Cow::Owned(name));
                }
            }
            resources.sort_by(|a, b| a.order().cmp(&b.order()));
        }
        for call in self.calls.iter_mut().flatten() {
            if let Some(module) = &mut call.1.module {
                module.sort();
            }
        }
    }

    /// The managed resources that stand once in each instance of the module: `count` and `for_each` may leave none.
    pub(crate) fn single(&self) -> impl Iterator<Item = &Resource<'a>> {
        self.resources.iter().flatten().filter(|resource| {
            resource.mode.as_deref().is_none_or(|mode| mode == "managed")
                && resource.for_each_expression.is_none()
                && resource.count_expression.is_none()
        })
    }

    /// The calls that stand once.
    pub(crate) fn single_calls(&self) -> impl Iterator<Item = (&str, &Module<'a>)> {
        self.calls.iter().flatten().filter_map(|(name, call)| {
            let single = call.for_each_expression.is_none() && call.count_expression.is_none();
            Some((&**name, call.module.as_ref().filter(|_| single)?))
        })
    }

    /// All that it declares, data sources too.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &Resource<'a>> {
        self.resources.iter().flatten()
    }

    /// The modules that it calls.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (&str, &Call<'a>)> {
        self.calls.iter().flatten().map(|(name, call)| (&**name, call))
    }

    pub(crate) fn resource(&self, mode: Mode, kind: &str, name: &str) -> Option<&Resource<'a>> {
        let resources = self.resources.as_deref()?;
        let at = resources.binary_search_by(|resource| resource.order().cmp(&(kind, name, mode))).ok()?;
        resources.get(at)
    }

    pub(crate) fn call(&self, name: &str) -> Option<&Call<'a>> {
        self.calls.as_ref()?.get(name)
    }

    /// What it declares: `type.name`, `data.type.name`, `module.name`.
    pub(crate) fn declared(&self) -> BTreeSet<String> {
        let resources = self.resources().map(Resource::declared);
        let calls = self.calls.iter().flatten().map(|(name, _)| format!("module.{}", &**name));
        resources.chain(calls).collect()
    }

    pub(crate) fn output(&self, name: &str) -> Option<&Output<'a>> {
        self.outputs.as_ref()?.get(name)
    }

    pub(crate) fn outputs(&self) -> impl Iterator<Item = (&str, &Output<'a>)> {
        self.outputs.iter().flatten().map(|(name, output)| (&**name, output))
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&Variable<'a>> {
        self.variables.as_ref()?.get(name)
    }

    pub(crate) fn sensitive_variables(&self) -> impl Iterator<Item = (&str, &Variable<'a>)> {
        let variables = self.variables.iter().flatten().map(|(name, variable)| (&**name, variable));
        variables.filter(|(_, variable)| variable.sensitive.is_some_and(|raw| raw.get() != "false"))
    }
}

impl<'a> Call<'a> {
    pub(crate) fn count_expression(&self) -> Option<&'a RawValue> {
        self.count_expression
    }

    /// What the configuration says that it waits for.
    pub(crate) fn depends_on(&self) -> impl Iterator<Item = &str> {
        self.depends_on.iter().flatten().map(|name| &**name)
    }
}

impl<'a> Resource<'a> {
    pub(crate) fn count_expression(&self) -> Option<&'a RawValue> {
        self.count_expression
    }

    /// What the configuration says that it waits for.
    pub(crate) fn depends_on(&self) -> impl Iterator<Item = &str> {
        self.depends_on.iter().flatten().map(|name| &**name)
    }

    /// `type.name`, or `data.type.name`.
    pub(crate) fn declared(&self) -> String {
        let data = if self.order().2 == Mode::Data { "data." } else { "" };
        format!("{data}{}.{}", &*self.kind, &*self.name)
    }

    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it runs programs when it is created or destroyed.
    pub(crate) fn has_provisioners(&self) -> bool {
        self.provisioners.is_some_and(|raw| !matches!(raw.get(), "null" | "[]"))
    }

    fn order(&self) -> (&str, &str, Mode) {
        let mode = if self.mode.as_deref() == Some("data") { Mode::Data } else { Mode::Managed };
        (&self.kind, &self.name, mode)
    }
}

/// The strings below `constant_value`.
fn gather(value: &Value, is_constant: bool, constants: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if is_constant => {
            constants.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, is_constant, constants)),
        Value::Object(entries) => entries
            .iter()
            .for_each(|(name, entry)| gather(entry, is_constant || name == "constant_value", constants)),
        _ => {}
    }
}
