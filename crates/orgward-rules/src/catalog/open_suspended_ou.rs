use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Finding, Severity};
use orgward_iam::{Claim, ClaimSpec, Effect};
use orgward_org::{Node, NodeId, PolicyChain, PolicyType};

use crate::engine::rule;
use crate::{Context, Findings, data};
use orgward_org::{RoleMatch, UnitRole, unit_plays};
use orgward_proof::guardrail::{Chains, Verdict};
use orgward_proof::org_policies::{account_label, groups};
use orgward_proof::outright::is_one_role;
use orgward_proof::region_lock::witness;

rule! {
    /// Checks for units of suspended accounts in which the accounts can still do something.
    ///
    /// ## Why is this bad?
    ///
    /// An account goes under quarantine because somebody has taken it over, or because nobody needs it. Whatever is
    /// not denied there goes on: credentials work, instances mine, data leaves. A list of services to deny is never
    /// complete; a quarantine denies everything except a list.
    ///
    /// The rule proves that every request of every principal is denied, apart from three things: service-linked
    /// roles, which no policy binds; the actions of `data/quarantine.toml`, with which one looks at an account, asks
    /// for support and pays; and roles that the guardrails spare by their full name, such as
    /// `arn:aws:iam::*:role/platform/incident-response`, or as one permission set of Identity Center. A pattern that
    /// a name can be made to fit spares anybody, and so does the root user.
    ///
    /// Which units are for suspended accounts is said in `[structure.units]`, or else guessed from names such as
    /// `Suspended` and `Quarantine`.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Deny", "Action": ["ec2:*", "s3:*"], "Resource": "*" }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```json
    /// { "Effect": "Deny", "NotAction": ["support:*"], "Resource": "*",
    ///   "Condition": { "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/platform/incident-response" } } }
    /// ```
    pub(crate) static OPEN_SUSPENDED_OU = {
        id: "open-suspended-ou",
        summary: "suspended accounts can still do something",
        severity: Severity::Medium,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for group in groups(cx.after, &PolicyType::ServiceControl) {
        let suspended: Vec<_> = group
            .members
            .iter()
            .map(|(id, node)| {
                (*id, *node, unit_plays(&cx.config.structure, cx.after, *id, UnitRole::Suspended))
            })
            .filter(|(_, _, plays)| plays.is_yes())
            .collect();
        if suspended.is_empty() {
            continue;
        }
        let spared = spared(&group.chain);
        let spec = ClaimSpec {
            not_actions: Some(data::quarantine().actions.clone()),
            exempt_principals: spared.iter().cloned().collect(),
            ..ClaimSpec::default()
        };
        let quarantine = match Claim::new(spec) {
            Ok(quarantine) => quarantine,
            Err(error) => {
                let finding = findings.report(&OPEN_SUSPENDED_OU, None);
                finding.target(group.path.clone()).subject(group.subject());
                cannot_tell(finding).note(format!("the exemptions make no quarantine: {error}"));
                continue;
            }
        };
        let chains = Chains::of(&group.chain, None);
        let stand_ins = chains.stand_ins(&quarantine);
        let mut alike: BTreeMap<String, Vec<&(NodeId, &Node, RoleMatch)>> = BTreeMap::new();
        for member in &suspended {
            let stand_in = stand_ins.of(cx.after.symbolic_account_id(member.0));
            alike.entry(stand_in).or_default().push(member);
        }
        for (stand_in, members) in alike {
            let verdict = cx.proofs.prove(&quarantine, &chains, &stand_in);
            if verdict == Verdict::Holds {
                continue;
            }
            let finding = findings.report(&OPEN_SUSPENDED_OU, None);
            let keys: Vec<String> = members.iter().map(|(_, node, _)| node.key.to_string()).collect();
            let accounts = members.iter().filter_map(|(id, _, _)| account_label(cx.after, *id));
            finding.target(group.path.clone()).accounts(accounts).subject(keys.join(" "));
            let guesses: BTreeSet<&str> = members.iter().filter_map(|(_, _, plays)| plays.guess()).collect();
            finding.rests_on.extend(guesses.into_iter().map(str::to_owned));
            if !spared.is_empty() {
                let names: Vec<String> = spared.iter().map(|arn| format!("`{arn}`")).collect();
                finding.note(format!("spared by name, which is fine: {}", names.join(", ")));
            }
            let account = members.first().and_then(|(id, _, _)| cx.after.symbolic_account_id(*id));
            tell(&verdict, &stand_in, account.unwrap_or(&stand_in), &chains, finding);
        }
    }
}

fn tell(verdict: &Verdict, stand_in: &str, account: &str, chains: &Chains<'_, '_>, finding: &mut Finding) {
    if let Verdict::Refuted(request) = verdict {
        let request = request.as_account(stand_in, account);
        finding
            .says(format!("suspended accounts can still do something: nothing denies `{}`", request.action));
        finding.witness(witness(&request));
        finding.help(
            "deny everything except a short list: a `Deny` with `NotAction`, which spares responders by their full \
             name",
        );
        return;
    }
    cannot_tell(finding);
    match verdict {
        Verdict::Undecided(reason) => finding.notes.push(reason.clone()),
        _ => finding.notes.extend(chains.doubts()),
    }
    finding.help("give the state of the organization with `--org`");
}

fn cannot_tell(finding: &mut Finding) -> &mut Finding {
    finding.verdict = orgward_finding::Verdict::Unverifiable;
    finding.severity = OPEN_SUSPENDED_OU.info.unverifiable;
    finding.says("cannot tell whether suspended accounts are denied almost everything")
}

/// The roles that the guardrails of a policy chain spare by their full name.
fn spared(chain: &PolicyChain<'_>) -> BTreeSet<String> {
    let mut spared = BTreeSet::new();
    for (_, org_policy) in chain.certain() {
        let statements = org_policy.data.document.policy().map_or(&[][..], |policy| &policy.statements);
        for statement in statements.iter().filter(|statement| statement.effect.value == Effect::Deny) {
            for condition in &statement.conditions {
                let about_caller = condition.key.value.eq_ignore_ascii_case("aws:PrincipalArn");
                if about_caller && condition.operator.value.is_negated() {
                    let values = condition.values.iter().map(|value| &value.value);
                    spared.extend(values.filter(|arn| is_one_role(arn)).cloned());
                }
            }
        }
    }
    spared
}

#[cfg(test)]
mod tests {
    use super::{OPEN_SUSPENDED_OU, is_one_role};
    use crate::testing::{findings, messages_with, report};

    #[test]
    fn nothing_denied() {
        insta::assert_snapshot!(report(&OPEN_SUSPENDED_OU, "bad-nothing-denied"), @"
        ── medium: 1 found ─────────────────────────────────────────────────────────────

        open-suspended-ou · likely

          × Root/Suspended: suspended accounts can still do something: nothing denies `ec2:RunInstances`
          account: aws_organizations_account.lab
          rests on: `Root/Suspended` is taken for a suspended unit by its name; `[structure.units]` in
                    `orgward.toml` tells for certain
          request: ec2:RunInstances on arn:aws:ec2:eu-west-1:${aws_organizations_account.lab.id}:instance/example
                   by arn:aws:iam::${aws_organizations_account.lab.id}:role/application
          help: deny everything except a short list: a `Deny` with `NotAction`, which spares responders by
                their full name

        blocked: 1 medium finding is new
        reviewed bad-nothing-denied.json: 1 account, 0 principals, 0 policies
        `orgward rules open-suspended-ou` explains the first one
        ");
    }

    #[test]
    fn anyone_can_be_a_responder() {
        insta::assert_snapshot!(report(&OPEN_SUSPENDED_OU, "bad-anyone-can-be-a-responder"), @"
        ── medium: 1 found ─────────────────────────────────────────────────────────────

        open-suspended-ou · likely

          × Root/Suspended: suspended accounts can still do something: nothing denies `ec2:RunInstances`
          account: aws_organizations_account.lab
          rests on: `Root/Suspended` is taken for a suspended unit by its name; `[structure.units]` in
                    `orgward.toml` tells for certain
          request: ec2:RunInstances on arn:aws:ec2:eu-west-1:${aws_organizations_account.lab.id}:instance/example
                   by arn:aws:iam::${aws_organizations_account.lab.id}:role/respond
          help: deny everything except a short list: a `Deny` with `NotAction`, which spares responders by
                their full name

        blocked: 1 medium finding is new
        reviewed bad-anyone-can-be-a-responder.json: 1 account, 0 principals, 1 policy
        `orgward rules open-suspended-ou` explains the first one
        ");
    }

    #[test]
    fn a_list_of_services_leaves_the_rest_open() {
        let found = findings(&OPEN_SUSPENDED_OU, "bad-list-of-services");
        let action = &found[0].witness.as_ref().unwrap().action;
        assert!(!["ec2:", "s3:", "lambda:"].iter().any(|service| action.starts_with(service)), "{action}");
    }

    #[test]
    fn a_unit_with_another_role_is_no_quarantine() {
        let config = "[structure.units]\nsandbox = ['Root/Suspended']";
        assert!(messages_with(&OPEN_SUSPENDED_OU, "bad-nothing-denied", config).is_empty());
    }

    /// One account of a unit may be under quarantine, and it need not be the first.
    #[test]
    fn an_account_by_its_path() {
        let config = "[structure.units]\nsuspended = ['Root/Suspended/lab']";
        assert_eq!(messages_with(&OPEN_SUSPENDED_OU, "bad-nothing-denied", config).len(), 1);
        let config = "[structure.units]\nsuspended = ['Root/Suspended/other']";
        assert!(messages_with(&OPEN_SUSPENDED_OU, "bad-nothing-denied", config).is_empty());
    }

    #[test]
    fn what_is_declared_is_no_guess() {
        let found = findings(&OPEN_SUSPENDED_OU, "bad-nothing-denied");
        assert_eq!(found[0].rests_on.len(), 1, "{found:?}");
        let config = "[structure.units]\nsuspended = ['Root/Suspended']";
        assert_eq!(messages_with(&OPEN_SUSPENDED_OU, "bad-nothing-denied", config).len(), 1);
    }

    #[test]
    fn one_role_and_no_pattern_of_roles() {
        assert!(is_one_role("arn:aws:iam::*:role/platform/incident-response"));
        assert!(is_one_role(
            "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com*/AWSReservedSSO_Responder_*"
        ));
        assert!(!is_one_role("arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com*/AWSReservedSSO_*_*"));
        assert!(!is_one_role("arn:aws:iam::*:role/respond*"));
        assert!(!is_one_role("arn:aws:iam::*:root"), "whoever took the account over may have this");
        assert!(!is_one_role("*"));
    }
}
