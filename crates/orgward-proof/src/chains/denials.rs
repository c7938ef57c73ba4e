//! What denies requests on one side of a change, and what becomes of them on the other.

use std::rc::Rc;

use orgward_iam::{Effect, RequestSet, Statement};
use orgward_org::{Attached, Change, Entity, Modality, NodeId, OrgPolicy, Organization, PolicyType};

use super::{Cause, Counterexample, Difference, Pair, passing, restricted};
use crate::org_policies::{cover, denials};

/// Something that denies requests today: a statement, or a level that does not allow them.
pub struct DenySource<'p, 'o> {
    /// The policy.
    pub org_policy: Entity<'o, OrgPolicy>,
    /// Its attachment; `None` for a level that allows only some requests.
    pub attached: Option<&'p Attached<'o>>,
    /// The level of the chain that it is attached to.
    pub level: usize,
    /// The statement of the policy.
    pub statement: usize,
    /// What it denies.
    pub requests: RequestSet<'p>,
    /// Whether it asks where the account lies, which the plan changes.
    pub hangs_on_place: bool,
}

/// What became of requests that were denied.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// These pass.
    Open(Rc<Counterexample>),
    /// It is undecided whether they do.
    Doubtful {
        /// Why, one sentence each.
        reasons: Vec<String>,
        /// What may pass.
        passing: Option<Rc<Counterexample>>,
    },
}

/// Whether requests that are denied today pass for certain, and whether others for the same actions stay denied.
pub fn outcome(pair: &Pair<'_>, denied: &RequestSet<'_>, open: &RequestSet<'_>) -> Option<(Outcome, bool)> {
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
pub fn deniers<'p, 'o>(cx: Change<&Organization>, pair: &'p Pair<'o>) -> Vec<DenySource<'p, 'o>> {
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
                let hangs_on_place = by_place && pair.moves(cx);
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
    /// What takes it away from a member of a pair.
    pub fn cause(&self, cx: Change<&Organization>, pair: &Pair<'_>, member: (NodeId, NodeId)) -> Cause {
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
