/// What a plan changes about who can do what.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccessChange {
    /// What can be done after the plan and not before; worst first.
    pub gained: Vec<AccessEntry>,
    /// What could be done before and cannot after.
    pub lost: Vec<AccessEntry>,
}

impl AccessChange {
    /// Replaces every text that has a sensitive value in it. `redacted` returns such a text without the value.
    pub fn redact(&mut self, redacted: &dyn Fn(&str) -> Option<String>) {
        for entry in self.gained.iter_mut().chain(&mut self.lost) {
            let texts = entry.actions.iter_mut().chain(&mut entry.resources).chain(&mut entry.account);
            for text in texts.chain([&mut entry.principal, &mut entry.service]) {
                if let Some(clean) = redacted(text) {
                    *text = clean;
                }
            }
        }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty()
    }
}

/// What one principal can do with one service.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct AccessEntry {
    /// An ARN, an address, `*` for everybody.
    pub principal: String,
    /// The account of the principal.
    pub account: Option<String>,
    /// Whether it is about being an administrator, which stands for everything else.
    pub administrator: bool,
    /// The prefix of the actions.
    pub service: String,
    /// `list`, `read`, `write`, `tagging`, `permissions`.
    pub levels: Vec<&'static str>,
    /// The actions, as policies write them.
    pub actions: Vec<String>,
    /// The resources, as policies write them.
    pub resources: Vec<String>,
}
