//! Random policies and random requests: what the engine says about all requests holds for each of them.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::access::dimension::Point;
use crate::access::questions::{allowed_but_not, gained};
use crate::access::set::Formula;
use crate::access::universe::Universe;
use crate::access::witness::Kind as CallerKind;
use crate::access::{Answer, Budget};
use crate::testing::{policy, request};
use crate::{Caller, Kind, Policy, Request};

/// Keys, with operators that suit them and values that policies compare them with.
const LINES: [(&str, &[&str], &[&str]); 14] = [
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
            "arn:aws:iam::${aws:PrincipalAccount}:role/x/deploy",
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
        "aws:ResourceAccount",
        &["StringEquals", "StringNotEquals", "Null"],
        &["222222222222", "true", "${aws:PrincipalAccount}"],
    ),
    (
        "aws:PrincipalOrgPaths",
        &["ForAnyValue:StringLike", "ForAllValues:StringLike", "ForAnyValue:StringNotLike", "StringLike"],
        &["o-mine000000/*", "o-other00000/r-x/*", "*", "o-*/r-y/*"],
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
        &["acme", "a*", "*", "ACME", "a?me"],
    ),
    (
        "aws:PrincipalTag/team",
        &["StringEquals", "StringNotEquals", "Null", "StringEqualsIfExists", "ForAllValues:StringNotEquals"],
        &["sec", "true", "${aws:RequestTag/team}", "${aws:username}", ""],
    ),
    (
        "aws:TagKeys",
        &[
            "ForAllValues:StringEquals",
            "ForAnyValue:StringEquals",
            "ForAnyValue:StringNotEquals",
            "Null",
            "ForAllValues:StringNotLike",
        ],
        &["team", "true", "cost", "t*"],
    ),
    ("k:list", &["ForAllValues:StringEquals", "ForAnyValue:StringLike", "StringEquals"], &["", "a", "a*"]),
    ("aws:SecureTransport", &["Bool", "BoolIfExists", "StringEquals"], &["true", "false"]),
    (
        "aws:SourceIp",
        &["IpAddress", "NotIpAddress", "IpAddressIfExists"],
        &["203.0.113.0/24", "203.0.113.0/25", "0.0.0.0/0", "::/0", "2001:db8::/32"],
    ),
    (
        "aws:MultiFactorAuthAge",
        &["NumericLessThan", "NumericGreaterThan", "NumericNotEquals", "NumericGreaterThanEquals"],
        &["10", "3600", "10.5"],
    ),
    (
        "aws:CurrentTime",
        &["DateLessThan", "DateGreaterThan", "DateEquals"],
        &["2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", "1770000000"],
    ),
];

fn condition() -> impl Strategy<Value = String> + Clone {
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

fn list(pool: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    proptest::collection::vec(proptest::sample::select(pool), 1..4)
        .prop_map(|values| serde_json::to_string(&values).unwrap())
}

fn actions() -> impl Strategy<Value = String> + Clone {
    let names =
        list(&["*", "s3:*", "s3:Get*", "s3:GetObject", "S3:get?bject", "ec2:*", "iam:Pass*", "s3:*Object"]);
    (any::<bool>(), names).prop_map(|(not, names)| {
        // `NotAction: *` is nothing at all.
        if not && !names.contains("\"*\"") {
            format!("\"NotAction\":{names}")
        } else {
            format!("\"Action\":{names}")
        }
    })
}

fn resources() -> impl Strategy<Value = String> + Clone {
    let names = list(&[
        "*",
        "arn:aws:s3:::a*",
        "arn:aws:s3:::a/b",
        "arn:aws:s3:::a?b",
        "arn:*:s3:::a",
        "arn:aws:ec2:*:222222222222:instance/*",
        "arn:aws:ec2:eu-*:*:*",
        "arn:aws:s3*",
        "arn:aws:s3:::home/${aws:username}/*",
    ]);
    (any::<bool>(), names)
        .prop_map(|(not, names)| format!("\"{}Resource\":{names}", if not { "Not" } else { "" }))
}

fn principals() -> impl Strategy<Value = String> + Clone {
    let named = list(&[
        "arn:aws:iam::222222222222:role/x/deploy",
        "arn:aws:iam::222222222222:user/bob",
        "arn:aws:sts::222222222222:assumed-role/deploy/ann",
        "222222222222",
        "arn:aws:iam::999999888888:root",
        "AROAEXAMPLEEXAMPLE123",
    ]);
    prop_oneof![
        2 => Just("\"Principal\":\"*\"".to_owned()),
        3 => named.clone().prop_map(|names| format!("\"Principal\":{{\"AWS\":{names}}}")),
        1 => named.prop_map(|names| format!("\"NotPrincipal\":{{\"AWS\":{names}}}")),
        1 => Just("\"Principal\":{\"Service\":\"ec2.amazonaws.com\"}".to_owned()),
        1 => Just("\"Principal\":{\"Federated\":[\"accounts.google.com\",\"arn:aws:iam::222222222222:oidc-provider/x.io\"]}".to_owned()),
    ]
}

/// Actions that resource control policies take, and that trust policies are about.
fn actions_of(kind: Kind) -> BoxedStrategy<String> {
    match kind {
        Kind::ResourceControl => {
            list(&["s3:*", "s3:Get*", "s3:GetObject", "s3:*Object", "sts:AssumeRole", "kms:*", "sqs:*"])
                .prop_map(|names| format!("\"Action\":{names}"))
                .boxed()
        }
        Kind::Trust => list(&[
            "sts:AssumeRole",
            "sts:*",
            "sts:TagSession",
            "sts:AssumeRoleWithWebIdentity",
            "sts:Assume*",
        ])
        .prop_map(|names| format!("\"Action\":{names}"))
        .boxed(),
        Kind::Identity | Kind::Resource | Kind::ServiceControl => actions().boxed(),
    }
}

fn statement(kind: Kind) -> impl Strategy<Value = String> + Clone {
    let conditions = proptest::collection::btree_map(0..3_usize, condition(), 0..3);
    (any::<bool>(), principals(), actions_of(kind), resources(), conditions).prop_map(
        move |(allow, principals, actions, resources, conditions)| {
            let mut lines: Vec<String> = conditions.into_values().collect();
            lines.sort();
            // The same operator twice would be a duplicate key.
            lines.dedup_by_key(|line| line.split("\":").next().map(str::to_owned));
            let elements = match kind {
                Kind::Identity | Kind::ServiceControl => format!("{actions},{resources}"),
                Kind::Resource => format!("{principals},{actions},{resources}"),
                Kind::Trust => format!("{principals},{actions}"),
                Kind::ResourceControl => format!("\"Principal\":\"*\",{actions},{resources}"),
            };
            format!(
                r#"{{"Effect":"{}",{elements},"Condition":{{{}}}}}"#,
                if allow && kind != Kind::ResourceControl { "Allow" } else { "Deny" },
                lines.join(",")
            )
        },
    )
}

pub(super) fn document(kind: Kind) -> impl Strategy<Value = Policy> {
    proptest::collection::vec(statement(kind), 1..4).prop_map(move |statements| {
        policy(kind, &format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(",")))
    })
}

/// Two policies of one kind.
fn documents() -> impl Strategy<Value = (Policy, Policy)> {
    prop_oneof![
        (document(Kind::Identity), document(Kind::Identity)),
        (document(Kind::ServiceControl), document(Kind::ServiceControl)),
        (document(Kind::Resource), document(Kind::Resource)),
    ]
}

prop_compose! {
    fn any_request()(
        caller in proptest::sample::select(vec![
            "arn:aws:iam::222222222222:role/x/deploy", "arn:aws:iam::999999888888:role/deploy",
            "arn:aws:iam::222222222222:user/bob", "arn:aws:iam::999999888888:user/team/ci-7",
            "arn:aws:iam::999999888888:root", "arn:aws:sts::222222222222:federated-user/bob",
            "arn:aws:sts::222222222222:assumed-role/deploy/ann", "arn:aws:sts::222222222222:assumed-role/deploy/eve",
            "arn:aws:iam::333333333333:role/deploy", "anonymous", "ec2.amazonaws.com", "x.amazonaws.com",
            "federated:accounts.google.com", "federated:arn:aws:iam::444444444444:oidc-provider/x.io",
            "arn:aws:iam::222222222222:role/aws-service-role/x/y",
        ]),
        id in proptest::sample::select(vec![None, Some("AROAEXAMPLEEXAMPLE123:ann"), Some("AIDAEXAMPLEEXAMPLE999")]),
        action in proptest::sample::select(vec![
            "s3:GetObject", "s3:Get", "s3:PutObject", "s3:GetBbject", "ec2:RunInstances", "iam:PassRole", "sqs:SendMessage",
        ]),
        resource in proptest::sample::select(vec![
            "*", "arn:aws:s3:::a", "arn:aws:s3:::a/b", "arn:aws:s3:::abc", "arn:aws:s3:::b:c",
            "arn:aws:ec2:eu-west-1:222222222222:instance/i-1", "arn:aws:ec2:us-east-1:999999888888:image/x",
            "arn:aws:s3:::home/bob/x", "arn:aws:sqs:eu-west-1:222222222222:q", "arn:aws:s3:eu-west-1:222222222222:accesspoint/a",
        ]),
        owner in proptest::sample::select(vec![None, Some("222222222222"), Some("555555555555")]),
        path in proptest::sample::select(vec![None, Some("[o-mine000000/r-x/]"), Some("[o-other00000/r-x/,o-mine000000/r-y/]"), Some("[z]")]),
        external in proptest::sample::select(vec![None, Some("acme"), Some("ACME"), Some("about"), Some("x"), Some("")]),
        tag in proptest::sample::select(vec![None, Some("sec"), Some("ops"), Some("bob"), Some("")]),
        keys in proptest::sample::select(vec![None, Some("[team]"), Some("[team,cost]"), Some("[x]"), Some("[x,team,cost]"), Some("[]")]),
        list in proptest::sample::select(vec![None, Some("[a]"), Some("a"), Some(""), Some("[a,ab]"), Some("[b,a]"), Some("b")]),
        secure in proptest::sample::select(vec!["true", "false"]),
        address in proptest::sample::select(vec![None, Some("198.51.100.9"), Some("203.0.113.9"), Some("203.0.113.200"), Some("2001:db8::9"), Some("2002::1")]),
        age in proptest::sample::select(vec![None, Some("5"), Some("10"), Some("10.5"), Some("10.2"), Some("9999")]),
        time in proptest::sample::select(vec!["2025-05-05T00:00:00Z", "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z", "1770000000", "2027-01-01T00:00:00Z"]),
    ) -> Request {
        let principal = caller.starts_with("arn:");
        let role = caller.contains("assumed-role").then_some("arn:aws:iam::222222222222:role/x/deploy");
        let entries: Vec<(&str, &str)> = [
            ("aws:PrincipalOrgPaths", path.filter(|_| principal)),
            ("aws:userid", id.filter(|_| principal)),
            ("aws:PrincipalArn", role),
            ("sts:ExternalId", external),
            ("aws:PrincipalTag/team", tag.filter(|_| principal)),
            ("aws:TagKeys", keys),
            ("k:list", list),
            ("aws:SecureTransport", Some(secure)),
            ("aws:SourceIp", address),
            ("aws:MultiFactorAuthAge", age.filter(|_| principal)),
            ("aws:CurrentTime", Some(time)),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect();
        let mut request = request(caller, action, resource, &entries);
        let owned = crate::Arn::parse(resource).is_some_and(|arn| !arn.account.is_empty());
        request.resource_account = owner.filter(|_| !owned).map(str::to_owned);
        request
    }
}

fn kind(request: &Request) -> CallerKind {
    match request.caller {
        Caller::Arn(_) => CallerKind::Principal,
        Caller::Anonymous => CallerKind::Anonymous,
        Caller::Service(_) => CallerKind::Service,
        Caller::Federated(_) => CallerKind::Federated,
    }
}

/// On every dimension there is a value about which the tests say what they say about the request.
fn is_represented(universe: &Universe<'_>, request: &Request) -> Result<(), String> {
    for (dimension, values) in &universe.dimensions {
        let tests = universe.tests_about(dimension);
        let same = |at: usize, point: &Point| {
            kind(request).admits(dimension, point)
                && tests.iter().zip(&values.truths).all(|(test, truth)| {
                    truth.open.contains(at) || truth.yes.contains(at) == test.holds(request)
                })
        };
        if !values.points.iter().enumerate().any(|(at, point)| same(at, point)) {
            return Err(format!("{dimension:?} of {request:?} among {:?}", values.points));
        }
    }
    Ok(())
}

/// Agreement is worth nothing where nothing is decided.
#[test]
fn most_questions_are_decided_either_way() {
    let mut runner = TestRunner::deterministic();
    let (mut found, mut none, mut undecided) = (0, 0, 0);
    for _ in 0..200 {
        let (new, old) = documents().new_tree(&mut runner).unwrap().current();
        match allowed_but_not(&new, &old) {
            Answer::Witness(_) => found += 1,
            Answer::None => none += 1,
            Answer::Undecided(_) => undecided += 1,
        }
    }
    assert!(found > 50 && none > 50 && undecided < 20, "{found} found, {none} none, {undecided} undecided");
}

proptest! {
    // PROPTEST_CASES asks for more; the defaults are for every day.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn every_request_is_represented(
        (new, old) in documents(),
        requests in proptest::collection::vec(any_request(), 16),
    ) {
        let set = gained(&new, &old);
        let formula: &Formula<'_> = set.formula();
        let universe = Universe::of(&[formula], &mut Budget::new(Budget::QUESTION)).unwrap();
        for request in &requests {
            if let Err(missing) = is_represented(&universe, request) {
                return Err(TestCaseError::fail(format!("{missing}\n{}\n{}", new.text(), old.text())));
            }
        }
    }

    #[test]
    fn nothing_is_gained_where_nothing_is_said_to_be(
        (new, old) in documents(),
        requests in proptest::collection::vec(any_request(), 16),
    ) {
        let set = gained(&new, &old);
        match set.example() {
            Answer::Witness(request) => prop_assert!(set.contains(&request)),
            Answer::None => {
                for request in &requests {
                    prop_assert!(!set.contains(request), "{:?}\n{}\n{}", request, new.text(), old.text());
                }
            }
            Answer::Undecided(_) => {}
        }
        prop_assert_eq!(allowed_but_not(&new, &new), Answer::None);
    }

    #[test]
    fn who_runs_out_of_steps_says_so_and_nothing_else(
        (new, old) in documents(),
        steps in prop_oneof![0..2_000_usize, 0..200_000_usize],
    ) {
        let set = gained(&new, &old);
        let (hurried, patient) = (set.example_within(steps), set.example());
        match hurried {
            Answer::Undecided(_) => {}
            Answer::Witness(request) => prop_assert!(set.contains(&request)),
            Answer::None => prop_assert_eq!(patient, Answer::None),
        }
    }
}
