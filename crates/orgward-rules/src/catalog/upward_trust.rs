use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Severity, Status};
use orgward_iam::{
    Answer, Callers, Claim, Effect, Policy, PrincipalPattern, Principals, Request, RequestSet, Statement,
};
use orgward_org::{NodeId, RoleMatch, UnitRole, unit_plays};
use orgward_proof::access::requests_of_account;
use orgward_proof::org_policies::source;
use orgward_proof::region_lock::witness;
use orgward_proof::trust::{Trust, named_accounts, requires, trusts};

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for roles in production accounts that principals of a non-production account or a sandbox may assume.
    ///
    /// ## Why is this bad?
    ///
    /// Whoever breaks into development, where more people can do more, is in production.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::333333333333:role/dev" }, "Action": "sts:AssumeRole" }
    /// ```
    ///
    /// in a role of production, where account 333333333333 is one of development. Use instead a role of the account
    /// that delivers.
    ///
    /// A role that trusts its whole organization, by `aws:PrincipalOrgID` or `aws:PrincipalOrgPaths`, trusts the
    /// accounts in it that are not production, too.
    ///
    /// What units are for is said in `[structure]` of `orgward.toml`, and guessed from names where it says nothing.
    pub(crate) static UPWARD_TRUST = {
        id: "upward-trust",
        summary: "production trusts a non-production account",
        severity: Severity::High,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let plays = |id: NodeId, role| unit_plays(&cx.config.structure, cx.after, id, role);
    let below = OnceCell::new();
    for trust in trusts(cx.after) {
        let Some((owner, _)) = cx.after.owner(trust.role.id) else { continue };
        let production = plays(owner.id, UnitRole::Production);
        if !production.is_yes() {
            continue;
        }
        let mut seen = BTreeSet::new();
        for named in named_accounts(trust.policy) {
            let found =
                cx.after.accounts().find(|it| cx.after.symbolic_account_id(it.id) == Some(&named.account));
            let Some(account) = found.filter(|_| seen.insert(named.account.clone())) else { continue };
            let lower =
                [UnitRole::NonProduction, UnitRole::Sandbox].into_iter().map(|role| plays(account.id, role));
            let Some(lower) = lower.into_iter().find(RoleMatch::is_yes) else { continue };
            let by = RequestSet::by(Callers::Accounts(BTreeSet::from([named.account.clone()])));
            let Answer::Witness(request) = RequestSet::allowed(trust.policy).and(by).example() else {
                continue;
            };
            let finding = findings.about(&UPWARD_TRUST, trust.role.node);
            finding.subject(named.account.clone());
            finding.says(format!(
                "role of production trusts `{}`, which is not production",
                cx.after.path(account.id)
            ));
            finding.show(
                &source(&trust.role.data.trust),
                named.span.clone(),
                "an account that is not production",
            );
            finding.witness(witness(&request));
            finding.help("trust a role of production, or of the account that delivers");
            for guess in [production.guess(), lower.guess()].into_iter().flatten() {
                finding.rests_on(guess.to_owned());
            }
            let old = cx
                .before
                .find(&trust.role.node.key)
                .and_then(|id| trusts(cx.before).find(|it| it.role.id == id));
            if old.is_some_and(|old| named_accounts(old.policy).iter().any(|it| it.account == named.account))
            {
                finding.status = Status::Existing;
            }
        }
        if let Some(open) = of_organization(trust.policy) {
            let below = below.get_or_init(|| Below::of(cx));
            of_units(cx, (&trust, owner.id, open), &production, below, findings);
        }
    }
}

/// An account that is not production.
struct Below {
    node: NodeId,
    /// Its id, as policies write it.
    id: String,
    /// Why it is taken for one, where that is a guess.
    guess: Option<String>,
    /// Where it is in the organization, if that is known.
    path: Option<String>,
    /// What all of its requests have.
    claim: Option<Claim>,
}

impl Below {
    fn of(cx: &Context<'_>) -> Vec<Self> {
        let mut all = Vec::new();
        for account in cx.after.accounts().filter(|account| account.data.member) {
            let plays = |role| unit_plays(&cx.config.structure, cx.after, account.id, role);
            let mut roles = [UnitRole::NonProduction, UnitRole::Sandbox].into_iter().map(plays);
            let Some(role) = roles.find(RoleMatch::is_yes) else { continue };
            let Some(id) = cx.after.symbolic_account_id(account.id) else { continue };
            let (path, claim) = requests_of_account(cx.after, account.id);
            let guess = role.guess().map(ToOwned::to_owned);
            all.push(Self { node: account.id, id: id.to_owned(), guess, path, claim });
        }
        all
    }
}

/// What is known of an account that is not named: whether it gets in is decided, and whether it did before the plan.
#[derive(Clone)]
struct Lower<'b> {
    account: &'b Below,
    request: Option<Request>,
    is_new: bool,
    certain: bool,
}

/// The statement that lets in accounts by their organization.
fn of_organization(policy: &Policy) -> Option<&Statement> {
    let everyone = |principals: &Principals| {
        !principals.not && principals.patterns.iter().any(|it| it.value == PrincipalPattern::Everyone)
    };
    let by_organization = |key: &str| key == "aws:principalorgid" || key == "aws:principalorgpaths";
    policy.statements.iter().find(|statement| {
        statement.effect.value == Effect::Allow
            && statement.principals.as_ref().is_some_and(everyone)
            && requires(statement, by_organization)
            && statement.narrowed_accounts().is_none()
    })
}

/// Reports a role that trusts its organization, or units of it, of which some are not production. Accounts in the same
/// place are asked about once.
fn of_units(
    cx: &Context<'_>,
    (trust, owner, open): (&Trust<'_>, NodeId, &Statement),
    production: &RoleMatch,
    below: &[Below],
    findings: &mut Findings,
) {
    let asks_for_paths = requires(open, |key| key == "aws:principalorgpaths");
    let before = cx.before.find(&trust.role.node.key);
    let old = before.and_then(|id| trusts(cx.before).find(|it| it.role.id == id));
    let ask = |account: &Below| {
        let by = || {
            let by = RequestSet::by(Callers::Accounts(BTreeSet::from([account.id.clone()])));
            account.claim.iter().fold(by, |set, claim| set.and(claim.requests()))
        };
        let request = match RequestSet::allowed(trust.policy).and(by()).example() {
            Answer::Witness(request) => Some(*request),
            Answer::Undecided(_) => None,
            Answer::None => return None,
        };
        let was = old.as_ref().map_or_else(RequestSet::nothing, |old| RequestSet::allowed(old.policy));
        let more = RequestSet::allowed(trust.policy).minus(was);
        Some((request, !more.and(by()).is_empty()))
    };
    let mut known: BTreeMap<&str, Option<(Option<Request>, bool)>> = BTreeMap::new();
    let mut lower: Vec<Lower<'_>> = Vec::new();
    for account in below.iter().filter(|account| account.node != owner) {
        let answer = match &account.path {
            Some(path) if !trust.policy.text().contains(&account.id) => {
                known.entry(path).or_insert_with(|| ask(account)).clone()
            }
            _ => ask(account),
        };
        if let Some((request, is_new)) = answer {
            let certain = request.is_some() && (account.path.is_some() || !asks_for_paths);
            lower.push(Lower { account, request, is_new, certain });
        }
    }
    // The worst of them speaks for all.
    let Some(first) = lower.iter().max_by_key(|it| (it.is_new, it.certain)) else { return };
    let finding = if first.certain {
        findings.about(&UPWARD_TRUST, trust.role.node)
    } else {
        findings.cannot_tell(&UPWARD_TRUST, trust.role.node)
    };
    finding.subject("organization");
    if !first.certain && first.account.path.is_none() {
        let name = cx.after.path(first.account.node);
        finding.note(format!("where `{name}` is in the organization is unknown"));
    }
    let others = match lower.len() - 1 {
        0 => String::new(),
        1 => " and another account".to_owned(),
        count => format!(" and {count} other accounts"),
    };
    let are = if lower.len() == 1 { "which is" } else { "which are" };
    let name = cx.after.path(first.account.node);
    finding.says(if first.certain {
        format!("role of production trusts `{name}`{others}, {are} not production")
    } else {
        format!("cannot tell whether a role of production trusts `{name}`{others}, {are} not production")
    });
    finding.show(
        &source(&trust.role.data.trust),
        open.span.clone(),
        "lets in accounts by their organization",
    );
    if let Some(request) = &first.request {
        finding.witness(witness(request));
    }
    finding.help("ask for the path of units of production by `aws:PrincipalOrgPaths`");
    for guess in [production.guess(), first.account.guess.as_deref()].into_iter().flatten() {
        finding.rests_on(guess.to_owned());
    }
    if !first.is_new {
        finding.status = Status::Existing;
    }
}

#[cfg(test)]
mod tests {
    use super::UPWARD_TRUST;
    use crate::testing::findings_with_document_and;

    /// A role that trusts its organization trusts what is not production there, too.
    #[test]
    fn an_organization_has_accounts_that_are_not_production() {
        let says = |condition: &str| -> Vec<String> {
            let document = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"*"}},
                    "Action":"sts:AssumeRole","Condition":{{{condition}}}}}]}}"#
            );
            let fixture = ("upward-trust", "bad-development");
            let units =
                "[structure.units]\nproduction = ['333333333333']\nnon-production = ['222222222222']\n";
            let document = ("assume_role_policy", document.as_str());
            let found = findings_with_document_and(&UPWARD_TRUST, fixture, document, units);
            found.into_iter().map(|finding| finding.message).collect()
        };
        let trusted = "role of production trusts `…/dev`, which is not production";
        assert_eq!(says(r#""StringEquals":{"aws:PrincipalOrgID":"o-acmeexample"}"#), [trusted]);
        // Where the account is, no input says.
        let paths =
            r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-acmeexample/r-ab12/ou-ab12-dev00001/*"}"#;
        let unknown =
            "cannot tell whether a role of production trusts `…/dev`, which is not production".to_owned();
        assert_eq!(says(paths), [unknown]);
        // One who is not of development.
        let but = r#""StringEquals":{"aws:PrincipalOrgID":"o-acmeexample"},"StringNotEquals":{"aws:PrincipalAccount":"222222222222"}"#;
        assert_eq!(says(but), [""; 0]);
    }
}
