//! Policies of resources that lock out everyone who could change them again.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::{Callers, Claim, ClaimSpec, Effect, Policy, RequestSet, Statement};
use orgward_org::{Organization, Resource, ResourcePolicy};

/// Which actions change the policy of a resource, by the Terraform type of the resource.
struct Lock {
    kind: &'static str,
    actions: &'static [&'static str],
    /// Whether identity policies count only where the policy of the resource lets them.
    needs_grant: bool,
    /// The way that is left to the root user of the account, if there is one.
    root: Option<&'static str>,
}

const fn lock(
    kind: &'static str,
    actions: &'static [&'static str],
    needs_grant: bool,
    root: Option<&'static str>,
) -> Lock {
    Lock { kind, actions, needs_grant, root }
}

const KEY: &[&str] = &["kms:PutKeyPolicy"];

#[rustfmt::skip]
const LOCKS: &[Lock] = &[
    lock("aws_backup_vault", &["backup:PutBackupVaultAccessPolicy", "backup:DeleteBackupVaultAccessPolicy"], false, None),
    lock("aws_dynamodb_table", &["dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy"], false, None),
    lock("aws_ecr_repository", &["ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"], false, None),
    lock("aws_efs_file_system", &["elasticfilesystem:PutFileSystemPolicy", "elasticfilesystem:DeleteFileSystemPolicy"], false, None),
    lock("aws_kinesis_stream", &["kinesis:PutResourcePolicy", "kinesis:DeleteResourcePolicy"], false, None),
    lock("aws_kms_external_key", KEY, true, None),
    lock("aws_kms_key", KEY, true, None),
    lock("aws_kms_replica_external_key", KEY, true, None),
    lock("aws_kms_replica_key", KEY, true, None),
    lock("aws_s3_bucket", &["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"], false, Some("delete the bucket policy")),
    lock("aws_secretsmanager_secret", &["secretsmanager:PutResourcePolicy", "secretsmanager:DeleteResourcePolicy"], false, None),
    lock("aws_sns_topic", &["sns:SetTopicAttributes"], false, None),
    lock("aws_sqs_queue", &["sqs:SetQueueAttributes"], false, Some("delete the queue policy")),
];

/// A policy that no principal may change again.
#[derive(Debug)]
pub struct Lockout<'o> {
    /// The resource.
    pub resource: &'o Resource,
    /// The policy that locks it.
    pub policy: &'o ResourcePolicy,
    /// The statement that denies the change; `None` where no statement allows it.
    pub statement: Option<&'o Statement>,
    /// The actions that would change the policy.
    pub actions: &'static [&'static str],
    /// What the root user of the account may still do.
    pub root: Option<&'static str>,
}

/// The resources of which no principal of the account, nor one that the policy names, may change the policy.
pub fn lockouts(org: &Organization) -> Vec<Lockout<'_>> {
    let resources = org.access().resources.iter();
    resources.filter_map(|resource| lockout(org, resource)).collect()
}

fn lockout<'o>(org: &'o Organization, resource: &'o Resource) -> Option<Lockout<'o>> {
    let lock = LOCKS.iter().find(|lock| lock.kind == resource.kind)?;
    let account = resource.account.as_deref()?;
    // A grant adds to the policy of a key that no input shows.
    if resource.policies.iter().all(ResourcePolicy::is_statement) {
        return None;
    }
    // A policy that is not known may allow anything.
    let policies: Option<Vec<&Policy>> =
        resource.policies.iter().map(|policy| policy.document.policy()).collect();
    let policies = policies.filter(|policies| !policies.is_empty())?;
    let covers = |statement: &Statement| lock.actions.iter().any(|action| statement.covers_action(action));
    let denying = |policy: &&'o ResourcePolicy| -> Option<&'o Statement> {
        let statements = &policy.document.policy()?.statements;
        statements.iter().find(|it| it.effect.value == Effect::Deny && covers(it))
    };
    let own = resource.policies.iter().find_map(|policy| Some((policy, denying(&policy)?)));
    if own.is_none() && !lock.needs_grant {
        return None;
    }
    // Most key policies give the key to the account.
    let gives_all = |policy: &&Policy| policy.statements.iter().any(|it| gives_to_account(it, lock, account));
    if own.is_none() && policies.iter().any(gives_all) {
        return None;
    }
    let claim = Claim::new(ClaimSpec {
        actions: Some(lock.actions.iter().map(|action| (*action).to_owned()).collect()),
        resources: resource.arn.clone().map(|arn| vec![arn]),
        conditions: BTreeMap::from([(
            "ArnNotLike".to_owned(),
            BTreeMap::from([("aws:PrincipalArn".to_owned(), vec!["arn:*:iam::*:root".to_owned()])]),
        )]),
        ..ClaimSpec::default()
    })
    .ok()?;
    let denied =
        policies.iter().fold(RequestSet::nothing(), |all, it| all.or(RequestSet::effect(it, Effect::Deny)));
    let granted =
        policies.iter().fold(RequestSet::nothing(), |all, it| all.or(RequestSet::effect(it, Effect::Allow)));
    let granted = granted.and(RequestSet::by(Callers::Principals));
    let may = if lock.needs_grant {
        granted
    } else {
        RequestSet::by(Callers::Accounts(BTreeSet::from([account.to_owned()]))).or(granted)
    };
    let left = may.minus(denied).minus(RequestSet::by(Callers::ServiceLinked)).and(claim.requests());
    if !left.is_empty() {
        return None;
    }
    let root = lock.root.filter(|_| !root_is_denied(org, resource, lock));
    let (policy, statement) = match own {
        Some((policy, statement)) => (policy, Some(statement)),
        None => (resource.policies.first()?, None),
    };
    Some(Lockout { resource, policy, statement, actions: lock.actions, root })
}

fn gives_to_account(statement: &Statement, lock: &Lock, account: &str) -> bool {
    let named = statement.principals.as_ref().is_some_and(|principals| {
        let names = |pattern: &orgward_iam::PrincipalPattern| match pattern {
            orgward_iam::PrincipalPattern::Account(named) => named == account,
            orgward_iam::PrincipalPattern::Everyone => true,
            _ => false,
        };
        !principals.not && principals.patterns.iter().any(|pattern| names(&pattern.value))
    });
    statement.effect.value == Effect::Allow
        && named
        && statement.is_unconditional()
        && statement
            .resources
            .as_ref()
            .is_none_or(|it| !it.not && it.patterns.iter().any(|it| it.value == "*"))
        && lock.actions.iter().any(|action| statement.covers_action(action))
}

/// Whether an SCP keeps the root user from what is left to it.
fn root_is_denied(org: &Organization, resource: &Resource, lock: &Lock) -> bool {
    let (Some(owner), Some(account)) = (resource.owner, resource.account.as_deref()) else { return false };
    if org.management_of(owner) == Some(owner) {
        return false;
    }
    let chain = org.policy_chain(owner, &orgward_org::PolicyType::ServiceControl);
    let root = format!("arn:aws:iam::{account}:root");
    let request = |action: &str| orgward_iam::Request {
        caller: orgward_iam::Caller::Arn(root.clone()),
        action: action.to_owned(),
        resource: resource.arn.clone().unwrap_or_else(|| "*".to_owned()),
        resource_account: Some(account.to_owned()),
        context: orgward_iam::Context::default(),
    };
    let judge = chain.judge();
    lock.actions.iter().all(|action| matches!(judge.decide(&request(action)), orgward_org::Ruling::Denied(_)))
}
