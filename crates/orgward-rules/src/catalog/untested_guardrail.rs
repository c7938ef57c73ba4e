use orgward_finding::{Finding, Severity};
use orgward_iam::{Relation, compare};
use orgward_org::{Document, Entity, NodeId, NodeKind, OrgPolicy, Organization};

use orgward_org::{RoleMatch, UnitRole, unit_plays};
use orgward_proof::replay::{Broken, Replayed};

use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for service and resource control policies that go to the root or to production with a text that has not
    /// been on a policy-staging unit before.
    ///
    /// ## Why is this bad?
    ///
    /// A guardrail denies at once and everywhere below its target, and nothing in a plan shows what it will break. AWS
    /// recommends to attach it first to a unit with accounts made for that, to run the usual work there, and only
    /// then to attach the same text where it matters, in another change.
    ///
    /// What counts is the organization before the plan: a text is tested if a policy that says the same is attached
    /// to a policy-staging unit there. Targets that the plan creates are left out, since nobody works there yet. Which
    /// units are for staging and which are production is said in `[structure.units]`, or else guessed from names
    /// such as `PolicyStaging` and `Prod`.
    ///
    /// With `orgward plan review --events`, records of CloudTrail settle it: the finding says how many of the calls that
    /// were really made the policy would have denied. None is information; some are `medium`, also where the text was on
    /// a policy-staging unit.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_organizations_policy_attachment" "lock" {
    ///   policy_id = aws_organizations_policy.lock.id
    ///   target_id = aws_organizations_organization.this.roots[0].id
    /// }
    /// ```
    ///
    /// Use instead, in a change of its own that is applied first:
    ///
    /// ```hcl
    /// resource "aws_organizations_policy_attachment" "lock" {
    ///   policy_id = aws_organizations_policy.lock.id
    ///   target_id = aws_organizations_organizational_unit.policy_staging.id
    /// }
    /// ```
    pub(crate) static UNTESTED_GUARDRAIL = {
        id: "untested-guardrail",
        summary: "guardrail goes to the root or to production untested",
        severity: Severity::Info,
        unverifiable: Severity::Info,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for org_policy in cx.after.org_policies().filter(|org_policy| org_policy.is_authorization()) {
        let before = cx.before.find(&org_policy.node.key).and_then(|id| cx.before.org_policy(id));
        let document = &org_policy.data.document;
        let same_text = before.is_some_and(|before| says_the_same(&before.data.document, document));
        let mut guesses = Vec::new();
        let mut places = Vec::new();
        for (target, _) in cx.after.targets_of(org_policy.id) {
            let Some(stood) = counterpart(cx, target) else { continue };
            if same_text && before.is_some_and(|before| is_attached(cx.before, before.id, stood)) {
                continue;
            }
            match matters(cx, target) {
                RoleMatch::Declared => {}
                RoleMatch::Guessed(why) => guesses.push(why),
                RoleMatch::No | RoleMatch::Unknown(_) => continue,
            }
            places.push(cx.after.path(target));
        }
        let denied = cx.events.map_or_else(Vec::new, |events| events.denied_by(&org_policy.node.key));
        if places.is_empty() || (denied.is_empty() && is_tested(cx, org_policy)) {
            continue;
        }
        let title = match places.as_slice() {
            [one] => format!("`{one}`"),
            [first, rest @ ..] => format!("`{first}` and {} more", rest.len()),
            [] => continue,
        };
        let kind = org_policy.data.kind.short();
        let finding = if document.policy().is_some() {
            let what = if before.is_some() && !same_text {
                format!("new text of this {kind}")
            } else {
                kind.to_owned()
            };
            let finding = findings.about(&UNTESTED_GUARDRAIL, org_policy.node);
            if let Some(events) = cx.events {
                judged_by_events(finding, events, org_policy, &denied, &format!("{what} goes to {title}"));
            } else {
                finding.says(format!("{what} goes to {title} without having been on a policy-staging unit"));
            }
            finding
        } else {
            let finding = findings.cannot_tell(&UNTESTED_GUARDRAIL, org_policy.node);
            finding.says(format!(
                "cannot tell whether what this {kind} brings to {title} was on a policy-staging unit"
            ));
            finding.notes.extend(document.doubt());
            finding
        };
        finding.subject(places.join(" "));
        guesses.dedup();
        for guess in guesses {
            finding.rests_on(guess);
        }
        if !cx.config.structure.units.contains_key(&UnitRole::PolicyStaging) {
            finding.rests_on(
                "policy-staging units are known by their names: `[structure.units]` does not list them",
            );
        }
        if denied.is_empty() {
            finding.help("attach the same text to a policy-staging unit first, in a change of its own");
        }
    }
}

/// How many groups of calls are named.
const SHOWN: usize = 5;

/// Says what a policy would have done to calls that were really made.
fn judged_by_events(
    finding: &mut Finding,
    events: &Replayed,
    org_policy: Entity<'_, OrgPolicy>,
    denied: &[(&Broken, u64)],
    what: &str,
) {
    let calls = |count: u64| if count == 1 { "1 call".to_owned() } else { format!("{count} calls") };
    let day = |moment: &str| moment.split('T').next().unwrap_or(moment).to_owned();
    let period = events.period.as_ref();
    let period =
        period.map_or_else(String::new, |(first, last)| format!(" from {} to {}", day(first), day(last)));
    let undecided = events.undecided_by(&org_policy.node.key);
    let total: u64 = denied.iter().map(|(_, count)| count).sum();
    let asked = calls(events.asked());
    if total > 0 {
        finding.severity = Severity::Medium;
        finding.says(format!("{what}: it would have denied {total} of {asked}{period}"));
    } else if undecided.is_empty() {
        finding.says(format!("{what}: it would have denied none of {asked}{period}"));
    } else {
        finding.says(format!("{what}: which of {asked}{period} it would have denied is not decided"));
    }
    for (broken, count) in denied.iter().take(SHOWN) {
        let Broken { principal, account, action, statement, .. } = broken;
        finding.note(format!("{count} × `{action}` by `{principal}` in `{account}`, by `{statement}`"));
    }
    if denied.len() > SHOWN {
        finding.note(format!("and {} more principals and actions", denied.len() - SHOWN));
    }
    for (reason, count) in undecided.into_iter().take(SHOWN) {
        finding.note(format!("not decided for {}: {reason}", calls(count)));
    }
    if let Some((first, _)) = denied.first() {
        finding.help(format!(
            "exempt those that have to go on (`ArnNotLike` on `aws:PrincipalArn`: `{}`), or change what they do",
            first.principal
        ));
    }
}

/// The node on the other side of a target that stands before the plan.
fn counterpart(cx: &Context<'_>, target: NodeId) -> Option<NodeId> {
    let node = cx.after.node(target)?;
    cx.before.find(&node.key)
}

fn is_attached(organization: &Organization, org_policy: NodeId, target: NodeId) -> bool {
    organization.targets_of(org_policy).iter().any(|(at, _)| *at == target)
}

/// Whether a target is the root or production.
fn matters(cx: &Context<'_>, target: NodeId) -> RoleMatch {
    match cx.after.node(target).map(|node| &node.kind) {
        Some(NodeKind::Root) => RoleMatch::Declared,
        // No guardrail binds it.
        Some(NodeKind::Account(account)) if account.management => RoleMatch::No,
        _ => unit_plays(&cx.config.structure, cx.after, target, UnitRole::Production),
    }
}

/// Whether a policy that says the same is on a policy-staging unit before the plan.
fn is_tested(cx: &Context<'_>, org_policy: Entity<'_, OrgPolicy>) -> bool {
    cx.before.org_policies().filter(|other| other.data.kind == org_policy.data.kind).any(|other| {
        let staged = cx.before.targets_of(other.id).into_iter().any(|(target, attachment)| {
            attachment.resolved.modality() == orgward_org::Modality::Must
                && unit_plays(&cx.config.structure, cx.before, target, UnitRole::PolicyStaging).is_yes()
        });
        staged && says_the_same(&other.data.document, &org_policy.data.document)
    })
}

/// Whether two documents say the same for certain.
fn says_the_same(one: &Document, other: &Document) -> bool {
    let (Some(left), Some(right)) = (one.policy(), other.policy()) else { return false };
    one.text.expose() == other.text.expose() || compare(left, right).relation == Relation::Equivalent
}

#[cfg(test)]
mod tests {
    use super::UNTESTED_GUARDRAIL;
    use crate::testing::{messages_with, report};

    #[test]
    fn straight_to_the_root() {
        insta::assert_snapshot!(report(&UNTESTED_GUARDRAIL, "bad-straight-to-the-root"), @"
        ── info: 1 found (does not block) ──────────────────────────────────────────────

        untested-guardrail · likely

          × aws_organizations_policy.stay: SCP goes to `Root` without having been on a policy-staging unit
          rests on: policy-staging units are known by their names: `[structure.units]` does not list them
          help: attach the same text to a policy-staging unit first, in a change of its own

        not blocked: 1 finding (1 info new)
        reviewed bad-straight-to-the-root.json: 3 accounts, 0 principals, 1 policy
        `orgward rules untested-guardrail` explains the first one
        ");
    }

    #[test]
    fn changed_in_production() {
        insta::assert_snapshot!(report(&UNTESTED_GUARDRAIL, "bad-changed-in-production"), @"
        ── info: 1 found (does not block) ──────────────────────────────────────────────

        untested-guardrail · likely

          × aws_organizations_policy.stay: new text of this SCP goes to `Root/prod` without having been on a
          │ policy-staging unit
          rests on: `Root/prod` is taken for a production unit by its name; `[structure.units]` in
                    `orgward.toml` tells for certain
          rests on: policy-staging units are known by their names: `[structure.units]` does not list them
          help: attach the same text to a policy-staging unit first, in a change of its own

        not blocked: 1 finding (1 info new)
        reviewed bad-changed-in-production.json: 3 accounts, 0 principals, 1 policy
        `orgward rules untested-guardrail` explains the first one
        ");
    }

    #[test]
    fn a_unit_that_is_not_for_staging_does_not_count() {
        let config = "[structure.units]\npolicy-staging = ['Root/Elsewhere']";
        assert_eq!(messages_with(&UNTESTED_GUARDRAIL, "good-staged-before", config).len(), 1);
    }

    #[test]
    fn production_is_what_the_configuration_says() {
        let config = "[structure.units]\nproduction = ['Root/Shops']";
        assert!(messages_with(&UNTESTED_GUARDRAIL, "bad-changed-in-production", config).is_empty());
    }
}
