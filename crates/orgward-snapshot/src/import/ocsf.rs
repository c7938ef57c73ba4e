//! Findings of Prowler in OCSF: which accounts there are, and what it says of the organization. What it judges is not read.
//!
//! Fields after Prowler 5 (prowler-cloud/prowler, Apache-2.0, 2026): `cloud.account`, `cloud.org`, and the organization in
//! `resources[].data.metadata` of its checks of AWS Organizations.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{IdKind, Import, ImportError, gap};
use crate::{Account, Described, Policy, Tag};

/// Prowler reads one page of what a policy is attached to.
const PAGE: usize = 20;

#[derive(Deserialize)]
struct Finding {
    cloud: Cloud,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Cloud {
    provider: Option<String>,
    account: Option<CloudAccount>,
    org: Option<CloudAccount>,
}

#[derive(Deserialize)]
struct CloudAccount {
    uid: Option<String>,
    name: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Deserialize)]
struct Resource {
    group: Option<CloudAccount>,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    metadata: Option<Value>,
}

impl Import {
    /// One finding.
    pub(super) fn finding(&mut self, name: &str, finding: &RawValue) -> Result<(), ImportError> {
        let fields = |error: serde_json::Error| ImportError::Fields {
            name: name.to_owned(),
            command: "prowler aws -M json-ocsf",
            why: format!("a finding, column {}", error.column()),
        };
        let Finding { cloud, resources } = serde_json::from_str(finding.get()).map_err(fields)?;
        if cloud.provider.as_deref() != Some("aws") {
            return Ok(());
        }
        let org = cloud.org.and_then(|org| org.uid).filter(|id| id.starts_with("o-"));
        self.described(name, Described { id: org.unwrap_or_default(), ..Described::default() })?;
        if let Some(CloudAccount { uid: Some(id), name, labels }) = cloud.account
            && IdKind::Account.is(&id)
        {
            let tag = |label: &String| {
                let (key, value) = label.split_once(':')?;
                Some(Tag { key: key.to_owned(), value: value.to_owned() })
            };
            // Prowler writes no labels where it did not ask for the tags.
            let tags: Vec<Tag> = labels.iter().filter_map(tag).collect();
            let tags = (!tags.is_empty()).then_some(tags);
            self.account(Account { id, name: name.unwrap_or_default(), tags, ..Account::default() });
        }
        for resource in resources {
            let is_organization =
                resource.group.and_then(|it| it.name).is_some_and(|name| name == "organizations");
            if let Some(value) = resource.data.and_then(|data| data.metadata).filter(|_| is_organization) {
                self.organization_of(name, &value)?;
            }
        }
        Ok(())
    }

    fn organization_of(&mut self, name: &str, value: &Value) -> Result<(), ImportError> {
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        if text(value, "status") != "ACTIVE" {
            return Ok(());
        }
        let (id, arn, master_account_id) = (text(value, "id"), text(value, "arn"), text(value, "master_id"));
        self.described(name, Described { id, arn, master_account_id, ..Described::default() })?;
        let Some(kinds) = value.get("policies").and_then(Value::as_object) else { return Ok(()) };
        for (kind, policies) in kinds {
            self.listed.insert(kind.clone());
            for policy in policies.as_array().into_iter().flatten() {
                let id = text(policy, "id");
                if !IdKind::Policy.is(&id) {
                    continue;
                }
                // An error leaves an empty text and no targets.
                let content =
                    policy.get("content").filter(|it| it.as_object().is_some_and(|it| !it.is_empty()));
                let targets = policy.get("targets").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let ids = targets.iter().map(|it| text(it, "TargetId")).filter(|id| !id.is_empty());
                let known = self.targets.entry(id.clone()).or_default();
                known.ids.extend(ids);
                known.whole |= !targets.is_empty() && targets.len() < PAGE;
                let said = Policy {
                    id: id.clone(),
                    arn: text(policy, "arn"),
                    name: id.clone(),
                    kind: kind.clone(),
                    content: content.map(Value::to_string),
                    ..Policy::default()
                };
                let known = self.policies.entry(id).or_insert_with(|| said.clone());
                known.content = known.content.take().or(said.content);
            }
        }
        // It does not say which services they administer.
        for administrator in
            value.get("delegated_administrators").and_then(Value::as_array).into_iter().flatten()
        {
            let id = text(administrator, "id");
            if IdKind::Account.is(&id) {
                let what = format!("what the delegated administrator {id} administers");
                self.gaps.insert(gap(
                    &what,
                    "organizations:ListDelegatedServicesForAccount",
                    super::NOT_IMPORTED,
                ));
            }
        }
        Ok(())
    }
}
