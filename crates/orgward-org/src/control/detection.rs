//! Services that find what is wrong. What the provider only forgets when it is destroyed has no `gone`.

use super::fact::Measure::{AtLeast, Becomes, Holds, Listed, On, Present, Rank, Same, Spares};
use super::fact::Weight::{High, Low, Medium};
use super::fact::{Facts, fact, facts};

/// How new accounts are enrolled.
const ENROLS: &[&str] = &["NONE", "NEW", "ALL"];
const STATUS: &[&str] = &["DISABLED", "ENABLED"];
const PAUSES: &[&str] = &["PAUSED", "ENABLED"];

const NOT_ENROLLED: &str = "new accounts are no longer enrolled";
const LESS_ENROLLED: &str = "fewer accounts are enrolled";
const FEATURE_OFF: &str = "a protection is turned off";
const FEWER_REGIONS: &str = "regions are no longer seen";
const TYPES_UNRECORDED: &str = "types are no longer recorded";
const EXCLUDED: &str = "accounts are left out";

pub(super) const TABLE: &[Facts] = &[
    facts(
        "aws_accessanalyzer_analyzer",
        "the analyzer",
        Some(Medium),
        &[
            fact("type", Rank(&["ACCOUNT", "ORGANIZATION"]), Medium, "it analyzes one account only"),
            fact(
                "type",
                Rank(&["ACCOUNT_UNUSED_ACCESS", "ORGANIZATION_UNUSED_ACCESS"]),
                Medium,
                "it analyzes one account only",
            ),
            fact(
                "type",
                Rank(&["ACCOUNT_INTERNAL_ACCESS", "ORGANIZATION_INTERNAL_ACCESS"]),
                Medium,
                "it analyzes one account only",
            ),
            fact(
                "configuration.0.unused_access.0.analysis_rule.0.exclusion.0.account_ids",
                Spares,
                Medium,
                EXCLUDED,
            ),
        ],
    ),
    // The provider turns it off only with `deregister_on_destroy`, and forgets it otherwise.
    facts("aws_auditmanager_account_registration", "Audit Manager", None, &[]),
    facts(
        "aws_auditmanager_organization_admin_account_registration",
        "the administrator of Audit Manager",
        Some(Medium),
        &[],
    ),
    facts("aws_config_aggregate_authorization", "the authorization of the aggregator", Some(Low), &[]),
    facts(
        "aws_config_config_rule",
        "the rule of Config",
        Some(Low),
        &[fact("source.0.source_identifier", Same, Low, "it checks something else")],
    ),
    facts(
        "aws_config_configuration_aggregator",
        "the aggregator of Config",
        Some(Medium),
        &[
            fact(
                "organization_aggregation_source",
                Present,
                Medium,
                "it no longer aggregates the organization",
            ),
            fact("organization_aggregation_source.0.all_regions", On(false), Medium, FEWER_REGIONS),
            fact("organization_aggregation_source.0.regions", Holds, Medium, FEWER_REGIONS)
                .unless("organization_aggregation_source.0.all_regions", "true"),
            fact("account_aggregation_source.0.all_regions", On(false), Medium, FEWER_REGIONS)
                .unless("organization_aggregation_source.0.all_regions", "true"),
            fact("account_aggregation_source.0.regions", Holds, Medium, FEWER_REGIONS)
                .unless("account_aggregation_source.0.all_regions", "true"),
            fact("account_aggregation_source.0.account_ids", Holds, Medium, "accounts are no longer seen")
                .unless("organization_aggregation_source.0.all_regions", "true"),
        ],
    ),
    facts(
        "aws_config_configuration_recorder",
        "the recorder of Config",
        Some(High),
        &[
            fact("recording_group.0.all_supported", On(true), Medium, "not all types are recorded")
                .unless("recording_group.0.recording_strategy.0.use_only", "EXCLUSION_BY_RESOURCE_TYPES"),
            fact(
                "recording_group.0.include_global_resource_types",
                On(false),
                Low,
                "global types are no longer recorded",
            ),
            fact("recording_group.0.resource_types", Holds, Medium, TYPES_UNRECORDED)
                .unless("recording_group.0.all_supported", "true")
                .besides("recording_group.0.recording_strategy.0.use_only", "EXCLUSION_BY_RESOURCE_TYPES"),
            fact(
                "recording_group.0.exclusion_by_resource_types.0.resource_types",
                Spares,
                Medium,
                TYPES_UNRECORDED,
            )
            .among("recording_group.0.resource_types"),
            fact(
                "recording_group.0.recording_strategy.0.use_only",
                Rank(&["INCLUSION_BY_RESOURCE_TYPES", "EXCLUSION_BY_RESOURCE_TYPES"]),
                Medium,
                "only the listed types are recorded",
            ),
            fact(
                "recording_mode.0.recording_frequency",
                Becomes("DAILY"),
                Low,
                "changes are recorded once a day",
            ),
        ],
    ),
    facts(
        "aws_config_configuration_recorder_status",
        "the recording of Config",
        Some(High),
        &[fact("is_enabled", On(false), High, "the recorder is stopped")],
    ),
    facts("aws_config_conformance_pack", "the conformance pack", Some(Low), &[]),
    facts(
        "aws_config_delivery_channel",
        "the delivery channel of Config",
        Some(Medium),
        &[fact("s3_bucket_name", Same, Low, "history goes to another bucket")],
    ),
    facts(
        "aws_config_organization_conformance_pack",
        "the conformance pack of the organization",
        Some(Medium),
        &[fact("excluded_accounts", Spares, Medium, EXCLUDED)],
    ),
    facts(
        "aws_config_organization_custom_policy_rule",
        "the rule of the organization",
        Some(Medium),
        &[fact("excluded_accounts", Spares, Medium, EXCLUDED)],
    ),
    facts(
        "aws_config_organization_custom_rule",
        "the rule of the organization",
        Some(Medium),
        &[fact("excluded_accounts", Spares, Medium, EXCLUDED)],
    ),
    facts(
        "aws_config_organization_managed_rule",
        "the rule of the organization",
        Some(Medium),
        &[
            fact("excluded_accounts", Spares, Medium, EXCLUDED),
            fact("rule_identifier", Same, Medium, "it checks something else"),
        ],
    ),
    facts(
        "aws_config_retention_configuration",
        "the retention of Config",
        None,
        &[fact("retention_period_in_days", AtLeast, Medium, "history is kept for fewer days")],
    ),
    facts("aws_detective_graph", "Detective", Some(High), &[]),
    facts("aws_detective_member", "the member of Detective", Some(Medium), &[]),
    facts("aws_detective_organization_admin_account", "the administrator of Detective", Some(High), &[]),
    facts(
        "aws_detective_organization_configuration",
        "the enrolment in Detective",
        None,
        &[fact("auto_enable", On(false), Medium, NOT_ENROLLED)],
    ),
    facts("aws_fms_admin_account", "the administrator of Firewall Manager", Some(High), &[]),
    facts(
        "aws_fms_policy",
        "the policy of Firewall Manager",
        Some(Medium),
        &[
            fact("remediation_enabled", On(false), Medium, "what violates it is no longer corrected"),
            fact("exclude_map.0.account", Spares, Medium, EXCLUDED),
            fact("exclude_map.0.orgunit", Spares, Medium, "units are left out"),
            fact("include_map.0.account", Listed, Medium, "other accounts are no longer covered")
                .while_empty("include_map.0.orgunit"),
            fact("include_map.0.orgunit", Listed, Medium, "other units are no longer covered")
                .while_empty("include_map.0.account"),
            fact("resource_type_list", Holds, Medium, "types are no longer covered"),
        ],
    ),
    facts(
        "aws_guardduty_detector",
        "GuardDuty",
        Some(High),
        &[
            fact("enable", On(true), High, "GuardDuty is suspended"),
            fact("datasources.0.s3_logs.0.enable", On(true), Medium, "buckets are no longer watched"),
            fact(
                "datasources.0.kubernetes.0.audit_logs.0.enable",
                On(true),
                Medium,
                "clusters are no longer watched",
            ),
            fact(
                "datasources.0.malware_protection.0.scan_ec2_instance_with_findings.0.ebs_volumes.0.enable",
                On(true),
                Medium,
                "volumes are no longer scanned",
            ),
            fact(
                "finding_publishing_frequency",
                Rank(&["SIX_HOURS", "ONE_HOUR", "FIFTEEN_MINUTES"]),
                Low,
                "findings are published less often",
            ),
        ],
    ),
    facts(
        "aws_guardduty_detector_feature",
        "the protection of GuardDuty",
        None,
        &[
            fact("status", Rank(STATUS), Medium, FEATURE_OFF),
            fact("additional_configuration.*name.status", Rank(STATUS), Medium, FEATURE_OFF),
        ],
    ),
    facts("aws_guardduty_invite_accepter", "the membership in GuardDuty", Some(Medium), &[]),
    facts(
        "aws_guardduty_malware_protection_plan",
        "the malware protection of a bucket",
        Some(Medium),
        &[fact(
            "protected_resource.0.s3_bucket.0.object_prefixes",
            Listed,
            Medium,
            "objects are no longer scanned",
        )],
    ),
    facts("aws_guardduty_member", "the member of GuardDuty", Some(Medium), &[]),
    facts(
        "aws_guardduty_member_detector_feature",
        "the protection of a member",
        None,
        &[
            fact("status", Rank(STATUS), Medium, FEATURE_OFF),
            fact("additional_configuration.*name.status", Rank(STATUS), Medium, FEATURE_OFF),
        ],
    ),
    facts("aws_guardduty_organization_admin_account", "the administrator of GuardDuty", Some(High), &[]),
    facts(
        "aws_guardduty_organization_configuration",
        "the enrolment in GuardDuty",
        None,
        &[
            fact("auto_enable", On(false), Medium, NOT_ENROLLED),
            fact("auto_enable_organization_members", Rank(ENROLS), Medium, LESS_ENROLLED),
            fact(
                "datasources.0.s3_logs.0.auto_enable",
                On(true),
                Medium,
                "buckets of new accounts are no longer watched",
            ),
            fact(
                "datasources.0.kubernetes.0.audit_logs.0.enable",
                On(true),
                Medium,
                "clusters of new accounts are no longer watched",
            ),
            fact(
                "datasources.0.malware_protection.0.scan_ec2_instance_with_findings.0.ebs_volumes.0.auto_enable",
                On(true),
                Medium,
                "volumes of new accounts are no longer scanned",
            ),
        ],
    ),
    facts(
        "aws_guardduty_organization_configuration_feature",
        "the protection of members",
        None,
        &[
            fact("auto_enable", Rank(ENROLS), Medium, LESS_ENROLLED),
            fact("additional_configuration.*name.auto_enable", Rank(ENROLS), Medium, LESS_ENROLLED),
        ],
    ),
    facts("aws_guardduty_publishing_destination", "the export of findings", Some(Medium), &[]),
    facts(
        "aws_guardduty_threatintelset",
        "the list of threats",
        Some(Low),
        &[fact("activate", On(false), Low, "the list of threats is not used")],
    ),
    facts("aws_inspector2_delegated_admin_account", "the administrator of Inspector", Some(High), &[]),
    facts(
        "aws_inspector2_enabler",
        "Inspector",
        Some(High),
        &[
            fact("account_ids", Holds, Medium, "accounts are no longer scanned"),
            fact("resource_types", Holds, Medium, "types are no longer scanned"),
        ],
    ),
    facts("aws_inspector2_member_association", "the member of Inspector", Some(Medium), &[]),
    facts(
        "aws_inspector2_organization_configuration",
        "the enrolment in Inspector",
        Some(Medium),
        &[
            fact("auto_enable.0.ec2", On(false), Medium, "instances of new accounts are no longer scanned"),
            fact("auto_enable.0.ecr", On(false), Medium, "images of new accounts are no longer scanned"),
            fact(
                "auto_enable.0.lambda",
                On(false),
                Medium,
                "functions of new accounts are no longer scanned",
            ),
            fact(
                "auto_enable.0.lambda_code",
                On(false),
                Medium,
                "code of functions of new accounts is no longer scanned",
            ),
        ],
    ),
    facts(
        "aws_macie2_account",
        "Macie",
        Some(High),
        &[
            fact("status", Rank(PAUSES), High, "Macie is paused"),
            fact(
                "finding_publishing_frequency",
                Rank(&["SIX_HOURS", "ONE_HOUR", "FIFTEEN_MINUTES"]),
                Low,
                "findings are published less often",
            ),
        ],
    ),
    facts("aws_macie2_classification_export_configuration", "the export of results of Macie", Some(Low), &[]),
    facts(
        "aws_macie2_classification_job",
        "the job of Macie",
        Some(Low),
        &[fact(
            "job_status",
            Rank(&["CANCELLED", "USER_PAUSED", "PAUSED", "IDLE", "RUNNING"]),
            Low,
            "it does not run",
        )],
    ),
    facts(
        "aws_macie2_member",
        "the member of Macie",
        Some(Medium),
        &[fact("status", Rank(PAUSES), Medium, "it is paused")],
    ),
    facts("aws_macie2_organization_admin_account", "the administrator of Macie", Some(High), &[]),
    facts(
        "aws_macie2_organization_configuration",
        "the enrolment in Macie",
        None,
        &[fact("auto_enable", On(false), Medium, NOT_ENROLLED)],
    ),
    facts(
        "aws_securityhub_account",
        "Security Hub",
        Some(High),
        &[fact("auto_enable_controls", On(true), Medium, "new controls are no longer enabled")],
    ),
    facts(
        "aws_securityhub_configuration_policy",
        "the policy of Security Hub",
        Some(Medium),
        &[
            fact(
                "configuration_policy.0.service_enabled",
                On(false),
                High,
                "Security Hub is turned off where it applies",
            ),
            fact(
                "configuration_policy.0.enabled_standard_arns",
                Holds,
                Medium,
                "standards are no longer checked",
            ),
            fact(
                "configuration_policy.0.security_controls_configuration.0.disabled_control_identifiers",
                Spares,
                Medium,
                "controls are turned off",
            )
            .among("configuration_policy.0.security_controls_configuration.0.enabled_control_identifiers"),
            fact(
                "configuration_policy.0.security_controls_configuration.0.enabled_control_identifiers",
                Listed,
                Medium,
                "controls are turned off",
            ),
        ],
    ),
    facts(
        "aws_securityhub_configuration_policy_association",
        "the association of the policy of Security Hub",
        Some(Medium),
        &[],
    ),
    facts(
        "aws_securityhub_finding_aggregator",
        "the aggregator of findings",
        Some(Medium),
        &[
            fact(
                "linking_mode",
                Rank(&["NO_REGIONS", "SPECIFIED_REGIONS", "ALL_REGIONS_EXCEPT_SPECIFIED", "ALL_REGIONS"]),
                Medium,
                FEWER_REGIONS,
            ),
            fact("specified_regions", Holds, Medium, FEWER_REGIONS)
                .only_if("linking_mode", "SPECIFIED_REGIONS"),
            fact("specified_regions", Spares, Medium, FEWER_REGIONS)
                .only_if("linking_mode", "ALL_REGIONS_EXCEPT_SPECIFIED"),
        ],
    ),
    facts("aws_securityhub_invite_accepter", "the membership in Security Hub", Some(Medium), &[]),
    facts("aws_securityhub_member", "the member of Security Hub", Some(Medium), &[]),
    facts("aws_securityhub_organization_admin_account", "the administrator of Security Hub", Some(High), &[]),
    facts(
        "aws_securityhub_organization_configuration",
        "the enrolment in Security Hub",
        None,
        &[
            // Central configuration enrols by its policies, and wants this off.
            fact("auto_enable", On(false), Medium, NOT_ENROLLED)
                .unless("organization_configuration.0.configuration_type", "CENTRAL"),
            fact(
                "auto_enable_standards",
                Rank(&["NONE", "DEFAULT"]),
                Medium,
                "standards are not enabled in new accounts",
            )
            .unless("organization_configuration.0.configuration_type", "CENTRAL"),
            fact(
                "organization_configuration.0.configuration_type",
                Rank(&["LOCAL", "CENTRAL"]),
                Medium,
                "accounts configure it themselves",
            ),
        ],
    ),
    facts("aws_securityhub_product_subscription", "findings of a product", Some(Low), &[]),
    facts(
        "aws_securityhub_standards_control",
        "the control",
        None,
        &[fact("control_status", Rank(STATUS), Medium, "the control is turned off")],
    ),
    facts(
        "aws_securityhub_standards_control_association",
        "the control",
        None,
        &[fact("association_status", Rank(STATUS), Medium, "the control is turned off")],
    ),
    facts("aws_securityhub_standards_subscription", "the standard", Some(Medium), &[]),
    facts(
        "aws_securitylake_data_lake",
        "Security Lake",
        Some(Medium),
        &[fact("configuration.*region.region", Present, Medium, FEWER_REGIONS)],
    ),
    facts("aws_shield_subscription", "Shield Advanced", Some(Low), &[]),
];
