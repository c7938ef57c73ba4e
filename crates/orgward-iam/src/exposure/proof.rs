//! The requests of outsiders as a set, for the proof that none of them is allowed.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::outsider::{Topic, is_wide, topic};
use super::{Perimeter, RoleTrust, search, values};
use crate::arn::{Arn, is_account_id};
use crate::draft::{PolicyDraft, StatementDraft};
use crate::matching::variable_keys;
use crate::{Callers, Condition, ContextValue, Kind, Policy, Request, RequestSet, Version};

/// Addresses that nobody on the internet has.
const PRIVATE: [&str; 6] =
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1/128"];

/// Everybody outside some accounts and organizations, as far as a policy can tell them apart.
///
/// What an outsider controls is free: tags, names of sessions, external ids. What AWS says about them is what it says
/// about outsiders: another organization or none, other networks than those that the policy names. Whoever the policy
/// names by account or by address range is none of them.
#[derive(Clone, Debug)]
pub struct Outsiders {
    /// What allows is how an outsider can be; what denies, how nobody can be.
    premises: Policy,
    accounts: BTreeSet<String>,
}

impl Outsiders {
    /// Those who are outside the accounts and organizations given, as the policy of a role or another resource sees
    /// them. An error says what would have to be known.
    pub fn of(
        policy: &Policy,
        role: Option<&RoleTrust<'_>>,
        accounts: &BTreeSet<String>,
        organizations: &BTreeSet<String>,
    ) -> Result<Self, String> {
        let keys = Keys::of(policy);
        let own = accounts;
        let mut accounts: BTreeSet<String> = accounts.iter().cloned().chain(named_accounts(policy)).collect();
        accounts.extend(role.and_then(|role| role.account).map(str::to_owned));
        let mut lines = Lines::default();
        if policy.kind == Kind::Trust {
            // No one else assumes roles by `sts:AssumeRole`.
            lines.set("ArnLike", "aws:PrincipalArn", ["arn:*:iam::*:role/*", "arn:*:iam::*:user/*"]);
            keys.fixed(&mut lines);
        } else {
            // Users, roles and whoever does not sign; neither services nor holders of tokens.
            lines.set("Null", "aws:PrincipalType", ["false"]);
            keys.access_points(own, &mut lines);
        }
        let ids: Vec<String> = keys
            .values("aws:userid")
            .filter(|value| values::names_one_principal(value))
            .map(|value| format!("{}*", value.split(':').next().unwrap_or_default()))
            .collect();
        if !ids.is_empty() {
            lines.set("StringNotLike", "aws:userid", ids);
        }
        if !organizations.is_empty() {
            // What starts like an id is meant to be it, and ids are in lower case however they are compared.
            let like: Vec<String> = organizations.iter().map(|id| format!("{id}*")).collect();
            lines.set("StringNotLike", "aws:PrincipalOrgID", like.clone());
            lines.set("StringNotEqualsIgnoreCase", "aws:PrincipalOrgID", organizations.iter().cloned());
            lines.set("ForAllValues:StringNotLike", "aws:PrincipalOrgPaths", like);
        }
        if keys.has("aws:resourceorgid") {
            let one = organizations.first().filter(|_| organizations.len() == 1);
            let own = one.ok_or("the organization of the resource is not known")?;
            lines.set("StringEquals", "aws:ResourceOrgID", [own.as_str()]);
        }
        if keys.has("aws:resourceaccount") && role.is_none_or(|role| role.account.is_none()) {
            return Err("the account of the resource is not known".to_owned());
        }
        let (action, resource) = match role {
            Some(role) if !role.arn.contains(['*', '?', '$']) => (search::ACTION, role.arn),
            Some(_) => (search::ACTION, "*"),
            None => ("*", "*"),
        };
        let about =
            |draft: StatementDraft, lines: Lines| lines.of(draft.actions([action]).resources([resource]));
        let networks = keys.networks(&lines, &accounts, organizations).into_iter();
        let mut statements: Vec<StatementDraft> =
            networks.map(|lines| about(StatementDraft::allow(), lines)).collect();
        let impossible = keys.impossible().into_iter();
        statements.extend(impossible.map(|lines| about(StatementDraft::deny(), lines)));
        let premises = PolicyDraft::new(statements).parse(Kind::Identity).map_err(|error| error.message)?;
        Ok(Self { premises, accounts })
    }

    /// Their requests.
    pub fn requests(&self) -> RequestSet<'_> {
        RequestSet::allowed(&self.premises)
            .minus(RequestSet::by(Callers::Accounts(self.accounts.clone())))
            .minus(RequestSet::by(Callers::ServiceLinked))
            .minus(RequestSet::by(Callers::Services))
    }

    /// Those who are outside the organization of a role; an unknown organization has no members.
    pub(super) fn of_role(
        policy: &Policy,
        role: &RoleTrust<'_>,
        perimeter: &Perimeter,
    ) -> Result<Self, String> {
        let organizations = perimeter.organization.iter().cloned().collect();
        Self::of(policy, Some(role), &perimeter.accounts, &organizations)
    }
}

/// What is known of the resource, whoever asks: its account and organization, by the keys that say so.
fn constants<'r>(role: &RoleTrust<'r>, perimeter: &'r Perimeter) -> [(&'static str, Option<&'r str>); 2] {
    [("aws:ResourceAccount", role.account), ("aws:ResourceOrgID", perimeter.organization.as_deref())]
}

/// The policy with policy variables replaced where their value is known.
pub(super) fn grounded(policy: &Policy, role: &RoleTrust<'_>, perimeter: &Perimeter) -> Policy {
    let mut grounded = policy.clone();
    if policy.version == Version::V2008 {
        return grounded;
    }
    let lines = grounded.statements.iter_mut().flat_map(|statement| &mut statement.conditions);
    for line in lines.filter(|line| line.operator.value.base.takes_variables()) {
        for value in &mut line.values {
            for (key, known) in constants(role, perimeter) {
                let Some(known) = known else { continue };
                for variable in
                    variable_keys(&value.value.clone()).filter(|name| name.eq_ignore_ascii_case(key))
                {
                    value.value = value.value.replace(&format!("${{{variable}}}"), known);
                }
            }
        }
    }
    grounded
}

/// The request with what is known of the resource, as far as the policy asks for it.
pub(super) fn completed(
    mut request: Request,
    policy: &Policy,
    role: &RoleTrust<'_>,
    perimeter: &Perimeter,
) -> Request {
    let keys = Keys::of(policy);
    request.resource_account = role.account.map(str::to_owned);
    for (key, known) in constants(role, perimeter) {
        if let Some(known) = known.filter(|_| keys.has(&key.to_ascii_lowercase())) {
            request.context.set(key, ContextValue::One(known.to_owned()));
        }
    }
    request
}

/// Conditions by operator and key.
#[derive(Clone, Default)]
struct Lines(BTreeMap<(String, String), Vec<String>>);

impl Lines {
    fn set<T: Into<String>>(&mut self, operator: &str, key: &str, values: impl IntoIterator<Item = T>) {
        let values = values.into_iter().map(Into::into).collect();
        self.0.insert((operator.to_owned(), key.to_owned()), values);
    }

    /// A statement under these conditions.
    fn of(self, draft: StatementDraft) -> StatementDraft {
        self.0.into_iter().fold(draft, |draft, ((operator, key), values)| draft.when(&operator, &key, values))
    }
}

/// The keys that a policy asks for, in lower case, each with its conditions; those that variables name have none.
struct Keys<'p>(BTreeMap<String, Vec<&'p Condition>>);

impl<'p> Keys<'p> {
    fn of(policy: &'p Policy) -> Self {
        let mut keys: BTreeMap<String, Vec<&Condition>> = BTreeMap::new();
        for line in policy.statements.iter().flat_map(|statement| &statement.conditions) {
            keys.entry(line.key.value.to_ascii_lowercase()).or_default().push(line);
            for key in line.values.iter().flat_map(|value| variable_keys(&value.value)) {
                keys.entry(key.to_ascii_lowercase()).or_default();
            }
        }
        Self(keys)
    }

    fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The texts that a key is compared with, without variables.
    fn values(&self, key: &str) -> impl Iterator<Item = &'p str> {
        let lines = self.0.get(key).into_iter().flatten();
        let values = lines.flat_map(|line| line.values.iter().map(|value| value.value.as_str()));
        values.filter(|value| !value.contains("${"))
    }

    /// Whom an access point lets in is decided by its own policy, which its account writes: no outsiders come through
    /// those that the policy names by an account of one's own (Amazon S3 user guide, "The meaning of public"). Where no
    /// account is given, those that the policy names are no strangers.
    fn access_points(&self, own: &BTreeSet<String>, lines: &mut Lines) {
        const ACCOUNT: &str = "s3:DataAccessPointAccount";
        const ARN: &str = "s3:DataAccessPointArn";
        let is_own = |account: &str| is_account_id(account) && (own.is_empty() || own.contains(account));
        let accounts: Vec<&str> =
            self.values("s3:dataaccesspointaccount").filter(|value| is_own(value)).collect();
        if !accounts.is_empty() {
            lines.set("StringNotEquals", ACCOUNT, accounts);
        }
        let is_of_account = |arn: &&str| Arn::parse(arn).is_some_and(|arn| is_own(arn.account));
        let arns: Vec<&str> = self.values("s3:dataaccesspointarn").filter(is_of_account).collect();
        if !arns.is_empty() {
            lines.set("ArnNotLike", ARN, arns);
        }
    }

    /// Keys that nobody has who assumes a role.
    fn fixed(&self, lines: &mut Lines) {
        for key in self.0.keys() {
            match key.as_str() {
                // Follow from the caller.
                "aws:principalisawsservice" | "aws:principalservicename" => {}
                "aws:viaawsservice" => lines.set("Bool", key, ["false"]),
                _ if matches!(topic(key), Topic::Fixed(_)) => lines.set("Null", key, ["true"]),
                _ => {}
            }
        }
    }

    /// How an outsider can be as far as networks are concerned: on the internet, or behind an endpoint of theirs.
    fn networks(
        &self,
        lines: &Lines,
        accounts: &BTreeSet<String>,
        organizations: &BTreeSet<String>,
    ) -> Vec<Lines> {
        let used: Vec<&str> =
            self.0.keys().map(String::as_str).filter(|key| topic(key) == Topic::Network).collect();
        if used.is_empty() {
            return vec![lines.clone()];
        }
        let (mut internet, mut endpoint) = (lines.clone(), lines.clone());
        let named = self.values("aws:sourceip").filter(|value| match value.parse::<IpNet>() {
            Ok(range) => !is_wide(&range),
            Err(_) => value.parse::<std::net::IpAddr>().is_ok(),
        });
        let near: Vec<&str> = PRIVATE.into_iter().chain(named).collect();
        internet.set("Null", "aws:SourceIp", ["false"]);
        internet.set("NotIpAddress", "aws:SourceIp", near);
        endpoint.set("Null", "aws:SourceIp", ["true"]);
        for key in used.into_iter().filter(|key| *key != "aws:sourceip") {
            internet.set("Null", key, ["true"]);
            endpoint.set("Null", key, ["false"]);
            let literals: Vec<&str> = self.values(key).filter(|value| !value.contains(['*', '?'])).collect();
            match key {
                "aws:sourcevpc" | "aws:sourcevpce" | "aws:sourcevpcarn" if !literals.is_empty() => {
                    endpoint.set("StringNotEquals", key, literals);
                }
                "aws:vpceaccount" if !accounts.is_empty() => {
                    endpoint.set("StringNotEquals", key, accounts.iter().cloned());
                }
                "aws:vpceorgid" if !organizations.is_empty() => {
                    endpoint.set("StringNotEquals", key, organizations.iter().cloned());
                }
                "aws:vpceorgpaths" if !organizations.is_empty() => {
                    let paths: Vec<String> = organizations.iter().map(|id| format!("{id}/*")).collect();
                    endpoint.set("ForAllValues:StringNotLike", key, paths);
                }
                _ => {}
            }
        }
        vec![internet, endpoint]
    }

    /// How nobody can be: the path of an organization starts with its id, and there is one where there is the other.
    fn impossible(&self) -> Vec<Lines> {
        const ID: &str = "aws:PrincipalOrgID";
        const PATHS: &str = "aws:PrincipalOrgPaths";
        let mut impossible = Vec::new();
        // No id looks otherwise.
        if self.has("aws:principalorgid") {
            let mut lines = Lines::default();
            lines.set("StringNotLike", ID, ["o-*"]);
            lines.set("Null", ID, ["false"]);
            impossible.push(lines);
            let is_id = |id: &str| {
                id.strip_prefix("o-").is_some_and(|id| {
                    id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                })
            };
            let others: Vec<&str> = self.values("aws:principalorgid").filter(|id| !is_id(id)).collect();
            if !others.is_empty() {
                let mut lines = Lines::default();
                lines.set("StringEquals", ID, others);
                impossible.push(lines);
            }
        }
        if !self.has("aws:principalorgid") || !self.has("aws:principalorgpaths") {
            return impossible;
        }
        for (id, paths) in [("true", "false"), ("false", "true")] {
            let mut lines = Lines::default();
            lines.set("Null", ID, [id]);
            lines.set("Null", PATHS, [paths]);
            impossible.push(lines);
        }
        let named = self.values("aws:principalorgid").chain(self.values("aws:principalorgpaths"));
        let ids: BTreeSet<&str> = named
            .map(|value| value.split('/').next().unwrap_or_default())
            .filter(|id| !id.is_empty() && !id.contains(['*', '?']))
            .collect();
        for id in ids {
            let mut lines = Lines::default();
            lines.set("StringEquals", ID, [id]);
            lines.set("ForAnyValue:StringNotLike", PATHS, [format!("{id}/*")]);
            impossible.push(lines);
            let mut lines = Lines::default();
            lines.set("StringNotEquals", ID, [id]);
            lines.set("ForAnyValue:StringLike", PATHS, [format!("{id}/*")]);
            impossible.push(lines);
        }
        impossible
    }
}

/// The accounts whose ids stand in a policy.
fn named_accounts(policy: &Policy) -> impl Iterator<Item = String> {
    let runs = policy.text().split(|char: char| !char.is_ascii_digit());
    runs.filter(|run| is_account_id(run)).map(str::to_owned)
}
