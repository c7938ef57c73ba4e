//! Sets of requests by the words of a statement.

use std::collections::BTreeMap;

use orgward_iam::{Claim, ClaimSpec};

/// The requests of a principal.
pub(super) fn by(arn: &str) -> Option<Claim> {
    claim(None, None, &[("StringEquals", "aws:PrincipalArn", arn)])
}

/// The requests for an action, on a resource, under conditions.
pub(super) fn claim(
    action: Option<&str>,
    resource: Option<&str>,
    conditions: &[(&str, &str, &str)],
) -> Option<Claim> {
    let mut lines: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for (operator, key, value) in conditions {
        let values = lines.entry((*operator).to_owned()).or_default().entry((*key).to_owned()).or_default();
        values.push((*value).to_owned());
    }
    let spec = ClaimSpec {
        actions: action.map(|action| vec![action.to_owned()]),
        resources: resource.map(|resource| vec![resource.to_owned()]),
        conditions: lines,
        ..ClaimSpec::default()
    };
    Claim::new(spec).ok()
}

/// The requests that are about a resource with policies of its own, or about what is in it.
pub(super) fn on_resource(arn: &str, service: &str) -> Option<Claim> {
    let inside = format!("{arn}/*");
    let spec = ClaimSpec {
        actions: Some(vec![format!("{service}:*")]),
        resources: Some(vec![arn.to_owned(), inside]),
        ..ClaimSpec::default()
    };
    Claim::new(spec).ok()
}

/// The requests for actions that patterns describe, on resources that patterns describe.
pub(super) fn over(actions: &[String], resources: &[String]) -> Option<Claim> {
    let spec = ClaimSpec {
        actions: Some(actions.to_vec()),
        resources: Some(resources.to_vec()),
        ..ClaimSpec::default()
    };
    Claim::new(spec).ok()
}

/// The requests that meet some conditions.
pub(super) fn when(conditions: &[super::place::Line]) -> Option<Claim> {
    let lines: Vec<_> =
        conditions.iter().map(|(operator, key, value)| (*operator, *key, value.as_str())).collect();
    if lines.is_empty() { None } else { claim(None, None, &lines) }
}

/// The requests that are sent without encryption.
pub fn transport(service: &str) -> Option<Claim> {
    claim(Some(&format!("{service}:*")), None, &[("Bool", "aws:SecureTransport", "false")])
}

/// What is done with keys: the policy of the key has to allow it.
pub(super) fn of_keys() -> Option<Claim> {
    const USES: [&str; 10] = [
        "kms:Decrypt",
        "kms:Encrypt",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:Sign",
        "kms:Verify*",
        "kms:CreateGrant",
        "kms:PutKeyPolicy",
        "kms:ScheduleKeyDeletion",
        "kms:DisableKey",
    ];
    Claim::new(ClaimSpec { actions: Some(USES.map(str::to_owned).to_vec()), ..ClaimSpec::default() }).ok()
}
