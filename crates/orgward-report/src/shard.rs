//! Shards: a review of many inputs in parts, and the whole again.
//!
//! Each shard sees all inputs and judges everything, and reports a part of the findings. So no shard is cleaner than the
//! whole, and what the parts come to together is the whole, byte for byte.

use std::collections::BTreeMap;

use miette::Diagnostic;
use orgward_finding::{Finding, Review, RuleInfo};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::escape;
use crate::json::{self, SCHEMA};

/// Which part of a review: `3/16`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shard {
    /// Which one, from 1.
    pub index: usize,
    /// How many there are.
    pub of: usize,
}

/// Where the findings of a shard stand among all of them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Part {
    /// Which part it is.
    #[serde(flatten)]
    pub shard: Shard,
    /// How many findings there are in all parts.
    pub findings: usize,
    /// The places of the findings of this part, from 0.
    pub positions: Vec<usize>,
}

impl Shard {
    /// Leaves of a review what is of this part. What is about an input goes where the input goes, by its place among the
    /// names of all inputs; all else by its fingerprint.
    pub fn part_of(self, review: &mut Review) -> Part {
        let mut names: Vec<String> = review.inputs.iter().map(|input| input.name.clone()).collect();
        names.sort();
        let total = review.findings.len();
        let mut positions = Vec::new();
        let all = std::mem::take(&mut review.findings);
        for (at, finding) in all.into_iter().enumerate() {
            if self.has(&finding, &names) {
                positions.push(at);
                review.findings.push(finding);
            }
        }
        Part { shard: self, findings: total, positions }
    }

    fn has(self, finding: &Finding, names: &[String]) -> bool {
        let input = finding.input.as_ref().and_then(|input| names.iter().position(|name| name == input));
        let at = input.unwrap_or_else(|| {
            let digits = finding.fingerprint();
            let number = digits.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
            number.and_then(|number| usize::try_from(number).ok()).unwrap_or(0)
        });
        at % self.of.max(1) + 1 == self.index
    }
}

/// Writes a part of a review for programs, and for [`merged`].
pub fn part_json(review: &Review, rules: &[&RuleInfo], part: &Part) -> String {
    json::written(review, rules, Some(part))
}

/// Why reviews are not joined.
#[derive(Debug, Error, Diagnostic)]
pub enum MergeError {
    /// A file is no review.
    #[error("`{}` is no review of this program: {why}", escape(name))]
    #[diagnostic(help("write it with `orgward plan review --shard I/N --format json`"))]
    Review {
        /// The file.
        name: String,
        /// Why.
        why: String,
    },
    /// A file is a whole review.
    #[error("`{}` is a whole review, and no part of one", escape(name))]
    #[diagnostic(help("give each part that `--shard I/N` wrote, once"))]
    Whole {
        /// The file.
        name: String,
    },
    /// Two files are parts of different reviews.
    #[error(
        "`{}` and `{}` are parts of different reviews: their {what} differ",
        escape(first),
        escape(second)
    )]
    #[diagnostic(help(
        "run all shards with the same inputs, configuration, flags and version on the same day"
    ))]
    Different {
        /// A file.
        first: String,
        /// Another.
        second: String,
        /// What tells them apart.
        what: &'static str,
    },
    /// A part is missing, or there twice.
    #[error("shard {index} of {of} is {how}")]
    #[diagnostic(help("give each part once: what is in a part that is missing would be taken for clean"))]
    Count {
        /// Which part.
        index: usize,
        /// How many there are.
        of: usize,
        /// `missing`, or `given twice`.
        how: &'static str,
    },
    /// The findings do not make a whole.
    #[error("the parts have {found} of {all} findings")]
    #[diagnostic(help("run all shards again with the same inputs"))]
    Findings {
        /// How many there are.
        found: usize,
        /// How many there should be.
        all: usize,
    },
}

/// A review as it was written, with all but what is counted anew left as it stands.
#[derive(Serialize, Deserialize)]
struct Written {
    schema: u32,
    verdict: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    incomplete: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stack: Option<Box<RawValue>>,
    #[serde(default, skip_serializing)]
    shard: Option<Part>,
    gate: Box<RawValue>,
    summary: Summary,
    inputs: Box<RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    configuration: Option<Box<RawValue>>,
    rules: Vec<Box<RawValue>>,
    findings: Vec<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changes: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<Box<RawValue>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Summary {
    accounts: usize,
    principals: usize,
    policies: usize,
    blocking: usize,
    unverifiable: usize,
    new: BTreeMap<String, usize>,
    existing: BTreeMap<String, usize>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    baseline: BTreeMap<String, usize>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    waived: BTreeMap<String, usize>,
}

impl Summary {
    fn add(&mut self, other: Self) {
        self.blocking += other.blocking;
        self.unverifiable += other.unverifiable;
        for (mine, theirs) in [
            (&mut self.new, other.new),
            (&mut self.existing, other.existing),
            (&mut self.baseline, other.baseline),
            (&mut self.waived, other.waived),
        ] {
            for (severity, count) in theirs {
                *mine.entry(severity).or_default() += count;
            }
        }
    }
}

/// Reads the parts of a review, by the names of their files, and joins them: what a run without shards writes. Says, too,
/// whether that review is clean, blocked (`Some(false)`), or incomplete (`None`).
pub fn merged(parts: &[(String, String)]) -> Result<(String, Option<bool>), MergeError> {
    let mut read: Vec<(&str, Part, Written)> = Vec::new();
    for (name, text) in parts {
        let mut written: Written = serde_json::from_str(text)
            .map_err(|error| MergeError::Review { name: name.clone(), why: error.to_string() })?;
        if written.schema != SCHEMA {
            let why = format!("it has version {} of the shape, and not {SCHEMA}", written.schema);
            return Err(MergeError::Review { name: name.clone(), why });
        }
        let Some(part) = written.shard.take() else { return Err(MergeError::Whole { name: name.clone() }) };
        if part.positions.len() != written.findings.len() || part.shard.of == 0 {
            let why = "its findings do not fit their places".to_owned();
            return Err(MergeError::Review { name: name.clone(), why });
        }
        read.push((name, part, written));
    }
    read.sort_by_key(|(_, part, _)| part.shard.index);
    let mut read = read.into_iter();
    let Some((first, part, mut whole)) = read.next() else {
        return Err(MergeError::Count { index: 1, of: 1, how: "missing" });
    };
    let (of, all) = (part.shard.of, part.findings);
    let mut seen = vec![part.shard.index];
    let mut findings: BTreeMap<usize, Box<RawValue>> = BTreeMap::new();
    let mut rules: BTreeMap<String, Box<RawValue>> = BTreeMap::new();
    let mut take = |part: Part, written: &mut Written| {
        findings.extend(part.positions.into_iter().zip(std::mem::take(&mut written.findings)));
        for rule in std::mem::take(&mut written.rules) {
            rules.insert(id_of(&rule), rule);
        }
    };
    take(part, &mut whole);
    let mut is_clean = whole.verdict == "clean";
    for (name, part, mut written) in read {
        if let Some(what) = differs(&whole, &written, (of, all), &part) {
            return Err(MergeError::Different { first: first.to_owned(), second: name.to_owned(), what });
        }
        seen.push(part.shard.index);
        is_clean &= written.verdict == "clean";
        take(part, &mut written);
        whole.summary.add(written.summary);
    }
    for index in 1..=of {
        match seen.iter().filter(|it| **it == index).count() {
            1 => {}
            0 => return Err(MergeError::Count { index, of, how: "missing" }),
            _ => return Err(MergeError::Count { index, of, how: "given twice" }),
        }
    }
    if findings.len() != all || findings.keys().next_back().is_some_and(|last| *last >= all) {
        return Err(MergeError::Findings { found: findings.len(), all });
    }
    whole.findings = findings.into_values().collect();
    whole.rules = rules.into_values().collect();
    if is_clean { "clean" } else { "blocked" }.clone_into(&mut whole.verdict);
    let outcome = (!whole.incomplete).then_some(is_clean);
    // Strings, numbers and lists always make JSON.
    let text = serde_json::to_string_pretty(&whole).unwrap_or_default();
    Ok((text + "\n", outcome))
}

/// What tells two parts of different reviews apart.
fn differs(whole: &Written, part: &Written, (of, all): (usize, usize), place: &Part) -> Option<&'static str> {
    let text = |raw: &Option<Box<RawValue>>| raw.as_ref().map(|raw| raw.get().to_owned());
    let facts = |it: &Written| (it.summary.accounts, it.summary.principals, it.summary.policies);
    if place.shard.of != of {
        Some("numbers of shards")
    } else if whole.inputs.get() != part.inputs.get() || whole.incomplete != part.incomplete {
        Some("inputs")
    } else if text(&whole.configuration) != text(&part.configuration) || text(&whole.gone) != text(&part.gone)
    {
        Some("configurations")
    } else if text(&whole.stack) != text(&part.stack) {
        Some("stacks")
    } else if whole.gate.get() != part.gate.get() {
        Some("gates")
    } else if facts(whole) != facts(part)
        || text(&whole.access) != text(&part.access)
        || text(&whole.changes) != text(&part.changes)
        || place.findings != all
    {
        Some("organizations")
    } else {
        None
    }
}

fn id_of(rule: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    serde_json::from_str::<Id>(rule.get()).map(|it| it.id).unwrap_or_default()
}
