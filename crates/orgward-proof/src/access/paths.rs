//! Paths from principal to principal, over all accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use orgward_iam::{Answer, Catalogue, Effect, PrincipalPattern, Request};
use petgraph::Direction;
use petgraph::algo::dijkstra;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{EdgeRef as _, Reversed};

use super::admin::Standing;
use super::edges::{Asker, Edge, EdgeKind, End, Local};
use super::outsider::{Circle, Home, named};
use super::sets::ByStanding;
use super::subject::{Subject, SubjectId};
use super::{Access, claims};

/// How many pairs of principals of different accounts are asked about.
const PAIRS: usize = 200_000;

/// One step of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Where it starts.
    pub from: End,
    /// Where it leads.
    pub to: End,
    /// How.
    pub edge: Edge,
}

/// What a principal reaches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reach {
    /// An administrator.
    Administrator,
    /// Something that it cannot do itself: this request of another principal.
    More(Box<Request>),
}

/// What a principal can gain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gain {
    /// The shortest path.
    pub path: Vec<Step>,
    /// What is reached.
    pub reach: Reach,
    /// Whether every step is open whatever the unknown turns out to be.
    pub certain: bool,
    /// How many other steps would do instead of the first one.
    pub others: usize,
}

/// A way from outside of the organization.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WayIn {
    /// The principal that lets them in.
    pub entry: SubjectId,
    /// How it does.
    pub edge: Edge,
    /// The steps from there.
    pub steps: Vec<Step>,
    /// Whether all of it is open whatever the unknown turns out to be.
    pub certain: bool,
}

/// All edges between principals.
#[derive(Debug)]
pub(super) struct Graph {
    all: DiGraph<Option<End>, Option<Edge>>,
    nodes: BTreeMap<End, NodeIndex>,
    /// What every administrator leads to.
    sink: NodeIndex,
    /// The account of each principal beside the first one that is like it.
    like: BTreeMap<SubjectId, Like>,
    /// Whether some pairs of principals were not asked about: there are too many.
    cut: bool,
}

/// The principals of the first of several accounts that are alike, and those of another one, in the same order.
#[derive(Debug)]
struct Like {
    first: Arc<[SubjectId]>,
    own: Arc<[SubjectId]>,
}

impl<'o> Access<'o> {
    fn graph(&self) -> &Graph {
        self.paths.get_or_init(|| self.build_graph())
    }

    fn build_graph(&self) -> Graph {
        let mut graph = DiGraph::new();
        let sink = graph.add_node(None);
        let mut all = Graph { all: graph, nodes: BTreeMap::new(), sink, like: BTreeMap::new(), cut: false };
        for class in self.classes() {
            all.note(&class);
            let Some(first) = class.accounts.first() else { continue };
            let steps = Local::of(self, first).steps();
            for ids in &class.accounts {
                for (from, to, edge) in &steps {
                    let here = |end: &End| {
                        let at = first.iter().position(|id| *id == end.subject())?;
                        let id = *ids.get(at)?;
                        Some(match end {
                            End::Subject(_) => End::Subject(id),
                            End::Armed(_) => End::Armed(id),
                            End::New(_) => End::New(id),
                        })
                    };
                    let (Some(from), Some(to)) = (here(from), here(to)) else { continue };
                    let edge =
                        if std::ptr::eq(ids, first) { edge.clone() } else { self.moved(edge, first, ids) };
                    all.connect(from, to, Some(edge));
                }
            }
        }
        self.across(&mut all);
        let ends: Vec<End> = all.nodes.keys().copied().collect();
        for end in ends {
            if self.is_admin_end(end)
                && let Some(at) = all.nodes.get(&end)
            {
                all.all.add_edge(*at, all.sink, None);
            }
        }
        all
    }

    /// Whether the principal at an end is an administrator.
    fn is_admin_end(&self, end: End) -> bool {
        match end {
            End::Subject(id) => *self.standing(id) == Standing::Administrator,
            End::New(_) => true,
            End::Armed(id) => self.subject(id).is_some_and(|subject| self.is_unbounded(subject)),
        }
    }

    /// An edge of one account as it is in another.
    fn moved(&self, edge: &Edge, from: &[SubjectId], to: &[SubjectId]) -> Edge {
        let (old, new) = (self.account_of(from), self.account_of(to));
        let there = |text: &str| if old.is_empty() { text.to_owned() } else { text.replace(&old, &new) };
        let mut edge = edge.clone();
        for request in &mut edge.requests {
            request.resource = there(&request.resource);
            if let orgward_iam::Caller::Arn(arn) = &mut request.caller {
                *arn = there(arn);
            }
        }
        edge.how = there(&edge.how);
        edge
    }

    /// Roles that principals of other accounts may assume.
    fn across(&self, all: &mut Graph) {
        let mut asked = 0;
        let mut in_account: BTreeMap<&str, Vec<SubjectId>> = BTreeMap::new();
        for (id, subject) in self.subjects() {
            in_account.entry(subject.account_text.as_deref().unwrap_or_default()).or_default().push(id);
        }
        let mut askers: BTreeMap<SubjectId, Asker<'_, 'o>> = BTreeMap::new();
        let mut known: BTreeMap<(usize, String, bool), Option<Edge>> = BTreeMap::new();
        for (id, target) in self.subjects() {
            let Some(policy) = target.trust.and_then(|trust| trust.policy()) else { continue };
            let mut candidates: Vec<SubjectId> = Vec::new();
            for statement in policy.statements.iter().filter(|it| it.effect.value == Effect::Allow) {
                let Some(principals) = &statement.principals else { continue };
                for pattern in &principals.patterns {
                    match &pattern.value {
                        PrincipalPattern::Arn(arn) => candidates.extend(self.find(arn)),
                        PrincipalPattern::Account(account) => {
                            candidates.extend(in_account.get(account.as_str()).into_iter().flatten());
                        }
                        PrincipalPattern::Everyone => {
                            candidates.extend((0..self.subjects.len()).map(SubjectId));
                        }
                        _ => {}
                    }
                }
            }
            candidates.retain(|other| {
                self.subject(*other).is_some_and(|it| it.account_text != target.account_text)
            });
            candidates.sort();
            candidates.dedup();
            if candidates.is_empty() {
                continue;
            }
            let trust = [ByStanding::of(policy)];
            for from in candidates {
                let Some(source) = self.subject(from) else { continue };
                let mentions = source.account_text.as_deref().is_some_and(|it| policy.text().contains(it))
                    || target.account_text.as_deref().is_some_and(|account| {
                        source.held.iter().any(|held| held.policy.text().contains(account))
                    });
                let key = (source.cohort, format!("{} {}", target.cohort, policy.text()), mentions);
                let edge = if let Some(edge) = known.get(&key).filter(|_| !mentions) {
                    edge.clone()
                } else {
                    asked += 1;
                    if asked > PAIRS {
                        all.cut = true;
                        return;
                    }
                    let caller = askers.entry(from).or_insert_with(|| Asker::sharing(self, source));
                    let edge = self.assume(caller, target, &trust);
                    known.insert(key, edge.clone());
                    edge
                };
                if let Some(edge) = edge {
                    all.connect(End::Subject(from), End::Subject(id), Some(edge));
                }
            }
        }
    }

    /// What each principal gains that is no administrator, the shortest path first to an administrator and else to
    /// something that it cannot do itself. Sorted by principal.
    pub fn gains(&self) -> impl Iterator<Item = (SubjectId, &Gain)> {
        self.gained().iter().map(|(id, gain)| (*id, gain))
    }

    /// What one principal gains.
    pub fn gain(&self, id: SubjectId) -> Option<&Gain> {
        self.gained().get(&id)
    }

    fn gained(&self) -> &BTreeMap<SubjectId, Gain> {
        self.gains.get_or_init(|| self.compute_gains().into_iter().collect())
    }

    fn compute_gains(&self) -> Vec<(SubjectId, Gain)> {
        let all = self.graph();
        let certain = all.distances(true);
        let possible = all.distances(false);
        let mut gains = Vec::new();
        let mut known: BTreeMap<SubjectId, Option<Gain>> = BTreeMap::new();
        for (id, _) in self.subjects() {
            if *self.standing(id) == Standing::Administrator {
                continue;
            }
            let start = End::Subject(id);
            let Some(&at) = all.nodes.get(&start) else { continue };
            let found = all.walk(at, &certain, true).map(|path| (path, true));
            let found = found.or_else(|| all.walk(at, &possible, false).map(|path| (path, false)));
            if let Some((path, certain)) = found {
                let others = all.alternatives(at, &possible).saturating_sub(1);
                gains.push((id, Gain { path, reach: Reach::Administrator, certain, others }));
            } else if let Some(gain) = self.more_like(id, all, &mut known) {
                gains.push((id, gain));
            }
        }
        gains
    }

    /// What a principal gains beside administrators: asked once for all accounts that are alike, and moved to each.
    fn more_like(
        &self,
        id: SubjectId,
        all: &Graph,
        known: &mut BTreeMap<SubjectId, Option<Gain>>,
    ) -> Option<Gain> {
        let of = |id: SubjectId| self.more(self.subject(id)?, *all.nodes.get(&End::Subject(id))?, all);
        let (first, own) = match all.like.get(&id) {
            Some(Like { first, own }) if !Arc::ptr_eq(first, own) => (first, own),
            _ => return known.entry(id).or_insert_with(|| of(id)).clone(),
        };
        let place = own.iter().position(|other| *other == id)?;
        let stand_in = *first.get(place)?;
        let gain = known.entry(stand_in).or_insert_with(|| of(stand_in)).as_ref()?;
        let here = |end: End| {
            let at = first.iter().position(|other| *other == end.subject())?;
            let there = *own.get(at)?;
            Some(match end {
                End::Subject(_) => End::Subject(there),
                End::Armed(_) => End::Armed(there),
                End::New(_) => End::New(there),
            })
        };
        let step = |step: &Step| {
            let (from, to) = (here(step.from)?, here(step.to)?);
            Some(Step { from, to, edge: self.moved(&step.edge, first, own) })
        };
        let path: Option<Vec<Step>> = gain.path.iter().map(step).collect();
        let reach = match &gain.reach {
            Reach::More(request) => {
                let (old, new) = (self.account_of(first), self.account_of(own));
                let mut request = request.as_account(&old, &new);
                if !old.is_empty() {
                    request.resource = request.resource.replace(&old, &new);
                }
                Reach::More(Box::new(request))
            }
            Reach::Administrator => Reach::Administrator,
        };
        Some(Gain { path: path?, reach, certain: gain.certain, others: gain.others })
    }

    fn account_of(&self, ids: &[SubjectId]) -> String {
        let first = ids.first().and_then(|id| self.subject(*id));
        first.and_then(|it| it.account_text.clone()).unwrap_or_default()
    }

    /// A step to a principal that can do what this one cannot.
    fn more(&self, subject: &Subject<'o>, at: NodeIndex, all: &Graph) -> Option<Gain> {
        let asker = Asker::sharing(self, subject);
        let mut best: Option<Gain> = None;
        for (to, edge) in all.steps(at) {
            // Assuming a role is what roles are for.
            if edge.kind == EdgeKind::Assume || !matches!(to, End::Subject(_)) {
                continue;
            }
            let Some(target) = self.subject(to.subject()) else { continue };
            // What is bounded as the principal is reaches no further.
            if subject.cap.arn().is_some() && subject.cap.arn() == target.cap.arn() {
                continue;
            }
            let Some(request) = self.beyond(&asker, target) else { continue };
            if let Some(best) = &mut best {
                best.others += 1;
            } else {
                {
                    let from = all.all.node_weight(at).copied().flatten()?;
                    best = Some(Gain {
                        path: vec![Step { from, to, edge: edge.clone() }],
                        reach: Reach::More(Box::new(request)),
                        certain: edge.certain,
                        others: 0,
                    });
                }
            }
        }
        best
    }

    /// A request of another principal that this one cannot make.
    fn beyond(&self, asker: &Asker<'_, 'o>, other: &Subject<'o>) -> Option<Request> {
        /// What every function needs, and what says nothing about one.
        const BASIC: [&str; 4] = ["logs:", "xray:", "cloudwatch:PutMetricData", "ec2messages:"];
        const MOST: usize = 200;
        let theirs = Asker::sharing(self, other);
        let statements = other.held.iter().flat_map(|held| &held.policy.statements);
        let allowing = statements.filter(|statement| statement.effect.value == Effect::Allow);
        let patterns =
            allowing.filter(|it| !it.actions.not).flat_map(|statement| &statement.actions.patterns);
        for pattern in patterns.take(MOST) {
            let listed: Vec<&str> = Catalogue::get()
                .actions_matching(&pattern.value)
                .map(orgward_iam::Action::name)
                .take(40)
                .collect();
            let written = (!pattern.value.contains(['*', '?'])).then_some(pattern.value.as_str());
            let actions = listed.into_iter().chain(written);
            for action in actions.filter(|action| !BASIC.iter().any(|basic| action.starts_with(basic))) {
                let Some((request, _)) = theirs.can(action, None, &[]) else { continue };
                if asker.can(action, Some(&request.resource), &[]).is_none() {
                    return Some(request);
                }
                break;
            }
        }
        None
    }

    /// The shortest path from some principals to others that avoids what is exempt: the certain one if there is one.
    pub fn path(
        &self,
        from: &dyn Fn(&Subject<'o>) -> bool,
        to: &dyn Fn(&Subject<'o>) -> bool,
        exempt: &dyn Fn(&Subject<'o>) -> bool,
    ) -> Vec<(Vec<Step>, bool)> {
        let all = self.graph();
        let is =
            |end: End, wanted: &dyn Fn(&Subject<'o>) -> bool| self.subject(end.subject()).is_some_and(wanted);
        let mut found = Vec::new();
        for (end, at) in &all.nodes {
            let End::Subject(id) = end else { continue };
            if !is(*end, from) || is(*end, exempt) {
                continue;
            }
            let path =
                all.search(*at, &|end| is(end, to) && end != End::Subject(*id), &|end| is(end, exempt));
            found.extend(path);
        }
        found
    }

    /// Why there may be a path from some principals to others where none is shown: something that a path could go by is
    /// unknown. With `from_outside`, principals outside of the organization are where the path starts.
    pub fn open_end(
        &self,
        from: &dyn Fn(&Subject<'o>) -> bool,
        to: &dyn Fn(&Subject<'o>) -> bool,
        from_outside: bool,
    ) -> Option<String> {
        let all = self.graph();
        if all.cut {
            return Some(format!("more than {PAIRS} pairs of principals would have to be asked about"));
        }
        let of = |wanted: &dyn Fn(&Subject<'o>) -> bool| -> Vec<SubjectId> {
            self.subjects().filter(|(_, subject)| wanted(subject)).map(|(id, _)| id).collect()
        };
        // What cannot be read may let a principal do anything.
        let reached = all.closure(&of(from), Direction::Outgoing);
        let forward = reached.iter().filter_map(|id| self.subject(*id));
        let unread = forward.into_iter().find_map(|subject| {
            let why = subject.unknowns.first()?;
            Some(format!("what `{}` can do is unknown: {why}", subject.shown(self.org)))
        });
        if let Some(why) = unread.filter(|_| !from_outside) {
            return Some(why);
        }
        // And a trust policy that cannot be read may let in each of them.
        let back = all.closure(&of(to), Direction::Incoming);
        back.iter().filter_map(|id| self.subject(*id)).find_map(|subject| {
            let trust = subject.trust.filter(|trust| trust.policy().is_none())?;
            let why = trust.doubt().unwrap_or_else(|| "its trust policy is not in the inputs".to_owned());
            Some(format!("who may become `{}` is unknown: {why}", subject.shown(self.org)))
        })
    }

    /// The ways by which principals outside of the organization come to act as one that is wanted: whom they are let in as,
    /// and the steps from there, none where that is the one. Sorted by principal; a way that is certain comes before one
    /// that may be open.
    pub fn from_outside(
        &self,
        to: &dyn Fn(&Subject<'o>) -> bool,
        exempt: &dyn Fn(&Subject<'o>) -> bool,
    ) -> Vec<WayIn> {
        let mut found = Vec::new();
        for (id, subject) in self.subjects() {
            if exempt(subject) {
                continue;
            }
            let Some(edge) = self.let_in_from_outside(subject) else { continue };
            if to(subject) {
                found.push(WayIn { certain: edge.certain, entry: id, edge, steps: Vec::new() });
                continue;
            }
            let all = self.graph();
            let is = |end: End, wanted: &dyn Fn(&Subject<'o>) -> bool| {
                self.subject(end.subject()).is_some_and(wanted)
            };
            let Some(at) = all.nodes.get(&End::Subject(id)) else { continue };
            if let Some((steps, sure)) = all.search(*at, &|end| is(end, to), &|end| is(end, exempt)) {
                found.push(WayIn { certain: edge.certain && sure, entry: id, edge, steps });
            }
        }
        found
    }

    /// Whether a role lets in principals outside of the organization, and the request that shows it.
    pub fn let_in_from_outside(&self, target: &Subject<'o>) -> Option<Edge> {
        const ACTION: &str = "sts:AssumeRole";
        let policy = target.trust?.policy()?;
        let org = self.org;
        let edge = |request: Request, certain: bool| Edge {
            kind: EdgeKind::Outside,
            how: "lets it in from outside of the organization".to_owned(),
            requests: vec![request],
            certain,
        };
        let role = orgward_iam::RoleTrust { arn: &target.arn, account: target.account_text.as_deref() };
        let open = self.rcp(target.account, super::Side::AtMost, super::sets::About::Action(ACTION));
        if let Answer::Witness(request) =
            policy.admits_outsider_among(&role, &org.perimeter(target.node.id), open.clone())
        {
            return Some(edge(*request, true));
        }
        let tokens = super::sets::About::Action("sts:AssumeRoleWithWebIdentity");
        let taken = self.rcp(target.account, super::Side::AtMost, tokens);
        if let Some((token, certain)) = crate::federation::way_of_strangers(policy, &taken) {
            return Some(edge(token, certain));
        }
        let home = Home { owner: Some(target.node.id), account: target.account_text.as_deref() };
        for (who, membership) in named(org, policy, home) {
            let Ok(circle) = Circle::of(org, &who, policy, home) else { continue };
            let claim = claims::claim(Some(ACTION), Some(&target.arn), &[])?;
            let allowed = orgward_iam::RequestSet::allowed(policy).and(circle.requests());
            let set = allowed.and(claim.requests()).and(open.clone());
            if let Answer::Witness(request) = set.example() {
                return Some(edge(*request, membership == orgward_org::Membership::Outside));
            }
        }
        None
    }
}

/// The accounts that the statements of a policy name as principals, or by condition.
pub fn accounts_of(policy: &orgward_iam::Policy) -> std::collections::BTreeSet<String> {
    let runs = policy.text().split(|char: char| !char.is_ascii_digit());
    runs.filter(|run| orgward_iam::is_account_id(run)).map(str::to_owned).collect()
}

impl Graph {
    /// Notes which accounts are alike.
    fn note(&mut self, class: &super::classes::Class) {
        let Some(first) = class.accounts.first() else { return };
        let first: Arc<[SubjectId]> = first.as_slice().into();
        for (at, ids) in class.accounts.iter().enumerate() {
            let own = if at == 0 { Arc::clone(&first) } else { ids.as_slice().into() };
            let like = || Like { first: Arc::clone(&first), own: Arc::clone(&own) };
            self.like.extend(own.iter().map(|id| (*id, like())));
        }
    }

    fn node(&mut self, end: End) -> NodeIndex {
        let graph = &mut self.all;
        *self.nodes.entry(end).or_insert_with(|| graph.add_node(Some(end)))
    }

    fn connect(&mut self, from: End, to: End, edge: Option<Edge>) {
        let (from, to) = (self.node(from), self.node(to));
        self.all.add_edge(from, to, edge);
    }

    /// The principals that are reached from some, or that lead to them, themselves included.
    fn closure(&self, start: &[SubjectId], way: Direction) -> BTreeSet<SubjectId> {
        let mut seen: BTreeSet<SubjectId> = start.iter().copied().collect();
        let ends = |id: SubjectId| [End::Subject(id), End::Armed(id), End::New(id)];
        let nodes = |id: SubjectId| ends(id).into_iter().filter_map(|end| self.nodes.get(&end).copied());
        let mut open: Vec<NodeIndex> = start.iter().copied().flat_map(nodes).collect();
        let mut visited: BTreeSet<NodeIndex> = open.iter().copied().collect();
        while let Some(at) = open.pop() {
            for next in self.all.neighbors_directed(at, way) {
                let Some(end) = self.all.node_weight(next).copied().flatten() else { continue };
                if visited.insert(next) {
                    seen.insert(end.subject());
                    open.push(next);
                }
            }
        }
        seen
    }

    /// How far each node is from an administrator, over edges that are certain, or over all.
    fn distances(&self, certain: bool) -> BTreeMap<NodeIndex, usize> {
        dijkstra(Reversed(&self.all), self.sink, None, |edge| match edge.weight() {
            None => 0,
            Some(edge) if certain && !edge.certain => FAR,
            Some(_) => 1,
        })
        .into_iter()
        .collect()
    }

    /// The steps of a shortest path to an administrator; the plainest where there are several.
    fn walk(
        &self,
        start: NodeIndex,
        distances: &BTreeMap<NodeIndex, usize>,
        certain: bool,
    ) -> Option<Vec<Step>> {
        let mut left = *distances.get(&start).filter(|distance| **distance < FAR)?;
        let mut at = start;
        let mut path = Vec::new();
        while left > 0 {
            let next = self
                .all
                .edges(at)
                .filter(|edge| edge.weight().as_ref().is_some_and(|it| it.certain || !certain))
                .filter(|edge| distances.get(&edge.target()).is_some_and(|distance| distance + 1 == left))
                .filter_map(|edge| Some((self.all.node_weight(edge.target()).copied()??, edge)))
                .min_by_key(|(end, edge)| {
                    // Changing oneself is plainer than making another principal.
                    let is_new = matches!(end, End::New(_));
                    (is_new, edge.weight().as_ref().map(|it| (it.kind, it.how.clone())), *end)
                });
            let (to, edge) = next?;
            let from = self.all.node_weight(at).copied()??;
            path.push(Step { from, to, edge: edge.weight().clone()? });
            at = edge.target();
            left -= 1;
        }
        Some(path)
    }

    /// How many steps from a node lead on to an administrator.
    fn alternatives(&self, at: NodeIndex, distances: &BTreeMap<NodeIndex, usize>) -> usize {
        self.all.edges(at).filter(|edge| distances.get(&edge.target()).is_some_and(|it| *it < FAR)).count()
    }

    fn steps(&self, at: NodeIndex) -> Vec<(End, &Edge)> {
        let mut steps: Vec<(End, &Edge)> = self
            .all
            .edges(at)
            .filter_map(|edge| {
                Some((self.all.node_weight(edge.target()).copied()??, edge.weight().as_ref()?))
            })
            .collect();
        steps.sort_by(|a, b| (a.1.kind, &a.1.how, a.0).cmp(&(b.1.kind, &b.1.how, b.0)));
        steps
    }

    /// A shortest path to an end that is wanted, over certain edges if there is one.
    fn search(
        &self,
        start: NodeIndex,
        wanted: &dyn Fn(End) -> bool,
        avoided: &dyn Fn(End) -> bool,
    ) -> Option<(Vec<Step>, bool)> {
        [true, false].into_iter().find_map(|certain| {
            let mut before: BTreeMap<NodeIndex, (NodeIndex, Step)> = BTreeMap::new();
            let mut open = std::collections::VecDeque::from([start]);
            let mut seen = std::collections::BTreeSet::from([start]);
            while let Some(at) = open.pop_front() {
                let from = self.all.node_weight(at).copied().flatten()?;
                if at != start && avoided(from) {
                    continue;
                }
                for (to, edge) in self.steps(at) {
                    let Some(next) = self.nodes.get(&to).copied() else { continue };
                    if certain && !edge.certain || !seen.insert(next) {
                        continue;
                    }
                    before.insert(next, (at, Step { from, to, edge: edge.clone() }));
                    if wanted(to) {
                        let mut path = Vec::new();
                        let mut back = next;
                        while let Some((previous, step)) = before.get(&back) {
                            path.push(step.clone());
                            back = *previous;
                        }
                        path.reverse();
                        return Some((path, certain));
                    }
                    open.push_back(next);
                }
            }
            None
        })
    }
}

/// Further than any path is long.
const FAR: usize = 1 << 20;
