//! What a plan changes about what organization policies deny: its shape for programs, and its words.

use std::collections::BTreeMap;

use orgward_finding::{
    ChainChange, ChangeCause, ChangedRequests, ServiceActions, Site, Witness, WitnessValue,
};
use serde::{Deserialize, Serialize};

/// Units of one change that are named.
const UNITS: usize = 3;
/// Causes of one change that are named.
const CAUSES: usize = 4;
/// Actions of one service that are named.
const ACTIONS: usize = 40;

/// What changes for accounts that a plan treats alike.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeView {
    /// `SCP` or `RCP`.
    pub policy_type: String,
    /// The paths of the units that the accounts are in.
    #[serde(default)]
    pub units: Vec<String>,
    /// The accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    /// Denied before the plan and not after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_longer_denied: Option<RequestsView>,
    /// Denied after the plan and not before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newly_denied: Option<RequestsView>,
    /// What is undecided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<String>,
}

/// Requests whose ruling changes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestsView {
    /// What they are for, in a few words.
    pub summary: String,
    /// The actions, by service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceView>,
    /// Whether actions are among them that the catalogue does not list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unlisted: bool,
    /// Whether some requests for the same actions keep their ruling.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_part: bool,
    /// One of the requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<ExampleView>,
    /// What brings it about.
    #[serde(default)]
    pub causes: Vec<CauseView>,
}

/// Actions of one service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceView {
    /// The prefix of the actions.
    pub service: String,
    /// The actions, without the prefix.
    pub actions: Vec<String>,
    /// Whether these are all actions of the service.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
}

/// A request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExampleView {
    /// Who makes it.
    pub principal: String,
    /// `service:Action`.
    pub action: String,
    /// An ARN or `*`.
    pub resource: String,
    /// The context keys that matter.
    #[serde(default)]
    pub context: BTreeMap<String, ValueView>,
}

/// The value of a context key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ValueView {
    /// A key with one value.
    One(String),
    /// A multivalued key.
    Many(Vec<String>),
}

/// What brings a change about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CauseView {
    /// In words.
    pub what: String,
    /// The resource that the plan changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The plan that it is of, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Where it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<PlaceView>,
}

/// A line of a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlaceView {
    /// The file, from the root of the repository.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

impl From<&Site> for PlaceView {
    fn from(site: &Site) -> Self {
        Self { file: site.file.clone(), line: site.line }
    }
}

impl From<&Witness> for ExampleView {
    fn from(witness: &Witness) -> Self {
        let value = |value: &WitnessValue| match value {
            WitnessValue::One(text) => ValueView::One(text.clone()),
            WitnessValue::Many(texts) => ValueView::Many(texts.clone()),
        };
        Self {
            principal: witness.principal.clone(),
            action: witness.action.clone(),
            resource: witness.resource.clone(),
            context: witness.context.iter().map(|(key, each)| (key.clone(), value(each))).collect(),
        }
    }
}

impl From<&ChainChange> for ChangeView {
    fn from(change: &ChainChange) -> Self {
        Self {
            policy_type: change.policy_type.to_owned(),
            units: change.units.clone(),
            accounts: change.accounts.clone(),
            no_longer_denied: change.no_longer_denied.as_ref().map(RequestsView::from),
            newly_denied: change.newly_denied.as_ref().map(RequestsView::from),
            undecided: change.undecided.clone(),
        }
    }
}

impl From<&ChangedRequests> for RequestsView {
    fn from(requests: &ChangedRequests) -> Self {
        let service = |it: &ServiceActions| ServiceView {
            service: it.service.clone(),
            actions: it.actions.clone(),
            all: it.all,
        };
        let cause = |it: &ChangeCause| CauseView {
            what: it.what.clone(),
            address: it.address.as_ref().map(ToString::to_string),
            input: it.input.clone(),
            site: it.site.as_ref().map(PlaceView::from),
        };
        Self {
            summary: requests.summary.clone(),
            services: requests.services.iter().map(service).collect(),
            unlisted: requests.unlisted,
            in_part: requests.in_part,
            example: requests.example.as_ref().map(ExampleView::from),
            causes: requests.causes.iter().map(cause).collect(),
        }
    }
}

/// One side of a change, in words that are not escaped yet.
pub(crate) struct Side<'v> {
    /// `no longer denied` or `newly denied`.
    pub(crate) label: &'static str,
    /// What, in a few words.
    pub(crate) what: String,
    /// What brings it about, and how much more does.
    pub(crate) causes: (&'v [CauseView], usize),
    /// The requests.
    pub(crate) requests: &'v RequestsView,
}

impl ChangeView {
    /// The accounts and where they are: `Root/Prod and 2 more units (5 accounts)`.
    pub(crate) fn title(&self) -> String {
        let more = self.units.len().saturating_sub(UNITS);
        let units = self.units.get(..UNITS.min(self.units.len())).unwrap_or_default().join(", ");
        let units = match more {
            0 => units,
            1 => format!("{units} and 1 more unit"),
            more => format!("{units} and {more} more units"),
        };
        match self.accounts.as_slice() {
            [] => format!("{units} (no account is known)"),
            [account] => format!("{units} (account {account})"),
            accounts => format!("{units} ({} accounts)", accounts.len()),
        }
    }

    /// Both sides, as far as there is something.
    pub(crate) fn sides(&self) -> impl Iterator<Item = Side<'_>> {
        let sides = [("no longer denied", &self.no_longer_denied), ("newly denied", &self.newly_denied)];
        sides.into_iter().filter_map(|(label, requests)| {
            let requests = requests.as_ref()?;
            let causes = requests.causes.as_slice();
            let (shown, rest) = causes.split_at_checked(CAUSES).unwrap_or((causes, &[]));
            Some(Side { label, what: requests.words(), causes: (shown, rest.len()), requests })
        })
    }
}

impl RequestsView {
    fn words(&self) -> String {
        let part = if self.in_part { ", in part" } else { "" };
        match &self.example {
            Some(example) if !self.summary.contains(&format!("`{}`", example.action)) => {
                format!("{}{part}; for example `{}`", self.summary, example.action)
            }
            _ => format!("{}{part}", self.summary),
        }
    }
}

impl ServiceView {
    /// The service with its actions.
    pub(crate) fn words(&self) -> String {
        if self.all {
            return format!("all {} actions of `{}`", self.actions.len(), self.service);
        }
        let shown: Vec<&str> = self.actions.iter().take(ACTIONS).map(String::as_str).collect();
        let more = match self.actions.len().saturating_sub(ACTIONS) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("`{}`: `{}`{more}", self.service, shown.join("`, `"))
    }
}

/// What is said of the causes that are not named.
pub(crate) fn more_causes(more: usize) -> Option<String> {
    (more > 0).then(|| format!("{more} more changes"))
}
