use serde_json::Value;

use super::{own, providers};
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
    configured(plan, instance).or_else(|| plan.declaration.region.clone()).map_or(Attr::Unknown, Attr::Known)
}

/// The region that the provider block names, if the plan tells.
fn configured(plan: &Plan<'_>, instance: &Instance<'_>) -> Option<String> {
    let provider = providers::block(plan, instance)?;
    let expressions: Value = serde_json::from_str(provider.expressions?.get()).ok()?;
    let path = provider.module_address.as_deref().map(providers::module_path).unwrap_or_default();
    let region = providers::constant(plan, &path, expressions.get("region")?)?;
    let region = region.as_str()?;
    let secret = plan.secrets.as_ref().is_some_and(|secrets| secrets.contains(region));
    (!secret).then(|| region.to_owned())
}
