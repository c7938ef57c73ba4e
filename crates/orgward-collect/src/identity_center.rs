//! Identity Center: permission sets, and who has which in which account.

use aws_config::{Region, SdkConfig};
use aws_sdk_ssoadmin::Client;
use aws_sdk_ssoadmin::types::CustomerManagedPolicyReference;
use orgward_snapshot::{
    Assignment, Boundary, CustomerPolicy, Gap, Instance, OrganizationPart, PermissionSet,
};

use crate::actions::{self, Action};
use crate::aws::each;
use crate::organization::{Fatal, optional};
use crate::refused::Refused;

const AT_ONCE: usize = 4;
/// The service that Organizations trusts where there is an instance.
const SERVICE: &str = "sso.amazonaws.com";
/// The regions that every account has. An instance is in one region, and nothing says in which.
const REGIONS: [&str; 17] = [
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "us-west-1",
    "eu-west-1",
    "eu-central-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "ap-southeast-2",
    "ap-southeast-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ca-central-1",
    "sa-east-1",
];

/// A call of one instance that failed: all of Identity Center is missing then.
type Missing = (&'static Action, Refused);

/// Reads the instances, if the organization has any.
pub(crate) async fn read(
    config: &SdkConfig,
    region: Option<&str>,
    part: &mut OrganizationPart,
) -> Result<(), Fatal> {
    let unread = part.gaps.iter().any(|gap| gap.action == actions::LIST_SERVICE_ACCESS.name);
    if region.is_none() && !unread && !part.service_access.iter().any(|service| service == SERVICE) {
        return Ok(());
    }
    let here = config.region().map(|region| region.as_ref().to_owned());
    let mut regions: Vec<String> = match region {
        Some(region) => vec![region.to_owned()],
        None => here.into_iter().chain(REGIONS.map(str::to_owned)).collect(),
    };
    let mut tried = Vec::new();
    regions.retain(|region| {
        let is_new = !tried.contains(region);
        tried.push(region.clone());
        is_new
    });
    for region in regions {
        match instances(config, &region, &mut part.gaps).await {
            Ok(instances) if instances.is_empty() => {}
            Ok(instances) => {
                part.identity_center = instances;
                return Ok(());
            }
            Err((action, refused)) => {
                return optional(Err(refused), action, &mut part.gaps).map(|_: Option<()>| ());
            }
        }
    }
    if !unread {
        let Action { name, what } = actions::LIST_INSTANCES;
        let why = "no region has an instance: name it with `--identity-center-region`".to_owned();
        part.gaps.push(Gap { what: what.to_owned(), action: name.to_owned(), why });
    }
    Ok(())
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

async fn instances(config: &SdkConfig, region: &str, gaps: &mut Vec<Gap>) -> Result<Vec<Instance>, Missing> {
    let config = config.to_builder().region(Region::new(region.to_owned())).build();
    let client = Client::new(&config);
    let listed = client.list_instances().into_paginator().items().send().try_collect().await;
    let listed = listed.map_err(|error| (&actions::LIST_INSTANCES, error.into()))?;
    let mut instances = Vec::new();
    for listed in listed {
        let arn = text(listed.instance_arn());
        let sets = client.list_permission_sets().instance_arn(&arn).into_paginator().items().send();
        let sets = sets.try_collect().await.map_err(|error| (&actions::LIST_SETS, error.into()))?;
        let answers = each(sets, AT_ONCE, |set| permission_set(client.clone(), arn.clone(), set)).await;
        let mut instance = Instance {
            instance_arn: arn,
            identity_store_id: text(listed.identity_store_id()),
            region: region.to_owned(),
            ..Instance::default()
        };
        for answer in answers {
            let (set, assignments, gap) = answer?;
            instance.permission_sets.push(set);
            instance.assignments.extend(assignments);
            gaps.extend(gap);
        }
        instance.permission_sets.sort_by(|a, b| a.permission_set_arn.cmp(&b.permission_set_arn));
        instance.assignments.sort();
        instances.push(instance);
    }
    Ok(instances)
}

async fn permission_set(
    client: Client,
    instance: String,
    arn: String,
) -> Result<(PermissionSet, Vec<Assignment>, Option<Gap>), Missing> {
    let described =
        client.describe_permission_set().instance_arn(&instance).permission_set_arn(&arn).send().await;
    let described = described.map_err(|error| (&actions::DESCRIBE_SET, error.into()))?;
    let described = described.permission_set();
    let inline =
        client.get_inline_policy_for_permission_set().instance_arn(&instance).permission_set_arn(&arn);
    let inline = inline.send().await.map_err(|error| (&actions::GET_INLINE, error.into()))?;
    let managed =
        client.list_managed_policies_in_permission_set().instance_arn(&instance).permission_set_arn(&arn);
    let managed = managed.into_paginator().items().send().try_collect().await;
    let managed = managed.map_err(|error| (&actions::LIST_MANAGED, error.into()))?;
    let customer = client.list_customer_managed_policy_references_in_permission_set();
    let customer = customer.instance_arn(&instance).permission_set_arn(&arn).into_paginator().items().send();
    let customer = customer.try_collect().await;
    let customer = customer.map_err(|error| (&actions::LIST_CUSTOMER_MANAGED, error.into()))?;
    let boundary = client.get_permissions_boundary_for_permission_set();
    let boundary =
        boundary.instance_arn(&instance).permission_set_arn(&arn).send().await.map_err(Refused::from);
    let mut gap = None;
    let boundary = match boundary {
        Ok(answer) => answer.permissions_boundary().map(|it| Boundary {
            managed_policy_arn: it.managed_policy_arn().map(str::to_owned),
            customer_managed_policy_reference: it.customer_managed_policy_reference().map(reference),
        }),
        Err(refused) if refused.is_absent() => None,
        Err(refused) if refused.is_expired() => return Err((&actions::GET_BOUNDARY, refused)),
        Err(refused) => {
            gap = Some(refused.gap(&actions::GET_BOUNDARY));
            // A boundary that names nothing is one that is unknown.
            Some(Boundary::default())
        }
    };
    let inline_policy = inline.inline_policy().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let set = PermissionSet {
        permission_set_arn: arn.clone(),
        name: text(described.and_then(|it| it.name())),
        session_duration: described.and_then(|it| it.session_duration()).map(str::to_owned),
        inline_policy,
        managed_policies: managed.iter().map(|policy| text(policy.arn())).collect(),
        customer_managed_policies: customer.iter().map(reference).collect(),
        boundary,
        ..PermissionSet::default()
    };
    let assignments = assignments(&client, &instance, &arn).await?;
    Ok((set, assignments, gap))
}

fn reference(policy: &CustomerManagedPolicyReference) -> CustomerPolicy {
    let path = policy.path().unwrap_or("/");
    CustomerPolicy { name: policy.name().to_owned(), path: path.to_owned() }
}

async fn assignments(client: &Client, instance: &str, set: &str) -> Result<Vec<Assignment>, Missing> {
    let accounts = client.list_accounts_for_provisioned_permission_set();
    let accounts = accounts.instance_arn(instance).permission_set_arn(set).into_paginator().items().send();
    let accounts =
        accounts.try_collect().await.map_err(|error| (&actions::LIST_PROVISIONED, error.into()))?;
    let answers = each(accounts, AT_ONCE, |account: String| {
        let listed = client.list_account_assignments().instance_arn(instance).permission_set_arn(set);
        let listed = listed.account_id(account).into_paginator().items().send();
        async move { listed.try_collect().await.map_err(Refused::from) }
    })
    .await;
    let mut all = Vec::new();
    for answer in answers {
        let listed = answer.map_err(|refused| (&actions::LIST_ASSIGNMENTS, refused))?;
        all.extend(listed.iter().map(|it| Assignment {
            account_id: text(it.account_id()),
            permission_set_arn: set.to_owned(),
            principal_type: it.principal_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            principal_id: text(it.principal_id()),
        }));
    }
    Ok(all)
}
