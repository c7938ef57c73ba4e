//! Resources with policies, trails and detection: what services say, in the form of the resources of Terraform.

use std::fmt::Write as _;

use orgward_snapshot::{AccountPart, Found};
use serde_json::{Map, Value, json};

use crate::actions::{self, Action};
use crate::kinds::{Ask, How, Item, KINDS, Kind, Text, Where};
use crate::organization::{Fatal, optional};
use crate::refused::Refused;
use crate::signed::{Call, Signed, element, elements};

/// The word for all regions that an account can use.
pub(crate) const ALL: &str = "all";
/// The flags of a block of public access, as Terraform and as S3 call them.
const FLAGS: [(&str, &str); 4] = [
    ("block_public_acls", "BlockPublicAcls"),
    ("block_public_policy", "BlockPublicPolicy"),
    ("ignore_public_acls", "IgnorePublicAcls"),
    ("restrict_public_buckets", "RestrictPublicBuckets"),
];

/// An account whose resources are read.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) partition: String,
    /// The regions, or `all`.
    pub(crate) regions: Vec<String>,
    /// The region that is asked which there are.
    pub(crate) home: String,
}

/// Reads the resources of an account, in some regions. Blocks while it waits for answers.
pub(crate) fn read(signed: &Signed, place: &Place) -> Result<AccountPart, Fatal> {
    let part = AccountPart { account: place.account.clone(), ..AccountPart::default() };
    let mut reader = Reader { signed, place, part };
    let regions = reader.regions()?;
    reader.part.regions.clone_from(&regions);
    let Some(first) = regions.first() else { return Ok(reader.part) };
    reader.buckets(first)?;
    reader.account_block(first)?;
    for region in &regions {
        for kind in KINDS {
            reader.kind(kind, region)?;
        }
        reader.topics(region)?;
        reader.trails(region)?;
        reader.detection(region)?;
    }
    let ids = KINDS.iter().flat_map(|kind| kind.ids).copied().chain(["s3", "sns"]);
    reader.part.kinds = ids.map(str::to_owned).collect();
    reader.part.kinds.sort();
    reader.part.resources.sort_by(|a, b| (&a.kind, &a.id).cmp(&(&b.kind, &b.id)));
    Ok(reader.part)
}

pub(super) struct Reader<'r> {
    pub(super) signed: &'r Signed,
    pub(super) place: &'r Place,
    pub(super) part: AccountPart,
}

pub(super) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl<'r> Reader<'r> {
    pub(super) fn add(&mut self, kind: &str, id: &str, region: &str, values: Value, unknown: &[&str]) {
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
    pub(super) fn take<T>(
        &mut self,
        answer: Result<T, Refused>,
        action: &'static Action,
    ) -> Result<Option<T>, Fatal> {
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
                Some(policy) => (policy.filter(|it| !it.is_empty()), &[]),
                None => (None, &["policy"]),
            }),
        }
    }

    /// The regions to read: those that are named, or all that the account can use.
    fn regions(&mut self) -> Result<Vec<String>, Fatal> {
        if !self.place.regions.iter().any(|region| region == ALL) {
            return Ok(self.place.regions.clone());
        }
        let body = "Action=DescribeRegions&Version=2016-11-15".to_owned();
        let answer = self.signed.send(&form("ec2", &self.place.home, body));
        let Some(answer) = self.take(answer, &actions::LIST_REGIONS)? else { return Ok(Vec::new()) };
        let mut regions: Vec<String> =
            elements(&answer, "regionName").into_iter().map(str::to_owned).collect();
        regions.sort();
        self.part.all_regions = true;
        Ok(regions)
    }

    /// Calls an operation of the table.
    fn ask(&self, ask: &Ask, item: &Item<'_>, token: Option<(&str, &Value)>) -> Result<Value, Refused> {
        match ask.how {
            How::Target(target) => {
                let mut body = Map::new();
                for (name, value) in ask.body {
                    let value = item.fill(value);
                    // One of a list, or a number.
                    let one = value.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
                    let number = value.parse::<u32>().ok().filter(|_| *name == "MaxResults");
                    let value = one
                        .map(|one| json!([one]))
                        .or_else(|| number.map(Value::from))
                        .unwrap_or_else(|| value.clone().into());
                    body.insert((*name).to_owned(), value);
                }
                if let Some((name, token)) = token {
                    body.insert(name.to_owned(), token.clone());
                }
                self.signed.json(ask.at, item.region, target, &Value::Object(body))
            }
            How::Get(path) => {
                let mut path = item.fill(path);
                if let Some((name, token)) = token {
                    let sign = if path.contains('?') { '&' } else { '?' };
                    let token = escaped(token.as_str().unwrap_or_default());
                    // Writing into a string never fails.
                    let _ = write!(path, "{sign}{name}={token}");
                }
                self.signed.get(ask.at, item.region, path)
            }
        }
    }

    /// Resources of one kind, with their policies.
    fn kind(&mut self, kind: &Kind, region: &'r str) -> Result<(), Fatal> {
        let nothing = Value::Null;
        let place = self.place;
        let item = |member| Item {
            member,
            partition: &place.partition,
            region,
            account: &place.account,
            arn: String::new(),
        };
        let mut members = Vec::new();
        if let Some(list) = &kind.list {
            let mut token = Value::Null;
            loop {
                let asked = (!token.is_null()).then_some((list.token.0, &token));
                let answer = self.ask(&list.ask, &item(&nothing), asked);
                let Some(mut answer) = self.take(answer, list.ask.action)? else { break };
                let next = answer.get(list.token.1).cloned().unwrap_or_default();
                if let Some(Value::Array(found)) = answer.pointer_mut(list.members) {
                    members.append(found);
                }
                // The same token again would never end.
                if next.is_null() || next == "" || next == token {
                    break;
                }
                token = next;
            }
        } else {
            members.push(Value::Null);
        }
        for member in &members {
            let mut item = item(member);
            item.arn = item.fill(kind.arn);
            self.resource(kind, &item)?;
        }
        Ok(())
    }

    fn resource(&mut self, kind: &Kind, item: &Item<'_>) -> Result<(), Fatal> {
        if kind.ids == ["kms"] && self.is_key_of_aws(item)? {
            return Ok(());
        }
        let (carrier, attribute) = kind.carrier;
        let mut whole = Value::Null;
        let (policy, unknown) = match kind.policy {
            Where::Listed(pointer) => {
                (item.member.pointer(pointer).and_then(Value::as_str).map(str::to_owned), false)
            }
            Where::Asked(ask, pointer) => {
                let answer = self.ask(&ask, item, None).map(|answer| {
                    let policy = answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
                    whole = answer;
                    policy
                });
                let (policy, unknown) = self.policy(answer, ask.action)?;
                (policy, !unknown.is_empty())
            }
        };
        let policy = policy.filter(|it| !it.is_empty()).map(|policy| match kind.text {
            Text::Escaped => serde_json::from_str(&format!("\"{policy}\"")).unwrap_or(policy),
            Text::Plain | Text::Permissions => policy,
        });
        let unread: &[&str] = if unknown { &[attribute] } else { &[] };
        let is_own = kind.own.is_some_and(|own| own.kind == carrier.kind);
        if let Some(own) = &kind.own {
            let mut values = item.values(own);
            if is_own {
                values.insert(attribute.to_owned(), policy.clone().into());
                // A domain outside of a network has an empty object.
                let network = whole.pointer("/DomainStatus/VPCOptions");
                if let Some(network) = network.filter(|it| !text(it, "VPCId").is_empty()) {
                    values.insert("vpc_options".to_owned(), json!([network]));
                }
            }
            let unread = if is_own { unread } else { &[] };
            self.part.resources.push(item.found(own, values, unread));
        }
        if is_own || policy.is_none() && !unknown {
            return Ok(());
        }
        if let (Text::Permissions, Some(policy)) = (kind.text, &policy) {
            self.part.resources.extend(item.permissions(&carrier, policy));
            return Ok(());
        }
        let unread: &[&str] = if unknown && kind.text == Text::Permissions { &["principal"] } else { unread };
        let mut values = item.values(&carrier);
        values.insert(attribute.to_owned(), policy.into());
        self.part.resources.push(item.found(&carrier, values, unread));
        Ok(())
    }

    /// Whether AWS manages a key: its policy is the same everywhere.
    fn is_key_of_aws(&mut self, item: &Item<'_>) -> Result<bool, Fatal> {
        let asked = json!({ "KeyId": text(item.member, "KeyId") });
        let described = self.signed.json("kms", item.region, "TrentService.DescribeKey", &asked);
        let described = self.take(described, &actions::DESCRIBE_KEY)?;
        Ok(described.is_some_and(|it| it.pointer("/KeyMetadata/KeyManager") == Some(&"AWS".into())))
    }

    fn topics(&mut self, region: &str) -> Result<(), Fatal> {
        let (mut arns, mut token): (Vec<String>, Option<String>) = (Vec::new(), None);
        loop {
            let next =
                token.as_ref().map(|token| format!("&NextToken={}", escaped(token))).unwrap_or_default();
            let body = format!("Action=ListTopics&Version=2010-03-31{next}");
            let answer = self.signed.send(&form("sns", region, body));
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
            let policy = self.signed.send(&form("sns", region, body)).map(|answer| {
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
                    let (mut values, unknown) = flags(block.as_deref());
                    values.insert("bucket".to_owned(), name.as_str().into());
                    self.add("aws_s3_bucket_public_access_block", &name, &region, values.into(), &unknown);
                }
            }
        }
        Ok(())
    }

    /// The block of public access of the account.
    fn account_block(&mut self, region: &str) -> Result<(), Fatal> {
        let account = self.place.account.clone();
        let call = Call {
            service: "s3-control",
            region,
            method: "GET",
            path: "/v20180820/configuration/publicAccessBlock".to_owned(),
            headers: vec![("x-amz-account-id", account.clone())],
            body: String::new(),
        };
        let block = match self.signed.send(&call) {
            Err(refused) if refused.is_absent() => return Ok(()),
            answer => self.take(answer, &actions::GET_ACCOUNT_BLOCK)?,
        };
        let (mut values, unknown) = flags(block.as_deref());
        values.insert("account_id".to_owned(), account.as_str().into());
        values.insert("id".to_owned(), account.as_str().into());
        self.add("aws_s3_account_public_access_block", &account, "", values.into(), &unknown);
        Ok(())
    }
}

/// The flags of a block, and their names where it could not be read.
fn flags(block: Option<&str>) -> (Map<String, Value>, Vec<&'static str>) {
    let flags = FLAGS.iter().map(|(name, element_name)| {
        let flag = block.and_then(|it| element(it, element_name));
        ((*name).to_owned(), Value::from(flag.as_deref() == Some("true")))
    });
    (flags.collect(), if block.is_some() { Vec::new() } else { FLAGS.map(|(name, _)| name).into() })
}

/// A call of a service that takes forms.
fn form<'c>(service: &'static str, region: &'c str, body: String) -> Call<'c> {
    Call {
        service,
        region,
        method: "POST",
        path: "/".to_owned(),
        headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
        body,
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
