//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Reads a live AWS organization into a file that every command takes as `--org`.
///
/// Run it with credentials of the management account, or of a delegated administrator of Organizations; it assumes a role in
/// each account. It calls nothing that changes anything: `docs/snapshot.md` has the policies of both.
///
/// A run that was stopped is continued by the same command.
///
/// Exit codes: 0 everything was read, 1 the file is written and names what could not be read, 2 nothing is written.
#[derive(Debug, Parser)]
#[command(name = "orgward org snapshot", version)]
pub(crate) struct Arguments {
    /// The file to write.
    #[arg(long, short, value_name = "FILE", default_value = "organization.snapshot.zst")]
    pub(crate) output: PathBuf,
    /// The role to assume in each account, with its path if it has one.
    #[arg(long, value_name = "NAME", default_value = "orgward-snapshot")]
    pub(crate) role: String,
    /// The external id that the role asks for.
    #[arg(long, value_name = "ID")]
    pub(crate) external_id: Option<String>,
    /// The region of Identity Center; without it, all regions that every account has are asked.
    #[arg(long, value_name = "REGION")]
    pub(crate) identity_center_region: Option<String>,
    /// Also read policies of resources, trails and detection in this region; may be given several times, and `all` is all
    /// regions that the account can use. Buckets of all regions are read with the first one. Without it, what depends on
    /// policies of resources is undecided.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Vec<String>,
    /// Only these accounts; all active ones where none is named.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Vec<String>,
    /// Only the organization itself: no permissions of accounts.
    #[arg(long, conflicts_with = "account")]
    pub(crate) no_accounts: bool,
    /// An older snapshot: accounts that it read less than `--max-age` ago are taken from it.
    #[arg(long, value_name = "FILE")]
    pub(crate) since: Option<PathBuf>,
    /// How old, in hours, what an older snapshot or a run that was stopped has read may be.
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    pub(crate) max_age: u32,
    /// How many accounts are read at the same time.
    #[arg(long, value_name = "NUMBER", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) concurrency: u16,
}
