//! Requests of which not everything is known: whether a statement certainly applies to one, certainly does not, or
//! depends on what is unknown.

use std::collections::BTreeSet;

use crate::access::{globs_meet, resource_may_be};
use crate::matching::{Subject, Value, resource_matches, resource_may_match, variable_keys};
use crate::pattern::glob;
use crate::{
    BaseOperator, Caller, Condition, ContextValue, Policy, PrincipalPattern, Principals, Request, Resources,
    Statement, Version,
};

/// What stands in a resource or a value for a part that is unknown. AWS uses this character nowhere.
pub const UNKNOWN_PART: char = '\u{F8FF}';

/// A request of which not everything is known. What is not said to be known may be anything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartialRequest {
    /// The request, as far as it is known.
    pub request: Request,
    /// Whether the caller is known.
    caller: bool,
    /// Whether the resource is; parts of it may still be unknown.
    resource: bool,
    /// Patterns of keys, in lower case, that are missing unless the request has them.
    missing: BTreeSet<String>,
    /// Keys, in lower case, that are there with a value that is unknown.
    present: BTreeSet<String>,
    /// Keys, in lower case, that are not known to be missing although a pattern says so.
    open: BTreeSet<String>,
}

impl PartialRequest {
    /// A request of a principal, or of any principal of an account; on a resource, or on one that is unknown.
    pub fn new(caller: Option<&str>, account: &str, action: &str, resource: Option<&str>) -> Self {
        let anyone = || format!("arn:aws:iam::{account}:role/{UNKNOWN_PART}");
        Self {
            request: Request {
                caller: Caller::Arn(caller.map_or_else(anyone, str::to_owned)),
                action: action.to_owned(),
                resource: resource.map_or_else(|| UNKNOWN_PART.to_string(), str::to_owned),
                resource_account: Some(account.to_owned()).filter(|account| !account.is_empty()),
                context: crate::Context::default(),
            },
            caller: caller.is_some(),
            resource: resource.is_some(),
            missing: BTreeSet::new(),
            present: BTreeSet::new(),
            open: BTreeSet::new(),
        }
    }

    /// Says what the value of a key is; parts of it may be unknown.
    pub fn set(&mut self, key: &str, value: ContextValue) {
        self.request.context.set(key, value);
    }

    /// Says that keys are missing unless they are set: a pattern with `*`.
    pub fn lacks(&mut self, pattern: &str) {
        self.missing.insert(pattern.to_ascii_lowercase());
    }

    /// Says that a key is there, with a value that is unknown.
    pub fn has(&mut self, key: &str) {
        self.present.insert(key.to_ascii_lowercase());
    }

    /// Says that nothing is known of a key, whatever [`lacks`](Self::lacks) says of others like it.
    pub fn leaves_open(&mut self, key: &str) {
        self.open.insert(key.to_ascii_lowercase());
    }

    /// Whether it is known who makes the request.
    pub fn knows_caller(&self) -> bool {
        self.caller
    }

    /// Whether the whole ARN of the resource is known.
    pub fn knows_resource(&self) -> bool {
        self.resource && !self.request.resource.contains(UNKNOWN_PART)
    }

    /// The patterns of keys that are missing unless they are set, in lower case.
    #[cfg(test)]
    pub(crate) fn missing(&self) -> impl Iterator<Item = &str> {
        self.missing.iter().map(String::as_str)
    }

    /// Whether the value of a key, or that it is missing, is known.
    fn knows(&self, key: &str) -> bool {
        if self.request.context.get(key).is_some() {
            return true;
        }
        let key = key.to_ascii_lowercase();
        if self.present.contains(&key) || self.open.contains(&key) {
            return false;
        }
        let account = self.request.resource_account.is_some();
        match key.as_str() {
            "aws:principalarn" | "aws:principaltype" | "aws:principalservicename" | "aws:username" => {
                self.caller
            }
            "aws:principalaccount" | "kms:calleraccount" => self.caller || account,
            "aws:resourceaccount" | "s3:resourceaccount" => account,
            "aws:principalisawsservice" => true,
            _ => self.missing.iter().any(|pattern| glob(pattern, &key)),
        }
    }
}

/// What some statements read of a request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reads {
    /// Condition keys, in lower case.
    keys: BTreeSet<String>,
    caller: bool,
    resource: bool,
}

impl Reads {
    /// Adds what a statement reads beside the action.
    pub fn add(&mut self, statement: &Statement) {
        self.caller |= statement.principals.is_some();
        let patterns = || statement.resources.iter().flat_map(|it| &it.patterns);
        self.resource |= patterns().any(|pattern| pattern.value != "*");
        let lines = statement.conditions.iter().map(|line| line.key.value.as_str());
        let values = statement.conditions.iter().flat_map(|line| &line.values);
        let variables = values.chain(patterns()).flat_map(|value| variable_keys(&value.value));
        for key in lines.chain(variables) {
            let key = key.to_ascii_lowercase();
            // What follows from the caller and from the resource stands in no context.
            self.caller |= ["principal", "user", "caller", "federated"].iter().any(|it| key.contains(it));
            self.resource |= key.contains("resource");
            self.keys.insert(key);
        }
    }

    /// Adds what other statements read.
    pub fn extend(&mut self, more: &Self) {
        self.caller |= more.caller;
        self.resource |= more.resource;
        self.keys.extend(more.keys.iter().cloned());
    }

    /// Whether they read a condition key.
    pub fn has_key(&self, key: &str) -> bool {
        self.keys.contains(&key.to_ascii_lowercase())
    }

    /// Condition keys that they read, in lower case.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str)
    }

    /// Whether they read who makes the request.
    pub(crate) fn caller(&self) -> bool {
        self.caller
    }

    /// Whether they read what it is about.
    pub fn resource(&self) -> bool {
        self.resource
    }
}

/// What statements read of one request. Requests that read the same get the same answers from them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Reading {
    caller: Option<(Caller, bool)>,
    resource: Option<(String, bool, Option<String>)>,
    keys: Vec<Seen>,
}

/// What a request says of a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Seen {
    Missing,
    Unknown,
    Present,
    Value(ContextValue),
}

impl PartialRequest {
    /// What statements read of the request.
    pub fn reading(&self, reads: &Reads) -> Reading {
        let request = &self.request;
        let seen = |key: &String| match request.context.get(key) {
            Some(value) => Seen::Value(value.clone()),
            None if self.present.contains(key) => Seen::Present,
            None if self.knows(key) => Seen::Missing,
            None => Seen::Unknown,
        };
        Reading {
            caller: reads.caller.then(|| (request.caller.clone(), self.caller)),
            resource: reads
                .resource
                .then(|| (request.resource.clone(), self.resource, request.resource_account.clone())),
            keys: reads.keys.iter().map(seen).collect(),
        }
    }
}

impl Statement {
    /// Whether the statement applies to a request; `None` where that depends on what is unknown.
    ///
    /// ```
    /// use orgward_iam::{Kind, PartialRequest, Policy};
    ///
    /// let text = r#"{"Statement":[{"Effect":"Deny","Action":"ec2:RunInstances","Resource":"*",
    ///     "Condition":{"Null":{"aws:RequestTag/team":"true"}}}]}"#;
    /// let policy = Policy::parse(text, Kind::ServiceControl)?;
    /// let mut request = PartialRequest::new(None, "111111111111", "ec2:RunInstances", None);
    /// assert_eq!(policy.statements[0].applies_to(&policy, &request), None);
    /// request.lacks("aws:RequestTag/*");
    /// assert_eq!(policy.statements[0].applies_to(&policy, &request), Some(true));
    /// # Ok::<(), orgward_iam::PolicyError>(())
    /// ```
    pub fn applies_to(&self, policy: &Policy, request: &PartialRequest) -> Option<bool> {
        if !self.covers_action(&request.request.action) {
            return Some(false);
        }
        let subject = Subject::of(&request.request);
        let deny = self.effect.value == crate::Effect::Deny;
        let principal = self.principals.as_ref().map_or(Some(true), |it| names(it, deny, request, &subject));
        let resource =
            self.resources.as_ref().map_or(Some(true), |it| is_about(it, policy.version, request, &subject));
        let conditions = self.conditions.iter().map(|line| holds(line, policy.version, request, &subject));
        all([principal, resource].into_iter().chain(conditions))
    }

    /// What the statement asks for and the request does not tell, in the words of the statement.
    pub fn undecided_by(&self, policy: &Policy, request: &PartialRequest) -> Vec<String> {
        let subject = Subject::of(&request.request);
        let lines =
            self.conditions.iter().filter(|line| holds(line, policy.version, request, &subject).is_none());
        let mut keys: Vec<String> = lines.map(|line| line.key.value.clone()).collect();
        let of_resource = self.resources.as_ref().map(|it| is_about(it, policy.version, request, &subject));
        if of_resource == Some(None) {
            keys.push("the ARN of the resource".to_owned());
        }
        keys.sort();
        keys.dedup();
        keys
    }
}

/// All of several answers.
fn all(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for answer in answers {
        match answer {
            Some(true) => {}
            Some(false) => return Some(false),
            None => all = None,
        }
    }
    all
}

/// Any of several answers.
fn any(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(answers.map(|answer| answer.map(|it| !it))).map(|none| !none)
}

fn names(
    principals: &Principals,
    deny: bool,
    request: &PartialRequest,
    subject: &Subject<'_>,
) -> Option<bool> {
    if request.caller {
        return Some(principals.is_about(deny, subject));
    }
    let account = subject.account();
    let named = any(principals.patterns.iter().map(|pattern| match &pattern.value {
        PrincipalPattern::Everyone => Some(true),
        PrincipalPattern::Account(named) => Some(Some(named.as_str()) == account),
        PrincipalPattern::Service(_) | PrincipalPattern::Federated(_) => Some(false),
        _ => None,
    }));
    if principals.not { named.map(|named| !named).filter(|_| false) } else { named }
}

/// Texts in place of a part that is unknown. What matches with both matches with all, unless a pattern has it in mind.
const STAND_INS: [&str; 2] = ["\u{F8FF}", "\u{F8FF}\u{F8FE}\u{F8FF}\u{F8FE}\u{F8FF}"];

fn with_stand_ins(text: &str) -> [String; 2] {
    STAND_INS.map(|stand_in| text.replace(UNKNOWN_PART, stand_in))
}

fn is_about(
    resources: &Resources,
    version: Version,
    request: &PartialRequest,
    subject: &Subject<'_>,
) -> Option<bool> {
    let everything = resources.patterns.iter().any(|pattern| pattern.value == "*");
    if everything {
        return Some(!resources.not);
    }
    if !request.resource {
        return None;
    }
    let resource = &request.request.resource;
    let variables = |pattern: &str| variable_keys(pattern).any(|key| !request.knows(key));
    let is_whole = !resource.contains(UNKNOWN_PART);
    if is_whole && !resources.patterns.iter().any(|pattern| variables(&pattern.value)) {
        return Some(resources.is_about(version, subject));
    }
    let listed = any(resources.patterns.iter().map(|pattern| {
        let pattern = pattern.value.as_str();
        let varies = version == Version::V2012 && pattern.contains("${");
        if is_whole && varies {
            return if resource_may_match(pattern, version, resource) { None } else { Some(false) };
        }
        if !varies && with_stand_ins(resource).iter().all(|text| resource_matches(pattern, text)) {
            return Some(true);
        }
        if varies || resource_may_be(pattern, version, resource, UNKNOWN_PART) { None } else { Some(false) }
    }));
    listed.map(|listed| listed != resources.not)
}

fn holds(
    line: &Condition,
    version: Version,
    request: &PartialRequest,
    subject: &Subject<'_>,
) -> Option<bool> {
    let operator = line.operator.value;
    let key = &line.key.value;
    if !request.knows(key) {
        if operator.base == BaseOperator::Null && request.present.contains(&key.to_ascii_lowercase()) {
            return Some(line.values.iter().any(|value| value.value.eq_ignore_ascii_case("false")));
        }
        return None;
    }
    let takes_variables = version == Version::V2012 && operator.base.takes_variables();
    let open = |wanted: &str| takes_variables && variable_keys(wanted).any(|key| !request.knows(key));
    let value = subject.value(key);
    if value.is_some() && line.values.iter().any(|wanted| open(&wanted.value)) {
        return None;
    }
    match value {
        Some(Value::One(value)) if value.contains(UNKNOWN_PART) => {
            holds_for_parts(line, version, &value, request)
        }
        Some(Value::Many(values)) if values.iter().any(|value| value.contains(UNKNOWN_PART)) => None,
        _ => Some(line.holds_in(version, subject)),
    }
}

/// Whether a line holds for a value of which parts are unknown.
fn holds_for_parts(
    line: &Condition,
    version: Version,
    value: &str,
    request: &PartialRequest,
) -> Option<bool> {
    let operator = line.operator.value;
    if operator.base == BaseOperator::Null {
        return Some(line.values.iter().any(|wanted| wanted.value.eq_ignore_ascii_case("false")));
    }
    if !operator.base.takes_variables() || line.values.iter().any(|wanted| wanted.value.contains("${")) {
        return None;
    }
    let loosest = value.replace(UNKNOWN_PART, "*");
    let may = line
        .values
        .iter()
        .any(|wanted| globs_meet(&wanted.value.to_lowercase(), &loosest.to_lowercase(), false));
    if !may {
        return Some(operator.is_negated());
    }
    let must = with_stand_ins(value).iter().all(|text| {
        let mut whole = request.request.clone();
        whole.context.set(&line.key.value, ContextValue::One(text.clone()));
        line.holds_in(version, &Subject::of(&whole)) != operator.is_negated()
    });
    must.then_some(!operator.is_negated())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn applies(statement: &str, request: &PartialRequest) -> Option<bool> {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let policy = Policy::parse(text, Kind::ServiceControl).unwrap();
        policy.statements[0].applies_to(&policy, request)
    }

    fn one(text: &str) -> ContextValue {
        ContextValue::One(text.to_owned())
    }

    const ROLE: &str = "arn:aws:iam::111111111111:role/deploy";

    #[test]
    fn a_key_that_nothing_is_known_of_decides_nothing() {
        let region = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}"#;
        let mut request = PartialRequest::new(Some(ROLE), "111111111111", "s3:CreateBucket", None);
        assert_eq!(applies(region, &request), None);
        request.set("aws:RequestedRegion", one("us-west-2"));
        assert_eq!(applies(region, &request), Some(true));
        request.set("aws:RequestedRegion", one("eu-west-1"));
        assert_eq!(applies(region, &request), Some(false));
    }

    #[test]
    fn exempt_principals_count_where_the_caller_is_known() {
        let exempt = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/deploy"}}}"#;
        let known = |caller| PartialRequest::new(caller, "111111111111", "s3:CreateBucket", None);
        assert_eq!(applies(exempt, &known(Some(ROLE))), Some(false));
        assert_eq!(applies(exempt, &known(Some("arn:aws:iam::111111111111:role/other"))), Some(true));
        assert_eq!(applies(exempt, &known(None)), None);
    }

    #[test]
    fn a_resource_with_an_unknown_part_matches_what_leaves_room_for_it() {
        let on = |pattern: &str| {
            let statement =
                format!(r#"{{"Effect":"Deny","Action":"iam:CreateRole","Resource":"{pattern}"}}"#);
            let arn = format!("arn:aws:iam::111111111111:role/{UNKNOWN_PART}");
            let request = PartialRequest::new(Some(ROLE), "111111111111", "iam:CreateRole", Some(&arn));
            applies(&statement, &request)
        };
        assert_eq!(on("arn:aws:iam::*:role/*"), Some(true));
        assert_eq!(on("arn:aws:iam::*:role/app"), None);
        assert_eq!(on("arn:aws:iam::*:role/?"), None);
        assert_eq!(on("arn:aws:iam::222222222222:role/*"), Some(false));
        assert_eq!(on("arn:aws:iam::${aws:PrincipalAccount}:role/*"), None);
    }

    #[test]
    fn a_value_with_an_unknown_part_is_compared_as_far_as_it_goes() {
        let boundary = |operator: &str, wanted: &str| {
            let statement = format!(
                r#"{{"Effect":"Deny","Action":"iam:CreateRole","Resource":"*","Condition":{{"{operator}":{{"iam:PermissionsBoundary":"{wanted}"}}}}}}"#
            );
            let mut request = PartialRequest::new(Some(ROLE), "111111111111", "iam:CreateRole", None);
            request.set(
                "iam:PermissionsBoundary",
                one(&format!("arn:aws:iam::{UNKNOWN_PART}:policy/boundary/app")),
            );
            applies(&statement, &request)
        };
        assert_eq!(boundary("ArnNotLike", "arn:aws:iam::*:policy/boundary/app"), Some(false));
        assert_eq!(boundary("ArnNotLike", "arn:aws:iam::111111111111:policy/boundary/app"), None);
        assert_eq!(boundary("ArnNotLike", "arn:aws:iam::*:policy/other"), Some(true));
        assert_eq!(boundary("StringLike", "arn:aws:iam::*:policy/boundary/*"), Some(true));
        assert_eq!(boundary("Null", "true"), Some(false));
    }

    #[test]
    fn a_key_that_is_there_is_not_missing_and_has_no_known_value() {
        let statement = |operator: &str, value: &str| {
            format!(
                r#"{{"Effect":"Deny","Action":"iam:CreateRole","Resource":"*","Condition":{{"{operator}":{{"iam:PermissionsBoundary":"{value}"}}}}}}"#
            )
        };
        let mut request = PartialRequest::new(Some(ROLE), "111111111111", "iam:CreateRole", None);
        request.has("iam:PermissionsBoundary");
        assert_eq!(applies(&statement("Null", "true"), &request), Some(false));
        assert_eq!(applies(&statement("StringNotEquals", "a"), &request), None);
    }

    /// A question is told apart by all that decides it, and by nothing else.
    #[test]
    fn requests_that_differ_in_what_nothing_reads_are_one_question() {
        let reading = |statement: &str, bucket: &str, role: &str, region: Option<&str>| {
            let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
            let policy = Policy::parse(text, Kind::ServiceControl).unwrap();
            let mut reads = Reads::default();
            reads.add(&policy.statements[0]);
            let role = format!("arn:aws:iam::111111111111:role/{role}");
            let mut request =
                PartialRequest::new(Some(&role), "111111111111", "s3:CreateBucket", Some(bucket));
            if let Some(region) = region {
                request.set("aws:RequestedRegion", one(region));
            }
            request.reading(&reads)
        };
        let region = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}"#;
        let first = reading(region, "arn:aws:s3:::a", "a", Some("eu-west-1"));
        assert_eq!(first, reading(region, "arn:aws:s3:::b", "b", Some("eu-west-1")));
        assert_ne!(first, reading(region, "arn:aws:s3:::a", "a", Some("us-west-2")));
        assert_ne!(first, reading(region, "arn:aws:s3:::a", "a", None));
        let own = r#"{"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::${aws:PrincipalTag/team}-*"}"#;
        let first = reading(own, "arn:aws:s3:::a", "a", None);
        assert_ne!(first, reading(own, "arn:aws:s3:::b", "a", None));
        assert_ne!(first, reading(own, "arn:aws:s3:::a", "b", None));
    }

    #[test]
    fn tag_keys_are_compared_one_by_one() {
        let keys = r#"{"Effect":"Deny","Action":"ec2:*","Resource":"*","Condition":{"ForAllValues:StringNotEquals":{"aws:TagKeys":["team"]}}}"#;
        let mut request = PartialRequest::new(Some(ROLE), "111111111111", "ec2:RunInstances", None);
        request.set("aws:TagKeys", ContextValue::Many(vec!["Name".to_owned()]));
        assert_eq!(applies(keys, &request), Some(true));
        request.set("aws:TagKeys", ContextValue::Many(vec!["Name".to_owned(), "team".to_owned()]));
        assert_eq!(applies(keys, &request), Some(false));
    }
}
