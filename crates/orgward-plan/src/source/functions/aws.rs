//! Functions of providers.

use crate::source::Spelled;

/// Applies a function of a provider.
pub(in crate::source) fn provided(provider: &str, name: &str, arguments: &[Spelled]) -> Spelled {
    if let Some(failed) = arguments.iter().find(|argument| argument.why_open().is_some()) {
        return failed.clone();
    }
    let refused = || Spelled::Refused(format!("the provider refuses what `{name}` is given"));
    let open = || Spelled::open(format!("`provider::{provider}::{name}` is not followed here"));
    match (provider, name, arguments) {
        ("aws", "arn_build", [partition, service, region, account, resource]) => {
            // Parts that are unknown stay references.
            let mut parts = Spelled::text("arn").into_parts().unwrap_or_default();
            for part in [partition, service, region, account, resource] {
                let Ok(more) = part.clone().into_parts() else { return open() };
                parts.extend(Spelled::text(":").into_parts().unwrap_or_default());
                parts.extend(more);
            }
            Spelled::Text(parts)
        }
        ("aws", "arn_parse" | "trim_iam_role_path", [arn]) => {
            let Some(text) = arn.literal() else {
                return super::unknown(arn, "an ARN is unknown until apply");
            };
            let parts: Vec<&str> = text.splitn(6, ':').collect();
            let ["arn", partition, service, region, account, resource] = parts.as_slice() else {
                return refused();
            };
            if name == "arn_parse" {
                let names = ["partition", "service", "region", "account_id", "resource"];
                let values = [partition, service, region, account, resource];
                return Spelled::map(
                    names
                        .into_iter()
                        .zip(values)
                        .map(|(name, value)| (name.to_owned(), Spelled::text(*value))),
                );
            }
            match resource.strip_prefix("role/").map(|path| path.rsplit('/').next().unwrap_or(path)) {
                Some(role) if *service == "iam" && region.is_empty() => {
                    Spelled::text(format!("arn:{partition}:iam::{account}:role/{role}"))
                }
                _ => refused(),
            }
        }
        _ => open(),
    }
}
