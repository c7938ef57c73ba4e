//! Whether what has to be denied is denied, for every request; proved once for all accounts that are alike.

use std::collections::BTreeSet;
use std::sync::Arc;

use orgward_iam::{
    Answer, Callers, Claim, Extent, Impossible, NamedAccounts, Policy, Request, RequestSet, StandIns,
    Statement, Version,
};
use orgward_org::{Entity, Modality, OrgPolicy, PolicyChain, Relevant};

use super::EnforcedBy;
use crate::memo::Memo;
use crate::region_lock::Evidence;

/// What has been proved. Accounts with equal guardrails share a proof, wherever they lie, before the plan and after
/// it, and in whatever completion: what is remembered depends on the texts of the guardrails alone.
#[derive(Debug, Default)]
pub struct Proofs {
    proved: Memo<ProofKey, Proved>,
    /// What AWS cannot get of the claims, by their texts.
    impossible: Memo<Arc<str>, Arc<Impossible>>,
    /// What searches around region locks have found.
    pub searches: Memo<SearchKey, Evidence>,
}

/// A verdict, and the requests that were left out on the way to it, since AWS cannot get them.
#[derive(Clone, Debug)]
struct Proved {
    verdict: Verdict,
    left_out: Arc<Impossible>,
}

/// What the search for region gaps depends on: the chain, the allowed regions, the account, and those that share it.
type SearchKey = (ChainKey, BTreeSet<String>, String, Vec<String>);

/// Whether a prohibition holds in an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// All of it is denied, whatever is unknown.
    Holds,
    /// This request is certainly not denied.
    Refuted(Box<Request>),
    /// This request may slip through; it depends on something unknown.
    Open(Box<Request>),
    /// It cannot be told, for this reason.
    Undecided(String),
}

/// What a question about a chain of guardrails depends on: the texts, how certainly they are attached, and whether they
/// act.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ChainKey(Arc<Texts>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Texts {
    is_enabled: bool,
    has_gaps: bool,
    /// Whether guardrails may be attached to any level: then no level denies by silence.
    has_loose: bool,
    levels: Vec<Vec<Part>>,
    partition: Option<String>,
}

/// A statement of a policy by its text, or a policy that cannot be read.
type Part = (Option<(Version, String)>, Modality);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct ProofKey {
    claim: Arc<str>,
    chains: ChainsKey,
    account: String,
}

/// The keys of both chains of an account, and whether the first is about its resources.
pub type ChainsKey = (ChainKey, Option<ChainKey>, bool);

/// The guardrails above an account, ready for proofs.
pub struct Chains<'l, 'o> {
    /// The chain of SCPs, or that of RCPs where only RCPs count.
    pub scp: &'l PolicyChain<'o>,
    /// The chain of RCPs, where RCPs may deny it too.
    pub rcp: Option<&'l PolicyChain<'o>>,
    /// Whether only RCPs count: the question is about all callers.
    of_resources: bool,
}

impl ChainKey {
    /// The key of a chain for questions that some statements have to do with.
    pub fn of(chain: &PolicyChain<'_>, relevant: Relevant<'_>) -> Self {
        let parts = |org_policy: Entity<'_, OrgPolicy>, modality: Modality| -> Vec<Part> {
            let Some(policy) = org_policy.data.document.policy() else { return vec![(None, modality)] };
            let statements = policy.statements.iter().filter(|statement| relevant(policy, statement));
            let text = |statement: &Statement| policy.text().get(statement.span.clone()).unwrap_or_default();
            statements
                .map(|statement| (Some((policy.version, text(statement).to_owned())), modality))
                .collect()
        };
        let mut levels: Vec<Vec<Part>> = chain
            .levels
            .iter()
            .map(|level| level.attached.iter().flat_map(|it| parts(it.org_policy, it.modality())).collect())
            .collect();
        levels.push(chain.unresolved_targets.iter().flat_map(|it| parts(*it, Modality::May)).collect());
        for level in &mut levels {
            level.sort();
        }
        Self(Arc::new(Texts {
            is_enabled: chain.enabled != Some(false),
            has_gaps: !chain.gaps.is_empty(),
            has_loose: !chain.unresolved_targets.is_empty(),
            levels,
            partition: chain.partition.clone(),
        }))
    }
}

impl ChainKey {
    /// Whether nothing that has to do with the question is unknown, so that what is not denied is open.
    fn is_whole(&self) -> bool {
        let Texts { has_gaps, has_loose, levels, .. } = &*self.0;
        let mut parts = levels.iter().flatten();
        !has_gaps && !has_loose && parts.all(|(text, modality)| text.is_some() && *modality == Modality::Must)
    }
}

impl<'l, 'o> Chains<'l, 'o> {
    /// The chains of one account.
    pub fn of(scp: &'l PolicyChain<'o>, rcp: Option<&'l PolicyChain<'o>>) -> Self {
        Self { scp, rcp, of_resources: false }
    }

    /// The chain that binds who comes to the resources of one account.
    pub fn of_resources(rcp: &'l PolicyChain<'o>) -> Self {
        Self { scp: rcp, rcp: None, of_resources: true }
    }

    /// What tells the chains apart from others, as far as proofs of a prohibition are concerned.
    pub fn key(&self, claim: &Claim) -> ChainsKey {
        let relevant = relevant(claim);
        let rcp = self.rcp.map(|rcp| ChainKey::of(rcp, &relevant));
        (ChainKey::of(self.scp, &relevant), rcp, self.of_resources)
    }

    /// Why the chains do not tell the whole story, one sentence each.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = self.scp.doubts();
        doubts.extend(self.rcp.into_iter().flat_map(PolicyChain::doubts));
        doubts.sort();
        doubts.dedup();
        doubts
    }

    /// Whether the text of one of the policies must not be shown.
    pub fn is_sensitive(&self) -> bool {
        let chains = [Some(self.scp), self.rcp].into_iter().flatten();
        let mut attached = chains.flat_map(|chain| {
            let levels = chain.levels.iter().flat_map(|level| level.attached.iter().map(|it| it.org_policy));
            levels.chain(chain.unresolved_targets.iter().copied())
        });
        attached.any(|org_policy| org_policy.data.document.text.is_sensitive())
    }

    /// Whether the guardrails tell accounts apart.
    pub fn names_accounts(&self) -> bool {
        !self.named(&|_, _| true).is_empty()
    }

    /// Who stands for whom in proofs of a prohibition.
    pub fn stand_ins(&self, claim: &Claim) -> StandIns {
        let mut named = self.named(&relevant(claim));
        let policy = claim.policy();
        policy.statements.iter().for_each(|statement| named.add(statement));
        named.stand_ins()
    }

    fn named(&self, relevant: Relevant<'_>) -> NamedAccounts {
        let mut named = NamedAccounts::default();
        for chain in [Some(self.scp), self.rcp].into_iter().flatten() {
            let attached =
                chain.levels.iter().flat_map(|level| level.attached.iter().map(|it| it.org_policy));
            for org_policy in attached.chain(chain.unresolved_targets.iter().copied()) {
                let Some(policy) = org_policy.data.document.policy() else { continue };
                let statements = policy.statements.iter().filter(|statement| relevant(policy, statement));
                statements.for_each(|statement| named.add(statement));
            }
        }
        named
    }
}

/// The statements that have to do with a prohibition: all but those about other actions.
fn relevant(claim: &Claim) -> impl Fn(&Policy, &Statement) -> bool + '_ {
    // `None`: any action.
    let wanted = claim.policy().statements.first().map(|statement| &statement.actions);
    move |_, statement| wanted.is_none_or(|wanted| statement.actions.meets(wanted))
}

impl Proofs {
    /// How many questions have been put to the engine.
    pub fn questions(&self) -> usize {
        self.proved.computed()
    }

    /// Proves that all that a prohibition describes is denied to principals of an account, whatever else a request is
    /// like, or finds a request that is not. Where resource control policies may deny it, too, it is about resources
    /// of the account. Service-linked roles aside.
    pub fn prove(&self, claim: &Claim, chains: &Chains<'_, '_>, account: &str) -> Verdict {
        self.prove_with(claim, chains, account, chains.key(claim))
    }

    /// The same, where the [key](Chains::key) of the chains is at hand.
    pub fn prove_with(
        &self,
        claim: &Claim,
        chains: &Chains<'_, '_>,
        account: &str,
        of: ChainsKey,
    ) -> Verdict {
        self.proved(claim, chains, account, of).0.verdict
    }

    /// What was proved, and whether nothing that has to do with it is unknown.
    fn proved(&self, claim: &Claim, chains: &Chains<'_, '_>, account: &str, of: ChainsKey) -> (Proved, bool) {
        let (scp, rcp, _) = &of;
        let is_whole = scp.is_whole() && rcp.as_ref().is_none_or(ChainKey::is_whole);
        let key =
            ProofKey { claim: Arc::clone(claim.policy().text()), chains: of, account: account.to_owned() };
        (self.proved.get(key, || prove(claim, chains, account, is_whole)), is_whole)
    }

    /// How far the requests of a guardrail reach that are certainly not denied to principals of an account; `None` where
    /// there is none, or where that takes too long to tell.
    pub fn extent(&self, claim: &Claim, chains: &Chains<'_, '_>, account: &str) -> Option<Extent> {
        let (Proved { verdict, left_out }, is_whole) = self.proved(claim, chains, account, chains.key(claim));
        if !matches!(verdict, Verdict::Refuted(_)) {
            return None;
        }
        let text = Arc::clone(claim.policy().text());
        let impossible = self.impossible.get(text, || Arc::new(claim.impossible()));
        let left_out = Impossible::clone(&left_out).with(&impossible);
        asked(claim, chains, account, |Asked { claimed, open, certain }| {
            let whole = claimed.minus(left_out.requests());
            whole.clone().and(if is_whole { open } else { certain }).extent_in(&whole).ok()
        })
        .ok()
        .flatten()
    }
}

fn prove(claim: &Claim, chains: &Chains<'_, '_>, account: &str, is_whole: bool) -> Proved {
    let asked = asked(claim, chains, account, |Asked { claimed, open, certain }| {
        let (verdict, left_out) = ask(claim, &claimed, &open, &certain, is_whole);
        Proved { verdict, left_out: Arc::new(left_out) }
    });
    asked.unwrap_or_else(|error| Proved { verdict: Verdict::Undecided(error), left_out: Arc::default() })
}

/// The sets that a proof is about.
struct Asked<'p> {
    /// What has to be denied.
    claimed: RequestSet<'p>,
    /// What may not be denied.
    open: RequestSet<'p>,
    /// What certainly is not.
    certain: RequestSet<'p>,
}

/// The requests that a guardrail is about, as far as the policies that uphold it bind them: of principals of an account,
/// on resources of an account, or through an endpoint. `place` is the account with the claim for its resources.
pub fn asked_about<'p>(
    claim: &'p Claim,
    enforced_by: EnforcedBy,
    place: Option<(&str, &'p Claim)>,
) -> RequestSet<'p> {
    let by = |set: RequestSet<'p>| match place {
        Some((account, _)) => set.and(RequestSet::by(Callers::Accounts([account.to_owned()].into()))),
        None => set,
    };
    let on = |set: RequestSet<'p>| match place {
        Some((_, here)) => set.and(here.requests()),
        None => set,
    };
    match enforced_by {
        EnforcedBy::ServiceControl => by(RequestSet::bound()).and(claim.requests()),
        EnforcedBy::Both => on(by(RequestSet::bound()).and(claim.requests())),
        EnforcedBy::ResourceControl => on(RequestSet::bound_by_resource_control().and(claim.requests())),
        EnforcedBy::Endpoint => claim.requests(),
    }
}

fn asked<A>(
    claim: &Claim,
    chains: &Chains<'_, '_>,
    account: &str,
    answer: impl FnOnce(Asked<'_>) -> A,
) -> Result<A, String> {
    let here = Claim::for_resources_of(account).map_err(|error| error.to_string())?;
    let enforced_by = match (chains.of_resources, chains.rcp.is_some()) {
        (true, _) => EnforcedBy::ResourceControl,
        (false, true) => EnforcedBy::Both,
        (false, false) => EnforcedBy::ServiceControl,
    };
    let mut claimed = asked_about(claim, enforced_by, Some((account, &here)));
    if let Some(partition) = &chains.scp.partition {
        claimed = claimed.and(RequestSet::in_partition(partition));
    }
    let relevant = relevant(claim);
    let mut open = chains.scp.not_denied_among(&relevant);
    let mut certain = chains.scp.certainly_open_among(&relevant);
    if let Some(rcp) = chains.rcp {
        open = open.and(rcp.not_denied_among(&relevant));
        certain = certain.and(rcp.certainly_open_among(&relevant));
    }
    Ok(answer(Asked { claimed, open, certain }))
}

fn ask(
    claim: &Claim,
    claimed: &RequestSet<'_>,
    open: &RequestSet<'_>,
    certain: &RequestSet<'_>,
    is_whole: bool,
) -> (Verdict, Impossible) {
    let question = |left_out: Option<&Impossible>| match left_out {
        None => decide(claimed.clone(), open.clone(), certain.clone(), is_whole),
        Some(left_out) => {
            decide(claimed.clone().minus(left_out.requests()), open.clone(), certain.clone(), is_whole)
        }
    };
    claim.ask(question, |verdict| match verdict {
        Verdict::Refuted(request) | Verdict::Open(request) => Some(request),
        Verdict::Holds | Verdict::Undecided(_) => None,
    })
}

/// Whether some requests are denied: all of them, or which one is open, for certain or perhaps.
fn decide<'p>(
    claimed: RequestSet<'p>,
    open: RequestSet<'p>,
    certain: RequestSet<'p>,
    is_whole: bool,
) -> Verdict {
    let may = claimed.clone().and(open);
    let (must, may) = if is_whole {
        (may.example(), Answer::None)
    } else {
        (claimed.and(certain).example(), may.example())
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
