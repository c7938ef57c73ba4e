//! Reasoning about all requests at once: sets of requests, and whether there is one in them.
//!
//! Every test that a policy makes looks at one dimension of a request: who makes it, the action, the resource, or one
//! context key. On each dimension the tests of a question tell finitely many groups of values apart. The groups are
//! found exactly, each with an example, and from there on a question is one about finite sets: is there a choice of
//! one group per dimension that satisfies a formula? Whatever is found is put to the concrete evaluator before anyone
//! hears of it.

mod action_set;
mod actions;
mod allowance;
mod budget;
mod callers;
mod dead;
mod dimension;
mod extent;
mod keys;
mod known;
mod language;
mod lazy;
mod memo;
mod overlap;
mod partition;
mod points;
mod progress;
mod questions;
mod resources;
mod set;
mod solve;
mod test;
mod universe;
mod witness;

#[cfg(test)]
mod tests;

pub use self::action_set::ActionSet;
pub(crate) use self::action_set::is_foreign;
pub use self::allowance::{Allowance, bounded};
pub(crate) use self::budget::Budget;
pub(crate) use self::callers::may_be_principal;

pub use self::dead::{Dead, cause, dead};
pub use self::extent::{ClassOfRequests, Extent, Reach};
pub(crate) use self::language::{Class, Language, Token};
pub(crate) use self::overlap::{glob_is_within, globs_meet, resource_is_within, resource_may_be};
pub use self::questions::{
    Compared, Relation, Standing, allowed_but_not, compare, dead_statements, is_public, may_be_allowed,
    not_allowed, only_denies,
};
pub use self::set::{Answer, Callers, RequestSet};
pub use self::test::Looks;
