//! What `sts:DecodeAuthorizationMessage` makes of the message that comes with a refusal.

use serde::Deserialize;

use crate::{Arn, ContextValue, PartialRequest};

/// A message that AWS gives with a refusal, once `sts:DecodeAuthorizationMessage` has decoded it.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct DecodedMessage {
    /// Whether a statement denies, and not only none allows.
    #[serde(default)]
    pub explicit_deny: bool,
    /// The statements that AWS found.
    #[serde(default)]
    pub matched_statements: Items<MatchedStatement>,
    /// The request.
    pub context: MessageContext,
}

/// A statement that AWS found.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct MatchedStatement {
    /// Its `Sid`.
    #[serde(default)]
    pub statement_id: String,
    /// `ALLOW` or `DENY`.
    #[serde(default)]
    pub effect: String,
}

/// The request of a decoded message.
#[derive(Deserialize, Debug)]
pub struct MessageContext {
    /// Who made it.
    pub principal: MessagePrincipal,
    /// For what.
    pub action: String,
    /// On what.
    #[serde(default)]
    pub resource: Option<String>,
    /// The keys that AWS looked at.
    #[serde(default)]
    pub conditions: Items<MessageKey>,
}

/// Who made the request of a decoded message.
#[derive(Deserialize, Debug)]
pub struct MessagePrincipal {
    /// Its ARN.
    pub arn: String,
}

/// A key with its values.
#[derive(Deserialize, Debug)]
pub struct MessageKey {
    /// Its name.
    pub key: String,
    /// Its values.
    #[serde(default)]
    pub values: Items<MessageValue>,
}

/// A value of a key.
#[derive(Deserialize, Debug)]
pub struct MessageValue {
    /// The value.
    pub value: String,
}

/// A list, as these messages write one.
#[derive(Deserialize, Debug)]
pub struct Items<T> {
    /// What is in it.
    #[serde(default = "Vec::new")]
    pub items: Vec<T>,
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

impl DecodedMessage {
    /// The request that was refused. `caller` is the role of a session, where it is known.
    pub fn request(&self, caller: Option<&str>) -> Option<PartialRequest> {
        let arn = Arn::parse(&self.context.principal.arn)?;
        let resource = self.context.resource.as_deref().filter(|it| !it.is_empty());
        let mut request = PartialRequest::new(caller, arn.account, &self.context.action, resource);
        for MessageKey { key, values } in &self.context.conditions.items {
            let values: Vec<String> = values.items.iter().map(|it| it.value.clone()).collect();
            // The message writes the keys of a service without it, and the region as `aws:Region`.
            let key = if key.eq_ignore_ascii_case("aws:Region") { "aws:RequestedRegion" } else { key };
            request.set(
                key,
                match <[String; 1]>::try_from(values) {
                    Ok([one]) => ContextValue::One(one),
                    Err(several) => ContextValue::Many(several),
                },
            );
        }
        Some(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoded_message_is_a_request() {
        let text = r#"{"allowed":false,"explicitDeny":true,
            "matchedStatements":{"items":[{"statementId":"Regions","effect":"DENY","principals":{"items":[{"value":"AROA"}]}}]},
            "failures":{"items":[]},
            "context":{"principal":{"id":"AROA:ci","arn":"arn:aws:sts::222222222222:assumed-role/deploy/ci"},
            "action":"ec2:RunInstances","resource":"arn:aws:ec2:us-west-2:222222222222:instance/*",
            "conditions":{"items":[{"key":"aws:Region","values":{"items":[{"value":"us-west-2"}]}},
            {"key":"ec2:InstanceType","values":{"items":[{"value":"t3.micro"}]}}]}}}"#;
        let message: DecodedMessage = serde_json::from_str(text).unwrap();
        assert!(message.explicit_deny);
        assert_eq!(message.matched_statements.items[0].statement_id, "Regions");
        let request = message.request(Some("arn:aws:iam::222222222222:role/team/deploy")).unwrap().request;
        assert_eq!(
            (request.action.as_str(), request.resource_account.as_deref()),
            ("ec2:RunInstances", Some("222222222222"))
        );
        let region = request.context.get("aws:RequestedRegion");
        assert_eq!(region, Some(&ContextValue::One("us-west-2".to_owned())));
    }
}
