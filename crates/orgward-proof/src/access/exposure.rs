//! Whom the policies of resources let in from outside of the organization.

use std::collections::BTreeSet;

use orgward_iam::{Answer, Claim, Effect, Policy, PrincipalPattern, Request, RequestSet};
use orgward_org::{Membership, Organization, Resource, ResourcePolicy, is_canonical_user};
use orgward_plan::{Address, Attr};

use super::outsider::{Circle, Home, Outsider, membership_of, named, unclear};
use super::sets::{About, Side};
use super::{Access, claims};

/// Somebody outside who is let in.
#[derive(Clone, Debug)]
pub struct Opening<'o> {
    /// The resource.
    pub resource: &'o Resource,
    /// The policy that lets it in; `None` for an access control list.
    pub policy: Option<&'o ResourcePolicy>,
    /// The resource to change.
    pub address: &'o Address,
    /// Who is let in.
    pub who: Outsider,
    /// A request that is allowed.
    pub request: Option<Request>,
    /// The statement that allows it, by its place.
    pub statement: Option<usize>,
    /// What it depends on where that is unknown.
    pub unknown: Option<String>,
    /// Whether only resource control policies keep it closed.
    pub held_back: bool,
}

/// Whether something closes a resource to the public.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shield {
    /// It is closed.
    Closed,
    /// Nothing closes it.
    Open,
    /// It is unknown, for this reason.
    Unknown(String),
}

/// Accounts that AWS owns and that its services use as principals, as published in November 2026: logs of load
/// balancers, audit logs of Redshift, billing reports.
const OWNED_BY_AWS: &str = "
    127311923021 033677994240 027434742980 797873946194 098369216593 985666609251 054676820928 156460612806
    652711504416 635631232127 009996457667 897822967062 754344448648 582318560864 600734575887 383597477331
    114774131450 783225319266 589379963580 718504428378 076674570225 507241528517 048591011584 190560391635
    638102146993 037604701340 193672423079 391106570357 262260360010 902366379725 865932855811 760740231472
    361669875840 762762565011 404641285394 907379612154 053454850223 210876761215 075028567923 386209384616";

/// Whether AWS owns an account.
pub fn is_owned_by_aws(account: &str) -> bool {
    OWNED_BY_AWS.split_whitespace().any(|it| it == account)
}

/// What closes a resource to the public: blocks of the account and of a bucket, or the resource itself.
pub fn shield(org: &Organization, resource: &Resource, acls: bool) -> Shield {
    let (old, now) = if acls {
        ("block_public_acls", "ignore_public_acls")
    } else {
        ("block_public_policy", "restrict_public_buckets")
    };
    let blocks = &org.access().blocks;
    let account = blocks.iter().filter(|block| {
        block.kind == "aws_s3_account_public_access_block" && block.account == resource.account
    });
    if resource.kind != "aws_s3_bucket" {
        let is_point = resource.kind == "aws_s3_access_point";
        let by_account = account.filter(|_| is_point).any(|block| block.switch(now) == Attr::Known(1));
        return match resource.closed {
            Attr::Known(true) => Shield::Closed,
            _ if by_account => Shield::Closed,
            Attr::Unknown => {
                Shield::Unknown("whether it is closed to the public is not in the inputs".to_owned())
            }
            Attr::Known(false) | Attr::Absent => Shield::Open,
        };
    }
    let own = blocks
        .iter()
        .filter(|block| block.kind == "aws_s3_bucket_public_access_block" && block.holder == resource.key);
    let own: Vec<_> = own.collect();
    let all: Vec<_> = own.iter().copied().chain(account).collect();
    let closes = |name: &str| all.iter().any(|block| block.switch(name) == Attr::Known(1));
    // What refuses new policies and lists leaves those alone that are there.
    if closes(now) || resource.created && closes(old) {
        return Shield::Closed;
    }
    if all.iter().any(|block| block.switch(now).is_unknown()) {
        return Shield::Unknown("whether public access is blocked is unknown until apply".to_owned());
    }
    if own.is_empty() {
        return if resource.created {
            // AWS blocks public access of every new bucket (since April 2023).
            Shield::Closed
        } else if org.access().unblocked.contains(&resource.key) {
            Shield::Open
        } else {
            Shield::Unknown("whether the bucket blocks public access is not in the inputs".to_owned())
        };
    }
    Shield::Open
}

/// Whether a switch refuses that a policy is written.
pub fn refuses_new(org: &Organization, resource: &Resource) -> bool {
    let blocks = org.access().blocks.iter().filter(|block| {
        block.holder == resource.key
            || block.kind == "aws_s3_account_public_access_block" && block.account == resource.account
    });
    resource.kind == "aws_s3_bucket"
        && blocks.into_iter().any(|block| block.switch("block_public_policy") == Attr::Known(1))
}

impl<'o> Access<'o> {
    /// Everybody whom policies let in without naming them, or their account.
    pub fn public(&self) -> Vec<Opening<'o>> {
        let mut found = Vec::new();
        for resource in &self.org.access().resources {
            let opening =
                |policy: Option<&'o ResourcePolicy>, address, request, statement, unknown| Opening {
                    resource,
                    policy,
                    address,
                    who: Outsider::Everybody,
                    request,
                    statement,
                    unknown,
                    held_back: false,
                };
            let why =
                |shield: &Shield| if let Shield::Unknown(why) = shield { Some(why.clone()) } else { None };
            let shield = shield(self.org, resource, false);
            for policy in resource.policies.iter().filter(|_| shield != Shield::Closed) {
                let Some(read) = policy.document.policy() else { continue };
                let held_back = matches!(self.public_request(resource, read, true), Answer::None);
                match self.public_request(resource, read, !held_back) {
                    Answer::Witness(request) => {
                        let statement = allowing(read, &request);
                        let opened =
                            opening(Some(policy), &policy.address, Some(*request), statement, why(&shield));
                        found.push(Opening { held_back, ..opened });
                    }
                    Answer::Undecided(reason) if could_be_public(read) => {
                        found.push(opening(Some(policy), &policy.address, None, None, Some(reason)));
                    }
                    Answer::Undecided(_) | Answer::None => {}
                }
            }
            if let Some(acl) = &resource.acl {
                let shield = self::shield(self.org, resource, true);
                let enabled = match &resource.acls_enabled {
                    Attr::Absent if resource.created => Attr::Known(false),
                    Attr::Absent => Attr::Unknown,
                    other => *other,
                };
                if shield == Shield::Closed
                    || enabled == Attr::Known(false)
                    || acl.public == Attr::Known(false)
                {
                    continue;
                }
                let known =
                    shield == Shield::Open && enabled == Attr::Known(true) && acl.public == Attr::Known(true);
                let unknown = "whether access control lists count is not in the inputs".to_owned();
                found.push(opening(
                    None,
                    &acl.address,
                    None,
                    None,
                    (!known).then(|| why(&shield).unwrap_or(unknown)),
                ));
            }
        }
        found
    }

    /// Accounts outside of the organization that policies name, also as those that a service acts for, and users by their
    /// canonical ids, of which no input shows the account.
    pub fn external(&self, trusted: &BTreeSet<String>) -> Vec<Opening<'o>> {
        let mut found = Vec::new();
        for resource in &self.org.access().resources {
            for policy in &resource.policies {
                let Some(read) = policy.document.policy() else { continue };
                let opening = |who: Outsider, request: Option<Request>, statement, unknown| Opening {
                    resource,
                    policy: Some(policy),
                    address: &policy.address,
                    statement,
                    who,
                    request,
                    unknown,
                    held_back: false,
                };
                for (who, membership) in named(self.org, read, Home::of(resource)) {
                    let known = |account: &str| is_owned_by_aws(account) || trusted.contains(account);
                    if matches!(&who, Outsider::Account(account) if known(account)) {
                        continue;
                    }
                    let Ok(circle) = Circle::of(self.org, &who, read, Home::of(resource)) else { continue };
                    let ask = |bounded: bool| {
                        shown(resource, &self.let_in(resource, read, bounded).and(circle.requests()))
                    };
                    let mut answer = ask(true);
                    let mut held_back = false;
                    if let Outsider::Account(account) = &who
                        && membership == Membership::Outside
                    {
                        if answer == Answer::None {
                            answer = ask(false);
                            held_back = answer != Answer::None;
                        }
                        if answer == Answer::None {
                            answer = self.for_outsider(read, account, resource.owner);
                        }
                    }
                    if let Answer::Witness(request) = answer {
                        let unknown = (membership == Membership::Unknown).then(|| unclear(&who));
                        let statement = allowing(read, &request);
                        let opened = opening(who, Some(*request), statement, unknown);
                        found.push(Opening { held_back, ..opened });
                    }
                }
                for (user, statement) in self.users_of(read) {
                    if !trusted.contains(user) {
                        let who = Outsider::User(user.to_owned());
                        let unknown = Some(unclear(&who));
                        found.push(opening(who, None, Some(statement), unknown));
                    }
                }
            }
            let acl = resource.acl.iter().filter(|_| resource.acls_enabled != Attr::Known(false));
            for (acl, user) in acl.flat_map(|acl| acl.users.iter().map(move |user| (acl, user))) {
                if self.org.access().own_users.contains(user) || trusted.contains(user) {
                    continue;
                }
                let who = Outsider::User(user.clone());
                found.push(Opening {
                    resource,
                    policy: None,
                    address: &acl.address,
                    unknown: Some(unclear(&who)),
                    who,
                    request: None,
                    statement: None,
                    held_back: false,
                });
            }
        }
        found
    }

    /// The users that statements let in by their canonical ids and of which no input says that they are the own ones.
    fn users_of<'p>(&self, policy: &'p Policy) -> impl Iterator<Item = (&'p str, usize)> {
        let own = &self.org.access().own_users;
        let allowing =
            policy.statements.iter().enumerate().filter(|(_, it)| it.effect.value == Effect::Allow);
        let named = allowing.flat_map(|(at, it)| {
            let patterns = it.principals.iter().filter(|principals| !principals.not);
            patterns.flat_map(|principals| &principals.patterns).map(move |pattern| (pattern, at))
        });
        named.filter_map(move |(pattern, at)| match &pattern.value {
            PrincipalPattern::CanonicalUser(id) if is_canonical_user(id) && !own.contains(id) => {
                Some((id.as_str(), at))
            }
            _ => None,
        })
    }

    /// What one policy of a resource allows that nothing else about the resource denies.
    pub(super) fn let_in(&self, resource: &'o Resource, policy: &'o Policy, bounded: bool) -> RequestSet<'_> {
        let policies = resource.policies.iter().filter_map(|it| it.document.policy());
        let denied =
            policies.fold(RequestSet::nothing(), |all, it| all.or(RequestSet::effect(it, Effect::Deny)));
        let allowed = RequestSet::effect(policy, Effect::Allow).minus(denied);
        if bounded { allowed.and(self.rcp(resource.owner, Side::AtMost, About::Everything)) } else { allowed }
    }

    fn public_request(&self, resource: &'o Resource, policy: &'o Policy, bounded: bool) -> Answer {
        self.public_within(resource, policy, bounded, None)
    }

    pub(super) fn public_within(
        &self,
        resource: &'o Resource,
        policy: &'o Policy,
        bounded: bool,
        claim: Option<&Claim>,
    ) -> Answer {
        if !could_be_public(policy) {
            return Answer::None;
        }
        let circle = match Circle::of(self.org, &Outsider::Everybody, policy, Home::of(resource)) {
            Ok(circle) => circle,
            Err(why) => return Answer::Undecided(why),
        };
        let set = self.let_in(resource, policy, bounded).and(circle.requests());
        let set = claim
            .iter()
            .fold(set, |set, claim| set.and(RequestSet::bound_by_resource_control()).and(claim.requests()));
        shown(resource, &set)
    }

    /// Whether an opening let in as much before the plan.
    pub fn had(&self, new: &Access<'o>, opening: &Opening<'o>) -> bool {
        let Some(old) = self.org.access().resources.iter().find(|it| it.key == opening.resource.key) else {
            return false;
        };
        let Some(policy) = opening.policy else {
            if let Outsider::User(user) = &opening.who {
                return old.acl.as_ref().is_some_and(|acl| acl.users.contains(user));
            }
            return old.acl.as_ref().is_some_and(|acl| acl.public == Attr::Known(true))
                && shield(self.org, old, true) != Shield::Closed;
        };
        let Some(read) = policy.document.policy() else { return false };
        if let Outsider::User(user) = &opening.who {
            let was = old.policies.iter().filter_map(|it| it.document.policy());
            let statement = opening.statement.and_then(|at| read.statements.get(at));
            return was.into_iter().any(|was| {
                self.users_of(was).any(|(other, at)| {
                    let same = was.statements.get(at).zip(statement);
                    other == user && same.is_some_and(|(old, new)| old.covers(was, new, read))
                })
            });
        }
        !new.lets_in_more(self, (opening.resource, old), read, &opening.who, !opening.held_back, None)
    }

    /// Whether an outsider can do more by a policy of a resource than all policies of the resource let it do before.
    pub(super) fn lets_in_more(
        &self,
        before: &Access<'o>,
        (resource, old): (&'o Resource, &'o Resource),
        policy: &'o Policy,
        who: &Outsider,
        bounded: bool,
        claim: Option<&Claim>,
    ) -> bool {
        let was_closed = match who {
            Outsider::Everybody => shield(before.org, old, false) == Shield::Closed,
            // An account that was a member was let in, and was no outsider.
            Outsider::Account(account) => membership_of(before.org, old.owner, account) == Membership::Inside,
            Outsider::Organization(_) | Outsider::User(_) => false,
        };
        let Ok(circle) = Circle::of(self.org, who, policy, Home::of(resource)) else { return true };
        if was_closed {
            return true;
        }
        let was = old.policies.iter().filter_map(|it| it.document.policy());
        let was = was.fold(RequestSet::nothing(), |all, it| all.or(before.let_in(old, it, bounded)));
        let gained = self.let_in(resource, policy, bounded).minus(was).and(circle.requests());
        let gained = claim.iter().fold(gained, |set, claim| set.and(claim.requests()));
        !gained.is_empty()
    }
}

/// A request of a set: one that is about the resource whose policy is asked, where there is one. A policy that names all
/// resources is about its own.
fn shown(resource: &Resource, set: &RequestSet<'_>) -> Answer {
    let answer = set.example();
    let (Answer::Witness(request), Some(arn)) = (&answer, resource.arn.as_deref()) else { return answer };
    let is_own = request
        .resource
        .strip_prefix(arn)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']) || arn.ends_with(['/', '*']));
    let Some(own) = claims::on_resource(arn, resource.service).filter(|_| !is_own) else { return answer };
    match set.clone().and(own.requests()).example() {
        request @ Answer::Witness(_) => request,
        // What the policy of a queue says of another queue does nothing.
        Answer::None if ABOUT_ITSELF.contains(&resource.kind) => Answer::None,
        Answer::None | Answer::Undecided(_) => answer,
    }
}

/// Resources whose policies are about themselves and what has their ARN as its beginning. Those of others, such as
/// repositories of packages and vaults of backups, are about ARNs of other forms.
const ABOUT_ITSELF: [&str; 8] = [
    "aws_efs_file_system",
    "aws_kms_external_key",
    "aws_kms_key",
    "aws_kms_replica_key",
    "aws_s3_bucket",
    "aws_secretsmanager_secret",
    "aws_sns_topic",
    "aws_sqs_queue",
];

/// Whether a policy has a statement that lets in all but those that it names.
pub(super) fn could_be_public(policy: &Policy) -> bool {
    policy.statements.iter().any(|statement| {
        statement.effect.value == Effect::Allow
            && statement.principals.as_ref().is_some_and(|principals| {
                principals.not || principals.patterns.iter().any(|it| it.value == PrincipalPattern::Everyone)
            })
    })
}

pub(super) fn allowing(policy: &Policy, request: &Request) -> Option<usize> {
    policy.matching(request).find(|(_, statement)| statement.effect.value == Effect::Allow).map(|(at, _)| at)
}
