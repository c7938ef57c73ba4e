//! Comments on the lines that a pull request changes. They are written once and stay, as those of people do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use orgward_report::comment::details::{rule, sentence};
use orgward_report::comment::document::{Document, Finding};

use super::github::GitHub;
use super::http::ForgeError;

/// A review with more comments than that is a nuisance; the comment on the pull request has them all.
const MOST: usize = 20;

/// A comment on a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remark {
    /// The file, from the root of the repository.
    pub path: String,
    /// The line after the change, from 1.
    pub line: usize,
    /// What to say.
    pub body: String,
}

/// Comments on changed lines that findings are written in, unless that was done before. Returns how many.
///
/// `folder` is where the paths of the findings begin, from the root of the repository.
pub fn remark(
    forge: &GitHub,
    document: &Document,
    stack: &str,
    commit: Option<&str>,
    folder: &str,
) -> Result<usize, ForgeError> {
    let mut findings: Vec<_> =
        document.findings.iter().filter_map(|finding| Some((finding, place(finding, folder)?))).collect();
    if findings.is_empty() {
        return Ok(0);
    }
    let changed = forge.changed_lines()?;
    findings.retain(|(_, (path, line))| changed.get(path).is_some_and(|lines| lines.contains(line)));
    if findings.is_empty() {
        return Ok(0);
    }
    let said = forge.own_remarks()?;
    let remarks: Vec<_> = findings
        .into_iter()
        .map(|(finding, (path, line))| (marker(stack, finding), finding, path, line))
        .filter(|(marker, ..)| !said.iter().any(|body| body.lines().next() == Some(marker)))
        .take(MOST)
        .map(|(marker, finding, path, line)| Remark { path, line, body: body(&marker, finding) })
        .collect();
    if !remarks.is_empty() {
        forge.remark(&remarks, commit)?;
    }
    Ok(remarks.len())
}

/// Where a finding is written, if it is new and that is known.
fn place(finding: &Finding, folder: &str) -> Option<(String, usize)> {
    let site = finding.site.as_ref().filter(|_| finding.blocks)?;
    let is_hex = finding.fingerprint.chars().all(|character| character.is_ascii_hexdigit());
    let file = site.file.replace('\\', "/");
    let file = file.trim_start_matches("./");
    let path = if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
    is_hex.then_some((path, site.line))
}

fn marker(stack: &str, finding: &Finding) -> String {
    format!("<!-- orgward:{stack} finding={} -->", finding.fingerprint)
}

fn body(marker: &str, finding: &Finding) -> String {
    let mut out = format!(
        "{marker}\n**{}** · {}: {}\n",
        finding.severity.as_str(),
        rule(&finding.rule),
        sentence(&finding.message)
    );
    if let Some(help) = &finding.help {
        // Writing to a string cannot fail.
        let _ = write!(out, "\n**Fix:** {}\n", sentence(help));
    }
    out
}

/// The lines that a patch adds or changes, as they are numbered after it.
pub fn changed(patch: &str) -> BTreeSet<usize> {
    let mut lines = BTreeSet::new();
    let mut number = 0;
    for line in patch.lines() {
        if let Some(hunk) = line.strip_prefix("@@ ") {
            let start = hunk.split_whitespace().find_map(|part| part.strip_prefix('+'));
            number = start.and_then(|start| start.split(',').next()?.parse().ok()).unwrap_or(0);
        } else if line.starts_with('+') {
            lines.insert(number);
            number += 1;
        } else if !line.starts_with('-') && !line.starts_with('\\') {
            number += 1;
        }
    }
    lines
}

/// Changed lines by file.
pub type Changed = BTreeMap<String, BTreeSet<usize>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_lines_are_counted_as_they_are_afterwards() {
        let patch = "@@ -1,4 +1,5 @@ resource\n a\n-b\n+B\n+C\n d\n@@ -20 +21,2 @@\n x\n+y\n\\ No newline at end of file";
        assert_eq!(changed(patch), BTreeSet::from([2, 3, 22]));
        assert_eq!(changed(""), BTreeSet::new());
    }
}
