//! `orgward replay`.

mod batch;
#[cfg_attr(feature = "parquet", path = "columns.rs")]
#[cfg_attr(not(feature = "parquet"), path = "no_columns.rs")]
mod columns;
mod events;
mod records;
mod rows;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use miette::{Diagnostic, NamedSource, SourceSpan};
use orgward_org::{Change, Key, Organization, PolicyType};
use orgward_proof::access::Access;
use orgward_proof::replay::{EventContext, Replay, Replayed, Skipped};
use orgward_report::{BrokenView, ReplayView, escape, replay, replay_json};
use thiserror::Error;

use self::events::EventError;
use crate::arguments::{ReplayArguments, ReplayFormat};
use crate::exit::Exit;
use crate::{config, input, output, source};

/// Why events cannot be replayed.
#[derive(Debug, Error, Diagnostic)]
enum ReplayError {
    #[error("there is no organization to replay the events through")]
    #[diagnostic(help("give the plan with `--plan`, and the state of the organization with `--org`"))]
    NoOrganization,
    #[error("there are no events in {}", names.join(", "))]
    #[diagnostic(help("give files or folders of CloudTrail: JSON, gzip, or CSV with a header"))]
    NoEvents { names: Vec<String> },
    #[error("cannot read `{}`", escape(name))]
    Context { name: String, source: io::Error },
    #[error("`{}` is no context of events: {why}", escape(name))]
    #[diagnostic(help(
        "write tables `[principals.\"ARN\"]` and `[resources.\"ARN\"]` with `tags`, and `[endpoints.vpce-…]` with `vpc` and \
         `account`"
    ))]
    Shape {
        name: String,
        why: String,
        #[source_code]
        text: NamedSource<String>,
        #[label("here")]
        at: SourceSpan,
    },
}

/// Bytes of a context.
const LARGEST_CONTEXT: u64 = 16 << 20;

/// Replays events through the policies before plans and after them.
pub(crate) fn run(arguments: &ReplayArguments) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let config = config::load(&arguments.config)?;
    let plans = input::expanded(&arguments.plan)?;
    let documents = input::read_all(plans.iter().chain(&input::expanded(&arguments.org)?))?;
    if documents.is_empty() {
        return Err(Box::new(ReplayError::NoOrganization));
    }
    let parsed = source::parsed(&documents, &plans, (&config, &arguments.config), &arguments.source)?;
    let (plans, context) = parsed.split_at(plans.len().min(parsed.len()));
    crate::progress::stage("building the organization");
    let change = Organization::of(plans, context, &config.declared());
    let change = change.as_ref();
    let (before, after) = (Access::of(change.before), Access::of(change.after));
    let replayed = replayed(change, (&before, &after), &arguments.events, arguments.context.as_deref())?;
    let view = view(replayed, change);
    let text = match arguments.format {
        ReplayFormat::Text => replay(&view),
        ReplayFormat::Json => replay_json(&view),
    };
    output::print(text.as_bytes())?;
    Ok(if view.denied.is_empty() { Exit::Clean } else { Exit::Blocked })
}

/// What becomes of the calls of events on both sides of a change.
pub(crate) fn replayed(
    change: Change<&Organization>,
    (before, after): (&Access<'_>, &Access<'_>),
    events: &[PathBuf],
    context: Option<&Path>,
) -> Result<Replayed, Box<dyn Diagnostic + Send + Sync>> {
    let context = context.map(context_of).transpose()?.unwrap_or_default();
    let files = events::files(events)?;
    let replayed = by_threads(batch::threads(), &files, || Replay::of(change, (before, after), &context))?;
    if replayed.events == 0 {
        let names = events.iter().map(|path| format!("`{}`", escape(&path.display().to_string())));
        return Err(Box::new(ReplayError::NoEvents { names: names.collect() }));
    }
    Ok(replayed)
}

/// What becomes of the calls of files. How many threads work on them makes no difference.
fn by_threads<'a, 'o: 'a>(
    threads: usize,
    files: &[PathBuf],
    replay: impl Fn() -> Replay<'a, 'o> + Sync,
) -> Result<Replayed, EventError> {
    let parts = batch::work_on(files, threads, |feed| {
        let mut replay = replay();
        feed.each(&mut |event| replay.event(event));
        replay.finish()
    })?;
    let mut replayed = Replayed::default();
    for part in parts {
        replayed.extend(part);
    }
    Ok(replayed)
}

/// Reads what people know and no event shows.
fn context_of(path: &Path) -> Result<EventContext, Box<dyn Diagnostic + Send + Sync>> {
    let name = || path.display().to_string();
    let failed = |source| ReplayError::Context { name: name(), source };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(LARGEST_CONTEXT).read_to_string(&mut text).map_err(failed)?;
    match toml::from_str(&text) {
        Ok(context) => Ok(context),
        Err(error) => Err(Box::new(ReplayError::Shape {
            name: name(),
            why: error.message().to_owned(),
            at: error.span().unwrap_or_default().into(),
            text: NamedSource::new(name(), text),
        })),
    }
}

fn view(replayed: Replayed, change: Change<&Organization>) -> ReplayView {
    let harmless = new_policies(change)
        .filter(|(key, _)| replayed.denied_by(key).is_empty() && replayed.denied_besides == 0)
        .map(|(key, name)| (name, replayed.undecided_by(key).iter().map(|(_, count)| count).sum()))
        .collect();
    let mut denied: Vec<BrokenView> = replayed
        .denied
        .into_iter()
        .map(|(broken, count)| BrokenView {
            principal: broken.principal,
            account: broken.account,
            action: broken.action,
            by: broken.by,
            statement: broken.statement,
            count,
        })
        .collect();
    denied.sort_by_key(|broken| std::cmp::Reverse(broken.count));
    let undecided = replayed.undecided.into_iter().map(|(reason, count)| (reason.text, count));
    let mut undecided: Vec<(String, u64)> = undecided.collect();
    undecided.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let skipped = |why| replayed.skipped.get(&why).copied().unwrap_or_default();
    ReplayView {
        events: replayed.events,
        period: replayed.period,
        exact: undecided.is_empty(),
        counts: vec![
            ("pass before and after", replayed.passing),
            (
                "were denied before, too, by policies that are younger than the events",
                replayed.denied_already,
            ),
            ("pass from now on", replayed.freed),
            ("were refused or failed when they were made", skipped(Skipped::Failed)),
            ("are by services and service-linked roles, which no SCP binds", skipped(Skipped::Unbound)),
            ("are no calls of an API", skipped(Skipped::NoCall)),
            ("do not say who made them", skipped(Skipped::Incomplete)),
            ("are of accounts that no input shows", replayed.elsewhere),
        ],
        denied,
        denied_besides: replayed.denied_besides,
        undecided,
        harmless,
    }
}

/// The SCPs and RCPs that the plan adds or changes, each with what findings call it.
fn new_policies(change: Change<&Organization>) -> impl Iterator<Item = (&Key, String)> {
    let policies = change.after.org_policies().filter(|policy| policy.data.is_authorization());
    let changed = policies.filter(move |policy| {
        let old = change.before.find(&policy.node.key).and_then(|old| change.before.org_policy(old));
        old.is_none_or(|old| old.data.document.text != policy.data.document.text)
            || old.is_some_and(|old| {
                change.before.targets_of(old.id).len() != change.after.targets_of(policy.id).len()
            })
    });
    changed
        .filter(|policy| policy.data.kind != PolicyType::Unknown)
        .map(|policy| (&policy.node.key, format!("{} `{}`", policy.data.kind.short(), policy.node.title())))
}

#[cfg(test)]
mod tests {
    use orgward_org::Declared;
    use orgward_plan::{Document, Plan};

    use super::*;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/replay").join(name)
    }

    /// What is said of many files, each of them with more events than are read at once.
    #[test]
    fn the_number_of_threads_makes_no_difference() {
        let folder = std::env::temp_dir().join(format!("orgward-threads-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let events = std::fs::read_to_string(fixture("events.json")).unwrap();
        let records = events.trim().strip_prefix("{\"Records\": [").unwrap().strip_suffix("]}").unwrap();
        for number in 0..3 {
            // Principals of their own, so that more is told apart than a few counts.
            let each =
                |at: usize| records.replace("role/exports", &format!("role/exports-{number}-{}", at % 50));
            let all: Vec<String> = (0..400).map(each).collect();
            std::fs::write(
                folder.join(format!("{number}.json")),
                format!("{{\"Records\": [{}]}}", all.join(",")),
            )
            .unwrap();
        }
        let files = events::files(std::slice::from_ref(&folder)).unwrap();
        let document = Document::decode("plan.json", std::fs::read(fixture("plan.json")).unwrap()).unwrap();
        let plans = [Plan::parse(&document).unwrap()];
        let change = Organization::of(&plans, &[], &Declared::default());
        let change = change.as_ref();
        let (before, after) = (Access::of(change.before), Access::of(change.after));
        let context = EventContext::default();
        let said = |threads| {
            let replayed =
                by_threads(threads, &files, || Replay::of(change, (&before, &after), &context)).unwrap();
            (replayed.events, replayed.denied.len(), replay_json(&view(replayed, change)))
        };
        let alone = said(1);
        assert_eq!((alone.0, alone.1), (7_200, 150));
        for threads in [2, 4] {
            assert_eq!(said(threads), alone);
        }
        // A file that is cut: what is said of it depends on the files, too, and on nothing else.
        std::fs::write(folder.join("1.json"), "{\"Records\": [{\"eventName\": 1}]}").unwrap();
        std::fs::write(folder.join("2.json"), "{\"Records\": [{}]}").unwrap();
        let failed = |threads| {
            let replay = || Replay::of(change, (&before, &after), &context);
            format!("{:?}", by_threads(threads, &files, replay).unwrap_err())
        };
        let alone = failed(1);
        assert!(alone.contains("1.json"), "{alone}");
        assert_eq!([failed(2), failed(4)], [alone.clone(), alone]);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
