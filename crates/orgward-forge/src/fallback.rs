//! What a job on GitHub can still say when it may not comment: annotations and its summary.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use orgward_report::comment::details::subject;
use orgward_report::comment::document::{Document, Finding};
use orgward_report::escape;

/// GitHub keeps ten errors and ten warnings of a step.
const MOST: usize = 10;

/// The findings as workflow commands, the worst first.
pub fn annotations(document: &Document) -> String {
    let (errors, warnings): (Vec<_>, Vec<_>) = document.findings.iter().partition(|finding| finding.blocks);
    let mut out = String::new();
    for (kind, findings) in [("error", errors), ("warning", warnings)] {
        for finding in findings.iter().take(MOST) {
            out.push_str(&annotation(kind, finding));
        }
    }
    out
}

/// Adds to the summary of the job. Other steps write there, too.
pub fn summarize(file: &Path, body: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(file)?.write_all(format!("{body}\n").as_bytes())
}

fn annotation(kind: &str, finding: &Finding) -> String {
    let place = finding
        .site
        .as_ref()
        .map(|site| format!("file={},line={},", property(&site.file), site.line))
        .unwrap_or_default();
    format!(
        "::{kind} {place}title={}::{}\n",
        property(&format!("orgward {}", finding.rule)),
        message(&format!("{}: {}", subject(finding), finding.message))
    )
}

fn message(text: &str) -> String {
    escape(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_cannot_give_commands_to_the_runner() {
        let hostile = "a%0A\n::set-output name=x::y,line=1\r";
        assert_eq!(message(hostile), "a%250A\\u{a}::set-output name=x::y,line=1\\u{d}");
        assert!(!property(hostile).contains([':', ',', '\n']));
    }
}
