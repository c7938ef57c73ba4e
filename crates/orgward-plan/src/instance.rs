use std::marker::PhantomData;

use crate::{Address, Key, ModulePath, Object};

/// Whether an instance is managed or only read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mode {
    /// A `resource`.
    Managed,
    /// A `data` source.
    Data,
}

/// What the plan does with an instance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// Creates it.
    Create,
    /// Reads it while applying: a data source that waits for something unknown.
    Read,
    /// Changes it in place.
    Update,
    /// Deletes it and creates it anew: there is a time without it.
    DeleteCreate,
    /// Creates it anew and then deletes the old one.
    CreateDelete,
    /// Deletes it.
    Delete,
    /// Forgets it: it goes on to exist in AWS.
    Forget,
    /// Creates a new one and forgets the old one.
    CreateForget,
    /// A combination that this version does not know; nothing about its outcome may be called safe.
    Other,
}

/// Which part of the input says that the instance exists.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Origin {
    /// `resource_changes`.
    Change,
    /// `prior_state`, a state file, or a raw state: it exists and this plan does not touch it.
    State,
}

/// One resource instance and what becomes of it.
#[derive(Clone, Debug)]
pub struct Instance<'a> {
    /// The absolute address.
    pub address: Address,
    /// Where it was before a `moved` block.
    pub previous_address: Option<Address>,
    /// The module instance it lives in.
    pub module: ModulePath,
    /// Managed or data.
    pub mode: Mode,
    /// The resource type: `aws_iam_role`.
    pub kind: String,
    /// The name in the configuration.
    pub name: String,
    /// Which instance of the resource.
    pub key: Option<Key>,
    /// The provider's source address; not the alias.
    pub provider: String,
    /// What the plan does.
    pub action: Action,
    /// Which part of the input it is from.
    pub origin: Origin,
    /// The key of a deposed object; such a row stands beside the one of the current object.
    pub deposed: Option<String>,
    /// Whether the plan imports it: it exists in AWS before the plan, outside the state.
    pub imported: bool,
    pub(crate) raw: PhantomData<&'a ()>,
}

impl Instance<'_> {
    /// The object that stands before the plan, if any; parsed now.
    ///
    /// Follows the table "graph interpretation of a change" of the Terraform semantics.
    pub fn before(&self) -> Option<Object> {
        todo!()
    }

    /// The object that stands after the plan, if any; parsed now. A forgotten object, and a deleted one with
    /// `skip_destroy`, go on to stand: they are what they were before.
    pub fn after(&self) -> Option<Object> {
        todo!()
    }

    /// Whether Terraform stops managing the object although it goes on to stand (`forget`, `skip_destroy`).
    pub fn is_abandoned(&self) -> bool {
        todo!()
    }
}
