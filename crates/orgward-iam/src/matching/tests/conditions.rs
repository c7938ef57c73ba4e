//! The tables of condition operators, row by row.

use crate::testing::{context, request, single};
use crate::{Kind, Policy, Version};

const USER: &str = "arn:aws:iam::111111111111:user/ann";

fn holds_in(version: Version, operator: &str, key: &str, values: &str, given: Option<&str>) -> bool {
    let text = format!(
        r#"{{"Version":"{}","Statement":{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"{operator}":{{"{key}":{values}}}}}}}}}"#,
        if version == Version::V2012 { "2012-10-17" } else { "2008-10-17" }
    );
    let policy = Policy::parse(text, Kind::Identity).unwrap();
    let mut request = request(USER, "s3:GetObject", "arn:aws:s3:::b/k", &[]);
    if let Some(given) = given {
        request.context = context(&[(key, given)]);
    }
    policy.matching(&request).count() == 1
}

fn holds(operator: &str, values: &str, given: Option<&str>) -> bool {
    holds_in(Version::V2012, operator, "k:x", values, given)
}

/// Operator, values in the policy, then value in the request and whether it holds, then whether it holds without.
#[track_caller]
fn table(operator: &str, values: &str, rows: &[(&str, bool)], missing: bool) {
    for (given, expected) in rows {
        assert_eq!(holds(operator, values, Some(given)), *expected, "{operator} {values} given {given}");
    }
    assert_eq!(holds(operator, values, None), missing, "{operator} {values} missing");
    if operator != "Null" && !operator.contains(':') {
        assert!(holds(&format!("{operator}IfExists"), values, None), "{operator}IfExists {values} missing");
        for (given, expected) in rows {
            let found = holds(&format!("{operator}IfExists"), values, Some(given));
            assert_eq!(found, *expected, "{operator}IfExists {values} given {given}");
        }
    }
}

#[test]
fn string_equals() {
    let values = r#"["a*","B"]"#;
    table(
        "StringEquals",
        values,
        &[("a*", true), ("B", true), ("ab", false), ("b", false), ("", false)],
        false,
    );
    table("StringNotEquals", values, &[("a*", false), ("B", false), ("ab", true), ("b", true)], true);
}

#[test]
fn string_equals_ignore_case() {
    table("StringEqualsIgnoreCase", r#"["Dev","É"]"#, &[("dEV", true), ("é", true), ("de", false)], false);
    table("StringNotEqualsIgnoreCase", r#""Dev""#, &[("dEV", false), ("de", true)], true);
}

#[test]
fn string_like() {
    let rows = [("a/b:c", true), ("a", false), ("ab", true), ("x1y", true), ("x12y", false), ("Ab", false)];
    table("StringLike", r#"["a?*","x?y"]"#, &rows, false);
    let negated = rows.map(|(given, expected)| (given, !expected));
    table("StringNotLike", r#"["a?*","x?y"]"#, &negated, true);
    table("StringLike", r#""*""#, &[("", true), ("any thing", true)], false);
}

#[test]
fn arn_operators_are_the_same() {
    let values = r#""arn:aws:iam::*:role/*/Dev""#;
    let rows = [
        ("arn:aws:iam::1:role/x/Dev", true),
        ("arn:aws:iam::1:role/x/y:z/Dev", true),
        ("arn:aws:iam::1:x:role/x/Dev", false),
        ("arn:aws:iam::1:role/Dev", false),
        ("no arn", false),
    ];
    for operator in ["ArnEquals", "ArnLike"] {
        table(operator, values, &rows, false);
    }
    for operator in ["ArnNotEquals", "ArnNotLike"] {
        table(operator, values, &rows.map(|(given, expected)| (given, !expected)), true);
    }
    table("ArnLike", r#""*""#, &[("arn:aws:iam::1:role/x", false)], false);
}

#[test]
fn numeric() {
    table(
        "NumericEquals",
        "[10, \"2.5\"]",
        &[("10", true), ("10.0", true), ("2.50", true), ("x", false)],
        false,
    );
    table("NumericNotEquals", "10", &[("10.0", false), ("11", true), ("nan", true)], true);
    table("NumericLessThan", "10", &[("9.9", true), ("10", false), ("11", false), ("inf", false)], false);
    table("NumericLessThanEquals", "10", &[("9", true), ("10", true), ("11", false)], false);
    table("NumericGreaterThan", "10", &[("9", false), ("10", false), ("11", true), ("inf", false)], false);
    table("NumericGreaterThanEquals", "10", &[("9", false), ("10", true), ("1e2", true)], false);
}

#[test]
fn date() {
    let noon = r#""2026-01-31T12:00:00Z""#;
    let same = [("2026-01-31T13:00:00+01:00", true), ("1769860800", true), ("2026-01-31", false)];
    table("DateEquals", noon, &same, false);
    table("DateNotEquals", noon, &same.map(|(given, expected)| (given, !expected)), true);
    table(
        "DateLessThan",
        noon,
        &[("2026-01-31", true), ("2026-01-31T12:00:00Z", false), ("soon", false)],
        false,
    );
    table("DateLessThanEquals", noon, &[("2026-01-31T12:00Z", true), ("2026-02-01", false)], false);
    table("DateGreaterThan", noon, &[("2026-02-01T00:00:00", true), ("2026-01-31T12:00:00Z", false)], false);
    table("DateGreaterThanEquals", noon, &[("2026-01-31T12:00:00Z", true), ("0", false)], false);
}

#[test]
fn bool_and_null_and_binary() {
    table("Bool", "false", &[("false", true), ("true", false)], false);
    table("Bool", r#"["true","false"]"#, &[("false", true), ("true", true), ("maybe", false)], false);
    table("BinaryEquals", r#""QmluYXJ5""#, &[("QmluYXJ5", true), ("QmluYXJ6", false)], false);
    table("Null", "true", &[("", false), ("x", false), ("[]", true)], true);
    table("Null", r#""false""#, &[("", true), ("x", true), ("[a,b]", true), ("[]", false)], false);
}

#[test]
fn addresses() {
    let values = r#"["203.0.113.0/24","198.51.100.7","2001:db8::/32"]"#;
    let rows = [
        ("203.0.113.255", true),
        ("203.0.114.0", false),
        ("198.51.100.7", true),
        ("198.51.100.8", false),
        ("2001:db8::1", true),
        ("2001:db9::1", false),
        ("::ffff:203.0.113.1", false),
        ("nowhere", false),
    ];
    table("IpAddress", values, &rows, false);
    table("NotIpAddress", values, &rows.map(|(given, expected)| (given, !expected)), true);
    table("IpAddress", r#""0.0.0.0/0""#, &[("8.8.8.8", true), ("2001:db8::1", false)], false);
}

#[test]
fn for_any_value() {
    let rows = [("[a]", true), ("[x,b]", true), ("[x,y]", false), ("[]", false), ("a", true), ("x", false)];
    table("ForAnyValue:StringEquals", r#"["a","b"]"#, &rows, false);
    let rows = [("[a]", false), ("[a,b]", false), ("[x,b]", true), ("[x]", true), ("[]", false), ("x", true)];
    table("ForAnyValue:StringNotEquals", r#"["a","b"]"#, &rows, false);
    assert!(!holds("ForAnyValue:StringEqualsIfExists", r#""a""#, Some("x")));
}

#[test]
fn for_any_value_of_a_missing_key_does_not_hold_though_it_says_if_exists() {
    // The suffix is about single values, of which there are none.
    for operator in ["StringEquals", "StringNotEquals", "StringLike", "ArnNotLike"] {
        let operator = format!("ForAnyValue:{operator}IfExists");
        assert!(!holds(&operator, r#""a""#, None), "{operator}");
    }
}

#[test]
fn for_all_values() {
    let rows = [
        ("[a]", true),
        ("[a,b]", true),
        ("[a,x]", false),
        ("[]", true),
        ("", true),
        ("[,]", true),
        ("x", false),
    ];
    table("ForAllValues:StringEquals", r#"["a","b"]"#, &rows, true);
    let rows = [("[a]", false), ("[x,b]", false), ("[x,y]", true), ("[]", true), ("x", true)];
    table("ForAllValues:StringNotEquals", r#"["a","b"]"#, &rows, true);
    assert!(holds("ForAllValues:StringEqualsIfExists", r#""a""#, None));
    assert!(!holds("ForAllValues:StringEqualsIfExists", r#""a""#, Some("x")));
}

#[test]
fn a_list_needs_a_set_prefix() {
    table("StringEquals", r#""a""#, &[("[a]", false)], false);
    assert!(!holds("StringEquals", r#""a""#, Some("[]")));
    assert!(!holds("StringNotEquals", r#""a""#, Some("[x]")));
    // A list without entries is a key that is missing.
    assert!(holds("StringNotEquals", r#""a""#, Some("[]")));
}

#[test]
fn empty_lists_in_the_policy() {
    table("StringEquals", "[]", &[("x", false)], false);
    table("ForAllValues:StringEquals", "[]", &[("[x]", false)], true);
    table("ForAnyValue:StringEquals", "[]", &[("[x]", false)], false);
}

#[test]
fn keys_do_not_differ_by_case() {
    let policy = single(
        Kind::Identity,
        r#""Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/Team":"a"}}"#,
    );
    let tagged = |key| request(USER, "s3:GetObject", "*", &[(key, "a")]);
    assert_eq!(policy.matching(&tagged("AWS:principaltag/TEAM")).count(), 1);
    assert_eq!(policy.matching(&tagged("aws:PrincipalTag/Teams")).count(), 0);
}

#[test]
fn every_line_must_hold() {
    let policy = single(
        Kind::Identity,
        r#""Effect":"Allow","Action":"*","Resource":"*",
           "Condition":{"StringEquals":{"a:x":"1","a:y":"2"},"Bool":{"a:z":true}}"#,
    );
    let count = |context: &[(&str, &str)]| policy.matching(&request(USER, "s3:A", "*", context)).count();
    assert_eq!(count(&[("a:x", "1"), ("a:y", "2"), ("a:z", "true")]), 1);
    assert_eq!(count(&[("a:x", "1"), ("a:y", "2")]), 0);
    assert_eq!(count(&[("a:x", "1"), ("a:z", "true")]), 0);
}

#[test]
fn variables() {
    let check = |operator: &str, value: &str, context: &[(&str, &str)]| {
        let policy = single(
            Kind::Identity,
            &format!(
                r#""Effect":"Deny","Action":"*","Resource":"*","Condition":{{"{operator}":{{"k:x":"{value}"}}}}"#
            ),
        );
        policy.matching(&request(USER, "s3:A", "*", context)).count() == 1
    };
    let tag = "aws:PrincipalTag/t";
    for (operator, value, context, expected) in [
        ("StringEquals", "${aws:username}", &[("k:x", "ann")][..], true),
        ("StringEquals", "a-${AWS:PrincipalTag/T}", &[("k:x", "a-b"), (tag, "b")], true),
        ("StringEqualsIgnoreCase", "${aws:username}", &[("k:x", "ANN")], true),
        // A default takes the place of a missing key only.
        ("StringEquals", "${aws:PrincipalTag/t, 'none'}", &[("k:x", "none")], true),
        ("StringEquals", "${aws:PrincipalTag/t, 'none'}", &[("k:x", "none"), (tag, "b")], false),
        // Without a value nothing matches, so negated operators hold.
        ("StringEquals", "${aws:PrincipalTag/t}", &[("k:x", "b")], false),
        ("StringEquals", "${aws:PrincipalTag/t}", &[("k:x", "")], false),
        ("StringNotEquals", "${aws:PrincipalTag/t}", &[("k:x", "b")], true),
        ("ArnNotLike", "arn:aws:iam::${Account}:role/x", &[("k:x", "arn:aws:iam::1:role/x")], true),
        // A list is no value for a variable.
        ("StringLike", "${aws:PrincipalTag/t}", &[("k:x", "b"), (tag, "[b]")], false),
        // What is put in has no wildcards; what was written has.
        ("StringLike", "${aws:PrincipalTag/t}/*", &[("k:x", "*/z"), (tag, "*")], true),
        ("StringLike", "${aws:PrincipalTag/t}/*", &[("k:x", "y/z"), (tag, "*")], false),
        ("StringLike", "a${*}b${?}${$}*", &[("k:x", "a*b?$c")], true),
        ("StringLike", "a${*}b", &[("k:x", "axb")], false),
        ("StringEquals", "${*}", &[("k:x", "*")], true),
        ("ArnLike", "arn:aws:iam::*:role/${aws:username}-*", &[("k:x", "arn:aws:iam::1:role/ann-x")], true),
        ("ArnLike", "${aws:PrincipalArn}", &[("k:x", USER)], true),
        ("StringEquals", "${open", &[("k:x", "${open")], true),
        ("StringEquals", "é${aws:username}é", &[("k:x", "éanné")], true),
    ] {
        assert_eq!(check(operator, value, context), expected, "{operator} {value} {context:?}");
    }
}

#[test]
fn variables_are_text_before_2012() {
    let given = |given| holds_in(Version::V2008, "StringEquals", "k:x", r#""${aws:username}""#, Some(given));
    assert!(given("${aws:username}"));
    assert!(!given("ann"));
}
