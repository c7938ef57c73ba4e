//! Permissions boundaries before and after a plan.

use orgward_iam::{Answer, arn_like, not_allowed};
use orgward_org::{Boundary, Change, IamArn, Organization, Principal};
use orgward_plan::Attr;

/// The boundary that `AdministratorAccess` makes: it allows everything, so it bounds nothing.
const ADMINISTRATOR_ACCESS: &str = "arn:*:iam::aws:policy/AdministratorAccess";

/// What a principal was before the plan: the principal at the same address, or the one of the same kind, account and
/// name that the plan destroys at another address.
pub fn predecessor<'o>(change: Change<&'o Organization>, principal: &Principal<'_>) -> Option<Principal<'o>> {
    let before = change.before;
    if let Some(id) = before.find(&principal.node.key) {
        return before.principal(id);
    }
    let arn = change.after.iam_arn(principal.id)?;
    let is_same = |old: &Principal<'_>| {
        change.after.find(&old.node.key).is_none()
            && before.iam_arn(old.id).is_some_and(|old| {
                matches!(&old.resource, Attr::Known(_))
                    && old.resource == arn.resource
                    && old.account == arn.account
            })
    };
    before.principals().find(|old| old.word == principal.word && is_same(old))
}

/// Whether a boundary allows every request, so that it bounds nothing. `false` where its text is not in the inputs.
pub fn bounds_nothing(organization: &Organization, boundary: &Boundary) -> bool {
    let policy = match boundary {
        Boundary::None | Boundary::Unknown(_) => return false,
        Boundary::Arn(arn) if arn_like(ADMINISTRATOR_ACCESS, arn.expose()) => return true,
        Boundary::Arn(arn) => organization
            .managed_policies()
            .find(|policy| matches!(&policy.node.arn, Attr::Known(known) if known.expose() == arn.expose())),
        Boundary::Policy(key) => organization.managed_policies().find(|policy| policy.node.key == *key),
    };
    let policy = policy.and_then(|policy| policy.data.document.policy());
    policy.is_some_and(|policy| not_allowed(policy) == Answer::None)
}

/// Whether two boundaries are the same policy; `None` when the name of one is unknown.
pub fn is_same_policy(change: Change<&Organization>, before: &Boundary, after: &Boundary) -> Option<bool> {
    let arn = |organization: &Organization, boundary: &Boundary| match boundary {
        Boundary::Arn(arn) => Some(arn.expose().to_owned()),
        Boundary::Policy(key) => organization.iam_arn(organization.find(key)?)?.text("*"),
        Boundary::None | Boundary::Unknown(_) => None,
    };
    let (before, after) = (arn(change.before, before)?, arn(change.after, after)?);
    // An account that is unknown on one side may be the one of the other side.
    Some(arn_like(&before, &after) || arn_like(&after, &before))
}

/// Whether a pattern matches an ARN. An unknown account fits every pattern, since being in scope is what has to be
/// excluded.
pub fn may_fit(pattern: &str, arn: &IamArn) -> bool {
    let account = pattern.split(':').nth(4).unwrap_or("*").replace('*', "000000000000");
    arn.text(&account).is_some_and(|text| arn_like(pattern, &text))
}

/// Whether the part of a pattern that names the account is known to hold.
pub fn names_account(pattern: &str, arn: &IamArn) -> bool {
    arn.account.is_some() || pattern.split(':').nth(4) == Some("*")
}
