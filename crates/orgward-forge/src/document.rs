//! The JSON review, read back: `docs/json.md` is the contract, and nothing here depends on how a review is made.

use std::collections::BTreeMap;

use miette::Diagnostic;
use orgward_report::escape;
use serde::Deserialize;
use thiserror::Error;

use orgward_finding::{AccessChange, AccessEntry, Outcome};

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

/// A review.
#[derive(Debug, Deserialize)]
pub struct Document {
    pub(crate) verdict: Verdict,
    /// What the review is called.
    pub stack: Option<String>,
    #[serde(default)]
    pub(crate) incomplete: bool,
    pub(crate) summary: Summary,
    pub(crate) inputs: Vec<Input>,
    pub(crate) findings: Vec<Finding>,
    #[serde(default)]
    pub(crate) access: Option<Access>,
}

/// What changes about who can do what.
#[derive(Debug, Deserialize)]
pub(crate) struct Access {
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
    pub(crate) fn change(&self) -> AccessChange {
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

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Clean,
    Blocked,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Summary {
    pub(crate) accounts: usize,
    pub(crate) principals: usize,
    pub(crate) policies: usize,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Input {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) doubts: Vec<String>,
}

/// One finding.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Finding {
    pub(crate) rule: String,
    pub(crate) severity: Severity,
    pub(crate) status: Status,
    pub(crate) verdict: Certainty,
    pub(crate) blocks: bool,
    pub(crate) address: Option<String>,
    pub(crate) input: Option<String>,
    pub(crate) target: Option<String>,
    #[serde(default)]
    pub(crate) accounts: Vec<String>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    #[serde(default)]
    pub(crate) rests_on: Vec<String>,
    pub(crate) waiver: Option<Waiver>,
    pub(crate) witness: Option<Witness>,
    pub(crate) denied_call: Option<DeniedCall>,
    pub(crate) site: Option<Site>,
    #[serde(default)]
    pub(crate) snippets: Vec<Snippet>,
    pub(crate) fingerprint: String,
    /// The fingerprint of the finding that it follows from.
    pub(crate) cause: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// Worst first.
    pub(crate) const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    New,
    Existing,
    /// Listed in a baseline.
    Baseline,
    Waived,
}

/// Who accepted a finding, and why.
#[derive(Debug, Deserialize)]
pub(crate) struct Waiver {
    pub(crate) owner: String,
    pub(crate) reason: String,
    pub(crate) until: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Certainty {
    Found,
    Unverifiable,
}

/// A call of the apply that AWS denies.
#[derive(Debug, Deserialize)]
pub(crate) struct DeniedCall {
    pub(crate) resources: Vec<String>,
    pub(crate) action: String,
    pub(crate) region: Option<String>,
    pub(crate) by: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Witness {
    pub(crate) principal: String,
    pub(crate) action: String,
    pub(crate) resource: String,
    #[serde(default)]
    pub(crate) context: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Value {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
pub(crate) struct Site {
    pub(crate) file: String,
    pub(crate) line: usize,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Snippet {
    pub(crate) name: String,
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) start: usize,
    #[serde(default)]
    pub(crate) end: usize,
    pub(crate) label: String,
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
    pub(crate) fn with(&self, status: Status) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.status == status)
    }

    /// Whether there is nothing that a reader has to know.
    pub fn is_silent(&self) -> bool {
        self.findings.is_empty() && self.outcome() == Outcome::Clean
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
