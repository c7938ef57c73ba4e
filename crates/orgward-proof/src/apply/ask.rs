//! Which of the calls of an apply will be denied: each question is asked of the organization before and after the plan.

use std::collections::{BTreeMap, BTreeSet};

use orgward_org::{Change, Organization, PlannedChange};

use super::order::{Order, order};
use super::request::Requests;
use super::{Answered, Denial, DenialSource, Foreseen, Policies, Reason, Requested};

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
    pub undecided: BTreeMap<Reason, Vec<&'o PlannedChange>>,
}

/// What makes two calls one question.
type Question<'q> =
    (&'q str, &'static str, String, Option<String>, Option<&'q str>, Option<String>, String, usize);

/// Whether two denials, before and after the plan, are by the same policy in the same place: it denies all the time.
fn stays(organization: Change<&Organization>, before: &Denial<'_>, after: &Denial<'_>) -> bool {
    let key = |side: &Organization, id| side.node(id).map(|node| node.key.clone());
    match (before.source, after.source) {
        (
            DenialSource::OrgPolicy { policy, level },
            DenialSource::OrgPolicy { policy: new, level: new_level },
        ) => {
            key(organization.before, policy) == key(organization.after, new)
                && key(organization.before, level) == key(organization.after, new_level)
        }
        (DenialSource::Silence { level }, DenialSource::Silence { level: new }) => {
            key(organization.before, level) == key(organization.after, new)
        }
        (DenialSource::Resource(old), DenialSource::Resource(new)) => {
            (&old.address, &old.stack) == (&new.address, &new.stack)
        }
        (DenialSource::Principal { .. }, DenialSource::Principal { .. }) => before.by == after.by,
        _ => false,
    }
}

/// What a call meets, from what is said of it before the plan and after it. Of what denies it on one side only, it counts
/// whether that changes first.
fn met<'o>(
    organization: Change<&'o Organization>,
    change: &PlannedChange,
    requested: &Requested,
    before: Answered<'o>,
    after: Answered<'o>,
) -> Foreseen<'o> {
    let action = &requested.request.request.action;
    let when =
        |denial: &Denial<'o>, is_after: bool| match order(organization, change, action, denial, is_after) {
            // The old object goes before the new one comes, whatever the new one waits for.
            Order::After if requested.deletes => Order::Unknown,
            order => order,
        };
    let mut perhaps = [None, None];
    for denial in after.denials {
        let stays = before.denials.iter().any(|old| stays(organization, old, &denial));
        match if stays { Order::After } else { when(&denial, true) } {
            Order::After => return Foreseen::Denied(denial),
            Order::Unknown => perhaps[1] = perhaps[1].take().or(Some(denial)),
            Order::Before => {}
        }
    }
    for denial in before.denials {
        match when(&denial, false) {
            Order::Before => return Foreseen::Denied(denial),
            Order::Unknown => perhaps[0] = perhaps[0].take().or(Some(denial)),
            Order::After => {}
        }
    }
    let unknown = |denial: &Denial<'_>, how: &str| {
        let policy = match denial.source {
            DenialSource::OrgPolicy { policy, .. } => {
                let sides = [organization.after, organization.before];
                let side = if how.starts_with("as") { sides[0] } else { sides[1] };
                side.node(policy).map(|node| node.key.clone())
            }
            _ => None,
        };
        let text = format!("{} denies `{action}` {how} the plan changes it", denial.by);
        Foreseen::Undecided(BTreeSet::from([Reason { policy, text }]))
    };
    match perhaps {
        // Whichever comes first, one of them denies it.
        [Some(_), Some(denial)] => Foreseen::Denied(denial),
        [None, Some(denial)] => unknown(&denial, "as soon as"),
        [Some(denial), None] => unknown(&denial, "until"),
        [None, None] if !after.reasons.is_empty() => Foreseen::Undecided(after.reasons),
        [None, None] if !before.reasons.is_empty() => Foreseen::Undecided(before.reasons),
        [None, None] => Foreseen::Open,
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
    let mut requests = Requests::of(organization.after, principal);
    for change in organization.after.planned() {
        let Some(owner) = change.owner else { continue };
        let old = organization.after.node(owner).and_then(|node| organization.before.find(&node.key));
        let mut reasons = BTreeSet::new();
        for requested in requests.certain(change) {
            let request = &requested.request;
            let there = old.filter(|old| !after.agrees_with(owner, (before, *old), Some(change), request));
            let foreseen = match there {
                None => after.of_change(owner, change, request).foreseen(),
                Some(old) => {
                    let (here, there) =
                        (after.of_change(owner, change, request), before.of_change(old, change, request));
                    met(organization, change, &requested, there, here)
                }
            };
            let denial = match foreseen {
                Foreseen::Denied(denial) => denial,
                Foreseen::Undecided(why) => {
                    reasons.extend(why);
                    continue;
                }
                Foreseen::Open => continue,
            };
            let applied_by = requests.principal_of(change);
            let question: Question<'o> = (
                &change.kind,
                change.operation.as_str(),
                request.request.action.clone(),
                applied_by.clone(),
                change.account.as_deref(),
                requested.region.clone(),
                denial.by.clone(),
                denial.statement.map_or(usize::MAX, |(_, statement)| statement.span.start),
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
