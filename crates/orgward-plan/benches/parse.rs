//! How long reading a large plan takes, next to how long `serde_json` takes to skip it.

use std::fmt::Write;
use std::sync::OnceLock;

use divan::Bencher;
use divan::counter::BytesCount;
use orgward_plan::{Document, Plan};
use serde::de::IgnoredAny;

/// The size of the plan in bytes.
const SIZE: usize = 100 * 1024 * 1024;
/// One instance in so many is of IAM; the others are irrelevant to governance.
const IAM: usize = 20;

fn main() {
    divan::main();
}

/// A plan whose rows are as large as those of real ones: about two kilobytes for each instance in each of
/// the three sections that repeat it.
fn plan() -> &'static str {
    static PLAN: OnceLock<String> = OnceLock::new();
    PLAN.get_or_init(|| {
        let (mut rows, mut values) = (String::new(), String::new());
        for number in 0.. {
            if rows.len() + 2 * values.len() > SIZE {
                break;
            }
            let (kind, body) = if number % IAM == 0 {
                ("aws_iam_role", role(number))
            } else {
                ("aws_instance", machine(number))
            };
            let comma = if number == 0 { "" } else { "," };
            let head = format!(
                r#""address":"{kind}.this[{number}]","mode":"managed","type":"{kind}","name":"this",{}"#,
                format_args!(r#""index":{number},"provider_name":"registry.terraform.io/hashicorp/aws""#),
            );
            let masks = r#""before_sensitive":{"tags":{}},"after_sensitive":{"tags":{}}"#;
            let sides = format!(r#""before":{{{body}}},"after":{{{body}}},"after_unknown":{{}},{masks}"#);
            let _ = write!(rows, r#"{comma}{{{head},"change":{{"actions":["no-op"],{sides}}}}}"#);
            let _ = write!(values, r#"{comma}{{{head},"schema_version":1,"values":{{{body}}}}}"#);
        }
        let values = format!(r#"{{"root_module":{{"resources":[{values}]}}}}"#);
        format!(
            r#"{{"format_version":"1.2","planned_values":{values},"resource_changes":[{rows}],{}}}"#,
            format_args!(r#""prior_state":{{"values":{values}}},"configuration":{{"root_module":{{}}}}"#),
        )
    })
}

fn role(number: usize) -> String {
    let trust = r#"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\"}]}"#;
    format!(r#""arn":"arn:aws:iam::111111111111:role/r{number}","assume_role_policy":"{trust}""#)
}

fn machine(number: usize) -> String {
    let tags: Vec<String> = (0..30).map(|tag| format!(r#""tag-{tag}":"value {tag} of {number}""#)).collect();
    let disk = r#"{"device_name":"/dev/sda1","volume_size":100,"encrypted":true,"tags":null}"#;
    format!(
        r#""ami":"ami-{number}","monitoring":true,"cpu_core_count":4,"user_data":"a\nb \"{number}\"\n",{}"#,
        format_args!(r#""ebs_block_device":[{disk}],"tags":{{{}}}"#, tags.join(",")),
    )
}

/// What any reader of JSON has to do at least.
#[divan::bench(sample_count = 9, sample_size = 1)]
fn skip(bencher: Bencher<'_, '_>) {
    let text = plan();
    bencher.counter(BytesCount::of_str(text)).bench(|| serde_json::from_str::<IgnoredAny>(text).is_ok());
}

#[divan::bench(sample_count = 9, sample_size = 1)]
fn parse(bencher: Bencher<'_, '_>) {
    let Ok(document) = Document::decode("plan.json", plan().as_bytes().to_vec()) else { return };
    bencher.counter(BytesCount::of_str(plan())).bench(|| Plan::parse(&document).is_ok());
}

/// Checking the encoding and finding the JSON, which comes before.
#[divan::bench(sample_count = 9, sample_size = 1)]
fn decode(bencher: Bencher<'_, '_>) {
    let text = plan();
    bencher
        .counter(BytesCount::of_str(text))
        .with_inputs(|| text.as_bytes().to_vec())
        .bench_values(|bytes| Document::decode("plan.json", bytes).is_ok());
}

/// Placing all instances, which looks at the values of some.
#[divan::bench(sample_count = 9, sample_size = 1)]
fn place(bencher: Bencher<'_, '_>) {
    let Ok(document) = Document::decode("plan.json", plan().as_bytes().to_vec()) else { return };
    bencher.with_inputs(|| Plan::parse(&document)).bench_refs(|plan| {
        plan.as_ref()
            .map_or(0, |plan| plan.instances().iter().map(|i| plan.placement(i).evidence.len()).sum())
    });
}
