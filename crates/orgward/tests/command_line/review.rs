//! `orgward plan review`, from the outside.

use std::process::Stdio;

use crate::support::{self, Folder, fixture, text_of};

/// A plan in which anyone may become a role.
const BAD: &str = "public-trust/bad-star-string.json";
/// A plan that stopped at an error.
const ERRORED: &str = "unverifiable-plan/bad-errored.json";

/// A plan that does nothing.
const NOTHING: &str = r#"{"format_version":"1.2","terraform_version":"1.11.4","resource_changes":[],"configuration":{"root_module":{}}}"#;

#[test]
fn a_plan_that_does_nothing_is_clean() {
    let folder = Folder::new();
    folder.write("plan.json", NOTHING);
    let run = folder.run(["plan", "review", "plan.json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    assert!(run.stdout.contains("reviewed plan.json"), "{run:?}");
}

#[test]
fn a_bad_plan_is_blocked() {
    let folder = Folder::new();
    folder.write("plan.json", text_of(BAD));
    let run = folder.run(["plan", "review", "plan.json"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{run:?}");
    assert!(run.stdout.contains("aws_iam_role.reports"), "{run:?}");
    assert!(run.stdout.contains("\nblocked: "), "{run:?}");

    let run = folder.run(["plan", "review", "--fail-on", "never", "plan.json"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("\nnot blocked: "), "{run:?}");

    let run = folder.run(["plan", "review", "--quiet", "plan.json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.lines().last().unwrap().starts_with("blocked: "), "{run:?}");
}

#[test]
fn an_incomplete_plan_is_no_pass() {
    let folder = Folder::new();
    folder.write("plan.json", text_of(ERRORED));
    let run = folder.run(["plan", "review", "--fail-on", "never", "plan.json"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stdout.contains("\nincomplete: plan.json"), "{run:?}");
    assert!(run.stdout.contains("--allow-incomplete"), "{run:?}");
    let run = folder.run(["plan", "review", "--fail-on", "never", "--allow-incomplete", "plan.json"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!run.stdout.contains("clean"), "{run:?}");
}

#[test]
fn json_agrees_with_the_exit_code() {
    let folder = Folder::new();
    folder.write("bad.json", text_of(BAD));
    folder.write("nothing.json", NOTHING);
    folder.write("errored.json", text_of(ERRORED));
    for (plan, code, verdict, incomplete) in [
        ("bad.json", 1, "blocked", None),
        ("nothing.json", 0, "clean", None),
        ("errored.json", 2, "blocked", Some(true)),
    ] {
        let run = folder.run(["plan", "review", "--format", "json", plan]);
        let json = run.json();
        assert_eq!((run.code, json["verdict"].as_str()), (code, Some(verdict)), "{plan}: {run:?}");
        assert_eq!(json.get("incomplete").and_then(serde_json::Value::as_bool), incomplete, "{plan}");
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn several_formats_in_one_run() {
    let folder = Folder::new();
    folder.write("plan.json", text_of(BAD));
    let outputs = ["--output", "json=review.json", "--output", "terminal=review.txt"];
    let run = folder.run(["plan", "review", "plan.json", "--color", "always"].iter().chain(&outputs));
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("\u{1b}["));
    let json = std::fs::read_to_string(folder.path("review.json")).unwrap();
    assert_eq!(json, folder.run(["plan", "review", "plan.json", "--format", "json"]).stdout);
    let text = std::fs::read_to_string(folder.path("review.txt")).unwrap();
    assert!(text.contains("\nblocked: ") && !text.contains('\u{1b}'), "{text}");

    let run = folder.run(["plan", "review", "plan.json", "--output", "json=missing/review.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("missing/review.json"), "{run:?}");
}

#[test]
fn colors_are_for_those_who_want_them() {
    let folder = Folder::new();
    folder.write("plan.json", text_of(BAD));
    let has_color = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = folder.command(["plan", "review", "plan.json"]);
        let run = support::finish(command.args(arguments).envs(variables.iter().copied()));
        run.stdout.contains('\u{1b}')
    };
    assert!(!has_color(&[], &[]), "nobody sees it");
    assert!(has_color(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!has_color(&[("CLICOLOR_FORCE", "0")], &[]));
    assert!(!has_color(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(has_color(&[("NO_COLOR", "1")], &["--color", "always"]));
    assert!(!has_color(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
}

#[test]
fn standard_input_is_a_plan() {
    let folder = Folder::new();
    let run = folder.run_with_input(["plan", "review", "-"], text_of(BAD).as_bytes());
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("reviewed <stdin>"), "{run:?}");
    let run = folder.run_with_input(["plan", "review", "-", "--org", "-"], text_of(BAD).as_bytes());
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("standard input is asked for twice"), "{run:?}");
}

#[test]
fn several_plans_are_one_review() {
    let folder = Folder::new();
    folder.write("bad.json", text_of(BAD));
    folder.write("nothing.json", NOTHING);
    let run = folder.run(["plan", "review", "nothing.json", "bad.json", "--format", "json"]);
    let json = run.json();
    let names: Vec<_> = json["inputs"].as_array().unwrap().iter().map(|input| &input["name"]).collect();
    assert_eq!(names, ["nothing.json", "bad.json"]);
    assert_eq!(run.code, 1);
    let run = folder.run(["plan", "review", "bad.json", "bad.json"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`bad.json` is given twice"), "{run:?}");
}

#[test]
fn the_one_plan_of_the_folder_is_found() {
    let folder = Folder::new();
    let run = folder.run(["plan", "review"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("there is no plan in the current folder"), "{run:?}");
    assert!(run.stderr.contains("terraform plan -out=tfplan"), "{run:?}");
    folder.write("tfplan.json", text_of(BAD));
    folder.write("package.json", "{}");
    let run = folder.run(["plan", "review"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("reviewed tfplan.json"), "{run:?}");
    folder.write("other.tfplan.json", NOTHING);
    let run = folder.run(["plan", "review"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`other.tfplan.json`, `tfplan.json`"), "{run:?}");
}

#[test]
fn what_cannot_be_read_fails_and_is_named() {
    let folder = Folder::new();
    let whole = text_of(BAD);
    folder.write("cut.json", &whole[..whole.len() / 2]);
    folder.write("empty.json", "");
    folder.write("noise.json", [0xff, 0x00, 0x9b, 0x80, 0x31]);
    folder.write("array.json", "[]");
    folder.write("configuration.json", "resource \"aws_iam_role\" \"x\" {\n}\n");
    for name in ["missing.json", "cut.json", "empty.json", "noise.json", "array.json", "configuration.json"] {
        let run = folder.run(["plan", "review", name]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{name}: {run:?}");
        assert!(run.stderr.contains(&format!("`{name}`")), "{name}: {run:?}");
    }
}

#[test]
fn wrong_usage_is_no_verdict() {
    let folder = Folder::new();
    folder.write("plan.json", NOTHING);
    let usages: [&[&str]; 5] = [
        &[],
        &["plan", "review", "plan.json", "--fail-on", "everything"],
        &["plan", "review", "plan.json", "--format", "pdf"],
        &["plan", "review", "plan.json", "--output", "review.json"],
        &["plan", "review", "plan.json", "--config", "missing.toml"],
    ];
    for usage in usages {
        let run = folder.run(usage);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
        assert_ne!(run.stderr, "");
    }
}

#[test]
fn a_mistake_in_the_configuration_is_no_verdict() {
    let folder = Folder::new();
    folder.write("plan.json", NOTHING);
    folder.write("orgward.toml", "this is bad = = toml");
    let run = folder.run(["plan", "review", "plan.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    folder.write("good.toml", "");
    let run = folder.run(["plan", "review", "plan.json", "--config", "good.toml"]);
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = Folder::new();
    folder.write("bad.json", text_of(BAD));
    folder.write("nothing.json", NOTHING);
    for (plan, code) in [("bad.json", 1), ("nothing.json", 0)] {
        let mut child = folder
            .command(["plan", "review", "--format", "json", plan])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(output.stderr, b"");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_report_that_cannot_be_written_is_a_failure() {
    let folder = Folder::new();
    folder.write("plan.json", NOTHING);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = folder.command(["plan", "review", "plan.json"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
#[cfg(unix)]
fn a_saved_plan_is_shown_by_terraform_in_its_folder() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new();
    std::fs::create_dir(folder.path("stack")).unwrap();
    folder.write("stack/-plan", b"PK\x03\x04");
    folder.write("stack/shown.json", text_of(BAD));
    let run = folder.run(["plan", "review", "stack/-plan"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`stack/-plan` is a saved plan"), "{run:?}");
    assert!(run.stderr.contains("terraform show -json"), "{run:?}");

    // Not Terraform, but what it does: shows what lies beside the plan.
    std::fs::create_dir(folder.path("bin")).unwrap();
    let script = "#!/bin/sh\n[ \"$*\" = 'show -json -no-color ./-plan' ] || exit 1\nwhile read -r line; do echo \"$line\"; done < shown.json\n";
    let program = folder.write("bin/tofu", script);
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = folder.command(["plan", "review", "stack/-plan"]);
    let run = support::finish(command.env("PATH", folder.path("bin")));
    assert_eq!(run.code, 1, "{run:?}");

    let failing = folder.write("bin/tofu", "#!/bin/sh\necho 'Error: no provider' >&2\nexit 1\n");
    std::fs::set_permissions(failing, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = folder.command(["plan", "review", "stack/-plan"]);
    let run = support::finish(command.env("PATH", folder.path("bin")));
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("Error: no provider") && run.stderr.contains("tofu init"), "{run:?}");
}

#[test]
fn rules_are_listed_and_explained() {
    let folder = Folder::new();
    let list = folder.run(["rules"]);
    assert_eq!(list.code, 0);
    let ids: Vec<_> = list.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(ids.contains(&"public-trust"), "{list:?}");
    for id in ids {
        let run = folder.run(["rules", id]);
        assert_eq!(run.code, 0);
        assert!(run.stdout.starts_with(&format!("# {id}\n")), "{run:?}");
    }
    let run = folder.run(["rules", "public-trusts"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("did you mean `public-trust`?"), "{run:?}");
}

#[test]
fn completions_are_printed() {
    let run = Folder::new().run(["completions", "bash"]);
    assert_eq!(run.code, 0);
    assert!(run.stdout.contains("_orgward"));
}

#[test]
fn fixtures_are_reviewed_without_failing() {
    let folder = Folder::new();
    for name in ["demo/first.json", "demo/second.json", "demo/create.json"] {
        let run = folder.run(["plan".as_ref(), "review".as_ref(), fixture(name).as_os_str()]);
        assert!(matches!(run.code, 0 | 1), "{name}: {run:?}");
    }
}

/// One screen: the worst in full, and of what else blocks nothing that is neither named nor counted.
#[test]
fn a_report_is_one_screen_unless_more_is_asked_for() {
    let (plan, config) = (fixture("demo/second.json"), fixture("demo/orgward.toml"));
    let (plan, config) = (plan.display().to_string(), config.display().to_string());
    let folder = Folder::new();
    let run = folder.run(["plan", "review", "--config", &config, &plan]);
    let lines = run.stdout.lines().count();
    assert!(lines <= 62, "{lines} lines:\n{}", run.stdout);
    let json = folder.run(["plan", "review", "--config", &config, "--format", "json", &plan]).json();
    for finding in json["findings"].as_array().unwrap().iter().filter(|it| it["blocks"] == true) {
        let address = finding["address"].as_str().or(finding["target"].as_str()).unwrap_or_default();
        let follows = finding["cause"].is_string();
        assert!(follows || run.stdout.contains(address), "{address} is not named:\n{}", run.stdout);
    }
    assert!(run.stdout.contains("4 findings follow from it"), "{}", run.stdout);
    // The cause of the worst stands in full, and the rest is a flag away.
    assert!(run.stdout.contains("admits principals of any account"), "{}", run.stdout);
    let all = folder.run(["plan", "review", "--verbose", "--config", &config, &plan]);
    assert!(all.stdout.lines().count() > lines, "{}", all.stdout);
    assert!(all.stdout.contains("follows:"), "{}", all.stdout);
}

/// Hundreds of findings that block are counted by their rules.
#[test]
fn what_has_no_room_is_counted_and_named() {
    let folder = Folder::new();
    let mut roles = Vec::new();
    let mut shown = Vec::new();
    for at in 0..200 {
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"S{at}","Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}}]}}"#
        );
        let name = format!("r{at}");
        roles.push(serde_json::json!({
            "address": format!("aws_iam_role.{name}"), "mode": "managed", "type": "aws_iam_role", "name": name,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": { "actions": ["create"], "before": null, "after": { "name": name, "assume_role_policy": trust },
                "after_unknown": { "arn": true } },
        }));
        shown.push(serde_json::json!({
            "address": format!("aws_iam_role.{name}"), "mode": "managed", "type": "aws_iam_role", "name": name,
            "provider_config_key": "aws", "expressions": {}, "schema_version": 0,
        }));
    }
    let plan = serde_json::json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": roles,
        "configuration": { "provider_config": { "aws": { "name": "aws",
            "full_name": "registry.terraform.io/hashicorp/aws" } }, "root_module": { "resources": shown } },
    });
    folder.write("plan.json", plan.to_string());
    let run = folder.run(["plan", "review", "--no-source", "plan.json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.lines().count() <= 90, "{}", run.stdout);
    let json = folder.run(["plan", "review", "--no-source", "--format", "json", "plan.json"]).json();
    let blocking: std::collections::BTreeSet<&str> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["blocks"] == true)
        .filter_map(|it| it["rule"].as_str())
        .collect();
    for rule in blocking {
        assert!(run.stdout.contains(rule), "{rule} blocks and is not named:\n{}", run.stdout);
    }
    assert!(run.stdout.contains("200 critical findings are new"), "{}", run.stdout);
}
