//! The region lock, over all requests: is an account denied whatever it asks for elsewhere?

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::{
    Answer, Callers, Prohibition, ProhibitionError, Request, RequestSet, Wording, is_account_id,
};
use orgward_org::{Lineage, Ruling};

use super::{Allowed, REQUESTED_REGION, exempt_actions};
use crate::Config;

/// Whether a lock holds for every request.
pub(crate) enum Proof {
    /// Every request elsewhere is denied, whatever is unknown.
    Locked,
    /// This one is certainly not denied.
    Open(Box<Request>),
    /// It cannot be told, for these reasons.
    Undecided(BTreeSet<String>),
}

/// Proves that principals of an account are denied whatever they ask for outside the allowed regions, whatever else
/// the request is like, or finds a request that is not denied. Service-linked roles, exempt actions and exempt
/// principals aside.
pub(crate) fn prove(config: &Config, allowed: &Allowed, lineage: &Lineage<'_>, account: &str) -> Proof {
    let undecided = |reason: String| Proof::Undecided(BTreeSet::from([reason]));
    let lock = match lock(config, allowed) {
        Ok(lock) => lock,
        Err(error) => return undecided(format!("`orgward.toml` makes no lock: {}", error.error.message)),
    };
    let mut premises = RequestSet::by(Callers::Principals).minus(RequestSet::by(Callers::ServiceLinked));
    if is_account_id(account) {
        premises = premises.and(RequestSet::by(Callers::Accounts([account.to_owned()].into())));
    }
    match premises.and(lock.requests()).and(lineage.not_denied()).example() {
        Answer::None => Proof::Locked,
        Answer::Witness(request) => match lineage.decide(&request) {
            Ruling::Allowed => Proof::Open(request),
            Ruling::Undecided(reasons) => Proof::Undecided(reasons.into_iter().collect()),
            Ruling::Denied(_) => undecided("the guardrails deny what the proof left open".to_owned()),
        },
        Answer::Undecided(reason) => undecided(reason),
    }
}

/// What has to be denied.
fn lock(config: &Config, allowed: &Allowed) -> Result<Prohibition, ProhibitionError> {
    let is = |mark: &str| allowed.regions.iter().any(|region| region.contains(mark));
    let partition = if is("cn-") {
        "aws-cn"
    } else if is("-gov-") {
        "aws-us-gov"
    } else if is("-iso") || is("eusc-") {
        "aws-*"
    } else {
        "aws"
    };
    let condition = |operator: &str, key: &str, values: Vec<String>| {
        (operator.to_owned(), BTreeMap::from([(key.to_owned(), values)]))
    };
    Prohibition::new(Wording {
        not_actions: Some(exempt_actions(config)),
        conditions: BTreeMap::from([
            condition("StringNotEquals", REQUESTED_REGION, allowed.regions.iter().cloned().collect()),
            // Other partitions have organizations of their own.
            condition("ArnLike", "aws:PrincipalArn", vec![format!("arn:{partition}:*:*:*:*")]),
        ]),
        exempt_principals: config.regions.accepted_principals().into_iter().map(str::to_owned).collect(),
        ..Wording::default()
    })
}
