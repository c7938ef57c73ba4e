//! Whom the policies of resources let in from outside of the organization.

use std::collections::BTreeSet;
use std::sync::Arc;

use orgward_iam::{
    Answer, Callers, Claim, ClaimSpec, Effect, Outsiders, Policy, PrincipalPattern, Request, RequestSet,
    SetQuantifier, Statement, is_account_id,
};
use orgward_org::{Membership, Organization, Resource, ResourcePolicy, is_canonical_user};
use orgward_plan::{Address, Attr};

use super::sets::{About, Side};
use super::{Access, claims, paths};

/// Somebody outside who is let in.
#[derive(Clone, Debug)]
pub struct Opening<'o> {
    /// The resource.
    pub resource: &'o Resource,
    /// The policy that lets it in; `None` for an access control list.
    pub policy: Option<&'o ResourcePolicy>,
    /// The resource to change.
    pub address: &'o Address,
    /// The account that is let in; `None` for everybody.
    pub account: Option<String>,
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
                    account: None,
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
                let opening = |account: String, request: Option<Request>, statement, unknown| Opening {
                    resource,
                    policy: Some(policy),
                    address: &policy.address,
                    statement,
                    account: Some(account),
                    request,
                    unknown,
                    held_back: false,
                };
                for account in paths::accounts_of(read) {
                    let membership = membership_of(self.org, resource.owner, &account);
                    let own = resource.account.as_deref() == Some(&account);
                    if membership == Membership::Inside
                        || own
                        || is_owned_by_aws(&account)
                        || trusted.contains(&account)
                    {
                        continue;
                    }
                    let inside = inside_of(self.org, resource.owner, membership);
                    let by = || of_account(read, &account, &inside);
                    let mut answer = shown(resource, &self.let_in(resource, read, true).and(by()));
                    let mut held_back = false;
                    if answer == Answer::None && membership == Membership::Outside {
                        answer = shown(resource, &self.let_in(resource, read, false).and(by()));
                        held_back = answer != Answer::None;
                    }
                    if answer == Answer::None && membership == Membership::Outside {
                        answer = self.for_outsider(read, &account, resource.owner);
                    }
                    if let Answer::Witness(request) = answer {
                        let unknown = (membership == Membership::Unknown).then(|| {
                            format!(
                                "whether account {account} belongs to the organization is not in the inputs"
                            )
                        });
                        let statement = allowing(read, &request);
                        let opened = opening(account, Some(*request), statement, unknown);
                        found.push(Opening { held_back, ..opened });
                    }
                }
                let own = perimeter_of(self.org, resource.owner).organization;
                for id in organizations_of(read).into_iter().filter(|id| Some(id) != own.as_ref()) {
                    let Some(claim) = of_organization(&id) else { continue };
                    let by = || RequestSet::by(Callers::Principals).and(claim.requests());
                    let set = self.let_in(resource, read, true).and(by());
                    let Answer::Witness(request) = shown(resource, &set) else { continue };
                    let unknown =
                        own.is_none().then(|| "the id of this organization is not in the inputs".to_owned());
                    let statement = allowing(read, &request);
                    found.push(opening(id, Some(*request), statement, unknown));
                }
                for (user, statement) in self.users_of(read) {
                    if !trusted.contains(user) {
                        found.push(opening(user.to_owned(), None, Some(statement), Some(unknown_user())));
                    }
                }
            }
            let acl = resource.acl.iter().filter(|_| resource.acls_enabled != Attr::Known(false));
            for (acl, user) in acl.flat_map(|acl| acl.users.iter().map(move |user| (acl, user))) {
                if self.org.access().own_users.contains(user) || trusted.contains(user) {
                    continue;
                }
                found.push(Opening {
                    resource,
                    policy: None,
                    address: &acl.address,
                    account: Some(user.clone()),
                    request: None,
                    statement: None,
                    unknown: Some(unknown_user()),
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

    /// What a service may do on behalf of an account that a policy names as one for which services act.
    pub fn for_outsider(
        &self,
        policy: &'o Policy,
        account: &str,
        owner: Option<orgward_org::NodeId>,
    ) -> Answer {
        let names = policy.statements.iter().flat_map(|it| &it.conditions).any(|line| {
            let key = line.key.value.to_ascii_lowercase();
            ["aws:sourceaccount", "aws:sourcearn", "aws:sourceowner"].contains(&key.as_str())
                && line.values.iter().any(|value| value.value.contains(account))
        });
        if names { self.acting_for(policy, None, account, owner) } else { Answer::None }
    }

    pub(super) fn by_account<'s>(
        &'s self,
        resource: &'o Resource,
        policy: &'o Policy,
        account: &str,
        inside: &'s [Claim],
    ) -> RequestSet<'s> {
        self.let_in(resource, policy, true).and(of_account(policy, account, inside))
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
        let perimeter = perimeter_of(self.org, resource.owner);
        let mut accounts = perimeter.accounts.clone();
        if let Some(account) = resource.account.as_ref().filter(|it| !accounts.contains(*it)) {
            Arc::make_mut(&mut accounts).insert(account.clone());
        }
        // One that a policy asks for by its id is not everybody: `external` says which it is.
        let mut organizations: BTreeSet<String> = perimeter.organization.iter().cloned().collect();
        organizations.extend(organizations_of(policy));
        let outsiders = match Outsiders::of(policy, None, &accounts, &organizations) {
            Ok(outsiders) => outsiders,
            Err(why) => return Answer::Undecided(why),
        };
        let named = near(policy);
        let set = named
            .iter()
            .fold(self.let_in(resource, policy, bounded).and(outsiders.requests()), |set, claim| {
                set.minus(claim.requests())
            });
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
            if let Some(user) = &opening.account {
                return old.acl.as_ref().is_some_and(|acl| acl.users.contains(user));
            }
            return old.acl.as_ref().is_some_and(|acl| acl.public == Attr::Known(true))
                && shield(self.org, old, true) != Shield::Closed;
        };
        let Some(read) = policy.document.policy() else { return false };
        if opening.account.is_none() && shield(self.org, old, false) == Shield::Closed {
            return false;
        }
        let was = old.policies.iter().filter_map(|it| it.document.policy());
        let was = was.fold(RequestSet::nothing(), |all, it| all.or(self.let_in(old, it, !opening.held_back)));
        let is = new.let_in(opening.resource, read, !opening.held_back);
        if let Some(claim) =
            opening.account.as_deref().filter(|it| is_organization(it)).and_then(of_organization)
        {
            let was = old.policies.iter().filter_map(|it| it.document.policy());
            let was = was.fold(RequestSet::nothing(), |all, it| all.or(self.let_in(old, it, true)));
            let is = new.let_in(opening.resource, read, true).and(claim.requests());
            return is.minus(was).and(RequestSet::by(Callers::Principals)).is_empty();
        }
        if let Some(user) = opening.account.as_deref().filter(|it| !is_account_id(it)) {
            let was = old.policies.iter().filter_map(|it| it.document.policy());
            let statement = opening.statement.and_then(|at| read.statements.get(at));
            return was.into_iter().any(|was| {
                self.users_of(was).any(|(other, at)| {
                    let same = was.statements.get(at).zip(statement);
                    other == user && same.is_some_and(|(old, new)| old.covers(was, new, read))
                })
            });
        }
        // An account that was a member was let in, and was no outsider.
        let was_inside = |account: &str| membership_of(self.org, old.owner, account) == Membership::Inside;
        if opening.account.as_deref().is_some_and(was_inside) {
            return false;
        }
        if let Some(account) = &opening.account {
            let by = RequestSet::by(Callers::Accounts(BTreeSet::from([account.clone()])));
            return is.minus(was).and(by).is_empty();
        }
        let perimeter = perimeter_of(new.org, opening.resource.owner);
        let mut organizations: BTreeSet<String> = perimeter.organization.iter().cloned().collect();
        organizations.extend(organizations_of(read));
        let Ok(outsiders) = Outsiders::of(read, None, &perimeter.accounts, &organizations) else {
            return false;
        };
        let named = near(read);
        let gained =
            named.iter().fold(is.minus(was).and(outsiders.requests()), |set, it| set.minus(it.requests()));
        gained.is_empty()
    }

    /// A request that a service makes on behalf of an account outside, and that a policy allows.
    pub fn deputy(&self, policy: &'o Policy, service: &str, owner: Option<orgward_org::NodeId>) -> Answer {
        let taken = paths::accounts_of(policy);
        let perimeter = perimeter_of(self.org, owner);
        let outside = (0..1_000_000_000_000_u64)
            .rev()
            .map(|number| format!("{number:012}"))
            .find(|it| !taken.contains(it) && !perimeter.accounts.contains(it))
            .unwrap_or_default();
        self.acting_for(policy, Some(service), &outside, owner)
    }

    /// A request that a service, or any, makes on behalf of an account, and that a policy allows.
    fn acting_for(
        &self,
        policy: &'o Policy,
        service: Option<&str>,
        account: &str,
        owner: Option<orgward_org::NodeId>,
    ) -> Answer {
        let mut spec = ClaimSpec::default();
        let mut set = |operator: &str, key: &str, values: Vec<String>| {
            spec.conditions.entry(operator.to_owned()).or_default().insert(key.to_owned(), values);
        };
        if let Some(service) = service {
            set("StringEquals", "aws:PrincipalServiceName", vec![service.to_owned()]);
        }
        set("StringEquals", "aws:SourceAccount", vec![account.to_owned()]);
        let mut sources =
            vec![format!("arn:*:*:*:{account}:*"), "arn:aws:s3:::bucket-of-another-account".to_owned()];
        sources.extend(policy.statements.iter().flat_map(open_sources));
        set("ArnLike", "aws:SourceArn", sources);
        set("StringEqualsIfExists", "aws:SourceOrgID", vec!["o-outsider00".to_owned()]);
        set("ForAllValues:StringLike", "aws:SourceOrgPaths", vec!["o-outsider00/*".to_owned()]);
        // Whatever else names an account names that one, and none that the policy names in its place.
        for line in policy.statements.iter().flat_map(|it| &it.conditions) {
            let key = line.key.value.to_ascii_lowercase();
            let standard = key.starts_with("aws:source") && key != "aws:sourceowner"
                || key.starts_with("aws:principal")
                || key.starts_with("aws:resource");
            let named: BTreeSet<&str> =
                line.values.iter().flat_map(|value| accounts_in(&value.value)).collect();
            if !standard && !named.is_empty() {
                set("StringLike", &line.key.value, vec![format!("*{account}*")]);
                let others = named.into_iter().filter(|named| *named != account);
                let others: Vec<String> = others.map(|named| format!("*{named}*")).collect();
                if !others.is_empty() {
                    set("StringNotLike", &line.key.value, others);
                }
            }
            // The token says which skill calls, and whose.
            if key == "lambda:eventsourcetoken" {
                set("Null", &line.key.value, vec!["true".to_owned()]);
            }
        }
        let Ok(claim) = Claim::new(spec) else { return Answer::None };
        let open = self.rcp(owner, Side::AtMost, About::Everything);
        let allowed = RequestSet::allowed(policy).and(open);
        allowed.and(claim.requests()).and(RequestSet::by(Callers::Services)).example()
    }
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

/// The requests of the principals of an organization.
fn of_organization(id: &str) -> Option<Claim> {
    claims::claim(None, None, &[("StringEquals", "aws:PrincipalOrgID", id)])
}

/// What callers of the organization have, so that those of an account outside have it not.
pub(super) fn inside_of(
    org: &Organization,
    owner: Option<orgward_org::NodeId>,
    membership: Membership,
) -> Vec<Claim> {
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

/// The requests of the principals of an account that a policy names. What AWS does in it by a service-linked role is not
/// the doing of the account.
pub(super) fn of_account<'s>(policy: &Policy, account: &str, inside: &'s [Claim]) -> RequestSet<'s> {
    let by = RequestSet::by(Callers::Accounts(BTreeSet::from([account.to_owned()])));
    let by = if policy.text().contains("aws-service-role") {
        by
    } else {
        by.minus(RequestSet::by(Callers::ServiceLinked))
    };
    inside.iter().fold(by, |set, claim| set.minus(claim.requests()))
}

/// Whether a policy may let in principals of an account that is outside of the organization.
pub fn lets_in_outsider(
    org: &Organization,
    owner: Option<orgward_org::NodeId>,
    policy: &Policy,
    account: &str,
) -> bool {
    let inside = inside_of(org, owner, Membership::Outside);
    let set = RequestSet::allowed(policy).and(of_account(policy, account, &inside));
    set.emptiness() != Ok(true)
}

/// The patterns of ARNs of sources that name no account and end open: everyone can make a bucket whose name begins like
/// another one.
fn open_sources(statement: &Statement) -> Vec<String> {
    let lines = statement.conditions.iter().filter(|line| {
        line.key.value.eq_ignore_ascii_case("aws:SourceArn") && !line.operator.value.is_negated()
    });
    let patterns = lines.flat_map(|line| &line.values).map(|value| value.value.as_str());
    let open = patterns.filter(|pattern| {
        let mut parts = pattern.splitn(6, ':').skip(2);
        let (service, account) = (parts.next(), parts.nth(1));
        service == Some("s3") && account == Some("") && parts.next().is_some_and(|name| name.contains('*'))
    });
    // A wildcard of a claim stands for anything: one name of those that it matches will do.
    open.map(|pattern| pattern.replace('*', "of-another-account").replace('?', "x")).collect()
}

/// Why it is not known who a user is.
fn unknown_user() -> String {
    "which account has this canonical id is not in the inputs".to_owned()
}

/// The accounts that a text names.
fn accounts_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_ascii_digit()).filter(|run| is_account_id(run))
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

fn names_account(text: &str) -> bool {
    accounts_in(text).next().is_some()
}

pub(super) fn allowing(policy: &Policy, request: &Request) -> Option<usize> {
    policy.matching(request).find(|(_, statement)| statement.effect.value == Effect::Allow).map(|(at, _)| at)
}

/// What is inside of the organization of a resource; of the first one where its account is unknown.
pub(super) fn perimeter_of(org: &Organization, owner: Option<orgward_org::NodeId>) -> orgward_iam::Perimeter {
    let near = owner.or_else(|| org.management()).or_else(|| org.root());
    near.map(|near| org.perimeter(near)).unwrap_or_default()
}

/// Whether an account is in the organization of a resource, or in the first one where its account is unknown.
pub fn membership_of(org: &Organization, owner: Option<orgward_org::NodeId>, account: &str) -> Membership {
    let near = owner.or_else(|| org.management()).or_else(|| org.root());
    near.map_or(Membership::Unknown, |near| org.membership(near, account))
}
