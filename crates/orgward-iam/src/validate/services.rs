//! What is given to AWS services that act for their callers: the confused deputy, and keys that services do not have.

use super::conditions::keys_of;
use super::{At, Effectiveness as E, Gravity as G};
use crate::{BaseOperator, Effect, Kind, PrincipalPattern, SetQuantifier};

/// Keys that say for which resource or account a service acts, in lower case.
const SOURCES: [&str; 4] = ["aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"];
/// Keys that requests of services do not have, in lower case (IAM user guide, "Global condition keys", availability).
const OF_PRINCIPALS: [&str; 9] = [
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:userid",
    "aws:username",
    "aws:multifactorauthpresent",
    "aws:multifactorauthage",
    "aws:tokenissuetime",
];

pub(super) fn check(at: &mut At<'_, '_>) {
    let statement = at.statement;
    let Some(principals) = statement.principals.as_ref().filter(|it| !it.not && !it.patterns.is_empty())
    else {
        return;
    };
    let is_service = |it: &PrincipalPattern| matches!(it, PrincipalPattern::Service(_));
    if !principals.patterns.iter().any(|it| is_service(&it.value)) {
        return;
    }
    if principals.patterns.iter().all(|it| is_service(&it.value)) {
        for line in &statement.conditions {
            let key = line.key.value.to_ascii_lowercase();
            let operator = line.operator.value;
            if operator.base == BaseOperator::Null
                || !(OF_PRINCIPALS.contains(&key.as_str()) || key.starts_with("aws:principaltag/"))
            {
                continue;
            }
            let holds = operator.if_exists
                || operator.set == Some(SetQuantifier::ForAllValues)
                || operator.is_negated() && operator.set.is_none();
            let (effectiveness, consequence) =
                if holds { (E::Overreaching, "always holds") } else { (E::Inert, "never holds") };
            at.report(
                ("unsupported-condition-key-for-service-principal", G::Error, effectiveness),
                &format!("Condition/{operator}/{}", line.key.value),
                &line.key.span,
                format!(
                    "requests of AWS services have no `{}`, so that the condition {consequence}",
                    line.key.value
                ),
                "use `aws:SourceArn`, `aws:SourceAccount` or `aws:SourceOrgID`",
            );
        }
    }
    if at.kind() != Kind::Resource
        || statement.effect.value == Effect::Deny
        || keys_of(statement).any(|key| SOURCES.contains(&key.as_str()))
    {
        return;
    }
    let help = "add a condition on `aws:SourceArn`, `aws:SourceAccount` or `aws:SourceOrgID`";
    let (kind, message) = if statement.conditions.is_empty() {
        (
            ("restrict-access-to-service-principal", G::SecurityWarning, E::Meant),
            "a service may act for any customer of AWS here",
        )
    } else {
        (
            ("recommended-condition-key-for-service-principal", G::Suggestion, E::Meant),
            "no condition says for whom the service acts",
        )
    };
    at.report(kind, "Principal", &principals.span, message, help);
}
