use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Severity, Verdict};
use orgward_iam::{Effect, RequestSet, Statement};
use orgward_org::{Entity, Modality, NodeId, NodeKind, OrgPolicy, PolicyChain, PolicyType};

use crate::engine::rule;
use crate::{Context, Findings};
use orgward_org::{RoleMatch, UnitRole, unit_plays};
use orgward_proof::chains::{
    Assumptions, Difference, in_words, is_everything, passing, restricted, standing,
};
use orgward_proof::org_policies::{account_label, source};
use orgward_proof::org_policies::{denials, statement_key, statement_title};
use orgward_proof::outright::{Held, Remainder, denials_of, names_nearly_all, remainder};

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
    /// Denials are asked the same question: whether any request of the accounts below is left, in whatever words the
    /// statements say it. What leaves a handful of actions, reading, or single principals that a condition exempts is
    /// reported with what it leaves; units for suspended accounts are there for that.
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
    denied_outright(cx, &closed, findings);
}

/// Reports denials of everything to accounts that are in use, as if no policy allowed anything. Units for suspended
/// accounts are there for that.
fn denied_outright(cx: &Context<'_>, closed: &BTreeSet<NodeId>, findings: &mut Findings) {
    let kind = PolicyType::ServiceControl;
    let texts = || {
        let all = cx.after.org_policies().filter(|it| it.data.kind == kind);
        all.filter_map(|it| it.data.document.policy())
    };
    let named: Vec<Held<'_>> = texts().flat_map(denials_of).collect();
    if !names_nearly_all(&named) {
        return;
    }
    let mut found: BTreeMap<Outright, BTreeSet<NodeId>> = BTreeMap::new();
    for group in standing(cx.after, &kind) {
        let is_used = |id: &NodeId| {
            let account = cx.after.account(*id);
            account.is_some_and(|it| it.member && !it.management)
                && unit_plays(&cx.config.structure, cx.after, *id, UnitRole::Suspended) == RoleMatch::No
        };
        let used: Vec<NodeId> = group.members.iter().copied().filter(is_used).collect();
        let Some(&first) = used.first() else { continue };
        let chain = &group.chain;
        let assumptions = Assumptions::of(&kind, cx.after, cx.after.symbolic_account_id(first), &[chain]);
        let requests = assumptions.requests();
        let mut is_locked = chain.levels.iter().any(|level| closed.contains(&level.id));
        for level in &chain.levels {
            for attached in level.attached.iter().filter(|it| it.org_policy.data.kind == kind) {
                let is_certain = attached.attachment.resolved.modality() == Modality::Must;
                for (statements, remainder) in locks(attached.org_policy, &requests) {
                    is_locked |= is_certain;
                    let policy = attached.org_policy.id;
                    let outright = Outright { policy, level: level.id, statements, is_certain, remainder };
                    found.entry(outright).or_default().extend(&used);
                }
            }
        }
        if !is_locked {
            denied_together(cx, chain, &requests, &used, findings);
        }
    }
    for (outright, accounts) in found {
        outright.report(cx, &accounts, findings);
    }
}

/// The statements of a policy that deny everything, one by one or else together, with what they leave.
fn locks(org_policy: Entity<'_, OrgPolicy>, requests: &RequestSet<'_>) -> Vec<(Vec<usize>, Remainder)> {
    let Some(policy) = org_policy.data.document.policy() else { return Vec::new() };
    let all: Vec<_> = denials(org_policy).collect();
    let held = |statement| (policy, statement);
    let alone: Vec<_> = all
        .iter()
        .filter_map(|(index, statement)| Some((vec![*index], remainder(&[held(*statement)], requests)?)))
        .collect();
    if !alone.is_empty() || all.len() < 2 {
        return alone;
    }
    let together: Vec<Held<'_>> = all.iter().map(|(_, statement)| held(*statement)).collect();
    let indexes = all.iter().map(|(index, _)| *index).collect();
    remainder(&together, requests).map(|remainder| (indexes, remainder)).into_iter().collect()
}

/// A policy that denies everything at a level.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Outright {
    level: NodeId,
    policy: NodeId,
    statements: Vec<usize>,
    is_certain: bool,
    remainder: Remainder,
}

impl Outright {
    fn report(self, cx: &Context<'_>, accounts: &BTreeSet<NodeId>, findings: &mut Findings) {
        let Some(org_policy) = cx.after.org_policy(self.policy) else { return };
        let document = &org_policy.data.document;
        let statements: Vec<_> =
            denials(org_policy).filter(|(index, _)| self.statements.contains(index)).collect();
        let finding = findings.about(&LOCKED_OUT_TARGET, org_policy.node);
        finding.severity =
            if self.remainder.principals.is_empty() { Severity::High } else { Severity::Medium };
        let path = cx.after.path(self.level);
        let keys: Vec<_> = statements.iter().map(|(_, it)| statement_key(document, it)).collect();
        finding.subject(format!("denied outright {path} {}", keys.join(" ")));
        let is_hidden = document.text.is_sensitive();
        let what = match statements.as_slice() {
            [(index, statement)] => {
                format!("statement {} denies", statement_title(*index, statement, is_hidden))
            }
            _ => "its statements together deny".to_owned(),
        };
        let everything = everything_but(&self.remainder, is_hidden);
        finding.says(format!("{what} {everything} below {path}"));
        if !self.is_certain {
            finding.verdict = Verdict::Unverifiable;
            finding.severity = LOCKED_OUT_TARGET.info.unverifiable;
            finding.says(format!("undecided: {what} {everything}, and may be attached to {path}"));
            finding.note(format!("where `{}` is attached is unknown until apply", org_policy.node.title()));
        }
        finding.accounts(accounts.iter().filter_map(|account| account_label(cx.after, *account)));
        finding.target(path);
        for (_, statement) in statements {
            finding.show(&source(document), statement.effect.span.clone(), "whatever the request");
        }
        finding.help("add a condition or name actions, or attach it to a unit for suspended accounts");
    }
}

/// What is denied and to whom, in words.
fn everything_but(remainder: &Remainder, is_hidden: bool) -> String {
    let mut spared: Vec<String> = remainder.actions.iter().map(|action| format!("`{action}`")).collect();
    if remainder.reads {
        spared.push("reading".to_owned());
    }
    let but = if spared.is_empty() { String::new() } else { format!(" but {}", spared.join(", ")) };
    let exempt: Vec<&str> = remainder.principals.iter().map(String::as_str).collect();
    let who = match exempt.as_slice() {
        [] => "every principal".to_owned(),
        _ if is_hidden => "every principal that it does not exempt".to_owned(),
        exempt => format!("every principal but {}", exempt.join(", ")),
    };
    format!("everything{but} to {who}")
}

/// Reports accounts to which the policies above deny everything only together.
fn denied_together(
    cx: &Context<'_>,
    chain: &PolicyChain<'_>,
    requests: &RequestSet<'_>,
    used: &[NodeId],
    findings: &mut Findings,
) {
    let texts = chain.certain().filter(|(_, it)| it.data.kind == PolicyType::ServiceControl);
    let denying: Vec<_> = texts.filter(|(_, it)| denials(*it).next().is_some()).collect();
    let held: Vec<Held<'_>> =
        denying.iter().filter_map(|(_, it)| it.data.document.policy()).flat_map(denials_of).collect();
    let Some(remainder) = remainder(&held, requests) else { return };
    let Some((level, node)) = denying.last().and_then(|(level, _)| Some((*level, cx.after.node(*level)?)))
    else {
        return;
    };
    let is_hidden = denying.iter().any(|(_, it)| it.data.document.text.is_sensitive());
    let finding = findings.about(&LOCKED_OUT_TARGET, node);
    finding.severity = if remainder.principals.is_empty() { Severity::High } else { Severity::Medium };
    let path = cx.after.path(level);
    let place = chain.levels.iter().rev().nth(1).map(|above| cx.after.path(above.id)).unwrap_or_default();
    finding.subject(format!("denied together {place}")).target(path.clone());
    finding.accounts(used.iter().filter_map(|account| account_label(cx.after, *account)));
    let everything = everything_but(&remainder, is_hidden);
    finding.says(format!("the policies at this level and above together deny {everything} below {path}"));
    for (level, org_policy) in &denying {
        finding.note(format!("`{}` is attached to {}", org_policy.node.title(), cx.after.path(*level)));
    }
    finding.help("add a condition to one of them or name actions, or detach one of them");
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
    use crate::testing::{findings_with_document, fixtures, report, review_text};

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

    /// The question is what is left, not how the denial is written.
    #[test]
    fn everything_is_denied_in_other_words() {
        let found = |statements: &str| -> Vec<String> {
            let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
            let fixture = ("inert-guardrail", "good-attached");
            let findings = findings_with_document(&LOCKED_OUT_TARGET, fixture, ("content", &document));
            findings.into_iter().map(|it| format!("{}: {}", it.severity.as_str(), it.message)).collect()
        };
        let denial = |rest: &str| format!(r#"{{"Sid":"Stop","Effect":"Deny",{rest}}}"#);
        // All services of the catalogue, in two halves.
        let services: Vec<String> =
            orgward_iam::Catalogue::get().services().map(|it| format!(r#""{}:*""#, it.prefix())).collect();
        let (some, others) = services.split_at(services.len() / 2);
        let of = |condition: &str| denial(&format!(r#""Action":"*","Resource":"*","Condition":{condition}"#));
        let whole = "high: statement `Stop` denies everything to every principal below Root/runtime";
        for statement in [
            denial(r#""NotAction":"nothing:Uses","Resource":"*""#),
            denial(&format!(r#""Action":[{}],"Resource":"*""#, services.join(","))),
            denial(r#""Action":"*:*","Resource":"*""#),
            denial(r#""Action":"*","Resource":"arn:*""#),
            of(r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:*"}}"#),
            of(r#"{"Null":{"aws:PrincipalArn":"false"}}"#),
            of(r#"{"Bool":{"aws:SecureTransport":"true"}}"#),
            of(r#"{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}"#),
        ] {
            assert_eq!(found(&statement), [whole], "{statement}");
        }
        let halves = format!(
            "{},{}",
            denial(&format!(r#""Action":[{}],"Resource":"*""#, some.join(","))),
            denial(&format!(r#""Action":[{}],"Resource":"*""#, others.join(","))).replace("Stop", "Rest"),
        );
        for (statements, said) in [
            (halves, "high: its statements together deny everything to every principal below"),
            (
                denial(r#""NotAction":"workmail:CreateUser","Resource":"*""#),
                "high: statement `Stop` denies everything but `workmail:CreateUser` to every principal below",
            ),
            (
                denial(r#""NotAction":["ec2:Describe*","s3:ListAllMyBuckets"],"Resource":"*""#),
                "high: statement `Stop` denies everything but reading to every principal below",
            ),
            (
                of(r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/BreakGlass"}}"#),
                "medium: statement `Stop` denies everything to every principal but `arn:aws:iam::*:role/BreakGlass` below",
            ),
            (
                of(
                    r#"{"ForAllValues:StringLike":{"aws:TagKeys":["dp:*"]},"StringNotEqualsIfExists":{"aws:PrincipalTag/team":"admin"}}"#,
                ),
                "medium: statement `Stop` denies everything to every principal but who has the tag `team` = `admin` below",
            ),
            (of(r#"{"ForAnyValue:StringLike":{"aws:TagKeys":["dp:*"]}}"#), ""),
            (of(r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}"#), ""),
            (of(r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Delivery*"}}"#), ""),
            (of(r#"{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}"#), ""),
            (of(r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#), ""),
            (of(r#"{"Null":{"aws:PrincipalTag/team":"true"}}"#), ""),
            (denial(r#""NotAction":["s3:*","iam:*"],"Resource":"*""#), ""),
        ] {
            let found = found(&statements);
            if said.is_empty() {
                assert_eq!(found, [""; 0], "{statements}");
            } else {
                assert!(
                    matches!(found.as_slice(), [one] if one.starts_with(said)),
                    "{statements}: {found:?}"
                );
            }
        }
    }

    /// Two policies that each deny half of all services leave nothing.
    #[test]
    fn policies_that_deny_everything_together() {
        let services: Vec<String> =
            orgward_iam::Catalogue::get().services().map(|it| format!("{}:*", it.prefix())).collect();
        let found = |first: &[String], second: &[String]| -> Vec<(String, Option<String>)> {
            let text =
                std::fs::read_to_string(fixtures("forgeable-exemption").join("bad-prefix.json")).unwrap();
            let mut plan: serde_json::Value = serde_json::from_str(&text).unwrap();
            let rows = plan["resource_changes"].as_array_mut().unwrap();
            let policy: Vec<serde_json::Value> =
                rows.iter().filter(|row| row["name"] == "keep").cloned().collect();
            rows.retain(|row| row["name"] != "keep");
            for (name, actions) in [("some", first), ("others", second)] {
                for row in &policy {
                    let mut row: serde_json::Value =
                        serde_json::from_str(&row.to_string().replace("keep", name)).unwrap();
                    let document = serde_json::json!({"Version": "2012-10-17", "Statement": [
                        {"Effect": "Deny", "Action": actions, "Resource": "*"}]});
                    for side in ["before", "after"] {
                        if row["change"][side]["content"].is_string() {
                            row["change"][side]["content"] = document.to_string().into();
                        }
                    }
                    rows.push(row);
                }
            }
            let findings = review_text("plan.json", plan.to_string().into_bytes(), "").findings;
            let own = findings.into_iter().filter(|it| it.rule == LOCKED_OUT_TARGET.info.id);
            own.map(|it| (it.message, it.target)).collect()
        };
        let (some, others) = services.split_at(services.len() / 2);
        let told = found(some, others);
        assert!(!told.is_empty());
        for (message, target) in told {
            assert_eq!(
                message,
                "the policies at this level and above together deny everything to every principal below Root"
            );
            assert_eq!(target.as_deref(), Some("Root"));
        }
        assert_eq!(found(some, &["iam:*".to_owned()]), []);
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
