//! Files with a policy as JSON.

use std::path::Path;

use lsp_types::{Diagnostic, DiagnosticSeverity};
use orgward_iam::{Gravity, Kind, Policy};
use orgward_repository::{is_candidate, kind_of};

use super::bound::Bound;
use super::shown::{Hover, problem};
use super::text::Lines;
use super::words;

/// Bytes of a policy; AWS takes no longer ones, and templates of them are not much longer.
const LARGEST: usize = 256 << 10;

/// What is wrong with a policy, and what each of its statements says. `None` where a file is none.
pub(super) fn analyze(path: &Path, text: &str) -> Option<(Vec<Diagnostic>, Vec<Hover>)> {
    let name = path.to_string_lossy().replace('\\', "/");
    if text.len() > LARGEST || !is_candidate(&name, text) {
        return None;
    }
    let kind = kind_of(&named(&name), text);
    let lines = Lines::of(text);
    let policy = match Policy::parse(text, kind) {
        Ok(policy) => policy,
        Err(error) => {
            let whole = problem(
                lines.range(&error.span),
                DiagnosticSeverity::ERROR,
                "unreadable-policy",
                &error.message,
                Some(&error.help),
            );
            return Some((vec![whole], Vec::new()));
        }
    };
    let each = |it: &orgward_iam::Problem| {
        let severity = match it.gravity {
            Gravity::Error => DiagnosticSeverity::ERROR,
            Gravity::SecurityWarning | Gravity::Warning => DiagnosticSeverity::WARNING,
            Gravity::Suggestion => DiagnosticSeverity::INFORMATION,
        };
        // What spans several lines is underlined where it begins.
        let mut span = it.span.clone();
        let part = text.get(span.clone()).unwrap_or_default();
        span.end = span.start + part.find('\n').unwrap_or(part.len());
        problem(lines.range(&span), severity, it.code, &it.message, Some(&it.help))
    };
    let problems = policy.problems().iter().map(each).collect();
    let title = match kind {
        Kind::ServiceControl => "SCP",
        Kind::ResourceControl => "RCP",
        Kind::Identity => "identity policy",
        Kind::Trust => "trust policy",
        Kind::Resource => "resource policy",
    };
    let line = |byte: usize| text.get(..byte).unwrap_or_default().matches('\n').count() + 1;
    let hover = |(at, statement): (usize, &orgward_iam::Statement)| Hover {
        lines: (line(statement.span.start), line(statement.span.end)),
        policy: None,
        text: format!("**{title}**, statement {at}\n\n{}", words::statement(statement)),
        bound: Bound::default(),
    };
    Some((problems, policy.statements.iter().enumerate().map(hover).collect()))
}

/// The name of a file and of the folder that it is in: further up, a word says nothing of a policy.
fn named(path: &str) -> String {
    let parts: Vec<&str> = path.rsplit('/').take(2).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use lsp_types::Position;

    use super::*;

    #[test]
    fn problems_are_where_they_are_written() {
        let text = "{\"Version\": \"2012-10-17\", \"Statement\": [\n  {\"Sid\": \"ü\", \"Effect\": \"Deny\", \"Action\": \"s3:DeleteBukket\", \"Resource\": \"*\"}\n]}\n";
        let (problems, hovers) = analyze(Path::new("/x/scp/deny.json"), text).unwrap();
        let problem =
            problems.iter().find(|it| it.message.contains("did you mean `s3:DeleteBucket`?")).unwrap();
        let line = text.lines().nth(1).unwrap();
        let column = line.find("\"s3:").unwrap() - 1;
        assert_eq!(
            problem.range.start,
            Position::new(1, u32::try_from(column).unwrap()),
            "ü is one unit, and two bytes"
        );
        assert_eq!(hovers[0].text, "**SCP**, statement 0\n\n- denies `s3:DeleteBukket` on every resource\n");
        assert!(analyze(Path::new("/x/package.json"), "{\"name\": \"x\"}").is_none());
    }
}
