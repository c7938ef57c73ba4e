//! "Excluded" is a claim about every outsider. Here many outsiders try.

use proptest::prelude::*;

use super::{ROLE, perimeter};
use crate::exposure::proof::{Outsiders, grounded};
use crate::testing::{policy, request};
use crate::{Answer, ContextValue, Effect, Kind, OutsiderAccess, Policy, Request, RequestSet};

/// Keys, with the operators that suit them and values that policies compare them with.
const LINES: [(&str, &[&str], &[&str]); 13] = [
    (
        "aws:PrincipalArn",
        &["ArnLike", "ArnNotLike", "StringLike", "StringNotLike", "StringEquals", "ArnEqualsIfExists"],
        &[
            "arn:aws:iam::*:role/deploy",
            "arn:aws:iam::222222222222:role/*",
            "*/deploy",
            "arn:aws:iam::*:user/ci-*",
            "arn:aws:iam::*:*",
            "arn:*",
            "arn:aws:iam::9999*:role/x/deploy",
            "arn:aws:iam::${aws:ResourceAccount}:*",
        ],
    ),
    (
        "aws:PrincipalAccount",
        &[
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringEqualsIfExists",
            "ForAllValues:StringEquals",
        ],
        &["222222222222", "*", "99999*", "${aws:ResourceAccount}"],
    ),
    (
        "aws:PrincipalOrgID",
        &["StringEquals", "StringNotEquals", "StringLike", "StringEqualsIfExists", "StringEqualsIgnoreCase"],
        &["o-mine000000", "o-other00000", "o-*", "O-OTHER00000", "${aws:ResourceOrgID}"],
    ),
    (
        "aws:PrincipalOrgPaths",
        &["ForAnyValue:StringLike", "ForAllValues:StringLike", "ForAnyValue:StringNotLike", "StringLike"],
        &["o-mine000000/*", "o-other00000/r-x/*", "*", "o-*/r-outsider/*"],
    ),
    ("aws:PrincipalType", &["StringEquals", "StringNotEquals", "StringLike"], &["User", "AssumedRole", "A*"]),
    ("aws:username", &["StringEquals", "StringNotLike", "Null"], &["bob", "true", "ci-*"]),
    (
        "sts:ExternalId",
        &[
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIfExists",
            "StringNotEqualsIgnoreCase",
        ],
        &["acme", "a*", "*", "ACME"],
    ),
    (
        "aws:PrincipalTag/team",
        &["StringEquals", "StringNotEquals", "Null", "StringEqualsIfExists"],
        &["sec", "true", "${aws:RequestTag/team}", "${aws:username}"],
    ),
    ("aws:RequestTag/team", &["StringEquals", "StringNotEquals"], &["sec", "ops"]),
    (
        "aws:TagKeys",
        &["ForAllValues:StringEquals", "ForAnyValue:StringEquals", "ForAnyValue:StringNotEquals", "Null"],
        &["team", "true", "cost"],
    ),
    ("aws:SecureTransport", &["Bool", "BoolIfExists", "Null"], &["true", "false"]),
    (
        "aws:SourceIp",
        &["IpAddress", "NotIpAddress", "IpAddressIfExists"],
        &["203.0.113.0/24", "0.0.0.0/0", "::/0"],
    ),
    (
        "aws:MultiFactorAuthAge",
        &["NumericLessThan", "NumericGreaterThan", "NumericNotEquals"],
        &["10", "3600"],
    ),
];

fn condition() -> impl Strategy<Value = String> {
    (
        0..LINES.len(),
        any::<prop::sample::Index>(),
        proptest::collection::vec(any::<prop::sample::Index>(), 1..3),
    )
        .prop_map(|(line, operator, values)| {
            let (key, operators, pool) = LINES[line];
            let operator = operators[operator.index(operators.len())];
            let values: Vec<&str> = values
                .iter()
                .map(|value| pool[value.index(pool.len())])
                .map(|value| if operator == "Null" { "true" } else { value })
                .collect();
            format!("\"{operator}\":{{\"{key}\":{}}}", serde_json::to_string(&values).unwrap())
        })
}

fn statement() -> impl Strategy<Value = String> {
    (any::<bool>(), proptest::collection::btree_map(0..3_usize, condition(), 0..4)).prop_map(
        |(allow, conditions)| {
            // The same operator twice would be a duplicate key.
            let mut lines: Vec<String> = conditions.into_values().collect();
            lines.sort();
            lines.dedup_by_key(|line| line.split(':').next().map(str::to_owned));
            format!(
                r#"{{"Effect":"{}","Principal":"*","Action":"sts:AssumeRole","Condition":{{{}}}}}"#,
                if allow { "Allow" } else { "Deny" },
                lines.join(",")
            )
        },
    )
}

prop_compose! {
    fn outsider()(
        caller in proptest::sample::select(vec!["role/outsider", "role/deploy", "role/x/deploy", "user/bob", "user/ci-7", "user/acme"]),
        organization in proptest::sample::select(vec![None, Some("o-elsewhere0"), Some("o-other00000")]),
        path in proptest::sample::select(vec!["r-outsider", "r-x"]),
        external in proptest::sample::select(vec![None, Some("acme"), Some("ACME"), Some("about"), Some("x")]),
        tag in proptest::sample::select(vec![None, Some("sec"), Some("ops"), Some("bob"), Some("")]),
        requested in proptest::sample::select(vec![None, Some("sec"), Some("ops"), Some("x")]),
        keys in proptest::sample::select(vec![None, Some("[team]"), Some("[team,cost]"), Some("[x]"), Some("[x,team]")]),
        secure in proptest::sample::select(vec![None, Some("true"), Some("false")]),
        address in proptest::sample::select(vec![None, Some("198.51.100.9"), Some("2001:db8::9")]),
        age in proptest::sample::select(vec![None, Some("5"), Some("100"), Some("9999"), Some("10")]),
    ) -> Request {
        let path = organization.map(|id| format!("[{id}/{path}/]"));
        let entries: Vec<(&str, &str)> = [
            ("aws:PrincipalOrgID", organization),
            ("aws:PrincipalOrgPaths", path.as_deref()),
            ("sts:ExternalId", external),
            ("aws:PrincipalTag/team", tag),
            ("aws:RequestTag/team", requested),
            ("aws:TagKeys", keys),
            ("aws:SecureTransport", secure),
            ("aws:SourceIp", address),
            ("aws:MultiFactorAuthAge", age),
            ("aws:ResourceOrgID", Some("o-mine000000")),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect();
        request(&format!("arn:aws:iam::999999888888:{caller}"), "sts:AssumeRole", ROLE.arn, &entries)
    }
}

fn allows(policy: &Policy, request: &Request) -> bool {
    let effects: Vec<Effect> =
        policy.matching(request).map(|(_, statement)| statement.effect.value).collect();
    effects.contains(&Effect::Allow) && !effects.contains(&Effect::Deny)
}

proptest! {
    #[test]
    fn nobody_gets_in_where_all_are_excluded(
        statements in proptest::collection::vec(statement(), 1..4),
        outsiders in proptest::collection::vec(outsider(), 32),
    ) {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        let policy = policy(Kind::Trust, &text);
        match policy.admits_outsider(&ROLE, &perimeter()) {
            OutsiderAccess::Excluded => {
                for outsider in &outsiders {
                    prop_assert!(!allows(&policy, outsider), "{} lets in {:?}", text, outsider);
                }
            }
            OutsiderAccess::Exposed(exposure) => prop_assert!(allows(&policy, &exposure.request)),
            OutsiderAccess::Undecided(_) => {}
        }
    }

    /// Two ways to the same answer: where the search is sure, the engine agrees.
    #[test]
    fn the_search_and_the_proof_agree(statements in proptest::collection::vec(statement(), 1..4)) {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        let policy = policy(Kind::Trust, &text);
        let grounded = grounded(&policy, &ROLE, &perimeter());
        let outsiders = Outsiders::of_role(&grounded, &ROLE, &perimeter()).unwrap();
        let proof = RequestSet::allowed(&grounded).and(outsiders.requests()).example();
        match (policy.searched(&ROLE, &perimeter()), proof) {
            // The engine knows that every request has this key, and what it may be; the search takes more for
            // possible, and counts.
            (OutsiderAccess::Exposed(exposure), _)
                if text.contains("SecureTransport")
                    && !["true", "false"].map(|value| Some(ContextValue::One(value.to_owned()))).contains(
                        &exposure.request.context.get("aws:SecureTransport").cloned(),
                    ) => {}
            (OutsiderAccess::Exposed(exposure), proof) => {
                prop_assert!(proof != Answer::None, "{} lets in {:?}", text, exposure.request);
            }
            (OutsiderAccess::Excluded, Answer::Witness(request)) => {
                prop_assert!(false, "{} lets in {:?}", text, request);
            }
            _ => {}
        }
    }
}
