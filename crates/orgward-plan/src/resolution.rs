use crate::Address;

/// One step into an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step<'s> {
    /// An attribute, or an entry of a map.
    Name(&'s str),
    /// An element of a list or set.
    Index(usize),
}

/// Which attributes an attribute can possibly hold, each as `type.attribute` without indexes:
/// `aws_organizations_account.id`, `aws_organizations_organization.roots.id`.
#[derive(Clone, Copy, Debug)]
pub struct Legal<'l>(pub &'l [&'l str]);

/// How sure a resolution is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Certainty {
    /// Nothing is known about the target.
    Unknown,
    /// The target is one of several.
    Candidates,
    /// The only target that fits by type and instance key.
    Typed,
    /// The configuration names it.
    Exact,
}

/// What an unknown attribute will hold: an attribute of a resource instance.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Target {
    /// The resource instance; for a data source with `data.` before the type.
    pub address: Address,
    /// The attribute, without indexes: `id`, `roots.id`, `json`. Empty when the reference is to the whole.
    pub attribute: String,
}

/// What an unknown attribute will point to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resolution {
    /// How sure it is. `Exact` and `Typed` have exactly one target; `Candidates` two or more; `Unknown` none.
    pub certainty: Certainty,
    /// The targets, sorted.
    pub targets: Vec<Target>,
    /// How it was found, or where the trail ends: one sentence a step, fit to print.
    pub trail: Vec<String>,
}
