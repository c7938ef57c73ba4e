//! `orgward policy compare`.

use miette::Diagnostic;
use orgward_iam::{Answer, Kind, Policy, Relation, only_denies};
use orgward_report::{Comparison, ShownRequest};

use super::{guess, kind_of, parse, shown};
use crate::arguments::{AnswerFormat, CompareArguments};
use crate::exit::Exit;
use crate::input;
use crate::output::{self, Terminal};

/// Compares two policies over all requests.
pub(crate) fn run(
    arguments: &CompareArguments,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let mut paths = vec![arguments.old.clone(), arguments.new.clone()];
    if arguments.old.as_os_str() != "-" {
        // A policy may be compared with itself.
        paths.dedup();
    }
    let texts = input::texts(&paths)?;
    let (Some(old), Some(new)) = (texts.first(), texts.last()) else { return Ok(Exit::Failed) };
    let kind = arguments.kind.map_or_else(|| guess(&[old, new]), kind_of);
    let old = parse(old, kind)?;
    let new = parse(new, kind)?;
    let (relation, gained, lost) = orgward_iam::compare(&old, &new);
    let exit = match &gained {
        Answer::None => Exit::Clean,
        Answer::Witness(_) => Exit::Blocked,
        Answer::Undecided(_) => Exit::Failed,
    };
    let comparison = describe(relation, &gained, &lost, [&old, &new]);
    let text = match arguments.format {
        AnswerFormat::Terminal => orgward_report::comparison(&comparison, terminal.style(false)),
        AnswerFormat::Json => orgward_report::comparison_json(&comparison),
    };
    output::print(text.as_bytes())?;
    Ok(exit)
}

fn describe(relation: Relation, gained: &Answer, lost: &Answer, policies: [&Policy; 2]) -> Comparison {
    let request = |answer: &Answer| -> Option<ShownRequest> { answer.witness().map(shown) };
    let reason = |answer: &Answer| match answer {
        Answer::Undecided(reason) => Some(reason.clone()),
        Answer::None | Answer::Witness(_) => None,
    };
    let mut reasons: Vec<String> = [gained, lost].into_iter().filter_map(reason).collect();
    reasons.dedup();
    let kind = policies.first().map(|policy| policy.kind);
    let control = matches!(kind, Some(Kind::ServiceControl | Kind::ResourceControl));
    let denies = policies.map(only_denies);
    let note = match denies {
        [true, true] => Some("the policies only deny: they are compared by what they leave open"),
        [true, false] | [false, true] if control => {
            Some("one policy only denies: it is read with `FullAWSAccess` beside it")
        }
        _ => None,
    };
    Comparison {
        relation: match relation {
            Relation::Equivalent => "equivalent",
            Relation::Narrower => "narrower",
            Relation::Wider => "wider",
            Relation::Incomparable => "incomparable",
            Relation::Undecided => "undecided",
        },
        gained: request(gained),
        lost: request(lost),
        reasons,
        notes: note.into_iter().map(str::to_owned).collect(),
    }
}
