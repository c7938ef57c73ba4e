//! Resources with policies, and trails: what a few services say, in the form of the resources of Terraform.

use std::fmt::Write as _;

use orgward_snapshot::{AccountPart, Found};
use serde_json::{Map, Value, json};

use crate::actions::{self, Action};
use crate::organization::{Fatal, optional};
use crate::refused::Refused;
use crate::signed::{Call, Signed, element, elements};

/// The flags of a block of public access, as Terraform and as S3 call them.
const FLAGS: [(&str, &str); 4] = [
    ("block_public_acls", "BlockPublicAcls"),
    ("block_public_policy", "BlockPublicPolicy"),
    ("ignore_public_acls", "IgnorePublicAcls"),
    ("restrict_public_buckets", "RestrictPublicBuckets"),
];

/// Reads the resources of an account, in some regions. Blocks while it waits for answers.
pub(crate) fn read(signed: &Signed, account: &str, regions: &[String]) -> Result<AccountPart, Fatal> {
    let kinds = ["ecr-repository", "kms", "s3", "secretsmanager", "sns", "sqs"].map(str::to_owned);
    let part = AccountPart {
        account: account.to_owned(),
        regions: regions.to_vec(),
        kinds: kinds.into(),
        ..AccountPart::default()
    };
    let mut reader = Reader { signed, part };
    let Some(first) = regions.first() else { return Ok(reader.part) };
    reader.buckets(first)?;
    for region in regions {
        reader.keys(region)?;
        reader.secrets(region)?;
        reader.queues(region)?;
        reader.topics(region)?;
        reader.repositories(region)?;
        reader.trails(region)?;
    }
    reader.part.resources.sort_by(|a, b| (&a.kind, &a.id).cmp(&(&b.kind, &b.id)));
    Ok(reader.part)
}

struct Reader<'r> {
    signed: &'r Signed,
    part: AccountPart,
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl Reader<'_> {
    fn add(&mut self, kind: &str, id: &str, region: &str, values: Value, unknown: &[&str]) {
        let values = if let Value::Object(values) = values { values } else { Map::new() };
        self.part.resources.push(Found {
            kind: kind.to_owned(),
            id: id.to_owned(),
            region: region.to_owned(),
            values,
            unknown: unknown.iter().map(|name| (*name).to_owned()).collect(),
        });
    }

    /// An answer that can be missing.
    fn take<T>(&mut self, answer: Result<T, Refused>, action: &'static Action) -> Result<Option<T>, Fatal> {
        optional(answer, action, &mut self.part.gaps)
    }

    /// A policy that can be missing in two ways: there is none, or it cannot be read.
    fn policy(
        &mut self,
        answer: Result<Option<String>, Refused>,
        action: &'static Action,
    ) -> Result<(Option<String>, &'static [&'static str]), Fatal> {
        match answer {
            Err(refused) if refused.is_absent() => Ok((None, &[])),
            answer => Ok(match self.take(answer, action)? {
                Some(policy) => (policy, &[]),
                None => (None, &["policy"]),
            }),
        }
    }

    fn keys(&mut self, region: &str) -> Result<(), Fatal> {
        let paging = ("Keys", "Marker", "NextMarker");
        let keys = self.signed.pages("kms", region, "TrentService.ListKeys", paging);
        for key in self.take(keys, &actions::LIST_KEYS)?.unwrap_or_default() {
            let (id, arn) = (text(&key, "KeyId"), text(&key, "KeyArn"));
            let asked = json!({ "KeyId": id });
            let described = self.signed.json("kms", region, "TrentService.DescribeKey", &asked);
            let described = self.take(described, &actions::DESCRIBE_KEY)?;
            let of_aws =
                described.is_some_and(|it| it.pointer("/KeyMetadata/KeyManager") == Some(&"AWS".into()));
            if of_aws {
                continue;
            }
            let asked = json!({ "KeyId": id, "PolicyName": "default" });
            let policy = self.signed.json("kms", region, "TrentService.GetKeyPolicy", &asked);
            let policy = policy.map(|it| Some(text(&it, "Policy").to_owned()));
            let (policy, unknown) = self.policy(policy, &actions::GET_KEY_POLICY)?;
            self.add(
                "aws_kms_key",
                arn,
                region,
                json!({ "arn": arn, "id": id, "key_id": id, "policy": policy }),
                unknown,
            );
        }
        Ok(())
    }

    fn secrets(&mut self, region: &str) -> Result<(), Fatal> {
        let paging = ("SecretList", "NextToken", "NextToken");
        let secrets = self.signed.pages("secretsmanager", region, "secretsmanager.ListSecrets", paging);
        for secret in self.take(secrets, &actions::LIST_SECRETS)?.unwrap_or_default() {
            let (arn, name) = (text(&secret, "ARN"), text(&secret, "Name"));
            let asked = json!({ "SecretId": arn });
            let policy =
                self.signed.json("secretsmanager", region, "secretsmanager.GetResourcePolicy", &asked);
            let policy = policy.map(|it| it.get("ResourcePolicy").and_then(Value::as_str).map(str::to_owned));
            let (policy, unknown) = self.policy(policy, &actions::GET_SECRET_POLICY)?;
            let values = json!({ "arn": arn, "id": arn, "name": name, "policy": policy });
            self.add("aws_secretsmanager_secret", arn, region, values, unknown);
        }
        Ok(())
    }

    fn queues(&mut self, region: &str) -> Result<(), Fatal> {
        let paging = ("QueueUrls", "NextToken", "NextToken");
        let queues = self.signed.pages("sqs", region, "AmazonSQS.ListQueues", paging);
        for queue in self.take(queues, &actions::LIST_QUEUES)?.unwrap_or_default() {
            let url = queue.as_str().unwrap_or_default();
            let asked = json!({ "QueueUrl": url, "AttributeNames": ["Policy", "QueueArn"] });
            let attributes = self.signed.json("sqs", region, "AmazonSQS.GetQueueAttributes", &asked);
            // Without its attributes not even its ARN is known.
            let Some(attributes) = self.take(attributes, &actions::GET_QUEUE)? else { continue };
            let of = |name: &str| attributes.pointer(&format!("/Attributes/{name}")).and_then(Value::as_str);
            let arn = of("QueueArn").unwrap_or_default();
            let name = arn.rsplit(':').next();
            let values = json!({ "arn": arn, "id": url, "url": url, "name": name, "policy": of("Policy") });
            self.add("aws_sqs_queue", arn, region, values, &[]);
        }
        Ok(())
    }

    fn topics(&mut self, region: &str) -> Result<(), Fatal> {
        let call = |body: String| Call {
            service: "sns",
            region,
            method: "POST",
            path: "/".to_owned(),
            headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
            body,
        };
        let (mut arns, mut token): (Vec<String>, Option<String>) = (Vec::new(), None);
        loop {
            let next =
                token.as_ref().map(|token| format!("&NextToken={}", escaped(token))).unwrap_or_default();
            let answer = self.signed.send(&call(format!("Action=ListTopics&Version=2010-03-31{next}")));
            let Some(answer) = self.take(answer, &actions::LIST_TOPICS)? else { break };
            arns.extend(elements(&answer, "TopicArn").into_iter().map(str::to_owned));
            let next = element(&answer, "NextToken");
            if next.is_none() || next == token {
                break;
            }
            token = next;
        }
        for arn in arns {
            let body = format!("Action=GetTopicAttributes&Version=2010-03-31&TopicArn={}", escaped(&arn));
            let policy = self.signed.send(&call(body)).map(|answer| {
                let entries = elements(&answer, "entry");
                let policy = entries.into_iter().find(|entry| entry.contains("<key>Policy</key>"));
                policy.and_then(|entry| element(entry, "value"))
            });
            let (policy, unknown) = self.policy(policy, &actions::GET_TOPIC)?;
            let name = arn.rsplit(':').next();
            let values = json!({ "arn": arn, "id": arn, "name": name, "policy": policy });
            self.add("aws_sns_topic", &arn, region, values, unknown);
        }
        Ok(())
    }

    fn repositories(&mut self, region: &str) -> Result<(), Fatal> {
        const SERVICE: &str = "AmazonEC2ContainerRegistry_V20150921";
        let paging = ("repositories", "nextToken", "nextToken");
        let target = format!("{SERVICE}.DescribeRepositories");
        let repositories = self.signed.pages("ecr", region, &target, paging);
        for repository in self.take(repositories, &actions::LIST_REPOSITORIES)?.unwrap_or_default() {
            let (arn, name) = (text(&repository, "repositoryArn"), text(&repository, "repositoryName"));
            let asked = json!({ "repositoryName": name });
            let policy = self.signed.json("ecr", region, &format!("{SERVICE}.GetRepositoryPolicy"), &asked);
            let policy = policy.map(|it| Some(text(&it, "policyText").to_owned()));
            let (policy, unknown) = self.policy(policy, &actions::GET_REPOSITORY_POLICY)?;
            self.add("aws_ecr_repository", arn, region, json!({ "arn": arn, "id": name, "name": name }), &[]);
            if policy.is_some() || !unknown.is_empty() {
                let values = json!({ "repository": name, "policy": policy });
                self.add("aws_ecr_repository_policy", arn, region, values, unknown);
            }
        }
        Ok(())
    }

    /// Trails of the account, in the region that they are made in: others only show them.
    fn trails(&mut self, region: &str) -> Result<(), Fatal> {
        const SERVICE: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";
        let asked = json!({ "includeShadowTrails": false });
        let trails = self.signed.json("cloudtrail", region, &format!("{SERVICE}.DescribeTrails"), &asked);
        let trails = self.take(trails, &actions::LIST_TRAILS)?.unwrap_or_default();
        for trail in trails.get("trailList").and_then(Value::as_array).into_iter().flatten() {
            let (arn, name) = (text(trail, "TrailARN"), text(trail, "Name"));
            // Members see the trail of the organization, which is the management account's.
            if arn.split(':').nth(4) != Some(self.part.account.as_str()) {
                continue;
            }
            let status = self.signed.json(
                "cloudtrail",
                region,
                &format!("{SERVICE}.GetTrailStatus"),
                &json!({ "Name": arn }),
            );
            let status = self.take(status, &actions::GET_TRAIL)?;
            let unknown: &[&str] = if status.is_some() { &[] } else { &["enable_logging"] };
            let is = |name: &str| trail.get(name).and_then(Value::as_bool).unwrap_or_default();
            let values = json!({
                "arn": arn, "id": arn, "name": name,
                "enable_logging": status.as_ref().and_then(|it| it.get("IsLogging")),
                "is_organization_trail": is("IsOrganizationTrail"),
                "is_multi_region_trail": is("IsMultiRegionTrail"),
                "include_global_service_events": is("IncludeGlobalServiceEvents"),
                "enable_log_file_validation": is("LogFileValidationEnabled"),
                "kms_key_id": text(trail, "KmsKeyId"), "s3_bucket_name": text(trail, "S3BucketName"),
                "cloud_watch_logs_group_arn": text(trail, "CloudWatchLogsLogGroupArn"),
            });
            self.add("aws_cloudtrail", arn, region, values, unknown);
        }
        Ok(())
    }

    /// Buckets of all regions.
    fn buckets(&mut self, home: &str) -> Result<(), Fatal> {
        let get = |region: &str, path: String| {
            let call =
                Call { service: "s3", region, method: "GET", path, headers: Vec::new(), body: String::new() };
            self.signed.send(&call)
        };
        let (mut buckets, mut token): (Vec<(String, String)>, Option<String>) = (Vec::new(), None);
        loop {
            let next = token
                .as_ref()
                .map(|token| format!("&continuation-token={}", escaped(token)))
                .unwrap_or_default();
            let answer = get(home, format!("/?max-buckets=1000{next}"));
            let Some(answer) = self.take(answer, &actions::LIST_BUCKETS)? else { return Ok(()) };
            for bucket in elements(&answer, "Bucket") {
                let region = element(bucket, "BucketRegion").unwrap_or_else(|| home.to_owned());
                buckets.extend(element(bucket, "Name").map(|name| (name, region)));
            }
            let next = element(&answer, "ContinuationToken");
            if next.is_none() || next == token {
                break;
            }
            token = next;
        }
        for (name, region) in buckets {
            let policy = get(&region, format!("/{name}?policy")).map(Some);
            let block = get(&region, format!("/{name}?publicAccessBlock"));
            let (policy, unknown) = self.policy(policy, &actions::GET_BUCKET_POLICY)?;
            let arn = format!("arn:aws:s3:::{name}");
            self.add("aws_s3_bucket", &name, &region, json!({ "arn": arn, "id": name, "bucket": name }), &[]);
            if policy.is_some() || !unknown.is_empty() {
                let values = json!({ "id": name, "bucket": name, "policy": policy });
                self.add("aws_s3_bucket_policy", &name, &region, values, unknown);
            }
            match block {
                // Buckets without a block are those that were made before 2023.
                Err(refused) if refused.is_absent() => {}
                block => {
                    let block = self.take(block, &actions::GET_BUCKET_BLOCK)?;
                    let flags = FLAGS.iter().map(|(name, element_name)| {
                        let flag = block.as_ref().and_then(|it| element(it, element_name));
                        ((*name).to_owned(), Value::from(flag.as_deref() == Some("true")))
                    });
                    let mut values: Map<String, Value> = flags.collect();
                    values.insert("bucket".to_owned(), name.as_str().into());
                    let unknown =
                        if block.is_some() { Vec::new() } else { FLAGS.map(|(name, _)| name).into() };
                    self.add("aws_s3_bucket_public_access_block", &name, &region, values.into(), &unknown);
                }
            }
        }
        Ok(())
    }
}

/// Text in a query.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(char::from(byte));
        } else {
            // Writing into a string never fails.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
