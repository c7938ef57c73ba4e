//! The SCPs or RCPs above an account, asked about requests: equal questions are asked once.

use std::cell::RefCell;
use std::rc::Rc;

use orgward_iam::{Effect, PartialRequest, Reading, Reads};
use orgward_org::{Modality, Organization, PolicyChain, PolicyType};

use super::{Answered, Denial, DenialSource, Reason, why};

/// How many answers are kept for an action, and for how many actions: memory stays the same however many requests there
/// are.
const ANSWERS: usize = 2_000;
const ACTIONS: usize = 20_000;

/// A memory: it is asked, and never walked.
#[expect(clippy::disallowed_types, reason = "no output depends on its order")]
type Memory<K, V> = std::collections::HashMap<K, V>;

/// What was said of requests. Requests that read the same are one question.
#[derive(Default)]
pub(super) struct Known<'o>(RefCell<Memory<Reading, Rc<Answered<'o>>>>);

impl<'o> Known<'o> {
    /// Asks a question unless it was asked before.
    pub(super) fn once(&self, reading: Reading, ask: impl FnOnce() -> Answered<'o>) -> Rc<Answered<'o>> {
        if let Some(known) = self.0.borrow().get(&reading) {
            return Rc::clone(known);
        }
        let answered = Rc::new(ask());
        let mut all = self.0.borrow_mut();
        // Who asks now asks again soon.
        if all.len() >= ANSWERS {
            all.clear();
        }
        all.insert(reading, Rc::clone(&answered));
        answered
    }
}

/// What is kept for each action.
pub(super) struct ByAction<T>(RefCell<Memory<String, Rc<T>>>);

impl<T> Default for ByAction<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T> ByAction<T> {
    pub(super) fn get(&self, action: &str, of: impl FnOnce() -> T) -> Rc<T> {
        if let Some(found) = self.0.borrow().get(action) {
            return Rc::clone(found);
        }
        let made = Rc::new(of());
        let mut all = self.0.borrow_mut();
        if all.len() >= ACTIONS {
            all.clear();
        }
        all.insert(action.to_owned(), Rc::clone(&made));
        made
    }
}

/// A chain of policies, with the statements that have to do with each action.
pub(super) struct Chain<'o> {
    pub(super) chain: PolicyChain<'o>,
    by_action: ByAction<Relevant<'o>>,
}

/// The statements of a chain that cover an action, by level, policy and statement.
#[derive(Default)]
struct Relevant<'o> {
    denying: Vec<(usize, usize, usize)>,
    /// For each level, whether it certainly lets the action pass whatever else the request is like.
    open: Vec<bool>,
    /// What the denying statements read.
    reads: Reads,
    known: Known<'o>,
}

impl<'o> Chain<'o> {
    pub(super) fn of(chain: PolicyChain<'o>) -> Self {
        Self { chain, by_action: ByAction::default() }
    }

    /// Whether another chain, on the other side of a change, says the same in the same words.
    pub(super) fn is_like(&self, org: &Organization, other: &Self, side: &Organization) -> bool {
        let (here, there) = (&self.chain, &other.chain);
        let same_level = |(one, two): (&orgward_org::Level<'_>, &orgward_org::Level<'_>)| {
            let alike = |(one, two): (&orgward_org::Attached<'_>, &orgward_org::Attached<'_>)| {
                let (first, second) = (one.org_policy.data, two.org_policy.data);
                one.modality() == two.modality()
                    && one.org_policy.node.key == two.org_policy.node.key
                    && one.org_policy.node.title() == two.org_policy.node.title()
                    && first.kind == second.kind
                    && first.document == second.document
            };
            org.path(one.id) == side.path(two.id)
                && one.attached.len() == two.attached.len()
                && one.attached.iter().zip(&two.attached).all(alike)
        };
        let unresolved = |chain: &PolicyChain<'_>| !chain.unresolved_targets.is_empty();
        here.enabled == there.enabled
            && unresolved(here) == unresolved(there)
            && here.levels.len() == there.levels.len()
            && here.levels.iter().zip(&there.levels).all(same_level)
    }

    fn relevant(&self, action: &str) -> Relevant<'o> {
        let mut relevant = Relevant::default();
        for (level, at) in self.chain.levels.iter().enumerate() {
            let mut open = !self.chain.unresolved_targets.is_empty();
            for (index, attached) in at.attached.iter().enumerate() {
                let Some(policy) = attached.org_policy.data.document.policy() else {
                    open = true;
                    continue;
                };
                for (number, statement) in policy.statements.iter().enumerate() {
                    if !statement.covers_action(action) {
                        continue;
                    }
                    match statement.effect.value {
                        Effect::Deny => {
                            relevant.denying.push((level, index, number));
                            relevant.reads.add(statement);
                        }
                        // Under a condition it may let the request pass: that is enough not to deny by silence.
                        Effect::Allow => open = true,
                    }
                }
            }
            relevant.open.push(open);
        }
        relevant
    }

    /// Adds what the denying statements read of a request of an action.
    pub(super) fn read_by(&self, action: &str, reads: &mut Reads) {
        if self.chain.enabled != Some(false) {
            reads.extend(&self.by_action.get(action, || self.relevant(action)).reads);
        }
    }

    /// What the policies of the chain say of a request. `asked` is told of questions that were not asked before.
    pub(super) fn answered(
        &self,
        org: &'o Organization,
        request: &PartialRequest,
        asked: impl FnOnce(),
    ) -> Rc<Answered<'o>> {
        if self.chain.enabled == Some(false) {
            return Rc::default();
        }
        let action = &request.request.action;
        let relevant = self.by_action.get(action, || self.relevant(action));
        relevant.known.once(request.reading(&relevant.reads), || {
            asked();
            self.answer(org, request, &relevant)
        })
    }

    fn answer(
        &self,
        org: &'o Organization,
        request: &PartialRequest,
        relevant: &Relevant<'o>,
    ) -> Answered<'o> {
        let mut answered = Answered::default();
        for (level, index, number) in &relevant.denying {
            let Some(at) = self.chain.levels.get(*level) else { continue };
            let Some(attached) = at.attached.get(*index) else { continue };
            let data: &'o orgward_org::OrgPolicy = attached.org_policy.data;
            let Some(policy) = data.document.policy() else { continue };
            let Some(statement) = policy.statements.get(*number) else { continue };
            let name = format!("{} `{}`", self.chain.kind.short(), attached.org_policy.node.title());
            let key = &attached.org_policy.node.key;
            let must = attached.modality() == Modality::Must;
            match statement.applies_to(policy, request) {
                Some(false) => {}
                Some(true) if must => answered.denials.push(Denial {
                    by: format!("{name} at `{}`", org.path(at.id)),
                    document: Some(&data.document),
                    statement: Some((policy, statement)),
                    source: DenialSource::OrgPolicy { policy: attached.org_policy.id, level: at.id },
                }),
                Some(true) => {
                    let text = format!("{name} denies it, and may or may not be attached to `{}`", at.title);
                    answered.reasons.insert(Reason { policy: Some(key.clone()), text });
                }
                None => answered.reasons.extend(why(
                    &name,
                    Some(key),
                    Some(&data.document),
                    (policy, statement),
                    request,
                )),
            }
        }
        if self.chain.kind != PolicyType::ServiceControl {
            return answered;
        }
        for (level, _) in self.chain.levels.iter().zip(&relevant.open).filter(|(_, open)| !**open) {
            // What may be attached there unseen may allow it.
            if !level.attached.is_empty() {
                answered.denials.push(Denial {
                    by: format!("the SCPs at `{}`, none of which allows it", org.path(level.id)),
                    document: None,
                    statement: None,
                    source: DenialSource::Silence { level: level.id },
                });
            }
        }
        answered
    }
}
