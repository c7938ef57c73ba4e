//! What tests of rules share: running rules on the plans in `fixtures/`.

use std::path::{Path, PathBuf};

use orgward_finding::{Finding, Gate, Review, Severity};
use orgward_org::Organization;
use orgward_plan::{Document, Plan};
use orgward_report::Style;

use orgward_config::Config;

use crate::{Question, Rule, review};

/// The folder with a rule's plans.
pub(crate) fn fixtures(rule: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(rule)
}

/// The names of a rule's plans, without ending, sorted.
pub(crate) fn names(rule: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(fixtures(rule))
        .unwrap_or_else(|error| panic!("`fixtures/{rule}`: {error}"))
        .filter_map(|entry| {
            entry.unwrap().file_name().into_string().unwrap().strip_suffix(".json").map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}

/// Runs all rules on a plan, with the configuration beside it.
pub(crate) fn review_of(folder: &str, name: &str) -> Review {
    let config = std::fs::read_to_string(fixtures(folder).join("orgward.toml")).unwrap_or_default();
    review_with(folder, name, &config)
}

/// Runs all rules on a plan, with another configuration.
pub(crate) fn review_with(folder: &str, name: &str, config: &str) -> Review {
    let file = format!("{name}.json");
    let text = std::fs::read(fixtures(folder).join(&file)).unwrap();
    review_text(&file, text, config)
}

/// Runs all rules on the text of a plan.
pub(crate) fn review_text(file: &str, text: Vec<u8>, config: &str) -> Review {
    let document = Document::decode(file, text).unwrap();
    let plans = [Plan::parse(&document).unwrap()];
    let config = Config::parse("orgward.toml", config).unwrap();
    let organization = Organization::of(&plans, &[], &config.declared());
    let gate = Gate { fail_on: Some(Severity::Medium), existing: false };
    let today = jiff::civil::date(2026, 11, 21);
    let question = Question { gate, today, baseline: &[], allow_incomplete: true, events: None };
    review(&organization, &plans, &config, question)
}

/// What one rule finds in a plan of its own.
pub(crate) fn findings(rule: &Rule, name: &str) -> Vec<Finding> {
    review_of(rule.info.id, name)
        .findings
        .into_iter()
        .filter(|finding| finding.rule == rule.info.id)
        .collect()
}

/// What one rule says of a plan of its own under another configuration.
pub(crate) fn messages_with(rule: &Rule, name: &str, config: &str) -> Vec<String> {
    let findings = review_with(rule.info.id, name, config).findings.into_iter();
    findings.filter(|finding| finding.rule == rule.info.id).map(|finding| finding.message).collect()
}

/// What one rule finds in a plan of a folder, without a configuration, after an attribute of its resources, a policy
/// document, was replaced.
pub(crate) fn findings_with_document(
    rule: &Rule,
    fixture: (&str, &str),
    document: (&str, &str),
) -> Vec<Finding> {
    findings_with_document_and(rule, fixture, document, "")
}

/// The same, with a configuration.
pub(crate) fn findings_with_document_and(
    rule: &Rule,
    (folder, name): (&str, &str),
    (attribute, document): (&str, &str),
    config: &str,
) -> Vec<Finding> {
    fn replace(value: &mut serde_json::Value, attribute: &str, document: &str) {
        match value {
            serde_json::Value::Object(members) => {
                for (name, member) in members {
                    if name == attribute && member.is_string() {
                        *member = document.into();
                    } else {
                        replace(member, attribute, document);
                    }
                }
            }
            serde_json::Value::Array(items) => {
                for item in items {
                    replace(item, attribute, document);
                }
            }
            _ => {}
        }
    }
    let file = format!("{name}.json");
    let text = std::fs::read_to_string(fixtures(folder).join(&file)).unwrap();
    let mut plan = serde_json::from_str(&text).unwrap();
    replace(&mut plan, attribute, document);
    let findings = review_text(&file, plan.to_string().into_bytes(), config).findings;
    findings.into_iter().filter(|finding| finding.rule == rule.info.id).collect()
}

/// What a reader sees of one rule's findings.
pub(crate) fn report(rule: &Rule, name: &str) -> String {
    let mut review = review_of(rule.info.id, name);
    review.findings.retain(|finding| finding.rule == rule.info.id);
    // Which configuration is in effect is for every rule the same.
    review.configuration = orgward_finding::ConfigurationInEffect::default();
    // What one rule says is asked here.
    review.access = orgward_finding::AccessChange::default();
    review.changes.clear();
    let style = Style::plain(100);
    let text = orgward_report::terminal(&review, &[&rule.info], style);
    // Lines end without spaces, so that the snapshots do.
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
