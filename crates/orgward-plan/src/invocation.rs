//! Actions that a plan invokes beside its changes (Terraform 1.14): programs, functions, builds.

use crate::Address;

/// An action that the apply invokes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Invocation {
    /// The action: `action.local_command.migrate`.
    pub address: Address,
    /// Its type.
    pub kind: String,
    /// The resource whose change triggers it; nothing when the command line asks for it.
    pub trigger: Option<Address>,
}
