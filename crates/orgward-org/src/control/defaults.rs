//! What an account protects by default, whatever its workloads ask for. What the provider leaves in force when it is
//! destroyed has no `gone`.

use super::fact::Measure::{AtLeast, Off, On, Present, Rank, Same};
use super::fact::Weight::{Low, Medium};
use super::fact::{Facts, fact, facts};

const PASSWORDS: &str = "passwords may be weaker";
const TRAFFIC: &str = "it records less traffic";

pub(super) const TABLE: &[Facts] = &[
    facts(
        "aws_backup_vault_lock_configuration",
        "the lock of the backup vault",
        Some(Medium),
        &[
            fact("min_retention_days", AtLeast, Medium, "backups may be kept for a shorter time"),
            fact("changeable_for_days", Present, Medium, "the lock can be lifted at any time"),
        ],
    ),
    facts(
        "aws_ebs_default_kms_key",
        "the default key of volumes",
        Some(Low),
        &[fact("key_arn", Same, Low, "new volumes are encrypted with another key")],
    ),
    facts(
        "aws_ebs_encryption_by_default",
        "the encryption of new volumes by default",
        Some(Medium),
        &[fact("enabled", On(true), Medium, "new volumes are no longer encrypted by default")],
    ),
    facts(
        "aws_ec2_instance_metadata_defaults",
        "what new instances ask of calls for their metadata by default",
        Some(Medium),
        &[fact(
            "http_tokens",
            Rank(&["no-preference", "optional", "required"]),
            Medium,
            "new instances answer calls for their credentials without a token (IMDSv1)",
        )],
    ),
    facts(
        "aws_ec2_serial_console_access",
        "the access to serial consoles",
        None,
        &[fact("enabled", Off(true), Low, "serial consoles of instances are open")],
    ),
    facts(
        "aws_flow_log",
        "the flow log",
        Some(Medium),
        &[
            fact("traffic_type", Rank(&["ACCEPT", "ALL"]), Medium, TRAFFIC),
            fact("traffic_type", Rank(&["REJECT", "ALL"]), Medium, TRAFFIC),
        ],
    ),
    facts(
        "aws_glacier_vault_lock",
        "the lock of the vault",
        Some(Medium),
        &[fact("complete_lock", On(false), Medium, "the lock can be lifted")],
    ),
    facts(
        "aws_iam_account_password_policy",
        "the password policy of the account",
        Some(Medium),
        &[
            fact("minimum_password_length", AtLeast, Medium, PASSWORDS),
            fact("password_reuse_prevention", AtLeast, Low, "passwords may be used again sooner"),
            fact("require_lowercase_characters", On(false), Low, PASSWORDS),
            fact("require_numbers", On(false), Low, PASSWORDS),
            fact("require_symbols", On(false), Low, PASSWORDS),
            fact("require_uppercase_characters", On(false), Low, PASSWORDS),
        ],
    ),
];
