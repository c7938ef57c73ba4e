//! A configuration for the organization of any size.

/// What has to be denied there.
pub(crate) const CONFIGURATION: &str = r#"
[regions]
allowed = ["eu-central-1", "eu-west-1"]

[[guardrail]]
id = "members-stay"
actions = ["organizations:LeaveOrganization"]

[[guardrail]]
id = "keep-the-audit-trail"
actions = ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail"]
exempt_principals = ["arn:aws:iam::222222222222:role/audit"]

[[guardrail]]
id = "no-root-user"
actions = ["*"]
conditions = { ArnLike = { "aws:PrincipalArn" = "arn:aws:iam::*:root" } }

[[guardrail]]
id = "keep-detectors"
actions = ["guardduty:DeleteDetector", "securityhub:DisableSecurityHub", "config:StopConfigurationRecorder"]

[[guardrail]]
id = "keep-the-data"
targets = ["Root/Runtime/**"]
actions = ["rds:DeleteDBCluster", "dynamodb:DeleteTable", "s3:DeleteBucket", "kms:ScheduleKeyDeletion"]
exempt_principals = ["arn:aws:iam::*:role/team-*/owner"]

[[guardrail]]
id = "approved-services"
targets = ["Root/Runtime/**"]
not_actions = ["s3:*", "ec2:*", "rds:*", "dynamodb:*", "kms:*", "iam:*", "sts:*", "logs:*", "sqs:*", "sns:*"]
"#;
