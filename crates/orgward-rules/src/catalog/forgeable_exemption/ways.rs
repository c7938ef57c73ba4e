//! How one becomes a principal that a statement spares.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use orgward_iam::{BaseOperator, Claim, ClaimSpec, RequestSet, Statement, glob};

/// Principals that a statement spares.
#[derive(Clone, Debug)]
pub(super) struct Exemption {
    spared: Spared,
    /// All principals that the statement spares by name: one who is spared gains nothing by becoming another.
    beside: Vec<String>,
    /// Where the statement says so.
    pub(super) span: Range<usize>,
}

#[derive(Clone, Debug)]
enum Spared {
    /// By the pattern of their ARN; whether `*` matches colons.
    Arn(String, bool),
    /// By a tag: its name, and a value.
    Tag(String, String),
}

/// Something that others can do to become one.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// What it is, after "others can".
    pub(super) words: &'static str,
    actions: &'static [&'static str],
    resource: Option<String>,
    /// The operators, keys and values that the request has.
    keys: Vec<(&'static str, String, String)>,
    /// Whom it does not have to be denied to.
    exempt: Vec<String>,
    /// Whether it needs a path that nobody uses.
    pub(super) is_odd: bool,
}

/// What the names of roles start with that only AWS makes.
const RESERVED: [&str; 2] = ["role/aws-reserved/", "role/aws-service-role/"];

const ROLE: [(&str, &[&str]); 4] = [
    ("create such a role", &["iam:CreateRole"]),
    ("change who may assume such a role", &["iam:UpdateAssumeRolePolicy"]),
    ("assume such a role", &["sts:AssumeRole"]),
    ("pass such a role to a service", &["iam:PassRole"]),
];
const USER: [(&str, &[&str]); 2] = [
    ("create such a user", &["iam:CreateUser"]),
    (
        "get credentials of such a user",
        &["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"],
    ),
];
const GIVE: [(&str, &[&str]); 2] = [
    ("give the tag to a role or user", &["iam:CreateRole", "iam:CreateUser", "iam:TagRole", "iam:TagUser"]),
    ("give the tag to a session", &["sts:TagSession"]),
];
const TAKE: [(&str, &[&str]); 2] = [
    (
        "assume, pass or open a role that has the tag",
        &["iam:PassRole", "iam:UpdateAssumeRolePolicy", "sts:AssumeRole"],
    ),
    (
        "get credentials of a user that has the tag",
        &["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"],
    ),
];

impl Exemption {
    /// What a statement that denies spares by name or tag, and what others may obtain.
    pub(super) fn of(statement: &Statement) -> Vec<Self> {
        let mut found = Vec::new();
        for line in statement.conditions.iter().filter(|line| line.operator.value.is_negated()) {
            let key = line.key.value.to_ascii_lowercase();
            let base = line.operator.value.base;
            let is_text = base == BaseOperator::StringNotLike;
            let is_exact = base == BaseOperator::StringNotEquals;
            for value in &line.values {
                let spared = if key == "aws:principalarn" && is_exact {
                    continue;
                } else if key == "aws:principalarn" {
                    Spared::Arn(value.value.clone(), is_text)
                } else if key.starts_with("aws:principaltag/") {
                    let name = line.key.value.split_once('/').map_or("", |(_, name)| name);
                    Spared::Tag(name.to_owned(), value.value.clone())
                } else {
                    continue;
                };
                found.push(Self { spared, beside: Vec::new(), span: value.span.clone() });
            }
        }
        let names = found.iter().filter_map(|each| match &each.spared {
            Spared::Arn(pattern, _) => Some(pattern.clone()),
            Spared::Tag(..) => None,
        });
        let names: Vec<String> = names.collect();
        for each in &mut found {
            each.beside.clone_from(&names);
        }
        found
    }

    /// Whether a declared guardrail exempts some of these principals, too.
    pub(super) fn is_of(&self, claim: &Claim) -> bool {
        let spec = claim.spec();
        match &self.spared {
            Spared::Arn(pattern, _) => spec.exempt_principals.iter().any(|exempt| may_meet(pattern, exempt)),
            Spared::Tag(name, _) => {
                let key = format!("aws:principaltag/{}", name.to_ascii_lowercase());
                spec.conditions.values().flat_map(BTreeMap::keys).any(|it| it.to_ascii_lowercase() == key)
            }
        }
    }

    /// Whether Control Tower keeps the names of these roles, where it writes the policy itself.
    pub(super) fn is_kept(&self) -> bool {
        matches!(&self.spared, Spared::Arn(pattern, _) if orgward_proof::region_lock::is_of_control_tower(pattern))
    }

    /// The principals, as a set of requests that they make.
    fn principals(&self) -> Option<Claim> {
        let (operator, key, value) = match &self.spared {
            Spared::Arn(pattern, true) => ("StringLike", "aws:PrincipalArn".to_owned(), pattern),
            Spared::Arn(pattern, false) => ("ArnLike", "aws:PrincipalArn".to_owned(), pattern),
            Spared::Tag(name, value) => ("StringLike", format!("aws:PrincipalTag/{name}"), value),
        };
        Claim::new(ClaimSpec::default().when(operator, &key, [value.as_str()])).ok()
    }

    /// Whether all of these principals are among those of others.
    pub(super) fn is_within(&self, others: &[Self]) -> bool {
        let others: Vec<Claim> = others.iter().filter_map(Self::principals).collect();
        self.principals().is_some_and(|own| {
            let rest = others.iter().map(Claim::described).fold(own.described(), RequestSet::minus);
            rest.emptiness() == Ok(true)
        })
    }

    /// What others would have to do; none where the name is exact.
    pub(super) fn ways(&self) -> Vec<Way> {
        match &self.spared {
            Spared::Arn(pattern, is_text) => by_arn(pattern, *is_text, &self.beside),
            Spared::Tag(name, value) => by_tag(name, value, &self.beside),
        }
    }

    pub(super) fn help(&self, is_odd: bool) -> String {
        match &self.spared {
            _ if is_odd => "compare with `ArnNotLike`, whose `*` does not match colons".to_owned(),
            Spared::Arn(pattern, _) => {
                format!(
                    "deny `iam:*` and `sts:AssumeRole` on `{pattern}` to all others, or name the roles exactly"
                )
            }
            Spared::Tag(name, _) => format!(
                "deny to all others what gives the tag `{name}` (`aws:RequestTag`) and what takes over who has it \
                 (`aws:ResourceTag`)"
            ),
        }
    }
}

impl fmt::Display for Exemption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.spared {
            Spared::Arn(pattern, _) => write!(f, "`{pattern}`"),
            Spared::Tag(name, value) => write!(f, "who has the tag `{name}` = `{value}`"),
        }
    }
}

/// Whether two patterns of ARNs may have an ARN in common, part by part.
fn may_meet(a: &str, b: &str) -> bool {
    let literal = |text: &str| text.split(['*', '?']).next().map_or(0, str::len);
    let part = |(a, b): (&str, &str)| {
        let shared = literal(a).min(literal(b));
        let begins = a.get(..shared) == b.get(..shared);
        let both_wild = literal(a) < a.len() && literal(b) < b.len();
        glob(a, b) || glob(b, a) || begins && both_wild
    };
    let (one, other): (Vec<&str>, Vec<&str>) = (a.splitn(6, ':').collect(), b.splitn(6, ':').collect());
    if one.len() != other.len() {
        return part((a, b));
    }
    one.into_iter().zip(other).all(part)
}

fn by_arn(pattern: &str, is_text: bool, beside: &[String]) -> Vec<Way> {
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let ["arn" | "*", partition, "iam" | "*", "" | "*", owner, resource] = parts.as_slice() else {
        return Vec::new();
    };
    if RESERVED.iter().any(|reserved| resource.starts_with(reserved)) || *resource == "*" {
        return Vec::new();
    }
    let is_wild = resource.contains(['*', '?']);
    let (ways, kind): (&[(&str, &[&str])], _) = match resource {
        it if it.starts_with("user/") => (&USER, "user"),
        it if it.starts_with("role/") || it.starts_with('*') => (&ROLE, "role"),
        _ => return Vec::new(),
    };
    let way = |(words, actions): &(&'static str, &'static [&'static str]), resource: String, is_odd| Way {
        words,
        actions,
        resource: Some(resource),
        keys: Vec::new(),
        exempt: beside.to_vec(),
        is_odd,
    };
    let mut found = Vec::new();
    if is_wild {
        let named =
            if resource.starts_with('*') { format!("{kind}/{resource}") } else { (*resource).to_owned() };
        let target = format!("arn:{partition}:iam::{owner}:{named}");
        found.extend(ways.iter().map(|each| way(each, target.clone(), false)));
    }
    // `*` in place of the account also matches `123456789012:role/`, and a path may have a colon.
    if is_text && *owner == "*" && resource.starts_with(&format!("{kind}/")) {
        let target = format!("arn:{partition}:iam::*:{kind}/:{resource}");
        found.extend(ways.iter().take(1).map(|each| way(each, target.clone(), true)));
    }
    found
}

fn by_tag(name: &str, value: &str, beside: &[String]) -> Vec<Way> {
    let way = |(words, actions): &(&'static str, &'static [&'static str]), key: String| Way {
        words,
        actions,
        resource: None,
        keys: vec![
            ("StringLike", key, value.to_owned()),
            ("StringNotLike", format!("aws:PrincipalTag/{name}"), value.to_owned()),
        ],
        exempt: beside.to_vec(),
        is_odd: false,
    };
    // The keys of the tags of a request are those of the tags that it gives (IAM user guide, "Controlling access to AWS
    // resources using tags").
    let given = |mut way: Way| {
        way.keys.push(("ForAnyValue:StringEquals", "aws:TagKeys".to_owned(), name.to_owned()));
        way
    };
    let give = GIVE.iter().map(|each| given(way(each, format!("aws:RequestTag/{name}"))));
    let take = TAKE.iter().map(|each| way(each, format!("aws:ResourceTag/{name}")));
    give.chain(take).collect()
}

impl Way {
    /// The requests of principals that none of these exemptions spares by a tag: who has such a tag is asked about where
    /// that exemption is.
    pub(super) fn claim(&self, beside: &[Exemption]) -> Option<Claim> {
        let mut conditions: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
        for (operator, key, value) in &self.keys {
            let keys = conditions.entry((*operator).to_owned()).or_default();
            keys.entry(key.clone()).or_default().push(value.clone());
        }
        for exemption in beside.iter().filter(|_| self.resource.is_none()) {
            let Spared::Tag(name, value) = &exemption.spared else { continue };
            let keys = conditions.entry("StringNotLikeIfExists".to_owned()).or_default();
            let values = keys.entry(format!("aws:PrincipalTag/{name}")).or_default();
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        let spec = ClaimSpec {
            actions: Some(self.actions.iter().map(|action| (*action).to_owned()).collect()),
            resources: self.resource.clone().map(|resource| vec![resource]),
            conditions,
            exempt_principals: self.exempt.clone(),
            ..ClaimSpec::default()
        };
        Claim::new(spec).ok()
    }
}
