//! `orgward policy check`.

use std::collections::BTreeSet;

use miette::Diagnostic;
use orgward_iam::{
    Answer, Dead, Effect, Effectiveness, Gravity, Kind, Outsiders, Policy, Problem, RequestSet, Statement,
    is_account_id,
};
use orgward_report::{Checked, DeadStatement, Detail, Question, QuestionVerdict, ShownProblem, escape};
use thiserror::Error;

use super::{filled, guess, kind_of, parse, shown};
use crate::arguments::{AnswerFormat, CheckArguments};
use crate::exit::Exit;
use crate::input;
use crate::output::{self, Terminal};

#[derive(Debug, Error, Diagnostic)]
#[error("`{}` is not {what}", escape(given))]
#[diagnostic(help("{help}"))]
struct NoId {
    given: String,
    what: &'static str,
    help: &'static str,
}

/// Answers the questions that a single policy can be asked.
pub(crate) fn run(
    arguments: &CheckArguments,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    ids(arguments)?;
    let texts = filled(input::texts(std::slice::from_ref(&arguments.policy))?, &arguments.set);
    let Some(text) = texts.first() else { return Ok(Exit::Failed) };
    let kind = arguments.kind.map_or_else(|| guess(&[text]), kind_of);
    let policy = parse(text, kind)?;
    let dead = orgward_iam::dead(&policy);
    let checked = Checked {
        kind: word(kind),
        administrator: (kind == Kind::Identity).then(|| administrator(&policy)),
        public: matches!(kind, Kind::Resource | Kind::Trust).then(|| public(&policy, arguments)),
        dead: dead.iter().filter_map(|dead| statement(&policy, dead)).collect(),
        problems: policy
            .problems_beside(&dead)
            .iter()
            .filter_map(|problem| shown_problem(&policy, problem))
            .collect(),
    };
    let text = match arguments.format {
        AnswerFormat::Terminal => orgward_report::checked(&checked, terminal.style(Detail::Usual)),
        AnswerFormat::Json => orgward_report::checked_json(&checked),
    };
    output::print(text.as_bytes())?;
    Ok(if checked.is_undecided() {
        Exit::Failed
    } else if checked.is_clean() {
        Exit::Clean
    } else {
        Exit::Blocked
    })
}

/// A problem as reports show it; `None` for those that the questions answer.
fn shown_problem(policy: &Policy, problem: &Problem) -> Option<ShownProblem> {
    if ["denied-statement", "unsatisfiable-statement"].contains(&problem.code) {
        return None;
    }
    let before = policy.text().get(..problem.span.start).unwrap_or_default();
    // A denial that does not do what it says protects less than it seems to, or shuts out more.
    let statement = problem.statement.and_then(|at| policy.statements.get(at));
    let denies = statement.is_some_and(|statement| statement.effect.value == Effect::Deny);
    Some(ShownProblem {
        code: problem.code,
        severity: problem.gravity.as_str(),
        path: problem.path.clone(),
        line: before.matches('\n').count() + 1,
        message: problem.message.clone(),
        help: problem.help.clone(),
        blocks: problem.effectiveness != Effectiveness::Meant
            && (problem.gravity == Gravity::Error || problem.gravity >= Gravity::Warning && denies),
    })
}

fn ids(arguments: &CheckArguments) -> Result<(), NoId> {
    if let Some(given) = arguments.account.iter().find(|account| !is_account_id(account)) {
        return Err(NoId { given: given.clone(), what: "an account", help: "an account has twelve digits" });
    }
    if let Some(given) = arguments.organization.iter().find(|id| !is_organization(id)) {
        return Err(NoId {
            given: given.clone(),
            what: "the id of an organization",
            help: "it starts with `o-`, followed by lower-case letters and digits",
        });
    }
    Ok(())
}

fn is_organization(id: &str) -> bool {
    id.strip_prefix("o-").is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Identity => "identity",
        Kind::Trust => "trust",
        Kind::Resource => "resource",
        Kind::ServiceControl => "scp",
        Kind::ResourceControl => "rcp",
    }
}

/// Whether a policy allows everything; what it does not allow shows that it does not.
fn administrator(policy: &Policy) -> Question {
    match orgward_iam::not_allowed(policy) {
        Answer::None => Question { verdict: QuestionVerdict::Yes, witness: None, reason: None },
        Answer::Witness(request) => {
            Question { verdict: QuestionVerdict::No, witness: Some(shown(&request)), reason: None }
        }
        Answer::Undecided(reason) => undecided(reason),
    }
}

/// Whether a policy lets somebody in whom it does not name; the request of such a one shows it.
fn public(policy: &Policy, arguments: &CheckArguments) -> Question {
    let accounts: BTreeSet<String> = arguments.account.iter().cloned().collect();
    let organizations =
        arguments.organization.as_ref().map_or_else(|| organizations(policy), |id| [id.clone()].into());
    let outsiders = match Outsiders::of(policy, None, &accounts, &organizations) {
        Ok(outsiders) => outsiders,
        Err(reason) => return undecided(reason),
    };
    match RequestSet::allowed(policy).and(outsiders.requests()).example() {
        Answer::None => Question { verdict: QuestionVerdict::No, witness: None, reason: None },
        Answer::Witness(request) => {
            Question { verdict: QuestionVerdict::Yes, witness: Some(shown(&request)), reason: None }
        }
        Answer::Undecided(reason) => undecided(reason),
    }
}

/// The organizations that the conditions of a policy name.
fn organizations(policy: &Policy) -> BTreeSet<String> {
    let lines = policy.statements.iter().flat_map(|statement| &statement.conditions);
    let about = lines.filter(|line| {
        ["aws:principalorgid", "aws:principalorgpaths"]
            .contains(&line.key.value.to_ascii_lowercase().as_str())
    });
    let values = about.flat_map(|line| &line.values);
    let ids = values.filter_map(|value| value.value.split('/').next()).filter(|id| is_organization(id));
    ids.map(str::to_owned).collect()
}

fn undecided(reason: String) -> Question {
    Question { verdict: QuestionVerdict::Undecided, witness: None, reason: Some(reason) }
}

fn statement(policy: &Policy, (at, dead): &(usize, Dead)) -> Option<DeadStatement> {
    let found: &Statement = policy.statements.get(*at)?;
    let reason = match dead {
        Dead::Nothing(element) => format!("`{element}` names nothing that there is"),
        Dead::Condition(line) => {
            let line = found.conditions.get(*line)?;
            format!("no request meets `{}` on `{}`", line.operator.value, line.key.value)
        }
        Dead::Contradiction => "no request meets all of it: its parts contradict each other".to_owned(),
        Dead::Denied => "other statements deny everything that it allows".to_owned(),
        Dead::Covered(by) => {
            let text = policy.text().get(found.span.clone()).unwrap_or_default();
            let saves = text.chars().filter(|char| !char.is_whitespace()).count();
            format!(
                "statement {by}, alone or with others, says all that it says: removing it saves {saves} characters"
            )
        }
        Dead::Undecided(reason) => reason.clone(),
    };
    Some(DeadStatement {
        statement: *at,
        sid: found.sid.as_ref().map(|sid| sid.value.clone()).filter(|sid| !sid.is_empty()),
        reason,
        is_undecided: matches!(dead, Dead::Undecided(_)),
    })
}
