use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Severity, Verdict};
use orgward_iam::Statement;
use orgward_org::{Entity, Guardrail, GuardrailKind, Key, Lineage, NodeId, Organization};
use orgward_plan::Address;

use crate::engine::rule;
use crate::guardrails::{account_label, cover, denials, ends, source, statement_key, statement_title};
use crate::{Context, Findings};

rule! {
    /// Checks for deny statements that bind an account before the plan and do not bind it after.
    ///
    /// ## Why is this bad?
    ///
    /// Existing tools look at what a plan creates. Guardrails disappear by what a plan deletes, moves and changes:
    /// a detached policy, a statement less in its text, an account or unit that moves out from under it, a policy
    /// type that is turned off. A statement that another one covers is not missed; a policy that Terraform forgets,
    /// or deletes with `skip_destroy`, stays attached in AWS.
    ///
    /// The comparison is by statements. What a changed statement lets through, request by request, it does not say.
    ///
    /// ## Example
    ///
    /// Removing
    ///
    /// ```hcl
    /// resource "aws_organizations_policy_attachment" "region_lock" {
    ///   policy_id = aws_organizations_policy.region_lock.id
    ///   target_id = aws_organizations_organizational_unit.runtime.id
    /// }
    /// ```
    ///
    /// Use instead an attachment of what takes its place, in the same plan.
    ///
    /// ## When it cannot tell
    ///
    /// The text or the target of a guardrail is unknown until apply, so that the statement may still be there.
    pub(crate) static GUARDRAIL_REMOVED = {
        id: "guardrail-removed",
        summary: "deny statements no longer bind accounts that they bind today",
        severity: Severity::High,
        unverifiable: Severity::High,
        check: check,
    }
}

/// What takes a statement away from an account.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// The policy type is turned off.
    Disabled(Option<Address>),
    /// The account, or a unit above it, lies elsewhere.
    Moved { what: Key, from: String, to: String },
    /// The guardrail is no longer attached.
    Detached { by: Option<Address>, from: String },
    /// The guardrail says something else.
    Rewritten,
}

/// The statements of one guardrail that one cause takes away.
#[derive(Default)]
struct Loss {
    statements: BTreeSet<usize>,
    accounts: BTreeSet<String>,
    places: BTreeSet<String>,
    doubts: BTreeSet<String>,
}

/// Ends that have the same guardrails before and the same after.
type Pairs<'o> = BTreeMap<
    (Vec<Vec<(NodeId, orgward_org::Modality)>>, Vec<Vec<(NodeId, orgward_org::Modality)>>, Vec<Key>),
    Pair<'o>,
>;

struct Pair<'o> {
    before: Lineage<'o>,
    after: Lineage<'o>,
    members: Vec<(NodeId, NodeId)>,
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for kind in [GuardrailKind::ServiceControl, GuardrailKind::ResourceControl] {
        if cx.before.is_enabled(&kind) == Some(false) {
            continue;
        }
        let mut losses: BTreeMap<(Cause, Key), Loss> = BTreeMap::new();
        for pair in pairs(cx, &kind).into_values() {
            compare(cx, &pair, &mut losses);
        }
        for ((cause, key), loss) in losses {
            report(cx, &kind, &cause, &key, loss, findings);
        }
        windows(cx, &kind, findings);
    }
}

fn pairs<'o>(cx: &Context<'o>, kind: &GuardrailKind) -> Pairs<'o> {
    let mut pairs = Pairs::new();
    for (id, node) in ends(cx.before) {
        // What is closed or removed needs no guardrail.
        let Some(after_id) = cx.after.find(&node.key) else { continue };
        let before = cx.before.lineage(id, kind);
        let after = cx.after.lineage(after_id, kind);
        let path = |organization: &Organization, lineage: &Lineage<'_>| -> Vec<Key> {
            let above = lineage.rungs.split_last().map_or(&[][..], |(_, above)| above);
            above.iter().filter_map(|rung| organization.node(rung.id)).map(|node| node.key.clone()).collect()
        };
        let mut place = path(cx.before, &before);
        place.extend(path(cx.after, &after));
        pairs
            .entry((before.signature(), after.signature(), place))
            .or_insert_with(|| Pair { before, after, members: Vec::new() })
            .members
            .push((id, after_id));
    }
    pairs
}

/// Finds the statements that bind before and do not after.
fn compare(cx: &Context<'_>, pair: &Pair<'_>, losses: &mut BTreeMap<(Cause, Key), Loss>) {
    for (level, guardrail) in pair.before.certain() {
        for (index, statement) in denials(guardrail) {
            if still_stands(pair, guardrail, statement) {
                continue;
            }
            for &(before, after) in &pair.members {
                let cause = cause(cx, pair, level, guardrail, (before, after));
                let loss = losses.entry((cause, guardrail.node.key.clone())).or_default();
                loss.statements.insert(index);
                loss.accounts.extend(account_label(cx.after, after));
                loss.places.insert(cx.before.path(level));
                // What was in doubt before does not explain why a statement is missing now.
                let old = pair.before.doubts();
                loss.doubts.extend(pair.after.doubts().into_iter().filter(|doubt| !old.contains(doubt)));
            }
        }
    }
}

/// Whether the statements that certainly bind afterwards cover this one.
fn still_stands(pair: &Pair<'_>, guardrail: Entity<'_, Guardrail>, statement: &Statement) -> bool {
    let Some(old) = guardrail.data.document.policy() else { return true };
    if pair.after.enabled == Some(false) {
        return false;
    }
    let certain = pair
        .after
        .certain()
        .filter_map(|(_, candidate)| Some((candidate.data.document.policy()?, candidate)));
    let candidates: Vec<_> = certain
        .flat_map(|(new, candidate)| denials(candidate).map(move |(_, statement)| (new, statement)))
        .collect();
    cover(&candidates, statement, old)
}

fn cause(
    cx: &Context<'_>,
    pair: &Pair<'_>,
    level: NodeId,
    guardrail: Entity<'_, Guardrail>,
    member: (NodeId, NodeId),
) -> Cause {
    if pair.after.enabled == Some(false) {
        return Cause::Disabled(cx.after.enabler().or(cx.before.enabler()).cloned());
    }
    let key = |organization: &Organization, id| organization.node(id).map(|node| node.key.clone());
    // The lineage of a group ends in its first member.
    let levels = |lineage: &Lineage<'_>, end: NodeId, organization: &Organization| -> Vec<Key> {
        let above = lineage.rungs.split_last().map_or(&[][..], |(_, above)| above);
        above.iter().map(|rung| rung.id).chain([end]).filter_map(|id| key(organization, id)).collect()
    };
    let before = levels(&pair.before, member.0, cx.before);
    let after = levels(&pair.after, member.1, cx.after);
    let is_end = pair.before.rungs.last().is_some_and(|rung| rung.id == level);
    let level = if is_end { member.0 } else { level };
    let level_key = key(cx.before, level);
    if level_key.as_ref().is_some_and(|level| !after.contains(level)) {
        let parents = |path: &[Key]| -> BTreeMap<Key, Key> {
            path.windows(2).filter_map(|pair| Some((pair.last()?.clone(), pair.first()?.clone()))).collect()
        };
        let (old, new) = (parents(&before), parents(&after));
        let moved = before.iter().rev().find(|step| old.get(*step) != new.get(*step));
        if let Some(what) = moved.filter(|what| after.contains(what)) {
            let path = |organization: &Organization| {
                let id = organization.find(what);
                let parent = id.and_then(|id| organization.parents(id).first().map(|(parent, _)| *parent));
                parent.map_or_else(|| "an unknown place".to_owned(), |parent| organization.path(parent))
            };
            return Cause::Moved { what: what.clone(), from: path(cx.before), to: path(cx.after) };
        }
    }
    let attached_after = level_key.and_then(|level| cx.after.find(&level)).is_some_and(|level| {
        cx.after.attached_to(level).iter().any(|(after, _)| after.node.key == guardrail.node.key)
    });
    if attached_after {
        return Cause::Rewritten;
    }
    let by = cx.before.targets_of(guardrail.id).into_iter().find(|(target, _)| *target == level);
    Cause::Detached {
        by: by.and_then(|(_, attachment)| attachment.address.clone()),
        from: cx.before.path(level),
    }
}

/// Reports attachments that are deleted and then created anew: for a time, nothing is denied.
fn windows(cx: &Context<'_>, kind: &GuardrailKind, findings: &mut Findings) {
    for guardrail in cx.after.guardrails().filter(|guardrail| guardrail.data.kind == *kind) {
        let before = cx.before.find(&guardrail.node.key).and_then(|id| cx.before.guardrail(id));
        if before.is_none_or(|before| denials(before).next().is_none()) {
            continue;
        }
        for (target, attachment) in cx.after.targets_of(guardrail.id) {
            let (true, Some(address)) = (attachment.window, &attachment.address) else { continue };
            let finding = findings.report(&GUARDRAIL_REMOVED, address);
            finding.severity = Severity::Medium;
            finding.subject("window").target(cx.after.path(target));
            finding.says(format!(
                "for a time, `{}` does not bind what lies here: the attachment is deleted and then created anew",
                guardrail.node.title()
            ));
            let accounts = cx.after.accounts_below(target);
            finding.accounts(accounts.iter().filter_map(|account| account_label(cx.after, account.id)));
            finding.help(
                "set `create_before_destroy`, or attach the guardrail at another level for the time being",
            );
        }
    }
}

fn report(
    cx: &Context<'_>,
    kind: &GuardrailKind,
    cause: &Cause,
    key: &Key,
    loss: Loss,
    findings: &mut Findings,
) {
    let Some(guardrail) = cx.before.find(key).and_then(|id| cx.before.guardrail(id)) else { return };
    let name = guardrail.node.title();
    let rewritten = guardrail.node.address.clone();
    let (address, message) = match cause {
        Cause::Disabled(enabler) => (
            enabler.clone(),
            format!("the plan turns {}s off, so `{name}` no longer binds anybody", kind.short()),
        ),
        Cause::Moved { what, from, to } => {
            let address =
                cx.after.find(what).and_then(|id| cx.after.node(id)).and_then(|node| node.address.clone());
            (address, format!("moving it from {from} to {to} takes it out from under `{name}`"))
        }
        Cause::Detached { by, from } => {
            (by.clone(), format!("`{name}` no longer binds what lies in {from}: the plan detaches it"))
        }
        Cause::Rewritten => (rewritten, format!("`{name}` no longer denies what it denies today")),
    };
    let finding = findings.report(&GUARDRAIL_REMOVED, address.as_ref());
    finding.input = guardrail.node.stack.as_deref().map(str::to_owned);
    let document = &guardrail.data.document;
    let statement = |index: &usize| document.policy().and_then(|policy| policy.statements.get(*index));
    let gone = loss.statements.iter().filter_map(statement);
    let mut statements: Vec<String> = gone.map(|statement| statement_key(document, statement)).collect();
    statements.sort();
    let accounts: Vec<&str> = loss.accounts.iter().map(String::as_str).collect();
    finding.subject(format!("{key} {} {}", statements.join(" "), accounts.join(" ")));
    if loss.doubts.is_empty() {
        finding.says(message);
    } else {
        finding.verdict = Verdict::Unverifiable;
        finding.severity = GUARDRAIL_REMOVED.info.unverifiable;
        finding.says(format!("cannot tell whether what `{name}` denies today stays denied"));
        finding.notes.extend(loss.doubts);
    }
    if let Cause::Detached { from, .. } = cause {
        finding.target(from.clone());
    } else if loss.accounts.is_empty() {
        finding.target(loss.places.into_iter().collect::<Vec<_>>().join(", "));
    }
    finding.accounts(loss.accounts);
    finding.help(match cause {
        Cause::Disabled(_) => "keep the type in `enabled_policy_types`: turning it off detaches every policy",
        Cause::Moved { .. } => "attach the same guardrails where it moves to, or do not move it",
        Cause::Detached { .. } => "keep the attachment, or attach what takes its place in the same plan",
        Cause::Rewritten => "keep the statement, or say in the review what takes its place",
    });
    let document = &guardrail.data.document;
    let Some(policy) = document.policy() else { return };
    for &index in loss.statements.iter().take(3) {
        if let Some(statement) = policy.statements.get(index) {
            finding.show(&source(document), statement.effect.span.clone(), "denied today");
        }
    }
    let titles: Vec<String> = loss
        .statements
        .iter()
        .filter_map(|&index| {
            Some(statement_title(index, policy.statements.get(index)?, document.text.is_sensitive()))
        })
        .collect();
    if titles.len() > 3 {
        finding.note(format!("statements: {}", titles.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::GUARDRAIL_REMOVED;
    use crate::testing::report;

    #[test]
    fn detached() {
        insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-detached"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        guardrail-removed

          × aws_organizations_policy_attachment.audit_trail: `audit-trail` no longer binds what lies in
          │ Root/prod: the plan detaches it
            ╭─[aws_organizations_policy.audit_trail.content:8:17]
          6 │         "cloudtrail:StopLogging"
          7 │       ],
          8 │       "Effect": "Deny",
            ·                 ───┬──
            ·                    ╰── denied today
          9 │       "Resource": "*",
         10 │       "Sid": "KeepTheAuditTrail"
            ╰────
          target: Root/prod
          account: 222222222222
          help: keep the attachment, or attach what takes its place in the same plan

        blocked: 1 high finding is new
        reviewed bad-detached.json: 2 accounts, 0 principals, 1 policy
        `orgward rules guardrail-removed` explains the first one
        "#);
    }

    #[test]
    fn moved_account() {
        insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-moved-account"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        guardrail-removed

          × aws_organizations_account.shop: moving it from Root/prod to Root/dev takes it out from under
          │ `audit-trail`
            ╭─[aws_organizations_policy.audit_trail.content:8:17]
          6 │         "cloudtrail:StopLogging"
          7 │       ],
          8 │       "Effect": "Deny",
            ·                 ───┬──
            ·                    ╰── denied today
          9 │       "Resource": "*",
         10 │       "Sid": "KeepTheAuditTrail"
            ╰────
          account: 222222222222
          help: attach the same guardrails where it moves to, or do not move it

        blocked: 1 high finding is new
        reviewed bad-moved-account.json: 2 accounts, 0 principals, 1 policy
        `orgward rules guardrail-removed` explains the first one
        "#);
    }

    #[test]
    fn weaker_text() {
        insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-weaker-text"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        guardrail-removed

          × aws_organizations_policy.audit_trail: `audit-trail` no longer denies what it denies today
            ╭─[aws_organizations_policy.audit_trail.content:14:17]
         12 │         "cloudtrail:StopLogging"
         13 │       ],
         14 │       "Effect": "Deny",
            ·                 ───┬──
            ·                    ╰── denied today
         15 │       "Resource": "*",
         16 │       "Sid": "KeepTheAuditTrail"
            ╰────
          account: 222222222222
          help: keep the statement, or say in the review what takes its place

        blocked: 1 high finding is new
        reviewed bad-weaker-text.json: 2 accounts, 0 principals, 1 policy
        `orgward rules guardrail-removed` explains the first one
        "#);
    }

    #[test]
    fn type_disabled() {
        insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-type-disabled"), @r#"
        ── high: 1 found ───────────────────────────────────────────────────────────────

        guardrail-removed

          × aws_organizations_organization.this: the plan turns SCPs off, so `audit-trail` no longer binds
          │ anybody
            ╭─[aws_organizations_policy.audit_trail.content:8:17]
          6 │         "cloudtrail:StopLogging"
          7 │       ],
          8 │       "Effect": "Deny",
            ·                 ───┬──
            ·                    ╰── denied today
          9 │       "Resource": "*",
         10 │       "Sid": "KeepTheAuditTrail"
            ╰────
          account: 222222222222
          help: keep the type in `enabled_policy_types`: turning it off detaches every policy

        blocked: 1 high finding is new
        reviewed bad-type-disabled.json: 2 accounts, 0 principals, 1 policy
        `orgward rules guardrail-removed` explains the first one
        "#);
    }

    #[test]
    fn replaced_ou() {
        insta::assert_snapshot!(report(&GUARDRAIL_REMOVED, "bad-replaced-ou"), @"
        ── medium: 1 found ─────────────────────────────────────────────────────────────

        guardrail-removed

          × aws_organizations_policy_attachment.audit_trail: for a time, `audit-trail` does not bind what
          │ lies here: the attachment is deleted and then created anew
          target: Root/runtime/prod
          account: 222222222222
          help: set `create_before_destroy`, or attach the guardrail at another level for the time being

        blocked: 1 medium finding is new
        reviewed bad-replaced-ou.json: 2 accounts, 0 principals, 1 policy
        `orgward rules guardrail-removed` explains the first one
        ");
    }
}
