//! Trails and event data stores.

use super::fact::Measure::{AtLeast, Off, On, Present, Same};
use super::fact::Weight::{High, Low, Medium};
use super::fact::{Facts, fact};

pub(super) const TABLE: &[Facts] = &[
    Facts {
        resource: "aws_cloudtrail",
        what: "the trail",
        gone: Some(High),
        records: true,
        attributes: &[
            fact("enable_logging", On(true), High, "the trail no longer records"),
            fact("is_organization_trail", On(false), High, "it is no longer the trail of the organization"),
            fact("is_multi_region_trail", On(false), High, "it records one region only"),
            fact("include_global_service_events", On(true), Medium, "events of global services are left out"),
            fact("enable_log_file_validation", On(false), Medium, "log files are no longer validated"),
            fact("kms_key_id", Present, Medium, "logs are no longer encrypted with a key of one's own"),
            fact("cloud_watch_logs_group_arn", Present, Low, "events no longer go to CloudWatch Logs"),
            fact(
                "insight_selector.*insight_type.insight_type",
                Present,
                Low,
                "unusual activity is no longer recorded",
            ),
            fact("s3_bucket_name", Same, Low, "logs go to another bucket"),
        ],
    },
    Facts {
        resource: "aws_cloudtrail_event_data_store",
        what: "the event data store",
        gone: Some(High),
        records: true,
        attributes: &[
            fact(
                "organization_enabled",
                On(false),
                High,
                "it is no longer the event data store of the organization",
            ),
            fact("multi_region_enabled", On(true), High, "it records one region only"),
            fact("suspend", Off(false), High, "it no longer records"),
            fact("retention_period", AtLeast, Medium, "events are kept for fewer days"),
            fact("termination_protection_enabled", On(true), Medium, "it can be deleted"),
            fact("kms_key_id", Present, Medium, "events are no longer encrypted with a key of one's own"),
        ],
    },
];
