use insta::assert_snapshot;
use proptest::prelude::*;

use crate::testing::policy;
use crate::{Effect, FULL_AWS_ACCESS, Kind, Policy, PrincipalPattern, Version};

/// The error with its help, and the text that is meant in `»«`.
fn error(kind: Kind, text: &str) -> String {
    match Policy::parse(text, kind) {
        Ok(policy) => format!("no error: {:?}", policy.statements),
        Err(error) => {
            let (before, rest) = text.split_at(error.span.start);
            let (meant, after) = rest.split_at(error.span.len());
            format!("{}\nhelp: {}\n{before}»{meant}«{after}", error.message, error.help)
        }
    }
}

fn statement_error(kind: Kind, statement: &str) -> String {
    let text = error(kind, &format!(r#"{{"Statement":{{{statement}}}}}"#));
    text.replace("{\"Statement\":", "…")
}

#[test]
fn everything_that_can_stand_in_a_policy() {
    let text = r#"
        { "Version": "2012-10-17", "Id": "x",
          "Statement": [ { "Sid": "A\u0042", "Effect": "Allow", "Action": ["s3:Get*", "s3:Put*"],
            "Principal": { "Service": "ec2.amazonaws.com", "AWS": ["123456789012", "arn:aws:iam::210987654321:root"] },
            "NotResource": "arn:aws:s3:::b\/*",
            "Condition": { "forallvalues:stringlikeifexists": { "aws:TagKeys": ["a", true, 7] },
                           "Bool": { "aws:SecureTransport": false } } } ] }"#;
    let policy = policy(Kind::Resource, text);
    assert_eq!(policy.version, Version::V2012);
    let statement = &policy.statements[0];
    assert_eq!(statement.sid.as_ref().unwrap().value, "AB");
    assert_eq!(&text[statement.sid.as_ref().unwrap().span.clone()], r#""A\u0042""#);
    assert_eq!(statement.effect.value, Effect::Allow);
    assert_eq!(&text[statement.actions.span.clone()], r#"["s3:Get*", "s3:Put*"]"#);
    assert_eq!(&text[statement.actions.patterns[1].span.clone()], r#""s3:Put*""#);
    let principals = &statement.principals.as_ref().unwrap().patterns;
    let found: Vec<_> =
        principals.iter().map(|entry| (&text[entry.span.clone()], entry.value.clone())).collect();
    assert_eq!(
        found,
        [
            (r#""ec2.amazonaws.com""#, PrincipalPattern::Service("ec2.amazonaws.com".to_owned())),
            (r#""123456789012""#, PrincipalPattern::Account("123456789012".to_owned())),
            (r#""arn:aws:iam::210987654321:root""#, PrincipalPattern::Account("210987654321".to_owned())),
        ]
    );
    let resources = statement.resources.as_ref().unwrap();
    assert!(resources.not);
    assert_eq!(resources.patterns[0].value, "arn:aws:s3:::b/*");
    let lines: Vec<_> = statement
        .conditions
        .iter()
        .map(|line| {
            let values: Vec<_> = line.values.iter().map(|value| value.value.as_str()).collect();
            (line.operator.value.to_string(), line.key.value.as_str(), values, &text[line.span.clone()])
        })
        .collect();
    assert_eq!(
        lines,
        [
            (
                "ForAllValues:StringLikeIfExists".to_owned(),
                "aws:TagKeys",
                vec!["a", "true", "7"],
                r#""aws:TagKeys": ["a", true, 7]"#
            ),
            ("Bool".to_owned(), "aws:SecureTransport", vec!["false"], r#""aws:SecureTransport": false"#),
        ]
    );
    assert_eq!(&text[statement.span.clone()], text[statement.span.clone()].trim());
    assert!(text[statement.span.clone()].starts_with(r#"{ "Sid""#));
}

#[test]
fn what_an_entry_under_aws_is() {
    for (text, expected) in [
        ("*", PrincipalPattern::Everyone),
        ("arn:aws:iam::111111111111:role/a/b", PrincipalPattern::Arn(String::new())),
        ("arn:aws-cn:iam::111111111111:user/a", PrincipalPattern::Arn(String::new())),
        ("arn:aws:sts::111111111111:assumed-role/a/s", PrincipalPattern::Arn(String::new())),
        ("arn:aws:sts::111111111111:federated-user/a", PrincipalPattern::Arn(String::new())),
        (
            "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1",
            PrincipalPattern::Arn(String::new()),
        ),
        ("AROAEXAMPLEEXAMPLE", PrincipalPattern::UniqueId(String::new())),
        ("AIDAEXAMPLEEXAMPLE", PrincipalPattern::UniqueId(String::new())),
        ("arn:aws:iam::*:root", PrincipalPattern::Invalid(String::new())),
        ("arn:aws:iam::111111111111:role/*", PrincipalPattern::Invalid(String::new())),
        ("arn:aws:iam::111111111111:group/g", PrincipalPattern::Invalid(String::new())),
        ("arn:aws:sts::111111111111:assumed-role/a", PrincipalPattern::Invalid(String::new())),
        ("1234", PrincipalPattern::Invalid(String::new())),
        ("", PrincipalPattern::Invalid(String::new())),
    ] {
        let json =
            format!(r#"{{"Statement":{{"Effect":"Deny","Action":"*","Principal":{{"AWS":"{text}"}}}}}}"#);
        let policy = policy(Kind::Trust, &json);
        let found = &policy.statements[0].principals.as_ref().unwrap().patterns[0].value;
        assert_eq!(std::mem::discriminant(found), std::mem::discriminant(&expected), "{text}: {found:?}");
    }
}

#[test]
fn accepted_though_unusual() {
    for (kind, text) in [
        (Kind::Identity, r#"{"Statement":[]}"#),
        (Kind::ServiceControl, FULL_AWS_ACCESS),
        (
            Kind::ResourceControl,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#,
        ),
        (
            Kind::Trust,
            r#"{"Statement":{"Effect":"Allow","NotPrincipal":{"AWS":"1"},"Action":"sts:AssumeRole"}}"#,
        ),
        (Kind::Resource, r#"{"Statement":{"Effect":"Allow","NotPrincipal":{"AWS":"1"},"Action":"*"}}"#),
        (
            Kind::ServiceControl,
            r#"{"Statement":{"Effect":"Allow","NotAction":["s3:*Object*"],"NotResource":["a"],"Condition":{}}}"#,
        ),
        (Kind::Identity, r#"{"Statement":{"Effect":"Allow","Action":[],"Resource":[]}}"#),
    ] {
        policy(kind, text);
    }
}

#[test]
fn not_a_policy() {
    assert_snapshot!(error(Kind::Identity, ""), @r#"
    the document is empty
    help: a policy is one JSON object
    »«
    "#);
    assert_snapshot!(error(Kind::Identity, r#""""#), @r#"
    a policy document is a string where an object belongs
    help: write an object
    »""«
    "#);
    assert_snapshot!(error(Kind::Identity, "[]"), @r#"
    a policy document is a list where an object belongs
    help: write an object
    »[]«
    "#);
    assert_snapshot!(error(Kind::Identity, "{\n  \"Version\": \"2012-10-17\",\n  \"Stätement\": [},\n}"), @r#"
    invalid JSON: expected value
    help: a policy is one JSON object
    {
      "Version": "2012-10-17",
      "Stätement": [»}«,
    }
    "#);
    assert_snapshot!(error(Kind::Identity, "{\"Statement\": ["), @r#"
    invalid JSON: EOF while parsing a list
    help: a policy is one JSON object
    {"Statement": »[«
    "#);
    assert_snapshot!(error(Kind::Identity, "{} é"), @r#"
    invalid JSON: trailing characters
    help: a policy is one JSON object
    {} »é«
    "#);
    assert_snapshot!(error(Kind::Identity, r#"{"Version":"2012-10-17"}"#), @r#"
    the document has no `Statement`
    help: add a list of statements as `Statement`
    »{"Version":"2012-10-17"}«
    "#);
    assert_snapshot!(error(Kind::Identity, r#"{"Version":"2012-10-18","Statement":[]}"#), @r#"
    there is no policy language version `2012-10-18`
    help: use `2012-10-17`; it is the version of the language, not a date of the document
    {"Version":»"2012-10-18"«,"Statement":[]}
    "#);
    assert_snapshot!(error(Kind::Identity, r#"{"statement":[]}"#), @r#"
    unknown element `statement`
    help: did you mean `Statement`?
    {»"statement"«:[]}
    "#);
    assert_snapshot!(error(Kind::Identity, r#"{"Statement":["x"]}"#), @r#"
    a statement is a string where an object belongs
    help: write an object
    {"Statement":[»"x"«]}
    "#);
    assert_snapshot!(error(Kind::Identity, r#"{"Statement":[],"Statement":[]}"#), @r#"
    duplicate key `Statement`
    help: join the two, or remove one: readers of JSON differ in which of them counts
    {"Statement":[],»"Statement"«:[]}
    "#);
    assert_snapshot!(error(Kind::Identity, r#"{"Statement":[],"Statem\u0065nt":[]}"#), @r#"
    duplicate key `Statement`
    help: join the two, or remove one: readers of JSON differ in which of them counts
    {"Statement":[],»"Statem\u0065nt"«:[]}
    "#);
}

#[test]
fn statements_without_what_they_need() {
    let identity = |text| statement_error(Kind::Identity, text);
    assert_snapshot!(identity(r#""Action":"*","Resource":"*""#), @r#"
    the statement has no `Effect`
    help: say `"Effect": "Allow"` or `"Effect": "Deny"`
    …»{"Action":"*","Resource":"*"}«}
    "#);
    assert_snapshot!(identity(r#""Effect":"Allow","Resource":"*""#), @r#"
    the statement has no `Action`
    help: say which actions it is about
    …»{"Effect":"Allow","Resource":"*"}«}
    "#);
    assert_snapshot!(identity(r#""Effect":"Allow","Action":"*""#), @r#"
    the statement has no `Resource`
    help: say which resources, `"*"` for all
    …»{"Effect":"Allow","Action":"*"}«}
    "#);
    assert_snapshot!(identity(r#""Effect":"allow","Action":"*","Resource":"*""#), @r#"
    unknown effect `allow`
    help: did you mean `Allow`?
    …{"Effect":»"allow"«,"Action":"*","Resource":"*"}}
    "#);
    assert_snapshot!(identity(r#""Effect":"Permit","Action":"*","Resource":"*""#), @r#"
    unknown effect `Permit`
    help: an effect is `Allow` or `Deny`
    …{"Effect":»"Permit"«,"Action":"*","Resource":"*"}}
    "#);
    assert_snapshot!(identity(r#""Effect":"Allow","action":"*","Resource":"*""#), @r#"
    unknown element `action`
    help: did you mean `Action`?
    …{"Effect":"Allow",»"action"«:"*","Resource":"*"}}
    "#);
    assert_snapshot!(identity(r#""Effect":"Allow","Actoin":"*","Resource":"*""#), @r#"
    unknown element `Actoin`
    help: did you mean `Action`?
    …{"Effect":"Allow",»"Actoin"«:"*","Resource":"*"}}
    "#);
    assert_snapshot!(identity(r#""Effect":"Allow","Comment":"*""#), @r#"
    unknown element `Comment`
    help: a statement has `Sid`, `Effect`, `Principal`, `NotPrincipal`, `Action`, `NotAction`, `Resource`, `NotResource` and `Condition`
    …{"Effect":"Allow",»"Comment"«:"*"}}
    "#);
    assert_snapshot!(identity(r#""Effect":"Allow","Action":"*","NotAction":"s3:*","Resource":"*""#), @r#"
    the statement has both `Action` and `NotAction`
    help: split it in two statements, or remove one of the two
    …{"Effect":"Allow","Action":"*",»"NotAction"«:"s3:*","Resource":"*"}}
    "#);
    assert_snapshot!(identity(r#""Effect":"Allow","Action":[1],"Resource":"*""#), @r#"
    `Action` is a number where a string belongs
    help: write a string
    …{"Effect":"Allow","Action":[»1«],"Resource":"*"}}
    "#);
    assert_snapshot!(identity(r#""Effect":"Allow","NotAction":[],"Resource":"*""#), @r#"
    `NotAction` is empty
    help: name what is excluded, or say `"*"` without `Not`
    …{"Effect":"Allow","NotAction":»[]«,"Resource":"*"}}
    "#);
}

#[test]
fn actions() {
    let action = |text| statement_error(Kind::Identity, &format!(r#""Effect":"Deny","Action":["*",{text}]"#));
    assert_snapshot!(action(r#""s3*:Get*""#), @r#"
    the service prefix of the action `s3*:Get*` has a wildcard
    help: spell the service out: wildcards stand behind the colon only
    …{"Effect":"Deny","Action":["*",»"s3*:Get*"«]}}
    "#);
    assert_snapshot!(action(r#""*:Describe*""#), @r#"
    the service prefix of the action `*:Describe*` has a wildcard
    help: spell the service out: wildcards stand behind the colon only
    …{"Effect":"Deny","Action":["*",»"*:Describe*"«]}}
    "#);
    let all = r#"{"Statement":{"Effect":"Deny","Action":"*:*","Resource":"*"}}"#;
    let all = Policy::parse(all, Kind::Identity).unwrap();
    assert_eq!(all.statements[0].actions.patterns[0].value, "*");
    assert_snapshot!(action(r#""GetObject""#), @r#"
    the action `GetObject` has no service prefix
    help: write `service:Action`, such as `s3:GetObject`, or `*` for every action
    …{"Effect":"Deny","Action":["*",»"GetObject"«]}}
    "#);
    assert_snapshot!(action(r#""""#), @r#"
    the action `` has no service prefix
    help: write `service:Action`, such as `s3:GetObject`, or `*` for every action
    …{"Effect":"Deny","Action":["*",»""«]}}
    "#);
}

#[test]
fn elements_of_the_wrong_kind() {
    let principal = r#""Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*""#;
    let nobody = r#""Effect":"Deny","Action":"s3:*","Resource":"*""#;
    assert_snapshot!(statement_error(Kind::Identity, principal), @r#"
    an identity policy takes no `Principal`
    help: remove it: the policy is about whoever it is attached to
    …{"Effect":"Deny","Principal":»"*"«,"Action":"s3:*","Resource":"*"}}
    "#);
    assert_snapshot!(statement_error(Kind::ServiceControl, &principal.replace("Pr", "NotPr")), @r#"
    a service control policy takes no `NotPrincipal`
    help: single principals out by a condition on `aws:PrincipalArn`
    …{"Effect":"Deny","NotPrincipal":»"*"«,"Action":"s3:*","Resource":"*"}}
    "#);
    assert_snapshot!(statement_error(Kind::Trust, principal), @r#"
    a trust policy takes no `Resource`
    help: remove it: a trust policy is always about its own role
    …{"Effect":"Deny","Principal":"*","Action":"s3:*",»"Resource"«:"*"}}
    "#);
    assert_snapshot!(statement_error(Kind::Resource, nobody), @r#"
    the statement has no `Principal`
    help: say whom it is about
    …»{"Effect":"Deny","Action":"s3:*","Resource":"*"}«}
    "#);
    assert_snapshot!(statement_error(Kind::Trust, r#""Effect":"Deny","Action":"s3:*""#), @r#"
    the statement has no `Principal`
    help: say whom it is about
    …»{"Effect":"Deny","Action":"s3:*"}«}
    "#);
    assert_snapshot!(statement_error(Kind::Resource, &principal.replace(r#""*","Action"#, r#"{"Aws":"*"},"Action"#)), @r#"
    unknown element `Aws`
    help: did you mean `AWS`?
    …{"Effect":"Deny","Principal":{»"Aws"«:"*"},"Action":"s3:*","Resource":"*"}}
    "#);
    assert_snapshot!(statement_error(Kind::Resource, &principal.replace(r#""Principal":"*""#, r#""NotPrincipal":{}"#)), @r#"
    `NotPrincipal` is empty
    help: name who is excluded, or say `"Principal": "*"`
    …{"Effect":"Deny","NotPrincipal":»{}«,"Action":"s3:*","Resource":"*"}}
    "#);
}

#[test]
fn resource_control_policies() {
    let rcp = |effect: &str, principal: &str, action: &str| {
        statement_error(
            Kind::ResourceControl,
            &format!(r#""Effect":"{effect}",{principal},{action},"Resource":"*""#),
        )
    };
    let everyone = r#""Principal":"*""#;
    assert_snapshot!(rcp("Allow", everyone, r#""Action":"s3:*""#), @r#"
    a resource control policy cannot allow
    help: use `Deny`: `RCPFullAWSAccess` allows already, and is attached everywhere
    …{"Effect":»"Allow"«,"Principal":"*","Action":"s3:*","Resource":"*"}}
    "#);
    assert_snapshot!(rcp("Deny", r#""Principal":{"AWS":"111111111111"}"#, r#""Action":"s3:*""#), @r#"
    the principal of a resource control policy is not `*`
    help: use `"Principal": "*"` and a condition on `aws:PrincipalArn`
    …{"Effect":"Deny","Principal":»{"AWS":"111111111111"}«,"Action":"s3:*","Resource":"*"}}
    "#);
    assert_snapshot!(rcp("Deny", r#""NotPrincipal":{"AWS":"111111111111"}"#, r#""Action":"s3:*""#), @r#"
    a resource control policy takes no `NotPrincipal`
    help: use `"Principal": "*"` and a condition on `aws:PrincipalArn`
    …{"Effect":"Deny","NotPrincipal":»{"AWS":"111111111111"}«,"Action":"s3:*","Resource":"*"}}
    "#);
    assert_snapshot!(rcp("Deny", everyone, r#""NotAction":"s3:*""#), @r#"
    a resource control policy takes no `NotAction`
    help: list the actions that it denies
    …{"Effect":"Deny","Principal":"*","NotAction":»"s3:*"«,"Resource":"*"}}
    "#);
    assert_snapshot!(rcp("Deny", everyone, r#""Action":["s3:*","*"]"#), @r#"
    a resource control policy cannot deny the action `*`
    help: name the services, such as `s3:*`
    …{"Effect":"Deny","Principal":"*","Action":["s3:*",»"*"«],"Resource":"*"}}
    "#);
    // The managed policy passes, and nothing that only looks like it.
    assert!(rcp("Allow", everyone, r#""Action":"*""#).starts_with("no error"));
    let conditional = r#""Action":"*","Condition":{"Bool":{"aws:SecureTransport":true}}"#;
    assert!(rcp("Allow", everyone, conditional).starts_with("a resource control policy cannot allow"));
}

#[test]
fn conditions() {
    let condition = |text| {
        let text = format!(r#""Effect":"Deny","Action":"*","Resource":"*","Condition":{text}"#);
        statement_error(Kind::Identity, &text)
            .replace(r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":"#, "")
    };
    assert_snapshot!(condition(r#"{"StringEqual":{"a:b":"c"}}"#), @r#"
    unknown condition operator `StringEqual`
    help: did you mean `StringEquals`?
    …{»"StringEqual"«:{"a:b":"c"}}}}
    "#);
    assert_snapshot!(condition(r#"{"ForAnyValue:StrinLikeIfExists":{"a:b":"c"}}"#), @r#"
    unknown condition operator `ForAnyValue:StrinLikeIfExists`
    help: did you mean `StringLike`?
    …{»"ForAnyValue:StrinLikeIfExists"«:{"a:b":"c"}}}}
    "#);
    assert_snapshot!(condition(r#"{"Matches":{"a:b":"c"}}"#), @r#"
    unknown condition operator `Matches`
    help: operators for strings are `StringEquals`, `StringLike` and `StringNotEquals`
    …{»"Matches"«:{"a:b":"c"}}}}
    "#);
    assert_snapshot!(condition(r#"{"NullIfExists":{"a:b":true}}"#), @r#"
    unknown condition operator `NullIfExists`
    help: `Null` asks whether a key is missing, so it takes no `IfExists`
    …{»"NullIfExists"«:{"a:b":true}}}}
    "#);
    assert_snapshot!(condition(r#"{"StringEquals":{"a:b":"c","A:B":"d"}}"#), @r#"
    the key `A:B` is already under `StringEquals`
    help: join the two, or remove one: condition keys do not differ by case
    …{"StringEquals":{"a:b":"c",»"A:B"«:"d"}}}}
    "#);
    assert_snapshot!(condition(r#"{"StringEquals":{"a:b":{"c":"d"}}}"#), @r#"
    the value of `a:b` is an object
    help: a value is a string, a boolean or a number
    …{"StringEquals":{"a:b":»{"c":"d"}«}}}}
    "#);
    assert_snapshot!(condition(r#"{"StringEquals":["a:b"]}"#), @r#"
    `StringEquals` is a list where an object belongs
    help: write an object
    …{"StringEquals":»["a:b"]«}}}
    "#);
    assert_snapshot!(condition(r#"{"Bool":{"a:b":["true","yes"]}}"#), @r#"
    `yes` is not a boolean
    help: write `true` or `false`
    …{"Bool":{"a:b":["true",»"yes"«]}}}}
    "#);
    assert_snapshot!(condition(r#"{"NumericLessThan":{"a:b":"many"}}"#), @r#"
    `many` is not a number
    help: write a decimal number
    …{"NumericLessThan":{"a:b":»"many"«}}}}
    "#);
    assert_snapshot!(condition(r#"{"DateLessThan":{"a:b":"tomorrow"}}"#), @r#"
    `tomorrow` is not a date
    help: write it like `2026-01-31T00:00:00Z`, or as seconds since 1970
    …{"DateLessThan":{"a:b":»"tomorrow"«}}}}
    "#);
    assert_snapshot!(condition(r#"{"IpAddress":{"a:b":"10.0.0.0/33"}}"#), @r#"
    `10.0.0.0/33` is not an address range
    help: write it like `203.0.113.0/24` or `2001:db8::/32`
    …{"IpAddress":{"a:b":»"10.0.0.0/33"«}}}}
    "#);
    assert_snapshot!(condition(r#"{"BinaryEquals":{"a:b":"%"}}"#), @r#"
    `%` is not base64
    help: encode the bytes in base64
    …{"BinaryEquals":{"a:b":»"%"«}}}}
    "#);
}

#[test]
fn hostile_documents() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        for text in [deep.clone(), format!(r#"{{"Statement":{deep}}}"#), format!(r#"{{"Id":{deep}}}"#)] {
            assert!(Policy::parse(text.as_str(), Kind::Identity).is_err());
            assert_eq!(Policy::layout(&text), None);
        }
    }
    let long = format!(r#"{{"Statement":[],"Id":"{}"}}"#, "x".repeat(2_000_000));
    assert!(Policy::parse(long, Kind::Identity).is_err());
    assert!(Policy::parse(r#"{"Id":"\ud800","Statement":[{"Sid":"\ud800"}]}"#, Kind::Identity).is_err());
}

#[test]
fn layout_keeps_order_and_duplicates() {
    let text = r#"{"b":1,"a":["x\u003cy",true,null,1.5],"b":{}}"#;
    assert_snapshot!(Policy::layout(text).unwrap(), @r#"
    {
      "b": 1,
      "a": [
        "x<y",
        true,
        null,
        1.5
      ],
      "b": {}
    }
    "#);
    assert_eq!(Policy::layout("{\n}"), None);
    assert_eq!(Policy::layout("{} {}"), None);
    assert_eq!(Policy::layout("no"), None);
    assert_eq!(Policy::layout("{}\n").as_deref(), Some("{}"));
}

/// What a policy says, without the places.
fn meaning(policy: &Policy) -> String {
    let shown = format!("{:?} {:?}", policy.version, policy.statements);
    let mut words = String::new();
    let mut rest = shown.as_str();
    while let Some((before, after)) = rest.split_once("span: ") {
        words.push_str(before);
        rest = after.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.');
    }
    words + rest
}

const SEEDS: [&str; 4] = [
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"é","Effect":"Deny","NotAction":["s3:*","iam:Get*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}"#,
    r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":["*","111111111111"],"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"Bool":{"a:b":[true,"false"]},"NumericLessThan":{"c:d":7}}}}"#,
    r#"{"Version":"2008-10-17","Id":"\u003c","Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"x"},"Action":"*","Resource":["a","b\\\"c"]},{"Effect":"Deny","Principal":"*","Action":"s3:*","NotResource":"q"}]}"#,
    FULL_AWS_ACCESS,
];

fn kinds() -> impl Strategy<Value = Kind> {
    proptest::sample::select(vec![
        Kind::Identity,
        Kind::Trust,
        Kind::Resource,
        Kind::ServiceControl,
        Kind::ResourceControl,
    ])
}

proptest! {
    /// Whatever happens to a policy, reading it ends in a policy or in an error whose place can be shown.
    #[test]
    fn never_panics(
        kind in kinds(),
        seed in proptest::sample::select(SEEDS.to_vec()),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), "[\\PC\"{}\\[\\],:\\\\*0-9\n]{0,3}", 0_usize..6), 0..6),
    ) {
        let mut text = seed.to_owned();
        for (at, insert, remove) in edits {
            let from = text.floor_char_boundary(at.index(text.len() + 1));
            let to = text.ceil_char_boundary((from + remove).min(text.len()));
            text.replace_range(from..to, &insert);
        }
        match Policy::parse(text.as_str(), kind) {
            Ok(policy) => {
                for statement in &policy.statements {
                    prop_assert!(text.get(statement.span.clone()).is_some());
                }
            }
            Err(error) => {
                prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error);
                prop_assert!(!error.message.is_empty() && !error.help.is_empty());
            }
        }
    }

    #[test]
    fn layout_keeps_the_meaning(
        kind in kinds(),
        seed in proptest::sample::select(SEEDS.to_vec()),
        value in "[\\PC]{0,6}",
    ) {
        let value = serde_json::to_string(&value).unwrap();
        let text = seed.replace(r#""*""#, &value);
        let pretty = Policy::layout(&text).unwrap();
        match (Policy::parse(text, kind), Policy::parse(pretty, kind)) {
            (Ok(before), Ok(after)) => prop_assert_eq!(meaning(&before), meaning(&after)),
            (Err(before), Err(after)) => prop_assert_eq!(before.message, after.message),
            (before, after) => prop_assert!(false, "{:?} {:?}", before, after),
        }
    }
}
