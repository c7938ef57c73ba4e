//! A policy in words, for people who point at it.

use std::fmt::Write as _;

use orgward_iam::{Actions, Effect, Policy, PrincipalPattern, Principals, Resources, Spanned, Statement};
use orgward_report::escape;

/// Statements, and entries of a list, that are shown.
const STATEMENTS: usize = 12;
const ENTRIES: usize = 8;

/// A policy as a list in Markdown.
pub(super) fn policy(policy: &Policy) -> String {
    let mut text = String::new();
    for statement in policy.statements.iter().take(STATEMENTS) {
        text.push_str(&self::statement(statement));
    }
    if let Some(more) = policy.statements.len().checked_sub(STATEMENTS).filter(|more| *more > 0) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "- … and {more} more statements");
    }
    text
}

/// A statement as an entry of a list in Markdown.
pub(super) fn statement(statement: &Statement) -> String {
    let verb = match statement.effect.value {
        Effect::Allow => "allows",
        Effect::Deny => "denies",
    };
    let mut text = format!("- {verb} {}", actions(&statement.actions));
    if let Some(resources) = &statement.resources {
        let _ = write!(text, " on {}", self::resources(resources));
    }
    if let Some(principals) = &statement.principals {
        let _ = write!(text, " to {}", self::principals(principals));
    }
    text.push('\n');
    for line in &statement.conditions {
        let values = listed(line.values.iter().map(|value| value.value.as_str()));
        let _ = writeln!(text, "  - only if {} `{}` {values}", code(&line.key.value), line.operator.value);
    }
    text
}

fn actions(actions: &Actions) -> String {
    let patterns = values(&actions.patterns);
    match (actions.not, patterns.as_slice()) {
        (false, ["*"]) => "every action".to_owned(),
        (false, _) => listed(patterns.into_iter()),
        (true, _) => format!("every action but {}", listed(patterns.into_iter())),
    }
}

fn resources(resources: &Resources) -> String {
    let patterns = values(&resources.patterns);
    match (resources.not, patterns.as_slice()) {
        (false, ["*"]) => "every resource".to_owned(),
        (false, _) => listed(patterns.into_iter()),
        (true, _) => format!("every resource but {}", listed(patterns.into_iter())),
    }
}

fn principals(principals: &Principals) -> String {
    let names: Vec<&str> = principals
        .patterns
        .iter()
        .map(|pattern| match &pattern.value {
            PrincipalPattern::Everyone => "*",
            PrincipalPattern::Account(name)
            | PrincipalPattern::Arn(name)
            | PrincipalPattern::UniqueId(name)
            | PrincipalPattern::Service(name)
            | PrincipalPattern::Federated(name)
            | PrincipalPattern::CanonicalUser(name)
            | PrincipalPattern::Invalid(name) => name.as_str(),
        })
        .collect();
    match (principals.not, names.as_slice()) {
        (false, ["*"]) => "everyone".to_owned(),
        (false, _) => listed(names.into_iter()),
        (true, _) => format!("everyone but {}", listed(names.into_iter())),
    }
}

fn values(patterns: &[Spanned<String>]) -> Vec<&str> {
    patterns.iter().map(|pattern| pattern.value.as_str()).collect()
}

/// Texts with commas between them.
pub(super) fn listed<'t>(texts: impl ExactSizeIterator<Item = &'t str>) -> String {
    let more = texts.len().saturating_sub(ENTRIES);
    let mut shown: Vec<String> = texts.take(ENTRIES).map(code).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}

/// A text as code in Markdown, whatever is in it.
pub(super) fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let text = escape(&text);
    let fence = if text.contains('`') { "``" } else { "`" };
    // Longer runs of the sign would end it.
    let text = text.replace("``", "''");
    let gap = if fence.len() > 1 { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

#[cfg(test)]
mod tests {
    use orgward_iam::Kind;

    use super::*;

    #[test]
    fn a_policy_reads_as_a_list() {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-central-1"]}}},
            {"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}"#;
        let shown = policy(&Policy::parse(text, Kind::ServiceControl).unwrap());
        assert_eq!(
            shown,
            "- denies every action but `iam:*`, `sts:*` on every resource\n  \
             - only if `aws:RequestedRegion` `StringNotEquals` `eu-central-1`\n\
             - denies `organizations:LeaveOrganization` on every resource\n"
        );
    }

    #[test]
    fn code_stays_code() {
        assert_eq!(code("a`b\n# c"), "`` a`b # c ``");
        assert_eq!(code("a```b"), "`` a''`b ``");
    }
}
