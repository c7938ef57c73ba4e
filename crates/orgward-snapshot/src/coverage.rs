//! What an account part does not cover, although AWS refused nothing: kinds of resources and regions that were not read.

use std::collections::BTreeSet;

use crate::{AccountPart, Gap};

/// A kind of resource that may have a policy which gives access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PolicyKind {
    /// What an account part calls it.
    pub id: &'static str,
    /// The prefix of the actions that it decides.
    pub service: &'static str,
    /// What it is.
    pub name: &'static str,
}

const fn kind(id: &'static str, service: &'static str, name: &'static str) -> PolicyKind {
    PolicyKind { id, service, name }
}

/// Resources that may have policies which give access. Sorted.
pub const POLICY_KINDS: &[PolicyKind] = &[
    kind("acm-pca", "acm-pca", "certificate authorities"),
    kind("backup", "backup", "backup vaults"),
    kind("cloudsearch", "cloudsearch", "search domains"),
    kind("codeartifact-domain", "codeartifact", "CodeArtifact domains"),
    kind("codeartifact-repository", "codeartifact", "CodeArtifact repositories"),
    kind("codebuild", "codebuild", "CodeBuild projects"),
    kind("dynamodb-stream", "dynamodb", "streams of DynamoDB"),
    kind("dynamodb-table", "dynamodb", "DynamoDB tables"),
    kind("ecr-public", "ecr-public", "public ECR repositories"),
    kind("ecr-registry", "ecr", "ECR registries"),
    kind("ecr-repository", "ecr", "ECR repositories"),
    kind("efs", "elasticfilesystem", "EFS file systems"),
    kind("es", "es", "OpenSearch domains"),
    kind("events", "events", "event buses"),
    kind("execute-api", "execute-api", "REST APIs"),
    kind("glacier", "glacier", "Glacier vaults"),
    kind("glue", "glue", "Glue catalogs"),
    kind("kafka", "kafka", "MSK clusters"),
    kind("kinesis", "kinesis", "Kinesis streams"),
    kind("kms", "kms", "KMS keys"),
    kind("kms-grant", "kms", "grants of KMS keys"),
    kind("lambda", "lambda", "Lambda functions"),
    kind("lambda-layer", "lambda", "Lambda layers"),
    kind("lambda-version", "lambda", "versions and aliases of Lambda functions"),
    kind("logs", "logs", "CloudWatch Logs"),
    kind("logs-delivery", "logs", "delivery destinations of CloudWatch Logs"),
    kind("logs-destination", "logs", "destinations of CloudWatch Logs"),
    kind("mediastore", "mediastore", "MediaStore containers"),
    kind("network-firewall", "network-firewall", "firewall policies"),
    kind("oam", "oam", "observability sinks"),
    kind("redshift", "redshift", "Redshift clusters"),
    kind("redshift-serverless", "redshift-serverless", "Redshift namespaces"),
    kind("s3", "s3", "S3 buckets"),
    kind("s3-access-point", "s3", "S3 access points"),
    kind("s3-acl", "s3", "access control lists of S3 buckets"),
    kind("s3-grants", "s3", "S3 Access Grants"),
    kind("s3-object-lambda", "s3-object-lambda", "Object Lambda access points"),
    kind("s3-outposts", "s3-outposts", "buckets of Outposts"),
    kind("s3tables", "s3tables", "table buckets"),
    kind("sagemaker", "sagemaker", "model package groups"),
    kind("schemas", "schemas", "schema registries"),
    kind("secretsmanager", "secretsmanager", "secrets"),
    kind("ses", "ses", "SES identities"),
    kind("shared-document", "ssm", "documents that are shared"),
    kind("shared-image", "ec2", "images and snapshots that are shared"),
    kind("shared-rds", "rds", "database snapshots that are shared"),
    kind("shared-resource", "ram", "resource shares"),
    kind("signer", "signer", "signing profiles"),
    kind("sns", "sns", "SNS topics"),
    kind("sqs", "sqs", "SQS queues"),
    kind("vpc-lattice", "vpc-lattice", "service networks"),
    kind("vpc-lattice-auth", "vpc-lattice-svcs", "VPC Lattice services"),
    kind("xray", "xray", "X-Ray"),
];

/// What is read in all regions at once.
const GLOBAL: [&str; 2] = ["s3", "s3-acl"];

/// How many kinds are named.
const SHOWN: usize = 5;

/// Something that nothing tried to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotCollected {
    /// What is missing, in words.
    pub what: String,
    /// Why it was not read.
    pub why: String,
    /// The services whose actions depend on it, by prefix.
    pub services: Vec<&'static str>,
    /// Whether nothing of the kind was read at all, which another run of the collector can do.
    pub all: bool,
}

impl AccountPart {
    /// What the collector did not try to read. An import names by itself what it does not have.
    pub fn not_collected(&self) -> Vec<NotCollected> {
        let entered = !self.gaps.iter().any(|gap| gap.action == "sts:AssumeRole");
        if self.taken.is_empty() || !entered {
            return Vec::new();
        }
        let (read, unread): (Vec<&PolicyKind>, Vec<&PolicyKind>) =
            POLICY_KINDS.iter().partition(|kind| self.kinds.iter().any(|it| it == kind.id));
        let services = |kinds: &[&PolicyKind]| {
            let services: BTreeSet<&str> = kinds.iter().map(|kind| kind.service).collect();
            services.into_iter().collect()
        };
        if self.regions.is_empty() || read.is_empty() {
            return vec![NotCollected {
                what: "the policies of resources, trails and detection".to_owned(),
                why: "no region was read".to_owned(),
                services: services(&unread),
                all: true,
            }];
        }
        let mut missing = Vec::new();
        if !unread.is_empty() {
            let names: Vec<&str> = unread.iter().map(|kind| kind.name).take(SHOWN).collect();
            let more = match unread.len() - names.len() {
                0 => String::new(),
                more => format!(" and {more} more kinds of resources"),
            };
            missing.push(NotCollected {
                what: format!("the policies of {}{more}", names.join(", ")),
                why: "the collector does not read them".to_owned(),
                services: services(&unread),
                all: false,
            });
        }
        if !self.all_regions {
            let regional: Vec<&PolicyKind> =
                read.into_iter().filter(|kind| !GLOBAL.contains(&kind.id)).collect();
            missing.push(NotCollected {
                what: format!("resources in regions other than {}", self.regions.join(", ")),
                why: "only these were read".to_owned(),
                services: services(&regional),
                all: false,
            });
        }
        missing
    }
}

impl Gap {
    /// The services whose actions depend on what is missing; `None` where anything may.
    pub fn services(&self) -> Option<Vec<String>> {
        let (service, _) = self.action.split_once(':')?;
        match service {
            "account" | "ec2" | "iam" | "identitystore" | "organizations" | "sso" | "sts" => None,
            // No request is decided by what watches.
            "access-analyzer" | "cloudtrail" | "config" | "guardduty" | "securityhub" => Some(Vec::new()),
            // What API Gateway shows is who may call the APIs.
            "apigateway" => Some(vec!["execute-api".to_owned()]),
            other => Some(vec![other.to_owned()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::POLICY_KINDS;
    use crate::{AccountPart, Gap};

    fn part(regions: &[&str], kinds: &[&str]) -> AccountPart {
        let owned = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
        AccountPart {
            taken: "2026-11-28T00:00:00Z".to_owned(),
            regions: owned(regions),
            kinds: owned(kinds),
            ..AccountPart::default()
        }
    }

    /// A snapshot without a region says nothing of any policy of a resource, and must say so.
    #[test]
    fn what_was_not_asked_for_is_named() {
        let missing = part(&[], &[]).not_collected();
        assert_eq!(missing.len(), 1);
        assert!(missing[0].all && missing[0].services.contains(&"backup"), "{missing:?}");
        let missing = part(&["eu-west-1"], &["s3", "kms"]).not_collected();
        let whats: Vec<&str> = missing.iter().map(|it| it.what.as_str()).collect();
        assert!(whats[0].ends_with("more kinds of resources"), "{whats:?}");
        // Some of S3 is read, and some is not.
        assert!(missing[0].services.contains(&"sqs") && missing[0].services.contains(&"s3"));
        assert_eq!(whats[1], "resources in regions other than eu-west-1");
        // Buckets are listed for all regions at once.
        assert_eq!(missing[1].services, ["kms"]);
        let mut whole = part(&["eu-west-1"], &["s3", "kms"]);
        whole.all_regions = true;
        assert_eq!(whole.not_collected().len(), 1);
    }

    /// An account that could not be entered has one gap, which covers everything.
    #[test]
    fn an_account_that_was_not_entered_is_named_once() {
        let mut part = part(&[], &[]);
        part.gaps.push(Gap { action: "sts:AssumeRole".to_owned(), ..Gap::default() });
        assert_eq!(part.not_collected(), []);
        assert_eq!(part.gaps[0].services(), None);
        let keys = Gap { action: "kms:GetKeyPolicy".to_owned(), ..Gap::default() };
        assert_eq!(keys.services(), Some(vec!["kms".to_owned()]));
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(POLICY_KINDS.is_sorted_by_key(|kind| kind.id));
    }
}
