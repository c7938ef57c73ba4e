//! Whether AWS will deny what an apply asks for, as far as policies tell before it runs.

mod ask;
mod permissions;
mod request;
mod ways;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use orgward_iam::{Catalogue, Effect, PartialRequest, Policy, Service, Statement};
use orgward_org::{Document, Modality, NodeId, Organization, PolicyChain, PolicyType};

use crate::access::{Access, Cap, Subject};

pub use self::ask::{Wall, Walls, walls};
pub use self::permissions::{Needed, permissions};
pub use self::request::{Requested, certain, principal_of};
pub use self::ways::ways;

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Foreseen<'o> {
    /// It is denied, whatever the unknown turns out to be.
    Denied(Denial<'o>),
    /// It depends on something unknown: the reasons, one sentence each.
    Undecided(BTreeSet<String>),
    /// No policy of the inputs denies it.
    Open,
}

/// Why a request is denied.
#[derive(Clone, Debug)]
pub struct Denial<'o> {
    /// The policy in words: ``SCP `region-lock` at `Root/Prod` ``.
    pub by: String,
    /// The document, when it is in the inputs.
    pub document: Option<&'o Document>,
    /// The statement; `None` where no statement allows the request.
    pub statement: Option<(&'o Policy, &'o Statement)>,
}

/// What is done with something that denies a request: go on for more, or stop.
type Found<'f, 'o> = dyn FnMut(Denial<'o>) -> ControlFlow<()> + 'f;

/// A chain of policies, with the statements that have to do with each action.
struct Chain<'o> {
    chain: PolicyChain<'o>,
    by_action: RefCell<BTreeMap<String, Relevant>>,
}

/// The statements of a chain that cover an action, by level, policy and statement.
#[derive(Clone, Default)]
struct Relevant {
    denying: Vec<(usize, usize, usize)>,
    /// For each level, whether it certainly lets the action pass whatever else the request is like.
    open: Vec<bool>,
}

/// What tells chains apart: the type, the levels above the account, and what is attached.
type ChainKey = (bool, Vec<NodeId>, Vec<Vec<(NodeId, Modality)>>);

/// The policies on one side of a change, ready for many requests.
pub struct Policies<'a, 'o> {
    org: &'o Organization,
    access: &'a Access<'o>,
    scp: RefCell<BTreeMap<NodeId, std::rc::Rc<Chain<'o>>>>,
    rcp: RefCell<BTreeMap<NodeId, std::rc::Rc<Chain<'o>>>>,
    /// Chains that are equal are asked once.
    shared: RefCell<BTreeMap<ChainKey, std::rc::Rc<Chain<'o>>>>,
}

impl<'a, 'o> Policies<'a, 'o> {
    /// Prepares for questions about an organization.
    pub fn of(access: &'a Access<'o>) -> Self {
        Self {
            org: access.organization(),
            access,
            scp: RefCell::default(),
            rcp: RefCell::default(),
            shared: RefCell::default(),
        }
    }

    /// What becomes of a request in an account.
    pub fn foresee(&self, account: NodeId, request: &PartialRequest) -> Foreseen<'o> {
        let mut first = None;
        let mut reasons = BTreeSet::new();
        let _ = self.each_denial(account, Some(account), request, &mut reasons, &mut |denial| {
            first = Some(denial);
            ControlFlow::Break(())
        });
        match first {
            Some(denial) => Foreseen::Denied(denial),
            None if reasons.is_empty() => Foreseen::Open,
            None => Foreseen::Undecided(reasons),
        }
    }

    /// Everything that denies a request of a principal of an account on a resource of another one, and what it depends on
    /// besides. An account that no input shows has no policies that are known.
    pub fn denials(
        &self,
        account: NodeId,
        owner: Option<NodeId>,
        request: &PartialRequest,
    ) -> (Vec<Denial<'o>>, BTreeSet<String>) {
        let (mut all, mut reasons) = (Vec::new(), BTreeSet::new());
        let _ = self.each_denial(account, owner, request, &mut reasons, &mut |denial| {
            all.push(denial);
            ControlFlow::Continue(())
        });
        (all, reasons)
    }

    /// Whether a policy of the principal may allow a request; `None` where the inputs do not show the principal.
    pub fn may_allow(&self, request: &PartialRequest) -> Option<bool> {
        let subject = self.subject(request)?;
        let mut statements = subject
            .held
            .iter()
            .flat_map(|held| held.policy.statements.iter().map(move |statement| (held.policy, statement)));
        Some(statements.any(|(policy, statement)| {
            statement.effect.value == Effect::Allow && statement.applies_to(policy, request) != Some(false)
        }))
    }

    fn subject(&self, request: &PartialRequest) -> Option<&Subject<'o>> {
        match &request.request.caller {
            orgward_iam::Caller::Arn(arn) if request.knows_caller() => {
                self.access.find(arn).and_then(|id| self.access.subject(id))
            }
            _ => None,
        }
    }

    /// Whether policies of an organization bind an account.
    fn binds(&self, account: NodeId) -> bool {
        self.org.management_of(account) != Some(account)
            && self.org.account(account).is_some_and(|account| account.member)
    }

    fn each_denial(
        &self,
        account: NodeId,
        owner: Option<NodeId>,
        request: &PartialRequest,
        reasons: &mut BTreeSet<String>,
        found: &mut Found<'_, 'o>,
    ) -> ControlFlow<()> {
        if self.binds(account) {
            self.chain(account, &PolicyType::ServiceControl).denials(self.org, request, reasons, found)?;
        }
        let service = request.request.action.split(':').next().unwrap_or_default();
        let reached = Catalogue::get().service(service).is_some_and(Service::takes_resource_control);
        if let Some(owner) = owner.filter(|owner| reached && self.binds(*owner)) {
            self.chain(owner, &PolicyType::ResourceControl).denials(self.org, request, reasons, found)?;
        }
        match self.subject(request) {
            Some(subject) => own(subject, request, reasons, found),
            None => ControlFlow::Continue(()),
        }
    }

    fn chain(&self, account: NodeId, kind: &PolicyType) -> std::rc::Rc<Chain<'o>> {
        let is_scp = *kind == PolicyType::ServiceControl;
        let known = if is_scp { &self.scp } else { &self.rcp };
        if let Some(chain) = known.borrow().get(&account) {
            return std::rc::Rc::clone(chain);
        }
        let chain = self.org.policy_chain(account, kind);
        let above = chain.levels.split_last().map_or(&[][..], |(_, above)| above);
        let key = (is_scp, above.iter().map(|level| level.id).collect(), chain.signature());
        let mut shared = self.shared.borrow_mut();
        let chain = shared
            .entry(key)
            .or_insert_with(|| std::rc::Rc::new(Chain { chain, by_action: RefCell::default() }));
        known.borrow_mut().insert(account, std::rc::Rc::clone(chain));
        std::rc::Rc::clone(chain)
    }
}

/// What the principal's own policies and its boundary say. What its policies do not allow is not known to be denied: no
/// input shows what other stacks attach to it.
fn own<'o>(
    subject: &Subject<'o>,
    request: &PartialRequest,
    reasons: &mut BTreeSet<String>,
    found: &mut Found<'_, 'o>,
) -> ControlFlow<()> {
    for held in &subject.held {
        for statement in held.policy.statements.iter().filter(|it| it.effect.value == Effect::Deny) {
            match statement.applies_to(held.policy, request) {
                Some(true) if held.must => found(Denial {
                    by: format!("policy `{}` of the {}", held.name, subject.word),
                    document: held.document,
                    statement: Some((held.policy, statement)),
                })?,
                Some(false) => {}
                _ => reasons.extend(why(&format!("policy `{}`", held.name), held.policy, statement, request)),
            }
        }
    }
    let Cap::Policy { policy, name, .. } = &subject.cap else { return ControlFlow::Continue(()) };
    let mut allows = Some(false);
    for statement in &policy.statements {
        let applies = statement.applies_to(policy, request);
        match (statement.effect.value, applies) {
            (Effect::Deny, Some(true)) => found(Denial {
                by: format!("boundary `{name}` of the {}", subject.word),
                document: None,
                statement: Some((policy, statement)),
            })?,
            (Effect::Allow, Some(true)) => allows = Some(true),
            (Effect::Allow, None) if allows == Some(false) => allows = None,
            _ => {}
        }
    }
    if allows == Some(false) {
        found(Denial {
            by: format!("boundary `{name}` of the {}, which does not allow it", subject.word),
            document: None,
            statement: None,
        })?;
    }
    ControlFlow::Continue(())
}

fn why(name: &str, policy: &Policy, statement: &Statement, request: &PartialRequest) -> Option<String> {
    let keys = statement.undecided_by(policy, request);
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    (!keys.is_empty()).then(|| format!("{name} asks for {}, which is unknown", keys.join(" and ")))
}

impl<'o> Chain<'o> {
    fn relevant(&self, action: &str) -> Relevant {
        if let Some(found) = self.by_action.borrow().get(action) {
            return found.clone();
        }
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
                        Effect::Deny => relevant.denying.push((level, index, number)),
                        // Under a condition it may let the request pass: that is enough not to deny by silence.
                        Effect::Allow => open = true,
                    }
                }
            }
            relevant.open.push(open);
        }
        self.by_action.borrow_mut().insert(action.to_owned(), relevant.clone());
        relevant
    }

    fn denials(
        &self,
        org: &'o Organization,
        request: &PartialRequest,
        reasons: &mut BTreeSet<String>,
        found: &mut Found<'_, 'o>,
    ) -> ControlFlow<()> {
        if self.chain.enabled == Some(false) {
            return ControlFlow::Continue(());
        }
        let relevant = self.relevant(&request.request.action);
        for (level, index, number) in relevant.denying {
            let Some(at) = self.chain.levels.get(level) else { continue };
            let Some(attached) = at.attached.get(index) else { continue };
            let data: &'o orgward_org::OrgPolicy = attached.org_policy.data;
            let Some(policy) = data.document.policy() else { continue };
            let Some(statement) = policy.statements.get(number) else { continue };
            let name = format!("{} `{}`", self.chain.kind.short(), attached.org_policy.node.title());
            let must = attached.modality() == Modality::Must;
            match statement.applies_to(policy, request) {
                Some(false) => {}
                Some(true) if must => found(Denial {
                    by: format!("{name} at `{}`", org.path(at.id)),
                    document: Some(&data.document),
                    statement: Some((policy, statement)),
                })?,
                Some(true) => {
                    reasons.insert(format!(
                        "{name} denies it, and may or may not be attached to `{}`",
                        at.title
                    ));
                }
                None => reasons.extend(why(&name, policy, statement, request)),
            }
        }
        if self.chain.kind != PolicyType::ServiceControl {
            return ControlFlow::Continue(());
        }
        for (level, _) in self.chain.levels.iter().zip(&relevant.open).filter(|(_, open)| !**open) {
            // What may be attached there unseen may allow it.
            if !level.attached.is_empty() {
                found(Denial {
                    by: format!("the SCPs at `{}`, none of which allows it", org.path(level.id)),
                    document: None,
                    statement: None,
                })?;
            }
        }
        ControlFlow::Continue(())
    }
}
