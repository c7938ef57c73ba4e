//! Waivers, baselines, formats and lines of files, from the outside.

use std::path::Path;

use serde_json::Value;

use crate::support::{Folder, Run, fixture, text_of};

/// A plan in which anyone may become a role.
const BAD: &str = "public-trust/bad-star-string.json";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("plan.json", text_of(BAD));
    folder
}

fn json(folder: &Folder, plan: &str) -> Value {
    folder.run(["plan", "review", "--format", "json", plan]).json()
}

/// The fingerprint of the finding of a rule.
fn fingerprint(review: &Value, rule: &str) -> String {
    let findings = review["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["rule"] == rule).unwrap();
    finding["fingerprint"].as_str().unwrap().to_owned()
}

fn waive(folder: &Folder, until: &str, more: &[&str]) -> Run {
    let fingerprint = fingerprint(&json(folder, "plan.json"), "public-trust");
    let arguments = [
        "waive",
        fingerprint.as_str(),
        "plan.json",
        "--reason",
        "the portal of partners",
        "--owner",
        "commerce",
        "--until",
        until,
    ];
    folder.run(arguments.iter().chain(more))
}

/// A day that is less than a year away for as long as this is tested.
fn soon() -> String {
    let days = jiff::Span::new().days(200);
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_add(days).to_string()
}

#[test]
fn a_baseline_takes_everything_in_that_is_there() {
    let folder = folder();
    let run = folder.run(["plan", "baseline", "plan.json", "--output", "baseline.json"]);
    assert_eq!((run.code, run.all().as_str()), (0, ""), "{run:?}");
    let printed = folder.run(["plan", "baseline", "plan.json"]);
    assert_eq!(printed.stdout, std::fs::read_to_string(folder.path("baseline.json")).unwrap());

    let run = folder.run(["plan", "review", "plan.json", "--existing", "--baseline", "baseline.json"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("in the baseline"), "{run:?}");

    folder.write("other.json", text_of("public-trust/good-org-id.json"));
    let run = folder.run(["plan", "review", "other.json", "--baseline", "baseline.json"]);
    assert!(run.stdout.contains("in the baseline and no longer there"), "{run:?}");
}

#[test]
fn what_is_no_baseline_is_no_verdict() {
    let folder = folder();
    folder.write("baseline.json", "{\"version\":7,\"findings\":[]}");
    for file in ["baseline.json", "missing.json", "plan.json"] {
        let run = folder.run(["plan", "review", "plan.json", "--baseline", file]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{file}: {run:?}");
        assert!(run.stderr.contains(file), "{run:?}");
    }
    folder.write("errored.json", text_of("unverifiable-plan/bad-errored.json"));
    let run = folder.run(["plan", "baseline", "errored.json", "--output", "baseline.json"]);
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn a_waived_finding_does_not_block_and_every_report_says_who_waived_it() {
    let folder = folder();
    let run = waive(&folder, &soon(), &["--ticket", "ORG-12"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "waived in .orgward/waivers/public-trust.toml\n"),
        "{run:?}"
    );
    let review = json(&folder, "plan.json");
    let finding = &review["findings"][0];
    assert_eq!((&finding["status"], &finding["waiver"]["owner"]), (&"waived".into(), &"commerce".into()));
    for format in ["terminal", "json", "sarif", "junit", "markdown", "html", "github", "gitlab"] {
        let run = folder.run(["plan", "review", "plan.json", "--format", format]);
        assert!(run.stdout.contains("commerce"), "{format}: {run:?}");
    }
    let run = waive(&folder, &soon(), &[]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("is waived already"), "{run:?}");
}

#[test]
fn a_waiver_ends_when_the_access_grows() {
    let folder = folder();
    assert_eq!(waive(&folder, &soon(), &[]).code, 0);
    let plan = text_of(BAD);
    let grown = plan.replace("sts:AssumeRole", "sts:*");
    assert_ne!(plan, grown);
    folder.write("grown.json", grown);
    let run = folder.run(["plan", "review", "grown.json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("does not apply: the statement"), "{run:?}");
}

#[test]
fn a_waiver_that_has_ended_waives_nothing() {
    let folder = folder();
    assert_eq!(waive(&folder, &soon(), &["--output", "orgward.toml"]).code, 0);
    assert_eq!(json(&folder, "plan.json")["findings"][0]["status"], "waived");
    let config = std::fs::read_to_string(folder.path("orgward.toml")).unwrap();
    folder.write("orgward.toml", config.replace(&soon(), "2020-01-31"));
    let review = json(&folder, "plan.json");
    assert_eq!((&review["verdict"], &review["findings"][0]["status"]), (&"blocked".into(), &"new".into()));
    fingerprint(&review, "expired-waiver");
    let run = waive(&folder, "2020-01-31", &[]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
}

#[test]
fn a_broken_waiver_is_no_verdict() {
    let folder = folder();
    std::fs::create_dir_all(folder.path(".orgward/waivers")).unwrap();
    folder.write(".orgward/waivers/a.toml", "[[waiver]]\nrule = 'public-trust'\n");
    let run = folder.run(["plan", "review", "plan.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(run.stderr.contains(".orgward/waivers/a.toml"), "{run:?}");
}

#[test]
fn what_is_not_there_cannot_be_waived() {
    let folder = folder();
    let arguments = ["waive", "0000000000000000", "plan.json", "--reason", "r", "--owner", "o", "--until"];
    let run = folder.run(arguments.iter().chain(&[soon().as_str()]));
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("there is no finding `0000000000000000`"), "{run:?}");
    let run = waive(&folder, &soon(), &["--address", "aws_iam_role.another*"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("does not take in the finding"), "{run:?}");
    assert!(!folder.path(".orgward").exists());
}

#[test]
fn findings_point_at_files_when_the_source_is_given() {
    let folder = Folder::new();
    let source = fixture("demo/second");
    let run = folder.run([
        "plan".as_ref(),
        "review".as_ref(),
        fixture("demo/second.json").as_os_str(),
        "--source".as_ref(),
        source.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ]);
    let review = run.json();
    let find = |address: &str| {
        let findings = review["findings"].as_array().unwrap().iter();
        findings
            .filter(|finding| finding["address"] == address)
            .map(|finding| (finding["site"].clone(), finding["definition"].clone()))
            .next()
            .unwrap()
    };
    let role = find("aws_iam_role.partner_reports").0;
    let lock = find("module.region_lock.aws_organizations_policy_attachment.this[\"runtime\"]");
    for (site, file, start) in [
        // The finding is about a statement, so that the line is the one that it begins in.
        (role, "applications.tf", "    Statement = [{"),
        (lock.0, "guardrails.tf", "module \"region_lock\" {"),
        (lock.1, "modules/guardrail/main.tf", "resource \"aws_organizations_policy_attachment\" \"this\""),
    ] {
        assert!(site["file"].as_str().unwrap().ends_with(file), "{site}");
        let text = std::fs::read_to_string(source.join(file)).unwrap();
        let line = usize::try_from(site["line"].as_u64().unwrap()).unwrap();
        assert!(text.lines().nth(line - 1).unwrap().starts_with(start), "{site}");
    }
}

#[test]
fn every_format_is_written_in_one_run_and_nothing_is_left_half_written() {
    let folder = folder();
    let mut arguments = vec!["plan".to_owned(), "review".to_owned(), "plan.json".to_owned()];
    for format in ["json", "sarif", "junit", "markdown", "html", "github", "gitlab", "terminal"] {
        arguments.extend(["--output".to_owned(), format!("{format}={format}.out")]);
    }
    assert_eq!(folder.run(&arguments).code, 1);
    for format in ["json", "sarif", "junit", "markdown", "html", "github", "gitlab", "terminal"] {
        let alone = folder.run(["plan", "review", "plan.json", "--format", format]);
        assert_eq!(
            std::fs::read_to_string(folder.path(&format!("{format}.out"))).unwrap(),
            alone.stdout,
            "{format}"
        );
    }
    let left: Vec<_> =
        std::fs::read_dir(folder.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 9, "{left:?}");
}

#[test]
fn a_hostile_plan_commands_no_runner() {
    let folder = Folder::new();
    let address = Path::new("reports").display().to_string();
    let hostile = "x\\n::error::forged ##[error]forged\\u001b[2J";
    folder.write(
        "plan.json",
        text_of(BAD).replace(&format!("aws_iam_role.{address}"), &format!("aws_iam_role.{hostile}")),
    );
    for format in ["terminal", "json", "sarif", "junit", "markdown", "html", "github", "gitlab"] {
        let run = folder.run(["plan", "review", "plan.json", "--format", format]);
        assert_eq!(run.code, 1, "{format}: {run:?}");
        assert!(run.stdout.contains("forged"), "{format}: {run:?}");
        for line in run.all().lines() {
            let own = format == "github"
                && (line.starts_with("::error title=") || line.starts_with("::notice title=orgward::"));
            assert!(own || !line.trim_start().starts_with("::"), "{format}: {line}");
            assert!(!line.contains("##[") && !line.contains('\u{1b}'), "{format}: {line}");
        }
    }
}

#[test]
#[cfg(unix)]
fn killed_in_the_middle_it_leaves_no_half_written_file() {
    let folder = Folder::new();
    std::fs::copy(fixture("demo/second.json"), folder.path("plan.json")).unwrap();
    let whole = folder.run(["plan", "review", "plan.json", "--format", "sarif"]).stdout;
    for milliseconds in [1, 5, 20, 40, 60, 80, 100, 120, 160, 200] {
        let arguments = ["plan", "review", "plan.json", "--output", "sarif=review.sarif"];
        let mut child = folder.command(arguments).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        // It may be done already.
        let _ = child.kill();
        child.wait().unwrap();
        if let Ok(text) = std::fs::read_to_string(folder.path("review.sarif")) {
            assert!(
                text == whole,
                "after {milliseconds} ms there were {} of {} bytes",
                text.len(),
                whole.len()
            );
        }
    }
}
