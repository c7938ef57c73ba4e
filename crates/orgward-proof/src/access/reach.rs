//! Who can make the requests of a claim, by all policies that the inputs show.

use std::collections::BTreeSet;

use crate::questions::Reply;
use orgward_iam::{Answer, Claim, Effect, Request, RequestSet, glob};
use orgward_org::{Membership, Resource};
use orgward_plan::Address;

use super::exposure::Shield;
use super::outsider::{Circle, Home, Outsider, named};
use super::sets::{About, ByStanding, Side, must_allow};
use super::subject::{Subject, SubjectId};
use super::{Access, claims};

/// Who can make a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Who {
    /// A principal of the inputs.
    Subject(SubjectId),
    /// An outsider whom the policy of a resource lets in.
    Outsider(Outsider),
}

/// Somebody who can make a request, and by what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reached {
    /// Who.
    pub who: Who,
    /// One request that is allowed.
    pub request: Request,
    /// Whether it certainly is.
    pub certain: bool,
    /// Why it is not certain, where more than the policies of the principal leaves it open.
    pub doubt: Option<String>,
    /// The resource whose policy lets it in, and the resource that sets that policy; `None` when its own policies do.
    pub by: Option<Address>,
    /// What the policy of the resource names: `account`, `role`, `session`, `user`, `everybody`.
    pub standing: Option<&'static str>,
}

/// The policies of a resource, ready for questions.
pub(super) struct Guarded<'o> {
    pub(super) resource: &'o Resource,
    parts: Vec<ByStanding>,
    /// The requests that are about it.
    pub(super) domain: Option<Claim>,
    /// Where it is, as far as policies ask.
    place: Option<Claim>,
}

impl<'o> Access<'o> {
    /// The resources with policies that a claim may be about.
    pub(super) fn guarded(&self, claim: &Claim) -> Vec<Guarded<'o>> {
        // Where policies ask for the place of a resource, those that need no policy of their own have one, too.
        // The ARN of a bucket names no account: what policies of another account say of it counts for nothing.
        let counts = |resource: &&Resource| {
            let has_place = resource.account.is_some() && !must_allow(resource);
            let is_asked =
                || self.asked.resource || resource.kind == "aws_s3_bucket" && names(claim, resource);
            !resource.policies.is_empty() || has_place && is_asked()
        };
        let resources = self.org.access().resources.iter().filter(counts);
        let services = services(claim);
        resources
            .filter(|resource| services.as_ref().is_none_or(|all| all.contains(resource.service)))
            .map(|resource| self.guard(resource))
            .collect()
    }

    /// A resource with its policies, ready for questions.
    pub(super) fn guard(&self, resource: &'o Resource) -> Guarded<'o> {
        let policies = resource.policies.iter().filter_map(|policy| policy.document.policy());
        let arn = resource.arn.as_deref();
        let domain = arn.and_then(|arn| claims::on_resource(arn, resource.service));
        let account = resource.account.as_deref();
        let place = claims::when(&self.asked.of_resource(self.org, resource.owner, account));
        Guarded { resource, parts: policies.map(ByStanding::of).collect(), domain, place }
    }

    /// What a principal may do on one resource, by all policies.
    pub(super) fn on_guard<'s>(
        &'s self,
        subject: &'s Subject<'o>,
        guard: &'s Guarded<'o>,
        asked: (Side, About<'_>),
    ) -> RequestSet<'s> {
        let place = (guard.resource.owner, guard.resource.account.as_deref());
        let on = self.on(subject, &guard.parts, place, must_allow(guard.resource), asked);
        let on = guard.place.iter().fold(on, |on, place| on.and(place.requests()));
        match &guard.domain {
            Some(domain) => on.and(domain.requests()),
            // Which resource it is, is unknown: what its statements name counts.
            None => on.and(guard.parts.iter().fold(RequestSet::nothing(), |set, it| set.or(it.allowed()))),
        }
    }

    /// What a principal may do of a claim.
    pub(super) fn reached_by<'s>(
        &'s self,
        subject: &'s Subject<'o>,
        guarded: &'s [Guarded<'o>],
        keys: Option<&'s Claim>,
        side: Side,
    ) -> RequestSet<'s> {
        let about = About::Everything;
        let mut all = self.own(subject, side, about);
        // Identity policies count for a key only where its own policy says so, and no input shows that of others.
        if let Some(keys) = keys {
            all = all.minus(keys.requests());
        }
        // What has a policy of its own is asked about with that policy.
        for guard in guarded {
            if let Some(domain) = &guard.domain {
                all = all.minus(domain.requests());
            }
        }
        for guard in guarded {
            all = all.or(self.on_guard(subject, guard, (side, about)));
        }
        all
    }

    /// Everybody who can make a request of a claim, principals of the inputs first, then outsiders. Asked once for all
    /// principals that are alike.
    pub fn who(&self, claim: &Claim, outside: bool) -> Vec<Reached> {
        let guarded = self.guarded(claim);
        let mut found = Vec::new();
        let mut known: std::collections::BTreeMap<usize, Option<(Request, Option<String>)>> =
            std::collections::BTreeMap::new();
        for (id, subject) in self.subjects() {
            // What names the account of a principal treats it unlike others of its cohort.
            let own = subject.account_text.as_deref().is_some_and(|account| {
                claim.policy().text().contains(account)
                    || guarded.iter().any(|it| {
                        it.resource.account.as_deref() == Some(account)
                            || it.parts.iter().any(|part| part.whole.text().contains(account))
                    })
            });
            let answer = if let Some(answer) = known.get(&subject.cohort).filter(|_| !own) {
                answer.clone()
            } else {
                let answer = self.asks(subject, claim, &guarded);
                known.insert(subject.cohort, answer.clone());
                answer
            };
            let Some((request, doubt)) = answer else { continue };
            let (by, standing) = Self::credit(subject, &request, &guarded);
            let certain = doubt.is_none();
            let doubt = doubt.filter(|why| !why.is_empty());
            found.push(Reached { who: Who::Subject(id), request, certain, doubt, by, standing });
        }
        if outside {
            for guard in &guarded {
                found.extend(self.outsiders(guard, claim));
            }
        }
        found
    }

    /// Whether a principal can make a request of a claim that another, of another side, could not.
    pub fn gains_of(&self, id: SubjectId, before: &Access<'o>, old: SubjectId, claim: &Claim) -> bool {
        let (Some(subject), Some(was)) = (self.subject(id), before.subject(old)) else { return true };
        let Some(me) = self.by(subject, Side::AtMost) else { return true };
        let (now, then) = (subject.known(), was.known());
        let (here, there) = (self.guarded(claim), before.guarded(claim));
        let keys = claims::of_keys();
        let is = self.reached_by(&now, &here, keys.as_ref(), Side::AtMost);
        let could = before.reached_by(&then, &there, keys.as_ref(), Side::AtLeast);
        !is.minus(could).and(claim.requests()).and(me.requests()).is_empty()
    }

    /// Whether a principal can make some request of a claim.
    pub fn can_any(&self, id: SubjectId, claim: &Claim) -> bool {
        let guarded = self.guarded(claim);
        self.subject(id).is_some_and(|subject| self.asks(subject, claim, &guarded).is_some())
    }

    /// Whether a principal can make some request of a claim: a request that it certainly can make, one that it may make,
    /// or the reason why it is undecided. What cannot be read of the principal may allow anything.
    pub fn can(&self, id: SubjectId, claim: &Claim) -> Reply {
        let Some(subject) = self.subject(id) else { return Reply::No };
        let guarded = self.guarded(claim);
        match self.asks(subject, claim, &guarded) {
            Some((_, None)) => return Reply::Yes,
            Some((request, Some(why))) => {
                let unknown =
                    || format!("`{}` may be allowed, which depends on something unknown", request.action);
                return Reply::Undecided(if why.is_empty() { unknown() } else { why });
            }
            None => {}
        }
        let Some(me) = self.by(subject, Side::AtMost) else {
            return Reply::Undecided("its ARN is unknown".to_owned());
        };
        let keys = claims::of_keys();
        let all = self.reached_by(subject, &guarded, keys.as_ref(), Side::AtMost);
        match all.and(claim.requests()).and(me.requests()).example() {
            Answer::None if subject.unknowns.is_empty() => Reply::No,
            Answer::None | Answer::Witness(_) => Reply::Undecided(
                subject
                    .unknowns
                    .first()
                    .cloned()
                    .unwrap_or_else(|| "something of its policies is unknown".to_owned()),
            ),
            Answer::Undecided(why) => Reply::Undecided(why),
        }
    }

    /// A request of a claim that a principal can make, and why that is not certain, if it is not.
    fn asks(
        &self,
        subject: &Subject<'o>,
        claim: &Claim,
        guarded: &[Guarded<'o>],
    ) -> Option<(Request, Option<String>)> {
        let keys = claims::of_keys();
        let keys = keys.as_ref();
        let on = |subject: &Subject<'o>, side| {
            let me = self.by(subject, side)?;
            let may = self.reached_by(subject, guarded, keys, side);
            Some(may.and(claim.requests()).and(me.requests()).example())
        };
        if let Answer::Witness(request) = on(subject, Side::AtLeast)? {
            return Some(match self.doubtful_tag(subject, &request) {
                Some(why) => (*request, Some(why)),
                None => (*request, None),
            });
        }
        // What cannot be read may allow anything, and is said to be unknown elsewhere.
        let known = subject.known();
        match on(&known, Side::AtMost)? {
            Answer::Witness(request) => {
                let tag =
                    self.doubtful_tag(subject, &request).or_else(|| self.session_tag(subject, &request));
                Some((*request, Some(tag.unwrap_or_default())))
            }
            // It is possible: a request of the claim stands for those that are not decided.
            Answer::Undecided(why) => {
                let me = self.by(subject, Side::AtMost)?;
                let request = claim.requests().and(me.requests()).example();
                let request = request.witness()?.clone();
                let tag =
                    self.doubtful_tag(subject, &request).or_else(|| self.session_tag(subject, &request));
                Some((request, Some(tag.unwrap_or(why))))
            }
            Answer::None => None,
        }
    }

    /// What lets a request of a principal pass: its own policies, or the policy of a resource.
    fn credit(
        subject: &Subject<'o>,
        request: &Request,
        guarded: &[Guarded<'o>],
    ) -> (Option<Address>, Option<&'static str>) {
        let own = subject.held.iter().any(|held| {
            held.policy.matching(request).any(|(_, statement)| statement.effect.value == Effect::Allow)
        });
        if own {
            return (None, None);
        }
        for guard in guarded {
            for policy in &guard.resource.policies {
                let Some(read) = policy.document.policy() else { continue };
                let found =
                    read.matching(request).find(|(_, statement)| statement.effect.value == Effect::Allow);
                if let Some((_, statement)) = found {
                    return (Some(policy.address.clone()), Some(standing_of(statement)));
                }
            }
        }
        (None, None)
    }

    /// Whether an outsider can make a request of a claim, by the policies of a resource, that it could not make before.
    pub fn gains_outside(&self, before: &Access<'o>, claim: &Claim, reached: &Reached) -> bool {
        let resources = &self.org.access().resources;
        let mut setting = resources.iter().flat_map(|resource| {
            let policies = resource.policies.iter();
            policies.filter(|it| Some(&it.address) == reached.by.as_ref()).map(move |it| (resource, it))
        });
        let Some((resource, policy)) = setting.next() else { return true };
        let Some(read) = policy.document.policy() else { return true };
        let olds = &before.org.access().resources;
        let Some(old) = olds.iter().find(|old| old.key == resource.key) else { return true };
        match &reached.who {
            Who::Subject(_) => true,
            Who::Outsider(who) => self.lets_in_more(before, (resource, old), read, who, true, Some(claim)),
        }
    }

    /// Principals outside of the organization that the policy of a resource lets in.
    fn outsiders(&self, guard: &Guarded<'o>, claim: &Claim) -> Vec<Reached> {
        let mut found = Vec::new();
        for policy in &guard.resource.policies {
            let Some(read) = policy.document.policy() else { continue };
            let denied = guard.parts.iter().fold(RequestSet::nothing(), |all, it| all.or(it.denied()));
            let open = self.rcp(guard.resource.owner, Side::AtMost, About::Everything);
            let allowed =
                RequestSet::effect(read, Effect::Allow).minus(denied).and(open).and(claim.requests());
            let mut add = |who, request: Request, standing, doubt: Option<String>| {
                let by = Some(policy.address.clone());
                found.push(Reached {
                    who,
                    request,
                    certain: doubt.is_none(),
                    doubt,
                    by,
                    standing: Some(standing),
                });
            };
            let home = Home::of(guard.resource);
            let shield = super::exposure::shield(self.org, guard.resource, false);
            let everybody = (shield != Shield::Closed).then_some((Outsider::Everybody, Membership::Outside));
            let outsiders = everybody.into_iter().chain(named(self.org, read, home));
            for (who, _) in outsiders.filter(|(_, it)| *it == Membership::Outside) {
                let Ok(circle) = Circle::of(self.org, &who, read, home) else { continue };
                let Answer::Witness(request) = allowed.clone().and(circle.requests()).example() else {
                    continue;
                };
                let (standing, doubt) = match (&who, &shield) {
                    (Outsider::Everybody, Shield::Unknown(why)) => ("everybody", Some(why.clone())),
                    (Outsider::Everybody, _) => ("everybody", None),
                    _ => {
                        let allowing =
                            read.matching(&request).find(|(_, it)| it.effect.value == Effect::Allow);
                        (allowing.map_or("account", |(_, statement)| standing_of(statement)), None)
                    }
                };
                add(Who::Outsider(who), *request, standing, doubt);
            }
        }
        found
    }
}

/// Whether a claim names a resource, or what is in it.
pub(super) fn names(claim: &Claim, resource: &Resource) -> bool {
    let Some(arn) = resource.arn.as_deref() else { return false };
    let inside = format!("{arn}/");
    let patterns = claim.spec().resources.iter().flatten();
    patterns.into_iter().any(|pattern| pattern == arn || pattern.starts_with(&inside) || glob(pattern, arn))
}

/// What a statement names.
fn standing_of(statement: &orgward_iam::Statement) -> &'static str {
    use orgward_iam::PrincipalPattern as P;
    let Some(principals) = &statement.principals else { return "everybody" };
    if principals.not {
        return "everybody";
    }
    let words = principals.patterns.iter().map(|pattern| match &pattern.value {
        P::Everyone => "everybody",
        P::Account(_) => "account",
        P::Arn(arn) if arn.contains(":user/") => "user",
        P::Arn(arn) if arn.contains(":role/") => "role",
        P::Arn(_) => "session",
        P::Service(_) => "service",
        P::UniqueId(_) | P::Federated(_) | P::CanonicalUser(_) | P::Invalid(_) => "user",
    });
    words
        .min_by_key(|word| {
            ["everybody", "session", "user", "role", "service", "account"].iter().position(|it| it == word)
        })
        .unwrap_or("account")
}

/// The prefixes of the services that the actions of a claim are of; `None` when they may be of any.
pub fn services(claim: &Claim) -> Option<BTreeSet<String>> {
    let actions = claim.spec().actions.as_ref()?;
    actions
        .iter()
        .map(|action| {
            let (prefix, _) = action.split_once(':')?;
            (!prefix.contains(['*', '?'])).then(|| prefix.to_ascii_lowercase())
        })
        .collect()
}
