//! Accounts that are asked for from a factory: Control Tower's product of Service Catalog, and the requests of Account
//! Factory for Terraform (AFT).

use orgward_plan::{Attr, Object, Text, View};
use serde_json::Value;

use crate::AccountRole;

/// The product of Service Catalog.
pub(crate) const PRODUCT: &str = "aws_servicecatalog_provisioned_product";
/// A request of AFT is an item of a table.
pub(crate) const REQUEST: &str = "aws_dynamodb_table_item";

/// How the product of Control Tower is called.
const PRODUCT_NAME: &str = "AWS Control Tower Account Factory";
/// How AFT calls its table.
const TABLE: &str = "aft-request";

/// The landing zone of Control Tower, whose manifest names accounts.
pub(crate) const LANDING_ZONE: &str = "aws_controltower_landing_zone";

/// The type by which values of a resource are kept, when a factory reads it.
pub(crate) fn listed(resource: &str) -> Option<&'static str> {
    [REQUEST, PRODUCT, LANDING_ZONE].into_iter().find(|kind| *kind == resource)
}

/// The accounts that the manifest of a landing zone names, and what for.
pub(crate) fn named_by_manifest(object: &Object) -> Vec<(Text, AccountRole)> {
    let Attr::Known(text) = object.get("manifest_json").text() else { return Vec::new() };
    let manifest: Value = serde_json::from_str(text.expose()).unwrap_or_default();
    let places = [
        ("/centralizedLogging/accountId", AccountRole::LogArchive),
        ("/securityRoles/accountId", AccountRole::SecurityTooling),
    ];
    let one = |(place, role): (&str, AccountRole)| {
        let id = manifest.pointer(place)?.as_str().filter(|id| orgward_iam::is_account_id(id))?;
        Some((if text.is_sensitive() { Text::sensitive(id) } else { Text::plain(id) }, role))
    };
    places.into_iter().filter_map(one).collect()
}

/// An account that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Requested {
    /// Its id, once it is there.
    pub(crate) id: Option<Text>,
    pub(crate) name: Attr<Text>,
    pub(crate) email: Attr<Text>,
    /// The unit, as people name it: `Sandbox`, or `Prod (ou-ab12-abcdefgh)`.
    pub(crate) unit: Attr<Text>,
    /// Whether what the factory made stays when its resource is destroyed. Otherwise Control Tower stops managing the
    /// account, and moves it to the root.
    pub(crate) stays: bool,
}

/// The account that a resource asks for; `None` when it is no request of a factory.
pub(crate) fn requested(kind: &str, object: &Object) -> Option<Requested> {
    match kind {
        PRODUCT => product(object),
        REQUEST => item(object),
        _ => None,
    }
}

fn product(object: &Object) -> Option<Requested> {
    let parameters = object.get("provisioning_parameters").items();
    let by_name = object.get("product_name").text().known().is_some_and(|name| name.expose() == PRODUCT_NAME);
    let is_unknown = parameters.is_unknown();
    let parameters = parameters.known().unwrap_or_default();
    let value = |name: &str| match entry(&parameters, name) {
        Some(value) => value,
        None if is_unknown => Attr::Unknown,
        None => Attr::Absent,
    };
    let is_there = |name: &str| entry(&parameters, name).is_some();
    let is_request = by_name || is_there("AccountEmail") && is_there("ManagedOrganizationalUnit");
    if !is_request {
        return None;
    }
    let outputs = object.get("outputs").items().known().unwrap_or_default();
    let id = entry(&outputs, "AccountId").and_then(Attr::known);
    let id = id.filter(|id| orgward_iam::is_account_id(id.expose()));
    Some(Requested {
        id,
        name: value("AccountName"),
        email: value("AccountEmail"),
        unit: value("ManagedOrganizationalUnit"),
        stays: object.get("retain_physical_resources").bool() == Attr::Known(true),
    })
}

/// The value of a block with a key.
fn entry(blocks: &[View<'_>], name: &str) -> Option<Attr<Text>> {
    let is_named = |it: &&View<'_>| it.get("key").text().known().is_some_and(|key| key.expose() == name);
    Some(blocks.iter().find(is_named)?.get("value").text())
}

fn item(object: &Object) -> Option<Requested> {
    // AFT goes on to know what it made, and Control Tower to manage it.
    let unknown = || Requested {
        id: None,
        name: Attr::Unknown,
        email: Attr::Unknown,
        unit: Attr::Unknown,
        stays: true,
    };
    let item = match object.get("item").text() {
        Attr::Known(item) => item,
        Attr::Unknown => {
            let is_table = object.get("table_name").text().known().is_some_and(|name| name.expose() == TABLE);
            return is_table.then(unknown);
        }
        Attr::Absent => return None,
    };
    let parsed: Value = serde_json::from_str(item.expose()).ok()?;
    let parameters = parsed.pointer("/control_tower_parameters/M")?;
    let value = |name: &str| match parameters.pointer(&format!("/{name}/S")).and_then(Value::as_str) {
        Some(text) if item.is_sensitive() => Attr::Known(Text::sensitive(text)),
        Some(text) => Attr::Known(Text::plain(text)),
        None => Attr::Absent,
    };
    Some(Requested {
        name: value("AccountName"),
        email: value("AccountEmail"),
        unit: value("ManagedOrganizationalUnit"),
        ..unknown()
    })
}

/// The name and the id of a unit, as a request names it.
pub(crate) fn unit(text: &str) -> (&str, Option<&str>) {
    let named = text.trim().strip_suffix(')').and_then(|text| text.rsplit_once('('));
    match named {
        Some((name, id)) if id.starts_with("ou-") || id.starts_with("r-") => (name.trim(), Some(id)),
        _ => (text.trim(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::unit;

    #[test]
    fn a_unit_is_named_alone_or_with_its_id() {
        assert_eq!(unit("Sandbox"), ("Sandbox", None));
        assert_eq!(unit("Prod (ou-ab12-abcdefgh)"), ("Prod", Some("ou-ab12-abcdefgh")));
        assert_eq!(unit("Prod (old)"), ("Prod (old)", None));
    }
}
