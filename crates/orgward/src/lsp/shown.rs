//! What an editor shows of files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lsp_types::{CodeDescription, Diagnostic, DiagnosticSeverity, NumberOrString, Range};
use orgward_finding::Severity;
use orgward_report::escape;

use super::bound::Bound;

/// What is known of files, by their paths with all links followed.
#[derive(Default)]
pub(super) struct Analysis {
    pub(super) diagnostics: BTreeMap<PathBuf, Vec<Diagnostic>>,
    pub(super) hovers: BTreeMap<PathBuf, Vec<Hover>>,
}

/// What is shown when one points at some lines.
#[derive(Clone, Debug)]
pub(super) struct Hover {
    /// The first line and the last, from 1.
    pub(super) lines: (usize, usize),
    /// The address of the policy that it is about.
    pub(super) policy: Option<String>,
    /// Markdown.
    pub(super) text: String,
    /// Whom the policy binds, as far as the configuration says it.
    pub(super) bound: Bound,
}

/// What all diagnostics of the program are called.
const SOURCE: &str = "orgward";

/// A finding as a diagnostic: what is underlined, and the line of its site, by which one finding is told from another.
pub(super) fn diagnostic(
    (range, line): (Range, usize),
    severity: Severity,
    rule: &str,
    message: &str,
    help: Option<&str>,
) -> Diagnostic {
    let severity = match severity {
        Severity::Critical | Severity::High => DiagnosticSeverity::ERROR,
        Severity::Medium => DiagnosticSeverity::WARNING,
        Severity::Low => DiagnosticSeverity::INFORMATION,
        Severity::Info => DiagnosticSeverity::HINT,
    };
    Diagnostic { data: Some(line.into()), ..problem(range, severity, rule, message, help) }
}

/// Something that is wrong, as a diagnostic.
pub(super) fn problem(
    range: Range,
    severity: DiagnosticSeverity,
    code: &str,
    message: &str,
    help: Option<&str>,
) -> Diagnostic {
    let mut text = escape(message).into_owned();
    if let Some(help) = help.filter(|help| !help.is_empty()) {
        text = format!("{text}\nhelp: {}", escape(help));
    }
    let page = orgward_rules::catalog::RULES.iter().any(|rule| rule.info.id == code);
    let page = page.then(|| format!("{}/blob/main/docs/rules/{code}.md", env!("CARGO_PKG_REPOSITORY")));
    Diagnostic {
        range,
        severity: Some(severity),
        code: Some(NumberOrString::String(code.to_owned())),
        code_description: page.and_then(|page| Some(CodeDescription { href: page.parse().ok()? })),
        source: Some(SOURCE.to_owned()),
        message: text,
        ..Diagnostic::default()
    }
}
