//! How one principal comes to act as another within an account.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use orgward_iam::{
    Answer, Catalogue, ContextValue, Effect, ManagedPolicies, PrincipalPattern, Reads, Request, RequestSet,
    resource_matches,
};
use orgward_org::{Modality, NodeId, Runtime};

use super::sets::{About, ByStanding, Side};
use super::subject::{Cap, Held, Subject, SubjectId};
use super::ways::{Way, WayKind, ways};
use super::{Access, claims};
use crate::memo::Memo;

/// How one principal comes to act as another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum EdgeKind {
    /// Its trust policy lets the principal assume it.
    Assume,
    /// The principal changes what it, or another, may do, or who may be it.
    Change,
    /// The principal runs code in what already runs as it.
    RunInside,
    /// The principal passes it to something new.
    Pass,
    /// It is let in from outside of the organization.
    Outside,
}

impl EdgeKind {
    /// The word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assume => "assume",
            Self::Change => "change",
            Self::RunInside => "run-inside",
            Self::Pass => "pass",
            Self::Outside => "outside",
        }
    }
}

/// Where an edge leads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum End {
    /// To a principal as it is.
    Subject(SubjectId),
    /// To a principal that can do everything that its boundary and the chain leave to it.
    Armed(SubjectId),
    /// To a new principal of the account of this one, without a boundary that holds.
    New(SubjectId),
}

impl End {
    /// The principal that the end is, or is in the account of.
    pub fn subject(self) -> SubjectId {
        match self {
            Self::Subject(id) | Self::Armed(id) | Self::New(id) => id,
        }
    }
}

/// One step: how, and the requests that do it, all allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edge {
    /// How.
    pub kind: EdgeKind,
    /// What is done, in words: `passes it to lambda.amazonaws.com`.
    pub how: String,
    /// The requests.
    pub requests: Vec<Request>,
    /// Whether it is open whatever the unknown turns out to be.
    pub certain: bool,
}

/// A condition of a question: operator, key, value.
type Line<'q> = (&'q str, &'q str, &'q str);

/// What a principal can do, and whether it certainly can.
type Can = Option<(Request, bool)>;

/// What was asked of one of several principals that are alike, with the account of the one that was asked.
pub(super) type Answers = Memo<(usize, String), (String, Can)>;

/// Which services the texts of trust policies let in.
pub(super) type Admitted = Memo<(Arc<str>, String), bool>;

/// What the requests of one principal are allowed to be, asked one action at a time.
pub(super) struct Asker<'a, 'o> {
    access: &'a Access<'o>,
    pub(super) subject: Subject<'o>,
    settled: bool,
    /// Whether it has everything that its boundary leaves to it.
    is_armed: bool,
    /// Whether answers are shared with principals that are alike.
    shares: bool,
    mentioned: RefCell<BTreeMap<String, bool>>,
    reads: RefCell<BTreeMap<String, Rc<Reads>>>,
    memo: RefCell<BTreeMap<String, Can>>,
}

impl<'a, 'o> Asker<'a, 'o> {
    pub(super) fn of(access: &'a Access<'o>, subject: &Subject<'o>) -> Self {
        // What is not known at all is no way that could be shown.
        let subject = Subject { unknowns: Vec::new(), ..subject.clone() };
        // Where policies look at tags, both bounds are asked.
        let settled =
            subject.is_certain() && access.is_settled(subject.account) && access.tag_keys.is_empty();
        Self {
            access,
            subject,
            settled,
            is_armed: false,
            shares: false,
            mentioned: RefCell::default(),
            reads: RefCell::default(),
            memo: RefCell::default(),
        }
    }

    /// A principal that is asked what principals like it are asked, too, in an order that is always the same.
    pub(super) fn sharing(access: &'a Access<'o>, subject: &Subject<'o>) -> Self {
        Self { shares: true, ..Self::of(access, subject) }
    }

    /// The same principal with everything that its boundary leaves to it.
    pub(super) fn armed(access: &'a Access<'o>, subject: &Subject<'o>) -> Option<Self> {
        let policy = ManagedPolicies::get().policy("arn:aws:iam::aws:policy/AdministratorAccess")?;
        let held = Held {
            policy,
            name: "AdministratorAccess".into(),
            document: None,
            address: None,
            stack: None,
            own_arn: None,
            group: None,
            must: true,
        };
        let asker = Self::sharing(access, &Subject { held: vec![held], ..subject.clone() });
        Some(Self { is_armed: true, ..asker })
    }

    /// Whether some statement allows an action at all.
    pub(super) fn mentions(&self, action: &str) -> bool {
        if let Some(known) = self.mentioned.borrow().get(action) {
            return *known;
        }
        let mut statements = self.subject.held.iter().flat_map(|held| &held.policy.statements);
        let is_mentioned = statements.any(|it| it.effect.value == Effect::Allow && it.covers_action(action));
        self.mentioned.borrow_mut().insert(action.to_owned(), is_mentioned);
        is_mentioned
    }

    /// What the policies that bear on an action read of a request of the principal.
    fn reads(&self, action: &str) -> Rc<Reads> {
        if let Some(known) = self.reads.borrow().get(action) {
            return Rc::clone(known);
        }
        let cap = if let Cap::Policy { policy, .. } = &self.subject.cap { Some(*policy) } else { None };
        let chain = self.subject.account.and_then(|account| self.access.chains.get(&account));
        let attached = chain.into_iter().flat_map(|(scp, _)| &scp.levels).flat_map(|level| &level.attached);
        let above = attached.filter_map(|it| it.org_policy.data.document.policy());
        let policies = self.subject.held.iter().map(|held| held.policy).chain(cap).chain(above);
        let mut reads = Reads::default();
        let statements = policies.flat_map(|policy| &policy.statements);
        statements.filter(|it| it.covers_action(action)).for_each(|it| reads.add(it));
        let reads = Rc::new(reads);
        self.reads.borrow_mut().insert(action.to_owned(), Rc::clone(&reads));
        reads
    }

    /// A request that the principal can make, and whether it certainly can. What no policy reads is not asked about: it is
    /// set in the answer, which is the same for everything that it could be.
    pub(super) fn can(&self, action: &str, resource: Option<&str>, conditions: &[Line<'_>]) -> Can {
        if !self.mentions(action) {
            return None;
        }
        let reads = self.reads(action);
        let is_read = |arn: &&str| reads.resource() || !takes(action, arn);
        let is_asked = |(operator, key, _): &Line<'_>| *operator != "StringEquals" || reads.has_key(key);
        let on = resource.filter(is_read);
        let (asked, set): (Vec<Line<'_>>, Vec<Line<'_>>) = conditions.iter().partition(|line| is_asked(line));
        let (mut request, certain) = self.can_alike(action, on, &asked)?;
        if let (Some(arn), None) = (resource, on) {
            arn.clone_into(&mut request.resource);
        }
        for (_, key, value) in set {
            request.context.set(key, ContextValue::One(value.to_owned()));
        }
        Some((request, certain))
    }

    /// Asks once for all principals that are alike but for their account.
    fn can_alike(&self, action: &str, resource: Option<&str>, conditions: &[Line<'_>]) -> Can {
        let key = format!("{} {action} {resource:?} {conditions:?}", self.is_armed);
        if let Some(known) = self.memo.borrow().get(&key) {
            return known.clone();
        }
        let account = self.subject.account_text.as_deref().filter(|it| self.shares && !it.is_empty());
        let account = account.filter(|_| self.access.has_alike(&self.subject));
        let found = match account {
            None => self.ask(action, resource, conditions),
            Some(account) => {
                let shared = (self.subject.cohort, key.replace(account, "ACCOUNT"));
                let ask = || (account.to_owned(), self.ask(action, resource, conditions));
                let (of, found) = self.access.can.get(shared, ask);
                found.map(|(request, certain)| (request.as_account(&of, account), certain))
            }
        };
        self.memo.borrow_mut().insert(key, found.clone());
        found
    }

    fn ask(&self, action: &str, resource: Option<&str>, conditions: &[Line<'_>]) -> Can {
        let claim = claims::claim(Some(action), resource, conditions)?;
        let on = |side| {
            let own = self.access.own(&self.subject, side, About::Action(action));
            let me = self.access.by(&self.subject, side)?;
            Some(own.and(claim.requests()).and(me.requests()).example())
        };
        if !self.settled
            && let Answer::Witness(request) = on(Side::AtLeast)?
        {
            let certain = self.access.doubtful_tag(&self.subject, &request).is_none();
            return Some((*request, certain));
        }
        match on(Side::AtMost)? {
            Answer::Witness(request) => Some((*request, self.settled)),
            Answer::None | Answer::Undecided(_) => None,
        }
    }

    /// All of these on what a resource type takes: on the resource where the action is about such resources, else on any.
    fn all(&self, actions: &[&str], arn: Option<&str>) -> Option<(Vec<Request>, bool)> {
        let mut requests = Vec::new();
        let mut certain = true;
        for action in actions {
            let fits = arn.filter(|arn| takes(action, arn));
            let (request, sure) = self.can(action, fits, &[])?;
            requests.push(request);
            certain &= sure;
        }
        Some((requests, certain))
    }
}

/// Whether an action is about resources such as this one.
fn takes(action: &str, arn: &str) -> bool {
    let types = Catalogue::get().resource_types(action);
    types.is_some_and(|mut types| types.any(|it| resource_matches(&it.pattern(), arn)))
}

/// The principals of one account, and what leads from one to another.
pub(super) struct Local<'a, 'o> {
    pub(super) access: &'a Access<'o>,
    /// The principals, in the order of the class.
    pub(super) ids: &'a [SubjectId],
    ways: Vec<Way>,
    trusts: Vec<Option<[ByStanding; 1]>>,
    trusted: Trusted,
    /// What runs as the principals, by the place of the principal.
    runtimes: Vec<(usize, &'a Runtime)>,
}

/// Whom the principals of an account trust, by their places.
#[derive(Default)]
struct Trusted {
    /// Those that a trust policy names, without any permission of their own.
    named: BTreeMap<String, BTreeSet<usize>>,
    /// Who trusts everybody, or all but some.
    everybody: BTreeSet<usize>,
    /// Who leaves it to its account.
    account: BTreeSet<usize>,
}

impl Trusted {
    fn of(trusts: &[Option<[ByStanding; 1]>]) -> Self {
        let mut trusted = Self::default();
        for (at, trust) in trusts.iter().enumerate() {
            let statements = trust.iter().flat_map(|[trust]| &trust.whole.statements);
            for statement in statements.filter(|it| it.effect.value == Effect::Allow) {
                let Some(principals) = &statement.principals else { continue };
                if principals.not {
                    trusted.everybody.insert(at);
                }
                for pattern in &principals.patterns {
                    match &pattern.value {
                        PrincipalPattern::Everyone => trusted.everybody.insert(at),
                        PrincipalPattern::Account(_) => trusted.account.insert(at),
                        PrincipalPattern::Arn(arn) => {
                            trusted.named.entry(arn.clone()).or_default().insert(at)
                        }
                        _ => false,
                    };
                }
            }
        }
        trusted
    }

    /// Who may trust a principal.
    fn by(&self, asker: &Asker<'_, '_>) -> BTreeSet<usize> {
        let mut all = self.everybody.clone();
        all.extend(self.named.get(&asker.subject.arn).into_iter().flatten());
        if asker.mentions("sts:AssumeRole") {
            all.extend(&self.account);
        }
        all
    }
}

/// An edge with both ends.
pub(super) type Step = (End, End, Edge);

impl<'a, 'o> Local<'a, 'o> {
    pub(super) fn of(access: &'a Access<'o>, ids: &'a [SubjectId]) -> Self {
        let trust = |id: &SubjectId| {
            let policy = access.subject(*id)?.trust?.policy()?;
            Some([ByStanding::of(policy)])
        };
        let trusts: Vec<_> = ids.iter().map(trust).collect();
        let places: BTreeMap<NodeId, usize> =
            ids.iter().enumerate().filter_map(|(at, id)| Some((access.subject(*id)?.node.id, at))).collect();
        let runtimes = access.org.access().runtimes.iter();
        let runtimes = runtimes.filter_map(|runtime| Some((*places.get(&runtime.role)?, runtime))).collect();
        let trusted = Trusted::of(&trusts);
        Self { access, ids, ways: ways().collect(), trusts, trusted, runtimes }
    }

    fn members(&self) -> impl Iterator<Item = (SubjectId, &'a Subject<'o>)> + '_ {
        self.ids.iter().filter_map(|id| Some((*id, self.access.subject(*id)?)))
    }

    /// All edges that start in the account.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (id, subject) in self.members() {
            let asker = Asker::sharing(self.access, subject);
            self.from(End::Subject(id), id, &asker, &mut steps);
        }
        // Whoever is armed within a boundary goes on from there.
        let armed: Vec<SubjectId> = steps
            .iter()
            .filter_map(|(_, to, _)| if let End::Armed(id) = to { Some(*id) } else { None })
            .collect();
        let mut seen = BTreeSet::new();
        for id in armed {
            let Some(subject) = self.access.subject(id).filter(|_| seen.insert(id)) else { continue };
            if self.access.is_unbounded(subject) {
                continue;
            }
            if let Some(asker) = Asker::armed(self.access, subject) {
                self.from(End::Armed(id), id, &asker, &mut steps);
            }
        }
        steps
    }

    fn from(&self, from: End, me: SubjectId, asker: &Asker<'_, 'o>, steps: &mut Vec<Step>) {
        let first = steps.len();
        self.assumes(from, me, asker, steps);
        self.passes(from, me, asker, steps);
        self.runs(from, asker, steps);
        self.changes(from, me, asker, steps);
        self.creates(from, me, asker, steps);
        // The same end is reached best by one way; the others are counted where it is shown.
        steps
            .get_mut(first..)
            .unwrap_or_default()
            .sort_by(|a, b| (a.1, a.2.kind, &a.2.how).cmp(&(b.1, b.2.kind, &b.2.how)));
    }

    fn assumes(&self, from: End, me: SubjectId, asker: &Asker<'_, 'o>, steps: &mut Vec<Step>) {
        for at in self.trusted.by(asker) {
            let (Some(&id), Some(Some(trust))) = (self.ids.get(at), self.trusts.get(at)) else { continue };
            let Some(target) = self.access.subject(id).filter(|_| id != me) else { continue };
            if let Some(edge) = self.access.assume(asker, target, trust) {
                steps.push((from, End::Subject(id), edge));
            }
        }
    }

    fn passes(&self, from: End, me: SubjectId, asker: &Asker<'_, 'o>, steps: &mut Vec<Step>) {
        if !asker.mentions("iam:PassRole") {
            return;
        }
        for way in self.ways.iter().filter(|way| way.kind == WayKind::Pass) {
            let Some((requests, certain)) = asker.all(&way.permissions, None) else { continue };
            for ((id, target), trust) in self.members().zip(&self.trusts) {
                let Some(trust) = trust.as_ref().filter(|_| id != me) else { continue };
                for service in &way.services {
                    if !self.access.admits_service(&trust[0], service) {
                        continue;
                    }
                    let to = [("StringEquals", "iam:PassedToService", *service)];
                    let Some((pass, sure)) = asker.can("iam:PassRole", Some(&target.arn), &to) else {
                        continue;
                    };
                    let mut all = vec![pass];
                    all.extend(requests.iter().cloned());
                    let edge = Edge {
                        kind: EdgeKind::Pass,
                        how: format!("passes it to `{service}` ({})", way.id),
                        requests: all,
                        certain: certain && sure,
                    };
                    steps.push((from, End::Subject(id), edge));
                }
            }
        }
    }

    fn runs(&self, from: End, asker: &Asker<'_, 'o>, steps: &mut Vec<Step>) {
        let can = |way: &&Way| way.permissions.iter().all(|action| asker.mentions(action));
        let ways: Vec<&Way> = self.ways.iter().filter(|way| !way.runs.is_empty()).filter(can).collect();
        if ways.is_empty() {
            return;
        }
        for (at, runtime) in &self.runtimes {
            let Some(&id) = self.ids.get(*at) else { continue };
            for way in ways.iter().filter(|way| way.runs.contains(&runtime.kind)) {
                let Some((requests, certain)) = asker.all(&way.permissions, runtime.arn.as_deref()) else {
                    continue;
                };
                let edge = Edge {
                    kind: EdgeKind::RunInside,
                    how: format!("runs code in `{}` ({})", runtime.address, way.id),
                    requests,
                    certain: certain && runtime.modality == Modality::Must,
                };
                steps.push((from, End::Subject(id), edge));
            }
        }
    }
}

impl<'o> Access<'o> {
    /// The edge by which a principal assumes a role.
    pub(super) fn assume(
        &self,
        asker: &Asker<'_, 'o>,
        target: &Subject<'o>,
        trust: &[ByStanding; 1],
    ) -> Option<Edge> {
        const ACTION: &str = "sts:AssumeRole";
        let is_about = |statement: &orgward_iam::Statement| {
            statement.effect.value == Effect::Allow
                && statement.covers_action(ACTION)
                && statement.principals.as_ref().is_some_and(|principals| {
                    principals.not
                        || principals.patterns.iter().any(|pattern| names(&pattern.value, &asker.subject))
                })
                && statement.may_be_met_by(&trust[0].whole, &asker.subject.arn)
        };
        if !trust[0].whole.statements.iter().any(is_about) {
            return None;
        }
        let same = asker.subject.account_text == target.account_text;
        if !same && !asker.mentions(ACTION) {
            return None;
        }
        let claim = claims::claim(Some(ACTION), Some(&target.arn), &[])?;
        let place = (target.account, target.account_text.as_deref());
        let on = |side| {
            let open = self.on(&asker.subject, trust, place, true, (side, About::Action(ACTION)));
            let me = self.by(&asker.subject, side)?;
            Some(open.and(claim.requests()).and(me.requests()).example())
        };
        let settled = asker.settled && self.is_settled(target.account);
        let (request, certain) = match on(if settled { Side::AtMost } else { Side::AtLeast })? {
            Answer::Witness(request) => {
                let certain = self.doubtful_tag(&asker.subject, &request).is_none();
                (*request, certain)
            }
            _ if settled => return None,
            _ => match on(Side::AtMost)? {
                Answer::Witness(request) => (*request, false),
                Answer::None | Answer::Undecided(_) => return None,
            },
        };
        Some(Edge { kind: EdgeKind::Assume, how: "assumes it".to_owned(), requests: vec![request], certain })
    }

    /// Whether a trust policy lets a service assume the role.
    pub(super) fn admits_service(&self, trust: &ByStanding, service: &str) -> bool {
        let key = (Arc::clone(trust.whole.text()), service.to_owned());
        self.admitted.get(key, || Self::lets_in(trust, service))
    }

    fn lets_in(trust: &ByStanding, service: &str) -> bool {
        let named = trust.caller.statements.iter().any(|statement| {
            statement.covers_action("sts:AssumeRole")
                && statement.principals.as_ref().is_some_and(|principals| {
                    principals.patterns.iter().any(|pattern| match &pattern.value {
                        PrincipalPattern::Service(name) => name == service,
                        PrincipalPattern::Everyone => true,
                        _ => false,
                    })
                })
        });
        if !named {
            return false;
        }
        let Some(claim) = claims::claim(
            Some("sts:AssumeRole"),
            None,
            &[("StringEquals", "aws:PrincipalServiceName", service)],
        ) else {
            return false;
        };
        let about = About::Action("sts:AssumeRole");
        let open = super::sets::effect(&trust.whole, Effect::Allow, about).minus(trust.denied());
        let taken = open.and(claim.requests()).and(RequestSet::by(orgward_iam::Callers::Services));
        taken.emptiness() == Ok(false)
    }

    /// Whether a principal that is given everything is an administrator: nothing bounds it.
    pub(super) fn is_unbounded(&self, subject: &Subject<'o>) -> bool {
        match &subject.cap {
            Cap::None => true,
            Cap::Unknown(_) => false,
            Cap::Policy { .. } => {
                Asker::armed(self, subject).is_some_and(|asker| self.is_administrator(&asker.subject))
            }
        }
    }
}

/// Whether an entry of a `Principal` element may be about a principal.
fn names(pattern: &PrincipalPattern, subject: &Subject<'_>) -> bool {
    match pattern {
        PrincipalPattern::Everyone => true,
        PrincipalPattern::Account(account) => subject.account_text.as_ref() == Some(account),
        PrincipalPattern::Arn(arn) => *arn == subject.arn,
        _ => false,
    }
}
