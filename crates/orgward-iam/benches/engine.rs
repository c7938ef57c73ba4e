//! How long questions about all requests take, on policies as people write them and on those that nobody should.

#![expect(clippy::expect_used, reason = "a benchmark that cannot start has nothing to measure")]

use divan::{Bencher, black_box};
use orgward_iam::{
    Answer, Callers, Decider, FULL_AWS_ACCESS, Kind, Level, Policy, PolicyChain, RequestSet, compare,
    may_be_allowed,
};

fn main() {
    divan::main();
}

fn policy(kind: Kind, text: String) -> Policy {
    Policy::parse(text, kind).expect("it is a policy")
}

fn lock(regions: &str, exempt: usize) -> String {
    let exempt: Vec<String> = (0..exempt).map(|n| format!("\"service{n}:*\"")).collect();
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","NotAction":[{}],"Resource":"*","Condition":{{
            "StringNotEquals":{{"aws:RequestedRegion":[{regions}]}},
            "ArnNotLike":{{"aws:PrincipalArn":["arn:aws:iam::*:role/AWSControlTowerExecution"]}}}}}}]}}"#,
        exempt.join(",")
    )
}

/// An identity policy of some statements over several services.
fn identity(statements: usize, extra: &str) -> Policy {
    let statements: Vec<String> = (0..statements)
        .map(|n| {
            format!(
                r#"{{"Effect":"Allow","Action":["s3:Get*","s3:List*","service{n}:Describe*","service{n}:Create{n}"{extra}],
                    "Resource":["arn:aws:s3:::bucket-{n}","arn:aws:s3:::bucket-{n}/*"],
                    "Condition":{{"StringEquals":{{"aws:RequestedRegion":"eu-west-{}"}}}}}}"#,
                n % 3
            )
        })
        .collect();
    policy(Kind::Identity, format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(",")))
}

#[divan::bench(args = [1, 5, 20, 60])]
fn compare_equal_policies(bencher: Bencher<'_, '_>, statements: usize) {
    let (old, new) = (identity(statements, ""), identity(statements, ""));
    bencher.bench_local(|| compare(black_box(&old), black_box(&new)));
}

#[divan::bench(args = [1, 5, 20, 60])]
fn compare_with_one_action_more(bencher: Bencher<'_, '_>, statements: usize) {
    let (old, new) = (identity(statements, ""), identity(statements, r#","iam:PassRole""#));
    bencher.bench_local(|| compare(black_box(&old), black_box(&new)));
}

fn prove(lock: &Policy, wanted: &Policy, levels: usize, each: usize) -> Answer {
    let full = policy(Kind::ServiceControl, FULL_AWS_ACCESS.to_owned());
    let mut policies = vec![Decider { name: "full", policy: &full }];
    policies.extend((0..each).map(|_| Decider { name: "lock", policy: lock }));
    let chain =
        PolicyChain((0..levels).map(|_| Level { target: "level", policies: policies.clone() }).collect());
    let set = RequestSet::effect(wanted, orgward_iam::Effect::Deny)
        .and(RequestSet::by(Callers::Principals))
        .minus(RequestSet::by(Callers::ServiceLinked));
    may_be_allowed(set, Some(&chain), None)
}

#[divan::bench]
fn prove_a_region_lock(bencher: Bencher<'_, '_>) {
    let lock = policy(Kind::ServiceControl, lock(r#""eu-west-1","eu-central-1""#, 86));
    bencher.bench_local(|| assert_eq!(prove(black_box(&lock), &lock, 4, 1), Answer::None));
}

#[divan::bench]
fn refute_a_region_lock(bencher: Bencher<'_, '_>) {
    let wanted = policy(Kind::ServiceControl, lock(r#""eu-west-1""#, 80));
    let lock = policy(Kind::ServiceControl, lock(r#""eu-west-1","eu-central-1""#, 86));
    bencher.bench_local(|| assert!(prove(black_box(&lock), &wanted, 4, 1).witness().is_some()));
}

/// Overlapping patterns in policies as large as AWS takes them, ten on each of seven levels.
#[divan::bench(sample_count = 5)]
fn hostile_patterns(bencher: Bencher<'_, '_>) {
    let patterns: Vec<String> = (0..400).map(|n| format!("\"s3:*{}*{}*{}*\"", n % 7, n % 11, n)).collect();
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":[{}],"Resource":"*"}}]}}"#,
        patterns.join(",")
    );
    let hostile = policy(Kind::ServiceControl, text);
    let wanted = policy(Kind::ServiceControl, lock(r#""eu-west-1""#, 1));
    bencher.bench_local(|| prove(black_box(&hostile), &wanted, 7, 10));
}

/// Many conditions on resources that overlap.
#[divan::bench(sample_count = 5)]
fn hostile_resources(bencher: Bencher<'_, '_>) {
    let statements: Vec<String> = (0..60)
        .map(|n| {
            format!(
                r#"{{"Effect":"{}","Action":"s3:*{}*","Resource":"arn:aws:s3:::*{}*{}*","Condition":{{"StringLike":{{"aws:PrincipalTag/t{}":"*{n}*"}}}}}}"#,
                if n % 2 == 0 { "Allow" } else { "Deny" }, n % 5, n % 13, n % 17, n % 9
            )
        })
        .collect();
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
    let (old, new) = (identity(5, ""), policy(Kind::Identity, text));
    bencher.bench_local(|| compare(black_box(&old), black_box(&new)));
}
