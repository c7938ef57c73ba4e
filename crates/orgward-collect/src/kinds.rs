//! Resources that are read alike: a list of them, the policy of each, and what Terraform calls both.
//!
//! A new kind is one row, its actions in `actions.rs`, and its id in the table of `orgward-snapshot`.

use orgward_snapshot::Found;
use serde_json::{Map, Value};

use crate::actions::{self, Action};

/// How an operation is called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    /// By name, with a body of JSON.
    Target(&'static str),
    /// By path, with a query.
    Get(&'static str),
}

/// A call. Texts may have `{…}` in them: see [`Item::fill`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) action: &'static Action,
    /// The beginning of the name of the host.
    pub(crate) at: &'static str,
    pub(crate) how: How,
    pub(crate) body: &'static [(&'static str, &'static str)],
}

/// A list that comes in pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    pub(crate) ask: Ask,
    /// Where its members are in the answer.
    pub(crate) members: &'static str,
    /// The token, as it is asked for and as it is answered.
    pub(crate) token: (&'static str, &'static str),
}

/// Where the policy of a resource is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Where {
    /// In the list.
    Listed(&'static str),
    /// In the answer to another call.
    Asked(Ask, &'static str),
}

/// A resource of Terraform.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) kind: &'static str,
    pub(crate) values: &'static [(&'static str, &'static str)],
}

/// A kind of resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Its ids in `orgward_snapshot::POLICY_KINDS`.
    pub(crate) ids: &'static [&'static str],
    /// How all of them are listed; `None` where there is one for each account and region.
    pub(crate) list: Option<List>,
    pub(crate) arn: &'static str,
    pub(crate) policy: Where,
    /// The resource itself.
    pub(crate) own: Option<Row>,
    /// What sets its policy, and the attribute; the resource itself where it is of the same type.
    pub(crate) carrier: (Row, &'static str),
    /// How the text of the policy is made of what is answered.
    pub(crate) text: Text,
}

/// How a policy is written in an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Text {
    Plain,
    /// With quotation marks that are escaped once more.
    Escaped,
    /// Statement by statement, as `aws_lambda_permission` has them.
    Permissions,
}

const fn call(
    action: &'static Action,
    at: &'static str,
    how: How,
    body: &'static [(&'static str, &'static str)],
) -> Ask {
    Ask { action, at, how, body }
}

const fn list(ask: Ask, members: &'static str, token: (&'static str, &'static str)) -> List {
    List { ask, members, token }
}

const fn row(kind: &'static str, values: &'static [(&'static str, &'static str)]) -> Row {
    Row { kind, values }
}

use How::{Get, Target};

const NEXT: (&str, &str) = ("NextToken", "NextToken");
const LOWER: (&str, &str) = ("nextToken", "nextToken");
const MARKER: (&str, &str) = ("Marker", "NextMarker");
const QUEUE: Row =
    row("aws_sqs_queue", &[("arn", "{arn}"), ("id", "{.}"), ("url", "{.}"), ("name", "{last}")]);
const SECRET: Row =
    row("aws_secretsmanager_secret", &[("arn", "{arn}"), ("id", "{arn}"), ("name", "{Name}")]);
const DOMAIN: Row =
    row("aws_opensearch_domain", &[("arn", "{arn}"), ("id", "{arn}"), ("domain_name", "{DomainName}")]);
const API: Row = row(
    "aws_api_gateway_rest_api",
    &[
        ("arn", "arn:{partition}:apigateway:{region}::/restapis/{id}"),
        ("id", "{id}"),
        ("name", "{name}"),
        ("execution_arn", "arn:{partition}:execute-api:{region}:{account}:{id}"),
    ],
);

/// All kinds.
#[rustfmt::skip]
pub(crate) static KINDS: &[Kind] = &[
    Kind {
        ids: &["acm-pca"],
        list: Some(list(call(&actions::LIST_AUTHORITIES, "acm-pca", Target("ACMPrivateCA.ListCertificateAuthorities"), &[]), "/CertificateAuthorities", NEXT)),
        arn: "{Arn}",
        policy: Where::Asked(call(&actions::GET_AUTHORITY_POLICY, "acm-pca", Target("ACMPrivateCA.GetPolicy"), &[("ResourceArn", "{arn}")]), "/Policy"),
        own: Some(row("aws_acmpca_certificate_authority", &[("arn", "{arn}"), ("id", "{arn}")])),
        carrier: (row("aws_acmpca_policy", &[("resource_arn", "{arn}")]), "policy"),
        text: Text::Plain,
    },
    Kind {
        ids: &["backup"],
        list: Some(list(call(&actions::LIST_VAULTS, "backup", Get("/backup-vaults/"), &[]), "/BackupVaultList", ("nextToken", "NextToken"))),
        arn: "{BackupVaultArn}",
        policy: Where::Asked(call(&actions::GET_VAULT_POLICY, "backup", Get("/backup-vaults/{BackupVaultName}/access-policy"), &[]), "/Policy"),
        own: Some(row("aws_backup_vault", &[("arn", "{arn}"), ("id", "{BackupVaultName}"), ("name", "{BackupVaultName}")])),
        carrier: (row("aws_backup_vault_policy", &[("backup_vault_name", "{BackupVaultName}")]), "policy"),
        text: Text::Plain,
    },
    Kind {
        ids: &["dynamodb-table"],
        list: Some(list(call(&actions::LIST_TABLES, "dynamodb", Target("DynamoDB_20120810.ListTables"), &[]), "/TableNames", ("ExclusiveStartTableName", "LastEvaluatedTableName"))),
        arn: "arn:{partition}:dynamodb:{region}:{account}:table/{.}",
        policy: Where::Asked(call(&actions::GET_TABLE_POLICY, "dynamodb", Target("DynamoDB_20120810.GetResourcePolicy"), &[("ResourceArn", "{arn}")]), "/Policy"),
        own: Some(row("aws_dynamodb_table", &[("arn", "{arn}"), ("id", "{.}"), ("name", "{.}")])),
        carrier: (row("aws_dynamodb_resource_policy", &[("resource_arn", "{arn}")]), "policy"),
        text: Text::Plain,
    },
    Kind {
        ids: &["dynamodb-stream"],
        list: Some(list(call(&actions::LIST_STREAMS, "streams.dynamodb", Target("DynamoDBStreams_20120810.ListStreams"), &[]), "/Streams", ("ExclusiveStartStreamArn", "LastEvaluatedStreamArn"))),
        arn: "{StreamArn}",
        policy: Where::Asked(call(&actions::GET_TABLE_POLICY, "dynamodb", Target("DynamoDB_20120810.GetResourcePolicy"), &[("ResourceArn", "{arn}")]), "/Policy"),
        own: None,
        carrier: (row("aws_dynamodb_resource_policy", &[("resource_arn", "{arn}")]), "policy"),
        text: Text::Plain,
    },
    Kind {
        ids: &["ecr-registry"],
        list: None,
        arn: "arn:{partition}:ecr:{region}:{account}:registry",
        policy: Where::Asked(call(&actions::GET_REGISTRY_POLICY, "api.ecr", Target("AmazonEC2ContainerRegistry_V20150921.GetRegistryPolicy"), &[]), "/policyText"),
        own: None,
        carrier: (row("aws_ecr_registry_policy", &[("id", "{account}"), ("registry_id", "{account}")]), "policy"),
        text: Text::Plain,
    },
    Kind {
        ids: &["ecr-repository"],
        list: Some(list(call(&actions::LIST_REPOSITORIES, "api.ecr", Target("AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"), &[]), "/repositories", LOWER)),
        arn: "{repositoryArn}",
        policy: Where::Asked(call(&actions::GET_REPOSITORY_POLICY, "api.ecr", Target("AmazonEC2ContainerRegistry_V20150921.GetRepositoryPolicy"), &[("repositoryName", "{repositoryName}")]), "/policyText"),
        own: Some(row("aws_ecr_repository", &[("arn", "{arn}"), ("id", "{repositoryName}"), ("name", "{repositoryName}")])),
        carrier: (row("aws_ecr_repository_policy", &[("repository", "{repositoryName}")]), "policy"),
        text: Text::Plain,
    },
    Kind {
        ids: &["efs"],
        list: Some(list(call(&actions::LIST_FILE_SYSTEMS, "elasticfilesystem", Get("/2015-02-01/file-systems"), &[]), "/FileSystems", MARKER)),
        arn: "{FileSystemArn}",
        policy: Where::Asked(call(&actions::GET_FILE_SYSTEM_POLICY, "elasticfilesystem", Get("/2015-02-01/file-systems/{FileSystemId}/policy"), &[]), "/Policy"),
        own: Some(row("aws_efs_file_system", &[("arn", "{arn}"), ("id", "{FileSystemId}")])),
        carrier: (row("aws_efs_file_system_policy", &[("file_system_id", "{FileSystemId}")]), "policy"),
        text: Text::Plain,
    },
    Kind {
        ids: &["es"],
        list: Some(list(call(&actions::LIST_DOMAINS, "es", Get("/2021-01-01/domain"), &[]), "/DomainNames", NEXT)),
        arn: "arn:{partition}:es:{region}:{account}:domain/{DomainName}",
        policy: Where::Asked(call(&actions::GET_DOMAIN, "es", Get("/2021-01-01/opensearch/domain/{DomainName}"), &[]), "/DomainStatus/AccessPolicies"),
        own: Some(DOMAIN),
        carrier: (DOMAIN, "access_policies"),
        text: Text::Plain,
    },
    Kind {
        ids: &["events"],
        list: Some(list(call(&actions::LIST_BUSES, "events", Target("AWSEvents.ListEventBuses"), &[]), "/EventBuses", NEXT)),
        arn: "{Arn}",
        policy: Where::Listed("/Policy"),
        own: Some(row("aws_cloudwatch_event_bus", &[("arn", "{arn}"), ("id", "{Name}"), ("name", "{Name}")])),
        carrier: (row("aws_cloudwatch_event_bus_policy", &[("event_bus_name", "{Name}")]), "policy"),
        text: Text::Plain,
    },
    Kind {
        ids: &["execute-api"],
        list: Some(list(call(&actions::LIST_APIS, "apigateway", Get("/restapis?limit=500"), &[]), "/item", ("position", "position"))),
        arn: "arn:{partition}:apigateway:{region}::/restapis/{id}",
        policy: Where::Listed("/policy"),
        own: Some(API),
        carrier: (API, "policy"),
        text: Text::Escaped,
    },
    Kind {
        ids: &["glue"],
        list: None,
        arn: "arn:{partition}:glue:{region}:{account}:catalog",
        policy: Where::Asked(call(&actions::GET_GLUE_POLICY, "glue", Target("AWSGlue.GetResourcePolicy"), &[]), "/PolicyInJson"),
        own: None,
        carrier: (row("aws_glue_resource_policy", &[("id", "{region}")]), "policy"),
        text: Text::Plain,
    },
    Kind {
        ids: &["kms"],
        list: Some(list(call(&actions::LIST_KEYS, "kms", Target("TrentService.ListKeys"), &[]), "/Keys", MARKER)),
        arn: "{KeyArn}",
        policy: Where::Asked(call(&actions::GET_KEY_POLICY, "kms", Target("TrentService.GetKeyPolicy"), &[("KeyId", "{KeyId}"), ("PolicyName", "default")]), "/Policy"),
        own: Some(KEY),
        carrier: (KEY, "policy"),
        text: Text::Plain,
    },
    Kind {
        ids: &["lambda"],
        list: Some(list(call(&actions::LIST_FUNCTIONS, "lambda", Get("/2015-03-31/functions/"), &[]), "/Functions", MARKER)),
        arn: "{FunctionArn}",
        policy: Where::Asked(call(&actions::GET_FUNCTION_POLICY, "lambda", Get("/2015-03-31/functions/{FunctionName}/policy"), &[]), "/Policy"),
        own: Some(row("aws_lambda_function", &[("arn", "{arn}"), ("id", "{FunctionName}"), ("function_name", "{FunctionName}"), ("role", "{Role}")])),
        carrier: (row("aws_lambda_permission", &[("function_name", "{FunctionName}")]), "statement_id"),
        text: Text::Permissions,
    },
    Kind {
        ids: &["logs"],
        list: Some(list(call(&actions::LIST_LOG_POLICIES, "logs", Target("Logs_20140328.DescribeResourcePolicies"), &[]), "/resourcePolicies", LOWER)),
        arn: "arn:{partition}:logs:{region}:{account}:resource-policy:{policyName}",
        policy: Where::Listed("/policyDocument"),
        own: None,
        carrier: (row("aws_cloudwatch_log_resource_policy", &[("id", "{policyName}"), ("policy_name", "{policyName}")]), "policy_document"),
        text: Text::Plain,
    },
    Kind {
        ids: &["logs-destination"],
        list: Some(list(call(&actions::LIST_DESTINATIONS, "logs", Target("Logs_20140328.DescribeDestinations"), &[]), "/destinations", LOWER)),
        arn: "arn:{partition}:logs:{region}:{account}:destination:{destinationName}",
        policy: Where::Listed("/accessPolicy"),
        own: Some(row("aws_cloudwatch_log_destination", &[("arn", "{arn}"), ("id", "{destinationName}"), ("name", "{destinationName}")])),
        carrier: (row("aws_cloudwatch_log_destination_policy", &[("destination_name", "{destinationName}")]), "access_policy"),
        text: Text::Plain,
    },
    Kind {
        ids: &["secretsmanager"],
        list: Some(list(call(&actions::LIST_SECRETS, "secretsmanager", Target("secretsmanager.ListSecrets"), &[]), "/SecretList", NEXT)),
        arn: "{ARN}",
        policy: Where::Asked(call(&actions::GET_SECRET_POLICY, "secretsmanager", Target("secretsmanager.GetResourcePolicy"), &[("SecretId", "{arn}")]), "/ResourcePolicy"),
        own: Some(SECRET),
        carrier: (SECRET, "policy"),
        text: Text::Plain,
    },
    Kind {
        ids: &["sqs"],
        list: Some(list(call(&actions::LIST_QUEUES, "sqs", Target("AmazonSQS.ListQueues"), &[("MaxResults", "1000")]), "/QueueUrls", NEXT)),
        arn: "arn:{partition}:sqs:{region}:{account}:{last}",
        policy: Where::Asked(call(&actions::GET_QUEUE, "sqs", Target("AmazonSQS.GetQueueAttributes"), &[("QueueUrl", "{.}"), ("AttributeNames", "[Policy]")]), "/Attributes/Policy"),
        own: Some(QUEUE),
        carrier: (QUEUE, "policy"),
        text: Text::Plain,
    },
];

const KEY: Row = row("aws_kms_key", &[("arn", "{arn}"), ("id", "{KeyId}"), ("key_id", "{KeyId}")]);

/// A resource of a list, with where it is.
#[derive(Clone, Debug)]
pub(crate) struct Item<'i> {
    pub(crate) member: &'i Value,
    pub(crate) partition: &'i str,
    pub(crate) region: &'i str,
    pub(crate) account: &'i str,
    pub(crate) arn: String,
}

impl Item<'_> {
    /// A text with what is in braces filled in: `{partition}`, `{region}`, `{account}`, `{arn}`; `{.}` for a member that is
    /// a text, `{last}` for what is behind its last slash, and else a field of the member.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, it)| Some((before, it.split_once('}')?)))
        {
            filled.push_str(before);
            let whole = self.member.as_str().unwrap_or_default();
            filled.push_str(match name {
                "partition" => self.partition,
                "region" => self.region,
                "account" => self.account,
                "arn" => &self.arn,
                "." => whole,
                "last" => whole.rsplit('/').next().unwrap_or_default(),
                field => self.member.get(field).and_then(Value::as_str).unwrap_or_default(),
            });
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    /// The values of a row.
    pub(crate) fn values(&self, row: &Row) -> Map<String, Value> {
        row.values.iter().map(|(name, value)| ((*name).to_owned(), self.fill(value).into())).collect()
    }

    /// A resource of Terraform.
    pub(crate) fn found(&self, row: &Row, values: Map<String, Value>, unknown: &[&str]) -> Found {
        Found {
            kind: row.kind.to_owned(),
            id: self.arn.clone(),
            region: self.region.to_owned(),
            values,
            unknown: unknown.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// The statements of the policy of a function, each as the permission that made it.
    pub(crate) fn permissions(&self, row: &Row, policy: &str) -> Vec<Found> {
        let policy: Value = serde_json::from_str(policy).unwrap_or_default();
        let statements = match policy.get("Statement") {
            Some(Value::Array(statements)) => statements.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let mut all = Vec::new();
        for statement in statements {
            let mut values = self.values(row);
            let mut unknown = Vec::new();
            let sid = statement.get("Sid").and_then(Value::as_str).unwrap_or_default();
            values.insert("statement_id".to_owned(), sid.into());
            values.insert("action".to_owned(), statement.get("Action").cloned().unwrap_or_default());
            let principal = statement.get("Principal");
            let named = match principal {
                Some(Value::Object(by)) => ["Service", "AWS", "Federated"].iter().find_map(|it| by.get(*it)),
                other => other,
            };
            match named {
                Some(Value::String(name)) => {
                    values.insert("principal".to_owned(), plain(name).into());
                }
                _ => unknown.push("principal"),
            }
            let conditions = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
            for (_, lines) in conditions {
                for (key, value) in lines.as_object().into_iter().flatten() {
                    let attribute = match key.to_ascii_lowercase().as_str() {
                        "aws:sourcearn" => "source_arn",
                        "aws:sourceaccount" => "source_account",
                        "aws:principalorgid" => "principal_org_id",
                        "lambda:eventsourcetoken" => "event_source_token",
                        "lambda:functionurlauthtype" => "function_url_auth_type",
                        // What no permission can say.
                        _ => {
                            unknown.push("principal");
                            continue;
                        }
                    };
                    values.insert(attribute.to_owned(), value.clone());
                }
            }
            let mut found = self.found(row, values, &unknown);
            found.id = format!("{} {sid}", self.arn);
            all.push(found);
        }
        all
    }
}

/// `arn:aws:iam::111111111111:root` as the number that the provider writes.
fn plain(principal: &str) -> &str {
    let account = principal.strip_suffix(":root").and_then(|it| it.rsplit(':').next());
    account.unwrap_or(principal)
}
