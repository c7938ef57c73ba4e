//! AWS Config: results of advanced queries, and configuration items.
//!
//! Property names after the resource schemas of AWS Config (awslabs/aws-config-resource-schema, 2026). Texts of policies are no
//! properties of a query: results without them leave them unknown.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{CUT, IdKind, Import, ImportError, gap};
use crate::{Account, Found, Tag};

pub(super) const COMMAND: &str = "aws configservice select-aggregate-resource-config";
/// What is missing where a query does not select the lists of an identity.
const POLICIES: &str = "the policies of some IAM identities";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    resource_type: String,
    account_id: Option<String>,
    #[serde(default)]
    aws_region: String,
    #[serde(default)]
    resource_id: String,
    #[serde(default)]
    resource_name: String,
    #[serde(default)]
    arn: String,
    #[serde(default)]
    configuration: Value,
    #[serde(default)]
    supplementary_configuration: Value,
    #[serde(default)]
    tags: Value,
    #[serde(default)]
    configuration_item_status: String,
}

impl Import {
    /// Results of a query: each is JSON, in a text.
    pub(super) fn results(
        &mut self,
        name: &str,
        results: &[Box<RawValue>],
        cut: bool,
    ) -> Result<(), ImportError> {
        for result in results {
            if result.get().starts_with('"') {
                let unknown = |_| ImportError::Unknown { name: name.to_owned() };
                let text: String = serde_json::from_str(result.get()).map_err(unknown)?;
                let item: &RawValue = serde_json::from_str(&text).map_err(unknown)?;
                self.configuration(name, item)?;
            } else {
                self.configuration(name, result)?;
            }
        }
        if cut {
            self.gaps.insert(gap("all results of the query", "config:SelectAggregateResourceConfig", CUT));
        }
        Ok(())
    }

    /// One configuration item.
    pub(super) fn configuration(&mut self, name: &str, item: &RawValue) -> Result<(), ImportError> {
        let fields = |error: serde_json::Error| ImportError::Fields {
            name: name.to_owned(),
            command: COMMAND,
            why: format!("an item, column {}", error.column()),
        };
        let mut item: Item = serde_json::from_str(item.get()).map_err(fields)?;
        if item.configuration_item_status.starts_with("ResourceDeleted") {
            return Ok(());
        }
        let Some(account) = item.account_id.clone().filter(|id| IdKind::Account.is(id)) else {
            let (what, example) = ("account", "SELECT accountId, resourceType, arn, configuration");
            return Err(ImportError::Argument { name: name.to_owned(), what, command: COMMAND, example });
        };
        item.configuration = unwrapped(std::mem::take(&mut item.configuration));
        if !self.accounts.contains_key(&account) && !self.listed.contains("Accounts") {
            self.account(Account { id: account.clone(), ..Account::default() });
        }
        self.part_of(&account);
        match item.resource_type.as_str() {
            "AWS::IAM::Role" => {
                let found = self.identity(&account, &item, "Role");
                let role = typed(found, &item).map_err(fields)?;
                self.part(crate::AccountPart { account, role_detail_list: vec![role], ..Default::default() });
            }
            "AWS::IAM::User" => {
                let found = self.identity(&account, &item, "User");
                let user = typed(found, &item).map_err(fields)?;
                self.part(crate::AccountPart { account, user_detail_list: vec![user], ..Default::default() });
            }
            "AWS::IAM::Group" => {
                let found = self.identity(&account, &item, "Group");
                let group = typed(found, &item).map_err(fields)?;
                self.part(crate::AccountPart {
                    account,
                    group_detail_list: vec![group],
                    ..Default::default()
                });
            }
            "AWS::IAM::Policy" => {
                let policy = typed(pascal(item.configuration.clone()), &item).map_err(fields)?;
                self.part(crate::AccountPart { account, policies: vec![policy], ..Default::default() });
            }
            _ => self.resource(account, &item),
        }
        Ok(())
    }

    /// The configuration of an identity by the names of IAM. What a query did not select is a gap.
    fn identity(&mut self, account: &str, item: &Item, word: &str) -> Value {
        let mut value = pascal(item.configuration.clone());
        let lists = [format!("{word}PolicyList"), "AttachedManagedPolicies".to_owned()];
        let has = |key: &String| value.get(key).is_some_and(Value::is_array);
        let texts = value.get(&lists[0]).and_then(Value::as_array).into_iter().flatten();
        let texts = texts.into_iter().all(|it| it.get("PolicyDocument").is_some_and(|it| !it.is_null()));
        let member = word != "User" || value.get("GroupList").is_some_and(Value::is_array);
        if !lists.iter().all(has) || !texts || !member {
            self.gap_of(account, gap(POLICIES, "", "the query does not select them"));
        }
        let tags: Vec<Tag> = tags(&item.tags);
        if let Some(value) = value.as_object_mut()
            && !value.contains_key("Tags")
        {
            let tags = tags.iter().map(|tag| json!({ "Key": tag.key, "Value": tag.value }));
            value.insert("Tags".to_owned(), tags.collect());
        }
        value
    }

    /// A resource with a policy, where the item has the policy.
    fn resource(&mut self, account: String, item: &Item) {
        let more = |name: &str| {
            let value = unwrapped(item.supplementary_configuration.get(name).cloned().unwrap_or_default());
            // S3 puts the text of the policy into a field of its own.
            unwrapped(value.get("policyText").cloned().unwrap_or(value))
        };
        let own = |name: &str| unwrapped(item.configuration.get(name).cloned().unwrap_or_default());
        let policy = |value: Value| (!value.is_null()).then(|| value.to_string());
        let (arn, name) = (item.arn.as_str(), item.resource_name.as_str());
        let mut found: Vec<(&str, &str, Value)> = Vec::new();
        let policy = match item.resource_type.as_str() {
            "AWS::S3::Bucket" => {
                let bucket = if name.is_empty() { item.resource_id.as_str() } else { name };
                let bucket_arn = format!("arn:aws:s3:::{bucket}");
                found.push((
                    "aws_s3_bucket",
                    bucket,
                    json!({ "arn": bucket_arn, "id": bucket, "bucket": bucket }),
                ));
                let text = policy(more("BucketPolicy"));
                if let Some(text) = &text {
                    let values = json!({ "id": bucket, "bucket": bucket, "policy": text });
                    found.push(("aws_s3_bucket_policy", bucket, values));
                }
                let block = more("PublicAccessBlockConfiguration");
                if let Some(flag) = block.get("blockPublicAcls") {
                    let of = |name: &str| block.get(name).cloned().unwrap_or_default();
                    let values = json!({
                        "bucket": bucket, "block_public_acls": flag, "block_public_policy": of("blockPublicPolicy"),
                        "ignore_public_acls": of("ignorePublicAcls"),
                        "restrict_public_buckets": of("restrictPublicBuckets"),
                    });
                    found.push(("aws_s3_bucket_public_access_block", bucket, values));
                }
                text
            }
            "AWS::KMS::Key" => {
                let text = policy(more("Policy"));
                let values =
                    json!({ "arn": arn, "id": item.resource_id, "key_id": item.resource_id, "policy": text });
                found.extend(text.is_some().then_some(("aws_kms_key", arn, values)));
                text
            }
            "AWS::SQS::Queue" => {
                let text = policy(own("Policy"));
                let values = json!({ "arn": arn, "id": item.resource_id, "name": name, "policy": text });
                found.extend(text.is_some().then_some(("aws_sqs_queue", arn, values)));
                text
            }
            "AWS::SNS::Topic" => {
                let text = policy(own("Policy"));
                let values = json!({ "arn": arn, "id": arn, "name": name, "policy": text });
                found.extend(text.is_some().then_some(("aws_sns_topic", arn, values)));
                text
            }
            // Other types have nothing that is read.
            _ => return,
        };
        if policy.is_none() {
            let why = "the items do not have them, or the resources have none";
            self.gap_of(&account, gap("the policies of some buckets, keys, queues and topics", "", why));
        }
        let resources = found.into_iter().map(|(kind, id, values)| Found {
            kind: kind.to_owned(),
            id: id.to_owned(),
            region: item.aws_region.clone(),
            values: if let Value::Object(values) = values { values } else { Map::new() },
            unknown: Vec::new(),
        });
        let resources = resources.collect();
        self.part(crate::AccountPart { account, resources, ..Default::default() });
    }
}

fn typed<T: DeserializeOwned>(mut value: Value, item: &Item) -> Result<T, serde_json::Error> {
    if let Some(value) = value.as_object_mut()
        && !value.contains_key("Arn")
    {
        value.insert("Arn".to_owned(), item.arn.as_str().into());
    }
    if value.is_null() {
        value = json!({ "Arn": item.arn });
    }
    serde_json::from_value(value)
}

/// JSON that may be in a text, and with `%` escapes.
fn unwrapped(value: Value) -> Value {
    let Value::String(text) = &value else { return value };
    let text = crate::unescaped(text);
    serde_json::from_str(&text).unwrap_or(value)
}

/// The names of the API of a service from those of Config: `roleName` is `RoleName`.
fn pascal(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(pascal).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| {
                let mut letters = key.chars();
                let first = letters.next().map(|it| it.to_ascii_uppercase());
                let key: String = first.into_iter().chain(letters).collect();
                // The text of a policy keeps its names.
                let value = if key.ends_with("Document") { value } else { pascal(value) };
                (key, value)
            })
            .collect::<Map<String, Value>>()
            .into(),
        other => other,
    }
}

fn tags(value: &Value) -> Vec<Tag> {
    let text = |it: &Value, name: &str| it.get(name).and_then(Value::as_str).map(str::to_owned);
    let items = value.as_array().into_iter().flatten();
    items.filter_map(|it| Some(Tag { key: text(it, "key")?, value: text(it, "value")? })).collect()
}
