//! From a record of CloudTrail to the request that was made, as far as the record tells.

mod decoded;
mod parameters;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

pub use self::decoded::{DecodedMessage, MatchedStatement};
use crate::pattern::glob;
use crate::{Arn, Catalogue, ContextValue, PartialRequest, is_account_id};

const NAMES: &str = include_str!("../data/event-names.tsv");

/// The names of one source: those that are whole, and those that are patterns, each with its action.
type Names = (BTreeMap<&'static str, &'static str>, Vec<(&'static str, &'static str)>);

static NAMED: LazyLock<BTreeMap<&'static str, Names>> = LazyLock::new(|| {
    let mut all: BTreeMap<&'static str, Names> = BTreeMap::new();
    for line in NAMES.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = line.split('\t');
        let (Some(source), Some(name), Some(action)) = (cells.next(), cells.next(), cells.next()) else {
            continue;
        };
        let (whole, patterns) = all.entry(source).or_default();
        if name.contains('*') {
            patterns.push((name, action));
        } else {
            whole.insert(name, action);
        }
    }
    all
});

/// A record of CloudTrail: what of it says something about a request.
#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Event<'a> {
    /// When it was, ISO 8601.
    #[serde(borrow)]
    pub event_time: Option<Cow<'a, str>>,
    /// `s3.amazonaws.com`.
    #[serde(borrow)]
    pub event_source: Option<Cow<'a, str>>,
    /// `CreateBucket`.
    #[serde(borrow)]
    pub event_name: Option<Cow<'a, str>>,
    /// The region of the endpoint.
    #[serde(borrow)]
    pub aws_region: Option<Cow<'a, str>>,
    /// `AwsApiCall`, or something that no caller asked for.
    #[serde(borrow)]
    pub event_type: Option<Cow<'a, str>>,
    /// Why it failed, if it did.
    #[serde(borrow)]
    pub error_code: Option<Cow<'a, str>>,
    /// What the caller was told.
    #[serde(borrow)]
    pub error_message: Option<Cow<'a, str>>,
    /// Where it came from: an address, or a service.
    #[serde(borrow, rename = "sourceIPAddress")]
    pub source_ip_address: Option<Cow<'a, str>>,
    /// The VPC endpoint that it came through.
    #[serde(borrow)]
    pub vpc_endpoint_id: Option<Cow<'a, str>>,
    /// Who made it.
    #[serde(borrow)]
    pub user_identity: Option<Identity<'a>>,
    /// What it was about, where the service says so.
    #[serde(borrow)]
    pub resources: Option<Vec<Named<'a>>>,
    /// What the call said: an object, as JSON text.
    #[serde(borrow, deserialize_with = "as_text")]
    pub request_parameters: Option<Cow<'a, str>>,
    /// The account that the record is of.
    #[serde(borrow)]
    pub recipient_account_id: Option<Cow<'a, str>>,
}

/// Few calls are asked for their parameters, so that they stay text until then.
fn as_text<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'a, str>>, D::Error> {
    let value: Option<&'de RawValue> = Option::deserialize(deserializer)?;
    Ok(value.map(|value| Cow::Borrowed(value.get())))
}

/// Who made a request.
#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Identity<'a> {
    /// `AssumedRole`, `IAMUser`, `Root`, `AWSService`, …
    #[serde(borrow, rename = "type")]
    pub kind: Option<Cow<'a, str>>,
    /// Its ARN.
    #[serde(borrow)]
    pub arn: Option<Cow<'a, str>>,
    /// Its account.
    #[serde(borrow)]
    pub account_id: Option<Cow<'a, str>>,
    /// The service that made the request for it.
    #[serde(borrow)]
    pub invoked_by: Option<Cow<'a, str>>,
    /// The role of a session.
    #[serde(borrow)]
    pub session_context: Option<Session<'a>>,
}

/// The session of a role.
#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Session<'a> {
    /// The role.
    #[serde(borrow)]
    pub session_issuer: Option<Issuer<'a>>,
    /// How it began.
    #[serde(borrow)]
    pub attributes: Option<Attributes<'a>>,
}

/// The role that a session is of.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct Issuer<'a> {
    /// The ARN of the role, with its path.
    #[serde(borrow)]
    pub arn: Option<Cow<'a, str>>,
}

/// How a session began.
#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Attributes<'a> {
    /// Whether with a second factor.
    #[serde(borrow)]
    pub mfa_authenticated: Option<Cow<'a, str>>,
}

/// A resource that a record names.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct Named<'a> {
    /// Its ARN.
    #[serde(borrow, alias = "ARN")]
    pub arn: Option<Cow<'a, str>>,
    /// The account that owns it.
    #[serde(borrow, rename = "accountId")]
    pub account_id: Option<Cow<'a, str>>,
}

/// Why a record is not asked about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Skipped {
    /// It is no call of an API.
    NoCall,
    /// It was refused, or failed, when it was made.
    Failed,
    /// No policy of the organization binds who made it: a service, or a service-linked role.
    Unbound,
    /// It does not say who made it, or in which account.
    Incomplete,
}

impl Event<'_> {
    /// The request that was made, and that AWS answered.
    pub fn request(&self) -> Result<PartialRequest, Skipped> {
        if self.event_type.as_deref().is_some_and(|kind| kind != "AwsApiCall") {
            return Err(Skipped::NoCall);
        }
        if self.error_code.as_deref().is_some_and(|code| !code.is_empty()) {
            return Err(Skipped::Failed);
        }
        self.attempt()
    }

    /// The request that was made, whatever became of it. What the caller was told of a refusal names the action and the
    /// resource that were asked for; one call asks for several.
    pub fn attempt(&self) -> Result<PartialRequest, Skipped> {
        if self.event_type.as_deref().is_some_and(|kind| kind != "AwsApiCall") {
            return Err(Skipped::NoCall);
        }
        let told = self.error_message.as_deref().and_then(Told::read);
        let identity = self.user_identity.as_ref().ok_or(Skipped::Incomplete)?;
        let role =
            identity.session_context.as_ref().and_then(|it| it.session_issuer.as_ref()?.arn.as_deref());
        let caller = match identity.kind.as_deref() {
            Some("AWSService") => return Err(Skipped::Unbound),
            Some("AssumedRole") => role.or(identity.arn.as_deref()),
            _ => identity.arn.as_deref(),
        };
        let caller = caller.filter(|it| !it.is_empty()).ok_or(Skipped::Incomplete)?;
        if caller.contains(":role/aws-service-role/") {
            return Err(Skipped::Unbound);
        }
        let account = Arn::parse(caller).map(|arn| arn.account).ok_or(Skipped::Incomplete)?;
        let action = told.as_ref().and_then(|told| told.action).map(Cow::Borrowed).or_else(|| self.action());
        let action = action.ok_or(Skipped::Incomplete)?;
        let named = self.resource(&action);
        let of_named = || named.and_then(|named| named.arn.as_deref());
        let anything = || Catalogue::get().action(&action).filter(|it| !it.has_resource_types()).map(|_| "*");
        let resource = told.as_ref().and_then(|told| told.resource).or_else(anything).or_else(of_named);
        let resource = resource.map(Cow::Borrowed).or_else(|| {
            let account = self.recipient_account_id.as_deref().unwrap_or(account);
            let partition = Arn::parse(caller).map_or("aws", |arn| arn.partition);
            let place = parameters::Place { partition, region: self.aws_region.as_deref(), account };
            let action = Catalogue::get().action(&action)?;
            parameters::resource(action, self.request_parameters.as_deref()?, &place).map(Cow::Owned)
        });
        let mut request = PartialRequest::new(Some(caller), account, &action, resource.as_deref());
        // The resource of another account is bound by the policies above that one.
        let owner = named.and_then(|named| {
            let of_arn = named.arn.as_deref().and_then(Arn::parse).map(|arn| arn.account);
            named.account_id.as_deref().or(of_arn.filter(|account| !account.is_empty()))
        });
        let of_arn = resource.as_deref().and_then(Arn::parse).map(|arn| arn.account);
        let owner = owner.or(of_arn.filter(|account| is_account_id(account)));
        if let Some(owner) = owner {
            request.request.resource_account = Some(owner.to_owned());
        }
        self.context(identity, &mut request);
        Ok(request)
    }

    /// What the request is called in policies.
    fn action(&self) -> Option<Cow<'_, str>> {
        let source = self.event_source.as_deref()?.split('.').next()?;
        let name = self.event_name.as_deref()?;
        let catalogue = Catalogue::get();
        let listed = NAMED.get(source).and_then(|(whole, patterns)| {
            let pattern =
                || patterns.iter().find(|(pattern, _)| glob(pattern, name)).map(|(_, action)| *action);
            whole.get(name).copied().or_else(pattern)
        });
        if let Some(action) = listed {
            return Some(match action.strip_suffix('*') {
                Some(prefix) => Cow::Owned(format!("{prefix}{name}")),
                None => Cow::Borrowed(action),
            });
        }
        let whole = format!("{source}:{name}");
        if let Some(action) = catalogue.action(&whole) {
            return Some(Cow::Borrowed(action.name()));
        }
        // `CreateFunction20150331v2`, `CreateDistribution2020_05_31`: the version of the API is no part of the action.
        let stem = name.trim_end_matches(|char: char| char.is_ascii_digit() || matches!(char, '_' | 'v'));
        catalogue
            .action(&format!("{source}:{stem}"))
            .map_or(Some(Cow::Owned(whole)), |action| Some(Cow::Borrowed(action.name())))
    }

    /// What it was about, where the record names one resource of a type that the action has.
    fn resource(&self, action: &str) -> Option<&Named<'_>> {
        let named = self.resources.as_ref().filter(|named| !named.is_empty())?;
        let types: Vec<String> =
            Catalogue::get().resource_types(action)?.map(crate::ResourceType::pattern).collect();
        let fits = |arn: &str| types.iter().any(|pattern| glob(pattern, arn));
        let mut fitting = named.iter().filter(|it| it.arn.as_deref().is_some_and(fits));
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }

    fn context(&self, identity: &Identity<'_>, request: &mut PartialRequest) {
        let one = |text: &str| ContextValue::One(text.to_owned());
        if let Some(region) = self.aws_region.as_deref() {
            request.set("aws:RequestedRegion", one(region));
        }
        let by_service = identity.invoked_by.as_deref().is_some_and(|by| by.ends_with(".amazonaws.com"));
        request.set("aws:ViaAWSService", one(if by_service { "true" } else { "false" }));
        if !by_service {
            request.lacks("aws:CalledVia*");
        }
        if let Some(address) = self.source_ip_address.as_deref()
            && address.parse::<IpAddr>().is_ok()
        {
            if let Some(endpoint) = self.vpc_endpoint_id.as_deref() {
                request.set("aws:SourceVpce", one(endpoint));
                request.lacks("aws:SourceIp");
            } else {
                request.set("aws:SourceIp", one(address));
                request.lacks("aws:SourceVpc*");
                request.lacks("aws:Vpce*");
            }
        }
        let session = identity.session_context.as_ref().and_then(|it| it.attributes.as_ref());
        if let Some(factor) = session.and_then(|it| it.mfa_authenticated.as_deref()) {
            request.set("aws:MultiFactorAuthPresent", one(factor));
        }
    }
}

/// What AWS tells a caller that it refuses: "User: ARN is not authorized to perform: ACTION on resource: ARN with an
/// explicit deny in a service control policy".
struct Told<'t> {
    action: Option<&'t str>,
    resource: Option<&'t str>,
}

impl<'t> Told<'t> {
    fn read(message: &'t str) -> Option<Self> {
        let (_, rest) = message.split_once("is not authorized to perform: ")?;
        let word = |text: &'t str| text.split_whitespace().next().filter(|it| it.contains(':') || *it == "*");
        // Without the quotes and the full stop of some services.
        let bare = |word: &'t str| word.trim_matches(|it| matches!(it, '"' | '.' | ','));
        let resource = rest.split_once(" on resource: ").and_then(|(_, rest)| word(rest)).map(bare);
        Some(Self { action: word(rest).map(bare), resource })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One call asks for several actions, on several resources: the message says which one was refused.
    #[test]
    fn what_the_caller_is_told_names_the_request() {
        let text = event("ec2.amazonaws.com", "RunInstances").replace(
            "\"eventType\"",
            "\"errorCode\":\"Client.UnauthorizedOperation\",\"errorMessage\":\"User: arn:aws:sts::222222222222:assumed-role/deploy/ci \
             is not authorized to perform: iam:PassRole on resource: arn:aws:iam::222222222222:role/web with an explicit deny in a \
             service control policy\",\"eventType\"",
        );
        let event: Event<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(event.request(), Err(Skipped::Failed));
        let request = event.attempt().unwrap().request;
        assert_eq!(
            (request.action.as_str(), request.resource.as_str()),
            ("iam:PassRole", "arn:aws:iam::222222222222:role/web")
        );
    }

    fn event(source: &str, name: &str) -> String {
        format!(
            r#"{{"eventVersion":"1.08","eventTime":"2026-11-20T09:00:00Z","eventSource":"{source}","eventName":"{name}",
            "awsRegion":"us-west-2","sourceIPAddress":"203.0.113.5","eventType":"AwsApiCall",
            "userIdentity":{{"type":"AssumedRole","arn":"arn:aws:sts::222222222222:assumed-role/deploy/ci","accountId":"222222222222",
            "sessionContext":{{"sessionIssuer":{{"type":"Role","arn":"arn:aws:iam::222222222222:role/team/deploy"}},"attributes":{{"mfaAuthenticated":"false"}}}}}},
            "resources":[{{"ARN":"arn:aws:s3:::exports","type":"AWS::S3::Bucket"}}]}}"#
        )
    }

    fn action(source: &str, name: &str) -> String {
        let text = event(source, name);
        let event: Event<'_> = serde_json::from_str(&text).unwrap();
        event.request().unwrap().request.action
    }

    #[test]
    fn names_of_events_are_not_names_of_actions() {
        for (source, name, expected) in [
            ("s3.amazonaws.com", "ListObjects", "s3:ListBucket"),
            ("s3.amazonaws.com", "CreateBucket", "s3:CreateBucket"),
            ("lambda.amazonaws.com", "CreateFunction20150331", "lambda:CreateFunction"),
            ("lambda.amazonaws.com", "UpdateFunctionCode20150331v2", "lambda:UpdateFunctionCode"),
            ("lambda.amazonaws.com", "Invoke", "lambda:InvokeFunction"),
            ("cloudfront.amazonaws.com", "CreateDistribution2020_05_31", "cloudfront:CreateDistribution"),
            ("monitoring.amazonaws.com", "PutMetricAlarm", "cloudwatch:PutMetricAlarm"),
            ("apigateway.amazonaws.com", "CreateRestApi", "apigateway:POST"),
            ("ec2.amazonaws.com", "RunInstances", "ec2:RunInstances"),
            ("new-service.amazonaws.com", "DoSomething", "new-service:DoSomething"),
        ] {
            assert_eq!(action(source, name), expected);
        }
    }

    #[test]
    fn every_action_of_the_table_is_one_of_aws() {
        for line in NAMES.lines().filter(|line| !line.starts_with('#')) {
            let action = line.split('\t').nth(2).unwrap();
            assert!(Catalogue::get().actions_matching(action).next().is_some(), "{line}");
        }
    }

    #[test]
    fn the_role_of_a_session_makes_the_request() {
        let text = event("s3.amazonaws.com", "CreateBucket");
        let event: Event<'_> = serde_json::from_str(&text).unwrap();
        let request = event.request().unwrap().request;
        assert_eq!(request.caller.to_string(), "arn:aws:iam::222222222222:role/team/deploy");
        assert_eq!(request.resource, "arn:aws:s3:::exports");
        assert_eq!(
            request.context.get("aws:RequestedRegion"),
            Some(&ContextValue::One("us-west-2".to_owned()))
        );
    }

    #[test]
    fn what_the_call_said_names_its_resource_where_the_record_does_not() {
        let text = event("dynamodb.amazonaws.com", "DeleteTable")
            .replace("\"eventType\"", "\"requestParameters\":{\"tableName\":\"orders\"},\"eventType\"");
        let event: Event<'_> = serde_json::from_str(&text).unwrap();
        let request = event.request().unwrap().request;
        assert_eq!(request.resource, "arn:aws:dynamodb:us-west-2:222222222222:table/orders");
        assert_eq!(request.resource_account.as_deref(), Some("222222222222"));
    }

    #[test]
    fn services_and_service_linked_roles_are_bound_by_no_policy() {
        let text = event("s3.amazonaws.com", "CreateBucket")
            .replace("role/team/deploy", "role/aws-service-role/x/y");
        let event: Event<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(event.request(), Err(Skipped::Unbound));
    }
}
