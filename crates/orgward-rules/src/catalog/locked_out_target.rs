use std::collections::BTreeSet;

use orgward_finding::{Severity, Verdict};
use orgward_iam::{AccessLevel, Catalogue, Effect, Policy, RequestSet, Spanned, Statement};
use orgward_org::{Account, Entity, Modality, NodeId, NodeKind, OrgPolicy, PolicyChain, PolicyType};

use crate::engine::rule;
use crate::{Context, Findings};
use orgward_org::{RoleMatch, UnitRole, unit_plays};
use orgward_proof::chains::{Difference, in_words, is_everything, passing, restricted, standing};
use orgward_proof::org_policies::{account_label, source};
use orgward_proof::org_policies::{denials, statement_key, statement_title};

rule! {
    /// Checks for levels of the tree at which no service control policy allows anything.
    ///
    /// ## Why is this bad?
    ///
    /// A request needs an allow at every level between the root and the account. AWS attaches `FullAWSAccess`
    /// everywhere for that reason; a level from which it is detached, and at which nothing takes its place, denies
    /// everything to everybody below, silently and at once.
    ///
    /// It is decided, not counted: a list whose condition never holds allows nothing either, and nor do two levels of
    /// which one allows what the other leaves out.
    ///
    /// ## Example
    ///
    /// Removing
    ///
    /// ```hcl
    /// resource "aws_organizations_policy_attachment" "full_access" {
    ///   policy_id = "p-FullAWSAccess"
    ///   target_id = aws_organizations_organizational_unit.workloads.id
    /// }
    /// ```
    ///
    /// Use instead an allow-list that is attached before `FullAWSAccess` goes:
    ///
    /// ```hcl
    /// resource "aws_organizations_policy_attachment" "allow_list" {
    ///   policy_id = aws_organizations_policy.allow_list.id
    ///   target_id = aws_organizations_organizational_unit.workloads.id
    /// }
    /// ```
    pub(crate) static LOCKED_OUT_TARGET = {
        id: "locked-out-target",
        summary: "no service control policy allows anything here, so everything below is denied",
        severity: Severity::Critical,
        unverifiable: Severity::Medium,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let kind = PolicyType::ServiceControl;
    if cx.after.is_enabled(&kind) == Some(false) {
        return;
    }
    let mut closed = BTreeSet::new();
    for (id, node) in cx.after.nodes() {
        if cx.after.is_enabled_at(id, &kind) == Some(false) {
            continue;
        }
        match &node.kind {
            NodeKind::Root | NodeKind::Unit => {}
            NodeKind::Account(account) if account.member && !account.management => {}
            _ => continue,
        }
        let (unknown, dead) = match level(cx, id) {
            Level::Open => continue,
            Level::Closed(dead) => (Vec::new(), dead),
            Level::Unknown(reasons) => (reasons, Vec::new()),
        };
        closed.insert(id);
        let below = cx.after.accounts_below(id);
        let accounts = below.iter().filter_map(|account| account_label(cx.after, account.id));
        let finding = if unknown.is_empty() {
            findings.about(&LOCKED_OUT_TARGET, node)
        } else {
            let finding = findings.cannot_tell(&LOCKED_OUT_TARGET, node);
            finding.says("cannot tell whether any service control policy allows anything here");
            finding.notes.extend(unknown);
            finding
        };
        finding.target(cx.after.path(id)).accounts(accounts);
        finding.help("attach `p-FullAWSAccess`, or an allow-list that takes its place");
        for (org_policy, statement) in dead {
            let span = statement.effect.span.clone();
            finding.show(&source(&org_policy.data.document), span, "never matches a request");
        }
    }
    without_overlap(cx, &closed, findings);
    denied_outright(cx, findings);
}

/// Reports statements that deny everything to accounts that are in use, as if no policy allowed anything. Units for
/// suspended accounts are there for that.
fn denied_outright(cx: &Context<'_>, findings: &mut Findings) {
    for guardrail in cx.after.org_policies().filter(|it| it.data.kind == PolicyType::ServiceControl) {
        let Some(policy) = guardrail.data.document.policy() else { continue };
        for (index, statement) in denials(guardrail).filter(|(_, it)| denies_everything(policy, it)) {
            for (target, attachment) in cx.after.targets_of(guardrail.id) {
                let is_used = |account: &Entity<'_, Account>| {
                    account.member
                        && !account.management
                        && unit_plays(&cx.config.structure, cx.after, account.id, UnitRole::Suspended)
                            == RoleMatch::No
                };
                let below = cx.after.accounts_below(target);
                let used: Vec<_> = below.into_iter().filter(is_used).collect();
                if used.is_empty() {
                    continue;
                }
                let is_certain = attachment.resolved.modality() == Modality::Must;
                let document = &guardrail.data.document;
                let finding = findings.about(&LOCKED_OUT_TARGET, guardrail.node);
                finding.severity = Severity::High;
                let path = cx.after.path(target);
                finding.subject(format!("denied outright {path} {}", statement_key(document, statement)));
                let title = statement_title(index, statement, document.text.is_sensitive());
                finding.says(format!("statement {title} denies everything to every principal below {path}"));
                if !is_certain {
                    finding.verdict = Verdict::Unverifiable;
                    finding.severity = LOCKED_OUT_TARGET.info.unverifiable;
                    finding.says(format!(
                        "undecided: statement {title} denies everything, and may be attached to {path}"
                    ));
                    finding.note(format!(
                        "where `{}` is attached is unknown until apply",
                        guardrail.node.title()
                    ));
                }
                finding.accounts(used.iter().filter_map(|account| account_label(cx.after, account.id)));
                finding.target(path);
                finding.show(&source(document), statement.effect.span.clone(), "whatever the request");
                finding
                    .help("add a condition or name actions, or attach it to a unit for suspended accounts");
            }
        }
    }
}

/// Whether a denial is about every resource and every action that changes something, on no condition that spares anyone.
fn denies_everything(policy: &Policy, statement: &Statement) -> bool {
    let is_all = |not: bool, patterns: &[Spanned<String>]| !not && patterns.iter().any(|it| it.value == "*");
    if !statement.resources.as_ref().is_none_or(|it| is_all(it.not, &it.patterns)) {
        return false;
    }
    let actions = &statement.actions;
    if is_all(actions.not, &actions.patterns) {
        // A condition that every principal meets spares none.
        let spared = || RequestSet::bound().minus(RequestSet::matched(policy, statement));
        return statement.is_unconditional() || spared().emptiness() == Ok(true);
    }
    // Who may only look is locked out.
    let is_harmless = |pattern: &Spanned<String>| {
        let mut listed = Catalogue::get().actions_matching(&pattern.value).peekable();
        listed.peek().is_some() && listed.all(|action| action.level() <= AccessLevel::Read)
    };
    actions.not && statement.is_unconditional() && actions.patterns.iter().all(is_harmless)
}

/// What a level of the tree allows.
enum Level<'o> {
    /// Something, for certain.
    Open,
    /// Nothing: these statements allow, and never match.
    Closed(Vec<(Entity<'o, OrgPolicy>, &'o Statement)>),
    /// It cannot be told.
    Unknown(Vec<String>),
}

fn level<'o>(cx: &Context<'o>, id: NodeId) -> Level<'o> {
    let kind = PolicyType::ServiceControl;
    let (mut unknown, mut dead) = (Vec::new(), Vec::new());
    for (org_policy, attachment) in cx.after.attached_to(id) {
        if org_policy.data.kind != kind && org_policy.data.kind != PolicyType::Unknown {
            continue;
        }
        let Some(policy) = org_policy.data.document.policy() else {
            unknown.extend(org_policy.data.document.doubt());
            continue;
        };
        let mut allows = false;
        for statement in policy.statements.iter().filter(|it| it.effect.value == Effect::Allow) {
            if is_everything(statement) {
                allows = true;
                break;
            }
            match PolicyChain::bound(&kind).and(RequestSet::matched(policy, statement)).emptiness() {
                Ok(false) => {
                    allows = true;
                    break;
                }
                Ok(true) => dead.push((org_policy, statement)),
                Err(reason) => unknown.push(reason),
            }
        }
        if allows && attachment.resolved.modality() == Modality::Must {
            return Level::Open;
        }
        if allows {
            unknown.push(format!("`{}` may or may not be attached here", org_policy.node.title()));
        }
    }
    let unresolved_targets = cx.after.loose_attachments().iter();
    unknown.extend(
        unresolved_targets.map(|it| format!("what `{}` attaches to is unknown until apply", it.address)),
    );
    if unknown.is_empty() { Level::Closed(dead) } else { Level::Unknown(unknown) }
}

/// Reports accounts above which every level allows something, and no request is allowed by all of them.
fn without_overlap(cx: &Context<'_>, closed: &BTreeSet<NodeId>, findings: &mut Findings) {
    let kind = PolicyType::ServiceControl;
    let is_list = |org_policy: &Entity<'_, OrgPolicy>| {
        let statements = org_policy.data.document.policy().map_or(&[][..], |policy| &policy.statements);
        let mut allowing = statements.iter().filter(|it| it.effect.value == Effect::Allow).peekable();
        allowing.peek().is_some() && !allowing.any(is_everything)
    };
    // One list overlaps with itself.
    if cx.after.org_policies().filter(is_list).nth(1).is_none() {
        return;
    }
    for group in standing(cx.after, &kind) {
        let chain = &group.chain;
        let lists = restricted(chain);
        let is_told = chain.levels.iter().any(|level| closed.contains(&level.id));
        if lists.len() < 2 || is_told {
            continue;
        }
        let shared =
            lists.iter().fold(RequestSet::everything(), |all, (_, left_out)| all.minus(left_out.clone()));
        if !PolicyChain::bound(&kind).and(shared).is_empty() {
            continue;
        }
        let lowest = lists.last().and_then(|(at, _)| chain.levels.get(*at));
        let Some((level, node)) = lowest.and_then(|level| Some((level, cx.after.node(level.id)?))) else {
            continue;
        };
        let finding = findings.about(&LOCKED_OUT_TARGET, node);
        finding.subject("no overlap").target(cx.after.path(level.id));
        finding.accounts(group.members.iter().filter_map(|id| account_label(cx.after, *id)));
        finding
            .says("no request is allowed at this level and at those above it, so everything below is denied");
        for (at, left_out) in &lists {
            let Some(level) = chain.levels.get(*at) else { continue };
            if let Difference::Some(passing) = passing(&PolicyChain::bound(&kind).minus(left_out.clone())) {
                let what = in_words(&passing.action_set, &passing.example);
                finding.note(format!("{} allows {what}", cx.after.path(level.id)));
            }
        }
        finding.help(
            "allow at every level what the accounts below need: an allow-list further down never widens",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::LOCKED_OUT_TARGET;
    use crate::testing::{findings_with_document, report};

    /// A denial of everything on no condition is as if no policy allowed anything.
    #[test]
    fn everything_is_denied_to_accounts_in_use() {
        let found = |condition: &str| -> Vec<String> {
            let document = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Stop","Effect":"Deny","Action":"*","Resource":"*"{condition}}}]}}"#
            );
            let fixture = ("inert-guardrail", "good-attached");
            let findings = findings_with_document(&LOCKED_OUT_TARGET, fixture, ("content", &document));
            findings.into_iter().map(|finding| finding.message).collect()
        };
        assert!(found("").iter().any(|message| message.contains("`Stop` denies everything")));
        assert_eq!(found(r#","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}"#), [""; 0]);
    }

    #[test]
    fn full_access_detached() {
        insta::assert_snapshot!(report(&LOCKED_OUT_TARGET, "bad-full-access-detached"), @"
        ── critical: 1 found ───────────────────────────────────────────────────────────

        locked-out-target

          × aws_organizations_organizational_unit.runtime: no service control policy allows anything here,
          │ so everything below is denied
          target: Root/runtime
          account: 222222222222
          help: attach `p-FullAWSAccess`, or an allow-list that takes its place

        blocked: 1 critical finding is new
        reviewed bad-full-access-detached.json: 2 accounts, 0 principals, 0 policies
        `orgward rules locked-out-target` explains the first one
        ");
    }

    #[test]
    fn a_list_that_never_matches_allows_nothing() {
        insta::assert_snapshot!(report(&LOCKED_OUT_TARGET, "bad-list-that-never-matches"), @r#"
        ── critical: 1 found ───────────────────────────────────────────────────────────

        locked-out-target

          × aws_organizations_organizational_unit.vault: no service control policy allows anything here, so
          │ everything below is denied
            ╭─[aws_organizations_policy.storage.content:10:17]
          8 │         }
          9 │       },
         10 │       "Effect": "Allow",
            ·                 ───┬───
            ·                    ╰── never matches a request
         11 │       "Resource": "*",
         12 │       "Sid": "Only"
            ╰────
          target: Root/vault
          account: 222222222222
          help: attach `p-FullAWSAccess`, or an allow-list that takes its place

        blocked: 1 critical finding is new
        reviewed bad-list-that-never-matches.json: 2 accounts, 0 principals, 1 policy
        `orgward rules locked-out-target` explains the first one
        "#);
    }

    #[test]
    fn lists_of_two_levels_have_nothing_in_common() {
        insta::assert_snapshot!(report(&LOCKED_OUT_TARGET, "bad-lists-without-overlap"), @"
        ── critical: 1 found ───────────────────────────────────────────────────────────

        locked-out-target

          × aws_organizations_organizational_unit.vault: no request is allowed at this level and at those
          │ above it, so everything below is denied
          target: Root/workloads/vault
          account: 222222222222
          note: Root/workloads allows all of `ec2`
          note: Root/workloads/vault allows all of `s3`
          help: allow at every level what the accounts below need: an allow-list further down never widens

        blocked: 1 critical finding is new
        reviewed bad-lists-without-overlap.json: 2 accounts, 0 principals, 2 policies
        `orgward rules locked-out-target` explains the first one
        ");
    }
}
