//! What a lock should do for one account, and what the guardrails do.

use std::collections::BTreeSet;

use orgward_iam::{Answer, Callers, Kind, Policy, Request, RequestSet, is_account_id};
use orgward_org::{PolicyChain, Ruling};
use serde_json::json;

use super::super::Regions;
use super::super::{ORDINARY_ACTION, REQUESTED_REGION, exempt_actions, request};
use crate::data;
use crate::placeholder::placeholder;

/// Regions to show requests in, the best known first.
const WELL_KNOWN: [&str; 5] = ["us-east-1", "eu-west-1", "us-west-2", "ap-southeast-1", "eu-central-1"];

/// What a lock is about.
pub(super) struct Premises {
    regions: BTreeSet<String>,
    /// A statement that matches what has to be denied, and perhaps one that matches exempt principals.
    policy: Policy,
}

impl Premises {
    /// `None` if the configuration has patterns that make no policy; `region-lock-gap` says so.
    pub(super) fn of(settings: &Regions, allowed: &BTreeSet<String>) -> Option<Self> {
        let regions: BTreeSet<String> =
            allowed.iter().filter(|region| placeholder(region).is_none()).cloned().collect();
        let mut statements = vec![json!({
            "Effect": "Deny", "NotAction": exempt_actions(settings), "Resource": "*",
            "Condition": { "StringNotEquals": { REQUESTED_REGION: regions } },
        })];
        let accepted = settings.accepted_principals();
        if !accepted.is_empty() {
            statements.push(json!({
                "Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": { "ArnLike": { "aws:PrincipalArn": accepted } },
            }));
        }
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        let policy = Policy::parse(document.to_string(), Kind::ServiceControl).ok()?;
        Some(Self { regions, policy })
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
        let policy = &self.premises.policy;
        let mut set = RequestSet::bound();
        if is_account_id(self.account) {
            set = set.and(RequestSet::by(Callers::Accounts([self.account.to_owned()].into())));
        }
        if let [lock, exempt @ ..] = policy.statements.as_slice() {
            set = set.and(RequestSet::matched(policy, lock));
            for statement in exempt {
                set = set.minus(RequestSet::matched(policy, statement));
            }
        }
        set
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
