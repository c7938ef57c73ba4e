//! What several rules ask about trust policies.

use std::ops::Range;

use orgward_iam::{
    Caller, Condition, Context, ContextValue, Effect, Policy, PrincipalPattern, Request, RequestSet,
    SetQuantifier, Spanned, Statement, is_account_id,
};
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

/// Whether a trust policy lets in no caller whom the former one of the same role did not let in.
pub fn admits_no_more(before: &Organization, trust: &Trust<'_>) -> bool {
    let old = before.find(&trust.role.node.key).and_then(|id| before.roles().find(|role| role.id == id));
    let Some(Content::Policy(old)) = old.map(|old| &old.data.trust.content) else { return false };
    let more = RequestSet::allowed(trust.policy).minus(RequestSet::allowed(old));
    old.text() == trust.policy.text() || more.emptiness() == Ok(true)
}

/// An account that a statement lets in by name.
pub struct NamedAccount<'p> {
    /// The id of the account.
    pub account: String,
    /// Whether it is the account as a whole, and not a principal in it.
    pub whole: bool,
    /// Whether every role of the account gets in, however it is called.
    pub any_role: bool,
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
        // Tagging a session lets nobody in by itself.
        let admits = statement.covers_action("sts:AssumeRole");
        if statement.effect.value != Effect::Allow || principals.not || !admits {
            continue;
        }
        // Everybody, and a condition that leaves only the principals of some accounts.
        if principals.patterns.iter().any(|pattern| pattern.value == PrincipalPattern::Everyone) {
            for account in statement.narrowed_accounts().into_iter().flatten() {
                let whole = !requires(statement, |key| key == "aws:principalarn");
                let any_role = admits_any_role(policy, statement, &account.value);
                let Spanned { value: account, span } = account;
                named.push(NamedAccount { account, whole, any_role, statement, span });
            }
        }
        for pattern in &principals.patterns {
            let (account, whole, any_role) = match &pattern.value {
                PrincipalPattern::Account(account) => {
                    (account.clone(), true, admits_any_role(policy, statement, account))
                }
                PrincipalPattern::Arn(arn) => {
                    let Some(account) = arn.split(':').nth(4).filter(|account| !account.is_empty()) else {
                        continue;
                    };
                    (account.to_owned(), false, false)
                }
                _ => continue,
            };
            let span = pattern.span.clone();
            named.push(NamedAccount { account, whole, any_role, statement, span });
        }
    }
    named
}

/// The accounts of identity providers that a trust policy names and that are not the account of the role, each with the
/// place of the provider.
pub fn foreign_providers(trust: &Trust<'_>) -> Vec<Spanned<String>> {
    let allowing = trust.policy.statements.iter().filter(|it| it.effect.value == Effect::Allow);
    let principals = allowing.filter_map(|it| it.principals.as_ref()).filter(|it| !it.not);
    let patterns = principals.flat_map(|principals| &principals.patterns);
    let accounts = patterns.filter_map(|entry| match &entry.value {
        PrincipalPattern::Federated(provider) => {
            let account = provider.split(':').nth(4).filter(|it| is_account_id(it))?;
            Some(Spanned { value: account.to_owned(), span: entry.span.clone() })
        }
        _ => None,
    });
    accounts.filter(|account| trust.account.as_ref() != Some(&account.value)).collect()
}

/// The principals that statements let in by the unique id that AWS gave them.
pub fn unique_ids(policy: &Policy) -> Vec<Spanned<String>> {
    let allowing = policy.statements.iter().filter(|statement| {
        statement.effect.value == Effect::Allow && statement.covers_action("sts:AssumeRole")
    });
    let principals = allowing.filter_map(|statement| statement.principals.as_ref()).filter(|it| !it.not);
    let patterns = principals.flat_map(|principals| &principals.patterns);
    let ids = patterns.filter_map(|entry| match &entry.value {
        PrincipalPattern::UniqueId(id) => Some(Spanned { value: id.clone(), span: entry.span.clone() }),
        _ => None,
    });
    ids.collect()
}

/// Whether a statement lets in every role of an account, however it is called, and no denial of the policy keeps such
/// a role out. Decided for a role and a session that nobody names. Conditions that are not about the caller are left
/// out: they narrow when a role may be assumed, and not by whom.
pub fn admits_any_role(policy: &Policy, statement: &Statement, account: &str) -> bool {
    let is_about_caller = |line: &Condition| {
        let key = line.key.value.to_ascii_lowercase();
        let caller =
            ["aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:userid", "aws:username"];
        caller.contains(&key.as_str()) || key.starts_with("aws:principaltag/")
    };
    let request = some_role(policy, account);
    let mut asked = statement.clone();
    asked.conditions.retain(&is_about_caller);
    let is_denied = policy.statements.iter().any(|denial| {
        denial.effect.value == Effect::Deny
            && denial.conditions.iter().all(&is_about_caller)
            && denial.matches(policy, &request)
    });
    asked.matches(policy, &request) && !is_denied
}

/// A session of a role that no policy names.
fn some_role(policy: &Policy, account: &str) -> Request {
    const NAME: &str = "any-role-of-the-account";
    let mut context = Context::default();
    context.set("aws:userid", ContextValue::One(format!("AROAANYROLEOFTHEACCOUNT:{NAME}")));
    for line in policy.statements.iter().flat_map(|statement| &statement.conditions) {
        // The administrator of the account tags it at will, and does not know what is asked for.
        if line.key.value.to_ascii_lowercase().starts_with("aws:principaltag/") {
            context.set(&line.key.value, ContextValue::One(NAME.to_owned()));
        }
    }
    Request {
        caller: Caller::Arn(format!("arn:aws:iam::{account}:role/{NAME}")),
        action: "sts:AssumeRole".to_owned(),
        resource: "*".to_owned(),
        resource_account: None,
        context,
    }
}

/// Whether a value asks for an id that not everybody has: it has a letter or digit, and no variable whose value the
/// caller chooses.
pub fn asks_for_an_id(statement: &Statement, key: &str) -> bool {
    let is_narrow =
        |value: &str| !value.contains("${") && value.bytes().any(|byte| byte.is_ascii_alphanumeric());
    requires(statement, |other| other == key)
        && statement.conditions.iter().any(|line| {
            line.key.value.eq_ignore_ascii_case(key)
                && !line.operator.value.is_negated()
                && line.values.iter().all(|value| is_narrow(&value.value))
        })
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
