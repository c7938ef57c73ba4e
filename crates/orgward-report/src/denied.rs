//! The calls of an apply that AWS denies, as one table.

use std::fmt::Write as _;

use maud::{Markup, html};
use orgward_finding::Finding;

use crate::comment::quote::{code, prose};
use crate::escape;
use crate::place::cut;

/// Rows of the table.
const ROWS: usize = 30;
/// Resources of one row.
const RESOURCES: usize = 3;

/// A row of the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeniedRow<'f> {
    /// The resources whose change makes the call.
    pub resources: Vec<&'f str>,
    /// What is called.
    pub action: &'f str,
    /// Where, if it is known.
    pub region: Option<&'f str>,
    /// The policy that denies it, in words.
    pub by: &'f str,
    /// What helps.
    pub help: Option<&'f str>,
}

impl<'f> DeniedRow<'f> {
    /// The row of a finding, if it is about a call that is denied.
    pub(crate) fn of(finding: &'f Finding) -> Option<Self> {
        let denied = finding.denied.as_ref()?;
        Some(Self {
            resources: denied.resources.iter().map(orgward_finding::Address::as_str).collect(),
            action: &denied.action,
            region: denied.region.as_deref(),
            by: &denied.by,
            help: finding.help.as_deref(),
        })
    }

    fn more(&self) -> String {
        match self.resources.len().saturating_sub(RESOURCES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        }
    }
}

/// The table as Markdown; empty without rows.
pub fn denied_calls_markdown(rows: &[DeniedRow<'_>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut out = "### Calls that AWS will deny\n\n| Resource | Call | Denied by | What helps |\n| --- | --- | --- | --- |\n"
        .to_owned();
    for row in rows.iter().take(ROWS) {
        let resources: Vec<_> = row.resources.iter().take(RESOURCES).map(|it| code(&cut(it))).collect();
        let region = row.region.map_or_else(String::new, |region| format!(" in {}", code(&cut(region))));
        let _ = writeln!(
            out,
            "| {}{} | {}{region} | {} | {} |",
            resources.join(", "),
            row.more(),
            code(&cut(row.action)),
            prose(&cut(row.by)),
            prose(&cut(row.help.unwrap_or_default())),
        );
    }
    if rows.len() > ROWS {
        let _ = writeln!(out, "| | | | and {} more |", rows.len() - ROWS);
    }
    out.push('\n');
    out
}

/// The table as HTML.
pub(crate) fn denied_calls_html(rows: &[DeniedRow<'_>], prose: impl Fn(&str) -> Markup) -> Markup {
    html! {
        @if !rows.is_empty() {
            details.status open {
                summary { h2 { "calls that AWS will deny (" (rows.len()) ")" } }
                table {
                    thead { tr { th { "resource" } th { "call" } th { "denied by" } th { "what helps" } } }
                    tbody {
                        @for row in rows {
                            tr {
                                td {
                                    @for resource in row.resources.iter().take(RESOURCES) {
                                        code { (escape::line(resource)) } br;
                                    }
                                    (row.more())
                                }
                                td {
                                    code { (escape::line(row.action)) }
                                    @if let Some(region) = row.region { " in " code { (escape::line(region)) } }
                                }
                                td { (prose(row.by)) }
                                td { (prose(row.help.unwrap_or_default())) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DeniedRow, denied_calls_markdown};

    #[test]
    fn each_call_is_a_row() {
        let row = DeniedRow {
            resources: vec!["aws_s3_bucket.a", "aws_s3_bucket.b", "aws_s3_bucket.c", "aws_s3_bucket.d"],
            action: "s3:CreateBucket",
            region: Some("us-west-2"),
            by: "SCP `regions|x` at `Root/Prod`",
            help: Some("use the region `eu-west-1`"),
        };
        insta::assert_snapshot!(denied_calls_markdown(&[row]), @r"
        ### Calls that AWS will deny

        | Resource | Call | Denied by | What helps |
        | --- | --- | --- | --- |
        | `aws_s3_bucket.a`, `aws_s3_bucket.b`, `aws_s3_bucket.c` and 1 more | `s3:CreateBucket` in `us-west-2` | SCP <code>regions&#124;x</code> at `Root/Prod` | use the region `eu-west-1` |
        ");
        assert_eq!(denied_calls_markdown(&[]), "");
    }
}
