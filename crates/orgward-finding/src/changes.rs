use orgward_plan::Address;

use crate::{Site, Witness};

/// What a plan changes about what organization policies deny, for accounts that it treats alike; whether or not a rule
/// minds.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ChainChange {
    /// `SCP` or `RCP`.
    pub policy_type: &'static str,
    /// The paths of the units that the accounts are in, sorted.
    pub units: Vec<String>,
    /// The accounts, sorted: ids, or addresses of accounts that have no id yet.
    pub accounts: Vec<String>,
    /// Denied before the plan and not after it.
    pub no_longer_denied: Option<ChangedRequests>,
    /// Denied after the plan and not before it.
    pub newly_denied: Option<ChangedRequests>,
    /// What is undecided, one sentence each.
    pub undecided: Vec<String>,
}

/// Requests whose ruling changes.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ChangedRequests {
    /// What they are for, in a few words.
    pub summary: String,
    /// The actions, by service; empty where `unlisted` is set.
    pub services: Vec<ServiceActions>,
    /// Whether actions are among them that the catalogue does not list: everything but what is named.
    pub unlisted: bool,
    /// Whether some requests for the same actions keep their ruling.
    pub in_part: bool,
    /// One of the requests.
    pub example: Option<Witness>,
    /// What brings it about.
    pub causes: Vec<ChangeCause>,
}

/// Actions of one service.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct ServiceActions {
    /// The prefix of the actions.
    pub service: String,
    /// The actions, without the prefix, sorted.
    pub actions: Vec<String>,
    /// Whether these are all actions of the service.
    pub all: bool,
}

/// What brings a change about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct ChangeCause {
    /// In words, such as `` `lock` is detached from Root/Prod ``.
    pub what: String,
    /// The resource that the plan changes.
    pub address: Option<Address>,
    /// Which input the address is from; set only when there are several.
    pub input: Option<String>,
    /// Where it is written in the configuration.
    pub site: Option<Site>,
}

impl ChainChange {
    /// Both sides, as far as there is something.
    pub fn sides(&self) -> impl Iterator<Item = &ChangedRequests> {
        self.no_longer_denied.iter().chain(&self.newly_denied)
    }

    /// What brings it about, on both sides.
    pub fn causes_mut(&mut self) -> impl Iterator<Item = &mut ChangeCause> {
        self.no_longer_denied.iter_mut().chain(&mut self.newly_denied).flat_map(|side| &mut side.causes)
    }

    /// Replaces every text that has a sensitive value in it. `redacted` returns such a text without the value.
    pub fn redact(&mut self, redacted: &dyn Fn(&str) -> Option<String>) {
        let sides = self.no_longer_denied.iter_mut().chain(&mut self.newly_denied);
        let of_sides = sides.flat_map(|side| {
            if let Some(example) = &mut side.example {
                example.redact(redacted);
            }
            side.causes.iter_mut().map(|cause| &mut cause.what).chain([&mut side.summary])
        });
        let own = self.units.iter_mut().chain(&mut self.accounts).chain(&mut self.undecided);
        for text in own.chain(of_sides) {
            if let Some(clean) = redacted(text) {
                *text = clean;
            }
        }
    }
}
