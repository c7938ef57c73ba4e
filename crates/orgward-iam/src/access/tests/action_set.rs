//! Which actions the requests of a set are for.

use crate::access::{Answer, Callers, RequestSet};
use crate::testing::single;
use crate::{Catalogue, Context, ContextValue, Kind, Policy, Request};

fn scp(statement: &str) -> Policy {
    single(Kind::ServiceControl, statement)
}

fn names(set: &RequestSet<'_>) -> Vec<&'static str> {
    set.action_set().expect("it is decided").actions.iter().map(crate::Action::name).collect()
}

/// Every listed action, asked one by one.
fn brute(set: &RequestSet<'_>, region: &str) -> Vec<&'static str> {
    let mut context = Context::default();
    context.set("aws:RequestedRegion", ContextValue::One(region.to_owned()));
    let mut request = Request {
        caller: crate::Caller::Arn("arn:aws:iam::222222222222:role/application".to_owned()),
        action: String::new(),
        resource: "*".to_owned(),
        resource_account: None,
        context,
    };
    let in_set = |action: &crate::Action| {
        action.name().clone_into(&mut request.action);
        set.contains(&request)
    };
    let mut found: Vec<_> = Catalogue::get().actions().filter(in_set).map(crate::Action::name).collect();
    found.sort_unstable();
    found
}

#[test]
fn it_lists_what_asking_one_by_one_finds() {
    let lock =
        scp(r#""Effect":"Deny","NotAction":["iam:*","sts:*","s3:Get*","EC2:describe?*"],"Resource":"*",
           "Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}"#);
    let spared = scp(r#""Effect":"Deny","Action":["s3:*Bucket","ec2:*Instances","logs:*"],"Resource":"*""#);
    let (lock, spared) = (
        RequestSet::matched(&lock, &lock.statements[0]),
        RequestSet::matched(&spared, &spared.statements[0]),
    );
    let set = lock.minus(spared);
    assert_eq!(names(&set), brute(&set, "us-east-1"));
    assert!(set.action_set().expect("it is decided").unlisted, "a service that is new is locked, too");
}

#[test]
fn what_is_named_is_all_there_is() {
    let deny =
        scp(r#""Effect":"Deny","Action":["cloudtrail:StopLogging","cloudtrail:Delete*"],"Resource":"*""#);
    let kept = scp(r#""Effect":"Deny","Action":"cloudtrail:DeleteT*","Resource":"*""#);
    let set = RequestSet::matched(&deny, &deny.statements[0])
        .minus(RequestSet::matched(&kept, &kept.statements[0]));
    assert_eq!(
        names(&set),
        [
            "cloudtrail:DeleteChannel",
            "cloudtrail:DeleteDashboard",
            "cloudtrail:DeleteEventDataStore",
            "cloudtrail:DeleteResourcePolicy",
            "cloudtrail:DeleteServiceLinkedChannel",
            "cloudtrail:StopLogging",
        ]
    );
    let action_set = set.action_set().expect("it is decided");
    assert!(!action_set.unlisted);
    assert!(action_set.examples.iter().all(|request| set.contains(request)));
}

#[test]
fn an_action_that_nobody_lists_is_an_example_and_no_listed_action() {
    let deny = scp(r#""Effect":"Deny","Action":"brandnew:Create","Resource":"*""#);
    let action_set = RequestSet::matched(&deny, &deny.statements[0]).action_set().expect("it is decided");
    assert!(action_set.actions.is_empty());
    assert_eq!(action_set.examples[0].action, "brandnew:Create");
}

#[test]
fn nothing_spreads_over_nothing() {
    let deny = scp(r#""Effect":"Deny","Action":"s3:*","Resource":"*""#);
    let set = RequestSet::matched(&deny, &deny.statements[0]);
    let nothing = set.clone().minus(set);
    assert_eq!(nothing.example(), Answer::None);
    assert_eq!(nothing.action_set().expect("it is decided").examples, []);
}

#[test]
fn requests_come_to_aws_first() {
    // The engine takes any action for any resource; a bucket is not what objects are got from.
    let deny = scp(r#""Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::logs""#);
    let set = RequestSet::matched(&deny, &deny.statements[0]).and(RequestSet::by(Callers::Principals));
    assert!(set.action_set().expect("it is decided").examples[0].is_possible());
    let mut odd = set.action_set().expect("it is decided").examples[0].clone();
    "ec2:DescribeInstances".clone_into(&mut odd.action);
    assert!(!odd.is_possible());
}
