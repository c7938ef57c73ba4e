//! Organizations: the tree, policies and what they are attached to, and whom the organization trusts.

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::PolicyType;
use orgward_snapshot::{
    Account, DelegatedAdministrator, Described, Gap, OrganizationPart, Policy, PolicyTypeStatus, Root, Tag,
    Unit,
};

use crate::actions::{self, Action};
use crate::aws::each;
use crate::refused::Refused;

/// Calls at the same time: the APIs of Organizations are throttled for the whole organization.
const AT_ONCE: usize = 4;
/// The policy that AWS attaches to everything.
const FULL_ACCESS: &str = "p-FullAWSAccess";
const SERVICE_CONTROL: &str = "SERVICE_CONTROL_POLICY";

/// A call without which there is no organization to describe.
pub(crate) type Fatal = (&'static Action, Refused);

/// Reads the part of the organization, but Identity Center.
pub(crate) async fn read(client: &Client) -> Result<OrganizationPart, Fatal> {
    let mut part = OrganizationPart { organization: described(client).await?, ..OrganizationPart::default() };
    let roots = client.list_roots().into_paginator().send().try_collect().await;
    let roots = roots.map_err(|error| (&actions::LIST_ROOTS, error.into()))?;
    part.roots = roots.iter().flat_map(|page| page.roots()).map(root).collect();
    tree(client, &mut part).await?;
    tags(client, &mut part).await?;
    policies(client, &mut part).await?;
    trusted(client, &mut part).await?;
    part.organizational_units.sort_by(|a, b| a.id.cmp(&b.id));
    part.accounts.sort_by(|a, b| a.id.cmp(&b.id));
    part.policies.sort_by(|a, b| a.id.cmp(&b.id));
    part.gaps.sort();
    part.gaps.dedup();
    Ok(part)
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

async fn described(client: &Client) -> Result<Described, Fatal> {
    let answer = client.describe_organization().send().await;
    let answer = answer.map_err(|error| (&actions::DESCRIBE_ORGANIZATION, error.into()))?;
    let Some(organization) = answer.organization() else { return Ok(Described::default()) };
    Ok(Described {
        id: text(organization.id()),
        arn: text(organization.arn()),
        master_account_id: text(organization.master_account_id()),
        master_account_arn: text(organization.master_account_arn()),
        feature_set: organization.feature_set().map(|it| it.as_str().to_owned()).unwrap_or_default(),
    })
}

fn root(root: &aws_sdk_organizations::types::Root) -> Root {
    let types = root.policy_types().iter().map(|it| PolicyTypeStatus {
        kind: it.r#type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        status: it.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
    });
    Root {
        id: text(root.id()),
        arn: text(root.arn()),
        name: text(root.name()),
        policy_types: types.collect(),
    }
}

/// Units and accounts, level by level.
async fn tree(client: &Client, part: &mut OrganizationPart) -> Result<(), Fatal> {
    let mut level: Vec<String> = part.roots.iter().map(|root| root.id.clone()).collect();
    while !level.is_empty() {
        let inside = each(std::mem::take(&mut level), AT_ONCE, |parent| below(client.clone(), parent)).await;
        for inside in inside {
            let (units, accounts) = inside?;
            level.extend(units.iter().map(|unit| unit.id.clone()));
            part.organizational_units.extend(units);
            part.accounts.extend(accounts);
        }
    }
    Ok(())
}

async fn below(client: Client, parent: String) -> Result<(Vec<Unit>, Vec<Account>), Fatal> {
    let units = client.list_organizational_units_for_parent().parent_id(&parent);
    let units = units.into_paginator().send().try_collect().await;
    let units = units.map_err(|error| (&actions::LIST_UNITS, error.into()))?;
    let accounts = client.list_accounts_for_parent().parent_id(&parent);
    let accounts = accounts.into_paginator().send().try_collect().await;
    let accounts = accounts.map_err(|error| (&actions::LIST_ACCOUNTS, error.into()))?;
    let unit = |unit: &aws_sdk_organizations::types::OrganizationalUnit| Unit {
        id: text(unit.id()),
        arn: text(unit.arn()),
        name: text(unit.name()),
        parent_id: parent.clone(),
    };
    let account = |account: &aws_sdk_organizations::types::Account| Account {
        id: text(account.id()),
        arn: text(account.arn()),
        name: text(account.name()),
        // `State` takes the place of `Status`.
        status: account
            .state()
            .map(|state| state.as_str().to_owned())
            .or_else(|| account.status().map(|status| status.as_str().to_owned()))
            .unwrap_or_default(),
        parent_id: parent.clone(),
        tags: None,
    };
    let units = units.iter().flat_map(|page| page.organizational_units()).map(unit);
    let accounts = accounts.iter().flat_map(|page| page.accounts()).map(account);
    Ok((units.collect(), accounts.collect()))
}

async fn tags(client: &Client, part: &mut OrganizationPart) -> Result<(), Fatal> {
    let ids: Vec<String> = part.accounts.iter().map(|account| account.id.clone()).collect();
    let answers = each(ids, AT_ONCE, |id| {
        let client = client.clone();
        async move {
            let tags = client.list_tags_for_resource().resource_id(id).into_paginator().items().send();
            tags.try_collect().await.map_err(Refused::from)
        }
    })
    .await;
    for (account, answer) in part.accounts.iter_mut().zip(answers) {
        let tags = optional(answer, &actions::LIST_TAGS, &mut part.gaps)?;
        account.tags = tags.map(|tags| {
            let tag = |tag: &aws_sdk_organizations::types::Tag| Tag {
                key: tag.key().to_owned(),
                value: tag.value().to_owned(),
            };
            tags.iter().map(tag).collect()
        });
    }
    Ok(())
}

/// An answer that can be missing: then the snapshot says so.
pub(crate) fn optional<T>(
    answer: Result<T, Refused>,
    action: &'static Action,
    gaps: &mut Vec<Gap>,
) -> Result<Option<T>, Fatal> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(refused) if refused.is_expired() => Err((action, refused)),
        Err(refused) => {
            gaps.push(refused.gap(action));
            Ok(None)
        }
    }
}

async fn policies(client: &Client, part: &mut OrganizationPart) -> Result<(), Fatal> {
    let types = PolicyType::values().iter().map(|name| PolicyType::from(*name)).collect();
    let answers = each(types, AT_ONCE, |kind: PolicyType| {
        let client = client.clone();
        async move {
            let policies = client.list_policies().filter(kind.clone()).into_paginator().send();
            (kind, policies.try_collect().await.map_err(Refused::from))
        }
    })
    .await;
    let mut listed = Vec::new();
    for (kind, answer) in answers {
        let is_enabled = part
            .roots
            .iter()
            .flat_map(|root| &root.policy_types)
            .any(|it| it.kind == kind.as_str() && it.status == "ENABLED");
        match answer {
            Ok(pages) => listed.extend(pages.iter().flat_map(|page| page.policies()).cloned()),
            // Not every partition has every type; one that is not enabled does nothing.
            Err(refused) if !is_enabled && !refused.is_expired() => {}
            Err(refused) => return Err((&actions::LIST_POLICIES, refused)),
        }
    }
    let ids: Vec<String> = listed.iter().map(|policy| text(policy.id())).collect();
    let targets = each(ids, AT_ONCE, |id| {
        let client = client.clone();
        async move {
            let targets = client.list_targets_for_policy().policy_id(id).into_paginator().send();
            let pages = targets.try_collect().await.map_err(Refused::from)?;
            let targets = pages.iter().flat_map(|page| page.targets());
            Ok(targets.map(|target| text(target.target_id())).collect::<Vec<_>>())
        }
    })
    .await;
    let own: Vec<String> =
        listed.iter().filter(|policy| !policy.aws_managed()).map(|policy| text(policy.id())).collect();
    let contents = each(own, AT_ONCE, |id| {
        let client = client.clone();
        async move {
            let answer = client.describe_policy().policy_id(id).send().await.map_err(Refused::from);
            answer.map(|it| it.policy().and_then(|it| it.content()).map(str::to_owned))
        }
    })
    .await;
    let mut contents = contents.into_iter();
    for (policy, targets) in listed.iter().zip(targets) {
        let mut targets = optional(targets, &actions::LIST_TARGETS, &mut part.gaps)?;
        if let Some(targets) = &mut targets {
            targets.sort();
        }
        if policy.aws_managed() {
            if let Some(targets) = targets.filter(|_| policy.id() == Some(FULL_ACCESS)) {
                part.full_access_detached = without(part, &targets);
            }
            continue;
        }
        let content = contents.next().unwrap_or(Ok(None));
        part.policies.push(Policy {
            id: text(policy.id()),
            arn: text(policy.arn()),
            name: text(policy.name()),
            kind: policy.r#type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            content: optional(content, &actions::DESCRIBE_POLICY, &mut part.gaps)?.flatten(),
            targets,
            open_targets: false,
        });
    }
    Ok(())
}

/// What has no `FullAWSAccess`, where service control policies act at all.
fn without(part: &OrganizationPart, targets: &[String]) -> Vec<String> {
    let types = part.roots.iter().flat_map(|root| &root.policy_types);
    if !types.into_iter().any(|it| it.kind == SERVICE_CONTROL && it.status == "ENABLED") {
        return Vec::new();
    }
    let roots = part.roots.iter().map(|root| &root.id);
    let units = part.organizational_units.iter().map(|unit| &unit.id);
    let all = roots.chain(units).chain(part.accounts.iter().map(|account| &account.id));
    let mut without: Vec<String> = all.filter(|id| !targets.contains(id)).cloned().collect();
    without.sort();
    without
}

/// Trusted access, delegated administrators and the resource policy.
async fn trusted(client: &Client, part: &mut OrganizationPart) -> Result<(), Fatal> {
    let services = client.list_aws_service_access_for_organization().into_paginator().send();
    let services = services.try_collect().await.map_err(Refused::from);
    let services = optional(services, &actions::LIST_SERVICE_ACCESS, &mut part.gaps)?.unwrap_or_default();
    let services = services.iter().flat_map(|page| page.enabled_service_principals());
    part.service_access = services.map(|it| text(it.service_principal())).collect();
    part.service_access.sort();
    let administrators = client.list_delegated_administrators().into_paginator().items().send();
    let administrators = administrators.try_collect().await.map_err(Refused::from);
    let administrators = optional(administrators, &actions::LIST_ADMINISTRATORS, &mut part.gaps)?;
    let ids = administrators.unwrap_or_default().iter().map(|it| text(it.id())).collect();
    let answers = each(ids, AT_ONCE, |id: String| {
        let client = client.clone();
        async move {
            let services = client.list_delegated_services_for_account().account_id(&id).into_paginator();
            (id, services.items().send().try_collect().await.map_err(Refused::from))
        }
    })
    .await;
    for (id, answer) in answers {
        if let Some(services) = optional(answer, &actions::LIST_ADMINISTERED, &mut part.gaps)? {
            let mut services: Vec<String> = services.iter().map(|it| text(it.service_principal())).collect();
            services.sort();
            part.delegated_administrators.push(DelegatedAdministrator { id, service_principals: services });
        }
    }
    part.delegated_administrators.sort_by(|a, b| a.id.cmp(&b.id));
    let policy = client.describe_resource_policy().send().await.map_err(Refused::from);
    let policy = match policy {
        Err(refused) if refused.is_absent() => None,
        answer => optional(answer, &actions::DESCRIBE_RESOURCE_POLICY, &mut part.gaps)?,
    };
    part.resource_policy = policy.and_then(|it| Some(it.resource_policy()?.content()?.to_owned()));
    Ok(())
}
