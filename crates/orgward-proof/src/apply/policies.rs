//! The policies on one side of a change, ready for many requests.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use orgward_iam::{Catalogue, Effect, PartialRequest, Reads, Service};
use orgward_org::{Modality, NodeId, Organization, PlannedChange, PolicyType, Resource};
use orgward_plan::Address;

use super::chain::{ByAction, Chain, Known};
use super::{Answered, Denial, DenialSource, Foreseen, Reason, why};
use crate::access::{Access, Cap, Subject, SubjectId};

/// What the statements of a principal say of an action.
#[derive(Default)]
struct OwnRelevant<'o> {
    reads: Reads,
    known: Known<'o>,
}

/// What tells chains apart: the type, the levels above the account, and what is attached.
type ChainKey = (bool, Vec<NodeId>, Vec<Vec<(NodeId, Modality)>>);

/// What the sources of denials say of one request, each only where it says something.
type Parts<'o> = [Option<Rc<Answered<'o>>>; 4];

/// The policies on one side of a change, ready for many requests.
pub struct Policies<'a, 'o> {
    org: &'o Organization,
    access: &'a Access<'o>,
    scp: RefCell<BTreeMap<NodeId, Rc<Chain<'o>>>>,
    rcp: RefCell<BTreeMap<NodeId, Rc<Chain<'o>>>>,
    /// Chains that are equal are asked once.
    shared: RefCell<BTreeMap<ChainKey, Rc<Chain<'o>>>>,
    /// Accounts by their ids.
    accounts: BTreeMap<&'o str, NodeId>,
    /// What statements of each principal have to do with each action.
    own: RefCell<BTreeMap<SubjectId, Rc<ByAction<OwnRelevant<'o>>>>>,
    /// Resources with policies, by ARN.
    resources: BTreeMap<&'o str, &'o Resource>,
    /// Resources with policies, by the address of the resource and that of each policy.
    addresses: BTreeMap<(&'o Address, Option<&'o str>), &'o Resource>,
    /// Which chains say the same as those of the other side, by where they are in memory.
    alike: RefCell<BTreeMap<[*const Chain<'o>; 2], bool>>,
    /// How many questions were put to chains that had not answered them before.
    asked: Cell<usize>,
}

impl<'a, 'o> Policies<'a, 'o> {
    /// Prepares for questions about an organization.
    pub fn of(access: &'a Access<'o>) -> Self {
        let org = access.organization();
        let resources = || org.access().resources.iter().filter(|resource| !resource.policies.is_empty());
        let mut addresses = BTreeMap::new();
        for resource in resources() {
            for policy in &resource.policies {
                for address in resource.address.iter().chain([&policy.address]) {
                    addresses.entry((address, policy.stack.as_deref())).or_insert(resource);
                }
            }
        }
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
            resources: resources()
                .filter_map(|resource| Some((resource.arn.as_deref()?, resource)))
                .collect(),
            addresses,
            alike: RefCell::default(),
            asked: Cell::default(),
        }
    }

    /// How many different questions were put to the chains of policies so far.
    pub fn questions(&self) -> usize {
        self.asked.get()
    }

    /// What becomes of a request of a principal of an account.
    pub fn foresee(&self, account: NodeId, request: &PartialRequest) -> Foreseen<'o> {
        let parts = self.parts(account, self.owner(account, request), None, request);
        let found = parts.iter().flatten().find_map(|part| part.denials.first());
        found.cloned().map_or_else(|| gathered(&parts).foreseen(), Foreseen::Denied)
    }

    /// Everything that denies a request of a principal of an account on a resource of another one, and what it depends on
    /// besides. An account that no input shows has no policies that are known.
    pub fn denials(
        &self,
        account: NodeId,
        owner: Option<NodeId>,
        request: &PartialRequest,
    ) -> (Vec<Denial<'o>>, BTreeSet<Reason>) {
        let all = gathered(&self.parts(account, owner, None, request));
        (all.denials, all.reasons)
    }

    /// What is said of a request that a change of the plan makes.
    pub(super) fn of_change(
        &self,
        account: NodeId,
        change: &PlannedChange,
        request: &PartialRequest,
    ) -> Answered<'o> {
        gathered(&self.parts(account, self.owner(account, request), Some(change), request))
    }

    /// The account whose RCPs count: that of the resource.
    fn owner(&self, account: NodeId, request: &PartialRequest) -> Option<NodeId> {
        let owner = request.request.resource_account.as_deref();
        owner.map_or(Some(account), |owner| self.accounts.get(owner).copied())
    }

    /// Whether the other side of a change says the same of a request, whatever it is that is said.
    pub(crate) fn agrees_with(
        &self,
        account: NodeId,
        (other, there): (&Policies<'_, 'o>, NodeId),
        change: Option<&PlannedChange>,
        request: &PartialRequest,
    ) -> bool {
        let has_own = |side: &Policies<'_, 'o>| {
            side.resource_of(change, request).is_some() || side.subject(request).is_some()
        };
        let is_here = self.owner(account, request) == Some(account);
        let same = |kind: &PolicyType| {
            let chains = [self.chain(account, kind), other.chain(there, kind)];
            let pair = chains.each_ref().map(Rc::as_ptr);
            if let Some(known) = self.alike.borrow().get(&pair) {
                return *known;
            }
            let [one, two] = &chains;
            let same = one.is_like(self.org, two, other.org);
            self.alike.borrow_mut().insert(pair, same);
            same
        };
        is_here
            && self.binds(account) == other.binds(there)
            && same(&PolicyType::ServiceControl)
            && same(&PolicyType::ResourceControl)
            && !has_own(self)
            && !has_own(other)
    }

    /// Whether the inputs show a principal with policies of its own.
    pub(crate) fn has_principal(&self, arn: &str) -> bool {
        self.access.find(arn).is_some()
    }

    /// Whether the inputs show policies of a resource.
    pub(crate) fn has_policy_of(&self, arn: &str) -> bool {
        self.resource_at(arn).is_some()
    }

    /// What policies read of a request of a principal of an account, beside its action. Requests that differ in nothing
    /// else get the same answers, as long as the same principals and resources have policies of their own.
    pub(crate) fn reads(&self, account: NodeId, request: &PartialRequest) -> Reads {
        let mut reads = Reads::default();
        let action = &request.request.action;
        let chains = [
            Some((account, PolicyType::ServiceControl)),
            self.owner(account, request).map(|owner| (owner, PolicyType::ResourceControl)),
        ];
        for (account, kind) in chains.into_iter().flatten() {
            self.chain(account, &kind).read_by(action, &mut reads);
        }
        let policies = self.resource_at(&request.request.resource).into_iter().flat_map(|it| &it.policies);
        let statements = policies.filter_map(|it| it.document.policy()).flat_map(|it| &it.statements);
        statements.filter(|it| it.covers_action(action)).for_each(|it| reads.add(it));
        if let Some((id, subject)) = self.subject(request) {
            reads.extend(&self.own_relevant(id, subject, action).reads);
        }
        reads
    }

    fn parts(
        &self,
        account: NodeId,
        owner: Option<NodeId>,
        change: Option<&PlannedChange>,
        request: &PartialRequest,
    ) -> Parts<'o> {
        let asked = || self.asked.set(self.asked.get() + 1);
        let chain =
            |account: NodeId, kind: &PolicyType| self.chain(account, kind).answered(self.org, request, asked);
        let scp = self.binds(account).then(|| chain(account, &PolicyType::ServiceControl));
        let service = request.request.action.split(':').next().unwrap_or_default();
        let owner = owner.filter(|owner| self.binds(*owner));
        let reached = || Catalogue::get().service(service).is_some_and(Service::takes_resource_control);
        let rcp = owner.filter(|_| reached()).map(|owner| chain(owner, &PolicyType::ResourceControl));
        let resource = self.resource_of(change, request).map(|it| Rc::new(of_resource(it, request)));
        let own = self.subject(request).map(|(id, subject)| self.of_principal(id, subject, request));
        [scp, rcp, resource, own]
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

    fn subject(&self, request: &PartialRequest) -> Option<(SubjectId, &'a Subject<'o>)> {
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
    fn of_principal(
        &self,
        id: SubjectId,
        subject: &'a Subject<'o>,
        request: &PartialRequest,
    ) -> Rc<Answered<'o>> {
        let relevant = self.own_relevant(id, subject, &request.request.action);
        relevant.known.once(request.reading(&relevant.reads), || own(subject, request))
    }

    fn own_relevant(&self, id: SubjectId, subject: &'a Subject<'o>, action: &str) -> Rc<OwnRelevant<'o>> {
        let by_action = Rc::clone(self.own.borrow_mut().entry(id).or_default());
        by_action.get(action, || {
            let mut reads = Reads::default();
            let held = subject.held.iter().flat_map(|held| &held.policy.statements);
            let held = held.filter(|statement| statement.effect.value == Effect::Deny);
            let cap = match &subject.cap {
                Cap::Policy { policy, .. } => policy.statements.as_slice(),
                _ => &[],
            };
            held.chain(cap).filter(|it| it.covers_action(action)).for_each(|it| reads.add(it));
            OwnRelevant { reads, known: Known::default() }
        })
    }

    /// The resource with policies that a request is about. Where its ARN is unknown until apply, the change that makes the
    /// request says which it is.
    fn resource_of(&self, change: Option<&PlannedChange>, request: &PartialRequest) -> Option<&'o Resource> {
        let of_change = || {
            let change = change.filter(|_| !request.knows_resource())?;
            let address = change.of.as_ref().unwrap_or(&change.address);
            let found = self.addresses.get(&(address, change.stack.as_deref()))?;
            // A request about something else, such as the role that is passed, is no request about it.
            let service = request.request.action.split(':').next()?;
            let kinds = Catalogue::get().resource_types(&request.request.action)?;
            let own = found.kind.trim_start_matches("aws_").replace('_', "");
            let mut kinds = kinds.map(|kind| format!("{service}{}", kind.name).replace(['-', '_'], ""));
            kinds.any(|kind| kind.ends_with(&own) || own.ends_with(&kind)).then_some(found)
        };
        self.resource_at(&request.request.resource).or_else(|| of_change().copied())
    }

    fn resource_at(&self, arn: &str) -> Option<&'o Resource> {
        // Of an object, the bucket has the policy.
        let bucket = || arn.split_once('/').map_or(arn, |(bucket, _)| bucket);
        let of_bucket = || self.resources.get(bucket()).filter(|resource| resource.kind == "aws_s3_bucket");
        self.resources.get(arn).or_else(of_bucket).copied()
    }

    fn chain(&self, account: NodeId, kind: &PolicyType) -> Rc<Chain<'o>> {
        let is_scp = *kind == PolicyType::ServiceControl;
        let known = if is_scp { &self.scp } else { &self.rcp };
        if let Some(chain) = known.borrow().get(&account) {
            return Rc::clone(chain);
        }
        let chain = self.org.policy_chain(account, kind);
        let above = chain.levels.split_last().map_or(&[][..], |(_, above)| above);
        let key = (is_scp, above.iter().map(|level| level.id).collect(), chain.signature());
        let mut shared = self.shared.borrow_mut();
        let chain = shared.entry(key).or_insert_with(|| Rc::new(Chain::of(chain)));
        known.borrow_mut().insert(account, Rc::clone(chain));
        Rc::clone(chain)
    }
}

fn gathered<'o>(parts: &Parts<'o>) -> Answered<'o> {
    let mut all = Answered::default();
    parts.iter().flatten().for_each(|part| all.extend(part));
    all
}

/// What the resource's own policies say. That they do not allow a request denies nothing: the principal's may.
fn of_resource<'o>(resource: &'o Resource, request: &PartialRequest) -> Answered<'o> {
    let mut answered = Answered::default();
    for carried in &resource.policies {
        let Some(policy) = carried.document.policy() else { continue };
        let statements = policy.statements.iter().filter(|it| it.effect.value == Effect::Deny);
        for statement in statements.filter(|it| it.covers_action(&request.request.action)) {
            let by = format!("the policy of the resource (`{}`)", carried.address);
            let about = (policy, statement);
            match statement.applies_to(policy, request) {
                Some(true) => answered.denials.push(Denial {
                    by,
                    document: Some(&carried.document),
                    statement: Some(about),
                    source: DenialSource::Resource(carried),
                }),
                Some(false) => {}
                None => answered.reasons.extend(why(&by, None, Some(&carried.document), about, request)),
            }
        }
    }
    answered
}

/// What the principal's own policies and its boundary say. What its policies do not allow is not known to be denied: no
/// input shows what other stacks attach to it.
fn own<'o>(subject: &Subject<'o>, request: &PartialRequest) -> Answered<'o> {
    let mut answered = Answered::default();
    for held in &subject.held {
        for statement in held.policy.statements.iter().filter(|it| it.effect.value == Effect::Deny) {
            let name = format!("policy `{}`", held.name);
            match statement.applies_to(held.policy, request) {
                Some(true) if held.must => answered.denials.push(Denial {
                    by: format!("{name} of the {}", subject.word),
                    document: held.document,
                    statement: Some((held.policy, statement)),
                    source: DenialSource::Principal {
                        given_by: held.address,
                        stack: subject.node.get().stack.as_deref(),
                        document: held.document.map_or("", |document| &*document.name),
                    },
                }),
                Some(false) => {}
                _ => answered.reasons.extend(why(
                    &name,
                    None,
                    held.document,
                    (held.policy, statement),
                    request,
                )),
            }
        }
    }
    let Cap::Policy { policy, name, document, .. } = &subject.cap else { return answered };
    let source = DenialSource::Principal {
        given_by: subject.node.get().address.as_ref(),
        stack: subject.node.get().stack.as_deref(),
        document: document.map_or("", |document| &*document.name),
    };
    let mut allows = Some(false);
    for statement in &policy.statements {
        let applies = statement.applies_to(policy, request);
        match (statement.effect.value, applies) {
            (Effect::Deny, Some(true)) => answered.denials.push(Denial {
                by: format!("boundary `{name}` of the {}", subject.word),
                document: *document,
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
