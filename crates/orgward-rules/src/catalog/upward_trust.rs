use std::collections::BTreeSet;

use orgward_finding::{Severity, Status};
use orgward_iam::{Answer, Callers, RequestSet};
use orgward_org::{NodeId, UnitRole, unit_plays};
use orgward_proof::org_policies::source;
use orgward_proof::region_lock::witness;
use orgward_proof::trust::{named_accounts, trusts};

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
            let Some(lower) = lower.into_iter().find(orgward_org::RoleMatch::is_yes) else { continue };
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
    }
}
