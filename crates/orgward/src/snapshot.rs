//! Snapshots of a live organization as inputs, and the program that collects them.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::Command;

use miette::Diagnostic;
use orgward_config::Config;
use orgward_plan::{Absence, Action, Document, Mode, NotRead, Plan};
use orgward_report::escape;
use orgward_snapshot::{Gap, MAGIC, NotCollected, Rows, Snapshot, SnapshotError, accounts_in, is_snapshot};
use thiserror::Error;

use crate::exit::Exit;
use crate::{confine, input, output};

/// The program that collects.
const COLLECTOR: &str = "orgward-collect";
/// What resources of these types change reaches every account.
const OF_ALL: [&str; 3] = ["aws_controltower_", "aws_organizations_", "aws_ssoadmin_"];
/// Bytes of the JSON of the accounts that one run looks at.
const LARGEST: u64 = 2 << 30;

/// Why a snapshot cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum UseError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] SnapshotError),
    #[error("its {accounts} accounts are {size} MB, more than one run can look at ({} MB)", LARGEST >> 20)]
    #[diagnostic(help(
        "review plans of single stacks, which look at few accounts, or collect a part: `orgward org snapshot --account ID`"
    ))]
    Large { accounts: usize, size: u64 },
}

/// Why nothing can be collected.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum CollectError {
    #[error("`{COLLECTOR}` is neither beside `orgward` nor on PATH")]
    #[diagnostic(help(
        "install it: `cargo install orgward-collect`, or put the program of the release's archive beside `orgward`"
    ))]
    Missing,
    #[error("cannot start `{}`: {error}", escape(program))]
    Start { program: String, error: std::io::Error },
}

/// Starts the program that collects. What it says and how it ends is what this program says and how it ends.
pub(crate) fn collect(arguments: &[OsString]) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let program = collector().ok_or(CollectError::Missing)?;
    let ended = Command::new(&program).args(arguments).status();
    let ended =
        ended.map_err(|error| CollectError::Start { program: program.display().to_string(), error })?;
    Ok(match ended.code() {
        Some(0) => Exit::Clean,
        Some(1) => Exit::Blocked,
        _ => Exit::Failed,
    })
}

/// The collector beside this program, or on PATH.
fn collector() -> Option<PathBuf> {
    let file = format!("{COLLECTOR}{}", env::consts::EXE_SUFFIX);
    let beside = env::current_exe().ok().and_then(|path| path.parent().map(|folder| folder.join(file)));
    beside.filter(|path| path.is_file()).or_else(|| input::on_path(COLLECTOR))
}

/// Which accounts of a snapshot a command looks at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// All of them: the question is about everything.
    All,
    /// Those around the accounts that plans name.
    Around(BTreeSet<String>),
}

/// What a review has to look at: all accounts where plans change the organization or permission sets, or where the
/// configuration forbids what any principal could do or has rules of its own, which may ask about any; otherwise what is around the accounts that the inputs name.
pub(crate) fn scope(inputs: &[Document], config: &Config) -> Scope {
    let reaches_all = |plan: &Plan<'_>| {
        plan.instances().iter().any(|instance| {
            let governs = OF_ALL.iter().any(|prefix| instance.kind.starts_with(prefix));
            governs && instance.mode == Mode::Managed && instance.action != Action::NoOp
        })
    };
    let plans: Vec<Plan<'_>> = inputs.iter().filter_map(|input| input::parse(input).ok()).collect();
    let asks_of_all = !config.forbids.is_empty() || !config.rego.files.is_empty();
    if asks_of_all || plans.iter().any(reaches_all) {
        return Scope::All;
    }
    let named = inputs.iter().flat_map(|input| accounts_in(input.json().as_bytes())).collect::<BTreeSet<_>>();
    if named.is_empty() { Scope::All } else { Scope::Around(named) }
}

/// Whether a file is a snapshot.
pub(crate) fn is_file(path: &Path) -> bool {
    let mut head = [0; MAGIC.len()];
    // To open a pipe would wait for its other end.
    if confine::check(path).is_err() || confine::is_on() && !path.is_file() {
        return false;
    }
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && is_snapshot(&head)
}

/// Reads a snapshot that is a file: only the parts that are asked for.
pub(crate) fn read(path: &Path, name: &str, scope: &Scope) -> Result<Document, UseError> {
    confine::check(path).map_err(SnapshotError::from)?;
    let file = File::open(path).map_err(SnapshotError::from)?;
    document(Snapshot::open(BufReader::new(file))?, name, scope)
}

/// Reads a snapshot that is in memory.
pub(crate) fn of_bytes(bytes: &[u8], name: &str, scope: &Scope) -> Result<Document, UseError> {
    document(Snapshot::open(Cursor::new(bytes))?, name, scope)
}

fn document<R: Read + Seek>(
    mut snapshot: Snapshot<R>,
    name: &str,
    scope: &Scope,
) -> Result<Document, UseError> {
    let all = snapshot.accounts().len();
    let ids: Vec<String> = match scope {
        Scope::All => snapshot.accounts().keys().cloned().collect(),
        Scope::Around(seeds) => snapshot.around(seeds).into_iter().collect(),
    };
    let size = snapshot.size_of(ids.iter());
    if size > LARGEST {
        return Err(UseError::Large { accounts: ids.len(), size: size >> 20 });
    }
    if ids.len() < all {
        output::warn(&format!(
            "note: of `{}`, the permissions of {} of {all} accounts are read: the plans and what they touch name no other\n",
            escape(name),
            ids.len()
        ));
    }
    let organization = snapshot.organization()?;
    let mut not_read: Vec<NotRead> = organization.gaps.iter().map(|gap| missing(gap, None)).collect();
    let parts: BTreeSet<&String> = snapshot.accounts().keys().collect();
    let absent = organization.accounts.iter().filter(|it| it.status == "ACTIVE" && !parts.contains(&it.id));
    not_read.extend(absent.map(|account| NotRead {
        account: Some(account.id.clone()),
        what: "the identities, permissions and resources".to_owned(),
        why: "they were not collected".to_owned(),
        absence: Absence::NotCollected,
        services: None,
    }));
    if ids.len() < all {
        not_read.push(NotRead {
            account: None,
            what: format!("the permissions of {} of {all} accounts", all - ids.len()),
            why: "the plans and what they touch name none of them, and they are not read".to_owned(),
            absence: Absence::LeftOut,
            services: None,
        });
    }
    let mut rows = Rows::of(&organization);
    for id in ids {
        if let Some(part) = snapshot.account(&id)? {
            not_read.extend(part.gaps.iter().map(|gap| missing(gap, Some(&id))));
            not_read.extend(part.not_collected().into_iter().map(|it| uncollected(it, &id)));
            rows.account(&part);
        }
    }
    Ok(Document::of_snapshot(name, rows.finish(), not_read))
}

fn missing(gap: &Gap, account: Option<&str>) -> NotRead {
    let why = if gap.action.is_empty() { gap.why.clone() } else { format!("`{}`: {}", gap.action, gap.why) };
    let absence = if gap.action.is_empty() { Absence::NotCollected } else { Absence::Refused };
    let account = account.map(str::to_owned);
    NotRead { account, what: gap.what.clone(), why, absence, services: gap.services() }
}

fn uncollected(missing: NotCollected, account: &str) -> NotRead {
    let NotCollected { what, why, services, all } = missing;
    NotRead {
        account: Some(account.to_owned()),
        what,
        why,
        absence: if all { Absence::NotCollected } else { Absence::Limit },
        services: Some(services.into_iter().map(str::to_owned).collect()),
    }
}
