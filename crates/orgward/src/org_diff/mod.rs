//! `orgward org diff`.

mod matched;

use miette::Diagnostic;
use orgward_config::Config;
use orgward_finding::ReviewKind;
use orgward_iam::Answer;
use orgward_org::{Change, Organization};
use orgward_plan::{Document, Kind, Plan};
use orgward_proof::drift::{Difference, Drift};
use orgward_report::{Detail, DriftView};
use orgward_rules::{Checked, Question};
use orgward_snapshot::SnapshotError;

use self::matched::Split;
use crate::arguments::{AnswerFormat, DiffArguments, Format};
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::policy::shown;
use crate::rego::OwnRules;
use crate::{config, input, review};

/// Compares two organizations, and judges what differs like a review.
pub(crate) fn run(
    arguments: &DiffArguments,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let config = config::load(&arguments.config)?;
    let paths = [arguments.old.clone(), arguments.new.clone()];
    let documents = input::read_all(paths.iter())?;
    let mut parsed = documents.iter().map(input::parse).collect::<Result<Vec<_>, _>>()?;
    input::not_empty(&parsed)?;
    input::declare(&mut parsed, &config, &config::folder(&arguments.config));
    crate::progress::stage("building the organization");
    let ([old, new], [old_document, new_document]) = (parsed.as_slice(), documents.as_slice()) else {
        return Ok(Exit::Failed);
    };
    let organizations = organizations((old_document, old), (new_document, new), &config)?;
    let drift: Vec<DriftView> =
        orgward_proof::drift::drift(organizations.as_ref()).into_iter().map(view).collect();
    let question = Question {
        gate: config::gate(&config, arguments.fail_on, false),
        today: review::today(),
        baseline: &[],
        allow_incomplete: true,
        events: None,
    };
    let inputs = parsed.get(1..).unwrap_or_default();
    let checked = Checked::without_plan(ReviewKind::Drift, &organizations, inputs, &config);
    let found = checked.judged(question);
    let rules = review::rules(&OwnRules::none());
    for output in &arguments.output {
        let text = review::write(&found, &rules, output.format, output::file_style(Detail::Usual));
        output::write(&output.file, &text)?;
    }
    let style = terminal.style(Detail::Usual);
    let text = match arguments.format {
        AnswerFormat::Terminal => {
            let review = review::write(&found, &rules, Format::Terminal, style);
            format!("{}\n{review}", orgward_report::drift(&drift, style))
        }
        AnswerFormat::Json => {
            orgward_report::drift_json(&drift, &review::write(&found, &rules, Format::Json, style))
        }
    };
    output::print(text.as_bytes())?;
    Ok(found.outcome().into())
}

/// An organization at two times.
pub(crate) fn organizations(
    (old_document, old): (&Document, &Plan<'_>),
    (new_document, new): (&Document, &Plan<'_>),
    config: &Config,
) -> Result<Change<Organization>, input::InputError> {
    let side = |plan: &Plan<'_>, beside: &[Plan<'_>]| {
        Organization::of(std::slice::from_ref(plan), beside, &config.declared()).after
    };
    // A snapshot knows everything by other names than the plan or state beside it.
    Ok(match (old.kind == Kind::Snapshot, new.kind == Kind::Snapshot) {
        (true, false) => {
            let split = split(old_document, old, new)?;
            let (managed, rest) = (input::parse(&split.managed)?, [input::parse(&split.rest)?]);
            Change { before: side(&managed, &rest), after: side(new, &rest) }
        }
        (false, true) => {
            let split = split(new_document, new, old)?;
            let (managed, rest) = (input::parse(&split.managed)?, [input::parse(&split.rest)?]);
            Change { before: side(old, &rest), after: side(&managed, &rest) }
        }
        // Each is the only input of its side: what it manages is known by the same names on both.
        _ => Change { before: side(old, &[]), after: side(new, &[]) },
    })
}

/// A snapshot in the parts that an input manages and that it does not.
fn split(document: &Document, snapshot: &Plan<'_>, other: &Plan<'_>) -> Result<Split, input::InputError> {
    matched::split(document, snapshot, other).map_err(|_| {
        let error = SnapshotError::Index("what it says is no list of resources");
        input::InputError::Snapshot { name: document.name.clone(), error: error.into() }
    })
}

fn view(drift: Drift) -> DriftView {
    let Drift { kind, name, key, what } = drift;
    let (mut gained, mut lost, mut undecided) = (None, None, None);
    let (what, is_decided) = match what {
        Difference::Undecided(what, why) => {
            undecided = Some(why);
            (*what, false)
        }
        what => (what, true),
    };
    let (what, from, to) = match what {
        Difference::Undecided(..) => ("undecided", None, None),
        Difference::Added(place) => ("added", None, place),
        Difference::Removed(place) => ("removed", place, None),
        Difference::Renamed(old) => ("renamed", Some(old), Some(name.clone())),
        Difference::Moved(from, to) => ("moved", Some(from), Some(to)),
        Difference::Attached(target) => ("attached", None, Some(target)),
        Difference::Detached(target) => ("detached", Some(target), None),
        Difference::Text(document) => {
            undecided = Some("one of the two texts is no policy that is known".to_owned());
            ("changed", None, Some(document))
        }
        Difference::Document { document, gained: more, lost: less } => {
            for (answer, request) in [(more, &mut gained), (less, &mut lost)] {
                match answer {
                    Answer::Witness(witness) => *request = Some(shown(&witness)),
                    Answer::Undecided(why) => undecided = Some(why),
                    Answer::None => {}
                }
            }
            ("changed", None, Some(document))
        }
    };
    let what = if is_decided { what } else { "undecided" };
    DriftView { kind, name, key, what, from, to, gained, lost, undecided }
}
