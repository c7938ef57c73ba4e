//! Which of the calls of an apply will be denied: each question is asked of the organization before and after the plan.

use std::collections::{BTreeMap, BTreeSet};

use orgward_org::{Change, Organization, PlannedChange};

use super::order::{Order, order};
use super::{Denial, Foreseen, Policies, Requested, certain, principal_of};

/// A call that will be denied, and all the changes that make it.
#[derive(Clone, Debug)]
pub struct Wall<'o> {
    /// The changes: the same type and operation, by the same role, in the same account and region.
    pub members: Vec<&'o PlannedChange>,
    /// The request of the first of them.
    pub requested: Requested,
    /// What denies it.
    pub denial: Denial<'o>,
    /// The role that makes it; `None` where no input says who applies the plan, and no principal may.
    pub principal: Option<String>,
}

/// What the apply of the plans will meet.
#[derive(Clone, Debug, Default)]
pub struct Walls<'o> {
    /// What will be denied, in the order of the changes.
    pub denied: Vec<Wall<'o>>,
    /// What depends on something unknown: the reasons, each with the changes that it is about.
    pub undecided: BTreeMap<String, Vec<&'o PlannedChange>>,
}

/// What makes two calls one question.
type Question<'q> = (&'q str, &'static str, String, Option<String>, Option<&'q str>, Option<String>, String);

/// What a call meets, from what becomes of it after the plan and before it: which of both counts depends on whether the
/// policy changes first.
fn met<'o>(
    organization: Change<&'o Organization>,
    change: &PlannedChange,
    requested: &Requested,
    here: Foreseen<'o>,
    there: Option<Foreseen<'o>>,
) -> Foreseen<'o> {
    let action = &requested.request.request.action;
    let unknown = |why: String| Foreseen::Undecided(BTreeSet::from([why]));
    let Some(there) = there else { return here };
    let order = |denial: &Denial<'o>, is_after: bool| match order(organization, change, denial, is_after) {
        // The old object goes before the new one comes, whatever the new one waits for.
        Order::After if requested.deletes => Order::Unknown,
        order => order,
    };
    match (here, there) {
        (here @ Foreseen::Denied(_), Foreseen::Denied(_)) => here,
        (Foreseen::Denied(denial), there) => match order(&denial, true) {
            Order::After => Foreseen::Denied(denial),
            Order::Before => there,
            Order::Unknown => {
                unknown(format!("{} denies `{action}` as soon as the plan changes it", denial.by))
            }
        },
        (here, Foreseen::Denied(denial)) => match order(&denial, false) {
            Order::Before => Foreseen::Denied(denial),
            Order::After => here,
            Order::Unknown => unknown(format!("{} denies `{action}` until the plan changes it", denial.by)),
        },
        (undecided @ Foreseen::Undecided(_), _) | (_, undecided @ Foreseen::Undecided(_)) => undecided,
        (Foreseen::Open, Foreseen::Open) => Foreseen::Open,
    }
}

/// Asks about every call that the plans certainly make. `principal` applies what nothing closer says about.
pub fn walls<'o>(
    organization: Change<&'o Organization>,
    before: &Policies<'_, 'o>,
    after: &Policies<'_, 'o>,
    principal: Option<&str>,
) -> Walls<'o> {
    let mut walls = Walls::default();
    let mut known: BTreeMap<Question<'o>, usize> = BTreeMap::new();
    for change in organization.after.planned() {
        let Some(owner) = change.owner else { continue };
        let mut reasons = BTreeSet::new();
        for requested in certain(organization.after, change, principal) {
            let request = &requested.request;
            let here = after.foresee(owner, request);
            let old = organization.after.node(owner).and_then(|node| organization.before.find(&node.key));
            let there = old.map(|old| before.foresee(old, request));
            let action = &request.request.action;
            let denial = match met(organization, change, &requested, here, there) {
                Foreseen::Denied(denial) => denial,
                Foreseen::Undecided(why) => {
                    reasons.extend(why);
                    continue;
                }
                Foreseen::Open => continue,
            };
            let applied_by = principal_of(change, principal);
            let question: Question<'o> = (
                &change.kind,
                change.operation.as_str(),
                action.clone(),
                applied_by.clone(),
                change.account.as_deref(),
                requested.region.clone(),
                format!("{} {:?}", denial.by, denial.statement.map(|(_, statement)| &statement.span)),
            );
            if let Some(wall) = known.get(&question).and_then(|at| walls.denied.get_mut(*at)) {
                wall.members.push(change);
            } else {
                known.insert(question, walls.denied.len());
                walls.denied.push(Wall { members: vec![change], requested, denial, principal: applied_by });
            }
            // The apply of this resource stops at the first one.
            reasons.clear();
            break;
        }
        for reason in reasons {
            walls.undecided.entry(reason).or_default().push(change);
        }
    }
    walls
}
