//! Shards, their merge, and findings for data lakes.

use std::path::PathBuf;

use crate::support::{Folder, Run, fixture};

/// Plans of several stacks, beside each other.
const PLANS: [&str; 4] = [
    "demo/second.json",
    "public-resource/bad-bucket.json",
    "public-resource/bad-unknown-policy.json",
    "public-resource/good-blocked.json",
];

fn review(folder: &Folder, more: &[&str]) -> Run {
    let mut arguments = vec!["plan".to_owned(), "review".to_owned(), "--no-source".to_owned()];
    arguments.extend(PLANS.map(|plan| fixture(plan).display().to_string()));
    arguments.extend(more.iter().map(|it| (*it).to_owned()));
    folder.run(arguments)
}

fn parts(folder: &Folder, of: usize) -> Vec<PathBuf> {
    let part = |index: usize| {
        let run = review(folder, &["--format", "json", "--shard", &format!("{index}/{of}")]);
        assert!(run.code < 2, "{run:?}");
        folder.write(&format!("{index}-of-{of}.json"), run.stdout)
    };
    (1..=of).map(part).collect()
}

fn merge(folder: &Folder, parts: &[PathBuf]) -> Run {
    let mut arguments = vec![PathBuf::from("review"), PathBuf::from("merge")];
    arguments.extend(parts.iter().cloned());
    folder.run(arguments)
}

#[test]
fn merged_shards_are_the_single_run_byte_for_byte() {
    let folder = Folder::new();
    let whole = review(&folder, &["--format", "json"]);
    for of in [1, 3, 16] {
        let mut parts = parts(&folder, of);
        // In whatever order they arrive.
        parts.reverse();
        let merged = merge(&folder, &parts);
        assert_eq!((merged.stdout, merged.code), (whole.stdout.clone(), whole.code), "{of}");
    }
}

#[test]
fn shards_differ_and_none_is_cleaner_than_what_is_of_it() {
    let folder = Folder::new();
    let whole = review(&folder, &["--format", "json"]).json();
    let parts: Vec<Run> = (1..=3)
        .map(|index| review(&folder, &["--format", "json", "--shard", &format!("{index}/3")]))
        .collect();
    let mut all = 0;
    for part in &parts {
        let json = part.json();
        let findings = json["findings"].as_array().unwrap();
        assert!(!findings.is_empty() && findings.len() < whole["findings"].as_array().unwrap().len());
        assert_eq!(json["inputs"], whole["inputs"], "each has seen all inputs");
        let blocks = findings.iter().any(|finding| finding["blocks"] == true);
        assert_eq!(part.code, i32::from(blocks));
        // What is about one input is in one shard, so that its owners read one report.
        all += findings.len();
    }
    assert_eq!(all, whole["findings"].as_array().unwrap().len());
    assert_eq!(
        parts[0].stdout,
        review(&folder, &["--format", "json", "--shard", "1/3"]).stdout,
        "the same each time"
    );
}

#[test]
fn what_does_not_make_a_whole_is_refused() {
    let folder = Folder::new();
    let parts = parts(&folder, 3);
    let refused = |parts: &[PathBuf], says: &str| {
        let run = merge(&folder, parts);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{says}");
        assert!(run.stderr.contains(says), "{says}: {}", run.stderr);
    };
    refused(&parts[..2], "shard 3 of 3 is missing");
    let again = folder.write("again.json", std::fs::read(&parts[0]).unwrap());
    refused(&[&parts[..], &[again]].concat(), "shard 1 of 3 is given twice");
    let whole = folder.write("whole.json", review(&folder, &["--format", "json"]).stdout);
    refused(&[whole], "is a whole review");
    let other = review(&folder, &["--format", "json", "--shard", "3/3", "--fail-on", "never"]);
    let other = folder.write("other.json", other.stdout);
    refused(&[parts[0].clone(), parts[1].clone(), other], "their gates differ");
    refused(&[folder.write("text.json", "{\"a\": 1}")], "is no review");
    let text = std::fs::read_to_string(&parts[0]).unwrap();
    let cut = folder.write("cut.json", text.replacen("\"findings\": ", "\"findings\": 9", 1));
    refused(&[cut, parts[1].clone(), parts[2].clone()], "are parts of different reviews");
    for wrong in ["0/3", "4/3", "3", "a/b", "1/0"] {
        assert_eq!(review(&folder, &["--shard", wrong]).code, 2, "{wrong}");
    }
}

#[test]
fn each_finding_is_a_compliance_finding_of_ocsf() {
    let folder = Folder::new();
    let whole = review(&folder, &["--format", "json"]).json();
    let mut arguments = vec!["plan".to_owned(), "review".to_owned(), "--no-source".to_owned()];
    arguments.extend(PLANS.map(|plan| fixture(plan).display().to_string()));
    arguments.extend(["--format".to_owned(), "ocsf".to_owned()]);
    let mut command = folder.command(&arguments);
    let run = crate::support::finish(command.env("SOURCE_DATE_EPOCH", "1700000000"));
    let lines: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let findings = whole["findings"].as_array().unwrap();
    assert_eq!(lines.len(), findings.len());
    for (line, finding) in lines.iter().zip(findings) {
        // What version 1.3.0 requires of the class, of what it is made of, and of every event.
        for (pointer, value) in [
            ("/activity_id", 1.into()),
            ("/category_uid", 2.into()),
            ("/class_uid", 2003.into()),
            ("/type_uid", 200_301.into()),
            ("/time", 1_700_000_000_000_i64.into()),
            ("/metadata/version", serde_json::Value::from("1.3.0")),
            ("/metadata/product/vendor_name", "orgward".into()),
            ("/finding_info/uid", finding["fingerprint"].clone()),
            ("/compliance/control", finding["rule"].clone()),
            ("/unmapped/blocks", finding["blocks"].clone()),
        ] {
            assert_eq!(line.pointer(pointer), Some(&value), "{pointer}: {line}");
        }
        assert!(line["finding_info"]["title"].is_string());
        assert!(!line["compliance"]["standards"].as_array().unwrap().is_empty());
        let severity = match finding["severity"].as_str().unwrap() {
            "info" => 1,
            "low" => 2,
            "medium" => 3,
            "high" => 4,
            _ => 5,
        };
        assert_eq!(line["severity_id"], severity);
        let result = if finding["verdict"] == "found" { 3 } else { 2 };
        assert_eq!(line["compliance"]["status_id"], result, "what is undecided is no failure, and no pass");
        for resource in line["resources"].as_array().unwrap() {
            assert!(resource["name"].is_string() || resource["uid"].is_string());
        }
    }
}
