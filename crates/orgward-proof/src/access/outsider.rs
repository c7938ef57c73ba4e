//! Who is outside of the organization, and which requests are theirs. Every question about outsiders is asked over the set
//! that is built here.

use std::collections::BTreeSet;
use std::sync::Arc;

use orgward_iam::{Callers, Claim, Effect, Outsiders, Policy, RequestSet, SetQuantifier, is_account_id};
use orgward_org::{Membership, NodeId, Organization, Resource};

use super::{claims, paths};

/// An account, an organization or a user outside of the organization, or everybody.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Outsider {
    /// Everybody, authenticated or not.
    Everybody,
    /// The principals of an account, by its id.
    Account(String),
    /// The principals of another organization, by its id.
    Organization(String),
    /// A user of S3 by its canonical id, of which no input shows the account.
    User(String),
}

impl Outsider {
    /// The id of the account, organization or user; `*` for everybody.
    pub fn id(&self) -> &str {
        match self {
            Self::Everybody => "*",
            Self::Account(id) | Self::Organization(id) | Self::User(id) => id,
        }
    }

    /// As policies name it: an account by the ARN of its root. An organization has no principal of its own.
    pub fn principal(&self) -> String {
        match self {
            Self::Account(id) => format!("arn:aws:iam::{id}:root"),
            other => other.id().to_owned(),
        }
    }
}

/// Where a policy counts: the account that owns the resource or role, as node and by its id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home<'a> {
    /// The account.
    pub(super) owner: Option<NodeId>,
    /// Its id.
    pub(super) account: Option<&'a str>,
}

impl<'a> Home<'a> {
    /// The account of a resource.
    pub(super) fn of(resource: &'a Resource) -> Self {
        Self { owner: resource.owner, account: resource.account.as_deref() }
    }

    /// Whether an account is in the organization; the own one always is.
    pub(super) fn membership(self, org: &Organization, account: &str) -> Membership {
        if self.account == Some(account) {
            return Membership::Inside;
        }
        membership_of(org, self.owner, account)
    }
}

/// The requests of an outsider, as far as a policy tells them from those of others.
#[derive(Debug)]
pub(super) enum Circle {
    /// Of all who are not inside, without what keys show to come from near.
    Everybody { outsiders: Outsiders, near: Vec<Claim> },
    /// Of the principals of an account, without what callers of the organization have. What AWS does in it by a
    /// service-linked role is not the doing of the account.
    Account { id: String, inside: Vec<Claim>, service_linked: bool },
    /// Of the principals of an organization.
    Organization(Claim),
    /// None, since no request shows the user.
    Empty,
}

impl Circle {
    /// The circle of an outsider before a policy.
    ///
    /// # Errors
    ///
    /// Why it is undecided who is outside.
    pub(super) fn of(
        org: &Organization,
        who: &Outsider,
        policy: &Policy,
        home: Home<'_>,
    ) -> Result<Self, String> {
        Ok(match who {
            Outsider::Everybody => {
                let perimeter = perimeter_of(org, home.owner);
                let mut accounts = perimeter.accounts;
                if let Some(account) = home.account.filter(|it| !accounts.contains(*it)) {
                    Arc::make_mut(&mut accounts).insert(account.to_owned());
                }
                // One that a policy asks for by its id is not everybody, but an outsider of its own.
                let mut organizations: BTreeSet<String> = perimeter.organization.into_iter().collect();
                organizations.extend(organizations_of(policy));
                let outsiders = Outsiders::of(policy, None, &accounts, &organizations)?;
                Self::Everybody { outsiders, near: near(policy) }
            }
            Outsider::Account(id) => Self::account(org, policy, id, home.owner, home.membership(org, id)),
            Outsider::Organization(id) => {
                let claim = claims::claim(None, None, &[("StringEquals", "aws:PrincipalOrgID", id)]);
                Self::Organization(claim.ok_or("the id of the organization is no id")?)
            }
            Outsider::User(_) => Self::Empty,
        })
    }

    /// The circle of an account that a policy names.
    pub(super) fn account(
        org: &Organization,
        policy: &Policy,
        id: &str,
        owner: Option<NodeId>,
        membership: Membership,
    ) -> Self {
        let inside = inside_of(org, owner, membership);
        let service_linked = policy.text().contains("aws-service-role");
        Self::Account { id: id.to_owned(), inside, service_linked }
    }

    /// The requests.
    pub(super) fn requests(&self) -> RequestSet<'_> {
        match self {
            Self::Everybody { outsiders, near } => {
                near.iter().fold(outsiders.requests(), |set, claim| set.minus(claim.requests()))
            }
            Self::Account { id, inside, service_linked } => {
                let by = RequestSet::by(Callers::Accounts(BTreeSet::from([id.clone()])));
                let by = if *service_linked { by } else { by.minus(RequestSet::by(Callers::ServiceLinked)) };
                inside.iter().fold(by, |set, claim| set.minus(claim.requests()))
            }
            Self::Organization(claim) => RequestSet::by(Callers::Principals).and(claim.requests()),
            Self::Empty => RequestSet::nothing(),
        }
    }
}

/// The outsiders whom a policy names: accounts that are not known to be inside, and organizations other than the own one.
pub(super) fn named(org: &Organization, policy: &Policy, home: Home<'_>) -> Vec<(Outsider, Membership)> {
    let mut found = Vec::new();
    for account in paths::accounts_of(policy) {
        let membership = home.membership(org, &account);
        if membership != Membership::Inside {
            found.push((Outsider::Account(account), membership));
        }
    }
    let own = perimeter_of(org, home.owner).organization;
    for id in organizations_of(policy).into_iter().filter(|id| Some(id) != own.as_ref()) {
        let membership = if own.is_some() { Membership::Outside } else { Membership::Unknown };
        found.push((Outsider::Organization(id), membership));
    }
    found
}

/// Why it is not known that an outsider is one.
pub(super) fn unclear(who: &Outsider) -> String {
    match who {
        Outsider::Account(id) => {
            format!("whether account {id} belongs to the organization is not in the inputs")
        }
        Outsider::User(_) => "which account has this canonical id is not in the inputs".to_owned(),
        Outsider::Organization(_) | Outsider::Everybody => {
            "the id of this organization is not in the inputs".to_owned()
        }
    }
}

/// What callers of the organization have, so that those of an account outside have it not.
fn inside_of(org: &Organization, owner: Option<NodeId>, membership: Membership) -> Vec<Claim> {
    if membership != Membership::Outside {
        return Vec::new();
    }
    let of = |id: &String| {
        let paths = format!("{id}/*");
        [
            claims::claim(None, None, &[("StringEquals", "aws:PrincipalOrgID", id)]),
            claims::claim(None, None, &[("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", &paths)]),
        ]
    };
    perimeter_of(org, owner).organization.iter().flat_map(of).flatten().collect()
}

/// Whether a policy may let in principals of an account that is outside of the organization.
pub fn lets_in_outsider(org: &Organization, owner: Option<NodeId>, policy: &Policy, account: &str) -> bool {
    let circle = Circle::account(org, policy, account, owner, Membership::Outside);
    let set = RequestSet::allowed(policy).and(circle.requests());
    set.emptiness() != Ok(true)
}

/// The requests that keys other than those of principals show to come from near: from a mount target, or with a value
/// that names an account.
fn near(policy: &Policy) -> Vec<Claim> {
    let mount = claims::claim(None, None, &[("Bool", "elasticfilesystem:AccessedViaMountTarget", "true")]);
    let lines = policy.statements.iter().flat_map(|it| &it.conditions).filter(|line| {
        let key = line.key.value.to_ascii_lowercase();
        !key.starts_with("aws:principal") && !key.starts_with("aws:source")
            || key == "aws:sourceowner"
            || key == "aws:sourceaccount"
    });
    let values = lines.flat_map(|line| line.values.iter().map(move |value| (&line.key.value, &value.value)));
    let named = values
        .filter(|(_, value)| names_account(value))
        .filter_map(|(key, value)| claims::claim(None, None, &[("StringLike", key, value)]));
    mount.into_iter().chain(named).collect()
}

/// The organizations that statements which allow something ask for by their ids.
fn organizations_of(policy: &Policy) -> BTreeSet<String> {
    let allowing = policy.statements.iter().filter(|it| it.effect.value == Effect::Allow);
    let lines = allowing.flat_map(|it| &it.conditions).filter(|line| {
        let operator = line.operator.value;
        let key = line.key.value.to_ascii_lowercase();
        let any = operator.set != Some(SetQuantifier::ForAllValues);
        (key == "aws:principalorgid" || key == "aws:principalorgpaths" && any)
            && !operator.is_negated()
            && !operator.if_exists
    });
    // A path begins with the organization: `o-…/r-…/ou-…/`.
    let values = lines.flat_map(|line| &line.values).map(|value| value.value.split('/').next());
    values.flatten().filter(|id| is_organization(id)).map(str::to_owned).collect()
}

/// Whether a text is the id of an organization, as AWS gives them out.
pub fn is_organization(text: &str) -> bool {
    text.strip_prefix("o-").is_some_and(|rest| {
        rest.len() >= 10 && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// What is inside of the organization of a resource; of the first one where its account is unknown.
pub(super) fn perimeter_of(org: &Organization, owner: Option<NodeId>) -> orgward_iam::Perimeter {
    let near = owner.or_else(|| org.management()).or_else(|| org.root());
    near.map(|near| org.perimeter(near)).unwrap_or_default()
}

/// Whether an account is in the organization of a resource, or in the first one where its account is unknown.
pub fn membership_of(org: &Organization, owner: Option<NodeId>, account: &str) -> Membership {
    let near = owner.or_else(|| org.management()).or_else(|| org.root());
    near.map_or(Membership::Unknown, |near| org.membership(near, account))
}

/// The accounts that a text names.
pub(super) fn accounts_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_ascii_digit()).filter(|run| is_account_id(run))
}

fn names_account(text: &str) -> bool {
    accounts_in(text).next().is_some()
}
