//! A plan of 100 MB: how long a review takes beside `serde_json` skipping through the same bytes, and how much memory.
//!
//! `cargo bench -p orgward`. The plan is the demonstration's second one with many resources of a member account added,
//! in all the sections in which Terraform lists them.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run should say so"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use divan::Bencher;
use orgward_config::Config;
use orgward_finding::{Gate, Severity};
use orgward_org::Organization;
use orgward_plan::{Document, Plan};
use orgward_rules::Question;
use serde::de::IgnoredAny;

/// How large the plan is, in bytes, at least.
const SIZE: usize = 100 << 20;

fn main() {
    divan::main();
    memory();
}

/// What the review has to beat by no more than three times.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn skip_with_serde_json(bencher: Bencher) {
    let plan = plan();
    bencher.bench(|| serde_json::from_slice::<IgnoredAny>(plan.as_bytes()).expect("it is JSON"));
}

/// From bytes to the review.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn review(bencher: Bencher) {
    let plan = plan();
    bencher.with_inputs(|| plan.clone().into_bytes()).bench_values(|bytes| {
        let document = Document::decode("plan.json", bytes).expect("it is text");
        let plan = Plan::parse(&document).expect("it is a plan");
        let config = Config::default();
        let plans = [plan];
        let organization = Organization::of(&plans, &[], &config.declared());
        let gate = Gate { fail_on: Some(Severity::Medium), existing: false };
        let review = orgward_rules::review(
            &organization,
            &plans,
            &config,
            Question {
                gate,
                today: jiff::civil::date(2026, 11, 21),
                baseline: &[],
                allow_incomplete: false,
                events: None,
            },
        );
        assert!(review.findings.iter().any(|finding| finding.rule == "public-trust"));
        review
    });
}

/// Runs the program on the plan and prints its peak resident size beside the size of the file.
#[expect(clippy::print_stdout, reason = "a benchmark reports to whoever runs it")]
fn memory() {
    let file = directory().join("large-plan.json");
    let plan = plan();
    std::fs::write(&file, &plan).expect("the folder for temporary files can be written");
    let mut child = Command::new(env!("CARGO_BIN_EXE_orgward"))
        .args(["plan", "review", "--quiet"])
        .arg(&file)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program was built");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().expect("it is our child").is_none() {
        peak = peak.max(peak_of(Path::new(&status)).unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let mebi = |bytes: usize| bytes >> 20;
    if peak == 0 {
        println!("memory: this system does not tell the peak of a process");
    } else {
        // Hundredths, by whole numbers.
        let ratio = peak * 100 / plan.len();
        println!(
            "memory: file {} MiB, peak resident {} MiB, {}.{:02} times the file",
            mebi(plan.len()),
            mebi(peak),
            ratio / 100,
            ratio % 100
        );
    }
    std::fs::remove_file(&file).expect("it was written above");
}

/// The peak resident size of a process in bytes, where the kernel tells.
fn peak_of(status: &Path) -> Option<usize> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok().map(|kilo| kilo << 10)
}

fn directory() -> PathBuf {
    std::env::temp_dir()
}

/// The plan as text.
fn plan() -> String {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/demo/second.json");
    let text = std::fs::read_to_string(fixture).expect("the fixture ships with the repository");
    let mut plan: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let each = 3_250;
    let count = SIZE / each;
    let mut sections: [String; 4] = std::array::from_fn(|_| String::with_capacity(SIZE / 3));
    // Terraform sorts by address: one type after the other, here mostly types that no rule asks for.
    for (kind, values, share) in [
        ("aws_iam_role", role as fn(usize) -> String, 2),
        ("aws_route53_record", record, 50),
        ("aws_s3_bucket", bucket, 18),
        ("aws_security_group_rule", rule, 30),
    ] {
        for index in 0..count * share / 100 {
            add(&mut sections, kind, index, &values(index));
        }
    }
    // The sections are spliced in as text: values of this size are slow to build.
    let [changes, planned, prior, configuration] = sections;
    let hole = |name: &str| serde_json::Value::String(format!("@@{name}@@"));
    let splice = |array: &mut serde_json::Value, name: &str| {
        array.as_array_mut().expect("it is a list").push(hole(name));
    };
    splice(&mut plan["resource_changes"], "changes");
    splice(&mut plan["planned_values"]["root_module"]["resources"], "planned");
    splice(&mut plan["prior_state"]["values"]["root_module"]["resources"], "prior");
    splice(&mut plan["configuration"]["root_module"]["resources"], "configuration");
    let mut text = plan.to_string();
    for (name, section) in
        [("changes", changes), ("planned", planned), ("prior", prior), ("configuration", configuration)]
    {
        text = text.replacen(&format!("\"@@{name}@@\""), section.trim_end_matches(','), 1);
    }
    assert!(text.len() >= SIZE, "{} bytes", text.len());
    text
}

/// Adds one resource to all sections.
fn add([changes, planned, prior, configuration]: &mut [String; 4], kind: &str, index: usize, values: &str) {
    let head = format!(
        r#""address":"{kind}.r{index:06}","mode":"managed","type":"{kind}","name":"r{index:06}","provider_name":"registry.terraform.io/hashicorp/aws""#
    );
    let write = "strings take everything";
    write!(
        changes,
        r#"{{{head},"change":{{"actions":["no-op"],"before":{values},"after":{values},"after_unknown":{{}},"before_sensitive":{{"tags":{{}}}},"after_sensitive":{{"tags":{{}}}}}}}},"#
    )
    .expect(write);
    for section in [planned, prior] {
        write!(
            section,
            r#"{{{head},"schema_version":0,"values":{values},"sensitive_values":{{"tags":{{}}}}}},"#
        )
        .expect(write);
    }
    write!(
        configuration,
        r#"{{"address":"{kind}.r{index:06}","mode":"managed","type":"{kind}","name":"r{index:06}","provider_config_key":"aws.warehouse_prod","expressions":{{"name":{{"constant_value":"r{index}"}},"tags":{{"references":["var.tags"]}}}},"schema_version":0}},"#
    )
    .expect(write);
}

const TAGS: &str = r#"{"CostCenter":"1234567890","DataClass":"internal","Environment":"production","ManagedBy":"terraform","Owner":"platform@example.com","Repository":"https://git.example.com/platform/network"}"#;

fn record(index: usize) -> String {
    format!(
        r#"{{"alias":[],"allow_overwrite":null,"cidr_routing_policy":[],"failover_routing_policy":[],"fqdn":"r{index}.internal.example.com","geolocation_routing_policy":[],"health_check_id":"","id":"Z0123456789ABCDEFGHIJ_r{index}.internal.example.com_A","name":"r{index}.internal.example.com","records":["10.20.30.40","10.20.30.41","10.20.30.42"],"set_identifier":"","ttl":300,"type":"A","weighted_routing_policy":[],"zone_id":"Z0123456789ABCDEFGHIJ","tags":{TAGS}}}"#
    )
}

fn rule(index: usize) -> String {
    format!(
        r#"{{"cidr_blocks":["10.0.0.0/8","172.16.0.0/12"],"description":"from the network of the company to service {index}","from_port":443,"id":"sgrule-{index}","ipv6_cidr_blocks":[],"prefix_list_ids":[],"protocol":"tcp","security_group_id":"sg-0123456789abcdef0","security_group_rule_id":"sgr-0123456789{index}","self":false,"source_security_group_id":null,"to_port":443,"type":"ingress","tags":{TAGS}}}"#
    )
}

fn bucket(index: usize) -> String {
    format!(
        r#"{{"acceleration_status":"","arn":"arn:aws:s3:::bucket-{index}","bucket":"bucket-{index}","bucket_domain_name":"bucket-{index}.s3.amazonaws.com","bucket_prefix":"","bucket_regional_domain_name":"bucket-{index}.s3.eu-central-1.amazonaws.com","cors_rule":[],"force_destroy":false,"grant":[],"hosted_zone_id":"Z21DNDUVLTQW6Q","id":"bucket-{index}","lifecycle_rule":[],"logging":[],"object_lock_enabled":false,"policy":"","region":"eu-central-1","replication_configuration":[],"request_payer":"BucketOwner","tags":{TAGS},"versioning":[{{"enabled":true,"mfa_delete":false}}],"website":[]}}"#
    )
}

fn role(index: usize) -> String {
    let trust = r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Action\":\"sts:AssumeRole\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"}}]}"#;
    format!(
        r#"{{"arn":"arn:aws:iam::101010101010:role/r{index}","assume_role_policy":"{trust}","description":"","force_detach_policies":false,"id":"r{index}","inline_policy":[],"managed_policy_arns":[],"max_session_duration":3600,"name":"r{index:06}","name_prefix":"","path":"/","permissions_boundary":"","tags":{TAGS},"unique_id":"AROA{index}"}}"#
    )
}
