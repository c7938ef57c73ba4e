//! Whether AWS will deny what an apply asks for, as far as policies tell before it runs.

mod ask;
mod order;
mod permissions;
mod request;
mod resources;
mod ways;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::{Catalogue, Effect, PartialRequest, Policy, Reading, Reads, Service, Statement};
use orgward_org::{
    Document, Modality, NodeId, Organization, PolicyChain, PolicyType, Resource, ResourcePolicy,
};

use crate::access::{Access, Cap, Subject, SubjectId};

pub use self::ask::{Wall, Walls, walls};
pub use self::permissions::{Needed, permissions};
pub use self::request::{Requested, certain, principal_of};
pub use self::ways::{way_around, ways};

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
    /// Whose policy it is.
    pub source: DenialSource<'o>,
}

impl Denial<'_> {
    /// The number of the statement in its policy, from 1.
    pub fn number(&self) -> Option<usize> {
        let (policy, statement) = self.statement?;
        policy.statements.iter().position(|it| std::ptr::eq(it, statement)).map(|at| at + 1)
    }
}

/// Whose policy denies a request.
#[derive(Clone, Copy, Debug)]
pub enum DenialSource<'o> {
    /// An SCP or RCP.
    OrgPolicy(NodeId),
    /// SCPs of which none allows it.
    Silence,
    /// The resource's own.
    Resource(&'o ResourcePolicy),
    /// The principal's own, or its boundary.
    Principal,
}

/// A chain of policies, with the statements that have to do with each action.
struct Chain<'o> {
    chain: PolicyChain<'o>,
    by_action: RefCell<BTreeMap<String, std::rc::Rc<Relevant<'o>>>>,
}

/// The statements of a chain that cover an action, by level, policy and statement.
#[derive(Default)]
struct Relevant<'o> {
    denying: Vec<(usize, usize, usize)>,
    /// For each level, whether it certainly lets the action pass whatever else the request is like.
    open: Vec<bool>,
    /// What the denying statements read.
    reads: Reads,
    /// What was said of requests. Requests that read the same are one question.
    answered: RefCell<BTreeMap<Reading, Answered<'o>>>,
}

/// What policies say of a request: what denies it, and why that may be unknown.
#[derive(Clone, Default)]
struct Answered<'o> {
    denials: Vec<Denial<'o>>,
    reasons: BTreeSet<String>,
}

impl Answered<'_> {
    fn extend(&mut self, more: Self) {
        self.denials.extend(more.denials);
        self.reasons.extend(more.reasons);
    }
}

/// What the statements of a principal say of an action.
#[derive(Default)]
struct OwnRelevant<'o> {
    reads: Reads,
    answered: RefCell<BTreeMap<Reading, Answered<'o>>>,
}

/// How many answers are kept for an action: memory stays the same however many requests there are.
const ANSWERS: usize = 10_000;

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
    /// Accounts by their ids.
    accounts: BTreeMap<&'o str, NodeId>,
    /// What statements of each principal have to do with each action.
    own: RefCell<BTreeMap<(SubjectId, String), std::rc::Rc<OwnRelevant<'o>>>>,
    /// Resources with policies, by ARN.
    resources: BTreeMap<&'o str, &'o Resource>,
    /// How many questions were put to chains that had not answered them before.
    asked: Cell<usize>,
}

impl<'a, 'o> Policies<'a, 'o> {
    /// Prepares for questions about an organization.
    pub fn of(access: &'a Access<'o>) -> Self {
        let org = access.organization();
        let resources = org.access().resources.iter().filter(|resource| !resource.policies.is_empty());
        Self {
            org,
            access,
            scp: RefCell::default(),
            rcp: RefCell::default(),
            shared: RefCell::default(),
            accounts: org
                .accounts()
                .filter_map(|account| Some((org.symbolic_account_id(account.id)?, account.id)))
                .collect(),
            own: RefCell::default(),
            resources: resources.filter_map(|resource| Some((resource.arn.as_deref()?, resource))).collect(),
            asked: Cell::default(),
        }
    }

    /// How many different questions were put to the chains of policies so far.
    pub fn questions(&self) -> usize {
        self.asked.get()
    }

    /// What becomes of a request of a principal of an account.
    pub fn foresee(&self, account: NodeId, request: &PartialRequest) -> Foreseen<'o> {
        // RCPs are those above the account of the resource.
        let owner = request.request.resource_account.as_deref();
        let owner = owner.map_or(Some(account), |owner| self.accounts.get(owner).copied());
        let (denials, reasons) = self.denials(account, owner, request);
        match denials.into_iter().next() {
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
        let mut all = Answered::default();
        if self.binds(account) {
            all.extend(self.chain(account, &PolicyType::ServiceControl).answered(self, request));
        }
        let service = request.request.action.split(':').next().unwrap_or_default();
        let reached = Catalogue::get().service(service).is_some_and(Service::takes_resource_control);
        if let Some(owner) = owner.filter(|owner| reached && self.binds(*owner)) {
            all.extend(self.chain(owner, &PolicyType::ResourceControl).answered(self, request));
        }
        all.extend(self.of_resource(request));
        if let Some((id, subject)) = self.subject(request) {
            all.extend(self.of_principal(id, subject, request));
        }
        (all.denials, all.reasons)
    }

    /// Whether a policy of the principal may allow a request; `None` where the inputs do not show the principal.
    pub fn may_allow(&self, request: &PartialRequest) -> Option<bool> {
        let (_, subject) = self.subject(request)?;
        let mut statements = subject
            .held
            .iter()
            .flat_map(|held| held.policy.statements.iter().map(move |statement| (held.policy, statement)));
        Some(statements.any(|(policy, statement)| {
            statement.effect.value == Effect::Allow && statement.applies_to(policy, request) != Some(false)
        }))
    }

    fn subject(&self, request: &PartialRequest) -> Option<(SubjectId, &Subject<'o>)> {
        match &request.request.caller {
            orgward_iam::Caller::Arn(arn) if request.knows_caller() => {
                let id = self.access.find(arn)?;
                Some((id, self.access.subject(id)?))
            }
            _ => None,
        }
    }

    /// Whether policies of an organization bind an account.
    fn binds(&self, account: NodeId) -> bool {
        self.org.management_of(account) != Some(account)
            && self.org.account(account).is_some_and(|account| account.member)
    }

    /// What the principal's own policies and its boundary say; equal questions are asked once.
    fn of_principal(&self, id: SubjectId, subject: &Subject<'o>, request: &PartialRequest) -> Answered<'o> {
        let action = &request.request.action;
        let mut all = self.own.borrow_mut();
        let relevant = all.entry((id, action.clone())).or_insert_with(|| {
            let mut reads = Reads::default();
            let held = subject.held.iter().flat_map(|held| &held.policy.statements);
            let held = held.filter(|statement| statement.effect.value == Effect::Deny);
            let cap = match &subject.cap {
                Cap::Policy { policy, .. } => policy.statements.as_slice(),
                _ => &[],
            };
            held.chain(cap).filter(|it| it.covers_action(action)).for_each(|it| reads.add(it));
            std::rc::Rc::new(OwnRelevant { reads, answered: RefCell::default() })
        });
        let relevant = std::rc::Rc::clone(relevant);
        drop(all);
        once(&relevant.answered, request.reading(&relevant.reads), || own(subject, request))
    }

    /// What the resource's own policies say. That they do not allow a request denies nothing: the principal's may.
    fn of_resource(&self, request: &PartialRequest) -> Answered<'o> {
        let mut answered = Answered::default();
        let arn = request.request.resource.as_str();
        // Of an object, the bucket has the policy.
        let bucket = || arn.split_once('/').map_or(arn, |(bucket, _)| bucket);
        let of_bucket = || self.resources.get(bucket()).filter(|resource| resource.kind == "aws_s3_bucket");
        let Some(resource) = self.resources.get(arn).or_else(of_bucket) else { return answered };
        for carried in &resource.policies {
            let Some(policy) = carried.document.policy() else { continue };
            let statements = policy.statements.iter().filter(|it| it.effect.value == Effect::Deny);
            for statement in statements.filter(|it| it.covers_action(&request.request.action)) {
                let by = format!("the policy of the resource (`{}`)", carried.address);
                match statement.applies_to(policy, request) {
                    Some(true) => answered.denials.push(Denial {
                        by,
                        document: Some(&carried.document),
                        statement: Some((policy, statement)),
                        source: DenialSource::Resource(carried),
                    }),
                    Some(false) => {}
                    None => answered.reasons.extend(why(&by, policy, statement, request)),
                }
            }
        }
        answered
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
fn own<'o>(subject: &Subject<'o>, request: &PartialRequest) -> Answered<'o> {
    let mut answered = Answered::default();
    let source = DenialSource::Principal;
    for held in &subject.held {
        for statement in held.policy.statements.iter().filter(|it| it.effect.value == Effect::Deny) {
            let name = format!("policy `{}`", held.name);
            match statement.applies_to(held.policy, request) {
                Some(true) if held.must => answered.denials.push(Denial {
                    by: format!("{name} of the {}", subject.word),
                    document: held.document,
                    statement: Some((held.policy, statement)),
                    source,
                }),
                Some(false) => {}
                _ => answered.reasons.extend(why(&name, held.policy, statement, request)),
            }
        }
    }
    let Cap::Policy { policy, name, .. } = &subject.cap else { return answered };
    let mut allows = Some(false);
    for statement in &policy.statements {
        let applies = statement.applies_to(policy, request);
        match (statement.effect.value, applies) {
            (Effect::Deny, Some(true)) => answered.denials.push(Denial {
                by: format!("boundary `{name}` of the {}", subject.word),
                document: None,
                statement: Some((policy, statement)),
                source,
            }),
            (Effect::Allow, Some(true)) => allows = Some(true),
            (Effect::Allow, None) if allows == Some(false) => allows = None,
            _ => {}
        }
    }
    if allows == Some(false) {
        answered.denials.push(Denial {
            by: format!("boundary `{name}` of the {}, which does not allow it", subject.word),
            document: None,
            statement: None,
            source,
        });
    }
    answered
}

/// Asks a question that was not asked before.
fn once<'o>(
    all: &RefCell<BTreeMap<Reading, Answered<'o>>>,
    reading: Reading,
    ask: impl FnOnce() -> Answered<'o>,
) -> Answered<'o> {
    if let Some(known) = all.borrow().get(&reading) {
        return known.clone();
    }
    let answered = ask();
    let mut all = all.borrow_mut();
    if all.len() < ANSWERS {
        all.insert(reading, answered.clone());
    }
    answered
}

fn why(name: &str, policy: &Policy, statement: &Statement, request: &PartialRequest) -> Option<String> {
    let keys = statement.undecided_by(policy, request);
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    (!keys.is_empty()).then(|| format!("{name} asks for {}, which is unknown", keys.join(" and ")))
}

impl<'o> Chain<'o> {
    fn relevant(&self, action: &str) -> std::rc::Rc<Relevant<'o>> {
        if let Some(found) = self.by_action.borrow().get(action) {
            return std::rc::Rc::clone(found);
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
        let relevant = std::rc::Rc::new(relevant);
        self.by_action.borrow_mut().insert(action.to_owned(), std::rc::Rc::clone(&relevant));
        relevant
    }

    /// What the policies of the chain say of a request.
    fn answered(&self, policies: &Policies<'_, 'o>, request: &PartialRequest) -> Answered<'o> {
        if self.chain.enabled == Some(false) {
            return Answered::default();
        }
        let relevant = self.relevant(&request.request.action);
        once(&relevant.answered, request.reading(&relevant.reads), || {
            policies.asked.set(policies.asked.get() + 1);
            self.answer(policies.org, request, &relevant)
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
            let must = attached.modality() == Modality::Must;
            match statement.applies_to(policy, request) {
                Some(false) => {}
                Some(true) if must => answered.denials.push(Denial {
                    by: format!("{name} at `{}`", org.path(at.id)),
                    document: Some(&data.document),
                    statement: Some((policy, statement)),
                    source: DenialSource::OrgPolicy(attached.org_policy.id),
                }),
                Some(true) => {
                    answered.reasons.insert(format!(
                        "{name} denies it, and may or may not be attached to `{}`",
                        at.title
                    ));
                }
                None => answered.reasons.extend(why(&name, policy, statement, request)),
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
                    source: DenialSource::Silence,
                });
            }
        }
        answered
    }
}
