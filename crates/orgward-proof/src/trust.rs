//! What several rules ask about trust policies.

use std::ops::Range;

use orgward_iam::{Effect, Policy, PrincipalPattern, SetQuantifier, Statement};
use orgward_org::{Content, Entity, Organization, Role};

/// A role whose trust policy can be read.
pub struct Trust<'o> {
    /// The role.
    pub role: Entity<'o, Role>,
    /// Its trust policy.
    pub policy: &'o Policy,
    /// The account of the role, if known.
    pub account: Option<String>,
}

/// The roles whose trust policies can be read; what cannot is reported by `unreadable-policy` and `public-trust`.
pub fn trusts(organization: &Organization) -> impl Iterator<Item = Trust<'_>> {
    organization.roles().filter_map(|role| {
        let Content::Policy(policy) = &role.data.trust.content else { return None };
        let account = organization.iam_arn(role.id).and_then(|arn| arn.account);
        Some(Trust { role, policy, account })
    })
}

/// An account that a statement lets in by name.
pub struct NamedAccount<'p> {
    /// The id of the account.
    pub account: String,
    /// Whether it is the account as a whole, and not a principal in it.
    pub whole: bool,
    /// The statement that admits it.
    pub statement: &'p Statement,
    /// The principal, in the text of the policy.
    pub span: Range<usize>,
}

/// The accounts that the statements of a trust policy let in by name.
pub fn named_accounts(policy: &Policy) -> Vec<NamedAccount<'_>> {
    let mut named = Vec::new();
    for statement in &policy.statements {
        let Some(principals) = &statement.principals else { continue };
        if statement.effect.value != Effect::Allow || principals.not {
            continue;
        }
        // Everybody, and a condition that leaves only the principals of some accounts.
        if principals.patterns.iter().any(|pattern| pattern.value == PrincipalPattern::Everyone) {
            for account in statement.narrowed_accounts().into_iter().flatten() {
                let whole = !requires(statement, |key| key == "aws:principalarn");
                named.push(NamedAccount { account: account.value, whole, statement, span: account.span });
            }
        }
        for pattern in &principals.patterns {
            let (account, whole) = match &pattern.value {
                PrincipalPattern::Account(account) => (account.clone(), true),
                PrincipalPattern::Arn(arn) => {
                    let Some(account) = arn.split(':').nth(4).filter(|account| !account.is_empty()) else {
                        continue;
                    };
                    (account.to_owned(), false)
                }
                _ => continue,
            };
            named.push(NamedAccount { account, whole, statement, span: pattern.span.clone() });
        }
    }
    named
}

/// Whether a statement must see a key with a value that it names: a positive operator that fails when the key is
/// missing, and no pattern that lets everything pass.
pub fn requires(statement: &Statement, key: impl Fn(&str) -> bool) -> bool {
    statement.conditions.iter().any(|condition| {
        let operator = condition.operator.value;
        let firm = !operator.if_exists
            && !operator.is_negated()
            && operator.set != Some(SetQuantifier::ForAllValues)
            && operator.base != orgward_iam::BaseOperator::Null;
        let open = condition.values.iter().any(|value| value.value.bytes().all(|b| b == b'*' || b == b'?'));
        firm && !open && key(&condition.key.value.to_ascii_lowercase())
    })
}
