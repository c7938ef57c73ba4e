//! The Open Cybersecurity Schema Framework: one compliance finding (class 2003) a line, for Security Lake and query engines.
//!
//! The shape is that of version 1.3.0 of the schema (github.com/ocsf/ocsf-schema, read on 2026-11-28): required are
//! `activity_id`, `category_uid`, `class_uid`, `compliance.standards`, `finding_info.title` and `.uid`,
//! `metadata.product.vendor_name` and `.version`, `severity_id`, `time` and `type_uid`.

use orgward_finding::{Confidence, Finding, Review, RuleInfo, Severity, Status, Verdict};
use serde_json::{Map, Value, json};

use crate::place::{locate, place};
use crate::{escape, links};

/// The version of the schema.
const VERSION: &str = "1.3.0";

/// Writes a finding a line. `time` is when the review was made, in milliseconds since 1970: reviews have no clock.
pub fn ocsf(review: &Review, rules: &[&RuleInfo], time: i64) -> String {
    let lines = review.findings.iter().map(|finding| {
        // Strings, numbers and lists always make JSON.
        escape::json(&serde_json::to_string(&event(review, finding, rules, time)).unwrap_or_default()) + "\n"
    });
    lines.collect()
}

fn event(review: &Review, finding: &Finding, rules: &[&RuleInfo], time: i64) -> Value {
    let rule = rules.iter().find(|rule| rule.id == finding.rule);
    let (status_id, status) = match finding.status {
        Status::New | Status::Existing => (1, "New"),
        Status::Baseline | Status::Waived => (3, "Suppressed"),
    };
    let (result_id, result) = match finding.verdict {
        Verdict::Found => (3, "Fail"),
        Verdict::Unverifiable => (2, "Warning"),
    };
    let (confidence_id, confidence) = match finding.confidence() {
        Confidence::Unverified => (1, "Low"),
        Confidence::Likely => (2, "Medium"),
        Confidence::Certain => (3, "High"),
    };
    let (severity_id, severity) = match finding.severity {
        Severity::Info => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    };
    let mut event = json!({
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200_301,
        "type_name": "Compliance Finding: Create",
        "time": time,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "confidence_id": confidence_id,
        "confidence": confidence,
        "message": format!("{}: {}", place(finding), finding.message),
        "compliance": {
            "standards": ["orgward"],
            "control": finding.rule,
            "status_id": result_id,
            "status": result,
        },
        "finding_info": {
            "uid": finding.fingerprint(),
            "title": rule.map_or(finding.message.as_str(), |rule| rule.summary),
            "desc": finding.message,
            "types": [finding.rule],
        },
        "metadata": {
            "version": VERSION,
            "product": {
                "name": "orgward",
                "vendor_name": "orgward",
                "version": env!("CARGO_PKG_VERSION"),
            },
        },
        "resources": resources(finding),
        "unmapped": unmapped(review, finding),
    });
    if let (Some(object), Some(rule)) = (event.as_object_mut(), rule) {
        let help = finding.help.as_deref().unwrap_or(rule.summary);
        object.insert("remediation".to_owned(), json!({"desc": help, "references": [links::page(rule)]}));
    }
    event
}

/// The resource, and the accounts that it touches. Each has a name or an id, as the schema demands.
fn resources(finding: &Finding) -> Vec<Value> {
    let mut first = json!({"name": place(finding)});
    if let (Some(address), Some(object)) = (&finding.address, first.as_object_mut()) {
        object.insert("uid".to_owned(), address.as_str().into());
        object.insert("type".to_owned(), "Terraform resource".into());
    }
    let accounts = finding.accounts.iter().map(|account| json!({"uid": account, "type": "AWS account"}));
    std::iter::once(first).chain(accounts).collect()
}

/// What the schema has no place for.
fn unmapped(review: &Review, finding: &Finding) -> Value {
    let located = locate(review, finding);
    let facts = [
        ("blocks", Some(review.blocks(finding).into())),
        ("finding_status", Some(finding.status.as_str().into())),
        ("input", finding.input.as_deref().map(Value::from)),
        ("file", Some(located.file().into())),
        ("line", Some(located.line().into())),
        ("notes", (!finding.notes.is_empty()).then(|| finding.notes.clone().into())),
    ];
    let known = facts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(known.collect::<Map<_, _>>())
}
