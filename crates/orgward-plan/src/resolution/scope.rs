use serde_json::value::RawValue;

use crate::configuration::{Module, Resource};
use crate::index::KeySet;
use crate::{Instance, Key, ModulePath, Plan};

/// What the names in an expression mean: the module instance it is in, and the repetition around it.
pub(crate) struct Scope<'p, 'a> {
    pub(crate) path: ModulePath,
    pub(crate) module: &'p Module<'a>,
    /// The resource, when the expression is of one.
    pub(crate) resource: Option<&'p Resource<'a>>,
    /// What `each.key` or `count.index` stand for.
    pub(crate) key: Option<Key>,
    /// What `each.value` is an element of.
    pub(crate) for_each: Option<&'a RawValue>,
    /// How many instances the repetition has.
    pub(crate) instances: usize,
    /// Their keys.
    pub(crate) keys: KeySet,
}

impl<'p, 'a> Scope<'p, 'a> {
    /// The scope of the arguments of a resource instance.
    pub(crate) fn of(plan: &'p Plan<'a>, instance: &Instance<'a>) -> Result<Self, String> {
        let configuration = plan.configuration.as_ref().ok_or("the input has no configuration")?;
        let missing = || format!("`{}` is not in the configuration", instance.address);
        let module = configuration.module(&instance.module).ok_or_else(missing)?;
        let resource = module.resource(instance.mode, &instance.kind, &instance.name).ok_or_else(missing)?;
        let name = (&instance.module, instance.mode, &*instance.kind, &*instance.name);
        Ok(Self {
            path: instance.module.clone(),
            module,
            resource: Some(resource),
            key: instance.key.clone(),
            for_each: resource.for_each_expression,
            instances: plan.index().resource(&plan.instances, name).len(),
            keys: plan.index().keys(&plan.instances, name),
        })
    }

    /// The scope of the outputs of a module instance: nothing is repeated there.
    pub(crate) fn module(path: ModulePath, module: &'p Module<'a>) -> Self {
        Self {
            path,
            module,
            resource: None,
            key: None,
            for_each: None,
            instances: 0,
            keys: KeySet::default(),
        }
    }

    /// The scope of the repetition itself.
    pub(crate) fn outside_repetition(&self) -> Self {
        Self::module(self.path.clone(), self.module)
    }

    /// The scope of the arguments of the call of this module, and the call's name; `None` in the root module.
    pub(crate) fn caller(&self, plan: &'p Plan<'a>) -> Option<(Self, String)> {
        let mut path = self.path.clone();
        let step = path.0.pop()?;
        let module = plan.configuration.as_ref()?.module(&path)?;
        let call = module.call(&step.name)?;
        let (instances, keys) = plan.index().module_keys(&path, &step.name);
        let instances = instances.len();
        let for_each = call.for_each_expression;
        Some((Self { path, module, resource: None, key: step.key, for_each, instances, keys }, step.name))
    }

    /// A name of this scope as an absolute address, for messages.
    pub(crate) fn absolute(&self, name: &str) -> String {
        let path = self.path.to_string();
        if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
    }
}
