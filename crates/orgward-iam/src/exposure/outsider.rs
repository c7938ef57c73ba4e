//! What an outsider is, has and can choose.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::values::{self, NAME, callers, candidates, concrete, has_variables, instances, is_finite};
use super::{Perimeter, RoleTrust};
use crate::access::globs_meet;
use crate::arn::Arn;
use crate::matching::variable_keys;
use crate::{BaseOperator, Condition, ContextValue, Policy, PrincipalPattern, Version};

/// The organization of an outsider, where no other is asked for.
const ORGANIZATION: &str = "o-outsider00";

/// How many values of a dimension are tried; a policy that AWS takes has no room for more.
const MOST: usize = 1_000;

/// Keys that go together, and the values that they can take.
#[derive(Clone, Debug)]
pub(super) struct Dimension {
    topic: Topic,
    pub(super) alternatives: Vec<Alternative>,
    /// Whether the alternatives stand for all there are, as far as the conditions can tell.
    pub(super) complete: bool,
}

/// One way how a dimension can be.
#[derive(Clone, Debug, Default)]
pub(super) struct Alternative {
    pub(super) caller: Option<String>,
    pub(super) keys: Vec<(String, ContextValue)>,
    /// What has to be so for an outsider to be this, where that is not known.
    pub(super) assumes: Option<String>,
}

/// What a context key is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Topic {
    Caller,
    Organization,
    Network,
    /// The organization or account of the role.
    Owner,
    /// The same for every outsider, or missing.
    Fixed(String),
    /// Whatever the outsider likes.
    Free(String),
}

/// The facts around a policy.
pub(super) struct Outsider<'a> {
    policy: &'a Policy,
    perimeter: &'a Perimeter,
    role: &'a RoleTrust<'a>,
    partition: &'a str,
    account: String,
}

impl<'a> Outsider<'a> {
    pub(super) fn of(policy: &'a Policy, role: &'a RoleTrust<'a>, perimeter: &'a Perimeter) -> Self {
        let taken = |account: &str| {
            perimeter.accounts.contains(account)
                || role.account == Some(account)
                || policy.text().contains(account)
        };
        let account = (0..1_000_000_000_000_u64)
            .rev()
            .map(|number| format!("{number:012}"))
            .find(|account| !taken(account))
            .unwrap_or_default();
        let partition = Arn::parse(role.arn).map_or("aws", |arn| arn.partition);
        Self { policy, perimeter, role, partition, account }
    }

    /// The dimensions that conditions ask about, and always the caller's.
    pub(super) fn dimensions(&self, conditions: &[&Condition]) -> Vec<Dimension> {
        let mut topics: Vec<Topic> = conditions.iter().flat_map(|line| self.topics(line)).collect();
        topics.push(Topic::Caller);
        topics.sort();
        topics.dedup();
        topics.into_iter().map(|topic| self.dimension(topic, conditions)).collect()
    }

    /// Whether a condition asks about a dimension, and about nothing else.
    pub(super) fn is_about(&self, condition: &Condition, dimension: &Dimension) -> (bool, bool) {
        let topics = self.topics(condition);
        (topics.contains(&dimension.topic), topics.iter().all(|topic| *topic == dimension.topic))
    }

    fn topics(&self, condition: &Condition) -> Vec<Topic> {
        let mut topics = vec![topic(&condition.key.value)];
        if self.policy.version == Version::V2012 && condition.operator.value.base.takes_variables() {
            topics.extend(condition.values.iter().flat_map(|value| variable_keys(&value.value)).map(topic));
        }
        topics
    }

    fn dimension(&self, topic: Topic, conditions: &[&Condition]) -> Dimension {
        let about: Vec<&Condition> =
            conditions.iter().copied().filter(|line| self.topics(line).contains(&topic)).collect();
        let (alternatives, complete) = match &topic {
            Topic::Caller => (self.callers(&about), about.iter().all(|line| self.is_settled(line))),
            Topic::Organization => (self.organizations(&about), self.tells_organizations(&about)),
            Topic::Network => (self.networks(&about), true),
            Topic::Owner => (self.owners(&about), true),
            Topic::Fixed(key) => (vec![fixed(key)], true),
            Topic::Free(key) => free(key, &about),
        };
        let mut dimension = Dimension { topic, alternatives, complete };
        if dimension.alternatives.len() > MOST {
            dimension.alternatives.truncate(MOST);
            dimension.complete = false;
        }
        dimension
    }

    fn callers(&self, about: &[&Condition]) -> Vec<Alternative> {
        let Self { partition, account, .. } = self;
        let mut arns = vec![
            format!("arn:{partition}:iam::{account}:role/{NAME}"),
            format!("arn:{partition}:iam::{account}:user/{NAME}"),
        ];
        for line in about {
            for value in &line.values {
                let value = concrete(&value.value);
                if is(&line.key.value, "aws:PrincipalArn") {
                    arns.extend(callers(&value, partition, account));
                } else if is(&line.key.value, "aws:PrincipalAccount") {
                    let other = values::account_for(&value, account);
                    arns.extend(other.map(|other| format!("arn:{partition}:iam::{other}:role/{NAME}")));
                } else if is(&line.key.value, "aws:username") {
                    let users = instances(&value).into_iter();
                    arns.extend(users.map(|name| format!("arn:{partition}:iam::{account}:user/{name}")));
                }
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        arns.retain(|arn| self.is_outside(arn) && seen.insert(arn.clone()));
        arns.into_iter().map(|arn| Alternative { caller: Some(arn), ..Alternative::default() }).collect()
    }

    /// Whether a caller is a user or role of an account that is neither inside nor named.
    fn is_outside(&self, arn: &str) -> bool {
        values::is_user_or_role(arn)
            && Arn::parse(arn).is_some_and(|arn| {
                !self.perimeter.accounts.contains(arn.account)
                    && self.role.account != Some(arn.account)
                    && !self.policy.text().contains(arn.account)
            })
    }

    /// Whether a condition on the caller holds for all outsiders or for none.
    fn is_settled(&self, condition: &Condition) -> bool {
        let key = condition.key.value.as_str();
        let operator = condition.operator.value.base;
        if operator == BaseOperator::Null {
            return !is(key, "aws:username");
        }
        if is(key, "aws:PrincipalType") {
            // A user and a role are all the types that can assume a role.
            return condition.values.iter().all(|value| !has_variables(&value.value));
        }
        let reaches = |value: &str| {
            // The account of the role is one that is inside.
            let value = &value.replace("${aws:ResourceAccount}", self.role.account.unwrap_or("000000000000"));
            if self.policy.version == Version::V2012 && has_variables(value) {
                Reach::Some
            } else if is(key, "aws:PrincipalArn") {
                reach_of_arn(operator, value)
            } else if is(key, "aws:PrincipalAccount") {
                match value.as_str() {
                    "*" if operator.takes_wildcards() => Reach::All,
                    value if operator.takes_wildcards() && value.contains(['*', '?']) => Reach::Some,
                    _ => Reach::None,
                }
            } else {
                Reach::Some
            }
        };
        let reaches: Vec<Reach> = condition.values.iter().map(|value| reaches(&value.value)).collect();
        reaches.contains(&Reach::All) || !reaches.contains(&Reach::Some)
    }

    fn organizations(&self, about: &[&Condition]) -> Vec<Alternative> {
        let own = self.perimeter.organization.as_deref();
        let mut ids = vec![ORGANIZATION.to_owned()];
        let mut paths = vec![format!("r-{NAME}/"), "r-elsewhere/".to_owned()];
        for line in about {
            let wild = line.operator.value.base.takes_wildcards();
            for value in &line.values {
                let value = value.value.as_str();
                if has_variables(value) || (!wild && value.contains(['*', '?'])) {
                    continue;
                }
                let (id, path) = value.split_once('/').unwrap_or((value, ""));
                let path = path.strip_suffix('*').map_or_else(|| path.to_owned(), |path| format!("{path}x/"));
                paths.push(path.replace(['*', '?'], "x"));
                // Ids are lower case, and what starts like the id of this organization is meant to be it.
                let id = id.to_ascii_lowercase().replace('?', "x").replace('*', "");
                if id.len() > 2 && id.starts_with("o-") && own.is_none_or(|own| !id.starts_with(own)) {
                    ids.push(id);
                }
            }
        }
        let mut found = vec![Alternative::default()];
        for id in &ids {
            let assumes =
                (own.is_none() && id != ORGANIZATION).then(|| format!("whether `{id}` is this organization"));
            for path in &paths {
                found.push(organization(id, format!("{id}/{path}"), assumes.clone()));
            }
        }
        found
    }

    /// Whether the organizations tried stand for all. Patterns that reach into those of others describe more than
    /// were tried.
    fn tells_organizations(&self, about: &[&Condition]) -> bool {
        let own = self.perimeter.organization.as_deref();
        let reaches_out = |value: &str| {
            value.contains(['*', '?'])
                && !value.bytes().all(|byte| byte == b'*')
                && own.is_none_or(|own| !value.starts_with(own))
        };
        about
            .iter()
            .filter(|line| line.operator.value.base.takes_wildcards())
            .all(|line| !line.values.iter().any(|value| reaches_out(&value.value)))
    }

    fn networks(&self, about: &[&Condition]) -> Vec<Alternative> {
        let internet = |address: IpAddr| Alternative {
            keys: vec![one("aws:SourceIp", address.to_string())],
            ..Alternative::default()
        };
        let endpoint = |address: String| Alternative {
            keys: vec![
                one("aws:VpcSourceIp", address),
                one("aws:SourceVpc", "vpc-0outsider"),
                one("aws:SourceVpce", "vpce-0outsider"),
                one("aws:SourceVpcArn", format!("arn:aws:ec2:us-east-1:{}:vpc/vpc-0outsider", self.account)),
                one("aws:VpceAccount", self.account.clone()),
                one("aws:VpceOrgID", ORGANIZATION),
                (
                    "aws:VpceOrgPaths".to_owned(),
                    ContextValue::Many(vec![format!("{ORGANIZATION}/r-{NAME}/")]),
                ),
            ],
            ..Alternative::default()
        };
        let mut found = vec![
            internet(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7))),
            internet(IpAddr::V6(Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 7))),
            endpoint("10.0.0.7".to_owned()),
        ];
        for line in about {
            for value in &line.values {
                let Ok(range) = value.value.parse::<IpNet>() else { continue };
                if is(&line.key.value, "aws:VpcSourceIp") {
                    found.push(endpoint(range.addr().to_string()));
                } else if is_wide(&range) {
                    found.extend(public_address(&range).map(internet));
                }
            }
        }
        found
    }

    fn owners(&self, about: &[&Condition]) -> Vec<Alternative> {
        let account = self.role.account.map(str::to_owned);
        let unknown = || Arn::parse(self.role.arn).map(|arn| arn.account.to_owned()).unwrap_or_default();
        let organization = self.perimeter.organization.clone();
        let owner = |account: String, organization: String, assumes| Alternative {
            keys: vec![one("aws:ResourceAccount", account), one("aws:ResourceOrgID", organization)],
            caller: None,
            assumes,
        };
        let known = (
            account.clone().unwrap_or_else(unknown),
            organization.clone().unwrap_or_else(|| "o-thisorganization".to_owned()),
        );
        let mut found = vec![owner(known.0.clone(), known.1.clone(), None)];
        for line in about {
            for value in line.values.iter().filter(|value| !has_variables(&value.value)) {
                let value = value.value.clone();
                if is(&line.key.value, "aws:ResourceOrgID") && organization.is_none() {
                    let assumes = format!("whether `{value}` is this organization");
                    found.push(owner(known.0.clone(), value, Some(assumes)));
                } else if is(&line.key.value, "aws:ResourceAccount") && account.is_none() {
                    let assumes = format!("whether the role is in account `{value}`");
                    found.push(owner(value, known.1.clone(), Some(assumes)));
                }
            }
        }
        found
    }

    /// Whether a statement's principals are everybody, as far as outsiders can tell.
    pub(super) fn is_everyone(patterns: &[crate::Spanned<PrincipalPattern>]) -> bool {
        patterns.iter().any(|pattern| pattern.value == PrincipalPattern::Everyone)
    }
}

/// Which outsiders a value of a condition on the caller matches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reach {
    None,
    Some,
    All,
}

/// Which outsiders the value of a condition on `aws:PrincipalArn` matches. Whoever assumes a role is an IAM user or
/// role, and an account that is written is a named one.
fn reach_of_arn(operator: BaseOperator, value: &str) -> Reach {
    if !operator.takes_wildcards() || !value.contains(['*', '?']) {
        return Reach::None;
    }
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    if matches!(operator, BaseOperator::StringLike | BaseOperator::StringNotLike) {
        let literal = |part: &&str| !part.contains(['*', '?']);
        let named = parts.len() == 6 && parts.iter().take(5).all(literal);
        return if value.bytes().all(|byte| byte == b'*') {
            Reach::All
        } else if named || !globs_meet(value, "arn:*:iam::????????????:*", false) {
            Reach::None
        } else {
            Reach::Some
        };
    }
    match parts.as_slice() {
        ["arn" | "*", "*", "iam" | "*", "" | "*", "*", "*"] => Reach::All,
        [scheme, _, service, region, account, resource] => {
            let possible = crate::glob(scheme, "arn")
                && crate::glob(service, "iam")
                && crate::glob(region, "")
                && account.contains(['*', '?'])
                && (globs_meet(resource, "role/?*", false) || globs_meet(resource, "user/?*", false));
            if possible { Reach::Some } else { Reach::None }
        }
        _ => Reach::None,
    }
}

pub(super) fn topic(key: &str) -> Topic {
    let key = key.to_ascii_lowercase();
    match key.as_str() {
        "aws:principalarn"
        | "aws:principalaccount"
        | "aws:principaltype"
        | "aws:username"
        | "kms:calleraccount" => Topic::Caller,
        "aws:principalorgid" | "aws:principalorgpaths" => Topic::Organization,
        "aws:sourceip" | "aws:vpcsourceip" | "aws:sourcevpc" | "aws:sourcevpce" | "aws:sourcevpcarn"
        | "aws:vpceaccount" | "aws:vpceorgid" | "aws:vpceorgpaths" => Topic::Network,
        "aws:resourceaccount" | "aws:resourceorgid" => Topic::Owner,
        "aws:principalisawsservice"
        | "aws:principalservicename"
        | "aws:principalservicenameslist"
        | "aws:sourcearn"
        | "aws:sourceaccount"
        | "aws:sourceowner"
        | "aws:sourceorgid"
        | "aws:sourceorgpaths"
        | "aws:viaawsservice"
        | "aws:calledvia"
        | "aws:calledviafirst"
        | "aws:calledvialast"
        | "aws:ec2instancesourcevpc"
        | "aws:ec2instancesourceprivateipv4" => Topic::Fixed(key),
        _ => match key.split_once(':') {
            Some(("aws" | "sts" | "iam", _)) => Topic::Free(key),
            // Keys of identity providers and of other services are not there when a role is assumed.
            _ => Topic::Fixed(key),
        },
    }
}

fn fixed(key: &str) -> Alternative {
    let keys = match key {
        "aws:principalisawsservice" => vec![one("aws:PrincipalIsAWSService", "false")],
        "aws:viaawsservice" => vec![one("aws:ViaAWSService", "false")],
        _ => Vec::new(),
    };
    Alternative { keys, ..Alternative::default() }
}

fn free(key: &str, about: &[&Condition]) -> (Vec<Alternative>, bool) {
    // The key as the policy writes it, for the witness to be readable.
    let direct: Vec<&&Condition> = about.iter().filter(|line| is(&line.key.value, key)).collect();
    let name = direct.first().map_or(key, |line| line.key.value.as_str());
    let mut texts = vec![NAME.to_owned()];
    texts.extend(direct.iter().flat_map(|line| candidates(line)));
    // Who has the unique id of a principal is that principal.
    texts.retain(|text| key != "aws:userid" || !values::names_one_principal(text));
    let mut seen = std::collections::BTreeSet::new();
    texts.retain(|text| seen.insert(text.clone()));

    let sets = direct.iter().any(|line| line.operator.value.set.is_some());
    let many = ["aws:tagkeys", "sts:transitivetagkeys"].contains(&key);
    let mut alternatives = vec![Alternative::default()];
    let with = |value| Alternative { keys: vec![(name.to_owned(), value)], ..Alternative::default() };
    if !many {
        alternatives.extend(texts.iter().cloned().map(|text| with(ContextValue::One(text))));
    }
    if sets || many {
        alternatives.extend(texts.iter().cloned().map(|text| with(ContextValue::Many(vec![text]))));
        let matching = texts.iter().skip(1).cloned().collect();
        alternatives.push(with(ContextValue::Many(matching)));
    }
    (alternatives, about.len() == direct.len() && direct.iter().all(|line| is_finite(line)))
}

fn organization(id: &str, path: String, assumes: Option<String>) -> Alternative {
    Alternative {
        caller: None,
        keys: vec![
            one("aws:PrincipalOrgID", id),
            ("aws:PrincipalOrgPaths".to_owned(), ContextValue::Many(vec![path])),
        ],
        assumes,
    }
}

/// Whether a range is so wide that it says little about who is in it.
pub(super) fn is_wide(range: &IpNet) -> bool {
    match range {
        IpNet::V4(range) => range.prefix_len() <= 8,
        IpNet::V6(range) => range.prefix_len() <= 16,
    }
}

/// An address of a range that is in use on the internet.
fn public_address(range: &IpNet) -> Option<IpAddr> {
    let first = match range {
        IpNet::V4(range) => IpAddr::V4(Ipv4Addr::from(u32::from(range.network()).saturating_add(7))),
        IpNet::V6(range) => IpAddr::V6(Ipv6Addr::from(u128::from(range.network()).saturating_add(7))),
    };
    [IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)), first].into_iter().find(|address| {
        let private = match address {
            IpAddr::V4(address) => address.is_private() || address.is_loopback(),
            IpAddr::V6(address) => address.is_unique_local() || address.is_loopback(),
        };
        range.contains(address) && !private
    })
}

fn one(key: &str, value: impl Into<String>) -> (String, ContextValue) {
    (key.to_owned(), ContextValue::One(value.into()))
}

pub(super) fn is(key: &str, other: &str) -> bool {
    key.eq_ignore_ascii_case(other)
}
