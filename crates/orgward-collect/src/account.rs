//! One account: the role that is assumed in it, and what IAM says.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_iam::Client;
use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput as Details;
use aws_sdk_iam::types as iam;
use aws_sdk_iam::types::EntityType;
use orgward_snapshot::{
    AccountPart, AttachedPolicy, BoundaryArn, Group, InlinePolicy, ManagedPolicy, OpenIdProvider,
    PolicyVersion, Role, SamlProvider, Tag, User, unescaped,
};

use crate::actions;
use crate::credentials;
use crate::organization::{Fatal, optional};
use crate::refused::Refused;
use crate::resources::Place;
use crate::signed::Signed;

/// How often the credential report is asked for until AWS has made it, and how long to wait in between.
const REPORT_ATTEMPTS: usize = 10;
const REPORT_WAIT: Duration = Duration::from_secs(2);

/// How accounts are entered.
#[derive(Debug)]
pub(crate) struct Entrance {
    /// The configuration of the caller.
    pub(crate) config: SdkConfig,
    /// The account of the caller, which needs no role.
    pub(crate) own: String,
    /// `aws`, `aws-us-gov`, `aws-cn`.
    pub(crate) partition: String,
    /// The role.
    pub(crate) role: String,
    /// Its external id.
    pub(crate) external_id: Option<String>,
    /// The regions whose resources are read.
    pub(crate) regions: Vec<String>,
}

/// Reads an account. What AWS refuses is a gap; only credentials that are too old end the run.
pub(crate) async fn read(entrance: &Entrance, account: &str) -> Result<AccountPart, Fatal> {
    let mut part = AccountPart { account: account.to_owned(), ..AccountPart::default() };
    let config = optional(enter(entrance, account).await, &actions::ASSUME_ROLE, &mut part.gaps)?;
    let Some(config) = config else { return Ok(part) };
    let client = Client::new(&config);
    details(&client, &mut part).await?;
    providers(&client, &mut part).await?;
    let summary = client.get_account_summary().send().await.map_err(Refused::from);
    if let Some(summary) = optional(summary, &actions::ACCOUNT_SUMMARY, &mut part.gaps)? {
        let entries = summary.summary_map().into_iter().flatten();
        part.summary = entries.map(|(key, value)| (key.as_str().to_owned(), i64::from(*value))).collect();
    }
    // Most accounts have no users, and no report is made for them.
    if !part.user_detail_list.is_empty() {
        report(&client, &mut part).await?;
    }
    resources(entrance, &config, &mut part).await?;
    part.gaps.sort();
    part.gaps.dedup();
    Ok(part)
}

/// Resources with policies, and trails, in the regions that are asked for.
async fn resources(entrance: &Entrance, config: &SdkConfig, part: &mut AccountPart) -> Result<(), Fatal> {
    if entrance.regions.is_empty() {
        return Ok(());
    }
    let credentials = match config.credentials_provider() {
        Some(provider) => provider.provide_credentials().await.map_err(|error| error.to_string()),
        None => Err(String::new()),
    };
    let credentials = credentials.map_err(|message| Refused { code: "no credentials".to_owned(), message });
    let Some(credentials) = optional(credentials, &actions::READ_RESOURCES, &mut part.gaps)? else {
        return Ok(());
    };
    let endpoint =
        config.endpoint_url().map(str::to_owned).or_else(|| std::env::var("AWS_ENDPOINT_URL").ok());
    let signed = Signed::new(credentials, endpoint, &entrance.partition);
    let home = config.region().map_or("us-east-1", |region| region.as_ref());
    let place = Place {
        account: part.account.clone(),
        partition: entrance.partition.clone(),
        regions: entrance.regions.clone(),
        home: home.to_owned(),
    };
    let read = tokio::task::spawn_blocking(move || crate::resources::read(&signed, &place)).await;
    match read {
        Ok(read) => {
            let read = read?;
            part.resources = read.resources;
            part.regions = read.regions;
            part.all_regions = read.all_regions;
            part.kinds = read.kinds;
            part.gaps.extend(read.gaps);
            Ok(())
        }
        // Nothing cancels it, so that it is a panic: raise it here.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Assumes the role.
async fn enter(entrance: &Entrance, account: &str) -> Result<SdkConfig, Refused> {
    if account == entrance.own {
        return Ok(entrance.config.clone());
    }
    let role = format!("arn:{}:iam::{account}:role/{}", entrance.partition, entrance.role);
    let assumed = aws_sdk_sts::Client::new(&entrance.config)
        .assume_role()
        .role_arn(role)
        .role_session_name("orgward-snapshot")
        .set_external_id(entrance.external_id.clone())
        .send()
        .await?;
    let none = || Refused { code: "no credentials".to_owned(), message: String::new() };
    let given = assumed.credentials().ok_or_else(none)?;
    let credentials = Credentials::new(
        given.access_key_id(),
        given.secret_access_key(),
        Some(given.session_token().to_owned()),
        None,
        "assumed role",
    );
    let provider = SharedCredentialsProvider::new(credentials);
    Ok(entrance.config.to_builder().credentials_provider(provider).build())
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

async fn details(client: &Client, part: &mut AccountPart) -> Result<(), Fatal> {
    let kinds = [EntityType::User, EntityType::Role, EntityType::Group, EntityType::LocalManagedPolicy];
    let pages = client.get_account_authorization_details().set_filter(Some(kinds.into())).into_paginator();
    let pages = pages.send().try_collect().await.map_err(Refused::from);
    let pages = optional(pages, &actions::AUTHORIZATION_DETAILS, &mut part.gaps)?.unwrap_or_default();
    let of = |page: &Details, part: &mut AccountPart| {
        part.role_detail_list.extend(page.role_detail_list().iter().map(role));
        part.user_detail_list.extend(page.user_detail_list().iter().map(user));
        part.group_detail_list.extend(page.group_detail_list().iter().map(group));
        part.policies.extend(page.policies().iter().map(policy));
    };
    for page in &pages {
        of(page, part);
    }
    part.role_detail_list.sort_by(|a, b| a.arn.cmp(&b.arn));
    part.user_detail_list.sort_by(|a, b| a.arn.cmp(&b.arn));
    part.group_detail_list.sort_by(|a, b| a.arn.cmp(&b.arn));
    part.policies.sort_by(|a, b| a.arn.cmp(&b.arn));
    Ok(())
}

fn role(role: &iam::RoleDetail) -> Role {
    Role {
        arn: text(role.arn()),
        role_name: text(role.role_name()),
        path: text(role.path()),
        assume_role_policy_document: document(role.assume_role_policy_document()),
        role_policy_list: inline(role.role_policy_list()),
        attached_managed_policies: attached(role.attached_managed_policies()),
        permissions_boundary: boundary(role.permissions_boundary()),
        tags: tags(role.tags()),
    }
}

fn user(user: &iam::UserDetail) -> User {
    User {
        arn: text(user.arn()),
        user_name: text(user.user_name()),
        path: text(user.path()),
        user_policy_list: inline(user.user_policy_list()),
        attached_managed_policies: attached(user.attached_managed_policies()),
        group_list: user.group_list().to_vec(),
        permissions_boundary: boundary(user.permissions_boundary()),
        tags: tags(user.tags()),
    }
}

fn group(group: &iam::GroupDetail) -> Group {
    Group {
        arn: text(group.arn()),
        group_name: text(group.group_name()),
        path: text(group.path()),
        group_policy_list: inline(group.group_policy_list()),
        attached_managed_policies: attached(group.attached_managed_policies()),
    }
}

fn policy(policy: &iam::ManagedPolicyDetail) -> ManagedPolicy {
    // Older versions decide nothing.
    let versions = policy.policy_version_list().iter().filter(|version| version.is_default_version());
    let version = |version: &iam::PolicyVersion| PolicyVersion {
        document: document(version.document()),
        is_default_version: true,
    };
    let arn = text(policy.arn());
    // The name is the end of the ARN.
    let name = policy.policy_name().or_else(|| arn.rsplit('/').next()).unwrap_or_default();
    ManagedPolicy {
        arn: arn.clone(),
        policy_name: name.to_owned(),
        path: text(policy.path()),
        policy_version_list: versions.map(version).collect(),
    }
}

fn document(text: Option<&str>) -> String {
    unescaped(text.unwrap_or_default())
}

fn inline(policies: &[iam::PolicyDetail]) -> Vec<InlinePolicy> {
    let one = |policy: &iam::PolicyDetail| InlinePolicy {
        policy_name: text(policy.policy_name()),
        policy_document: document(policy.policy_document()),
    };
    policies.iter().map(one).collect()
}

fn attached(policies: &[iam::AttachedPolicy]) -> Vec<AttachedPolicy> {
    policies.iter().map(|policy| AttachedPolicy { policy_arn: text(policy.policy_arn()) }).collect()
}

fn boundary(boundary: Option<&iam::AttachedPermissionsBoundary>) -> Option<BoundaryArn> {
    boundary.map(|it| BoundaryArn { permissions_boundary_arn: text(it.permissions_boundary_arn()) })
}

fn tags(tags: &[iam::Tag]) -> Vec<Tag> {
    tags.iter().map(|tag| Tag { key: tag.key().to_owned(), value: tag.value().to_owned() }).collect()
}

async fn providers(client: &Client, part: &mut AccountPart) -> Result<(), Fatal> {
    let listed = client.list_open_id_connect_providers().send().await.map_err(Refused::from);
    let listed = optional(listed, &actions::LIST_OPEN_ID, &mut part.gaps)?;
    for listed in listed.iter().flat_map(|it| it.open_id_connect_provider_list()) {
        let arn = text(listed.arn());
        let answer = client.get_open_id_connect_provider().open_id_connect_provider_arn(&arn).send().await;
        let answer = optional(answer.map_err(Refused::from), &actions::GET_OPEN_ID, &mut part.gaps)?;
        let Some(provider) = answer else { continue };
        part.open_id_connect_providers.push(OpenIdProvider {
            arn,
            url: text(provider.url()),
            client_id_list: provider.client_id_list().to_vec(),
        });
    }
    let listed = client.list_saml_providers().send().await.map_err(Refused::from);
    let listed = optional(listed, &actions::LIST_SAML, &mut part.gaps)?;
    let listed = listed.iter().flat_map(|it| it.saml_provider_list());
    part.saml_providers = listed.map(|it| SamlProvider { arn: text(it.arn()) }).collect();
    Ok(())
}

/// The credential report. AWS makes it when it is asked for, and keeps it for four hours.
async fn report(client: &Client, part: &mut AccountPart) -> Result<(), Fatal> {
    for attempt in 1..=REPORT_ATTEMPTS {
        let made = client.generate_credential_report().send().await.map_err(Refused::from);
        let Some(made) = optional(made, &actions::GENERATE_REPORT, &mut part.gaps)? else { return Ok(()) };
        if made.state().is_some_and(|state| *state == iam::ReportStateType::Complete)
            || attempt == REPORT_ATTEMPTS
        {
            break;
        }
        tokio::time::sleep(REPORT_WAIT).await;
    }
    let report = client.get_credential_report().send().await.map_err(Refused::from);
    if let Some(report) = optional(report, &actions::GET_REPORT, &mut part.gaps)? {
        let bytes = report.content().map(|content| content.as_ref()).unwrap_or_default();
        part.credentials = credentials::read(&String::from_utf8_lossy(bytes));
    }
    Ok(())
}
