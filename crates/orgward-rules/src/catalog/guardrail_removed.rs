mod report;
mod unread;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use orgward_finding::Severity;
use orgward_iam::RequestSet;
use orgward_org::{Key, NodeId, Organization, PolicyType};

use crate::engine::rule;
use crate::{Context, Findings};
use orgward_proof::chains::{Cause, Counterexample, DenySource, Outcome, Pair, changed, deniers, outcome};
use orgward_proof::org_policies::{account_label, denials};

rule! {
    /// Checks for requests that guardrails deny before the plan and not after it.
    ///
    /// ## Why is this bad?
    ///
    /// Existing tools look at what a plan creates. Guardrails disappear by what a plan deletes, moves and changes:
    /// a detached policy, a statement less in its text, an account or unit that moves out from under it, a policy
    /// type that is turned off, `FullAWSAccess` beside a list of what is allowed.
    ///
    /// It is decided over all requests, account by account, and not by comparing texts. A statement that is written in
    /// other words, split, merged, or denied at another level is not missed as long as the same requests stay denied;
    /// a policy that Terraform forgets, or deletes with `skip_destroy`, stays attached in AWS. Where requests get
    /// through that did not, the finding names the actions and shows one such request, and the statement that denies it
    /// today. Guardrails of the management account bind nobody and are not missed.
    ///
    /// An attachment that is deleted and then created anew leaves a time without protection. That is reported, too, one
    /// step milder.
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
    /// The text or the target of a guardrail is unknown until apply, so that the requests may still be denied; or the
    /// policies are too intricate to be decided, and the statement is not there any more.
    pub(crate) static GUARDRAIL_REMOVED = {
        id: "guardrail-removed",
        summary: "guardrails no longer deny what they deny today",
        severity: Severity::High,
        unverifiable: Severity::High,
        check: check,
    }
}

/// What one cause takes away.
#[derive(Default)]
struct Regression {
    /// The statements that deny it today, by guardrail.
    statements: BTreeMap<Key, BTreeSet<usize>>,
    accounts: BTreeSet<String>,
    places: BTreeSet<String>,
    doubts: BTreeSet<String>,
    passing: Vec<Rc<Counterexample>>,
    /// Whether some requests for the same actions stay denied.
    in_part: bool,
    /// Whether it follows from a text that the plan marks sensitive.
    is_sensitive: bool,
}

/// What takes it away, from which guardrail where that is told, and whether it is certain.
type Losses = BTreeMap<(Cause, Option<Key>, bool), Regression>;

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for kind in [PolicyType::ServiceControl, PolicyType::ResourceControl] {
        if cx.before.is_enabled(&kind) == Some(false) {
            continue;
        }
        let mut losses = Losses::new();
        for pair in changed(cx.change(), &kind) {
            compare(cx, &pair, &mut losses);
            unread::compare(cx, &pair, &mut losses);
        }
        unread::disabled(cx, &kind, &losses, findings);
        for ((cause, _, is_certain), loss) in losses {
            report::report(cx, &kind, &cause, is_certain, &loss, findings);
        }
        windows(cx, &kind, findings);
    }
    unread::controls(cx, findings);
}

/// Finds what denies requests before that are not denied after.
fn compare(cx: &Context<'_>, pair: &Pair<'_>, losses: &mut Losses) {
    let Some(&first) = pair.members.first() else { return };
    let assumptions = pair.assumptions(cx.change());
    let open = pair.after.may_pass(&pair.kind);
    // What the statements of one cause deny is asked about together once it is known which of them are lost.
    let mut by_cause: BTreeMap<(Cause, Option<Key>), Vec<DenySource<'_, '_>>> = BTreeMap::new();
    for denier in deniers(cx.change(), pair) {
        let set = assumptions.requests().and(denier.requests.clone()).and(open.clone());
        if denier.hangs_on_place {
            misplaced(cx, pair, &denier, losses);
            continue;
        }
        if set.is_empty() {
            continue;
        }
        let cause = denier.cause(cx.change(), pair, first);
        let of = (!cause.is_of_all()).then(|| denier.org_policy.node.key.clone());
        by_cause.entry((cause, of)).or_default().push(denier);
    }
    for deniers in by_cause.into_values() {
        let all = deniers.iter().map(|it| it.requests.clone()).fold(RequestSet::nothing(), RequestSet::or);
        let denied = assumptions.requests().and(all);
        let Some((fate, in_part)) = outcome(pair, &denied, &open) else { continue };
        for &member in &pair.members {
            for denier in &deniers {
                let cause = denier.cause(cx.change(), pair, member);
                let of = (!cause.is_of_all()).then(|| denier.org_policy.node.key.clone());
                let is_certain = matches!(fate, Outcome::Open(_));
                let loss = losses.entry((cause, of, is_certain)).or_default();
                let statements = loss.statements.entry(denier.org_policy.node.key.clone()).or_default();
                statements.insert(denier.statement);
                loss.accounts.extend(account_label(cx.after, member.1));
                let level = pair.before.levels.get(denier.level).map(|here| here.id);
                loss.places.extend(level.map(|level| cx.before.path(level)));
                loss.in_part |= in_part;
                loss.is_sensitive |= pair.is_sensitive();
                let passing = match &fate {
                    Outcome::Open(passing) => Some(passing),
                    Outcome::Doubtful { reasons, passing } => {
                        loss.doubts.extend(reasons.iter().cloned());
                        passing.as_ref()
                    }
                };
                if let Some(passing) =
                    passing.filter(|it| !loss.passing.iter().any(|old| Rc::ptr_eq(old, it)))
                {
                    loss.passing.push(Rc::clone(passing));
                }
            }
        }
    }
}

/// Notes a statement that may bind another place only: the plan moves the accounts.
fn misplaced(cx: &Context<'_>, pair: &Pair<'_>, denier: &DenySource<'_, '_>, losses: &mut Losses) {
    for &member in &pair.members {
        let what = cx.after.node(member.1).map(|node| node.key.clone());
        let place = |organization: &Organization, id| {
            let parent = organization.parents(id).first().map(|(parent, _)| *parent);
            parent.map_or_else(|| "an unknown place".to_owned(), |parent| organization.path(parent))
        };
        let (from, to) = (place(cx.before, member.0), place(cx.after, member.1));
        let Some(cause) = what.map(|what| Cause::Moved { what, from, to }) else { continue };
        let loss = losses.entry((cause, None, false)).or_default();
        let key = denier.org_policy.node.key.clone();
        loss.statements.entry(key).or_default().insert(denier.statement);
        loss.accounts.extend(account_label(cx.after, member.1));
        loss.is_sensitive |= pair.is_sensitive();
        loss.doubts.insert(format!(
            "`{}` asks for `aws:PrincipalOrgPaths`, which the plan changes for what it moves",
            denier.org_policy.node.title()
        ));
    }
}

/// Reports attachments that are deleted and then created anew: for a time, nothing is denied.
fn windows(cx: &Context<'_>, kind: &PolicyType, findings: &mut Findings) {
    for org_policy in cx.after.org_policies().filter(|org_policy| org_policy.data.kind == *kind) {
        let before = cx.before.find(&org_policy.node.key).and_then(|id| cx.before.org_policy(id));
        let Some(before) = before.filter(|before| denials(*before).next().is_some()) else { continue };
        let bound = |id: NodeId| {
            let there = cx.after.node(id).and_then(|node| cx.before.find(&node.key));
            there.is_some_and(|id| {
                let chain = cx.before.policy_chain(id, kind);
                let mut attached = chain.levels.iter().flat_map(|level| &level.attached);
                attached.any(|it| it.org_policy.id == before.id)
            })
        };
        for (target, attachment) in cx.after.targets_of(org_policy.id) {
            let (true, Some(address)) = (attachment.window, &attachment.address) else { continue };
            // What it did not bind before, here or from above, has nothing to lose.
            let accounts: Vec<NodeId> = cx
                .after
                .accounts_below(target)
                .iter()
                .map(|account| account.id)
                .filter(|id| bound(*id))
                .collect();
            if accounts.is_empty() && !bound(target) {
                continue;
            }
            let finding = findings.report(&GUARDRAIL_REMOVED, address);
            finding.severity = Severity::Medium;
            finding.subject("window").target(cx.after.path(target));
            finding.says(format!(
                "for a time, `{}` does not bind these accounts: the attachment is deleted and then created anew",
                org_policy.node.title()
            ));
            finding.accounts(accounts.into_iter().filter_map(|account| account_label(cx.after, account)));
            finding.help(
                "set `create_before_destroy`, or attach the guardrail at another level for the time being",
            );
        }
    }
}

#[cfg(test)]
mod rewrites;
#[cfg(test)]
mod tests;
