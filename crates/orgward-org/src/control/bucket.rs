//! Buckets, for those that logs go to. What their policies allow is decided by rules.

use super::fact::Measure::{Off, On, Rank, Retention};
use super::fact::Weight::{High, Medium};
use super::fact::{Facts, fact};

pub(super) const TABLE: &[Facts] = &[
    Facts {
        resource: "aws_s3_bucket",
        what: "the bucket with the logs",
        gone: Some(High),
        records: false,
        attributes: &[
            fact("force_destroy", Off(false), Medium, "destroying the bucket deletes the logs, too"),
            fact("object_lock_enabled", On(false), Medium, "logs are no longer locked"),
        ],
    },
    Facts {
        resource: "aws_s3_bucket_object_lock_configuration",
        what: "the lock of the logs",
        gone: Some(Medium),
        records: false,
        attributes: &[fact("rule.0.default_retention.0", Retention, Medium, "logs can be deleted sooner")],
    },
    Facts {
        resource: "aws_s3_bucket_policy",
        what: "the policy of the bucket with the logs",
        gone: None,
        records: false,
        attributes: &[],
    },
    Facts {
        resource: "aws_s3_bucket_public_access_block",
        what: "the public access block of the bucket with the logs",
        gone: Some(Medium),
        records: false,
        attributes: &[
            fact(
                "block_public_acls",
                On(false),
                Medium,
                "the bucket with the logs can be made public by ACLs",
            ),
            fact(
                "block_public_policy",
                On(false),
                Medium,
                "the bucket with the logs can be made public by its policy",
            ),
            fact("ignore_public_acls", On(false), Medium, "public ACLs of the bucket with the logs count"),
            fact(
                "restrict_public_buckets",
                On(false),
                Medium,
                "a public policy of the bucket with the logs counts",
            ),
        ],
    },
    Facts {
        resource: "aws_s3_bucket_versioning",
        what: "the versioning of the logs",
        gone: Some(Medium),
        records: false,
        attributes: &[
            fact(
                "versioning_configuration.0.status",
                Rank(&["Disabled", "Suspended", "Enabled"]),
                Medium,
                "overwritten logs are lost",
            ),
            fact(
                "versioning_configuration.0.mfa_delete",
                Rank(&["Disabled", "Enabled"]),
                Medium,
                "versions can be deleted without MFA",
            ),
        ],
    },
];
