//! The region lock, over all requests: is an account denied whatever it asks for elsewhere?

use std::collections::BTreeSet;

use orgward_iam::{Answer, Callers, Kind, Policy, Request, RequestSet, is_account_id};
use orgward_org::{Lineage, Ruling};
use serde_json::json;

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
        Err(error) => return undecided(format!("`orgward.toml` makes no lock: {}", error.message)),
    };
    let mut premises = RequestSet::by(Callers::Principals).minus(RequestSet::by(Callers::ServiceLinked));
    if is_account_id(account) {
        premises = premises.and(RequestSet::by(Callers::Accounts([account.to_owned()].into())));
    }
    if let [lock_statement, exempt @ ..] = lock.statements.as_slice() {
        premises = premises.and(RequestSet::matched(&lock, lock_statement));
        for statement in exempt {
            premises = premises.minus(RequestSet::matched(&lock, statement));
        }
    }
    match premises.and(lineage.not_denied()).example() {
        Answer::None => Proof::Locked,
        Answer::Witness(request) => match lineage.decide(&request) {
            Ruling::Allowed => Proof::Open(request),
            Ruling::Undecided(reasons) => Proof::Undecided(reasons.into_iter().collect()),
            Ruling::Denied(_) => undecided("the guardrails deny what the proof left open".to_owned()),
        },
        Answer::Undecided(reason) => undecided(reason),
    }
}

/// The lock that an account should have: a statement that matches what it denies, and one for exempt principals.
fn lock(config: &Config, allowed: &Allowed) -> Result<Policy, orgward_iam::PolicyError> {
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
    let mut statements = vec![json!({
        "Effect": "Deny", "NotAction": exempt_actions(config), "Resource": "*",
        "Condition": {
            "StringNotEquals": { REQUESTED_REGION: allowed.regions },
            // Other partitions have organizations of their own.
            "ArnLike": { "aws:PrincipalArn": format!("arn:{partition}:*:*:*:*") },
        },
    })];
    let accepted = config.regions.accepted_principals();
    if !accepted.is_empty() {
        statements.push(json!({
            "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": { "ArnLike": { "aws:PrincipalArn": accepted } },
        }));
    }
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    Policy::parse(document.to_string(), Kind::ServiceControl)
}
