//! `orgward.toml`, while it is written.

use std::path::Path;

use lsp_types::{Diagnostic, DiagnosticSeverity};

use super::shown::problem;
use super::text::Lines;
use crate::config;

/// The mistake in a configuration, if it has one: reading stops at the first.
pub(super) fn analyze(path: &Path, text: &str) -> Vec<Diagnostic> {
    let Err(error) = config::parse_at(path, text) else { return Vec::new() };
    let lines = Lines::of(text);
    let label = miette::Diagnostic::labels(&error).and_then(|mut labels| labels.next());
    // Outside of our own tables the place is in the message.
    let range = match &label {
        Some(label) => lines.range(&(label.offset()..label.offset() + label.len())),
        None => lines.range(&lines.line(1)),
    };
    let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
    vec![problem(range, DiagnosticSeverity::ERROR, "configuration", &error.to_string(), help.as_deref())]
}

#[cfg(test)]
mod tests {
    use lsp_types::Position;

    use super::*;

    #[test]
    fn an_unknown_key_is_shown_where_it_is_with_the_nearest() {
        let folder = tempfile::tempdir().unwrap();
        let shown = analyze(&folder.path().join("orgward.toml"), "[rules]\ndisabel = []\n");
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].range.start, Position::new(1, 0));
        assert!(shown[0].message.contains("`disabled`"), "{shown:?}");
        assert!(analyze(&folder.path().join("orgward.toml"), "[rules]\n").is_empty());
    }
}
