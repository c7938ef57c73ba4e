use std::collections::{BTreeMap, BTreeSet};

use crate::{BaselineEntry, Finding, RuleInfo, Severity, Status};

/// One input of a review.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// The name as the user gave it.
    pub name: String,
    /// `plan` or `state`.
    pub kind: &'static str,
    /// The stack that it is of: its folder, from the folder of the configuration; `None` where it lies elsewhere.
    pub stack: Option<String>,
    /// Whether it only shows the organization that plans are judged in, and is not reviewed itself.
    pub is_context: bool,
    /// The version that wrote it.
    pub terraform_version: Option<String>,
    /// How many resource instances it lists.
    pub resources: usize,
    /// The types of resources that the plan changes and that no rule reads, each with how many it changes.
    pub unread: BTreeMap<String, usize>,
    /// Why it does not tell the whole story, one sentence each.
    pub doubts: Vec<String>,
}

/// A file of the configuration.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ConfigurationFile {
    /// What it is called: the path as it was found or given.
    pub name: String,
    /// The first digits of the SHA-256 of its text.
    pub digest: String,
}

impl ConfigurationFile {
    /// A file with its text.
    pub fn of(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), digest: crate::digest::digest_of(text) }
    }
}

/// The configuration that a review was judged by.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConfigurationInEffect {
    /// Its files. Empty: the defaults.
    pub files: Vec<ConfigurationFile>,
    /// The files of the base revision that it was compared with, where it was.
    pub base: Option<Vec<ConfigurationFile>>,
    /// What it lets pass, a sentence each that follows "the configuration".
    pub lets_pass: Vec<String>,
}

/// What blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gate {
    /// Findings at least this bad block; `None`: nothing blocks.
    pub fail_on: Option<Severity>,
    /// Whether existing findings block, too.
    pub existing: bool,
}

/// What a review comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nothing blocks.
    Clean,
    /// Something blocks.
    Blocked,
    /// An input does not tell the whole story, and nobody said that this is fine.
    Incomplete,
}

/// What a review judges.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReviewKind {
    /// Plans: what is new, they bring about.
    #[default]
    Plan,
    /// An organization as it is. Nothing is new, and everything that is bad enough blocks.
    Audit,
    /// An organization at two times: what is new has come since the first.
    Drift,
}

impl ReviewKind {
    /// The word of JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Audit => "audit",
            Self::Drift => "drift",
        }
    }

    /// What changes the organization, in a sentence: "the plan detaches it".
    pub const fn actor(self) -> &'static str {
        match self {
            Self::Plan => "the plan",
            Self::Audit | Self::Drift => "the change",
        }
    }
}

/// Whether a guardrail holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Proof {
    /// It is proved, for every account that it is about.
    Holds,
    /// Something decides that the inputs do not show.
    Undecided,
    /// A request passes.
    Fails,
}

impl Proof {
    /// The word of reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Undecided => "undecided",
            Self::Fails => "does not hold",
        }
    }
}

/// A guardrail of the configuration, and whether it holds in the organization as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GuardrailState {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it holds.
    pub proof: Proof,
    /// The accounts where it does not hold, or may not.
    pub accounts: Vec<String>,
}

/// The result of a review.
#[derive(Clone, PartialEq, Debug)]
pub struct Review {
    /// What it judges.
    pub kind: ReviewKind,
    /// What the whole run is called, where reviews of several stacks are kept apart.
    pub stack: Option<String>,
    /// What was read.
    pub inputs: Vec<Input>,
    /// What it was judged by.
    pub configuration: ConfigurationInEffect,
    /// How many accounts the organization has after the plan, as far as the inputs show.
    pub accounts: usize,
    /// How many principals (users, roles, permission sets).
    pub principals: usize,
    /// How many policy documents.
    pub policies: usize,
    /// The findings, sorted.
    pub findings: Vec<Finding>,
    /// What the plan changes about what organization policies deny.
    pub changes: Vec<crate::ChainChange>,
    /// What the plan changes about who can do what.
    pub access: crate::AccessChange,
    /// The guardrails of the configuration, in an audit: also those that hold.
    pub guardrails: Vec<GuardrailState>,
    /// What the baseline lists and is no longer there, sorted.
    pub gone: Vec<BaselineEntry>,
    /// What blocks.
    pub gate: Gate,
    /// Whether inputs that do not tell the whole story are accepted.
    pub allow_incomplete: bool,
}

impl Review {
    /// Whether a finding blocks.
    pub fn blocks(&self, finding: &Finding) -> bool {
        let bad_enough = self.gate.fail_on.is_some_and(|least| finding.severity >= least);
        let counts = match finding.status {
            Status::New => true,
            Status::Existing => self.gate.existing,
            Status::Baseline | Status::Waived => false,
        };
        bad_enough && counts
    }

    /// Of some findings, those that stand by themselves, and those that follow from one of the review.
    pub fn folded<'f>(&self, findings: Vec<&'f Finding>) -> (Vec<&'f Finding>, Vec<&'f Finding>) {
        if findings.iter().all(|finding| finding.cause.is_none()) {
            return (findings, Vec::new());
        }
        let known: BTreeSet<String> = self.findings.iter().map(Finding::fingerprint).collect();
        let follows = |it: &&Finding| it.cause.as_ref().is_some_and(|cause| known.contains(cause));
        let (follow, alone) = findings.into_iter().partition(follows);
        (alone, follow)
    }

    /// Whether any input does not tell the whole story.
    pub fn is_incomplete(&self) -> bool {
        self.inputs.iter().any(|input| !input.doubts.is_empty())
    }

    /// What the review comes to. An incomplete input outweighs everything else: its findings stand, but what
    /// it does not show may be worse.
    pub fn outcome(&self) -> Outcome {
        if self.is_incomplete() && !self.allow_incomplete {
            Outcome::Incomplete
        } else if self.findings.iter().any(|finding| self.blocks(finding)) {
            Outcome::Blocked
        } else {
            Outcome::Clean
        }
    }
}

impl RuleInfo {
    /// The page of the rule in the documentation, relative to the repository.
    pub fn page(&self) -> String {
        // Rules of one's own have no page of this program: their ids have a dot.
        if self.id.contains('.') {
            return "docs/rego.md".to_owned();
        }
        format!("docs/rules/{}.md", self.id)
    }
}
