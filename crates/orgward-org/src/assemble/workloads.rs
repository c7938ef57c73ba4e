//! Resources that are workloads, and the accounts that they land in.

use std::collections::BTreeSet;

use orgward_plan::{Attr, Evidence, Instance, Legal, Mode, Step, Strength};

use super::runs::PerKind;
use super::{Builder, Side, Stack};
use crate::{Edge, Key, Modality, Node, NodeKind, Workload};

/// Resource types that are workloads by their prefix, with the word for what they are. The longest prefix wins;
/// an empty word takes types out again. Parts of a workload (a bucket's versioning, a subnet's routes) are not
/// listed: the workload itself is.
const CATEGORIES: &[(&str, &str)] = &[
    ("aws_alb", "network"),
    ("aws_alb_", ""),
    ("aws_ami", "compute"),
    ("aws_ami_launch_permission", ""),
    ("aws_amplify_app", "compute"),
    ("aws_api_gateway_rest_api", "network"),
    ("aws_api_gateway_rest_api_policy", ""),
    ("aws_apigatewayv2_api", "network"),
    ("aws_apigatewayv2_api_mapping", ""),
    ("aws_apprunner_service", "compute"),
    ("aws_appsync_graphql_api", "network"),
    ("aws_athena_workgroup", "data"),
    ("aws_autoscaling_group", "compute"),
    ("aws_autoscaling_group_tag", ""),
    ("aws_batch_compute_environment", "compute"),
    ("aws_batch_job_definition", "compute"),
    ("aws_bedrockagent_agent", "compute"),
    ("aws_bedrockagent_agent_", ""),
    ("aws_cloudfront_distribution", "network"),
    ("aws_codebuild_project", "compute"),
    ("aws_codepipeline", "compute"),
    ("aws_codepipeline_", ""),
    ("aws_cognito_user_pool", "data"),
    ("aws_cognito_user_pool_", ""),
    ("aws_dax_cluster", "data"),
    ("aws_db_instance", "data"),
    ("aws_db_instance_", ""),
    ("aws_docdb_cluster", "data"),
    ("aws_docdb_cluster_", ""),
    ("aws_docdb_cluster_instance", "data"),
    ("aws_dynamodb_global_table", "data"),
    ("aws_dynamodb_table", "data"),
    ("aws_dynamodb_table_", ""),
    ("aws_ebs_snapshot", "storage"),
    ("aws_ebs_snapshot_block_public_access", ""),
    ("aws_ebs_volume", "storage"),
    ("aws_ec2_fleet", "compute"),
    ("aws_ec2_transit_gateway", "network"),
    ("aws_ec2_transit_gateway_", ""),
    ("aws_ecr_repository", "storage"),
    ("aws_ecr_repository_", ""),
    ("aws_ecs_cluster", "compute"),
    ("aws_ecs_cluster_", ""),
    ("aws_ecs_service", "compute"),
    ("aws_ecs_task_definition", "compute"),
    ("aws_efs_file_system", "storage"),
    ("aws_efs_file_system_policy", ""),
    ("aws_eip", "network"),
    ("aws_eip_", ""),
    ("aws_eks_cluster", "compute"),
    ("aws_eks_fargate_profile", "compute"),
    ("aws_eks_node_group", "compute"),
    ("aws_elastic_beanstalk_environment", "compute"),
    ("aws_elasticache_cluster", "data"),
    ("aws_elasticache_replication_group", "data"),
    ("aws_elasticache_serverless_cache", "data"),
    ("aws_elasticsearch_domain", "data"),
    ("aws_elasticsearch_domain_", ""),
    ("aws_elb", "network"),
    ("aws_elb_", ""),
    ("aws_emr_cluster", "compute"),
    ("aws_emrserverless_application", "compute"),
    ("aws_fsx_", "storage"),
    ("aws_glacier_vault", "storage"),
    ("aws_glacier_vault_lock", ""),
    ("aws_glue_catalog_database", "data"),
    ("aws_glue_job", "compute"),
    ("aws_instance", "compute"),
    ("aws_internet_gateway", "network"),
    ("aws_internet_gateway_attachment", ""),
    ("aws_keyspaces_table", "data"),
    ("aws_kinesis_analytics_application", "compute"),
    ("aws_kinesis_firehose_delivery_stream", "queue"),
    ("aws_kinesis_stream", "queue"),
    ("aws_kinesis_stream_consumer", ""),
    ("aws_kinesisanalyticsv2_application", "compute"),
    ("aws_lambda_function", "compute"),
    ("aws_lambda_function_", ""),
    ("aws_launch_configuration", "compute"),
    ("aws_launch_template", "compute"),
    ("aws_lb", "network"),
    ("aws_lb_", ""),
    ("aws_lightsail_", "compute"),
    ("aws_memorydb_cluster", "data"),
    ("aws_mq_broker", "queue"),
    ("aws_msk_cluster", "queue"),
    ("aws_msk_cluster_policy", ""),
    ("aws_msk_serverless_cluster", "queue"),
    ("aws_mwaa_environment", "compute"),
    ("aws_nat_gateway", "network"),
    ("aws_neptune_cluster", "data"),
    ("aws_neptune_cluster_", ""),
    ("aws_neptune_cluster_instance", "data"),
    ("aws_opensearch_domain", "data"),
    ("aws_opensearch_domain_", ""),
    ("aws_opensearchserverless_collection", "data"),
    ("aws_qldb_ledger", "data"),
    ("aws_rds_cluster", "data"),
    ("aws_rds_cluster_", ""),
    ("aws_rds_cluster_instance", "data"),
    ("aws_rds_global_cluster", "data"),
    ("aws_redshift_cluster", "data"),
    ("aws_redshift_cluster_", ""),
    ("aws_redshiftserverless_workgroup", "data"),
    ("aws_s3_bucket", "storage"),
    ("aws_s3_bucket_", ""),
    ("aws_s3_directory_bucket", "storage"),
    ("aws_s3tables_table_bucket", "storage"),
    ("aws_s3tables_table_bucket_policy", ""),
    ("aws_sagemaker_domain", "compute"),
    ("aws_sagemaker_endpoint", "compute"),
    ("aws_sagemaker_endpoint_configuration", ""),
    ("aws_sagemaker_notebook_instance", "compute"),
    ("aws_sagemaker_notebook_instance_lifecycle_configuration", ""),
    ("aws_sfn_state_machine", "compute"),
    ("aws_sns_topic", "queue"),
    ("aws_sns_topic_", ""),
    ("aws_spot_fleet_request", "compute"),
    ("aws_spot_instance_request", "compute"),
    ("aws_sqs_queue", "queue"),
    ("aws_sqs_queue_", ""),
    ("aws_subnet", "network"),
    ("aws_timestreamwrite_database", "data"),
    ("aws_transfer_server", "network"),
    ("aws_vpc", "network"),
    ("aws_vpc_", ""),
    ("aws_vpn_connection", "network"),
    ("aws_vpn_connection_route", ""),
    ("aws_vpn_gateway", "network"),
    ("aws_vpn_gateway_", ""),
    ("aws_workspaces_workspace", "compute"),
];

/// What kind of workload a resource type is; `None` when it is none.
pub(crate) fn workload_category(resource: &str) -> Option<&'static str> {
    let bytes = resource.as_bytes();
    // Candidates are the prefixes of the type: the last entry that is not greater, then shorter and shorter ones.
    let mut end = CATEGORIES.partition_point(|(prefix, _)| prefix.as_bytes() <= bytes);
    while end > 0 {
        end -= 1;
        let (prefix, word) = CATEGORIES.get(end)?;
        let ends_word = prefix.ends_with('_') || resource.len() == prefix.len();
        if resource.starts_with(prefix) && (ends_word || resource.as_bytes().get(prefix.len()) == Some(&b'_'))
        {
            return (!word.is_empty()).then_some(*word);
        }
        if !prefix.starts_with(resource.get(..6).unwrap_or(resource)) {
            return None;
        }
    }
    None
}

/// Attributes that hold the name of a bucket.
const BUCKET: Legal<'_> = Legal(&["aws_s3_bucket.bucket", "aws_s3_bucket.id"]);

impl Builder<'_, '_> {
    /// Adds the workloads. Their values stay unparsed unless their provider does not tell the account.
    pub(super) fn workloads(&mut self, side: Side) {
        let trails = self.trail_buckets();
        let mut category = PerKind::new(|instance| workload_category(&instance.kind));
        for (index, Stack { plan, name }) in self.stacks.iter().enumerate() {
            for instance in plan.instances() {
                if instance.mode != Mode::Managed
                    || instance.deposed.is_some()
                    || category.of(instance).is_none()
                    || !stands(instance, side, index < self.plans)
                    || trails.contains(&(index, instance.address.to_string()))
                {
                    continue;
                }
                let placement = plan.provider_placement(instance);
                let told = placement.evidence.iter().any(|evidence| evidence.strength >= Strength::Good);
                let placement = if told { placement } else { plan.placement(instance) };
                let owner = placement.landing().and_then(|landing| self.landing(index, landing));
                self.workload(instance, name.as_deref(), owner, placement.evidence);
            }
        }
    }

    fn workload(
        &mut self,
        instance: &Instance<'_>,
        stack: Option<&str>,
        owner: Option<crate::NodeId>,
        evidence: Vec<Evidence>,
    ) {
        let address = instance.address.as_str();
        let key = stack.map_or_else(|| address.to_owned(), |stack| format!("{stack}:{address}"));
        let at = self.add(Node {
            key: Key(key.into()),
            address: Some(instance.address.clone()),
            stack: stack.map(Into::into),
            name: Attr::Absent,
            id: Attr::Absent,
            arn: Attr::Absent,
            forgotten: false,
            kind: NodeKind::Workload(Workload { resource: instance.kind.to_string(), evidence }),
        });
        if let Some(owner) = owner {
            self.organization.graph.add_edge(owner, at, Edge::Owns(Modality::Must));
        }
    }

    /// Buckets that the organization's trail writes to: they belong in the management account or the log archive.
    fn trail_buckets(&self) -> BTreeSet<(usize, String)> {
        let mut buckets = BTreeSet::new();
        let mut names = BTreeSet::new();
        for piece in self.of_kind("aws_cloudtrail") {
            if piece.object.get("is_organization_trail").bool() != Attr::Known(true) {
                continue;
            }
            match piece.object.get("s3_bucket_name").text() {
                Attr::Known(name) => {
                    names.insert((piece.stack, name.expose().to_owned()));
                }
                Attr::Unknown => {
                    let Some(stack) = self.stacks.get(piece.stack) else { continue };
                    let path = [Step::Name("s3_bucket_name")];
                    let resolution = stack.plan.resolve(piece.instance, &path, &BUCKET);
                    if let [target] = resolution.targets.as_slice() {
                        buckets.insert((piece.stack, target.address.to_string()));
                    }
                }
                Attr::Absent => {}
            }
        }
        for (index, name) in names {
            let Some(stack) = self.stacks.get(index) else { continue };
            let found = stack.plan.instances().iter().find(|instance| {
                instance.kind == "aws_s3_bucket"
                    && instance.after().or_else(|| instance.before()).is_some_and(|object| {
                        object.get("bucket").text().known().is_some_and(|b| b.expose() == name)
                    })
            });
            buckets.extend(found.map(|instance| (index, instance.address.to_string())));
        }
        buckets
    }
}

/// Whether an instance stands on a side, told without parsing its values.
fn stands(instance: &Instance<'_>, side: Side, planned: bool) -> bool {
    use orgward_plan::Action;
    if side == Side::Before && planned {
        !matches!(instance.action, Action::Create) || instance.imported
    } else {
        !matches!(instance.action, Action::Delete)
    }
}

#[cfg(test)]
mod tests {
    use super::{CATEGORIES, workload_category};

    #[test]
    fn prefixes_are_sorted_so_that_the_search_finds_them() {
        assert!(CATEGORIES.is_sorted());
    }

    #[test]
    fn the_workload_counts_and_its_parts_do_not() {
        assert_eq!(workload_category("aws_s3_bucket"), Some("storage"));
        assert_eq!(workload_category("aws_s3_bucket_versioning"), None);
        assert_eq!(workload_category("aws_instance"), Some("compute"));
        assert_eq!(workload_category("aws_db_instance"), Some("data"));
        assert_eq!(workload_category("aws_rds_cluster_instance"), Some("data"));
        assert_eq!(workload_category("aws_rds_cluster_parameter_group"), None);
        assert_eq!(workload_category("aws_vpc_endpoint"), None);
        assert_eq!(workload_category("aws_fsx_lustre_file_system"), Some("storage"));
        assert_eq!(workload_category("aws_organizations_account"), None);
        assert_eq!(workload_category("aws_iam_role"), None);
        assert_eq!(workload_category("aws_lbx"), None);
        assert_eq!(workload_category("null_resource"), None);
    }
}
