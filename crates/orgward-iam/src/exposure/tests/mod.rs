mod soundness;

use std::collections::BTreeSet;

use crate::testing::{policy, single};
use crate::{Kind, OutsiderAccess, Outsiders, Perimeter, Policy, RequestSet, RoleTrust};

const ROLE: RoleTrust<'_> =
    RoleTrust { arn: "arn:aws:iam::111111111111:role/deploy", account: Some("111111111111") };
const EVERYONE: &str = r#""Effect":"Allow","Principal":"*","Action":"sts:AssumeRole""#;

fn perimeter() -> Perimeter {
    Perimeter {
        organization: Some("o-mine000000".to_owned()),
        accounts: std::sync::Arc::new(["111111111111", "222222222222"].map(str::to_owned).into()),
        complete: true,
    }
}

fn ask(policy: &Policy, perimeter: &Perimeter) -> OutsiderAccess {
    let answer = policy.admits_outsider(&ROLE, perimeter);
    if let OutsiderAccess::Exposed(exposure) = &answer {
        let matching: Vec<_> = policy.matching(&exposure.request).map(|(index, _)| index).collect();
        assert!(matching.contains(&exposure.statement), "the witness does not show it: {exposure:?}");
        assert!(policy.text().get(exposure.span.clone()).is_some());
    }
    answer
}

/// The answer in one line: what opens the door, the witness, the weak guards.
fn tell(policy: &Policy, perimeter: &Perimeter) -> String {
    match ask(policy, perimeter) {
        OutsiderAccess::Excluded => "excluded".to_owned(),
        OutsiderAccess::Undecided(why) => format!("undecided: {why}"),
        OutsiderAccess::Exposed(exposure) => {
            let door = &policy.text()[exposure.span];
            let caller = exposure.request.caller;
            let mut told = vec![format!("exposed: statement {} {door} to {caller}", exposure.statement)];
            told.extend(exposure.request.context.iter().map(|(key, value)| format!("  {key} = {value:?}")));
            let weak = exposure.weak_guards.into_iter();
            told.extend(weak.map(|(span, reason)| format!("  weak {}: {reason}", &policy.text()[span])));
            told.join("\n")
        }
    }
}

fn trust(statements: &str) -> String {
    tell(
        &policy(Kind::Trust, &format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#)),
        &perimeter(),
    )
}

fn guarded(condition: &str) -> String {
    tell(&single(Kind::Trust, &format!(r#"{EVERYONE},"Condition":{condition}"#)), &perimeter())
}

#[track_caller]
fn excluded(condition: &str) {
    assert_eq!(guarded(condition), "excluded", "{condition}");
}

#[track_caller]
fn exposed(condition: &str) {
    assert!(guarded(condition).starts_with("exposed"), "{condition}: {}", guarded(condition));
}

#[test]
fn star_as_a_string_or_an_object() {
    let expected = "to arn:aws:iam::999999999999:role/outsider";
    let statement = format!("[{{{EVERYONE}}}]");
    assert_eq!(trust(&statement), format!("exposed: statement 0 \"*\" {expected}"));
    // One statement that is not in a list.
    let object = r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}"#;
    assert_eq!(trust(object), format!("exposed: statement 0 \"*\" {expected}"));
    let among = r#"{"Effect":"Allow","Principal":{"AWS":["111111111111","*"]},"Action":"*"}"#;
    assert_eq!(trust(among), format!("exposed: statement 0 \"*\" {expected}"));
}

#[test]
fn not_principal() {
    let allow = r#"{"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"sts:AssumeRole"}"#;
    assert_eq!(
        trust(allow),
        r#"exposed: statement 0 {"AWS":"arn:aws:iam::999999999999:root"} to arn:aws:iam::999999999998:role/outsider"#
    );
    // A statement of another shape does not hide the next one.
    let both = format!(
        r#"[{{"Effect":"Deny","NotPrincipal":{{"AWS":"111111111111"}},"Action":"sts:TagSession"}},{{{EVERYONE}}}]"#
    );
    assert_eq!(trust(&both), "exposed: statement 1 \"*\" to arn:aws:iam::999999999999:role/outsider");
    let deny = format!(
        r#"[{{"Effect":"Deny","NotPrincipal":{{"AWS":"111111111111"}},"Action":"sts:AssumeRole"}},{{{EVERYONE}}}]"#
    );
    assert_eq!(trust(&deny), "excluded");
    let nobody = r#"{"Effect":"Allow","NotPrincipal":{"AWS":"*"},"Action":"sts:AssumeRole"}"#;
    assert_eq!(trust(nobody), "excluded");
}

#[test]
fn no_door_for_outsiders() {
    for statement in [
        r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":"sts:AssumeRole"}"#,
        r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#,
        r#"{"Effect":"Allow","Principal":{"Federated":"accounts.google.com"},"Action":"sts:AssumeRoleWithWebIdentity"}"#,
        r#"{"Effect":"Allow","Principal":"*","Action":["sts:TagSession","sts:AssumeRoleWithSAML"]}"#,
        r#"{"Effect":"Deny","Principal":"*","Action":"*"}"#,
        "[]",
    ] {
        assert_eq!(trust(statement), "excluded", "{statement}");
    }
}

#[test]
fn guards_that_hold() {
    for condition in [
        r#"{"StringEquals":{"aws:PrincipalOrgID":"o-mine000000"}}"#,
        r#"{"StringEqualsIgnoreCase":{"AWS:principalorgid":"O-MINE000000"}}"#,
        r#"{"StringLike":{"aws:PrincipalOrgID":"o-mine000000*"}}"#,
        r#"{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}"#,
        r#"{"StringEquals":{"aws:ResourceOrgID":"${aws:PrincipalOrgID}"}}"#,
        r#"{"StringEquals":{"aws:PrincipalAccount":"${aws:ResourceAccount}"}}"#,
        r#"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":["o-mine000000/r-ab12/*"]}}"#,
        // A list needs a set prefix, so this holds for nobody.
        r#"{"StringLike":{"aws:PrincipalOrgPaths":["*"]}}"#,
        r#"{"StringEquals":{"aws:PrincipalAccount":["222222222222","333333333333"]}}"#,
        // The key is always there, so `IfExists` and `ForAllValues` do not open anything.
        r#"{"StringEqualsIfExists":{"aws:PrincipalAccount":"222222222222"}}"#,
        r#"{"ForAllValues:StringEquals":{"aws:PrincipalAccount":"222222222222"}}"#,
        r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/*"}}"#,
        r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:sts::*:assumed-role/*"}}"#,
        r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*Admin"}}"#,
        r#"{"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::*:role/deploy"}}"#,
        r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::222222222222:*"}}"#,
        r#"{"StringEquals":{"aws:SourceVpce":"vpce-0123456789"}}"#,
        r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","10.0.0.0/8"]}}"#,
        r#"{"Bool":{"aws:PrincipalIsAWSService":"true"}}"#,
        r#"{"StringEquals":{"aws:SourceAccount":"111111111111"}}"#,
        r#"{"ArnLike":{"aws:SourceArn":"*"}}"#,
        r#"{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/*"}}"#,
        r#"{"Null":{"aws:PrincipalArn":true}}"#,
        r#"{"StringEquals":{"aws:ResourceAccount":"222222222222"}}"#,
        // A weak guard beside a strong one.
        r#"{"StringLike":{"sts:ExternalId":"a*z"},"StringEquals":{"aws:PrincipalOrgID":"o-mine000000"}}"#,
        r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/deploy"},"StringEquals":{"aws:PrincipalAccount":"222222222222"}}"#,
    ] {
        excluded(condition);
    }
}

#[test]
fn guards_that_do_not_hold() {
    for condition in [
        r#"{"StringNotEquals":{"aws:PrincipalOrgID":"o-mine000000"}}"#,
        r#"{"StringLike":{"aws:PrincipalOrgID":"o-*"}}"#,
        r#"{"ForAllValues:StringLike":{"aws:PrincipalOrgPaths":["o-mine000000/*"]}}"#,
        r#"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":["o-*/r-*/ou-*-prod/*"]}}"#,
        r#"{"StringLike":{"aws:PrincipalAccount":"*"}}"#,
        r#"{"StringLike":{"aws:PrincipalAccount":"4444*"}}"#,
        r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/team/*/ci-?"}}"#,
        r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:*"}}"#,
        r#"{"ArnEquals":{"aws:PrincipalArn":"arn:*:iam::5555????5555:role/x"}}"#,
        r#"{"StringLike":{"aws:PrincipalArn":"*:role/deploy"}}"#,
        r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*deploy"}}"#,
        r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*/deploy"}}"#,
        r#"{"StringNotLike":{"aws:PrincipalArn":"arn:aws:iam::222222222222:*"}}"#,
        r#"{"StringEquals":{"aws:PrincipalType":"User"}}"#,
        r#"{"StringLike":{"aws:username":"ci-*"}}"#,
        r#"{"StringLike":{"aws:userid":"AROAEXAMPLE:*"}}"#,
        r#"{"StringLike":{"sts:RoleSessionName":"${aws:username}"}}"#,
        r#"{"StringEquals":{"aws:PrincipalTag/team":"${aws:RequestTag/team}"}}"#,
        r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]},"ForAnyValue:StringEquals":{"aws:TagKeys":"b"}}"#,
        r#"{"IpAddress":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1"]}}"#,
        r#"{"IpAddress":{"aws:SourceIp":"::/0"}}"#,
        r#"{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}"#,
        r#"{"StringLike":{"aws:SourceVpce":"vpce-*"}}"#,
        r#"{"IpAddress":{"aws:VpcSourceIp":"172.16.4.0/24"}}"#,
        r#"{"Bool":{"aws:MultiFactorAuthPresent":"true","aws:SecureTransport":"true"}}"#,
        r#"{"NumericLessThan":{"aws:MultiFactorAuthAge":3600},"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}"#,
        r#"{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01"},"NumericGreaterThanEquals":{"sts:DurationSeconds":900}}"#,
        r#"{"StringEquals":{"aws:PrincipalOrgID":["o-mine000000","o-other00000"]}}"#,
        r#"{"StringEquals":{"aws:ResourceOrgID":"o-mine000000","aws:ResourceAccount":"111111111111"}}"#,
    ] {
        exposed(condition);
    }
}

#[test]
fn weak_guards_are_told() {
    insta::assert_snapshot!(guarded(r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/deploy"}}"#), @r#"
    exposed: statement 0 "*" to arn:aws:iam::999999999999:role/deploy
      weak "aws:PrincipalArn":"arn:aws:iam::*:role/deploy": the account is a wildcard, and anybody can create such a principal in an account of their own
    "#);
    insta::assert_snapshot!(guarded(r#"{"StringEquals":{"sts:ExternalId":"acme"}}"#), @r#"
    exposed: statement 0 "*" to arn:aws:iam::999999999999:role/outsider
      sts:ExternalId = One("acme")
      weak "sts:ExternalId":"acme": an external id is not a secret: whoever learns or guesses it passes it along
    "#);
    insta::assert_snapshot!(guarded(r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-mine000000"}}"#), @r#"
    exposed: statement 0 "*" to arn:aws:iam::999999999999:role/outsider
      weak "aws:PrincipalOrgID":"o-mine000000": `StringEqualsIfExists` also holds when `aws:PrincipalOrgID` is missing
    "#);
    insta::assert_snapshot!(guarded(r#"{"ForAllValues:StringEquals":{"aws:PrincipalOrgPaths":"o-mine000000/"}}"#), @r#"
    exposed: statement 0 "*" to arn:aws:iam::999999999999:role/outsider
      weak "aws:PrincipalOrgPaths":"o-mine000000/": `ForAllValues` also holds when `aws:PrincipalOrgPaths` is missing
    "#);
    insta::assert_snapshot!(guarded(r#"{"StringEquals":{"aws:PrincipalOrgID":"o-other00000"}}"#), @r#"
    exposed: statement 0 "*" to arn:aws:iam::999999999999:role/outsider
      aws:PrincipalOrgID = One("o-other00000")
      aws:PrincipalOrgPaths = Many(["o-other00000/r-outsider/"])
      weak "aws:PrincipalOrgID":"o-other00000": it lets in another organization than `o-mine000000`
    "#);
    insta::assert_snapshot!(
        guarded(r#"{"StringLike":{"sts:ExternalId":"*"},"StringEquals":{"aws:PrincipalTag/team":"a"},"IpAddress":{"aws:SourceIp":"0.0.0.0/0"},"StringNotEquals":{"aws:username":"bob"}}"#),
        @r#"
    exposed: statement 0 "*" to arn:aws:iam::999999999999:role/outsider
      aws:PrincipalTag/team = One("a")
      aws:SourceIp = One("198.51.100.7")
      sts:ExternalId = One("outsider")
      weak "sts:ExternalId":"*": `*` matches every value
      weak "aws:PrincipalTag/team":"a": the administrator of any account tags its principals at will
      weak "aws:SourceIp":"0.0.0.0/0": `0.0.0.0/0` holds addresses of anybody
      weak "aws:username":"bob": `StringNotEquals` keeps away only what it lists
    "#
    );
}

#[test]
fn denials_count() {
    let open = format!("{{{EVERYONE}}}");
    let deny = |condition: &str| {
        trust(&format!(
            r#"[{open},{{"Effect":"Deny","Principal":{{"AWS":"*"}},"Action":"sts:*","Condition":{condition}}}]"#
        ))
    };
    assert_eq!(deny(r#"{"StringNotEquals":{"aws:PrincipalOrgID":"o-mine000000"}}"#), "excluded");
    assert_eq!(
        deny(
            r#"{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-mine000000"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}"#
        ),
        "excluded"
    );
    assert_eq!(
        deny(r#"{"StringNotEquals":{"aws:PrincipalAccount":["111111111111","222222222222"]}}"#),
        "excluded"
    );
    assert_eq!(deny(r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/*"}}"#), "excluded");
    // Not denied: who has no organization, who calls himself like the exception.
    assert!(
        deny(
            r#"{"StringNotEquals":{"aws:PrincipalOrgID":"o-mine000000"},"Null":{"aws:PrincipalOrgID":false}}"#
        )
        .starts_with("exposed")
    );
    let named = deny(r#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/admin"}}"#);
    assert!(named.contains(":role/admin"), "{named}");
    let tagged = deny(r#"{"StringNotEquals":{"aws:PrincipalTag/team":"sec"}}"#);
    assert!(tagged.contains(r#"aws:PrincipalTag/team = One("sec")"#), "{tagged}");
    assert!(deny(r#"{"Bool":{"aws:SecureTransport":"false"}}"#).starts_with("exposed"));
    // Denials that meet other people only.
    let others = format!(
        r#"[{{"Effect":"Deny","Principal":{{"AWS":"222222222222"}},"Action":"*"}},{{"Effect":"Deny","Principal":"*","Action":"sts:TagSession"}},{open}]"#
    );
    assert!(trust(&others).starts_with("exposed: statement 2"));
    // Two denials that only together leave nobody.
    let together = format!(
        r#"[{open},{{"Effect":"Deny","Principal":"*","Action":"*","Condition":{{"Bool":{{"aws:SecureTransport":"true"}}}}}},
           {{"Effect":"Deny","Principal":"*","Action":"*","Condition":{{"StringNotEquals":{{"aws:SecureTransport":"true"}}}}}}]"#
    );
    assert_eq!(trust(&together), "excluded");
}

#[test]
fn unknown_organization() {
    let perimeter = Perimeter { organization: None, ..perimeter() };
    let tell = |condition: &str| {
        tell(&single(Kind::Trust, &format!(r#"{EVERYONE},"Condition":{condition}"#)), &perimeter)
    };
    assert_eq!(
        tell(r#"{"StringEquals":{"aws:PrincipalOrgID":"o-mine000000"}}"#),
        "undecided: it depends on whether `o-mine000000` is this organization"
    );
    assert_eq!(
        tell(r#"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-mine000000/r-ab12/*"}}"#),
        "undecided: it depends on whether `o-mine000000` is this organization"
    );
    assert!(tell(r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-mine000000"}}"#).starts_with("exposed"));
    assert_eq!(tell(r#"{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}"#), "excluded");
}

/// Where a list of values tried proves nothing, the engine does.
#[test]
fn what_only_a_proof_tells() {
    excluded(r#"{"StringLike":{"sts:ExternalId":"a*"},"StringNotLike":{"sts:ExternalId":"a*"}}"#);
    let gap =
        guarded(r#"{"StringLike":{"sts:ExternalId":"a*z"},"StringNotLike":{"sts:ExternalId":["a?*z"]}}"#);
    assert!(
        gap.starts_with("exposed: statement 0 \"*\"") && gap.contains(r#"sts:ExternalId = One("az")"#),
        "{gap}"
    );
}

#[test]
fn what_cannot_be_decided_is_said() {
    let star = r#""ArnLike":{"aws:PrincipalArn":"*"}"#;
    assert_eq!(
        guarded(&format!("{{{star}}}")),
        "undecided: it is not documented whether `*` under `ArnLike` matches every ARN"
    );
    excluded(&format!(r#"{{{star},"StringEquals":{{"aws:PrincipalOrgID":"o-mine000000"}}}}"#));
    let mut lines = Vec::new();
    for key in 0..12 {
        lines.push(format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":"*","Condition":{{"StringLike":{{"aws:RequestTag/{key}":["?*","a","b"]}},"Null":{{"aws:RequestTag/{}":true}}}}}}"#,
            key + 1
        ));
    }
    lines.push(format!("{{{EVERYONE}}}"));
    // Answers in time, whatever the answer is.
    trust(&format!("[{}]", lines.join(",")));
}

#[test]
fn accounts_that_conditions_name() {
    let narrowed = |condition: &str| {
        let policy = single(Kind::Trust, &format!(r#"{EVERYONE},"Condition":{condition}"#));
        policy.statements[0]
            .narrowed_accounts()
            .map(|accounts| accounts.into_iter().map(|account| account.value).collect::<Vec<_>>())
    };
    let account = |account: &str| Some(vec![account.to_owned()]);
    assert_eq!(
        narrowed(r#"{"StringEquals":{"aws:PrincipalAccount":"333333333333"}}"#),
        account("333333333333")
    );
    assert_eq!(
        narrowed(r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::333333333333:role/*"}}"#),
        account("333333333333")
    );
    assert_eq!(
        narrowed(
            r#"{"StringEquals":{"aws:PrincipalAccount":["333333333333","444444444444"]},"StringLike":{"aws:PrincipalArn":"arn:aws:iam::444444444444:*"}}"#
        ),
        account("444444444444")
    );
    for condition in [
        "{}",
        r#"{"StringNotEquals":{"aws:PrincipalAccount":"333333333333"}}"#,
        r#"{"StringEqualsIfExists":{"aws:PrincipalAccount":"333333333333"}}"#,
        r#"{"StringLike":{"aws:PrincipalAccount":["333333333333","4*"]}}"#,
        r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam*::333333333333:role/x"}}"#,
        r#"{"StringEquals":{"sts:ExternalId":"333333333333"}}"#,
    ] {
        assert_eq!(narrowed(condition), None, "{condition}");
    }
}

#[test]
fn long_policies_end_in_time() {
    let values: Vec<String> = (0..20_000).map(|value| format!("\"v{value}*\"")).collect();
    let condition = format!(r#"{{"StringNotLike":{{"sts:ExternalId":[{}]}}}}"#, values.join(","));
    exposed(&condition);
    let door =
        format!(r#"{{{EVERYONE},"Condition":{{"StringEquals":{{"aws:PrincipalOrgID":"o-mine000000"}}}}}}"#);
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{"StringLike":{"sts:ExternalId":"a?b*"}}}"#;
    let statements: Vec<&str> = [door.as_str(), deny].into_iter().cycle().take(1_000).collect();
    assert_eq!(trust(&format!("[{}]", statements.join(","))), "excluded");
}

/// A bucket that leaves it to access points of an account whom to let in.
#[test]
fn access_points_of_ones_own_are_no_strangers() {
    let is_open = |condition: &str, own: &[&str]| {
        let bucket = single(
            Kind::Resource,
            &format!(
                r#""Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{{{condition}}}"#
            ),
        );
        let own = own.iter().map(|account| (*account).to_owned()).collect();
        let outsiders = Outsiders::of(&bucket, None, &own, &BTreeSet::new()).expect("all is known");
        !RequestSet::allowed(&bucket).and(outsiders.requests()).is_empty()
    };
    let account = r#""StringEquals":{"s3:DataAccessPointAccount":"222222222222"}"#;
    assert!(!is_open(account, &[]) && !is_open(account, &["222222222222"]));
    assert!(is_open(account, &["333333333333"]), "it is an account outside of the organization");
    let arn = r#""ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:*:222222222222:accesspoint/*"}"#;
    assert!(!is_open(arn, &[]));
    assert!(is_open(r#""ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:*:*:accesspoint/*"}"#, &[]));
    assert!(is_open(r#""StringNotEquals":{"s3:DataAccessPointAccount":"222222222222"}"#, &[]));
}
