//! Questions with a known answer.

use std::collections::BTreeSet;

use crate::access::{
    Answer, Callers, Compared, Relation, RequestSet, Standing, compare, dead_statements, is_public,
    may_be_allowed, not_allowed,
};
use crate::testing::{policy, single};
use crate::{Caller, Decider, FULL_AWS_ACCESS, Kind, Level, Policy, PolicyChain, Request};

fn identity(statement: &str) -> Policy {
    single(Kind::Identity, statement)
}

fn scp(statement: &str) -> Policy {
    single(Kind::ServiceControl, statement)
}

fn relation(old: &str, new: &str) -> Relation {
    compare(&identity(old), &identity(new)).relation
}

const READ: &str = r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*""#;

#[test]
fn spelling_makes_no_difference() {
    let other = r#""Effect":"Allow","Action":["S3:getobject","s3:GetObjec?","s3:GetObject"],"Resource":"arn:aws:s3:::a/*""#;
    // `?` also stands for letters that no action of today has.
    assert_eq!(relation(READ, other), Relation::Wider);
    let other =
        r#""Effect":"Allow","Action":["S3:getobject"],"Resource":["arn:aws:s3:::a/*","arn:aws:s3:::a/b"]"#;
    assert_eq!(relation(READ, other), Relation::Equivalent);
}

#[test]
fn a_condition_narrows_unless_it_always_holds() {
    let with = |condition: &str| format!(r#"{READ},"Condition":{{{condition}}}"#);
    assert_eq!(relation(READ, &with(r#""Bool":{"aws:SecureTransport":"true"}"#)), Relation::Narrower);
    assert_eq!(
        relation(READ, &with(r#""Bool":{"aws:SecureTransport":["true","false"]}"#)),
        Relation::Equivalent
    );
    // The key is missing from requests with long-term credentials.
    assert_eq!(
        relation(READ, &with(r#""Bool":{"aws:MultiFactorAuthPresent":["true","false"]}"#)),
        Relation::Narrower
    );
    assert_eq!(
        relation(READ, &with(r#""IpAddress":{"aws:SourceIp":["0.0.0.0/0","::/0"]}"#)),
        Relation::Narrower
    );
    assert_eq!(
        relation(READ, &with(r#""IpAddressIfExists":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1","::/0"]}"#)),
        Relation::Equivalent
    );
    assert_eq!(
        relation(READ, &with(r#""StringNotEquals":{"aws:PrincipalType":"Nobody"}"#)),
        Relation::Equivalent
    );
    assert_eq!(
        relation(
            &with(r#""StringLike":{"aws:PrincipalArn":"arn:*:iam::*:role/deploy"}"#),
            &with(r#""ArnLike":{"aws:PrincipalArn":"arn:*:iam::*:role/deploy"}"#)
        ),
        // `StringLike` also admits the user `deploy` with the path `/::role/` and the like.
        Relation::Narrower
    );
    assert_eq!(
        relation(
            &with(r#""StringLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/deploy*"}"#),
            &with(r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/deploy*"}"#)
        ),
        Relation::Equivalent
    );
}

#[test]
fn set_operators_differ_on_lists() {
    let with = |operator: &str| format!(r#"{READ},"Condition":{{"{operator}":{{"aws:TagKeys":["team"]}}}}"#);
    assert_eq!(
        relation(&with("ForAllValues:StringEquals"), &with("ForAnyValue:StringEquals")),
        Relation::Incomparable
    );
    let both = format!(
        r#"{READ},"Condition":{{"ForAllValues:StringEquals":{{"aws:TagKeys":["team"]}},"Null":{{"aws:TagKeys":"false"}}}}"#
    );
    assert_eq!(relation(&with("ForAnyValue:StringEquals"), &both), Relation::Narrower);
}

#[test]
fn a_policy_with_variables_is_equal_to_itself_and_narrower_than_without() {
    let home = r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/${aws:username}/*""#;
    assert_eq!(relation(home, home), Relation::Equivalent);
    assert_eq!(relation(READ, home), Relation::Narrower, "whatever the name, it is one of all keys");
    let Compared { gained, lost, .. } = compare(&identity(home), &identity(READ));
    assert!(gained.witness().is_some(), "{gained:?}");
    assert_eq!(lost, Answer::None);
    // What is in the way of the variable is something else.
    let other = r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}/*""#;
    assert_eq!(relation(home, other), Relation::Incomparable);
}

#[test]
fn a_variable_about_the_owner_of_the_resource_is_met_by_a_resource_of_the_caller() {
    for line in [
        r#""aws:ResourceAccount":"${aws:PrincipalAccount}""#,
        r#""aws:PrincipalAccount":"${aws:ResourceAccount}""#,
    ] {
        let own = identity(&format!(
            r#""Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{{"StringEquals":{{{line}}}}}"#
        ));
        let Answer::Witness(request) = crate::RequestSet::allowed(&own).example() else { panic!("{line}") };
        assert!(own.statements[0].matches(&own, &request), "{request:?}");
        assert_eq!(crate::dead(&own), [], "AWS-managed policies rely on it");
    }
}

#[test]
fn grants_of_another_standing_are_not_equal() {
    let bucket = |principal: &str, condition: &str| {
        policy(
            Kind::Resource,
            &format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},
                "Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"{condition}}}]}}"#
            ),
        )
    };
    let role = bucket(r#"{"AWS":"arn:aws:iam::111111111111:role/r"}"#, "");
    let everybody = bucket(
        r#""*""#,
        r#","Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/r"}}"#,
    );
    let account = bucket(
        r#"{"AWS":"111111111111"}"#,
        r#","Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/r"}}"#,
    );
    let wider = compare(&role, &everybody);
    assert_eq!((wider.relation, wider.gained_standing), (Relation::Wider, Some(Standing::Caller)));
    assert_eq!(compare(&everybody, &role).relation, Relation::Narrower);
    assert_eq!(compare(&account, &role).gained_standing, Some(Standing::Role));
    assert_eq!(compare(&role, &role).relation, Relation::Equivalent);
}

#[test]
fn the_account_of_a_key_caller_is_the_account_of_the_caller() {
    let key = policy(
        Kind::Resource,
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*",
        "Condition":{"StringEquals":{"kms:CallerAccount":"111111111111"}}}}"#,
    );
    assert_eq!(is_public(&key, ["111111111111".to_owned()].into()), Answer::None);
    assert!(is_public(&key, ["222222222222".to_owned()].into()).witness().is_some());
}

#[test]
fn a_witness_has_a_partition_that_exists_and_the_account_that_its_type_needs() {
    let claim = scp(r#""Effect":"Deny","Action":"iam:DeleteRole","Resource":"arn:*:iam::*:role/Sec*""#);
    let denied = scp(r#""Effect":"Deny","Action":"iam:DeleteRole","Resource":"arn:aws:iam::*:role/Sec*""#);
    let set = |policy| crate::RequestSet::bound().and(crate::RequestSet::effect(policy, crate::Effect::Deny));
    assert_eq!(set(&claim).minus(set(&denied)).example(), Answer::None, "no role is without an account");
    let china = scp(r#""Effect":"Deny","Action":"iam:DeleteRole","Resource":"arn:aws-cn:iam::*:role/Sec*""#);
    let Answer::Witness(request) = set(&claim).minus(set(&denied)).and(set(&china)).example() else {
        panic!("the partition that is named exists, too")
    };
    assert!(matches!(&request.caller, Caller::Arn(arn) if arn.starts_with("arn:aws-cn:")), "{request:?}");
}

#[test]
fn policies_that_only_deny_are_compared_by_what_they_leave_open() {
    let tight = scp(r#""Effect":"Deny","Action":["s3:*","ec2:*"],"Resource":"*""#);
    let loose = scp(r#""Effect":"Deny","Action":["s3:*"],"Resource":"*""#);
    assert_eq!(compare(&tight, &loose).relation, Relation::Wider);
    let full = policy(Kind::ServiceControl, FULL_AWS_ACCESS);
    assert_eq!(compare(&tight, &full).relation, Relation::Wider);
}

#[test]
fn statements_that_match_nothing_are_dead() {
    let dead = policy(
        Kind::Identity,
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},
            {"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{
                "StringEquals":{"aws:PrincipalAccount":"111111111111"},"StringLike":{"aws:PrincipalAccount":"2*"}}},
            {"Effect":"Deny","Action":"*","Resource":"*","Condition":{
                "NumericLessThan":{"s3:max-keys":"5"},"NumericGreaterThan":{"s3:max-keys":"10"}}},
            {"Effect":"Deny","NotAction":"*","Resource":"*"}]}"#,
    );
    assert_eq!(dead_statements(&dead), [1, 2, 3]);
}

#[test]
fn who_may_do_everything() {
    let all = identity(r#""Effect":"Allow","Action":"*","Resource":"*""#);
    assert_eq!(not_allowed(&all), Answer::None);
    let two = policy(
        Kind::Identity,
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","NotAction":"iam:*","Resource":"*"},{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}"#,
    );
    assert_eq!(not_allowed(&two), Answer::None);
    assert!(
        not_allowed(&identity(r#""Effect":"Allow","NotAction":"iam:*","Resource":"*""#)).witness().is_some()
    );
}

#[test]
fn a_bucket_is_public_unless_its_condition_keeps_others_out() {
    let bucket = |condition: &str| {
        single(
            Kind::Resource,
            &format!(
                r#""Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*","Condition":{{{condition}}}"#
            ),
        )
    };
    let own = || BTreeSet::from(["111111111111".to_owned()]);
    let Answer::Witness(request) = is_public(&bucket(""), own()) else { panic!("it is public") };
    assert_ne!(request.caller, Caller::Service("lambda.amazonaws.com".to_owned()));
    assert_eq!(
        is_public(&bucket(r#""StringEquals":{"aws:PrincipalAccount":"111111111111"}"#), own()),
        Answer::None
    );
    assert!(
        is_public(&bucket(r#""StringEquals":{"aws:PrincipalAccount":"222222222222"}"#), own())
            .witness()
            .is_some()
    );
    // Nobody but a service can say for which account it acts.
    assert_eq!(
        is_public(&bucket(r#""StringEquals":{"aws:SourceAccount":"111111111111"}"#), own()),
        Answer::None
    );
}

const LOCK: &str = r#""Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}"#;

/// A request that the lock should deny and a chain of one level, with `FullAWSAccess`, does not.
fn gap(lock: &str) -> Option<Request> {
    let (wanted, full, lock) = (scp(LOCK), policy(Kind::ServiceControl, FULL_AWS_ACCESS), scp(lock));
    let policies = [&full, &lock].map(|policy| Decider { name: "p", policy });
    let chain = PolicyChain(vec![Level { target: "r-1", policies: policies.to_vec() }]);
    let set = RequestSet::matched(&wanted, &wanted.statements[0])
        .and(RequestSet::by(Callers::Principals))
        .minus(RequestSet::by(Callers::ServiceLinked));
    match may_be_allowed(set, Some(&chain), None) {
        Answer::Witness(request) => Some(*request),
        Answer::None => None,
        Answer::Undecided(reason) => panic!("{reason}"),
    }
}

#[test]
fn a_region_lock_is_proved_and_each_mistake_has_a_witness() {
    assert_eq!(gap(LOCK), None);
    let fixed = |from: &str, to: &str| {
        assert!(LOCK.contains(from));
        gap(&LOCK.replace(from, to)).unwrap_or_else(|| panic!("`{to}` is a gap"))
    };
    let inverted = fixed("StringNotEquals", "StringEquals");
    assert!(inverted.context.get("aws:RequestedRegion").is_some());
    assert!(fixed(r#""iam:*","#, r#""iam:*","kms:*","#).action.starts_with("kms:"));
    fixed(r#""NotAction":["iam:*","sts:*"]"#, r#""Action":["ec2:*","s3:*"]"#);
    fixed(r#""Resource":"*""#, r#""Resource":"arn:*:*:*:*:*""#);
    let tagged = fixed(r#"["eu-west-1"]}"#, r#"["eu-west-1"],"aws:PrincipalTag/x":"y"}"#);
    assert!(tagged.context.get("aws:PrincipalTag/x").is_some());
    fixed(
        r#"["eu-west-1"]}"#,
        r#"["eu-west-1"]},"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Admin*"}"#,
    );
    fixed(r#"["eu-west-1"]"#, r#"["eu-*"]"#.replace("eu-*", "eu-central-1\",\"eu-west-1").as_str());
    // An unresolvable placeholder exempts nobody, which is no gap.
    assert_eq!(
        gap(&LOCK.replace(
            r#"["eu-west-1"]}"#,
            r#"["eu-west-1"]},"StringNotEqualsIfExists":{"aws:PrincipalType":"Nobody"}"#
        )),
        None
    );
}

#[test]
fn a_lock_in_two_halves_is_a_lock() {
    let halves = [
        scp(
            r#""Effect":"Deny","NotAction":["iam:*","sts:*","s3:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}"#,
        ),
        scp(
            r#""Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringNotLike":{"aws:RequestedRegion":"eu-west-?"}}"#,
        ),
        scp(
            r#""Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:RequestedRegion":"eu-west-1"}}"#,
        ),
    ];
    let full = policy(Kind::ServiceControl, FULL_AWS_ACCESS);
    let wanted = scp(LOCK);
    let chain = |last: usize| {
        let level = |policy| Level {
            target: "l",
            policies: vec![Decider { name: "f", policy: &full }, Decider { name: "p", policy }],
        };
        PolicyChain(vec![level(&halves[0]), level(&halves[last])])
    };
    let set = || RequestSet::matched(&wanted, &wanted.statements[0]);
    let principals =
        || set().and(RequestSet::by(Callers::Principals)).minus(RequestSet::by(Callers::ServiceLinked));
    assert_eq!(may_be_allowed(principals(), Some(&chain(2)), None), Answer::None);
    let Answer::Witness(open) = may_be_allowed(principals(), Some(&chain(1)), None) else {
        panic!("it is open")
    };
    assert!(open.action.starts_with("s3:"), "{open:?}");
    // Service-linked roles are not bound.
    assert!(may_be_allowed(set(), Some(&chain(2)), None).witness().is_some());
}

#[test]
fn what_is_too_intricate_is_undecided_and_not_safe() {
    let patterns: Vec<String> = (0..200).map(|n| format!("\"s3:*{n}*a*b{n}*c*\"")).collect();
    let wide = identity(&format!(r#""Effect":"Allow","Action":[{}],"Resource":"*""#, patterns.join(",")));
    let read = identity(READ);
    let set = RequestSet::allowed(&wide).minus(RequestSet::allowed(&read));
    let started = std::time::Instant::now();
    let answer = set.example();
    assert_ne!(answer, Answer::None);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

/// `${Account}` was to be replaced: no request has such a key, so that it matches nobody, and that is no doubt.
#[test]
fn a_placeholder_is_no_variable() {
    let scp = |exempt: &str| {
        policy(
            Kind::ServiceControl,
            &format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"ArnNotLike":{{"aws:PrincipalArn":"{exempt}"}}}}}}]}}"#
            ),
        )
    };
    let everybody = RequestSet::by(Callers::Principals);
    let left =
        |policy: &Policy| everybody.clone().minus(RequestSet::effect(policy, crate::Effect::Deny)).example();
    assert_eq!(left(&scp("arn:aws:iam::${Account}:role/admin")), Answer::None);
    assert!(matches!(
        left(&scp("arn:aws:iam::${aws:PrincipalTag/home}:role/admin")),
        Answer::Undecided(_) | Answer::Witness(_)
    ));
}
