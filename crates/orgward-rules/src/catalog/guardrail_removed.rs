mod cause;
mod report;
mod unread;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use orgward_finding::Severity;
use orgward_iam::{Effect, RequestSet, Statement};
use orgward_org::{Attached, Entity, Key, Modality, NodeId, OrgPolicy, Organization, PolicyType};

use self::cause::Cause;
use crate::engine::rule;
use crate::{Context, Findings};
use orgward_proof::chains::{Counterexample, Difference, Pair, changed, passing, restricted};
use orgward_proof::org_policies::{account_label, cover, denials};

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

/// Something that denies requests today: a statement, or a level that does not allow them.
struct DenySource<'p, 'o> {
    org_policy: Entity<'o, OrgPolicy>,
    attached: Option<&'p Attached<'o>>,
    level: usize,
    statement: usize,
    requests: RequestSet<'p>,
    /// Whether it asks where the account lies, which the plan changes.
    hangs_on_place: bool,
}

/// What became of requests that were denied.
#[derive(Clone)]
enum Outcome {
    Open(Rc<Counterexample>),
    Doubtful { reasons: Vec<String>, passing: Option<Rc<Counterexample>> },
}

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
    for denier in deniers(cx, pair) {
        let set = assumptions.requests().and(denier.requests.clone()).and(open.clone());
        if denier.hangs_on_place {
            misplaced(cx, pair, &denier, losses);
            continue;
        }
        if set.is_empty() {
            continue;
        }
        let cause = denier.cause(cx, pair, first);
        let of = (!cause.is_of_all()).then(|| denier.org_policy.node.key.clone());
        by_cause.entry((cause, of)).or_default().push(denier);
    }
    for deniers in by_cause.into_values() {
        let all = deniers.iter().map(|it| it.requests.clone()).fold(RequestSet::nothing(), RequestSet::or);
        let denied = assumptions.requests().and(all);
        let fate = fate(pair, &denied, &open);
        let Some((fate, in_part)) = fate else { continue };
        for &member in &pair.members {
            for denier in &deniers {
                let cause = denier.cause(cx, pair, member);
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

/// Whether requests that are denied today pass for certain, and whether others for the same actions stay denied.
fn fate(pair: &Pair<'_>, denied: &RequestSet<'_>, open: &RequestSet<'_>) -> Option<(Outcome, bool)> {
    let doubts = pair.new_doubts();
    let opened = denied.clone().and(open.clone());
    if !doubts.is_empty() {
        let certain = passing(&denied.clone().and(pair.after.must_pass(&pair.kind)));
        if let Difference::Some(certain) = certain {
            return Some((Outcome::Open(Rc::new(*certain)), true));
        }
    }
    match passing(&opened) {
        Difference::Nothing => None,
        Difference::Undecided(reason) => {
            let reasons = doubts.into_iter().chain([reason]).collect();
            Some((Outcome::Doubtful { reasons, passing: None }, false))
        }
        Difference::Some(passing) => {
            let passing = Rc::new(*passing);
            let stays = denied.clone().minus(open.clone()).actions();
            let stays = stays.unwrap_or_else(|_| passing.action_set.actions.clone());
            let in_part = stays.meets(&passing.action_set.actions);
            let fate = if doubts.is_empty() {
                Outcome::Open(passing)
            } else {
                Outcome::Doubtful { reasons: doubts, passing: Some(passing) }
            };
            Some((fate, in_part))
        }
    }
}

/// What denies requests for certain before the plan, but for what other statements plainly cover after it.
fn deniers<'p, 'o>(cx: &Context<'_>, pair: &'p Pair<'o>) -> Vec<DenySource<'p, 'o>> {
    let mut deniers = Vec::new();
    for (level, here) in pair.before.levels.iter().enumerate() {
        let certain = here.attached.iter().filter(|it| it.attachment.resolved.modality() == Modality::Must);
        for attached in certain {
            let org_policy = attached.org_policy;
            let Some(policy) = org_policy.data.document.policy() else { continue };
            for (statement, text) in denials(org_policy) {
                let by_place = text
                    .conditions
                    .iter()
                    .any(|it| it.key.value.eq_ignore_ascii_case("aws:PrincipalOrgPaths"));
                let hangs_on_place = by_place && pair.moves(cx.change());
                if hangs_on_place || !still_stands(pair, org_policy, text) {
                    let requests = RequestSet::matched(policy, text);
                    let attached = Some(attached);
                    deniers.push(DenySource {
                        org_policy,
                        attached,
                        level,
                        statement,
                        requests,
                        hangs_on_place,
                    });
                }
            }
        }
    }
    if pair.kind == PolicyType::ServiceControl {
        for (level, requests) in restricted(&pair.before) {
            let Some(here) = pair.before.levels.get(level) else { continue };
            // The list that says what is allowed stands for the level.
            let list = here.attached.iter().find_map(|it| {
                let policy = it.org_policy.data.document.policy()?;
                let allows = |statement: &&Statement| statement.effect.value == Effect::Allow;
                let statement = policy.statements.iter().position(|it| allows(&it))?;
                Some((it.org_policy, statement))
            });
            let Some((org_policy, statement)) = list else { continue };
            deniers.push(DenySource {
                org_policy,
                attached: None,
                level,
                statement,
                requests,
                hangs_on_place: false,
            });
        }
    }
    deniers
}

impl DenySource<'_, '_> {
    fn cause(&self, cx: &Context<'_>, pair: &Pair<'_>, member: (NodeId, NodeId)) -> Cause {
        match (pair.before.levels.get(self.level), self.attached) {
            (Some(here), Some(attached)) => Cause::of_denial(cx, pair, here.id, attached, member),
            (Some(here), None) => Cause::of_silence(cx, pair, here, member),
            // Every denier is of a level.
            (None, _) => Cause::Rewritten,
        }
    }
}

/// Whether the statements that certainly bind afterwards plainly cover this one, so that nothing has to be proved.
fn still_stands(pair: &Pair<'_>, org_policy: Entity<'_, OrgPolicy>, statement: &Statement) -> bool {
    let Some(old) = org_policy.data.document.policy() else { return true };
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
