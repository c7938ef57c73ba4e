//! `orgward policy prove`.

use miette::Diagnostic;
use orgward_iam::{
    Answer, Callers, Claim, Impossible, Kind, Request, RequestSet, Scenario, ScenarioError, ScenarioLevel,
    Statement, is_account_id, may_be_allowed,
};
use orgward_proof::EnforcedBy;
use orgward_proof::guardrail::{asked_about, extent_with_names, reason::nearest_among};
use orgward_report::{ChainProof, Detail, Proof, ProofVerdict, escape};
use thiserror::Error;

use super::guardrail::Guardrail;
use super::unreadable::Unreadable;
use super::{filled, shown, unfilled};
use crate::arguments::{AnswerFormat, ProveArguments};
use crate::exit::Exit;
use crate::input::{self, Text};
use crate::output::{self, Terminal};

#[derive(Debug, Error, Diagnostic)]
#[error("`{}` is not an account", escape(account))]
#[diagnostic(help("an account has twelve digits"))]
struct NoAccount {
    account: String,
}

#[derive(Debug, Error, Diagnostic)]
#[error("no guardrail is given")]
#[diagnostic(help(
    "name the file of the guardrail first: `orgward policy prove guardrail.toml --scp scp.json`"
))]
struct NoGuardrail;

/// Proves a guardrail over chains of policies.
pub(crate) fn run(
    arguments: &ProveArguments,
    terminal: Terminal,
) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    if let Some(account) = arguments.account.as_ref().filter(|account| !is_account_id(account)) {
        return Err(Box::new(NoAccount { account: account.clone() }));
    }
    // `--scp` takes what follows it: where no guardrail is given by itself, the last file is the guardrail.
    let (guardrail, scp) = match (&arguments.guardrail, arguments.scp.split_last()) {
        (Some(guardrail), _) => (guardrail, arguments.scp.as_slice()),
        (None, Some((last, scp))) if !scp.is_empty() => (last, scp),
        (None, _) => return Err(Box::new(NoGuardrail)),
    };
    let mut paths = vec![guardrail.clone()];
    paths.extend(scp.iter().cloned());
    paths.extend(arguments.rcp.clone());
    let texts = filled(input::texts(&paths)?, &arguments.set);
    let Some((guardrail, chains)) = texts.split_first() else { return Ok(Exit::Failed) };
    let guardrails = Guardrail::read_all(guardrail)?;
    let (scps, rcps) = chains.split_at_checked(scp.len()).unwrap_or((chains, &[]));
    let rcp = rcps.first().map(|text| levels(text, Kind::ResourceControl)).transpose()?;
    let scps = scps
        .iter()
        .map(|text| Ok((text.name.as_str(), levels(text, Kind::ServiceControl)?)))
        .collect::<Result<Vec<_>, Box<dyn Diagnostic + Send + Sync>>>()?;
    let mut exits = Vec::new();
    let mut texts = Vec::new();
    for guardrail in &guardrails {
        let scps = scps.iter();
        let mut chains: Vec<ChainProof> = scps
            .map(|(name, levels)| prove(guardrail, arguments, name, Some(levels), rcp.as_deref()))
            .collect();
        if let (true, Some(text)) = (chains.is_empty(), rcps.first()) {
            chains.push(prove(guardrail, arguments, &text.name, None, rcp.as_deref()));
        }
        exits.extend(chains.iter().map(|proof| exit(&proof.verdict)));
        let proof = Proof { guardrail: guardrail.name.clone(), chains };
        texts.push(match arguments.format {
            AnswerFormat::Terminal => orgward_report::proof(&proof, terminal.style(Detail::Usual)),
            AnswerFormat::Json => orgward_report::proof_json(&proof),
        });
    }
    let exit = exits.into_iter().fold(Exit::Clean, worse);
    let text = texts.concat();
    output::print(text.as_bytes())?;
    Ok(exit)
}

fn prove(
    guardrail: &Guardrail,
    arguments: &ProveArguments,
    name: &str,
    scp: Option<&[ScenarioLevel]>,
    rcp: Option<&[ScenarioLevel]>,
) -> ChainProof {
    // The account is that of the resources where resource control policies alone have to deny it.
    let account = arguments.account.as_deref();
    let here = account.map(Claim::for_resources_of).and_then(Result::ok);
    let place = account.zip(here.as_ref());
    let set = match scp {
        None if guardrail.enforced_by() != EnforcedBy::ResourceControl => {
            // No policy binds principals: a resource control policy has to deny every caller.
            let set = guardrail.claim().requests().minus(RequestSet::by(Callers::ServiceLinked));
            match account {
                Some(account) => set.and(RequestSet::by(Callers::Accounts([account.to_owned()].into()))),
                None => set,
            }
        }
        _ => asked_about(guardrail.claim(), guardrail.enforced_by(), place),
    };
    let mut templates: Vec<String> = Vec::new();
    let wanted = guardrail.claim().policy().statements.first().map(|statement| &statement.actions);
    let meets = |statement: &Statement| wanted.is_none_or(|wanted| statement.actions.meets(wanted));
    for level in scp.into_iter().chain(rcp).flatten() {
        templates.extend(level.policies.iter().flat_map(|named| named.policy.placeholders_among(meets)));
    }
    // What a template will allow is unknown, and what it will deny protects nothing yet.
    if !templates.is_empty() {
        templates.sort();
        templates.dedup();
        let verdict = ProofVerdict::Undecided(unfilled(&templates));
        return ChainProof { name: name.to_owned(), verdict, nearest: None, extent: None };
    }
    let (scp, rcp) = (scp.map(ScenarioLevel::chain), rcp.map(ScenarioLevel::chain));
    let question = |left_out: Option<&Impossible>| {
        let set = left_out.iter().fold(set.clone(), |set, it| set.minus(it.requests()));
        may_be_allowed(set, scp.as_ref(), rcp.as_ref())
    };
    let claim = guardrail.claim();
    let (answer, left_out) = claim.ask(question, Answer::witness);
    let (mut nearest, mut extent) = (None, None);
    let verdict = match answer {
        Answer::Witness(request) => {
            let levels = [scp.as_ref(), rcp.as_ref()].into_iter().flatten().flat_map(|chain| &chain.0);
            let policies = levels.flat_map(|level| level.policies.iter().map(|it| (it.name, it.policy)));
            nearest = nearest_among(policies, &request);
            let left_out = left_out.with(&claim.impossible());
            let whole = set.minus(left_out.requests());
            let open = scp.iter().fold(whole.clone(), |set, chain| set.and(RequestSet::passed(chain)));
            let open = rcp.iter().fold(open, |set, chain| set.and(RequestSet::passed_by_resource(chain)));
            extent = open.extent_in(&whole).ok().map(|it| extent_with_names(it, false, Request::clone));
            ProofVerdict::Refuted(shown(&request))
        }
        Answer::None => ProofVerdict::Holds,
        Answer::Undecided(reason) => ProofVerdict::Undecided(reason),
    };
    ChainProof { name: name.to_owned(), verdict, nearest, extent }
}

fn levels(text: &Text, kind: Kind) -> Result<Vec<ScenarioLevel>, Box<dyn Diagnostic + Send + Sync>> {
    Scenario::read_levels(&text.text, kind)
        .map_err(|ScenarioError { part, error, .. }| Unreadable::of(text, &part, &error).into())
}

fn exit(verdict: &ProofVerdict) -> Exit {
    match verdict {
        ProofVerdict::Holds => Exit::Clean,
        ProofVerdict::Refuted(_) => Exit::Blocked,
        ProofVerdict::Undecided(_) => Exit::Failed,
    }
}

/// What is not known weighs more than what is found.
fn worse(left: Exit, right: Exit) -> Exit {
    match (left, right) {
        (Exit::Failed, _) | (_, Exit::Failed) => Exit::Failed,
        (Exit::Blocked, _) | (_, Exit::Blocked) => Exit::Blocked,
        (Exit::Clean, Exit::Clean) => Exit::Clean,
    }
}
