//! The least that the role that applies plans has to be allowed.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::UNKNOWN_PART;
use orgward_org::Organization;

use super::request::Requests;

/// What one principal needs in one account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Needed {
    /// The account, if it is known.
    pub account: Option<String>,
    /// The role, if it is known.
    pub principal: Option<String>,
    /// Actions that the apply certainly calls, with the resources. Parts that are unknown are `*`.
    pub certain: BTreeMap<String, BTreeSet<String>>,
    /// Actions that it may call besides, reads included.
    pub possible: BTreeMap<String, BTreeSet<String>>,
}

/// What the apply of the plans needs, by account and principal.
pub fn permissions(organization: &Organization, principal: Option<&str>) -> Vec<Needed> {
    let mut all: BTreeMap<(Option<String>, Option<String>), Needed> = BTreeMap::new();
    let mut requests = Requests::of(organization, principal);
    for change in organization.planned() {
        let applied_by = requests.principal_of(change);
        let key = (change.account.clone(), applied_by.clone());
        let needed = all.entry(key).or_insert_with(|| Needed {
            account: change.account.clone().map(|account| organization.render(&account)),
            principal: applied_by,
            ..Needed::default()
        });
        for requested in requests.certain(change) {
            let request = requested.request.request;
            let resource = shown(Some(&request.resource));
            needed.certain.entry(request.action).or_default().insert(resource);
        }
        for (action, resource) in requests.possible(change) {
            needed.possible.entry(action.to_owned()).or_default().insert(shown(resource.as_deref()));
        }
    }
    for needed in all.values_mut() {
        let certain = &needed.certain;
        needed.possible.retain(|action, _| !certain.contains_key(action));
    }
    all.into_values().collect()
}

/// A resource as a policy names it.
fn shown(resource: Option<&str>) -> String {
    resource.map_or_else(|| "*".to_owned(), |resource| resource.replace(UNKNOWN_PART, "*"))
}
