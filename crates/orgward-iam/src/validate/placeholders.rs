//! Templates that nothing has filled in.

use std::ops::Range;

use super::{At, Effectiveness as E, Gravity as G};
use crate::{Policy, PrincipalPattern, Statement, placeholder};

pub(super) fn check(at: &mut At<'_, '_>) {
    for (name, span) in of_statement(at.statement) {
        at.report(
            ("unfilled-placeholder", G::Error, E::Inert),
            "",
            &span,
            format!("nothing has filled in `{name}`"),
            "put the value in its place, or pass `--set NAME=VALUE`",
        );
    }
}

impl Policy {
    /// The placeholders of templates that stand where values should, each once, in the order of the text.
    pub fn placeholders(&self) -> Vec<String> {
        self.placeholders_among(|_| true)
    }

    /// Those of some statements.
    pub fn placeholders_among(&self, is_asked: impl Fn(&Statement) -> bool) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (name, _) in self.statements.iter().filter(|it| is_asked(it)).flat_map(of_statement) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// Whether a statement has a placeholder, so that what it will say is unknown.
pub(crate) fn is_template(statement: &Statement) -> bool {
    !of_statement(statement).is_empty()
}

fn of_statement(statement: &Statement) -> Vec<(String, Range<usize>)> {
    let texts = statement.actions.patterns.iter();
    let texts = texts.chain(statement.resources.iter().flat_map(|resources| &resources.patterns));
    let lines = statement.conditions.iter();
    let texts = texts.chain(lines.flat_map(|line| line.values.iter().chain(std::iter::once(&line.key))));
    let principals = statement.principals.iter().flat_map(|principals| &principals.patterns);
    let principals = principals.filter_map(|entry| match &entry.value {
        PrincipalPattern::Invalid(text) | PrincipalPattern::Federated(text) | PrincipalPattern::Arn(text) => {
            Some((text.as_str(), &entry.span))
        }
        _ => None,
    });
    let texts = texts.map(|text| (text.value.as_str(), &text.span)).chain(principals);
    let mut found = Vec::new();
    for (text, span) in texts {
        let mut rest = text;
        while let Some(name) = placeholder(rest) {
            found.push((name.to_owned(), span.clone()));
            let Some((_, after)) = rest.split_once(name) else { break };
            rest = after;
        }
    }
    found
}
