use std::collections::BTreeMap;

use orgward_finding::{Finding, Severity};
use orgward_iam::{Effect, Request, Statement};
use orgward_org::{Entity, OrgPolicy, PolicyType, Ruling};

use crate::engine::rule;
use crate::{Context, Findings};
use orgward_proof::org_policies::{Group, groups, source, statement_key};
use orgward_proof::region_lock::{
    Allowed, Mistake, Mistakes, ORDINARY_ACTION, allowed_or_matched, foreign_request, region_conditions,
    witness,
};

rule! {
    /// Checks for mistakes in region locks.
    ///
    /// ## Why is this bad?
    ///
    /// A region lock is one statement, and it is easy to get wrong: the operator the wrong way round, one condition
    /// too many, a list of actions where all are meant. Such a lock looks like one in every review and leaves regions
    /// open, or closes those that people work in.
    ///
    /// A mistake is reported with a request that shows it: one that the lock would deny if it were mended and that no
    /// guardrail denies, or one that should be allowed and is denied. A slip that changes nothing, such as `IfExists`
    /// in a `Deny`, is not reported. What a mistake means for the accounts is told by `region-lock-gap`, which names
    /// the mistake.
    ///
    /// | mistake | what happens |
    /// | --- | --- |
    /// | `StringEquals` in a `Deny` | denies the regions that should be open, and no others |
    /// | one statement for each region | each denies the other's: nothing is open |
    /// | a second key in the condition | all keys have to hold, so it binds fewer requests |
    /// | an exempt name with a wildcard, or without protection | somebody creates or takes over such a role |
    /// | an exempt name in every account (`arn:aws:iam::*:role/…`) | it is free in most of them |
    /// | a placeholder: `${Account}`, `[PRIVILEGED_ROLE]` | exempts nobody |
    /// | `sso.amazonaws.com/*/` in the path of an exempt role | misses them all where Identity Center is in us-east-1 |
    /// | a list of actions in `Action` | new services, and those that nobody thought of, are open |
    /// | regional actions in `NotAction` | they are open everywhere |
    /// | `Resource` other than `*` | actions without a resource escape |
    /// | a pattern such as `eu-*` | lets in regions that AWS opens later |
    /// | a region in capital letters, or misspelt | the one that was meant is denied |
    /// | an `Allow` with a condition beside `FullAWSAccess` | levels add up: it locks nothing |
    /// | an `Allow` with a condition, alone | global services are denied until they have an `Allow` of their own |
    /// | `IfExists` or `ForAllValues` in such an `Allow` | a request without a region is allowed |
    /// | the region in a resource control policy | binds only requests to resources of some services |
    ///
    /// Other mistakes are found by other rules: a lock at the wrong place or out of reach by `region-lock-gap` and
    /// `inert-guardrail`; a policy type that is not enabled by `inert-guardrail`; a key that stands twice, and a
    /// wildcard in the service of an action (`*:Describe*`), by `unreadable-policy`; one that is too long by
    /// `over-quota`.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*",
    ///   "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-west-1", "aws:PrincipalTag/team": "platform" } } }
    /// ```
    ///
    /// binds nobody who is tagged with `platform`. Use instead:
    ///
    /// ```json
    /// { "Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*",
    ///   "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" } } }
    /// ```
    pub(crate) static REGION_LOCK_MISTAKE = {
        id: "region-lock-mistake",
        summary: "region lock does not do what it seems to",
        severity: Severity::Medium,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(allowed) = allowed_or_matched(cx.regions(), [cx.before, cx.after]) else { return };
    let mut known = Mistakes::default();
    // One finding for each mistake, however many accounts it is about.
    let mut found: BTreeMap<_, (Mistake, Vec<String>)> = BTreeMap::new();
    let groups = groups(cx.after, &PolicyType::ServiceControl);
    for group in &groups {
        for mistake in known.of(cx.regions(), &allowed, group) {
            let Some(node) = cx.after.node(mistake.org_policy) else { continue };
            let key = (node.key.clone(), mistake.statement, mistake.kind);
            let (_, accounts) = found.entry(key).or_insert_with(|| (mistake, Vec::new()));
            accounts.extend(group.accounts(cx.after));
        }
    }
    for (mistake, accounts) in found.into_values() {
        let Some(org_policy) = cx.after.org_policy(mistake.org_policy) else { continue };
        let finding = report(org_policy, mistake.statement, &format!("{:?}", mistake.kind), findings);
        finding.severity = mistake.kind.severity();
        finding.accounts(accounts).help(mistake.kind.help());
        let shown = mistake.places.iter().filter_map(|(id, span, label)| {
            Some((&cx.after.org_policy(*id)?.data.document, span.clone(), label))
        });
        let shown: Vec<_> = shown.collect();
        // What is said quotes the texts.
        let secret = shown.iter().any(|(document, ..)| document.text.is_sensitive())
            || org_policy.data.document.text.is_sensitive();
        for (document, span, label) in shown {
            finding.show(&source(document), span, if secret { "here" } else { label });
        }
        if secret {
            finding.says(mistake.kind.title());
        } else {
            finding.says(&mistake.message).witness(witness(&mistake.witness));
        }
        rests(finding, &allowed);
    }
    in_resource_control(cx, &allowed, &groups, findings);
}

fn report<'f>(
    org_policy: Entity<'_, OrgPolicy>,
    statement: usize,
    kind: &str,
    findings: &'f mut Findings,
) -> &'f mut Finding {
    let document = &org_policy.data.document;
    let statement = document.policy().and_then(|policy| policy.statements.get(statement));
    let key = statement.map(|statement| statement_key(document, statement)).unwrap_or_default();
    let finding = findings.about(&REGION_LOCK_MISTAKE, org_policy.node);
    finding.subject(format!("{kind} {key}"))
}

fn rests(finding: &mut Finding, allowed: &Allowed) {
    if !allowed.inferred_from.is_empty() {
        finding.rests_on(format!(
            "the regions are taken from {}, since `[regions]` in `orgward.toml` does not name them",
            allowed.inferred_from.join(", ")
        ));
    }
}

/// Reports resource control policies that ask for the region where no service control policy does.
fn in_resource_control(cx: &Context<'_>, allowed: &Allowed, groups: &[Group<'_>], findings: &mut Findings) {
    let mut found: BTreeMap<_, (_, usize, Request, Vec<String>)> = BTreeMap::new();
    for group in groups {
        let request = foreign_request(allowed, &group.account_id());
        if !matches!(group.chain.decide(&request), Ruling::Allowed) {
            continue;
        }
        let Some((member, _)) = group.members.first() else { continue };
        for (_, org_policy) in cx.after.policy_chain(*member, &PolicyType::ResourceControl).certain() {
            let statements = org_policy.data.document.policy().map_or(&[][..], |policy| &policy.statements);
            let locks = |statement: &&Statement| {
                statement.effect.value == Effect::Deny
                    && region_conditions(&statement.conditions).any(|line| line.operator.value.is_negated())
            };
            let Some(index) = statements.iter().position(|statement| locks(&statement)) else { continue };
            let (.., accounts) = found
                .entry(org_policy.node.key.clone())
                .or_insert_with(|| (org_policy, index, request.clone(), Vec::new()));
            accounts.extend(group.accounts(cx.after));
        }
    }
    for (org_policy, index, request, accounts) in found.into_values() {
        let document = &org_policy.data.document;
        let line = document
            .policy()
            .and_then(|policy| policy.statements.get(index))
            .and_then(|statement| region_conditions(&statement.conditions).next());
        let finding = report(org_policy, index, "resource control", findings);
        finding.severity = Severity::Low;
        finding.accounts(accounts).witness(witness(&request));
        finding.says(format!(
            "a resource control policy is no region lock: it binds requests to resources of some services, and \
             `{ORDINARY_ACTION}` is none of them"
        ));
        if let Some(line) = line {
            finding.show(&source(document), line.span.clone(), "binds few services");
        }
        finding
            .help("lock regions with a service control policy, and keep this one for callers from outside");
        rests(finding, allowed);
    }
}

#[cfg(test)]
mod tests;
