//! The tags of principals, as far as the inputs show them: `aws:PrincipalTag/…`.
//!
//! A user has the tags that it is given. A session of a role may have others in their place, where the trust policy of the
//! role lets the caller set them (`sts:TagSession`). Roles of Identity Center have what its attributes say, which no
//! input shows.

use std::collections::BTreeSet;

use orgward_iam::{Claim, Effect, Policy, Request, Statement};
use orgward_org::{NodeKind, Organization, Tags};
use orgward_plan::Attr;

use super::sets::Side;
use super::subject::{Cap, Held, Subject};
use super::{Access, claims};

const PREFIX: &str = "aws:PrincipalTag/";

/// What is known about one tag of a principal.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Known<'s> {
    /// It has this value.
    Value(&'s str),
    /// The principal does not have it.
    Missing,
    /// No input shows it.
    Unknown,
}

/// The keys of tags of principals that the policies of an organization look at.
pub(super) fn keys_in(policies: &[&Policy]) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for policy in policies.iter().filter(|policy| mentions(policy.text())) {
        for statement in &policy.statements {
            keys.extend(keys_of(statement).map(str::to_owned));
        }
    }
    keys
}

fn mentions(text: &str) -> bool {
    text.as_bytes().windows(PREFIX.len()).any(|part| part.eq_ignore_ascii_case(PREFIX.as_bytes()))
}

/// The keys of tags of principals that a statement looks at, without their prefix.
fn keys_of(statement: &Statement) -> impl Iterator<Item = &str> {
    statement.keys().filter_map(|key| {
        let (prefix, name) = key.split_at_checked(PREFIX.len())?;
        prefix.eq_ignore_ascii_case(PREFIX).then_some(name)
    })
}

impl Subject<'_> {
    fn tag(&self, key: &str) -> Known<'_> {
        let tags: &Tags = match &self.node.kind {
            NodeKind::Role(role) => &role.tags,
            NodeKind::User(user) => &user.tags,
            _ => return Known::Unknown,
        };
        // Keys of conditions have no case.
        let found = tags.known.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        match found {
            Some((_, Attr::Known(value))) => Known::Value(value.expose()),
            Some((_, Attr::Absent)) => Known::Missing,
            None if tags.complete => Known::Missing,
            Some((_, Attr::Unknown)) | None => Known::Unknown,
        }
    }

    /// Whether those who assume it may set tags of the session in the place of its own.
    fn takes_session_tags(&self) -> bool {
        match (&self.node.kind, self.trust) {
            (NodeKind::User(_), _) => false,
            (_, Some(trust)) => trust.policy().is_none_or(|policy| {
                policy.statements.iter().any(|statement| {
                    statement.effect.value == Effect::Allow && statement.covers_action("sts:TagSession")
                })
            }),
            (_, None) => true,
        }
    }

    /// What the tags that some policies look at are, as conditions on the requests of the principal: for what it may do at
    /// most, those that no session changes; for what it certainly can do, its own, which a session has that sets none.
    pub(super) fn tagged<'s>(
        &'s self,
        keys: &'s BTreeSet<String>,
        side: Side,
    ) -> Vec<(&'static str, String, &'s str)> {
        if keys.is_empty() || side == Side::AtMost && self.takes_session_tags() {
            return Vec::new();
        }
        let line = |key: &'s String| {
            let name = || format!("{PREFIX}{key}");
            match self.tag(key) {
                Known::Value(value) => Some(("StringEquals", name(), value)),
                Known::Missing => Some(("Null", name(), "true")),
                Known::Unknown => None,
            }
        };
        keys.iter().filter_map(line).collect()
    }
}

impl<'o> Access<'o> {
    /// The requests of a principal.
    pub(super) fn by(&self, subject: &Subject<'o>, side: Side) -> Option<Claim> {
        let tags = subject.tagged(&self.tag_keys, side);
        let tags = tags.iter().map(|(operator, key, value)| (*operator, key.as_str(), *value));
        let place = subject.place.iter().map(|(operator, key, value)| (*operator, *key, value.as_str()));
        let own = [("StringEquals", "aws:PrincipalArn", subject.arn.as_str())];
        let lines: Vec<_> = own.into_iter().chain(tags).chain(place).collect();
        claims::claim(None, None, &lines)
    }

    /// Why it is not certain that a principal can make a request which is allowed: a policy looks at a tag of the
    /// principal that no input shows.
    pub(super) fn doubtful_tag(&self, subject: &Subject<'o>, request: &Request) -> Option<String> {
        let key = self
            .tag_keys
            .iter()
            .find(|key| subject.tag(key) == Known::Unknown && self.looks_at_tag(subject, request, key))?;
        Some(format!("which value the tag `{key}` of `{}` has is not in the inputs", subject.name()))
    }

    /// Why a request is only possible that a session makes with tags of its own.
    pub(super) fn session_tag(&self, subject: &Subject<'o>, request: &Request) -> Option<String> {
        let key = self.tag_keys.iter().find(|key| self.looks_at_tag(subject, request, key))?;
        subject.takes_session_tags().then(|| {
            format!(
                "a session of `{}` may set the tag `{key}`: its trust policy allows `sts:TagSession`",
                subject.name()
            )
        })
    }

    fn looks_at_tag(&self, subject: &Subject<'o>, request: &Request, key: &str) -> bool {
        let looks = |policy: &Policy| {
            policy.statements.iter().any(|statement| {
                statement.covers_action(&request.action)
                    && keys_of(statement).any(|other| other.eq_ignore_ascii_case(key))
            })
        };
        let cap = if let Cap::Policy { policy, .. } = &subject.cap { Some(*policy) } else { None };
        let own = subject.held.iter().map(|held: &Held<'o>| held.policy).chain(cap);
        let chains = subject.account.and_then(|account| self.chains.get(&account)).into_iter();
        let chained = chains.flat_map(|(scp, rcp)| {
            let levels = scp.levels.iter().chain(rcp.iter().flat_map(|rcp| &rcp.levels));
            levels.flat_map(|level| &level.attached).filter_map(|it| it.org_policy.data.document.policy())
        });
        let resources =
            self.org.access().resources.iter().filter(|resource| {
                resource.arn.as_deref().is_none_or(|arn| request.resource.starts_with(arn))
            });
        let of_resources =
            resources.flat_map(|it| &it.policies).filter_map(|policy| policy.document.policy());
        own.chain(chained).chain(of_resources).any(looks)
    }
}

/// All policies that the inputs show.
pub(super) fn policies<'o>(org: &'o Organization, subjects: &[Subject<'o>]) -> Vec<&'o Policy> {
    let mut seen = BTreeSet::new();
    let mut all: Vec<&'o Policy> = Vec::new();
    let held = subjects.iter().flat_map(|subject| {
        let cap = if let Cap::Policy { policy, .. } = &subject.cap { Some(*policy) } else { None };
        let trust = subject.trust.and_then(|trust| trust.policy());
        subject.held.iter().map(|held| held.policy).chain(cap).chain(trust)
    });
    let of_resources = org.access().resources.iter().flat_map(|it| &it.policies);
    let of_organization = org.nodes().filter_map(|(_, node)| match &node.kind {
        NodeKind::OrgPolicy(policy) => Some(&policy.document),
        _ => None,
    });
    let documents = of_resources.map(|it| &it.document).chain(of_organization);
    for policy in held.chain(documents.filter_map(|document| document.policy())) {
        // Many principals have one policy.
        if seen.insert(std::ptr::from_ref(policy)) {
            all.push(policy);
        }
    }
    all
}
