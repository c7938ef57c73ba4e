//! What each resource type of the AWS provider is in a management account; generated, see `data/`.

/// What a resource type is in a management account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResourceType {
    /// It does not belong there: the category.
    Workload(&'static str),
    /// It is what a management account is for.
    Governance,
    /// A part of something else, or what every account has.
    Neutral,
}

const TABLE: &str = include_str!("../data/resource-types.tsv");

impl ResourceType {
    /// What a type is; `None` when the table does not have it.
    pub fn of(resource: &str) -> Option<Self> {
        TYPES
            .binary_search_by(|(name, _)| (*name).cmp(resource))
            .ok()
            .and_then(|at| TYPES.get(at))
            .map(|(_, kind)| *kind)
    }

    /// The category of a workload. Of a type that the table does not have, the types of the same service decide: a new
    /// version of the provider has more of them.
    pub(crate) fn workload_category(resource: &str) -> Option<&'static str> {
        let kind = Self::of(resource).or_else(|| {
            let service = resource.strip_prefix("aws_")?.split('_').next()?;
            let start = format!("aws_{service}_");
            let from = TYPES.partition_point(|(name, _)| *name < start.as_str());
            let same = TYPES.iter().skip(from).take_while(|(name, _)| name.starts_with(&start));
            let kinds: Vec<Self> = same.map(|(_, kind)| *kind).collect();
            // A service of which everything else is a workload, or part of one.
            let workload = kinds.iter().copied().find(|kind| matches!(kind, Self::Workload(_)))?;
            let governs = kinds.contains(&Self::Governance);
            let workloads = kinds.iter().filter(|kind| matches!(kind, Self::Workload(_))).count();
            (!governs && workloads * 2 > kinds.len()).then_some(workload)
        })?;
        match kind {
            Self::Workload(category) => Some(category),
            Self::Governance | Self::Neutral => None,
        }
    }
}

static TYPES: std::sync::LazyLock<Vec<(&'static str, ResourceType)>> = std::sync::LazyLock::new(|| {
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

    use super::{ResourceType, TABLE, TYPES};

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
    fn the_workload_counts_and_its_parts_do_not() {
        let category = ResourceType::workload_category;
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
            ("aws_lbx", None),
            ("null_resource", None),
            // No version that was looked at has these; their services tell.
            ("aws_sagemaker_new_thing", Some("machine learning")),
            ("aws_cloudtrail_new_thing", None),
        ] {
            assert_eq!(category(resource), expected, "{resource}");
        }
    }
}
