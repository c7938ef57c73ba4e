//! What holds data, and what makes its deletion final.

use orgward_plan::Attr;

use crate::Values;

/// How much of the data is left when a store is deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Store {
    /// The Terraform type.
    pub kind: &'static str,
    /// What it is, in words.
    pub what: &'static str,
    /// Attributes that decide what is left, each with the value that makes the end final and what that means.
    pub final_if: &'static [(&'static str, &'static str, &'static str)],
    /// What is left whatever its attributes say; empty where nothing is.
    pub left: &'static str,
    /// Where the type has other uses: an attribute, and its value where it holds data.
    pub only_if: Option<(&'static str, &'static str)>,
}

impl Store {
    /// The attributes that decide what is left.
    pub fn attributes(&self) -> impl Iterator<Item = &'static str> + use<'_> {
        let decides = self.only_if.iter().map(|(attribute, _)| *attribute);
        self.final_if.iter().map(|(attribute, ..)| *attribute).chain(decides)
    }

    /// Whether a resource with these values holds data; one whose values are unknown may.
    pub fn holds_data(&self, values: &Values) -> bool {
        self.only_if.is_none_or(|(attribute, value)| match values.get(attribute) {
            Attr::Known(is) => is == value,
            Attr::Unknown | Attr::Absent => true,
        })
    }

    const fn only_if(mut self, attribute: &'static str, value: &'static str) -> Self {
        self.only_if = Some((attribute, value));
        self
    }
}

/// What a type holds, if it is a store of data.
pub fn of(kind: &str) -> Option<&'static Store> {
    STORES.binary_search_by(|store| store.kind.cmp(kind)).ok().and_then(|at| STORES.get(at))
}

const fn store(
    kind: &'static str,
    what: &'static str,
    final_if: &'static [(&'static str, &'static str, &'static str)],
) -> Store {
    Store { kind, what, final_if, left: "", only_if: None }
}

const SNAPSHOT: &[(&str, &str, &str)] = &[
    ("skip_final_snapshot", "true", "no final snapshot is made"),
    ("delete_automated_backups", "true", "its automated backups go with it"),
    ("backup_retention_period", "0", "it has no automated backups"),
];
const FORCE: &[(&str, &str, &str)] = &[("force_destroy", "true", "everything in it is deleted first")];
const FORCE_DELETE: &[(&str, &str, &str)] = &[("force_delete", "true", "everything in it is deleted first")];

/// Stores of data, sorted by type. What only joins others (global databases and tables) holds none: its parts stay. A parameter of Systems Manager is one where it is a secret: Secrets Manager keeps what is
/// deleted for a time, and `DeleteParameter` has no recovery window. The text of another parameter stands in the
/// configuration.
#[rustfmt::skip]
pub(crate) const STORES: &[Store] = &[
    store("aws_backup_logically_air_gapped_vault", "backup vault", &[]),
    store("aws_backup_vault", "backup vault", FORCE),
    store("aws_cloudhsm_v2_cluster", "key store", &[]),
    store("aws_cloudsearch_domain", "search domain", &[]),
    store("aws_cloudtrail_event_data_store", "event data store", &[]),
    store("aws_cloudwatch_log_group", "log group", &[]),
    store("aws_codeartifact_domain", "package repository", &[]),
    store("aws_codeartifact_repository", "package repository", &[]),
    store("aws_codecommit_repository", "code repository", &[]),
    store("aws_cognito_user_pool", "user pool", &[]),
    store("aws_db_cluster_snapshot", "snapshot", &[]),
    store("aws_db_instance", "database", SNAPSHOT),
    store("aws_db_snapshot", "snapshot", &[]),
    store("aws_docdb_cluster", "database cluster", SNAPSHOT),
    store("aws_docdb_cluster_snapshot", "snapshot", &[]),
    store("aws_docdbelastic_cluster", "database cluster", &[]),
    store("aws_dsql_cluster", "database cluster", &[]),
    store("aws_dynamodb_table", "table", &[]),
    store("aws_ebs_snapshot", "snapshot", &[]),
    store("aws_ebs_volume", "volume", &[("final_snapshot", "false", "no final snapshot is made")]),
    store("aws_ecr_repository", "repository of images", FORCE_DELETE),
    store("aws_ecrpublic_repository", "repository", FORCE),
    store("aws_efs_file_system", "file system", &[]),
    store("aws_elasticache_replication_group", "cache", &[]),
    store("aws_elasticache_serverless_cache", "cache", &[]),
    store("aws_elasticsearch_domain", "search domain", &[]),
    store("aws_fsx_backup", "backup", &[]),
    store("aws_fsx_lustre_file_system", "file system", &[("skip_final_backup", "true", "no final backup is made")]),
    store("aws_fsx_ontap_file_system", "file system", &[]),
    store("aws_fsx_ontap_volume", "volume", &[("skip_final_backup", "true", "no final backup is made")]),
    store("aws_fsx_openzfs_file_system", "file system", &[("skip_final_backup", "true", "no final backup is made")]),
    store("aws_fsx_openzfs_volume", "volume", &[]),
    store("aws_fsx_windows_file_system", "file system", &[("skip_final_backup", "true", "no final backup is made")]),
    store("aws_glacier_vault", "vault", &[]),
    store("aws_kendra_index", "index", &[]),
    store("aws_keyspaces_table", "table", &[]),
    store("aws_kinesis_stream", "stream", &[]),
    store("aws_kinesis_video_stream", "stream", &[]),
    Store { kind: "aws_kms_external_key", what: "key", final_if: &[], left: "AWS keeps the key for the waiting period; what it encrypts cannot be read while it is pending deletion", only_if: None },
    Store { kind: "aws_kms_key", what: "key", final_if: &[], left: "AWS keeps the key for the waiting period; what it encrypts cannot be read while it is pending deletion", only_if: None },
    store("aws_lightsail_bucket", "bucket", FORCE_DELETE),
    store("aws_lightsail_database", "database", &[("skip_final_snapshot", "true", "no final snapshot is made")]),
    store("aws_lightsail_disk", "volume", &[]),
    store("aws_memorydb_cluster", "database cluster", &[]),
    store("aws_memorydb_snapshot", "snapshot", &[]),
    store("aws_mq_broker", "message broker", &[]),
    store("aws_msk_cluster", "cluster of brokers", &[]),
    store("aws_neptune_cluster", "database cluster", SNAPSHOT),
    store("aws_neptune_cluster_snapshot", "snapshot", &[]),
    store("aws_neptunegraph_graph", "graph", &[]),
    store("aws_opensearch_domain", "search domain", &[]),
    store("aws_opensearchserverless_collection", "search collection", &[]),
    store("aws_prometheus_workspace", "metrics workspace", &[]),
    store("aws_qldb_ledger", "ledger", &[]),
    store("aws_rds_cluster", "database cluster", SNAPSHOT),
    store("aws_redshift_cluster", "data warehouse", SNAPSHOT),
    store("aws_redshift_cluster_snapshot", "snapshot", &[]),
    store("aws_redshiftserverless_namespace", "data warehouse", &[]),
    store("aws_redshiftserverless_snapshot", "snapshot", &[]),
    store("aws_s3_bucket", "bucket", FORCE),
    store("aws_s3_directory_bucket", "bucket", FORCE),
    store("aws_s3control_bucket", "bucket", &[]),
    store("aws_s3tables_table", "table", &[]),
    store("aws_s3tables_table_bucket", "bucket of tables", &[]),
    store("aws_sagemaker_feature_group", "feature store", &[]),
    store("aws_secretsmanager_secret", "secret", &[("recovery_window_in_days", "0", "it cannot be restored: the recovery window is 0 days")]),
    store("aws_sqs_queue", "queue", &[]),
    store("aws_ssm_parameter", "secret", &[]).only_if("type", "SecureString"),
    store("aws_storagegateway_cached_iscsi_volume", "volume", &[]),
    store("aws_storagegateway_stored_iscsi_volume", "volume", &[]),
    store("aws_timestreaminfluxdb_db_instance", "database", &[]),
    store("aws_timestreamwrite_database", "database", &[]),
    store("aws_timestreamwrite_table", "table", &[]),
];

#[cfg(test)]
mod tests {
    use super::{STORES, of};

    #[test]
    fn stores_are_sorted_so_that_the_search_finds_them() {
        assert!(STORES.is_sorted_by_key(|store| store.kind));
        assert_eq!(of("aws_db_instance").map(|store| store.what), Some("database"));
        assert!(of("aws_db_subnet_group").is_none());
    }

    #[test]
    fn every_store_is_a_type_of_the_provider() {
        for store in STORES {
            assert!(crate::ResourceType::of(store.kind).is_some(), "{}", store.kind);
        }
    }
}
