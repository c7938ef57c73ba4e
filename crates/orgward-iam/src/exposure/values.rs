//! Values of the policy turned into values that a request can carry.

use crate::arn::{Arn, is_account_id};
use crate::matching::{date, number, variable_keys};
use crate::{BaseOperator, Condition};

/// What an outsider's user, role and session are called, and every value that it makes up.
pub(super) const NAME: &str = "outsider";

/// The values of a condition that has no variables, or with every variable replaced by what an outsider makes up.
pub(super) fn concrete(value: &str) -> String {
    let mut text = value.to_owned();
    while let Some((before, (_, after))) =
        text.split_once("${").and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        text = format!("{before}{NAME}{after}");
    }
    text
}

/// Whether a value of `aws:userid` starts with the whole unique id of a user or role. AWS gives it to one principal, and
/// an outsider cannot have it.
pub(super) fn names_one_principal(value: &str) -> bool {
    let is_id = |id: &str| {
        (id.starts_with("AROA") || id.starts_with("AIDA"))
            && id.len() >= 16
            && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    is_id(value.split(':').next().unwrap_or_default())
}

/// Whether a value has policy variables.
pub(super) fn has_variables(value: &str) -> bool {
    variable_keys(value).next().is_some()
}

/// Texts that a pattern matches.
pub(super) fn instances(pattern: &str) -> Vec<String> {
    let fill = |star: &str| pattern.replace('*', star).replace('?', "x");
    let mut found = vec![fill("x"), fill("")];
    found.dedup();
    found
}

/// Values for a key that a condition compares: some that match, and some close by that do not.
pub(super) fn candidates(condition: &Condition) -> Vec<String> {
    use BaseOperator as B;
    let operator = condition.operator.value.base;
    let mut found = Vec::new();
    for value in &condition.values {
        let value = concrete(&value.value);
        match operator {
            operator if operator.takes_wildcards() => found.extend(instances(&value)),
            B::Bool => found.extend(["true".to_owned(), "false".to_owned()]),
            B::NumericEquals
            | B::NumericNotEquals
            | B::NumericLessThan
            | B::NumericLessThanEquals
            | B::NumericGreaterThan
            | B::NumericGreaterThanEquals => {
                let near = number(&value).map(|number| [number, number - 1.0, number + 1.0]);
                found.extend(near.into_iter().flatten().map(|number| number.to_string()));
            }
            B::DateEquals
            | B::DateNotEquals
            | B::DateLessThan
            | B::DateLessThanEquals
            | B::DateGreaterThan
            | B::DateGreaterThanEquals => {
                if let Some(instant) = date(&value) {
                    let second = instant.as_second();
                    found.push(value);
                    found.extend(
                        [second.saturating_sub(1), second.saturating_add(1)].map(|at| at.to_string()),
                    );
                }
            }
            B::IpAddress | B::NotIpAddress => found.extend(value.split('/').next().map(str::to_owned)),
            B::Null => {}
            _ => found.push(value),
        }
    }
    found
}

/// Whether [`candidates`], a value that nothing is like and no value at all stand for every value that there is.
pub(super) fn is_finite(condition: &Condition) -> bool {
    use BaseOperator as B;
    let operator = condition.operator.value;
    let literal = |pattern: bool| {
        condition
            .values
            .iter()
            .all(|value| !(has_variables(&value.value) || (pattern && value.value.contains(['*', '?']))))
    };
    operator.set.is_none()
        && match operator.base {
            B::StringEquals | B::StringNotEquals => literal(false),
            B::StringLike | B::StringNotLike => literal(true),
            B::Bool | B::Null => true,
            _ => false,
        }
}

/// The callers that `aws:PrincipalArn` patterns ask for, in an account of an outsider.
pub(super) fn callers(pattern: &str, partition: &str, account: &str) -> Vec<String> {
    let mut found = Vec::new();
    let written =
        Arn::parse(pattern).and_then(|arn| Some((account_for(arn.account, account)?, arn.resource)));
    if let Some((account, resource)) = written {
        let names = role_names(resource).into_iter();
        found.extend(names.map(|name| format!("arn:{partition}:iam::{account}:{name}")));
    }
    // Stars that reach across colons: the first one stands for what is missing of an outsider's ARN.
    if let Some((head, tail)) = pattern.split_once('*') {
        for end in ["", ":", ":role/", ":user/", ":role", ":user", ":role/outsider", ":user/outsider"] {
            let start = format!("arn:{partition}:iam::{account}{end}");
            let Some(rest) = start.strip_prefix(head) else { continue };
            for star in ["", "x"] {
                let tail = tail.replace('*', star).replace('?', "x");
                found.push(format!("{head}{rest}{tail}"));
            }
        }
    }
    found.retain(|arn| is_user_or_role(arn));
    found
}

/// An account that a pattern matches; `None` when the pattern names one.
pub(super) fn account_for(pattern: &str, outsider: &str) -> Option<String> {
    if !pattern.contains(['*', '?']) {
        return None;
    }
    if crate::glob(pattern, outsider) {
        return Some(outsider.to_owned());
    }
    let missing = 12_usize.checked_sub(pattern.bytes().filter(|byte| *byte != b'*').count())?;
    let account = pattern.replacen('*', &"9".repeat(missing), 1).replace('*', "").replace('?', "9");
    is_account_id(&account).then_some(account)
}

fn role_names(pattern: &str) -> Vec<String> {
    let mut found = Vec::new();
    for first in [NAME, "role/", "role", "role/x", "user/", "user", ""] {
        let resource = pattern.replacen('*', first, 1);
        for rest in ["x", ""] {
            found.push(resource.replace('*', rest).replace('?', "x"));
        }
    }
    found.dedup();
    found
}

/// Whether an ARN is one that a caller of `sts:AssumeRole` can have.
pub(super) fn is_user_or_role(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| {
        let named = |kind| {
            arn.resource.strip_prefix(kind).is_some_and(|name: &str| {
                !name.is_empty() && !name.ends_with('/') && !name.starts_with('/') && !name.contains(':')
            })
        };
        arn.service == "iam"
            && arn.region.is_empty()
            && is_account_id(arn.account)
            && (named("role/") || named("user/"))
    })
}
