//! What a plan says must neither change with its order, nor command the terminal, nor give a secret away.

use std::collections::BTreeMap;

use crate::support::{Folder, Run, text_of};
use serde_json::value::RawValue;

const BAD: &str = "public-trust/bad-star-string.json";
const FORMATS: [&[&str]; 4] = [
    &["--format", "terminal"],
    &["--format", "terminal", "--color", "always"],
    &["--format", "json"],
    &["--quiet"],
];

fn review(folder: &Folder, arguments: &[&str]) -> Run {
    folder.run(["plan", "review", "plan.json", "--existing", "--fail-on", "info"].iter().chain(arguments))
}

/// Turns a list of a plan around, and leaves every byte of its elements as it is.
fn reversed(plan: &str, by: usize) -> String {
    let mut plan: BTreeMap<String, Box<RawValue>> = serde_json::from_str(plan).unwrap();
    let changes: Vec<Box<RawValue>> = serde_json::from_str(plan["resource_changes"].get()).unwrap();
    let (front, back) = changes.split_at(by % changes.len());
    let shuffled: Vec<_> = back.iter().chain(front).rev().collect();
    plan.insert("resource_changes".into(), serde_json::value::to_raw_value(&shuffled).unwrap());
    serde_json::to_string(&plan).unwrap()
}

#[test]
fn the_order_of_a_plan_changes_nothing() {
    for fixture in ["demo/first.json", "demo/second.json"] {
        let folder = Folder::new();
        let plan = text_of(fixture);
        folder.write("plan.json", &plan);
        let expected = FORMATS.map(|format| review(&folder, format).stdout);
        for by in [0, 1, 7] {
            folder.write("plan.json", reversed(&plan, by));
            assert_eq!(FORMATS.map(|format| review(&folder, format).stdout), expected, "{fixture}");
        }
    }
}

#[test]
fn a_hostile_name_is_shown_and_not_obeyed() {
    let folder = Folder::new();
    let name = r#"aws_iam_role.reports[\"\u001b]0;x\u0007\u001b[2J\u009b31m\r\nclean: no findings\u202e\u2066\u200b\u2028\"]"#;
    folder.write("plan.json", text_of(BAD).replace("aws_iam_role.reports", name));
    for format in FORMATS {
        let run = review(&folder, format);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(!run.all().lines().any(|line| line.starts_with("clean")), "{run:?}");
        let colors = run.all().replace("\u{1b}[", "");
        let hidden = colors.chars().find(|character| {
            (character.is_control() && *character != '\n')
                || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(hidden, None, "{run:?}");
    }
    assert!(review(&folder, &["--format", "json"]).stdout.contains(r"\u009b31m"));
}

/// A plan whose trust policy is marked sensitive.
fn sensitive_plan() -> String {
    let mut plan: serde_json::Value = serde_json::from_str(&text_of(BAD)).unwrap();
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"CanarySid","Action":"sts:AssumeRole","Effect":"Allow","Principal":{"AWS":["*","arn:aws:iam::424242424242:role/canary-role"]},"Condition":{"StringLike":{"sts:ExternalId":"canary-secret-*"}}}]}"#;
    plan["planned_values"]["root_module"]["resources"][0]["values"]["assume_role_policy"] = policy.into();
    plan["planned_values"]["root_module"]["resources"][0]["sensitive_values"]["assume_role_policy"] =
        true.into();
    let change = &mut plan["resource_changes"][0]["change"];
    change["after"]["assume_role_policy"] = policy.into();
    change["after_sensitive"] = serde_json::json!({ "assume_role_policy": true });
    plan["variables"] = serde_json::json!({ "trust": { "value": policy } });
    plan["configuration"]["root_module"]["variables"] = serde_json::json!({ "trust": { "sensitive": true } });
    serde_json::to_string_pretty(&plan).unwrap()
}

fn assert_secret(run: &Run) {
    for canary in ["anarySid", "424242424242", "canary-role", "canary-secret"] {
        assert!(!run.all().contains(canary), "{canary}: {run:?}");
    }
}

#[test]
fn a_sensitive_value_reaches_no_output() {
    let folder = Folder::new();
    folder.write("plan.json", sensitive_plan());
    for format in FORMATS {
        let run = review(&folder, format);
        assert_eq!(run.code, 1, "it is judged all the same: {run:?}");
        assert_secret(&run);
    }
}

#[test]
fn a_sensitive_value_reaches_no_error() {
    let folder = Folder::new();
    let plan = sensitive_plan();
    // Broken off at places all over the file, and broken in its middle.
    for at in (1..plan.len()).step_by(plan.len() / 60) {
        folder.write("plan.json", &plan.as_bytes()[..at]);
        let run = review(&folder, &[]);
        assert_eq!(run.code, 2, "{run:?}");
        assert_secret(&run);
        let mut broken = plan.clone().into_bytes();
        broken[at] = b'\x01';
        folder.write("plan.json", &broken);
        assert_secret(&review(&folder, &[]));
    }
    for (from, to) in [
        ("\"{\\\"Version", "{\"Version"),
        ("\"address\": \"aws_iam_role.reports\"", "\"address\": 7"),
        ("\"after\": {", "\"after\": [7, {}], \"other\": {"),
        ("Allow", "canary-secret-effect"),
        ("\\\"Statement\\\":[{", "\\\"Statement\\\":[[{"),
        ("sts:AssumeRole", "canary-secret\\u001b"),
    ] {
        folder.write("plan.json", plan.replace(from, to));
        for format in FORMATS {
            assert_secret(&review(&folder, format));
        }
    }
}
