//! From what a rule says to findings.

use std::str::FromStr as _;

use orgward_finding::{Address, Finding, Severity, Site};
use regorus::Value;

use crate::policies::Entry;

/// A word of a severity, as annotations write it, too.
pub(crate) fn severity(word: &str) -> Result<Severity, String> {
    Severity::from_str(&word.to_ascii_lowercase()).map_err(|()| {
        let known = Severity::ALL.map(Severity::as_str).join(", ");
        format!("`{word}` is no severity: it is one of {known}")
    })
}

/// The findings of one rule. Fails with what is wrong about a result.
pub(crate) fn findings(entry: &Entry, value: &Value) -> Result<Vec<Finding>, String> {
    match value {
        Value::Undefined | Value::Bool(false) | Value::Null => Ok(Vec::new()),
        Value::Bool(true) => Ok(vec![said(entry, entry.info.summary)]),
        Value::Set(values) => values.iter().map(|value| finding(entry, value)).collect(),
        Value::Array(values) => values.iter().map(|value| finding(entry, value)).collect(),
        other => Ok(vec![finding(entry, other)?]),
    }
}

fn said(entry: &Entry, message: &str) -> Finding {
    let mut finding = Finding::about(entry.info, None);
    finding.says(message).subject(message);
    finding
}

fn finding(entry: &Entry, value: &Value) -> Result<Finding, String> {
    let object = match value {
        Value::String(text) => return Ok(said(entry, text)),
        Value::Object(object) => object,
        other => return Err(format!("a result is {other}, and neither a string nor an object with `msg`")),
    };
    let get = |key: &str| object.get(&Value::from(key)).filter(|value| !matches!(value, Value::Null));
    let text = |key: &str| match get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.to_string())),
        Some(other) => Err(format!("`{key}` of a result must be a string, and it is {other}")),
    };
    let Some(message) = text("msg")? else { return Err("a result has no `msg`".to_owned()) };
    let mut finding = said(entry, &message);
    finding.address = text("address")?.map(|address| Address::new(address.as_str()));
    finding.help = text("help")?;
    finding.target = text("target")?;
    if let Some(word) = text("severity")? {
        finding.severity = severity(&word)?;
    }
    match get("accounts") {
        None => {}
        Some(Value::Array(values)) => {
            finding.accounts(values.iter().map(plain));
        }
        Some(Value::Set(values)) => {
            finding.accounts(values.iter().map(plain));
        }
        Some(other) => return Err(format!("`accounts` of a result must be a list, and it is {other}")),
    }
    if let Some(file) = text("file")? {
        let line = match get("line") {
            None => 1,
            Some(line) => line
                .as_u64()
                .ok()
                .and_then(|line| usize::try_from(line).ok())
                .filter(|line| *line > 0)
                .ok_or_else(|| format!("`line` of a result must be a number from 1, and it is {line}"))?,
        };
        finding.site = Some(Site { file, line });
    }
    Ok(finding)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => other.to_string(),
    }
}
