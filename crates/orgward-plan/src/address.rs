use std::fmt;
use std::sync::Arc;

/// The absolute address of a resource instance, as Terraform prints it: `module.ou["prod"].aws_iam_role.ci[0]`.
///
/// Ordered as text, so that sorted output does not depend on the order of a plan.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Address(Arc<str>);

impl Address {
    /// Takes an address as Terraform printed it.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The address as Terraform prints it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key of one instance of a resource or module.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Key {
    /// `[0]`, from `count`.
    Index(u64),
    /// `["prod"]`, from `for_each`.
    Name(String),
}

/// One step of a module path: `module.ou["prod"]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ModuleStep {
    /// The name of the module call.
    pub name: String,
    /// Which instance of the call, when it has `count` or `for_each`.
    pub key: Option<Key>,
}

/// The module that a resource instance lives in; empty for the root module.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct ModulePath(pub Vec<ModuleStep>);

impl ModulePath {
    /// The calls alone, as the configuration has them.
    #[must_use]
    pub fn without_keys(&self) -> Self {
        Self(self.0.iter().map(|step| ModuleStep { name: step.name.clone(), key: None }).collect())
    }
}
