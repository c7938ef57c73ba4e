//! What a principal can do, in the words of its policies.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::{AccessLevel, Catalogue, Claim, Effect, RequestSet, Statement};
use orgward_plan::Address;

use super::edges::Asker;
use super::sets::{About, Side, effect};
use super::subject::{Cap, Subject, SubjectId};
use super::{Access, claims};

/// How far a set of actions goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// Names of things.
    List,
    /// What is in them.
    Read,
    /// Changes.
    Write,
    /// Changes of tags.
    Tagging,
    /// Changes of who may do what.
    Permissions,
}

impl Level {
    /// The word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Write => "write",
            Self::Tagging => "tagging",
            Self::Permissions => "permissions",
        }
    }

    fn of(level: AccessLevel) -> Self {
        match level {
            AccessLevel::List => Self::List,
            AccessLevel::Read => Self::Read,
            AccessLevel::Write => Self::Write,
            AccessLevel::Tagging => Self::Tagging,
            AccessLevel::PermissionsManagement => Self::Permissions,
        }
    }
}

/// Actions of one service on the same resources.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    /// The prefix of the actions.
    pub service: String,
    /// The resources, as policies write them.
    pub resources: Vec<String>,
    /// The actions, as policies write them.
    pub actions: Vec<String>,
    /// How far they go.
    pub levels: Vec<Level>,
    /// The resource that sets the policy of a resource that gives it; `None` for what its own policies give.
    pub by: Option<Address>,
}

/// Something that a principal may have gained.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) action: String,
    pub(super) resources: Vec<String>,
    pub(super) claim: Claim,
}

/// What a principal may have gained, the narrowest first.
#[derive(Debug)]
pub(super) struct Candidates {
    all: Vec<Candidate>,
    /// Those on the same resources, by their places, and the requests of all of them together.
    groups: Vec<(Claim, Vec<usize>)>,
}

impl Candidates {
    /// Patterns of actions, each with the resources that it is about.
    pub(super) fn of(patterns: BTreeSet<(String, Vec<String>)>) -> Self {
        let mut all: Vec<(usize, Candidate)> = Vec::new();
        for (action, resources) in patterns {
            let Some(claim) = claims::over(std::slice::from_ref(&action), &resources) else { continue };
            let width = Catalogue::get().actions_matching(&action).count();
            let width = if action == "*" { usize::MAX } else { width };
            all.push((width, Candidate { action, resources, claim }));
        }
        all.sort_by_key(|(width, _)| *width);
        let all: Vec<Candidate> = all.into_iter().map(|(_, candidate)| candidate).collect();
        let mut by_resources: BTreeMap<&[String], Vec<usize>> = BTreeMap::new();
        for (at, candidate) in all.iter().enumerate() {
            by_resources.entry(&candidate.resources).or_default().push(at);
        }
        let groups = by_resources.into_iter().filter_map(|(resources, places)| {
            let actions: Vec<String> =
                places.iter().filter_map(|at| Some(all.get(*at)?.action.clone())).collect();
            Some((claims::over(&actions, resources)?, places))
        });
        let groups = groups.collect();
        Self { all, groups }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The narrowest that tell of everything that is gained: one that brings nothing beside narrower ones is left out.
    pub(super) fn cover<'s>(&'s self, gained: &dyn Fn(&'s Claim) -> RequestSet<'s>) -> Vec<&'s Candidate> {
        let mut met = vec![true; self.all.len()];
        for (claim, places) in &self.groups {
            let actions: Vec<&str> =
                places.iter().filter_map(|at| Some(self.all.get(*at)?.action.as_str())).collect();
            // What is not decided for all of them is asked of each.
            let Ok(answers) = gained(claim).and(claim.requests()).are_met(&actions) else { continue };
            for (at, is_met) in places.iter().zip(answers) {
                if let Some(met) = met.get_mut(*at) {
                    *met = is_met;
                }
            }
        }
        let mut found: Vec<&Candidate> = Vec::new();
        let may_be = self.all.iter().zip(met).filter(|(_, met)| *met).map(|(candidate, _)| candidate);
        for candidate in may_be {
            let is_wide = candidate.action.contains(['*', '?']);
            let told: Vec<&Candidate> = found
                .iter()
                .filter(|it| it.action == candidate.action || is_wide && it.is_within(&candidate.action))
                .copied()
                .collect();
            let brings_more = || {
                let all = gained(&candidate.claim).and(candidate.claim.requests());
                !told.iter().fold(all, |set, it| set.minus(it.claim.requests())).is_empty()
            };
            if told.is_empty() || brings_more() {
                found.push(candidate);
            }
        }
        found
    }
}

impl Candidate {
    fn is_within(&self, pattern: &str) -> bool {
        orgward_iam::action_matches(pattern, &self.action.replace(['*', '?'], "x"))
    }
}

/// How far actions go, by the catalogue.
pub(super) fn levels(actions: &[String]) -> Vec<Level> {
    let listed = actions.iter().flat_map(|action| Catalogue::get().actions_matching(action));
    listed.map(|action| Level::of(action.level())).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Actions by the resources that they are effective on.
pub(super) type Effective = Vec<(Vec<String>, Vec<String>)>;

/// How many patterns of one principal are told.
pub(super) const MOST: usize = 400;

impl Access<'_> {
    /// What a principal can do, by service and resources: the patterns of its policies, cut to what is effective.
    pub fn summary(&self, id: SubjectId) -> Vec<Entry> {
        let Some(subject) = self.subject(id) else { return Vec::new() };
        let mut known: Option<Subject<'_>> = None;
        let mut entries: BTreeMap<(String, Vec<String>), BTreeSet<String>> = BTreeMap::new();
        for (resources, actions) in self.effective_alike(subject) {
            for action in actions {
                // What the policy of the very resource denies, or does not allow, is not effective.
                let known = known.get_or_insert_with(|| subject.known());
                let mut open = resources.clone();
                open.retain(|resource| !self.is_refused(known, &action, resource));
                if open.is_empty() {
                    continue;
                }
                let service = action.split(':').next().unwrap_or("*").to_owned();
                entries.entry((service, open)).or_default().insert(action);
            }
        }
        let entry = |((service, resources), actions): ((String, Vec<String>), BTreeSet<String>)| {
            let actions: Vec<String> = actions.into_iter().collect();
            Entry { service, resources, levels: levels(&actions), actions, by: None }
        };
        entries.into_iter().map(entry).collect()
    }

    /// What is effective of what a principal's own policies allow: actions by resources. Asked once for all principals that
    /// are alike but for their account.
    fn effective_alike(&self, subject: &Subject<'_>) -> Effective {
        let account = subject.account_text.as_deref().filter(|account| !account.is_empty());
        let Some(account) = account.filter(|_| self.has_alike(subject)) else {
            return self.effective_of(subject);
        };
        let ask = || (account.to_owned(), self.effective_of(subject));
        let (of, mut all) = self.summaries.get(subject.cohort, ask);
        if of != account {
            for (resources, _) in &mut all {
                for resource in &mut *resources {
                    *resource = resource.replace(&of, account);
                }
                resources.sort();
            }
        }
        all
    }

    fn effective_of(&self, subject: &Subject<'_>) -> Effective {
        let asker = Asker::of(self, subject);
        let mut all = Effective::new();
        let caps: Vec<&Statement> = match &subject.cap {
            Cap::Policy { policy, .. } => {
                policy.statements.iter().filter(|it| it.effect.value == Effect::Allow).collect()
            }
            Cap::None | Cap::Unknown(_) => Vec::new(),
        };
        let statements =
            subject.held.iter().flat_map(|held| held.policy.statements.iter().map(|it| (held.policy, it)));
        for (policy, statement) in statements.filter(|(_, it)| it.effect.value == Effect::Allow) {
            let own = patterns(statement);
            let resources = resources(statement);
            // A boundary that says less than the policy is what is effective.
            let cut: Vec<(String, Vec<String>)> = if caps.is_empty() {
                own.into_iter().map(|action| (action, resources.clone())).collect()
            } else {
                caps.iter()
                    .flat_map(|cap| {
                        let theirs = patterns(cap);
                        let narrower = narrower_resources(&resources, &self::resources(cap));
                        let theirs = ByService::of(&theirs);
                        let pairs = own.iter().flat_map(|mine| {
                            let others = theirs.may_overlap(mine);
                            others.into_iter().filter_map(move |other| narrower_action(mine, other))
                        });
                        let pairs = pairs.take(MOST).map(|action| (action, narrower.clone()));
                        pairs.collect::<Vec<(String, Vec<String>)>>()
                    })
                    .collect()
            };
            let whole = caps.is_empty() && self.is_undenied(&asker.subject, policy, statement);
            let mut on: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
            for (action, resources) in cut.into_iter().take(MOST).filter(|(_, it)| !it.is_empty()) {
                on.entry(resources).or_default().push(action);
            }
            for (resources, mut actions) in on {
                let effective =
                    (!whole).then(|| self.effective(&asker.subject, &actions, &resources)).flatten();
                if let Some(effective) = effective {
                    let mut effective = effective.into_iter();
                    actions.retain(|_| effective.next() != Some(false));
                }
                all.push((resources, actions));
            }
        }
        all
    }

    /// Whether a principal could do all that a pattern describes on resources, as far as its own policies say.
    pub(super) fn can_all(&self, id: SubjectId, action: &String, resources: &[String]) -> bool {
        let Some(subject) = self.subject(id) else { return false };
        let (Some(me), Some(claim)) =
            (self.by(subject, Side::AtMost), claims::over(std::slice::from_ref(action), resources))
        else {
            return false;
        };
        let own = self.own(subject, Side::AtMost, About::claimed(&claim));
        claim.requests().and(me.requests()).minus(own).is_empty()
    }

    /// The layers that take a part of what a principal is granted away: `boundary`, or `scp`, with the policy.
    pub fn capped_by(&self, id: SubjectId) -> Vec<(&'static str, String)> {
        claims::claim(None, None, &[]).map_or_else(Vec::new, |claim| self.caps_of(id, &claim))
    }

    /// The layers that take a part of what a principal is granted of a claim away.
    pub fn caps_of(&self, id: SubjectId, claim: &orgward_iam::Claim) -> Vec<(&'static str, String)> {
        let Some(subject) = self.subject(id) else { return Vec::new() };
        let Some(me) = self.by(subject, Side::AtMost) else { return Vec::new() };
        let about = About::claimed(claim);
        let granted = || subject.granted(Side::AtMost, about).and(me.requests()).and(claim.requests());
        let mut layers = Vec::new();
        if let Cap::Policy { policy, name, .. } = &subject.cap {
            let within = effect(policy, Effect::Allow, about).minus(effect(policy, Effect::Deny, about));
            if !granted().minus(within).is_empty() {
                layers.push(("boundary", name.clone()));
            }
        }
        if let Some((scp, _)) = subject
            .account
            .filter(|it| Some(*it) != self.org.management())
            .and_then(|it| self.chains.get(&it))
        {
            for level in &scp.levels {
                for attached in &level.attached {
                    let Some(policy) = attached.org_policy.data.document.policy() else { continue };
                    let denied = effect(policy, Effect::Deny, about);
                    if granted().and(denied).emptiness() == Ok(false) {
                        layers.push(("scp", attached.org_policy.data.document.name.to_string()));
                    }
                }
            }
        }
        layers
    }
}

/// The actions that a statement allows, as it writes them: of `NotAction` only what it leaves in, by service.
pub(super) fn patterns(statement: &Statement) -> Vec<String> {
    if !statement.actions.not {
        return statement.actions.patterns.iter().map(|pattern| pattern.value.clone()).collect();
    }
    let out: Vec<&str> = statement.actions.patterns.iter().map(|pattern| pattern.value.as_str()).collect();
    let services = Catalogue::get().services().map(|service| format!("{}:*", service.prefix()));
    services.filter(|service| !out.contains(&service.as_str()) && !out.contains(&"*")).collect()
}

/// What tells lists of actions apart.
pub(super) fn patterns_text(actions: &orgward_iam::Actions) -> String {
    let patterns: Vec<&str> = actions.patterns.iter().map(|pattern| pattern.value.as_str()).collect();
    format!("{} {patterns:?}", actions.not)
}

pub(super) fn resources(statement: &Statement) -> Vec<String> {
    match &statement.resources {
        Some(resources) if !resources.not => {
            let mut all: Vec<String> =
                resources.patterns.iter().map(|pattern| pattern.value.clone()).collect();
            all.sort();
            all.dedup();
            all
        }
        _ => vec!["*".to_owned()],
    }
}

/// Patterns of actions by their service. Managed policies of AWS have thousands of them, and each pair would be compared.
struct ByService<'p> {
    patterns: &'p [String],
    /// Places by service; those that leave the service open are in none.
    of: BTreeMap<String, Vec<usize>>,
    open: Vec<usize>,
}

impl<'p> ByService<'p> {
    fn of(patterns: &'p [String]) -> Self {
        let (mut of, mut open) = (BTreeMap::<String, Vec<usize>>::new(), Vec::new());
        for (at, pattern) in patterns.iter().enumerate() {
            match service(pattern) {
                Some(service) => of.entry(service).or_default().push(at),
                None => open.push(at),
            }
        }
        Self { patterns, of, open }
    }

    /// The patterns that may have an action in common with another one, in their order.
    fn may_overlap(&self, other: &str) -> Vec<&'p String> {
        let Some(service) = service(other) else { return self.patterns.iter().collect() };
        let same = self.of.get(&service).into_iter().flatten();
        let mut places: Vec<usize> = same.chain(&self.open).copied().collect();
        places.sort_unstable();
        places.into_iter().filter_map(|at| self.patterns.get(at)).collect()
    }
}

/// The service of a pattern; `None` where it has wildcards or is missing.
pub(super) fn service(pattern: &str) -> Option<String> {
    let (service, _) = pattern.split_once(':')?;
    (!service.contains(['*', '?'])).then(|| service.to_ascii_lowercase())
}

/// The narrower of two patterns of actions, if one lies within the other.
pub(super) fn narrower_action(one: &str, other: &str) -> Option<String> {
    if orgward_iam::action_matches(other, &one.replace(['*', '?'], "x")) || other == "*" {
        Some(one.to_owned())
    } else if orgward_iam::action_matches(one, &other.replace(['*', '?'], "x")) || one == "*" {
        Some(other.to_owned())
    } else {
        None
    }
}

pub(super) fn narrower_resources(one: &[String], other: &[String]) -> Vec<String> {
    let pairs = one.iter().flat_map(|mine| {
        other.iter().filter_map(move |theirs| {
            let within = |inner: &str, outer: &str| {
                outer == "*" || inner == outer || orgward_iam::glob(outer, &inner.replace('*', "x"))
            };
            if within(mine, theirs) {
                Some(mine.clone())
            } else if within(theirs, mine) {
                Some(theirs.clone())
            } else {
                None
            }
        })
    });
    pairs.collect::<BTreeSet<String>>().into_iter().collect()
}
