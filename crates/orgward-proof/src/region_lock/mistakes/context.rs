//! What a lock should do for one account, and what the guardrails do.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::{Answer, Callers, Claim, ClaimSpec, Request, RequestSet, is_account_id};
use orgward_org::{PolicyChain, Ruling};

use super::super::Regions;
use super::super::{ORDINARY_ACTION, REQUESTED_REGION, exempt_actions, request};
use crate::data;
use orgward_iam::placeholder;

/// Regions to show requests in, the best known first.
const WELL_KNOWN: [&str; 5] = ["us-east-1", "eu-west-1", "us-west-2", "ap-southeast-1", "eu-central-1"];

/// What a lock is about.
pub(super) struct Premises {
    regions: BTreeSet<String>,
    /// What has to be denied.
    claim: Claim,
}

impl Premises {
    /// `None` if the configuration has patterns that make no policy; `region-lock-gap` says so.
    pub(super) fn of(settings: &Regions, allowed: &BTreeSet<String>) -> Option<Self> {
        let regions: BTreeSet<String> =
            allowed.iter().filter(|region| placeholder(region).is_none()).cloned().collect();
        let values = regions.iter().cloned().collect();
        let claim = Claim::new(ClaimSpec {
            not_actions: Some(exempt_actions(settings)),
            conditions: BTreeMap::from([(
                "StringNotEquals".to_owned(),
                BTreeMap::from([(REQUESTED_REGION.to_owned(), values)]),
            )]),
            exempt_principals: settings.accepted_principals().into_iter().map(str::to_owned).collect(),
            ..ClaimSpec::default()
        });
        Some(Self { regions, claim: claim.ok()? })
    }

    pub(super) const fn regions(&self) -> &BTreeSet<String> {
        &self.regions
    }
}

/// One account, its guardrails, and what a lock should do there.
pub(super) struct LockContext<'s> {
    pub(super) settings: &'s Regions,
    /// The regions that should be open.
    pub(super) regions: &'s BTreeSet<String>,
    pub(super) chain: &'s PolicyChain<'s>,
    pub(super) account: &'s str,
    pub(super) premises: &'s Premises,
}

impl<'s> LockContext<'s> {
    /// A role that nothing is special about.
    pub(super) fn ordinary(&self) -> String {
        format!("arn:aws:iam::{}:role/application", self.account)
    }

    /// An ordinary request.
    pub(super) fn request(&self, action: &str, region: &str, context: &[(&str, &str)]) -> Request {
        request(&self.ordinary(), action, region, context)
    }

    /// A region that people know and that should be closed.
    pub(super) fn foreign(&self) -> &'static str {
        WELL_KNOWN.into_iter().find(|region| !self.regions.contains(*region)).unwrap_or("xx-unlisted-1")
    }

    /// A region that should be open.
    pub(super) fn home(&self) -> &str {
        self.regions.first().map_or("eu-west-1", String::as_str)
    }

    /// Requests of everyday services in a region, the plainest first.
    pub(super) fn everyday(&self, region: &str, context: &[(&str, &str)]) -> Vec<Request> {
        let actions = data::regional_actions().map(|(action, _)| action);
        std::iter::once(ORDINARY_ACTION)
            .chain(actions)
            .map(|action| self.request(action, region, context))
            .collect()
    }

    /// Everything that a lock has to deny here.
    pub(super) fn elsewhere(&self) -> RequestSet<'s> {
        let mut set = RequestSet::bound();
        if is_account_id(self.account) {
            set = set.and(RequestSet::by(Callers::Accounts([self.account.to_owned()].into())));
        }
        set.and(self.premises.claim.requests())
    }

    /// Whether a request is certainly not denied.
    pub(super) fn is_open(&self, request: &Request) -> bool {
        matches!(self.chain.decide(request), Ruling::Allowed)
    }

    /// Whether a request is certainly denied.
    pub(super) fn is_denied(&self, request: &Request) -> bool {
        matches!(self.chain.decide(request), Ruling::Denied(_))
    }

    /// A request of a set that a lock has to deny and that is not denied: one of `first` if possible.
    pub(super) fn opening(
        &self,
        set: RequestSet<'_>,
        first: impl IntoIterator<Item = Request>,
    ) -> Option<Request> {
        let set = set.and(self.elsewhere()).and(self.chain.not_denied());
        let plain = first.into_iter().find(|request| set.contains(request) && self.is_open(request));
        plain.or_else(|| match set.example() {
            Answer::Witness(request) => Some(*request).filter(|request| self.is_open(request)),
            // What cannot be told is no mistake; `region-lock-gap` says that it cannot be told.
            Answer::None | Answer::Undecided(_) => None,
        })
    }
}
