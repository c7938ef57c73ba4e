//! The baseline: findings that were there when the gate was set up. For programs to read and for people to see
//! what is in it.

use std::collections::BTreeSet;

use miette::Diagnostic;
use orgward_finding::{Accepted, BaselineEntry, Review, Status};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::escape;
use crate::place::place;

/// The version of the shape.
const VERSION: u32 = 2;

/// Why a baseline could not be read.
#[derive(Debug, Error, Diagnostic)]
pub enum BaselineError {
    /// It is not JSON of the right shape.
    #[error("this is not a baseline: {0}")]
    #[diagnostic(help("`orgward plan baseline --output FILE` writes one"))]
    Shape(String),
    /// Another version of the program wrote it. The first version did not bind all of what was accepted.
    #[error("the baseline has version {0}, and this program reads version {VERSION}")]
    #[diagnostic(help(
        "look at what is found, and write it anew: `orgward plan baseline PLAN --output FILE`"
    ))]
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
    accepted: String,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    accounts: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stack: Option<String>,
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
            let Accepted { facts, accounts, stack } = Accepted::of(finding);
            let (rule, fingerprint) = (finding.rule.to_owned(), finding.fingerprint());
            Entry { rule, place, fingerprint, accepted: facts, accounts, stack }
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
    let entry = |entry: Entry| BaselineEntry {
        rule: entry.rule,
        place: entry.place,
        fingerprint: entry.fingerprint,
        accepted: Accepted { facts: entry.accepted, accounts: entry.accounts, stack: entry.stack },
    };
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
          "version": 2,
          "findings": [
            {
              "rule": "public-trust",
              "place": "aws_iam_role.deploy",
              "fingerprint": "1d609a58448b615c",
              "accepted": "v2-1df3b7c4b41df567-865f25b4e8dd88b9-e3b0c44298fc1c14",
              "accounts": [
                "222222222222"
              ]
            },
            {
              "rule": "root-parked-account",
              "place": "aws_organizations_account.legacy",
              "fingerprint": "21c0ae5ef891a0f2",
              "accepted": "v2-6a365cc8cc9d0554-acb6cc9d94b76e1b-e3b0c44298fc1c14"
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
        for version in [1, 3] {
            let text = format!(r#"{{"version":{version},"findings":[]}}"#);
            assert!(matches!(read_baseline(&text), Err(BaselineError::Version(found)) if found == version));
        }
    }

    #[test]
    fn a_hostile_plan_obtains_nothing() {
        testing::assert_gives_no_commands(&baseline(&testing::hostile(), &RULES), &[]);
    }
}
