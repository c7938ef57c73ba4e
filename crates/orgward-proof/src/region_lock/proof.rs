//! The region lock in the words of a guardrail.

use std::collections::BTreeMap;

use orgward_iam::{Claim, ClaimError, ClaimSpec};

use super::{Allowed, REQUESTED_REGION, exempt_actions};
use crate::region_lock::Regions;

/// What has to be denied so that accounts are locked to the allowed regions, exempt actions and principals aside.
pub fn lock(settings: &Regions, allowed: &Allowed) -> Result<Claim, ClaimError> {
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
    Claim::new(ClaimSpec {
        not_actions: Some(exempt_actions(settings).into_iter().chain(allowed.gone.iter().cloned()).collect()),
        conditions: BTreeMap::from([
            condition("StringNotEquals", REQUESTED_REGION, allowed.regions.iter().cloned().collect()),
            // Other partitions have organizations of their own.
            condition("ArnLike", "aws:PrincipalArn", vec![format!("arn:{partition}:*:*:*:*")]),
        ]),
        exempt_principals: settings.accepted_principals().into_iter().map(str::to_owned).collect(),
        ..ClaimSpec::default()
    })
}
