//! What each resource type of the AWS provider is in a management account; generated, see `data/`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a resource type is in a management account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResourceType {
    /// It does not belong there: the category.
    Workload(&'static str),
    /// It is what a management account is for.
    Governance,
    /// A part of something else, or what every account has.
    Neutral,
    /// No version of the provider that was looked at has it, and its service has types of several sorts or none.
    Undecided,
}

const TABLE: &str = include_str!("../data/resource-types.tsv");

/// Services of CloudFormation that the AWS provider calls otherwise, both without `_`.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("amazonmq", "mq"),
    ("aps", "prometheus"),
    ("cassandra", "keyspaces"),
    ("certificatemanager", "acm"),
    ("elasticloadbalancing", "elb"),
    ("elasticloadbalancingv2", "lb"),
    ("events", "cloudwatchevent"),
    ("logs", "cloudwatchlog"),
    ("opensearchservice", "opensearch"),
    ("serverless", "lambda"),
    ("stepfunctions", "sfn"),
];

/// Types of CloudFormation that the AWS provider calls otherwise, by service and name in lower case, sorted.
const OTHER_TYPES: &[(&str, &str)] = &[
    ("applicationautoscalingscalabletarget", "aws_appautoscaling_target"),
    ("applicationautoscalingscalingpolicy", "aws_appautoscaling_policy"),
    ("autoscalingautoscalinggroup", "aws_autoscaling_group"),
    ("autoscalinglaunchconfiguration", "aws_launch_configuration"),
    ("autoscalingscalingpolicy", "aws_autoscaling_policy"),
    ("backupbackupplan", "aws_backup_plan"),
    ("backupbackupselection", "aws_backup_selection"),
    ("backupbackupvault", "aws_backup_vault"),
    ("cloudwatchalarm", "aws_cloudwatch_metric_alarm"),
    ("ec2securitygroupegress", "aws_security_group_rule"),
    ("ec2securitygroupingress", "aws_security_group_rule"),
    ("ec2subnetroutetableassociation", "aws_route_table_association"),
    ("ec2volume", "aws_ebs_volume"),
    ("ec2vpcgatewayattachment", "aws_internet_gateway_attachment"),
    ("elasticachecachecluster", "aws_elasticache_cluster"),
    ("elasticloadbalancingloadbalancer", "aws_elb"),
    ("elasticloadbalancingv2loadbalancer", "aws_lb"),
    ("eventschemasregistry", "aws_schemas_registry"),
    ("eventseventbus", "aws_cloudwatch_event_bus"),
    ("inspectorv2filter", "aws_inspector2_filter"),
    ("lambdaurl", "aws_lambda_function_url"),
    ("lambdaversion", "aws_lambda_alias"),
    ("neptunedbcluster", "aws_neptune_cluster"),
    ("neptunedbinstance", "aws_neptune_cluster_instance"),
    ("route53hostedzone", "aws_route53_zone"),
    ("route53recordset", "aws_route53_record"),
    ("route53recordsetgroup", "aws_route53_record"),
    ("route53resolverresolverrule", "aws_route53_resolver_rule"),
    ("snssubscription", "aws_sns_topic_subscription"),
];

/// Services of CloudFormation whose name types of the AWS provider leave out: `AWS::EC2::Instance` is `aws_instance`.
const LEFT_OUT: [&str; 2] = ["ec2", "rds"];

impl ResourceType {
    /// What a type of the AWS provider is; `None` when the table does not have it.
    pub fn of(resource: &str) -> Option<Self> {
        TYPES
            .binary_search_by(|(name, _)| (*name).cmp(resource))
            .ok()
            .and_then(|at| TYPES.get(at))
            .map(|(_, kind)| *kind)
    }

    /// What a type is, also one that the table does not have: a new version of the AWS provider has more of them, and the
    /// Cloud Control provider (`awscc_s3_bucket`) and CloudFormation (`AWS::S3::Bucket`) have names of their own. Then the
    /// types of the same service decide.
    pub(crate) fn decided(resource: &str) -> Self {
        if let Some(kind) = Self::of(resource) {
            return kind;
        }
        if let Some(name) = resource.strip_prefix("aws_") {
            let service = name.split('_').next().unwrap_or_default();
            let start = format!("aws_{service}_");
            let from = TYPES.partition_point(|(name, _)| *name < start.as_str());
            let same = TYPES.iter().skip(from).take_while(|(name, _)| name.starts_with(&start));
            return Self::of_service(same.map(|(_, kind)| *kind));
        }
        let parts = resource.strip_prefix("awscc_").map(|name| name.split_once('_').unwrap_or((name, "")));
        let parts = parts.or_else(|| resource.strip_prefix("AWS::").and_then(|name| name.split_once("::")));
        // Whatever other providers manage is in no account of AWS; longer names are types of parameters.
        let Some((service, name)) = parts.filter(|(_, name)| !name.contains("::")) else {
            return Self::Neutral;
        };
        let (service, name) = (plain(service), plain(name));
        let whole = format!("{service}{name}");
        if let Ok(at) = OTHER_TYPES.binary_search_by(|(known, _)| (*known).cmp(&whole)) {
            return OTHER_TYPES.get(at).and_then(|(_, other)| Self::of(other)).unwrap_or(Self::Undecided);
        }
        let other = OTHER_NAMES.iter().find(|(known, _)| *known == service);
        let service = other.map_or(service.as_str(), |(_, other)| *other);
        let exact = BY_PLAIN_NAME.get(&format!("{service}{name}"));
        let short = || BY_PLAIN_NAME.get(&name).filter(|_| LEFT_OUT.contains(&service));
        if let Some(kind) = exact.or_else(short) {
            return *kind;
        }
        let from = BY_PLAIN_NAME.range(service.to_owned()..);
        Self::of_service(from.take_while(|(name, _)| name.starts_with(service)).map(|(_, kind)| *kind))
    }

    /// What the types of a service make of another one.
    fn of_service(kinds: impl Iterator<Item = Self>) -> Self {
        let kinds: Vec<Self> = kinds.collect();
        let workloads = kinds.iter().filter(|kind| matches!(kind, Self::Workload(_))).count();
        let workload = kinds.iter().copied().find(|kind| matches!(kind, Self::Workload(_)));
        match workload {
            _ if kinds.is_empty() => Self::Undecided,
            // A service of which nothing is a workload.
            None if kinds.contains(&Self::Governance) => Self::Governance,
            None => Self::Neutral,
            // A service of which everything else is a workload, or part of one.
            Some(workload) if !kinds.contains(&Self::Governance) && workloads * 2 > kinds.len() => workload,
            Some(_) => Self::Undecided,
        }
    }

    /// Whether resources of the type are workloads, or may be.
    pub(crate) fn may_be_workload(self) -> bool {
        matches!(self, Self::Workload(_) | Self::Undecided)
    }

    /// The category of a workload.
    pub(crate) fn category(self) -> Option<&'static str> {
        match self {
            Self::Workload(category) => Some(category),
            Self::Governance | Self::Neutral | Self::Undecided => None,
        }
    }
}

/// A name without what its writers disagree about.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect()
}

/// The table by the names of its types without `aws` and `_`.
static BY_PLAIN_NAME: LazyLock<BTreeMap<String, ResourceType>> = LazyLock::new(|| {
    TYPES.iter().map(|(name, kind)| (plain(name.strip_prefix("aws_").unwrap_or(name)), *kind)).collect()
});

static TYPES: LazyLock<Vec<(&'static str, ResourceType)>> = LazyLock::new(|| {
    let read = |line: &'static str| {
        let mut parts = line.split('\t');
        let name = parts.next()?;
        let kind = match (parts.next()?, parts.next()) {
            ("workload", Some(category)) => ResourceType::Workload(category),
            ("governance", None) => ResourceType::Governance,
            ("neutral", None) => ResourceType::Neutral,
            _ => return None,
        };
        Some((name, kind))
    };
    TABLE.lines().filter_map(read).collect()
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::{BY_PLAIN_NAME, OTHER_NAMES, OTHER_TYPES, ResourceType, TABLE, TYPES};

    /// A type that a new version of the provider has is decided before the version is supported.
    #[test]
    fn every_type_of_the_provider_is_decided() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/provider-schema");
        let mut provided = BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            provided.extend(text.lines().map(str::to_owned));
        }
        let decided: BTreeSet<String> = TYPES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert!(provided.len() > 1_500);
        assert_eq!(decided, provided, "run `crates/orgward-org/data/generate-resource-types`");
        assert_eq!(TYPES.len(), TABLE.lines().count(), "every line is read");
        assert!(TYPES.is_sorted_by_key(|(name, _)| *name));
    }

    #[test]
    fn other_names_are_sorted_and_stand_for_types_of_the_table() {
        assert!(OTHER_TYPES.is_sorted_by_key(|(name, _)| *name));
        for (name, other) in OTHER_TYPES {
            assert!(ResourceType::of(other).is_some(), "{name}");
        }
        for (name, other) in OTHER_NAMES {
            assert!(BY_PLAIN_NAME.keys().any(|known| known.starts_with(other)), "{name}");
        }
    }

    #[test]
    fn the_workload_counts_and_its_parts_do_not() {
        let category = |resource| ResourceType::decided(resource).category();
        for (resource, expected) in [
            ("aws_s3_bucket", Some("storage")),
            ("aws_s3_bucket_versioning", None),
            ("aws_instance", Some("compute")),
            ("aws_db_instance", Some("data")),
            ("aws_rds_cluster_instance", Some("data")),
            ("aws_rds_cluster_parameter_group", None),
            ("aws_vpc_endpoint", None),
            ("aws_fsx_lustre_file_system", Some("storage")),
            ("aws_bedrock_guardrail", Some("machine learning")),
            ("aws_iot_topic_rule", Some("IoT")),
            ("aws_organizations_account", None),
            ("aws_cloudtrail", None),
            ("aws_iam_role", None),
            ("null_resource", None),
        ] {
            assert_eq!(category(resource), expected, "{resource}");
        }
    }

    /// No version that was looked at has these; their services tell, or nothing does.
    #[test]
    fn the_service_decides_about_types_that_are_not_in_the_table() {
        use ResourceType::{Neutral, Undecided, Workload};
        for (resource, expected) in [
            ("aws_sagemaker_new_thing", Workload("machine learning")),
            ("aws_dsql_new_thing", Workload("data")),
            ("aws_s3vectors_vector_bucket", Undecided),
            ("aws_lbx", Undecided),
            ("awscc_s3_bucket", Workload("storage")),
            ("awscc_ec2_instance", Workload("compute")),
            ("awscc_rds_db_instance", Workload("data")),
            ("awscc_kinesisfirehose_delivery_stream", Workload("queue")),
            ("awscc_elasticloadbalancingv2_load_balancer", Workload("network")),
            ("awscc_novel_thing", Undecided),
            ("AWS::Lambda::Function", Workload("compute")),
            ("AWS::DynamoDB::Table", Workload("data")),
            ("AWS::EC2::VPC", Workload("network")),
            ("AWS::S3::BucketPolicy", Neutral),
            ("AWS::CloudWatch::Alarm", Neutral),
            ("AWS::IAM", Neutral),
            ("AWS::EC2::Image::Id", Neutral),
            ("Custom::Thing", Neutral),
            ("random_id", Neutral),
        ] {
            assert_eq!(ResourceType::decided(resource), expected, "{resource}");
        }
        for resource in ["aws_organizations_new_thing", "awscc_organizations_account", "AWS::SSO::Assignment"]
        {
            assert!(!ResourceType::decided(resource).may_be_workload(), "{resource}");
        }
    }
}
