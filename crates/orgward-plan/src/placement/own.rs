//! What an instance says about itself.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Basis, Evidence, Landing, Strength};
use crate::instance::{Sides, present};
use crate::{Instance, Mode, Plan};

/// Attributes that name the owner. Those of the second half are arguments of some types, where they can name
/// anyone: they count only where the configuration shows that it does not set them.
const OWNERS: [(&str, bool); 6] = [
    ("owner_id", false),
    ("registry_id", false),
    ("account_id", true),
    ("aws_account_id", true),
    ("catalog_id", true),
    ("owner_account_id", true),
];

/// What of a type names something else than the resource.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Foreign {
    /// The `arn`: that of a target, a topic, a secret, or of an object that another account can own.
    Arn,
    /// Every attribute of [`OWNERS`], even where it is computed.
    Owner,
    Both,
}

/// Types, and prefixes of types that end with `_`, of which attributes name the account of something else.
const FOREIGN: &[(&str, Foreign)] = &[
    ("aws_cloudformation_stack_set", Foreign::Arn), // A delegated administrator makes it in the management account.
    ("aws_cloudwatch_event_target", Foreign::Arn),
    ("aws_codeartifact_", Foreign::Arn), // The owner of the domain.
    ("aws_directory_service_shared_directory_accepter", Foreign::Owner),
    ("aws_dx_hosted_", Foreign::Both),
    ("aws_ec2_transit_gateway_peering_attachment", Foreign::Arn),
    ("aws_ec2_transit_gateway_vpc_attachment", Foreign::Arn),
    ("aws_ec2_transit_gateway_vpc_attachment_accepter", Foreign::Arn),
    ("aws_glue_catalog_", Foreign::Arn), // `catalog_id` can be another account.
    ("aws_glue_user_defined_function", Foreign::Arn),
    ("aws_kinesis_stream_consumer", Foreign::Arn),
    ("aws_lakeformation_resource", Foreign::Arn),
    ("aws_macie2_member", Foreign::Both),
    ("aws_msk_vpc_connection", Foreign::Arn),
    ("aws_networkmanager_", Foreign::Both),
    ("aws_notifications_channel_association", Foreign::Arn),
    ("aws_organizations_", Foreign::Owner),
    ("aws_quicksight_", Foreign::Owner),
    ("aws_ram_", Foreign::Owner),
    ("aws_route53profiles_", Foreign::Both),
    ("aws_s3tables_namespace", Foreign::Both),
    ("aws_s3tables_table", Foreign::Both),
    ("aws_secretsmanager_secret_version", Foreign::Arn),
    ("aws_sns_topic_data_protection_policy", Foreign::Arn),
    ("aws_sns_topic_policy", Foreign::Both),
    ("aws_sns_topic_subscription", Foreign::Arn),
    ("aws_sso_", Foreign::Arn),
    ("aws_ssoadmin_", Foreign::Arn), // The account of the Identity Center instance.
    ("aws_vpc_ipam_resource_discovery_association", Foreign::Both),
    ("aws_vpclattice_", Foreign::Owner),
];

fn is_foreign(kind: &str, what: Foreign) -> bool {
    FOREIGN.iter().any(|(named, foreign)| {
        (*foreign == what || *foreign == Foreign::Both)
            && (*named == kind || (named.ends_with('_') && kind.starts_with(named)))
    })
}

/// The few attributes that matter here; all else is skipped without being kept.
#[derive(Deserialize, Default)]
struct Fields<'a> {
    #[serde(borrow, default)]
    arn: Option<&'a RawValue>,
    #[serde(borrow, default)]
    owner_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    account_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    owner: Option<&'a RawValue>,
    #[serde(borrow, default)]
    owner_account_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    registry_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    catalog_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    aws_account_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    master_account_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    partition: Option<&'a RawValue>,
    #[serde(borrow, default)]
    is_organization_trail: Option<&'a RawValue>,
    #[serde(borrow, default)]
    organization_enabled: Option<&'a RawValue>,
}

impl Fields<'_> {
    /// The ARN of the resource itself.
    fn own_arn(&self, kind: &str) -> Option<String> {
        // Those of an organization are the management account's, also where a delegated administrator makes them.
        let organizational = [self.is_organization_trail, self.organization_enabled]
            .into_iter()
            .flatten()
            .any(|flag| flag.get() != "false");
        text(self.arn).filter(|_| !organizational && !is_foreign(kind, Foreign::Arn))
    }
}

/// Whether a provider of AWS manages an instance: the AWS provider, or the one of the Cloud Control API.
pub(super) fn is_aws(instance: &Instance<'_>) -> bool {
    let name = instance.provider.rsplit('/').next().unwrap_or_default();
    ["", "aws", "awscc"].contains(&name)
}

/// The type of the AWS provider that a type is called like, whichever provider of AWS has it.
fn kind_of<'i>(instance: &'i Instance<'_>) -> Cow<'i, str> {
    match instance.kind.strip_prefix("awscc_") {
        Some(name) => Cow::Owned(format!("aws_{name}")),
        None => Cow::Borrowed(&instance.kind),
    }
}

pub(super) fn is_caller_identity(instance: &Instance<'_>) -> bool {
    instance.mode == Mode::Data && instance.kind == "aws_caller_identity"
}

/// Whether the configuration sets an attribute of the instance; `None` where the plan does not show.
pub(super) fn is_argument<'p>(
    plan: &'p Plan<'_>,
    instance: &'p Instance<'_>,
) -> impl Fn(&str) -> Option<bool> + 'p {
    let module = plan.configuration.as_ref().and_then(|configuration| configuration.module(&instance.module));
    let resource = module.and_then(|module| module.resource(instance.mode, &instance.kind, &instance.name));
    let expressions = resource.map(|resource| resource.expressions.map_or("", RawValue::get));
    // Found as text: to be wrong here only means to do without a piece of evidence.
    move |name| expressions.map(|expressions| expressions.contains(&format!("\"{name}\"")))
}

/// The evidence in the identity, the ARN, the owner, and the type.
pub(super) fn evidence(instance: &Instance<'_>, is_argument: impl Fn(&str) -> Option<bool>) -> Vec<Evidence> {
    let mut found = Vec::new();
    let mut add = |strength, basis, landing| {
        found.push(Evidence { strength, basis, landing, source: instance.address.to_string() });
    };
    let body = &instance.body;
    let (after, identity) = match body.sides {
        Sides::Change { after, identity, .. } => (after, identity),
        Sides::Same => (None, None),
    };
    for identity in [body.before_identity, identity].into_iter().flatten() {
        let fields: Fields<'_> = serde_json::from_str(identity.get()).unwrap_or_default();
        if let Some(account) = account(fields.account_id) {
            add(Strength::Conclusive, Basis::Identity, Landing::Account(account));
        }
    }
    let kind = kind_of(instance);
    let organizational = instance.mode == Mode::Managed && kind.starts_with("aws_organizations_");
    if organizational {
        add(Strength::Structural, Basis::Type, Landing::Management);
    }
    for side in [body.before, after].into_iter().filter_map(present) {
        let fields: Fields<'_> = serde_json::from_str(side.get()).unwrap_or_default();
        // A data source can read what another account owns.
        if is_caller_identity(instance) {
            if let Some(account) = account(fields.account_id) {
                add(Strength::Strong, Basis::CallerIdentity, Landing::Account(account));
            }
            continue;
        }
        if instance.kind == "aws_organizations_organization"
            && instance.mode == Mode::Managed
            && let Some(account) = account(fields.master_account_id)
        {
            add(Strength::Structural, Basis::Type, Landing::Account(account));
        }
        if instance.mode == Mode::Data {
            continue;
        }
        if let Some(account) = fields.own_arn(&kind).and_then(|arn| arn_account(&arn)) {
            add(Strength::Conclusive, Basis::Arn, Landing::Account(account));
        }
        if is_foreign(&kind, Foreign::Owner) {
            continue;
        }
        // Everywhere else it is the name of somebody.
        if instance.kind == "aws_sns_topic"
            && let Some(account) = account(fields.owner)
        {
            add(Strength::Strong, Basis::Owner, Landing::Account(account));
        }
        let values = [
            fields.owner_id,
            fields.registry_id,
            fields.account_id,
            fields.aws_account_id,
            fields.catalog_id,
            fields.owner_account_id,
        ];
        for ((name, needs_configuration), value) in OWNERS.into_iter().zip(values) {
            let own = |_: &String| !needs_configuration || is_argument(name) == Some(false);
            if let Some(account) = account(value).filter(own) {
                add(Strength::Strong, Basis::Owner, Landing::Account(account));
            }
        }
    }
    found
}

fn text(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

fn account(raw: Option<&RawValue>) -> Option<String> {
    text(raw).filter(|text| is_account(text))
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The account in an ARN. Some have none: those of S3, of Route 53, and of policies that AWS manages.
pub(super) fn arn_account(arn: &str) -> Option<String> {
    let mut parts = arn.strip_prefix("arn:")?.split(':');
    parts.nth(3).filter(|account| is_account(account)).map(str::to_owned)
}

/// The partition in an ARN of the instance, or that `aws_partition` reads.
pub(super) fn arn_partition(instance: &Instance<'_>) -> Option<String> {
    let after = match instance.body.sides {
        Sides::Change { after, .. } => after,
        Sides::Same => None,
    };
    [after, instance.body.before].into_iter().filter_map(present).find_map(|side| {
        let fields: Fields<'_> = serde_json::from_str(side.get()).ok()?;
        let of_arn = || Some(text(fields.arn)?.strip_prefix("arn:")?.split(':').next()?.to_owned());
        let partition = if instance.kind == "aws_partition" { text(fields.partition) } else { of_arn() };
        partition.filter(|partition| partition == "aws" || partition.starts_with("aws-"))
    })
}

/// The region in the instance's own ARN.
pub(super) fn arn_region(instance: &Instance<'_>) -> Option<String> {
    let after = match instance.body.sides {
        Sides::Change { after, .. } => after,
        Sides::Same => None,
    };
    [after, instance.body.before].into_iter().filter_map(present).find_map(|side| {
        let fields: Fields<'_> = serde_json::from_str(side.get()).ok()?;
        let arn = fields.own_arn(&kind_of(instance))?;
        let region = arn.strip_prefix("arn:")?.split(':').nth(2)?;
        (!region.is_empty()).then(|| region.to_owned())
    })
}
