//! From a record of CloudTrail to the request that was made, as far as the record tells.

mod call;
mod decoded;
mod parameters;

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

pub use self::call::{Call, CalledActions, Facts};
pub use self::decoded::{DecodedMessage, MatchedStatement};
use crate::PartialRequest;

/// A record of CloudTrail: what of it says something about a request.
#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Event<'a> {
    /// When it was, ISO 8601.
    #[serde(borrow, deserialize_with = "text")]
    pub event_time: Option<Cow<'a, str>>,
    /// `s3.amazonaws.com`.
    #[serde(borrow, deserialize_with = "text")]
    pub event_source: Option<Cow<'a, str>>,
    /// `CreateBucket`.
    #[serde(borrow, deserialize_with = "text")]
    pub event_name: Option<Cow<'a, str>>,
    /// The region of the endpoint.
    #[serde(borrow, deserialize_with = "text")]
    pub aws_region: Option<Cow<'a, str>>,
    /// `AwsApiCall`, or something that no caller asked for.
    #[serde(borrow, deserialize_with = "text")]
    pub event_type: Option<Cow<'a, str>>,
    /// Why it failed, if it did.
    #[serde(borrow, deserialize_with = "text")]
    pub error_code: Option<Cow<'a, str>>,
    /// What the caller was told.
    #[serde(borrow, deserialize_with = "text")]
    pub error_message: Option<Cow<'a, str>>,
    /// Where it came from: an address, or a service.
    #[serde(borrow, deserialize_with = "text", rename = "sourceIPAddress")]
    pub source_ip_address: Option<Cow<'a, str>>,
    /// The VPC endpoint that it came through.
    #[serde(borrow, deserialize_with = "text")]
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
    #[serde(borrow, deserialize_with = "text")]
    pub recipient_account_id: Option<Cow<'a, str>>,
}

/// A text that is borrowed unless something in it is escaped. Without the attribute, serde copies it.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

fn text<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'a, str>>, D::Error> {
    Ok(Option::<Text<'de>>::deserialize(deserializer)?.map(|text| text.0))
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
    #[serde(borrow, deserialize_with = "text", rename = "type")]
    pub kind: Option<Cow<'a, str>>,
    /// Its ARN.
    #[serde(borrow, deserialize_with = "text")]
    pub arn: Option<Cow<'a, str>>,
    /// Its account.
    #[serde(borrow, deserialize_with = "text")]
    pub account_id: Option<Cow<'a, str>>,
    /// The service that made the request for it.
    #[serde(borrow, deserialize_with = "text")]
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
    #[serde(borrow, deserialize_with = "text")]
    pub arn: Option<Cow<'a, str>>,
}

/// How a session began.
#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Attributes<'a> {
    /// Whether with a second factor.
    #[serde(borrow, deserialize_with = "text")]
    pub mfa_authenticated: Option<Cow<'a, str>>,
}

/// A resource that a record names.
#[derive(Deserialize, Debug, Default)]
#[serde(default)]
pub struct Named<'a> {
    /// Its ARN.
    #[serde(borrow, deserialize_with = "text", alias = "ARN")]
    pub arn: Option<Cow<'a, str>>,
    /// The account that owns it.
    #[serde(borrow, deserialize_with = "text", rename = "accountId")]
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
    /// The call that was made, and that AWS answered. What `actions` has looked up for one record it knows for the next.
    pub fn call(&self, actions: &CalledActions) -> Result<Call<'_>, Skipped> {
        if self.event_type.as_deref().is_some_and(|kind| kind != "AwsApiCall") {
            return Err(Skipped::NoCall);
        }
        if self.error_code.as_deref().is_some_and(|code| !code.is_empty()) {
            return Err(Skipped::Failed);
        }
        Call::of(self, actions)
    }

    /// The request that was made, and that AWS answered.
    pub fn request(&self) -> Result<PartialRequest, Skipped> {
        self.call(&CalledActions::default()).map(|call| call.request())
    }

    /// The request that was made, whatever became of it. What the caller was told of a refusal names the action and the
    /// resource that were asked for; one call asks for several.
    pub fn attempt(&self) -> Result<PartialRequest, Skipped> {
        Call::of(self, &CalledActions::default()).map(|call| call.request())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ContextValue;

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
