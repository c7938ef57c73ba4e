//! What `CloudFormation` templates hold, as far as it can be told without running them.

use serde_json::Value;

use crate::unjudged::Hidden;

/// The types whose resources govern, by how they begin.
const GOVERNING: [&str; 10] = [
    "AWS::CloudFormation::",
    "AWS::CloudTrail::",
    "AWS::ControlTower::",
    "AWS::IAM::",
    "AWS::Organizations::",
    "AWS::RolesAnywhere::",
    "AWS::SSO::",
    // Its functions bring roles.
    "AWS::Serverless::",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
    "Custom::",
];

/// The types whose resources let others in, hold a policy, or find what is wrong, by how they begin.
const PARTS: [&str; 55] = [
    "AWS::AccessAnalyzer::",
    "AWS::ApiGateway::RestApi",
    "AWS::AuditManager::",
    "AWS::Backup::BackupVault",
    "AWS::Backup::LogicallyAirGappedBackupVault",
    "AWS::CodeArtifact::Domain",
    "AWS::CodeArtifact::Repository",
    "AWS::Config::",
    "AWS::Detective::",
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::EC2::ImageBlockPublicAccess",
    "AWS::EC2::LaunchPermission",
    "AWS::EC2::SnapshotBlockPublicAccess",
    "AWS::EC2::VPCEndpoint",
    "AWS::ECR::PublicRepository",
    "AWS::ECR::RegistryPolicy",
    "AWS::ECR::Repository",
    "AWS::EFS::FileSystem",
    "AWS::Elasticsearch::Domain",
    "AWS::Events::EventBus",
    "AWS::FMS::",
    "AWS::Glue::ResourcePolicy",
    "AWS::GuardDuty::",
    "AWS::InspectorV2::",
    "AWS::KMS::Key",
    "AWS::KMS::ReplicaKey",
    "AWS::Kinesis::ResourcePolicy",
    "AWS::LakeFormation::",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::Logs::Destination",
    "AWS::Logs::ResourcePolicy",
    "AWS::Macie::",
    "AWS::OpenSearchServerless::AccessPolicy",
    "AWS::OpenSearchServerless::SecurityPolicy",
    "AWS::OpenSearchService::Domain",
    "AWS::RAM::ResourceShare",
    "AWS::Redshift::EndpointAuthorization",
    "AWS::S3::AccessGrant",
    "AWS::S3::AccessPoint",
    "AWS::S3::BucketPolicy",
    "AWS::S3::MultiRegionAccessPoint",
    "AWS::S3Express::BucketPolicy",
    "AWS::S3ObjectLambda::AccessPointPolicy",
    "AWS::S3Outposts::BucketPolicy",
    "AWS::S3Tables::",
    "AWS::SNS::TopicInlinePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::SecurityHub::",
    "AWS::SecurityLake::",
];

/// How much resources of a type can change: identities, policies, the organization and its trails, or a part of who may do
/// what.
pub(crate) fn weight(kind: &str) -> Option<Hidden> {
    // Modules and extensions of others can hold anything.
    let is_of_aws = kind.starts_with("AWS::") || kind.starts_with("Alexa::");
    let begins = |heads: &[&str]| heads.iter().any(|head| kind.starts_with(head));
    if !is_of_aws || kind.ends_with("::MODULE") || begins(&GOVERNING) {
        Some(Hidden::Anything)
    } else {
        begins(&PARTS).then_some(Hidden::Part)
    }
}

/// Whether a type of the Cloud Control provider is one that lets others in, holds a policy, or finds what is wrong:
/// `awscc_s3_bucket_policy` is `AWS::S3::BucketPolicy`.
pub(crate) fn is_part(kind: &str) -> bool {
    let Some(name) = kind.strip_prefix("awscc_") else { return false };
    let name = name.replace('_', "");
    let plain = |head: &str| head.trim_start_matches("AWS").replace(':', "").to_ascii_lowercase();
    PARTS.iter().any(|head| name.starts_with(&plain(head)))
}

/// Whether resources of a type can change who may do what.
pub(crate) fn governs(kind: &str) -> bool {
    weight(kind).is_some()
}

/// The types in a template that govern; `None` where its text does not say what it holds: macros make resources of
/// others.
pub(crate) fn governing(body: &str) -> Option<Vec<String>> {
    let mut types = types(body)?;
    // What was not read as the type of a resource is a service alone, or begins like one of its types.
    let is_head = |kind: &str| GOVERNING.iter().chain(&PARTS).any(|head| head.trim_end_matches("::") == kind);
    types.retain(|kind| governs(kind) || is_head(kind));
    Some(types)
}

/// The types in a template; `None` where its text does not say what it holds.
pub(crate) fn types(body: &str) -> Option<Vec<String>> {
    match serde_json::from_str::<Value>(body) {
        Ok(template) => of_json(&template),
        Err(_) => of_yaml(body),
    }
}

fn of_json(template: &Value) -> Option<Vec<String>> {
    let resources = template.get("Resources")?.as_object()?;
    if template.get("Transform").is_some() || mentions(template, "Fn::Transform") {
        return None;
    }
    let mut types = Vec::new();
    for resource in resources.values() {
        types.push(resource.get("Type")?.as_str()?.to_owned());
    }
    Some(types)
}

fn mentions(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(entries) => {
            entries.iter().any(|(name, value)| name.starts_with(key) || mentions(value, key))
        }
        Value::Array(items) => items.iter().any(|item| mentions(item, key)),
        _ => false,
    }
}

/// The types in a template that is written in YAML. Its structure is not read: escapes, anchors, tags and macros can
/// make other text of it, and what has them is not told.
fn of_yaml(body: &str) -> Option<Vec<String>> {
    const OPAQUE: [&str; 8] = ["Transform", "\\u", "\\x", "\\U", "\\\n", "Fn::ForEach", "<<:", "!!"];
    if !body.contains("Resources") || OPAQUE.iter().any(|sign| body.contains(sign)) {
        return None;
    }
    let mut types = Vec::new();
    for line in body.lines() {
        let Some((_, rest)) = line.split_once("Type") else { continue };
        let rest = rest.trim_start_matches(['"', '\'', ' ']);
        let Some(value) = rest.strip_prefix(':') else { continue };
        let kind: String = value
            .trim_start_matches([' ', '"', '\''])
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '@' | '-'))
            .collect();
        // A type on a line of its own, an alias, or text in which the word stands.
        if kind.is_empty() || value.trim_start().starts_with(['|', '>', '&', '*', '!']) {
            return None;
        }
        if kind.contains("::") {
            // A type that goes on in the next line.
            if kind.split("::").count() < 3 || kind.split("::").any(str::is_empty) {
                return None;
            }
            types.push(kind);
        }
    }
    // Whatever was not read as the type of a resource.
    for head in GOVERNING.iter().chain(&PARTS) {
        if body.contains(head) && !types.iter().any(|kind| kind.starts_with(head)) {
            types.push(head.trim_end_matches("::").to_owned());
        }
    }
    Some(types)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json() {
        let of = |resources: &str| governing(&format!(r#"{{"Resources":{{{resources}}}}}"#));
        assert_eq!(of(r#""A":{"Type":"AWS::S3::Bucket"}"#), Some(vec![]));
        assert_eq!(of(r#""A":{"Type":"AWS::\u0049AM::Role"}"#), Some(vec!["AWS::IAM::Role".to_owned()]));
        assert_eq!(of(r#""A":{"Type":"Acme::Org::Thing"}"#), Some(vec!["Acme::Org::Thing".to_owned()]));
        let policy = Some(vec!["AWS::S3::BucketPolicy".to_owned()]);
        assert_eq!(of(r#""A":{"Type":"AWS::S3::BucketPolicy"}"#), policy);
        assert_eq!(of(r#""A":{"Type":{"Ref":"B"}}"#), None);
        assert_eq!(governing(r#"{"Transform":"X","Resources":{"A":{"Type":"AWS::S3::Bucket"}}}"#), None);
        assert_eq!(of(r#""A":{"Type":"AWS::S3::Bucket","Properties":{"Fn::Transform":{}}}"#), None);
        assert_eq!(governing("{}"), None);
    }

    #[test]
    fn names_of_cloud_control() {
        for kind in ["awscc_s3_bucket_policy", "awscc_ec2_vpc_endpoint", "awscc_guardduty_detector"] {
            assert!(is_part(kind), "{kind}");
        }
        for kind in ["awscc_s3_bucket", "awscc_ec2_instance", "aws_s3_bucket_policy"] {
            assert!(!is_part(kind), "{kind}");
        }
        assert!(PARTS.is_sorted() && GOVERNING.is_sorted());
    }

    #[test]
    fn yaml() {
        let plain = "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n";
        assert_eq!(governing(plain), Some(vec![]));
        let role = format!("{plain}  Role:\n    Type: 'AWS::IAM::Role'\n");
        assert_eq!(governing(&role), Some(vec!["AWS::IAM::Role".to_owned()]));
        assert_eq!(
            governing(&format!("{plain}  Role: {{ Type : AWS::IAM::Role }}\n")),
            Some(vec!["AWS::IAM::Role".to_owned()])
        );
        let flow = "{Resources: {A: {Type: AWS::S3::Bucket}, B: {Type: AWS::IAM::Role}}}";
        assert_eq!(governing(flow), Some(vec!["AWS::IAM".to_owned()]));
        for hidden in
            ["Type: \"AWS::\\x49AM::Role\"", "Type:\n      AWS::IAM::Role", "Type: *kind", "Transform: Macro"]
        {
            assert_eq!(governing(&format!("{plain}  Other:\n    {hidden}\n")), None, "{hidden}");
        }
    }
}
