use super::{configured, own, providers};
use crate::{Attr, Instance, Plan};

/// The region of an instance, from what is closest to it.
pub(super) fn of(plan: &Plan<'_>, instance: &Instance<'_>) -> Attr<String> {
    if !own::is_aws(instance) {
        return Attr::Absent;
    }
    let object = instance.after().or_else(|| instance.before());
    let argument = object.as_ref().map_or(Attr::Absent, |object| object.get("region").text());
    if let Attr::Known(region) = argument {
        return if region.is_sensitive() { Attr::Unknown } else { Attr::Known(region.expose().to_owned()) };
    }
    let identity = instance.identity().and_then(|identity| identity.get("region").text().known());
    if let Some(region) = identity {
        return Attr::Known(region.expose().to_owned());
    }
    if let Some(region) = own::arn_region(instance) {
        return Attr::Known(region);
    }
    // An argument that refers to something unknown decides over the provider.
    if own::is_argument(plan, instance)("region") == Some(true) && argument.is_unknown() {
        return Attr::Unknown;
    }
    of_its_provider(plan, instance)
}

/// The region of what the provider of an instance creates.
pub(super) fn of_its_provider(plan: &Plan<'_>, instance: &Instance<'_>) -> Attr<String> {
    of_provider(plan, instance).or_else(|| plan.declaration.region.clone()).map_or(Attr::Unknown, Attr::Known)
}

/// The region that the provider block names, if the plan tells.
fn of_provider(plan: &Plan<'_>, instance: &Instance<'_>) -> Option<String> {
    let (key, provider) = providers::block(plan, instance)?;
    let region = configured::text(plan, key, provider, "region")?;
    let secret = plan.secrets.as_ref().is_some_and(|secrets| secrets.contains(&region));
    (!secret).then_some(region)
}

/// The beginnings of the regions of partitions other than `aws`.
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "aws-cn"),
    ("eusc-", "aws-eusc"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("eu-isoe-", "aws-iso-e"),
];

/// The partition of an instance: that of its ARN, of its region, or of what the same provider reads and manages.
pub(super) fn partition(plan: &Plan<'_>, instance: &Instance<'_>) -> Option<String> {
    own::arn_partition(instance).or_else(|| {
        let provider = plan.providers().partition(plan, instance);
        provider.or_else(|| {
            let region = of(plan, instance).known()?;
            let found = PARTITIONS.iter().find(|(begin, _)| region.starts_with(begin));
            Some(found.map_or("aws", |(_, partition)| partition).to_owned())
        })
    })
}
