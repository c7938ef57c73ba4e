//! Conditions that look like guards, and accounts that conditions name.

use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;

use super::Perimeter;
use super::outsider::is;
use crate::arn::{Arn, is_account_id};
use crate::{BaseOperator, Condition, SetQuantifier, Spanned, Statement};

impl Statement {
    /// The accounts that the conditions narrow the callers to, beside whatever `Principal` says: all of them are named
    /// by `aws:PrincipalAccount`, or by the account part of `aws:PrincipalArn`. `None` when no condition names accounts;
    /// an empty list when two conditions have none in common. Each comes with the place of the value that names it.
    pub fn narrowed_accounts(&self) -> Option<Vec<Spanned<String>>> {
        let mut narrowed: Option<Vec<Spanned<String>>> = None;
        for line in &self.conditions {
            let Some(accounts) = accounts_of(line) else { continue };
            match &mut narrowed {
                None => narrowed = Some(accounts),
                Some(narrowed) => {
                    narrowed.retain(|one| accounts.iter().any(|other| other.value == one.value));
                }
            }
        }
        narrowed
    }
}

/// The accounts that a condition lets through, if it names them all.
fn accounts_of(line: &Condition) -> Option<Vec<Spanned<String>>> {
    let operator = line.operator.value.base;
    if operator.is_negated() || !operator.takes_variables() || line.operator.value.if_exists {
        return None;
    }
    let account = |value: &str| {
        let account = if is(&line.key.value, "aws:PrincipalAccount") {
            value.to_owned()
        } else if is(&line.key.value, "aws:PrincipalArn") {
            // A star before the account could reach across it under `StringLike`.
            let arn = Arn::parse(value)?;
            let wild = |part: &str| part.contains(['*', '?']);
            let crosses = matches!(operator, BaseOperator::StringLike)
                && (wild(arn.partition) || wild(arn.service) || wild(arn.region));
            if crosses {
                return None;
            }
            arn.account.to_owned()
        } else {
            return None;
        };
        is_account_id(&account).then_some(account)
    };
    line.values
        .iter()
        .map(|value| {
            account(&value.value).map(|account| Spanned { value: account, span: value.span.clone() })
        })
        .collect()
}

/// The conditions of a statement that do not keep outsiders away though they look as if they did.
pub(super) fn weak(statement: &Statement, perimeter: &Perimeter) -> Vec<(Range<usize>, String)> {
    statement
        .conditions
        .iter()
        .filter_map(|line| Some((line.span.clone(), weakness(line, perimeter)?)))
        .collect()
}

/// Why a condition keeps no outsider away; `None` when nobody would expect it to.
fn weakness(line: &Condition, perimeter: &Perimeter) -> Option<String> {
    let key = line.key.value.as_str();
    let operator = line.operator.value;
    let lower = key.to_ascii_lowercase();
    let wild = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b'*');

    let reason = if operator.base == BaseOperator::Null {
        format!("that `{key}` is there or missing says nothing about who calls")
    } else if operator.base.takes_wildcards() && line.values.iter().any(|value| wild(&value.value)) {
        "`*` matches every value".to_owned()
    } else if operator.set == Some(SetQuantifier::ForAllValues) && !is_always_there(&lower) {
        format!("`ForAllValues` also holds when `{key}` is missing")
    } else if operator.if_exists
        && operator.set != Some(SetQuantifier::ForAnyValue)
        && !is_always_there(&lower)
    {
        format!("`{operator}` also holds when `{key}` is missing")
    } else if operator.is_negated() {
        format!("`{operator}` keeps away only what it lists")
    } else if is(key, "sts:ExternalId") {
        "an external id is not a secret: whoever learns or guesses it passes it along".to_owned()
    } else if lower.starts_with("aws:principaltag/") {
        "the administrator of any account tags its principals at will".to_owned()
    } else if lower.starts_with("aws:requesttag/")
        || [
            "aws:tagkeys",
            "sts:transitivetagkeys",
            "sts:rolesessionname",
            "sts:sourceidentity",
            "aws:sourceidentity",
        ]
        .contains(&lower.as_str())
        || ["aws:useragent", "aws:referer"].contains(&lower.as_str())
    {
        format!("whoever calls chooses `{key}`")
    } else if is(key, "aws:userid") || is(key, "aws:username") || is(key, "aws:PrincipalType") {
        format!("`{key}` does not say which account the caller is of")
    } else if is(key, "aws:PrincipalArn") {
        "the account is a wildcard, and anybody can create such a principal in an account of their own"
            .to_owned()
    } else if is(key, "aws:PrincipalAccount") {
        "the pattern matches accounts of others".to_owned()
    } else if is(key, "aws:PrincipalOrgID") || is(key, "aws:PrincipalOrgPaths") {
        match &perimeter.organization {
            Some(own) => format!("it lets in another organization than `{own}`"),
            None => "the pattern matches organizations of others".to_owned(),
        }
    } else if is(key, "aws:SourceIp") {
        let range = line.values.iter().find(|value| {
            value.value.parse::<IpNet>().is_ok_and(|range| range.prefix_len() <= 16)
                || value.value.parse::<IpAddr>().is_ok()
        })?;
        format!("`{}` holds addresses of anybody", range.value)
    } else if lower.starts_with("aws:sourcevpc") || is(key, "aws:VpcSourceIp") {
        "the pattern matches networks of others".to_owned()
    } else if lower.starts_with("aws:multifactorauth") {
        "every account gives its users devices for multi-factor authentication".to_owned()
    } else {
        return None;
    };
    Some(reason)
}

/// Whether a key is there whenever a role is assumed, so that asking whether it exists changes nothing.
fn is_always_there(lower: &str) -> bool {
    ["aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:principalisawsservice"]
        .contains(&lower)
}
