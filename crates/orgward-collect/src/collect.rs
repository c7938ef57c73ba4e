//! The whole run: the organization, its accounts, the file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use miette::Diagnostic;
use orgward_snapshot::{AccountPart, Gap, OrganizationPart, Part, Snapshot, SnapshotError};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::account::{self, Entrance};
use crate::arguments::Arguments;
use crate::journal::Journal;
use crate::organization::{self, Fatal};
use crate::refused::Refused;
use crate::{actions, aws, identity_center, progress};

/// Why nothing is written.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum CollectError {
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
    #[error("AWS refused `{action}`: {code}: {message}")]
    #[diagnostic(help("{help}"))]
    Refused { action: &'static str, code: String, message: String, help: &'static str },
    #[error("cannot write `{path}`: {error}")]
    Write { path: String, error: SnapshotError },
    #[error("cannot read `{path}`: {error}")]
    #[diagnostic(forward(error))]
    Since { path: String, error: SnapshotError },
    #[error("account `{0}` is not in the organization, or not active")]
    #[diagnostic(help("name active accounts of the organization with `--account`"))]
    Account(String),
}

impl From<Fatal> for CollectError {
    fn from((action, refused): Fatal) -> Self {
        let help = if refused.is_expired() {
            "renew the credentials, and run the same command again: it continues where this run was stopped"
        } else if refused.code == "AWSOrganizationsNotInUseException" {
            "use credentials of the management account, or of a delegated administrator of Organizations"
        } else if refused.code.starts_with("no ") {
            "look at the credentials, the region and the network: `aws sts get-caller-identity` has to work"
        } else {
            "allow it to the caller; `docs/snapshot.md` has the whole policy, which reads and changes nothing"
        };
        let Refused { code, message, .. } = refused;
        Self::Refused { action: action.name, code, message, help }
    }
}

/// Collects; says whether everything was read.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool, CollectError> {
    let config = aws::configuration().await;
    let caller = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
    let caller = caller.map_err(|error| CollectError::from((&actions::CALLER_IDENTITY, error.into())))?;
    let own = caller.account().unwrap_or_default().to_owned();
    let partition = caller.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned();
    let external_id = arguments.external_id.as_deref().unwrap_or_default();
    let settings = format!("{own} {} {external_id} {}\n", arguments.role, arguments.region.join(" "));
    let journal = Journal::open(&arguments.output, &settings)?;
    let fresh = Freshness { now: Timestamp::now(), hours: arguments.max_age };

    let kept = journal.organization().and_then(|kept| Some((kept.organization().ok()?, kept)));
    let (organization, compressed) = match kept {
        Some((part, kept)) if fresh.is(&part.taken) => (part, kept),
        _ => {
            let mut part = organization::read(&aws_sdk_organizations::Client::new(&config)).await?;
            let region = arguments.identity_center_region.as_deref();
            identity_center::read(&config, region, &mut part).await?;
            part.taken = fresh.now.to_string();
            let compressed =
                journal.keep_organization(&part).map_err(|error| write_error(arguments, error))?;
            (part, compressed)
        }
    };
    let ids = chosen(arguments, &organization)?;
    take_over(arguments, &journal, &ids, &fresh)?;
    let entrance = Arc::new(Entrance {
        config,
        own,
        partition,
        role: arguments.role.clone(),
        external_id: arguments.external_id.clone(),
        regions: arguments.region.clone(),
    });
    let incomplete = accounts(arguments, &journal, &entrance, &ids, &fresh).await?;
    write(&arguments.output, &journal, &compressed, &ids, &incomplete)
        .map_err(|error| write_error(arguments, error))?;
    journal.remove()?;
    Ok(tell(arguments, &organization, &ids, &incomplete))
}

fn write_error(arguments: &Arguments, error: SnapshotError) -> CollectError {
    CollectError::Write { path: arguments.output.display().to_string(), error }
}

/// Whether a part was read recently enough.
struct Freshness {
    now: Timestamp,
    hours: u32,
}

impl Freshness {
    fn is(&self, taken: &str) -> bool {
        let Ok(taken) = taken.parse::<Timestamp>() else { return false };
        self.now.duration_since(taken) < SignedDuration::from_hours(self.hours.into())
    }
}

/// The accounts to read: the active ones, or those of them that are named.
fn chosen(arguments: &Arguments, organization: &OrganizationPart) -> Result<BTreeSet<String>, CollectError> {
    let active = organization.accounts.iter().filter(|account| account.status == "ACTIVE");
    let active: BTreeSet<String> = active.map(|account| account.id.clone()).collect();
    if arguments.no_accounts {
        return Ok(BTreeSet::new());
    }
    if let Some(other) = arguments.account.iter().find(|id| !active.contains(*id)) {
        return Err(CollectError::Account(other.clone()));
    }
    if arguments.account.is_empty() { Ok(active) } else { Ok(arguments.account.iter().cloned().collect()) }
}

/// Takes accounts that an older snapshot has read completely, and recently enough, into the journal.
fn take_over(
    arguments: &Arguments,
    journal: &Journal,
    ids: &BTreeSet<String>,
    fresh: &Freshness,
) -> Result<(), CollectError> {
    let Some(path) = &arguments.since else { return Ok(()) };
    let failed = |error| CollectError::Since { path: path.display().to_string(), error };
    let file = File::open(path).map_err(|error| failed(error.into()))?;
    let mut snapshot = Snapshot::open(BufReader::new(file)).map_err(failed)?;
    for id in ids {
        if journal.account(id).is_some() {
            continue;
        }
        let Some(part) = snapshot.account(id).map_err(failed)? else { continue };
        let has_regions = arguments.region.iter().all(|region| {
            if region == crate::resources::ALL { part.all_regions } else { part.regions.contains(region) }
        });
        if part.gaps.is_empty() && has_regions && fresh.is(&part.taken) {
            journal.keep_account(&part).map_err(|error| write_error(arguments, error))?;
        }
    }
    Ok(())
}

/// Reads the accounts that the journal does not have. Returns those of which something is missing: the next run reads them
/// again.
async fn accounts(
    arguments: &Arguments,
    journal: &Journal,
    entrance: &Arc<Entrance>,
    ids: &BTreeSet<String>,
    fresh: &Freshness,
) -> Result<BTreeMap<String, AccountPart>, CollectError> {
    let bar = progress::bar(ids.len());
    let kept = |id: &String| {
        journal.account(id).is_some_and(|part| part.account().is_ok_and(|part| fresh.is(&part.taken)))
    };
    let (kept, open): (Vec<&String>, Vec<&String>) = ids.iter().partition(|id| kept(id));
    bar.inc(kept.len() as u64);
    let limit = Arc::new(Semaphore::new(arguments.concurrency.into()));
    let mut running = JoinSet::new();
    for id in open {
        let (entrance, limit, id) = (Arc::clone(entrance), Arc::clone(&limit), id.clone());
        running.spawn(async move {
            // The semaphore is never closed.
            let _permit = limit.acquire().await;
            account::read(&entrance, &id).await
        });
    }
    let mut incomplete = BTreeMap::new();
    while let Some(done) = running.join_next().await {
        let mut part = match done {
            Ok(read) => read?,
            // No task is cancelled, so that it is a panic: raise it here.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        part.taken = Timestamp::now().to_string();
        if part.gaps.is_empty() {
            journal.keep_account(&part).map_err(|error| write_error(arguments, error))?;
        } else {
            incomplete.insert(part.account.clone(), part);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(incomplete)
}

/// Writes the file beside its place and renames it, so that it is whole or not there.
fn write(
    path: &Path,
    journal: &Journal,
    organization: &Part,
    ids: &BTreeSet<String>,
    incomplete: &BTreeMap<String, AccountPart>,
) -> Result<(), SnapshotError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = path.with_file_name(name);
    let mut file = BufWriter::new(File::create(&unfinished)?);
    let part = |id: &String| match incomplete.get(id) {
        Some(part) => Some(Part::of_account(part)),
        None => journal.account(id).map(Ok),
    };
    orgward_snapshot::write(&mut file, organization, ids.iter().filter_map(part))?;
    file.flush()?;
    file.get_ref().sync_all()?;
    fs::rename(unfinished, path)?;
    Ok(())
}

/// Says what is in the file, and what is not.
fn tell(
    arguments: &Arguments,
    organization: &OrganizationPart,
    ids: &BTreeSet<String>,
    incomplete: &BTreeMap<String, AccountPart>,
) -> bool {
    progress::say(&format!(
        "`{}`: {} accounts, the permissions of {} of them, {} units, {} policies",
        arguments.output.display(),
        organization.accounts.len(),
        ids.len() - incomplete.len(),
        organization.organizational_units.len(),
        organization.policies.len()
    ));
    let mut missing: BTreeMap<&Gap, usize> = organization.gaps.iter().map(|gap| (gap, 0)).collect();
    for gap in incomplete.values().flat_map(|part| &part.gaps) {
        *missing.entry(gap).or_default() += 1;
    }
    for (gap, accounts) in &missing {
        let of = match accounts {
            0 => String::new(),
            1 => " of one account".to_owned(),
            several => format!(" of {several} accounts"),
        };
        progress::say(&format!("not read: {}{of}: `{}`: {}", gap.what, gap.action, gap.why));
    }
    if arguments.region.is_empty() && !ids.is_empty() {
        progress::say(
            "not asked for: the policies of resources, trails and detection: name each region that is used with `--region`, or \
             all of them with `--region all`; what depends on them is undecided until then",
        );
    }
    missing.is_empty()
}
