//! Which Terraform resources carry a policy, share something, close something to the public, or run as a role.
//!
//! These tables are all that a new resource type needs.

/// A Terraform resource that sets a policy of a resource.
pub(super) struct Carrier {
    /// Its type.
    pub(super) resource: &'static str,
    /// Where the document stands: an attribute, or a path with dots.
    pub(super) document: &'static str,
    /// The attribute that names the resource; empty when the carrier is the resource itself.
    pub(super) of: &'static str,
    /// The type of the resource itself.
    pub(super) base: &'static str,
    /// The prefix of its actions.
    pub(super) service: &'static str,
    /// How its ARN ends, behind the account, with `{}` for what `of` says.
    pub(super) arn: &'static str,
}

const fn row(
    resource: &'static str,
    document: &'static str,
    of: &'static str,
    base: &'static str,
    service: &'static str,
    arn: &'static str,
) -> Carrier {
    Carrier { resource, document, of, base, service, arn }
}

/// Resources with policies, sorted by type. Statements that are attributes have no document: see `statements.rs`.
#[rustfmt::skip]
pub(super) const CARRIERS: &[Carrier] = &[
    row("aws_acmpca_policy", "policy", "resource_arn", "aws_acmpca_certificate_authority", "acm-pca", ""),
    row("aws_api_gateway_domain_name", "policy", "", "aws_api_gateway_domain_name", "execute-api", ""),
    row("aws_api_gateway_rest_api", "policy", "", "aws_api_gateway_rest_api", "execute-api", ""),
    row("aws_api_gateway_rest_api_policy", "policy", "rest_api_id", "aws_api_gateway_rest_api", "execute-api", "{}/*"),
    row("aws_backup_vault_policy", "policy", "backup_vault_name", "aws_backup_vault", "backup", "backup-vault:{}"),
    row("aws_cloudsearch_domain_service_access_policy", "access_policy", "domain_name", "aws_cloudsearch_domain", "cloudsearch", "domain/{}"),
    row("aws_cloudwatch_event_bus_policy", "policy", "event_bus_name", "aws_cloudwatch_event_bus", "events", "event-bus/{}"),
    row("aws_cloudwatch_event_permission", "", "event_bus_name", "aws_cloudwatch_event_bus", "events", "event-bus/{}"),
    row("aws_cloudwatch_log_delivery_destination_policy", "delivery_destination_policy", "delivery_destination_name", "aws_cloudwatch_log_delivery_destination", "logs", "delivery-destination:{}"),
    row("aws_cloudwatch_log_destination_policy", "access_policy", "destination_name", "aws_cloudwatch_log_destination", "logs", "destination:{}"),
    row("aws_cloudwatch_log_resource_policy", "policy_document", "policy_name", "aws_cloudwatch_log_resource_policy", "logs", ""),
    row("aws_codeartifact_domain_permissions_policy", "policy_document", "domain", "aws_codeartifact_domain", "codeartifact", "domain/{}"),
    row("aws_codeartifact_repository_permissions_policy", "policy_document", "repository", "aws_codeartifact_repository", "codeartifact", ""),
    row("aws_codebuild_resource_policy", "policy", "resource_arn", "aws_codebuild_project", "codebuild", ""),
    row("aws_dynamodb_resource_policy", "policy", "resource_arn", "aws_dynamodb_table", "dynamodb", ""),
    row("aws_ecr_registry_policy", "policy", "", "aws_ecr_registry_policy", "ecr", ""),
    row("aws_ecr_repository_creation_template", "repository_policy", "prefix", "aws_ecr_repository_creation_template", "ecr", "repository/{}/*"),
    row("aws_ecr_repository_policy", "policy", "repository", "aws_ecr_repository", "ecr", "repository/{}"),
    row("aws_ecrpublic_repository_policy", "policy", "repository_name", "aws_ecrpublic_repository", "ecr-public", ""),
    row("aws_efs_file_system_policy", "policy", "file_system_id", "aws_efs_file_system", "elasticfilesystem", "file-system/{}"),
    row("aws_elasticsearch_domain", "access_policies", "", "aws_elasticsearch_domain", "es", ""),
    row("aws_elasticsearch_domain_policy", "access_policies", "domain_name", "aws_elasticsearch_domain", "es", "domain/{}"),
    row("aws_glacier_vault", "access_policy", "", "aws_glacier_vault", "glacier", ""),
    row("aws_glacier_vault_lock", "policy", "vault_name", "aws_glacier_vault", "glacier", "vaults/{}"),
    row("aws_glue_resource_policy", "policy", "", "aws_glue_resource_policy", "glue", ""),
    row("aws_kinesis_resource_policy", "policy", "resource_arn", "aws_kinesis_stream", "kinesis", ""),
    row("aws_kms_external_key", "policy", "", "aws_kms_external_key", "kms", ""),
    row("aws_kms_grant", "", "key_id", "aws_kms_key", "kms", "key/{}"),
    row("aws_kms_key", "policy", "", "aws_kms_key", "kms", ""),
    row("aws_kms_key_policy", "policy", "key_id", "aws_kms_key", "kms", "key/{}"),
    row("aws_kms_replica_external_key", "policy", "", "aws_kms_replica_external_key", "kms", ""),
    row("aws_kms_replica_key", "policy", "", "aws_kms_replica_key", "kms", ""),
    row("aws_lambda_function_url", "", "function_name", "aws_lambda_function", "lambda", "function:{}"),
    row("aws_lambda_layer_version_permission", "", "layer_name", "aws_lambda_layer_version", "lambda", "layer:{}:*"),
    row("aws_lambda_permission", "", "function_name", "aws_lambda_function", "lambda", "function:{}"),
    row("aws_media_store_container_policy", "policy", "container_name", "aws_media_store_container", "mediastore", "container/{}"),
    row("aws_msk_cluster_policy", "policy", "cluster_arn", "aws_msk_cluster", "kafka", ""),
    row("aws_networkfirewall_resource_policy", "policy", "resource_arn", "aws_networkfirewall_firewall_policy", "network-firewall", ""),
    row("aws_oam_sink_policy", "policy", "sink_identifier", "aws_oam_sink", "oam", ""),
    row("aws_opensearch_domain", "access_policies", "", "aws_opensearch_domain", "es", ""),
    row("aws_opensearch_domain_policy", "access_policies", "domain_name", "aws_opensearch_domain", "es", "domain/{}"),
    row("aws_redshift_resource_policy", "policy", "resource_arn", "aws_redshift_cluster", "redshift", ""),
    row("aws_redshiftserverless_resource_policy", "policy", "resource_arn", "aws_redshiftserverless_namespace", "redshift-serverless", ""),
    row("aws_s3_access_point", "policy", "", "aws_s3_access_point", "s3", ""),
    row("aws_s3_bucket", "policy", "", "aws_s3_bucket", "s3", ""),
    row("aws_s3_bucket_policy", "policy", "bucket", "aws_s3_bucket", "s3", ""),
    row("aws_s3control_access_grants_instance_resource_policy", "policy", "", "aws_s3control_access_grants_instance_resource_policy", "s3", ""),
    row("aws_s3control_access_point_policy", "policy", "access_point_arn", "aws_s3_access_point", "s3", ""),
    row("aws_s3control_bucket_policy", "policy", "bucket", "aws_s3control_bucket", "s3-outposts", ""),
    row("aws_s3control_multi_region_access_point_policy", "details.policy", "", "aws_s3control_multi_region_access_point_policy", "s3", ""),
    row("aws_s3control_object_lambda_access_point_policy", "policy", "name", "aws_s3control_object_lambda_access_point", "s3-object-lambda", "accesspoint/{}"),
    row("aws_s3tables_table_bucket_policy", "resource_policy", "table_bucket_arn", "aws_s3tables_table_bucket", "s3tables", ""),
    row("aws_s3tables_table_policy", "resource_policy", "table_bucket_arn", "aws_s3tables_table_bucket", "s3tables", ""),
    row("aws_sagemaker_model_package_group_policy", "resource_policy", "model_package_group_name", "aws_sagemaker_model_package_group", "sagemaker", "model-package-group/{}"),
    row("aws_schemas_registry_policy", "policy", "registry_name", "aws_schemas_registry", "schemas", "registry/{}"),
    row("aws_secretsmanager_secret", "policy", "", "aws_secretsmanager_secret", "secretsmanager", ""),
    row("aws_secretsmanager_secret_policy", "policy", "secret_arn", "aws_secretsmanager_secret", "secretsmanager", ""),
    row("aws_ses_identity_policy", "policy", "identity", "aws_ses_domain_identity", "ses", "identity/{}"),
    row("aws_sesv2_email_identity_policy", "policy", "email_identity", "aws_sesv2_email_identity", "ses", "identity/{}"),
    row("aws_signer_signing_profile_permission", "", "profile_name", "aws_signer_signing_profile", "signer", "/signing-profiles/{}"),
    row("aws_sns_topic", "policy", "", "aws_sns_topic", "sns", ""),
    row("aws_sns_topic_policy", "policy", "arn", "aws_sns_topic", "sns", ""),
    row("aws_sqs_queue", "policy", "", "aws_sqs_queue", "sqs", ""),
    row("aws_sqs_queue_policy", "policy", "queue_url", "aws_sqs_queue", "sqs", "{}"),
    row("aws_vpclattice_auth_policy", "policy", "resource_identifier", "aws_vpclattice_service", "vpc-lattice-svcs", ""),
    row("aws_vpclattice_resource_policy", "policy", "resource_arn", "aws_vpclattice_service_network", "vpc-lattice", ""),
    row("aws_xray_resource_policy", "policy_document", "policy_name", "aws_xray_resource_policy", "xray", ""),
];

/// Attributes by which other resources name a resource.
pub(super) const NAMES: &[&str] =
    &["arn", "id", "bucket", "name", "function_name", "key_id", "url", "domain_name", "domain", "repository"];

/// Something that is shared by an attribute.
pub(super) struct Sharing {
    pub(super) resource: &'static str,
    /// The switch of account and region that refuses to share it with everybody; empty where there is none.
    pub(super) switch: &'static str,
    pub(super) what: &'static str,
    /// What is shared, by attribute.
    pub(super) subject: &'static str,
    /// Attributes that name with whom, one or a list.
    pub(super) with: &'static [&'static str],
}

/// With whom Image Builder shares each image that it makes.
const IMAGE_BUILDER: &[&str] = &[
    "distribution.ami_distribution_configuration.launch_permission.organization_arns",
    "distribution.ami_distribution_configuration.launch_permission.organizational_unit_arns",
    "distribution.ami_distribution_configuration.launch_permission.user_groups",
    "distribution.ami_distribution_configuration.launch_permission.user_ids",
    "distribution.ami_distribution_configuration.target_account_ids",
];

/// What is shared by attributes, sorted by type.
#[rustfmt::skip]
pub(super) const SHARINGS: &[Sharing] = &[
    Sharing { resource: "aws_ami_launch_permission", switch: "aws_ec2_image_block_public_access", what: "image", subject: "image_id", with: &["account_id", "group", "organization_arn", "organizational_unit_arn"] },
    Sharing { resource: "aws_db_cluster_snapshot", switch: "", what: "cluster snapshot", subject: "db_cluster_snapshot_identifier", with: &["shared_accounts"] },
    Sharing { resource: "aws_db_snapshot", switch: "", what: "database snapshot", subject: "db_snapshot_identifier", with: &["shared_accounts"] },
    Sharing { resource: "aws_db_snapshot_copy", switch: "", what: "database snapshot", subject: "target_db_snapshot_identifier", with: &["shared_accounts"] },
    Sharing { resource: "aws_imagebuilder_distribution_configuration", switch: "", what: "image", subject: "name", with: IMAGE_BUILDER },
    Sharing { resource: "aws_ram_principal_association", switch: "", what: "resource share", subject: "resource_share_arn", with: &["principal"] },
    Sharing { resource: "aws_rds_cluster_snapshot_copy", switch: "", what: "cluster snapshot", subject: "target_db_cluster_snapshot_identifier", with: &["shared_accounts"] },
    Sharing { resource: "aws_snapshot_create_volume_permission", switch: "aws_ebs_snapshot_block_public_access", what: "volume snapshot", subject: "snapshot_id", with: &["account_id"] },
    Sharing { resource: "aws_ssm_document", switch: "", what: "document", subject: "name", with: &["permissions.account_ids"] },
    Sharing { resource: "aws_vpc_endpoint_service", switch: "", what: "endpoint service", subject: "service_name", with: &["allowed_principals"] },
    Sharing { resource: "aws_vpc_endpoint_service_allowed_principal", switch: "", what: "endpoint service", subject: "vpc_endpoint_service_id", with: &["principal_arn"] },
];

/// A switch that closes something to the public.
pub(super) struct Switch {
    pub(super) resource: &'static str,
    /// The attribute that names the bucket; empty when it is about the account and region.
    pub(super) of: &'static str,
    /// The attributes, each with its values from open to closed; `true` is closed.
    pub(super) switches: &'static [(&'static str, &'static [&'static str])],
    pub(super) opens_when_destroyed: bool,
    /// Where the type has other uses: an attribute, and how its text ends where it is a switch.
    pub(super) only: Option<(&'static str, &'static str)>,
}

const FLAG: &[&str] = &["false", "true"];
const BUCKET_FLAGS: &[(&str, &[&str])] = &[
    ("block_public_acls", FLAG),
    ("block_public_policy", FLAG),
    ("ignore_public_acls", FLAG),
    ("restrict_public_buckets", FLAG),
];

/// Switches, sorted by type. Provider 5.100 only forgets `aws_ec2_image_block_public_access` when it is destroyed,
/// and sets `aws_emr_block_public_access_configuration` back to its default, which is closed; the default of
/// `aws_ssm_service_setting` for documents is open.
#[rustfmt::skip]
pub(super) const SWITCHES: &[Switch] = &[
    Switch { resource: "aws_ebs_snapshot_block_public_access", of: "", switches: &[("state", &["unblocked", "block-new-sharing", "block-all-sharing"])], opens_when_destroyed: true, only: None },
    Switch { resource: "aws_ec2_image_block_public_access", of: "", switches: &[("state", &["unblocked", "block-new-sharing"])], opens_when_destroyed: false, only: None },
    Switch { resource: "aws_emr_block_public_access_configuration", of: "", switches: &[("block_public_security_group_rules", FLAG)], opens_when_destroyed: false, only: None },
    Switch { resource: "aws_s3_account_public_access_block", of: "", switches: BUCKET_FLAGS, opens_when_destroyed: true, only: None },
    Switch { resource: "aws_s3_bucket_public_access_block", of: "bucket", switches: BUCKET_FLAGS, opens_when_destroyed: true, only: None },
    Switch { resource: "aws_ssm_service_setting", of: "", switches: &[("setting_value", &["Enable", "Disable"])], opens_when_destroyed: true, only: Some(("setting_id", "/documents/console/public-sharing-permission")) },
    Switch { resource: "aws_vpc_block_public_access_options", of: "", switches: &[("internet_gateway_block_mode", &["off", "block-ingress", "block-bidirectional"])], opens_when_destroyed: true, only: None },
];

/// What keeps the public out of a resource by itself: its type, blocks that put it into a private network, and flags that
/// hold unless they are turned off. Sorted by type. An access point never changes them (Amazon S3 user guide, "Managing
/// public access to access points"), and a domain in a VPC has no public address (the developer guide of `OpenSearch`).
pub(super) const CLOSED: &[(&str, &[&str], &[&str])] = &[
    ("aws_elasticsearch_domain", &["vpc_options"], &[]),
    ("aws_opensearch_domain", &["vpc_options"], &[]),
    (
        "aws_s3_access_point",
        &["vpc_configuration"],
        &[
            "public_access_block_configuration.block_public_policy",
            "public_access_block_configuration.restrict_public_buckets",
        ],
    ),
    (
        "aws_s3control_multi_region_access_point",
        &[],
        &[
            "details.public_access_block.block_public_policy",
            "details.public_access_block.restrict_public_buckets",
        ],
    ),
];

/// What runs as a role: the type, and where it names the role or its instance profile. Sorted by type.
#[rustfmt::skip]
pub(super) const RUNTIMES: &[(&str, &[&str])] = &[
    ("aws_apprunner_service", &["instance_configuration.instance_role_arn"]),
    ("aws_bedrockagent_agent", &["agent_resource_role_arn"]),
    ("aws_bedrockagentcore_code_interpreter", &["execution_role_arn"]),
    ("aws_cloudformation_stack", &["iam_role_arn"]),
    ("aws_cloudformation_stack_set", &["administration_role_arn"]),
    ("aws_codebuild_project", &["service_role"]),
    ("aws_ecs_task_definition", &["task_role_arn"]),
    ("aws_glue_dev_endpoint", &["role_arn"]),
    ("aws_glue_job", &["role_arn"]),
    ("aws_instance", &["iam_instance_profile"]),
    ("aws_lambda_function", &["role"]),
    ("aws_launch_template", &["iam_instance_profile.arn", "iam_instance_profile.name"]),
    ("aws_sagemaker_notebook_instance", &["role_arn"]),
    ("aws_sfn_state_machine", &["role_arn"]),
];

/// The other types whose values the tables above need, sorted.
pub(super) const PARTS: &[&str] = &[
    "aws_cloudfront_origin_access_identity",
    "aws_iam_instance_profile",
    "aws_ram_resource_share",
    "aws_s3_bucket_acl",
    "aws_s3_bucket_ownership_controls",
    "aws_s3control_multi_region_access_point",
    "aws_vpc_endpoint",
    "aws_vpc_endpoint_policy",
];

/// The type by which values of a resource are kept, when a table names it.
pub(super) fn listed(resource: &str) -> Option<&'static str> {
    let bases = || CARRIERS.iter().map(|carrier| carrier.base).find(|base| *base == resource);
    let carrier = CARRIERS.binary_search_by(|row| row.resource.cmp(resource)).ok();
    carrier
        .and_then(|at| CARRIERS.get(at).map(|row| row.resource))
        .or_else(|| SHARINGS.iter().map(|row| row.resource).find(|it| *it == resource))
        .or_else(|| SWITCHES.iter().map(|row| row.resource).find(|it| *it == resource))
        .or_else(|| RUNTIMES.iter().map(|(it, _)| *it).find(|it| *it == resource))
        .or_else(|| PARTS.iter().copied().find(|it| *it == resource))
        .or_else(bases)
        .filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{CARRIERS, CLOSED, PARTS, RUNTIMES, SHARINGS, SWITCHES, listed};

    #[test]
    fn tables_are_sorted_so_that_the_search_finds_their_rows() {
        assert!(CARRIERS.is_sorted_by_key(|row| row.resource));
        assert!(SHARINGS.is_sorted_by_key(|row| row.resource));
        assert!(SWITCHES.is_sorted_by_key(|row| row.resource));
        assert!(RUNTIMES.is_sorted_by_key(|(resource, _)| *resource));
        assert!(CLOSED.is_sorted_by_key(|(resource, ..)| *resource));
        assert!(PARTS.is_sorted());
        assert_eq!(listed("aws_sns_topic_policy"), Some("aws_sns_topic_policy"));
        assert_eq!(listed("aws_efs_file_system"), Some("aws_efs_file_system"));
        assert_eq!(listed("aws_route"), None);
    }
}
