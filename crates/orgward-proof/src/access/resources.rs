//! What the policies of resources add to what principals can do, and take from it.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::{Effect, Policy, PrincipalPattern, RequestSet, Statement, glob};
use orgward_org::{Resource, ResourcePolicy};
use orgward_plan::Address;

use super::reach::Guarded;
use super::sets::{About, Side, is_role, must_allow};
use super::subject::{Subject, SubjectId};
use super::summary::{
    Candidates, Entry, MOST, levels, narrower_action, narrower_resources, patterns, resources, service,
};
use super::{Access, claims, paths};

/// Resources with policies, as places in the list of all, by what they are looked up by.
#[derive(Debug, Default)]
pub(super) struct Index {
    by_arn: BTreeMap<String, usize>,
    /// Those of an unknown account have an empty text.
    by_account: BTreeMap<String, Vec<usize>>,
}

impl Index {
    fn of(resources: &[Resource]) -> Self {
        let mut index = Self::default();
        let all = resources.iter().enumerate();
        for (at, resource) in all.filter(|(_, resource)| !resource.policies.is_empty()) {
            if let Some(arn) = &resource.arn {
                index.by_arn.insert(arn.clone(), at);
            }
            index.by_account.entry(resource.account.clone().unwrap_or_default()).or_default().push(at);
        }
        index
    }
}

impl<'o> Access<'o> {
    fn index(&self) -> &Index {
        self.with_policies.get_or_init(|| Index::of(&self.org.access().resources))
    }

    /// The resource with policies that a pattern of resources names, or in which everything lies that it names.
    fn around(&self, pattern: &str) -> Option<&'o Resource> {
        let index = self.index();
        let heads = pattern.match_indices('/').filter_map(|(at, _)| pattern.get(..at));
        let at = std::iter::once(pattern).chain(heads).find_map(|head| index.by_arn.get(head))?;
        self.org.access().resources.get(*at)
    }

    /// The resources with policies of an account, and those of which the account is unknown.
    fn near(&self, account: Option<&str>) -> impl Iterator<Item = &'o Resource> {
        let index = self.index();
        let own = account.filter(|account| !account.is_empty()).and_then(|it| index.by_account.get(it));
        let places = own.into_iter().chain(index.by_account.get("")).flatten();
        places.filter_map(|at| self.org.access().resources.get(*at))
    }

    /// Whether the policy of a resource leaves nothing of an action on it to a principal whose own policies allow it.
    pub(super) fn is_refused(&self, subject: &Subject<'o>, action: &str, pattern: &str) -> bool {
        let Some(resource) = self.around(pattern) else { return false };
        if service(action).is_some_and(|it| it != resource.service) || !is_readable(resource) {
            return false;
        }
        let actions = [action.to_owned()];
        let Some(claim) = claims::over(&actions, &[pattern.to_owned()]) else { return false };
        let (guard, about) = (self.guard(resource), About::claimed(&claim));
        let Some(me) = self.by(subject, Side::AtMost) else { return false };
        let all = self.on_guard(subject, &guard, (Side::AtMost, about));
        all.and(claim.requests()).and(me.requests()).is_empty()
    }

    /// What the policies of resources give to a principal beside its own policies.
    pub fn by_resources(&self, id: SubjectId) -> Vec<Entry> {
        let Some(subject) = self.subject(id) else { return Vec::new() };
        let known = subject.known();
        let near = self.near(subject.account_text.as_deref());
        let naming = near.filter(|resource| {
            statements(resource).any(|(_, _, statement)| is_given(statement, subject, Standing::Itself))
        });
        naming.flat_map(|resource| self.given_by(&known, &self.guard(resource))).collect()
    }

    /// Why it is unknown what policies of resources give to a principal: one sentence for each that cannot be read.
    pub fn unread_resources(&self, id: SubjectId) -> Vec<String> {
        let Some(subject) = self.subject(id) else { return Vec::new() };
        let near = self.near(subject.account_text.as_deref());
        let policies = near.flat_map(|resource| &resource.policies);
        policies.filter(|policy| policy.document.policy().is_none()).map(unread).collect()
    }

    /// What the policies of one resource give to a principal beside its own policies.
    fn given_by(&self, subject: &Subject<'o>, guard: &Guarded<'o>) -> Vec<Entry> {
        let Some(me) = self.by(subject, Side::AtMost) else { return Vec::new() };
        let mut given: BTreeMap<(&Address, String, Vec<String>), BTreeSet<String>> = BTreeMap::new();
        for (address, policy, statement) in statements(guard.resource) {
            if !is_given(statement, subject, Standing::Itself) {
                continue;
            }
            let on = written(guard.resource, statement);
            for action in patterns(statement).into_iter().take(MOST) {
                let Some(claim) = claims::over(std::slice::from_ref(&action), &on) else { continue };
                let about = About::claimed(&claim);
                let all = self.on_guard(subject, guard, (Side::AtMost, about));
                let more = all.minus(self.own(subject, Side::AtMost, about));
                let more = more.and(RequestSet::matched(policy, statement)).and(claim.requests());
                if !more.and(me.requests()).is_empty() {
                    let service = action.split(':').next().unwrap_or("*").to_owned();
                    given.entry((address, service, on.clone())).or_default().insert(action);
                }
            }
        }
        let entry = |((address, service, resources), actions): ((&Address, _, _), BTreeSet<String>)| {
            let actions: Vec<String> = actions.into_iter().collect();
            Entry { service, resources, levels: levels(&actions), actions, by: Some(address.clone()) }
        };
        given.into_iter().map(entry).collect()
    }

    /// What principals can do on resources of which the policies differ from those of another side, and could not there.
    pub(super) fn gained_on_resources(&self, old: &Access<'o>) -> Vec<(SubjectId, Entry)> {
        let before = &old.org.access().resources;
        let before: BTreeMap<_, &'o Resource> = before.iter().map(|it| (&it.key, it)).collect();
        let mut in_account: BTreeMap<&str, Vec<SubjectId>> = BTreeMap::new();
        for (id, subject) in self.subjects() {
            in_account.entry(subject.account_text.as_deref().unwrap_or("")).or_default().push(id);
        }
        let mut found = Vec::new();
        for resource in &self.org.access().resources {
            let was = before.get(&resource.key).copied();
            if was.map_or(resource.policies.is_empty(), |was| texts(was) == texts(resource)) {
                continue;
            }
            let (guard, had) = (self.guard(resource), was.map(|was| old.guard(was)));
            let policies = statements(resource).chain(was.into_iter().flat_map(statements));
            let named = policies.flat_map(|(_, policy, _)| paths::accounts_of(policy));
            let mut accounts: BTreeSet<String> = named.collect();
            accounts.extend(resource.account.clone());
            // A resource of an unknown account may be of each.
            accounts
                .extend(in_account.keys().filter(|_| resource.account.is_none()).map(|it| (*it).to_owned()));
            let ids = accounts.iter().filter_map(|account| in_account.get(account.as_str())).flatten();
            for id in ids {
                let Some(subject) = self.subject(*id) else { continue };
                let then = old.same(subject).map(|(_, then)| then);
                let entries = match (&had, then) {
                    (Some(had), Some(then)) => self.gained_on(subject, &guard, old, then, had),
                    // What principals are given on everything, they have on what is new, too.
                    _ => self.given_by(&subject.known(), &guard),
                };
                found.extend(entries.into_iter().map(|entry| (*id, entry)));
            }
        }
        found
    }

    /// What a principal can do on a resource, and could not on the other side.
    fn gained_on(
        &self,
        subject: &Subject<'o>,
        guard: &Guarded<'o>,
        old: &Access<'o>,
        then: &Subject<'o>,
        had: &Guarded<'o>,
    ) -> Vec<Entry> {
        let known = subject.known();
        let candidates = candidates(&known, guard.resource, had.resource);
        let Some(me) = self.by(subject, Side::AtMost).filter(|_| !candidates.is_empty()) else {
            return Vec::new();
        };
        let gained = |claim| {
            let about = About::claimed(claim);
            let is = self.on_guard(&known, guard, (Side::AtMost, about));
            let could = old.on_guard(then, had, (Side::AtMost, about));
            is.minus(could).and(me.requests())
        };
        let mut entries: BTreeMap<(String, Vec<String>), Vec<String>> = BTreeMap::new();
        for found in candidates.cover(&gained) {
            let service = guard.resource.service.to_owned();
            entries.entry((service, found.resources.clone())).or_default().push(found.action.clone());
        }
        let by = guard.resource.policies.first().map(|policy| policy.address.clone());
        let entry = |((service, resources), mut actions): ((String, Vec<String>), Vec<String>)| {
            actions.sort();
            Entry { service, resources, levels: levels(&actions), actions, by: by.clone() }
        };
        entries.into_iter().map(entry).collect()
    }
}

/// That it is unknown what a policy of a resource gives, and why.
pub(super) fn unread(policy: &ResourcePolicy) -> String {
    let why = policy.document.doubt().unwrap_or_else(|| "it cannot be read".to_owned());
    format!("what the policy of `{}` gives is unknown: {why}", policy.address)
}

/// What a principal may have gained on a resource, as policies write it.
fn candidates(subject: &Subject<'_>, resource: &Resource, was: &Resource) -> Candidates {
    let is_near = resource.account.is_none() || resource.account == subject.account_text;
    let mut all: BTreeSet<(String, Vec<String>)> = BTreeSet::new();
    let of_policy: Vec<&Statement> =
        statements(resource).map(|(_, _, it)| it).filter(|it| it.effect.value == Effect::Allow).collect();
    if is_near {
        for statement in of_policy.iter().filter(|it| is_given(it, subject, Standing::Itself)) {
            let on = written(resource, statement);
            all.extend(patterns(statement).into_iter().take(MOST).map(|action| (action, on.clone())));
        }
    }
    // Within an account, policies of a resource say nothing of what identity policies allow, unless they deny it.
    let denials = |resource| -> BTreeSet<&str> {
        let denying = statements(resource).filter(|(_, _, it)| it.effect.value == Effect::Deny);
        denying.filter_map(|(_, policy, it)| policy.text().get(it.span.clone())).collect()
    };
    let let_go: BTreeSet<&str> = denials(was).difference(&denials(resource)).copied().collect();
    let needs_both = !is_near || must_allow(resource);
    if needs_both || !let_go.is_empty() {
        let theirs = of_policy.iter().filter(|it| is_given(it, subject, Standing::Any));
        let theirs: Vec<(String, Vec<String>)> = theirs
            .flat_map(|it| patterns(it).into_iter().map(|action| (action, written(resource, it))))
            .collect();
        let no_longer = statements(was).filter(|(_, policy, it)| {
            policy.text().get(it.span.clone()).is_some_and(|text| let_go.contains(text))
        });
        let no_longer: Vec<(String, Vec<String>)> = no_longer
            .flat_map(|(_, _, it)| patterns(it).into_iter().map(|action| (action, written(resource, it))))
            .collect();
        let allowing = subject.held.iter().flat_map(|held| &held.policy.statements);
        for statement in allowing.filter(|it| it.effect.value == Effect::Allow) {
            let Some(on) = within(resource, &resources(statement)) else { continue };
            for own in patterns(statement).iter().filter_map(|it| of_service(it, resource.service)).take(MOST)
            {
                let pairs = theirs.iter().filter(|_| needs_both).chain(&no_longer);
                all.extend(pairs.filter_map(|(action, theirs)| {
                    let both = narrower_resources(&on, theirs);
                    Some((narrower_action(&own, action)?, if both.is_empty() { on.clone() } else { both }))
                }));
                if !needs_both {
                    all.insert((own, on.clone()));
                }
            }
        }
    }
    Candidates::of(all)
}

/// A pattern of actions as far as it is about a service.
fn of_service(pattern: &str, of: &str) -> Option<String> {
    match service(pattern) {
        Some(own) => (own == of).then(|| pattern.to_owned()),
        None if pattern == "*" => Some(format!("{of}:*")),
        None => Some(pattern.to_owned()),
    }
}

/// What patterns of resources mean of a resource and what is in it.
fn within(resource: &Resource, patterns: &[String]) -> Option<Vec<String>> {
    let Some(arn) = resource.arn.as_deref() else { return Some(vec!["*".to_owned()]) };
    let inside = format!("{arn}/");
    let own: Vec<String> =
        patterns.iter().filter(|it| *it == arn || it.starts_with(&inside)).cloned().collect();
    if !own.is_empty() {
        return Some(own);
    }
    let sample = format!("{inside}x");
    let is_around = |it: &String| it == "*" || glob(it, arn) || glob(it, &sample);
    let whole = || {
        if resource.service == "s3" { vec![arn.to_owned(), format!("{arn}/*")] } else { vec![arn.to_owned()] }
    };
    patterns.iter().any(is_around).then(whole)
}

/// What a statement of the policy of a resource is about: the resource, where it does not say more.
fn written(resource: &Resource, statement: &Statement) -> Vec<String> {
    let named = resources(statement);
    match &resource.arn {
        Some(arn) if named == ["*"] || named.is_empty() => vec![arn.clone()],
        _ => named,
    }
}

/// The statements of the policies of a resource that can be read.
fn statements(resource: &Resource) -> impl Iterator<Item = (&Address, &Policy, &Statement)> {
    resource.policies.iter().filter_map(|it| Some((&it.address, it.document.policy()?))).flat_map(
        |(address, policy)| policy.statements.iter().map(move |statement| (address, policy, statement)),
    )
}

fn is_readable(resource: &Resource) -> bool {
    resource.policies.iter().all(|policy| policy.document.policy().is_some())
}

/// What the policies of a resource say, and where it is.
fn texts(resource: &Resource) -> (Option<&str>, BTreeSet<&str>) {
    let policies = resource.policies.iter().map(|it| it.document.policy().map_or("", |it| it.text()));
    (resource.account.as_deref(), policies.collect())
}

/// What a statement names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    /// The principal, or everybody: no identity policy has to allow it.
    Itself,
    /// That, or its account.
    Any,
}

/// Whether a statement may give something to a principal.
fn is_given(statement: &Statement, subject: &Subject<'_>, standing: Standing) -> bool {
    if statement.effect.value != Effect::Allow {
        return false;
    }
    let Some(principals) = statement.principals.as_ref().filter(|principals| !principals.not) else {
        return true;
    };
    principals.patterns.iter().any(|pattern| match &pattern.value {
        PrincipalPattern::Everyone => true,
        PrincipalPattern::Account(account) => {
            standing == Standing::Any && subject.account_text.as_ref() == Some(account)
        }
        PrincipalPattern::Arn(arn) if is_role(&pattern.value) || arn.contains(":user/") => {
            *arn == subject.arn || arn.contains('*') && glob(arn, &subject.arn)
        }
        // A session of the role.
        PrincipalPattern::Arn(arn) => arn.contains(&format!("/{}/", subject.name())),
        PrincipalPattern::UniqueId(_)
        | PrincipalPattern::Service(_)
        | PrincipalPattern::Federated(_)
        | PrincipalPattern::CanonicalUser(_)
        | PrincipalPattern::Invalid(_) => false,
    })
}
