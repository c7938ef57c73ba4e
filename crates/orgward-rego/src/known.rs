//! What is known about rules that come from files, for as long as the program runs.

use std::sync::{Mutex, PoisonError};

use orgward_finding::{RuleInfo, Severity};

/// Rules are described by constants everywhere else. Those of files become such constants here, each once, so that a
/// program that reads the same files again and again does not grow.
static KNOWN: Mutex<Vec<&'static RuleInfo>> = Mutex::new(Vec::new());

pub(crate) fn info(
    id: &str,
    summary: &str,
    (severity, unverifiable): (Severity, Severity),
    docs: &str,
) -> &'static RuleInfo {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let same = |info: &&&RuleInfo| {
        (info.id, info.summary, info.docs) == (id, summary, docs)
            && (info.severity, info.unverifiable) == (severity, unverifiable)
    };
    if let Some(info) = known.iter().find(same) {
        return info;
    }
    let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let info = RuleInfo { id: leak(id), summary: leak(summary), severity, unverifiable, docs: leak(docs) };
    let info: &'static RuleInfo = Box::leak(Box::new(info));
    known.push(info);
    info
}
