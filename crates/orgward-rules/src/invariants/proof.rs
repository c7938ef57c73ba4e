//! Whether what has to be denied is denied, for every request; proved once for all accounts that are alike.

use std::collections::BTreeSet;
use std::sync::Arc;

use orgward_iam::{Answer, Caller, Callers, Context, ContextValue, Prohibition, Request, RequestSet};
use orgward_org::{Entity, Guardrail, Lineage, Modality};

use super::memo::Memo;
use super::named::{Named, StandIns};
use crate::regions::Evidence;

/// What has been proved. Accounts with equal guardrails share a proof, wherever they lie, before the plan and after
/// it, and in whatever completion: what is remembered depends on the texts of the guardrails alone.
#[derive(Debug, Default)]
pub struct Proofs {
    verdicts: Memo<ProofKey, Verdict>,
    pub(crate) searches: Memo<SearchKey, Evidence>,
}

/// What the search for region gaps depends on: the chain, the allowed regions, the account, and those that share it.
type SearchKey = (ChainKey, BTreeSet<String>, String, Vec<String>);

/// Whether a prohibition holds in an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// All of it is denied, whatever is unknown.
    Holds,
    /// This request is certainly not denied.
    Refuted(Box<Request>),
    /// This request may slip through; it depends on something unknown.
    Open(Box<Request>),
    /// It cannot be told, for this reason.
    Undecided(String),
}

/// What proofs about a chain of guardrails depend on: their texts, and how certainly they are attached.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct ChainKey(Arc<Texts>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Texts {
    is_enabled: bool,
    has_gaps: bool,
    levels: Vec<Vec<(Option<Arc<str>>, Modality)>>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct ProofKey {
    prohibition: Arc<str>,
    scp: ChainKey,
    rcp: Option<ChainKey>,
    account: String,
}

/// The guardrails above an account, ready for proofs.
pub(crate) struct Chains<'l, 'o> {
    pub(crate) scp: &'l Lineage<'o>,
    pub(crate) rcp: Option<&'l Lineage<'o>>,
    keys: (ChainKey, Option<ChainKey>),
    named: Named,
}

impl ChainKey {
    pub(crate) fn of(lineage: &Lineage<'_>) -> Self {
        let text = |guardrail: Entity<'_, Guardrail>| {
            guardrail.data.document.policy().map(|policy| Arc::clone(policy.text()))
        };
        let mut levels: Vec<Vec<_>> = lineage
            .rungs
            .iter()
            .map(|rung| rung.attached.iter().map(|it| (text(it.guardrail), it.modality())).collect())
            .collect();
        levels.push(lineage.loose.iter().map(|guardrail| (text(*guardrail), Modality::May)).collect());
        for level in &mut levels {
            level.sort();
        }
        Self(Arc::new(Texts {
            is_enabled: lineage.enabled != Some(false),
            has_gaps: !lineage.gaps.is_empty(),
            levels,
        }))
    }
}

impl<'l, 'o> Chains<'l, 'o> {
    pub(crate) fn of(scp: &'l Lineage<'o>, rcp: Option<&'l Lineage<'o>>) -> Self {
        let mut named = Named::default();
        for lineage in [Some(scp), rcp].into_iter().flatten() {
            let attached = lineage.rungs.iter().flat_map(|rung| rung.attached.iter().map(|it| it.guardrail));
            for guardrail in attached.chain(lineage.loose.iter().copied()) {
                guardrail.data.document.policy().into_iter().for_each(|policy| named.add(policy));
            }
        }
        Self { scp, rcp, keys: (ChainKey::of(scp), rcp.map(ChainKey::of)), named }
    }

    /// What tells the chains apart from others, as far as proofs are concerned.
    pub(crate) fn key(&self) -> &(ChainKey, Option<ChainKey>) {
        &self.keys
    }

    /// Why the chains do not tell the whole story, one sentence each.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let mut doubts = self.scp.doubts();
        doubts.extend(self.rcp.into_iter().flat_map(Lineage::doubts));
        doubts.sort();
        doubts.dedup();
        doubts
    }

    /// Whether the guardrails tell accounts apart.
    pub(crate) fn names_accounts(&self) -> bool {
        !self.named.is_empty()
    }

    /// Who stands for whom in proofs of a prohibition.
    pub(crate) fn stand_ins(&self, prohibition: &Prohibition) -> StandIns {
        let mut named = self.named.clone();
        named.add(prohibition.policy());
        named.stand_ins()
    }
}

impl Proofs {
    /// How many questions have been put to the engine.
    pub fn questions(&self) -> usize {
        self.verdicts.computed()
    }

    /// Proves that all that a prohibition describes is denied to principals of an account, whatever else a request is
    /// like, or finds a request that is not. Where resource control policies may deny it, too, it is about resources
    /// of the account. Service-linked roles aside.
    pub(crate) fn prove(&self, prohibition: &Prohibition, chains: &Chains<'_, '_>, account: &str) -> Verdict {
        let (scp, rcp) = chains.key().clone();
        let key = ProofKey {
            prohibition: Arc::clone(prohibition.policy().text()),
            scp,
            rcp,
            account: account.to_owned(),
        };
        self.verdicts.get(key, || prove(prohibition, chains, account))
    }
}

fn prove(prohibition: &Prohibition, chains: &Chains<'_, '_>, account: &str) -> Verdict {
    let bound = RequestSet::by(Callers::Principals).minus(RequestSet::by(Callers::ServiceLinked));
    let own = RequestSet::by(Callers::Accounts([account.to_owned()].into()));
    let mut claimed = bound.and(own).and(prohibition.requests());
    let mut open = chains.scp.not_denied();
    let mut certain = chains.scp.certainly_open();
    let here = Prohibition::for_resources_of(account);
    if let Some(rcp) = chains.rcp {
        match &here {
            Ok(here) => claimed = claimed.and(here.requests()),
            Err(error) => return Verdict::Undecided(error.to_string()),
        }
        open = open.and(rcp.not_denied());
        certain = certain.and(rcp.certainly_open());
    }
    let is_whole = chains.scp.is_whole() && chains.rcp.is_none_or(Lineage::is_whole);
    let may = claimed.clone().and(open);
    let (must, may) = if is_whole {
        (may.example(), Answer::None)
    } else {
        <(Answer, Answer)>::from(RequestSet::examples([&claimed.and(certain), &may]))
    };
    match (must, may) {
        (Answer::Witness(request), _) => Verdict::Refuted(request),
        (_, Answer::Witness(request)) => Verdict::Open(request),
        (_, Answer::Undecided(reason)) => Verdict::Undecided(reason),
        // Nothing may slip through, so that nothing certainly does.
        (Answer::Undecided(reason), Answer::None) if is_whole => Verdict::Undecided(reason),
        (_, Answer::None) => Verdict::Holds,
    }
}

/// A request of one account as another one would make it.
pub(crate) fn as_account(request: &Request, of: &str, account: &str) -> Request {
    let text = |text: &str| text.replace(of, account);
    let mut context = Context::default();
    for (key, value) in request.context.iter() {
        let value = match value {
            ContextValue::One(one) => ContextValue::One(text(one)),
            ContextValue::Many(many) => ContextValue::Many(many.iter().map(|each| text(each)).collect()),
        };
        context.set(key, value);
    }
    Request {
        caller: match &request.caller {
            Caller::Arn(arn) => Caller::Arn(text(arn)),
            other => other.clone(),
        },
        action: request.action.clone(),
        resource: text(&request.resource),
        resource_account: request.resource_account.as_deref().map(text),
        context,
    }
}
