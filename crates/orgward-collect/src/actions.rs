//! The actions that the collector calls: what documentation and messages name.

/// An action, and what is missing where AWS refuses it.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
}

const fn action(name: &'static str, what: &'static str) -> Action {
    Action { name, what }
}

const TREE: &str = "the tree of the organization";
const POLICIES: &str = "the policies of the organization";
const ADMINISTRATORS: &str = "which accounts administer services for the organization";
const CENTER: &str = "the permission sets of Identity Center and who has them";
const IAM: &str = "the IAM identities and policies";
const PROVIDERS: &str = "the identity providers of IAM";
const KEYS: &str = "the policies of KMS keys";
const SECRETS: &str = "the policies of secrets";
const QUEUES: &str = "the policies of SQS queues";
const TOPICS: &str = "the policies of SNS topics";
const REPOSITORIES: &str = "the policies of ECR repositories";
const TRAILS: &str = "the trails of CloudTrail";
const BUCKETS: &str = "the policies of S3 buckets";
const AUTHORITIES: &str = "the policies of certificate authorities";
const VAULTS: &str = "the policies of backup vaults";
const TABLES: &str = "the policies of DynamoDB tables";
const FILE_SYSTEMS: &str = "the policies of EFS file systems";
const DOMAINS: &str = "the policies of OpenSearch domains";
const FUNCTIONS: &str = "the policies of Lambda functions";
const RECORDERS: &str = "the recorders of AWS Config";
const DETECTORS: &str = "the detectors of GuardDuty";
const CREDENTIALS: &str = "the passwords and access keys of IAM users";

pub(crate) static DESCRIBE_ORGANIZATION: Action = action("organizations:DescribeOrganization", TREE);
pub(crate) static LIST_ROOTS: Action = action("organizations:ListRoots", TREE);
pub(crate) static LIST_UNITS: Action = action("organizations:ListOrganizationalUnitsForParent", TREE);
pub(crate) static LIST_ACCOUNTS: Action = action("organizations:ListAccountsForParent", TREE);
pub(crate) static LIST_POLICIES: Action = action("organizations:ListPolicies", POLICIES);
pub(crate) static DESCRIBE_POLICY: Action = action("organizations:DescribePolicy", POLICIES);
pub(crate) static LIST_TARGETS: Action =
    action("organizations:ListTargetsForPolicy", "what the policies of the organization are attached to");
pub(crate) static LIST_TAGS: Action = action("organizations:ListTagsForResource", "the tags of accounts");
pub(crate) static LIST_SERVICE_ACCESS: Action =
    action("organizations:ListAWSServiceAccessForOrganization", "the services with trusted access");
pub(crate) static LIST_ADMINISTRATORS: Action =
    action("organizations:ListDelegatedAdministrators", ADMINISTRATORS);
pub(crate) static LIST_ADMINISTERED: Action =
    action("organizations:ListDelegatedServicesForAccount", ADMINISTRATORS);
pub(crate) static DESCRIBE_RESOURCE_POLICY: Action =
    action("organizations:DescribeResourcePolicy", "the resource policy of the organization");
pub(crate) static LIST_INSTANCES: Action = action("sso:ListInstances", CENTER);
pub(crate) static LIST_SETS: Action = action("sso:ListPermissionSets", CENTER);
pub(crate) static DESCRIBE_SET: Action = action("sso:DescribePermissionSet", CENTER);
pub(crate) static GET_INLINE: Action = action("sso:GetInlinePolicyForPermissionSet", CENTER);
pub(crate) static LIST_MANAGED: Action = action("sso:ListManagedPoliciesInPermissionSet", CENTER);
pub(crate) static LIST_CUSTOMER_MANAGED: Action =
    action("sso:ListCustomerManagedPolicyReferencesInPermissionSet", CENTER);
pub(crate) static GET_BOUNDARY: Action =
    action("sso:GetPermissionsBoundaryForPermissionSet", "the permissions boundaries of permission sets");
pub(crate) static LIST_PROVISIONED: Action = action("sso:ListAccountsForProvisionedPermissionSet", CENTER);
pub(crate) static LIST_ASSIGNMENTS: Action = action("sso:ListAccountAssignments", CENTER);
pub(crate) static ASSUME_ROLE: Action = action("sts:AssumeRole", "the identities, permissions and resources");
pub(crate) static READ_RESOURCES: Action = action("sts:GetCallerIdentity", "the policies of resources");
pub(crate) static CALLER_IDENTITY: Action = action("sts:GetCallerIdentity", "who calls");
pub(crate) static AUTHORIZATION_DETAILS: Action = action("iam:GetAccountAuthorizationDetails", IAM);
pub(crate) static ACCOUNT_SUMMARY: Action =
    action("iam:GetAccountSummary", "the summary of IAM, with the keys of the root user");
pub(crate) static LIST_OPEN_ID: Action = action("iam:ListOpenIDConnectProviders", PROVIDERS);
pub(crate) static GET_OPEN_ID: Action = action("iam:GetOpenIDConnectProvider", PROVIDERS);
pub(crate) static LIST_SAML: Action = action("iam:ListSAMLProviders", PROVIDERS);
pub(crate) static GENERATE_REPORT: Action = action("iam:GenerateCredentialReport", CREDENTIALS);
pub(crate) static GET_REPORT: Action = action("iam:GetCredentialReport", CREDENTIALS);
pub(crate) static LIST_KEYS: Action = action("kms:ListKeys", KEYS);
pub(crate) static DESCRIBE_KEY: Action = action("kms:DescribeKey", KEYS);
pub(crate) static GET_KEY_POLICY: Action = action("kms:GetKeyPolicy", KEYS);
pub(crate) static LIST_SECRETS: Action = action("secretsmanager:ListSecrets", SECRETS);
pub(crate) static GET_SECRET_POLICY: Action = action("secretsmanager:GetResourcePolicy", SECRETS);
pub(crate) static LIST_QUEUES: Action = action("sqs:ListQueues", QUEUES);
pub(crate) static GET_QUEUE: Action = action("sqs:GetQueueAttributes", QUEUES);
pub(crate) static LIST_TOPICS: Action = action("sns:ListTopics", TOPICS);
pub(crate) static GET_TOPIC: Action = action("sns:GetTopicAttributes", TOPICS);
pub(crate) static LIST_REPOSITORIES: Action = action("ecr:DescribeRepositories", REPOSITORIES);
pub(crate) static GET_REPOSITORY_POLICY: Action = action("ecr:GetRepositoryPolicy", REPOSITORIES);
pub(crate) static LIST_TRAILS: Action = action("cloudtrail:DescribeTrails", TRAILS);
pub(crate) static GET_TRAIL: Action = action("cloudtrail:GetTrailStatus", TRAILS);
pub(crate) static LIST_BUCKETS: Action = action("s3:ListAllMyBuckets", BUCKETS);
pub(crate) static GET_BUCKET_POLICY: Action = action("s3:GetBucketPolicy", BUCKETS);
pub(crate) static GET_BUCKET_BLOCK: Action =
    action("s3:GetBucketPublicAccessBlock", "which buckets block public access");
pub(crate) static LIST_AUTHORITIES: Action = action("acm-pca:ListCertificateAuthorities", AUTHORITIES);
pub(crate) static GET_AUTHORITY_POLICY: Action = action("acm-pca:GetPolicy", AUTHORITIES);
pub(crate) static LIST_VAULTS: Action = action("backup:ListBackupVaults", VAULTS);
pub(crate) static GET_VAULT_POLICY: Action = action("backup:GetBackupVaultAccessPolicy", VAULTS);
pub(crate) static LIST_TABLES: Action = action("dynamodb:ListTables", TABLES);
pub(crate) static LIST_STREAMS: Action =
    action("dynamodb:ListStreams", "the policies of streams of DynamoDB");
pub(crate) static GET_TABLE_POLICY: Action = action("dynamodb:GetResourcePolicy", TABLES);
pub(crate) static GET_REGISTRY_POLICY: Action =
    action("ecr:GetRegistryPolicy", "the policies of ECR registries");
pub(crate) static LIST_FILE_SYSTEMS: Action = action("elasticfilesystem:DescribeFileSystems", FILE_SYSTEMS);
pub(crate) static GET_FILE_SYSTEM_POLICY: Action =
    action("elasticfilesystem:DescribeFileSystemPolicy", FILE_SYSTEMS);
pub(crate) static LIST_DOMAINS: Action = action("es:ListDomainNames", DOMAINS);
pub(crate) static GET_DOMAIN: Action = action("es:DescribeDomain", DOMAINS);
pub(crate) static LIST_BUSES: Action = action("events:ListEventBuses", "the policies of event buses");
pub(crate) static LIST_APIS: Action = action("apigateway:GET", "the policies of REST APIs");
pub(crate) static GET_GLUE_POLICY: Action = action("glue:GetResourcePolicy", "the policies of Glue catalogs");
pub(crate) static LIST_FUNCTIONS: Action = action("lambda:ListFunctions", FUNCTIONS);
pub(crate) static GET_FUNCTION_POLICY: Action = action("lambda:GetPolicy", FUNCTIONS);
pub(crate) static LIST_LOG_POLICIES: Action =
    action("logs:DescribeResourcePolicies", "the resource policies of CloudWatch Logs");
pub(crate) static LIST_DESTINATIONS: Action =
    action("logs:DescribeDestinations", "the policies of destinations of CloudWatch Logs");
pub(crate) static LIST_REGIONS: Action =
    action("ec2:DescribeRegions", "the regions that the account can use");
pub(crate) static GET_ACCOUNT_BLOCK: Action =
    action("s3:GetAccountPublicAccessBlock", "whether the account blocks public access to buckets");
pub(crate) static LIST_DETECTORS: Action = action("guardduty:ListDetectors", DETECTORS);
pub(crate) static GET_DETECTOR: Action = action("guardduty:GetDetector", DETECTORS);
pub(crate) static LIST_RECORDERS: Action = action("config:DescribeConfigurationRecorders", RECORDERS);
pub(crate) static GET_RECORDER: Action = action("config:DescribeConfigurationRecorderStatus", RECORDERS);
pub(crate) static DESCRIBE_HUB: Action = action("securityhub:DescribeHub", "Security Hub");
pub(crate) static LIST_ANALYZERS: Action =
    action("access-analyzer:ListAnalyzers", "the analyzers of IAM Access Analyzer");
