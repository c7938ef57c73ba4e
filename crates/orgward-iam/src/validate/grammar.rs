//! The document as a whole: its version, its size, its statements.

use std::collections::BTreeMap;

use super::{Effectiveness as E, Found, Gravity as G};
use crate::parse::json::Node;
use crate::{Dead, Kind, Policy, Version};

/// How many characters a document of a kind may have, and what it is called: Organizations user guide, "Quotas", with
/// the increase of 2026-05-15; IAM user guide, "IAM and AWS STS quotas" (a role may ask for a trust policy of up to
/// 4,096); 20 KB for the policy of a bucket, Amazon S3 developer guide, "Special information for Amazon S3 policies",
/// taken for every resource. `true` where white space counts.
const fn quota(kind: Kind) -> (usize, bool, &'static str) {
    match kind {
        Kind::Identity => (6_144, false, "policy-size-exceeds-identity-policy-quota"),
        Kind::Trust => (2_048, false, "policy-size-exceeds-role-trust-policy-quota"),
        Kind::Resource => (20_480, false, "policy-size-exceeds-resource-policy-quota"),
        Kind::ServiceControl => (10_240, true, "policy-size-exceeds-scp-quota"),
        Kind::ResourceControl => (5_120, true, "policy-size-exceeds-rcp-quota"),
    }
}

pub(super) fn check<'p>(policy: &'p Policy, dead: &[(usize, Dead)], found: &mut Found<'p>) {
    version(policy, found);
    size(policy, found);
    sids(policy, found);
    empty_conditions(policy, found);
    statements(policy, dead, found);
}

const fn is_organization_policy(kind: Kind) -> bool {
    matches!(kind, Kind::ServiceControl | Kind::ResourceControl)
}

fn version<'p>(policy: &'p Policy, found: &mut Found<'p>) {
    if policy.version == Version::V2012 {
        return;
    }
    let members = Node::of(policy.text()).and_then(|node| node.members()).unwrap_or_default();
    let written = members.iter().find(|member| member.name == "Version").map(|member| member.value.span());
    let (effectiveness, gravity) =
        if is_organization_policy(policy.kind) { (E::Refused, G::Error) } else { (E::Meant, G::Warning) };
    let (code, message) = match &written {
        Some(_) if is_organization_policy(policy.kind) => {
            ("invalid-version", "AWS Organizations takes no policy of version `2008-10-17`")
        }
        Some(_) => ("outdated-version", "under version `2008-10-17`, policy variables are plain text"),
        None => ("missing-version", "the document has no `Version`, which makes it one of `2008-10-17`"),
    };
    let span = written.unwrap_or(0..policy.text().len().min(1));
    found.document((code, gravity, effectiveness), span, message, "write `\"Version\": \"2012-10-17\"`");
}

fn size<'p>(policy: &'p Policy, found: &mut Found<'p>) {
    let (most, white, code) = quota(policy.kind);
    let text = policy.text();
    let characters = text.chars().filter(|char| white || !char.is_whitespace()).count();
    let least = text.chars().filter(|char| !char.is_whitespace()).count();
    if least > most {
        let gravity = if white { G::Error } else { G::Warning };
        found.document(
            (code, gravity, E::Meant),
            0..0,
            format!("the document has {least} characters without white space, and AWS takes {most}"),
            "split it, or use wildcards",
        );
    } else if characters * 100 > most * 88 {
        found.document(
            ("policy-size-near-quota", G::Suggestion, E::Meant),
            0..0,
            format!("the document has {characters} of {most} characters"),
            "leave out white space and `Sid`, or split it, before it grows",
        );
    }
}

fn sids<'p>(policy: &'p Policy, found: &mut Found<'p>) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, statement) in policy.statements.iter().enumerate() {
        let Some(sid) = &statement.sid else { continue };
        let mut at = super::At { index, statement, found };
        if sid.value.is_empty() {
            let kind = ("empty-sid-value", G::Suggestion, E::Meant);
            at.report(kind, "Sid", &sid.span, "`Sid` is empty", "name the statement, or leave `Sid` out");
            continue;
        }
        let is_plain = sid.value.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_plain && matches!(policy.kind, Kind::Identity | Kind::Trust) {
            let kind = ("unsupported-sid", G::Error, E::Refused);
            let message = format!("the `Sid` `{}` has other characters than letters and digits", sid.value);
            at.report(kind, "Sid", &sid.span, message, "use letters and digits only");
        }
        if let Some(first) = seen.insert(sid.value.as_str(), index) {
            let refused = policy.kind != Kind::Resource;
            let kind = if refused {
                ("unique-sids-required", G::Error, E::Refused)
            } else {
                ("unique-sids-recommended", G::Warning, E::Meant)
            };
            let message = format!("statement {first} has the `Sid` `{}`, too", sid.value);
            at.report(kind, "Sid", &sid.span, message, "give each statement a `Sid` of its own, or none");
        }
    }
}

/// A `Condition` element without any operator.
fn empty_conditions<'p>(policy: &'p Policy, found: &mut Found<'p>) {
    for (index, statement) in policy.statements.iter().enumerate() {
        if !statement.conditions.is_empty() {
            continue;
        }
        let text = policy.text().get(statement.span.clone()).unwrap_or_default();
        let members = Node::of(text).and_then(|node| node.members()).unwrap_or_default();
        let Some(member) = members.iter().find(|member| member.name == "Condition") else { continue };
        let start = statement.span.start;
        let span = start + member.key.start..start + member.key.end;
        let kind = ("empty-object-condition", G::Suggestion, E::Meant);
        let mut at = super::At { index, statement, found };
        at.report(kind, "Condition", &span, "`Condition` has no condition", "add one, or remove it");
    }
}

fn statements<'p>(policy: &'p Policy, dead: &[(usize, Dead)], found: &mut Found<'p>) {
    if policy.statements.is_empty() {
        let refused = is_organization_policy(policy.kind);
        found.document(
            ("missing-statement", G::Error, if refused { E::Refused } else { E::Inert }),
            0..policy.text().len().min(1),
            "the document has no statement",
            "add a statement, or remove the policy",
        );
    }
    for (index, dead) in dead {
        let index = *index;
        let Some(statement) = policy.statements.get(index) else { continue };
        let mut at = super::At { index, statement, found };
        let (code, gravity, message) = match dead {
            Dead::Covered(by) => (
                "redundant-statement",
                G::Suggestion,
                format!("statement {by}, alone or with others, says all that this one says"),
            ),
            Dead::Denied => (
                "denied-statement",
                G::Warning,
                "other statements deny everything that this one allows".to_owned(),
            ),
            Dead::Condition(_) | Dead::Contradiction | Dead::Nothing(_) => {
                ("unsatisfiable-statement", G::Warning, "no request meets this statement".to_owned())
            }
            Dead::Undecided(_) => continue,
        };
        let help = "remove the statement, or correct it";
        at.report((code, gravity, E::Inert), "", &statement.span, message, help);
    }
}
