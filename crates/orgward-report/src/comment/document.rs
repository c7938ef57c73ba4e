//! The JSON review, read back: `docs/json.md` is the contract, and nothing here depends on how a review is made.

use std::collections::BTreeMap;

use miette::Diagnostic;
use serde::Deserialize;
use thiserror::Error;

use orgward_finding::{AccessChange, AccessEntry, Outcome};

use crate::changes::{ChangeView, ExampleView, PlaceView};
use crate::escape::line as escape;

/// The version of the shape that is understood.
const SCHEMA: u32 = 1;

/// Why a JSON review could not be understood.
#[derive(Debug, Error, Diagnostic)]
pub enum DocumentError {
    /// The text is not a review.
    #[error("`{}` is not a JSON review: {}", escape(name), escape(&reason.to_string()))]
    #[diagnostic(help("write one with `orgward plan review --output json=review.json`"))]
    Shape {
        /// The file.
        name: String,
        /// What is wrong with it.
        reason: serde_json::Error,
    },
    /// The review is of a form that this version does not know.
    #[error("`{}` is a JSON review of schema {schema}, and this version reads schema {SCHEMA}", escape(name))]
    #[diagnostic(help("use the same version of orgward for the review and for the comment"))]
    Schema {
        /// The file.
        name: String,
        /// The version of its form.
        schema: u32,
    },
}

/// What a review judges.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Plans.
    #[default]
    Plan,
    /// An organization as it is.
    Audit,
    /// An organization at two times.
    Drift,
}

/// A review.
#[derive(Debug, Deserialize)]
pub struct Document {
    /// What was judged; a plan, where it is absent.
    #[serde(default)]
    pub kind: Kind,
    /// The verdict.
    pub verdict: Verdict,
    /// What the review is called.
    pub stack: Option<String>,
    /// Whether an input does not tell the whole story.
    #[serde(default)]
    pub incomplete: bool,
    /// What was counted.
    pub summary: Summary,
    /// What was read.
    pub inputs: Vec<Input>,
    /// The findings, worst first.
    pub findings: Vec<Finding>,
    /// What changes about who can do what.
    #[serde(default)]
    pub access: Option<Access>,
    /// What changes about what organization policies deny.
    #[serde(default)]
    pub changes: Vec<ChangeView>,
    /// What the review was judged by.
    #[serde(default)]
    pub configuration: Option<Configuration>,
    /// What the baseline lists for nothing.
    #[serde(default)]
    pub gone: Vec<Gone>,
}

/// What the review was judged by.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// Its files.
    pub files: Vec<File>,
    /// The files of the base revision.
    pub base: Option<Vec<File>>,
    /// What it lets pass.
    #[serde(default)]
    pub lets_pass: Vec<String>,
}

/// A file of the configuration.
#[derive(Debug, Deserialize)]
pub struct File {
    /// The name.
    pub name: String,
    /// The first digits of its digest.
    pub digest: String,
}

/// What the baseline lists and is no longer there.
#[derive(Debug, Deserialize)]
pub struct Gone {
    /// The rule.
    pub rule: String,
    /// What it was about.
    pub place: Option<String>,
}

/// What changes about who can do what.
#[derive(Debug, Deserialize)]
pub struct Access {
    gained: Vec<Entry>,
    lost: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    principal: String,
    account: Option<String>,
    #[serde(default)]
    administrator: bool,
    #[serde(default)]
    service: String,
    #[serde(default)]
    levels: Vec<String>,
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
}

impl Access {
    /// The same, as a report shows it.
    pub fn change(&self) -> AccessChange {
        const LEVELS: [&str; 5] = ["list", "read", "write", "tagging", "permissions"];
        let entry = |entry: &Entry| AccessEntry {
            principal: entry.principal.clone(),
            account: entry.account.clone(),
            administrator: entry.administrator,
            service: entry.service.clone(),
            levels: LEVELS.into_iter().filter(|level| entry.levels.iter().any(|it| it == level)).collect(),
            actions: entry.actions.clone(),
            resources: entry.resources.clone(),
        };
        AccessChange {
            gained: self.gained.iter().map(entry).collect(),
            lost: self.lost.iter().map(entry).collect(),
        }
    }
}

/// The verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing blocks.
    Clean,
    /// Something blocks.
    Blocked,
}

/// What was counted.
#[derive(Debug, Deserialize)]
pub struct Summary {
    /// Accounts.
    pub accounts: usize,
    /// Principals.
    pub principals: usize,
    /// Policies.
    pub policies: usize,
}

/// What was read.
#[derive(Debug, Deserialize)]
pub struct Input {
    /// The name.
    pub name: String,
    /// Types of resources that it changes and that no rule reads, each with how many it changes.
    #[serde(default)]
    pub unread: BTreeMap<String, usize>,
    /// Why it does not tell the whole story.
    #[serde(default)]
    pub doubts: Vec<String>,
}

/// One finding.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// New, or there before.
    pub status: Status,
    /// The verdict.
    pub verdict: Certainty,
    /// Whether it blocks.
    pub blocks: bool,
    /// The resource.
    pub address: Option<String>,
    /// The plan that it is of.
    pub input: Option<String>,
    /// The unit.
    pub target: Option<String>,
    /// Accounts.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// The cure.
    pub help: Option<String>,
    /// Facts.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What it rests on.
    #[serde(default)]
    pub rests_on: Vec<String>,
    /// Who accepted it.
    pub waiver: Option<Waiver>,
    /// A request that shows it.
    pub witness: Option<ExampleView>,
    /// The call of the apply that is denied.
    pub denied_call: Option<DeniedCall>,
    /// Where it is written.
    pub site: Option<PlaceView>,
    /// Where it is defined, where that is another place.
    pub definition: Option<PlaceView>,
    /// The texts that show it.
    #[serde(default)]
    pub snippets: Vec<Snippet>,
    /// What tells it apart.
    pub fingerprint: String,
    /// The fingerprint of the finding that it follows from.
    pub cause: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Hardly a risk.
    Low,
    /// A risk.
    Medium,
    /// A serious risk.
    High,
    /// The organization is open.
    Critical,
}

impl Severity {
    /// Worst first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Whether a plan brings a finding about, and whether it is accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The plan brings it about.
    New,
    /// It is there without the plan, too.
    Existing,
    /// Listed in a baseline.
    Baseline,
    /// A waiver accepts it.
    Waived,
}

/// Who accepted a finding, and why.
#[derive(Debug, Deserialize)]
pub struct Waiver {
    /// Who.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// How long.
    pub until: Option<String>,
}

/// Whether a finding is found or undecided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// It is there.
    Found,
    /// Something that decides is unknown.
    Unverifiable,
}

/// A call of the apply that AWS denies.
#[derive(Debug, Deserialize)]
pub struct DeniedCall {
    /// Resources.
    pub resources: Vec<String>,
    /// The action.
    pub action: String,
    /// The region.
    pub region: Option<String>,
    /// What denies it.
    pub by: String,
}

/// A text that shows a finding.
#[derive(Debug, Deserialize)]
pub struct Snippet {
    /// The name.
    pub name: String,
    /// The text, unless it is sensitive.
    pub text: Option<String>,
    /// The first byte.
    #[serde(default)]
    pub start: usize,
    /// The byte after the last.
    #[serde(default)]
    pub end: usize,
    /// What is to be seen there.
    pub label: String,
}

impl Document {
    /// Reads a JSON review.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, DocumentError> {
        #[derive(Deserialize)]
        struct Head {
            schema: u32,
        }
        let shape = |reason| DocumentError::Shape { name: name.to_owned(), reason };
        let Head { schema } = serde_json::from_slice(bytes).map_err(shape)?;
        if schema != SCHEMA {
            return Err(DocumentError::Schema { name: name.to_owned(), schema });
        }
        serde_json::from_slice(bytes).map_err(shape)
    }

    /// The outcome of the review.
    pub fn outcome(&self) -> Outcome {
        match self.verdict {
            _ if self.incomplete => Outcome::Incomplete,
            // A document that says clean and holds what blocks was not written by a review.
            Verdict::Clean if self.findings.iter().any(|finding| finding.blocks) => Outcome::Blocked,
            Verdict::Clean => Outcome::Clean,
            Verdict::Blocked => Outcome::Blocked,
        }
    }

    /// The findings of one status, in the order of the review.
    pub fn with(&self, status: Status) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.status == status)
    }

    /// Whether there is nothing that a reader has to know.
    pub fn is_silent(&self) -> bool {
        self.findings.is_empty()
            && self.changes.is_empty()
            && self.access.as_ref().is_none_or(|access| access.change().is_empty())
            && self.outcome() == Outcome::Clean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_is_that_of_the_review() {
        let text = |verdict: &str, incomplete: bool, findings: &str| {
            format!(
                r#"{{"schema":1,"verdict":"{verdict}","incomplete":{incomplete},"summary":
                {{"accounts":0,"principals":0,"policies":0}},"inputs":[],"findings":[{findings}],"more":1}}"#
            )
        };
        let outcome = |text: String| Document::parse("r", text.as_bytes()).unwrap().outcome();
        assert_eq!(outcome(text("clean", false, "")), Outcome::Clean);
        assert_eq!(outcome(text("blocked", false, "")), Outcome::Blocked);
        assert_eq!(outcome(text("blocked", true, "")), Outcome::Incomplete);
        let blocks = r#"{"rule":"r","severity":"low","status":"new","verdict":"found","blocks":true,
            "message":"m","fingerprint":"f"}"#;
        assert_eq!(outcome(text("clean", false, blocks)), Outcome::Blocked, "a contradiction is no pass");
    }

    #[test]
    fn what_is_no_review_is_refused() {
        let error = |text: &str| Document::parse("r.json", text.as_bytes()).unwrap_err().to_string();
        assert!(error("{}").starts_with("`r.json` is not a JSON review: missing field `schema`"));
        assert!(error(r#"{"schema":1}"#).contains("missing field `verdict`"));
        assert_eq!(
            error(r#"{"schema":2}"#),
            "`r.json` is a JSON review of schema 2, and this version reads schema 1"
        );
        let unknown = r#"{"schema":1,"verdict":"fine","summary":{},"inputs":[],"findings":[]}"#;
        assert!(error(unknown).contains("unknown variant `fine`"));
    }
}
