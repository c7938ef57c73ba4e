//! The baseline: findings that were there when somebody began to look. For programs to read and for people to see
//! what is in it.

use std::collections::BTreeSet;

use miette::Diagnostic;
use orgward_finding::{BaselineEntry, Review, Status};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::escape;
use crate::place::place;

/// The version of the shape.
const VERSION: u32 = 1;

/// Why a baseline could not be read.
#[derive(Debug, Error, Diagnostic)]
pub enum BaselineError {
    /// It is not JSON of the right shape.
    #[error("this is not a baseline: {0}")]
    #[diagnostic(help("`orgward plan baseline --output FILE` writes one"))]
    Shape(String),
    /// A later version of the program wrote it.
    #[error("the baseline has version {0}, and this program reads version {VERSION}")]
    #[diagnostic(help("write it anew with `orgward plan baseline`, or use the version that wrote it"))]
    Version(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    findings: Vec<Entry>,
}

#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    fingerprint: String,
}

/// Writes the baseline of a review: everything that was found, but for what is waived, what rests on a sensitive
/// text, and findings of rules that are not among `rules`: those about waivers.
pub fn baseline(review: &Review, rules: &[&str]) -> String {
    let entries: BTreeSet<Entry> = review
        .findings
        .iter()
        .filter(|finding| finding.status != Status::Waived && !finding.is_sensitive())
        .filter(|finding| rules.contains(&finding.rule))
        .map(|finding| {
            let placed = finding.address.is_some() || finding.target.is_some();
            let place = placed.then(|| place(finding));
            Entry { rule: finding.rule.to_owned(), place, fingerprint: finding.fingerprint() }
        })
        .collect();
    let file = File { version: VERSION, findings: entries.into_iter().collect() };
    // Strings and lists always make JSON.
    let mut text = escape::json(&serde_json::to_string_pretty(&file).unwrap_or_default());
    text.push('\n');
    text
}

/// Reads a baseline.
pub fn read_baseline(text: &str) -> Result<Vec<BaselineEntry>, BaselineError> {
    let file: File = serde_json::from_str(text)
        .map_err(|error| BaselineError::Shape(escape::line(&error.to_string()).into()))?;
    if file.version != VERSION {
        return Err(BaselineError::Version(file.version));
    }
    let entry =
        |entry: Entry| BaselineEntry { rule: entry.rule, place: entry.place, fingerprint: entry.fingerprint };
    Ok(file.findings.into_iter().map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const RULES: [&str; 2] = ["public-trust", "root-parked-account"];

    #[test]
    fn what_is_written_is_read() {
        let mut secret = testing::public_trust();
        secret.snippets[0].text = None;
        secret.target("another");
        let waived = testing::parked("waived", Status::Waived);
        let review = testing::review(vec![
            testing::public_trust(),
            testing::parked("legacy", Status::Existing),
            waived,
            secret,
            testing::region_lock_gap(),
        ]);
        let text = baseline(&review, &RULES);
        insta::assert_snapshot!(text, @r#"
        {
          "version": 1,
          "findings": [
            {
              "rule": "public-trust",
              "place": "aws_iam_role.deploy",
              "fingerprint": "1d609a58448b615c"
            },
            {
              "rule": "root-parked-account",
              "place": "aws_organizations_account.legacy",
              "fingerprint": "21c0ae5ef891a0f2"
            }
          ]
        }
        "#);
        let entries = read_baseline(&text).unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].fingerprint, testing::public_trust().fingerprint());
    }

    #[test]
    fn what_is_no_baseline_is_refused() {
        assert!(matches!(read_baseline("{}"), Err(BaselineError::Shape(_))));
        assert!(matches!(read_baseline(r#"{"version":2,"findings":[]}"#), Err(BaselineError::Version(2))));
    }

    #[test]
    fn a_hostile_plan_obtains_nothing() {
        testing::assert_commands_nobody(&baseline(&testing::hostile(), &RULES), &[]);
    }
}
