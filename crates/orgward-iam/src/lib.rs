//! The IAM policy language: syntax with spans, and deciding requests the way AWS does.
//!
//! This crate knows IAM and nothing of Terraform or of how an organization is built.

mod access;
mod arn;
mod bits;
mod catalogue;
mod chain;
mod claim;
mod covering;
mod decision;
mod draft;
mod error;
mod event;
mod exposure;
mod fit;
mod matching;
mod operator;
mod parse;
mod partial;
mod pattern;
mod placeholder;
mod possible;
mod remedy;
mod request;
mod scenario;
mod stand_in;
mod syntax;
#[cfg(test)]
mod testing;
mod validate;

pub use access::{
    ActionSet, Allowance, Answer, Callers, ClassOfRequests, Compared, Dead, Extent, Looks, Reach, Relation,
    RequestSet, Standing, allowed_but_not, bounded, cause, compare, dead, dead_statements, is_public,
    may_be_allowed, not_allowed, only_denies,
};
pub use arn::{Arn, arn_like, is_account_id};
pub use catalogue::{
    AccessLevel, Action, ActionList, Catalogue, KeyInfo, KeyKind, ManagedPolicies, Region, ResourceType,
    Service, Share,
};
pub use chain::{ChainDecision, Decider, Level, Outcome, PolicyChain};
pub use claim::{Claim, ClaimError, ClaimSpec, ConditionSpec, Element};
pub use decision::{Decision, Layer, LayerDecision, Policies};
pub use error::PolicyError;
pub use event::{
    Attributes, Call, CalledActions, DecodedMessage, Event, Facts, Identity, Issuer, MatchedStatement, Named,
    Session, Skipped,
};
pub use exposure::{Exposure, OutsiderAccess, Outsiders, Perimeter, RoleTrust};
pub use fit::{listed_actions, may_be_about};
pub use matching::{action_matches, resource_matches};
pub use operator::{BaseOperator, Operator, SetQuantifier};
pub use partial::{PartialRequest, Reading, Reads, UNKNOWN_PART};
pub use pattern::{glob, glob_ignore_case, glob_prefix};
pub use placeholder::placeholder;
pub use possible::Impossible;
pub use remedy::{Denying, Remedy};
pub use request::{Caller, Context, ContextValue, Request};
pub use scenario::{NamedPolicy, Scenario, ScenarioError, ScenarioLevel, ScenarioPolicies};
pub use stand_in::{NamedAccounts, StandIns};
pub use syntax::{
    Actions, Condition, Effect, FULL_AWS_ACCESS, Kind, Policy, PrincipalPattern, Principals, Resources,
    Spanned, Statement, Version,
};
pub use validate::{CHECKS, Effectiveness, Gravity, OWN_CHECKS, Problem, Said};
