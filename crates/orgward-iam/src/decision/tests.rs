use proptest::prelude::*;

use super::{Layer, Policies};
use crate::testing::{policy, request};
use crate::{Decider, FULL_AWS_ACCESS, Kind, Level, Outcome, Policy, PolicyChain, Request};

const ROLE: &str = "arn:aws:iam::111111111111:role/R";
const SESSION: &str = "arn:aws:sts::111111111111:assumed-role/R/s";
const USER: &str = "arn:aws:iam::111111111111:user/ann";
const ALLOW: (Outcome, Layer) = (Outcome::Allow, Layer::Resource);

fn identity(statement: &str) -> Policy {
    policy(Kind::Identity, &format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#))
}

fn resource(statement: &str) -> Policy {
    policy(Kind::Resource, &format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#))
}

fn admin() -> Policy {
    identity(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)
}

fn open_to(principal: &str, action: &str) -> Policy {
    policy(
        if action.starts_with("sts:") { Kind::Trust } else { Kind::Resource },
        &format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"{action}"}}}}"#
        ),
    )
}

fn named(policy: &Policy) -> Vec<Decider<'_>> {
    vec![Decider { name: "p", policy }]
}

fn chain<'p>(policies: &[&'p Policy]) -> PolicyChain<'p> {
    let policies = policies.iter().map(|policy| Decider { name: "p", policy }).collect();
    PolicyChain(vec![Level { target: "root", policies }])
}

fn bucket(who: &str, owner: &str) -> Request {
    let request = request(who, "s3:GetObject", "arn:aws:s3:::b/k", &[]);
    Request { resource_account: Some(owner.to_owned()), ..request }
}

#[track_caller]
fn check(policies: &Policies<'_>, request: &Request, outcome: Outcome, by: Layer) {
    let decision = policies.decide(request);
    assert_eq!((decision.outcome, decision.decided_by), (outcome, Some(by)), "{:?}", decision.layers);
}

#[test]
fn management_account_and_service_linked_roles_are_free() {
    let (admin, full) = (admin(), policy(Kind::ServiceControl, FULL_AWS_ACCESS));
    let lock = policy(
        Kind::ServiceControl,
        r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}}"#,
    );
    let member = Policies {
        identity: named(&admin),
        service_control: Some(chain(&[&full, &lock])),
        ..Policies::default()
    };
    let management = Policies { service_control: None, ..member.clone() };
    let abroad = |who| request(who, "ec2:RunInstances", "*", &[("aws:RequestedRegion", "us-east-1")]);
    check(&member, &abroad(ROLE), Outcome::ExplicitDeny, Layer::ServiceControl);
    check(&member, &abroad("arn:aws:iam::111111111111:root"), Outcome::ExplicitDeny, Layer::ServiceControl);
    check(&management, &abroad(ROLE), Outcome::Allow, Layer::Identity);
    let linked = "arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/X";
    check(&member, &abroad(linked), Outcome::Allow, Layer::Identity);
    let home = request(ROLE, "ec2:RunInstances", "*", &[("aws:RequestedRegion", "eu-west-1")]);
    let nothing = Policies { service_control: Some(chain(&[])), ..member };
    check(&nothing, &home, Outcome::ImplicitDeny, Layer::ServiceControl);
}

#[test]
fn assuming_a_role() {
    let assume = identity(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}"#);
    let target = "arn:aws:iam::222222222222:role/T";
    let account = open_to(r#"{"AWS":"arn:aws:iam::111111111111:root"}"#, "sts:AssumeRole");
    let role = open_to(&format!(r#"{{"AWS":"{ROLE}"}}"#), "sts:AssumeRole");
    let across = request(ROLE, "sts:AssumeRole", target, &[]);
    let within = request(ROLE, "sts:AssumeRole", "arn:aws:iam::111111111111:role/T", &[]);
    let with = |trust, own: bool| Policies {
        identity: if own { named(&assume) } else { Vec::new() },
        resource: named(trust),
        ..Policies::default()
    };
    // Across accounts both sides have to allow.
    check(&with(&account, false), &across, Outcome::ImplicitDeny, Layer::Identity);
    check(&with(&account, true), &across, Outcome::Allow, Layer::Identity);
    check(&with(&role, false), &across, Outcome::ImplicitDeny, Layer::Identity);
    // Within one the trust policy is enough when it names the role, and not when it names the account.
    check(&with(&role, false), &within, Outcome::Allow, Layer::Resource);
    check(&with(&account, false), &within, Outcome::ImplicitDeny, Layer::Identity);
    check(&with(&account, true), &within, Outcome::Allow, Layer::Identity);
    // The policies of the caller alone are never enough.
    let other = open_to(r#"{"AWS":"333333333333"}"#, "sts:AssumeRole");
    check(&with(&other, true), &within, Outcome::ImplicitDeny, Layer::Resource);
    // A role that assumes itself has to be named.
    let itself = request(SESSION, "sts:AssumeRole", ROLE, &[]);
    check(&with(&account, true), &itself, Outcome::ImplicitDeny, Layer::Resource);
    check(&with(&role, false), &itself, Outcome::Allow, Layer::Resource);
}

#[test]
fn boundary_and_the_way_a_bucket_names_the_caller() {
    let boundary = identity(r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#);
    let with = |bucket| Policies {
        boundary: Some(named(&boundary)),
        resource: named(bucket),
        ..Policies::default()
    };
    let role = open_to(&format!(r#"{{"AWS":"{ROLE}"}}"#), "s3:*");
    let session = open_to(&format!(r#"{{"AWS":"{SESSION}"}}"#), "s3:*");
    let everyone = resource(&format!(
        r#"{{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":{{"ArnEquals":{{"aws:PrincipalArn":"{ROLE}"}}}}}}"#
    ));
    let within = bucket(SESSION, "111111111111");
    check(&with(&role), &within, Outcome::ImplicitDeny, Layer::Boundary);
    check(&with(&session), &within, ALLOW.0, ALLOW.1);
    check(&with(&everyone), &within, ALLOW.0, ALLOW.1);
    // Across accounts the boundary always counts.
    let across = bucket(SESSION, "222222222222");
    for policy in [&role, &session, &everyone] {
        check(&with(policy), &across, Outcome::ImplicitDeny, Layer::Identity);
        let admin = admin();
        let with = Policies { identity: named(&admin), ..with(policy) };
        check(&with, &across, Outcome::ImplicitDeny, Layer::Boundary);
    }
}

#[test]
fn not_principal_denies_whoever_has_a_boundary() {
    let admin = admin();
    let deny = resource(&format!(
        r#"{{"Effect":"Deny","NotPrincipal":{{"AWS":["111111111111","{ROLE}"]}},"Action":"s3:*","Resource":"*"}}"#
    ));
    let free = Policies { identity: named(&admin), resource: named(&deny), ..Policies::default() };
    check(&free, &bucket(ROLE, "111111111111"), Outcome::Allow, Layer::Identity);
    let bounded = Policies { boundary: Some(named(&admin)), ..free };
    check(&bounded, &bucket(ROLE, "111111111111"), Outcome::ExplicitDeny, Layer::Resource);
}

#[test]
fn keys_decide_for_themselves() {
    let admin = admin();
    let key = request(ROLE, "kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:key/k", &[]);
    let other = resource(
        r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/X"},"Action":"kms:*","Resource":"*"}"#,
    );
    let root = resource(
        r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"}"#,
    );
    let with = |policy| Policies { identity: named(&admin), resource: named(policy), ..Policies::default() };
    check(&with(&other), &key, Outcome::ImplicitDeny, Layer::Resource);
    check(&with(&root), &key, Outcome::Allow, Layer::Identity);
    check(&Policies { identity: Vec::new(), ..with(&root) }, &key, Outcome::ImplicitDeny, Layer::Identity);
    let create = request(ROLE, "kms:CreateKey", "*", &[]);
    check(
        &Policies { identity: named(&admin), ..Policies::default() },
        &create,
        Outcome::Allow,
        Layer::Identity,
    );
}

#[test]
fn resource_control_policies_bind_services_too() {
    let rcp = policy(
        Kind::ResourceControl,
        r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-mine"}}}}"#,
    );
    let open = open_to(r#"{"Service":"cloudtrail.amazonaws.com"}"#, "s3:*");
    let policies = Policies { resource: named(&open), ..Policies::default() };
    let trail = bucket("cloudtrail.amazonaws.com", "111111111111");
    check(&policies, &trail, Outcome::Allow, Layer::Resource);
    let fenced = Policies { resource_control: Some(chain(&[&rcp])), ..policies };
    check(&fenced, &trail, Outcome::ExplicitDeny, Layer::ResourceControl);
    check(&fenced, &bucket("anonymous", "111111111111"), Outcome::ExplicitDeny, Layer::ResourceControl);
}

#[test]
fn session_policies_limit() {
    let (admin, read) = (admin(), identity(r#"{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}"#));
    let with = Policies { identity: named(&admin), session: Some(named(&read)), ..Policies::default() };
    let ask = |who, action| request(who, action, "*", &[]);
    check(&with, &ask(SESSION, "ec2:DescribeVpcs"), Outcome::Allow, Layer::Identity);
    check(&with, &ask(SESSION, "ec2:CreateVpc"), Outcome::ImplicitDeny, Layer::Session);
    // A federated user has no more than its session policy gives.
    let without = Policies { session: None, ..with };
    check(&without, &ask(SESSION, "ec2:CreateVpc"), Outcome::Allow, Layer::Identity);
    let federated = "arn:aws:sts::111111111111:federated-user/f";
    check(&without, &ask(federated, "ec2:DescribeVpcs"), Outcome::ImplicitDeny, Layer::Session);
}

#[test]
fn endpoint_policies_limit() {
    let (admin, read) =
        (admin(), resource(r#"{"Effect":"Allow","Principal":"*","Action":"s3:List*","Resource":"*"}"#));
    let with = Policies { identity: named(&admin), endpoint: Some(named(&read)), ..Policies::default() };
    check(&with, &bucket(USER, "111111111111"), Outcome::ImplicitDeny, Layer::Endpoint);
    check(&with, &request(USER, "s3:ListBucket", "arn:aws:s3:::b", &[]), Outcome::Allow, Layer::Identity);
}

#[test]
fn who_one_is_may_always_be_asked() {
    let deny = identity(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#);
    let policies = Policies { identity: named(&deny), ..Policies::default() };
    let decision = policies.decide(&request(USER, "sts:GetCallerIdentity", "*", &[]));
    assert_eq!((decision.outcome, decision.decided_by), (Outcome::Allow, None));
    check(
        &policies,
        &request(USER, "sts:GetFederationToken", "*", &[]),
        Outcome::ExplicitDeny,
        Layer::Identity,
    );
}

#[test]
fn root_user_needs_no_policy() {
    let root = "arn:aws:iam::111111111111:root";
    let policies = Policies::default();
    check(&policies, &bucket(root, "111111111111"), Outcome::Allow, Layer::Identity);
    check(&policies, &bucket(root, "222222222222"), Outcome::ImplicitDeny, Layer::Resource);
    check(&policies, &bucket(USER, "111111111111"), Outcome::ImplicitDeny, Layer::Identity);
    check(&policies, &bucket("anonymous", "111111111111"), Outcome::ImplicitDeny, Layer::Resource);
}

#[test]
fn denials_are_worded_as_aws_words_them() {
    let deny = identity(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#);
    let (admin, closed) = (admin(), open_to(r#"{"AWS":"333333333333"}"#, "s3:*"));
    let everybody = resource(r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}"#);
    let scp = policy(Kind::ServiceControl, r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#);
    let rcp = policy(
        Kind::ResourceControl,
        r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}"#,
    );
    let with = || Policies { identity: named(&admin), ..Policies::default() };
    let none = || Some(Vec::new());
    let explicit = [
        (Policies { identity: named(&deny), ..with() }, "an identity-based policy"),
        (Policies { boundary: Some(named(&deny)), ..with() }, "a permissions boundary"),
        (Policies { session: Some(named(&deny)), ..with() }, "a session policy"),
        (Policies { service_control: Some(chain(&[&scp])), ..with() }, "a service control policy"),
        (Policies { resource_control: Some(chain(&[&rcp])), ..with() }, "a resource control policy"),
        (Policies { resource: named(&everybody), ..with() }, "a resource-based policy"),
        (Policies { endpoint: Some(named(&everybody)), ..with() }, "a VPC endpoint policy"),
    ];
    let implicit = [
        (Policies::default(), "identity-based policy"),
        (Policies { boundary: none(), ..with() }, "permissions boundary"),
        (Policies { session: none(), ..with() }, "session policy"),
        (Policies { service_control: Some(chain(&[])), ..with() }, "service control policy"),
        (Policies { endpoint: none(), ..with() }, "VPC endpoint policy"),
    ];
    let ask = bucket(USER, "111111111111");
    let message =
        |policies: &Policies<'_>, request: &Request| policies.decide(request).message(request).unwrap();
    let start =
        format!("User: {USER} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k");
    for (policies, name) in &explicit {
        assert_eq!(message(policies, &ask), format!("{start} with an explicit deny in {name}"));
    }
    for (policies, name) in &implicit {
        assert_eq!(
            message(policies, &ask),
            format!("{start} because no {name} allows the s3:GetObject action")
        );
    }
    let foreign = Policies { resource: named(&closed), ..with() };
    assert_eq!(
        message(&foreign, &bucket(USER, "222222222222")),
        format!("{start} because no resource-based policy allows the s3:GetObject action")
    );
    assert_eq!(
        message(&with(), &request(USER, "sts:AssumeRole", ROLE, &[])),
        format!(
            "User: {USER} is not authorized to perform: sts:AssumeRole on resource: {ROLE} because no role trust policy \
             allows the sts:AssumeRole action"
        )
    );
    let list = request(USER, "ec2:DescribeInstances", "*", &[]);
    assert_eq!(
        message(&Policies::default(), &list),
        format!(
            "User: {USER} is not authorized to perform: ec2:DescribeInstances because no identity-based policy allows the \
             ec2:DescribeInstances action"
        )
    );
    assert_eq!(with().decide(&ask).message(&ask), None);
}

#[test]
fn levels_are_told_as_far_as_the_one_that_decides() {
    let (admin, full) = (admin(), policy(Kind::ServiceControl, FULL_AWS_ACCESS));
    let s3 =
        policy(Kind::ServiceControl, r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#);
    let level = |policy| Level { target: "t", policies: named(policy) };
    let told = |levels: Vec<Level<'_>>| {
        let policies = Policies {
            identity: named(&admin),
            service_control: Some(PolicyChain(levels)),
            ..Policies::default()
        };
        let decision = policies.decide(&request(ROLE, "ec2:RunInstances", "*", &[]));
        let levels = decision.layers.iter().filter(|said| said.layer == Layer::ServiceControl);
        levels.map(|said| (said.level, said.outcome, said.statements.len())).collect::<Vec<_>>()
    };
    assert_eq!(
        told(vec![level(&full), level(&s3), level(&full)]),
        [(Some(0), Outcome::Allow, 1), (Some(1), Outcome::ImplicitDeny, 0)]
    );
    assert_eq!(
        told(vec![level(&full), level(&full)]),
        [(Some(0), Outcome::Allow, 1), (Some(1), Outcome::Allow, 1)]
    );
}

#[test]
fn an_unlisted_action_keeps_its_resource() {
    let one = identity(r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:x:::y"}"#);
    let policies = Policies { identity: named(&one), ..Policies::default() };
    // Nobody knows whether it has resource types, so what the policy says counts.
    check(&policies, &request(USER, "brand-new:Do", "arn:aws:x:::y", &[]), Outcome::Allow, Layer::Identity);
}

#[test]
fn an_arn_counts_for_what_is_allowed_though_the_action_is_listed_without_resources() {
    let buckets = "arn:aws:s3:::*";
    let allow = identity(r#"{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"arn:aws:s3:::*"}"#);
    let policies = Policies { identity: named(&allow), ..Policies::default() };
    // As AWS documents it, the statement is not about the action; as Amazon S3 asks, it is.
    let plain = request(USER, "s3:ListAllMyBuckets", "*", &[]);
    check(&policies, &plain, Outcome::ImplicitDeny, Layer::Identity);
    let asked = request(USER, "s3:ListAllMyBuckets", buckets, &[]);
    check(&policies, &asked, Outcome::Allow, Layer::Identity);

    let (admin, deny) = (
        admin(),
        identity(r#"{"Effect":"Deny","Action":"s3:ListAllMyBuckets","Resource":"arn:aws:s3:::*"}"#),
    );
    let both = [named(&admin), named(&deny)].concat();
    let policies = Policies { identity: both, ..Policies::default() };
    // A denial that may have no effect protects nothing.
    for asked in [plain, asked] {
        check(&policies, &asked, Outcome::Allow, Layer::Identity);
    }
}

proptest! {
    /// Two ways to decide service control policies, by themselves and among all others, are one.
    #[test]
    fn the_chain_by_itself_agrees(picks in prop::collection::vec(prop::collection::vec(0_usize..5, 0..3), 0..4), at_home in any::<bool>()) {
        let texts = [
            FULL_AWS_ACCESS,
            r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Deny","Action":"iam:*","Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}}"#,
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}}"#,
        ];
        let (admin, scps) = (admin(), texts.map(|text| policy(Kind::ServiceControl, text)));
        let level = |picks: &Vec<usize>| Level {
            target: "t",
            policies: picks.iter().map(|pick| Decider { name: "p", policy: &scps[*pick] }).collect(),
        };
        let chain = PolicyChain(picks.iter().map(level).collect());
        let region = if at_home { "eu-west-1" } else { "us-east-1" };
        for action in ["s3:ListAllMyBuckets", "iam:CreateUser", "ec2:DescribeVpcs"] {
            let request = request(ROLE, action, "*", &[("aws:RequestedRegion", region)]);
            let policies = Policies { identity: named(&admin), service_control: Some(chain.clone()), ..Policies::default() };
            let (alone, decision) = (chain.decide(&request), policies.decide(&request));
            prop_assert_eq!(decision.outcome, alone.outcome);
            let last = decision.layer(Layer::ServiceControl).filter(|said| said.outcome != Outcome::Allow);
            prop_assert_eq!(last.map(|said| said.outcome), Some(alone.outcome).filter(|outcome| *outcome != Outcome::Allow));
            if alone.outcome == Outcome::ExplicitDeny {
                let deciding = decision.deciding().unwrap();
                prop_assert_eq!(deciding.level, alone.level);
                prop_assert_eq!(deciding.statements.first().copied(), alone.statement);
            }
        }
    }
}
