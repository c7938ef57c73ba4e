//! Who may assume roles after a plan and not before, as their trust policies say.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::{
    Callers, Effect, OutsiderAccess, Policy, PrincipalPattern, RequestSet, RoleTrust, is_account_id,
};
use orgward_org::{Organization, Role};

use super::Access;
use super::diff::Gained;
use super::summary::{Entry, levels};
use crate::trust::{Trust, trusts};

/// The calls that make a caller a role.
const CALLS: [&str; 3] = ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

/// Who may assume roles on one side and not on the other.
pub(super) fn assumed(old: &Access<'_>, new: &Access<'_>) -> Vec<Gained> {
    let was: BTreeMap<String, Trust<'_>> =
        trusts(old.org).map(|trust| (trust.role.node.key.to_string(), trust)).collect();
    let mut found = Vec::new();
    for trust in trusts(new.org) {
        let before = was.get(&trust.role.node.key.to_string());
        if before.is_some_and(|before| before.policy.text() == trust.policy.text()) {
            continue;
        }
        // A text that is marked sensitive is not told.
        if trust.role.data.trust.text.is_sensitive()
            || before.is_some_and(|before| before.role.data.trust.text.is_sensitive())
        {
            continue;
        }
        let role = arn(new.org, &trust);
        let mut by: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        if is_public(new.org, &trust) && !before.is_some_and(|before| is_public(old.org, before)) {
            by.entry("*".to_owned()).or_default().insert("sts:AssumeRole".to_owned());
        }
        let had = before.map(|before| trustees(before.policy)).unwrap_or_default();
        for (who, calls) in trustees(trust.policy) {
            let known = had.get(&who);
            let new_calls = calls.iter().filter(|call| {
                !known.is_some_and(|known| known.contains(*call))
                    || gains(&trust, before.map(|before| before.policy), &who)
            });
            by.entry(who.clone()).or_default().extend(new_calls.map(|call| (*call).to_owned()));
        }
        for (principal, actions) in by.into_iter().filter(|(_, actions)| !actions.is_empty()) {
            let actions: Vec<String> = actions.into_iter().collect();
            let account = principal.split(':').nth(4).filter(|it| is_account_id(it)).map(str::to_owned);
            let entry = Entry {
                service: "sts".to_owned(),
                resources: vec![role.clone()],
                levels: levels(&actions),
                actions,
                by: None,
            };
            found.push(Gained { principal, account, administrator: false, entry: Some(entry) });
        }
    }
    found
}

/// Whether an account that is named on both sides may make requests now that it could not make: a condition is gone, or
/// says less.
fn gains(trust: &Trust<'_>, before: Option<&Policy>, who: &str) -> bool {
    let Some(account) = who.split(':').nth(4).filter(|it| is_account_id(it)) else { return false };
    let Some(before) = before else { return true };
    let by = RequestSet::by(Callers::Accounts(BTreeSet::from([account.to_owned()])));
    let gained = RequestSet::allowed(trust.policy).and(by).minus(RequestSet::allowed(before));
    matches!(gained.emptiness(), Ok(false))
}

/// The principals that a trust policy names, as ARNs or names of services, and the calls that it lets them make.
fn trustees(policy: &Policy) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut found: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for statement in &policy.statements {
        let Some(principals) = &statement.principals else { continue };
        if statement.effect.value != Effect::Allow || principals.not {
            continue;
        }
        let calls = CALLS.into_iter().filter(|call| statement.covers_action(call));
        let calls: BTreeSet<&'static str> = calls.collect();
        for pattern in &principals.patterns {
            let who = match &pattern.value {
                PrincipalPattern::Account(account) => format!("arn:aws:iam::{account}:root"),
                PrincipalPattern::Arn(name)
                | PrincipalPattern::Service(name)
                | PrincipalPattern::Federated(name) => name.clone(),
                // Everyone is a question of its own, and the rest lets in no principal that is there.
                PrincipalPattern::Everyone
                | PrincipalPattern::UniqueId(_)
                | PrincipalPattern::CanonicalUser(_)
                | PrincipalPattern::Invalid(_) => continue,
            };
            found.entry(who).or_default().extend(&calls);
        }
    }
    found
}

fn is_public(organization: &Organization, trust: &Trust<'_>) -> bool {
    let id = trust.role.id;
    let arn = organization.iam_arn(id).and_then(|arn| arn.text("111122223333"));
    let arn = arn.unwrap_or_else(|| "arn:aws:iam::111122223333:role/unknown".to_owned());
    let account = organization.symbolic_account(id);
    let role = RoleTrust { arn: &arn, account };
    let found = trust.policy.admits_outsider(&role, &organization.perimeter(id));
    matches!(found, OutsiderAccess::Exposed(_))
}

fn arn(organization: &Organization, trust: &Trust<'_>) -> String {
    let orgward_org::Entity { id, node, data: Role { .. }, .. } = trust.role;
    let arn = organization.iam_arn(id).and_then(|arn| arn.text(trust.account.as_deref().unwrap_or("*")));
    arn.map_or_else(|| node.label(), |arn| organization.render(&arn))
}
