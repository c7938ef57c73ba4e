//! `orgward policy compare`.

use miette::Diagnostic;
use orgward_iam::{Answer, Compared, Kind, Policy, Relation, Standing, only_denies};
use orgward_report::{Comparison, Detail, ShownRequest};

use super::{filled, guess, kind_of, parse, shown};
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
    let texts = filled(input::texts(&paths)?, &arguments.set);
    let (Some(old), Some(new)) = (texts.first(), texts.last()) else { return Ok(Exit::Failed) };
    let kind = arguments.kind.map_or_else(|| guess(&[old, new]), kind_of);
    let [old, new] = [parse(old, kind)?, parse(new, kind)?];
    let mut unfilled = old.placeholders();
    unfilled.extend(new.placeholders());
    unfilled.sort();
    unfilled.dedup();
    if !unfilled.is_empty() {
        return undecided(&unfilled, arguments.format, terminal);
    }
    let compared = orgward_iam::compare(&old, &new);
    let exit = match &compared.gained {
        Answer::None => Exit::Clean,
        Answer::Witness(_) => Exit::Blocked,
        Answer::Undecided(_) => Exit::Failed,
    };
    let comparison = describe(&compared, [&old, &new]);
    let text = match arguments.format {
        AnswerFormat::Terminal => orgward_report::comparison(&comparison, terminal.style(Detail::Usual)),
        AnswerFormat::Json => orgward_report::comparison_json(&comparison),
    };
    output::print(text.as_bytes())?;
    Ok(exit)
}

/// A template is no policy before its placeholders have values.
fn undecided(
    names: &[String],
    format: AnswerFormat,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    let comparison = Comparison {
        relation: "undecided",
        gained: None,
        lost: None,
        reasons: vec![super::unfilled(names)],
        notes: Vec::new(),
    };
    let text = match format {
        AnswerFormat::Terminal => orgward_report::comparison(&comparison, terminal.style(Detail::Usual)),
        AnswerFormat::Json => orgward_report::comparison_json(&comparison),
    };
    output::print(text.as_bytes())?;
    Ok(Exit::Failed)
}

fn describe(compared: &Compared, policies: [&Policy; 2]) -> Comparison {
    let Compared { relation, gained, lost, gained_standing, lost_standing } = compared;
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
    let standing =
        [("gained", gained_standing), ("lost", lost_standing)].into_iter().filter_map(|(name, it)| {
            let standing = (*it)?;
            Some(format!(
                "{name}: both policies grant it, one of them more firmly: there, {}",
                needs(standing)
            ))
        });
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
        notes: note.map(str::to_owned).into_iter().chain(standing).collect(),
    }
}

/// What else has to allow a request that a grant of a standing allows.
const fn needs(standing: Standing) -> &'static str {
    match standing {
        Standing::Account => "the policies of the caller have to allow it as well",
        Standing::Role => "the permissions boundary and the session policies of the role limit it",
        Standing::Caller => "nothing else has to allow it within the account",
    }
}
