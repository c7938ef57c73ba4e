use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::{Severity, Verdict};
use orgward_iam::{ActionSet, Effect, Request, RequestSet, Statement};
use orgward_org::{Entity, Key, Matcher, Modality, NodeId, OrgPolicy, PolicyChain, PolicyType};

use crate::engine::rule;
use crate::{Context, Findings};
use orgward_proof::Operator;
use orgward_proof::chains::{
    Assumptions, Counterexample, Difference, Standing, in_words, newly_denied, passing, restricted, standing,
};
use orgward_proof::org_policies::{account_label, denials, source, statement_key};
use orgward_proof::region_lock::allowed;
use orgward_proof::required_access::RequiredAccess;

rule! {
    /// Checks for guardrails that deny declared operators what they must be able to do.
    ///
    /// ## Why is this bad?
    ///
    /// A guardrail binds everybody: also the role that delivers, the one that breaks the glass at night, and the one
    /// through which Control Tower works. What it takes away from them is noticed when it is needed, and the role that
    /// could mend it may be the one that is locked out.
    ///
    /// Who must be able to do what is declared in `orgward.toml`:
    ///
    /// ```toml
    /// [[operator]]
    /// name = "delivery"
    /// principals = ["arn:aws:iam::*:role/delivery"]
    /// actions = ["cloudformation:*", "ec2:*", "iam:PassRole"]
    /// targets = ["Root/Workloads/*"]       # everywhere, if it is not there
    /// regions = ["eu-central-1"]           # those that the organization uses, if it is not there
    /// resources = ["*"]
    /// conditions = { Bool = { "aws:SecureTransport" = "true" } }
    /// ```
    ///
    /// The operator must be able to make **every** request that fits this description: any of its principals, any of the
    /// actions, in any of the regions, on any of the resources, whatever else is true of the request. If guardrails deny
    /// one of them, that is found, with the request and the statement that denies it. Where no request for an action is
    /// left, the severity is high; where others for the same action pass, it is medium, and the cure may be to describe
    /// more precisely what the operator does: `resources` that it never touches and `conditions` that always hold for it
    /// are then no reason for a finding. Services that are called through one region, such as IAM, are tried there and
    /// nowhere else; all others in `regions`, so that a region lock is no reason for one either.
    ///
    /// Only guardrails are asked: whether the operator's own policies allow it is another question. In the management
    /// account no service control policy binds, and a finding about it never appears.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Deny", "Action": "iam:*", "Resource": "*" }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```json
    /// { "Effect": "Deny", "Action": "iam:*", "Resource": "*",
    ///   "Condition": { "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/delivery" } } }
    /// ```
    ///
    /// ## When it cannot tell
    ///
    /// A text or a target of a guardrail is unknown until apply, so that the operator may or may not be denied.
    pub(crate) static OPERATOR_LOCKOUT = {
        id: "operator-lockout",
        summary: "guardrail denies an operator what it must be able to do",
        severity: Severity::High,
        unverifiable: Severity::Medium,
        check: check,
    }
}

/// What one statement denies an operator, in all accounts.
struct Denied {
    accounts: BTreeSet<String>,
    places: BTreeSet<String>,
    passing: Counterexample,
    /// Actions of which no request is left, as far as they are listed; and whether unlisted ones are among them.
    altogether: Option<ActionSet>,
}

/// What denies it: a guardrail, its statement, and whether that is new to the accounts.
type Denials = BTreeMap<(Key, usize, bool), Denied>;

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if cx.config.operators.is_empty() {
        return;
    }
    let regions = allowed(cx.regions(), [cx.before, cx.after]);
    let regions: Vec<String> = regions.map(|it| it.regions.into_iter().collect()).unwrap_or_default();
    let mut matcher = Matcher::of(cx.after, &cx.config.structure);
    unmatched(cx, &mut matcher, findings);
    for kind in [PolicyType::ServiceControl, PolicyType::ResourceControl] {
        if cx.after.is_enabled(&kind) == Some(false) {
            continue;
        }
        let groups = standing(cx.after, &kind);
        for operator in &cx.config.operators {
            // The configuration was read with care: what it says can be put as a policy.
            let Ok(needs) = RequiredAccess::of(operator, &regions) else { continue };
            let mut denied = Denials::new();
            for group in &groups {
                let members = group.members.iter().copied();
                // What may be one of its accounts is asked about, too: it must not be denied there.
                let members: Vec<_> =
                    members.filter(|id| matcher.any(&operator.targets, *id, &mut []).is_some()).collect();
                if !members.is_empty() {
                    let group = Standing { chain: group.chain.clone(), members };
                    ask(cx, operator, &needs, &kind, &group, &mut denied, findings);
                }
            }
            for ((key, statement, is_new), denied) in denied {
                report(cx, operator, (&key, statement, is_new), denied, findings);
            }
        }
    }
}

/// Says of targets that match nothing in the inputs that nothing was asked about them.
fn unmatched(cx: &Context<'_>, matcher: &mut Matcher<'_>, findings: &mut Findings) {
    for operator in &cx.config.operators {
        let mut hits = vec![false; operator.targets.len()];
        for account in cx.after.accounts().filter(|account| account.member) {
            matcher.any(&operator.targets, account.id, &mut hits);
        }
        let targets = operator.targets.iter().zip(hits).filter(|(_, hit)| !hit);
        let targets: Vec<String> = targets.map(|(target, _)| format!("`{target}`")).collect();
        if targets.is_empty() {
            continue;
        }
        let finding = findings.report(&OPERATOR_LOCKOUT, None);
        finding.verdict = Verdict::Unverifiable;
        finding.severity = OPERATOR_LOCKOUT.info.unverifiable;
        finding.subject(format!("targets of {} {}", operator.name, targets.join(" ")));
        finding.says(format!(
            "undecided: whether `{}` can work in {}: no account in the inputs matches",
            operator.name,
            targets.join(", ")
        ));
        finding.help("correct the target, or give the state of the organization with `--org`");
    }
}

fn ask(
    cx: &Context<'_>,
    operator: &Operator,
    needs: &RequiredAccess,
    kind: &PolicyType,
    group: &Standing<'_>,
    denied: &mut Denials,
    findings: &mut Findings,
) {
    let chain = &group.chain;
    let first = group.members.first().filter(|id| cx.after.account(**id).is_some());
    let account = first.and_then(|id| cx.after.symbolic_account_id(*id));
    let assumptions = Assumptions::of(kind, cx.after, account, &[chain]);
    let needed = needs.requests().and(assumptions.requests());
    let mut found = false;
    for (org_policy, statement, level, requests) in deniers(chain, kind) {
        let refused = match passing(&needed.clone().and(requests.clone())) {
            Difference::Nothing => continue,
            Difference::Undecided(reason) => {
                cannot_tell(cx, operator, group, vec![reason], findings);
                found = true;
                continue;
            }
            Difference::Some(refused) => refused,
        };
        found = true;
        let left = needed.clone().and(chain.may_pass(kind)).action_set().ok();
        let altogether = left.and_then(|left| without(&refused.action_set, &refused.example, &left));
        for (is_new, members) in by_novelty(cx, kind, group, &needed.clone().and(requests)) {
            let key = (org_policy.node.key.clone(), statement, is_new);
            let entry = denied.entry(key).or_insert_with(|| Denied {
                accounts: BTreeSet::new(),
                places: BTreeSet::new(),
                passing: (*refused).clone(),
                altogether: None,
            });
            entry.altogether = entry.altogether.take().or_else(|| altogether.clone());
            entry.places.insert(cx.after.path(level));
            entry.accounts.extend(members.iter().filter_map(|id| account_label(cx.after, *id)));
        }
    }
    let doubts = chain.doubts();
    if !found && !doubts.is_empty() {
        let may_be_denied = needed.minus(chain.must_pass(kind));
        if !matches!(passing(&may_be_denied), Difference::Nothing) {
            cannot_tell(cx, operator, group, doubts, findings);
        }
    }
}

/// The members of a group to whom it is new that requests are denied, and the others.
fn by_novelty(
    cx: &Context<'_>,
    kind: &PolicyType,
    group: &Standing<'_>,
    requests: &RequestSet<'_>,
) -> BTreeMap<bool, Vec<NodeId>> {
    let mut known = BTreeMap::new();
    let mut split: BTreeMap<bool, Vec<NodeId>> = BTreeMap::new();
    for &member in &group.members {
        let before = cx.after.node(member).and_then(|node| cx.before.find(&node.key));
        let is_new = match before {
            _ if std::ptr::eq(cx.before, cx.after) => false,
            None => true,
            Some(before) => {
                let before = cx.before.policy_chain(before, kind);
                let new = || !newly_denied(requests, &before, kind).is_empty();
                *known.entry(before.signature()).or_insert_with(new)
            }
        };
        split.entry(is_new).or_default().push(member);
    }
    split
}

/// The actions that are refused and of which nothing is left.
fn without(refused: &ActionSet, example: &Request, left: &ActionSet) -> Option<ActionSet> {
    let gone = refused.actions.without(&left.actions);
    let unlisted = refused.unlisted && !left.unlisted;
    let of_no_list = refused.actions.is_empty() && left.examples.is_empty();
    (!gone.is_empty() || unlisted || of_no_list).then(|| ActionSet {
        examples: vec![example.clone()],
        actions: gone,
        unlisted,
    })
}

/// What denies requests for certain: statements, and levels that do not allow them, each with where it is.
fn deniers<'o>(
    chain: &PolicyChain<'o>,
    kind: &PolicyType,
) -> Vec<(Entity<'o, OrgPolicy>, usize, NodeId, RequestSet<'o>)> {
    let mut deniers = Vec::new();
    for (level, org_policy) in chain.certain() {
        let Some(policy) = org_policy.data.document.policy() else { continue };
        for (index, _) in denials(org_policy) {
            let Some(statement) = policy.statements.get(index) else { continue };
            deniers.push((org_policy, index, level, RequestSet::matched(policy, statement)));
        }
    }
    if *kind == PolicyType::ServiceControl {
        for (at, requests) in restricted(chain) {
            let Some(level) = chain.levels.get(at) else { continue };
            let certain =
                level.attached.iter().filter(|it| it.attachment.resolved.modality() == Modality::Must);
            let list = certain.filter_map(|it| {
                let statements = &it.org_policy.data.document.policy()?.statements;
                let allows = |statement: &Statement| statement.effect.value == Effect::Allow;
                Some((it.org_policy, statements.iter().position(allows)?))
            });
            for (org_policy, index) in list.take(1) {
                deniers.push((org_policy, index, level.id, requests.clone()));
            }
        }
    }
    deniers
}

fn report(
    cx: &Context<'_>,
    operator: &Operator,
    (key, index, is_new): (&Key, usize, bool),
    denied: Denied,
    findings: &mut Findings,
) {
    let Some(org_policy) = cx.after.find(key).and_then(|id| cx.after.org_policy(id)) else { return };
    let document = &org_policy.data.document;
    let Some(statement) = document.policy().and_then(|policy| policy.statements.get(index)) else { return };
    let finding = findings.about(&OPERATOR_LOCKOUT, org_policy.node);
    // What is new to some accounts is not what others have had before.
    let new = if is_new { "new " } else { "" };
    finding.subject(format!("{new}{} {}", operator.name, statement_key(document, statement)));
    let is_sensitive = document.text.is_sensitive();
    let name = &operator.name;
    match &denied.altogether {
        _ if is_sensitive => {
            finding.says(format!("denies the operator `{name}` something that it must be able to do"));
        }
        Some(gone) => {
            let what = in_words(gone, &denied.passing.example);
            finding.says(format!("denies the operator `{name}` what it must be able to do: {what}"));
        }
        None => {
            let what = in_words(&denied.passing.action_set, &denied.passing.example);
            finding.severity = Severity::Medium;
            finding.says(format!(
                "denies the operator `{name}` some requests that it must be able to make: {what}"
            ));
        }
    }
    let is_unlisted = denied.passing.is_unlisted;
    if is_unlisted {
        finding.severity = Severity::Low;
        finding
            .note("AWS lists none of these actions for such a resource, so the operator may never need them");
    }
    if denied.accounts.is_empty() {
        finding.target(denied.places.into_iter().collect::<Vec<_>>().join(", "));
    }
    finding.accounts(denied.accounts);
    if !is_sensitive {
        finding.witness(denied.passing.witness());
    }
    let label = match statement.effect.value {
        Effect::Deny => "denies it",
        Effect::Allow => "allows nothing else",
    };
    finding.show(&source(document), statement.effect.span.clone(), label);
    finding.help(match denied.altogether {
        Some(_) => "exempt the operator, or take what it does not need out of its `[[operator]]`",
        None => "exempt the operator, or say in its `[[operator]]` which resources and conditions it needs",
    });
}

fn cannot_tell(
    cx: &Context<'_>,
    operator: &Operator,
    group: &Standing<'_>,
    reasons: Vec<String>,
    findings: &mut Findings,
) {
    let Some(node) = group.members.first().and_then(|id| cx.after.node(*id)) else { return };
    let finding = findings.report(&OPERATOR_LOCKOUT, None);
    finding.verdict = Verdict::Unverifiable;
    finding.severity = OPERATOR_LOCKOUT.info.unverifiable;
    let accounts: Vec<String> = group.members.iter().filter_map(|id| account_label(cx.after, *id)).collect();
    finding.subject(format!("{} {} {}", operator.name, node.key, accounts.join(" ")));
    finding.accounts(accounts);
    let parent = group.members.first().and_then(|id| Some(cx.after.parents(*id).first()?.0));
    finding.target(parent.or(group.members.first().copied()).map(|id| cx.after.path(id)).unwrap_or_default());
    finding.says(format!(
        "cannot tell whether guardrails deny the operator `{}` what it must be able to do",
        operator.name
    ));
    finding.notes.extend(reasons);
}

#[cfg(test)]
mod tests;
