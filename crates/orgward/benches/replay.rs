//! A million events of CloudTrail through the policies before and after a plan: how long it takes, and how much memory.
//!
//! `cargo bench -p orgward --bench replay`. The events are those that people and pipelines make all day: many principals
//! that call the same hundred actions on resources of their own, in a hundred files.

#![expect(clippy::expect_used, reason = "a benchmark that cannot run should say so")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many files there are, and how many events each of them has.
const FILES: usize = 100;
const EVENTS: usize = 10_000;
/// How many roles make the calls.
const ROLES: usize = 2_000;

/// What is called: the service, the event, and the ARN of the resource with `#` for its number.
const CALLS: &[(&str, &str, &str)] = &[
    ("s3", "GetObject", "arn:aws:s3:::data-#/key"),
    ("s3", "PutObject", "arn:aws:s3:::data-#/key"),
    ("s3", "ListObjects", "arn:aws:s3:::data-#"),
    ("dynamodb", "DescribeTable", "arn:aws:dynamodb:eu-west-1:222222222222:table/t#"),
    ("ec2", "DescribeInstances", ""),
    ("ec2", "RunInstances", ""),
    ("lambda", "CreateFunction20150331", "arn:aws:lambda:eu-west-1:222222222222:function:f#"),
    ("monitoring", "PutMetricData", ""),
    ("logs", "CreateLogGroup", "arn:aws:logs:eu-west-1:222222222222:log-group:g#"),
    ("sts", "AssumeRole", "arn:aws:iam::222222222222:role/r#"),
    ("kms", "Decrypt", "arn:aws:kms:eu-west-1:222222222222:key/11111111-2222-3333-4444-555555555555"),
    ("sqs", "SendMessage", "arn:aws:sqs:eu-west-1:222222222222:q#"),
    ("iam", "ListRoles", ""),
    ("cloudformation", "UpdateStack", "arn:aws:cloudformation:eu-west-1:222222222222:stack/s#/1"),
];

#[expect(clippy::print_stdout, reason = "a benchmark reports to whoever runs it")]
fn main() {
    let folder = std::env::temp_dir().join(format!("orgward-replay-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    for file in 0..FILES {
        std::fs::write(folder.join(format!("{file:03}.json")), events(file)).expect("it can be written");
    }
    let plan = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/replay/plan.json");
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_orgward"))
        .arg("replay")
        .arg(&folder)
        .arg("--plan")
        .arg(plan)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program was built");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let code = loop {
        peak = peak.max(peak_of(Path::new(&status)).unwrap_or(0));
        if let Some(code) = child.try_wait().expect("it is our child") {
            break code.code();
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let took = begin.elapsed();
    assert!(matches!(code, Some(0 | 1)), "the program could not replay them: {code:?}");
    let all = u128::try_from(FILES * EVENTS).expect("it is a small number");
    let each_second = all * 1000 / took.as_millis().max(1);
    println!(
        "replay: {all} events in {took:.1?}, {each_second} each second, peak resident {} MiB",
        peak >> 20
    );
    std::fs::remove_dir_all(&folder).expect("it was written above");
}

/// The peak resident size of a process in bytes, where the kernel tells.
fn peak_of(status: &Path) -> Option<usize> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok().map(|kilo| kilo << 10)
}

/// The text of one file.
fn events(file: usize) -> String {
    let mut text = String::from("{\"Records\":[");
    let calls = CALLS.iter().cycle().skip(file).take(EVENTS).enumerate();
    for (at, (service, event, resource)) in calls {
        let number = file * EVENTS + at;
        // A prime spreads the roles over the calls.
        let role = number * 7919 % ROLES;
        let region = if number.is_multiple_of(17) { "us-east-1" } else { "eu-west-1" };
        let comma = if at == 0 { "" } else { "," };
        let resources = if resource.is_empty() {
            String::new()
        } else {
            format!(r#","resources":[{{"ARN":"{}"}}]"#, resource.replace('#', &(number % 500).to_string()))
        };
        write!(
            text,
            r#"{comma}{{"eventVersion":"1.09","eventTime":"2026-11-20T09:00:00Z","eventSource":"{service}.amazonaws.com","eventName":"{event}","awsRegion":"{region}","sourceIPAddress":"203.0.113.5","userAgent":"aws-sdk-go-v2/1.30","eventType":"AwsApiCall","eventID":"{number:032x}","readOnly":false,"userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLE{role}:ci","arn":"arn:aws:sts::222222222222:assumed-role/app-{role}/ci","accountId":"222222222222","sessionContext":{{"sessionIssuer":{{"type":"Role","arn":"arn:aws:iam::222222222222:role/app-{role}","accountId":"222222222222"}},"attributes":{{"mfaAuthenticated":"false"}}}}}},"requestParameters":{{"name":"n{number}"}},"responseElements":null{resources},"recipientAccountId":"222222222222"}}"#
        )
        .expect("strings take everything");
    }
    text.push_str("]}");
    text
}
