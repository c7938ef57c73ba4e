//! What policies that nobody should write cost: each question has to be answered, or given up, within 200 ms and a
//! bounded amount of memory. Each kind of policies is asked about in a process of its own, so that its memory can be
//! told: `cargo bench -p orgward-iam --bench limits`.

#![expect(clippy::expect_used, reason = "a benchmark that cannot start has nothing to measure")]
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::env;
use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use orgward_iam::{
    Answer, Callers, Compared, Decider, Effect, FULL_AWS_ACCESS, Kind, Level, Policy, PolicyChain,
    RequestSet, compare, may_be_allowed,
};

/// As many characters as a service control policy may have, and as many policies as a chain may.
const SIZE: usize = 10_240;
const LEVELS: usize = 7;
const EACH: usize = 10;

fn main() {
    // What remains of the arguments that cargo passes is a kind, or nothing.
    if let Some(kind) = env::args().skip(1).find(|argument| !argument.starts_with('-')) {
        return one(&kind);
    }
    println!("{:12} {:>18} {:>18} {:>12}  answers", "", "70 policies", "compare two", "memory");
    for kind in KINDS {
        let own = env::current_exe().expect("it runs");
        Command::new(own).arg(kind).status().expect("it runs again");
    }
}

/// Asks both questions about one kind of policies.
fn one(kind: &str) {
    let policies: Vec<Policy> = (1..)
        .map(|seed| largest(seed, |numbers| statement(kind, numbers)))
        .take(LEVELS * (EACH - 1))
        .collect();
    let before = peak();
    let (proof, answer) = timed(|| prove(&policies));
    let [old, new] = [1, 2].map(|seed| largest(seed, |numbers| statement(kind, numbers)));
    let (comparison, Compared { relation, .. }) = timed(|| compare(black_box(&old), black_box(&new)));
    let answer = match answer {
        Answer::None => "none",
        Answer::Witness(_) => "found",
        Answer::Undecided(_) => "undecided",
    };
    let memory = peak().saturating_sub(before) / 1024;
    println!("{kind:12} {proof:>18.1?} {comparison:>18.1?} {memory:>9} MB  {answer}, {relation:?}");
}

/// The middle of three runs.
fn timed<T>(run: impl Fn() -> T) -> (Duration, T) {
    let mut runs: Vec<(Duration, T)> = (0..3)
        .map(|_| {
            let (start, before) = (Instant::now(), on_processor());
            let answer = run();
            let waited = start.elapsed();
            (
                on_processor().zip(before).map_or(waited, |(after, before)| after.saturating_sub(before)),
                answer,
            )
        })
        .collect();
    runs.sort_by_key(|(elapsed, _)| *elapsed);
    runs.swap_remove(1)
}

/// How long the process has had a processor, whatever else the machine does, where the system tells.
fn on_processor() -> Option<Duration> {
    let times = fs::read_to_string("/proc/self/schedstat").ok()?;
    times.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// The most memory that the process has had, in kilobytes; 0 where the system does not tell.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// Small numbers that look random, the same ones every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// `*a*b*c*`
    fn pattern(&mut self) -> String {
        let letters: Vec<String> = (0..3).map(|_| char::from(b'a' + self.letter()).to_string()).collect();
        format!("*{}*", letters.join("*"))
    }

    fn letter(&mut self) -> u8 {
        u8::try_from(self.below(26)).unwrap_or_default()
    }
}

/// A policy that is as large as it may be, of statements that a function writes.
fn largest(seed: u64, mut statement: impl FnMut(&mut Numbers) -> String) -> Policy {
    let mut numbers = Numbers(seed);
    let mut text = String::new();
    loop {
        let next = statement(&mut numbers);
        if text.len() + next.len() + 60 > SIZE {
            break;
        }
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&next);
    }
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{text}]}}"#);
    Policy::parse(text, Kind::ServiceControl).expect("it is a policy")
}

/// A list of so many texts.
fn list(many: usize, mut one: impl FnMut() -> String) -> String {
    let all: Vec<String> = (0..many).map(|_| format!("\"{}\"", one())).collect();
    all.join(",")
}

fn deny(elements: &str) -> String {
    format!(r#"{{"Effect":"Deny",{elements}}}"#)
}

const ALL: &str = r#""Action":"*","Resource":"*""#;

/// Each kind of statement that is meant to be hard.
fn statement(kind: &str, numbers: &mut Numbers) -> String {
    let tag = numbers.below(40);
    match kind {
        "actions" => deny(&format!(
            r#""Action":[{}],"Resource":"*""#,
            list(200, || format!("s3:{}", numbers.pattern()))
        )),
        "not-actions" => deny(&format!(
            r#""NotAction":[{}],"Resource":"*""#,
            list(20, || format!("s3:{}", numbers.pattern()))
        )),
        "resources" => deny(&format!(
            r#""Action":"*","Resource":[{}]"#,
            list(20, || format!("arn:aws:s3:::{}", numbers.pattern()))
        )),
        "principals" => deny(&format!(
            r#"{ALL},"Condition":{{"ArnNotLike":{{"aws:PrincipalArn":[{}]}}}}"#,
            list(20, || format!("arn:aws:iam::*:role/{}", numbers.pattern()))
        )),
        "tags" => deny(&format!(
            r#"{ALL},"Condition":{{"StringNotLike":{{"aws:PrincipalTag/t":[{}]}}}}"#,
            list(20, || numbers.pattern())
        )),
        "keys" => deny(&format!(
            r#"{ALL},"Condition":{{"StringLike":{{"aws:PrincipalTag/t{tag}":"{}"}},"StringNotLike":{{"aws:RequestTag/t{}":"{}"}}}}"#,
            numbers.pattern(),
            numbers.below(40),
            numbers.pattern()
        )),
        "values" => deny(&format!(
            r#"{ALL},"Condition":{{"StringNotEquals":{{"aws:PrincipalTag/t":[{}]}}}}"#,
            list(600, || numbers.below(1_000_000).to_string())
        )),
        "sets" => deny(&format!(
            r#"{ALL},"Condition":{{"ForAllValues:StringNotLike":{{"aws:TagKeys":[{}]}},"ForAnyValue:StringLike":{{"aws:TagKeys":[{}]}}}}"#,
            list(3, || numbers.pattern()),
            list(3, || numbers.pattern())
        )),
        // Whether all of them leave a choice open is the problem that no search solves fast.
        "clauses" => {
            let first = numbers.below(20);
            let lines = [first, 20 + numbers.below(20), 40 + numbers.below(20)]
                .map(|key| format!(r#""aws:PrincipalTag/v{key}":"{}""#, numbers.below(2)));
            deny(&format!(r#"{ALL},"Condition":{{"StringEquals":{{{}}}}}"#, lines.join(",")))
        }
        "accounts" => {
            let accounts = list(650, || format!("{:012}", numbers.below(1_000_000)));
            deny(&format!(
                r#"{ALL},"Condition":{{"StringNotEquals":{{"aws:PrincipalAccount":[{accounts}]}}}}"#
            ))
        }
        "ranges" => deny(&format!(
            r#"{ALL},"Condition":{{"NotIpAddress":{{"aws:SourceIp":[{}]}}}}"#,
            list(400, || format!(
                "{}.{}.{}.0/{}",
                numbers.below(220),
                numbers.below(256),
                numbers.below(256),
                8 + numbers.below(20)
            ))
        )),
        "numbers" => deny(&format!(
            r#"{ALL},"Condition":{{"NumericNotEquals":{{"aws:MultiFactorAuthAge":[{}]}}}}"#,
            list(600, || numbers.below(1_000_000).to_string())
        )),
        "statements" => {
            deny(&format!(r#""Action":"s{}:A{}*","Resource":"*""#, numbers.below(40), numbers.below(1000)))
        }
        _ => deny(&format!(
            r#""Action":"s3:{}","Resource":"arn:aws:s3:::{}","Condition":{{"StringLike":{{"aws:PrincipalTag/t{tag}":"{}"}}}}"#,
            numbers.pattern(),
            numbers.pattern(),
            numbers.pattern()
        )),
    }
}

const KINDS: [&str; 14] = [
    "actions",
    "not-actions",
    "resources",
    "principals",
    "tags",
    "keys",
    "values",
    "accounts",
    "sets",
    "clauses",
    "ranges",
    "numbers",
    "statements",
    "mixed",
];

/// A guardrail over ten policies on each of seven levels, each policy as large as it may be and none like another.
fn prove(policies: &[Policy]) -> Answer {
    let policy = |text: &str| Policy::parse(text, Kind::ServiceControl).expect("it is a policy");
    let full = policy(FULL_AWS_ACCESS);
    let levels = policies.chunks(EACH - 1).map(|chunk| {
        let mut deciders = vec![Decider { name: "FullAWSAccess", policy: &full }];
        deciders.extend(chunk.iter().map(|policy| Decider { name: "policy", policy }));
        Level { target: "level", policies: deciders }
    });
    let chain = PolicyChain(levels.collect());
    let wanted = policy(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","NotAction":"iam:*","Resource":"*",
            "Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}}"#,
    );
    let set = RequestSet::effect(&wanted, Effect::Deny)
        .and(RequestSet::by(Callers::Principals))
        .minus(RequestSet::by(Callers::ServiceLinked));
    may_be_allowed(set, Some(&chain), None)
}
