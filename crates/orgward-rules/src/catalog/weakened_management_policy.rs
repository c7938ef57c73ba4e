use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::Severity;
use orgward_org::{EffectivePolicy, Entity, Looser, OrgPolicy, PolicyChain, PolicyType, Weight};
use orgward_proof::org_policies::{account_label, ends};

use crate::controls::severity;
use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for management policies that are less strict after the plan: declarative policies of EC2, tag, backup and
    /// AI opt-out policies, policies of chat applications, Security Hub, Inspector, Bedrock, S3 and upgrade rollout.
    ///
    /// ## Why is this bad?
    ///
    /// These policies say what is set in every account: that images are not shared with the public, that there are
    /// backups, that AI services do not use content. A policy that is detached, a type that is turned off, or a unit
    /// that assigns another value, changes all accounts below it at once.
    ///
    /// What is in effect in each account is computed along the tree by AWS's operators (`@@assign`, `@@append`,
    /// `@@remove`, `@@operators_allowed_for_child_policies`) and compared before and after. What a policy above forbids to
    /// override stays as it is; the attempt is told.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_organizations_policy" "images" {
    ///   type    = "DECLARATIVE_POLICY_EC2"
    ///   content = jsonencode({ ec2_attributes = { image_block_public_access = { state = { "@@assign" = "unblocked" } } } })
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_organizations_policy" "images" {
    ///   type    = "DECLARATIVE_POLICY_EC2"
    ///   content = jsonencode({ ec2_attributes = { image_block_public_access = { state = { "@@assign" = "block_new_sharing" } } } })
    /// }
    /// ```
    ///
    /// ## When it cannot tell
    ///
    /// A document or its target is unknown until apply.
    pub(crate) static WEAKENED_MANAGEMENT_POLICY = {
        id: "weakened-management-policy",
        summary: "what a management policy sets in accounts is less strict than before",
        severity: Severity::Medium,
        unverifiable: Severity::Medium,
        check: check,
    }
}

/// What becomes of a policy in some accounts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Looser(Vec<Looser>),
    Refused(Vec<String>),
    Undecided(Vec<String>),
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if cx.after.is_dissolved() || std::ptr::eq(cx.before, cx.after) {
        return;
    }
    let named = |policy: Entity<'_, OrgPolicy>| match &policy.data.kind {
        PolicyType::Other(name) => Some(name.clone()),
        _ => None,
    };
    let types: BTreeSet<String> =
        cx.before.org_policies().chain(cx.after.org_policies()).filter_map(named).collect();
    for name in types {
        of_type(cx, &name, findings);
    }
}

fn of_type(cx: &Context<'_>, name: &str, findings: &mut Findings) {
    let kind = PolicyType::Other(name.to_owned());
    let mut changes: BTreeMap<(Change, String), (Option<orgward_plan::Address>, BTreeSet<String>)> =
        BTreeMap::new();
    let mut decided: BTreeMap<_, Vec<Change>> = BTreeMap::new();
    for (id, node) in ends(cx.before) {
        let Some(after_id) = cx.after.find(&node.key) else { continue };
        let (before, after) = (cx.before.policy_chain(id, &kind), cx.after.policy_chain(after_id, &kind));
        let alike = (before.signature(), after.signature());
        let found = decided.entry(alike).or_insert_with(|| compare(&before, &after, name));
        for change in &*found {
            let (address, policy) = culprit(cx, &before, &after);
            let entry = changes.entry((change.clone(), policy)).or_default();
            entry.0 = address;
            entry.1.extend(account_label(cx.after, after_id).or_else(|| Some(cx.after.path(after_id))));
        }
    }
    for ((change, policy), (address, accounts)) in changes {
        let finding = findings.report(&WEAKENED_MANAGEMENT_POLICY, address.as_ref());
        finding.accounts(accounts.iter().cloned());
        match change {
            Change::Looser(looser) => {
                let weight = looser.iter().map(|it| it.weight).max().unwrap_or(Weight::Medium);
                finding.severity = severity(weight);
                let settings: Vec<&str> = looser.iter().map(|it| it.setting.as_str()).collect();
                finding.subject(format!("{name} {}", settings.join(" ")));
                let first = looser.first().map(|it| format!("`{}` is {}", it.setting, it.says));
                let more = looser.len().saturating_sub(1);
                let more = if more > 0 {
                    format!(", and {more} more settings are less strict")
                } else {
                    String::new()
                };
                finding.says(format!("{}{more}", first.unwrap_or_default()));
                finding.note(format!("the policy is `{policy}`, of type {name}"));
                for it in looser.iter().skip(1) {
                    finding.note(format!("`{}` is {}", it.setting, it.says));
                }
                finding.help("keep the setting, or forbid policies further down to change it");
            }
            Change::Refused(settings) => {
                finding.severity = Severity::Low;
                finding.subject(format!("{name} refused {}", settings.join(" ")));
                finding.says(format!(
                    "a policy above forbids to override `{}`: it does not act",
                    settings.join("`, `")
                ));
                finding.help("remove the override, or allow it in the policy above");
            }
            Change::Undecided(reasons) => {
                finding.verdict = orgward_finding::Verdict::Unverifiable;
                finding.severity = WEAKENED_MANAGEMENT_POLICY.info.unverifiable;
                finding.subject(format!("{name} undecided"));
                finding.says(format!("undecided: what policies of type {name} set after {}", cx.actor()));
                for reason in reasons {
                    finding.note(reason);
                }
                finding.help("give the configuration with `--source`, or write the document out");
            }
        }
    }
}

fn compare(before: &PolicyChain<'_>, after: &PolicyChain<'_>, name: &str) -> Vec<Change> {
    let (old, new) = (EffectivePolicy::of(before), EffectivePolicy::of(after));
    let mut changes = Vec::new();
    if old.is_empty() && new.is_empty() {
        return changes;
    }
    let looser = old.looser(&new, name);
    // What may be attached further down counts where it may.
    let known: BTreeSet<&str> = old.possible().map(|(why, _)| why).collect();
    let mut loose: Vec<String> = Vec::new();
    for (why, policy) in new.possible().filter(|(why, _)| !known.contains(why)) {
        if !old.looser(&new.with(policy), name).is_empty() {
            loose.push(why.to_owned());
        }
    }
    if looser.is_empty() && !loose.is_empty() {
        changes.push(Change::Undecided(loose));
    }
    if new.unknown().iter().any(|why| !old.unknown().contains(why)) {
        if !looser.is_empty() {
            changes.push(Change::Undecided(new.unknown().to_vec()));
        }
    } else if !looser.is_empty() {
        changes.push(Change::Looser(looser));
    }
    let known: BTreeSet<_> = old.refused().map(|(_, setting)| setting.to_owned()).collect();
    let refused: Vec<String> =
        new.refused().map(|(_, setting)| setting.to_owned()).filter(|it| !known.contains(it)).collect();
    if !refused.is_empty() {
        changes.push(Change::Refused(refused));
    }
    changes
}

/// The policy that changes what is in effect: one that differs or is gone, else one that is new.
fn culprit(
    cx: &Context<'_>,
    before: &PolicyChain<'_>,
    after: &PolicyChain<'_>,
) -> (Option<orgward_plan::Address>, String) {
    let attached = |chain: &PolicyChain<'_>| -> Vec<_> {
        let all = chain.levels.iter().flat_map(|level| &level.attached);
        all.map(|it| (it.org_policy.node.key.clone(), it.org_policy.data.document.text.expose().to_owned()))
            .collect()
    };
    let (old, new) = (attached(before), attached(after));
    let gone = old.iter().find(|one| !new.contains(one));
    let found = gone.or_else(|| new.iter().find(|one| !old.contains(one))).or_else(|| old.first());
    let Some((key, _)) = found else { return (None, String::new()) };
    let node = |side: &orgward_org::Organization| side.find(key).and_then(|id| side.node(id)).cloned();
    let node = node(cx.after).or_else(|| node(cx.before));
    let title = node.as_ref().map(orgward_org::Node::title).unwrap_or_default();
    (node.and_then(|node| node.address), title)
}
