//! The file that holds an AWS organization as it is: what `orgward org snapshot` writes, and every command reads that takes
//! `--org`.
//!
//! A snapshot is a sequence of zstd frames. Each holds one line of JSON: the organization first, one line for each account,
//! an index last. `zstd -dc FILE` prints them all. The index says where the part of an account is, so that a review that
//! looks at one account decompresses one.
//!
//! This crate knows the API of AWS only by the names of its fields, and makes no calls: `orgward-collect` does.

mod coverage;
mod error;
mod file;
mod iam;
mod import;
mod model;
mod resources;
mod rows;

pub use self::coverage::{NotCollected, POLICY_KINDS, PolicyKind};
pub use self::error::SnapshotError;
pub use self::file::{Entry, MAGIC, Part, Snapshot, accounts_in, is_snapshot, write};
pub use self::iam::{
    AccountPart, AttachedPolicy, BoundaryArn, Credentials, Group, InlinePolicy, ManagedPolicy,
    OpenIdProvider, PolicyVersion, Role, SamlProvider, User, unescaped,
};
pub use self::import::{Import, ImportError, Imported};
pub use self::model::{
    Account, Assignment, Boundary, CustomerPolicy, DelegatedAdministrator, Described, Gap, Instance,
    OrganizationPart, PermissionSet, Policy, PolicyTypeStatus, Root, Tag, Unit,
};
pub use self::resources::Found;
pub use self::rows::Rows;

/// The version of the format. A program reads the versions that it knows, and refuses newer ones.
pub const VERSION: u32 = 1;
